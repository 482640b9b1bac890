//! What stands between the controller and the world: a count of answers, and the end of the lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cloud::objectives::Source;
use cloud::signals::Quantiles;
use cloud::{
    Applied, Cloud, Error, ErrorKind, EventAsk, EventMinute, Marks, MinuteAsk, Objectives, Result,
    Router, Scaling, Services, Shift, SideMinute, Signals, TargetGroup, Thing,
};
use model::observation::{self, Bounds, ScheduledBounds, Service, Suspension, Targets};
use model::route::{Routes, ServiceId, Split};
use model::spec::Objective;
use model::{Span, Time};
use server::{ApiCall, Metrics};
use tokio::time::Instant;

const fn call(service: &'static str, operation: &'static str) -> ApiCall {
    ApiCall { service, operation }
}

const SERVICES: ApiCall = call("ecs", "DescribeServices");
const UPDATE: ApiCall = call("ecs", "UpdateService");
const TARGETS: ApiCall = call("elasticloadbalancing", "DescribeTargetHealth");
const SCALABLE: ApiCall = call("application-autoscaling", "DescribeScalableTargets");
const REGISTER: ApiCall = call("application-autoscaling", "RegisterScalableTarget");
const PUT_SCHEDULED: ApiCall = call("application-autoscaling", "PutScheduledAction");
const DELETE_SCHEDULED: ApiCall = call("application-autoscaling", "DeleteScheduledAction");
const WEIGHTS: ApiCall = call("router", "DescribeWeights");
const SET_WEIGHTS: ApiCall = call("router", "SetWeights");
const EVENTS: ApiCall = call("datadog", "Query");
const MARKS: ApiCall = call("marks", "DescribeMarks");
const MINUTES: ApiCall = call("cloudwatch", "GetMetricData");

/// Every kind of answer that is counted.
pub const ANSWERS: [ApiCall; 12] = [
    SERVICES,
    UPDATE,
    TARGETS,
    SCALABLE,
    REGISTER,
    PUT_SCHEDULED,
    DELETE_SCHEDULED,
    WEIGHTS,
    SET_WEIGHTS,
    MARKS,
    MINUTES,
    EVENTS,
];

/// Until when this process may change the world, on its own monotonic clock (C1).
#[derive(Debug)]
pub struct Fence {
    began: Instant,
    until_ms: AtomicU64,
}

impl Default for Fence {
    fn default() -> Self {
        Self { began: Instant::now(), until_ms: AtomicU64::new(0) }
    }
}

impl Fence {
    /// The time since this fence was made: what leases are reckoned by.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Lets writes through until then.
    pub fn open_until(&self, until: Duration) {
        let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.until_ms.store(until, Ordering::SeqCst);
    }

    /// Lets none through.
    pub fn close(&self) {
        self.until_ms.store(0, Ordering::SeqCst);
    }

    fn check(&self, operation: &'static str) -> Result<()> {
        if self.now().as_millis() < u128::from(self.until_ms.load(Ordering::SeqCst)) {
            return Ok(());
        }
        let message = "the lease of this process is over, so it may not write";
        Err(Error::new(ErrorKind::Unreachable, operation, message))
    }
}

/// A world that is counted and fenced.
pub struct Guarded {
    inner: Cloud,
    metrics: Arc<Metrics>,
    fence: Arc<Fence>,
}

impl Guarded {
    /// Puts a fence around `inner` and counts what goes through.
    #[must_use]
    pub fn around(inner: Cloud, metrics: Arc<Metrics>, fence: Arc<Fence>) -> Cloud {
        let clock = Arc::clone(&inner.clock);
        let guarded = Arc::new(Self { inner, metrics, fence });
        Cloud {
            services: Arc::clone(&guarded) as Arc<dyn Services>,
            scaling: Arc::clone(&guarded) as Arc<dyn Scaling>,
            router: Arc::clone(&guarded) as Arc<dyn Router>,
            signals: Arc::clone(&guarded) as Arc<dyn Signals>,
            objectives: Arc::clone(&guarded) as Arc<dyn Objectives>,
            marks: guarded.inner.marks.clone().map(|marks| {
                Arc::new(GuardedMarks { marks, guarded: Arc::clone(&guarded) }) as Arc<dyn Marks>
            }),
            clock,
        }
    }

    fn note<T>(&self, call: ApiCall, answer: Result<T>) -> Result<T> {
        let outcome = answer.as_ref().map_or_else(|error| error.kind.name(), |_| "ok");
        self.metrics.note_answer(call, outcome);
        answer
    }

    fn note_all<T>(&self, call: ApiCall, answers: Vec<Result<T>>) -> Vec<Result<T>> {
        answers.into_iter().map(|answer| self.note(call, answer)).collect()
    }
}

