//! The words of a report: the same in status, events, metrics and on the command line.

use std::fmt;

use super::{Line, Reason, Refusal, Report, Rule, Said, What};
use crate::Side;
use crate::observation::Gap;

impl Rule {
    /// Every rule and gate, in the order they are asked.
    pub const ALL: [Self; 23] = [
        Self::Observed,
        Self::Rollback,
        Self::Promises,
        Self::Drift,
        Self::Latch,
        Self::Releases,
        Self::Bake,
        Self::Mode,
        Self::Paused,
        Self::DependsOn,
        Self::Window,
        Self::Freeze,
        Self::Deadline,
        Self::Dwell,
        Self::Evidence,
        Self::MeasuredShare,
        Self::Deployment,
        Self::Webhooks,
        Self::Budget,
        Self::Capacity,
        Self::Step,
        Self::Drain,
        Self::Decommission,
    ];

    /// The rule's name in reports and metric labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Rollback => "rollback",
            Self::Promises => "promises",
            Self::Drift => "drift",
            Self::Latch => "latch",
            Self::Releases => "releases",
            Self::Bake => "bake",
            Self::Capacity => "capacity",
            Self::Mode => "mode",
            Self::Paused => "paused",
            Self::DependsOn => "dependsOn",
            Self::Window => "window",
            Self::Freeze => "freeze",
            Self::Deadline => "deadline",
            Self::Dwell => "dwell",
            Self::Evidence => "evidence",
            Self::MeasuredShare => "measuredShare",
            Self::Deployment => "deployment",
            Self::Webhooks => "webhooks",
            Self::Budget => "budget",
            Self::Step => "step",
            Self::Drain => "drain",
            Self::Decommission => "decommission",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Reason {
    /// The reason's name, as conditions, events and metric labels show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ObserveMode => "ObserveMode",
            Self::NotAdopted { .. } => "NotAdopted",
            Self::OwnedByOther { .. } => "OwnedByOther",
            Self::PausedBySpec => "PausedBySpec",
            Self::PausedByOperator { .. } => "PausedByOperator",
            Self::Pinned { .. } => "Pinned",
            Self::DependencyNotMet { .. } => "DependencyNotMet",
            Self::OutsideWindow => "OutsideWindow",
            Self::Frozen => "Frozen",
            Self::DwellNotOver => "DwellNotOver",
            Self::NotSettled => "NotSettled",
            Self::NotProven { .. } => "NotProven",
            Self::AwaitingOperator => "AwaitingOperator",
            Self::ShareNotFollowed { .. } => "ShareNotFollowed",
            Self::DeploymentInProgress { .. } => "DeploymentInProgress",
            Self::DeploymentFailed { .. } => "DeploymentFailed",
            Self::ReleasesDiffer => "ReleasesDiffer",
            Self::CapacityShort { .. } => "CapacityShort",
            Self::FloorLow { .. } => "FloorLow",
            Self::CapacityBeyondMax { .. } => "CapacityBeyondMax",
            Self::DesiredBelowMin { .. } => "DesiredBelowMin",
            Self::NotKnown { .. } => "NotKnown",
            Self::Drifted { .. } => "Drifted",
            Self::RoutesDisagree => "RoutesDisagree",
            Self::ChangeFailed => "ChangeFailed",
            Self::Latched { .. } => "Latched",
            Self::DeadlinePassed => "DeadlinePassed",
            Self::StepBudget { .. } => "StepBudget",
            Self::Brake { .. } => "Brake",
            Self::WebhookRefused { .. } => "WebhookRefused",
            Self::Baking => "Baking",
            Self::NotQuiet { .. } => "NotQuiet",
            Self::DecommissionManual => "DecommissionManual",
            Self::NotActedOn { .. } => "NotActedOn",
            Self::WritesFrozen => "WritesFrozen",
            Self::FrozenByOperator { .. } => "FrozenByOperator",
            Self::ApiBudget { .. } => "ApiBudget",
            Self::ScheduledBelowFloor { .. } => "ScheduledBelowFloor",
        }
    }
}

