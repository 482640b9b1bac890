//! One test at least for each amendment of the method.

use analysis::calibration;
use analysis::settings::{Calibration, Coverage, Offset, Settings, When};
use analysis::signal::{Signal, Slo};
use model::minute::Counts;
use model::{Share, Side, Span};

use crate::log::{CALM, Log, Traffic};

fn relative() -> Settings {
    Settings { when: When::Relative, ..Settings::default() }
}

/// The evidence of one minute, worked out by hand.
#[test]
fn one_minute_of_evidence_is_what_the_formula_says() {
    // Equal requests, so q0 = 1/2; both of K = 2 slow requests are Fargate's. phi = 1 + 0.02 / 2.
    // The odds 1.25, 1.6, 2.5, 5 give 2 ln(1.25/1.125) = 0.21072, 2 ln(1.6/1.3) = 0.41528,
    // 2 ln(2.5/1.75) = 0.71335, 2 ln(5/3) = 1.02165; over phi, exponentiated: 1.23199, 1.50858,
    // 2.02646, 2.74983, whose mean is 1.87922.
    let mut log = Log::new(50);
    let counts = |slow_slo| Counts {
        requests: Some(100),
        slow: Some(0),
        slow_slo: Some(slow_slo),
        slow_p90: Some(0),
        slow_p50: Some(0),
        errors: Some(0),
    };
    log.row(Side::Ec2, counts(0));
    log.row(Side::Fargate, counts(2));
    let verdict = log.verdict(&relative());
    let harm = |name: &str| verdict.evidence.signals[name].harm;
    assert!((harm("slow_slo") - libm::log(1.879_22)).abs() < 1e-5, "{}", harm("slow_slo"));
    assert!(harm("errors").abs() < 1e-12, "a minute without bad requests says nothing");
    let mean = libm::log((1.879_22 + 3.0) / 4.0);
    assert!((verdict.evidence.harm - mean).abs() < 1e-5);
}

#[test]
fn a2_an_episode_as_long_as_tolerated_does_not_roll_back() {
    for (tolerated, episode, is_rolled_back) in [(8, 8, false), (8, 40, true), (16, 16, false)] {
        let settings = Settings { tolerated_episode: Span::from_mins(tolerated), ..relative() };
        let mut log = Log::new(50);
        // Six percent slow is no disaster, but half as much again as any alternative.
        log.run(600, CALM, CALM).run(episode, CALM, CALM.slow(0.06)).run(120, CALM, CALM);
        assert_eq!(log.rollback(&settings).is_some(), is_rolled_back, "{tolerated} {episode}");
    }
}

#[test]
fn a3_half_of_six_requests_failing_is_found_within_half_an_hour() {
    let mut log = Log::new(1);
    log.run(300, CALM.requests(594), CALM.requests(6));
    log.run(60, CALM.requests(594), CALM.requests(6).errors(0.5));
    let (minute, reason) = log.rollback(&relative()).unwrap();
    assert!(minute <= 330, "{minute} {reason}");
}

#[test]
fn the_guard_needs_five_minutes_and_an_ec2_that_is_well() {
    let broken = CALM.errors(0.3);
    for (ec2, minutes, expected) in [
        (CALM, 5, Some((103, "Guard"))),
        (CALM, 3, None),
        (broken, 30, None),
        (CALM.errors(0.05), 5, None),
    ] {
        let mut log = Log::new(50);
        log.run(100, CALM, CALM).run(minutes, ec2, broken).run(3, CALM, CALM);
        assert_eq!(log.rollback(&relative()), expected, "{minutes}");
    }
}

