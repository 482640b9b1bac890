//! Rehearsals on recorded traffic of real sites, which is not part of the repository: it lies in
//! `../shared/data/traces` or where FERRY_TRACES says. Without it these tests say so and pass.

use std::path::PathBuf;

use crate::ferry::{Folder, example, root};

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn traces() -> Option<PathBuf> {
    let folder = std::env::var_os("FERRY_TRACES")
        .map_or_else(|| root().join("../shared/data/traces"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

/// Rehearses on a trace and gives the outcome, the finding of gaps, and requests.
fn rehearse(name: &str, trace: &str, options: &[&str]) -> Option<serde_json::Value> {
    let trace = traces()?.join(trace).to_string_lossy().into_owned();
    let api = example("config/examples/tapple-api.yaml");
    let folder = Folder::new(name, &[("api.yaml", &api)]);
    let mut arguments = vec!["rehearse", "api.yaml", "-o", "json", "--load", &trace];
    arguments.extend(options);
    let answer = folder.command(&arguments);
    assert!(matches!(answer.code, Some(0 | 1)), "{trace}: {}", answer.stderr);
    let record: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let findings = record["findings"].to_string();
    assert!(!findings.contains("Violation"), "{trace}: {findings}");
    Some(record)
}

fn succeeds(name: &str, trace: &str, options: &[&str]) {
    let Some(record) = rehearse(name, trace, options) else { return };
    assert_eq!(record["outcome"]["type"], "succeeded", "{}", record["outcome"]);
}

fn stalls_for_want_of_traffic(name: &str, trace: &str) {
    let Some(record) = rehearse(name, trace, &[]) else { return };
    assert_eq!(record["outcome"]["type"], "stalled", "{}", record["outcome"]);
    assert_eq!(record["outcome"]["reason"], "InsufficientTraffic", "{}", record["outcome"]);
    assert_eq!(record["totals"]["rollbacks"].as_array().map(Vec::len), Some(0));
}

const WORLD_CUP: &str = "worldcup98_1998-05-11_to_07-14_1min.csv";

#[test]
fn the_football_site_is_carried() {
    succeeds("world-cup", WORLD_CUP, &[]);
}

#[test]
fn the_football_site_is_carried_at_the_apps_own_size_and_its_gaps_are_counted() {
    let Some(record) = rehearse("world-cup-scaled", WORLD_CUP, &["--scale", "7.5"]) else { return };
    assert_eq!(record["outcome"]["type"], "succeeded", "{}", record["outcome"]);
    assert!(record["totals"]["loadGapMinutes"].as_u64() > Some(0));
    assert!(record["findings"].to_string().contains("LoadHasGaps"));
}

#[test]
fn push_traffic_is_carried() {
    succeeds("push-train", "push_synth_train_1min.csv", &[]);
    succeeds("push-test", "push_synth_test_1min.csv", &[]);
}

#[test]
fn a_balancer_of_ten_requests_a_minute_stalls() {
    stalls_for_want_of_traffic("balancer", "nab_elb_request_count_5min.csv");
}

#[test]
fn mentions_of_a_company_are_too_few_to_judge_by() {
    stalls_for_want_of_traffic("mentions", "nab_twitter_volume_AMZN_5min.csv");
}

/// Percent of CPU, not requests: read as requests it is a handful a minute, and too few.
#[test]
fn a_trace_of_something_else_is_not_guessed_at() {
    stalls_for_want_of_traffic("cpu", "nab_asg_cpu_misconfig_5min.csv");
}
