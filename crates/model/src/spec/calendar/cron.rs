//! Cron expressions of five fields.

use std::fmt;
use std::str::FromStr;

use super::{CalendarError, shown};

/// Minute, hour, day of month, month, day of week; in the migration's time zone.
///
/// Each field takes `*`, numbers, ranges, steps and lists; months and days of the week also their
/// English names of three letters. Sunday is 0 or 7. Where both days are restricted, either
/// matches, as in the cron of old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether day of month and day of week are both restricted.
    either_day: bool,
}

impl Cron {
    /// Whether it fires in the minute that begins at `time`.
    #[must_use]
    pub fn fires_at(&self, time: jiff::civil::DateTime) -> bool {
        let has = |set: u64, value: i8| u32::try_from(value).is_ok_and(|v| set >> v & 1 == 1);
        let day = has(self.days, time.day());
        let weekday = has(self.weekdays, time.weekday().to_sunday_zero_offset());
        let days = if self.either_day { day || weekday } else { day && weekday };
        days && has(self.minutes, time.minute())
            && has(self.hours, time.hour())
            && has(self.months, time.month())
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Cron {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        parse(text).map_err(|why| CalendarError::Cron { text: shown(text), why })
    }
}

fn parse(text: &str) -> Result<Cron, String> {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err(format!(
            "it has {} fields, write minute, hour, day of month, month and day of week",
            fields.len()
        ));
    };
    let sundays = WEEKDAY.read(weekday)?;
    Ok(Cron {
        text: fields.join(" "),
        minutes: MINUTE.read(minute)?,
        hours: HOUR.read(hour)?,
        days: DAY.read(day)?,
        months: MONTH.read(month)?,
        weekdays: sundays | sundays >> 7,
        either_day: !day.starts_with('*') && !weekday.starts_with('*'),
    })
}

struct Field {
    name: &'static str,
    from: u32,
    to: u32,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", from: 0, to: 59, names: &[] };
const HOUR: Field = Field { name: "hour", from: 0, to: 23, names: &[] };
const DAY: Field = Field { name: "day of month", from: 1, to: 31, names: &[] };
const MONTH: Field = Field {
    name: "month",
    from: 1,
    to: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Field = Field {
    name: "day of week",
    from: 0,
    to: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Field {
    /// The values as a set of bits.
    fn read(&self, text: &str) -> Result<u64, String> {
        text.split(',').try_fold(0, |set, item| Ok(set | self.item(item)?))
    }

    fn item(&self, item: &str) -> Result<u64, String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.from, self.to),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None if step.is_some() => (self.value(range)?, self.to),
            None => (self.value(range)?, self.value(range)?),
        };
        let step = match step.map(str::parse::<u32>) {
            None => 1,
            Some(Ok(step)) if (1..=self.to).contains(&step) => step,
            Some(_) => return Err(format!("the step of {} in `{item}` is not valid", self.name)),
        };
        if from > to {
            return Err(format!("the {} range `{range}` runs backwards", self.name));
        }
        Ok((from..=to).filter(|v| (v - from).is_multiple_of(step)).fold(0, |set, v| set | 1 << v))
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(place) = self.names.iter().position(|name| *name == lower) {
            // Months count from one, days of the week from zero: the first name is `from`.
            return Ok(self.from + u32::try_from(place).unwrap_or(0));
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(value) if digits && (self.from..=self.to).contains(&value) => Ok(value),
            _ => {
                Err(format!("the {} `{text}` is not from {} to {}", self.name, self.from, self.to))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(cron: &str, time: &str) -> bool {
        cron.parse::<Cron>().unwrap().fires_at(time.parse().unwrap())
    }

    #[test]
    fn schedules_fire_when_every_field_matches() {
        for (cron, time, expected) in [
            ("0 12,19 * * *", "2026-01-05T19:00", true),
            ("0 12,19 * * *", "2026-01-05T19:01", false),
            ("*/15 9-17 * * mon-fri", "2026-01-05T09:45", true),
            ("*/15 9-17 * * mon-fri", "2026-01-04T09:45", false),
            ("0 0 * * 7", "2026-01-04T00:00", true),
            ("0 0 * * 0", "2026-01-04T00:00", true),
            ("5/20 * * * *", "2026-01-05T00:45", true),
            ("0 0 1 jan *", "2026-01-01T00:00", true),
            // Both days restricted: either is enough.
            ("0 0 13 * fri", "2026-01-13T00:00", true),
            ("0 0 13 * fri", "2026-01-09T00:00", true),
            ("0 0 13 * fri", "2026-01-08T00:00", false),
        ] {
            assert_eq!(fires(cron, time), expected, "{cron} at {time}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "* * 0 * *",
            "* * * 13 *",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "1,,2 * * * *",
            "+1 * * * *",
            "* * * * 8",
            "99999999999 * * * *",
        ] {
            assert!(text.parse::<Cron>().is_err(), "{text}");
        }
    }
}
