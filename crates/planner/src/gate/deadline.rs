//! The deadline of the attempt, from its first step.

use model::plan::{Reason, Refusal};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

pub(crate) fn ask(facts: &Facts<'_>, draft: &Draft) -> Option<Refusal> {
    let started = draft.status.started_at?;
    let is_past = started + facts.spec.traffic.deadline <= facts.now;
    if is_past { closed(Reason::DeadlinePassed) } else { None }
}
