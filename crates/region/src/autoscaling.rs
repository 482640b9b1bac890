//! The scalable target of one service: `capacity`'s state machine with the metrics it reads.

use std::collections::VecDeque;

use capacity::alarm::{Datapoint, MetricQuery, QueryStatistic, Statistic};
use capacity::scaling::{
    Activity, Cause, Inputs, PutScheduledAction, RegisterScalableTarget, SCALABLE_DIMENSION,
    SERVICE_NAMESPACE, ScalableTarget, ScalableTargetAction, Semantics, SuspendedState,
};
use model::observation::{Bounds, Scaling, ScheduledBounds, Suspension};
use model::route::ServiceId;
use model::{Span, Time};

use crate::Error;
use crate::spec::ScalingSpec;

/// High-resolution metrics are published this long after their period (capacity-and-scaling 2.3).
const HIGH_RESOLUTION_LAG: Span = Span::from_secs(20);

/// A scalable target with its policies and metrics.
#[derive(Debug, Clone)]
pub(crate) struct Autoscaling {
    target: ScalableTarget,
    meters: Vec<Meter>,
    /// Datapoints on their way, in order of publication.
    coming: VecDeque<(Time, Datapoint)>,
    /// Datapoints published since the last evaluation.
    published: Vec<Datapoint>,
    /// One-shot actions that have not fired, in order of time.
    scheduled: Vec<ScheduledBounds>,
}

/// One metric that a policy reads.
#[derive(Debug, Clone)]
struct Meter {
    metric: usize,
    reads: Reads,
    period_millis: i64,
    sum: f64,
    count: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// Percent of the reserved CPU.
    Cpu,
    /// Requests over healthy targets.
    RequestsPerTarget,
}

/// What one tick adds to the metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) cpu_used: f64,
    pub(crate) cpu_reserved: f64,
    pub(crate) requests: f64,
    pub(crate) healthy: f64,
}

/// How values that are due now are published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publication {
    /// The lag of metrics with a period of a minute and more.
    pub(crate) lag: Span,
    /// What a reading is off by.
    pub(crate) cpu_factor: f64,
    /// Whether they are published at all.
    pub(crate) published: bool,
}

/// What an evaluation saw and did.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) desired: u32,
    /// The bounds before and after, where a scheduled action fired.
    pub(crate) fired: Option<(Bounds, Bounds)>,
}

impl Autoscaling {
    pub(crate) fn new(id: &ServiceId, spec: &ScalingSpec, start: Time) -> Result<Self, Error> {
        let part = || format!("{id}.scaling");
        let capacity = |source| Error::Capacity { part: part(), source };
        let request = register(&resource_id(id), spec.bounds);
        let mut target =
            ScalableTarget::register(&request, Semantics::default()).map_err(capacity)?;
        for policy in &spec.policies {
            target.put(policy.clone(), start).map_err(capacity)?;
        }
        let meters = target
            .metrics()
            .iter()
            .enumerate()
            .map(|(metric, query)| Meter::new(metric, query, id))
            .collect::<Option<Vec<_>>>();
        let meters = meters.ok_or_else(|| Error::Spec {
            part: part(),
            problem: "a policy reads a metric that is not measured here: use CPUUtilization of \
                      the service or RequestCountPerTarget"
                .to_owned(),
        })?;
        let mut autoscaling = Self {
            target,
            meters,
            coming: VecDeque::new(),
            published: Vec::new(),
            scheduled: Vec::new(),
        };
        autoscaling.list_scheduled();
        Ok(autoscaling)
    }

    pub(crate) fn bounds(&self) -> Bounds {
        let (min, max) = self.target.bounds();
        Bounds { min, max }
    }

