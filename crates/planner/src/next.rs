//! Where the share goes next.

use model::Share;
use model::route::WeightPair;
use model::spec::Target;
use model::status::Status;

use crate::facts::Facts;

/// Below this share too little traffic goes to Fargate to prove anything in reasonable time:
/// such a step looks for crashes only (dwell, and no verdict against it).
pub const CRASH_CHECK_BELOW: Share = Share::percent(5);

/// The share this migration works towards at present: the pin, the wanted share, or the last
/// step, less the holdback until the bake is over.
pub(crate) fn goal(facts: &Facts<'_>, status: &Status) -> Share {
    let asked = match &facts.spec.traffic.target {
        Target::Share(share) => *share,
        Target::Rollout(rollout) => {
            let last = rollout.steps.iter().copied().max().unwrap_or(Share::FULL);
            match rollout.holdback {
                Some(holdback) if status.baked_at.is_none() => last.min(holdback.rest()),
                Some(_) | None => last,
            }
        }
    };
    // A pin holds; it never leads further than the file asks for.
    status.verbs.pin.as_ref().map_or(asked, |pin| pin.share.min(asked))
}

/// The next step from `live`: the next listed share that the weights can tell from it, never
/// more than `stepMax` away and never beyond the goal. `None` when the goal is reached.
///
/// A live share that is not in the list goes to the next listed one: a list that was edited
/// never lowers it, and never makes it jump.
pub(crate) fn next(facts: &Facts<'_>, status: &Status, live: Share) -> Option<Share> {
    let goal = goal(facts, status);
    if is_reached(facts, goal, live) {
        return None;
    }
    let listed = match &facts.spec.traffic.target {
        Target::Rollout(rollout) if status.verbs.pin.is_none() => rollout
            .steps
            .iter()
            .copied()
            .filter(|step| !is_reached(facts, *step, live))
            .min()
            .map_or(goal, |step| step.min(goal)),
        Target::Rollout(_) | Target::Share(_) => goal,
    };
    // A `stepMax` of nothing would stand still without a reason; the smallest step is taken.
    let step_max = facts.spec.traffic.step_max.max(SHARE_STEP_MIN);
    Some(listed.min(live.plus(step_max)))
}

const SHARE_STEP_MIN: Share = match Share::from_per_mille(1) {
    Some(share) => share,
    None => Share::ZERO,
};

/// Whether weights at `live` are as near to `share` from below as weights can be, or beyond it.
pub(crate) fn is_reached(facts: &Facts<'_>, share: Share, live: Share) -> bool {
    live >= share || as_written(facts, share).is_some_and(|written| live >= written)
}

/// Whether a pair asks for less of Fargate than another: `f / (e + f)` of each, compared as exact
/// fractions. No weight at all asks for nothing that can be compared.
pub(crate) fn is_lower(pair: WeightPair, than: WeightPair) -> bool {
    let times = |fargate: u32, ec2: u32| u64::from(fargate) * u64::from(ec2);
    times(pair.fargate, than.ec2) < times(than.fargate, pair.ec2)
}

/// The share that the weights for `share` read back as.
pub(crate) fn as_written(facts: &Facts<'_>, share: Share) -> Option<Share> {
    WeightPair::for_share(share, facts.limits?.weight_max).share()
}
