//! Plans: what one pass will do, and each reason why it does not do more.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::event::Event;
use crate::observation::Gap;
use crate::status::Status;
use crate::verdict::VerdictReason;
use crate::{Share, Side, Time};

mod words;

/// What one pass will do. It may be nothing, and then the report says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// What is remembered for the next pass, written whether or not the actions succeed:
    /// it claims nothing that was not seen.
    pub status: Status,
    /// What each rule and gate said.
    pub report: Report,
    /// What happened that a person would want to know.
    pub events: Vec<Event>,
}

/// What each rule and gate said, in the order they were asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[must_use = "an unread report helps nobody"]
pub struct Report {
    /// One line for each rule that spoke.
    pub lines: Vec<Line>,
    /// The next step that is being worked towards, if any.
    pub next: Option<Share>,
}

impl Report {
    /// The reasons that keep the next step closed, in gate order.
    pub fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.lines.iter().filter_map(|line| match &line.said {
            Said::Refused(refusal) => Some(refusal),
            Said::Done(_) | Said::Open => None,
        })
    }
}

/// One rule or gate and what it said; shown as one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Which rule or gate.
    pub rule: Rule,
    /// What it said.
    pub said: Said,
}

/// What a rule or gate said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Said {
    /// The gate is open.
    Open,
    /// The rule acts: a full sentence of what and why.
    Done(String),
    /// The rule or gate keeps the step closed.
    Refused(Refusal),
}

/// Rules and gates in the order they are asked (DESIGN of `plan`: see `docs/architecture.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// Can anything be said at all: are the weights known?
    Observed,
    /// Roll back: verdict, guard, lost capacity, lowered share, operator.
    Rollback,
    /// Raise promised floors again.
    Promises,
    /// Live weights differ from what was last intended.
    Drift,
    /// The latch of an automatic rollback.
    Latch,
    /// Both sides run the same release.
    Releases,
    /// The bake at the last step; once over it may allow one more step, so it comes first.
    Bake,
    /// Whether it may write: `spec.mode`, a freeze of all writes, marks of ownership.
    Mode,
    /// `spec.paused` and the operator's pause.
    Paused,
    /// `spec.dependsOn`.
    DependsOn,
    /// `spec.traffic.windows`.
    Window,
    /// `spec.traffic.freezes`.
    Freeze,
    /// The deadline of the attempt.
    Deadline,
    /// `dwellMin` and the time clients need to follow.
    Dwell,
    /// The judge's verdict.
    Evidence,
    /// The measured share follows the weights.
    MeasuredShare,
    /// No deployment in progress.
    Deployment,
    /// Webhooks.
    Webhooks,
    /// Shared budgets: concurrent steps, brake.
    Budget,
    /// Capacity before traffic; its tasks are started only when every gate is open.
    Capacity,
    /// The next step itself.
    Step,
    /// Waiting for EC2 to go quiet.
    Drain,
    /// Taking EC2 down.
    Decommission,
}

/// Why a rule or gate keeps the step closed, and what would open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// When it will open by itself, where that is known.
    pub opens_at: Option<Time>,
}

