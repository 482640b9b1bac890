//! Cron expressions of six fields: minute, hour, day of month, month, day of week, year.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span as JiffSpan, Timestamp};
use model::Time;

/// Years a cron expression may name (Amazon EventBridge).
const YEARS: (i16, i16) = (1970, 2199);

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A parsed cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Set,
    hours: Set,
    months: Set,
    days: Days,
    years: Set,
}

/// Which days of a month; of the two day fields AWS lets exactly one say so.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(Set),
    /// `L`
    Last,
    /// `15W`: the weekday nearest to the 15th within the month; `LW` is the last weekday.
    NearestWeekday(Option<i8>),
    /// Sunday is 1.
    OfWeek(Set),
    /// `6L`: the last Friday.
    LastOfWeek(i8),
    /// `3#2`: the second Tuesday.
    NthOfWeek(i8, i8),
}

/// A sorted list of values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Set(Vec<i16>);

impl Set {
    /// Lists, ranges and steps of numbers or `names` between `first` and `last`.
    fn parse(field: &str, (first, last): (i16, i16), names: &[&str]) -> Result<Self, String> {
        let value = |text: &str| {
            let named = names.iter().position(|n| n.eq_ignore_ascii_case(text));
            let number = match named.and_then(|at| i16::try_from(at).ok()) {
                Some(at) => at + 1,
                None => text.parse().map_err(|_| format!("`{text}` in `{field}` is no value"))?,
            };
            if (first..=last).contains(&number) {
                Ok(number)
            } else {
                Err(format!("{number} in `{field}` must lie between {first} and {last}"))
            }
        };
        let mut values = Vec::new();
        for part in field.split(',') {
            let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (first, last),
                Some((from, to)) => (value(from)?, value(to)?),
                None if step.is_some() => (value(range)?, last),
                None => (value(range)?, value(range)?),
            };
            if from > to {
                return Err(format!("the range `{range}` is reversed"));
            }
            let step: usize = step.map_or(Ok(1), str::parse).unwrap_or(0);
            if step == 0 {
                return Err(format!("the step of `{part}` must be a number above zero"));
            }
            values.extend((from..=to).step_by(step));
        }
        values.sort_unstable();
        values.dedup();
        Ok(Self(values))
    }

    fn has(&self, value: i16) -> bool {
        self.0.binary_search(&value).is_ok()
    }
}

impl Cron {
    pub(super) fn parse(fields: &str) -> Result<Self, String> {
        let fields: Vec<_> = fields.split_whitespace().collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else {
            return Err(format!("cron has six fields, not {}", fields.len()));
        };
        let days = match (*of_month, *of_week) {
            ("?", "?") => return Err("one of the day fields must not be `?`".to_owned()),
            (of_month, "?") => Days::of_month(of_month)?,
            ("?", of_week) => Days::of_week(of_week)?,
            _ => return Err("one of the day fields must be `?`".to_owned()),
        };
        Ok(Self {
            minutes: Set::parse(minutes, (0, 59), &[])?,
            hours: Set::parse(hours, (0, 23), &[])?,
            months: Set::parse(months, (1, 12), &MONTHS)?,
            years: Set::parse(years, YEARS, &[])?,
            days,
        })
    }

    /// Walks years, months, days and times that match, from an hour before `time` on the local
    /// clock, since a local clock may be set back by as much.
    pub(super) fn next_after(&self, time: Time, zone: &TimeZone) -> Option<Time> {
        let local = zone.to_datetime(time.to_jiff());
        let from = local.checked_sub(JiffSpan::new().hours(1)).unwrap_or(local);
        for year in self.years.0.iter().copied().filter(|year| *year >= from.year()) {
            for month in 1..=12_i8 {
                let past = (year, month) < (from.year(), from.month());
                if past || !self.months.has(i16::from(month)) {
                    continue;
                }
                let found = self.in_month(year, month, from, time, zone);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    fn in_month(
        &self,
        year: i16,
        month: i8,
        from: DateTime,
        after: Time,
        zone: &TimeZone,
    ) -> Option<Time> {
        let first = Date::new(year, month, 1).ok()?;
        for day in 1..=first.days_in_month() {
            let date = Date::new(year, month, day).ok()?;
            if date < from.date() || !self.days.has(date) {
                continue;
            }
            for hour in &self.hours.0 {
                for minute in &self.minutes.0 {
                    let (hour, minute) = (i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?);
                    let at = date.at(hour, minute, 0, 0);
                    if at < from {
                        continue;
                    }
                    let instant: Timestamp = zone.to_timestamp(at).ok()?;
                    if Time::from_jiff(instant) > after {
                        return Some(Time::from_jiff(instant));
                    }
                }
            }
        }
        None
    }
}

impl Days {
    fn of_month(field: &str) -> Result<Self, String> {
        if field == "L" {
            return Ok(Self::Last);
        }
        if field == "LW" {
            return Ok(Self::NearestWeekday(None));
        }
        if let Some(day) = field.strip_suffix('W') {
            let day = day.parse().ok().filter(|day| (1..=31).contains(day));
            let day = day.ok_or_else(|| format!("`{field}` is no day and W"))?;
            return Ok(Self::NearestWeekday(Some(day)));
        }
        Set::parse(field, (1, 31), &[]).map(Self::OfMonth)
    }

    fn of_week(field: &str) -> Result<Self, String> {
        let day = |text: &str| -> Result<i8, String> {
            let set = Set::parse(text, (1, 7), &WEEKDAYS)?;
            match set.0.as_slice() {
                [day] => i8::try_from(*day).map_err(|_| format!("`{text}` is no day of the week")),
                _ => Err(format!("`{field}` must name one day of the week")),
            }
        };
        if field == "L" {
            return Ok(Self::OfWeek(Set(vec![7])));
        }
        if let Some((weekday, nth)) = field.split_once('#') {
            let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth));
            let nth =
                nth.ok_or_else(|| format!("the number after # in `{field}` must be 1 to 5"))?;
            return Ok(Self::NthOfWeek(day(weekday)?, nth));
        }
        if let Some(weekday) = field.strip_suffix('L') {
            return Ok(Self::LastOfWeek(day(weekday)?));
        }
        Set::parse(field, (1, 7), &WEEKDAYS).map(Self::OfWeek)
    }

    fn has(&self, date: Date) -> bool {
        let weekday = |date: Date| date.weekday().to_sunday_one_offset();
        let day = date.day();
        match self {
            Self::OfMonth(set) => set.has(i16::from(day)),
            Self::Last => day == date.days_in_month(),
            Self::NearestWeekday(wanted) => {
                let wanted = wanted.unwrap_or(date.days_in_month());
                nearest_weekday(date, wanted) == Some(day)
            }
            Self::OfWeek(set) => set.has(i16::from(weekday(date))),
            Self::LastOfWeek(wanted) => weekday(date) == *wanted && day + 7 > date.days_in_month(),
            Self::NthOfWeek(wanted, nth) => weekday(date) == *wanted && (day - 1) / 7 + 1 == *nth,
        }
    }
}

/// The working day nearest to `day` without leaving the month of `date`.
fn nearest_weekday(date: Date, day: i8) -> Option<i8> {
    let wanted = Date::new(date.year(), date.month(), day).ok()?;
    let last = date.days_in_month();
    Some(match wanted.weekday().to_monday_one_offset() {
        6 if day == 1 => 3,
        6 => day - 1,
        7 if day == last => day - 2,
        7 => day + 1,
        _ => day,
    })
}
