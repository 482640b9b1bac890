//! A world, checked and tabulated: what a task does, how it starts, how it is measured.

use capacity::alarm::Lag;
use capacity::scaling::Semantics;
use capacity::start::{StartModel, StartParameters};
use capacity::task::{BaseLatency, LatencyObjective, SlowTable, TaskModel, TaskParameters};
use model::spec::World;
use model::{Span, Time};

use crate::Error;
use crate::load::TICK_SECONDS;

/// Five starts of equal share stand for the lognormal delay: its quantiles at 10, 30, 50, 70, 90 %.
pub(crate) const START_QUANTILES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// The checked physics of one world.
#[derive(Debug, Clone)]
pub struct Physics {
    pub(crate) world: World,
    pub(crate) task: TaskModel,
    pub(crate) slow: SlowTable,
    pub(crate) start: StartModel,
    safe_rate: f64,
}

impl Physics {
    /// Checks `world`.
    ///
    /// # Errors
    /// [`Error::World`] for parameters that contradict each other, [`Error::Hopeless`] where a task
    /// breaks the objective without any load.
    pub fn new(world: &World) -> Result<Self, Error> {
        let task = TaskModel::new(TaskParameters {
            vcpu: world.vcpu,
            usable_vcpu: world.vcpu,
            cpu_seconds_per_request: world.cpu_ms_per_request / 1_000.0,
            idle_vcpu: world.idle_vcpu,
            kappa: world.kappa,
            base_latency: BaseLatency {
                median_seconds: world.base_latency.median_ms / 1_000.0,
                p99_seconds: world.base_latency.p99_ms / 1_000.0,
            },
            timeout_seconds: world.timeout_s,
        })
        .map_err(Error::World)?;
        let threshold_seconds = world.slo.threshold_ms / 1_000.0;
        let slow = task.slow_table(threshold_seconds).map_err(Error::World)?;
        let start = StartModel::new(StartParameters {
            control_seconds: 0.0,
            provision_seconds: 0.0,
            pull_seconds: 0.0,
            boot_seconds: world.start.median_s,
            sigma: world.start.sigma,
            health_seconds: world.start.health_s,
        })
        .map_err(Error::World)?;
        let slow_fraction_max = world.slo.objective.budget();
        let safe_rate = task
            .safe_rate(LatencyObjective { threshold_seconds, slow_fraction_max })
            .filter(|rate| *rate > 0.0)
            .ok_or_else(|| Error::Hopeless {
                problem: format!(
                    "an idle task already answers more than {:.2} % of requests slower than {} ms",
                    100.0 * slow_fraction_max,
                    world.slo.threshold_ms
                ),
                remedy: "no number of tasks helps: raise `slo.thresholdMs`, or make the task faster",
            })?;
        Ok(Self { world: world.clone(), task, slow, start, safe_rate })
    }

    /// The world as it was given.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Requests per second that one task carries within the objective.
    #[must_use]
    pub const fn safe_rate(&self) -> f64 {
        self.safe_rate
    }

    /// Requests per second that use all the CPU of one task.
    #[must_use]
    pub const fn service_rate(&self) -> f64 {
        self.task.service_rate()
    }

    /// CPU percent of a task at its safe load.
    #[must_use]
    pub fn safe_cpu_percent(&self) -> f64 {
        let used = self.world.idle_vcpu + self.safe_rate * self.world.cpu_ms_per_request / 1_000.0;
        100.0 * used / self.world.vcpu
    }

    /// Tasks that carry `rate` requests per second within the objective, before any bounds.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a float beyond the range saturates"
    )]
    pub fn tasks_for(&self, rate: f64) -> u32 {
        libm::ceil(rate / self.safe_rate).max(0.0) as u32
    }

    /// Ticks from an order to running and to healthy, of a start that takes `stretch` times the
    /// median; at least one to each.
    pub(crate) fn start_ticks(&self, stretch: f64) -> (usize, usize) {
        let ordered = Time::from_millis(0);
        let times = self.start.times_stretched(ordered, stretch);
        let ticks = |at: Time| {
            let millis = at.since(ordered).as_millis();
            usize::try_from(millis.div_ceil(u64::from(TICK_SECONDS) * 1_000)).unwrap_or(usize::MAX)
        };
        let running = ticks(times.running).max(1);
        (running, ticks(times.healthy).max(running + 1))
    }

    /// The part of requests that may be slow.
    #[must_use]
    pub fn budget(&self) -> f64 {
        self.world.slo.objective.budget()
    }

    /// What AWS leaves open, with the lags of this world's metrics.
    ///
    /// The world's lag is that of its own period; for the other one it is what AWS was seen to take.
    #[must_use]
    pub fn semantics(&self) -> Semantics {
        let mut lag = Lag::default();
        let measured = seconds(self.world.metric.lag_s);
        if self.world.metric.period_s < 60.0 {
            lag.high_resolution = measured;
        } else {
            lag.standard = measured;
        }
        Semantics { lag, ..Semantics::default() }
    }
}

/// Seconds of a checked world as a span.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative; a float beyond the range saturates"
)]
pub(crate) fn seconds(seconds: f64) -> Span {
    Span::from_millis(libm::round(seconds.max(0.0) * 1_000.0) as u64)
}
