//! Share, span and time: the units every other type is made of.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Why a share, span or time could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A share that is not a percentage between 0 % and 100 %.
    #[error(
        "`{0}` is not a share: write a percentage from 0% to 100% with at most one decimal, such as 5% or 0.5%"
    )]
    Share(String),
    /// A span that is not a sum of days, hours, minutes, seconds and milliseconds.
    #[error(
        "`{0}` is not a duration: write whole numbers with units, largest first, such as 2d3h, 90s or 300ms"
    )]
    Span(String),
    /// A time that is not RFC 3339.
    #[error("`{0}` is not a time: write RFC 3339, such as 2026-01-05T00:00:00Z")]
    Time(String),
}

/// Parts per thousand of traffic on Fargate, 0 to 1000.
///
/// Written `30%` in files and as the integer 300 in JSON that Ferry writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u16);

impl Share {
    /// All traffic on EC2.
    pub const ZERO: Self = Self(0);
    /// All traffic on Fargate.
    pub const FULL: Self = Self(1000);

    /// A share of `per_mille` parts per thousand; `None` above 1000.
    #[must_use]
    pub const fn from_per_mille(per_mille: u16) -> Option<Self> {
        if per_mille <= 1000 { Some(Self(per_mille)) } else { None }
    }

    /// A share of `percent` hundredths, for constants and tests; saturates at 100 %.
    #[must_use]
    pub const fn percent(percent: u16) -> Self {
        if percent >= 100 { Self::FULL } else { Self(percent * 10) }
    }

    /// The nearest share to a ratio between 0 and 1; `None` for anything else, NaN included.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value was checked to lie between 0 and 1000"
    )]
    pub fn from_ratio(ratio: f64) -> Option<Self> {
        (0.0..=1.0).contains(&ratio).then_some(Self((ratio * 1000.0 + 0.5) as u16))
    }

    /// Parts per thousand.
    #[must_use]
    pub const fn per_mille(self) -> u16 {
        self.0
    }

    /// As a fraction of one.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// What is left for EC2.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(1000 - self.0)
    }

    /// This share plus `step`, at most 100 %.
    #[must_use]
    pub fn plus(self, step: Self) -> Self {
        Self((self.0 + step.0).min(1000))
    }

    /// This share less `step`, at least 0 %.
    #[must_use]
    pub const fn minus(self, step: Self) -> Self {
        Self(self.0.saturating_sub(step.0))
    }

    /// The part of `total` that goes to `side` at this share.
    #[must_use]
    pub fn of(self, side: crate::Side, total: f64) -> f64 {
        match side {
            crate::Side::Ec2 => total * self.rest().ratio(),
            crate::Side::Fargate => total * self.ratio(),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(10) {
            write!(f, "{}%", self.0 / 10)
        } else {
            write!(f, "{}.{}%", self.0 / 10, self.0 % 10)
        }
    }
}

impl FromStr for Share {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::Share(text.to_owned());
        let number = text.trim().strip_suffix('%').ok_or_else(error)?.trim_end();
        let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |s: &str| !s.is_empty() && s.len() <= 4 && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(tenths) || tenths.len() != 1 {
            return Err(error());
        }
        let whole: u16 = whole.parse().map_err(|_| error())?;
        let tenths: u16 = tenths.parse().map_err(|_| error())?;
        Self::from_per_mille(whole * 10 + tenths).ok_or_else(error)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

/// Reads `30%` where operators write it and 300 where Ferry wrote it. A bare number in an
/// operator's file would be a silent factor of ten, so [`crate::units::percent`] refuses it there.
impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PerMille;
        impl Visitor<'_> for PerMille {
            type Value = Share;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("parts per thousand from 0 to 1000")
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Share, E> {
                u16::try_from(value)
                    .ok()
                    .and_then(Share::from_per_mille)
                    .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
            }
        }
        deserializer.deserialize_u16(PerMille)
    }
}

/// `#[serde(with = "units::percent")]`: a share as operators write it, `30%`.
pub mod percent {
    use super::{Deserializer, Serializer, Share};
    use serde::de::Error as _;

    /// Writes `30%`.
    pub fn serialize<S: Serializer>(share: &Share, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(share)
    }

    /// Reads `30%`; a bare number is refused.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Share, D::Error> {
        super::text_with_unit(deserializer, "%")?.parse().map_err(D::Error::custom)
    }
}

