//! Finds the next step and asks the gates for it, in order. All are asked even when one is
//! closed, so that the report shows everything that stands in the way.

use model::plan::{Reason, Rule};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::GATES;
use crate::next;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    if draft.held {
        return;
    }
    let Some(live) = facts.live else { return };
    let Some(share) = draft.unlanded.or_else(|| next::next(facts, &draft.status, live)) else {
        if let Some(pin) = &draft.status.verbs.pin {
            let reason = Reason::Pinned { who: pin.said.who.clone(), share: pin.share };
            draft.refuse(Rule::Step, reason, None);
        }
        return;
    };
    draft.report.next = Some(share);
    for gate in &GATES {
        match (gate.ask)(facts, draft) {
            Some(refusal) => draft.refuse(gate.rule, refusal.reason, refusal.opens_at),
            None => draft.open(gate.rule),
        }
    }
}
