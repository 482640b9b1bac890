//! C2: what is about to be done is on record first, and nothing that was not seen.

use super::Notes;
use crate::facts::{Effect, Facts, Move};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    for shift in &facts.moves {
        intended(facts, notes, shift);
    }
    for shift in facts.advances() {
        step(facts, notes, shift);
    }
}

fn intended(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    let Some(intended) = &facts.plan.status.intended else {
        return notes.fatal(shift.index, "the weights to be written are not on record");
    };
    let same = intended.share == shift.share && intended.after == *shift.weights;
    // A write that was on record before this pass keeps what the routes held before its first.
    let on_record = facts.input.status.intended.as_ref() == Some(intended);
    let before = on_record
        || intended.before == *shift.expected
        || matches!(shift.effect, Effect::Repeat { .. } | Effect::Fall { lowers: false });
    if !same || !before {
        notes.fatal(shift.index, "other weights are on record than would be written");
    }
    if intended.at > facts.input.now {
        notes.fatal(shift.index, "the record is of a time to come");
    }
}

/// A step that begins has been seen by nobody yet.
fn step(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    let step = facts.plan.status.step.as_ref().filter(|step| step.share == shift.share);
    match step {
        None => notes.fatal(shift.index, format!("the step to {} is not on record", shift.share)),
        Some(step) if step.decided_at != facts.input.now => {
            notes.fatal(shift.index, "the step is on record with another time than now");
        }
        Some(step) if step.verified_at.is_some() || step.settled_at.is_some() => {
            notes.fatal(shift.index, "the step is on record as seen before it is made");
        }
        Some(_) => {}
    }
}
