//! What the adapters read is what boto3 put.

use std::sync::Arc;

use cloud::{Cloud, ErrorKind, EventRuleId, Inventory, Resource, Shift, TargetGroup};
use model::inventory::{
    Alias, Controller, EventTarget, Forward, Launch, Network, PolicyKind, RecordSet, Routing,
    Scheduling, StartedTasks,
};
use model::observation::{Bounds, Deployment, Suspension, Targets};
use model::route::{Propagation, Route, Routes, ServiceId, WeightPair};
use model::spec::Aws;
use model::{Side, Span};

use crate::server::{Server, block_on, connect};

/// The adapters before moto.
struct World {
    server: Server,
    cloud: Cloud,
    inventory: Arc<dyn Inventory>,
    account: Arc<Aws>,
}

impl World {
    fn new() -> Self {
        let server = Server::start("whole");
        let account = server.account();
        let (cloud, inventory, _) = block_on(connect(&server.url(), &account.region));
        Self { server, cloud, inventory, account }
    }

    fn of(&self, what: &str, side: Side) -> String {
        self.server.text(&format!("/{what}/{}", side.name()))
    }

    fn resource(&self, arn: impl Into<String>) -> Resource {
        Resource { account: Arc::clone(&self.account), arn: arn.into() }
    }

    fn id(&self, service: &str) -> ServiceId {
        let (account, service) = (Arc::clone(&self.account), service.to_owned());
        ServiceId { account, cluster: "prd".to_owned(), service }
    }

    fn group(&self, side: Side) -> TargetGroup {
        TargetGroup { account: Arc::clone(&self.account), arn: self.of("groups", side) }
    }

    fn event_rule(&self, name: &str) -> EventRuleId {
        let (account, bus) = (Arc::clone(&self.account), "default".to_owned());
        EventRuleId { account, bus, name: name.to_owned() }
    }

    fn network(&self) -> Network {
        Network {
            subnets: self.server.texts("/subnets"),
            security_groups: vec![self.server.text("/securityGroup")],
            public_ip: false,
        }
    }

    fn weights(&self) -> WeightPair {
        let [ec2, fargate] = Side::ALL.map(|side| self.server.number(&weight(side)));
        WeightPair { ec2, fargate }
    }

    /// The pair of records of a type, and the pair in the rule.
    fn record(&self, record_type: &str) -> Route {
        let set = |side: Side| self.server.text(&format!("/sets/{record_type}/{}", side.name()));
        Route::Route53Record {
            zone: self.server.text("/zone"),
            name: "api.example.com".to_owned(),
            record_type: record_type.to_owned(),
            ec2_set: set(Side::Ec2),
            fargate_set: set(Side::Fargate),
        }
    }

    fn rule(&self) -> Route {
        Route::AlbRule {
            rule: self.server.text("/rule"),
            ec2_group: self.of("groups", Side::Ec2),
            fargate_group: self.of("groups", Side::Fargate),
        }
    }
}

fn weight(side: Side) -> String {
    format!("/weights/{}", side.name())
}

#[test]
fn what_boto3_put_is_what_the_adapters_read() {
    let mut world = World::new();
    block_on(async {
        services(&world).await;
        service_names(&world).await;
        task_definitions(&world).await;
        groups(&world).await;
        balancer(&world).await;
        rules(&world).await;
        records(&world).await;
        scaling(&world).await;
        event_rules(&world).await;
        another_account(&world).await;
        without_cbor(&world).await;
        what_moves(&world).await;
        moved(&mut world).await;
    });
}

