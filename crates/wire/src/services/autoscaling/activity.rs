//! Scaling activities: what was decided lately.

use capacity::scaling::{Activity, NotScaledReason, Outcome, Status};

use super::{asked_of, listed, of_resource, resource_id};
use crate::input::Input;
use crate::inventory::{Member, digest};
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let asked = asked_of(world, input)?;
    let with_not_scaled = input.flag("IncludeNotScaledActivities")?.unwrap_or(false);
    world.look("application-autoscaling:DescribeScalingActivities")?;
    let mut all = Vec::new();
    for member in asked {
        let target = world.region.scalable_target(member.application, member.side);
        for activity in target.iter().flat_map(|target| target.activities()) {
            if let Some(fields) = fields(member, activity, with_not_scaled) {
                all.push((activity.at, activity.id, fields));
            }
        }
    }
    // Newest first, as AWS lists them.
    all.sort_by_key(|(at, id, _)| (std::cmp::Reverse(*at), std::cmp::Reverse(*id)));
    listed(input, "ScalingActivities", all.into_iter().map(|(_, _, fields)| fields).collect())
}

/// `None` for what AWS keeps to itself.
fn fields(member: &Member, activity: &Activity, with_not_scaled: bool) -> Option<Fields> {
    let resource = resource_id(member);
    let told = match activity.outcome {
        Outcome::Scaled { to, status, .. } => scaled(to, status),
        Outcome::BoundsSet { min, max } => Told {
            description: format!("Setting min capacity to {min} and max capacity to {max}"),
            status: "Successful",
            message: format!("Successfully set min capacity to {min} and max capacity to {max}"),
            reason: None,
        },
        Outcome::Failed { min, max } => Told {
            description: format!("Setting min capacity to {min} and max capacity to {max}"),
            status: "Failed",
            message: format!("Min capacity {min} is greater than max capacity {max}"),
            reason: None,
        },
        Outcome::NotScaled { reason } => {
            let code = reason.aws_code().filter(|_| with_not_scaled)?;
            Told {
                description: "Attempting to scale due to alarm triggered".to_owned(),
                status: "Failed",
                message: String::new(),
                reason: Some(not_scaled(code, reason)),
            }
        }
    };
    let id = digest(&["activity", &resource, &activity.id.to_string()], 32);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts = parts.map(|(from, until)| id.get(from..until).unwrap_or_default());
    let message = (!told.message.is_empty()).then_some(told.message);
    Some(
        of_resource(&resource)
            .with("ActivityId", parts.join("-"))
            .with("Description", told.description)
            .with("Cause", activity.cause.to_string())
            .with("StartTime", activity.at)
            .with("StatusCode", told.status)
            .with_some("StatusMessage", message)
            .with_some("NotScaledReasons", told.reason.map(|reason| members([reason]))),
    )
}

/// An activity in AWS's words.
struct Told {
    description: String,
    status: &'static str,
    message: String,
    reason: Option<Fields>,
}

fn scaled(to: u32, status: Status) -> Told {
    let (status, message) = match status {
        Status::InProgress => (
            "InProgress",
            format!(
                "Successfully set desired count to {to}. Waiting for change to be fulfilled by ecs."
            ),
        ),
        Status::Successful => (
            "Successful",
            format!(
                "Successfully set desired count to {to}. Change successfully fulfilled by ecs."
            ),
        ),
        Status::Overridden => {
            ("Overridden", format!("Desired count {to} was overridden by another change."))
        }
        Status::Unfulfilled => {
            ("Unfulfilled", format!("Desired count {to} was not reached by ecs in time."))
        }
    };
    Told { description: format!("Setting desired count to {to}."), status, message, reason: None }
}

fn not_scaled(code: &str, reason: NotScaledReason) -> Fields {
    let fields = Fields::new().with("Code", code);
    match reason {
        NotScaledReason::AlreadyAtMaxCapacity { max } => fields.with("MaxCapacity", max),
        NotScaledReason::AlreadyAtMinCapacity { min } => fields.with("MinCapacity", min),
        NotScaledReason::AlreadyAtDesiredCapacity { desired } => {
            fields.with("CurrentCapacity", desired)
        }
        NotScaledReason::AutoScalingAnticipatedFlapping
        | NotScaledReason::TargetServicePutResourceAsUnscalable
        | NotScaledReason::CoolingDown
        | NotScaledReason::Suspended
        | NotScaledReason::TargetTrackingDisagrees
        | NotScaledReason::NoStep => fields,
    }
}
