//! What Prometheus is shown: complete from the first scrape, bounded, and gone with its migration.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::collections::BTreeMap;
use std::sync::Arc;

use model::capacity::Capacity;
use model::plan::Rule;
use model::spec::Migration;
use model::status::Status;
use model::verdict::{Evidence, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Time};
use serde_json::json;
use server::api::{Detail, Planned, Shares, Spoken, Summary};
use server::{ApiCall, Fleet, Metrics, series_max};

const CALLS: [ApiCall; 2] = [
    ApiCall { service: "ecs", operation: "DescribeServices" },
    ApiCall { service: "router", operation: "SetWeights" },
];

const REQUESTS: [ApiCall; 1] = [ApiCall { service: "route53", operation: "GetChange" }];

fn migration(name: &str) -> Migration {
    serde_json::from_value(json!({
        "apiVersion": "ferry/v1", "kind": "Migration", "metadata": {"name": name},
        "spec": {
            "aws": {"region": "eu-west-1"},
            "ec2": {"cluster": "c", "service": name},
            "fargate": {"cluster": "c", "service": format!("{name}-fargate")},
            "workload": {"type": "loadBalanced"},
            "traffic": {"router": {"type": "albWeighted", "ruleArns": ["r"],
                "ec2TargetGroupArn": "a", "fargateTargetGroupArn": "b"}, "share": "10%"},
            "slos": [
                {"name": "ok", "availability": {"objective": "99.9%"}},
                {"name": "fast", "latency": {"threshold": "300ms", "objective": "99%"}},
            ],
        },
    }))
    .unwrap()
}

fn detail(name: &str) -> Detail {
    Detail {
        summary: Summary {
            name: name.to_owned(),
            labels: BTreeMap::new(),
            generation: 1,
            revision: "1-0".to_owned(),
            share: Shares::default(),
            tasks: PerSide::default(),
            p99_ms: PerSide::default(),
            verdict: "hold".to_owned(),
            doing: String::new(),
            since: None,
            conditions: Vec::new(),
        },
        migration: migration(name),
        status: Status::default(),
        seen_at: Time::from_secs(0),
        verdict: Verdict {
            kind: VerdictKind::Hold,
            reason: VerdictReason::Collecting,
            minute: None,
            evidence: Evidence::default(),
        },
        plan: Planned::default(),
        findings: Vec::new(),
        coverage: None,
        capacity: Capacity::default(),
        latest: PerSide::default(),
    }
}

fn fleet(migrations: usize) -> Fleet {
    let named = (0..migrations).map(|number| format!("m{number:03}"));
    let migrations = named.map(|name| (name.clone(), Arc::new(detail(&name)))).collect();
    Fleet { migrations, ..Fleet::default() }
}

/// Series without those of the process itself, which the operating system decides on.
fn series(text: &str) -> usize {
    let is_ours = |line: &&str| line.starts_with("ferry_");
    text.lines().filter(is_ours).count()
}

#[test]
fn series_are_exactly_the_formula_of_the_number_of_migrations() {
    let metrics = Metrics::new("1", &CALLS, &REQUESTS, true);
    for migrations in [0, 1, 2, 50] {
        let text = metrics.render(&fleet(migrations));
        assert_eq!(
            series(&text),
            series_max(migrations, CALLS.len() + REQUESTS.len()),
            "{migrations}"
        );
    }
    let text = Metrics::new("1", &CALLS, &REQUESTS, false).render(&fleet(50));
    assert_eq!(series(&text), series_max(0, CALLS.len() + REQUESTS.len()), "left out on request");
}

#[test]
fn a_migration_that_is_gone_leaves_no_series_behind() {
    let metrics = Metrics::new("1", &CALLS, &REQUESTS, true);
    assert!(metrics.render(&fleet(3)).contains("m002"));
    assert!(!metrics.render(&fleet(2)).contains("m002"));
}

#[test]
fn what_is_not_known_is_no_number() {
    let text = Metrics::new("1", &CALLS, &REQUESTS, true).render(&fleet(1));
    for line in [
        "ferry_migration_desired_weight_ratio{migration=\"m000\"} NaN",
        "ferry_migration_condition{condition=\"Succeeded\",migration=\"m000\"} NaN",
        "ferry_migration_latency_p99_seconds{migration=\"m000\",side=\"ec2\"} NaN",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn every_counter_is_there_before_it_first_counts() {
    let text = Metrics::new("1", &CALLS, &REQUESTS, true).render(&fleet(1));
    for line in [
        "ferry_ticks_total 0",
        "ferry_migration_rollbacks_total{migration=\"m000\"} 0",
        "ferry_writes_total{action=\"SetWeights\",outcome=\"written\"} 0",
        "ferry_cloud_answers_total{operation=\"SetWeights\",outcome=\"denied\",service=\"router\"} 0",
        "ferry_aws_api_requests_total{operation=\"GetChange\",outcome=\"ok\",service=\"route53\"} 0",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn what_stands_in_the_way_is_told_by_rule() {
    let mut fleet = fleet(1);
    let line = |rule: &str, said: &str| Spoken {
        rule: rule.to_owned(),
        said: said.to_owned(),
        message: String::new(),
        opens_at: None,
        reason: None,
    };
    let mut refused = detail("m000");
    refused.plan.lines = vec![line("dwell", "refused"), line("window", "open")];
    refused.verdict.kind = VerdictKind::RollBack;
    fleet.migrations.insert("m000".to_owned(), Arc::new(refused));
    let text = Metrics::new("1", &CALLS, &REQUESTS, true).render(&fleet);
    for line in [
        "ferry_migration_refused{migration=\"m000\",rule=\"dwell\"} 1",
        "ferry_migration_refused{migration=\"m000\",rule=\"window\"} 0",
        "ferry_migration_refused{migration=\"m000\",rule=\"decommission\"} 0",
        "ferry_migration_verdict{migration=\"m000\",verdict=\"rollBack\"} 1",
        "ferry_migration_verdict{migration=\"m000\",verdict=\"hold\"} 0",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn what_the_sides_are_held_to_is_told_beside_what_they_do() {
    let text = Metrics::new("1", &CALLS, &REQUESTS, true).render(&fleet(1));
    for line in [
        "ferry_migration_slo_latency_seconds{migration=\"m000\"} 0.3",
        "ferry_migration_slo_slow_ratio{migration=\"m000\"} 0.01",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

/// A rule that is left out of the list would never be seen to refuse.
#[test]
fn every_rule_is_listed_once_and_in_order() {
    let ranks = Rule::ALL.map(|rule| rule as usize);
    assert!(ranks.iter().copied().eq(0..ranks.len()), "{ranks:?}");
    assert_eq!(Rule::Decommission as usize + 1, ranks.len(), "the last one is in the list");
}
