//! `spec.mode` and the settings' freeze of all writes.

use model::plan::{Reason, Refusal};
use model::spec::Mode;

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    if facts.input.settings.freeze {
        return closed(Reason::WritesFrozen);
    }
    match facts.spec.mode {
        Mode::Act => None,
        Mode::Observe => closed(Reason::ObserveMode),
    }
}
