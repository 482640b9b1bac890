//! Drift: live weights differ from what was last intended (O5). Pairs are compared as written,
//! not as rounded shares.

use model::action::Direction;
use model::plan::{Reason, Rule};
use model::route::{Propagation, Split, WeightPair, Weights};
use model::spec::Mode;
use model::status::{Intended, Latch, RollbackReason, Step};
use model::{Share, Side, Span};

use crate::draft::Draft;
use crate::events;
use crate::facts::Facts;
use crate::gate;
use crate::need::{self, Demand};
use crate::next::is_lower;

/// A step whose write did not land is sent again for this long, through every gate but dwell
/// and evidence, which it had passed; after that it is given up and asked for anew.
const RETRY_FOR_MAX: Span = Span::from_mins(15);

/// Readings may be this much older than a write that is known to have landed: until then weights
/// of before are no sign that somebody put them back.
const CONSISTENT_AFTER: Span = Span::from_secs(60);

/// How the live weights stand to the intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drift {
    /// As intended.
    None,
    /// All as before the write.
    Unlanded,
    /// Some as before, some as after.
    HalfLanded,
    /// The write has landed, and somebody put weights of before back that ask for less.
    PutBack,
    /// The same, and they ask for more.
    Raised,
    /// Changed by somebody, all changes towards EC2.
    TowardsEc2,
    /// Changed by somebody, or not comparable.
    Other,
}

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    let Some((Split { weights: live, propagation, .. }, _)) = facts.split else { return };
    match propagation {
        Propagation::InSync { .. } | Propagation::Pending => {}
        Propagation::Divided if draft.returning => {}
        // No hand but a person's makes the rules of one document differ.
        Propagation::Divided => return draft.hold(Rule::Drift, Reason::RoutesDisagree),
        Propagation::Failed => {
            let intended = draft.status.intended.clone();
            if let Some(intended) = intended.filter(|intended| intended.after == *live) {
                return resend(facts, draft, &intended, live);
            }
        }
    }
    let Some(intended) = draft.status.intended.clone_if_differs(live) else {
        if draft.status.intended.is_none() {
            // Only routes that disagree at first sight come here without an intent.
            draft.hold(Rule::Drift, Reason::RoutesDisagree);
        }
        return;
    };
    if facts.spec.mode == Mode::Observe {
        // Ferry has written nothing, so there is nothing to differ from: whoever moves the
        // weights is followed.
        return follow(facts, draft, live);
    }
    match drift(&intended, live, draft.status.landed_at.is_some()) {
        Drift::None => {}
        // So old a reading may be from before a write that has landed since.
        Drift::PutBack | Drift::Raised if may_be_stale(facts, draft) => {
            draft.hold(Rule::Drift, Reason::NotSettled);
        }
        Drift::Unlanded => unlanded(facts, draft, &intended),
        Drift::HalfLanded => {
            let why = format!("The routes disagree and are brought to {}.", intended.share);
            finish(facts, draft, &intended, live, why);
        }
        Drift::TowardsEc2 | Drift::PutBack if !draft.returning => {
            abort(facts, draft, &intended, live);
        }
        Drift::TowardsEc2 | Drift::PutBack => {}
        Drift::Raised | Drift::Other => {
            let reason = Reason::Drifted { intended: intended.share, live: facts.live };
            draft.hold(Rule::Drift, reason);
        }
    }
}

fn may_be_stale(facts: &Facts<'_>, draft: &Draft) -> bool {
    let landed = draft.status.landed_at.zip(facts.split);
    !draft.returning && landed.is_some_and(|(at, (_, read))| read <= at + CONSISTENT_AFTER)
}

/// Spares the copy of an intent that is fulfilled, which is nearly always.
trait CloneIfDiffers {
    fn clone_if_differs(&self, live: &Weights) -> Option<Intended>;
}

impl CloneIfDiffers for Option<Intended> {
    fn clone_if_differs(&self, live: &Weights) -> Option<Intended> {
        self.as_ref().filter(|intended| intended.after != *live).cloned()
    }
}

/// Weights of before say that a write did not land, unless it is known to have: then somebody put
/// them back, and to the weights of before is where people go back to.
fn drift(intended: &Intended, live: &Weights, has_landed: bool) -> Drift {
    let (mut before, mut after, mut lower) = (false, false, false);
    let mut falls = true;
    if !live.keys().eq(intended.after.keys()) {
        return Drift::Other;
    }
    for (key, pair) in live {
        let (was, is) = (intended.before.get(key), intended.after.get(key));
        let is_below = |than: Option<&WeightPair>| than.is_some_and(|than| is_lower(*pair, *than));
        if is == Some(pair) {
            after = true;
        } else if was == Some(pair) {
            before = true;
            falls &= is_below(is);
        } else if is_below(is) && (has_landed || is_below(was)) {
            lower = true;
        } else {
            return Drift::Other;
        }
    }
    match (before, after, lower) {
        (_, _, true) => Drift::TowardsEc2,
        (true, _, false) if has_landed && falls => Drift::PutBack,
        (true, _, false) if has_landed => Drift::Raised,
        (true, true, false) => Drift::HalfLanded,
        (true, false, false) => Drift::Unlanded,
        (false, _, false) => Drift::None,
    }
}

