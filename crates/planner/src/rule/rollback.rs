//! Rolls back: verdict, lost capacity, lowered share, operator. Asked before everything else:
//! while paused, outside windows, at gates, with deployments in progress, in the bake and past
//! the deadline. Only `mode: observe`, a freeze and somebody else's mark keep it from writing.

use model::action::Direction;
use model::plan::{Reason, Rule, What};
use model::route::{WeightPair, Weights};
use model::status::{Latch, RollbackReason};
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};

use crate::draft::Draft;
use crate::events;
use crate::facts::{Facts, LAST_HEALTH_AGE_MAX};
use crate::need::{self, Demand};
use crate::next;

/// Fargate's tasks may be too few for this long before traffic leaves: a task that is replaced
/// is back by then, and the floor has been raised meanwhile. No healthy task at all waits for
/// nothing.
const SHORT_FOR_MAX: Span = Span::from_mins(2);

/// A smaller move than this waits for more: each one is a write and, with DNS, a minute.
const PARTIAL_STEP_MIN: Share = Share::percent(2);

/// Why and how far traffic goes back.
struct Return {
    reason: RollbackReason,
    target: Share,
    /// Everything moves at once, whatever EC2 can carry: Fargate is failing outright.
    at_once: bool,
    /// The attempt is over until somebody re-arms it.
    latches: bool,
}

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    watch_capacity(facts, draft);
    let Some(wanted) = wanted(facts, draft) else { return };
    draft.held = true;
    if let Some(reason) = facts.barred() {
        return draft.refuse(Rule::Rollback, reason, None);
    }
    latch(facts, draft, &wanted);
    draft.returning = facts.has_traffic();
    let Some(live) = facts.weights() else {
        let reason = Reason::NotKnown { what: What::Weights, side: None, gap: None };
        return draft.refuse(Rule::Rollback, reason, None);
    };
    if facts.live_max.is_none_or(|share| next::is_reached(facts, share, wanted.target)) {
        // Nothing is left on Fargate above what is wanted; the latch says the rest.
        draft.returning = false;
        return;
    }
    go_back(facts, draft, &wanted, live);
}

/// Keeps the time since when Fargate has had too few healthy tasks for its live share.
fn watch_capacity(facts: &Facts<'_>, draft: &mut Draft) {
    if facts.live_max == Some(Share::ZERO) {
        draft.status.short_since = None;
        return;
    }
    // An unknown count neither starts the clock nor stops it: it is no proof of either.
    let Some(healthy) = facts.healthy.fargate else { return };
    let is_short = match carries(facts, healthy) {
        Some(carries) => !carries,
        None if healthy == 0 => true,
        None => return,
    };
    let since = &mut draft.status.short_since;
    *since = if is_short { since.or(Some(facts.now)) } else { None };
}

/// Whether `healthy` Fargate tasks carry its live share of the load as it is now.
fn carries(facts: &Facts<'_>, healthy: u32) -> Option<bool> {
    let rpm = need::number(facts.load?.now_rpm)?;
    let asked = facts.live_max?.of(Side::Fargate, rpm);
    Some(healthy > 0 && asked <= need::carried_rpm(facts, Side::Fargate, healthy)?)
}

/// The first reason to go back, and how far.
fn wanted(facts: &Facts<'_>, draft: &Draft) -> Option<Return> {
    let status = &draft.status;
    let is_dead = facts.healthy.fargate == Some(0);
    let all = |reason: RollbackReason, at_once: bool| Return {
        reason,
        target: Share::ZERO,
        at_once: at_once || is_dead,
        latches: true,
    };
    if let Some(said) = &status.verbs.rollback {
        let reason = RollbackReason::Operator { who: said.who.clone() };
        return Some(all(reason, false));
    }
    let rolling = status.latch.as_ref().filter(|latch| latch.reason != RollbackReason::MovedByHand);
    if let Some(latch) = rolling {
        return Some(all(latch.reason.clone(), is_failing(&latch.reason)));
    }
    if !facts.has_traffic() {
        return None;
    }
    // After the drain EC2 no longer keeps a reserve: an automatic way back would be onto
    // nothing. An operator's word above still counts.
    if status.drained_at.is_none() {
        if facts.input.verdict.kind == VerdictKind::RollBack {
            let reason = RollbackReason::Verdict { verdict: facts.input.verdict.reason.clone() };
            let at_once = is_failing(&reason);
            return Some(all(reason, at_once));
        }
        if let Some(reason) = capacity_lost(facts, draft) {
            return Some(all(reason, false));
        }
    }
    lowered(facts, draft)
}

