//! S4, downwards: each fall carries its reason.

use model::action::Direction;
use model::verdict::VerdictKind;

use super::Notes;
use crate::facts::{Effect, Facts, Move};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    for shift in &facts.moves {
        if !matches!(shift.effect, Effect::Fall { .. }) {
            continue;
        }
        if shift.direction == Direction::Advance {
            notes.fatal(shift.index, "an advance would send no more traffic to Fargate");
        }
        if shift.effect == (Effect::Fall { lowers: true }) && !has_reason(facts, shift) {
            notes.fatal(shift.index, "traffic would go back to EC2 for no reason on record");
        }
    }
}

fn has_reason(facts: &Facts<'_>, shift: &Move<'_>) -> bool {
    let before = facts.input.status;
    let after = &facts.plan.status;
    let decided_before = before.intended.as_ref().is_some_and(|it| it.after == *shift.weights);
    let lowered = facts.live_share().is_some_and(|live| facts.share_max() < live);
    facts.input.verdict.kind == VerdictKind::RollBack
        || before.latch.is_some()
        || after.latch.is_some()
        || before.verbs.rollback.is_some()
        || decided_before
        || lowered
        || !facts.plan.events.is_empty()
}