#[test]
fn a4_a_warm_up_after_a_step_is_dropped_but_the_guard_is_not() {
    let warm_up = |log: &mut Log| {
        for minute in 0..30_u32 {
            let slower = 1.0 + 3.0 * libm::exp(-f64::from(minute) / 12.0);
            log.run(1, CALM, CALM.slow(0.004 * slower * slower).slower(slower));
        }
    };
    let mut stepped = Log::new(25);
    stepped.run(240, CALM, CALM).share(50);
    warm_up(&mut stepped);
    stepped.run(60, CALM, CALM);
    assert_eq!(stepped.rollback(&relative()), None);

    // The same minutes without a step are a regression.
    let mut unprovoked = Log::new(50);
    unprovoked.run(240, CALM, CALM);
    warm_up(&mut unprovoked);
    assert!(unprovoked.rollback(&relative()).is_some());

    let mut broken = Log::new(25);
    broken.run(240, CALM, CALM).share(50).run(8, CALM, CALM.errors(0.3));
    assert_eq!(broken.rollback(&relative()), Some((243, "Guard")));
}

#[test]
fn a4_scaling_drops_nothing() {
    let mut log = Log::new(50);
    log.each(|context| context.tasks = Some(100)).run(240, CALM, CALM);
    for tasks in 0..40 {
        // A scaling event on both sides in each minute of the regression.
        log.each(|context| context.tasks = Some(100 + tasks));
        log.run(1, CALM, CALM.slow(0.03).slower(1.5));
    }
    assert!(log.rollback(&Settings { task_spread: 0.05, ..relative() }).is_some());
}

#[test]
fn a4_flapping_deployments_cannot_switch_the_comparison_off() {
    let mut log = Log::new(50);
    log.run(240, CALM, CALM);
    for minute in 0..240 {
        log.fargate(|context| context.deploying = Some(minute % 20 < 10));
        log.run(1, CALM, CALM.slow(0.03).slower(1.5));
    }
    assert!(log.rollback(&relative()).is_some());
}

/// Fargate's tasks carry half of EC2's load.
fn unequal(log: &mut Log) {
    log.context.ec2.tasks = Some(50);
    log.context.fargate.tasks = Some(100);
}

#[test]
fn a5_unequal_load_asks_for_the_absolute_proof_to_advance() {
    let settings = Settings::default();
    let mut log = Log::new(50);
    unequal(&mut log);
    // Slow requests close to the budget: the comparison could prove this, the SLO alone cannot.
    let (ec2, fargate) = (CALM.slow(0.02), CALM.slow(0.0095));
    log.run(900, ec2, fargate);
    assert_eq!(log.advance(&settings), None);
    assert!(log.reasons(&settings).contains(&"UnequalLoad"));

    let mut well = Log::new(50);
    unequal(&mut well);
    well.run(900, CALM, CALM.slow(0.001).errors(0.0));
    assert_eq!(well.advance(&settings).map(|(_, reason)| reason), Some("ProvenAbsolute"));
}

#[test]
fn a5_unequal_load_never_suppresses_a_rollback() {
    for when in [When::Slo, When::Relative, When::Either] {
        let settings = Settings { when, ..Settings::default() };
        let mut log = Log::new(50);
        unequal(&mut log);
        log.run(240, CALM, CALM).run(120, CALM, CALM.slow(0.05).slower(1.8));
        assert!(log.rollback(&settings).is_some(), "{when:?}");
    }
}

#[test]
fn a6_a_proof_waits_for_high_load_and_a_surge() {
    let coverage = Coverage {
        requests_high: 3_000.0,
        minutes: 60,
        surge: true,
        share_min: Share::percent(25),
    };
    let settings = Settings { coverage: Some(coverage), ..Settings::default() };
    let mut log = Log::new(25);
    log.run(600, CALM, CALM.requests(400));
    assert_eq!(log.advance(&settings), None);
    assert_eq!(log.reasons(&settings).last(), Some(&"LoadCoverage"));
    log.run(60, CALM.requests(3_000), CALM.requests(1_000));
    assert_eq!(log.reasons(&settings).last(), Some(&"SurgeUnseen"));
    log.each(|context| context.surge = Some(true)).run(2, CALM, CALM.requests(400));
    assert_eq!(log.advance(&settings).map(|(_, reason)| reason), Some("ProvenSafe"));

    // Below 25 % nobody asks.
    let mut small = Log::new(10);
    small.run(900, CALM, CALM.requests(400));
    assert!(small.advance(&settings).is_some());
}