/// Whether the weights were read before they were last sent, and so say nothing of what became of
/// it. A step that was sent into an unknown outcome is not sent again on that.
fn is_from_before(facts: &Facts<'_>, draft: &Draft, intended: &Intended) -> bool {
    let step = draft.status.step.as_ref().filter(|step| step.share == intended.share);
    let sent_at = step.map_or(intended.at, |step| step.decided_at.max(intended.at));
    facts.split.is_none_or(|(_, read_at)| read_at <= sent_at)
}

fn unlanded(facts: &Facts<'_>, draft: &mut Draft, intended: &Intended) {
    if draft.returning {
        return;
    }
    if is_from_before(facts, draft, intended) {
        draft.hold(Rule::Drift, Reason::NotSettled);
    } else if facts.now.since(intended.at) <= RETRY_FOR_MAX {
        draft.unlanded = Some(intended.share);
        draft.done(
            Rule::Drift,
            format!("The write of {} did not land and is sent again.", intended.share),
        );
    } else {
        // Given up: the live weights are the step again, and its time starts anew.
        follow(facts, draft, &intended.before);
        draft.hold(Rule::Drift, Reason::NotSettled);
    }
}

/// AWS took a change and could not make it: it is made again, back to EC2 without any condition.
fn resend(facts: &Facts<'_>, draft: &mut Draft, intended: &Intended, live: &Weights) {
    draft.hold(Rule::Drift, Reason::ChangeFailed);
    // What was found like that is not Ferry's change.
    if draft.returning || intended.before == intended.after || !facts.may_write() {
        return;
    }
    let why = format!("The change to {} failed in AWS and is sent again.", intended.share);
    let rises = intended
        .before
        .iter()
        .any(|(key, was)| intended.after.get(key).is_some_and(|is| is_lower(*was, *is)));
    if rises {
        return finish(facts, draft, intended, live, why);
    }
    draft.actions.push(model::action::Action::SetWeights {
        sticky: draft.held_again(facts, Direction::RollBack),
        share: intended.share,
        expected: live.clone(),
        weights: intended.after.clone(),
        direction: Direction::RollBack,
    });
    // A latch is what the conditions tell of; that traffic may not be back yet is told here.
    draft.events.push(events::change_failed(facts, intended.share));
    draft.done(Rule::Drift, why);
}

/// Brings the routes to what was decided, if Fargate can carry it.
fn finish(facts: &Facts<'_>, draft: &mut Draft, intended: &Intended, live: &Weights, why: String) {
    if draft.returning {
        return;
    }
    draft.held = true;
    if is_from_before(facts, draft, intended) {
        return draft.refuse(Rule::Drift, Reason::NotSettled, None);
    }
    if !facts.may_write() {
        return draft.refuse(Rule::Drift, Reason::RoutesDisagree, None);
    }
    if let Some(reason) = gate::against_finishing(facts, draft) {
        return draft.refuse(Rule::Drift, reason, None);
    }
    let healthy = facts.healthy.fargate.unwrap_or(0);
    match need::tasks(facts, Side::Fargate, intended.share, Demand::Now) {
        Ok(needed) if healthy < needed => {
            let reason = Reason::CapacityShort { side: Side::Fargate, healthy, needed };
            draft.refuse(Rule::Drift, reason, None);
        }
        Err(what) => {
            let reason = Reason::NotKnown { what, side: Some(Side::Fargate), gap: None };
            draft.refuse(Rule::Drift, reason, None);
        }
        Ok(_) => {
            draft.actions.push(model::action::Action::SetWeights {
                sticky: draft.held_again(facts, Direction::Finish),
                share: intended.share,
                expected: live.clone(),
                weights: intended.after.clone(),
                direction: Direction::Finish,
            });
            draft.sends_again(facts.now);
            draft.done(Rule::Drift, why);
        }
    }
}

/// Somebody moved traffic to EC2: that is an operator's abort, held where it was put and
/// latched, never fought.
fn abort(facts: &Facts<'_>, draft: &mut Draft, intended: &Intended, live: &Weights) {
    draft.held = true;
    if draft.status.latch.is_none() {
        let reason = RollbackReason::MovedByHand;
        draft.events.push(events::rolling_back(facts, draft, intended.share, &reason));
        draft.status.latch = Some(Latch {
            at: facts.now,
            from: intended.share,
            attempt: draft.status.attempt,
            reason,
        });
    }
    let share = facts.live.unwrap_or(Share::ZERO);
    follow(facts, draft, live);
    draft.done(Rule::Drift, format!("Traffic was moved to {share} by hand and is left there."));
}

/// Takes what is live for what is meant; its time starts now.
fn follow(facts: &Facts<'_>, draft: &mut Draft, live: &Weights) {
    let (at, share) = (facts.now, facts.live.unwrap_or(Share::ZERO));
    draft.status.intended = Some(Intended { at, share, before: live.clone(), after: live.clone() });
    draft.status.landed_at = Some(at);
    draft.status.step = Some(Step { share, decided_at: at, verified_at: None, settled_at: None });
}
