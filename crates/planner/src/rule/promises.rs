//! Capacity promises (S1, S5): what each side was promised to keep is raised again at once,
//! whoever lowered it, and reported.

use model::action::Action;
use model::observation::{Bounds, Scaling};
use model::plan::{Reason, Rule};
use model::status::Status;
use model::{Share, Side, Span};

use crate::draft::Draft;
use crate::events;
use crate::facts::Facts;
use crate::need::{self, Demand};

/// The promise of a side that has fallen short grows only when the need has grown by this much:
/// the load creeps, and each write is a call.
const GROWTH_MIN: f64 = 1.1;

/// A desired count below the minimum is lifted after this long: a reading may be a minute old,
/// and autoscaling takes up to another one to follow its bounds.
const UNDERCUT_FOR: Span = Span::from_mins(3);

/// Where autoscaling does not answer to so many modified minimums, a person has to.
const LIFTS_MAX: u32 = 3;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    watch_desired(facts, draft);
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

/// Keeps the time since when a desired count has been below its minimum.
fn watch_desired(facts: &Facts<'_>, draft: &mut Draft) {
    for side in Side::ALL {
        // What is not known neither starts the clock nor stops it.
        let (Some(service), Some(scaling)) = (*facts.services.get(side), *facts.scaling.get(side))
        else {
            continue;
        };
        let is_below = scaling.is_some_and(|scaling| service.desired < scaling.bounds.min);
        let since = draft.status.undercut_since.get_mut(side);
        *since = if is_below { since.or(Some(facts.now)) } else { None };
    }
}

/// Promises what the present share needs at the peak: EC2 the way back (S5), Fargate its share
/// when it has fallen short (S1); by the load of the moment it would be promised anew with every
/// load that is higher. A promise only grows here, and EC2's only when a load was seen
/// that is higher than the one it was made for, so that a migration at rest writes nothing while
/// the load goes up and down as it did all week (L1).
fn renew(facts: &Facts<'_>, draft: &mut Draft) {
    let is_over = draft.status.drained_at.is_some();
    let Some(live) = facts.live_max.filter(|live| *live > Share::ZERO && !is_over) else { return };
    if !facts.may_write() {
        return;
    }
    let covers = |floor| need::covers_peak(facts, floor) == Some(true);
    if !draft.status.floors.ec2.is_some_and(covers)
        && let Ok(reserve) = need::tasks(facts, Side::Ec2, Share::ZERO, Demand::Peak)
    {
        draft.promise(Side::Ec2, draft.status.floors.ec2.unwrap_or(0).max(reserve));
    }
    if draft.status.short_since.is_some()
        && let Ok(needed) = need::tasks(facts, Side::Fargate, live, Demand::Peak)
    {
        let floor = draft.status.floors.fargate;
        if floor.is_none_or(|floor| f64::from(needed) > f64::from(floor) * GROWTH_MIN) {
            draft.promise(Side::Fargate, needed);
        }
    }
}

fn keep(facts: &Facts<'_>, draft: &mut Draft, side: Side, floor: u32) {
    // What is not known now is asked again at the next look; the promise stands.
    let Some(raise) = raise(facts, &draft.status, side, floor) else { return };
    if let Some(max) = raise.beyond {
        draft.refuse(Rule::Promises, Reason::CapacityBeyondMax { side, needed: floor, max }, None);
    }
    if let Some(reason) = raise.stuck {
        return draft.refuse(Rule::Promises, reason, None);
    }
    if raise.actions.is_empty() {
        *draft.status.floors_seen.get_mut(side) = true;
        return;
    }
    let message = match raise.lifted_from {
        Some(desired) => format!(
            "{side} was set to {desired} tasks, below its minimum: autoscaling is moved to keep no fewer than {floor}."
        ),
        None => format!("{side} is kept at no fewer than {floor} tasks."),
    };
    // A floor that was never seen in place is still being raised for the first time.
    if std::mem::take(draft.status.floors_seen.get_mut(side)) {
        draft.events.push(events::floor_lowered(facts, message.clone()));
    }
    for action in raise.actions {
        draft.act(action);
    }
    draft.done(Rule::Promises, message);
}

/// What it takes to give a side a floor.
pub(crate) struct Raise {
    /// Nothing when the side has it.
    pub(crate) actions: Vec<Action>,
    /// The most the side may have, where the floor lies beyond it.
    pub(crate) beyond: Option<u32>,
    /// The desired count that somebody set below the minimum, where it is being lifted.
    pub(crate) lifted_from: Option<u32>,
    /// Why the side cannot be given its floor, though its minimum says so.
    pub(crate) stuck: Option<Reason>,
}

/// What it takes to give `side` a floor of `floor` tasks; `None` when it is not known what it
/// has.
pub(crate) fn raise(facts: &Facts<'_>, status: &Status, side: Side, floor: u32) -> Option<Raise> {
    let mut raise = Raise { actions: Vec::new(), beyond: None, lifted_from: None, stuck: None };
    let scaling = (*facts.scaling.get(side))?;
    let mut floor = floor;
    if let Some(scaling) = scaling {
        let max = max_of(status, side, scaling);
        if floor > max {
            raise.beyond = Some(max);
            floor = max;
        }
        let Bounds { min, max } = scaling.bounds;
        if min < floor {
            raise.actions.push(Action::SetBounds {
                side,
                expected: scaling.bounds,
                bounds: Bounds { min: min.max(floor), max: max.max(floor) },
            });
        } else if let Some(desired) = undercut(facts, status, side, floor) {
            let own = status.saved.get(side).map_or(scaling.bounds.min, |saved| saved.min);
            lift(&mut raise, side, scaling, desired, own.max(floor));
        }
    }
    // A desired count is never written beside a scalable target, not even a suspended one: what
    // a person suspended is a person's to start, and too few tasks hold the step.
    if scaling.is_none() {
        let desired = (*facts.services.get(side))?.desired;
        if desired < floor {
            raise.actions.push(Action::SetDesired { side, expected: desired, desired: floor });
        }
    }
    Some(raise)
}

/// The desired count that has been below both the minimum and `floor` for too long to be an old
/// reading.
fn undercut(facts: &Facts<'_>, status: &Status, side: Side, floor: u32) -> Option<u32> {
    let since = (*status.undercut_since.get(side))?;
    let desired = (*facts.services.get(side))?.desired;
    (desired < floor && facts.now.since(since) >= UNDERCUT_FOR).then_some(desired)
}

/// Application Auto Scaling leaves a desired count below the minimum alone until an alarm fires,
/// and acts when a bound is modified (its user guide, "Scaling activities"): one task more on
/// the minimum makes it lift the count. `base` is the minimum without such tasks.
fn lift(raise: &mut Raise, side: Side, scaling: &Scaling, desired: u32, base: u32) {
    let Bounds { min, max } = scaling.bounds;
    if scaling.suspended.is_any() || min >= max || min.saturating_sub(base) >= LIFTS_MAX {
        raise.stuck = Some(Reason::DesiredBelowMin { side, desired, min });
        return;
    }
    let bounds = Bounds { min: min + 1, max };
    raise.actions.push(Action::SetBounds { side, expected: scaling.bounds, bounds });
    raise.lifted_from = Some(desired);
}

/// The most tasks a side may have: what its scalable target says, or said before somebody
/// lowered it.
pub(crate) fn max_of(status: &Status, side: Side, scaling: &Scaling) -> u32 {
    let saved = status.saved.get(side).map_or(0, |saved| saved.max);
    scaling.bounds.max.max(saved)
}
