//! What several migrations, or ARNs beside regions, show together.

use model::Side;
use model::inventory::{account_of, region_of};
use model::spec::Router;

use crate::check::{Check, Said, Severity};
use crate::scene::Scene;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "migration.sameRoute",
        severity: Severity::Blocker,
        finds: "two of the files given move the same rule, record, policy instance or service",
        remedy: "leave it to one migration: two would undo each other without end",
        look: same_route,
    },
    Check {
        id: "arn.region",
        severity: Severity::Blocker,
        finds: "an ARN in the file is of another region than the file says",
        remedy: "correct the ARN, or `spec.aws.region` (for the router `spec.traffic.router.aws`)",
        look: region,
    },
    Check {
        id: "arn.account",
        severity: Severity::Blocker,
        finds: "an ARN in the file is of another account than the service",
        remedy: "correct the ARN, or name the account's role in `assumeRoleArn`",
        look: account,
    },
];

fn same_route(scene: &Scene<'_>, said: &mut Said) {
    let before = scene.all.iter().take(scene.index);
    for (_, key) in manifest::owned(scene.migration()) {
        let other = before.clone().find(|other| {
            other.migration.name() != scene.migration().name()
                && manifest::owned(&other.migration).iter().any(|(_, theirs)| *theirs == key)
        });
        if let Some(other) = other {
            said.seen(format!("`{}` moves {key} as well.", other.migration.name()));
        }
    }
}

/// The ARNs of a migration: where each stands, and whether it is the router's.
fn arns<'a>(scene: &Scene<'a>) -> Vec<(String, &'a str, bool)> {
    let spec = scene.spec();
    let mut arns = Vec::new();
    for (field, arn) in [
        ("spec.ec2.targetGroupArn", &spec.ec2.target_group_arn),
        ("spec.fargate.targetGroupArn", &spec.fargate.target_group_arn),
    ] {
        arns.extend(arn.as_deref().map(|arn| (field.to_owned(), arn, false)));
    }
    if let Some(Router::AlbWeighted(alb)) = &spec.traffic.router {
        let path = "spec.traffic.router";
        arns.push((format!("{path}.ec2TargetGroupArn"), &alb.ec2_target_group_arn, true));
        arns.push((format!("{path}.fargateTargetGroupArn"), &alb.fargate_target_group_arn, true));
        let rules = alb.rule_arns.iter().enumerate();
        arns.extend(rules.map(|(at, arn)| (format!("{path}.ruleArns[{at}]"), arn.as_str(), true)));
    }
    arns
}

fn region(scene: &Scene<'_>, said: &mut Said) {
    let router = scene.spec().traffic.router.as_ref().and_then(Router::account);
    let of_router = router.and_then(|account| account.region.as_deref());
    for (field, arn, is_routers) in arns(scene) {
        let wanted = of_router.filter(|_| is_routers).unwrap_or(scene.region());
        let Some(region) = region_of(arn).filter(|region| *region != wanted) else { continue };
        said.seen(format!("{field} is of {region}, and the file is about {wanted}."));
    }
}

fn account(scene: &Scene<'_>, said: &mut Said) {
    // The router may have an account of its own, which no service tells.
    let has_own = scene.spec().traffic.router.as_ref().is_some_and(|it| it.account().is_some());
    let service = scene.service(Side::Ec2).or_else(|| scene.service(Side::Fargate));
    let Some(own) = service.and_then(|service| account_of(&service.arn)) else { return };
    for (field, arn, is_routers) in arns(scene) {
        let Some(other) = account_of(arn).filter(|it| *it != own) else { continue };
        if !(is_routers && has_own) {
            said.seen(format!("{field} is of account {other}, and the service is in {own}."));
        }
    }
}
