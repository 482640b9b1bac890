//! Events: one constructor each, so that their words stand in one place.

use model::event::{Event, Severity};
use model::status::RollbackReason;
use model::{Share, Span};

use crate::draft::Draft;
use crate::facts::Facts;

fn event(facts: &Facts<'_>, severity: Severity, reason: &str, message: String) -> Event {
    Event { at: facts.now, severity, reason: reason.to_owned(), message }
}

/// A step was decided.
pub(crate) fn stepping(facts: &Facts<'_>, from: Share, to: Share) -> Event {
    event(facts, Severity::Normal, "Stepping", format!("The share goes from {from} to {to}."))
}

/// An attempt was rolled back.
pub(crate) fn rolling_back(
    facts: &Facts<'_>,
    draft: &Draft,
    from: Share,
    reason: &RollbackReason,
) -> Event {
    let _ = draft;
    let message = format!("Traffic goes back to EC2 from {from}: {reason}.");
    event(facts, Severity::Warning, "RollingBack", message)
}

/// The bake is over.
pub(crate) fn baked(facts: &Facts<'_>, bake: Span) -> Event {
    event(facts, Severity::Normal, "Baked", format!("The bake of {bake} is over."))
}

/// EC2 is drained.
pub(crate) fn drained(facts: &Facts<'_>) -> Event {
    event(
        facts,
        Severity::Normal,
        "Drained",
        "EC2 is quiet and its reserve is given back.".to_owned(),
    )
}
