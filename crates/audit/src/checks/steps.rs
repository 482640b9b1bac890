//! S4, upwards: one small step at a time, each after its time.

use model::action::Direction;
use model::{Share, Span};

use super::Notes;
use crate::facts::{Effect, Facts, Move, about};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    if let [_, second, ..] = facts.moves.as_slice() {
        notes.fatal(second.index, "weights would be written twice in one pass");
    }
    for shift in facts.rises() {
        wanted(facts, notes, shift);
        if shift.effect != (Effect::Repeat { moved: true }) {
            paused(facts, notes, shift);
        }
        if shift.direction == Direction::RollBack {
            notes.fatal(shift.index, "a rollback would send more traffic to Fargate");
        }
    }
    for shift in facts.advances() {
        match facts.live_share() {
            None => notes.fatal(shift.index, "the live share to step from is not known"),
            Some(live) => {
                small(facts, notes, shift, live);
                if live > Share::ZERO {
                    dwelt(facts, notes, shift, live);
                }
            }
        }
    }
}

/// Nobody asked for more than this; an operator's rollback asks for less.
fn wanted(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    let most = facts.share_max();
    if shift.share > most {
        notes.fatal(shift.index, format!("{} is more than the {most} asked for", shift.share));
    }
    if let Some(said) = &facts.input.status.verbs.rollback {
        notes.fatal(shift.index, format!("{} asked for a rollback", said.who));
    }
    if let Some(started_at) = facts.input.status.started_at
        && facts.input.now.since(started_at) > facts.input.spec.traffic.deadline
        && shift.effect == Effect::Advance
    {
        notes.fatal(shift.index, "the deadline of the attempt has passed");
    }
}

/// A pause stops steps, but not the end of one that some routes have made already.
fn paused(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    if facts.input.spec.paused {
        notes.fatal(shift.index, "the spec says `paused`");
    }
    if let Some(said) = &facts.input.status.verbs.pause {
        notes.fatal(shift.index, format!("{} paused the migration", said.who));
    }
}

fn small(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>, live: Share) {
    let step_max = facts.input.spec.traffic.step_max;
    // Weights can only say about what a step asks for: the next one is measured from the nearer.
    let written = facts.live().and_then(|split| split.share());
    let live = written.map_or(live, |written| written.max(live));
    if shift.share > live.plus(step_max) {
        notes.fatal(
            shift.index,
            format!("from {live} to {} is more than {step_max} at once", shift.share),
        );
    }
}

/// The share to step from must be one that stood, verified, for its time.
fn dwelt(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>, live: Share) {
    let step = facts.input.status.step.as_ref().filter(|step| about(step.share, live));
    let Some(step) = step else {
        let message = format!("it is not on record since when {live} stands");
        return notes.fatal(shift.index, message);
    };
    let Some(settled_at) = step.settled_at.filter(|at| *at <= facts.input.now) else {
        return notes.fatal(shift.index, format!("clients have not had time to follow {live}"));
    };
    // An operator's word passes over the dwell, never over the time clients need.
    let said = facts.input.status.verbs.advance.is_some();
    let dwell_min = if said { Span::ZERO } else { facts.rollout().dwell_min };
    let dwell = facts.input.now.since(settled_at);
    if dwell < dwell_min {
        notes.fatal(shift.index, format!("{live} has stood for {dwell} of {dwell_min}"));
    }
}
