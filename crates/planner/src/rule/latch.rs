//! The latch: an attempt that was rolled back goes no further until `spec.attempt` is raised or
//! an operator resumes (S6).

use model::plan::{Reason, Rule};

use crate::draft::Draft;
use crate::facts::Facts;

pub(crate) fn apply(_: &Facts<'_>, draft: &mut Draft) {
    if let Some(latch) = &draft.status.latch {
        let attempt = latch.attempt;
        draft.hold(Rule::Latch, Reason::Latched { attempt });
    }
}
