//! S5 and S1 over time: floors that traffic, or its way back, counts on are not taken away, now
//! or by a scheduled action that fires when nobody looks.

use std::collections::BTreeMap;

use model::action::Action;
use model::observation::{Bounds, ScheduledBounds};
use model::{Share, Side, Time};

use super::Notes;
use super::ownership::OWN_PREFIX;
use crate::facts::{Facts, finite};

/// EC2 is quiet on Fargate's part when less than this fraction of all requests gets there: then
/// EC2 carries everything already and its own scaling follows the load.
const QUIET: f64 = 0.01;

pub(super) fn look_at_ec2(facts: &Facts<'_>, notes: &mut Notes) {
    if facts.input.status.drained_at.is_none() && !all_on_ec2(facts) {
        look_at(facts, notes, Side::Ec2, ec2_needs(facts));
    } else {
        look_at(facts, notes, Side::Ec2, Some(0));
    }
}

pub(super) fn look_at_fargate(facts: &Facts<'_>, notes: &mut Notes) {
    look_at(facts, notes, Side::Fargate, fargate_needs(facts));
}

/// A desired count under a scalable target is undone by it, or fights it.
pub(super) fn look_at_desired(facts: &Facts<'_>, notes: &mut Notes) {
    for (index, action) in facts.plan.actions.iter().enumerate() {
        let Action::SetDesired { side, expected, desired } = action else { continue };
        match facts.scaling(*side) {
            None => notes.fatal(index, format!("it is not known whether {side} is autoscaled")),
            Some(Some(_)) => notes.fatal(index, format!("{side} is autoscaled: set its bounds")),
            Some(None) => {
                let needed = match side {
                    Side::Ec2 if facts.input.status.drained_at.is_some() => Some(0),
                    Side::Ec2 => ec2_needs(facts),
                    Side::Fargate => fargate_needs(facts),
                };
                if desired < expected && needed.is_none_or(|needed| *desired < needed) {
                    notes.fatal(
                        index,
                        format!("{desired} tasks on {side} are too few, or nobody knows better"),
                    );
                }
            }
        }
    }
}

/// All traffic, as it is and as it may become while a rollback has to be possible.
fn ec2_needs(facts: &Facts<'_>) -> Option<u32> {
    let peak_rpm = finite(facts.load()?.peak_rpm)?;
    facts.tasks_for(Side::Ec2, peak_rpm.max(facts.demand_rpm()?))
}

/// What its weights, live or planned, may bring, and what gets there whatever they say.
fn fargate_needs(facts: &Facts<'_>) -> Option<u32> {
    let planned = facts.moves.iter().map(|shift| shift.share).max().unwrap_or(Share::ZERO);
    let share = facts.live()?.share_max()?.max(planned);
    let load = facts.load()?;
    let arriving_rpm = finite(load.side_rpm.fargate? * load.growth)?;
    let needed = facts.tasks_at(Side::Fargate, share)?;
    Some(needed.max(facts.tasks_for(Side::Fargate, arriving_rpm)?))
}

fn all_on_ec2(facts: &Facts<'_>) -> bool {
    let live = facts.live().is_some_and(|split| {
        !split.weights.is_empty()
            && split.weights.values().all(|pair| pair.fargate == 0 && pair.ec2 > 0)
    });
    let quiet = facts.load().is_some_and(|load| {
        let arriving_rpm = load.side_rpm.fargate.and_then(finite);
        let all_rpm = finite(load.now_rpm);
        arriving_rpm.zip(all_rpm).is_some_and(|(arriving, all)| arriving <= all * QUIET)
    });
    live && quiet && facts.rises().next().is_none()
}

/// Holds a side's bounds, now and at each time a scheduled action fires, against `needed` tasks.
fn look_at(facts: &Facts<'_>, notes: &mut Notes, side: Side, needed: Option<u32>) {
    let target = facts.input.observation.scaling.get(side).value().and_then(Option::as_ref);
    let mut bounds = target.map(|target| target.bounds);
    let mut pending: BTreeMap<&str, &ScheduledBounds> = BTreeMap::new();
    for scheduled in target.map_or(&[][..], |target| &target.scheduled) {
        pending.insert(&scheduled.name, scheduled);
    }
    let untouched = pending.clone();
    let live = bounds;
    let mut changed = None;
    for (index, action) in facts.plan.actions.iter().enumerate() {
        match action {
            Action::SetBounds { side: whose, expected, bounds: after } if *whose == side => {
                changed = Some(index);
                set_bounds(notes, index, side, needed, bounds.unwrap_or(*expected), *after);
                bounds = Some(*after);
            }
            Action::PutScheduled { side: whose, scheduled } if *whose == side => {
                changed = Some(index);
                put(facts.input.now, notes, index, scheduled);
                pending.insert(&scheduled.name, scheduled);
            }
            Action::DeleteScheduled { side: whose, name } if *whose == side => {
                changed = Some(index);
                pending.remove(name.as_str());
            }
            Action::SetBounds { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. }
            | Action::SetWeights { .. }
            | Action::SetDesired { .. } => {}
        }
    }
    let Some(bounds) = bounds else { return };
    left_pending(notes, side, needed, bounds, &pending, &untouched);
    if let Some(index) = changed {
        let old = Schedule { bounds: live.unwrap_or(bounds), pending: &untouched };
        let new = Schedule { bounds, pending: &pending };
        taken_away(notes, index, side, needed, &old, &new);
    }
}

