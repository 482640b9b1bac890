//! Good and bad events of applications, as an agent beside each task would count them.
//!
//! An event is a request, and a bad one failed or was slower than the application's threshold. A
//! minute is there when its other metrics are, and one without requests is missing.

use cloud::objectives::Source;
use cloud::signals::Thresholds;
use cloud::{Error, ErrorKind, EventAsk, EventMinute};
use model::Side;
use model::minute::Counts;

use crate::Region;

impl Region {
    /// The minutes of an objective that are published.
    ///
    /// # Errors
    /// `NotFound` where nothing is counted so.
    pub fn events(&self, ask: &EventAsk) -> cloud::Result<Vec<EventMinute>> {
        let found = self.applications.iter().enumerate().find_map(|(index, application)| {
            let side = application.objectives.iter().find_map(|sources| {
                Side::ALL.into_iter().find(|side| *sources.get(*side) == ask.source)
            })?;
            Some((index, side))
        });
        let Some((index, side)) = found else {
            return Err(unknown(&ask.source));
        };
        let minutes =
            self.counted(index, side, ask.from, ask.until).filter_map(|(minute, counts)| {
                let (total, slow, errors) = (counts.requests?, counts.slow?, counts.errors?);
                Some(EventMinute { minute, total, bad: (slow + errors).min(total) })
            });
        Ok(minutes.collect())
    }

    /// What is published of requests on one side of the application at `index` in the minutes
    /// `[from, until)`; `slow` is by the application's own threshold.
    pub fn counted(
        &self,
        index: usize,
        side: Side,
        from: i64,
        until: i64,
    ) -> impl Iterator<Item = (i64, Counts)> {
        let application = self.applications.get(index);
        application.into_iter().flat_map(move |application| {
            let service = application.sides.get(side);
            let slow = Some(application.slow_threshold);
            let thresholds = Thresholds { slow, ..Thresholds::default() };
            let records = service.minutes.between(from, until);
            records.filter_map(move |(minute, record)| {
                let seen = record.seen(minute, self.now(), &thresholds, &service.table)?;
                Some((minute, seen.counts))
            })
        })
    }
}

fn unknown(source: &Source) -> Error {
    let what = match source {
        Source::Queries { good, .. } => format!("nothing is counted by `{good}`"),
        Source::Slo(id) => format!("there is no SLO `{id}`"),
    };
    Error::new(ErrorKind::NotFound, "datadog:query", what)
}
