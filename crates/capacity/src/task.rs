//! What one task does under load: CPU, latency, backlog.
//!
//! A task of `usable` vCPU serves `r` requests a second, each costing `d` CPU-seconds, and idles
//! at `f` vCPU. Its utilisation is `rho = r d / (usable - f)`. A request takes
//! `T = L0 + W`: `L0` lognormal time off the CPU, `W` waiting and service with
//! `P(W > w) = exp(-(1 - rho) (usable - f) w / (kappa d))`. With `kappa = 1` that is the sojourn
//! time of M/M/1; larger values stand for uneven service times and collection pauses. Exponential
//! tails are accurate from about the 90th percentile (Abate, Choudhury, Whitt 1995).

mod backlog;
mod slow_table;
mod tail;

pub use backlog::{Backlog, BacklogStep};
pub use slow_table::SlowTable;
pub use tail::Tail;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::{check, not_negative, positive};
use crate::normal;

/// Quantile points that stand for the base latency's distribution.
const BASE_LATENCY_POINTS: usize = 16;

/// The tail formula divides by `1 - rho`; above this the fluid backlog says the rest.
const UTILISATION_MAX: f64 = 0.995;

/// Halvings of an interval that reach the precision of a double.
const BISECTIONS: u32 = 60;

/// The parameters of a task, as files and fits give them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskParameters {
    /// CPU reserved for the task, in vCPU: what the reported percentage is a percentage of.
    pub vcpu: f64,
    /// CPU the task can really use, in vCPU: 1.0 plus its sidecars for one event loop, at most
    /// `vcpu` on Fargate, possibly more on EC2, where CPU shares are no hard cap.
    pub usable_vcpu: f64,
    /// CPU-seconds that one request costs, sidecars included.
    pub cpu_seconds_per_request: f64,
    /// CPU used without any request, in vCPU.
    pub idle_vcpu: f64,
    /// Tail factor: 1 for M/M/1, about (1 + squared variation of service time) / 2 beyond it.
    pub kappa: f64,
    /// Time a request spends off the CPU.
    pub base_latency: BaseLatency,
    /// How long a client waits before it gives up, in seconds: the longest backlog.
    pub timeout_seconds: f64,
}

/// A lognormal distribution given by two of its quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaseLatency {
    /// Median in seconds.
    pub median_seconds: f64,
    /// 99th percentile in seconds.
    pub p99_seconds: f64,
}

/// A latency objective: fewer than `slow_fraction_max` of requests take `threshold_seconds`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LatencyObjective {
    /// A slower request is slow, in seconds.
    pub threshold_seconds: f64,
    /// The part of requests that may be slow, between 0 and 1: 0.01 for 99 %.
    pub slow_fraction_max: f64,
}

/// The model of one task; its parameters have been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskModel {
    parameters: TaskParameters,
    /// Requests per second that use all CPU.
    service_rate: f64,
    /// Base latency at the quantiles (i + 1/2) / 16, rising.
    base_latency_seconds: [f64; BASE_LATENCY_POINTS],
}

impl TaskModel {
    /// Checks `parameters` and builds the model.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first parameter that is not finite, not positive, or
    /// contradicts another one.
    pub fn new(parameters: TaskParameters) -> Result<Self, Error> {
        let p = &parameters;
        positive("vcpu", p.vcpu)?;
        let usable = positive("usableVcpu", p.usable_vcpu)?;
        let cost = positive("cpuSecondsPerRequest", p.cpu_seconds_per_request)?;
        let below_usable = "zero or above it, and below usableVcpu";
        check("idleVcpu", p.idle_vcpu, below_usable, |v| (0.0..usable).contains(&v))?;
        positive("kappa", p.kappa)?;
        let median = positive("baseLatency.medianSeconds", p.base_latency.median_seconds)?;
        let tail = p.base_latency.p99_seconds;
        check("baseLatency.p99Seconds", tail, "at least the median", |v| v >= median)?;
        positive("timeoutSeconds", p.timeout_seconds)?;
        let service_rate = (usable - p.idle_vcpu) / cost;
        // Extreme but finite parameters may still overflow each other.
        positive("requests per second at full CPU", service_rate)?;
        let sigma = libm::log(tail / median) / normal::Z_P99;
        let mut uniform = 0.5 / POINTS;
        let base_latency_seconds = [(); BASE_LATENCY_POINTS].map(|()| {
            let latency = median * libm::exp(sigma * normal::quantile(uniform));
            uniform += 1.0 / POINTS;
            latency
        });
        Ok(Self { parameters, service_rate, base_latency_seconds })
    }

    /// The parameters the model was built from.
    #[must_use]
    pub const fn parameters(&self) -> &TaskParameters {
        &self.parameters
    }

    /// Requests per second that use all the CPU of one task.
    #[must_use]
    pub const fn service_rate(&self) -> f64 {
        self.service_rate
    }

