//! Drafts: what is written always validates, and says only what was found.
#![expect(clippy::unwrap_used, reason = "a draft that cannot be read must fail")]

use std::collections::BTreeMap;

use manifest::Resource;
use model::inventory::{
    Alias, Balancer, Controller, Deployment, Forward, HealthCheck, HostedZone, Launch,
    PolicyInstance, RecordSet, Registration, Routing, Rule, ScalableTarget, Scheduling, Service,
    Strategy, TargetGroup, Unread, Week, WeekMinute,
};
use model::observation::{Bounds, Gap, Suspension};
use model::spec::{Migration, Mode, Router, Workload};
use model::{Span, Time};
use preflight::{Around, Twin, draft};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;

const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api-ec2/73e2d6bc24d8a067";
const TWIN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api-fargate/ae1f5b9d2c3e4a01";
const RULE: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/api/1/2/3";
const DNS: &str = "api-1.eu-west-1.elb.amazonaws.com";

fn service(name: &str) -> Service {
    Service {
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:service/prd/{name}"),
        name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        launch: Launch::Ec2,
        scheduling: Scheduling::Replica,
        controller: Controller::Ecs,
        deployment: Deployment {
            strategy: Strategy::Rolling,
            minimum_healthy_percent: None,
            maximum_percent: None,
            circuit_breaker: false,
            circuit_breaker_rolls_back: false,
        },
        desired: 10,
        running: 10,
        pending: 0,
        deployments: 1,
        grace: None,
        registrations: vec![Registration {
            target_group: Some(GROUP.to_owned()),
            classic: None,
            container: "app".to_owned(),
            port: 3000,
            production_rule: None,
        }],
        registries: Vec::new(),
        network: None,
        task_definition: "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:1".to_owned(),
        platform_version: None,
        events: Vec::new(),
    }
}

fn around() -> Around {
    let minute = |at| WeekMinute {
        minute: at,
        requests: Some(6_000),
        errors: Some(2),
        p99_ms: Some(183.0),
        cpu_percent: Some(40.0),
    };
    Around {
        region: "eu-west-1".to_owned(),
        cluster: "prd".to_owned(),
        service: service("api"),
        group: Some(TargetGroup {
            arn: GROUP.to_owned(),
            target_type: "instance".to_owned(),
            protocol: None,
            health_check: HealthCheck::default(),
            balancers: vec!["arn:lb".to_owned()],
            attributes: BTreeMap::new(),
        }),
        balancers: vec![Balancer {
            arn: "arn:lb".to_owned(),
            kind: "application".to_owned(),
            dns_name: DNS.to_owned(),
            scheme: None,
            state: None,
            zones: Vec::new(),
            security_groups: Vec::new(),
            attributes: BTreeMap::new(),
        }],
        rules: Vec::new(),
        zones: vec![(
            zone(),
            vec![weighted("ec2", DNS), weighted("fargate", "b.elb.amazonaws.com")],
        )],
        instances: Vec::new(),
        scaling: Some(ScalableTarget {
            bounds: Bounds { min: 10, max: 600 },
            suspended: Suspension::NONE,
            policies: Vec::new(),
            scheduled: Vec::new(),
        }),
        week: Some(Week {
            from: Some(Time::from_minute(0)),
            until: Some(Time::from_minute(100)),
            minutes: (0..100).map(minute).collect(),
        }),
        twin: Twin::Found("api-fargate".to_owned()),
        unread: Vec::new(),
    }
}

fn zone() -> HostedZone {
    HostedZone { id: "Z1".to_owned(), name: "example.com.".to_owned(), is_private: false }
}

fn weighted(identifier: &str, target: &str) -> RecordSet {
    RecordSet {
        name: "api.example.com.".to_owned(),
        record_type: "A".to_owned(),
        set_identifier: Some(identifier.to_owned()),
        routing: Routing::Weighted(1),
        ttl: None,
        alias: Some(Alias {
            dns_name: format!("dualstack.{target}."),
            evaluate_target_health: true,
        }),
        values: Vec::new(),
        health_check: None,
        policy_instance: None,
    }
}

fn rule(groups: &[&str]) -> Rule {
    let forward = |group: &&str| Forward { group: (*group).to_owned(), weight: 1 };
    Rule {
        arn: RULE.to_owned(),
        is_default: false,
        forwards: groups.iter().map(forward).collect(),
        stickiness: None,
        other_actions: Vec::new(),
    }
}

fn instance() -> PolicyInstance {
    let document = format!(
        r#"{{"RecordType":"A","StartRule":"s","Endpoints":{{"old":{{"Type":"application-load-balancer","Value":"{DNS}"}},
        "new":{{"Type":"application-load-balancer","Value":"b.elb.amazonaws.com"}}}},
        "Rules":{{"s":{{"RuleType":"weighted","Items":[{{"EndpointReference":"old","Weight":"9"}},{{"EndpointReference":"new","Weight":"1"}}]}}}}}}"#
    );
    PolicyInstance {
        id: "8f2a4c66-1d3b".to_owned(),
        zone: "Z1".to_owned(),
        name: "api.example.com.".to_owned(),
        record_type: "A".to_owned(),
        policy: "p".to_owned(),
        version: 1,
        ttl: Span::from_secs(60),
        state: "Applied".to_owned(),
        message: String::new(),
        document: Ok(document),
    }
}

