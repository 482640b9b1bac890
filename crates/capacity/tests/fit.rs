//! What is fitted to minutes, held against generators whose truth is known.

#[path = "fit/recorded.rs"]
mod recorded;
mod single_server;

use capacity::fit::{
    Answer, Fit, Fitted, Method, Minute, Note, Question, Refusal, Reservation, drift, fit,
};
use capacity::required::SafeLoad;
use capacity::task::LatencyObjective;
use model::{PerSide, Side};
use proptest::prelude::*;
use recorded::{Recorded, question};
use sampling::Generator;
use single_server::PROTOTYPE;

fn fargate(minutes: Vec<Minute>, question: &Question) -> Answer {
    fit(&PerSide { ec2: Vec::new(), fargate: minutes }, question).sides.fargate.expect("minutes")
}

fn fitted(minutes: Vec<Minute>, question: &Question) -> Fitted {
    match fargate(minutes, question) {
        Answer::Fitted(fitted) => *fitted,
        Answer::Refused(refused) => panic!("refused: {}, {}", refused.reason, refused.dropped),
    }
}

fn refusal(minutes: Vec<Minute>, question: &Question) -> Refusal {
    match fargate(minutes, question) {
        Answer::Fitted(fitted) => panic!("fitted: {fitted:?}"),
        Answer::Refused(refused) => refused.reason,
    }
}

#[test]
fn the_independent_generator_has_the_mean_of_pollaczek_and_khinchine() {
    let utilisation = 0.5;
    let rate = utilisation * PROTOTYPE.service_rate();
    let mut random = Generator::new(5);
    let latencies = PROTOTYPE.latencies(rate, 300, 300.0, &mut random);
    let mean = latencies.iter().sum::<f64>() / f64::from(u32::try_from(latencies.len()).unwrap());
    let sigma = libm::log(PROTOTYPE.base.1 / PROTOTYPE.base.0) / 2.326_347_874;
    let base = PROTOTYPE.base.0 * libm::exp(0.5 * sigma * sigma);
    let waiting = utilisation * (1.0 + PROTOTYPE.service_variation) / 2.0 / (1.0 - utilisation);
    let expected = base + (1.0 + waiting) / PROTOTYPE.service_rate();
    assert!((mean / expected - 1.0).abs() < 0.01, "{mean} instead of {expected}");
}

/// Twenty of the fifty seeds of the bench `fit`.
fn off_the_truth(low: f64, high: f64) -> Vec<(f64, bool)> {
    let truth = PROTOTYPE.truth(0.01, &mut Generator::new(77));
    let off = |seed: u64| {
        let minutes = PROTOTYPE.minutes(60, low, high, &mut Generator::new(1_000 + seed));
        let fitted = fitted(minutes, &question(seed));
        let is_wide = !fitted.notes.iter().any(|note| matches!(note, Note::WidenLoad { .. }));
        (fitted.safe_requests_per_second / truth - 1.0, is_wide)
    };
    (0..20).map(off).collect()
}

#[test]
fn an_hour_that_reaches_half_of_a_task_gives_at_most_a_tenth_too_little_and_nothing_too_much() {
    let offs = off_the_truth(0.2, 0.55);
    let within = offs.iter().filter(|(off, _)| (-0.10..=0.0).contains(off)).count();
    assert!(within >= 18, "{within} of 20: {offs:?}");
    assert!(offs.iter().all(|(off, _)| (-0.15..=0.02).contains(off)), "{offs:?}");
    assert!(offs.iter().all(|(_, is_wide)| *is_wide), "{offs:?}");
}

#[test]
fn an_hour_that_stays_below_says_to_widen_the_load_and_gives_at_most_fifteen_percent_too_little() {
    let offs = off_the_truth(0.15, 0.35);
    let within = offs.iter().filter(|(off, _)| (-0.15..=0.0).contains(off)).count();
    assert!(within >= 18, "{within} of 20: {offs:?}");
    assert!(offs.iter().all(|(_, is_wide)| !is_wide), "{offs:?}");
}

