use model::spec::World;
use tuning::Error;
use tuning::load::Load;
use tuning::shape::{HAND, Resolution, Shape};
use tuning::tune::{Inputs, propose};

use crate::made::{MONDAY, days, names, world};

fn inputs<'a>(world: &'a World, past: &'a Load) -> Inputs<'a> {
    let resolutions = &[Resolution::Standard];
    Inputs { world, past, events: &[], current: None, names: names(), seed: 7, resolutions }
}

/// The whole loop on two weeks with a surge at noon, without a recording.
#[test]
fn a_proposal_keeps_the_objective_has_floors_before_the_surge_and_is_the_same_again() {
    let (world, past) = (world(), days(14));
    let made = propose(&inputs(&world, &past), |_| ()).unwrap();
    let chosen = made.chosen.unwrap();
    assert!(chosen.proof.scheduled.summary.slow_percent <= 1.0, "{:?}", chosen.proof.scheduled);
    assert!(chosen.candidate.floors.is_some(), "{:?}", chosen.candidate);
    let text = serde_json::to_string(&chosen.policy).unwrap();
    // The week after the past, a day of it after the other.
    for day in 19..=25 {
        assert!(text.contains(&format!("at(2026-01-{day}T11:5")), "{day}: {text}");
    }
    let again = propose(&inputs(&world, &past), |_| ()).unwrap().chosen.unwrap();
    assert_eq!(again.policy, chosen.policy);
    assert_eq!(again.proof, chosen.proof);
}

#[test]
fn a_proposal_costs_less_than_a_live_policy_that_keeps_the_objective_or_there_is_none() {
    let (world, past) = (world(), days(14));
    let live = Shape::Step(tuning::shape::Step { out_threshold: 45.0, in_threshold: 30.0, ..HAND });
    let current = live.requests(&names());
    let made =
        propose(&Inputs { current: Some(&current), ..inputs(&world, &past) }, |_| ()).unwrap();
    let current = made.current.unwrap().summary;
    let chosen = made.chosen.map(|chosen| chosen.proof.scheduled.summary);
    if let Some(chosen) = chosen.filter(|_| current.slow_percent <= 1.0) {
        assert!(chosen.task_hours < current.task_hours, "{chosen:?} against {current:?}");
    }
}

#[test]
fn what_cannot_be_tuned_is_said_and_never_a_number() {
    let world = world();
    let fault = |past: &Load, world: &World| propose(&inputs(world, past), |_| ()).unwrap_err();
    assert!(matches!(fault(&days(13), &world), Error::Load { .. }));
    let level = Load::new(model::Time::from_secs(MONDAY), vec![900.0; 14 * 1_440]).unwrap();
    assert!(matches!(fault(&level, &world), Error::Load { .. }));
    let memory: Vec<capacity::scaling::PolicyRequest> = serde_json::from_value(serde_json::json!([
        {"PutMetricAlarm": {
            "AlarmName": "a", "Namespace": "AWS/ECS", "MetricName": "MemoryUtilization",
            "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 60.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }},
    ]))
    .unwrap();
    let past = days(14);
    let asked = Inputs { current: Some(&memory), ..inputs(&world, &past) };
    assert!(matches!(propose(&asked, |_| ()).unwrap_err(), Error::NotModelled { .. }));
    let small = World { min: 1, max: 12, ..world };
    assert!(matches!(fault(&days(14), &small), Error::Hopeless { .. }));
}