fn read(text: &str) -> Migration {
    let documents = manifest::read("draft.yaml", text)
        .unwrap_or_else(|problems| panic!("{}\n{text}", problems[0]));
    match documents.into_iter().next().unwrap().resource {
        Resource::Migration(migration) => *migration,
        Resource::Settings(_) | Resource::World(_) => panic!("not a migration"),
    }
}

fn drafted(around: &Around) -> (Migration, String, Vec<String>) {
    let it = draft(around);
    (read(&it.text), it.text, it.remarks)
}

#[test]
fn a_draft_says_where_each_thing_comes_from() {
    let it = draft(&around());
    assert_eq!(it.remarks, Vec::<String>::new());
    assert!(it.text.lines().all(|line| line.chars().count() <= 100), "{}", it.text);
    insta::assert_snapshot!(it.text);
}

#[test]
fn weighted_records_become_the_router() {
    let mut around = around();
    let mut v6 = [weighted("ec2", DNS), weighted("fargate", "b.elb.amazonaws.com")];
    v6.iter_mut().for_each(|set| set.record_type = "AAAA".to_owned());
    around.zones[0].1.extend(v6);
    let (migration, ..) = drafted(&around);
    let Some(Router::Route53Weighted(router)) = migration.spec.traffic.router else { panic!() };
    assert_eq!(router.records.len(), 2, "records of both types move together");
    assert_eq!(
        (router.ec2_set_identifier, router.fargate_set_identifier),
        ("ec2".into(), "fargate".into())
    );
    assert_eq!(migration.spec.mode, Mode::Observe);
}

#[test]
fn a_rule_with_two_groups_becomes_the_router() {
    let mut around = around();
    around.zones.clear();
    around.rules = vec![rule(&[GROUP, TWIN])];
    let (migration, ..) = drafted(&around);
    let Some(Router::AlbWeighted(router)) = migration.spec.traffic.router else { panic!() };
    assert_eq!(router.rule_arns, [RULE]);
    assert_eq!(router.ec2_target_group_arn, GROUP);
    assert_eq!(router.fargate_target_group_arn, TWIN);
}

#[test]
fn a_policy_instance_becomes_the_router() {
    let mut around = around();
    around.zones.clear();
    around.instances = vec![instance()];
    let (migration, ..) = drafted(&around);
    let Some(Router::Route53TrafficPolicy(router)) = migration.spec.traffic.router else {
        panic!()
    };
    assert_eq!((router.ec2_endpoint, router.fargate_endpoint), ("old".into(), "new".into()));
    assert_eq!(router.instances[0].id, "8f2a4c66-1d3b");
}

#[test]
fn of_several_routers_none_is_taken_and_all_are_shown() {
    let mut around = around();
    around.rules = vec![rule(&[GROUP, TWIN])];
    let (migration, text, remarks) = drafted(&around);
    let Some(Router::Route53Weighted(router)) = migration.spec.traffic.router else { panic!() };
    assert_eq!(router.hosted_zone_id, "REPLACE-ME");
    for shown in ["#   hostedZoneId: Z1", TWIN, "#   type: albWeighted"] {
        assert!(text.contains(shown), "{shown} is not in\n{text}");
    }
    assert!(remarks[0].contains("Several things"), "{remarks:?}");
}

#[test]
fn what_does_not_split_yet_is_said_and_not_taken() {
    let mut around = around();
    around.rules = vec![rule(&[GROUP])];
    around.zones[0].1 =
        vec![RecordSet { routing: Routing::Simple, set_identifier: None, ..weighted("ec2", DNS) }];
    let (_, _, remarks) = drafted(&around);
    assert!(remarks.iter().any(|it| it.contains("forwards to api-ec2 alone")), "{remarks:?}");
    assert!(remarks.iter().any(|it| it.contains("is not weighted")), "{remarks:?}");
}

#[test]
fn three_weighted_records_leave_the_twin_open() {
    let mut around = around();
    around.zones[0].1.push(weighted("canary", "c.elb.amazonaws.com"));
    let (_, _, remarks) = drafted(&around);
    assert!(remarks.iter().any(|it| it.contains("which is the twin's")), "{remarks:?}");
}

#[test]
fn thresholds_come_from_the_week_and_bounds_from_the_target() {
    let (migration, text, _) = drafted(&around());
    assert!(text.contains("latency: {threshold: 200ms, objective: 99%}"), "{text}");
    // 2 of 6,000 fail: 99.9 % leaves 6, and twice 2 fits.
    assert!(text.contains("availability: {objective: 99.9%}"), "{text}");
    let bounds = migration.spec.scaling.bounds.unwrap();
    assert_eq!((bounds.min, bounds.max), (10, 600));
}

