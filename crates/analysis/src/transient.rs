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
        let has_two_blocks = elapsed >= 2 * BLOCK_MINUTES;
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
    if previous.variance <= 0.0 || current.variance <= 0.0 {
        return false;
    }
    let fall = previous.excess / previous.variance - current.excess / current.variance;
    let variance =
        1.0 / previous.variance + 1.0 / current.variance + 2.0 * noise / f64::from(BLOCK_MINUTES);
    fall > FALLING_DEVIATIONS * libm::sqrt(variance)
}
