//! Good and bad events of applications, as an agent beside each task would count them.
//!
//! An event is a request, and a bad one failed or was slower than the application's threshold. A
//! minute is there when its other metrics are, and one without requests is missing.

use cloud::objectives::Source;
use cloud::signals::Thresholds;
use cloud::{Error, ErrorKind, EventAsk, EventMinute};
use model::Side;

use crate::Region;

impl Region {
    /// The minutes of an objective that are published.
    pub(crate) fn events(&self, ask: &EventAsk) -> cloud::Result<Vec<EventMinute>> {
        let found = self.applications.iter().find_map(|application| {
            let side = application.objectives.iter().find_map(|sources| {
                Side::ALL.into_iter().find(|side| *sources.get(*side) == ask.source)
            })?;
            Some((application, side))
        });
        let Some((application, side)) = found else {
            return Err(unknown(&ask.source));
        };
        let service = application.sides.get(side);
        let slow = Some(application.slow_threshold);
        let thresholds = Thresholds { slow, ..Thresholds::default() };
        let records = service.minutes.between(ask.from, ask.until);
        let minutes = records.filter_map(|(minute, record)| {
            let seen = record.seen(minute, self.now(), &thresholds, &service.table)?.counts;
            let (total, slow, errors) = (seen.requests?, seen.slow?, seen.errors?);
            Some(EventMinute { minute, total, bad: (slow + errors).min(total) })
        });
        Ok(minutes.collect())
    }
}

fn unknown(source: &Source) -> Error {
    let what = match source {
        Source::Queries { good, .. } => format!("nothing is counted by `{good}`"),
        Source::Slo(id) => format!("there is no SLO `{id}`"),
    };
    Error::new(ErrorKind::NotFound, "datadog:query", what)
}
