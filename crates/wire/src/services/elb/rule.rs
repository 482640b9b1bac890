//! Listener rules: the weighted ones are the region's routes.

use cloud::ErrorKind;
use model::Side;
use model::route::{Route, WeightPair};
use region::request::{Request, Response, RouteChange};

use super::{listed, no_group, no_listener, no_rule};
use crate::input::Input;
use crate::inventory::{Balancer, Rule};
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::{Stickiness, World};

/// A target group's weight (ELBv2 API reference, `TargetGroupTuple`).
const WEIGHT_MAX: u32 = 999;
/// How long stickiness may last, in seconds (`TargetGroupStickinessConfig`).
const STICKY_SECONDS_MAX: u32 = 604_800;

/// A rule of a listener.
#[derive(Clone, Copy)]
enum Found<'a> {
    Default(&'a Balancer),
    Weighted(&'a Rule, usize),
}

fn rules_of(balancer: &Balancer) -> impl Iterator<Item = Found<'_>> {
    let weighted = balancer.rules.iter().filter(|rule| !rule.is_default).enumerate();
    let default =
        default_of(balancer).map_or(Found::Default(balancer), |it| Found::Weighted(it, 0));
    weighted.map(|(at, rule)| Found::Weighted(rule, at + 1)).chain([default])
}

/// The weighted rule that is a listener's default.
fn default_of(balancer: &Balancer) -> Option<&Rule> {
    balancer.rules.iter().find(|rule| rule.is_default)
}

fn find<'a>(world: &World<'a>, arn: &str) -> Option<Found<'a>> {
    world.inventory.balancers.iter().flat_map(rules_of).find(|found| match found {
        Found::Default(balancer) => balancer.default_rule_arn == arn,
        Found::Weighted(rule, _) => rule.arn == arn,
    })
}

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let (listener, arns) = (input.text("ListenerArn")?, input.texts("RuleArns")?);
    let found: Result<Vec<Found<'_>>, Refusal> = match (listener, arns) {
        (Some(arn), None) => {
            let balancer = world.inventory.balancers.iter().find(|it| it.listener_arn == arn);
            balancer.map(|it| rules_of(it).collect()).ok_or_else(|| no_listener(arn))
        }
        (None, Some(arns)) => {
            arns.iter().map(|arn| find(world, arn).ok_or_else(|| no_rule(arn))).collect()
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = "You must specify either listener rule ARNs or a listener ARN";
            return Err(Refusal::invalid(message));
        }
    };
    let weighted = |found: &Found<'_>| match found {
        Found::Default(_) => None,
        Found::Weighted(rule, _) => Some(rule.route.clone()),
    };
    let routes: Vec<Route> = found.iter().flatten().filter_map(weighted).collect();
    let requests: Vec<Request<'_>> =
        routes.iter().map(|route| Request::DescribeRoute { route }).collect();
    let mut answers =
        world.call("elasticloadbalancing:DescribeRules", false, &requests)?.into_iter();
    let mut rules = Vec::new();
    for found in found? {
        rules.push(match found {
            Found::Default(balancer) => default_rule(world, balancer),
            Found::Weighted(rule, priority) => {
                let answer = answers.next().ok_or_else(|| no_rule(&rule.arn))?;
                weighted_rule(world, rule, priority, answer.route()?.0)
            }
        });
    }
    listed(input, "Rules", rules)
}

/// What a listener does with requests that no rule takes: forward to the one group behind it, or
/// say that there is nothing.
pub(super) fn default_action(world: &World<'_>, balancer: &Balancer) -> Fields {
    if let Some(rule) = default_of(balancer)
        && let Some(weights) = world.region.live_weights(&rule.route)
    {
        return weighted_action(world, rule, weights);
    }
    let group = balancer.members.first().and_then(|place| world.inventory.members.get(*place));
    match group.filter(|_| balancer.rules.is_empty()) {
        Some(member) => forward(&[(member.group_arn.as_str(), 1)], Stickiness::default()),
        None => {
            let response = Fields::new()
                .with("MessageBody", "Not found")
                .with("StatusCode", "404")
                .with("ContentType", "text/plain");
            Fields::new()
                .with("Type", "fixed-response")
                .with("Order", 1_u32)
                .with("FixedResponseConfig", response)
        }
    }
}

