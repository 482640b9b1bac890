//! A landscape in which nothing is wrong: the example of an API between two balancers.

use std::sync::Arc;

use manifest::Resource;
use model::inventory::{
    Alias, Balancer, Container, Controller, Deployment, EventRule, EventTarget, Forward,
    HealthCheck, Landscape, Launch, Network, PolicyInstance, PolicyKind, RecordSet, Registration,
    RouterView, Routing, Rule, RuleView, ScalableTarget, ScalingPolicy, Scheduling, Service,
    SideView, StartedTasks, Strategy, TargetGroup, TaskDefinition, Unread, Week, WeekMinute,
};
use model::observation::{Bounds, Gap, Suspension};
use model::spec::Migration;
use model::{PerSide, Side, Span, Time};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "ap-northeast-1";

/// What differs between the routers that a migration may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Records,
    Policy,
    Rule,
    Worker,
    Scheduled,
}

pub(crate) fn group_arn(side: Side) -> String {
    let (name, id) = match side {
        Side::Ec2 => ("api-ec2", "73e2d6bc24d8a067"),
        Side::Fargate => ("api-fargate", "ae1f5b9d2c3e4a01"),
    };
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/{id}")
}

pub(crate) fn rule_arn() -> String {
    format!(
        "arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener-rule/app/prd-api-ec2/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
    )
}

pub(crate) fn migration(name: &str, kind: Kind) -> Migration {
    let workload = match kind {
        Kind::Records | Kind::Policy | Kind::Rule => "{type: loadBalanced}".to_owned(),
        Kind::Worker => {
            "{type: queueWorker, queue: {name: jobs, ageMax: 5m}, concurrencyMax: 200}".to_owned()
        }
        Kind::Scheduled => "{type: scheduled, rules: [{name: nightly}]}".to_owned(),
    };
    let router = match kind {
        Kind::Records => "
    router:
      type: route53Weighted
      hostedZoneId: Z1
      records: [{name: api.example.com, type: A}, {name: api.example.com, type: AAAA}]
      ec2SetIdentifier: ec2
      fargateSetIdentifier: fargate"
            .to_owned(),
        Kind::Policy => "
    router: {type: route53TrafficPolicy, instances: [{id: i-1}], ec2Endpoint: ec2, fargateEndpoint: fargate}"
            .to_owned(),
        Kind::Rule => format!(
            "
    router: {{type: albWeighted, ruleArns: ['{}'], ec2TargetGroupArn: '{}', fargateTargetGroupArn: '{}'}}",
            rule_arn(),
            group_arn(Side::Ec2),
            group_arn(Side::Fargate)
        ),
        Kind::Worker | Kind::Scheduled => String::new(),
    };
    let (ec2, fargate, slos) = match kind {
        Kind::Scheduled => ("{cluster: prd}", "{cluster: prd}", ""),
        Kind::Worker => {
            ("{cluster: prd, service: api}", "{cluster: prd, service: api-fargate}", "")
        }
        Kind::Records | Kind::Policy | Kind::Rule => (
            "{cluster: prd, service: api}",
            "{cluster: prd, service: api-fargate}",
            "
  slos: [{name: latency, latency: {threshold: 300ms, objective: 99%}}]",
        ),
    };
    let text = format!(
        "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  aws: {{region: {REGION}}}
  ec2: {ec2}
  fargate: {fargate}
  workload: {workload}
  traffic:{router}
    rollout: {{steps: [25%, 50%, 75%, 100%]}}{slos}
"
    );
    let documents = manifest::read("base", &text).unwrap_or_else(|problems| panic!("{problems:?}"));
    match documents.into_iter().next().unwrap().resource {
        Resource::Migration(migration) => *migration,
        Resource::Settings(_) | Resource::World(_) => panic!("not a migration"),
    }
}

pub(crate) fn landscape(kind: Kind) -> Landscape {
    let has_services = kind != Kind::Scheduled;
    Landscape {
        migration: Arc::new(migration("tapple-api", kind)),
        sides: PerSide::from_fn(
            |side| if has_services { view(side, kind) } else { SideView::default() },
        ),
        router: router(kind),
        daemons: Some(Ok(Vec::new())),
        rules: if kind == Kind::Scheduled { vec![scheduled_rule()] } else { Vec::new() },
    }
}

