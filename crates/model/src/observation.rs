//! What one tick saw of one migration, with times and gaps.

use serde::{Deserialize, Serialize};

use crate::ownership::Ownership;
use crate::route::Split;
use crate::{PerSide, Share, Side, Span, Time};

/// A value with the time it was read, or why it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Seen<T> {
    /// Read at `at`.
    Known {
        /// What was read.
        value: T,
        /// When.
        at: Time,
    },
    /// Not known.
    Unknown {
        /// Why not.
        gap: Gap,
    },
}

impl<T> Seen<T> {
    /// A value read at `at`.
    pub const fn known(value: T, at: Time) -> Self {
        Self::Known { value, at }
    }

    /// A gap.
    pub const fn unknown(gap: Gap) -> Self {
        Self::Unknown { gap }
    }

    /// The value, however old.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// The value if it was read no longer than `age_max` before `now`, and not after it.
    pub fn fresh(&self, now: Time, age_max: Span) -> Option<&T> {
        match self {
            Self::Known { value, at } if *at <= now && now.since(*at) <= age_max => Some(value),
            Self::Known { .. } | Self::Unknown { .. } => None,
        }
    }

    /// When it was read.
    pub const fn at(&self) -> Option<Time> {
        match self {
            Self::Known { at, .. } => Some(*at),
            Self::Unknown { .. } => None,
        }
    }
}

/// Why something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Gap {
    /// Not asked for yet.
    NotAsked,
    /// Asked for, and AWS says it does not exist.
    NotFound,
    /// The call was throttled.
    Throttled,
    /// The call was refused: credentials or permissions.
    Denied,
    /// The call failed, timed out or came back unusable.
    Failed,
    /// The answer was incomplete.
    Partial,
}

/// Healthy hosts of a target group as its balancer counted them itself: the fewest of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostMinute {
    /// The minute, counted from the epoch.
    pub minute: i64,
    /// The fewest healthy hosts that any node of the balancer reported in it.
    pub healthy: u32,
}

/// What a balancer's own count says of targets that were read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// As many were healthy until then.
    Same(Time),
    /// Another number was, in a minute that began after they were read.
    Other,
    /// Nothing that the reading does not say itself.
    Silent,
}

impl HostMinute {
    /// What this minute says of targets with `healthy` ones that were read at `at`.
    ///
    /// A minute in which they were read says nothing unless it says the same: its fewest may be
    /// of the time before. Where a balancer's nodes count only the targets of their own zone,
    /// the fewest is never the same.
    #[must_use]
    pub fn witness(self, healthy: u32, at: Time) -> Witness {
        let (begin, end) = (Time::from_minute(self.minute), Time::from_minute(self.minute + 1));
        if end <= at {
            Witness::Silent
        } else if self.healthy == healthy {
            Witness::Same(end)
        } else if begin >= at {
            Witness::Other
        } else {
            Witness::Silent
        }
    }
}

/// One migration's part of what a tick saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// When the tick began.
    pub at: Time,
    /// The two ECS services.
    pub services: PerSide<Seen<Service>>,
    /// Their targets behind the balancers.
    pub targets: PerSide<Seen<Targets>>,
    /// Until when balancers counted as many healthy hosts as `targets` has: the end of a minute.
    ///
    /// It makes an old reading of targets better for going back, and never proves capacity (S1).
    pub vouched: PerSide<Option<Time>>,
    /// Their scalable targets; `None` inside where the service has none.
    pub scaling: PerSide<Seen<Option<Scaling>>>,
    /// The live weights.
    pub split: Seen<Split>,
    /// Load and what tasks carry, from settled minutes.
    pub load: Seen<Load>,
    /// Whose all that is by its marks.
    pub ownership: Seen<Ownership>,
}

impl Observation {
    /// Healthy targets of a side by the last reading that was true no longer than `age_max` ago:
    /// when it was made, or until when balancers counted as many.
    #[must_use]
    pub fn last_healthy(&self, side: Side, now: Time, age_max: Span) -> Option<u32> {
        let seen = self.targets.get(side);
        let vouched = self.vouched.get(side).filter(|until| *until <= now);
        let stood = seen.at().into_iter().chain(vouched).filter(|at| *at <= now).max()?;
        (now.since(stood) <= age_max).then(|| seen.value().map(|targets| targets.healthy))?
    }
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Desired count.
    pub desired: u32,
    /// Running count.
    pub running: u32,
    /// Pending count.
    pub pending: u32,
    /// What tells application releases apart: the image of the app container.
    pub release: String,
    /// CPU units that a task reserves, 1,024 a vCPU; `None` where nothing of it says so.
    pub cpu_units: Option<u32>,
    /// Whether a deployment is under way.
    pub deployment: Deployment,
}

