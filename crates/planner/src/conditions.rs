//! Conditions, set on every pass from what it found.

use model::condition::{ConditionStatus, ConditionType};

use crate::draft::Draft;
use crate::facts::Facts;

/// Sets the conditions of the pass.
pub(crate) fn set(facts: &Facts<'_>, draft: &mut Draft) {
    let done = draft.status.drained_at.is_some();
    draft.status.conditions.set(
        facts.now,
        facts.input.generation,
        ConditionType::Succeeded,
        ConditionStatus::from(done),
        if done { "Drained" } else { "NotDrained" },
        "",
    );
}
