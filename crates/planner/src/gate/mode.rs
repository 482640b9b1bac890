//! `spec.mode`, and a freeze of all writes by the settings or an operator.

use model::plan::{Reason, Refusal};
use model::spec::Mode;

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    if let Some(reason) = facts.frozen() {
        return closed(reason);
    }
    match facts.spec.mode {
        Mode::Act => None,
        Mode::Observe => closed(Reason::ObserveMode),
    }
}
