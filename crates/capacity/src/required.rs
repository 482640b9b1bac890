//! How many tasks a side needs for the traffic it is about to carry.
//!
//! [`SafeLoad`] is what a planner asks: how many requests a minute one task carries safely. The
//! measured rule answers it from recorded minutes, and so does the fitted task model
//! ([`crate::fit::Fitted`]), so that nobody who asks has to change.

use std::fmt;

use model::{Share, Side};
use serde::{Deserialize, Serialize};

/// Fewer good minutes than this prove no rate: an hour sees more than one load.
pub const MINUTES_MIN: u32 = 60;

/// A minute counts only when each task saw this many requests: below it the slow fraction is
/// mostly chance.
const REQUESTS_PER_TASK_MIN: f64 = 30.0;

/// Of the good minutes' rates the one that is exceeded in 5 % of them: a single minute, or a
/// miscounted one, proves nothing.
const SUSTAINED_QUANTILE: f64 = 0.95;

/// How far above what was sustained a floor may ever reckon a task to go.
const EXTRAPOLATION_MAX: f64 = 0.1;

/// Requests per minute that one task carries while the latency SLO holds.
pub trait SafeLoad {
    /// The safe rate, or why none is known.
    ///
    /// # Errors
    /// [`Unknown`] when no rate can be answered for; never a guess.
    fn safe_rate(&self) -> Result<SafeRate, Unknown>;
}

/// A safe rate and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SafeRate {
    /// Requests per minute and task.
    pub requests_per_minute_per_task: f64,
    /// What the rate rests on.
    pub source: RateSource,
}

impl SafeLoad for SafeRate {
    fn safe_rate(&self) -> Result<SafeRate, Unknown> {
        let rate = self.requests_per_minute_per_task;
        if rate.is_finite() && rate > 0.0 { Ok(*self) } else { Err(Unknown::RateUnusable) }
    }
}

/// What a safe rate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum RateSource {
    /// Minutes in which the objective held at about that rate.
    Measured {
        /// How many good minutes there were.
        minutes: u32,
    },
    /// Given by a person, or taken over from the other side by a ratio.
    Prior,
    /// The task model fitted to minutes.
    Fitted,
}

/// Why no number of tasks can be given; what would change it is in the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Unknown {
    /// Too few minutes in which the objective held.
    MinutesTooFew {
        /// How many there were.
        minutes: u32,
        /// How many are asked for.
        minutes_needed: u32,
    },
    /// The safe rate is zero, negative or not a number.
    RateUnusable,
    /// The demand is negative or not a number.
    DemandUnusable,
    /// The headroom is negative or not a number.
    HeadroomUnusable,
    /// More tasks than can be counted.
    TooMany,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinutesTooFew { minutes, minutes_needed } => write!(
                f,
                "only {minutes} of {minutes_needed} minutes within the objective were seen"
            ),
            Self::RateUnusable => f.write_str("the safe rate per task is not a number above zero"),
            Self::DemandUnusable => f.write_str("the demand is not a number of requests"),
            Self::HeadroomUnusable => f.write_str("the headroom is not a number of at least zero"),
            Self::TooMany => f.write_str("more tasks would be needed than can be counted"),
        }
    }
}

/// One minute of one side, for the measured rule; every part may be unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MeasuredMinute {
    /// Requests the side answered.
    pub requests: Option<f64>,
    /// Tasks that took them.
    pub healthy_tasks: Option<u32>,
    /// The part of requests slower than the objective's threshold.
    pub slow_fraction: Option<f64>,
    /// Whether a deployment or a scaling activity was under way.
    pub unsteady: bool,
}

/// The rule from measured minutes: the highest rate per task that was sustained while the
/// objective held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Requests per task of every good minute, rising.
    rates: Vec<f64>,
    /// The lowest rate at which the objective was missed in steady minutes, where it was.
    missed: Vec<f64>,
}

