//! Calendars of what is announced: iCalendar (RFC 5545) and CSV.
//!
//! Of iCalendar that is read which a calendar of pushes has: `DTSTART` in UTC, with a `TZID` or as
//! written, `SUMMARY`, and rules that repeat daily or weekly. Anything that would move an event is
//! refused rather than ignored.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::Time;

use crate::load::Horizon;
use crate::surges::Event;

/// Events that one rule may give: twelve a day over a year.
const REPEATS_MAX: usize = 4_400;
/// Events of a calendar.
const EVENTS_MAX: usize = 20_000;

/// Why a calendar cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CalendarError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// The events of a calendar within `horizon`, in order of time.
///
/// A text that begins with `BEGIN:VCALENDAR` is iCalendar, any other is CSV with the columns `time`
/// (RFC 3339, or without a zone in UTC) and `name`.
///
/// # Errors
/// [`CalendarError`] for the first line that cannot be read.
pub fn read(text: &str, horizon: Horizon) -> Result<Vec<Event>, CalendarError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut events = if text.trim_start().starts_with("BEGIN:VCALENDAR") {
        icalendar(text, horizon)?
    } else {
        csv(text)?
    };
    events.retain(|event| horizon.minute_of(event.at).is_some());
    events.sort();
    events.dedup();
    Ok(events)
}

fn refuse<T>(line: usize, problem: impl Into<String>) -> Result<T, CalendarError> {
    Err(CalendarError { line, problem: problem.into() })
}

fn csv(text: &str) -> Result<Vec<Event>, CalendarError> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let Some((_, "time,name")) = lines.next() else {
        return refuse(1, "write the header `time,name`, or give an iCalendar file");
    };
    let mut events = Vec::new();
    for (line, row) in lines.filter(|(_, row)| !row.is_empty()) {
        let Some((time, name)) = row.split_once(',') else {
            return refuse(line, "write a time and a name, separated by a comma");
        };
        let at = instant(time.trim(), &TimeZone::UTC);
        let Some(at) = at.filter(|_| !name.trim().is_empty()) else {
            return refuse(
                line,
                format!("`{row}` is no time and name: write 2026-01-05T12:00:00Z,push"),
            );
        };
        if events.len() >= EVENTS_MAX {
            return refuse(line, format!("more than {EVENTS_MAX} events"));
        }
        events.push(Event { at, name: name.trim().trim_matches('"').to_owned() });
    }
    Ok(events)
}

/// RFC 3339, or a date and time in `zone`.
fn instant(text: &str, zone: &TimeZone) -> Option<Time> {
    text.parse::<Time>().ok().or_else(|| {
        let local: DateTime = text.parse().ok().filter(|_| text.contains(':'))?;
        local.to_zoned(zone.clone()).ok().map(|zoned| Time::from_jiff(zoned.timestamp()))
    })
}

/// One `VEVENT` under way.
#[derive(Default)]
struct Draft {
    start: Option<(DateTime, TimeZone)>,
    name: String,
    rule: Option<(usize, String)>,
    cancelled: bool,
}

fn icalendar(text: &str, horizon: Horizon) -> Result<Vec<Event>, CalendarError> {
    let mut events = Vec::new();
    let mut draft: Option<Draft> = None;
    for (line, content) in unfolded(text) {
        let Some((head, value)) = content.split_once(':') else { continue };
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        match (name.to_ascii_uppercase().as_str(), &mut draft) {
            ("BEGIN", _) if value == "VEVENT" => draft = Some(Draft::default()),
            ("END", Some(done)) if value == "VEVENT" => {
                if !done.cancelled {
                    done.events(line, horizon, &mut events)?;
                }
                draft = None;
                if events.len() > EVENTS_MAX {
                    return refuse(line, format!("more than {EVENTS_MAX} events"));
                }
            }
            ("DTSTART", Some(draft)) => draft.start = Some(start(line, parameters, value)?),
            ("SUMMARY", Some(draft)) => draft.name = unescaped(value),
            ("STATUS", Some(draft)) => draft.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            ("RRULE", Some(draft)) => draft.rule = Some((line, value.to_owned())),
            ("RDATE" | "EXDATE" | "EXRULE" | "RECURRENCE-ID", Some(_)) => {
                return refuse(
                    line,
                    format!("{name} is not read: write the events out one by one"),
                );
            }
            _ => {}
        }
    }
    Ok(events)
}

