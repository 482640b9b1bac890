//! The step itself: first the floors it needs, then the tasks, then the weights.

use model::action::Direction;
use model::plan::{Rule, Said};
use model::route::WeightPair;
use model::{Share, Side};

use crate::draft::Draft;
use crate::events;
use crate::facts::Facts;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    // Without a next step no gate was asked; the first of them closes where nothing may be written.
    let Some(share) = draft.report.next else { return };
    if !gates_are_open(draft) {
        return;
    }
    // A promise that is being kept comes first; the next pass sees what it needs.
    if !draft.actions.is_empty() {
        return;
    }
    if !draft.preparation.is_empty() {
        return prepare(facts, draft, share);
    }
    if !draft.capacity_ready {
        return;
    }
    let (Some(live), Some(limits)) = (facts.weights(), facts.limits) else { return };
    let from = facts.live.unwrap_or(Share::ZERO);
    let pair = WeightPair::for_share(share, limits.weight_max);
    let weights = live.keys().map(|key| (key.clone(), pair)).collect();
    promise(draft);
    if draft.unlanded.is_none() {
        draft.events.push(events::stepping(facts, from, share));
    }
    draft.shift(facts, live, weights, share, Direction::Advance);
    draft.status.started_at.get_or_insert(facts.now);
    draft.status.verbs.advance = None;
    draft.status.full_since = None;
    draft.done(Rule::Step, format!("The share goes from {from} to {share}."));
}

/// Whether nothing but missing tasks stands in the way.
fn gates_are_open(draft: &Draft) -> bool {
    draft.report.lines.iter().all(|line| match &line.said {
        Said::Open | Said::Done(_) => true,
        // Where a side cannot be prepared at all, nothing is left to prepare.
        Said::Refused(_) => line.rule == Rule::Capacity,
    })
}

fn promise(draft: &mut Draft) {
    for side in Side::ALL {
        let floor = (*draft.status.floors.get(side)).max(*draft.promised.get(side));
        if let Some(floor) = floor {
            draft.promise(side, floor);
        }
    }
}

fn prepare(facts: &Facts<'_>, draft: &mut Draft, share: Share) {
    promise(draft);
    if draft.status.floors != facts.input.status.floors {
        draft.events.push(events::preparing(facts, share));
    }
    for action in std::mem::take(&mut draft.preparation) {
        draft.act(action);
    }
    draft.done(Rule::Step, format!("Tasks are started for the step to {share}."));
}
