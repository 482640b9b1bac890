//! Scalable targets.

use capacity::scaling::SuspendedState;
use model::observation::Bounds;
use region::request::{Request, Response};

use super::{listed, member_of, of_resource, resource_id};
use crate::input::Input;
use crate::inventory::{Member, digest};
use crate::refusal::Refusal;
use crate::value::Fields;
use crate::world::World;

/// `DescribeScalableTargets` takes at most this many resource ids (API reference).
const RESOURCES_MAX: usize = 50;

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    input.needed_text("ServiceNamespace")?;
    let asked: Vec<&Member> = match input.texts("ResourceIds")? {
        Some(resources) if resources.len() > RESOURCES_MAX => {
            let message = format!("ResourceIds can have at most {RESOURCES_MAX} items");
            return Err(Refusal::invalid(message));
        }
        Some(resources) if !resources.is_empty() => {
            resources.iter().filter_map(|resource| member_of(world, resource)).collect()
        }
        Some(_) | None => world.inventory.members.iter().collect(),
    };
    let requests: Vec<Request<'_>> =
        asked.iter().map(|it| Request::DescribeScalableTarget { id: &it.id }).collect();
    let operation = "application-autoscaling:DescribeScalableTargets";
    let answers = world.call(operation, false, &requests)?;
    let mut targets = Vec::new();
    for (member, answer) in asked.iter().zip(answers) {
        if let Some(scaling) = answer.scalable_target()? {
            targets.push(fields(world, member, scaling.bounds));
        }
    }
    listed(input, "ScalableTargets", targets)
}

fn target_arn(world: &World<'_>, resource: &str) -> String {
    let id = digest(&["scalable target", resource], 38);
    let place = world.place;
    format!(
        "arn:aws:application-autoscaling:{}:{}:scalable-target/{id}",
        place.region, place.account
    )
}

fn fields(world: &World<'_>, member: &Member, bounds: Bounds) -> Fields {
    let resource = resource_id(member);
    let target = world.region.scalable_target(member.application, member.side);
    let suspended = target.map(capacity::scaling::ScalableTarget::suspended).unwrap_or_default();
    let state = Fields::new()
        .with("DynamicScalingInSuspended", suspended.dynamic_scaling_in_suspended)
        .with("DynamicScalingOutSuspended", suspended.dynamic_scaling_out_suspended)
        .with("ScheduledScalingSuspended", suspended.scheduled_scaling_suspended);
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
         AWSServiceRoleForApplicationAutoScaling_ECSService",
        world.place.account
    );
    of_resource(&resource)
        .with("MinCapacity", bounds.min)
        .with("MaxCapacity", bounds.max)
        .with("RoleARN", role)
        .with("CreationTime", world.region.start())
        .with("SuspendedState", state)
        .with("ScalableTargetARN", target_arn(world, &resource))
}

pub(super) fn register(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    input.needed_text("ServiceNamespace")?;
    input.needed_text("ScalableDimension")?;
    let resource = input.needed_text("ResourceId")?;
    let (min, max) = (
        input.count("MinCapacity", 0, i32::MAX.unsigned_abs())?,
        input.count("MaxCapacity", 0, i32::MAX.unsigned_abs())?,
    );
    let Some(member) = member_of(world, resource) else {
        let message = format!("ECS service doesn't exist: {resource}");
        return Err(Refusal::invalid(message));
    };
    let (application, side) = (member.application, member.side);
    let Some(target) = world.region.scalable_target(application, side) else {
        let message = format!(
            "{resource} is no scalable target, and this region makes none that its file has not"
        );
        return Err(Refusal::invalid(message));
    };
    let (live_min, live_max) = target.bounds();
    let suspended = suspension(input, target.suspended())?;
    let mut requests = Vec::new();
    if min.is_some() || max.is_some() {
        // What is absent stays as it is.
        let bounds = Bounds { min: min.unwrap_or(live_min), max: max.unwrap_or(live_max) };
        requests.push(Request::RegisterScalableTarget { id: &member.id, bounds });
    }
    requests
        .extend(suspended.map(|suspended| Request::SuspendScaling { id: &member.id, suspended }));
    let operation = "application-autoscaling:RegisterScalableTarget";
    for answer in world.call(operation, true, &requests)? {
        if let Response::Failed(error) = answer {
            return Err(error.into());
        }
    }
    Ok(Fields::new().with("ScalableTargetARN", target_arn(world, resource)))
}

/// What is to be suspended, where the request says something of it.
fn suspension(input: &Input<'_>, live: SuspendedState) -> Result<Option<SuspendedState>, Refusal> {
    let Some(state) = input.within("SuspendedState")? else { return Ok(None) };
    let flag = |name: &str, live: bool| Ok::<_, Refusal>(state.flag(name)?.unwrap_or(live));
    Ok(Some(SuspendedState {
        dynamic_scaling_in_suspended: flag(
            "DynamicScalingInSuspended",
            live.dynamic_scaling_in_suspended,
        )?,
        dynamic_scaling_out_suspended: flag(
            "DynamicScalingOutSuspended",
            live.dynamic_scaling_out_suspended,
        )?,
        scheduled_scaling_suspended: flag(
            "ScheduledScalingSuspended",
            live.scheduled_scaling_suspended,
        )?,
    }))
}
