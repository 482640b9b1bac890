//! O5: what others changed is not written over.

use model::action::Direction;

use super::Notes;
use crate::facts::{Effect, Facts};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    let Some(intended) = &facts.input.status.intended else { return };
    let Some(live) = facts.input.observation.split.value() else { return };
    for shift in &facts.moves {
        // Towards EC2 nobody is fought: a rollback may pass over anybody's weights.
        let saves = match (shift.effect, shift.direction) {
            (Effect::Advance | Effect::Repeat { .. }, _)
            | (Effect::Fall { .. }, Direction::Advance) => false,
            (Effect::Fall { .. }, Direction::RollBack | Direction::Finish) => true,
        };
        if saves {
            continue;
        }
        for key in shift.weights.keys() {
            let held = live.weights.get(key);
            // Either side of our own last write is ours: it may not have been made yet.
            let ours = held.is_none_or(|pair| {
                [&intended.before, &intended.after].into_iter().any(|it| it.get(key) == Some(pair))
            });
            if !ours {
                notes.fatal(shift.index, format!("{key} holds weights that Ferry did not write"));
            }
        }
    }
}
