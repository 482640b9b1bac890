//! A pause, by an operator or in the spec. An operator's pin is not one: it is a goal.

use model::plan::{Reason, Refusal};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

pub(crate) fn ask(facts: &Facts<'_>, draft: &Draft) -> Option<Refusal> {
    if let Some(said) = &draft.status.verbs.pause {
        return closed(Reason::PausedByOperator { who: said.who.clone() });
    }
    if facts.spec.paused { closed(Reason::PausedBySpec) } else { None }
}
