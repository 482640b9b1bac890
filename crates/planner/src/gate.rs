//! The gates of a step, in order. Each is one question that may keep it closed.

mod budget;
mod deadline;
mod depends_on;
mod deployment;
mod dwell;
mod evidence;
mod freeze;
mod measured_share;
mod mode;
mod paused;
mod webhooks;
mod window;

use model::observation::{Gap, Seen};
use model::plan::{Reason, Refusal, Rule, What};
use model::verdict::VerdictKind;
use model::{Side, Time};

use crate::draft::Draft;
use crate::facts::Facts;

/// One gate and its place in the order.
pub struct Gate {
    /// Which gate; its rank is its place in [`Rule`] and in [`GATES`].
    pub rule: Rule,
    pub(crate) ask: fn(&Facts<'_>, &Draft) -> Option<Refusal>,
}

/// The gates in the order they are asked. Load coverage has none of its own: the verdict says
/// it, and the evidence gate repeats it.
pub const GATES: [Gate; 12] = [
    // Whether Ferry may write here at all.
    Gate { rule: Rule::Mode, ask: mode::ask },
    // What people said, before what the calendar says.
    Gate { rule: Rule::Paused, ask: paused::ask },
    // Other migrations first.
    Gate { rule: Rule::DependsOn, ask: depends_on::ask },
    // The hours in which people are there.
    Gate { rule: Rule::Window, ask: window::ask },
    // The days on which nothing moves.
    Gate { rule: Rule::Freeze, ask: freeze::ask },
    // The end of the attempt's time.
    Gate { rule: Rule::Deadline, ask: deadline::ask },
    // The least time on a step, counted from when clients had followed.
    Gate { rule: Rule::Dwell, ask: dwell::ask },
    // What that time has shown.
    Gate { rule: Rule::Evidence, ask: evidence::ask },
    // Whether the traffic is really where the weights say.
    Gate { rule: Rule::MeasuredShare, ask: measured_share::ask },
    // Whether the services stand still.
    Gate { rule: Rule::Deployment, ask: deployment::ask },
    // What others say.
    Gate { rule: Rule::Webhooks, ask: webhooks::ask },
    // Last, so that nobody takes a place in the queue who could not use it.
    Gate { rule: Rule::Budget, ask: budget::ask },
];

pub(crate) use evidence::{is_harmless, speaks_of_step};

/// What keeps a half-landed step from being finished: not the calendar and not a pause, which
/// it had passed, but whatever would make more traffic on Fargate unsafe now.
pub(crate) fn against_finishing(facts: &Facts<'_>, draft: &Draft) -> Option<Reason> {
    let verdict = facts.input.verdict;
    if verdict.kind == VerdictKind::RollBack || evidence::speaks_against_start(&verdict.reason) {
        return Some(Reason::NotProven { verdict: verdict.reason.clone() });
    }
    if let Some(reason) = facts.unmarked() {
        return Some(reason);
    }
    if let Some(refusal) = deployment::ask(facts, draft) {
        return Some(refusal.reason);
    }
    let release = |side| facts.services.get(side).map(|service| &service.release);
    if release(Side::Ec2) != release(Side::Fargate) {
        return Some(Reason::ReleasesDiffer);
    }
    Side::ALL.into_iter().find_map(|side| {
        let seen = facts.input.observation;
        let not_known = |what, gap| Some(Reason::NotKnown { what, side: Some(side), gap });
        if facts.healthy.get(side).is_none() {
            return not_known(What::Targets, gap_of(seen.targets.get(side)));
        }
        match facts.scaling.get(side) {
            None => not_known(What::Scaling, gap_of(seen.scaling.get(side))),
            Some(_) => None,
        }
    })
}

/// Whether requests are known to follow the live weights.
pub(crate) fn is_followed(facts: &Facts<'_>, draft: &Draft) -> bool {
    measured_share::ask(facts, draft).is_none()
}

pub(crate) const fn closed(reason: Reason) -> Option<Refusal> {
    Some(Refusal { reason, opens_at: None })
}

pub(crate) const fn closed_until(reason: Reason, opens_at: Option<Time>) -> Option<Refusal> {
    Some(Refusal { reason, opens_at })
}

/// Why something is not known; `None` when it was seen, but too long ago.
pub(crate) const fn gap_of<T>(seen: &Seen<T>) -> Option<Gap> {
    match seen {
        Seen::Known { .. } => None,
        Seen::Unknown { gap } => Some(*gap),
    }
}
