//! Policies of the example migrations, and of several in several accounts.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files must fail")]

use std::collections::BTreeSet;
use std::sync::Arc;

use iam::{ALLOWED, Part, Policy, policy, roles};
use manifest::Resource;
use model::spec::Migration;

const PARTS: [Part; 3] = [Part::Observer, Part::Mutator, Part::Survey];
const OWN: &str = "arn:aws:iam::111111111111:role/ferry";
const ZONES: &str = "arn:aws:iam::222222222222:role/zones";

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

fn routers() -> [Arc<Migration>; 3] {
    ["tapple-api", "tapple-api-alb", "tapple-api-traffic-flow"].map(example)
}

fn actions(policy: &Policy) -> BTreeSet<&'static str> {
    policy.statement.iter().flat_map(|statement| statement.action.iter().copied()).collect()
}

fn resources(policy: &Policy) -> Vec<String> {
    policy.statement.iter().flat_map(|statement| statement.resource.clone()).collect()
}

/// A migration whose services and records are reached by these roles.
fn elsewhere(own: Option<&str>, zones: Option<&str>) -> Arc<Migration> {
    let mut migration = Arc::unwrap_or_clone(example("tapple-api"));
    migration.spec.aws.assume_role_arn = own.map(str::to_owned);
    if let Some(model::spec::Router::Route53Weighted(router)) = &mut migration.spec.traffic.router {
        router.aws = zones.map(|role| model::spec::RouterAccount {
            region: None,
            assume_role_arn: Some(role.to_owned()),
        });
    }
    Arc::new(migration)
}

/// A migration of two rules, one of them on a bus of its own.
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

#[test]
fn scheduled_tasks_are_surveyed_by_the_rules_that_start_them() {
    let policy = policy(&[scheduled()], Part::Survey, None, Some("123456789012"));
    let by_rule = policy.statement.iter().find(|it| it.action.contains(&"events:DescribeRule"));
    let wanted = ["money/bills", "report"]
        .map(|rule| format!("arn:aws:events:eu-west-1:123456789012:rule/{rule}"));
    let mut resources = by_rule.unwrap().resource.clone();
    resources.sort();
    assert_eq!(resources, wanted);
}

#[test]
fn a_migration_by_records_may_change_its_own_two_and_nothing_else_of_the_zone() {
    let migrations = [example("tapple-api")];
    for part in PARTS {
        let policy = policy(&migrations, part, None, Some("123456789012"));
        let text = serde_json::to_string_pretty(&policy).unwrap();
        insta::assert_snapshot!(part.name(), text);
    }
}

#[test]
fn each_router_may_do_what_it_does_and_not_what_others_do() {
    let [records, rules, instances] = routers();
    let writes = |migration: &Arc<Migration>| {
        let policy = policy(std::slice::from_ref(migration), Part::Mutator, None, None);
        let all = actions(&policy).into_iter();
        all.filter(|it| it.starts_with("route53:") || it.starts_with("elastic")).collect::<Vec<_>>()
    };
    assert_eq!(writes(&records), ["route53:ChangeResourceRecordSets", "route53:GetChange"]);
    let of_rules = ["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"];
    assert_eq!(writes(&rules), of_rules);
    let of_instances = [
        "route53:CreateTrafficPolicyVersion",
        "route53:DeleteTrafficPolicy",
        "route53:UpdateTrafficPolicyInstance",
    ];
    assert_eq!(writes(&instances), of_instances);
}

#[test]
fn all_three_together_are_allowed_everything_that_is_called() {
    let migrations = routers();
    let role = elsewhere(Some(OWN), None);
    let all = [&migrations[..], &[role, scheduled()]].concat();
    for part in PARTS {
        let wanted: BTreeSet<&str> =
            ALLOWED.iter().filter(|it| it.part == part).map(|it| it.action).collect();
        assert_eq!(actions(&policy(&all, part, None, None)), wanted, "{part:?}");
    }
}

#[test]
fn nobody_who_observes_may_write() {
    let migrations = routers();
    for part in [Part::Observer, Part::Survey] {
        for action in actions(&policy(&migrations, part, None, None)) {
            let verb = action.split(':').nth(1).unwrap();
            let reads = ["Describe", "Get", "List", "Assume"].iter().any(|it| verb.starts_with(it));
            assert!(reads, "{action}");
        }
    }
}

#[test]
fn what_can_be_narrowed_is_never_allowed_on_everything() {
    let migrations = routers();
    for part in PARTS {
        for statement in policy(&migrations, part, None, None).statement {
            let is_global = statement.action.iter().all(|it| it.starts_with("route53:List"));
            let is_anything = statement.resource.iter().any(|it| it == "*");
            let is_narrow = !is_anything || is_global || !statement.condition.is_empty();
            assert!(is_narrow, "{statement:?}");
        }
    }
}

#[test]
fn each_role_is_allowed_what_is_reached_by_it_and_the_process_to_assume_them() {
    let migrations = [elsewhere(Some(OWN), Some(ZONES))];
    assert_eq!(roles(&migrations), BTreeSet::from([OWN.to_owned(), ZONES.to_owned()]));
    let observes = |role| actions(&policy(&migrations, Part::Observer, role, None));
    assert_eq!(observes(None), BTreeSet::from(["sts:AssumeRole"]));
    assert_eq!(observes(Some(ZONES)), BTreeSet::from(["route53:ListResourceRecordSets"]));
    let own = observes(Some(OWN));
    assert!(own.contains("ecs:DescribeServices") && !own.contains("sts:AssumeRole"), "{own:?}");
    assert!(!own.iter().any(|action| action.starts_with("route53:")), "{own:?}");
    assert!(observes(Some("arn:aws:iam::3:role/none")).is_empty(), "nobody names it");
}

#[test]
fn regions_of_china_are_in_a_partition_of_their_own() {
    let mut migration = Arc::unwrap_or_clone(example("tapple-api"));
    migration.spec.aws.region = "cn-north-1".to_owned();
    let migrations = [Arc::new(migration)];
    for part in [Part::Observer, Part::Mutator] {
        for resource in resources(&policy(&migrations, part, None, None)) {
            assert!(resource == "*" || resource.starts_with("arn:aws-cn:"), "{resource}");
        }
    }
}
