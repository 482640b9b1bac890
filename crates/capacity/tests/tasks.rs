//! The task model, starts and required tasks.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]

use capacity::required::{
    Headroom, MINUTES_MIN, Measured, MeasuredMinute, RateSource, SafeLoad, SafeRate, Unknown,
    required_tasks,
};
use capacity::start::{
    FARGATE_BILLED_MIN, LaunchLimits, LaunchRate, Room, RoomParameters, StartModel,
    StartParameters, billed,
};
use capacity::task::{Backlog, BaseLatency, LatencyObjective, TaskModel, TaskParameters};
use model::{Share, Side, Span, Time};
use proptest::prelude::*;

/// Spoils one field.
type Change = fn(&mut TaskParameters);

const NOW: Time = Time::from_secs(1_767_571_200);

/// The benchmark world: a 1-vCPU Fargate task.
fn parameters() -> TaskParameters {
    TaskParameters {
        vcpu: 1.0,
        usable_vcpu: 1.0,
        cpu_seconds_per_request: 0.014,
        idle_vcpu: 0.03,
        kappa: 1.5,
        base_latency: BaseLatency { median_seconds: 0.040, p99_seconds: 0.150 },
        timeout_seconds: 10.0,
    }
}

fn task() -> TaskModel {
    TaskModel::new(parameters()).unwrap()
}

const OBJECTIVE: LatencyObjective =
    LatencyObjective { threshold_seconds: 0.3, slow_fraction_max: 0.01 };

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} and not {expected}");
}

#[test]
fn the_benchmark_task_has_its_published_numbers() {
    close(task().service_rate(), 69.29, 0.005);
    let rho = task().safe_utilisation(OBJECTIVE).unwrap();
    close(rho, 0.595, 0.0005);
    let rate = task().safe_rate(OBJECTIVE).unwrap();
    close(rate, 41.23, 0.01);
    close(task().cpu_percent(rate, false), 60.7, 0.05);
    // From the independent replay core.
    close(task().slow_fraction(0.5, 0.0, 0.3), 0.003_559_922, 1e-8);
    close(task().slow_fraction(0.8, 0.0, 0.3), 0.099_048_578, 1e-8);
    close(task().slow_fraction(0.5, 0.1, 0.3), 0.035_847_090, 1e-8);
}

#[test]
fn cpu_tops_out_at_what_a_task_can_use() {
    // One event loop in a 2-vCPU task: an alarm at 60 % would never fire.
    let task = TaskModel::new(TaskParameters { vcpu: 2.0, ..parameters() }).unwrap();
    close(task.cpu_percent(1e6, true), 50.0, 1e-9);
    // On EC2 a task may use more than it reserved.
    let task = TaskModel::new(TaskParameters { vcpu: 0.5, ..parameters() }).unwrap();
    close(task.cpu_percent(1e6, false), 200.0, 1e-9);
    close(task.cpu_percent(0.0, false), 6.0, 1e-9);
}

#[test]
fn an_objective_that_cannot_hold_has_no_safe_load() {
    for (threshold_seconds, slow_fraction_max) in
        [(0.04, 0.01), (0.3, -0.1), (f64::NAN, 0.01), (0.3, f64::NAN), (0.0, 0.5)]
    {
        let objective = LatencyObjective { threshold_seconds, slow_fraction_max };
        assert_eq!(task().safe_utilisation(objective), None, "{objective:?}");
    }
}

#[test]
fn each_bad_parameter_is_named() {
    let with = |change: Change| {
        let mut parameters = parameters();
        change(&mut parameters);
        TaskModel::new(parameters).unwrap_err().to_string()
    };
    let checks: [(&str, Change); 9] = [
        ("vcpu", |p| p.vcpu = f64::NAN),
        ("usableVcpu", |p| p.usable_vcpu = 0.0),
        ("cpuSecondsPerRequest", |p| p.cpu_seconds_per_request = -1.0),
        ("idleVcpu", |p| p.idle_vcpu = 1.0),
        ("idleVcpu", |p| p.idle_vcpu = f64::NAN),
        ("kappa", |p| p.kappa = f64::INFINITY),
        ("baseLatency.medianSeconds", |p| p.base_latency.median_seconds = 0.0),
        ("baseLatency.p99Seconds", |p| p.base_latency.p99_seconds = 0.01),
        ("timeoutSeconds", |p| p.timeout_seconds = 0.0),
    ];
    for (name, change) in checks {
        let message = with(change);
        assert!(message.starts_with(&format!("`{name}` is ")), "{name}: {message}");
    }
}