async fn services(world: &World) {
    let mut ids = vec![world.id("api"), world.id("nobody"), world.id("api-fargate")];
    // AWS takes ten a call; moto would take more and say nothing.
    ids.extend(world.server.texts("/others").iter().map(|name| world.id(name)));
    let found = world.inventory.services(&ids).await;
    let (ec2, fargate) = (found[0].as_ref().unwrap(), found[2].as_ref().unwrap());
    assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    assert!(found[3..].iter().all(|service| service.as_ref().unwrap().desired == 1));
    for (side, service) in [(Side::Ec2, ec2), (Side::Fargate, fargate)] {
        let put = |what: &str| format!("/services/{}/{what}", side.name());
        assert_eq!(service.name, world.server.text(&put("name")));
        assert_eq!(service.desired, world.server.number(&put("desired")));
        assert_eq!(service.status, "ACTIVE");
        assert_eq!(
            (service.scheduling, service.controller),
            (Scheduling::Replica, Controller::Ecs)
        );
        assert_eq!(service.task_definition, world.of("definitions", side));
        let [registration] = &service.registrations[..] else { panic!("{service:?}") };
        assert_eq!(registration.target_group.as_ref(), Some(&world.of("groups", side)));
        assert_eq!((registration.container.as_str(), registration.port), ("app", 3000));
    }
    assert_eq!((&ec2.launch, &fargate.launch), (&Launch::Ec2, &Launch::Fargate));
    assert_eq!((ec2.network.clone(), fargate.network.clone()), (None, Some(world.network())));
}

async fn service_names(world: &World) {
    let names = async |scheduling| {
        world.inventory.service_names(&world.account, "prd", scheduling).await.unwrap()
    };
    let mut all = world.server.texts("/others");
    all.extend(["api", "api-fargate"].map(str::to_owned));
    all.sort();
    assert_eq!(names(Some(Scheduling::Replica)).await, all);
    assert_eq!(names(Some(Scheduling::Daemon)).await, ["agent"]);
    all.push("agent".to_owned());
    all.sort();
    assert_eq!(names(None).await, all);
    let nowhere = world.inventory.service_names(&world.account, "nowhere", None).await;
    assert_eq!(nowhere.unwrap_err().kind, ErrorKind::NotFound);
}

async fn task_definitions(world: &World) {
    let gone = world.resource(world.of("definitions", Side::Ec2).replace("api-ec2", "gone"));
    let found = world.inventory.task_definitions(&[gone]).await.remove(0);
    assert_eq!(found.unwrap_err().kind, ErrorKind::NotFound);
    let ids = Side::ALL.map(|side| world.resource(world.of("definitions", side)));
    let found = world.inventory.task_definitions(&ids).await;
    for (side, found) in Side::ALL.into_iter().zip(found) {
        let task = found.unwrap();
        assert_eq!(task.arn, world.of("definitions", side));
        let mode = if side == Side::Ec2 { "bridge" } else { "awsvpc" };
        assert_eq!(task.network_mode.as_deref(), Some(mode));
        assert_eq!((task.cpu, task.memory), (Some(1024), Some(2048)));
        assert_eq!(task.task_role.as_deref(), Some("arn:aws:iam::123456789012:role/api"));
        let execution = "arn:aws:iam::123456789012:role/api-execution";
        assert_eq!(task.execution_role.as_deref(), Some(execution));
        let [app, agent] = &task.containers[..] else { panic!("{task:?}") };
        assert_eq!((app.name.as_str(), &app.image), ("app", &world.of("images", side)));
        assert_eq!((app.cpu, app.memory, app.essential), (900, Some(1500), true));
        assert_eq!(app.environment["PLATFORM"], side.name());
        assert_eq!(app.log_driver.as_deref(), Some("awslogs"));
        assert_eq!(app.log_options["awslogs-group"], "/ecs/api");
        assert_eq!((agent.essential, agent.memory), (false, Some(256)));
    }
}

async fn groups(world: &World) {
    let ids = Side::ALL.map(|side| world.resource(world.of("groups", side)));
    let gone = world.resource(world.of("groups", Side::Ec2).replace("api-ec2", "gone"));
    let all = [ids[0].clone(), gone, ids[1].clone()];
    let found = world.inventory.target_groups(&all).await;
    assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    for (side, found) in [(Side::Ec2, &found[0]), (Side::Fargate, &found[2])] {
        let group = found.as_ref().unwrap();
        assert_eq!(group.arn, world.of("groups", side));
        assert_eq!(group.target_type, world.of("targetTypes", side));
        assert_eq!(group.protocol.as_deref(), Some("HTTP"));
        let check = &group.health_check;
        assert_eq!(check.path.as_deref(), Some("/healthz"));
        assert_eq!(check.matcher.as_deref(), Some("200-204"));
        let seconds = |seconds| Some(Span::from_secs(seconds));
        assert_eq!((check.interval, check.timeout), (seconds(15), seconds(4)));
        assert_eq!((check.healthy, check.unhealthy), (Some(2), Some(3)));
        assert_eq!(group.balancers, [world.server.text("/balancer")]);
        assert_eq!(group.seconds("deregistration_delay.timeout_seconds"), seconds(45));
        assert!(!group.is_sticky());
    }
}

