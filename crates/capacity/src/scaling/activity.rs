//! Scaling activities: what was done, why, and why nothing was.

use std::fmt;

use model::Time;
use serde::Serialize;

/// One entry of a target's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Counts up from 1 on each target.
    pub id: u64,
    /// When it was decided.
    pub at: Time,
    /// What set it off.
    pub cause: Cause,
    /// What came of it.
    pub outcome: Outcome,
}

/// What set an activity off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Cause {
    /// An alarm invoked a policy.
    Alarm {
        /// The alarm's name.
        alarm: String,
        /// Its state, as AWS writes it.
        state: &'static str,
        /// The policy's name.
        policy: String,
    },
    /// A scheduled action fired.
    Scheduled {
        /// The action's name.
        action: String,
    },
    /// The target was registered with new bounds.
    Registered,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { alarm, state, policy } => {
                write!(f, "monitor alarm {alarm} in state {state} triggered policy {policy}")
            }
            Self::Scheduled { action } => write!(f, "scheduled action {action} was triggered"),
            Self::Registered => f.write_str("minimum or maximum capacity was changed"),
        }
    }
}

/// What came of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Outcome {
    /// The desired count was set.
    Scaled {
        /// From.
        from: u32,
        /// To.
        to: u32,
        /// How far ECS has got.
        status: Status,
    },
    /// Bounds changed and the desired count already lay within them.
    BoundsSet {
        /// The fewest tasks.
        min: u32,
        /// The most tasks.
        max: u32,
    },
    /// The action could not be taken: its bounds contradict each other.
    Failed {
        /// The minimum that would have been.
        min: u32,
        /// The maximum that would have been.
        max: u32,
    },
    /// Nothing was changed.
    NotScaled {
        /// Why.
        reason: NotScaledReason,
    },
}

/// How far ECS has got with a desired count that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Tasks are still starting or stopping.
    InProgress,
    /// As many run as were asked for.
    Successful,
    /// Someone asked for another count meanwhile.
    Overridden,
    /// The count was not reached in time.
    Unfulfilled,
}

/// Why a policy that was invoked changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "code")]
pub enum NotScaledReason {
    /// The desired count is at the maximum, or above it.
    AlreadyAtMaxCapacity {
        /// The maximum.
        max: u32,
    },
    /// The desired count is at the minimum, or below it.
    AlreadyAtMinCapacity {
        /// The minimum.
        min: u32,
    },
    /// What the policy asks for does not differ from the desired count in its direction.
    AlreadyAtDesiredCapacity {
        /// The desired count.
        desired: u32,
    },
    /// Scaling in now would push the metric back over its target. AWS does not publish when it
    /// says so, so it is known from recorded activities only and never given here.
    AutoScalingAnticipatedFlapping,
    /// A deployment is in progress, which turns scaling in off.
    TargetServicePutResourceAsUnscalable,
    /// A cooldown is in effect and the step is not larger than the one that began it.
    CoolingDown,
    /// That direction is suspended.
    Suspended,
    /// Another target tracking policy is not ready to scale in.
    TargetTrackingDisagrees,
    /// There is no datapoint, or it lies in no step.
    NoStep,
}

impl NotScaledReason {
    /// The code that `DescribeScalingActivities` gives; `None` where AWS stays silent.
    #[must_use]
    pub const fn aws_code(self) -> Option<&'static str> {
        match self {
            Self::AlreadyAtMaxCapacity { .. } => Some("AlreadyAtMaxCapacity"),
            Self::AlreadyAtMinCapacity { .. } => Some("AlreadyAtMinCapacity"),
            Self::AlreadyAtDesiredCapacity { .. } => Some("AlreadyAtDesiredCapacity"),
            Self::AutoScalingAnticipatedFlapping => Some("AutoScalingAnticipatedFlapping"),
            Self::TargetServicePutResourceAsUnscalable => {
                Some("TargetServicePutResourceAsUnscalable")
            }
            Self::CoolingDown | Self::Suspended | Self::TargetTrackingDisagrees | Self::NoStep => {
                None
            }
        }
    }
}