    pub(crate) fn described(&self) -> Scaling {
        let suspended = self.target.suspended();
        Scaling {
            bounds: self.bounds(),
            suspended: Suspension {
                scale_in: suspended.dynamic_scaling_in_suspended,
                scale_out: suspended.dynamic_scaling_out_suspended,
                scheduled: suspended.scheduled_scaling_suspended,
            },
            scheduled: self.scheduled.clone(),
        }
    }

    /// What was decided lately, oldest first.
    pub(crate) fn activities(&self) -> impl Iterator<Item = &Activity> {
        self.target.activities()
    }

    /// One tick that ends at `end`. Closes the high-resolution metrics; the others are closed by
    /// [`Self::close_minute`], when it is known how their minute is published.
    pub(crate) fn measure(&mut self, end: Time, sample: Sample, cpu_factor: f64) {
        for meter in &mut self.meters {
            meter.add(sample);
            if meter.period_millis < 60_000 && meter.ends(end) {
                let point = meter.close(end, cpu_factor);
                self.coming.push_back((end + HIGH_RESOLUTION_LAG, point));
            }
        }
    }

    pub(crate) fn close_minute(&mut self, end: Time, publication: Publication) {
        for meter in &mut self.meters {
            if meter.period_millis >= 60_000 && meter.ends(end) {
                let point = meter.close(end, publication.cpu_factor);
                let at = end + publication.lag;
                if publication.published {
                    // A shorter lag may overtake the minute before.
                    let place = self.coming.partition_point(|(other, _)| *other <= at);
                    self.coming.insert(place, (at, point));
                }
            }
        }
    }

    /// Lets the target decide at `now`.
    pub(crate) fn evaluate(
        &mut self,
        now: Time,
        running: u32,
        desired: u32,
        deploying: bool,
    ) -> Pass {
        self.published.clear();
        while let Some((_, point)) = self.coming.front().copied().filter(|(at, _)| *at <= now) {
            self.published.push(point);
            self.coming.pop_front();
        }
        let before = self.bounds();
        let inputs = Inputs {
            running,
            desired,
            deployment_in_progress: deploying,
            datapoints: &self.published,
        };
        let evaluation = self.target.evaluate(now, &inputs);
        let fired =
            evaluation.activities.iter().any(|a| matches!(a.cause, Cause::Scheduled { .. }));
        let fired = fired.then(|| (before, self.bounds()));
        if fired.is_some() {
            self.list_scheduled();
        }
        Pass { desired: evaluation.desired, fired }
    }

    /// Sets the bounds; they hold from the next evaluation on.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds) -> Result<(), capacity::Error> {
        let request = register(self.target.resource_id(), bounds);
        self.target.update(&request)
    }

    pub(crate) const fn target(&self) -> &ScalableTarget {
        &self.target
    }

    /// Switches kinds of scaling off, or on again.
    pub(crate) fn suspend(&mut self, suspended: SuspendedState) -> Result<(), capacity::Error> {
        let bounds = self.bounds();
        let request = RegisterScalableTarget {
            min_capacity: None,
            max_capacity: None,
            suspended_state: Some(suspended),
            ..register(self.target.resource_id(), bounds)
        };
        self.target.update(&request)
    }

    pub(crate) fn scheduled(&self) -> &[ScheduledBounds] {
        &self.scheduled
    }

    pub(crate) fn put_scheduled(
        &mut self,
        action: &ScheduledBounds,
        now: Time,
    ) -> Result<(), capacity::Error> {
        let request = PutScheduledAction {
            scheduled_action_name: action.name.clone(),
            service_namespace: SERVICE_NAMESPACE.to_owned(),
            resource_id: self.target.resource_id().to_owned(),
            scalable_dimension: SCALABLE_DIMENSION.to_owned(),
            schedule: format!("at({})", action.at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S")),
            timezone: None,
            start_time: None,
            end_time: None,
            scalable_target_action: ScalableTargetAction {
                min_capacity: action.min,
                max_capacity: action.max,
            },
        };
        self.target.put_scheduled_action(request, now)?;
        self.list_scheduled();
        Ok(())
    }

    pub(crate) fn delete_scheduled(&mut self, name: &str) -> Option<ScheduledBounds> {
        let known = self.scheduled.iter().find(|action| action.name == name).cloned();
        self.target.delete_scheduled_action(name);
        self.list_scheduled();
        known
    }

    /// Lists what has not fired, and drops the one-shot actions that have.
    fn list_scheduled(&mut self) {
        let spent: Vec<String> = self
            .target
            .scheduled_actions()
            .filter(|(_, next)| next.is_none())
            .map(|(request, _)| request.scheduled_action_name.clone())
            .collect();
        for name in &spent {
            self.target.delete_scheduled_action(name);
        }
        self.scheduled = self
            .target
            .scheduled_actions()
            .filter_map(|(request, next)| {
                let action = request.scalable_target_action;
                Some(ScheduledBounds {
                    name: request.scheduled_action_name.clone(),
                    at: next?,
                    min: action.min_capacity,
                    max: action.max_capacity,
                })
            })
            .collect();
        self.scheduled.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    }
}

