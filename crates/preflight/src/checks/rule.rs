//! Weighted target groups in rules of a balancer.

use model::inventory::{RouterView, Rule, tail_of};
use model::route::WeightPair;
use model::spec::{AlbWeighted, Router};

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed, short};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "alb.groups",
        severity: Severity::Blocker,
        finds: "a rule does not forward to both target groups of the file",
        remedy: "put both into its forward action, EC2's with weight 100 and Fargate's with 0",
        look: groups,
    },
    Check {
        id: "alb.allZero",
        severity: Severity::Blocker,
        finds: "both weights of a rule are 0, which the balancer answers with 503",
        remedy: "give EC2's group a weight, such as 100",
        look: all_zero,
    },
    Check {
        id: "alb.otherBalancer",
        severity: Severity::Blocker,
        finds: "a target group is behind another balancer than the rule, and a group can be \
                behind one only",
        remedy: "make a target group for this balancer and register the service there",
        look: other_balancer,
    },
    Check {
        id: "alb.stickyGroups",
        severity: Severity::Blocker,
        finds: "a target group holds clients by a cookie and the rule does not: the balancer \
                refuses weights without both",
        remedy: "turn on the rule's target group stickiness, or the group's own off",
        look: sticky_groups,
    },
    Check {
        id: "alb.disagree",
        severity: Severity::Warning,
        finds: "the rules of one migration stand at different shares",
        remedy: "give all rules the same weights: Ferry takes the one with most on Fargate as the \
                 share, and holds",
        look: disagree,
    },
    Check {
        id: "alb.stickiness",
        severity: Severity::Warning,
        finds: "a rule holds clients at the group they were sent to, so the measured share \
                follows the weights late",
        remedy: "shorten it to less than a step's `dwellMin`, or take it out; a rollback takes it \
                 out by itself",
        look: stickiness,
    },
    Check {
        id: "alb.otherGroups",
        severity: Severity::Warning,
        finds: "a rule forwards a part to further target groups",
        remedy: "take them out, or give them weight 0: shares are of what the two groups get",
        look: other_groups,
    },
    Check {
        id: "alb.otherActions",
        severity: Severity::Info,
        finds: "a rule has other actions before it forwards; Ferry writes them back as they are",
        remedy: "keep secrets of `authenticate-oidc` in the rule: AWS does not show them, and \
                 takes `UseExistingClientSecret` in their place",
        look: other_actions,
    },
];

fn rules<'a>(scene: &Scene<'a>) -> Vec<(&'a AlbWeighted, &'a Rule)> {
    let Some(Router::AlbWeighted(router)) = &scene.spec().traffic.router else { return Vec::new() };
    let RouterView::Rules(rules) = &scene.here.router else { return Vec::new() };
    rules.iter().filter_map(|(_, rule)| Some((router, rule.as_ref().ok()?))).collect()
}

/// `rule f2f7dc8efc522ab2/9683b2d02a6cabee of prd-api`.
fn called(rule: &Rule) -> String {
    let tail = tail_of(&rule.arn);
    let ids: Vec<&str> = tail.splitn(5, '/').collect();
    match ids[..] {
        ["listener-rule", _, name, _, id] => format!("rule {id} of {name}"),
        ["listener", _, name, _, id] => format!("the default action of listener {id} of {name}"),
        _ => format!("rule {}", rule.arn),
    }
}

fn sentence(rule: &Rule) -> String {
    crate::scene::sentence(&called(rule))
}

fn groups(scene: &Scene<'_>, said: &mut Said) {
    for (router, rule) in rules(scene) {
        let wanted = [&router.ec2_target_group_arn, &router.fargate_target_group_arn];
        let missing: Vec<&str> = wanted
            .iter()
            .filter(|arn| rule.weight_of(arn).is_none())
            .map(|arn| short(arn))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let has: Vec<&str> = rule.forwards.iter().map(|forward| short(&forward.group)).collect();
        let has = if has.is_empty() { "no group".to_owned() } else { listed(&has) };
        let called = sentence(rule);
        said.seen(format!("{called} forwards to {has}, not to {}.", listed(&missing)));
    }
}

