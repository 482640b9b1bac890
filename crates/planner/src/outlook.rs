//! The calendar of what follows: the earliest time of each step, of the end of the bake and of
//! the drain, if nothing else goes wrong and every verdict is good.
//!
//! ```text
//! present ──► Scene: everything healthy, in sync, proven as early as a proof can be
//!               │ plan() ──► an action: noted, and done at once
//!               │        └─► refusals: the clock goes to when the last of them opens
//!               └── again, until nothing is left to do
//! ```
//!
//! It asks the rules and gates themselves, in a world without trouble, so that it cannot
//! disagree with what a pass will do. What stands in the way now and ends at no known time is
//! listed beside it, and the calendar says what follows once that is gone. Times are the earliest
//! possible and never later than what comes: tasks that start, metrics that arrive and looks that
//! are seconds apart take time of their own.

mod bound;
mod scene;

use model::plan::{Reason, Refusal, Rule, Said};
use model::settings::Settings;
use model::spec::Migration;
use model::status::Status;
use model::verdict::{Coverage, Verdict};
use model::{Share, Time};

use crate::gate;
pub use bound::Bound;
use scene::Scene;

/// More passes than a list of a hundred steps takes; a walk that is longer says so.
const PASSES_MAX: u32 = 2_000;

/// A migration as its last pass left it.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// When the pass was made.
    pub now: Time,
    /// The spec.
    pub spec: &'a Migration,
    /// What holds for all migrations.
    pub settings: &'a Settings,
    /// What the pass left to be remembered.
    pub status: &'a Status,
    /// What the judge said.
    pub verdict: &'a Verdict,
    /// What a proof must have seen, where that is asked.
    pub coverage: Option<&'a Coverage>,
    /// What the pass refused.
    pub refusals: &'a [Refusal],
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// What stands in the way now and ends at no known time; the calendar supposes it gone.
    pub in_the_way: Vec<Reason>,
    /// What follows, in order of time.
    pub entries: Vec<Entry>,
    /// Where it ends.
    pub end: End,
}

/// Something that will happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The earliest time at which it can.
    pub at: Time,
    /// When it comes if the proof of the present step comes at its present rate, where that rate
    /// is known and all later proofs come as early as they can.
    pub expected: Option<Time>,
    /// What.
    pub what: Milestone,
    /// The share on Fargate from then on.
    pub share: Share,
    /// What it waits for last; `None` where nothing is waited for.
    pub bound: Option<Bound>,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// A step forward.
    Step,
    /// The end of the bake.
    Baked,
    /// The end of the drain.
    Drained,
}

/// Where the calendar ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// All is done.
    Drained,
    /// The share that is asked for is held.
    Held(Share),
    /// From then on this stands in the way, and ends at no known time.
    Stopped {
        /// When.
        at: Time,
        /// What.
        reason: Reason,
    },
    /// Not known: no pass has read the weights yet, or there are more steps than are looked at.
    Unknown,
}

/// What follows from the present.
#[must_use]
pub fn outlook(present: &Present<'_>) -> Outlook {
    let refusals = present.refusals.iter().filter(|refusal| !is_foreseen(refusal));
    let mut in_the_way: Vec<Reason> = Vec::new();
    for reason in frozen(present).into_iter().chain(refusals.map(|r| r.reason.clone())) {
        if !in_the_way.contains(&reason) {
            in_the_way.push(reason);
        }
    }
    let scene = |eta| Scene::of(present, &in_the_way, eta);
    let Some(earliest) = scene(None) else {
        return Outlook { in_the_way, entries: Vec::new(), end: End::Unknown };
    };
    let (mut entries, end) = walk(earliest);
    if let Some(late) = present.verdict.evidence.eta.and_then(|eta| scene(Some(eta))) {
        let (expected, _) = walk(late);
        // The same things follow in the same order: only when they do differs.
        for (entry, late) in entries.iter_mut().zip(expected) {
            entry.expected = (late.at > entry.at).then_some(late.at);
        }
    }
    Outlook { in_the_way, entries, end }
}

