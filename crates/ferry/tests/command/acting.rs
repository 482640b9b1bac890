//! Whole migrations over the wire: the daemon acts on a region in another process.

use model::Span;

use crate::stage::{RECORDS, RULE, Stage, TRAFFIC_FLOW, holds, migration};

/// A whole migration, and the shares that its first route went through.
fn carries(test: &str, router: &str) {
    let Some(stage) = Stage::adopted(test, &migration(router), "") else { return };
    let ferry = stage.daemon();
    let most = Span::from_days(4);
    stage.until(&ferry, "the end", most, |seen| holds(seen, "Succeeded"));
    let journal = stage.journal();
    let refused: Vec<_> = journal.iter().filter(|change| !change.is_made()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let mut shares: Vec<u64> = journal.iter().filter_map(|it| Some(it.shares()?.1)).collect();
    shares.dedup();
    assert_eq!(shares, [10, 50, 250, 500, 750, 1_000]);
}

#[test]
fn records_are_carried_from_nothing_to_everything() {
    carries("acting-records", RECORDS);
}

#[test]
fn traffic_flow_is_carried_from_nothing_to_everything() {
    carries("acting-flow", TRAFFIC_FLOW);
}

#[test]
fn a_rule_is_carried_from_nothing_to_everything() {
    carries("acting-rule", RULE);
}