/// Lines that begin with white space go on the one before (RFC 5545, 3.1).
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            (Some(_) | None, _) => lines.push((at + 1, line.trim_end().to_owned())),
        }
    }
    lines
}

fn unescaped(text: &str) -> String {
    text.replace("\\,", ",")
        .replace("\\;", ";")
        .replace("\\n", " ")
        .replace("\\N", " ")
        .replace("\\\\", "\\")
}

fn start(
    line: usize,
    parameters: &str,
    value: &str,
) -> Result<(DateTime, TimeZone), CalendarError> {
    let (local, utc) = value.strip_suffix('Z').map_or((value, false), |local| (local, true));
    let Ok(local) = DateTime::strptime("%Y%m%dT%H%M%S", local) else {
        return refuse(line, format!("`{value}` is no date with a time, such as 20260105T120000Z"));
    };
    let named = parameters.split(';').find_map(|parameter| parameter.strip_prefix("TZID="));
    let zone = match named.filter(|_| !utc) {
        None => TimeZone::UTC,
        Some(name) => match TimeZone::get(name.trim_matches('"')) {
            Ok(zone) => zone,
            Err(_) => return refuse(line, format!("`{name}` is no IANA time zone")),
        },
    };
    Ok((local, zone))
}

impl Draft {
    fn events(
        &self,
        line: usize,
        horizon: Horizon,
        into: &mut Vec<Event>,
    ) -> Result<(), CalendarError> {
        let Some((start, zone)) = &self.start else {
            return refuse(line, "this event has no DTSTART");
        };
        let name = if self.name.is_empty() { "event" } else { &self.name };
        let end = horizon.at_minute(horizon.minutes);
        let rule = self.rule.as_ref().map(|(line, rule)| Rule::read(*line, rule)).transpose()?;
        let rule = rule.unwrap_or(Rule { days: 1, count: 1, until: None });
        let mut local = *start;
        for _ in 0..rule.count {
            let Ok(zoned) = local.to_zoned(zone.clone()) else {
                return refuse(line, "its time is out of range");
            };
            let at = Time::from_jiff(zoned.timestamp());
            if at >= end || rule.until.is_some_and(|until| at > until) {
                break;
            }
            into.push(Event { at, name: name.to_owned() });
            let Ok(next) = local.checked_add(jiff::Span::new().days(rule.days)) else { break };
            local = next;
        }
        Ok(())
    }
}

/// What repeats every so many days.
struct Rule {
    days: i64,
    count: usize,
    until: Option<Time>,
}

impl Rule {
    fn read(line: usize, rule: &str) -> Result<Self, CalendarError> {
        let (mut unit, mut interval, mut count, mut until) = (None, 1, REPEATS_MAX, None);
        for part in rule.split(';') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let number = || value.parse::<u16>().ok().filter(|number| *number > 0);
            let read = match key {
                "FREQ" => {
                    unit = match value {
                        "DAILY" => Some(1),
                        "WEEKLY" => Some(7),
                        _ => None,
                    };
                    unit.is_some()
                }
                "INTERVAL" => number().map(|number| interval = i64::from(number)).is_some(),
                "COUNT" => number().map(|n| count = usize::from(n).min(REPEATS_MAX)).is_some(),
                "UNTIL" => {
                    // A bare day ends with it.
                    let whole = if value.contains('T') { "" } else { "T235959" };
                    let text = format!("{}{whole}", value.trim_end_matches('Z'));
                    let local = DateTime::strptime("%Y%m%dT%H%M%S", text).ok();
                    let zoned = local.and_then(|local| local.to_zoned(TimeZone::UTC).ok());
                    until = zoned.map(|zoned| Time::from_jiff(zoned.timestamp()));
                    until.is_some()
                }
                "WKST" => true,
                _ => false,
            };
            if !read {
                return refuse(
                    line,
                    format!(
                        "`{part}` of this rule is not read: write FREQ=DAILY or FREQ=WEEKLY with INTERVAL, COUNT and UNTIL, or the events one by one"
                    ),
                );
            }
        }
        match unit {
            Some(unit) => Ok(Self { days: unit * interval, count, until }),
            None => refuse(line, "this rule has no FREQ"),
        }
    }
}
