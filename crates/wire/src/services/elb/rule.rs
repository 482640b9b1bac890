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
    let weighted = balancer.rules.iter().enumerate();
    weighted.map(|(at, rule)| Found::Weighted(rule, at + 1)).chain([Found::Default(balancer)])
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

fn weighted_rule(world: &World<'_>, rule: &Rule, priority: usize, weights: WeightPair) -> Fields {
    let paths = || members(["/*"]);
    let condition = Fields::new()
        .with("Field", "path-pattern")
        .with("Values", paths())
        .with("PathPatternConfig", Fields::new().with("Values", paths()));
    let [ec2, fargate] = Side::ALL.map(|side| {
        let member = world.inventory.member(rule.application, side);
        member.map(|member| member.group_arn.as_str()).unwrap_or_default()
    });
    let stickiness = world.state.stickiness.get(&rule.arn).copied().unwrap_or_default();
    let action = forward(&[(ec2, weights.ec2), (fargate, weights.fargate)], stickiness);
    Fields::new()
        .with("RuleArn", &rule.arn)
        .with("Priority", priority.to_string())
        .with("Conditions", members([condition]))
        .with("Actions", members([action]))
        .with("IsDefault", false)
}

pub(super) fn modify(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let arn = input.needed_text("RuleArn")?;
    let (rule, priority) = match find(world, arn) {
        Some(Found::Weighted(rule, priority)) => (rule, priority),
        Some(Found::Default(_)) => {
            let message = format!("Default rule '{arn}' cannot be modified");
            return Err(Refusal::exactly("OperationNotPermitted", 400, message));
        }
        None => {
            world.call("elasticloadbalancing:ModifyRule", true, &[])?;
            return Err(no_rule(arn));
        }
    };
    if let Some(other) = input.other_than(&["Action", "Version", "RuleArn", "Actions"]) {
        let message = format!("{other} cannot be changed: this region changes Actions only");
        return Err(Refusal::invalid(message));
    }
    let (weights, stickiness) = action(world, rule, input)?;
    // A balancer knows no condition: what it holds is replaced, whatever it is.
    let change = RouteChange { route: &rule.route, expected: weights, weights };
    let requests = [
        Request::ChangeRoutes { changes: &[change] },
        Request::DescribeRoute { route: &rule.route },
    ];
    let mut answers = world.call("elasticloadbalancing:ModifyRule", true, &requests)?.into_iter();
    match answers.next() {
        Some(Response::Failed(error)) if error.kind == ErrorKind::NotFound => {
            return Err(no_rule(arn));
        }
        Some(Response::Failed(error)) => return Err(error.into()),
        Some(_) | None => {}
    }
    world.state.stickiness.insert(rule.arn.clone(), stickiness);
    let weights = answers.next().unwrap_or(Response::Done).route()?.0;
    let rule = weighted_rule(world, rule, priority, weights);
    Ok(Fields::new().with("Rules", members([rule])))
}

/// The weights and stickiness that a request's only action asks for.
fn action(
    world: &World<'_>,
    rule: &Rule,
    input: &Input<'_>,
) -> Result<(WeightPair, Stickiness), Refusal> {
    let actions = input.list("Actions")?.unwrap_or_default();
    let [action] = actions.as_slice() else {
        let message = "Actions must hold one forward action: this region has no others";
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
    let (Some(ec2), Some(fargate)) = (on_ec2, on_fargate) else {
        let message = "This region's rules forward to the groups of both sides: give both, at \
                       weight 0 where one is to have nothing";
        return Err(Refusal::invalid(message));
    };
    Ok((WeightPair { ec2, fargate }, stickiness(&config)?))
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
    Ok(Stickiness { enabled, seconds })
}
