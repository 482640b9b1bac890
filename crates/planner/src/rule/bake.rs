//! The bake: time at the last step, still able to go back.

use model::Share;
use model::plan::{Reason, Rule};

use crate::draft::Draft;
use crate::events;
use crate::facts::Facts;
use crate::next;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    let Some(rollout) = facts.rollout() else { return };
    let (Some(live), Some(step)) = (facts.live, draft.status.step.as_ref()) else { return };
    let settled = step.settled_at;
    let is_last = next::next(facts, &draft.status, live).is_none();
    if draft.returning || draft.status.latch.is_some() || live == Share::ZERO || !is_last {
        if draft.status.baked_at.is_none() {
            draft.status.full_since = None;
        }
        return;
    }
    if draft.status.verbs.pin.is_some() || draft.status.baked_at.is_some() {
        return;
    }
    let Some(settled) = settled else { return };
    let since = *draft.status.full_since.get_or_insert(settled);
    let ends = since + rollout.bake;
    if facts.now < ends {
        draft.refuse(Rule::Bake, Reason::Baking, Some(ends));
    } else {
        draft.status.baked_at = Some(facts.now);
        draft.events.push(events::baked(facts, rollout.bake));
        draft.done(Rule::Bake, format!("The bake of {} is over.", rollout.bake));
        // The end of the bake is on record before anything rests on it: the step that gives the
        // holdback up comes with the next pass.
        draft.held = true;
    }
}