fn forward(groups: &[(&str, u32)], stickiness: Stickiness) -> Fields {
    let tuples = groups
        .iter()
        .map(|(arn, weight)| Fields::new().with("TargetGroupArn", *arn).with("Weight", *weight));
    let sticky = Fields::new()
        .with("Enabled", stickiness.enabled)
        .with_some("DurationSeconds", stickiness.seconds);
    let config = Fields::new()
        .with("TargetGroups", members(tuples))
        .with("TargetGroupStickinessConfig", sticky);
    // A single group is also named beside the configuration.
    let single = (groups.len() == 1).then(|| groups.first().map(|(arn, _)| *arn)).flatten();
    Fields::new()
        .with("Type", "forward")
        .with_some("TargetGroupArn", single)
        .with("Order", 1_u32)
        .with("ForwardConfig", config)
}

fn default_rule(world: &World<'_>, balancer: &Balancer) -> Fields {
    Fields::new()
        .with("RuleArn", &balancer.default_rule_arn)
        .with("Priority", "default")
        .with("Conditions", members::<Fields>([]))
        .with("Actions", members([default_action(world, balancer)]))
        .with("IsDefault", true)
}

fn weighted_action(world: &World<'_>, rule: &Rule, weights: WeightPair) -> Fields {
    let stickiness = world.state.stickiness.get(&rule.arn).copied().unwrap_or_default();
    let weight = |side: Side| match side {
        Side::Ec2 => weights.ec2,
        Side::Fargate => weights.fargate,
    };
    let group = |side: Side| {
        let member = world.inventory.member(rule.application, side)?;
        (stickiness.without != Some(side)).then_some((member.group_arn.as_str(), weight(side)))
    };
    let groups: Vec<(&str, u32)> = Side::ALL.into_iter().filter_map(group).collect();
    forward(&groups, stickiness)
}

fn weighted_rule(world: &World<'_>, rule: &Rule, priority: usize, weights: WeightPair) -> Fields {
    let priority = if rule.is_default { "default".to_owned() } else { priority.to_string() };
    let paths = || members(["/*"]);
    let condition = Fields::new()
        .with("Field", "path-pattern")
        .with("Values", paths())
        .with("PathPatternConfig", Fields::new().with("Values", paths()));
    let conditions = if rule.is_default { Vec::new() } else { vec![condition] };
    let action = weighted_action(world, rule, weights);
    Fields::new()
        .with("RuleArn", &rule.arn)
        .with("Priority", priority)
        .with("Conditions", members(conditions))
        .with("Actions", members([action]))
        .with("IsDefault", rule.is_default)
}

pub(super) fn modify(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    const OPERATION: &str = "elasticloadbalancing:ModifyRule";
    let arn = input.needed_text("RuleArn")?;
    let (rule, priority) = match find(world, arn) {
        Some(Found::Weighted(rule, priority)) if !rule.is_default => (rule, priority),
        Some(Found::Default(_) | Found::Weighted(..)) => {
            let message = format!("Default rule '{arn}' cannot be modified");
            return Err(Refusal::exactly("OperationNotPermitted", 400, message));
        }
        None => {
            world.call(OPERATION, true, &[])?;
            return Err(no_rule(arn));
        }
    };
    check_fields(input, &["Action", "Version", "RuleArn", "Actions"], "Actions")?;
    let weights = change(world, rule, input, ("Actions", OPERATION))?;
    let rule = weighted_rule(world, rule, priority, weights);
    Ok(Fields::new().with("Rules", members([rule])))
}

/// Changes what a listener does by default.
pub(super) fn modify_default<'a>(
    world: &mut World<'a>,
    input: &Input<'_>,
) -> Result<&'a Balancer, Refusal> {
    const OPERATION: &str = "elasticloadbalancing:ModifyListener";
    let arn = input.needed_text("ListenerArn")?;
    let Some(balancer) = world.inventory.balancers.iter().find(|it| it.listener_arn == arn) else {
        world.call(OPERATION, true, &[])?;
        return Err(no_listener(arn));
    };
    let Some(rule) = default_of(balancer) else {
        let message = "This region changes default actions only where they are weighted";
        return Err(Refusal::exactly("OperationNotPermitted", 400, message));
    };
    let known = ["Action", "Version", "ListenerArn", "DefaultActions"];
    check_fields(input, &known, "DefaultActions")?;
    change(world, rule, input, ("DefaultActions", OPERATION))?;
    Ok(balancer)
}

