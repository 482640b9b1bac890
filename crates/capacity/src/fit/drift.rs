//! Whether a task still costs what it was fitted to cost.

use model::Side;
use serde::{Deserialize, Serialize};

use super::answer::Fitted;
use super::select::select;
use super::{Minute, Reservation, robust};
use crate::task::TaskModel;

/// The change of CPU that is looked for, up or down: capacity planned with it is off by as much.
const CHANGE: f64 = 0.05;

/// Minutes whose median is one value: a wild minute or two do not move it.
const GROUP: usize = 5;

/// The median of five normal numbers has this part of their deviation.
const DEVIATION_OF_MEDIAN: f64 = 0.536;

/// The least deviation of such a value: minutes are not independent of those before them.
const DEVIATION_MIN: f64 = 0.005;

/// Values until a false alarm, in the mean: nine years of five minutes.
const VALUES_TO_FALSE_ALARM: f64 = 1e6;

/// Deviations of one value count up to this many.
const WILD: f64 = 4.0;

/// A lasting change of what tasks cost: fit anew.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Drift {
    /// The minute since which it lasts.
    pub since: i64,
    /// The minute in which it was certain.
    pub certain: i64,
    /// CPU since then over what was fitted: 1.08 is 8 % more.
    pub factor: f64,
}

/// Looks for a lasting change of 5 % or more of CPU against `fitted`, by CUSUM (Page 1954) in both
/// directions on medians of five minutes; `None` while there is none.
///
/// Minutes come in any order; those that a fit would drop are dropped here.
#[must_use]
pub fn drift(fitted: &Fitted, side: Side, minutes: &[Minute]) -> Option<Drift> {
    let model = TaskModel::new(fitted.parameters).ok()?;
    let tasks = Reservation {
        vcpu: fitted.parameters.vcpu,
        usable_vcpu: Some(fitted.parameters.usable_vcpu),
    };
    let points = select(side, minutes, &tasks).points;
    let deviation = (DEVIATION_OF_MEDIAN * fitted.cpu_noise).max(DEVIATION_MIN);
    let change = libm::log1p(CHANGE);
    let reference = 0.5 * change / deviation;
    let threshold = threshold(reference);
    let mut sums = [Sum::default(), Sum::default()];
    for group in points.chunks_exact(GROUP) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let mut off: Vec<f64> = group
            .iter()
            .map(|p| libm::log(p.used.max(f64::MIN_POSITIVE) / model.vcpu_used(p.rate, false)))
            .collect();
        let off = robust::median(&mut off)?;
        for (sum, sign) in sums.iter_mut().zip([1.0, -1.0]) {
            let step = (sign * off / deviation).clamp(-WILD, WILD + reference) - reference;
            sum.add(step, off, first.minute);
            if sum.value > threshold {
                let factor = libm::exp(sum.off / sum.count);
                return Some(Drift { since: sum.since, certain: last.minute, factor });
            }
        }
    }
    None
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    value: f64,
    since: i64,
    off: f64,
    count: f64,
}

impl Sum {
    fn add(&mut self, step: f64, off: f64, minute: i64) {
        if self.value <= 0.0 {
            *self = Self { since: minute, ..Self::default() };
        }
        self.value = (self.value + step).max(0.0);
        self.off += off;
        self.count += 1.0;
    }
}

/// The threshold at which `reference` gives a false alarm as rarely as wanted, by Siegmund's
/// approximation (1985): `(exp(2kb) - 2kb - 1) / (2k^2)` values, `b = threshold + 1.166`.
fn threshold(reference: f64) -> f64 {
    let values = |threshold: f64| {
        let x = 2.0 * reference * (threshold + 1.166);
        (libm::exp(x) - x - 1.0) / (2.0 * reference * reference)
    };
    let (mut low, mut high) = (0.0, 1_000.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if values(middle) < VALUES_TO_FALSE_ALARM {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