#[test]
fn parameters_of_the_models_own_minutes_are_found_again() {
    let recorded = Recorded::default();
    let fitted = fitted(recorded.minutes(120, 0.2, 0.65), &question(1));
    let truth = recorded.model().safe_rate(question(1).objective).unwrap();
    assert!((fitted.estimated_requests_per_second / truth - 1.0).abs() < 0.03, "{fitted:?}");
    let cost = fitted.parameters.cpu_seconds_per_request / 0.014;
    assert!((cost - 1.0).abs() < 0.02, "{fitted:?}");
    assert_eq!(fitted.method, Method::Model);
    let rate = fitted.safe_rate().unwrap().requests_per_minute_per_task;
    assert!((rate - 60.0 * fitted.safe_requests_per_second).abs() < 1e-9);
    let cpu = 100.0 * (0.03 + fitted.safe_requests_per_second * 0.014);
    assert!((fitted.safe_cpu_percent - cpu).abs() < 1.5, "{} and {cpu}", fitted.safe_cpu_percent);
}

#[test]
fn slow_parts_alone_or_percentiles_alone_are_enough() {
    let recorded = Recorded::default();
    let truth = recorded.model().safe_rate(question(1).objective).unwrap();
    let without = |take: fn(&mut Minute)| {
        let mut minutes = recorded.minutes(120, 0.2, 0.65);
        minutes.iter_mut().for_each(take);
        fitted(minutes, &question(1))
    };
    let slow_alone = without(|minute| (minute.p50_seconds, minute.p99_seconds) = (None, None));
    let percentiles = without(|minute| minute.slow_fraction = None);
    assert!(percentiles.notes.contains(&Note::Unchecked), "{percentiles:?}");
    for fitted in [slow_alone, percentiles] {
        let off = fitted.safe_requests_per_second / truth - 1.0;
        assert!((-0.12..=0.0).contains(&off), "{off}");
    }
}

#[test]
fn a_prior_makes_up_for_a_quiet_quarter_of_an_hour() {
    let recorded = Recorded::default();
    let test = fitted(recorded.minutes(120, 0.2, 0.65), &question(1));
    let quiet = || Recorded { seed: 9, ..recorded }.minutes(20, 0.2, 0.2);
    assert!(matches!(refusal(quiet(), &question(1)), Refusal::TooFewMinutes { .. }));
    let mut with_prior = question(1);
    with_prior.prior.fargate = Some(test.prior());
    let fitted = fitted(quiet(), &with_prior);
    assert!(fitted.notes.contains(&Note::PriorUsed), "{:?}", fitted.notes);
    let truth = recorded.model().safe_rate(with_prior.objective).unwrap();
    let off = fitted.safe_requests_per_second / truth - 1.0;
    assert!((-0.15..=0.0).contains(&off), "{off}");
}

#[test]
fn a_prior_of_another_release_is_not_used() {
    let test = fitted(Recorded::default().minutes(120, 0.2, 0.65), &question(1));
    let heavier = Recorded { cost: 0.017, ..Recorded::default() };
    let mut with_prior = question(1);
    with_prior.prior.fargate = Some(test.prior());
    let used = fitted(heavier.minutes(90, 0.2, 0.6), &with_prior);
    let alone = fitted(heavier.minutes(90, 0.2, 0.6), &question(1));
    assert!(
        used.notes.iter().any(|note| matches!(note, Note::PriorDisagrees { .. })),
        "{:?}",
        used.notes
    );
    assert_eq!(used.safe_requests_per_second.to_bits(), alone.safe_requests_per_second.to_bits());
    // And it does not help minutes that say too little.
    let few = refusal(heavier.minutes(20, 0.2, 0.2), &with_prior);
    assert!(matches!(few, Refusal::TooFewMinutes { .. }), "{few:?}");
}

#[test]
fn nothing_is_said_beyond_a_tenth_above_what_was_seen() {
    // A light service whose limit lies far above its load.
    let light = Recorded { cost: 0.004, ..Recorded::default() };
    let fitted = fitted(light.minutes(90, 0.1, 0.3), &question(1));
    let held = fitted.notes.iter().any(|note| matches!(note, Note::Held { .. }));
    assert!(held, "{:?}", fitted.notes);
    assert!(fitted.safe_utilisation <= fitted.seen.utilisation_max + 0.1 + 1e-9, "{fitted:?}");
}