/// Whether a service is being deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Deployment {
    /// One deployment, completed.
    Steady,
    /// A roll-out is under way.
    InProgress {
        /// Since when.
        since: Time,
    },
    /// The last roll-out failed.
    Failed,
}

/// Targets of a target group by health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Targets {
    /// Passing health checks.
    pub healthy: u32,
    /// Failing them.
    pub unhealthy: u32,
    /// Registered and not yet judged.
    pub initial: u32,
    /// On their way out.
    pub draining: u32,
}

/// The bounds of a scalable target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// Fewest tasks autoscaling may leave.
    pub min: u32,
    /// Most tasks autoscaling may ask for.
    pub max: u32,
}

/// Kinds of scaling that do nothing at present (Application Auto Scaling, `SuspendedState`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspension {
    /// No policy scales in.
    pub scale_in: bool,
    /// No policy scales out.
    pub scale_out: bool,
    /// No scheduled action does anything.
    pub scheduled: bool,
}

impl Suspension {
    /// Nothing is suspended.
    pub const NONE: Self = Self { scale_in: false, scale_out: false, scheduled: false };
    /// Everything is.
    pub const ALL: Self = Self { scale_in: true, scale_out: true, scheduled: true };

    /// Whether any kind of scaling is suspended.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.scale_in || self.scale_out || self.scheduled
    }
}

/// A scalable target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scaling {
    /// Its bounds.
    pub bounds: Bounds,
    /// Kinds of scaling that are suspended.
    pub suspended: Suspension,
    /// One-shot scheduled bounds that have not fired yet, others' included.
    pub scheduled: Vec<ScheduledBounds>,
}

/// A scheduled action: at `at`, the bounds become these. It fires without Ferry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledBounds {
    /// The action's name; Ferry's begin with `ferry-`.
    pub name: String,
    /// When it fires.
    pub at: Time,
    /// The new minimum, where it sets one.
    pub min: Option<u32>,
    /// The new maximum, where it sets one.
    pub max: Option<u32>,
}

impl ScheduledBounds {
    /// Whether Ferry put it there, by its name.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.name.starts_with("ferry-")
    }
}

/// Load, and what tasks were seen to carry, from settled minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// The newest minute these numbers rest on.
    pub minute: i64,
    /// Requests per minute of both sides together: the highest of the last few minutes.
    pub now_rpm: f64,
    /// How much the load may grow until the next look, as a factor of at least one.
    pub growth: f64,
    /// The highest total a rollback in the coming hours must be able to carry, per minute.
    pub peak_rpm: f64,
    /// Requests per minute that reached each side, mean of the last few minutes.
    pub side_rpm: PerSide<Option<f64>>,
    /// Requests per minute one task carries safely on each side.
    pub safe_per_task_rpm: PerSide<Option<f64>>,
    /// The share of requests that really reached Fargate, with the requests it rests on.
    pub measured: Option<MeasuredShare>,
}

/// The real share, from request counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeasuredShare {
    /// Requests on Fargate over all requests.
    pub share: Share,
    /// All requests counted.
    pub requests: u64,
    /// The first minute counted.
    pub from_minute: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_vouches_for_an_older_reading_and_contradicts_only_what_it_saw_all_of() {
        let minute = HostMinute { minute: 100, healthy: 4 };
        let end = Time::from_minute(101);
        for (healthy, read, said) in [
            (4, 5_000, Witness::Same(end)),
            (4, 6_000, Witness::Same(end)),
            (4, 6_059, Witness::Same(end)),
            (4, 6_060, Witness::Silent),
            (5, 5_000, Witness::Other),
            (3, 6_000, Witness::Other),
            (5, 6_001, Witness::Silent),
            (5, 6_060, Witness::Silent),
        ] {
            assert_eq!(minute.witness(healthy, Time::from_secs(read)), said, "{healthy} at {read}");
        }
    }
}