impl Measured {
    /// Sorts `minutes` into those in which at most `slow_fraction_max` of requests were slow and
    /// those in which more were. A minute with a gap, in motion or nearly idle is neither.
    #[must_use]
    pub fn from_minutes(minutes: &[MeasuredMinute], slow_fraction_max: f64) -> Self {
        let mut measured = Self::default();
        for minute in minutes.iter().filter(|m| !m.unsteady) {
            let (Some(requests), Some(tasks), Some(slow)) =
                (minute.requests, minute.healthy_tasks, minute.slow_fraction)
            else {
                continue;
            };
            let rate = requests / f64::from(tasks);
            let sound = rate.is_finite() && (0.0..=1.0).contains(&slow);
            if !sound || rate < REQUESTS_PER_TASK_MIN {
                continue;
            }
            // Without a usable objective no minute is good.
            if slow <= slow_fraction_max {
                measured.rates.push(rate);
            } else {
                measured.missed.push(rate);
            }
        }
        measured.rates.sort_by(f64::total_cmp);
        measured.missed.sort_by(f64::total_cmp);
        measured
    }

    /// Where the objective starts to be missed: the rate below which 5 % of the missing minutes
    /// lie; unlike a task's limit, single bad minutes have many causes.
    fn missed_from(&self) -> Option<f64> {
        // A handful of bad minutes among many good ones says little about load.
        let telling = self.missed.len() * 20 >= self.rates.len();
        if telling { quantile(&self.missed, 0.05) } else { None }
    }
}

impl SafeLoad for Measured {
    fn safe_rate(&self) -> Result<SafeRate, Unknown> {
        let below = self.missed_from().unwrap_or(f64::INFINITY);
        let good = self.rates.partition_point(|rate| *rate < below);
        let good = self.rates.get(..good).unwrap_or_default();
        let minutes = u32::try_from(good.len()).unwrap_or(u32::MAX);
        if minutes < MINUTES_MIN {
            return Err(Unknown::MinutesTooFew { minutes, minutes_needed: MINUTES_MIN });
        }
        let requests_per_minute_per_task =
            quantile(good, SUSTAINED_QUANTILE).ok_or(Unknown::RateUnusable)?;
        Ok(SafeRate { requests_per_minute_per_task, source: RateSource::Measured { minutes } })
    }
}

/// The value below which a part `part` of `sorted` lies, one of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index into a list of minutes"
)]
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get(libm::floor(last as f64 * part) as usize).copied()
}

/// How much more than its safe rate's answer a side is given, or how much less it may do with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headroom(f64);

impl Headroom {
    /// None: exactly what the safe rate says.
    pub const NONE: Self = Self(0.0);

    /// `fraction` more tasks, 0.2 for a fifth; a negative one, down to -0.1, trusts a task with
    /// that much more than was measured, which is as far as the rule may extrapolate.
    ///
    /// # Errors
    /// [`Unknown::HeadroomUnusable`] outside that or when not a number.
    pub fn new(fraction: f64) -> Result<Self, Unknown> {
        let usable = fraction.is_finite() && fraction >= -EXTRAPOLATION_MAX;
        if usable { Ok(Self(fraction)) } else { Err(Unknown::HeadroomUnusable) }
    }
}

/// The tasks `side` needs to carry its part of `demand` requests per minute at `share`.
///
/// `ceil(demand x part x (1 + headroom) / safe rate)`; zero where nothing is sent to the side.
///
/// # Errors
/// [`Unknown`] says why there is no number: nothing that is not a number or not above zero is
/// ever divided by or rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between zero and the largest count"
)]
pub fn required_tasks(
    demand: f64,
    share: Share,
    side: Side,
    safe_load: &dyn SafeLoad,
    headroom: Headroom,
) -> Result<u32, Unknown> {
    if !(demand.is_finite() && demand >= 0.0) {
        return Err(Unknown::DemandUnusable);
    }
    let rate = safe_load.safe_rate()?.requests_per_minute_per_task;
    if !(rate.is_finite() && rate > 0.0) {
        return Err(Unknown::RateUnusable);
    }
    let tasks = libm::ceil(share.of(side, demand) * (1.0 + headroom.0) / rate);
    // Also refuses a quotient that overflowed.
    if tasks <= f64::from(u32::MAX) { Ok(tasks as u32) } else { Err(Unknown::TooMany) }
}
