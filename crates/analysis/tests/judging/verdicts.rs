//! One test for each rule that is no amendment's.

use analysis::Settings;
use analysis::settings::{CommonMode, Coverage, Router, When};
use analysis::signal::Signal;
use model::minute::Counts;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Side, Span, Time};

use crate::log::{CALM, Log};

#[test]
fn equal_sides_are_proven_safe_and_stay_so() {
    let mut log = Log::new(50);
    log.run(900, CALM, CALM);
    let settings = Settings::default();
    assert_eq!(log.advance(&settings).map(|(_, reason)| reason), Some("ProvenSafe"));
    let verdict = log.verdict(&settings);
    assert_eq!(verdict.kind, VerdictKind::Advance);
    let evidence = &verdict.evidence;
    assert!(evidence.signals.values().all(|s| s.safe >= evidence.safe_threshold));
    assert_eq!(evidence.eta, Some(Span::ZERO));
}

#[test]
fn a_new_step_begins_with_no_proof_but_keeps_the_evidence_of_harm() {
    let settings = Settings { when: When::Relative, ..Settings::default() };
    let mut log = Log::new(10);
    log.run(600, CALM, CALM);
    let before = log.verdict(&settings);
    log.share(25).run(1, CALM, CALM);
    let after = log.verdict(&settings);
    assert_eq!(after.reason, VerdictReason::Settling);
    for (name, signal) in &after.evidence.signals {
        assert!(signal.safe.abs() < 1e-12, "{name}");
        assert!((signal.harm - before.evidence.signals[name].harm).abs() < 1e-9, "{name}");
    }
}

#[test]
fn both_sides_burning_alike_holds_unless_told_otherwise() {
    let mut log = Log::new(50);
    log.run(300, CALM, CALM).run(40, CALM.errors(0.05), CALM.errors(0.05));
    for (on_common_mode, kind) in
        [(CommonMode::Hold, VerdictKind::Hold), (CommonMode::RollBack, VerdictKind::RollBack)]
    {
        let verdict = log.verdict(&Settings { on_common_mode, ..Settings::default() });
        assert_eq!(verdict.kind, kind);
        assert_eq!(verdict.reason.name(), "CommonMode");
    }
}

#[test]
fn what_burnt_on_both_sides_is_not_over_because_minutes_are_missing() {
    let burning = CALM.errors(0.05);
    let mut log = Log::new(50);
    log.run(300, CALM, CALM).run(40, burning, burning);
    for _ in 0..7 {
        // Asked for, and nothing came.
        log.row(Side::Ec2, Counts::default());
        log.row(Side::Fargate, Counts::default());
        log.minute += 1;
    }
    for on_common_mode in [CommonMode::Hold, CommonMode::RollBack] {
        let verdict = log.verdict(&Settings { on_common_mode, ..Settings::default() });
        assert_eq!((verdict.kind, verdict.reason.name()), (VerdictKind::Hold, "CommonMode"));
    }
    // Five calm minutes say that it is.
    log.run(6, CALM, CALM);
    assert_ne!(log.verdict(&Settings::default()).reason.name(), "CommonMode");
}

#[test]
fn evidence_half_way_to_proof_holds_what_was_proven() {
    let settings = Settings::default();
    let mut log = Log::new(50);
    log.run(900, CALM, CALM);
    assert_eq!(log.verdict(&settings).kind, VerdictKind::Advance);
    log.run(9, CALM, CALM.slow(0.03).slower(1.3));
    let verdict = log.verdict(&settings);
    assert_eq!((verdict.kind, verdict.reason.name()), (VerdictKind::Hold, "Suspicion"));
}

#[test]
fn a_quiet_week_is_not_suspicious() {
    let quiet = CALM.requests(50).slow(0.0).errors(0.0).slower(0.0);
    let mut log = Log::new(50);
    log.run(10_000, quiet, quiet);
    assert!(!log.reasons(&Settings::default()).contains(&"Suspicion"));
}

#[test]
fn missing_minutes_hold_and_name_their_side() {
    let settings = Settings::default();
    for (ec2, fargate, side) in [(None, Some(CALM), Side::Ec2), (Some(CALM), None, Side::Fargate)] {
        let mut log = Log::new(50);
        log.run(900, CALM, CALM).run_seen(20, ec2, fargate);
        let verdict = log.verdict(&settings);
        assert_eq!(verdict.reason, VerdictReason::MissingData { side });
        log.run(10, CALM, CALM);
        assert_eq!(log.verdict(&settings).kind, VerdictKind::Advance);
    }
}

#[test]
fn a_log_that_stopped_is_missing_data() {
    let settings = Settings::default();
    let mut log = Log::new(50);
    log.run(900, CALM, CALM);
    let verdict = log.fold(&settings).verdict(&settings, Time::from_minute(930));
    assert_eq!(verdict.reason.name(), "MissingData");
}

