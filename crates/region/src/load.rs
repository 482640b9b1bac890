//! How many requests arrive, minute by minute.
//!
//! A load is a list of rates, one for each minute from the start of the region. Inside a minute
//! it runs linearly between the centres of the minutes. Past its end it repeats by whole weeks,
//! or as it is when it is shorter than a week.

mod generated;
mod recorded;

use std::sync::Arc;

pub use generated::GeneratedLoad;
pub use recorded::{LoadReport, Recorded};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// Minutes of a week.
pub const WEEK_MINUTES: usize = 7 * 24 * 60;

/// The highest rate taken, in requests per second: ten times what the largest public sites
/// report, and low enough that a year of it still counts exactly in an f64.
pub const RATE_MAX: f64 = 1e8;

/// Requests per second of each minute. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    rates: Arc<[f64]>,
    /// After how many minutes the load begins again.
    repeat: usize,
    scale: f64,
}

impl Load {
    /// A load of one rate in requests per second for each minute.
    ///
    /// # Errors
    /// [`Error::Load`] for an empty list or a rate that is not a number from 0 to [`RATE_MAX`].
    pub fn new(rates: Vec<f64>) -> Result<Self, Error> {
        const REMEDY: &str = "give requests per second, at least one minute of them";
        if rates.is_empty() {
            return Err(Error::Load { problem: "a load has no minute".to_owned(), remedy: REMEDY });
        }
        if let Some((minute, rate)) =
            rates.iter().enumerate().find(|(_, rate)| !(0.0..=RATE_MAX).contains(*rate))
        {
            let problem = format!("minute {minute} has the rate {rate}");
            return Err(Error::Load { problem, remedy: REMEDY });
        }
        let weeks = rates.len() / WEEK_MINUTES;
        let repeat = if weeks > 0 { weeks * WEEK_MINUTES } else { rates.len() };
        Ok(Self { rates: rates.into(), repeat, scale: 1.0 })
    }

    /// This load times `factor`.
    ///
    /// # Errors
    /// [`Error::Load`] when the factor is not a number above 0, or lifts a rate above
    /// [`RATE_MAX`].
    pub fn scaled(&self, factor: f64) -> Result<Self, Error> {
        let scale = self.scale * factor;
        if factor > 0.0 && factor.is_finite() && self.peak() * factor <= RATE_MAX {
            return Ok(Self { scale, ..self.clone() });
        }
        Err(Error::Load {
            problem: format!(
                "a load with a peak of {} rps cannot be scaled by {factor}",
                self.peak()
            ),
            remedy: "scale by a number above 0 that keeps every rate below 100 million a second",
        })
    }

    /// The rate of `minute` in requests per second; before the start it is that of the first.
    #[must_use]
    pub fn rate(&self, minute: i64) -> f64 {
        let minute = usize::try_from(minute.max(0)).unwrap_or(usize::MAX);
        self.scale * self.rates.get(minute % self.repeat).copied().unwrap_or(0.0)
    }

    /// The rate `seconds` after the start, linear between the centres of minutes.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "minutes of a span, far below 2^53")]
    pub fn rate_at(&self, seconds: f64) -> f64 {
        let centred = seconds / 60.0 - 0.5;
        let minute = libm::floor(centred);
        let (low, high) = (self.rate(minute as i64), self.rate(minute as i64 + 1));
        low + (high - low) * (centred - minute)
    }

    /// Minutes before the load begins again.
    #[must_use]
    pub const fn minutes(&self) -> usize {
        self.repeat
    }

    /// The highest rate of a minute.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.scale * self.played().iter().copied().fold(0.0, f64::max)
    }

    /// The mean rate.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "minutes are far below 2^53")]
    pub fn mean(&self) -> f64 {
        self.scale * self.played().iter().sum::<f64>() / self.repeat as f64
    }

    /// The rate that `fraction` of minutes stay at or below, such as 0.95.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an index into the list, clamped to it"
    )]
    pub fn quantile(&self, fraction: f64) -> f64 {
        let mut rates = self.played().to_vec();
        rates.sort_by(f64::total_cmp);
        let index = libm::ceil(fraction.clamp(0.0, 1.0) * rates.len() as f64).max(1.0) as usize - 1;
        self.scale * rates.get(index).copied().unwrap_or(0.0)
    }

    /// All rates that are played, in requests per second.
    #[must_use]
    pub fn rates(&self) -> Vec<f64> {
        self.played().iter().map(|rate| rate * self.scale).collect()
    }

    /// The rate of each minute once, also of those past the last whole week, which are not played.
    #[must_use]
    pub fn all_rates(&self) -> Vec<f64> {
        self.rates.iter().map(|rate| rate * self.scale).collect()
    }

    /// The rates that are played, before scaling.
    fn played(&self) -> &[f64] {
        self.rates.get(..self.repeat).unwrap_or(&self.rates)
    }
}

/// A load is written as the list of its rates.
impl Serialize for Load {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rates())
    }
}

impl<'de> Deserialize<'de> for Load {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are given back as they are")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn loads_repeat_by_whole_weeks_or_as_they_are() {
        let long = Load::new((0..10_580).map(f64::from).collect()).unwrap();
        assert_eq!(long.rate(10_080 + 3), 3.0);
        let short = Load::new(vec![1.0, 2.0, 3.0]).unwrap();
        assert_eq!(short.rate(4), 2.0);
        assert_eq!(short.rate(-7), 1.0);
        assert_eq!(short.scaled(2.0).unwrap().rate(4), 4.0);
    }

    #[test]
    fn rates_run_linearly_between_the_centres_of_minutes() {
        let load = Load::new(vec![10.0, 20.0, 0.0]).unwrap();
        assert_eq!(load.rate_at(30.0), 10.0);
        assert_eq!(load.rate_at(60.0), 15.0);
        assert_eq!(load.rate_at(90.0), 20.0);
    }

    #[test]
    fn loads_that_are_no_loads_are_refused() {
        for rates in [vec![], vec![f64::NAN], vec![-1.0], vec![1.0, f64::INFINITY], vec![1e9]] {
            assert!(Load::new(rates).is_err());
        }
        let load = Load::new(vec![1e7]).unwrap();
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 100.0] {
            assert!(load.scaled(factor).is_err(), "{factor}");
        }
    }

    proptest! {
        #[test]
        fn rates_stay_within_their_neighbours(
            rates in prop::collection::vec(0.0..1e6_f64, 1..200), seconds in -1e4..1e6_f64,
        ) {
            let load = Load::new(rates).unwrap();
            let rate = load.rate_at(seconds);
            prop_assert!((0.0..=load.peak()).contains(&rate));
            prop_assert!(load.mean() <= load.peak() * (1.0 + 1e-12));
            prop_assert!(load.quantile(1.0) == load.peak());
        }
    }
}
