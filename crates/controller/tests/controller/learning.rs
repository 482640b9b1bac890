//! What is known of the past, of target groups and of objectives.

use cloud::ErrorKind;
use model::{Share, Span};
use serde_json::{Value, json};

use crate::tap::Trouble;
use crate::world::{START, controller, region, run, spec, tick};

const LONG: Span = Span::from_mins(30);

#[test]
fn target_groups_are_found_from_the_services_where_the_spec_leaves_them_out() {
    let tap = region(&["api"]);
    let ticks = run(&tap, &mut controller(&tap, &[by_dns()]), Span::from_mins(5));
    assert!(tap.calls("target_group") >= 2);
    let seen = &ticks.last().unwrap().passes[0].observation.targets;
    assert!(seen.ec2.value().is_some_and(|targets| targets.healthy > 0), "{seen:?}");
}

/// The same services behind a record that names no target group.
fn by_dns() -> Value {
    let mut spec = spec("api");
    spec["spec"]["traffic"]["router"] = json!({
        "type": "route53Weighted", "hostedZoneId": "Z1",
        "records": [{"name": "api.example.com", "type": "A"}],
        "ec2SetIdentifier": "ec2", "fargateSetIdentifier": "fargate",
    });
    spec
}

#[test]
fn a_migration_whose_past_cannot_be_read_holds_and_says_why() {
    for (call, words) in [("quantiles", "latency"), ("minute", "last week")] {
        let tap = region(&["api"]);
        tap.trouble(call, "", Trouble::Refused(ErrorKind::Throttled));
        let mut controller = controller(&tap, &[spec("api")]);
        let ticks = run(&tap, &mut controller, LONG);
        let mut told = 0;
        for tick in &ticks {
            let plan = &tick.passes[0].plan;
            let shown = serde_json::to_string(&plan.status.conditions).unwrap();
            assert!(shown.contains("PastUnknown") && shown.contains(words), "{shown}");
            told += plan.events.iter().filter(|event| event.reason == "PastUnknown").count();
        }
        assert_eq!((tap.shares().len(), told), (0, 1));
        let asked = tap.calls(call);
        assert!(asked <= 62, "{asked} asks in thirty minutes");
        tap.heal();
        run(&tap, &mut controller, LONG + LONG);
        assert_eq!(tap.share("api"), Share::percent(25));
    }
}

#[test]
fn late_corrections_reach_the_evidence_as_revisions() {
    let arrivals = |corrected: bool| {
        let tap = region(&["api"]);
        let mut controller = controller(&tap, &[spec("api")]);
        run(&tap, &mut controller, LONG);
        if corrected {
            tap.correct(START.minute() + 22, 40);
        }
        run(&tap, &mut controller, LONG + LONG);
        let evidence = tap.record("api").evidence.unwrap();
        let read: Value = serde_json::from_str(&evidence.fold).unwrap();
        read["fold"]["arrivals"]["corrections"].as_u64().unwrap()
    };
    assert_eq!(arrivals(true), arrivals(false) + 1);
}

#[test]
fn every_objective_is_judged() {
    for (kept, signals) in [(0..2, vec!["slow_slo", "errors"]), (0..1, vec!["slow_slo"])] {
        let mut some = spec("api");
        let slos = some["spec"]["slos"].as_array().unwrap()[kept].to_vec();
        some["spec"]["slos"] = json!(slos);
        let tap = region(&["api"]);
        let ticks = run(&tap, &mut controller(&tap, &[some]), LONG);
        let verdict = &ticks.last().unwrap().passes[0].verdict;
        let names: Vec<&String> = verdict.evidence.signals.keys().collect();
        for signal in &signals {
            let is_there = names.iter().any(|name| name.starts_with(signal));
            assert!(is_there, "{signal} in {names:?}");
        }
        assert_eq!(tap.share("api"), Share::percent(25));
    }
}

#[test]
fn without_a_latency_objective_it_still_advances() {
    let mut available = spec("api");
    available["spec"]["slos"] =
        json!([{"name": "availability", "availability": {"objective": "99.9%"}}]);
    let tap = region(&["api"]);
    run(&tap, &mut controller(&tap, &[available]), LONG);
    assert_eq!(tap.share("api"), Share::percent(25));
}

/// A week of minutes for each of a thousand would outlast the lease.
#[test]
fn many_that_are_new_are_learnt_of_a_few_at_a_time_and_all_without_a_rest() {
    let names: Vec<String> = (0..40).map(|n| format!("api{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let specs: Vec<_> = names.iter().map(|name| spec(name)).collect();
    let tap = region(&names);
    tap.slow_past(Span::from_secs(1));
    let mut controller = controller(&tap, &specs);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let began = tap.now();
        let tick = tick(&mut controller);
        assert!(tap.now().since(began) <= Span::from_secs(20), "a pass is short");
        assert_eq!(tick.passes.len(), 40, "all are looked at");
        seen.push((tap.calls("quantiles"), tick.next_at > tap.now()));
    }
    assert_eq!(seen, [(16, false), (32, false), (40, true)]);
}
