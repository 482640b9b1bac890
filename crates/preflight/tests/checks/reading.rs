//! What was not read is said, and never passes.

use std::sync::Arc;

use model::inventory::{Landscape, RouterView, Unread};
use model::observation::Gap;
use preflight::Severity;

use crate::base::{Kind, landscape, migration, unread};
use crate::{findings, of};

pub(crate) const CHECKS: [&str; 6] = [
    "read.denied",
    "read.missing",
    "read.failed",
    "read.partly",
    "twin.toBuild",
    "migration.sameRoute",
];

fn denied() -> Unread {
    unread("ecs:DescribeServices", Gap::Denied, "AccessDeniedException: not authorized")
}

/// Everything unread for the same reason.
fn dark(why: &Unread) -> Landscape {
    let mut here = landscape(Kind::Records);
    for side in model::Side::ALL {
        let view = here.sides.get_mut(side);
        *view = model::inventory::SideView {
            service: Some(Err(why.clone())),
            ..model::inventory::SideView::default()
        };
    }
    here.daemons = Some(Err(why.clone()));
    here.router = RouterView::Records(Err(why.clone()));
    here
}

#[test]
fn a_denial_names_the_action_and_is_said_once() {
    let found = findings(dark(&denied()));
    let denied = of(&found, "read.denied");
    assert_eq!(denied.len(), 1, "{denied:#?}");
    let said = &denied[0].said;
    assert!(
        said.contains("prd/api, the Fargate service prd/api-fargate and the records"),
        "{said}"
    );
    assert!(denied[0].remedy.contains("allow ecs:DescribeServices"), "{}", denied[0].remedy);
    assert_eq!(denied[0].severity, Severity::Blocker);
    // The daemon does without the cluster's daemons.
    assert_eq!(of(&found, "read.partly").len(), 1);
}

#[test]
fn what_is_missing_says_where_it_was_looked_for() {
    let mut here = landscape(Kind::Records);
    let message = "MISSING; did you mean `api-fargate`?";
    here.sides.fargate.service = Some(Err(unread("ecs:DescribeServices", Gap::NotFound, message)));
    let found = findings(here);
    let said = &of(&found, "read.missing")[0].said;
    assert!(said.contains("was not found in ap-northeast-1"), "{said}");
    assert!(said.contains("did you mean `api-fargate`?"), "{said}");
}

#[test]
fn throttles_and_failures_are_blockers() {
    for gap in [Gap::Failed, Gap::Throttled, Gap::Partial] {
        let mut here = landscape(Kind::Rule);
        here.router = RouterView::Rules(vec![(
            "arn:r".to_owned(),
            Err(unread("elasticloadbalancing:DescribeRules", gap, "503")),
        )]);
        let found = findings(here);
        assert_eq!(of(&found, "read.failed").len(), 1, "{gap:?}");
    }
}

#[test]
fn what_helps_fits_the_reason() {
    for (gap, says, helps) in [
        (Gap::Denied, "ecs:ListServices said no: why", "allow ecs:ListServices to the role"),
        (Gap::Throttled, "ecs:ListServices failed: why", "wait and look again"),
        (Gap::Failed, "ecs:ListServices failed: why", "do what the error says"),
        (Gap::Partial, "ecs:ListServices failed: why", "the answer left it out"),
    ] {
        let mut here = landscape(Kind::Records);
        here.daemons = Some(Err(unread("ecs:ListServices", gap, "why")));
        let found = findings(here);
        let partly = &of(&found, "read.partly")[0];
        assert!(partly.said.contains(says), "{gap:?}: {}", partly.said);
        assert!(partly.remedy.contains(helps), "{gap:?}: {}", partly.remedy);
        assert_eq!(partly.remedy.contains("allow"), gap == Gap::Denied, "{gap:?}");
    }
}

#[test]
fn a_document_that_was_not_read_is_said() {
    let mut here = landscape(Kind::Policy);
    let RouterView::Policies(Ok(instances)) = &mut here.router else { panic!("no instances") };
    instances[0].document = Err(unread("route53:GetTrafficPolicy", Gap::Denied, "no"));
    let found = findings(here);
    assert!(of(&found, "read.denied")[0].said.contains("ersion 3 of policy p-1"));
}

#[test]
fn each_part_that_is_unread_is_said() {
    let spoil: [fn(&mut Landscape); 7] = [
        |it| it.sides.ec2.service = Some(Err(denied())),
        |it| it.sides.ec2.task_definition = Some(Err(denied())),
        |it| it.sides.ec2.group = Some(Err(denied())),
        |it| it.sides.ec2.balancers = vec![Err(denied())],
        |it| it.sides.ec2.scaling = Some(Err(denied())),
        |it| it.sides.ec2.week = Some(Err(denied())),
        |it| it.daemons = Some(Err(denied())),
    ];
    for (at, spoil) in spoil.into_iter().enumerate() {
        let mut here = landscape(Kind::Records);
        spoil(&mut here);
        let found = findings(here);
        let said = of(&found, "read.denied").len() + of(&found, "read.partly").len();
        assert_eq!(said, 1, "part {at}");
    }
}