/// A rule that starts a task on EC2 each night.
fn scheduled_rule() -> RuleView {
    let definition = task(Side::Ec2);
    let target = EventTarget {
        id: "report".to_owned(),
        arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prd"),
        role: Some(format!("arn:aws:iam::{ACCOUNT}:role/events")),
        dead_letter: Some(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:lost")),
        tasks: Some(StartedTasks {
            task_definition: definition.arn.clone(),
            count: 1,
            launch_type: Some("EC2".to_owned()),
            network: service(Side::Fargate, Kind::Records).network,
            ..StartedTasks::default()
        }),
    };
    RuleView {
        name: "nightly".to_owned(),
        bus: "default".to_owned(),
        rule: Ok(EventRule {
            arn: format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/nightly"),
            name: "nightly".to_owned(),
            schedule: Some("cron(0 3 * * ? *)".to_owned()),
            pattern: None,
            is_enabled: true,
            managed_by: None,
        }),
        targets: Some(Ok(vec![target])),
        task_definitions: [(definition.arn.clone(), Ok(definition))].into(),
    }
}

fn view(side: Side, kind: Kind) -> SideView {
    let is_behind = kind != Kind::Worker;
    SideView {
        service: Some(Ok(service(side, kind))),
        task_definition: Some(Ok(task(side))),
        group: is_behind.then(|| Ok(group(side, kind))),
        balancers: if is_behind { vec![Ok(balancer(side, kind))] } else { Vec::new() },
        scaling: Some(Ok(Some(scaling(side, kind)))),
        week: is_behind.then(|| Ok(week())),
    }
}

pub(crate) fn service(side: Side, kind: Kind) -> Service {
    let name = match side {
        Side::Ec2 => "api",
        Side::Fargate => "api-fargate",
    };
    Service {
        arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/prd/{name}"),
        name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        launch: match side {
            Side::Ec2 => Launch::Ec2,
            Side::Fargate => Launch::Fargate,
        },
        scheduling: Scheduling::Replica,
        controller: Controller::Ecs,
        deployment: Deployment {
            strategy: Strategy::Rolling,
            minimum_healthy_percent: Some(100),
            maximum_percent: Some(200),
            circuit_breaker: true,
            circuit_breaker_rolls_back: true,
        },
        desired: 100,
        running: 100,
        pending: 0,
        deployments: 1,
        grace: Some(Span::from_secs(120)),
        registrations: if kind == Kind::Worker {
            Vec::new()
        } else {
            vec![Registration {
                target_group: Some(group_arn(side)),
                classic: None,
                container: "app".to_owned(),
                port: 3000,
                production_rule: None,
            }]
        },
        registries: Vec::new(),
        network: match side {
            Side::Ec2 => None,
            Side::Fargate => Some(Network {
                subnets: vec!["subnet-a".to_owned(), "subnet-b".to_owned()],
                security_groups: vec!["sg-1".to_owned()],
                public_ip: false,
            }),
        },
        task_definition: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{name}:7"),
        platform_version: match side {
            Side::Ec2 => None,
            Side::Fargate => Some("LATEST".to_owned()),
        },
        events: Vec::new(),
    }
}

fn task(side: Side) -> TaskDefinition {
    let role = |name: &str| Some(format!("arn:aws:iam::{ACCOUNT}:role/{name}"));
    TaskDefinition {
        arn: service(side, Kind::Records).task_definition,
        network_mode: Some(
            match side {
                Side::Ec2 => "bridge",
                Side::Fargate => "awsvpc",
            }
            .to_owned(),
        ),
        cpu: Some(1024),
        memory: Some(2048),
        task_role: role("api"),
        execution_role: role("api-execution"),
        ephemeral_gib: Some(40),
        containers: vec![Container {
            name: "app".to_owned(),
            image: format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/api:v41"),
            essential: true,
            cpu: 900,
            memory: Some(1500),
            log_driver: Some("awslogs".to_owned()),
            log_options: [("awslogs-group", "/ecs/api"), ("awslogs-stream-prefix", "api")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Container::default()
        }],
        ..TaskDefinition::default()
    }
}

fn balancer_arn(side: Side, kind: Kind) -> String {
    // Behind one rule both groups have one balancer.
    let side = if kind == Kind::Rule { Side::Ec2 } else { side };
    let (name, id) = match side {
        Side::Ec2 => ("prd-api-ec2", "50dc6c495c0c9188"),
        Side::Fargate => ("prd-api-fargate", "60dc6c495c0c9189"),
    };
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/{name}/{id}")
}

fn group(side: Side, kind: Kind) -> TargetGroup {
    TargetGroup {
        arn: group_arn(side),
        target_type: match side {
            Side::Ec2 => "instance",
            Side::Fargate => "ip",
        }
        .to_owned(),
        protocol: Some("HTTP".to_owned()),
        health_check: HealthCheck {
            path: Some("/healthz".to_owned()),
            matcher: Some("200".to_owned()),
            interval: Some(Span::from_secs(10)),
            timeout: Some(Span::from_secs(5)),
            healthy: Some(2),
            unhealthy: Some(3),
        },
        balancers: vec![balancer_arn(side, kind)],
        attributes: [
            ("deregistration_delay.timeout_seconds", "30"),
            ("stickiness.enabled", "false"),
            ("load_balancing.algorithm.type", "least_outstanding_requests"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
    }
}

pub(crate) fn dns_name(side: Side) -> &'static str {
    match side {
        Side::Ec2 => "prd-api-ec2-1.ap-northeast-1.elb.amazonaws.com",
        Side::Fargate => "prd-api-fargate-1.ap-northeast-1.elb.amazonaws.com",
    }
}

fn balancer(side: Side, kind: Kind) -> Balancer {
    let side = if kind == Kind::Rule { Side::Ec2 } else { side };
    Balancer {
        arn: balancer_arn(side, kind),
        kind: "application".to_owned(),
        dns_name: dns_name(side).to_owned(),
        scheme: Some("internet-facing".to_owned()),
        state: Some("active".to_owned()),
        zones: vec!["ap-northeast-1a".to_owned(), "ap-northeast-1c".to_owned()],
        security_groups: vec!["sg-0".to_owned()],
        attributes: [("idle_timeout.timeout_seconds", "60"), ("access_logs.s3.enabled", "true")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
    }
}

fn scaling(side: Side, kind: Kind) -> ScalableTarget {
    let is_pinned = kind == Kind::Worker && side == Side::Fargate;
    ScalableTarget {
        bounds: if is_pinned { Bounds { min: 20, max: 20 } } else { Bounds { min: 10, max: 150 } },
        suspended: Suspension::NONE,
        policies: vec![ScalingPolicy {
            name: "cpu".to_owned(),
            kind: PolicyKind::TargetTracking {
                metric: "ECSServiceAverageCPUUtilization".to_owned(),
                target: 55.0,
                scale_in_disabled: false,
            },
            alarms: Vec::new(),
        }],
        scheduled: Vec::new(),
    }
}

fn week() -> Week {
    let minute = |at: i64| WeekMinute {
        minute: at,
        requests: Some(6_000),
        errors: Some(1),
        p99_ms: Some(180.0),
        cpu_percent: Some(48.0),
    };
    Week {
        from: Some(Time::from_minute(0)),
        until: Some(Time::from_minute(7 * 1_440)),
        minutes: (0..7 * 1_440).map(minute).collect(),
    }
}

fn router(kind: Kind) -> RouterView {
    match kind {
        Kind::Records => RouterView::Records(Ok(["A", "AAAA"]
            .into_iter()
            .flat_map(|record_type| {
                Side::ALL
                    .map(|side| record(record_type, side, if side == Side::Ec2 { 100 } else { 0 }))
            })
            .collect())),
        Kind::Policy => RouterView::Policies(Ok(vec![instance()])),
        Kind::Rule => RouterView::Rules(vec![(
            rule_arn(),
            Ok(Rule {
                arn: rule_arn(),
                is_default: false,
                forwards: vec![
                    Forward { group: group_arn(Side::Ec2), weight: 100 },
                    Forward { group: group_arn(Side::Fargate), weight: 0 },
                ],
                stickiness: None,
                other_actions: Vec::new(),
            }),
        )]),
        Kind::Worker | Kind::Scheduled => RouterView::None,
    }
}

pub(crate) fn record(record_type: &str, side: Side, weight: u32) -> RecordSet {
    RecordSet {
        name: "api.example.com.".to_owned(),
        record_type: record_type.to_owned(),
        set_identifier: Some(side.name().to_owned()),
        routing: Routing::Weighted(weight),
        ttl: None,
        alias: Some(Alias {
            dns_name: format!("dualstack.{}.", dns_name(side)),
            evaluate_target_health: true,
        }),
        values: Vec::new(),
        health_check: None,
        policy_instance: None,
    }
}

pub(crate) fn document(rule: &str) -> String {
    format!(
        r#"{{"AWSPolicyFormatVersion":"2015-10-01","RecordType":"A","StartRule":"split",
"Endpoints":{{"ec2":{{"Type":"application-load-balancer","Value":"{}"}},
"fargate":{{"Type":"application-load-balancer","Value":"{}"}}}},
"Rules":{{"split":{{"RuleType":"weighted","Items":[{rule}]}}}}}}"#,
        dns_name(Side::Ec2),
        dns_name(Side::Fargate)
    )
}

pub(crate) const SPLIT: &str = r#"{"EndpointReference":"ec2","Weight":"100","EvaluateTargetHealth":"true"},
{"EndpointReference":"fargate","Weight":"0","EvaluateTargetHealth":"true"}"#;

fn instance() -> PolicyInstance {
    PolicyInstance {
        id: "i-1".to_owned(),
        zone: "Z1".to_owned(),
        name: "api.example.com.".to_owned(),
        record_type: "A".to_owned(),
        policy: "p-1".to_owned(),
        version: 3,
        ttl: Span::from_secs(60),
        state: "Applied".to_owned(),
        message: String::new(),
        document: Ok(document(SPLIT)),
    }
}

pub(crate) fn unread(operation: &str, gap: Gap, message: &str) -> Unread {
    Unread { operation: operation.to_owned(), gap, message: message.to_owned() }
}
