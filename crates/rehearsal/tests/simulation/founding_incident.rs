//! The founding incident: Fargate's tasks were short under load and the latency SLO was breached.
//! The same shortage twice: it comes when a quarter of traffic is already there, and before.

use std::collections::BTreeMap;

use model::settings::Settings;
use model::{Share, Side};
use region::fault::{FaultRow, FaultScript};
use rehearsal::record::Outcome;
use rehearsal::{Options, Run, run};

use crate::world::{START, Wish, flat};

const SHORT: &str = include_str!("../../../../config/examples/faults/tasks-short.yaml");
const NEVER_CAME: &str = include_str!("../../../../config/examples/faults/tasks-never-came.yaml");
/// A minute in which more than this part of Fargate's requests is slow breaches the SLO of 99 %
/// beyond chance.
const BREACH: f64 = 0.05;

fn rehearse(script: &str) -> Run {
    let scripts = manifest::read_as::<FaultScript>("faults.yaml", script, "FaultScript");
    let faults: Vec<FaultRow> =
        scripts.expect("the example is sound").into_iter().flat_map(|s| s.faults).collect();
    let options = Options {
        migration: Wish::default().migration(),
        settings: Settings::default(),
        load: flat(2_000.0),
        load_gap_minutes: 0,
        faults,
        seed: 1,
        start: START,
        days: 2,
        inputs: BTreeMap::new(),
        options: BTreeMap::new(),
    };
    let run = run(&options, |_| {}).expect("the region can be built");
    assert_eq!(run.violations, []);
    run
}

/// Minutes in which Fargate's users waited.
#[expect(clippy::cast_precision_loss, reason = "requests of a minute are far below 2^53")]
fn breached_minutes(run: &Run) -> usize {
    run.region.with(|region| {
        let since = region.minutes(0).iter().filter(|minute| minute.minute >= START.minute());
        let side = since.map(|minute| minute.sides.get(Side::Fargate));
        side.filter(|side| side.requests > 100 && side.slow as f64 > BREACH * side.requests as f64)
            .count()
    })
}

#[test]
fn tasks_that_fall_short_at_a_quarter_breach_the_slo_and_everything_goes_back() {
    let run = rehearse(SHORT);
    assert!(breached_minutes(&run) > 0, "the incident is one");
    let rollback = run.record.totals.rollbacks.first().expect("it was rolled back");
    assert_eq!(rollback.from, Share::percent(25));
    assert!(matches!(run.record.outcome, Outcome::RolledBack { .. }), "{:?}", run.record.outcome);
    assert_eq!(run.record.status.share.set, Some(Share::ZERO), "EC2 has everything");
    let after = run.record.samples.iter().filter(|sample| sample.at > rollback.at);
    assert!(after.clone().count() > 10 && after.clone().all(|s| s.share_set == Some(Share::ZERO)));
    assert!(breached_minutes(&run) < 15, "{} minutes", breached_minutes(&run));
}

#[test]
fn with_capacity_before_traffic_the_same_shortage_breaches_nothing() {
    let run = rehearse(NEVER_CAME);
    assert_eq!(breached_minutes(&run), 0);
    assert!(run.record.totals.rollbacks.is_empty(), "{:?}", run.record.totals.rollbacks);
    let held = |entry: &&rehearsal::record::Entry| {
        entry.reason.contains("healthy tasks and needs")
            && entry.share_set == Some(Share::percent(10))
    };
    assert!(
        run.record.samples.iter().any(|sample| held(&sample)),
        "it waited for the tasks at 10 %"
    );
    assert_eq!(run.record.outcome, Outcome::Succeeded, "and went on when they came");
}
