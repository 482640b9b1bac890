//! One side of an application: an ECS service with its tasks, its targets and its scalable target.

use capacity::task::{Backlog, LatencyObjective, TaskModel};
use model::observation::{Bounds, Deployment, Scaling, Service as Described, Targets};
use model::route::ServiceId;
use model::{Side, Span, Time};
use sampling::Generator;

use crate::Error;
use crate::autoscaling::{Autoscaling, Sample};
use crate::fleet::{Fleet, Launches, TICK_SECONDS};
use crate::latency::{LatencyTable, Slice};
use crate::minute::Gathering;
use crate::records::Records;
use crate::spec::{ServiceSpec, task_model};

/// CPU units of a vCPU (ECS, task definition parameters).
const CPU_UNITS: f64 = 1024.0;

/// One side of an application.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) id: ServiceId,
    pub(crate) group: String,
    pub(crate) task: TaskModel,
    pub(crate) table: LatencyTable,
    pub(crate) safe_rate: f64,
    pub(crate) error_rate: f64,
    pub(crate) desired: u32,
    pub(crate) fleet: Fleet,
    pub(crate) autoscaling: Option<Autoscaling>,
    pub(crate) release: Release,
    pub(crate) gathering: Gathering,
    pub(crate) minutes: Records,
    deployment: Span,
    backlog: Backlog,
}

/// What a service runs.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    image: String,
    number: u32,
    /// Latency compared with the first release.
    factor: f64,
    /// The deployment under way.
    rollout: Option<Rollout>,
}

#[derive(Debug, Clone, Copy)]
struct Rollout {
    since: Time,
    until: Time,
    factor_before: f64,
}

impl Service {
    pub(crate) fn new(
        side: Side,
        spec: &ServiceSpec,
        slow_threshold: Span,
        start: Time,
        draws: &Generator,
    ) -> Result<Self, Error> {
        let task = task_model(spec)?;
        let objective = LatencyObjective {
            threshold_seconds: slow_threshold.secs_f64(),
            slow_fraction_max: 0.01,
        };
        let safe_rate = task.safe_rate(objective).unwrap_or(0.0);
        let draws = draws.fork(side.name());
        Ok(Self {
            id: spec.id.clone(),
            group: spec.target_group_arn.clone(),
            table: LatencyTable::new(&task),
            task,
            safe_rate,
            error_rate: spec.error_rate,
            desired: spec.desired,
            fleet: Fleet::new(&spec.start, spec.desired, start, draws.fork("starts"))?,
            autoscaling: spec
                .scaling
                .as_ref()
                .map(|scaling| Autoscaling::new(&spec.id, scaling, start))
                .transpose()?,
            release: Release { image: spec.release.clone(), number: 1, factor: 1.0, rollout: None },
            gathering: Gathering::default(),
            minutes: Records::new(start.minute()),
            deployment: spec.deployment,
            backlog: Backlog::default(),
        })
    }

    /// The tick that begins at `now` and ends at `end`, at `rate` requests per second.
    pub(crate) fn step(
        &mut self,
        now: Time,
        end: Time,
        rate: f64,
        launches: Launches,
        cpu_factor: f64,
    ) {
        self.fleet.step(now, self.desired, launches);
        let serving = f64::from(self.fleet.serving);
        let capacity = serving * self.task.service_rate();
        let timeout = self.task.parameters().timeout_seconds;
        let step = self.backlog.step(rate, capacity, TICK_SECONDS, timeout);
        let requests = rate * TICK_SECONDS;
        let unanswered = step.dropped.min(requests);
        let utilisation = if capacity > 0.0 { (rate / capacity).min(1.0) } else { 0.0 };
        let slice = Slice { weight: 0.0, utilisation, backlog_seconds: step.delay_seconds };
        self.gathering.tick(requests, unanswered, slice);
        self.gathering.hosts(self.fleet.serving, self.fleet.unhealthy);
        let used = if serving > 0.0 {
            serving * self.task.vcpu_used(rate / serving, !self.backlog.is_empty())
        } else {
            0.0
        };
        let cpu_used = used + self.fleet.boot_vcpu();
        let cpu_reserved = self.task.parameters().vcpu * f64::from(self.fleet.running());
        self.gathering.cpu(cpu_used, cpu_reserved);
        if let Some(autoscaling) = &mut self.autoscaling {
            let sample = Sample { cpu_used, cpu_reserved, requests, healthy: serving };
            autoscaling.measure(end, sample, cpu_factor);
        }
    }

