//! Latency of a minute's requests at any threshold, fast.
//!
//! The formula is `capacity`'s: `P(T > t)` is the mean over sixteen base latencies `L` of
//! `exp(-theta max(0, t - L))`, where `theta` falls with the utilisation. Of the sixteen
//! exponentials all but one depend on the utilisation alone, so their partial sums are tabulated
//! and a look-up costs one exponential, whatever threshold is asked.

use capacity::task::TaskModel;
use sampling::quantile;

const POINTS: usize = 16;
/// As `capacity::task`: above this utilisation the backlog says the rest.
const UTILISATION_MAX: f64 = 0.995;
const CELLS: usize = 512;
/// A quantile is as exact as this part of itself, or as this part of the fraction beyond it.
const SECONDS_PRECISION: f64 = 1e-6;
const FRACTION_PRECISION: f64 = 1e-6;
const STEPS_MAX: usize = 40;
#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
const POINTS_F64: f64 = POINTS as f64;
#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
const CELLS_F64: f64 = CELLS as f64;

/// Requests of a minute that met the same load.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Slice {
    /// Which part of the minute's answered requests.
    pub(crate) weight: f64,
    /// Utilisation of the tasks.
    pub(crate) utilisation: f64,
    /// Wait behind a queue that was there already.
    pub(crate) backlog_seconds: f64,
}

/// The latency of one kind of task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LatencyTable {
    base_seconds: [f64; POINTS],
    /// How fast the tail falls without load, per second.
    tail_rate: f64,
    /// `sums[cell][j]` is the sum over `i <= j` of `exp(-theta (base[j] - base[i]))`.
    sums: Vec<[f64; POINTS]>,
}

impl LatencyTable {
    pub(crate) fn new(task: &TaskModel) -> Self {
        let parameters = task.parameters();
        let latency = parameters.base_latency;
        let sigma =
            libm::log(latency.p99_seconds / latency.median_seconds) / quantile::normal(0.99);
        let mut base_seconds = [0.0; POINTS];
        let mut uniform = 0.5 / POINTS_F64;
        for base in &mut base_seconds {
            *base = latency.median_seconds * libm::exp(sigma * quantile::normal(uniform));
            uniform += 1.0 / POINTS_F64;
        }
        let tail_rate = task.service_rate() / parameters.kappa;
        let mut table = Self { base_seconds, tail_rate, sums: Vec::with_capacity(CELLS + 1) };
        for cell in 0..=CELLS {
            #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
            let theta = table.theta(UTILISATION_MAX * cell as f64 / CELLS_F64);
            let mut row = [1.0; POINTS];
            for j in 1..POINTS {
                let step = base_seconds[j] - base_seconds[j - 1];
                row[j] = 1.0 + row[j - 1] * libm::exp(-theta * step);
            }
            table.sums.push(row);
        }
        table
    }

    fn theta(&self, utilisation: f64) -> f64 {
        (1.0 - utilisation) * self.tail_rate
    }

    /// The part of requests that take longer than `seconds`, at a latency `factor`.
    pub(crate) fn slow_fraction(&self, slices: &[Slice], factor: f64, seconds: f64) -> f64 {
        let seconds = seconds / factor;
        slices.iter().map(|slice| slice.weight * self.slow_of(slice, seconds)).sum()
    }

    fn slow_of(&self, slice: &Slice, seconds: f64) -> f64 {
        let left = seconds - slice.backlog_seconds;
        let below = self.base_seconds.iter().take_while(|base| **base < left).count();
        let Some(last) = below.checked_sub(1) else { return 1.0 };
        let rho = slice.utilisation.clamp(0.0, UTILISATION_MAX);
        let tail = libm::exp(-self.theta(rho) * (left - self.base_seconds[last]));
        self.remaining(rho, last, tail)
    }

