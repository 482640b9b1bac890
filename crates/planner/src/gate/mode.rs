//! Whether anything may be written: `spec.mode`, a freeze of all writes by the settings or an
//! operator, and the marks that say whose the things are.

use model::plan::Refusal;

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    facts.barred().or_else(|| facts.unmarked()).and_then(closed)
}