#[test]
fn what_is_not_a_number_is_slow() {
    let table = task().slow_table(0.3).unwrap();
    for (rho, backlog) in [(f64::NAN, 0.0), (0.1, f64::NAN), (f64::INFINITY, f64::INFINITY)] {
        assert!(task().slow_fraction(rho, backlog, 0.3) >= 1.0);
        assert!(table.slow_fraction(rho, backlog) >= 1.0);
    }
    assert!(task().slow_table(f64::NAN).is_err());
    assert_eq!(task().latency_quantile_seconds(0.99, f64::NAN, 0.0), None);
    assert_eq!(task().latency_quantile_seconds(1.0, 0.5, 0.0), None);
}

#[test]
fn a_backlog_grows_by_the_excess_and_is_worked_off() {
    let mut backlog = Backlog::default();
    let step = backlog.step(150.0, 100.0, 10.0, 10.0);
    close(backlog.requests(), 500.0, 1e-9);
    close(step.delay_seconds, 2.5, 1e-9);
    let step = backlog.step(250.0, 100.0, 10.0, 10.0);
    close(backlog.requests(), 1_000.0, 1e-9);
    close(step.dropped, 1_000.0, 1e-9);
    backlog.step(0.0, 100.0, 10.0, 10.0);
    assert!(backlog.is_empty());
    let dead = backlog.step(50.0, 0.0, 10.0, 10.0);
    close(dead.dropped, 500.0, 1e-9);
    close(dead.delay_seconds, 10.0, 1e-9);
    let nothing = backlog.step(f64::NAN, f64::NAN, f64::NAN, f64::NAN);
    close(nothing.dropped, 0.0, 1e-9);
}

#[test]
fn launches_follow_the_bucket_and_the_minute() {
    let mut rate = LaunchRate::new(LaunchLimits::default(), NOW);
    assert_eq!(rate.take(NOW, 1_000), 100);
    assert_eq!(rate.take(NOW, 1_000), 0);
    assert_eq!(rate.take(NOW + Span::from_millis(50), 1_000), 1);
    // Whatever is asked for when, no minute sees more than 500.
    let mut rate = LaunchRate::new(LaunchLimits::default(), NOW);
    let taken: Vec<_> = (0..300).map(|s| rate.take(NOW + Span::from_secs(s), 1_000)).collect();
    assert!(taken.windows(60).all(|minute| minute.iter().sum::<u32>() <= 500));
    assert_eq!(taken.iter().take(60).sum::<u32>(), 500);
}

#[test]
fn starts_take_the_time_they_are_said_to() {
    let model = StartModel::new(StartParameters::fargate()).unwrap();
    let median = model.times(NOW, 0.5, 1.0);
    assert_eq!(median.pull_started.since(NOW), Span::from_secs(20));
    assert_eq!(median.running.since(NOW), Span::from_secs(55));
    assert_eq!(median.healthy.since(NOW), Span::from_secs(70));
    let slow = model.times(NOW, 0.9, 1.0);
    close(slow.running.since(NOW).secs_f64(), 5.0 + 50.0 * (0.25_f64 * 1.281_551_6).exp(), 0.01);
    for (uniform, factor) in [(f64::NAN, 1.0), (0.0, f64::NAN), (1.0, f64::INFINITY), (1.0, 1e300)]
    {
        let times = model.times(NOW, uniform, factor);
        assert!(times.created <= times.pull_started && times.pull_started <= times.running);
        assert!(times.running <= times.healthy && times.healthy.since(NOW) <= Span::from_hours(1));
    }
}

#[test]
fn fargate_bills_from_the_pull_by_the_second_at_least_a_minute() {
    let at = |millis| NOW + Span::from_millis(millis);
    assert_eq!(billed(NOW, at(5_000)), FARGATE_BILLED_MIN);
    assert_eq!(billed(NOW, at(60_001)), Span::from_secs(61));
    assert_eq!(billed(at(10), NOW), Span::ZERO);
}

