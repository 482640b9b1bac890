//! S2: no write leaves users without an answer.

use model::Side;
use model::route::WeightPair;

use super::Notes;
use crate::facts::{Effect, Facts, Move};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    for shift in &facts.moves {
        if shift.weights.is_empty() {
            notes.fatal(shift.index, "an empty set of weights would be written");
        }
        left_out(facts, notes, shift);
        for (key, pair) in shift.weights {
            no_weight(notes, shift, key, *pair);
            if let Some(side) = wholly_on(*pair) {
                on_dead_side(facts, notes, shift, key, side);
            }
        }
    }
}

/// A step that leaves a route out would leave the routes at odds; a rollback of some of the routes
/// is better than none.
fn left_out(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    for key in facts.routes.keys().filter(|key| !shift.weights.contains_key(*key)) {
        let message = format!("route {key} is left out");
        match shift.effect {
            Effect::Advance | Effect::Repeat { .. } => notes.fatal(shift.index, message),
            Effect::Fall { .. } => notes.warn(shift.index, message),
        }
    }
}

fn no_weight(notes: &mut Notes, shift: &Move<'_>, key: &str, pair: WeightPair) {
    if pair.ec2.checked_add(pair.fargate).is_none_or(|total| total == 0) {
        let WeightPair { ec2, fargate } = pair;
        notes.fatal(
            shift.index,
            format!(
                "weights {ec2} and {fargate} of {key} share out nothing that can be counted on"
            ),
        );
    }
}

const fn wholly_on(pair: WeightPair) -> Option<Side> {
    match (pair.ec2, pair.fargate) {
        (0, 1..) => Some(Side::Fargate),
        (1.., 0) => Some(Side::Ec2),
        (0, 0) | (1.., 1..) => None,
    }
}

fn on_dead_side(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>, key: &str, side: Side) {
    let healthy = |side| facts.targets(side).map(|targets| targets.healthy);
    match (healthy(side), healthy(side.other())) {
        (Some(0), Some(1..)) => notes.fatal(
            shift.index,
            format!(
                "all of {key} would go to {side}, which has no healthy target while {} has some",
                side.other()
            ),
        ),
        (Some(0), None) => notes.warn(
            shift.index,
            format!("all of {key} would go to {side}, which has no healthy target"),
        ),
        (Some(0), Some(0)) | (Some(1..) | None, _) => {}
    }
}
