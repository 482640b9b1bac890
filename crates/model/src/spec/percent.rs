//! Percentages that are not shares of traffic, and shares where they are optional or listed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use crate::Share;

/// Why a percentage could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PercentError {
    /// Not a decimal number followed by `%`.
    #[error(
        "`{0}` is not a percentage: write a number with at most three decimals and a percent sign, such as 15% or 99.9%"
    )]
    Format(String),
    /// An objective that nothing or everything would meet.
    #[error(
        "`{0}` is not an objective: it must lie above 0% and below 100%, or there is no error budget to judge by"
    )]
    Objective(String),
}

/// Thousandths of a percent from text such as `99.95%`; at most 100,000 percent.
fn milli_percent(text: &str) -> Option<u32> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let (whole, decimals) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (number, ""),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 3 {
        return None;
    }
    if !(1..=6).contains(&whole.len()) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let decimals: u32 = format!("{decimals:0<3}").parse().ok()?;
    (whole <= 100_000).then_some(whole * 1000 + decimals)
}

fn write_milli_percent(value: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = format!("{}.{:03}", value / 1000, value % 1000);
    write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The part of events that must be good, exact to a thousandth of a percent: `99.9%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Objective(u32);

impl Objective {
    /// An objective of `milli_percent` thousandths of a percent; `None` unless it lies strictly
    /// between 0 % and 100 %.
    #[must_use]
    pub const fn from_milli_percent(milli_percent: u32) -> Option<Self> {
        if milli_percent > 0 && milli_percent < 100_000 { Some(Self(milli_percent)) } else { None }
    }

    /// Thousandths of a percent.
    #[must_use]
    pub const fn milli_percent(self) -> u32 {
        self.0
    }

    /// The fraction of events that may be bad: 0.01 for 99 %.
    #[must_use]
    pub fn budget(self) -> f64 {
        f64::from(100_000 - self.0) / 100_000.0
    }

    /// The fraction of events that must be good: 0.99 for 99 %.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_milli_percent(self.0, f)
    }
}

impl FromStr for Objective {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let value = milli_percent(text).ok_or_else(|| PercentError::Format(shown(text)))?;
        Self::from_milli_percent(value).ok_or_else(|| PercentError::Objective(shown(text)))
    }
}

/// A percentage of something, exact to a thousandth of a percent; may exceed 100 %.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u32);

impl Percent {
    /// A percentage of `milli_percent` thousandths of a percent.
    #[must_use]
    pub const fn from_milli_percent(milli_percent: u32) -> Self {
        Self(milli_percent)
    }

    /// Thousandths of a percent.
    #[must_use]
    pub const fn milli_percent(self) -> u32 {
        self.0
    }

    /// As a fraction: 0.15 for 15 %.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_milli_percent(self.0, f)
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        milli_percent(text).map(Self).ok_or_else(|| PercentError::Format(shown(text)))
    }
}

/// As much of a wrong text as helps to find it.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

macro_rules! percent_text {
    ($type:ty, $name:literal, $description:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::units::text_with_unit(deserializer, "%")?.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "pattern": r"^\d{1,6}(\.\d{1,3})?%$",
                    "description": $description
                })
            }
        }
    };
}

percent_text!(Objective, "Objective", "The part that must be good, such as 99% or 99.95%.");
percent_text!(Percent, "Percent", "A percentage, such as 15% or 0.5%.");

/// A share as operators write it, for where `with = "units::percent"` does not reach.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Written(#[serde(with = "crate::units::percent")] Share);

/// `#[serde(with = "percent::opt")]`: a share as operators write it, or nothing.
pub(super) mod opt {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Share, Written};

    #[expect(clippy::ref_option, reason = "serde's `with` hands over a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(
        share: &Option<Share>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        share.map(Written).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Share>, D::Error> {
        Ok(Option::<Written>::deserialize(deserializer)?.map(|written| written.0))
    }
}

/// `#[serde(with = "percent::list")]`: shares as operators write them.
pub(super) mod list {
    use super::{Deserialize, Deserializer, Serializer, Share, Written};

    pub(crate) fn serialize<S: Serializer>(
        shares: &[Share],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(shares.iter().copied().map(Written))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Share>, D::Error> {
        let written = Vec::<Written>::deserialize(deserializer)?;
        Ok(written.into_iter().map(|written| written.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_exact_to_a_thousandth_of_a_percent() {
        for (text, milli_percent, budget) in
            [("99%", 99_000, 0.01), ("99.9%", 99_900, 0.001), ("99.999%", 99_999, 0.000_01)]
        {
            let objective: Objective = text.parse().unwrap();
            assert_eq!(objective.milli_percent(), milli_percent);
            assert_eq!(objective.budget().to_bits(), f64::to_bits(budget));
            assert_eq!(objective.to_string(), text);
        }
        for text in ["0%", "100%", "100.001%", "99.9999%", "99", "-1%", "%", ".5%", "5.%", "NaN%"] {
            assert!(text.parse::<Objective>().is_err(), "{text}");
        }
    }

    #[test]
    fn percentages_may_exceed_a_hundred() {
        for (text, ratio) in [("0%", 0.0), ("15%", 0.15), ("250%", 2.5), ("0.125%", 0.001_25)] {
            let percent: Percent = text.parse().unwrap();
            assert_eq!(percent.ratio().to_bits(), f64::to_bits(ratio));
            assert_eq!(percent.to_string(), text);
        }
        assert!("100001%".parse::<Percent>().is_err());
    }
}