/// Reads text, and answers a bare number with the text that was probably meant: `30` with `30%`.
pub(crate) fn text_with_unit<'de, D: Deserializer<'de>>(
    deserializer: D,
    unit: &'static str,
) -> Result<String, D::Error> {
    struct TextWithUnit(&'static str);
    impl TextWithUnit {
        fn bare<E: serde::de::Error>(&self, number: impl fmt::Display) -> E {
            E::custom(format_args!("`{number}` has no unit: write {number}{}", self.0))
        }
    }
    impl Visitor<'_> for TextWithUnit {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a number with its unit, such as 30{}", self.0)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<String, E> {
            Err(self.bare(number))
        }
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<String, E> {
            // 0.999 may stand for 99.9 %: to advise 0.999 % would be worse than no advice.
            if self.0 == "%" && number.abs() < 1.0 {
                return Err(E::custom(format_args!(
                    "`{number}` is a fraction: write it as a percentage, as 99.9% for 0.999"
                )));
            }
            Err(self.bare(number))
        }
    }
    deserializer.deserialize_str(TextWithUnit(unit))
}

/// A length of time in whole milliseconds, written `2d3h`, `90s` or `300ms`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A span of seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000)
    }

    /// A span of minutes.
    #[must_use]
    pub const fn from_mins(mins: u64) -> Self {
        Self(mins * 60_000)
    }

    /// A span of hours.
    #[must_use]
    pub const fn from_hours(hours: u64) -> Self {
        Self(hours * 3_600_000)
    }

    /// A span of days of 24 hours.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self(days * 86_400_000)
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// Whole minutes, rounded down.
    #[must_use]
    pub const fn as_mins(self) -> u64 {
        self.0 / 60_000
    }

    /// Seconds as a fraction.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "spans are far below 2^53 milliseconds")]
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, millis) in UNITS {
            if rest >= millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

impl FromStr for Span {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_span(text.trim()).map(Self).ok_or_else(|| ParseError::Span(text.to_owned()))
    }
}

fn parse_span(mut rest: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut units = UNITS.iter();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        // `find` moves the iterator on, so units can only fall and none can stand twice.
        let (_, millis) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*millis)?)?;
        rest = tail;
    }
    Some(total)
}

/// An instant: milliseconds since 1970-01-01T00:00:00Z, written RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The instant `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The instant `secs` seconds after the epoch.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The number of the minute this instant lies in, counted from the epoch.
    #[must_use]
    pub const fn minute(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    /// The first instant of minute `minute`.
    #[must_use]
    pub const fn from_minute(minute: i64) -> Self {
        Self(minute * 60_000)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// As a jiff timestamp, for calendars.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }

    /// From a jiff timestamp, milliseconds kept.
    #[must_use]
    pub fn from_jiff(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl Sub<Span> for Time {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff())
    }
}

impl FromStr for Time {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.trim()
            .parse::<jiff::Timestamp>()
            .map(Self::from_jiff)
            .map_err(|_| ParseError::Time(text.to_owned()))
    }
}

/// Serde and JSON Schema for the units that are written as text.
macro_rules! as_text {
    ($unit:ty, $name:literal, $suffix:literal, $pattern:expr, $description:literal) => {
        impl Serialize for $unit {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text_with_unit(deserializer, $suffix)?.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $unit {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "description": $description})
            }
        }
    };
}

as_text!(
    Span,
    "Duration",
    "s",
    r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$",
    "A duration such as 2d3h, 90s or 300ms."
);
as_text!(
    Time,
    "Time",
    "-01-01T00:00:00Z",
    r"^\d{4}-\d{2}-\d{2}T",
    "A time in RFC 3339, such as 2026-01-05T00:00:00Z."
);

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\d{1,3}(\.\d)?%$",
            "description": "A share of traffic on Fargate, such as 5% or 0.5%."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_read_and_write_percentages() {
        for (text, per_mille) in
            [("0%", 0), ("0.5%", 5), ("1%", 10), ("99.9%", 999), ("100%", 1000)]
        {
            let share: Share = text.parse().unwrap();
            assert_eq!(share.per_mille(), per_mille);
            assert_eq!(share.to_string(), text);
        }
        for text in ["", "30", "101%", "100.1%", "-1%", "1.25%", "1e1%", "NaN%", "%", ".5%", "5.%"]
        {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn spans_read_and_write_sums_of_units() {
        for (text, millis) in
            [("2d3h", 183_600_000), ("90s", 90_000), ("300ms", 300), ("1h1ms", 3_600_001)]
        {
            assert_eq!(text.parse::<Span>().unwrap().as_millis(), millis);
        }
        assert_eq!("90s".parse::<Span>().unwrap().to_string(), "1m30s");
        for text in ["", "5", "h", "3h2d", "1h1h", "-5s", "1.5h", "99999999999999999999d", "5 m"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let time: Time = "2026-01-05T09:00:00+09:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-05T00:00:00Z");
        assert_eq!(Time::from_minute(time.minute()), time);
        assert!("2026-01-05".parse::<Time>().is_err());
    }
}
