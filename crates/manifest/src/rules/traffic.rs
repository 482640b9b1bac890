//! Routers, steps and calendars.

use std::collections::BTreeSet;

use model::route::WeightPair;
use model::spec::{
    AlbWeighted, CalibrationMode, Freeze, Migration, RecordType, Rollout, Route53TrafficPolicy,
    Route53Weighted, Router, Target, Traffic, Window, Workload,
};
use model::{Share, Span};

use super::{Rules, identity};

pub(super) fn check(migration: &Migration, rules: &mut Rules) {
    let traffic = &migration.spec.traffic;
    let workload = &migration.spec.workload;
    let balanced = matches!(workload, Workload::LoadBalanced);
    match &traffic.router {
        Some(router) => {
            rules.ask(
                balanced,
                "spec.traffic.router",
                format!("a {} workload has no router", workload.name()),
                "take it out: its share is set without one",
            );
            self::router(migration, router, rules);
        }
        None => rules.ask(
            !balanced,
            "spec.traffic.router",
            "the field `router` is missing",
            "say what turns the share into weights, such as `type: route53Weighted`",
        ),
    }
    rules.ask(
        traffic.step_max > Share::ZERO,
        "spec.traffic.stepMax",
        "0% allows no step at all",
        "write the most that one step may add, such as 25%",
    );
    match &traffic.target {
        Target::Share(share) => reachable(traffic, *share, "spec.traffic.share", rules),
        Target::Rollout(rollout) => self::rollout(traffic, rollout, rules),
    }
    let dns = traffic.router.as_ref().is_some_and(Router::is_dns);
    rules.ask(
        traffic.calibration.mode == CalibrationMode::None || dns,
        "spec.traffic.calibration.mode",
        "`routerAA` is for DNS routers, where the sides may draw different clients",
        "take it out",
    );
    calendar("spec.traffic", &traffic.windows, &traffic.freezes, rules);
}

fn router(migration: &Migration, router: &Router, rules: &mut Rules) {
    if let Some(account) = router.account() {
        if let Some(region) = &account.region {
            identity::region(rules, "spec.traffic.router.aws.region", region);
        }
        let path = "spec.traffic.router.aws.assumeRoleArn";
        identity::role(rules, path, account.assume_role_arn.as_deref());
    }
    match router {
        Router::Route53TrafficPolicy(router) => traffic_policy(router, rules),
        Router::Route53Weighted(router) => weighted(router, rules),
        Router::AlbWeighted(router) => alb(migration, router, rules),
    }
}

fn traffic_policy(router: &Route53TrafficPolicy, rules: &mut Rules) {
    let path = "spec.traffic.router.instances";
    rules.ask(!router.instances.is_empty(), path, "the list is empty", "name a policy instance");
    rules.unique(path, ".id", &router.instances, |instance| instance.id.clone());
    differ(rules, "fargateEndpoint", "endpoint", &router.ec2_endpoint, &router.fargate_endpoint);
}

fn weighted(router: &Route53Weighted, rules: &mut Rules) {
    let path = "spec.traffic.router.records";
    rules.ask(
        !router.hosted_zone_id.is_empty(),
        "spec.traffic.router.hostedZoneId",
        "the id is empty",
        "write the id of the hosted zone",
    );
    rules.ask(!router.records.is_empty(), path, "the list is empty", "name a record");
    let name = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
    rules.unique(path, "", &router.records, |record| {
        format!("{} {}", name(&record.name), record.record_type)
    });
    let addresses: BTreeSet<String> = router
        .records
        .iter()
        .filter(|record| record.record_type != RecordType::Cname)
        .map(|record| name(&record.name))
        .collect();
    for (place, record) in router.records.iter().enumerate() {
        rules.ask(
            is_domain(&record.name),
            format!("{path}[{place}].name"),
            format!("`{}` is not a domain name", crate::problem::shown(&record.name)),
            "write it in full, such as `api.example.com`",
        );
        // RFC 1034, 3.6.2: where a CNAME is, no other record may be.
        let alone =
            record.record_type != RecordType::Cname || !addresses.contains(&name(&record.name));
        rules.ask(
            alone,
            format!("{path}[{place}].type"),
            "a CNAME cannot stand beside other records of its name",
            "keep one or the others",
        );
    }
    let (ec2, fargate) = (&router.ec2_set_identifier, &router.fargate_set_identifier);
    differ(rules, "fargateSetIdentifier", "set identifier", ec2, fargate);
}

fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |(place, label): (usize, &str)| {
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (place == 0 && label == "*")
            || ((1..=63).contains(&label.len()) && label.bytes().all(letters))
    };
    name.len() <= 253 && name.contains('.') && name.split('.').enumerate().all(label)
}

fn alb(migration: &Migration, router: &AlbWeighted, rules: &mut Rules) {
    let path = "spec.traffic.router";
    let list = format!("{path}.ruleArns");
    rules.ask(!router.rule_arns.is_empty(), list.as_str(), "the list is empty", "name a rule");
    rules.unique(&list, "", &router.rule_arns, Clone::clone);
    for (place, arn) in router.rule_arns.iter().enumerate() {
        let path = format!("{list}[{place}]");
        let kinds = ["listener-rule/", "listener/"];
        identity::arn(rules, &path, arn, "elasticloadbalancing", &kinds, "a listener rule");
    }
    let spec = &migration.spec;
    for (field, arn, sides) in [
        ("ec2TargetGroupArn", &router.ec2_target_group_arn, &spec.ec2.target_group_arn),
        ("fargateTargetGroupArn", &router.fargate_target_group_arn, &spec.fargate.target_group_arn),
    ] {
        let path = format!("{path}.{field}");
        identity::target_group(rules, &path, arn);
        rules.ask(
            sides.as_ref().is_none_or(|side| side == arn),
            path,
            "the side itself names another target group",
            "write the same in both places",
        );
    }
    let (ec2, fargate) = (&router.ec2_target_group_arn, &router.fargate_target_group_arn);
    differ(rules, "fargateTargetGroupArn", "target group", ec2, fargate);
}

fn differ(rules: &mut Rules, field: &str, what: &str, ec2: &str, fargate: &str) {
    rules.ask(
        ec2 != fargate && !ec2.is_empty() && !fargate.is_empty(),
        format!("spec.traffic.router.{field}"),
        format!("each side must have its own {what}"),
        "name the one of Fargate here",
    );
}

/// Weights are small whole numbers: some shares can only be met nearly, some not at all.
fn reachable(traffic: &Traffic, share: Share, path: &str, rules: &mut Rules) {
    // What each router's weights go up to: Route 53 API, ResourceRecordSet; ELBv2 API,
    // TargetGroupTuple.
    const WEIGHT_MAX_DNS: u32 = 255;
    const WEIGHT_MAX_ALB: u32 = 999;
    let weight_max = match &traffic.router {
        None => return,
        Some(Router::Route53TrafficPolicy(_) | Router::Route53Weighted(_)) => WEIGHT_MAX_DNS,
        Some(Router::AlbWeighted(_)) => WEIGHT_MAX_ALB,
    };
    let live = WeightPair::for_share(share, weight_max).share();
    rules.ask(
        live == Some(share),
        path,
        format!(
            "weights from 0 to {weight_max} cannot split {share}; the nearest is {}",
            live.map_or_else(|| "none".to_owned(), |live| live.to_string())
        ),
        "write a share that they can",
    );
}

