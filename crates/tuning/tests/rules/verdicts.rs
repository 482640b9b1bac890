use tuning::noise::Noise;
use tuning::physics::Physics;
use tuning::replay::{Minute, Replay};
use tuning::score::Score;
use tuning::shape::{HAND, Shape, Step};
use tuning::verdict::{
    Evidence, Faithfulness, Recorded, Refusal, Unfaithful, draws_met, excess_slow_fraction,
    faithfulness, refusals,
};

use crate::made::{days, names, world};

const FAITHFUL: Faithfulness =
    Faithfulness { days: 7.0, surge: true, desired_error: 0.1, slow_ratio: Some(1.3) };

/// A week that another world lived through is recorded, and replayed in the fitted one.
fn compared(cost_factor: f64, lag_seconds: f64) -> Faithfulness {
    let load = days(7);
    let policy = Shape::Step(HAND).requests(&names());
    let minutes = |world| {
        let physics = Physics::new(&world).unwrap();
        let noise = Noise::new(if cost_factor > 1.0 { 5 } else { 6 }, load.ticks().len());
        Replay::new(&physics, &load, &noise).minutes(&policy).unwrap().1
    };
    let mut lived = world();
    lived.cpu_ms_per_request *= cost_factor;
    lived.metric.lag_s = lag_seconds;
    let recorded: Vec<Recorded> = minutes(lived)
        .iter()
        .map(|minute| Recorded {
            desired: Some(minute.desired),
            requests: 60.0 * minute.rate,
            slow_fraction: Some(minute.slow_fraction),
        })
        .collect();
    let physics = Physics::new(&world()).unwrap();
    let noise = Noise::new(1, load.ticks().len());
    let replayed = Replay::new(&physics, &load, &noise).minutes(&policy).unwrap().1;
    faithfulness(&replayed, &recorded, true)
}

#[test]
fn a_replay_of_its_own_world_is_faithful_whatever_the_chances() {
    let faithful = compared(1.0, 120.0);
    assert_eq!(faithful.objections(), [], "{faithful:?}");
}

#[test]
fn a_replay_of_another_world_is_not_believed() {
    let objections = compared(1.4, 120.0).objections();
    assert!(objections.iter().any(|o| matches!(o, Unfaithful::Desired { .. })), "{objections:?}");
}

#[test]
fn too_little_record_is_never_faithful() {
    let nothing = faithfulness(&[], &[], false).objections();
    assert!(
        nothing.contains(&Unfaithful::NoSurge) && nothing.contains(&Unfaithful::LatencyUnknown)
    );
    assert!(nothing.contains(&Unfaithful::Desired { error: f64::INFINITY }));
    let nan = Faithfulness { desired_error: f64::NAN, ..FAITHFUL };
    assert_eq!(nan.objections().len(), 1);
    for ratio in [0.4, 2.1, f64::NAN] {
        let off = Faithfulness { slow_ratio: Some(ratio), ..FAITHFUL };
        assert_eq!(off.objections().len(), 1, "{ratio}");
    }
}

fn score(slow_percent: f64, task_hours: f64) -> Score {
    let (slow, task_seconds) = (10.0 * slow_percent, 3_600.0 * task_hours);
    Score { slow, requests: 1_000.0, task_seconds, ..Score::default() }
}

#[test]
fn each_condition_alone_stands_against_applying() {
    let good = [score(0.8, 90.0), score(0.7, 91.0), score(0.9, 92.0)];
    let current = [score(0.85, 120.0), score(0.6, 119.0), score(0.7, 121.0)];
    let whole = Evidence {
        faithfulness: FAITHFUL,
        untouched: &good,
        untouched_current: &current,
        budget: 0.01,
        draws: (200, 180),
    };
    assert_eq!(refusals(&whole), []);
    let day = Unfaithful::Days { days: 6.0 };
    let short = Faithfulness { days: 6.0, ..FAITHFUL };
    let cheap = current.map(|it| Score { task_seconds: 3_600.0 * 80.0, ..it });
    let slow = [score(0.8, 90.0), score(1.25, 91.0), score(0.9, 92.0)];
    for (evidence, refusal) in [
        (Evidence { faithfulness: short, ..whole.clone() }, Refusal::Unfaithful(day)),
        (Evidence { untouched: &[], ..whole.clone() }, Refusal::NoUntouchedWeek),
        (Evidence { untouched: &good[..2], ..whole.clone() }, Refusal::Seeds { seeds: 2 }),
        (Evidence { untouched: &slow, ..whole.clone() }, Refusal::UntouchedSlow { percent: 1.25 }),
        (Evidence { untouched_current: &cheap, ..whole.clone() }, Refusal::UntouchedWorse),
        (Evidence { draws: (200, 179), ..whole.clone() }, Refusal::Draws { met: 179, tried: 200 }),
        (Evidence { draws: (0, 0), ..whole.clone() }, Refusal::Draws { met: 0, tried: 0 }),
    ] {
        assert_eq!(refusals(&evidence), [refusal]);
    }
}

/// A day that was worse for everybody is no fault of the policy.
#[test]
fn a_policy_is_measured_by_what_the_one_before_would_have_had() {
    let minute = |slow_fraction| Minute { rate: 10.0, desired: 9, serving: 9, slow_fraction };
    let lived = |slow_fraction| Recorded { desired: None, requests: 600.0, slow_fraction };
    let before = [minute(0.5), minute(0.0), minute(0.1)];
    let recorded = [lived(Some(0.4)), lived(None), lived(Some(0.1))];
    assert!((excess_slow_fraction(&before, &recorded).unwrap() + 0.05).abs() < 1e-12);
    assert_eq!(excess_slow_fraction(&before, &[lived(None); 3]), None);
}

#[test]
fn draws_in_which_requests_are_dearer_break_the_objective() {
    let load = days(2);
    let noise = Noise::new(1, load.ticks().len());
    let policy =
        Shape::Step(Step { out_threshold: 40.0, in_threshold: 25.0, ..HAND }).requests(&names());
    let mut dear = world();
    dear.cpu_ms_per_request *= 20.0;
    let mut impossible = world();
    impossible.idle_vcpu = 2.0;
    let met = draws_met(&policy, &load, &[world(), dear, impossible], &noise).unwrap();
    assert_eq!(met, 1);
}