#[test]
fn a_share_that_does_not_follow_the_weights_holds() {
    for (router, fargate, is_mismatch) in [
        (Router::Balancer, 1_000, false),
        (Router::Balancer, 600, true),
        (Router::Dns { concentration: 0.003 }, 900, false),
        (Router::Dns { concentration: 0.003 }, 400, true),
        (Router::Unchecked, 100, false),
    ] {
        let settings = Settings { router, ..Settings::default() };
        let mut log = Log::new(50);
        log.run(600, CALM, CALM.requests(fargate));
        let found = log.reasons(&settings).contains(&"ShareMismatch");
        assert_eq!(found, is_mismatch, "{router:?} {fargate}");
    }
}

#[test]
fn different_releases_void_the_proof_and_keep_the_rollback() {
    let settings = Settings { when: When::Relative, ..Settings::default() };
    let mut log = Log::new(50);
    log.each(|context| context.release = Some("v1".to_owned())).run(900, CALM, CALM);
    assert_eq!(log.verdict(&settings).kind, VerdictKind::Advance);
    log.context.ec2.release = Some("v2".to_owned());
    log.run(60, CALM, CALM);
    let verdict = log.verdict(&settings);
    assert_eq!(verdict.reason, VerdictReason::ReleasesDiffer);
    assert!(verdict.evidence.signals.values().all(|signal| signal.safe.abs() < 1e-12));
    log.run(120, CALM, CALM.slow(0.05).slower(1.8));
    assert_eq!(log.verdict(&settings).kind, VerdictKind::RollBack);
}

#[test]
fn the_same_release_again_is_proven_anew() {
    let settings = Settings::default();
    let mut log = Log::new(50);
    log.each(|context| context.release = Some("v1".to_owned())).run(300, CALM, CALM);
    log.each(|context| context.release = Some("v2".to_owned())).run(1, CALM, CALM);
    assert_eq!(log.verdict(&settings).reason, VerdictReason::Settling);
    log.run(600, CALM, CALM);
    assert_eq!(log.verdict(&settings).kind, VerdictKind::Advance);
}

#[test]
fn minutes_before_clients_follow_do_not_count() {
    let settings = Settings::default();
    let mut log = Log::new(50);
    log.each(|context| context.settled = Some(false)).run(600, CALM, CALM);
    let verdict = log.verdict(&settings);
    assert_eq!((verdict.reason, verdict.evidence.minutes), (VerdictReason::Settling, 0));
    log.each(|context| context.settled = Some(true)).run(600, CALM, CALM);
    assert_eq!(log.verdict(&settings).kind, VerdictKind::Advance);
}

#[test]
fn below_five_percent_nothing_is_proven() {
    let settings = Settings::default();
    let mut log = Log::new(1);
    log.run(3_000, CALM.requests(9_900), CALM.requests(100));
    assert_eq!(log.advance(&settings), None);
    assert_eq!(log.verdict(&settings).reason, VerdictReason::Collecting);
}

#[test]
fn too_little_traffic_is_said_and_not_guessed() {
    let settings = Settings::default();
    let mut log = Log::new(5);
    log.run(1_440, CALM.requests(11), CALM.requests(1).slow(0.0));
    assert_eq!(log.verdict(&settings).reason, VerdictReason::InsufficientTraffic);
}

#[test]
fn counting_on_is_no_change_of_verdict() {
    let mut log = Log::new(50);
    log.run(2_000, CALM, CALM);
    let changes = log.changes(&Settings::default());
    for pair in changes.windows(2) {
        assert!(pair[0].verdict != pair[1].verdict || pair[0].reason != pair[1].reason);
    }
}

#[test]
fn a_difference_that_a_comfortable_budget_hides_holds_nothing_under_slo() {
    let mut log = Log::new(50);
    // Three times as many slow requests on Fargate, and 15 % of the budget spent on them.
    log.run(900, CALM.slow(0.000_5), CALM.slow(0.001_5));
    let (_, reason) = log.advance(&Settings::default()).unwrap();
    assert_eq!(reason, "ProvenAbsolute");
    let last = log.verdict(&Settings::default());
    assert_eq!((last.kind, last.reason.name()), (VerdictKind::Advance, "ProvenAbsolute"));
    let slow_slo = last.evidence.signals["slow_slo"];
    assert!(slow_slo.safe < last.evidence.safe_threshold, "no comparison proves it");
    assert!(!log.reasons(&Settings::default()).contains(&"WorseWithinBudget"));
    assert_eq!(log.rollback(&Settings::default()), None);
    let relative = Settings { when: When::Relative, ..Settings::default() };
    assert!(log.rollback(&relative).is_some(), "the comparison has the last word there");
}