    pub(crate) const fn alive(&self) -> bool {
        self.fleet.serving > 0
    }

    pub(crate) fn bounds(&self) -> Option<Bounds> {
        self.autoscaling.as_ref().map(Autoscaling::bounds)
    }

    /// Sets the bounds, and moves the desired count into them at once.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds, now: Time) -> Result<(), capacity::Error> {
        if let Some(autoscaling) = &mut self.autoscaling {
            autoscaling.set_bounds(bounds)?;
            // A firing schedule of this very instant is journalled with the next tick.
            let _fired = self.evaluate(now);
        }
        Ok(())
    }

    /// Lets Application Auto Scaling decide; gives the bounds before and after where a scheduled
    /// action fired.
    pub(crate) fn evaluate(&mut self, now: Time) -> Option<(Bounds, Bounds)> {
        let deploying = self.deploying(now);
        let autoscaling = self.autoscaling.as_mut()?;
        let pass = autoscaling.evaluate(now, self.fleet.running(), self.desired, deploying);
        self.desired = pass.desired;
        pass.fired
    }

    /// The application team releases a version whose latency is `factor` of the one before.
    pub(crate) fn release(&mut self, factor: f64, now: Time) {
        let before = self.release.factor_at(now);
        let release = &mut self.release;
        release.number += 1;
        let name = release.image.rsplit_once(':').map_or(release.image.as_str(), |(name, _)| name);
        release.image = format!("{name}:{}", release.number);
        release.factor *= factor;
        release.rollout =
            Some(Rollout { since: now, until: now + self.deployment, factor_before: before });
    }

    pub(crate) fn deploying(&self, now: Time) -> bool {
        self.release.rollout.is_some_and(|rollout| now < rollout.until)
    }

    /// From when to when the tasks of the last deployment are replaced.
    pub(crate) fn rollout(&self) -> Option<(Time, Time)> {
        self.release.rollout.map(|rollout| (rollout.since, rollout.until))
    }

    /// CPU units that a task reserves, whole ones as a task definition has them.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a task's vCPU are few and above zero"
    )]
    pub(crate) fn cpu_units(&self) -> u32 {
        libm::round(self.task.parameters().vcpu * CPU_UNITS).max(1.0) as u32
    }

    pub(crate) fn described(&self, now: Time) -> Described {
        let deployment = match self.release.rollout {
            Some(rollout) if now < rollout.until => Deployment::InProgress { since: rollout.since },
            Some(_) | None => Deployment::Steady,
        };
        let running = self.fleet.running();
        Described {
            desired: self.desired,
            running,
            pending: self.fleet.pending.max(self.desired.saturating_sub(running)),
            release: self.release.image.clone(),
            cpu_units: Some(self.cpu_units()),
            deployment,
        }
    }

    pub(crate) const fn targets(&self) -> Targets {
        Targets {
            healthy: self.fleet.serving,
            unhealthy: self.fleet.unhealthy,
            initial: self.fleet.booting,
            draining: self.fleet.draining,
        }
    }

    pub(crate) fn scaling(&self) -> Option<Scaling> {
        self.autoscaling.as_ref().map(Autoscaling::described)
    }
}

impl Release {
    /// Latency compared with the first release, while tasks are replaced one by one.
    pub(crate) fn factor_at(&self, now: Time) -> f64 {
        match self.rollout {
            Some(rollout) if now < rollout.until => {
                let done = now.since(rollout.since).secs_f64()
                    / rollout.until.since(rollout.since).secs_f64().max(1.0);
                rollout.factor_before + (self.factor - rollout.factor_before) * done
            }
            Some(_) | None => self.factor,
        }
    }
}
