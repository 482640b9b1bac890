//! O1: only what is ours, and only where we were asked to write.

use model::action::Action;
use model::ownership::Ownership;
use model::spec::Mode;
use model::{Side, Span};

use super::Notes;
use crate::facts::Facts;

/// Marks are read every five minutes; one look may fail.
const MARKS_AGE_MAX: Span = Span::from_mins(12);

/// What the names of Ferry's own scheduled actions begin with.
pub(crate) const OWN_PREFIX: &str = "ferry-";

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    if facts.plan.actions.is_empty() {
        return;
    }
    match facts.input.spec.mode {
        Mode::Act => {}
        Mode::Observe => notes.fatal_overall("the spec says `mode: observe`: nothing is written"),
    }
    marks_are_ours(facts, notes);
    if facts.input.settings.freeze {
        notes.fatal_overall("the settings say `freeze`: nothing is written, rollbacks included");
    }
    if let Some(said) = &facts.input.status.verbs.freeze {
        let who = &said.who;
        notes.fatal_overall(format!("{who} froze it: nothing is written, rollbacks included"));
    }
    for (index, action) in facts.plan.actions.iter().enumerate() {
        match action {
            Action::SetWeights { weights, .. } => {
                for key in weights.keys().filter(|key| !facts.routes.contains_key(*key)) {
                    notes.fatal(index, format!("{key} is not a route of this migration"));
                }
            }
            Action::SetBounds { side, .. } | Action::SetDesired { side, .. } => {
                service_is_ours(facts, notes, index, *side);
            }
            Action::PutScheduled { side, scheduled } => {
                service_is_ours(facts, notes, index, *side);
                name_is_ours(notes, index, &scheduled.name);
            }
            Action::DeleteScheduled { side, name } => {
                service_is_ours(facts, notes, index, *side);
                name_is_ours(notes, index, name);
            }
        }
    }
}

/// Nothing is written before the marks were seen to be this migration's, or once somebody else's
/// stand there; where they are gone or were not read of late, nothing goes towards Fargate.
fn marks_are_ours(facts: &Facts<'_>, notes: &mut Notes) {
    let seen = &facts.input.observation.ownership;
    if let Some(foreign) = seen.value().and_then(|marks| marks.others.first()) {
        notes.fatal_overall(format!("the {} is marked as {}'s", foreign.thing, foreign.owner));
    }
    let is_whole = |marks: &Ownership| marks.unmarked.is_empty();
    if facts.input.status.owned_since.is_none() && !seen.value().is_some_and(is_whole) {
        notes.fatal_overall("no mark has said yet that this is the migration's own");
    }
    if !seen.fresh(facts.input.now, MARKS_AGE_MAX).is_some_and(is_whole) {
        for rise in facts.rises() {
            notes.fatal(rise.index, "the marks that say whose this is are not all there");
        }
    }
}

fn service_is_ours(facts: &Facts<'_>, notes: &mut Notes, index: usize, side: Side) {
    let service = match side {
        Side::Ec2 => &facts.input.spec.ec2.service,
        Side::Fargate => &facts.input.spec.fargate.service,
    };
    if service.is_none() {
        notes.fatal(index, format!("the spec names no service on {side}"));
    }
}

fn name_is_ours(notes: &mut Notes, index: usize, name: &str) {
    if !name.starts_with(OWN_PREFIX) {
        notes.fatal(index, format!("scheduled action {name} is somebody else's"));
    }
}