#[test]
fn where_latency_leaves_the_model_what_was_seen_is_used_and_nothing_beyond_it() {
    // A pool of connections runs out at 25 requests a second: a wall that no queue has.
    let mut minutes = Recorded::default().minutes(240, 0.1, 0.6);
    for minute in &mut minutes {
        let rate = minute.requests.unwrap() / minute.tasks.unwrap() / 60.0;
        if rate > 25.0 {
            minute.slow_fraction = Some(0.06);
            minute.p99_seconds = Some(0.8);
        }
    }
    let fitted = fitted(minutes, &question(1));
    assert_eq!(fitted.method, Method::Isotonic, "{fitted:?}");
    let safe = fitted.safe_requests_per_second;
    assert!((20.0..=25.5).contains(&safe), "{safe}");
}

#[test]
fn the_ratio_is_that_of_the_tasks_and_weather_of_the_same_minutes_cancels() {
    let ec2 = Recorded { cost: 0.012, idle: 0.0, ..Recorded::default() };
    let fargate = Recorded { seed: 2, ..Recorded::default() };
    let truth = fargate.model().safe_rate(question(1).objective).unwrap()
        / ec2.model().safe_rate(question(1).objective).unwrap();
    // The mix of requests makes all of them dearer by turns.
    let with_weather = |recorded: &Recorded, turn: i64| {
        let mut minutes = recorded.minutes(120, 0.2, 0.6);
        for minute in &mut minutes {
            let wave = libm::sin(f64::from(i32::try_from(minute.minute + turn).unwrap()) / 9.0);
            minute.cpu_percent = minute.cpu_percent.map(|cpu| cpu * (1.0 + 0.08 * wave));
        }
        minutes
    };
    let ratio = |turn| {
        let minutes = PerSide { ec2: with_weather(&ec2, 0), fargate: with_weather(&fargate, turn) };
        fit(&minutes, &question(1)).ratio.unwrap()
    };
    let (same, other) = (ratio(0), ratio(28));
    for ratio in [same, other] {
        assert!((ratio.safe_load.estimate / truth - 1.0).abs() < 0.06, "{ratio:?} {truth}");
        assert!(ratio.safe_load.low <= truth && truth <= ratio.safe_load.high, "{ratio:?} {truth}");
    }
    assert_eq!(same.minutes_paired, 120);
    let width =
        |ratio: capacity::fit::Ratio| ratio.cpu_per_request.high - ratio.cpu_per_request.low;
    assert!(width(same) < 0.8 * width(other), "{same:?} {other:?}");
}

#[test]
fn a_side_with_too_little_difference_takes_the_cost_of_a_request_from_the_other() {
    let ec2 = Recorded { idle: 0.0, ..Recorded::default() };
    let canary = Recorded { seed: 2, cpu_noise: 0.15, ..Recorded::default() };
    let minutes =
        PerSide { ec2: ec2.minutes(180, 0.1, 0.6), fargate: canary.minutes(60, 0.35, 0.47) };
    let fits = fit(&minutes, &question(1));
    let fargate = fits.sides.fargate.unwrap();
    let fitted = fargate.fitted().unwrap();
    assert!(fitted.notes.contains(&Note::CostShared), "{:?}", fitted.notes);
    let cost = fitted.parameters.cpu_seconds_per_request / 0.014;
    assert!((cost - 1.0).abs() < 0.04, "{cost}");
}

#[test]
fn minutes_that_say_nothing_are_dropped_and_counted() {
    let mut minutes = Recorded::default().minutes(120, 0.2, 0.6);
    minutes[3].cpu_percent = None;
    minutes[5].p99_seconds = None;
    minutes[5].slow_fraction = None;
    minutes[7].cpu_percent = Some(-3.0);
    minutes[9].slow_fraction = Some(1.5);
    minutes[11].in_motion = true;
    // Tasks change in 13, and back in 14.
    minutes[13].tasks = minutes[13].tasks.map(|tasks| 1.2 * tasks);
    minutes[15].requests = Some(200.0);
    let again = minutes[17];
    minutes.push(again);
    minutes.remove(60);
    let fitted = fitted(minutes, &question(1));
    let dropped = fitted.dropped;
    assert_eq!((dropped.incomplete, dropped.impossible), (2, 2), "{dropped}");
    assert_eq!((dropped.in_motion, dropped.too_quiet), (3, 1), "{dropped}");
    assert_eq!((dropped.repeated, dropped.saturated), (2, 0), "{dropped}");
    assert_eq!(fitted.seen.minutes, 110);
    assert!(fitted.notes.contains(&Note::Gaps { minutes: 1 }), "{:?}", fitted.notes);
}