#[async_trait]
impl Services for Guarded {
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>> {
        self.note_all(SERVICES, self.inner.services.services(ids).await)
    }

    async fn target_groups(&self, ids: &[ServiceId]) -> Vec<Result<Option<TargetGroup>>> {
        self.note_all(SERVICES, self.inner.services.target_groups(ids).await)
    }

    async fn targets(&self, groups: &[TargetGroup]) -> Vec<Result<Targets>> {
        self.note_all(TARGETS, self.inner.services.targets(groups).await)
    }

    async fn set_desired(&self, id: &ServiceId, expected: u32, desired: u32) -> Result<()> {
        self.fence.check("ecs:UpdateService")?;
        self.note(UPDATE, self.inner.services.set_desired(id, expected, desired).await)
    }
}

#[async_trait]
impl Scaling for Guarded {
    async fn scalable_targets(
        &self,
        ids: &[ServiceId],
    ) -> Vec<Result<Option<observation::Scaling>>> {
        self.note_all(SCALABLE, self.inner.scaling.scalable_targets(ids).await)
    }

    async fn set_bounds(&self, id: &ServiceId, expected: Bounds, bounds: Bounds) -> Result<()> {
        self.fence.check("application-autoscaling:RegisterScalableTarget")?;
        self.note(REGISTER, self.inner.scaling.set_bounds(id, expected, bounds).await)
    }

    async fn set_suspended(
        &self,
        id: &ServiceId,
        expected: Suspension,
        suspended: Suspension,
    ) -> Result<()> {
        self.fence.check("application-autoscaling:RegisterScalableTarget")?;
        self.note(REGISTER, self.inner.scaling.set_suspended(id, expected, suspended).await)
    }

    async fn put_scheduled(&self, id: &ServiceId, scheduled: &ScheduledBounds) -> Result<()> {
        self.fence.check("application-autoscaling:PutScheduledAction")?;
        self.note(PUT_SCHEDULED, self.inner.scaling.put_scheduled(id, scheduled).await)
    }

    async fn delete_scheduled(&self, id: &ServiceId, name: &str) -> Result<()> {
        self.fence.check("application-autoscaling:DeleteScheduledAction")?;
        self.note(DELETE_SCHEDULED, self.inner.scaling.delete_scheduled(id, name).await)
    }
}

#[async_trait]
impl Router for Guarded {
    async fn observe(&self, migrations: &[Routes]) -> Vec<Result<Split>> {
        self.note_all(WEIGHTS, self.inner.router.observe(migrations).await)
    }

    async fn set(&self, shifts: &[Shift]) -> Vec<Result<Applied>> {
        if let Err(error) = self.fence.check("router:SetWeights") {
            return shifts.iter().map(|_| Err(error.clone())).collect();
        }
        self.note_all(SET_WEIGHTS, self.inner.router.set(shifts).await)
    }
}

#[async_trait]
impl Signals for Guarded {
    async fn minutes(&self, asks: &[MinuteAsk]) -> Vec<Result<Vec<SideMinute>>> {
        self.note_all(MINUTES, self.inner.signals.minutes(asks).await)
    }

    async fn quantiles(
        &self,
        group: &TargetGroup,
        from: Time,
        until: Time,
    ) -> Result<Option<Quantiles>> {
        self.note(MINUTES, self.inner.signals.quantiles(group, from, until).await)
    }

    fn settle(&self) -> Span {
        self.inner.signals.settle()
    }
}

#[async_trait]
impl Objectives for Guarded {
    async fn minutes(&self, asks: &[EventAsk]) -> Vec<Result<Vec<EventMinute>>> {
        self.note_all(EVENTS, self.inner.objectives.minutes(asks).await)
    }

    async fn objective(&self, source: &Source) -> Result<Option<Objective>> {
        self.note(EVENTS, self.inner.objectives.objective(source).await)
    }

    fn settle(&self) -> Span {
        self.inner.objectives.settle()
    }
}

/// The marks of a world that has them.
struct GuardedMarks {
    marks: Arc<dyn Marks>,
    guarded: Arc<Guarded>,
}

#[async_trait]
impl Marks for GuardedMarks {
    async fn marks(&self, things: &[Thing]) -> Vec<Result<Option<String>>> {
        self.guarded.note_all(MARKS, self.marks.marks(things).await)
    }

    /// Adoption is an operator's act: a daemon marks nothing.
    async fn set_mark(&self, thing: &Thing, _: Option<&str>, _: Option<&str>) -> Result<()> {
        let message = format!("a daemon does not mark the {thing}: `ferry adopt` does");
        Err(Error::new(ErrorKind::Invalid, "marks:SetMark", message))
    }
}
