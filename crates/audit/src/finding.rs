//! What an audit says, and what it stops.

use std::fmt;

use model::action::{Action, Direction};
use model::route::WeightPair;
use serde::Serialize;

use crate::facts::is_above;

/// Something that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Whether it stops the plan.
    pub severity: Severity,
    /// The promise that would be broken.
    pub invariant: Invariant,
    /// The action it is about, by its place in the plan; `None`: the plan as a whole.
    pub action: Option<usize>,
    /// A full sentence.
    pub message: String,
}

/// Whether a finding stops the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// A person should look.
    Warning,
    /// The plan must not be carried out.
    Fatal,
}

/// The promises an audit looks after, by their numbers in `docs/architecture.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Invariant {
    /// Capacity before traffic.
    S1,
    /// Never dark.
    S2,
    /// No advance on doubt.
    S3,
    /// Monotone: small steps up, each after its time, and no fall without a reason.
    S4,
    /// Rollback is always possible.
    S5,
    /// An automatic rollback latches.
    S6,
    /// Not too many at once.
    S7,
    /// Only what is ours, and only where we were asked to write.
    O1,
    /// Every write is conditional on what was seen.
    O2,
    /// Others' changes are not written over.
    O5,
    /// What is about to be done is on record first.
    C2,
}

impl Invariant {
    /// The number, as findings, metrics and documents show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S1 => "S1",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::S4 => "S4",
            Self::S5 => "S5",
            Self::S6 => "S6",
            Self::S7 => "S7",
            Self::O1 => "O1",
            Self::O2 => "O2",
            Self::O5 => "O5",
            Self::C2 => "C2",
        }
    }
}

impl Finding {
    /// Whether this finding keeps `action`, the one at `index` of the plan, from being done.
    ///
    /// A warning stops nothing. A fatal finding stops every action of the plan, since a plan that
    /// is wrong in one place is not to be trusted in another. A rollback is the exception: only
    /// what would turn that very write dark (S2) stops it, and the lack of any leave to write
    /// there at all (O1: `mode: observe`, a freeze, somebody else's route). Every other doubt about
    /// a rollback costs less than not rolling back.
    #[must_use]
    pub fn stops(&self, index: usize, action: &Action) -> bool {
        if self.severity != Severity::Fatal {
            return false;
        }
        if !is_true_rollback(action) {
            return true;
        }
        let about_it = self.action.is_none_or(|about| about == index);
        match self.invariant {
            Invariant::S2 | Invariant::O1 => about_it,
            Invariant::S1
            | Invariant::S3
            | Invariant::S4
            | Invariant::S5
            | Invariant::S6
            | Invariant::S7
            | Invariant::O2
            | Invariant::O5
            | Invariant::C2 => false,
        }
    }
}

/// Whether an action is a rollback by what it does and not by its label alone: no route sends
/// more to Fargate than the write expects to find there. Finishing a rollback is one.
fn is_true_rollback(action: &Action) -> bool {
    match action {
        Action::SetWeights {
            direction: Direction::RollBack | Direction::Finish,
            expected,
            weights,
            ..
        } => weights.iter().all(|(key, pair)| {
            // Nothing on Fargate is a rollback from anywhere.
            let none = WeightPair { ec2: 1, fargate: 0 };
            let before = expected.get(key).copied().unwrap_or(none);
            is_above(*pair, before) == Some(false) || is_above(*pair, none) == Some(false)
        }),
        Action::SetWeights { direction: Direction::Advance, .. }
        | Action::SetBounds { .. }
        | Action::SetDesired { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. } => false,
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.message)
    }
}
