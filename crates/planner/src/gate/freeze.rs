//! Freezes of whole local days, both included.

use model::plan::{Reason, Refusal};

use crate::calendar;
use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed_until;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    let calendars = calendar::of(facts);
    if !calendars.clone().any(|calendar| calendar.is_frozen(facts.now)) {
        return None;
    }
    closed_until(Reason::Frozen, calendar::opens_at(calendars, facts.now))
}