/// Whether Fargate fails outright, so that EC2's reserve is not waited for.
fn is_failing(reason: &RollbackReason) -> bool {
    match reason {
        RollbackReason::Verdict { verdict } => matches!(
            verdict,
            VerdictReason::CandidateDead
                | VerdictReason::Guard { .. }
                | VerdictReason::SmallShareGuard { .. }
        ),
        RollbackReason::CapacityLost { healthy, .. } => *healthy == 0,
        RollbackReason::ShareLowered
        | RollbackReason::Operator { .. }
        | RollbackReason::MovedByHand => false,
    }
}

/// Fargate can no longer carry its live share (S1's complement), and EC2 could take some of it.
fn capacity_lost(facts: &Facts<'_>, draft: &Draft) -> Option<RollbackReason> {
    let healthy = facts.healthy.fargate?;
    let since = draft.status.short_since?;
    let live = facts.live_max?;
    let needed = need::tasks(facts, Side::Fargate, live, Demand::Now).unwrap_or(1);
    if healthy > 0 {
        // Short by the load of a while ago is not short now: what is not known never goes back.
        if carries(facts, healthy)? {
            return None;
        }
        let is_brief = facts.now.since(since) < SHORT_FOR_MAX;
        // With nothing to spare on EC2 both sides are short: the load is the reason, and
        // moving it would only change who suffers.
        let kept = kept_by_ec2_shortage(facts).unwrap_or(Share::ZERO);
        if is_brief || kept >= live {
            return None;
        }
    }
    Some(RollbackReason::CapacityLost { healthy, needed })
}

/// The desired share lies below the live one. An edited list of steps never lowers it.
fn lowered(facts: &Facts<'_>, draft: &Draft) -> Option<Return> {
    let live = facts.live_max?;
    let (target, reason) = match (&draft.status.verbs.pin, &facts.spec.traffic.target) {
        (Some(pin), _) => (pin.share, RollbackReason::Operator { who: pin.said.who.clone() }),
        (None, model::spec::Target::Share(share)) => (*share, RollbackReason::ShareLowered),
        (None, model::spec::Target::Rollout(_)) => return None,
    };
    let written = next::as_written(facts, target).unwrap_or(target);
    // A share that drifted up by hand is drift, held and reported, and not a wish to go back.
    let meant = draft.status.intended.as_ref().is_none_or(|intended| intended.share > target);
    (live > written.max(target) && meant).then_some(Return {
        reason,
        target,
        at_once: facts.healthy.fargate == Some(0),
        latches: false,
    })
}

fn latch(facts: &Facts<'_>, draft: &mut Draft, wanted: &Return) {
    let by_hand = |latch: &Latch| latch.reason == RollbackReason::MovedByHand;
    if !wanted.latches || draft.status.latch.as_ref().is_some_and(|latch| !by_hand(latch)) {
        return;
    }
    let from = facts.live_max.unwrap_or(Share::ZERO);
    if from > Share::ZERO {
        draft.events.push(events::rolling_back(facts, draft, from, &wanted.reason));
    }
    draft.status.latch = Some(Latch {
        at: facts.now,
        from,
        attempt: draft.status.attempt,
        reason: wanted.reason.clone(),
    });
}

