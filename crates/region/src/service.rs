//! One side of an application: an ECS service with its tasks, its targets and its scalable target.

use capacity::task::{Backlog, LatencyObjective, TaskModel};
use model::observation::{
    Bounds, Deployment, Scaling, ScheduledBounds, Service as Described, Targets,
};
use model::route::ServiceId;
use model::{Side, Span, Time};
use sampling::Generator;

use crate::Error;
use crate::autoscaler::Autoscaler;
use crate::fleet::{Fleet, Launches, TICK_SECONDS};
use crate::latency::{LatencyTable, Slice};
use crate::minute::{Gathering, SideRecord};
use crate::spec::{ServiceSpec, task_model};

/// Scheduled actions one target may have (Application Auto Scaling quotas).
pub(crate) const SCHEDULED_MAX: usize = 200;

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
    pub(crate) bounds: Option<Bounds>,
    pub(crate) scheduled: Vec<ScheduledBounds>,
    pub(crate) autoscaler: Autoscaler,
    pub(crate) release: Release,
    pub(crate) gathering: Gathering,
    pub(crate) minutes: Vec<SideRecord>,
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

/// What one tick of a side met.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Met {
    /// Requests that reached the side.
    pub(crate) requests: f64,
    /// Those no task answered.
    pub(crate) unanswered: f64,
}

impl Service {
    pub(crate) fn new(
        side: Side,
        spec: &ServiceSpec,
        slow_threshold: Span,
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
            fleet: Fleet::new(spec.start, spec.desired, draws.fork("starts")),
            bounds: spec.scaling.as_ref().map(|scaling| scaling.bounds),
            scheduled: Vec::new(),
            autoscaler: Autoscaler::default(),
            release: Release { image: spec.release.clone(), number: 1, factor: 1.0, rollout: None },
            gathering: Gathering::default(),
            minutes: Vec::new(),
            deployment: spec.deployment,
            backlog: Backlog::default(),
        })
    }

    /// One tick at `rate` requests per second.
    pub(crate) fn step(&mut self, rate: f64, launches: Launches) -> Met {
        self.fleet.step(self.desired, launches);
        let serving = f64::from(self.fleet.serving);
        let capacity = serving * self.task.service_rate();
        let timeout = self.task.parameters().timeout_seconds;
        let step = self.backlog.step(rate, capacity, TICK_SECONDS, timeout);
        let requests = rate * TICK_SECONDS;
        let unanswered = step.dropped.min(requests);
        let utilisation = if capacity > 0.0 { (rate / capacity).min(1.0) } else { 0.0 };
        let slice = Slice { weight: 0.0, utilisation, backlog_seconds: step.delay_seconds };
        self.gathering.tick(requests, unanswered, slice, self.fleet.serving);
        self.use_cpu(serving, rate);
        Met { requests, unanswered }
    }

    fn use_cpu(&mut self, serving: f64, rate: f64) {
        let reserved = self.task.parameters().vcpu * f64::from(self.fleet.running());
        let used = if serving > 0.0 {
            serving * self.task.vcpu_used(rate / serving, !self.backlog.is_empty())
        } else {
            0.0
        };
        self.gathering.cpu(used + self.fleet.boot_vcpu(), reserved);
    }

    pub(crate) const fn alive(&self) -> bool {
        self.fleet.serving > 0
    }

    /// Sets the desired count as a person or AWS does: within the bounds only where Application
    /// Auto Scaling does it.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = Some(bounds);
        self.desired = self.desired.max(bounds.min).min(bounds.max);
    }

    /// Carries out scheduled actions that are due; gives the bounds before and after each.
    pub(crate) fn fire_scheduled(
        &mut self,
        now: Time,
    ) -> Option<(ScheduledBounds, Bounds, Bounds)> {
        let first = self.scheduled.first().filter(|action| action.at <= now)?.clone();
        self.scheduled.remove(0);
        let before = self.bounds?;
        let min = first.min.unwrap_or(before.min);
        let max = first.max.unwrap_or(before.max);
        // An action whose minimum exceeds the standing maximum fails, as AWS makes it fail.
        let after = if min <= max { Bounds { min, max } } else { before };
        self.set_bounds(after);
        Some((first, before, after))
    }

    /// Keeps the actions in the order they fire.
    pub(crate) fn put_scheduled(&mut self, action: ScheduledBounds) {
        self.scheduled.retain(|other| other.name != action.name);
        let place = self.scheduled.partition_point(|other| {
            (other.at, other.name.as_str()) < (action.at, action.name.as_str())
        });
        self.scheduled.insert(place, action);
    }

    pub(crate) fn delete_scheduled(&mut self, name: &str) -> Option<ScheduledBounds> {
        let place = self.scheduled.iter().position(|action| action.name == name)?;
        Some(self.scheduled.remove(place))
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
        self.bounds.map(|bounds| Scaling {
            bounds,
            suspended: false,
            scheduled: self.scheduled.clone(),
        })
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