fn check_fields(input: &Input<'_>, known: &[&str], actions: &str) -> Result<(), Refusal> {
    let Some(other) = input.other_than(known) else { return Ok(()) };
    let message = format!("{other} cannot be changed: this region changes {actions} only");
    Err(Refusal::invalid(message))
}

/// Gives a rule the weights and stickiness that a request asks for.
fn change(
    world: &mut World<'_>,
    rule: &Rule,
    input: &Input<'_>,
    (actions, operation): (&'static str, &'static str),
) -> Result<WeightPair, Refusal> {
    let (weights, stickiness) = action(world, rule, input, actions)?;
    // A balancer knows no condition: what it holds is replaced, whatever it is.
    let change = RouteChange { route: &rule.route, expected: weights, weights };
    let requests = [
        Request::ChangeRoutes { changes: &[change] },
        Request::DescribeRoute { route: &rule.route },
    ];
    let mut answers = world.call(operation, true, &requests)?.into_iter();
    match answers.next() {
        Some(Response::Failed(error)) if error.kind == ErrorKind::NotFound => {
            return Err(no_rule(&rule.arn));
        }
        Some(Response::Failed(error)) => return Err(error.into()),
        Some(_) | None => {}
    }
    world.state.stickiness.insert(rule.arn.clone(), stickiness);
    Ok(answers.next().unwrap_or(Response::Done).route()?.0)
}

/// The weights and stickiness that a request's only action asks for.
fn action(
    world: &World<'_>,
    rule: &Rule,
    input: &Input<'_>,
    name: &'static str,
) -> Result<(WeightPair, Stickiness), Refusal> {
    let actions = input.list(name)?.unwrap_or_default();
    let [action] = actions.as_slice() else {
        let message = format!("{name} must hold one forward action: this region has no others");
        return Err(Refusal::exactly("InvalidLoadBalancerAction", 400, message));
    };
    let kind = action.needed_text("Type")?;
    if kind != "forward" {
        let message = format!("The action type '{kind}' is not valid here: use forward");
        return Err(Refusal::exactly("InvalidLoadBalancerAction", 400, message));
    }
    let config = action.needed("ForwardConfig")?;
    let tuples = config.list("TargetGroups")?.unwrap_or_default();
    let [ec2, fargate] = Side::ALL
        .map(|side| world.inventory.member(rule.application, side).map(|it| &it.group_arn));
    let (mut on_ec2, mut on_fargate) = (None, None);
    for tuple in &tuples {
        let arn = tuple.needed_text("TargetGroupArn")?;
        let weight = tuple.count("Weight", 0, WEIGHT_MAX)?.unwrap_or(1);
        let place = match arn {
            arn if ec2.is_some_and(|it| it == arn) => &mut on_ec2,
            arn if fargate.is_some_and(|it| it == arn) => &mut on_fargate,
            arn if world.inventory.group(arn).is_none() => return Err(no_group(arn)),
            arn => {
                let message =
                    format!("The target group '{arn}' stands behind another load balancer or rule");
                return Err(Refusal::exactly("TargetGroupAssociationLimit", 400, message));
            }
        };
        if place.replace(weight).is_some() {
            let message = format!("The target group '{arn}' is given twice");
            return Err(Refusal::invalid(message));
        }
    }
    let stickiness = stickiness(&config)?;
    // A group that stands alone has everything, whatever its weight.
    let (weights, without) = match (on_ec2, on_fargate) {
        (Some(ec2), Some(fargate)) => (WeightPair { ec2, fargate }, None),
        (Some(_), None) => (WeightPair { ec2: 100, fargate: 0 }, Some(Side::Fargate)),
        (None, Some(_)) => (WeightPair { ec2: 0, fargate: 100 }, Some(Side::Ec2)),
        (None, None) => return Err(Refusal::invalid("ForwardConfig names no target group")),
    };
    Ok((weights, Stickiness { without, ..stickiness }))
}

fn stickiness(config: &Input<'_>) -> Result<Stickiness, Refusal> {
    let Some(config) = config.within("TargetGroupStickinessConfig")? else {
        return Ok(Stickiness::default());
    };
    let seconds = config.count("DurationSeconds", 1, STICKY_SECONDS_MAX)?;
    let enabled = config.flag("Enabled")?.unwrap_or(false);
    if enabled && seconds.is_none() {
        let message = "Stickiness duration must be specified when stickiness is enabled";
        return Err(Refusal::invalid(message));
    }
    Ok(Stickiness { enabled, seconds, without: None })
}
