//! S6: after an automatic rollback only a higher attempt or `resume` re-arms.

use model::status::Latch;
use model::verdict::VerdictKind;

use super::Notes;
use crate::facts::{Effect, Facts};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    let before = facts.input.status.latch.as_ref();
    let after = facts.plan.status.latch.as_ref();
    if let Some(latch) = before.into_iter().chain(after).find(|latch| holds(facts, latch)) {
        for shift in facts.rises() {
            let Latch { attempt, .. } = latch;
            notes.fatal(shift.index, format!("attempt {attempt} was rolled back and not resumed"));
        }
    }
    forgotten(facts, notes, before, after);
    missing(facts, notes, after);
}

/// `resume` takes the latch out of the status before the plan is made, so a latch that is there
/// holds until the spec asks for a higher attempt.
fn holds(facts: &Facts<'_>, latch: &Latch) -> bool {
    latch.attempt >= facts.input.spec.attempt
}

fn forgotten(facts: &Facts<'_>, notes: &mut Notes, before: Option<&Latch>, after: Option<&Latch>) {
    let Some(before) = before.filter(|latch| holds(facts, latch)) else { return };
    if after.is_none_or(|after| after.attempt < before.attempt) {
        notes.fatal_overall(format!(
            "the latch of attempt {} would be taken away without a higher attempt",
            before.attempt
        ));
    }
}

fn missing(facts: &Facts<'_>, notes: &mut Notes, after: Option<&Latch>) {
    let falls = |effect| matches!(effect, Effect::Fall { lowers: true });
    if facts.input.verdict.kind == VerdictKind::RollBack
        && !after.is_some_and(|latch| holds(facts, latch))
        && let Some(shift) = facts.moves.iter().find(|shift| falls(shift.effect))
    {
        notes.fatal(shift.index, "an automatic rollback would leave no latch behind");
    }
}
