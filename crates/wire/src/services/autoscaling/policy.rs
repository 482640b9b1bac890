//! Scaling policies, as the region's file put them.

use capacity::alarm::Alarm;
use capacity::scaling::{PolicyType, PutScalingPolicy, ScalableTarget};

use super::{asked_of, listed, of_resource, resource_id};
use crate::input::Input;
use crate::inventory::{Member, digest};
use crate::refusal::Refusal;
use crate::value::{Fields, members, serialized};
use crate::world::World;

/// `arn:aws:autoscaling:...:policyName/NAME`.
pub(in crate::services) fn policy_arn(world: &World<'_>, resource: &str, policy: &str) -> String {
    let id = digest(&["policy", resource, policy], 32);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts = parts.map(|(from, until)| id.get(from..until).unwrap_or_default());
    let place = world.place;
    format!(
        "arn:aws:autoscaling:{}:{}:scalingPolicy:{}:resource/ecs/{resource}:policyName/{policy}",
        place.region,
        place.account,
        parts.join("-")
    )
}

pub(in crate::services) fn alarm_arn(world: &World<'_>, alarm: &str) -> String {
    format!("arn:aws:cloudwatch:{}:{}:alarm:{alarm}", world.place.region, world.place.account)
}

/// Whether an alarm's action is this policy: its ARN, or its bare name in the region's file.
pub(in crate::services) fn invokes(action: &str, policy: &str) -> bool {
    action == policy
        || action.strip_suffix(policy).is_some_and(|head| head.ends_with(":policyName/"))
}

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let asked = asked_of(world, input)?;
    let names = input.texts("PolicyNames")?;
    world.look("application-autoscaling:DescribeScalingPolicies")?;
    let mut policies = Vec::new();
    for member in asked {
        let target = world.region.scalable_target(member.application, member.side);
        let Some(target) = target else { continue };
        for policy in target.policies() {
            let name = policy.policy_name.as_str();
            if names.as_ref().is_none_or(|names| names.contains(&name)) {
                policies.push(fields(world, member, target, policy));
            }
        }
    }
    listed(input, "ScalingPolicies", policies)
}

fn fields(
    world: &World<'_>,
    member: &Member,
    target: &ScalableTarget,
    policy: &PutScalingPolicy,
) -> Fields {
    let resource = resource_id(member);
    let name = &policy.policy_name;
    let kind = match policy.policy_type {
        PolicyType::StepScaling => "StepScaling",
        PolicyType::TargetTrackingScaling => "TargetTrackingScaling",
    };
    let invoked_by =
        |alarm: &&Alarm| alarm.request().alarm_actions.iter().any(|action| invokes(action, name));
    let alarms = target.alarms().filter(invoked_by).map(|alarm| {
        let alarm = &alarm.request().alarm_name;
        Fields::new().with("AlarmName", alarm).with("AlarmARN", alarm_arn(world, alarm))
    });
    let step = policy.step_scaling_policy_configuration.as_ref().map(serialized);
    let tracking = policy.target_tracking_scaling_policy_configuration.as_ref().map(serialized);
    of_resource(&resource)
        .with("PolicyARN", policy_arn(world, &resource, name))
        .with("PolicyName", name)
        .with("PolicyType", kind)
        .with_some("StepScalingPolicyConfiguration", step)
        .with_some("TargetTrackingScalingPolicyConfiguration", tracking)
        .with("Alarms", members(alarms))
        .with("CreationTime", world.region.start())
}