#[test]
fn a_rule_that_is_not_there_is_missing_and_its_targets_are_not_asked() {
    let mut here = landscape(Kind::Scheduled);
    let message =
        "ResourceNotFoundException: Rule nightly does not exist; did you mean `nightly-2`?";
    here.rules[0].rule = Err(unread("events:DescribeRule", Gap::NotFound, message));
    here.rules[0].targets = None;
    here.rules[0].task_definitions.clear();
    let found = findings(here);
    let said = &of(&found, "read.missing")[0].said;
    assert!(
        said.starts_with("Rule nightly of bus default was not found in ap-northeast-1"),
        "{said}"
    );
    let of_rules = found.iter().filter(|it| it.check.starts_with("scheduled.")).map(|it| it.check);
    // Only what needs nothing but its name.
    assert_eq!(of_rules.collect::<Vec<_>>(), ["scheduled.runs"]);
}

#[test]
fn what_is_denied_of_a_rule_names_the_action() {
    type Spoil = fn(&mut Landscape, Unread);
    let spoil: [(&str, &str, Spoil); 3] = [
        ("read.denied", "events:DescribeRule", |it, why| it.rules[0].rule = Err(why)),
        ("read.denied", "events:ListTargetsByRule", |it, why| it.rules[0].targets = Some(Err(why))),
        ("read.partly", "ecs:DescribeTaskDefinition", |it, why| {
            for found in it.rules[0].task_definitions.values_mut() {
                *found = Err(why.clone());
            }
        }),
    ];
    for (check, operation, spoil) in spoil {
        let mut here = landscape(Kind::Scheduled);
        spoil(&mut here, unread(operation, Gap::Denied, "AccessDeniedException: no"));
        let found = findings(here);
        let denied = of(&found, check);
        assert_eq!(denied.len(), 1, "{operation}: {found:#?}");
        assert!(denied[0].remedy.contains(&format!("allow {operation} ")), "{}", denied[0].remedy);
    }
}

#[test]
fn a_planned_network_stands_for_that_of_every_target() {
    let mut here = landscape(Kind::Scheduled);
    let targets = here.rules[0].targets.as_mut().unwrap().as_mut().unwrap();
    targets[0].tasks.as_mut().unwrap().network = None;
    assert_eq!(of(&findings(here.clone()), "scheduled.network").len(), 1);
    Arc::make_mut(&mut here.migration).spec.fargate.provision = Some(provision());
    assert!(of(&findings(here), "scheduled.network").is_empty());
}

fn provision() -> model::spec::Provision {
    model::spec::Provision {
        task_definition: model::spec::TaskDefinition {
            translate: model::spec::Translate::Ec2,
            sidecars: Vec::new(),
            environment: std::collections::BTreeMap::new(),
        },
        network: model::spec::Network {
            subnets: vec!["subnet-a".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            assign_public_ip: false,
        },
        load_balancer: None,
    }
}

#[test]
fn a_twin_that_is_planned_is_to_be_built_and_not_missing() {
    let mut here = landscape(Kind::Records);
    let planned = Arc::make_mut(&mut here.migration);
    planned.spec.fargate.provision = Some(provision());
    let missing = unread("ecs:DescribeServices", Gap::NotFound, "MISSING");
    here.sides.fargate = model::inventory::SideView {
        service: Some(Err(missing)),
        ..model::inventory::SideView::default()
    };
    let found = findings(here);
    assert_eq!(of(&found, "twin.toBuild").len(), 1);
    assert!(of(&found, "read.missing").is_empty());
    // What is looked at in place of the twin's is EC2's.
    assert_eq!(of(&found, "task.network").len(), 1);
}

#[test]
fn nothing_read_is_told_from_nothing_there() {
    let unreachable = unread("ecs:DescribeServices", Gap::Failed, "no route to host");
    assert_eq!(preflight::nothing_read(&[dark(&unreachable)]), Some(&unreachable));
    let missing = unread("ecs:DescribeServices", Gap::NotFound, "MISSING");
    assert_eq!(preflight::nothing_read(&[dark(&missing)]), None);
    assert_eq!(preflight::nothing_read(&[dark(&unreachable), landscape(Kind::Rule)]), None);
}

#[test]
fn two_migrations_of_one_record_are_a_blocker_for_the_second() {
    let mut second = landscape(Kind::Records);
    let mut other = migration("other", Kind::Records);
    other.spec.ec2.service = Some("web".to_owned());
    other.spec.fargate.service = Some("web-fargate".to_owned());
    second.migration = Arc::new(other);
    let found = preflight::check(&[landscape(Kind::Records), second]);
    let same = of(&found, "migration.sameRoute");
    assert_eq!(same.len(), 2, "{same:#?}");
    assert!(same.iter().all(|finding| finding.migration == "other"));
    assert!(same[0].said.contains("`tapple-api` moves record api.example.com A of zone Z1"));
    let alone = preflight::check(&[landscape(Kind::Records)]);
    assert!(of(&alone, "migration.sameRoute").is_empty());
}
