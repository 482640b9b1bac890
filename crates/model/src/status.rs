//! Status: what is remembered of a migration between passes.
//!
//! There is no state machine here: each field is something that was seen, decided or
//! promised, with its time, and every pass derives what to do from all of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::condition::Conditions;
use crate::observation::Bounds;
use crate::route::{Sticky, Weights};
use crate::verdict::VerdictReason;
use crate::{PerSide, Share, Time};

/// What is remembered of a migration between passes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The generation of the spec that this status answers to.
    pub observed_generation: u64,
    /// Conditions with Kubernetes semantics.
    pub conditions: Conditions,
    /// Wanted, set and measured share.
    pub share: ShareStatus,
    /// The attempt under way, from `spec.attempt`.
    pub attempt: u32,
    /// When this attempt made its first step.
    pub started_at: Option<Time>,
    /// The step the migration stands on.
    pub step: Option<Step>,
    /// What rolled the attempt back; only a higher `spec.attempt` or `resume` takes it away.
    pub latch: Option<Latch>,
    /// What operators said, stronger than the file until `resume`.
    pub verbs: Verbs,
    /// The weights Ferry last meant to write, recorded before it wrote them.
    pub intended: Option<Intended>,
    /// How long routes held clients when they last did: a rollback lets clients go, and the next
    /// step towards Fargate puts this back.
    #[serde(skip_serializing_if = "Sticky::is_empty")]
    pub sticky: Sticky,
    /// When the intended weights were first known to be in place, by the answer to their write or
    /// by a reading.
    pub landed_at: Option<Time>,
    /// The bounds each side had before Ferry first changed them.
    pub saved: PerSide<Option<Bounds>>,
    /// The floor promised on each side at present.
    pub floors: PerSide<Option<u32>>,
    /// Whether the floor promised on each side has been seen in place.
    pub floors_seen: PerSide<bool>,
    /// Since when each side's desired count has been seen below its scalable target's minimum,
    /// where Application Auto Scaling leaves it.
    pub undercut_since: PerSide<Option<Time>>,
    /// Since when the last step stood, verified: the bake counts from here.
    pub full_since: Option<Time>,
    /// When the bake was over.
    pub baked_at: Option<Time>,
    /// Since when EC2's requests have been below the limit without a gap.
    pub quiet_since: Option<Time>,
    /// When EC2 was declared drained.
    pub drained_at: Option<Time>,
    /// When EC2's requests were last known: a longer gap than a few minutes ends the quiet.
    pub quiet_seen_at: Option<Time>,
    /// Since when Fargate's requests have been below the limit after a rollback.
    pub fargate_quiet_since: Option<Time>,
    /// Since when Fargate's healthy tasks have been too few for the live share.
    pub short_since: Option<Time>,
    /// The application release both sides run, and since when both were steady on it.
    pub release: Option<Release>,
    /// Since when something that must be known has not been.
    pub unknown_since: Option<Time>,
    /// Since when the marks have said that all it changes is its own; marks that are gone later
    /// do not take this away, somebody else's do.
    pub owned_since: Option<Time>,
}

impl Status {
    /// Takes an operator's `resume`: what operators said, a latch and a drift no longer count,
    /// and the next pass goes on from what is live then.
    pub(crate) fn resume(&mut self) {
        self.verbs = Verbs::default();
        self.latch = None;
        self.intended = None;
        self.landed_at = None;
        self.short_since = None;
    }
}

/// A release that both sides run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// Its name: the image of the application container.
    pub name: String,
    /// Since when both sides were seen steady on it.
    pub since: Time,
}

/// Wanted, set and measured share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShareStatus {
    /// What Ferry works towards now.
    pub wanted: Option<Share>,
    /// What the live weights say, where all routes agree.
    pub set: Option<Share>,
    /// What request counts say.
    pub measured: Option<Share>,
}

/// A step and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its share.
    pub share: Share,
    /// When it was decided and its intent recorded, or when its weights were last sent again.
    pub decided_at: Time,
    /// When the live weights were first seen to hold it, in sync on all routes.
    pub verified_at: Option<Time>,
    /// When clients had had time to follow: dwell and evidence count from here.
    pub settled_at: Option<Time>,
}

/// What rolled an attempt back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Latch {
    /// When.
    pub at: Time,
    /// From which share.
    pub from: Share,
    /// Which attempt.
    pub attempt: u32,
    /// Why.
    pub reason: RollbackReason,
}

/// Why traffic goes back to EC2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum RollbackReason {
    /// The judge said so.
    Verdict {
        /// Its reason.
        verdict: VerdictReason,
    },
    /// Fargate lost the tasks that its share needs.
    CapacityLost {
        /// Healthy tasks left.
        healthy: u32,
        /// Tasks needed.
        needed: u32,
    },
    /// The spec asks for less than what is live.
    ShareLowered,
    /// An operator asked for it.
    Operator {
        /// Who.
        who: String,
    },
    /// Someone moved traffic to EC2 past Ferry: taken as an operator's abort.
    MovedByHand,
}

impl RollbackReason {
    /// The reason's name, as conditions, events and metric labels show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verdict { verdict } => verdict.name(),
            Self::CapacityLost { .. } => "CapacityLost",
            Self::ShareLowered => "ShareLowered",
            Self::Operator { .. } => "Operator",
            Self::MovedByHand => "MovedByHand",
        }
    }
}

impl fmt::Display for RollbackReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict { verdict } => verdict.fmt(f),
            Self::CapacityLost { healthy, needed } => {
                write!(f, "Fargate has {healthy} healthy tasks and its share needs {needed}")
            }
            Self::ShareLowered => f.write_str("the desired share was lowered"),
            Self::Operator { who } => write!(f, "{who} asked for it"),
            Self::MovedByHand => f.write_str("traffic was moved to EC2 by hand"),
        }
    }
}

/// What operators said; each stands until `resume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Verbs {
    /// No step forward.
    pub pause: Option<Said>,
    /// Hold this share.
    pub pin: Option<Pin>,
    /// Go back to EC2.
    pub rollback: Option<Said>,
    /// Take the next step without waiting for evidence or dwell; used up by one step.
    pub advance: Option<Said>,
    /// Write nothing at all, rollbacks included.
    pub freeze: Option<Said>,
}

/// Who said something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Who.
    pub who: String,
    /// When.
    pub at: Time,
}

/// An operator's pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// At what share.
    pub share: Share,
    /// By whom.
    pub said: Said,
}

/// Weights that Ferry meant to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intended {
    /// When the intent was recorded.
    pub at: Time,
    /// The share they express.
    pub share: Share,
    /// What the routes held before.
    pub before: Weights,
    /// What they are to hold.
    pub after: Weights,
}
