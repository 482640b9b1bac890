//! Asks the gates, in order, for the next step. All are asked even when one is closed, so that
//! the report shows everything that stands in the way.

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::GATES;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    if draft.held || draft.report.next.is_none() {
        return;
    }
    for gate in &GATES {
        match (gate.ask)(facts, draft) {
            Some(refusal) => draft.refuse(gate.rule, refusal.reason, refusal.opens_at),
            None => draft.open(gate.rule),
        }
    }
}
