//! Objectives whose events are counted elsewhere, beside the requests of the balancer.

use cloud::ErrorKind;
use model::condition::{ConditionStatus, ConditionType};
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};
use serde_json::{Value, json};

use crate::tap::Trouble;
use crate::world::{START, by_queries, controller, region, run, spec};

fn with(slo: Value) -> Value {
    let mut spec = spec("api");
    spec["spec"]["slos"].as_array_mut().unwrap().push(slo);
    spec
}

fn by_id() -> Value {
    json!({"name": "apm", "datadog": {"sloId": {"ec2": "api-ec2", "fargate": "api-fargate"}}})
}

const HOUR: Span = Span::from_hours(1);
const FOREVER: Span = Span::from_hours(2);

#[test]
fn what_only_datadog_sees_rolls_back() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[with(by_queries())]);
    run(&tap, &mut controller, HOUR);
    assert_eq!(tap.share("api"), Share::percent(25), "a good objective is in no way");
    tap.fail_events(30);
    let ticks = run(&tap, &mut controller, FOREVER);
    assert_eq!(tap.shares().last(), Some(&Share::ZERO));
    let rolled = ticks.iter().find(|tick| tick.passes[0].verdict.kind == VerdictKind::RollBack);
    let rolled = rolled.expect("a verdict says so");
    let reason = &rolled.passes[0].verdict.reason;
    assert_eq!(*reason, VerdictReason::Guard { signal: "apm".to_owned() });
    let after = rolled.at.since(START + HOUR);
    assert!(after <= Span::from_mins(10), "{after}");
}

#[test]
fn events_that_do_not_come_hold_the_next_step_and_say_why() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[with(by_queries())]);
    tap.trouble("event", "", Trouble::Refused(ErrorKind::Denied));
    let ticks = run(&tap, &mut controller, HOUR);
    let pass = &ticks.last().unwrap().passes[0];
    let missing = VerdictReason::EventsMissing { signal: "apm".to_owned(), side: Side::Ec2 };
    assert_eq!(pass.verdict.reason, missing);
    assert_eq!(tap.shares(), [], "not even the first step");
    let told = pass.plan.status.conditions.get(ConditionType::DataAvailable).unwrap();
    assert_eq!((told.status, told.reason.as_str()), (ConditionStatus::False, "EventsUnknown"));
    assert_eq!(told.message, "The events of apm: event was denied: a fault.");
    tap.heal();
    run(&tap, &mut controller, FOREVER);
    assert_eq!(tap.share("api"), Share::percent(25));
}

#[test]
fn without_events_the_requests_are_judged_as_ever() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[with(by_queries())]);
    run(&tap, &mut controller, HOUR);
    tap.trouble("event", "", Trouble::Refused(ErrorKind::Unreachable));
    run(&tap, &mut controller, HOUR + Span::from_mins(30));
    assert_eq!(tap.share("api"), Share::percent(25), "missing events send nothing back");
    let row = region::fault::FaultRow {
        at: Some(Span::ZERO),
        r#type: "errors".to_owned(),
        side: Some("fargate".to_owned()),
        rate: Some("60%".parse().unwrap()),
        ..region::fault::FaultRow::default()
    };
    tap.with_region(|region| region.disturb(&row)).unwrap();
    run(&tap, &mut controller, FOREVER);
    assert_eq!(tap.share("api"), Share::ZERO);
}

#[test]
fn evidence_of_events_outlives_the_process() {
    let tap = region(&["api"]);
    let mut first = controller(&tap, &[with(by_queries())]);
    run(&tap, &mut first, HOUR);
    let kept = tap.record("api").evidence.expect("a checkpoint").fold;
    assert!(kept.contains(r#""events":{"apm":{"#), "it holds the evidence of events");
    drop(first);
    let mut second = controller(&tap, &[with(by_queries())]);
    let ticks = run(&tap, &mut second, HOUR + Span::from_mins(2));
    let evidence = ticks[0].passes[0].verdict.evidence.signals["apm"];
    assert!(evidence.safe > 3.0, "its proof is there at once: {evidence:?}");
}

#[test]
fn each_minute_is_asked_for_once_a_minute_and_all_in_one_call() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[with(by_queries())]);
    run(&tap, &mut controller, HOUR);
    let before = tap.calls("events");
    run(&tap, &mut controller, HOUR + HOUR);
    let calls = tap.calls("events") - before;
    assert!((58..=61).contains(&calls), "{calls} calls in an hour");
    assert_eq!(tap.calls("event") % 2, 0, "both sides with each");
}

#[test]
fn an_slo_of_datadog_has_its_own_target() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[with(by_id())]);
    let ticks = run(&tap, &mut controller, Span::from_mins(30));
    let told = &ticks.last().unwrap().passes[0].plan.status.conditions;
    let told = &told.get(ConditionType::DataAvailable).unwrap().message;
    assert_eq!(told, "The events of apm: the SLO api-ec2 has no target; write its `objective`.");
    assert_eq!(tap.shares(), []);
    tap.set_target("99.9%");
    run(&tap, &mut controller, FOREVER);
    assert_eq!(tap.share("api"), Share::percent(25));
}

#[test]
fn a_changed_source_begins_anew_and_another_edit_does_not() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[with(by_queries())]);
    run(&tap, &mut controller, HOUR);
    let safe = |controller: &mut controller::Controller, spec: Value| {
        controller.manage(2, crate::world::migration(spec)).unwrap();
        crate::world::tick(controller).passes[0].verdict.evidence.signals["apm"].safe
    };
    let mut edited = with(by_queries());
    edited["spec"]["traffic"]["rollout"]["bake"] = json!("2h");
    assert!(safe(&mut controller, edited) > 3.0);
    let mut other = by_id();
    other["datadog"]["objective"] = json!("99%");
    tap.trouble("event", "", Trouble::Refused(ErrorKind::Throttled));
    assert!(safe(&mut controller, with(other)).abs() < f64::EPSILON);
}

#[test]
fn minutes_that_come_late_together_are_judged_on_both_sides() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[with(by_queries())]);
    run(&tap, &mut controller, HOUR);
    tap.trouble("event", "", Trouble::Refused(ErrorKind::Unreachable));
    let outage = HOUR + Span::from_mins(8);
    run(&tap, &mut controller, outage);
    tap.heal();
    tap.fail_events(30);
    let verdict = &run(&tap, &mut controller, outage + Span::from_mins(1))[0].passes[0].verdict;
    assert_eq!(verdict.kind, VerdictKind::RollBack, "eight bad minutes are there: {verdict:?}");
}