#[test]
fn tasks_without_room_wait_for_instances() {
    let parameters = RoomParameters { instances: 2, instances_max: 5, ..RoomParameters::default() };
    let mut room = Room::new(parameters).unwrap();
    assert_eq!(room.place(NOW, 0, 6, 0.5), 6);
    assert_eq!(room.place(NOW, 6, 6, 0.5), 2);
    // Two instances short at first, one of which the next tick must not order again.
    let later = |s| NOW + Span::from_secs(s);
    assert_eq!(room.place(later(10), 8, 4, 0.5), 0);
    assert_eq!(room.place(later(269), 8, 4, 0.5), 0);
    assert_eq!(room.place(later(270), 8, 4, 0.5), 4);
    assert_eq!(room.instances(), 3);
    // The most there can be holds whatever is asked for.
    room.place(later(280), 12, 1_000, 0.5);
    room.place(later(1_000), 12, 1_000, 0.5);
    assert_eq!(room.tasks_max(), 20);
    room.shrink(5, 1);
    assert_eq!(room.instances(), 2);
}

fn minute(rate: f64, slow: f64) -> MeasuredMinute {
    MeasuredMinute {
        requests: Some(rate * 10.0),
        healthy_tasks: Some(10),
        slow_fraction: Some(slow),
        unsteady: false,
    }
}

#[test]
fn the_measured_rate_is_what_was_sustained_within_the_objective() {
    let mut minutes: Vec<_> =
        (0..200).map(|i| minute(1_000.0 + 0.5 * f64::from(i), 0.002)).collect();
    let rate = |minutes: &[MeasuredMinute]| {
        Measured::from_minutes(minutes, 0.01).safe_rate().map(|r| r.requests_per_minute_per_task)
    };
    assert_eq!(rate(&minutes), Ok(1_094.5));
    // One lucky minute proves nothing.
    minutes.push(minute(5_000.0, 0.0));
    assert_eq!(rate(&minutes), Ok(1_095.0));
    // Minutes that miss the objective cap it, however many good ones lie above.
    minutes.extend((0..40).map(|i| minute(1_050.0 + f64::from(i), 0.2)));
    assert!(rate(&minutes).unwrap() < 1_053.0);
}

#[test]
fn minutes_with_gaps_or_in_motion_prove_nothing() {
    let good = minute(1_000.0, 0.001);
    let checks = [
        MeasuredMinute { requests: None, ..good },
        MeasuredMinute { healthy_tasks: None, ..good },
        MeasuredMinute { healthy_tasks: Some(0), ..good },
        MeasuredMinute { slow_fraction: None, ..good },
        MeasuredMinute { slow_fraction: Some(f64::NAN), ..good },
        MeasuredMinute { requests: Some(f64::NAN), ..good },
        MeasuredMinute { requests: Some(f64::INFINITY), ..good },
        MeasuredMinute { requests: Some(-5.0), ..good },
        MeasuredMinute { unsteady: true, ..good },
        minute(5.0, 0.0),
        minute(1_000.0, 0.5),
    ];
    for bad in checks {
        let found = Measured::from_minutes(&vec![bad; 500], 0.01).safe_rate();
        let few = Unknown::MinutesTooFew { minutes: 0, minutes_needed: MINUTES_MIN };
        assert_eq!(found, Err(few), "{bad:?}");
    }
    assert!(Measured::from_minutes(&[good; 500], f64::NAN).safe_rate().is_err());
}

#[test]
fn required_tasks_round_up_and_refuse_what_is_not_a_number() {
    let safe = |rate| SafeRate { requests_per_minute_per_task: rate, source: RateSource::Prior };
    let need = |demand, rate, headroom| {
        let headroom = Headroom::new(headroom)?;
        required_tasks(demand, Share::percent(30), Side::Fargate, &safe(rate), headroom)
    };
    assert_eq!(need(10_000.0, 1_000.0, 0.0), Ok(3));
    assert_eq!(need(10_001.0, 1_000.0, 0.0), Ok(4));
    assert_eq!(need(10_000.0, 1_000.0, 0.2), Ok(4));
    assert_eq!(need(0.0, 1_000.0, 0.2), Ok(0));
    for demand in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(need(demand, 1_000.0, 0.0), Err(Unknown::DemandUnusable));
    }
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(need(10_000.0, rate, 0.0), Err(Unknown::RateUnusable));
    }
    for headroom in [-0.2, f64::NAN, f64::INFINITY] {
        assert_eq!(need(10_000.0, 1_000.0, headroom), Err(Unknown::HeadroomUnusable));
    }
    assert_eq!(need(f64::MAX, 1e-300, 0.0), Err(Unknown::TooMany));
    let ec2 = required_tasks(10_000.0, Share::FULL, Side::Ec2, &safe(1.0), Headroom::NONE);
    assert_eq!(ec2, Ok(0));
}

