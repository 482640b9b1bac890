//! O2: every write expects what was seen, can be expressed, and moves all routes together.

use std::collections::BTreeSet;

use model::Side;
use model::action::Action;
use model::observation::Bounds;

use super::Notes;
use crate::facts::{Facts, Move, about};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    for shift in &facts.moves {
        expects_what_was_seen(facts, notes, shift);
        can_be_expressed(facts, notes, shift);
        moves_together(notes, shift);
    }
    for side in Side::ALL {
        bounds(facts, notes, side);
        desired(facts, notes, side);
    }
}

fn expects_what_was_seen(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    match facts.live() {
        None => notes.fatal(shift.index, "the live weights were not read lately"),
        Some(split) if split.weights != *shift.expected => {
            notes.fatal(shift.index, "the write expects other weights than were seen");
        }
        Some(_) => {}
    }
}

fn can_be_expressed(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    for (key, pair) in shift.weights {
        let Some(weight_max) = facts.routes.get(key) else { continue };
        if pair.ec2.max(pair.fargate) > *weight_max {
            notes.fatal(shift.index, format!("{key} takes weights up to {weight_max}"));
        }
    }
}

fn moves_together(notes: &mut Notes, shift: &Move<'_>) {
    for (key, pair) in shift.weights {
        if !pair.share().is_some_and(|share| about(share, shift.share)) {
            let share = shift.share;
            notes.fatal(shift.index, format!("the weights of {key} do not say {share}"));
        }
    }
    let keys = |weights: &'_ model::route::Weights| -> BTreeSet<String> {
        weights.keys().cloned().collect()
    };
    if keys(shift.expected) != keys(shift.weights) {
        notes.fatal(shift.index, "the write expects other routes than it sets");
    }
}

/// Writes of one pass follow each other, so each expects what the one before it leaves. One that
/// finds what it would write is done already and harms nobody.
fn bounds(facts: &Facts<'_>, notes: &mut Notes, side: Side) {
    let mut held: Option<Bounds> =
        facts.scaling(side).and_then(Option::as_ref).map(|target| target.bounds);
    for (index, action) in facts.plan.actions.iter().enumerate() {
        let Action::SetBounds { side: whose, expected, bounds } = action else { continue };
        if *whose != side {
            continue;
        }
        match held {
            None => notes.fatal(index, format!("the bounds of {side} were not read lately")),
            Some(held) if held != *expected && held != *bounds => {
                notes.fatal(index, format!("the write expects other bounds of {side} than seen"));
            }
            Some(_) => {}
        }
        held = Some(*bounds);
    }
}

fn desired(facts: &Facts<'_>, notes: &mut Notes, side: Side) {
    let seen = facts.input.observation.services.get(side);
    let seen = seen.fresh(facts.input.now, crate::facts::HEALTH_AGE_MAX);
    let mut held = seen.map(|service| service.desired);
    for (index, action) in facts.plan.actions.iter().enumerate() {
        let Action::SetDesired { side: whose, expected, desired } = action else { continue };
        if *whose != side {
            continue;
        }
        if held != Some(*expected) && held != Some(*desired) {
            notes.fatal(index, format!("the write expects another desired count of {side}"));
        }
        held = Some(*desired);
    }
}