/// A freeze of all writes stands in the way whether or not a step was asked for.
fn frozen(present: &Present<'_>) -> Option<Reason> {
    if present.settings.freeze {
        return Some(Reason::WritesFrozen);
    }
    let said = present.status.verbs.freeze.as_ref()?;
    Some(Reason::FrozenByOperator { who: said.who.clone() })
}

/// Whether the calendar reckons with a refusal: it ends at a known time, or comes with every step
/// and goes by itself.
fn is_foreseen(refusal: &Refusal) -> bool {
    refusal.opens_at.is_some()
        || match &refusal.reason {
            Reason::OutsideWindow
            | Reason::Frozen
            | Reason::DwellNotOver
            | Reason::NotSettled
            | Reason::Baking
            | Reason::Pinned { .. }
            | Reason::AwaitingOperator
            // Tasks are started once the gates are open.
            | Reason::CapacityShort { .. }
            | Reason::FloorLow { .. }
            | Reason::ShareNotFollowed { measured: None, .. }
            | Reason::DecommissionManual => true,
            Reason::NotProven { verdict } => gate::is_harmless(verdict),
            Reason::NotKnown { what, .. } => *what == model::plan::What::Verdict,
            Reason::ObserveMode
            | Reason::NotAdopted { .. }
            | Reason::OwnedByOther { .. }
            | Reason::PausedBySpec
            | Reason::PausedByOperator { .. }
            | Reason::DependencyNotMet { .. }
            | Reason::ShareNotFollowed { measured: Some(_), .. }
            | Reason::DeploymentInProgress { .. }
            | Reason::DeploymentFailed { .. }
            | Reason::ReleasesDiffer
            | Reason::CapacityBeyondMax { .. }
            | Reason::DesiredBelowMin { .. }
            | Reason::Drifted { .. }
            | Reason::RoutesDisagree
            | Reason::ChangeFailed
            | Reason::Latched { .. }
            | Reason::DeadlinePassed
            | Reason::StepBudget { .. }
            | Reason::Brake { .. }
            | Reason::WebhookRefused { .. }
            | Reason::NotQuiet { .. }
            | Reason::NotActedOn { .. }
            | Reason::WritesFrozen
            | Reason::FrozenByOperator { .. }
            | Reason::ApiBudget { .. }
            | Reason::ScheduledBelowFloor { .. } => false,
        }
}

/// Goes from pass to pass until nothing is left to do.
fn walk(mut scene: Scene) -> (Vec<Entry>, End) {
    let mut entries = Vec::new();
    let mut bound = None;
    for _ in 0..PASSES_MAX {
        let before = scene.milestones();
        let plan = scene.pass();
        if let Some((what, share)) = scene.reached(&before, &plan) {
            let bound = bound.take();
            entries.push(Entry { at: scene.now(), expected: None, what, share, bound });
            if what == Milestone::Drained {
                return (entries, End::Drained);
            }
            scene.look_again();
            continue;
        }
        if !plan.actions.is_empty() {
            scene.look_again();
            continue;
        }
        let refusals: Vec<(Rule, &Refusal)> = plan
            .report
            .lines
            .iter()
            .filter_map(|line| match &line.said {
                // A pin is where the share is meant to be held.
                Said::Refused(Refusal { reason: Reason::Pinned { .. }, .. }) => None,
                Said::Refused(refusal) => Some((line.rule, refusal)),
                Said::Open | Said::Done(_) => None,
            })
            .collect();
        if refusals.is_empty() {
            if scene.is_settled() {
                return (entries, End::Held(scene.share()));
            }
            scene.look_again();
            continue;
        }
        match scene.wait(&refusals) {
            Ok(waited) => bound = waited.or(bound),
            Err(reason) => return (entries, End::Stopped { at: scene.now(), reason }),
        }
    }
    (entries, End::Unknown)
}