proptest! {
    #[test]
    fn a_tail_says_what_the_model_says(rho in 0.0..1.2_f64, latency in 0.0..3.0_f64) {
        let task = task();
        let part = task.slow_fraction(rho, 0.0, latency);
        let same = task.tail(rho).slow_fraction(latency);
        prop_assert!((part - same).abs() <= 1e-12 * part.max(1e-3), "{part} {same}");
    }

    #[test]
    fn the_slow_fraction_rises_with_load_and_backlog_and_falls_with_the_threshold(
        rho in 0.0..1.5_f64, more in 0.0..1.0_f64,
        backlog in 0.0..1.0_f64, longer in 0.0..1.0_f64,
        threshold in 0.0..2.0_f64, later in 0.0..2.0_f64,
        kappa in 0.5..4.0_f64,
    ) {
        let task = TaskModel::new(TaskParameters { kappa, ..parameters() }).unwrap();
        let slow = task.slow_fraction(rho, backlog, threshold);
        prop_assert!((0.0..=1.0).contains(&slow));
        prop_assert!(slow <= task.slow_fraction(rho + more, backlog, threshold));
        prop_assert!(slow <= task.slow_fraction(rho, backlog + longer, threshold));
        prop_assert!(slow >= task.slow_fraction(rho, backlog, threshold + later));
    }

    #[test]
    fn the_table_agrees_with_the_model(rho in 0.0..1.2_f64, threshold in 0.1..2.0_f64) {
        let table = task().slow_table(threshold).unwrap();
        let exact = task().slow_fraction(rho, 0.0, threshold);
        // In this interval alone the formula has a corner that a line cannot follow.
        prop_assume!(!(0.994..0.996).contains(&rho));
        prop_assert!((table.slow_fraction(rho, 0.0) - exact).abs() <= 1e-3 * exact);
    }

    #[test]
    fn a_quantile_is_where_that_part_is_faster(
        quantile in 0.01..0.9999_f64, rho in 0.0..1.2_f64, backlog in 0.0..5.0_f64,
    ) {
        let latency = task().latency_quantile_seconds(quantile, rho, backlog).unwrap();
        prop_assert!(task().slow_fraction(rho, backlog, latency) <= 1.0 - quantile + 1e-9);
        prop_assert!(task().slow_fraction(rho, backlog, latency - 1e-6) >= 1.0 - quantile - 1e-9);
    }

    #[test]
    fn no_parameters_of_a_task_panic(v in prop::array::uniform8(any::<f64>()), rho: f64, w: f64) {
        let [vcpu, usable_vcpu, cpu_seconds_per_request, idle_vcpu, kappa, median_seconds,
            p99_seconds, timeout_seconds] = v.map(|v| if v.is_normal() { v.abs() } else { v });
        let base_latency = BaseLatency { median_seconds, p99_seconds };
        let parameters = TaskParameters {
            vcpu, usable_vcpu, cpu_seconds_per_request, idle_vcpu, kappa, base_latency,
            timeout_seconds,
        };
        if let Ok(task) = TaskModel::new(parameters) {
            prop_assert!((0.0..=1.0).contains(&task.slow_fraction(rho, 0.0, w)));
            let _ = task.latency_quantile_seconds(0.99, rho, w);
            let _ = task.safe_rate(OBJECTIVE);
        }
    }

    #[test]
    fn more_demand_never_needs_fewer_tasks(
        demand in 0.0..1e7_f64, more in 0.0..1e6_f64, rate in 1.0..1e5_f64, share in 0..=1000_u16,
    ) {
        let safe = SafeRate { requests_per_minute_per_task: rate, source: RateSource::Fitted };
        let share = Share::from_per_mille(share).unwrap();
        for side in Side::ALL {
            let need = |d| required_tasks(d, share, side, &safe, Headroom::NONE).unwrap();
            prop_assert!(need(demand) <= need(demand + more));
        }
    }
}
