//! What remains after the traffic has moved: waiting for the side that lost it to go quiet, and
//! giving its floor back.

use model::action::Action;
use model::plan::{Reason, Rule};
use model::{PerSide, Share, Side, Span, Time};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::need::{self, Demand};

/// Readings are means over the last few minutes, so that a look missed now and then leaves no
/// minute unseen; a longer gap may hide requests and ends the quiet.
const QUIET_GAP_MAX: Span = Span::from_mins(10);

/// After a rollback Fargate keeps its tasks until it was quiet for this long: resolvers that
/// cache too long go on sending clients there.
const FARGATE_QUIET_FOR: Span = Span::from_mins(30);

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    after_rollback(facts, draft);
    after_bake(facts, draft);
}

fn is_quiet(facts: &Facts<'_>, side: Side) -> Option<bool> {
    let max = f64::from(facts.spec.drain.requests_per_minute_max);
    facts.side_rpm(side).map(|rpm| rpm <= max)
}

/// Traffic is back on EC2: Fargate keeps its floor until its own requests are quiet, then both
/// floors are given back.
fn after_rollback(facts: &Facts<'_>, draft: &mut Draft) {
    let PerSide { ec2, fargate } = draft.status.floors;
    let saved = draft.status.saved;
    // Bounds count as given back once they are seen to be: a write may be lost.
    let is_held = ec2.or(fargate).is_some() || saved.ec2.or(saved.fargate).is_some();
    let is_wanted = draft.status.latch.is_some() || draft.status.share.wanted == Some(Share::ZERO);
    let is_back = facts.live == Some(Share::ZERO) && is_wanted;
    if !is_back || !is_held {
        draft.status.fargate_quiet_since = None;
        return;
    }
    let settled = draft.status.step.as_ref().and_then(|step| step.settled_at);
    if settled.is_none_or(|settled| facts.now < settled) {
        return;
    }
    match is_quiet(facts, Side::Fargate) {
        Some(true) => {
            let since = *draft.status.fargate_quiet_since.get_or_insert(facts.now);
            // No floor is lowered while the load is not known.
            let is_known = need::total_rpm(facts, Demand::Peak).is_some();
            if is_known && facts.now.since(since) >= FARGATE_QUIET_FOR {
                give_back(facts, draft, Side::Fargate);
                give_back(facts, draft, Side::Ec2);
            }
        }
        // Not known is not quiet: tasks that stand too long only cost money.
        Some(false) | None => draft.status.fargate_quiet_since = None,
    }
}

/// All traffic is on Fargate and the bake is over: EC2 keeps its reserve until it is quiet.
fn after_bake(facts: &Facts<'_>, draft: &mut Draft) {
    let Some(baked) = draft.status.baked_at else { return };
    if draft.status.drained_at.is_some() {
        return give_back(facts, draft, Side::Ec2);
    }
    if facts.live != Some(Share::FULL) || draft.returning {
        draft.status.quiet_since = None;
        return;
    }
    note_quiet(facts, draft);
    let drain = &facts.spec.drain;
    let until = draft.status.quiet_since.map(|since| since + drain.quiet_for);
    if until.is_some_and(|until| until <= facts.now) && is_quiet(facts, Side::Ec2) == Some(true) {
        draft.status.drained_at = Some(facts.now);
        // What is given back next pass is given back on a second look.
        draft.done(Rule::Drain, "EC2 is quiet, and counts as drained.".to_owned());
        return;
    }
    let gives_up = baked + drain.give_up_after;
    let opens_at = if gives_up <= facts.now { None } else { until };
    let reason = Reason::NotQuiet { requests_per_minute: requests(facts) };
    draft.refuse(Rule::Drain, reason, opens_at);
}

fn note_quiet(facts: &Facts<'_>, draft: &mut Draft) {
    let status = &mut draft.status;
    match is_quiet(facts, Side::Ec2) {
        Some(true) => {
            let missed = status.quiet_seen_at.is_none_or(|seen| gap(facts, seen));
            if missed || status.quiet_since.is_none() {
                status.quiet_since = Some(facts.now);
            }
            status.quiet_seen_at = Some(facts.now);
        }
        Some(false) => {
            status.quiet_since = None;
            status.quiet_seen_at = None;
        }
        None if status.quiet_seen_at.is_none_or(|seen| gap(facts, seen)) => {
            status.quiet_since = None;
        }
        None => {}
    }
}

fn gap(facts: &Facts<'_>, seen: Time) -> bool {
    facts.now.since(seen) > QUIET_GAP_MAX
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "requests per minute are finite, not negative and rounded up; a cast saturates"
)]
fn requests(facts: &Facts<'_>) -> Option<u64> {
    facts.side_rpm(Side::Ec2).map(|rpm| {
        let whole = rpm as u64;
        if rpm.fract() > 0.0 { whole.saturating_add(1) } else { whole }
    })
}

/// Gives a side the bounds back that it had before Ferry changed them.
fn give_back(facts: &Facts<'_>, draft: &mut Draft, side: Side) {
    if !facts.may_write() {
        return;
    }
    *draft.status.floors.get_mut(side) = None;
    *draft.status.floors_seen.get_mut(side) = false;
    let is_changed =
        |action: &Action| matches!(action, Action::SetBounds { side: whose, .. } if *whose == side);
    if draft.actions.iter().any(is_changed) {
        // The promise was being kept in this very pass; the next one gives it back.
        return;
    }
    let (Some(saved), Some(Some(scaling))) =
        (*draft.status.saved.get(side), *facts.scaling.get(side))
    else {
        return;
    };
    if scaling.bounds == saved {
        *draft.status.saved.get_mut(side) = None;
        return;
    }
    draft.act(Action::SetBounds { side, expected: scaling.bounds, bounds: saved });
    draft.done(
        Rule::Drain,
        format!("{side} gets its own bounds of {} to {} tasks back.", saved.min, saved.max),
    );
}
