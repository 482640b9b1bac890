//! How tasks start, stop and are billed.
//!
//! A launch waits for the account's token bucket and the service's rate, then runs through
//! control, provisioning, image pull, boot and health checks. On EC2 a task also needs room on an
//! instance, or waits until one has come. Delays are lognormal and drawn by the caller's uniform:
//! the same uniform gives the same delay whatever else happens, which is what paired comparisons
//! need.

mod billing;
mod launch;
mod room;

pub use billing::{FARGATE_BILLED_MIN, billed};
pub use launch::{LaunchLimits, LaunchRate};
pub use room::{Room, RoomParameters};

use model::{Span, Time};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::{not_negative, positive};
use crate::normal;

/// The longest delay a start may take; a task that is not there after an hour has failed.
const DELAY_MAX: Span = Span::from_hours(1);

/// What the parts of a start take; medians in seconds.
///
/// The parts of one start are long together, so their sum is lognormal too, with the summed
/// medians and the one sigma.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartParameters {
    /// The scheduler's own time, the same for every task.
    pub control_seconds: f64,
    /// Median time until the image pull begins: network interface, placement.
    pub provision_seconds: f64,
    /// Median time of the image pull; nothing where the image is cached on the instance.
    pub pull_seconds: f64,
    /// Median time from the pulled image to RUNNING.
    pub boot_seconds: f64,
    /// Sigma of the logarithm of the three above.
    pub sigma: f64,
    /// From RUNNING until the balancer sends requests: health checks.
    pub health_seconds: f64,
}

impl StartParameters {
    /// Fargate before anything was measured: 50 s median with an image of some 400 MB, of which
    /// provisioning takes 15 s and the pull 25 s, then 15 s of health checks.
    #[must_use]
    pub const fn fargate() -> Self {
        Self {
            control_seconds: 5.0,
            provision_seconds: 15.0,
            pull_seconds: 25.0,
            boot_seconds: 10.0,
            sigma: 0.25,
            health_seconds: 15.0,
        }
    }

    /// EC2 with room and the image cached on the instance: 12 s median, then 15 s.
    #[must_use]
    pub const fn ec2() -> Self {
        Self {
            control_seconds: 5.0,
            provision_seconds: 2.0,
            pull_seconds: 2.0,
            boot_seconds: 8.0,
            sigma: 0.25,
            health_seconds: 15.0,
        }
    }
}

/// The instants of one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartTimes {
    /// The scheduler made the task.
    pub created: Time,
    /// Billing on Fargate begins.
    pub pull_started: Time,
    /// The task is RUNNING: it counts in metrics and burns CPU while it warms up.
    pub running: Time,
    /// The balancer sends it requests.
    pub healthy: Time,
}

/// Draws starts; its parameters have been checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartModel {
    parameters: StartParameters,
}

impl StartModel {
    /// Checks `parameters`.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first that is negative or not a number.
    pub fn new(parameters: StartParameters) -> Result<Self, Error> {
        let p = &parameters;
        not_negative("controlSeconds", p.control_seconds)?;
        not_negative("provisionSeconds", p.provision_seconds)?;
        not_negative("pullSeconds", p.pull_seconds)?;
        positive("bootSeconds", p.boot_seconds)?;
        not_negative("sigma", p.sigma)?;
        not_negative("healthSeconds", p.health_seconds)?;
        Ok(Self { parameters })
    }

    /// The parameters.
    #[must_use]
    pub const fn parameters(&self) -> &StartParameters {
        &self.parameters
    }

    /// The instants of a task made at `created`; `uniform` in (0, 1) is how slow a start it is.
    ///
    /// `factor` stretches all lognormal parts: 1 normally, more while the image or the platform is
    /// slow. Delays are whole milliseconds and no start takes more than an hour.
    #[must_use]
    pub fn times(&self, created: Time, uniform: f64, factor: f64) -> StartTimes {
        let factor = if factor.is_finite() { factor.max(0.0) } else { 1.0 };
        self.times_stretched(created, factor * self.stretch(uniform))
    }

    /// By how much the lognormal parts of a start are longer than their medians; `uniform` in
    /// (0, 1) is how slow a start it is.
    #[must_use]
    pub fn stretch(&self, uniform: f64) -> f64 {
        libm::exp(self.parameters.sigma * normal::quantile(uniform))
    }

    /// [`Self::times`] where the [`Self::stretch`] was worked out before, times any factor.
    #[must_use]
    pub fn times_stretched(&self, created: Time, stretch: f64) -> StartTimes {
        let p = &self.parameters;
        let part = |median: f64| median * stretch;
        let pull = p.control_seconds + part(p.provision_seconds);
        let running = pull + part(p.pull_seconds + p.boot_seconds);
        StartTimes {
            created,
            pull_started: created + span(pull),
            running: created + span(running),
            healthy: created + span(running + p.health_seconds),
        }
    }
}

/// Seconds as a span, at most [`DELAY_MAX`]; what is not a number is that long.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to between zero and an hour first"
)]
fn span(seconds: f64) -> Span {
    let longest = DELAY_MAX.secs_f64();
    let seconds = if seconds.is_nan() { longest } else { seconds.clamp(0.0, longest) };
    Span::from_millis(libm::round(seconds * 1_000.0) as u64)
}
