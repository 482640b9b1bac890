//! The tail of latency at one load, at any latency for the price of one exponential.

use super::{BASE_LATENCY_POINTS, POINTS, TaskModel};

/// The latencies of a task at one utilisation, without a backlog.
///
/// The part of requests above `w` is the mean over base latencies `b` of `exp(-rate (w - b))`, or 1
/// where `b` is longer. What does not depend on `w` is summed once, each sum scaled to its own
/// longest base latency so that nothing overflows.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail<'a> {
    base: &'a [f64; BASE_LATENCY_POINTS],
    rate: f64,
    /// Of each base latency, the sum of `exp(-rate (it - b))` over it and the shorter ones.
    sums: [f64; BASE_LATENCY_POINTS],
}

impl<'a> Tail<'a> {
    pub(super) fn new(model: &'a TaskModel, utilisation: f64) -> Self {
        let (base, rate) = (&model.base_latency_seconds, model.tail_rate(utilisation));
        let mut sums = [0.0; BASE_LATENCY_POINTS];
        let (mut sum, mut before) = (0.0, base[0]);
        for (slot, base) in sums.iter_mut().zip(base) {
            sum = 1.0 + sum * libm::exp(-rate * (base - before));
            (*slot, before) = (sum, *base);
        }
        Self { base, rate, sums }
    }

    /// The part of requests that take longer than `latency`: [`TaskModel::slow_fraction`] but for
    /// rounding.
    #[must_use]
    pub fn slow_fraction(&self, latency: f64) -> f64 {
        let shorter = self.base.partition_point(|base| *base < latency);
        let waiting = shorter.checked_sub(1).and_then(|last| {
            let (sum, base) = (self.sums.get(last)?, self.base.get(last)?);
            Some(sum * libm::exp(-self.rate * (latency - base)))
        });
        #[expect(clippy::cast_precision_loss, reason = "16 at most")]
        let certain = (BASE_LATENCY_POINTS - shorter) as f64;
        (waiting.unwrap_or(0.0) + certain) / POINTS
    }
}
