//! O1: only what is ours, and only where we were asked to write.

use model::Side;
use model::action::Action;
use model::spec::Mode;

use super::Notes;
use crate::facts::Facts;

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
