//! Elastic Load Balancing v2: balancers, listeners, rules, target groups and their targets.

pub(super) mod balancer;
mod group;
mod rule;

use crate::input::Input;
use crate::inventory::tail;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::{Page, unknown};
use crate::value::{Fields, members};
use crate::world::World;

const OPERATIONS: [&str; 12] = [
    "DescribeTargetHealth",
    "DescribeTargetGroups",
    "DescribeTargetGroupAttributes",
    "DescribeLoadBalancers",
    "DescribeLoadBalancerAttributes",
    "DescribeListeners",
    "DescribeRules",
    "ModifyRule",
    "ModifyListener",
    "DescribeTags",
    "AddTags",
    "RemoveTags",
];

/// Items of a page at most, and where the request does not say (ELBv2 API reference).
const PAGE_MAX: u32 = 400;
/// Resources of one `DescribeTags` (ELBv2 API reference).
const TAGGED_MAX: usize = 20;
/// The network that everything stands in.
const VPC: &str = "vpc-0a1b2c3d4e5f60718";

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    match operation {
        "DescribeTargetHealth" => group::describe_health(world, input),
        "DescribeTargetGroups" => group::describe(world, input),
        "DescribeTargetGroupAttributes" => group::describe_attributes(world, input),
        "DescribeLoadBalancers" => balancer::describe(world, input),
        "DescribeLoadBalancerAttributes" => balancer::describe_attributes(world, input),
        "DescribeListeners" => balancer::describe_listeners(world, input),
        "DescribeRules" => rule::describe(world, input),
        "ModifyRule" => rule::modify(world, input),
        "ModifyListener" => balancer::modify_listener(world, input),
        "DescribeTags" => describe_tags(world, input),
        "AddTags" => {
            world.carry_out("elasticloadbalancing:AddTags", true, |world| add_tags(world, input))
        }
        "RemoveTags" => world
            .carry_out("elasticloadbalancing:RemoveTags", true, |world| remove_tags(world, input)),
        other => Err(unknown(Service::LoadBalancing, other, &OPERATIONS)),
    }
}

fn no_group(name: &str) -> Refusal {
    let message = format!("One or more target groups not found: '{name}'");
    Refusal::exactly("TargetGroupNotFound", 400, message)
}

fn no_balancer(name: &str) -> Refusal {
    let message = format!("One or more load balancers not found: '{name}'");
    Refusal::exactly("LoadBalancerNotFound", 400, message)
}

fn no_listener(name: &str) -> Refusal {
    let message = format!("One or more listeners not found: '{name}'");
    Refusal::exactly("ListenerNotFound", 400, message)
}

fn no_rule(name: &str) -> Refusal {
    let message = format!("One or more rules not found: '{name}'");
    Refusal::exactly("RuleNotFound", 400, message)
}

/// One page of a list.
fn listed(input: &Input<'_>, name: &'static str, all: Vec<Fields>) -> Result<Fields, Refusal> {
    let size = input.count("PageSize", 1, PAGE_MAX)?.unwrap_or(PAGE_MAX);
    let page = Page::of(all, input.text("Marker")?, size as usize)
        .map_err(|token| Refusal::invalid(format!("Invalid marker: '{token}'")))?;
    Ok(Fields::new().with(name, members(page.items)).with_some("NextMarker", page.next))
}

fn attribute(key: &str, value: &str) -> Fields {
    Fields::new().with("Key", key).with("Value", value)
}

fn tagged<'a>(input: &Input<'a>) -> Result<Vec<&'a str>, Refusal> {
    let arns = input.texts("ResourceArns")?.unwrap_or_default();
    if arns.is_empty() || arns.len() > TAGGED_MAX {
        let message = format!("ResourceArns takes from 1 to {TAGGED_MAX} ARNs");
        return Err(Refusal::invalid(message));
    }
    Ok(arns)
}

/// All ARNs of a request exist, or nothing of it is done.
fn existing<'a>(world: &World<'_>, input: &Input<'a>) -> Result<Vec<&'a str>, Refusal> {
    let arns = tagged(input)?;
    for arn in &arns {
        application_of(world, arn)?;
    }
    Ok(arns)
}

fn add_tags(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let arns = existing(world, input)?;
    for tag in input.list("Tags")?.unwrap_or_default() {
        let (key, value) = (tag.needed_text("Key")?, tag.text("Value")?.unwrap_or_default());
        for arn in &arns {
            let tags = world.state.tags.entry((*arn).to_owned()).or_default();
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    Ok(Fields::new())
}

fn remove_tags(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let keys = input.texts("TagKeys")?.unwrap_or_default();
    for arn in existing(world, input)? {
        let tags = world.state.tags.entry(arn.to_owned()).or_default();
        tags.retain(|key, _| !keys.contains(&key.as_str()));
    }
    Ok(Fields::new())
}

fn describe_tags(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let arns = tagged(input)?;
    world.look("elasticloadbalancing:DescribeTags")?;
    let mut described = Vec::new();
    for arn in arns {
        let application = application_of(world, arn)?;
        let name = world.region.applications().nth(application).unwrap_or_default();
        let put = world.state.tags.get(arn).into_iter().flatten();
        let put = put.map(|(key, value)| attribute(key, value));
        let tags = members([attribute("application", name)].into_iter().chain(put));
        described.push(Fields::new().with("ResourceArn", arn).with("Tags", tags));
    }
    Ok(Fields::new().with("TagDescriptions", members(described)))
}

/// The application that a resource stands before.
fn application_of(world: &World<'_>, arn: &str) -> Result<usize, Refusal> {
    let inventory = world.inventory;
    if let Some(member) = inventory.group(arn) {
        return Ok(member.application);
    }
    let found = inventory.balancers.iter().find(|balancer| {
        balancer.arn == arn
            || balancer.listener_arn == arn
            || balancer.default_rule_arn == arn
            || balancer.rules.iter().any(|rule| rule.arn == arn)
    });
    let member = found.and_then(|balancer| inventory.members.get(*balancer.members.first()?));
    member.map(|member| member.application).ok_or_else(|| {
        let missing = match tail(arn).split('/').next() {
            Some("targetgroup") => no_group,
            Some("listener") => no_listener,
            Some("listener-rule") => no_rule,
            Some(_) | None => no_balancer,
        };
        missing(arn)
    })
}
