//! Datapoints of one metric as they are published: late, out of order, corrected.

use std::collections::VecDeque;

use model::{Span, Time};

/// How long after the end of its period a datapoint is normally published.
///
/// A period that ended less than this ago is not missing, only not there yet. AWS promises no
/// bound; two minutes is what the one-minute ECS metrics were seen to take, 20 s the 20-second
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// For periods of a minute and more.
    pub standard: Span,
    /// For shorter periods.
    pub high_resolution: Span,
}

impl Default for Lag {
    fn default() -> Self {
        Self { standard: Span::from_secs(120), high_resolution: Span::from_secs(20) }
    }
}

impl Lag {
    /// The lag of metrics with that period.
    #[must_use]
    pub fn of(self, period: Span) -> Span {
        if period < Span::from_secs(60) { self.high_resolution } else { self.standard }
    }
}

/// A published value of one metric query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// Which query it answers: its index in [`crate::scaling::ScalableTarget::metrics`].
    pub metric: usize,
    /// When its period began.
    pub period_start: Time,
    /// The value of the query's statistic.
    pub value: f64,
}

/// One value, by the number of its period since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) slot: i64,
    pub(crate) value: f64,
}

/// The newest datapoints of one metric query.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    period_millis: i64,
    lag_millis: i64,
    length_max: usize,
    /// Oldest first, one per slot.
    points: VecDeque<Point>,
    /// Counts what was published, so that a reader knows whether anything is new.
    published: u64,
}

impl Series {
    /// An empty series of `period`, published `lag` after each period's end, that keeps
    /// `length_max` datapoints.
    #[must_use]
    pub fn new(period: Span, lag: Span, length_max: usize) -> Self {
        let millis = |span: Span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self {
            period_millis: millis(period).max(1),
            lag_millis: millis(lag),
            length_max: length_max.max(1),
            points: VecDeque::new(),
            published: 0,
        }
    }

    /// Makes room for at least `length` datapoints.
    pub fn grow(&mut self, length: usize) {
        self.length_max = self.length_max.max(length);
    }

    /// Takes a published value in; a later one for the same period replaces it.
    ///
    /// What is not a finite number is no datapoint and is dropped, as CloudWatch does.
    pub fn publish(&mut self, period_start: Time, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.published += 1;
        let slot = period_start.as_millis().div_euclid(self.period_millis);
        let after = self.points.iter().rev().take_while(|p| p.slot > slot).count();
        let at = self.points.len() - after;
        match at.checked_sub(1).and_then(|before| self.points.get_mut(before)) {
            Some(point) if point.slot == slot => point.value = value,
            Some(_) | None => self.points.insert(at, Point { slot, value }),
        }
        while self.points.len() > self.length_max {
            self.points.pop_front();
        }
    }

    /// The newest value, with the start of its period.
    #[must_use]
    pub fn newest(&self) -> Option<(Time, f64)> {
        let point = self.points.back()?;
        Some((Time::from_millis(point.slot.saturating_mul(self.period_millis)), point.value))
    }

    /// The newest period a datapoint exists for or should by now.
    pub(crate) fn newest_expected_slot(&self, now: Time) -> i64 {
        // Nearly always the newest that exists is the newest that should; this says so without a
        // division.
        if let Some(newest) = self.points.back()
            && let Some(next_end) =
                newest.slot.checked_add(2).and_then(|s| s.checked_mul(self.period_millis))
            && now.as_millis().saturating_sub(self.lag_millis) < next_end
        {
            return newest.slot;
        }
        let published = now.as_millis().saturating_sub(self.lag_millis);
        let expected = published.div_euclid(self.period_millis).saturating_sub(1);
        self.points.back().map_or(expected, |p| p.slot.max(expected))
    }

    /// Counts what was published so far.
    pub(crate) const fn published(&self) -> u64 {
        self.published
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().rev()
    }
}