#[test]
fn the_log_of_minutes_can_be_fitted() {
    use model::minute::{Context, Counts, Minute as Logged};
    let recorded = Recorded::default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts of a simulated minute"
    )]
    let logged = |minute: Minute| {
        let requests = minute.requests.unwrap();
        let row = Logged {
            minute: minute.minute,
            side: Side::Fargate,
            revision: 0,
            seen_at: model::Time::from_minute(minute.minute + 1),
            counts: Counts {
                requests: Some(requests as u64),
                slow: Some((requests * minute.slow_fraction.unwrap()) as u64),
                ..Counts::default()
            },
            context: Context {
                tasks: Some(120),
                cpu_centi_percent: Some((100.0 * minute.cpu_percent.unwrap()) as u32),
                deploying: Some(minute.minute == 7),
                ..Context::default()
            },
        };
        Minute::from(&row)
    };
    let minutes = recorded.minutes(120, 0.2, 0.65).into_iter().map(logged).collect();
    let fitted = fitted(minutes, &question(1));
    assert_eq!((fitted.dropped.in_motion, fitted.dropped.total()), (1, 1), "{}", fitted.dropped);
    let truth = recorded.model().safe_rate(question(1).objective).unwrap();
    let off = fitted.safe_requests_per_second / truth - 1.0;
    assert!((-0.12..=0.0).contains(&off), "{off}");
}

#[test]
fn only_the_newest_day_is_used() {
    let fitted = fitted(Recorded::default().minutes(1_500, 0.2, 0.6), &question(1));
    assert_eq!((fitted.seen.minutes, fitted.dropped.older), (1_440, 60));
}

#[test]
fn a_single_threaded_task_of_two_vcpu_shows_its_ceiling() {
    let mut minutes = Recorded::default().minutes(200, 0.2, 1.4);
    let mut question = question(1);
    question.tasks.fargate = Reservation { vcpu: 2.0, usable_vcpu: None };
    for minute in &mut minutes {
        minute.cpu_percent = minute.cpu_percent.map(|cpu| cpu / 2.0);
    }
    let fitted = fitted(minutes, &question);
    let near_half = |note: &Note| matches!(note, Note::MetricCeiling { cpu_percent } if (48.0..=52.0).contains(cpu_percent));
    assert!(fitted.notes.iter().any(near_half), "{:?}", fitted.notes);
    assert!((fitted.parameters.usable_vcpu - 1.0).abs() < 0.03, "{fitted:?}");
    assert!(fitted.dropped.saturated > 40, "{}", fitted.dropped);
    let truth = Recorded::default().model().safe_rate(question.objective).unwrap();
    let off = fitted.safe_requests_per_second / truth - 1.0;
    assert!((-0.12..=0.0).contains(&off), "{off}");
}

