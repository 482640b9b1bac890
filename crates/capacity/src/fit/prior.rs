//! What is known before the minutes: a load test, or an earlier fit.
//!
//! A prior counts as half an hour of minutes of its own, spread over the loads it has seen. It is
//! weighed like other minutes and so loses weight where it is off; where it is far off it is not
//! used at all.

use super::answer::Seen;
use super::robust;
use super::select::Point;
use crate::task::{TaskModel, TaskParameters};

/// Loads at which a prior speaks.
const POINTS: u32 = 6;

/// Minutes that a prior counts as: enough for a quiet hour, too few for a busy day.
const MINUTES: f64 = 30.0;

/// A prior whose CPU is off by more is of another release or another machine.
const CPU_OFF_MAX: f64 = 0.10;

/// The same for its latencies, which vary more.
const LATENCY_OFF_MAX: f64 = 0.30;

/// A task as it was known before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Its parameters.
    pub parameters: TaskParameters,
    /// What they rest on.
    pub seen: Seen,
    /// Standard deviation of the natural logarithm of its safe load.
    pub error: f64,
}

/// How far minutes are from a prior, as factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Off {
    pub cpu: f64,
    pub latency: f64,
}

impl Off {
    pub(super) fn is_near(&self) -> bool {
        (self.cpu - 1.0).abs() <= CPU_OFF_MAX
            && libm::log(self.latency).abs() <= libm::log1p(LATENCY_OFF_MAX)
    }
}

impl Prior {
    /// Whether the numbers are those of a task that was seen under load.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.model().is_some()
    }

    /// The model, if the prior is one.
    pub(super) fn model(&self) -> Option<TaskModel> {
        let Seen { requests_per_second_min: low, requests_per_second_max: high, .. } = self.seen;
        let is_sound = self.error >= 0.0 && self.error < 1.0 && low >= 0.0 && high >= low;
        TaskModel::new(self.parameters).ok().filter(|m| is_sound && high < m.service_rate())
    }

    /// What the prior says of CPU and latency at the loads it has seen, and how much each counts.
    ///
    /// `shift`, a standard normal number, makes the task as much stronger or weaker as the prior
    /// is uncertain.
    pub(super) fn points(&self, threshold: f64, shift: f64) -> Vec<(Point, f64)> {
        let Some(model) = self.model() else { return Vec::new() };
        let Seen { requests_per_second_min: low, requests_per_second_max: high, .. } = self.seen;
        let strength = libm::exp(self.error * shift);
        let point = |i: u32| {
            let rate = low + (high - low) * f64::from(i) / f64::from(POINTS - 1);
            let utilisation = model.utilisation(rate * strength);
            let point = Point {
                minute: 0,
                rate,
                used: model.vcpu_used(rate, false),
                p50: model.latency_quantile_seconds(0.5, utilisation, 0.0),
                p99: model.latency_quantile_seconds(0.99, utilisation, 0.0),
                slow: Some(model.slow_fraction(utilisation, 0.0, threshold)),
            };
            (point, MINUTES / f64::from(POINTS))
        };
        (0..POINTS).map(point).collect()
    }

    /// How far `points` are from the prior; `None` where there are none.
    pub(super) fn off(&self, points: &[Point]) -> Option<Off> {
        let model = self.model()?;
        let cpu = |p: &Point| p.used / model.vcpu_used(p.rate, false);
        let latency = |p: &Point| {
            let utilisation = model.utilisation(p.rate);
            Some(p.p99? / model.latency_quantile_seconds(0.99, utilisation, 0.0)?)
        };
        let cpu = robust::median(&mut points.iter().map(cpu).collect::<Vec<_>>())?;
        let mut latency: Vec<f64> = points.iter().filter_map(latency).collect();
        Some(Off { cpu, latency: robust::median(&mut latency).unwrap_or(1.0) })
    }
}
