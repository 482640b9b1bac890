//! What is printed for each router, and what parsers say of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files must fail")]

use std::collections::BTreeSet;
use std::sync::Arc;

use hcl::{Body, Expression};
use iac::{Thing, cdk, cloudformation, held, terraform};
use manifest::Resource;
use model::spec::Migration;

fn example(name: &str) -> Arc<Migration> {
    let path = format!("{}/../../config/examples/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    read(&std::fs::read_to_string(path).unwrap())
}

fn read(text: &str) -> Arc<Migration> {
    let documents = manifest::read("example.yaml", text).unwrap();
    let migrations = documents.into_iter().find_map(|document| match document.resource {
        Resource::Migration(migration) => Some(*migration),
        Resource::Settings(_) | Resource::World(_) => None,
    });
    Arc::new(migrations.unwrap())
}

/// A migration that asks for everything, its balancer in another account and a listener among its
/// rules.
fn asks_for_all() -> Arc<Migration> {
    read(
        "apiVersion: ferry/v1
kind: Migration
metadata: {name: 2048-all}
spec:
  mode: act
  aws: {region: eu-west-1}
  ec2: {cluster: prd, service: web}
  fargate:
    cluster: prd
    service: web-fargate
    releases: follow
    provision:
      taskDefinition: {translate: ec2}
      network: {subnets: [subnet-a], securityGroups: [sg-1]}
      loadBalancer: {listenerArns: ['arn:aws:elasticloadbalancing:eu-west-1:222222222222:listener/app/web/4/5'], containerName: app, containerPort: 3000}
  workload: {type: loadBalanced}
  traffic:
    router:
      type: albWeighted
      aws: {assumeRoleArn: 'arn:aws:iam::222222222222:role/balancers'}
      ruleArns:
        - arn:aws:elasticloadbalancing:eu-west-1:222222222222:listener-rule/app/web/4/5/6
        - arn:aws:elasticloadbalancing:eu-west-1:222222222222:listener/app/web/4/5
      ec2TargetGroupArn: arn:aws:elasticloadbalancing:eu-west-1:222222222222:targetgroup/web/7
      fargateTargetGroupArn: arn:aws:elasticloadbalancing:eu-west-1:222222222222:targetgroup/web/8
    rollout: {}
  slos: [{name: latency, latency: {threshold: 300ms, objective: 99%}}]
  scaling: {mode: apply, bounds: {min: 1, max: 9, changeMax: 30%}}
",
    )
}

/// A migration of scheduled tasks.
fn scheduled() -> Arc<Migration> {
    read(
        "apiVersion: ferry/v1
kind: Migration
metadata: {name: nightly}
spec:
  aws: {region: eu-west-1}
  ec2: {cluster: prd}
  fargate: {cluster: prd}
  workload: {type: scheduled, rules: [{name: report}, {name: bills, bus: money}]}
  traffic: {rollout: {}}
",
    )
}

fn every() -> Vec<(&'static str, Arc<Migration>)> {
    vec![
        ("records", example("tapple-api")),
        ("rules", example("tapple-api-alb")),
        ("instances", example("tapple-api-traffic-flow")),
        ("all", asks_for_all()),
        ("scheduled", scheduled()),
    ]
}

/// The attribute names that Terraform ignores of each resource, by its type.
fn ignored(text: &str) -> Vec<(String, Vec<String>)> {
    let body: Body = hcl::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let blocks = body.blocks().filter(|block| block.identifier() == "resource");
    let of_block = |block: &hcl::Block| {
        let lifecycle = block.body().blocks().find(|it| it.identifier() == "lifecycle").unwrap();
        let ignored = lifecycle.body().attributes().find(|it| it.key() == "ignore_changes");
        let Expression::Array(names) = ignored.unwrap().expr() else { panic!("{lifecycle:?}") };
        let names = names.iter().map(|name| {
            let is_name = matches!(name, Expression::Variable(_) | Expression::Traversal(_));
            assert!(is_name, "{name:?} names no attribute");
            hcl::format::to_string(name).unwrap()
        });
        (block.labels()[0].as_str().to_owned(), names.collect())
    };
    blocks.map(of_block).collect()
}

#[test]
fn each_router_is_left_to_ferry_in_each_language() {
    for (name, migration) in every() {
        let migrations = [migration];
        insta::assert_snapshot!(format!("{name}.tf"), terraform(&migrations));
        insta::assert_snapshot!(format!("{name}.cfn"), cloudformation(&migrations));
        insta::assert_snapshot!(format!("{name}.cdk"), cdk(&migrations));
    }
}

#[test]
fn terraform_ignores_what_ferry_writes_and_nothing_else() {
    let of = |migration| ignored(&terraform(&[migration]));
    let pairs = |pairs: &[(&str, &[&str])]| -> Vec<(String, Vec<String>)> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(kind, names)| ((*kind).to_owned(), owned(names))).collect()
    };
    let service: (&str, &[&str]) = ("aws_ecs_service", &["desired_count"]);
    let target: (&str, &[&str]) = ("aws_appautoscaling_target", &["min_capacity"]);
    let record: (&str, &[&str]) = ("aws_route53_record", &["weighted_routing_policy[0].weight"]);
    assert_eq!(
        of(example("tapple-api")),
        pairs(&[service, target, service, target, record, record])
    );
    let rule: (&str, &[&str]) = ("aws_lb_listener_rule", &["action"]);
    assert_eq!(of(example("tapple-api-alb")), pairs(&[service, target, service, target, rule]));
    let instance: (&str, &[&str]) =
        ("aws_route53_traffic_policy_instance", &["traffic_policy_version"]);
    let policy: (&str, &[&str]) = ("aws_route53_traffic_policy", &["comment", "document"]);
    assert_eq!(
        of(example("tapple-api-traffic-flow")),
        pairs(&[service, target, service, target, instance, instance, policy])
    );
    let task: (&str, &[&str]) = ("aws_cloudwatch_event_target", &["ecs_target"]);
    assert_eq!(of(scheduled()), pairs(&[task, task]));
    let kinds: BTreeSet<String> = of(asks_for_all()).into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains("aws_appautoscaling_policy") && kinds.contains("aws_lb_listener"));
}