fn pair(router: &AlbWeighted, rule: &Rule) -> Option<WeightPair> {
    Some(WeightPair {
        ec2: rule.weight_of(&router.ec2_target_group_arn)?,
        fargate: rule.weight_of(&router.fargate_target_group_arn)?,
    })
}

fn all_zero(scene: &Scene<'_>, said: &mut Said) {
    for (router, rule) in rules(scene) {
        if pair(router, rule).is_some_and(|pair| pair.share().is_none()) {
            said.seen(format!("{} has the weights 0 and 0.", sentence(rule)));
        }
    }
}

fn other_balancer(scene: &Scene<'_>, said: &mut Said) {
    for (_, rule) in rules(scene) {
        // `listener-rule/app/NAME/ID/...` belongs to `loadbalancer/app/NAME/ID`.
        let parts: Vec<&str> = tail_of(&rule.arn).split('/').collect();
        let [_, kind, name, id, ..] = parts[..] else { continue };
        let balancer = format!("loadbalancer/{kind}/{name}/{id}");
        for (side, group) in scene.groups() {
            let is_there = group.balancers.iter().any(|arn| tail_of(arn) == balancer);
            if !is_there && !group.balancers.is_empty() {
                let others: Vec<&str> = group.balancers.iter().map(|arn| short(arn)).collect();
                said.seen(format!(
                    "{} of {} is behind {}, and the rule is of {name}.",
                    short(&group.arn),
                    scene.called(side),
                    listed(&others)
                ));
            }
        }
    }
}

fn sticky_groups(scene: &Scene<'_>, said: &mut Said) {
    for (_, rule) in rules(scene).into_iter().filter(|(_, rule)| rule.stickiness.is_none()) {
        for (_, group) in scene.groups().filter(|(_, group)| group.is_sticky()) {
            let (name, called) = (short(&group.arn), called(rule));
            said.seen(format!("{name} has `stickiness.enabled`, and {called} has none."));
        }
    }
}

fn disagree(scene: &Scene<'_>, said: &mut Said) {
    let pairs: Vec<(String, WeightPair)> = rules(scene)
        .into_iter()
        .filter_map(|(router, rule)| Some((called(rule), pair(router, rule)?)))
        .collect();
    let Some((_, first)) = pairs.first() else { return };
    if pairs.iter().any(|(_, pair)| pair.share() != first.share()) {
        let shown =
            pairs.iter().map(|(rule, it)| format!("{rule} at {} and {}", it.ec2, it.fargate));
        said.seen(format!("Weights of EC2 and Fargate: {}.", listed(&shown.collect::<Vec<_>>())));
    }
}

fn stickiness(scene: &Scene<'_>, said: &mut Said) {
    for (_, rule) in rules(scene) {
        if let Some(span) = rule.stickiness {
            said.seen(format!("{} holds clients for {span}.", sentence(rule)));
        }
    }
}

fn other_groups(scene: &Scene<'_>, said: &mut Said) {
    for (router, rule) in rules(scene) {
        let ours = [&router.ec2_target_group_arn, &router.fargate_target_group_arn];
        let others = rule.forwards.iter().filter(|it| !ours.contains(&&it.group) && it.weight > 0);
        for forward in others {
            let (name, weight) = (short(&forward.group), forward.weight);
            said.seen(format!("{} gives {name} the weight {weight}.", sentence(rule)));
        }
    }
}

fn other_actions(scene: &Scene<'_>, said: &mut Said) {
    for (_, rule) in rules(scene).into_iter().filter(|(_, rule)| !rule.other_actions.is_empty()) {
        said.seen(format!("{} has {} as well.", sentence(rule), listed(&rule.other_actions)));
    }
}
