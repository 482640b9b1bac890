//! The measured share follows the weights (F25): a binomial band for a balancer, a wide one
//! for DNS, whose resolvers carry unequal crowds.

use model::Share;
use model::plan::{Reason, Refusal};
use model::route::Follows;

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

/// Standard deviations of the count that are still chance: five are one in two million.
const SIGMAS: f64 = 5.0;

/// A balancer's own rounding and its nodes' starts.
const BALANCER_SLACK: f64 = 0.01;

/// Of the smaller of both parts: a handful of resolvers can stand for a third of all clients.
const RESOLVER_SLACK: f64 = 0.5;

pub(crate) fn ask(facts: &Facts<'_>, draft: &Draft) -> Option<Refusal> {
    let (live, limits) = (facts.live?, facts.limits?);
    if live == Share::ZERO || draft.unlanded.is_some() {
        return None;
    }
    let refused = |measured| closed(Reason::ShareNotFollowed { measured, wanted: live });
    let settled = draft.status.step.as_ref().and_then(|step| step.settled_at);
    let measured = facts.load.and_then(|load| load.measured).filter(|measured| {
        // Minutes from before the step would show the share of before.
        measured.requests > 0
            && settled.is_some_and(|settled| measured.from_minute >= settled.minute())
    });
    let Some(measured) = measured else { return refused(None) };
    let wanted = live.ratio();
    #[expect(clippy::cast_precision_loss, reason = "a count of requests as a divisor")]
    let variance = wanted * (1.0 - wanted) / measured.requests as f64;
    let slack = match limits.follows {
        Follows::Requests { .. } => BALANCER_SLACK,
        Follows::Resolvers { .. } => (RESOLVER_SLACK * wanted.min(1.0 - wanted)).max(0.02),
    };
    let off = (measured.share.ratio() - wanted).abs();
    // Compared as squares, so that no root is taken.
    let beyond = (off - slack).max(0.0);
    let is_off = beyond * beyond > SIGMAS * SIGMAS * variance;
    if is_off { refused(Some(measured.share)) } else { None }
}