/// Why a step does not happen. The words reach status, event, metric and CLI alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Reason {
    /// `mode: observe`.
    ObserveMode,
    /// A thing carries no mark that it is this migration's.
    NotAdopted {
        /// The first such thing, in words.
        thing: String,
        /// How many there are.
        things: usize,
    },
    /// A thing carries somebody else's mark.
    OwnedByOther {
        /// The first such thing, in words.
        thing: String,
        /// Its mark.
        owner: String,
    },
    /// `paused: true` in the spec.
    PausedBySpec,
    /// An operator's pause.
    PausedByOperator {
        /// Who paused.
        who: String,
    },
    /// An operator pinned the share.
    Pinned {
        /// Who pinned.
        who: String,
        /// At what share.
        share: Share,
    },
    /// A migration this one depends on is not there yet.
    DependencyNotMet {
        /// Its name.
        name: String,
        /// The condition asked of it.
        condition: String,
    },
    /// Outside the calendar's windows.
    OutsideWindow,
    /// In a freeze.
    Frozen,
    /// The step has not stood long enough.
    DwellNotOver,
    /// Clients have not had time to follow the weights.
    NotSettled,
    /// The judge does not say advance.
    NotProven {
        /// What it says.
        verdict: VerdictReason,
    },
    /// `advance: manual`: an operator says when.
    AwaitingOperator,
    /// The measured share does not follow the weights.
    ShareNotFollowed {
        /// What was measured.
        measured: Option<Share>,
        /// What the weights ask for.
        wanted: Share,
    },
    /// A deployment is in progress.
    DeploymentInProgress {
        /// On which side.
        side: Side,
    },
    /// The last deployment failed.
    DeploymentFailed {
        /// On which side.
        side: Side,
    },
    /// The sides run different releases.
    ReleasesDiffer,
    /// The side has too few healthy tasks for the next share.
    CapacityShort {
        /// Which side.
        side: Side,
        /// Healthy tasks now.
        healthy: u32,
        /// Tasks needed.
        needed: u32,
    },
    /// The side's minimum has to be raised before traffic may rest on it.
    FloorLow {
        /// Which side.
        side: Side,
        /// The fewest tasks it is kept at now: its minimum, or its desired count where that is
        /// lower or there is no scalable target.
        min: u32,
        /// The floor that is needed.
        floor: u32,
    },
    /// More tasks are needed than the side may have.
    CapacityBeyondMax {
        /// Which side.
        side: Side,
        /// Tasks needed.
        needed: u32,
        /// The most it may have.
        max: u32,
    },
    /// Somebody set the desired count below the scalable target's minimum, where autoscaling
    /// leaves it, and Ferry has no means to lift it.
    DesiredBelowMin {
        /// On which side.
        side: Side,
        /// The desired count.
        desired: u32,
        /// The minimum.
        min: u32,
    },
    /// Something that has to be known is not.
    NotKnown {
        /// What.
        what: What,
        /// On which side, where it belongs to one.
        side: Option<Side>,
        /// Why not; `None` when it was seen, but too long ago.
        gap: Option<Gap>,
    },
    /// Live weights were changed by someone else.
    Drifted {
        /// What they should be.
        intended: Share,
        /// What they are, where all routes agree.
        live: Option<Share>,
    },
    /// Routes of the migration disagree.
    RoutesDisagree,
    /// AWS says that it could not make the last change of the routes.
    ChangeFailed,
    /// An automatic rollback latched this attempt.
    Latched {
        /// The attempt that was rolled back.
        attempt: u32,
    },
    /// The attempt's deadline has passed.
    DeadlinePassed,
    /// The shared budget of concurrent steps is used up.
    StepBudget {
        /// How many are stepping.
        stepping: u32,
    },
    /// Too many rollbacks lately: nothing new starts.
    Brake {
        /// Rollbacks in the window.
        failures: u32,
    },
    /// A webhook said no or did not answer.
    WebhookRefused {
        /// Its name.
        name: String,
    },
    /// The bake is not over.
    Baking,
    /// EC2 still gets requests.
    NotQuiet {
        /// Requests per minute, rounded up; `None` when not known.
        requests_per_minute: Option<u64>,
    },
    /// Decommission is left to a person.
    DecommissionManual,
    /// This version does not act on what the spec asks for.
    NotActedOn {
        /// The field's path.
        field: String,
    },
    /// `freeze: true` in the settings: no write at all, rollback included.
    WritesFrozen,
    /// An operator's freeze: no write at all, rollback included.
    FrozenByOperator {
        /// Who froze.
        who: String,
    },
    /// The calls this step needs are used up for this tick.
    ApiBudget {
        /// The API.
        api: String,
    },
    /// Somebody's scheduled action will lower a minimum below what was promised.
    ScheduledBelowFloor {
        /// On which side.
        side: Side,
        /// The action's name.
        name: String,
        /// The minimum it will set.
        min: u32,
        /// The floor promised.
        floor: u32,
    },
}

/// What has to be known before a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// The live weights.
    Weights,
    /// The service.
    Service,
    /// Target health.
    Targets,
    /// The scalable target.
    Scaling,
    /// The marks that say whose a thing is.
    Marks,
    /// Load and requests.
    Load,
    /// What one task carries safely.
    SafeLoad,
    /// The judge's verdict on the present step.
    Verdict,
}
