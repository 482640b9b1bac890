//! What a person has to look at: the command is whole, and with the migration's own names.

use model::inventory::{Container, Landscape, SideView};
use preflight::Severity;

use crate::base::{Kind, landscape};
use crate::{findings, of};

/// A check that speaks of what it cannot see.
pub(crate) struct Case {
    pub(crate) check: &'static str,
    kind: Kind,
    /// What must be there for it to speak.
    prepare: fn(&mut Landscape),
    /// A part of its command.
    command: &'static str,
    /// Without what it is silent.
    silence: fn(&mut Landscape),
}

const fn case(check: &'static str, command: &'static str, silence: fn(&mut Landscape)) -> Case {
    Case { check, kind: Kind::Records, prepare: |_| {}, command, silence }
}

fn no_fargate(all: &mut Landscape) {
    all.sides.fargate = SideView::default();
}

fn no_tasks(all: &mut Landscape) {
    all.sides.ec2.task_definition = None;
    all.sides.fargate.task_definition = None;
}

fn no_ec2(all: &mut Landscape) {
    all.sides.ec2 = SideView::default();
}

fn app(all: &mut Landscape) -> &mut Container {
    let task = all.sides.fargate.task_definition.as_mut().unwrap().as_mut().unwrap();
    &mut task.containers[0]
}

pub(crate) const CASES: &[Case] = &[
    case("network.addresses", "--subnet-ids subnet-a subnet-b", no_fargate),
    case("network.egress", "Values=subnet-a,subnet-b", no_fargate),
    case("network.securityGroups", "Values=sg-1", no_fargate),
    case("quota.vcpu", "L-3032A538", no_tasks),
    case("iam.taskRole", "--role-name api", no_tasks),
    case("image.size", "--repository-name api --image-ids imageTag=v41", no_tasks),
    case("image.architecture", "batch-get-image --registry-id 123456789012", no_tasks),
    Case {
        check: "image.pullLimit",
        kind: Kind::Records,
        prepare: |it| app(it).image = "library/nginx:1".to_owned(),
        command: "NatGatewayId",
        silence: |it| app(it).image = "public.ecr.aws/nginx/nginx:1".to_owned(),
    },
    case("logs.group", "--log-group-name-prefix /ecs/api", no_tasks),
    case("network.resolver", "filter-log-events --log-group-name /ecs/api", no_tasks),
    case("capacity.ec2Instances", "list-container-instances --cluster prd", no_ec2),
    Case {
        check: "account.retirement",
        kind: Kind::Records,
        prepare: |_| {},
        command: "fargateTaskRetirementWaitPeriod",
        silence: |_| {},
    },
    case("cost.commitments", "savingsplans", no_ec2),
    Case {
        check: "observability.hostTags",
        kind: Kind::Records,
        prepare: |it| {
            app(it).environment.insert("DD_ENV".to_owned(), "prd".to_owned());
        },
        command: "datadoghq",
        silence: |it| app(it).environment.clear(),
    },
    Case {
        check: "scheduled.passRole",
        kind: Kind::Scheduled,
        prepare: |_| {},
        command: "--policy-source-arn arn:aws:iam::123456789012:role/events --action-names \
                  iam:PassRole --resource-arns arn:aws:iam::123456789012:role/api \
                  arn:aws:iam::123456789012:role/api-execution --query",
        silence: |it| it.rules[0].targets = None,
    },
    Case {
        check: "scheduled.runs",
        kind: Kind::Scheduled,
        prepare: |_| {},
        command: "--metric-name FailedInvocations --dimensions Name=RuleName,Value=nightly",
        silence: |it| *it = landscape(Kind::Worker),
    },
    Case {
        check: "queue.backlog",
        kind: Kind::Worker,
        prepare: |_| {},
        command: "https://sqs.ap-northeast-1.amazonaws.com/123456789012/jobs",
        silence: |it| *it = landscape(Kind::Records),
    },
];

#[test]
fn what_cannot_be_seen_comes_with_the_command_that_shows_it() {
    for Case { check, kind, prepare, command, silence } in CASES {
        let mut here = landscape(*kind);
        prepare(&mut here);
        let found = findings(here.clone());
        let of_check = of(&found, check);
        assert!(!of_check.is_empty(), "{check} says nothing: {found:#?}");
        for finding in &of_check {
            assert_eq!(finding.severity, Severity::LookYourself);
            let shown = finding.command.as_deref().unwrap_or_default();
            assert!(shown.contains(command), "{check}: {shown}");
            assert!(!shown.contains("  "), "{check}: {shown}");
        }
        silence(&mut here);
        // Maintenance is every account's.
        if *check != "account.retirement" {
            assert!(of(&findings(here), check).is_empty(), "{check} speaks of nothing");
        }
    }
}

#[test]
fn capacity_providers_are_asked_for_by_name() {
    let mut here = landscape(Kind::Records);
    let service = here.sides.ec2.service.as_mut().unwrap().as_mut().unwrap();
    service.launch = model::inventory::Launch::Providers(vec!["asg-blue".to_owned()]);
    let found = findings(here);
    let command = of(&found, "capacity.ec2Instances")[0].command.clone().unwrap();
    assert!(command.contains("--capacity-providers asg-blue"), "{command}");
}

#[test]
fn commands_are_for_the_migrations_region() {
    let global = ["iam.taskRole", "cost.commitments", "observability.hostTags"];
    for finding in findings(landscape(Kind::Records)) {
        let Some(command) = &finding.command else { continue };
        if !global.contains(&finding.check) {
            assert!(command.ends_with("--region ap-northeast-1"), "{command}");
        }
    }
}

#[test]
fn what_a_role_may_pass_is_asked_whatever_was_read_of_the_task() {
    let mut here = landscape(Kind::Scheduled);
    here.rules[0].task_definitions.clear();
    let found = findings(here);
    let command = of(&found, "scheduled.passRole")[0].command.clone().unwrap();
    assert!(command.contains("iam:PassRole --query"), "{command}");
}