async fn balancer(world: &World) {
    let id = world.resource(world.server.text("/balancer"));
    let found = world.inventory.balancers(&[id]).await.remove(0).unwrap();
    assert_eq!(found.kind, "application");
    assert_eq!(found.dns_name, world.server.text("/dnsName"));
    assert_eq!(found.scheme.as_deref(), Some("internet-facing"));
    let mut zones = found.zones.clone();
    zones.sort();
    assert_eq!(zones, world.server.texts("/zones"));
    assert_eq!(found.security_groups, [world.server.text("/securityGroup")]);
    assert_eq!(found.attributes["idle_timeout.timeout_seconds"], "75");
}

async fn rules(world: &World) {
    let arn = world.server.text("/rule");
    let forwards: Vec<Forward> = Side::ALL
        .map(|side| Forward {
            group: world.of("groups", side),
            weight: world.server.number(&weight(side)),
        })
        .into();
    let gone = arn.replace("listener-rule/app/api", "listener-rule/app/gone");
    let found = world.inventory.rules(&[world.resource(gone), world.resource(&arn)]).await;
    assert_eq!(found[0].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    let rule = found[1].as_ref().unwrap();
    assert_eq!((&rule.arn, rule.is_default), (&arn, false));
    assert_eq!((&rule.forwards, rule.stickiness), (&forwards, None));
    let balancer = world.resource(world.server.text("/balancer"));
    let all = world.inventory.rules_of(&balancer).await.unwrap();
    assert_eq!(all.iter().filter(|it| it.is_default).count(), 1, "{all:?}");
    assert!(all.contains(rule), "{all:?}");
    let default = all.iter().find(|it| it.is_default).unwrap();
    assert_eq!(default.other_actions, ["fixed-response"]);
}

async fn records(world: &World) {
    let zones = world.inventory.zones(&world.account).await.unwrap();
    let zone = world.server.text("/zone");
    assert_eq!(zones.len(), 1);
    assert_eq!((&zones[0].id, zones[0].name.as_str()), (&zone, "example.com."));
    let mut found = world.inventory.records(&world.account, &zone).await.unwrap();
    // A zone's own records are there as well, as in AWS.
    found.retain(|record| !["NS", "SOA"].contains(&record.record_type.as_str()));
    let of_hosts = found.extract_if(.., |record| record.record_type == "TXT");
    let hosts: Vec<(String, Vec<String>)> =
        of_hosts.map(|record| (record.name, record.values)).collect();
    let host = |number| (format!("h{number:03}.example.com."), vec![format!("\"{number}\"")]);
    let expected: Vec<_> = (0..world.server.number("/hosts")).map(host).collect();
    assert_eq!(hosts, expected, "on two pages");
    let weighted = |record_type: &str, side: Side| RecordSet {
        name: "api.example.com.".to_owned(),
        record_type: record_type.to_owned(),
        set_identifier: Some(world.server.text(&format!("/sets/{record_type}/{}", side.name()))),
        routing: Routing::Weighted(world.server.number(&weight(side))),
        ttl: None,
        alias: Some(Alias {
            dns_name: format!("{}.{}", side.name(), world.server.text("/dnsName")),
            evaluate_target_health: side == Side::Fargate,
        }),
        values: Vec::new(),
        health_check: None,
        policy_instance: None,
    };
    let plain = RecordSet {
        name: "www.example.com.".to_owned(),
        record_type: "CNAME".to_owned(),
        set_identifier: None,
        routing: Routing::Simple,
        ttl: Some(Span::from_secs(60)),
        alias: None,
        values: vec!["api.example.com".to_owned()],
        health_check: None,
        policy_instance: None,
    };
    let mut expected: Vec<RecordSet> = ["A", "AAAA"]
        .into_iter()
        .flat_map(|record_type| Side::ALL.map(|side| weighted(record_type, side)))
        .collect();
    expected.push(plain);
    let by_name = |record: &RecordSet| (record.record_type.clone(), record.set_identifier.clone());
    found.sort_by_key(by_name);
    expected.sort_by_key(by_name);
    assert_eq!(found, expected);
    let nowhere = world.inventory.records(&world.account, "ZNOWHERE").await;
    assert_eq!(nowhere.unwrap_err().kind, ErrorKind::NotFound);
}

fn bounds(world: &World, what: &str) -> Bounds {
    let [min, max] = ["min", "max"].map(|end| world.server.number(&format!("/{what}/{end}")));
    Bounds { min, max }
}

async fn scaling(world: &World) {
    let ids = [world.id("api-fargate"), world.id("api")];
    let found = world.inventory.scalable_targets(&ids).await;
    assert_eq!(found[0], Ok(None));
    let target = found[1].as_ref().unwrap().as_ref().unwrap();
    assert_eq!(target.bounds, bounds(world, "bounds"));
    assert_eq!(target.suspended, Suspension::NONE);
    let [policy] = &target.policies[..] else { panic!("{target:?}") };
    let cooldown = Span::from_secs(world.server.number("/cooldown").into());
    assert_eq!(policy.name, "by-hand");
    assert_eq!(policy.kind, PolicyKind::Step { cooldown: Some(cooldown), adds: true });
    let [action] = &target.scheduled[..] else { panic!("{target:?}") };
    assert_eq!(action.name, "evening");
    assert_eq!(action.schedule, world.server.text("/scheduled/schedule"));
    let of_action = bounds(world, "scheduled");
    assert_eq!((action.min, action.max), (Some(of_action.min), Some(of_action.max)));
    // What the daemon reads of them. A schedule that recurs is none of its one-shot bounds.
    let found = world.cloud.scaling.scalable_targets(&ids).await;
    assert_eq!(found[0], Ok(None));
    let seen = found[1].as_ref().unwrap().as_ref().unwrap();
    assert_eq!((seen.bounds, seen.suspended), (bounds(world, "bounds"), Suspension::NONE));
    assert_eq!(seen.scheduled, []);
}

async fn event_rules(world: &World) {
    let ids = ["on-upload", "gone", "nightly"].map(|name| world.event_rule(name));
    let found = world.inventory.event_rules(&ids).await;
    let upload = found[0].as_ref().unwrap();
    assert_eq!((&upload.schedule, upload.is_enabled), (&None, true));
    assert_eq!(upload.pattern.as_deref(), Some("{\"source\":[\"aws.s3\"]}"));
    assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    let nightly = found[2].as_ref().unwrap();
    assert_eq!(nightly.arn, world.server.text("/eventRule"));
    assert_eq!(nightly.schedule, Some(world.server.text("/schedule")));
    assert_eq!((nightly.is_enabled, &nightly.managed_by), (false, &None));
    let names = world.inventory.event_rule_names(&world.account, "default").await.unwrap();
    let mut expected = world.server.texts("/hourly");
    expected.extend(["nightly", "on-upload"].map(str::to_owned));
    assert_eq!(names, expected, "on two pages");

    let found = world.inventory.event_targets(&[ids[2].clone(), ids[0].clone()]).await;
    let put = |member: &str| world.server.text(&format!("/target/{member}"));
    let expected = EventTarget {
        id: put("Id"),
        arn: put("Arn"),
        role: Some(put("RoleArn")),
        dead_letter: Some(put("DeadLetterConfig/Arn")),
        tasks: Some(StartedTasks {
            task_definition: world.of("definitions", Side::Ec2),
            count: world.server.number("/target/EcsParameters/TaskCount"),
            launch_type: Some("EC2".to_owned()),
            network: Some(world.network()),
            placement_strategy: vec!["binpack memory".to_owned()],
            ..StartedTasks::default()
        }),
    };
    assert_eq!(found, [Ok(vec![expected]), Ok(Vec::new())]);
}

/// `AssumeRole` leads into another account, which has a service of the same name.
async fn another_account(world: &World) {
    let role = Some(world.server.text("/role"));
    let elsewhere = Arc::new(Aws { assume_role_arn: role, ..Aws::clone(&world.account) });
    let there = ServiceId { account: elsewhere, ..world.id("api") };
    let found = world.inventory.services(&[world.id("api"), there]).await;
    let desired = found.iter().map(|service| service.as_ref().unwrap().desired);
    let put = ["/services/ec2/desired", "/elsewhereDesired"].map(|it| world.server.number(it));
    assert_eq!(desired.collect::<Vec<_>>(), put);
}

/// An answer that is no CBOR is told as what it is, and never taken for one without data.
async fn without_cbor(world: &World) {
    let found = world.inventory.scalable_targets(&[world.id("other-00")]).await.remove(0);
    let error = found.unwrap_err();
    assert_eq!(
        (error.kind, error.operation),
        (ErrorKind::Unreachable, "cloudwatch:DescribeAlarms")
    );
    assert!(error.message.contains("is not one that AWS gives"), "{}", error.message);
    let instances = world.inventory.policy_instances(&world.account).await;
    assert!(instances.is_err(), "moto has learnt Traffic Flow: {instances:?}");
}

/// What the daemon looks at in every tick.
async fn what_moves(world: &World) {
    let ids = ["api", "api-fargate"].map(|name| world.id(name));
    let found = world.cloud.services.services(&ids).await;
    for (side, found) in Side::ALL.into_iter().zip(found) {
        let service = found.unwrap();
        assert_eq!(
            service.desired,
            world.server.number(&format!("/services/{}/desired", side.name()))
        );
        assert_eq!(service.release, world.of("images", side));
        // moto starts no tasks and ends no deployment; AWS does both within minutes.
        assert_eq!((service.running, service.pending), (0, service.desired));
        assert!(matches!(service.deployment, Deployment::InProgress { .. }), "{service:?}");
    }
    let groups = Side::ALL.map(|side| world.group(side));
    let found = world.cloud.services.targets(&groups).await;
    for (side, found) in Side::ALL.into_iter().zip(found) {
        // In moto what is registered is healthy at once.
        let healthy = world.server.number(&format!("/targets/{}", side.name()));
        assert_eq!(found, Ok(Targets { healthy, ..Targets::default() }));
    }
    for route in [world.record("A"), world.record("AAAA"), world.rule()] {
        let key = route.key();
        let asked = Routes { account: Arc::clone(&world.account), routes: vec![route] };
        let split = world.cloud.router.observe(&[asked]).await.remove(0).unwrap();
        assert_eq!(split.weights, [(key, world.weights())].into());
        assert!(matches!(split.propagation, Propagation::InSync { .. }), "{split:?}");
    }
}

/// What the adapters write is what boto3 reads, and nothing else has changed.
async fn moved(world: &mut World) {
    let before = world.server.look();
    let to = WeightPair { ec2: 93, fargate: 7 };
    let names = vec![world.record("A"), world.record("AAAA")];
    for routes in [names, vec![world.rule()]] {
        let all = |pair| routes.iter().map(|route| (route.key(), pair)).collect();
        let shift = Shift {
            sticky: model::route::Sticky::new(),
            account: Arc::clone(&world.account),
            expected: all(world.weights()),
            weights: all(to),
            routes: routes.clone(),
            rollback: false,
        };
        let applied = world.cloud.router.set(&[shift]).await.remove(0).unwrap();
        assert!(applied.written);
    }
    let pair = serde_json::json!({"ec2": 93, "fargate": 7});
    let mut expected = before;
    expected["rule"] = pair;
    expected["records"] = serde_json::json!({
        "A ec2": 93, "A fargate": 7, "AAAA ec2-v6": 93, "AAAA fargate-v6": 7,
    });
    assert_eq!(world.server.look(), expected);
}