fn set_bounds(
    notes: &mut Notes,
    index: usize,
    side: Side,
    needed: Option<u32>,
    before: Bounds,
    after: Bounds,
) {
    let Bounds { min, max } = after;
    if min > max {
        notes.fatal(index, format!("{side} would get a minimum of {min} above its maximum {max}"));
    }
    for (word, before, after) in [("minimum", before.min, min), ("maximum", before.max, max)] {
        if after >= before {
            continue;
        }
        match needed {
            None => notes.fatal(
                index,
                format!("the {word} of {side} would fall and it is not known what it needs"),
            ),
            Some(needed) if after < needed => notes.fatal(
                index,
                format!("the {word} of {side} would fall to {after} where {needed} are needed"),
            ),
            Some(_) => {}
        }
    }
}

fn put(now: Time, notes: &mut Notes, index: usize, scheduled: &ScheduledBounds) {
    let ScheduledBounds { name, at, min, max } = scheduled;
    if *at <= now {
        notes.warn(index, format!("{name} is of a time that has passed and would never fire"));
    }
    if min.zip(*max).is_some_and(|(min, max)| min > max) {
        notes.fatal(index, format!("{name} sets a minimum above its maximum"));
    }
}

/// Every pending action that lowers a bound below what is needed: Ferry's own must not be left so,
/// others' are said.
fn left_pending(
    notes: &mut Notes,
    side: Side,
    needed: Option<u32>,
    mut bounds: Bounds,
    pending: &BTreeMap<&str, &ScheduledBounds>,
    untouched: &BTreeMap<&str, &ScheduledBounds>,
) {
    let mut in_time: Vec<_> = pending.values().copied().collect();
    in_time.sort_by_key(|scheduled| (scheduled.at, &scheduled.name));
    for scheduled in in_time {
        let ScheduledBounds { name, at, min, max } = scheduled;
        for (word, held, after) in
            [("minimum", &mut bounds.min, *min), ("maximum", &mut bounds.max, *max)]
        {
            let Some(after) = after else { continue };
            let before = std::mem::replace(held, after);
            if after >= before || needed.is_some_and(|needed| after >= needed) {
                continue;
            }
            let ours = name.starts_with(OWN_PREFIX);
            match needed {
                Some(needed) => {
                    let message = format!(
                        "{name} would lower the {word} of {side} to {after} at {at} where {needed} are needed"
                    );
                    if ours { notes.fatal_overall(message) } else { notes.warn_overall(message) }
                }
                // What has stood there is not this plan's doing.
                None if untouched.get(name.as_str()) == Some(&scheduled) => {}
                None => notes.fatal_overall(format!(
                    "{name} would lower the {word} of {side} at {at} and it is not known what it needs"
                )),
            }
        }
    }
}

/// A side's bounds and what is scheduled for them.
struct Schedule<'a> {
    bounds: Bounds,
    pending: &'a BTreeMap<&'a str, &'a ScheduledBounds>,
}

impl Schedule<'_> {
    /// The minimum from `at` on, if nobody touches anything.
    fn min_at(&self, at: Time) -> u32 {
        let fired = self.pending.values().filter(|scheduled| scheduled.at <= at);
        let last = fired
            .filter_map(|scheduled| Some((scheduled.at, &scheduled.name, scheduled.min?)))
            .max();
        last.map_or(self.bounds.min, |(_, _, min)| min)
    }
}

/// A raise that was scheduled and is gone is a floor taken away, only later.
fn taken_away(
    notes: &mut Notes,
    index: usize,
    side: Side,
    needed: Option<u32>,
    old: &Schedule<'_>,
    new: &Schedule<'_>,
) {
    for scheduled in old.pending.values() {
        let at = scheduled.at;
        let (before, after) = (old.min_at(at), new.min_at(at));
        if after < before && needed.is_none_or(|needed| after < needed) {
            notes.fatal(
                index,
                format!("{side} would have a minimum of {after} at {at} where {before} was set"),
            );
        }
    }
}