#[test]
fn a7_a_dead_side_rolls_back_without_a_single_metric() {
    let mut log = Log::new(10);
    log.fargate(|context| context.healthy = Some(5)).run(30, CALM, CALM);
    log.fargate(|context| context.healthy = Some(0)).run_seen(1, Some(CALM), None);
    log.row(Side::Fargate, Counts::default());
    assert_eq!(log.verdict(&Settings::default()).reason.name(), "Collecting", "not judged yet");
    log.minute -= 1;
    log.row(Side::Fargate, Counts::default());
    log.minute += 1;
    assert_eq!(log.rollback(&Settings::default()), Some((30, "CandidateDead")));
}

#[test]
fn a8_worse_within_the_budget_holds_and_burning_it_rolls_back() {
    let slo = Settings::default();
    let mut within = Log::new(50);
    within.run(240, CALM, CALM).run(240, CALM.slow(0.0005), CALM.slow(0.004).slower(1.6));
    assert_eq!(within.rollback(&slo), None);
    assert!(within.reasons(&slo).contains(&"WorseWithinBudget"));
    assert!(within.rollback(&relative()).is_some());

    let mut burning = Log::new(50);
    burning.run(240, CALM, CALM).run(240, CALM, CALM.slow(0.03).slower(1.6));
    assert_eq!(burning.rollback(&slo).map(|(_, reason)| reason), Some("ProvenWorse"));
}

#[test]
fn a8_a_fast_burn_of_fargate_alone_rolls_back() {
    let mut log = Log::new(50);
    // Eight percent of requests slow: no disaster, eight times the budget, EC2 calm.
    let settings = Settings {
        signals: [Signal::Errors].into(),
        budgets: [(Slo::Availability, 0.001)].into(),
        ..Settings::default()
    };
    log.run(600, CALM, CALM).run(120, CALM, CALM.errors(0.08));
    assert!(log.rollback(&settings).is_some());
    let mut both = Log::new(50);
    both.run(600, CALM, CALM).run(120, CALM.errors(0.08), CALM.errors(0.08));
    assert_eq!(both.rollback(&settings), None);
    assert!(both.reasons(&settings).contains(&"CommonMode"));
}

#[test]
fn a9_with_little_left_on_ec2_only_the_budget_counts() {
    let few = CALM.requests(10);
    let mut worse = Log::new(99);
    worse.run(600, few, CALM.slow(0.008).slower(1.6));
    assert_eq!(worse.rollback(&relative()), None, "nothing to compare with");
    let mut burning = Log::new(100);
    burning.run_seen(600, None, Some(CALM)).run_seen(120, None, Some(CALM.slow(0.2)));
    assert_eq!(burning.rollback(&relative()).map(|(_, reason)| reason), Some("BudgetBurn"));
}

#[test]
fn a10_a_learnt_difference_of_clients_explains_itself() {
    // Fargate's clients are slower by nature: 80 % more requests above the 90th percentile.
    let mixed = CALM.slow(0.004 * 1.8).slower(1.8);
    let mut log = Log::new(50);
    log.run(2_000, CALM, mixed);
    let settings = |calibration| Settings { calibration, ..relative() };
    assert!(log.rollback(&settings(Calibration::NotNeeded)).is_some());

    let mut twins = Log::new(50);
    twins.is_router_aa = true;
    twins.run(3_000, CALM, mixed);
    let offsets = calibration::learn(&twins.rows);
    for (signal, expected) in [(Signal::SlowP90, 1.8), (Signal::SlowP50, libm::sqrt(1.8))] {
        let Offset { value, error } = offsets[&signal];
        assert!(
            (value - libm::log(expected)).abs() < 0.02 && error < 0.02,
            "{signal} {value} {error}"
        );
    }
    assert_eq!(log.rollback(&settings(Calibration::RouterAA { offsets })), None);
}

