//! S1: capacity before traffic.

use model::action::Direction;
use model::{Share, Side};

use super::Notes;
use crate::facts::{Effect, Facts, Move, why_unknown};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    for shift in &facts.moves {
        match (shift.effect, shift.direction) {
            (Effect::Advance | Effect::Repeat { .. }, _) => {
                ready(facts, notes, shift, Side::Fargate, most(shift));
            }
            // A move that is not made to save anybody has to wait for EC2 as an advance waits for
            // Fargate.
            (Effect::Fall { lowers: true }, Direction::Advance) => {
                ready(facts, notes, shift, Side::Ec2, least(shift));
            }
            (Effect::Fall { lowers: true }, Direction::RollBack | Direction::Finish) => {
                short(facts, notes, shift);
            }
            (Effect::Fall { lowers: false }, _) => {}
        }
    }
}

/// The largest share that the write asks of any route.
fn most(shift: &Move<'_>) -> Share {
    let shares = shift.weights.values().map(|pair| pair.share().unwrap_or(Share::FULL));
    shares.max().unwrap_or(Share::ZERO).max(shift.share)
}

/// The smallest share that the write asks of any route.
fn least(shift: &Move<'_>) -> Share {
    let shares = shift.weights.values().map(|pair| pair.share().unwrap_or(Share::ZERO));
    shares.min().unwrap_or(Share::FULL).min(shift.share)
}

fn ready(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>, side: Side, share: Share) {
    let index = shift.index;
    let Some(targets) = facts.targets(side) else {
        let why = why_unknown(facts.input.observation.targets.get(side));
        return notes.fatal(index, format!("target health of {side} {why}"));
    };
    let Some(needed) = facts.tasks_at(side, share) else {
        return notes.fatal(index, format!("it is not known how many tasks {side} needs"));
    };
    if targets.healthy < needed {
        let healthy = targets.healthy;
        notes.fatal(
            index,
            format!("{side} has {healthy} healthy tasks and {share} needs {needed} of them"),
        );
    }
}

/// A rollback never waits for capacity, but people should know that it will hurt.
fn short(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    let healthy = facts.targets(Side::Ec2).map(|targets| targets.healthy);
    if let Some((healthy, needed)) = healthy.zip(facts.tasks_at(Side::Ec2, least(shift)))
        && healthy < needed
    {
        notes.warn(
            shift.index,
            format!("EC2 has {healthy} healthy tasks for a rollback that needs {needed}"),
        );
    }
}