impl Meter {
    /// `None` for what is not measured here.
    fn new(metric: usize, query: &MetricQuery, id: &ServiceId) -> Option<Self> {
        let own = |name: &str, value: &str| {
            query.dimensions.iter().any(|d| d.name == name && d.value == value)
        };
        let QueryStatistic::Plain(statistic) = &query.statistic else { return None };
        let single = matches!(
            statistic,
            Statistic::Average | Statistic::Minimum | Statistic::Maximum | Statistic::Sum
        );
        let reads = match (query.namespace.as_str(), query.metric_name.as_str()) {
            ("AWS/ECS", "CPUUtilization")
                if own("ClusterName", &id.cluster) && own("ServiceName", &id.service) =>
            {
                Reads::Cpu
            }
            ("AWS/ApplicationELB", "RequestCountPerTarget") => Reads::RequestsPerTarget,
            _ => return None,
        };
        let period_millis = i64::try_from(query.period.as_millis()).ok()?.max(1);
        single.then_some(Self { metric, reads, period_millis, sum: 0.0, count: 0.0 })
    }

    fn add(&mut self, sample: Sample) {
        match self.reads {
            Reads::Cpu => {
                self.sum += 100.0 * sample.cpu_used;
                self.count += sample.cpu_reserved;
            }
            // The sum over the period of requests over targets.
            Reads::RequestsPerTarget if sample.healthy > 0.0 => {
                self.sum += sample.requests / sample.healthy;
                self.count = 1.0;
            }
            Reads::RequestsPerTarget => {}
        }
    }

    const fn ends(&self, end: Time) -> bool {
        end.as_millis().rem_euclid(self.period_millis) == 0
    }

    /// The value of the period that ends now; not a number, and so no datapoint, without samples.
    fn close(&mut self, end: Time, cpu_factor: f64) -> Datapoint {
        let factor = match self.reads {
            Reads::Cpu => cpu_factor,
            Reads::RequestsPerTarget => 1.0,
        };
        let value = if self.count > 0.0 { factor * self.sum / self.count } else { f64::NAN };
        self.sum = 0.0;
        self.count = 0.0;
        let period = Span::from_millis(self.period_millis.unsigned_abs());
        Datapoint { metric: self.metric, period_start: end - period, value }
    }
}

fn resource_id(id: &ServiceId) -> String {
    format!("service/{}/{}", id.cluster, id.service)
}

fn register(resource_id: &str, bounds: Bounds) -> RegisterScalableTarget {
    RegisterScalableTarget {
        service_namespace: SERVICE_NAMESPACE.to_owned(),
        resource_id: resource_id.to_owned(),
        scalable_dimension: SCALABLE_DIMENSION.to_owned(),
        min_capacity: Some(bounds.min),
        max_capacity: Some(bounds.max),
        suspended_state: None,
    }
}