    /// The part of its usable CPU that a task spends on `rate` requests per second; above 1 it
    /// falls behind.
    #[must_use]
    pub fn utilisation(&self, rate: f64) -> f64 {
        rate / self.service_rate
    }

    /// vCPU in use at `rate` requests per second; all that is usable once `backlogged`.
    #[must_use]
    pub fn vcpu_used(&self, rate: f64, backlogged: bool) -> f64 {
        let p = &self.parameters;
        if backlogged || rate >= self.service_rate {
            return p.usable_vcpu;
        }
        (p.idle_vcpu + rate * p.cpu_seconds_per_request).min(p.usable_vcpu)
    }

    /// `CPUUtilization` as ECS reports it: percent of what is reserved.
    #[must_use]
    pub fn cpu_percent(&self, rate: f64, backlogged: bool) -> f64 {
        100.0 * self.vcpu_used(rate, backlogged) / self.parameters.vcpu
    }

    /// The part of requests that take longer than `threshold_seconds`.
    ///
    /// `backlog_seconds` is how long a request waits behind a queue that is already there. Rises
    /// with both utilisation and backlog, falls with the threshold. What is not a number counts
    /// as slow.
    #[must_use]
    pub fn slow_fraction(
        &self,
        utilisation: f64,
        backlog_seconds: f64,
        threshold_seconds: f64,
    ) -> f64 {
        if utilisation.is_nan() || backlog_seconds.is_nan() || threshold_seconds.is_nan() {
            return 1.0;
        }
        let left = threshold_seconds - backlog_seconds;
        let rate = self.tail_rate(utilisation);
        let over = |base: &f64| {
            let slack = left - base;
            if slack <= 0.0 { 1.0 } else { libm::exp(-rate * slack) }
        };
        self.base_latency_seconds.iter().map(over).sum::<f64>() / POINTS
    }

    /// Latencies at a utilisation, for whoever asks about many of them.
    #[must_use]
    pub fn tail(&self, utilisation: f64) -> Tail<'_> {
        Tail::new(self, utilisation)
    }

    /// The latency that a part `quantile` of requests stays below, in seconds.
    ///
    /// Found by bisection on [`Self::slow_fraction`], so `quantile(0.99)` and the slow fraction at
    /// that latency agree; `None` unless `quantile` lies strictly between 0 and 1 and the load is
    /// a number.
    #[must_use]
    pub fn latency_quantile_seconds(
        &self,
        quantile: f64,
        utilisation: f64,
        backlog_seconds: f64,
    ) -> Option<f64> {
        if !(quantile > 0.0 && quantile < 1.0) || utilisation.is_nan() {
            return None;
        }
        if !backlog_seconds.is_finite() {
            return None;
        }
        let slow = 1.0 - quantile;
        let longest = self.base_latency_seconds.last().copied().unwrap_or(0.0);
        // Beyond every base latency the tail alone decides: exp(-rate w) <= slow.
        let tail = -libm::log(slow) / self.tail_rate(utilisation);
        let (mut low, mut high) = (0.0, backlog_seconds.max(0.0) + longest + tail);
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if self.slow_fraction(utilisation, backlog_seconds, middle) > slow {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high)
    }

    /// The highest utilisation at which `objective` holds without a backlog.
    ///
    /// `None` when it does not hold even without load, or is not an objective at all.
    #[must_use]
    pub fn safe_utilisation(&self, objective: LatencyObjective) -> Option<f64> {
        let slow_at = |rho| self.slow_fraction(rho, 0.0, objective.threshold_seconds);
        let allowed = objective.slow_fraction_max;
        // NaN on either side is never within the objective.
        if !matches!(slow_at(0.0).partial_cmp(&allowed), Some(order) if order.is_le()) {
            return None;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if slow_at(middle) > allowed {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(low)
    }

    /// The most requests per second one task carries within `objective`.
    #[must_use]
    pub fn safe_rate(&self, objective: LatencyObjective) -> Option<f64> {
        self.safe_utilisation(objective).map(|rho| rho * self.service_rate)
    }

    /// The slow fraction for one threshold as a table, about fifty nanoseconds a look-up.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the threshold is negative or not a number.
    pub fn slow_table(&self, threshold_seconds: f64) -> Result<SlowTable, Error> {
        let threshold_seconds = not_negative("thresholdSeconds", threshold_seconds)?;
        Ok(SlowTable::new(self, threshold_seconds))
    }

    /// How fast the tail of waiting and service falls, per second.
    fn tail_rate(&self, utilisation: f64) -> f64 {
        let rho = utilisation.clamp(0.0, UTILISATION_MAX);
        (1.0 - rho) * self.service_rate / self.parameters.kappa
    }
}

#[expect(clippy::cast_precision_loss, reason = "sixteen points")]
const POINTS: f64 = BASE_LATENCY_POINTS as f64;
