//! Minutes after a change that do not count yet (A4).
//!
//! A weight change or a deployment brings cold tasks: caches fill, pools open. Their minutes are
//! dropped from the comparison until Fargate's excess has stopped falling, and for thirty minutes
//! at most. Scaling events drop nothing: they come with the peaks, which are what must be judged.

use serde::{Deserialize, Serialize};

use crate::signal::{PerSignal, Signal};

/// The dropping after the last change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transient {
    /// Minutes since the change; `None` once minutes count again.
    elapsed: Option<u32>,
    /// Minutes that counted since the last dropping ended.
    counted: u32,
    current: PerSignal<Block>,
    previous: PerSignal<Block>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Block {
    excess: f64,
    variance: f64,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The router's weights.
    Weight,
    /// A deployment began or ended, or a release changed.
    Deployment,
}

/// Blocks that are compared with each other.
const BLOCK_MINUTES: u32 = 10;
/// However long it falls: a regression must not hide behind its own slow recovery.
const DROPPED_MINUTES_MAX: u32 = 30;
/// Deployments that follow one another closer than this drop nothing, so that a flapping one
/// cannot switch the comparison off.
const COUNTED_MINUTES_MIN: u32 = 30;
/// A fall of this many standard errors is still a fall.
const FALLING_DEVIATIONS: f64 = 1.0;

impl Transient {
    /// Starts dropping, unless a dropping is under way or has only just ended.
    pub(crate) fn begin(&mut self, change: Change) {
        let may = match change {
            Change::Weight => true,
            Change::Deployment => self.counted >= COUNTED_MINUTES_MIN,
        };
        if may && self.elapsed.is_none() {
            *self = Self { elapsed: Some(0), ..Self::default() };
        }
    }

    /// Whether the present minute is dropped.
    pub(crate) const fn is_dropping(&self) -> bool {
        self.elapsed.is_some()
    }

    /// Notes one signal of a dropped minute.
    pub(crate) fn add(&mut self, signal: Signal, excess: f64, variance: f64) {
        let block = self.current.get_mut(signal);
        block.excess += excess;
        block.variance += variance;
    }

    /// Ends a minute; `noise` is the dispersion of each signal.
    pub(crate) fn end_minute(&mut self, noise: impl Fn(Signal) -> f64) {
        let Some(elapsed) = self.elapsed else {
            self.counted = self.counted.saturating_add(1);
            return;
        };
        let elapsed = elapsed + 1;
        self.elapsed = Some(elapsed);
        if !elapsed.is_multiple_of(BLOCK_MINUTES) {
            return;
        }
        let is_falling = Signal::ALL.into_iter().any(|signal| {
            falls(self.previous.get(signal), self.current.get(signal), noise(signal))
        });
        let has_two_blocks = elapsed > BLOCK_MINUTES;
        if elapsed >= DROPPED_MINUTES_MAX || (has_two_blocks && !is_falling) {
            *self = Self::default();
        } else {
            self.previous = self.current;
            self.current = PerSignal::default();
        }
    }
}

/// Whether D/V fell from one block to the next by more than its own error.
fn falls(previous: &Block, current: &Block, noise: f64) -> bool {
    if previous.variance.min(current.variance) <= 0.0 {
        return false;
    }
    let fall = previous.excess / previous.variance - current.excess / current.variance;
    let variance =
        1.0 / previous.variance + 1.0 / current.variance + 2.0 * noise / f64::from(BLOCK_MINUTES);
    fall > FALLING_DEVIATIONS * libm::sqrt(variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many minutes of a dropping minutes count again, when Fargate's excess over a
    /// counting variance of ten in each block is this.
    fn dropped(change: Change, excess: impl Fn(u32) -> f64) -> u32 {
        let mut transient = Transient { counted: COUNTED_MINUTES_MIN, ..Transient::default() };
        transient.begin(change);
        let mut minutes = 0;
        while transient.is_dropping() && minutes < 100 {
            transient.add(Signal::SlowP90, excess(minutes / 10), 1.0);
            transient.end_minute(|_| 0.0);
            minutes += 1;
        }
        minutes
    }

    #[test]
    fn minutes_count_again_when_the_excess_has_stopped_falling_and_after_half_an_hour_at_most() {
        for change in [Change::Weight, Change::Deployment] {
            assert_eq!(dropped(change, |_| 0.0), 20, "nothing to fall");
            assert_eq!(dropped(change, f64::from), 20, "it rises");
            assert_eq!(dropped(change, |block| 10.0 - f64::from(block)), 30, "it falls and falls");
            // D/V falls by 0.1 a block, the standard error is 0.45.
            assert_eq!(dropped(change, |block| 1.0 - 0.1 * f64::from(block)), 20, "by noise");
        }
    }

    #[test]
    fn a_fall_is_one_by_more_than_its_standard_error() {
        let of = |excess, variance| Block { excess, variance };
        for (previous, current, noise, is_fall) in [
            // 1/2 + 1/2 is one; from 1 to 0 is as much.
            (of(2.0, 2.0), of(0.0, 2.0), 0.0, false),
            (of(2.1, 2.0), of(0.0, 2.0), 0.0, true),
            // 1/4 + 1/2 + 2 * 1.25 / 10 is one; from 2 to 1 is as much.
            (of(8.0, 4.0), of(2.0, 2.0), 1.25, false),
            (of(8.1, 4.0), of(2.0, 2.0), 1.25, true),
            (of(8.0, 4.0), of(1.9, 2.0), 1.25, true),
            // 1/2 + 1/2 + 2 * 15 / 10 is four, its root two.
            (of(4.0, 2.0), of(0.0, 2.0), 15.0, false),
            (of(4.1, 2.0), of(0.0, 2.0), 15.0, true),
            // Without a bad request nothing is known.
            (of(9.0, 2.0), of(0.0, 0.0), 0.0, false),
            (of(0.0, 0.0), of(-9.0, 2.0), 0.0, false),
        ] {
            let found = falls(&previous, &current, noise);
            assert_eq!(found, is_fall, "{previous:?} to {current:?}, noise {noise}");
        }
    }

    #[test]
    fn a_deployment_drops_minutes_only_where_half_an_hour_has_counted() {
        for (counted, drops) in [(30, true), (29, false)] {
            let mut transient = Transient::default();
            for _ in 0..counted {
                transient.end_minute(|_| 0.0);
            }
            let mut moved = transient.clone();
            transient.begin(Change::Deployment);
            assert_eq!(transient.is_dropping(), drops, "{counted} minutes counted");
            moved.begin(Change::Weight);
            assert!(moved.is_dropping(), "weights are always told");
        }
    }

    #[test]
    fn a_change_while_minutes_are_dropped_does_not_drop_more() {
        let mut transient = Transient::default();
        transient.begin(Change::Weight);
        for minute in 0..20 {
            assert!(transient.is_dropping(), "minute {minute}");
            transient.begin(Change::Weight);
            transient.end_minute(|_| 0.0);
        }
        assert!(!transient.is_dropping());
    }

    #[test]
    fn what_falls_is_looked_for_in_each_signal() {
        let mut transient = Transient::default();
        transient.begin(Change::Weight);
        for minute in 0..20 {
            for signal in Signal::ALL {
                let is_warm = minute >= 10 || signal != Signal::Errors;
                transient.add(signal, if is_warm { 0.0 } else { 8.0 }, 2.0);
            }
            transient.end_minute(|_| 0.0);
        }
        assert!(transient.is_dropping(), "errors have fallen");
    }
}
