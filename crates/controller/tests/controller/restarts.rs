//! A new process on the same store, on an empty one, and with a new spec.

use model::verdict::VerdictKind;
use model::{Share, Span};
use serde_json::{Value, json};

use crate::world::{controller, migration, region, run, spec};

fn mins(minutes: u64) -> Span {
    Span::from_mins(minutes)
}

fn checkpoint(tap: &crate::tap::Tap) -> Value {
    serde_json::from_str(&tap.record("api").evidence.unwrap().fold).unwrap()
}

#[test]
fn a_new_process_goes_on_with_the_evidence_and_the_thresholds_of_the_last_one() {
    let mut proven = spec("api");
    proven["spec"]["traffic"]["rollout"]["advance"] = json!("evidence");
    let (whole, cut) = (region(&["api"]), region(&["api"]));
    let mut uninterrupted = controller(&whole, std::slice::from_ref(&proven));
    let mut first = controller(&cut, std::slice::from_ref(&proven));
    run(&whole, &mut uninterrupted, mins(50));
    run(&cut, &mut first, mins(50));
    drop(first);
    let frozen = checkpoint(&cut)["frozen"].clone();
    let mut second = controller(&cut, &[proven]);
    // The first look after a restart asks for what was missed.
    run(&whole, &mut uninterrupted, mins(53));
    run(&cut, &mut second, mins(53));
    let expected = run(&whole, &mut uninterrupted, mins(120));
    let found = run(&cut, &mut second, mins(120));
    let said = |ticks: &[controller::Tick]| {
        let of = |tick: &controller::Tick| {
            let verdict = &tick.passes[0].verdict;
            (tick.at, verdict.kind, verdict.reason.clone(), verdict.minute)
        };
        ticks.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(said(&found), said(&expected));
    assert_eq!(cut.shares(), whole.shares());
    assert_eq!(checkpoint(&cut)["frozen"], frozen, "thresholds never move");
    assert!(expected.iter().all(|tick| tick.passes[0].verdict.minute.is_some()));
    assert!(!whole.shares().is_empty(), "it never stepped");
}

#[test]
fn an_empty_store_and_live_weights_are_gone_on_from_and_never_put_back() {
    let tap = region(&["api"]);
    tap.put_weights("api", 75, 25);
    let before = tap.writes();
    let mut half = spec("api");
    half["spec"]["traffic"]["rollout"]["steps"] = json!(["10%", "25%"]);
    let ticks = run(&tap, &mut controller(&tap, &[half]), mins(20));
    let adopted =
        |tick: &controller::Tick| tick.passes[0].plan.status.step.as_ref().map(|step| step.share);
    // Two Fargate tasks carry a quarter of this load, so nothing has to be done.
    assert!(ticks.iter().all(|tick| adopted(tick) == Some(Share::percent(25))));
    assert_eq!(tap.share("api"), Share::percent(25));
    assert!(tap.shares().iter().skip(1).all(|share| *share >= Share::percent(25)), "{before}");
}

#[test]
fn a_new_spec_keeps_the_evidence_and_is_acted_on() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, mins(30));
    assert_eq!(tap.share("api"), Share::percent(25));
    let minutes = |tap: &crate::tap::Tap| checkpoint(tap)["fold"]["arrivals"]["rows"].as_u64();
    let before = minutes(&tap);
    let mut more = spec("api");
    more["spec"]["traffic"]["rollout"]["steps"] = json!(["10%", "25%", "40%"]);
    controller.manage(2, migration(more)).unwrap();
    run(&tap, &mut controller, mins(50));
    assert_eq!(tap.share("api"), Share::percent(40));
    assert!(minutes(&tap) > before, "evidence was not started anew");
    assert_eq!(tap.record("api").status.observed_generation, 2);
    // Less is asked for: that is a rollback, and needs no dwell.
    let mut less = spec("api");
    less["spec"]["traffic"].as_object_mut().unwrap().remove("rollout");
    less["spec"]["traffic"]["share"] = json!("10%");
    controller.manage(3, migration(less)).unwrap();
    run(&tap, &mut controller, mins(55));
    assert_eq!(tap.share("api"), Share::percent(10));
}

#[test]
fn a_step_is_judged_only_after_its_clients_had_time_to_follow() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    for tick in run(&tap, &mut controller, mins(20)) {
        let pass = &tick.passes[0];
        assert_ne!(pass.verdict.kind, VerdictKind::RollBack);
        let Some(step) = &pass.plan.status.step else { continue };
        let settled = step.settled_at.filter(|_| step.share > Share::ZERO);
        if let Some(settled) = settled
            && pass.verdict.minute.is_some_and(|minute| minute <= settled.minute())
        {
            assert_eq!(pass.verdict.evidence.minutes, 0, "at {}", tick.at);
        }
    }
}
