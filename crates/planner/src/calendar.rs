//! Windows and freezes in the zones they were written in, DST included.
//!
//! A window is a span of wall-clock time: an hour that the clocks repeat is in it twice, an hour
//! they skip is not in it at all. A freeze is of whole local days, the last one included.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil;
use jiff::tz::{self, AmbiguousOffset};
use model::Time;
use model::spec::{Freeze, TimeZone, Window};

use crate::facts::Facts;

/// How far ahead an opening is looked for: beyond a year and a day a calendar repeats itself.
const DAYS_AHEAD_MAX: i64 = 367;

/// Windows and freezes that hold together in one zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar<'a> {
    windows: &'a [Window],
    freezes: &'a [Freeze],
    zone: &'a TimeZone,
}

/// The calendars that hold for a migration: its own, and those of the settings that select it.
pub(crate) fn of<'a>(facts: &Facts<'a>) -> impl Iterator<Item = Calendar<'a>> + Clone {
    let traffic = &facts.spec.traffic;
    let labels = &facts.input.spec.metadata.labels;
    let own =
        Calendar { windows: &traffic.windows, freezes: &traffic.freezes, zone: &traffic.time_zone };
    let shared = facts.input.settings.calendars.iter();
    let shared =
        shared.filter(|calendar| selects(&calendar.labels, labels)).map(|calendar| Calendar {
            windows: &calendar.windows,
            freezes: &calendar.freezes,
            zone: &calendar.time_zone,
        });
    std::iter::once(own).chain(shared)
}

/// Whether all labels of a selector are among `labels`; an empty selector selects everything.
pub(crate) fn selects(
    selector: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// The first instant after `now` at which all calendars are in a window and none is frozen;
/// `None` when there is none within a year.
pub(crate) fn opens_at<'a>(
    calendars: impl Iterator<Item = Calendar<'a>> + Clone,
    now: Time,
) -> Option<Time> {
    let is_open = |at: Time| {
        calendars.clone().all(|calendar| calendar.is_in_window(at) && !calendar.is_frozen(at))
    };
    (-1..DAYS_AHEAD_MAX).find_map(|days| {
        let mut edges = BTreeSet::new();
        for calendar in calendars.clone() {
            calendar.edges(now, days, &mut edges);
        }
        edges.into_iter().find(|edge| *edge > now && is_open(*edge))
    })
}

impl Calendar<'_> {
    fn local(&self, at: Time) -> civil::DateTime {
        self.zone.to_jiff().to_datetime(at.to_jiff())
    }

    /// Whether steps may be taken at `at`, by its windows.
    pub(crate) fn is_in_window(&self, at: Time) -> bool {
        if self.windows.is_empty() {
            return true;
        }
        let local = self.local(at);
        let minutes = minute_of_day(local);
        self.windows.iter().any(|window| {
            window.days.iter().any(|day| day.to_jiff() == local.weekday())
                && (window.from.minutes()..window.to.minutes()).contains(&minutes)
        })
    }

    /// Whether `at` lies in a freeze.
    pub(crate) fn is_frozen(&self, at: Time) -> bool {
        if self.freezes.is_empty() {
            return false;
        }
        let day = self.local(at).date();
        self.freezes
            .iter()
            .any(|freeze| (freeze.from.to_jiff()..=freeze.to.to_jiff()).contains(&day))
    }

    /// Instants at which this calendar may open on the `days`-th local day from `now`: the start
    /// of the day, the start of each window, and a change of the clocks.
    fn edges(&self, now: Time, days: i64, edges: &mut BTreeSet<Time>) {
        let zone = self.zone.to_jiff();
        let Ok(day) = self.local(now).date().checked_add(days.days()) else { return };
        let starts = self.windows.iter().map(|window| window.from.minutes());
        for minutes in starts.chain(std::iter::once(0)) {
            let Ok(local) = day.at(0, 0, 0, 0).checked_add(i64::from(minutes).minutes()) else {
                continue;
            };
            instants(zone, local, edges);
        }
        // The clocks may change into the middle of a window.
        let Ok(begin) = zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).earlier() else { return };
        let change = zone.following(begin).next().map(|transition| transition.timestamp());
        edges.extend(change.map(Time::from_jiff));
    }
}

/// The instants at which the clocks of `zone` show `local`, or first show a later time when they
/// skip it.
fn instants(zone: &tz::TimeZone, local: civil::DateTime, instants: &mut BTreeSet<Time>) {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            instants.extend(ambiguous.compatible().ok().map(Time::from_jiff));
        }
        // The change of the clocks itself is among the edges.
        AmbiguousOffset::Gap { .. } => {}
        AmbiguousOffset::Fold { .. } => {
            instants.extend(ambiguous.clone().earlier().ok().map(Time::from_jiff));
            instants.extend(ambiguous.later().ok().map(Time::from_jiff));
        }
    }
}

fn minute_of_day(local: civil::DateTime) -> u16 {
    let part = |value: i8| u16::try_from(value).unwrap_or(0);
    part(local.hour()) * 60 + part(local.minute())
}
