//! Takes note of what was seen: nothing is decided here.

use model::observation::Seen;
use model::plan::{Reason, Rule, What};
use model::route::Propagation;
use model::status::{Intended, Release, Status, Step};
use model::{Share, Side};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::next;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    draft.status.observed_generation = facts.input.generation;
    rearm(facts, draft);
    note_share(facts, draft);
    note_ownership(facts, draft);
    note_stickiness(facts, draft);
    note_release(facts, draft);
    if facts.limits.is_none() {
        // Other workloads and routers are read and checked, but nothing here moves them.
        let field = match facts.spec.traffic.router {
            Some(_) => "spec.workload",
            None => "spec.traffic.router",
        };
        return draft.hold(Rule::Observed, Reason::NotActedOn { field: field.to_owned() });
    }
    match facts.split {
        Some(_) => {
            void_arrival(facts, draft);
            adopt(facts, draft);
            verify(facts, draft);
        }
        None => {
            let gap = match &facts.input.observation.split {
                Seen::Unknown { gap } => Some(*gap),
                Seen::Known { .. } => None,
            };
            let reason = Reason::NotKnown { what: What::Weights, side: None, gap };
            draft.hold(Rule::Observed, reason);
        }
    }
}

/// A higher `spec.attempt` takes the latch away and starts the attempt's clock anew (S6).
fn rearm(facts: &Facts<'_>, draft: &mut Draft) {
    let status = &mut draft.status;
    if facts.spec.attempt <= status.attempt {
        return;
    }
    let first = status.attempt == 0;
    status.attempt = facts.spec.attempt;
    if status.latch.as_ref().is_some_and(|latch| latch.attempt < facts.spec.attempt) {
        status.latch = None;
        status.short_since = None;
    }
    if !first {
        status.started_at = None;
        // The operator has seen what is live and says to go on from there.
        status.intended = None;
        status.landed_at = None;
    }
}

fn note_share(facts: &Facts<'_>, draft: &mut Draft) {
    let goal = next::goal(facts, &draft.status);
    let share = &mut draft.status.share;
    share.wanted = Some(goal);
    share.set = facts.live;
    share.measured = facts.load.and_then(|load| load.measured).map(|measured| measured.share);
}

/// Since when the marks have said that everything is this migration's.
fn note_ownership(facts: &Facts<'_>, draft: &mut Draft) {
    let Some(marks) = facts.input.observation.ownership.value() else { return };
    let since = &mut draft.status.owned_since;
    if !marks.others.is_empty() {
        *since = None;
    } else if marks.is_whole() {
        since.get_or_insert(facts.now);
    }
}

/// How long routes hold clients. A route that sends anything to Fargate and holds nobody is meant
/// to; one that sends nothing there may have been let go by a rollback.
fn note_stickiness(facts: &Facts<'_>, draft: &mut Draft) {
    let Some((split, _)) = facts.split else { return };
    let sticky = &mut draft.status.sticky;
    let is_meant = |key: &String| split.weights.get(key).is_none_or(|pair| pair.fargate > 0);
    sticky.retain(|key, _| split.weights.contains_key(key) && !is_meant(key));
    sticky.extend(split.sticky.iter().map(|(key, span)| (key.clone(), *span)));
}

/// Since when both sides have been steady on one release. While that is not known, what was
/// known before stands: an unreadable service is not a new release.
fn note_release(facts: &Facts<'_>, draft: &mut Draft) {
    let (Some(ec2), Some(fargate)) = (facts.services.ec2, facts.services.fargate) else { return };
    let release = &mut draft.status.release;
    if ec2.release != fargate.release
        || !facts.is_steady(Side::Ec2)
        || !facts.is_steady(Side::Fargate)
    {
        *release = None;
    } else if release.as_ref().is_none_or(|release| release.name != ec2.release) {
        *release = Some(Release { name: ec2.release.clone(), since: facts.now });
    }
}

/// Bake and drain belong to the last step. Weights that no longer stand there, by a hand or by a
/// new attempt, end both, and EC2's reserve is promised again.
fn void_arrival(facts: &Facts<'_>, draft: &mut Draft) {
    let status = &mut draft.status;
    if status.baked_at.is_none() && status.drained_at.is_none() {
        return;
    }
    let Some(live) = facts.live else { return };
    // A holdback's last step comes after the bake.
    let before_bake = Status::default();
    if next::next(facts, &before_bake, live).is_none() {
        return;
    }
    status.full_since = None;
    status.baked_at = None;
    status.quiet_since = None;
    status.quiet_seen_at = None;
    status.drained_at = None;
}

/// First sight, or the status was lost: what is live is taken for what is meant (C5). Routes
/// that disagree are left to the drift rule.
fn adopt(facts: &Facts<'_>, draft: &mut Draft) {
    let (Some(live), Some(weights)) = (facts.live, facts.weights()) else { return };
    if draft.status.intended.is_some() {
        return;
    }
    let now = facts.now;
    draft.status.intended =
        Some(Intended { at: now, share: live, before: weights.clone(), after: weights.clone() });
    draft.status.step =
        Some(Step { share: live, decided_at: now, verified_at: None, settled_at: None });
    if live > Share::ZERO {
        draft.status.started_at.get_or_insert(now);
    }
    draft.done(Rule::Observed, format!("The live share of {live} is taken as the starting point."));
}

/// A step is verified when a reading made after it was decided shows its weights everywhere, and
/// settled when clients have had time to follow. Weights that are no longer there end both.
fn verify(facts: &Facts<'_>, draft: &mut Draft) {
    let (Some((split, at)), Some(limits)) = (facts.split, facts.limits) else { return };
    let status = &mut draft.status;
    let (Some(intended), Some(step)) = (&status.intended, &mut status.step) else { return };
    if intended.after != split.weights {
        step.verified_at = None;
        step.settled_at = None;
        return;
    }
    status.landed_at.get_or_insert(at);
    // A clock that was put back leaves times to come: what they were the times of is seen anew.
    step.decided_at = step.decided_at.min(facts.now);
    step.verified_at = step.verified_at.filter(|verified| *verified <= facts.now);
    let moved = intended.before != intended.after;
    if step.verified_at.is_some() || (moved && at <= step.decided_at) {
        return;
    }
    match split.propagation {
        // The drift rule says what is done about a change that failed.
        Propagation::Pending | Propagation::Failed | Propagation::Divided => {}
        Propagation::InSync { .. } => {
            step.verified_at = Some(at);
            step.settled_at = Some(at + limits.follows.settle());
        }
    }
}
