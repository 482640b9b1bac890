//! Calendar windows of the migration and of the settings' calendars that select it.

use model::plan::{Reason, Refusal};

use crate::calendar;
use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed_until;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    let calendars = calendar::of(facts);
    if calendars.clone().all(|calendar| calendar.is_in_window(facts.now)) {
        return None;
    }
    closed_until(Reason::OutsideWindow, calendar::opens_at(calendars, facts.now))
}
