//! Application Auto Scaling: scalable targets, policies, scheduled actions, activities.

mod activity;
pub(super) mod policy;
mod scheduled;
mod target;

use capacity::scaling::{SCALABLE_DIMENSION, SERVICE_NAMESPACE};

use crate::input::Input;
use crate::inventory::Member;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::{Page, unknown};
use crate::value::{Fields, members};
use crate::world::World;

const OPERATIONS: [&str; 7] = [
    "DescribeScalableTargets",
    "DescribeScalingPolicies",
    "DescribeScheduledActions",
    "DescribeScalingActivities",
    "RegisterScalableTarget",
    "PutScheduledAction",
    "DeleteScheduledAction",
];

/// Items of a page at most, and where the request does not say (API reference).
const PAGE_MAX: u32 = 50;

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    check_namespace(input)?;
    match operation {
        "DescribeScalableTargets" => target::describe(world, input),
        "DescribeScalingPolicies" => policy::describe(world, input),
        "DescribeScheduledActions" => scheduled::describe(world, input),
        "DescribeScalingActivities" => activity::describe(world, input),
        "RegisterScalableTarget" => target::register(world, input),
        "PutScheduledAction" => scheduled::put(world, input),
        "DeleteScheduledAction" => scheduled::delete(world, input),
        other => Err(unknown(Service::Autoscaling, other, &OPERATIONS)),
    }
}

/// Every operation names the service; there is only ECS here.
fn check_namespace(input: &Input<'_>) -> Result<(), Refusal> {
    let namespace = input.text("ServiceNamespace")?;
    if namespace.is_some_and(|namespace| namespace != SERVICE_NAMESPACE) {
        let message = "This region has scalable targets of the namespace ecs only";
        return Err(Refusal::invalid(message));
    }
    let dimension = input.text("ScalableDimension")?;
    if dimension.is_some_and(|dimension| dimension != SCALABLE_DIMENSION) {
        let message = format!(
            "Unsupported service namespace, resource type or scalable dimension: \
                               this region has {SCALABLE_DIMENSION}"
        );
        return Err(Refusal::invalid(message));
    }
    Ok(())
}

/// `service/CLUSTER/SERVICE`.
pub(super) fn resource_id(member: &Member) -> String {
    format!("service/{}/{}", member.id.cluster, member.id.service)
}

/// The service of a resource id.
fn member_of<'a>(world: &World<'a>, resource: &str) -> Option<&'a Member> {
    let parts: Vec<&str> = resource.split('/').collect();
    let ["service", cluster, service] = parts.as_slice() else { return None };
    world.inventory.service(cluster, service)
}

/// The services that a request asks of: one, or all.
fn asked_of<'a>(world: &World<'a>, input: &Input<'_>) -> Result<Vec<&'a Member>, Refusal> {
    input.needed_text("ServiceNamespace")?;
    Ok(match input.text("ResourceId")? {
        Some(resource) => member_of(world, resource).into_iter().collect(),
        None => world.inventory.members.iter().collect(),
    })
}

fn no_target(resource: &str) -> Refusal {
    let message = format!(
        "No scalable target found for service namespace: {SERVICE_NAMESPACE}, resource ID: \
         {resource}, scalable dimension: {SCALABLE_DIMENSION}"
    );
    Refusal::exactly("ObjectNotFoundException", 400, message)
}

/// What every description begins with.
fn of_resource(resource: &str) -> Fields {
    Fields::new()
        .with("ServiceNamespace", SERVICE_NAMESPACE)
        .with("ResourceId", resource)
        .with("ScalableDimension", SCALABLE_DIMENSION)
}

/// One page of a list.
fn listed(input: &Input<'_>, name: &'static str, all: Vec<Fields>) -> Result<Fields, Refusal> {
    let size = input.count("MaxResults", 1, PAGE_MAX)?.unwrap_or(PAGE_MAX);
    let page = Page::of(all, input.text("NextToken")?, size as usize).map_err(|token| {
        let message = format!("The next token supplied was invalid: {token}");
        Refusal::exactly("InvalidNextTokenException", 400, message)
    })?;
    Ok(Fields::new().with(name, members(page.items)).with_some("NextToken", page.next))
}
