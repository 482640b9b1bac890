//! Capacity before traffic (S1, S5): what the next step needs on Fargate, and what the way back
//! from it needs on EC2. It comes after the gates, and the step rule raises the floors only when
//! all of those are open, so that nobody pays for tasks that stand idle through a dwell. Asked
//! on every pass all the same: a maximum that is too low is worth knowing before the dwell ends.

use model::observation::Scaling;
use model::plan::{Reason, Rule, What};
use model::{PerSide, Share, Side};

use super::promises;
use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::gap_of;
use crate::need::{self, Demand};

/// What one side needs for a step.
struct Need {
    side: Side,
    /// Healthy tasks without which no traffic is moved.
    now: u32,
    /// The floor that is promised.
    floor: u32,
}

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    let Some(share) = draft.report.next else { return };
    let mut floors = PerSide::<Option<u32>>::default();
    let mut refusal = None;
    for side in [Side::Fargate, Side::Ec2] {
        let missing = ask(facts, draft, side, share).and_then(|need| {
            *floors.get_mut(side) = Some(need.floor);
            short(facts, draft, &need)
        });
        match missing {
            // Both sides are prepared, whichever is short.
            Ok(missing) => refusal = refusal.or(missing),
            Err(reason) => {
                // One side that cannot be prepared is reason enough not to prepare the other.
                draft.preparation.clear();
                return draft.refuse(Rule::Capacity, reason, None);
            }
        }
    }
    match refusal {
        Some(reason) => draft.refuse(Rule::Capacity, reason, None),
        None => {
            draft.capacity_ready = true;
            draft.open(Rule::Capacity);
        }
    }
    draft.promised = floors;
}

/// What `side` needs for `share`, or why that cannot be had.
fn ask(facts: &Facts<'_>, draft: &Draft, side: Side, share: Share) -> Result<Need, Reason> {
    // EC2 must be able to take everything back, so its need is that of no share at all.
    let share = match side {
        Side::Ec2 => Share::ZERO,
        Side::Fargate => share,
    };
    let unknown = |what| Reason::NotKnown { what, side: Some(side), gap: None };
    let now = need::tasks(facts, side, share, Demand::Now).map_err(unknown)?;
    let floor = need::tasks(facts, side, share, Demand::Peak).map_err(unknown)?;
    let Some(scaling) = *facts.scaling.get(side) else {
        let gap = gap_of(facts.input.observation.scaling.get(side));
        return Err(Reason::NotKnown { what: What::Scaling, side: Some(side), gap });
    };
    if let Some(scaling) = scaling {
        let max = promises::max_of(&draft.status, side, scaling);
        if floor > max {
            return Err(Reason::CapacityBeyondMax { side, needed: floor, max });
        }
        lowered_soon(facts, side, scaling, floor)?;
    }
    if facts.healthy.get(side).is_none() {
        let gap = gap_of(facts.input.observation.targets.get(side));
        return Err(Reason::NotKnown { what: What::Targets, side: Some(side), gap });
    }
    Ok(Need { side, now, floor })
}

/// Somebody's scheduled action that will take the floor away before the step is over.
fn lowered_soon(
    facts: &Facts<'_>,
    side: Side,
    scaling: &Scaling,
    floor: u32,
) -> Result<(), Reason> {
    let until = facts.now + facts.dwell_min();
    let lowers = scaling.scheduled.iter().find_map(|scheduled| {
        let min = scheduled.min.filter(|min| *min < floor)?;
        let is_ours = scheduled.is_ours();
        (!is_ours && scheduled.at <= until).then_some((scheduled, min))
    });
    match lowers {
        None => Ok(()),
        Some((scheduled, min)) => {
            Err(Reason::ScheduledBelowFloor { side, name: scheduled.name.clone(), min, floor })
        }
    }
}

/// Prepares the floor, and says what is still missing, or why it cannot be prepared.
fn short(facts: &Facts<'_>, draft: &mut Draft, need: &Need) -> Result<Option<Reason>, Reason> {
    let promised = draft.status.floors.get(need.side).unwrap_or(0);
    let floor = need.floor.max(promised);
    let Some(raise) = promises::raise(facts, &draft.status, need.side, floor) else {
        return Ok(None);
    };
    if let Some(reason) = raise.stuck {
        return Err(reason);
    }
    let is_raised = raise.actions.is_empty();
    draft.preparation.extend(raise.actions);
    let side = need.side;
    let healthy = facts.healthy.get(side).unwrap_or(0);
    if healthy < need.now {
        return Ok(Some(Reason::CapacityShort { side, healthy, needed: need.now }));
    }
    let desired = facts.services.get(side).map_or(0, |service| service.desired);
    let bounds = facts.scaling.get(side).flatten().map(|scaling| scaling.bounds);
    let min = bounds.map_or(desired, |bounds| bounds.min.min(desired));
    Ok((!is_raised).then_some(Reason::FloorLow { side, min, floor }))
}
