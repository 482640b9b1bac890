//! Actions: absolute, idempotent changes, each with what it expects to find.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::observation::{Bounds, ScheduledBounds};
use crate::route::{Sticky, Weights};
use crate::{Share, Side};

/// One change to the world. Doing it twice, or late, is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Action {
    /// Write the weights of all routes.
    SetWeights {
        /// The share they express.
        share: Share,
        /// What each route must hold for the write to happen.
        expected: Weights,
        /// What each route will hold.
        weights: Weights,
        /// Why the weights move.
        direction: Direction,
        /// Routes that are to hold clients again, as they did before a rollback let them go.
        #[serde(default, skip_serializing_if = "Sticky::is_empty")]
        sticky: Sticky,
    },
    /// Write the bounds of a side's scalable target.
    SetBounds {
        /// Whose.
        side: Side,
        /// What the target must hold for the write to happen.
        expected: Bounds,
        /// What it will hold.
        bounds: Bounds,
    },
    /// Write a service's desired count; only where no scalable target is active.
    SetDesired {
        /// Whose.
        side: Side,
        /// The count the service must have for the write to happen.
        expected: u32,
        /// The count it will have.
        desired: u32,
    },
    /// Put one of Ferry's own one-shot scheduled bounds, replacing the one of that name.
    PutScheduled {
        /// Whose.
        side: Side,
        /// The scheduled bounds.
        scheduled: ScheduledBounds,
    },
    /// Delete one of Ferry's own scheduled bounds.
    DeleteScheduled {
        /// Whose.
        side: Side,
        /// Its name.
        name: String,
    },
}

/// Why weights move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// A step towards the wanted share, through all gates.
    Advance,
    /// Back towards EC2: no gate, no window, no waiting.
    RollBack,
    /// Routes that disagree are brought to the share already decided.
    Finish,
}

impl Action {
    /// Whether traffic goes back to EC2 by this action.
    #[must_use]
    pub const fn is_rollback(&self) -> bool {
        matches!(self, Self::SetWeights { direction: Direction::RollBack, .. })
    }

    /// Whether traffic goes towards Fargate by this action.
    #[must_use]
    pub const fn is_advance(&self) -> bool {
        matches!(self, Self::SetWeights { direction: Direction::Advance, .. })
    }

    /// The action's name in metrics and events.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SetWeights { .. } => "SetWeights",
            Self::SetBounds { .. } => "SetBounds",
            Self::SetDesired { .. } => "SetDesired",
            Self::PutScheduled { .. } => "PutScheduled",
            Self::DeleteScheduled { .. } => "DeleteScheduled",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetWeights { share, expected, weights, direction, .. } => {
                let verb = match direction {
                    Direction::Advance => "advance to",
                    Direction::RollBack => "roll back to",
                    Direction::Finish => "finish the move to",
                };
                let changed = weights.iter().filter(|(key, pair)| expected.get(*key) != Some(pair));
                write!(f, "{verb} {share} ({} of {} routes)", changed.count(), weights.len())
            }
            Self::SetBounds { side, expected, bounds } => write!(
                f,
                "set the bounds of {side} from {}..{} to {}..{} tasks",
                expected.min, expected.max, bounds.min, bounds.max
            ),
            Self::SetDesired { side, expected, desired } => {
                write!(f, "set the desired count of {side} from {expected} to {desired}")
            }
            Self::PutScheduled { side, scheduled: ScheduledBounds { name, at, min, max } } => {
                write!(f, "schedule {name} of {side} at {at}")?;
                if let Some(min) = min {
                    write!(f, ", minimum {min}")?;
                }
                if let Some(max) = max {
                    write!(f, ", maximum {max}")?;
                }
                Ok(())
            }
            Self::DeleteScheduled { side, name } => write!(f, "delete {name} of {side}"),
        }
    }
}