#[test]
fn what_cannot_be_fitted_is_refused_with_its_reason() {
    let recorded = Recorded::default();
    let hour = || recorded.minutes(90, 0.2, 0.6);
    let with = |change: &dyn Fn(&mut Minute)| {
        let mut minutes = hour();
        minutes.iter_mut().for_each(change);
        refusal(minutes, &question(1))
    };
    let asked =
        |objective: LatencyObjective| refusal(hour(), &Question { objective, ..question(1) });
    let objective = question(1).objective;
    let zero = LatencyObjective { slow_fraction_max: 0.0, ..objective };
    let tight = LatencyObjective { threshold_seconds: 0.05, ..objective };
    let with_slow_base = |objective: &LatencyObjective| {
        let mut minutes = hour();
        minutes.iter_mut().for_each(|minute| minute.slow_fraction = None);
        refusal(minutes, &Question { objective: *objective, ..question(1) })
    };
    let slow_throughout = |minute: &mut Minute| minute.slow_fraction = Some(0.2);
    let mut no_cpu = question(1);
    no_cpu.tasks.fargate.vcpu = f64::NAN;
    let constant = recorded.minutes(90, 0.4, 0.42);
    for (found, expected) in [
        (refusal(recorded.minutes(30, 0.2, 0.6), &question(1)), "only 30 minutes"),
        (refusal(constant, &question(1)), "hardly changes"),
        (with(&|m| m.cpu_percent = m.cpu_percent.map(|cpu| -cpu)), "CPU is impossible"),
        (with(&|m| m.cpu_percent = m.cpu_percent.map(|cpu| 3.0 * cpu)), "CPU is impossible"),
        (with(&|m| m.cpu_percent = Some(f64::NAN)), "CPU is impossible"),
        (with(&|m| m.cpu_percent = m.cpu_percent.map(|cpu| 90.0 - cpu)), "CPU does not rise"),
        (with(&|m| m.cpu_percent = Some(0.0)), "CPU does not rise"),
        (with(&|m| m.cpu_percent = None), "only 0 minutes"),
        (with(&|m| m.tasks = Some(0.0)), "only 0 minutes"),
        (with(&|m| (m.p99_seconds, m.slow_fraction) = (None, None)), "neither a 99th"),
        (asked(zero), "not what it can be"),
        (asked(LatencyObjective { threshold_seconds: f64::NAN, ..objective }), "not what it can"),
        (refusal(hour(), &no_cpu), "not what it can be"),
        (with_slow_base(&tight), "missed at any load"),
        (with(&slow_throughout), "missed at every load seen"),
        (refusal(recorded.minutes(90, 0.75, 0.95), &question(1)), "missed at every load seen"),
    ] {
        let words = found.to_string();
        assert!(words.contains(expected), "`{words}` lacks `{expected}`");
        assert!(words.contains(':'), "`{words}` does not say what to do");
    }
}

#[test]
fn a_lasting_change_of_cpu_is_found_and_weather_is_not() {
    let recorded = Recorded::default();
    let fitted = fitted(recorded.minutes(240, 0.2, 0.6), &question(1));
    let days = |seed| Recorded { seed, ..recorded }.minutes(3 * 1_440, 0.2, 0.6);
    for seed in 20..30 {
        // A day of it is read at a time: the newest.
        assert_eq!(drift(&fitted, Side::Fargate, &days(seed)), None, "seed {seed}");
    }
    for factor in [1.06, 0.94, 1.3] {
        let mut minutes = days(40);
        let from = 3 * 1_440 - 700;
        for minute in minutes.iter_mut().filter(|minute| minute.minute >= from) {
            minute.cpu_percent = minute.cpu_percent.map(|cpu| cpu * factor);
        }
        let found = drift(&fitted, Side::Fargate, &minutes).unwrap();
        assert!((found.factor / factor - 1.0).abs() < 0.02, "{found:?}");
        assert!((from - 30..from + 30).contains(&found.since), "{found:?} from {from}");
        assert!(found.certain < from + 120, "{found:?} from {from}");
    }
}

#[test]
fn the_answer_comes_back_from_its_json() {
    let minutes = PerSide {
        ec2: Recorded::default().minutes(20, 0.2, 0.6),
        fargate: Recorded::default().minutes(90, 0.2, 0.6),
    };
    let fits = fit(&minutes, &question(1));
    let json = serde_json::to_string(&fits).unwrap();
    assert_eq!(serde_json::from_str::<Fit>(&json).unwrap(), fits, "{json}");
}

#[test]
fn more_noise_makes_the_answer_less_certain() {
    let error = |latency_noise| {
        let mean = |seed| {
            let recorded = Recorded { seed, latency_noise, ..Recorded::default() };
            fitted(recorded.minutes(90, 0.2, 0.75), &question(seed)).estimate_error
        };
        (1..=6).map(mean).sum::<f64>() / 6.0
    };
    let (calm, middle, wild) = (error(0.02), error(0.06), error(0.18));
    assert!(1.5 * calm < middle && 1.5 * middle < wild, "{calm} {middle} {wild}");
}