fn rollout(traffic: &Traffic, rollout: &Rollout, rules: &mut Rules) {
    let path = "spec.traffic.rollout.steps";
    let steps = &rollout.steps;
    for (place, &step) in steps.iter().enumerate() {
        let path = format!("{path}[{place}]");
        let before = place.checked_sub(1).and_then(|before| steps.get(before)).copied();
        let base = before.unwrap_or(Share::ZERO);
        rules.ask(
            step > base,
            path.as_str(),
            format!("{step} does not rise above {base}"),
            "list steps in strictly rising order from above 0%",
        );
        let jump = step.minus(base);
        rules.ask(
            jump <= traffic.step_max || traffic.step_max == Share::ZERO,
            path.as_str(),
            format!(
                "the step from {base} to {step} adds {jump}, more than `stepMax` ({})",
                traffic.step_max
            ),
            "add a step between, or raise `stepMax`",
        );
        reachable(traffic, step, &path, rules);
    }
    rules.ask(
        steps.last() == Some(&Share::FULL),
        match steps.len() {
            0 => path.to_owned(),
            count => format!("{path}[{}]", count - 1),
        },
        "a rollout ends at 100%",
        "add that step, or write `share` in place of `rollout` to hold a share",
    );
    holdback(rollout, rules);
    pace(traffic, rollout, rules);
}

/// With a holdback the last step stops that much short of 100 % until the bake ends.
fn holdback(rollout: &Rollout, rules: &mut Rules) {
    let Some(holdback) = rollout.holdback else { return };
    let path = "spec.traffic.rollout.holdback";
    let below = rollout.steps.iter().rev().nth(1).copied().unwrap_or(Share::ZERO);
    rules.ask(
        holdback > Share::ZERO,
        path,
        "0% keeps nothing back",
        "take the line out, or write a share such as 1%",
    );
    rules.ask(
        holdback.rest() > below || holdback == Share::ZERO,
        path,
        format!(
            "with {holdback} kept on EC2 the last step would end at {}, not above {below}",
            holdback.rest()
        ),
        "keep less back, or take that step out",
    );
}

fn pace(traffic: &Traffic, rollout: &Rollout, rules: &mut Rules) {
    let steps = u64::try_from(rollout.steps.len()).unwrap_or(u64::MAX);
    let least = Span::from_millis(rollout.dwell_min.as_millis().saturating_mul(steps));
    rules.ask(
        rollout.dwell_min >= Span::from_mins(1),
        "spec.traffic.rollout.dwellMin",
        "nothing can be judged in less than a minute",
        "write 1m or more",
    );
    rules.ask(
        traffic.deadline > least,
        "spec.traffic.deadline",
        format!(
            "{} is over before {steps} steps of at least {} are",
            traffic.deadline, rollout.dwell_min
        ),
        format!("write more than {least}, or shorten `dwellMin`"),
    );
}

pub(super) fn calendar(path: &str, windows: &[Window], freezes: &[Freeze], rules: &mut Rules) {
    for (place, window) in windows.iter().enumerate() {
        let path = format!("{path}.windows[{place}]");
        rules.ask(
            !window.days.is_empty(),
            format!("{path}.days"),
            "the list is empty",
            "name a day",
        );
        rules.unique(&format!("{path}.days"), "", &window.days, |day| *day);
        rules.ask(
            window.from < window.to,
            format!("{path}.to"),
            format!("the window ends at {} but begins at {}", window.to, window.from),
            "write a later end, or two windows if it spans midnight",
        );
    }
    for (place, freeze) in freezes.iter().enumerate() {
        rules.ask(
            freeze.from <= freeze.to,
            format!("{path}.freezes[{place}].to"),
            format!("the freeze ends on {} but begins on {}", freeze.to, freeze.from),
            "write the first day under `from`",
        );
    }
}

#[cfg(test)]
mod tests {
    use model::route::{Route, RouteLimits};

    #[test]
    fn weight_limits_are_those_of_the_routes() {
        let text = String::new;
        let record = Route::Route53Record {
            zone: text(),
            name: text(),
            record_type: text(),
            ec2_set: text(),
            fargate_set: text(),
        };
        let rule = Route::AlbRule { rule: text(), ec2_group: text(), fargate_group: text() };
        let RouteLimits { weight_max, .. } = record.limits();
        assert_eq!(weight_max, 255);
        let RouteLimits { weight_max, .. } = rule.limits();
        assert_eq!(weight_max, 999);
    }
}
