//! The load of a replay: requests per second, one rate for each tick.

use std::ops::Range;

use model::Time;

use crate::Error;

/// Seconds of a tick: what the shortest metric and every alarm divides by.
pub const TICK_SECONDS: u32 = 10;
const TICK_MILLIS: i64 = TICK_SECONDS as i64 * 1_000;
/// Ticks of a minute.
pub const MINUTE_TICKS: usize = 6;
/// Minutes of a day.
pub const DAY_MINUTES: usize = 1_440;
/// Minutes of a week.
pub const WEEK_MINUTES: usize = 7 * DAY_MINUTES;
/// Ticks that are replayed before anything is scored: the first hour starts from a guess.
pub const WARM_TICKS: usize = 360;
/// The highest minute is at least this multiple of the lowest where anything can be learnt.
const VARIES_MIN: f64 = 1.1;
/// The shortest load: an hour to settle and one to score.
const MINUTES_MIN: usize = 120;

/// A stretch of time in minutes, with or without a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// When it begins.
    pub start: Time,
    /// How long it is.
    pub minutes: usize,
}

impl Horizon {
    /// The instant at which `minute` begins, counted from the start.
    #[must_use]
    pub fn at_minute(self, minute: usize) -> Time {
        let millis = i64::try_from(minute).unwrap_or(i64::MAX).saturating_mul(60_000);
        Time::from_millis(self.start.as_millis().saturating_add(millis))
    }

    /// The minute in which `at` lies, counted from the start; `None` outside.
    #[must_use]
    pub fn minute_of(self, at: Time) -> Option<usize> {
        let minute = usize::try_from(at.minute() - self.start.minute()).ok()?;
        (minute < self.minutes).then_some(minute)
    }

    /// The minute of the day, in UTC, of a minute counted from the start.
    #[must_use]
    pub fn minute_of_day(self, minute: usize) -> usize {
        let first = self.start.minute().rem_euclid(DAY_MINUTES as i64);
        (usize::try_from(first).unwrap_or(0) + minute) % DAY_MINUTES
    }
}

/// Rates of a stretch of time that begins at a whole minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    start: Time,
    minutes: Vec<f64>,
    ticks: Vec<f64>,
}

impl Load {
    /// A load of one rate in requests per second for each minute from `start` on.
    ///
    /// Inside a minute it runs linearly between the centres of the minutes.
    ///
    /// # Errors
    /// [`Error::Load`] for less than two hours, for a rate that is negative or not a number, and
    /// for a start amid a minute.
    pub fn new(start: Time, minutes: Vec<f64>) -> Result<Self, Error> {
        const REMEDY: &str = "give requests per second of at least two hours, minute by minute";
        let refuse = |problem: String| Err(Error::Load { problem, remedy: REMEDY });
        if minutes.len() < MINUTES_MIN {
            return refuse(format!("has {} minutes", minutes.len()));
        }
        if start.as_millis() % 60_000 != 0 {
            return refuse(format!("begins at {start}, amid a minute"));
        }
        let unsound = |rate: &f64| !(rate.is_finite() && *rate >= 0.0);
        if let Some(at) = minutes.iter().position(unsound) {
            return refuse(format!("is no rate in minute {at}"));
        }
        if minutes.iter().all(|rate| *rate <= 0.0) {
            return refuse("has no request at all".to_owned());
        }
        let ticks = between_centres(&minutes);
        Ok(Self { start, minutes, ticks })
    }

    /// When it begins.
    #[must_use]
    pub const fn start(&self) -> Time {
        self.start
    }

    /// Requests per second of each minute.
    #[must_use]
    pub fn minutes(&self) -> &[f64] {
        &self.minutes
    }

    /// Requests per second of each tick.
    #[must_use]
    pub fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    /// The stretch of time it covers.
    #[must_use]
    pub const fn horizon(&self) -> Horizon {
        Horizon { start: self.start, minutes: self.minutes.len() }
    }

    /// The instant at which `tick` begins, counted from the start.
    #[must_use]
    pub fn at_tick(&self, tick: usize) -> Time {
        let millis = i64::try_from(tick).unwrap_or(i64::MAX).saturating_mul(TICK_MILLIS);
        Time::from_millis(self.start.as_millis().saturating_add(millis))
    }

    /// The highest rate of a minute.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.minutes.iter().copied().fold(0.0, f64::max)
    }

    /// Refuses a load that hardly varies: any policy would look good under it.
    ///
    /// # Errors
    /// [`Error::Load`] where the highest minute is less than a tenth above the lowest.
    pub fn check_varies(&self) -> Result<(), Error> {
        let lowest = self.minutes.iter().copied().fold(f64::INFINITY, f64::min);
        if self.peak() >= VARIES_MIN * lowest {
            return Ok(());
        }
        Err(Error::Load {
            problem: format!(
                "hardly varies: from {lowest:.1} to {:.1} requests per second",
                self.peak()
            ),
            remedy: "any policy looks good without a rise to follow; give days with their peaks",
        })
    }

    /// Every rate times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let times = |rates: &[f64]| rates.iter().map(|rate| rate * factor).collect();
        Self { start: self.start, minutes: times(&self.minutes), ticks: times(&self.ticks) }
    }

    /// The same load `minutes` earlier by the clock, later where that is negative; what would be
    /// missing at one end repeats the rate there.
    #[must_use]
    pub fn earlier(&self, minutes: i32) -> Self {
        let moved = moved_by(&self.minutes, minutes);
        Self { start: self.start, ticks: between_centres(&moved), minutes: moved }
    }

    /// The stretch of `range` in minutes.
    ///
    /// # Errors
    /// [`Error::Load`] where the load has no such stretch, or it is shorter than two hours.
    pub fn slice(&self, range: Range<usize>) -> Result<Self, Error> {
        let start = self.horizon().at_minute(range.start);
        let minutes = self.minutes.get(range).unwrap_or_default().to_vec();
        Self::new(start, minutes)
    }
}

fn moved_by(rates: &[f64], minutes: i32) -> Vec<f64> {
    let last = i64::try_from(rates.len()).unwrap_or(i64::MAX).saturating_sub(1);
    let from = |at: i64| usize::try_from((at + i64::from(minutes)).clamp(0, last)).unwrap_or(0);
    (0..=last).map(|at| rates.get(from(at)).copied().unwrap_or(0.0)).collect()
}

/// Ticks from minutes, level before the first centre and after the last.
fn between_centres(minutes: &[f64]) -> Vec<f64> {
    let mut ticks = Vec::with_capacity(minutes.len() * MINUTE_TICKS);
    for (minute, rate) in minutes.iter().enumerate() {
        let before = minute.checked_sub(1).and_then(|at| minutes.get(at)).unwrap_or(rate);
        let after = minutes.get(minute + 1).unwrap_or(rate);
        // A minute's centre lies between its third and fourth tick, and a tick stands for its
        // own centre.
        for part in [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5] {
            let towards = if part < 0.0 { before } else { after };
            ticks.push(rate + (towards - rate) * f64::abs(part) / 6.0);
        }
    }
    ticks
}
