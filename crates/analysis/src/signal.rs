//! Signals: what is counted as bad, and against which objective it counts.

use std::fmt;
use std::str::FromStr;

use model::minute::Counts;
use serde::{Deserialize, Serialize};

/// One comparison between the sides.
///
/// The three latency signals ask Fargate at 1.10 times EC2's threshold: the margin is in units
/// of latency, and their null hypothesis needs no ratio (section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Requests slower than the SLO's threshold.
    SlowSlo,
    /// Requests slower than EC2's own 90th percentile.
    SlowP90,
    /// Requests slower than EC2's own median.
    SlowP50,
    /// Server errors.
    Errors,
}

/// A service level objective: what has an error budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Slo {
    /// The share of requests faster than a threshold.
    Latency,
    /// The share of requests without a server error.
    Availability,
}

impl Signal {
    /// All signals, in the order of every listing.
    pub const ALL: [Self; 4] = [Self::SlowSlo, Self::SlowP90, Self::SlowP50, Self::Errors];

    /// The name in recorded minutes, options, labels and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlowSlo => "slow_slo",
            Self::SlowP90 => "slow_p90",
            Self::SlowP50 => "slow_p50",
            Self::Errors => "errors",
        }
    }

    /// The objective whose budget the signal spends.
    #[must_use]
    pub const fn slo(self) -> Slo {
        match self {
            Self::SlowSlo | Self::SlowP90 | Self::SlowP50 => Slo::Latency,
            Self::Errors => Slo::Availability,
        }
    }

    /// How many percent more requests are bad when latency rises by one percent:
    /// -d ln(fraction above t) / d ln t.
    ///
    /// The values of a lognormal latency with sigma 0.69 (p99 five times the median), about the
    /// shape of web traffic, at the 99.5th, 90th and 50th percentile. For errors a client mix
    /// acts on the fraction itself.
    #[must_use]
    pub(crate) const fn slope(self) -> f64 {
        match self {
            Self::SlowSlo => 4.3,
            Self::SlowP90 => 2.5,
            Self::SlowP50 => 1.2,
            Self::Errors => 1.0,
        }
    }

    /// The counter of this signal in a minute's counts.
    #[must_use]
    pub const fn count(self, counts: &Counts) -> Option<u64> {
        match self {
            Self::SlowSlo => counts.slow_slo,
            Self::SlowP90 => counts.slow_p90,
            Self::SlowP50 => counts.slow_p50,
            Self::Errors => counts.errors,
        }
    }
}

impl Slo {
    /// Both objectives.
    pub const ALL: [Self; 2] = [Self::Latency, Self::Availability];

    /// The comparison closest to what burns this budget.
    pub(crate) const fn signal(self) -> Signal {
        match self {
            Self::Latency => Signal::SlowSlo,
            Self::Availability => Signal::Errors,
        }
    }

    /// The counter that burns this budget: for latency the requests above the SLO's own threshold.
    #[must_use]
    pub const fn count(self, counts: &Counts) -> Option<u64> {
        match self {
            Self::Latency => counts.slow,
            Self::Availability => counts.errors,
        }
    }

    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Availability => "availability",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no signal's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a signal: write slow_slo, slow_p90, slow_p50 or errors")]
pub struct UnknownSignal(String);

impl FromStr for Signal {
    type Err = UnknownSignal;

    fn from_str(text: &str) -> Result<Self, UnknownSignal> {
        Self::ALL
            .into_iter()
            .find(|signal| signal.name() == text)
            .ok_or_else(|| UnknownSignal(text.to_owned()))
    }
}

/// One value for each signal, in the order of [`Signal::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PerSignal<T>([T; 4]);

impl<T> PerSignal<T> {
    pub(crate) fn from_fn(of: impl FnMut(Signal) -> T) -> Self {
        Self(Signal::ALL.map(of))
    }

    pub(crate) const fn get(&self, signal: Signal) -> &T {
        &self.0[signal as usize]
    }

    pub(crate) const fn get_mut(&mut self, signal: Signal) -> &mut T {
        &mut self.0[signal as usize]
    }
}

/// One value for each objective, in the order of [`Slo::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PerSlo<T>([T; 2]);

impl<T> PerSlo<T> {
    pub(crate) fn from_fn(of: impl FnMut(Slo) -> T) -> Self {
        Self(Slo::ALL.map(of))
    }

    pub(crate) const fn get(&self, slo: Slo) -> &T {
        &self.0[slo as usize]
    }

    pub(crate) const fn get_mut(&mut self, slo: Slo) -> &mut T {
        &mut self.0[slo as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_and_objective_finds_its_own_value() {
        let signals = PerSignal::from_fn(|signal| signal);
        assert!(Signal::ALL.into_iter().all(|signal| *signals.get(signal) == signal));
        let objectives = PerSlo::from_fn(|slo| slo);
        assert!(Slo::ALL.into_iter().all(|slo| *objectives.get(slo) == slo));
    }

    #[test]
    fn names_are_those_that_logs_and_options_have() {
        let names = Signal::ALL.map(Signal::name);
        assert_eq!(names, ["slow_slo", "slow_p90", "slow_p50", "errors"]);
    }
}
