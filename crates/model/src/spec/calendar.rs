//! Days, times of day, zones and schedules, each valid once it exists.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

mod cron;

pub use cron::Cron;

/// Why a part of a calendar could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not `HH:MM`.
    #[error("`{0}` is not a time of day: write HH:MM from 00:00 to 24:00, such as 09:30")]
    ClockTime(String),
    /// Not `YYYY-MM-DD`, or no such day.
    #[error("`{0}` is not a day: write YYYY-MM-DD, such as 2026-12-28")]
    Date(String),
    /// Not in the IANA time zone database.
    #[error("`{zone}` is not a time zone{}", suggestion.as_ref().map_or_else(
        || ": write an IANA name such as Asia/Tokyo or UTC".to_owned(),
        |near| format!(", did you mean `{near}`?")
    ))]
    TimeZone {
        /// What was written.
        zone: String,
        /// The nearest name there is, where one is near.
        suggestion: Option<String>,
    },
    /// Not five fields of a cron expression.
    #[error("`{text}` is not a cron expression: {why}")]
    Cron {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: String,
    },
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Hours of a week in which steps forward may be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// On these days; at least one.
    pub days: Vec<Weekday>,
    /// From this time of day.
    pub from: ClockTime,
    /// Until just before this time of day, later than `from`; `24:00` is the end of the day.
    pub to: ClockTime,
}

/// Whole days without a step forward, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Freeze {
    /// The first day.
    pub from: Date,
    /// The last day, not before the first.
    pub to: Date,
}

/// A day of the week.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[expect(missing_docs, reason = "the seven days")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// All days, Monday first.
    pub const ALL: [Self; 7] =
        [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// As jiff's.
    #[must_use]
    pub const fn to_jiff(self) -> jiff::civil::Weekday {
        match self {
            Self::Mon => jiff::civil::Weekday::Monday,
            Self::Tue => jiff::civil::Weekday::Tuesday,
            Self::Wed => jiff::civil::Weekday::Wednesday,
            Self::Thu => jiff::civil::Weekday::Thursday,
            Self::Fri => jiff::civil::Weekday::Friday,
            Self::Sat => jiff::civil::Weekday::Saturday,
            Self::Sun => jiff::civil::Weekday::Sunday,
        }
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A time of day to the minute, `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

impl ClockTime {
    /// Minutes since midnight, 0 to 1440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for ClockTime {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let parse = || {
            let (hours, minutes) = text.split_once(':')?;
            let digits = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
            if !digits(hours) || !digits(minutes) {
                return None;
            }
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
            let total = hours * 60 + minutes;
            (minutes < 60 && total <= 1440).then_some(Self(total))
        };
        parse().ok_or_else(|| CalendarError::ClockTime(shown(text)))
    }
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// As jiff's.
    #[must_use]
    pub const fn to_jiff(self) -> jiff::civil::Date {
        self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Date {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        // Jiff also reads times and week dates; a freeze is of whole days.
        let parse = || (text.len() == 10).then(|| text.parse().ok())?;
        parse().map(Self).ok_or_else(|| CalendarError::Date(shown(text)))
    }
}

/// A zone of the IANA time zone database, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    /// Coordinated Universal Time: the default.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// As jiff's.
    #[must_use]
    pub const fn to_jiff(&self) -> &jiff::tz::TimeZone {
        &self.0
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TimeZone {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let unknown = |suggestion| CalendarError::TimeZone { zone: shown(text), suggestion };
        if text.eq_ignore_ascii_case("UTC") {
            return Ok(Self::UTC);
        }
        match jiff::tz::TimeZone::get(text) {
            // The zone behind `Etc/Unknown` and the like would follow UTC without saying so.
            Ok(zone) if zone.iana_name().is_some() && !zone.is_unknown() => Ok(Self(zone)),
            Ok(_) => Err(unknown(None)),
            Err(_) => Err(unknown(nearest_zone(text))),
        }
    }
}

fn nearest_zone(text: &str) -> Option<String> {
    let names: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    crate::suggest::nearest(text, names.iter().map(String::as_str)).or_else(|| {
        // `Tokyo` stands for `Asia/Tokyo`.
        names
            .iter()
            .find(|name| {
                name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text))
            })
            .cloned()
    })
}

macro_rules! calendar_text {
    ($type:ty, $name:literal, $schema:tt) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

calendar_text!(ClockTime, "TimeOfDay", {
    "type": "string",
    "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$",
    "description": "A time of day, such as 09:30; 24:00 is the end of the day."
});
calendar_text!(Date, "Date", {
    "type": "string",
    "format": "date",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "description": "A day, such as 2026-12-28."
});
calendar_text!(TimeZone, "TimeZone", {
    "type": "string",
    "description": "An IANA time zone, such as Asia/Tokyo."
});
calendar_text!(Cron, "Cron", {
    "type": "string",
    "pattern": r"^\S+(\s+\S+){4}$",
    "description": "Minute, hour, day of month, month and day of week, such as 0 12,19 * * *."
});