fn go_back(facts: &Facts<'_>, draft: &mut Draft, wanted: &Return, live: &Weights) {
    let now_share = facts.live_max.unwrap_or(Share::FULL);
    let needed = need::tasks(facts, Side::Ec2, wanted.target, Demand::Now).ok();
    let short = |draft: &mut Draft, healthy: u32| {
        let needed = needed.unwrap_or(1);
        draft.refuse(
            Rule::Rollback,
            Reason::CapacityShort { side: Side::Ec2, healthy, needed },
            None,
        );
    };
    if !is_lit(facts) {
        // Never dark (S2): traffic waits for EC2's first healthy task, whatever Fargate does.
        short(draft, 0);
        return;
    }
    let kept = if wanted.at_once {
        wanted.target
    } else {
        kept_by_ec2_shortage(facts).unwrap_or(wanted.target).max(wanted.target)
    };
    let moves = kept == wanted.target || kept.plus(PARTIAL_STEP_MIN) <= now_share;
    if kept > wanted.target {
        short(draft, healthy_ec2(facts).unwrap_or(0));
    }
    if !moves || kept >= now_share {
        return;
    }
    let (kept, pair) = lowest(facts, live, kept);
    let weights = live.keys().map(|key| (key.clone(), pair)).collect();
    let before = draft.status.intended.as_ref().map(|intended| intended.share);
    if !wanted.latches && before != Some(kept) {
        draft.events.push(events::lowering(facts, now_share, kept));
    }
    draft.shift(facts, live, weights, kept, Direction::RollBack);
    draft.status.full_since = None;
    draft.status.baked_at = None;
    draft.status.quiet_since = None;
    draft.status.verbs.advance = None;
    draft.done(Rule::Rollback, format!("Traffic goes back to {kept}: {}.", wanted.reason));
}

/// Healthy targets of EC2 by the newest reading that is not too old to go back on.
fn healthy_ec2(facts: &Facts<'_>) -> Option<u32> {
    facts.input.observation.last_healthy(Side::Ec2, facts.now, LAST_HEALTH_AGE_MAX)
}

/// Whether EC2 is known, by any witness, to be able to answer a request.
fn is_lit(facts: &Facts<'_>) -> bool {
    match healthy_ec2(facts) {
        Some(healthy) => healthy > 0,
        // Health that cannot be read is not health; running tasks or arriving requests are
        // other witnesses, and going back must not wait for a throttled call.
        None => {
            let running = facts.services.ec2.is_some_and(|service| service.running > 0);
            running || facts.side_rpm(Side::Ec2).is_some_and(|rpm| rpm > 0.0)
        }
    }
}

/// The share that must stay on Fargate for now because EC2 cannot carry more yet; `None` when
/// EC2's capacity is not known, and then nothing is kept back for it.
fn kept_by_ec2_shortage(facts: &Facts<'_>) -> Option<Share> {
    let rpm = need::number(facts.load?.now_rpm)?;
    let carried = need::carried_rpm(facts, Side::Ec2, healthy_ec2(facts)?)?;
    let kept = (1.0 - carried / rpm).clamp(0.0, 1.0);
    // Rounded up, so that EC2 never gets more than it carries.
    Share::from_ratio(kept).map(|share| {
        if share.ratio() < kept {
            share.plus(Share::from_per_mille(1).unwrap_or(share))
        } else {
            share
        }
    })
}

/// The weights for `kept`, or those of a route that asks for less already: all routes go
/// together, and going back raises none of them, not by a rounding either.
fn lowest(facts: &Facts<'_>, live: &Weights, kept: Share) -> (Share, WeightPair) {
    let weight_max = facts.limits.map_or(255, |limits| limits.weight_max);
    let wanted = (kept, WeightPair::for_share(kept, weight_max));
    let held = live.values().filter_map(|pair| pair.share().map(|share| (share, *pair)));
    held.fold(wanted, |least, one| if next::is_lower(one.1, least.1) { one } else { least })
}