#[test]
fn without_a_week_the_numbers_are_to_be_written() {
    let nothing = Around { week: None, scaling: None, ..around() };
    let (_, text, remarks) = drafted(&nothing);
    assert!(text.contains("write how slow a request may be"), "{text}");
    assert_eq!(remarks.len(), 2, "{remarks:?}");
}

#[test]
fn a_service_behind_nothing_is_taken_for_a_worker() {
    let mut around = Around { group: None, balancers: Vec::new(), zones: Vec::new(), ..around() };
    around.service.registrations.clear();
    let (migration, _, remarks) = drafted(&around);
    assert!(matches!(migration.spec.workload, Workload::QueueWorker(_)));
    assert!(migration.spec.traffic.router.is_none());
    assert!(remarks[0].contains("queue"), "{remarks:?}");
}

#[test]
fn what_was_not_read_is_said() {
    let unread = Unread {
        operation: "route53:ListHostedZones".to_owned(),
        gap: Gap::Denied,
        message: "not authorized".to_owned(),
    };
    let (_, _, remarks) = drafted(&Around { unread: vec![unread], ..around() });
    assert_eq!(remarks, ["route53:ListHostedZones was not read: not authorized"]);
}

prop_compose! {
    fn some_record()(
        name in prop_oneof!["[a-z*_.\\\\0-9-]{0,20}", "[a-z]{1,9}\\.example\\.com\\.?", ".{0,12}"],
        kind in prop_oneof![Just("A"), Just("AAAA"), Just("CNAME"), Just("TXT")],
        identifier in proptest::option::of(".{0,9}"),
        weight in proptest::option::of(0_u32..=255),
        ours in any::<bool>(),
    ) -> RecordSet {
        RecordSet {
            name,
            record_type: kind.to_owned(),
            set_identifier: identifier,
            routing: weight.map_or(Routing::Simple, Routing::Weighted),
            ..weighted("", if ours { DNS } else { "b.elb.amazonaws.com" })
        }
    }
}

prop_compose! {
    fn some_minute()(
        minute in any::<i32>(),
        requests in proptest::option::of(0_u64..1 << 40),
        errors in proptest::option::of(0_u64..1 << 40),
        p99_ms in proptest::option::of(any::<f64>()),
    ) -> WeekMinute {
        WeekMinute { minute: minute.into(), requests, errors, p99_ms, cpu_percent: None }
    }
}

fn some_twin() -> impl proptest::strategy::Strategy<Value = Twin> {
    prop_oneof![
        "[A-Za-z0-9_-]{1,30}".prop_map(|it| Twin::Named(format!("{it}-twin"))),
        "[A-Za-z0-9_-]{1,30}".prop_map(|it| Twin::Found(format!("{it}-twin"))),
        proptest::collection::vec("[A-Za-z0-9_-]{1,30}", 0..3).prop_map(Twin::Unknown),
    ]
}

proptest! {
    /// Whatever AWS holds, the draft is a migration.
    #[test]
    fn what_is_drafted_validates(
        (cluster, name) in ("[A-Za-z0-9_-]{1,255}", "[A-Za-z0-9_-]{1,255}"),
        twin in some_twin(),
        records in proptest::collection::vec(some_record(), 0..6),
        zone_id in "[A-Z0-9]{1,14}",
        forwards in proptest::collection::vec(prop_oneof![Just(GROUP), Just(TWIN), Just(RULE)], 0..4),
        has_group in any::<bool>(),
        has_instance in any::<bool>(),
        minutes in proptest::option::of(proptest::collection::vec(some_minute(), 0..9)),
        bounds in proptest::option::of((0_u32..1_000, 0_u32..1_000)),
    ) {
        let mut it = around();
        it.cluster = cluster;
        it.service = service(&name);
        it.twin = twin;
        it.zones = vec![(HostedZone { id: zone_id, ..zone() }, records)];
        // AWS lists a group of a rule once.
        let mut groups = forwards;
        groups.sort_unstable();
        groups.dedup();
        groups.retain(|group| *group != RULE);
        it.rules = vec![rule(&groups)];
        it.instances = has_instance.then(instance).into_iter().collect();
        if !has_group {
            it.service.registrations.clear();
            it.group = None;
        }
        it.week = minutes.map(|minutes| Week { minutes, ..Week::default() });
        it.scaling = it.scaling.take().zip(bounds).map(|(target, (min, max))| {
            ScalableTarget { bounds: Bounds { min, max }, ..target }
        });
        let text = draft(&it).text;
        let problems = manifest::read("draft.yaml", &text).err();
        prop_assert!(problems.is_none(), "{:?}\n{text}", problems);
    }
}