    /// The slow fraction where `last` is the last base latency below the threshold and the newest
    /// exponential is `tail`.
    fn remaining(&self, rho: f64, last: usize, tail: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most sixteen")]
        let above = (POINTS - 1 - last) as f64;
        (self.sum(rho, last) * tail + above) / POINTS_F64
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index between 0 and the number of cells"
    )]
    fn sum(&self, rho: f64, last: usize) -> f64 {
        let place = rho * (CELLS_F64 / UTILISATION_MAX);
        let cell = (place as usize).min(CELLS - 1);
        let (low, high) = (self.sums[cell][last], self.sums[cell + 1][last]);
        #[expect(clippy::cast_precision_loss, reason = "at most 512")]
        let part = place - cell as f64;
        low + (high - low) * part
    }

    /// The mean latency in seconds: of each slice the mean of the base latencies, of the
    /// exponential beside them and of the wait.
    pub(crate) fn mean(&self, slices: &[Slice], factor: f64) -> f64 {
        let base = self.base_seconds.iter().sum::<f64>() / POINTS_F64;
        let of = |slice: &Slice| {
            let rho = slice.utilisation.clamp(0.0, UTILISATION_MAX);
            base + 1.0 / self.theta(rho) + slice.backlog_seconds
        };
        factor * slices.iter().map(|slice| slice.weight * of(slice)).sum::<f64>()
    }

    /// The latency in seconds that a part `slow` of requests exceeds.
    pub(crate) fn exceeded_by(&self, slices: &[Slice], factor: f64, slow: f64) -> Option<f64> {
        let each = slices.iter().filter(|s| s.weight > 0.0).map(|s| self.exceeded_in(s, slow));
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for seconds in each {
            low = low.min(seconds);
            high = high.max(seconds);
        }
        if !low.is_finite() {
            return None;
        }
        // The mixture's quantile lies between those of its parts.
        Some(self.between(slices, slow, low, high) * factor)
    }

    /// The same between two latencies, of which the lower is exceeded by `slow` at least and the
    /// higher by `slow` at most: regula falsi with the Illinois rule, since the fraction is nearly
    /// straight over so short a way.
    fn between(&self, slices: &[Slice], slow: f64, low: f64, high: f64) -> f64 {
        let excess = |seconds: f64| self.slow_fraction(slices, 1.0, seconds) - slow;
        let (mut low, mut high) = (low, high);
        let (mut above, mut below) = (excess(low), excess(high));
        let mut last_was_high = None;
        for _ in 0..STEPS_MAX {
            if high - low <= SECONDS_PRECISION * high || above <= 0.0 || below >= 0.0 {
                break;
            }
            let middle = low + (high - low) * above / (above - below);
            let at_middle = excess(middle);
            if at_middle.abs() <= FRACTION_PRECISION * slow {
                return middle;
            }
            let is_high = at_middle <= 0.0;
            let is_same_end = last_was_high == Some(is_high);
            if is_high {
                (high, below) = (middle, at_middle);
                above *= if is_same_end { 0.5 } else { 1.0 };
            } else {
                (low, above) = (middle, at_middle);
                below *= if is_same_end { 0.5 } else { 1.0 };
            }
            last_was_high = Some(is_high);
        }
        if above <= 0.0 { low } else { high }
    }

    /// The same for one slice, in closed form: between two base latencies the fraction is one
    /// exponential.
    fn exceeded_in(&self, slice: &Slice, slow: f64) -> f64 {
        let rho = slice.utilisation.clamp(0.0, UTILISATION_MAX);
        // At the next base latency the exponentials so far sum to one less than its own sum.
        let at = |j: usize| {
            #[expect(clippy::cast_precision_loss, reason = "at most sixteen")]
            let above = (POINTS - j) as f64;
            (self.sum(rho, j) - 1.0 + above) / POINTS_F64
        };
        let mut last = 0;
        while last + 1 < POINTS && at(last + 1) > slow {
            last += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most sixteen")]
        let above = (POINTS - 1 - last) as f64;
        let tail = ((slow * POINTS_F64 - above) / self.sum(rho, last)).clamp(1e-300, 1.0);
        slice.backlog_seconds + self.base_seconds[last] - libm::log(tail) / self.theta(rho)
    }
}

#[cfg(test)]
mod tests {
    use capacity::task::{BaseLatency, TaskParameters};
    use proptest::prelude::*;

    use super::*;

    fn task() -> TaskModel {
        TaskModel::new(TaskParameters {
            vcpu: 1.0,
            usable_vcpu: 1.0,
            cpu_seconds_per_request: 0.014,
            idle_vcpu: 0.03,
            kappa: 1.5,
            base_latency: BaseLatency { median_seconds: 0.04, p99_seconds: 0.15 },
            timeout_seconds: 10.0,
        })
        .unwrap()
    }