#[test]
fn a10_what_was_not_learnt_well_cannot_prove_safety() {
    let mut log = Log::new(50);
    log.run(900, CALM, CALM);
    let with = |value, error| {
        let offsets = Signal::ALL.map(|signal| (signal, Offset { value, error })).into();
        Settings { calibration: Calibration::RouterAA { offsets }, ..relative() }
    };
    assert!(log.advance(&with(0.0, 0.005)).is_some());
    for (value, error) in [(0.0, 0.05), (0.2, 0.005), (f64::NAN, 0.005), (0.0, f64::NAN)] {
        assert_eq!(log.advance(&with(value, error)), None, "{value} {error}");
    }
    let missing = Calibration::RouterAA { offsets: std::collections::BTreeMap::new() };
    assert_eq!(log.advance(&Settings { calibration: missing, ..relative() }), None);
    assert!(log.reasons(&with(0.0, 0.03)).contains(&"Uncalibrated"));
}

#[test]
fn a10_without_learning_five_percent_is_carried_both_ways() {
    let unlearnt = Settings { calibration: Calibration::None, ..relative() };
    // 13 % slower: 1.13^4.3 times as many above the SLO's threshold, 1.13^2.5 above the p90.
    let mut log = Log::new(50);
    log.run(2_000, CALM, CALM.slow(0.004 * 1.69).slower(1.357));
    assert!(log.rollback(&relative()).is_some());
    assert_eq!(log.rollback(&unlearnt), None);
    assert_eq!(log.advance(&unlearnt), None);
}

#[test]
fn a11_clean_sides_are_proven_by_sixteen_thousand_requests() {
    let clean =
        |requests| Traffic { slow: 0.0, errors: 0.0, slower: 0.0, ..CALM }.requests(requests);
    let mut log = Log::new(10);
    log.run(240, clean(1_800), clean(200));
    let (minute, _) = log.advance(&Settings::default()).unwrap();
    assert!((79..=100).contains(&minute), "{minute} minutes of 200 requests");
}

#[test]
fn a12_the_threshold_follows_the_deadline() {
    for (days, expected) in [(21, 14.922), (7, 13.823)] {
        let settings = Settings { deadline: Span::from_days(days), ..Settings::default() };
        let verdict = Log::new(10).verdict(&settings);
        assert!((verdict.evidence.harm_threshold - expected).abs() < 1e-3, "{days}");
        assert!((verdict.evidence.safe_threshold - 2.9957).abs() < 1e-4);
    }
}

#[test]
fn settings_that_make_no_sense_never_switch_the_alarm_off() {
    for alpha in [f64::NAN, 0.0, -1.0, 7.0, f64::INFINITY] {
        let settings = Settings { alpha, beta: alpha, deadline: Span::ZERO, ..relative() };
        let mut log = Log::new(50);
        log.run(60, CALM, CALM).run(60, CALM, CALM.slow(0.06).slower(2.0));
        assert!(log.rollback(&settings).is_some(), "{alpha}");
    }
}

#[test]
fn a5_an_absolute_proof_stands_in_whatever_the_policy_asks() {
    for when in [When::Slo, When::Relative, When::Either] {
        let settings = Settings { when, ..Settings::default() };
        let mut log = Log::new(50);
        unequal(&mut log);
        // A third of the budget is spent: proven, and not hardly any.
        log.run(900, CALM, CALM.slow(0.003_3).errors(0.0));
        let advanced = log.advance(&settings).map(|(_, reason)| reason);
        assert_eq!(advanced, Some("ProvenAbsolute"), "{when:?}");
    }
}