#[test]
fn what_ferry_made_is_imported_by_its_id_and_nothing_else_is() {
    let imports = |migration| -> Vec<(String, String)> {
        let body: Body = hcl::parse(&terraform(&[migration])).unwrap();
        let blocks = body.blocks().filter(|block| block.identifier() == "import");
        let value = |block: &hcl::Block, key: &str| {
            let found = block.body().attributes().find(|it| it.key() == key).unwrap();
            hcl::format::to_string(found.expr()).unwrap()
        };
        blocks.map(|block| (value(block, "to"), value(block, "id"))).collect()
    };
    let made = ("aws_ecs_service._2048_all_fargate_service", "\"prd/web-fargate\"");
    assert_eq!(imports(asks_for_all()), [(made.0.to_owned(), made.1.to_owned())]);
    for name in ["tapple-api", "tapple-api-alb", "tapple-api-traffic-flow"] {
        assert_eq!(imports(example(name)), []);
    }
}

#[test]
fn a_stack_policy_denies_every_resource_of_the_fragment_and_allows_the_rest() {
    let migrations: Vec<_> = every().into_iter().map(|(_, migration)| migration).collect();
    let text = cloudformation(&migrations);
    let (fragment, policy) = text.split_once("\n---\n").unwrap();
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements[0]["Effect"], "Allow");
    let denied = statements[1..].iter().flat_map(|it| {
        assert_eq!(it["Effect"], "Deny");
        it["Resource"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned())
    });
    let denied: Vec<String> = denied.collect();
    let ids = fragment.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let ids = ids.filter(|line| !line.starts_with("  #"));
    let ids: BTreeSet<String> = ids
        .map(|line| format!("LogicalResourceId/{}", line.trim().split(':').next().unwrap()))
        .collect();
    assert_eq!(denied.iter().cloned().collect::<BTreeSet<_>>(), ids);
    let things: usize = migrations.iter().map(|it| held(it).len()).sum();
    assert_eq!((denied.len(), ids.len()), (things, things), "each once");
}

/// Releases of EC2's service go through its stack.
#[test]
fn a_stack_may_still_deploy_releases_where_ferry_does_not() {
    let text = cloudformation(&[asks_for_all()]);
    let (_, policy) = text.split_once("\n---\n").unwrap();
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let denied = |id: &str| {
        let id = serde_json::Value::from(format!("LogicalResourceId/{id}"));
        let statements = policy["Statement"].as_array().unwrap().iter();
        let of = |it: &&serde_json::Value| {
            it["Resource"].as_array().is_some_and(|all| all.contains(&id))
        };
        statements.filter(of).map(|it| it["Action"].clone()).next().unwrap()
    };
    let both = serde_json::json!(["Update:Replace", "Update:Delete"]);
    assert_eq!(denied("2048AllEc2Service"), both);
    assert_eq!(denied("2048AllFargateService"), serde_json::json!(["Update:*"]));
}

#[test]
fn text_of_files_stays_within_its_quotes_and_comments() {
    let mut migration = Arc::unwrap_or_clone(asks_for_all());
    migration.spec.fargate.service = Some("a\"\n}${x} */\nresource \"b\" \"c\" {".to_owned());
    let migrations = [Arc::new(migration)];
    let all = ignored(&terraform(&migrations));
    assert_eq!(all.len(), held(&migrations[0]).len(), "{all:?}");
    let text = cloudformation(&migrations);
    assert!(!text.lines().any(|line| line.starts_with('}') && line.len() > 1), "{text}");
    assert!(!cdk(&migrations).lines().any(|line| line.starts_with("resource")));
}

#[test]
fn a_record_is_held_by_its_name_without_a_dot() {
    let mut migration = Arc::unwrap_or_clone(example("tapple-api"));
    if let Some(model::spec::Router::Route53Weighted(router)) = &mut migration.spec.traffic.router {
        router.records[0].name = "API.Example.com.".to_owned();
    }
    let names = held(&migration).into_iter().filter_map(|it| match it.thing {
        Thing::Record { name, .. } => Some(name),
        Thing::Service { .. }
        | Thing::ScalableTarget { .. }
        | Thing::ScalingPolicies { .. }
        | Thing::ListenerRule { .. }
        | Thing::Listener { .. }
        | Thing::PolicyInstance { .. }
        | Thing::TrafficPolicy { .. }
        | Thing::ScheduledTask { .. } => None,
    });
    assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(["api.example.com".to_owned()]));
}
