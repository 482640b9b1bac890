//! The least time on a step, counted from when clients had time to follow its weights.

use model::Share;
use model::plan::{Reason, Refusal};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::{closed, closed_until};

pub(crate) fn ask(facts: &Facts<'_>, draft: &Draft) -> Option<Refusal> {
    // Before the first step there is nothing to dwell on; a write that is sent again had
    // dwelt before it was first sent.
    if facts.live == Some(Share::ZERO) || draft.unlanded.is_some() {
        return None;
    }
    let Some(settled) = draft.status.step.as_ref().and_then(|step| step.settled_at) else {
        return closed(Reason::NotSettled);
    };
    if facts.now < settled {
        return closed_until(Reason::NotSettled, Some(settled));
    }
    // A new release starts the step's time anew: what was seen of the old one is void.
    let since = draft.status.release.as_ref().map_or(settled, |release| release.since.max(settled));
    let opens_at = since + facts.dwell_min();
    let is_told = draft.status.verbs.advance.is_some();
    if facts.now >= opens_at || is_told {
        return None;
    }
    closed_until(Reason::DwellNotOver, Some(opens_at))
}