#[test]
fn a_difference_that_spends_two_fifths_of_the_budget_holds_under_slo() {
    let mut log = Log::new(50);
    log.run(900, CALM.slow(0.001), CALM.slow(0.004));
    assert!(log.reasons(&Settings::default()).contains(&"WorseWithinBudget"));
    assert_eq!(log.verdict(&Settings::default()).kind, VerdictKind::Hold);
}

#[test]
fn data_is_missing_when_the_newest_minute_is_nineteen_ago() {
    let settings = Settings::default();
    let mut log = Log::new(50);
    log.run(900, CALM, CALM);
    let fold = log.fold(&settings);
    for (ago, is_missing) in [(18, false), (19, true)] {
        let verdict = fold.verdict(&settings, Time::from_minute(899 + ago));
        assert_eq!(verdict.reason.name() == "MissingData", is_missing, "{ago} minutes ago");
    }
}

#[test]
fn suspicion_is_half_way_to_proof_in_logarithms() {
    // A hundred requests above the median on Fargate and none on EC2, minute after minute: each
    // gives the 1.2 nats that a minute may. The mean over the four signals, of which three say
    // nothing, reaches the root of 3,024,000 when e^(1.2 k) + 3 exceeds 4 times 1,739: k = 8.
    let settings = Settings { when: When::Relative, ..Settings::default() };
    let counts = |slow_p50| Counts {
        requests: Some(10_000),
        slow: Some(0),
        slow_slo: Some(0),
        slow_p90: Some(0),
        slow_p50: Some(slow_p50),
        errors: Some(0),
    };
    let mut log = Log::new(50);
    for minutes in 1..=8 {
        log.row(Side::Ec2, counts(0));
        log.row(Side::Fargate, counts(100));
        log.minute += 1;
        let reason = log.verdict(&settings).reason;
        let signal = "slow_p50".to_owned();
        let suspicion = VerdictReason::Suspicion { signal };
        assert_eq!(reason == suspicion, minutes == 8, "{minutes} minutes: {reason}");
    }
}

#[test]
fn a_recording_may_count_its_minutes_from_anywhere() {
    let mut log = Log::new(50);
    log.run(300, CALM, CALM).run_seen(20, Some(CALM), None).run(100, CALM, CALM.slow(0.03));
    let told = |log: &Log| -> Vec<(i64, &'static str)> {
        let first = log.rows[0].minute;
        let changes = log.changes(&Settings::default());
        changes.into_iter().map(|change| (change.minute - first, change.reason)).collect()
    };
    let expected = told(&log);
    assert!(expected.len() > 3, "{expected:?}");
    // Before 1970, by whole hours.
    for row in &mut log.rows {
        row.minute -= 6_000;
        row.seen_at = Time::from_minute(row.minute + 1);
    }
    assert_eq!(told(&log), expected);
}

#[test]
fn minutes_of_high_load_that_count_on_are_no_change_of_verdict() {
    let coverage = Some(Coverage::of_high_load(1_500.0, false));
    let settings = Settings { coverage, ..Settings::default() };
    let mut log = Log::new(50);
    log.run(600, CALM.requests(700), CALM.requests(700)).run(70, CALM, CALM);
    let reasons = log.reasons(&settings);
    assert!(reasons.ends_with(&["LoadCoverage", "ProvenSafe"]), "{reasons:?}");
    assert!(reasons.windows(2).all(|pair| pair[0] != pair[1]), "{reasons:?}");
}

#[test]
fn below_five_percent_nothing_is_waited_for_but_time() {
    // A few tasks on Fargate that carry twice the load of EC2's.
    let mut log = Log::new(1);
    log.context.ec2.tasks = Some(100);
    log.context.fargate.tasks = Some(5);
    let (ec2, fargate) = (CALM.requests(9_900).slow(0.02), CALM.requests(990).slow(0.009_5));
    log.run(60, ec2, fargate);
    assert_eq!(log.verdict(&Settings::default()).reason, VerdictReason::Collecting);
    log.share(5).run(60, ec2, fargate);
    assert_eq!(log.verdict(&Settings::default()).reason, VerdictReason::UnequalLoad);
}

#[test]
fn one_cluster_of_errors_on_few_requests_is_no_burn() {
    // Ten failed requests of 600 in an hour are sixteen times the budget, in one minute of it.
    let settings = Settings { signals: [Signal::Errors].into(), ..Settings::default() };
    let few = CALM.requests(10).slow(0.0).errors(0.0);
    let mut log = Log::new(50);
    log.run(60, few, few).run(1, few, few.errors(1.0)).run(60, few, few);
    assert_eq!(log.rollback(&settings), None);
    let mut minutes = Log::new(50);
    minutes.run(60, few, few);
    for _ in 0..12 {
        // The same again and again is no cluster.
        minutes.run(1, few, few.errors(1.0)).run(4, few, few);
    }
    assert_eq!(minutes.rollback(&settings).map(|(_, reason)| reason), Some("BudgetBurn"));
}
