//! How `ferry run` ends, and what it leaves behind.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use crate::running::{Running, folder};

/// Asked of a daemon that waits for its next pass.
const IDLE_ENDS_WITHIN: Duration = Duration::from_secs(2);
/// Asked of one that is in the middle of things.
const BUSY_ENDS_WITHIN: Duration = Duration::from_secs(15);

fn has_ticked(text: &str) -> bool {
    text.contains("ferry_migrations 1") && !text.contains("ferry_ticks_total 0")
}

#[test]
fn an_idle_daemon_stops_within_two_seconds() {
    let folder = folder("stop_idle", &["api"]);
    let mut ferry = Running::ferry(&folder, "--config config --speed 1");
    ferry.metrics("the first pass", has_ticked);
    ferry.terminate();
    let (status, _) = ferry.end_within(IDLE_ENDS_WITHIN);
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn a_daemon_that_has_only_begun_stops_in_order() {
    let folder = folder("stop_first_moment", &["api"]);
    let mut ferry = Running::ferry(&folder, "--config config --speed 1");
    ferry.terminate();
    let (status, _) = ferry.end_within(BUSY_ENDS_WITHIN);
    assert_eq!(status.code(), Some(0), "not killed: {status}");
}

#[test]
fn a_client_that_never_finishes_its_request_does_not_hold_the_end_up() {
    let folder = folder("stop_slow_client", &["api"]);
    let mut ferry = Running::ferry(&folder, "--config config --speed 1");
    ferry.metrics("the first pass", has_ticked);
    let mut slow = TcpStream::connect(&ferry.address).unwrap();
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost:").unwrap();
    // An answer on a later connection shows that the first one was accepted.
    ferry.metrics("an answer", has_ticked);
    ferry.terminate();
    let (status, _) = ferry.end_within(IDLE_ENDS_WITHIN);
    assert_eq!(status.code(), Some(0), "{status}");
}

/// So fast that a pass follows a pass, over more than a few migrations and a file.
#[test]
fn a_daemon_in_the_middle_of_things_stops_within_fifteen_seconds() {
    let names: Vec<String> = (0..12).map(|number| format!("m{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = folder("stop_busy", &names);
    let mut ferry = Running::ferry(&folder, "--config config --speed 150000 --store store.sqlite");
    let written = |text: &str| {
        let line = "ferry_writes_total{action=\"SetWeights\",outcome=\"written\"} ";
        text.lines().any(|it| it.strip_prefix(line).is_some_and(|count| count != "0"))
    };
    ferry.metrics("a step", written);
    ferry.terminate();
    let (status, _) = ferry.end_within(BUSY_ENDS_WITHIN);
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn a_store_of_a_region_that_is_gone_is_refused() {
    let folder = folder("stop_store", &["api"]);
    let again = "run --listen 127.0.0.1:0 --config config --store store.sqlite";
    let mut ferry = Running::ferry(&folder, "--config config --store store.sqlite --speed 3000");
    let is_recorded = |text: &str| {
        let is_saved = |line: &&str| line.contains("\"written\"}") && !line.ends_with(" 0");
        text.lines().any(|line| is_saved(&line))
    };
    ferry.metrics("a change on record", is_recorded);
    let beside = folder.ferry(again);
    assert_eq!(beside.code, Some(2), "while the first runs: {}", beside.stderr);
    ferry.terminate();
    ferry.end_within(BUSY_ENDS_WITHIN);
    let after = folder.ferry(again);
    assert_eq!(after.code, Some(2), "{}", after.stderr);
    for answer in [beside, after] {
        let stderr = &answer.stderr;
        assert!(stderr.contains("--store store.sqlite"), "where: {stderr}");
        assert!(stderr.contains("ended with its process"), "what: {stderr}");
        assert!(stderr.contains("give another file"), "what to do: {stderr}");
    }
}