#[test]
fn weather_that_makes_bad_minutes_worse_lowers_the_answer_where_the_limit_was_seen() {
    // Noise of 20 % in latency makes more requests slow in bad minutes than fewer in good ones.
    let recorded = Recorded { latency_noise: 0.2, ..Recorded::default() };
    let minutes = recorded.minutes(300, 0.2, 0.75);
    let fitted = fitted(minutes, &question(1));
    let model = recorded.model();
    let slow = |utilisation: f64| {
        let mut random = Generator::new(4);
        let one = |_| {
            let noise = libm::exp(random.normal(0.0, recorded.latency_noise));
            model.slow_fraction(utilisation, 0.0, 0.3 / noise)
        };
        (0..20_000).map(one).sum::<f64>() / 20_000.0
    };
    // More than 1 % of all requests are slow where the middle minute has just that.
    assert!(slow(model.safe_utilisation(question(1).objective).unwrap()) > 0.013);
    let safe = fitted.safe_requests_per_second / model.service_rate();
    assert!((0.006..=0.0105).contains(&slow(safe)), "{} at {safe}", slow(safe));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_order_of_minutes_does_not_matter(seed in any::<u64>()) {
        let minutes = Recorded { seed, ..Recorded::default() }.minutes(60, 0.2, 0.6);
        let mut shuffled = minutes.clone();
        let mut random = Generator::new(seed);
        for i in (1..shuffled.len()).rev() {
            shuffled.swap(i, usize::try_from(random.below(i as u64 + 1)).unwrap());
        }
        prop_assert_eq!(fargate(minutes, &question(1)), fargate(shuffled, &question(1)));
    }

    #[test]
    fn twice_the_tasks_with_twice_the_requests_are_the_same_task(factor in 0.5..20.0_f64) {
        let minutes = Recorded::default().minutes(60, 0.2, 0.6);
        let mut scaled = minutes.clone();
        for minute in &mut scaled {
            minute.requests = minute.requests.map(|requests| requests * factor);
            minute.tasks = minute.tasks.map(|tasks| tasks * factor);
        }
        let (one, other) = (fitted(minutes, &question(1)), fitted(scaled, &question(1)));
        let off = other.safe_requests_per_second / one.safe_requests_per_second - 1.0;
        prop_assert!(off.abs() < 1e-3, "{off}");
    }

    #[test]
    fn the_same_task_under_a_greater_reservation_carries_as_much(factor in 1.0..4.0_f64) {
        let minutes = Recorded::default().minutes(60, 0.2, 0.6);
        let mut scaled = minutes.clone();
        for minute in &mut scaled {
            minute.cpu_percent = minute.cpu_percent.map(|cpu| cpu / factor);
        }
        let mut greater = question(1);
        greater.tasks.fargate.vcpu = factor;
        let (one, other) = (fitted(minutes, &question(1)), fitted(scaled, &greater));
        let off = other.safe_requests_per_second / one.safe_requests_per_second - 1.0;
        prop_assert!(off.abs() < 1e-3, "{off}");
    }

    #[test]
    fn whatever_the_minutes_a_number_is_one_to_plan_with(
        seed in any::<u64>(), from in 0.0..1.2_f64, wide in 0.0..0.8_f64, noise in 0.0..2.0_f64,
        wild in prop::collection::vec((0_usize..90, 0_usize..7, -1e3..1e4_f64), 0..5),
    ) {
        let recorded = Recorded { seed, latency_noise: noise, ..Recorded::default() };
        let mut minutes = recorded.minutes(90, from, from + wide);
        for (at, field, value) in wild {
            let minute = &mut minutes[at];
            let value = Some(value);
            match field {
                0 => minute.requests = value,
                1 => minute.tasks = value,
                2 => minute.cpu_percent = value,
                3 => minute.p50_seconds = value,
                4 => minute.p99_seconds = value,
                5 => minute.slow_fraction = value,
                _ => minute.minute = i64::MAX,
            }
        }
        if let Answer::Fitted(fitted) = fargate(minutes, &question(1)) {
            let safe = fitted.safe_requests_per_second;
            prop_assert!(safe.is_finite() && safe > 0.0, "{fitted:?}");
            prop_assert!(fitted.safe_utilisation <= fitted.seen.utilisation_max + 0.1 + 1e-9);
            prop_assert!(fitted.estimate_error.is_finite() && fitted.estimate_error >= 0.0);
            prop_assert!(fitted.safe_cpu_percent > 0.0 && fitted.safe_cpu_percent <= 100.0);
            prop_assert!(fitted.safe_rate().is_ok());
        }
    }
}