    fn slice(weight: f64, utilisation: f64, backlog_seconds: f64) -> Slice {
        Slice { weight, utilisation, backlog_seconds }
    }

    #[test]
    fn the_table_says_what_the_formula_says() {
        let (task, table) = (task(), LatencyTable::new(&task()));
        for rho in [0.0, 0.123, 0.5, 0.595, 0.9, 0.994, 1.0, 2.0] {
            for backlog in [0.0, 0.1, 3.0] {
                for seconds in [0.0, 0.01, 0.04, 0.11, 0.3, 1.0, 5.0] {
                    let formula = task.slow_fraction(rho, backlog, seconds);
                    let looked_up = table.slow_fraction(&[slice(1.0, rho, backlog)], 1.0, seconds);
                    assert!((formula - looked_up).abs() < 1e-5, "{rho} {backlog} {seconds}");
                }
            }
        }
    }

    #[test]
    fn quantiles_invert_the_slow_fraction() {
        let table = LatencyTable::new(&task());
        let mixed = [slice(0.3, 0.2, 0.0), slice(0.5, 0.8, 0.0), slice(0.2, 1.0, 2.0)];
        for slices in [&mixed[..], &[slice(1.0, 0.2, 0.0)], &[slice(1.0, 1.0, 2.0)]] {
            for slow in [0.5, 0.1, 0.01, 0.001] {
                let seconds = table.exceeded_by(slices, 1.3, slow).unwrap();
                let back = table.slow_fraction(slices, 1.3, seconds);
                assert!((back / slow - 1.0).abs() < 1e-3, "{slow}: {back}");
            }
        }
        assert_eq!(table.exceeded_by(&[], 1.0, 0.5), None);
    }

    #[test]
    fn the_mean_is_the_area_under_the_slow_fraction() {
        let table = LatencyTable::new(&task());
        for slices in [vec![slice(0.4, 0.3, 0.0), slice(0.6, 0.8, 0.1)], vec![slice(1.0, 0.0, 0.0)]]
        {
            let step = 0.000_1;
            let at = |k: u32| table.slow_fraction(&slices, 1.3, f64::from(k) * step);
            let area: f64 = (0..200_000).map(|k| 0.5 * step * (at(k) + at(k + 1))).sum();
            let mean = table.mean(&slices, 1.3);
            assert!((area / mean - 1.0).abs() < 1e-3, "{area} {mean}");
        }
    }

    proptest! {
        #[test]
        fn quantiles_of_any_mixture_invert_its_slow_fraction(
            parts in prop::collection::vec((0.01..1.0_f64, 0.0..1.2_f64, 0.0..20.0_f64), 1..7),
            slow in 0.001..0.9_f64,
        ) {
            let table = LatencyTable::new(&task());
            let total: f64 = parts.iter().map(|(weight, ..)| weight).sum();
            let slices: Vec<Slice> =
                parts.iter().map(|(weight, rho, wait)| slice(weight / total, *rho, *wait)).collect();
            let seconds = table.exceeded_by(&slices, 1.0, slow).unwrap();
            // Beside it and not at it: behind a backlog the fraction falls in steps.
            let at = |part: f64| table.slow_fraction(&slices, 1.0, seconds * part);
            prop_assert!(at(1.0 - 1e-5) >= slow * (1.0 - 1e-5), "{} below", at(1.0 - 1e-5));
            prop_assert!(at(1.0 + 1e-5) <= slow * (1.0 + 1e-5), "{} above", at(1.0 + 1e-5));
        }

        #[test]
        fn slower_thresholds_and_lighter_loads_are_never_worse(
            rho in 0.0..1.2_f64, more in 0.0..0.5_f64, seconds in 0.0..3.0_f64,
            later in 0.0..1.0_f64, backlog in 0.0..2.0_f64,
        ) {
            let table = LatencyTable::new(&task());
            let at = |rho, seconds| table.slow_fraction(&[slice(1.0, rho, backlog)], 1.0, seconds);
            prop_assert!(at(rho, seconds + later) <= at(rho, seconds) + 1e-12);
            prop_assert!(at(rho + more, seconds) >= at(rho, seconds) - 1e-6);
            prop_assert!((0.0..=1.0).contains(&at(rho, seconds)));
        }
    }
}