/// A full sentence: what stands in the way, and what would change it.
impl fmt::Display for Reason {
    #[expect(clippy::too_many_lines, reason = "one sentence for each reason, read as a table")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ObserveMode => {
                f.write_str("Nothing is written in `mode: observe`; `act` writes.")
            }
            Self::NotAdopted { thing, things: 1 } => write!(
                f,
                "The {thing} carries no mark that it is this migration's: `ferry adopt` puts it there."
            ),
            Self::NotAdopted { thing, things } => write!(
                f,
                "{things} things carry no mark that they are this migration's, the {thing} first: `ferry adopt` puts it there."
            ),
            Self::OwnedByOther { thing, owner } => write!(
                f,
                "The {thing} is marked as that of {owner}: nothing is written. If that is over, `ferry adopt --take-from {owner}`."
            ),
            Self::PausedBySpec => f.write_str("The spec says `paused: true`."),
            Self::PausedByOperator { who } => write!(f, "Paused by {who} until `ferry resume`."),
            Self::Pinned { who, share } => {
                write!(f, "Pinned at {share} by {who} until `ferry resume`.")
            }
            Self::DependencyNotMet { name, condition } => {
                write!(f, "Waiting for {name} to be {condition}.")
            }
            Self::OutsideWindow => f.write_str("Outside the windows of the calendar."),
            Self::Frozen => f.write_str("The calendar is frozen."),
            Self::DwellNotOver => f.write_str("The step has not stood for `dwellMin` yet."),
            Self::NotSettled => f.write_str(
                "The weights are not everywhere yet, or clients have not followed them.",
            ),
            Self::NotProven { verdict } => write!(f, "Not proven yet: {verdict}."),
            Self::AwaitingOperator => f.write_str("`advance: manual` waits for `ferry advance`."),
            Self::ShareNotFollowed { measured: Some(measured), wanted } => {
                write!(
                    f,
                    "{measured} of the requests reach Fargate where the weights say {wanted}."
                )
            }
            Self::ShareNotFollowed { measured: None, wanted } => {
                write!(
                    f,
                    "It has not been measured yet that requests follow the weights to {wanted}."
                )
            }
            Self::DeploymentInProgress { side } => {
                write!(f, "A deployment is in progress on {side}.")
            }
            Self::DeploymentFailed { side } => {
                write!(f, "The last deployment on {side} failed; the next one may mend it.")
            }
            Self::ReleasesDiffer => f.write_str(
                "The sides run different releases and cannot be compared until both run the same.",
            ),
            Self::CapacityShort { side, healthy, needed } => {
                write!(f, "{side} has {healthy} healthy tasks and needs {needed}.")
            }
            Self::FloorLow { side, min, floor } => {
                write!(
                    f,
                    "{side} is kept at no fewer than {min} tasks and must be at {floor} first."
                )
            }
            Self::CapacityBeyondMax { side, needed, max } => {
                write!(f, "{side} needs {needed} tasks and may have {max}: raise its maximum.")
            }
            Self::DesiredBelowMin { side, desired, min } => write!(
                f,
                "{side} was set to {desired} tasks by hand, below its minimum of {min}, and autoscaling leaves it there: set its desired count to {min} or more."
            ),
            Self::NotKnown { what, side, gap } => not_known(f, *what, *side, *gap),
            Self::Drifted { intended, live: Some(live) } => write!(
                f,
                "The live share is {live} and not {intended}: somebody changed it. Change it back, or raise `spec.attempt` to go on from there."
            ),
            Self::Drifted { intended, live: None } => write!(
                f,
                "The live weights agree on no share and should say {intended}: somebody changed them. Change them back."
            ),
            Self::RoutesDisagree => {
                f.write_str("The routes disagree and nothing says which is meant: make them agree.")
            }
            Self::ChangeFailed => f.write_str(
                "AWS says `Failed` of the last change: the policy instance says why in Route 53.",
            ),
            Self::Latched { attempt } => write!(
                f,
                "Attempt {attempt} was rolled back; raise `spec.attempt` or `ferry resume` to go again."
            ),
            Self::DeadlinePassed => {
                f.write_str("The deadline of the attempt has passed: raise it, or the attempt.")
            }
            Self::StepBudget { stepping } => {
                write!(f, "{stepping} other migrations are on their way and no more may be.")
            }
            Self::Brake { failures } => write!(
                f,
                "{failures} automatic rollbacks within the brake's window stop every step forward."
            ),
            Self::WebhookRefused { name } => {
                write!(f, "The webhook {name} said no, or did not answer.")
            }
            Self::Baking => f.write_str("The last step stands and can still go back."),
            Self::NotQuiet { requests_per_minute: Some(rpm) } => {
                write!(f, "EC2 has not been quiet for long enough; its requests per minute: {rpm}.")
            }
            Self::NotQuiet { requests_per_minute: None } => {
                f.write_str("It is not known what EC2 still gets, and unknown is not quiet.")
            }
            Self::DecommissionManual => {
                f.write_str("What remains of the EC2 side is left to a person.")
            }
            Self::NotActedOn { field } => write!(f, "This version does not act on `{field}`."),
            Self::FrozenByOperator { who } => write!(
                f,
                "Frozen by {who} until `ferry resume`: nothing is written, rollbacks included."
            ),
            Self::WritesFrozen => {
                f.write_str("The settings say `freeze: true`: nothing is written at all.")
            }
            Self::ApiBudget { api } => {
                write!(f, "The calls of {api} that this tick may make are used up.")
            }
            Self::ScheduledBelowFloor { side, name, min, floor } => write!(
                f,
                "The scheduled action {name} will lower {side} to {min} tasks where {floor} are promised: change or delete it."
            ),
        }
    }
}

fn not_known(
    f: &mut fmt::Formatter<'_>,
    what: What,
    side: Option<Side>,
    gap: Option<Gap>,
) -> fmt::Result {
    write!(f, "It is not known: {what}")?;
    if let Some(side) = side {
        write!(f, " of {side}")?;
    }
    f.write_str(match gap {
        None => ", by nothing fresh enough to rest on.",
        Some(Gap::NotAsked) => ", because it was not asked for yet.",
        Some(Gap::NotFound) => ", because it does not exist.",
        Some(Gap::Throttled) => ", because the call was throttled.",
        Some(Gap::Denied) => ", because the call was refused: look at credentials and permissions.",
        Some(Gap::Failed) => ", because the call failed.",
        Some(Gap::Partial) => ", because the answer was incomplete.",
    })
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        match self.opens_at {
            Some(opens_at) => write!(f, " Not before {opens_at}."),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::Done(why) => f.write_str(why),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.said)
    }
}

/// One line for each rule that spoke.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, line) in self.lines.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            line.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "the live weights",
            Self::Service => "the service",
            Self::Targets => "target health",
            Self::Scaling => "the scalable target",
            Self::Marks => "whose the things it changes are",
            Self::Load => "the load",
            Self::SafeLoad => "what a task carries safely",
            Self::Verdict => "a verdict on the present step",
        })
    }
}
