//! Names, accounts and ARNs.

use model::spec::{Migration, Workload};

use super::Rules;

pub(super) fn check(migration: &Migration, rules: &mut Rules) {
    let spec = &migration.spec;
    rules.ask(spec.attempt > 0, "spec.attempt", "attempts count from 1", "write 1");
    rules.unique("spec.dependsOn", ".name", &spec.depends_on, |other| other.name.clone());
    for (place, other) in spec.depends_on.iter().enumerate() {
        rules.ask(
            other.name != *migration.name(),
            format!("spec.dependsOn[{place}].name"),
            "a migration cannot wait for itself",
            "name another one or take the line out",
        );
    }
    region(rules, "spec.aws.region", &spec.aws.region);
    role(rules, "spec.aws.assumeRoleArn", spec.aws.assume_role_arn.as_deref());
    sides(migration, rules);
    provision(migration, rules);
}

fn sides(migration: &Migration, rules: &mut Rules) {
    let (ec2, fargate) = (&migration.spec.ec2, &migration.spec.fargate);
    ecs_name(rules, "spec.ec2.cluster", &ec2.cluster);
    ecs_name(rules, "spec.fargate.cluster", &fargate.cluster);
    let scheduled = matches!(migration.spec.workload, Workload::Scheduled(_));
    for (path, service) in
        [("spec.ec2.service", &ec2.service), ("spec.fargate.service", &fargate.service)]
    {
        match service {
            Some(service) if !scheduled => ecs_name(rules, path, service),
            Some(_) => rules.ask(
                false,
                path,
                "a scheduled workload has no service",
                "take the line out: its tasks are started by `spec.workload.rules`",
            ),
            None => {
                rules.ask(
                    scheduled,
                    path,
                    "the field `service` is missing",
                    "name the ECS service",
                );
            }
        }
    }
    let same = ec2.service.is_some()
        && (&ec2.cluster, &ec2.service) == (&fargate.cluster, &fargate.service);
    rules.ask(
        !same,
        "spec.fargate.service",
        "both sides name the same service",
        "name the twin that runs on Fargate",
    );
    let balanced = matches!(migration.spec.workload, Workload::LoadBalanced);
    for (path, arn) in [
        ("spec.ec2.targetGroupArn", &ec2.target_group_arn),
        ("spec.fargate.targetGroupArn", &fargate.target_group_arn),
    ] {
        let Some(arn) = arn else { continue };
        target_group(rules, path, arn);
        rules.ask(
            balanced,
            path,
            format!("a {} workload has no target group", migration.spec.workload.name()),
            "take the line out",
        );
    }
}

fn provision(migration: &Migration, rules: &mut Rules) {
    let Some(provision) = &migration.spec.fargate.provision else { return };
    let path = "spec.fargate.provision";
    for (field, ids, prefix) in [
        ("subnets", &provision.network.subnets, "subnet-"),
        ("securityGroups", &provision.network.security_groups, "sg-"),
    ] {
        let list = format!("{path}.network.{field}");
        rules.ask(!ids.is_empty(), list.as_str(), "the list is empty", "name at least one");
        rules.unique(&list, "", ids, Clone::clone);
        for (place, id) in ids.iter().enumerate() {
            rules.ask(
                id.starts_with(prefix),
                format!("{list}[{place}]"),
                format!("`{id}` is not an id of this kind"),
                format!("ids here start with `{prefix}`"),
            );
        }
    }
    let balanced = matches!(migration.spec.workload, Workload::LoadBalanced);
    let Some(balancer) = &provision.load_balancer else {
        return rules.ask(
            !balanced,
            format!("{path}.loadBalancer"),
            "the field `loadBalancer` is missing",
            "say which listener, container and port the twin takes requests on",
        );
    };
    let path = format!("{path}.loadBalancer");
    rules.ask(
        balanced,
        path.as_str(),
        format!("a {} workload has no load balancer", migration.spec.workload.name()),
        "take it out",
    );
    let list = format!("{path}.listenerArns");
    rules.ask(
        !balancer.listener_arns.is_empty(),
        list.as_str(),
        "the list is empty",
        "name a listener",
    );
    rules.unique(&list, "", &balancer.listener_arns, Clone::clone);
    for (place, arn) in balancer.listener_arns.iter().enumerate() {
        let path = format!("{list}[{place}]");
        self::arn(rules, &path, arn, "elasticloadbalancing", &["listener/"], "a listener");
    }
    rules.ask(
        !balancer.container_name.is_empty(),
        format!("{path}.containerName"),
        "the name is empty",
        "name the container that takes requests",
    );
    rules.ask(
        balancer.container_port > 0,
        format!("{path}.containerPort"),
        "0 is not a port",
        "write the port the container listens on",
    );
}

/// ECS allows letters, digits, hyphens and underscores, at most 255 (CreateCluster, CreateService).
fn ecs_name(rules: &mut Rules, path: &str, name: &str) {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    rules.ask(
        letters && (1..=255).contains(&name.len()),
        path,
        format!("`{}` is not a name that ECS allows", crate::problem::shown(name)),
        "write the name, not the ARN: 1 to 255 letters, digits, hyphens or underscores",
    );
}

pub(super) fn region(rules: &mut Rules, path: &str, region: &str) {
    let parts: Vec<&str> = region.split('-').collect();
    let words = |parts: &[&str]| {
        parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
    };
    let holds = parts.split_last().is_some_and(|(number, before)| {
        before.len() >= 2
            && words(before)
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    });
    rules.ask(
        holds,
        path,
        format!("`{}` is not an AWS region", crate::problem::shown(region)),
        "write its code, such as `ap-northeast-1`",
    );
}

pub(super) fn role(rules: &mut Rules, path: &str, role: Option<&str>) {
    if let Some(role) = role {
        arn(rules, path, role, "iam", &["role/"], "a role");
    }
}

pub(super) fn target_group(rules: &mut Rules, path: &str, text: &str) {
    arn(rules, path, text, "elasticloadbalancing", &["targetgroup/"], "a target group");
}

/// `arn:partition:service:region:account:resource` with the service and kind of resource asked for.
pub(super) fn arn(
    rules: &mut Rules,
    path: &str,
    text: &str,
    service: &str,
    resources: &[&str],
    what: &str,
) {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let holds = match parts[..] {
        ["arn", partition, its_service, _, account, resource] => {
            partition.starts_with("aws")
                && its_service == service
                && account.len() == 12
                && account.bytes().all(|b| b.is_ascii_digit())
                && resources.iter().any(|prefix| resource.starts_with(prefix))
        }
        _ => false,
    };
    let region = if service == "iam" { "" } else { "REGION" };
    rules.ask(
        holds,
        path,
        format!("`{}` is not the ARN of {what}", crate::problem::shown(text)),
        format!("it looks like `arn:aws:{service}:{region}:123456789012:{}...`", resources[0]),
    );
}
