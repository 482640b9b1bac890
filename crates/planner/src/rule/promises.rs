//! Capacity promises (S1, S5): what each side was promised to keep is raised again at once,
//! whoever lowered it, and reported.

use model::action::Action;
use model::observation::{Bounds, Scaling};
use model::plan::{Reason, Rule};
use model::{Share, Side};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::need::{self, Demand};

/// A promise grows only when the need has grown by this much: the load creeps, and each write
/// is a call.
const GROWTH_MIN: f64 = 1.1;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    renew(facts, draft);
    if !facts.may_write() {
        return;
    }
    for side in Side::ALL {
        if let Some(floor) = *draft.status.floors.get(side) {
            keep(facts, draft, side, floor);
        }
    }
}

/// Promises what the present share needs: EC2 the way back at the peak (S5), Fargate its share
/// when it has fallen short (S1). A promise only grows here.
fn renew(facts: &Facts<'_>, draft: &mut Draft) {
    let is_over = draft.status.drained_at.is_some();
    let Some(live) = facts.live_max.filter(|live| *live > Share::ZERO && !is_over) else { return };
    if !facts.may_write() {
        return;
    }
    if let Ok(reserve) = need::tasks(facts, Side::Ec2, Share::ZERO, Demand::Peak) {
        grow(&mut draft.status.floors.ec2, reserve);
    }
    if draft.status.short_since.is_some()
        && let Ok(needed) = need::tasks(facts, Side::Fargate, live, Demand::Now)
    {
        grow(&mut draft.status.floors.fargate, needed);
    }
}

fn grow(floor: &mut Option<u32>, needed: u32) {
    if floor.is_none_or(|floor| f64::from(needed) > f64::from(floor) * GROWTH_MIN) {
        *floor = Some(needed);
    }
}

fn keep(facts: &Facts<'_>, draft: &mut Draft, side: Side, floor: u32) {
    let Some(actions) = raise(facts, draft, side, floor) else { return };
    if actions.is_empty() {
        return;
    }
    let count = actions.len();
    draft.actions.extend(actions);
    debug_assert!(count > 0);
    draft.done(Rule::Promises, format!("{side} is kept at no fewer than {floor} tasks."));
}

/// What it takes to give `side` a floor of `floor` tasks; nothing when it has it. `None` when
/// it is not known what the side has, or when the floor lies beyond the most it may have, which
/// is reported.
pub(crate) fn raise(
    facts: &Facts<'_>,
    draft: &mut Draft,
    side: Side,
    floor: u32,
) -> Option<Vec<Action>> {
    let mut actions = Vec::new();
    let scaling = (*facts.scaling.get(side))?;
    if let Some(scaling) = scaling {
        let max = max_of(draft, side, scaling);
        if floor > max {
            draft.refuse(
                Rule::Promises,
                Reason::CapacityBeyondMax { side, needed: floor, max },
                None,
            );
        }
        let min = floor.min(max);
        if scaling.bounds.min < min || scaling.bounds.max < min {
            draft.status.saved.get_mut(side).get_or_insert(scaling.bounds);
            actions.push(Action::SetBounds {
                side,
                expected: scaling.bounds,
                bounds: Bounds {
                    min: scaling.bounds.min.max(min),
                    max: scaling.bounds.max.max(min),
                },
            });
        }
    }
    // A desired count is never written against an active scalable target; a suspended one
    // does not follow its own minimum.
    let is_scaled = scaling.is_some_and(|scaling| !scaling.suspended);
    if !is_scaled
        && let Some(service) = facts.services.get(side)
        && service.desired < floor
    {
        actions.push(Action::SetDesired { side, expected: service.desired, desired: floor });
    }
    Some(actions)
}

/// The most tasks a side may have: what its scalable target says, or said before somebody
/// lowered it.
pub(crate) fn max_of(draft: &Draft, side: Side, scaling: &Scaling) -> u32 {
    let saved = draft.status.saved.get(side).map_or(0, |saved| saved.max);
    scaling.bounds.max.max(saved)
}
