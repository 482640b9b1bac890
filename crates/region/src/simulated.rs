//! The `cloud` traits over a region in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use capacity::scaling::SuspendedState;
use cloud::objectives::Source;
use cloud::signals::Quantiles;
use cloud::traffic_flow::{self, PolicyInstance, PolicyVersion};
use cloud::{
    Applied, Asked, Clock, Cloud, Error, ErrorKind, EventAsk, EventMinute, MinuteAsk, Objectives,
    Result, Router, Scaling, Services, Shift, SideMinute, Signals, TargetGroup, TrafficFlow,
};
use model::observation::{self, Bounds, ScheduledBounds, Service, Suspension, Targets};
use model::route::{Propagation, Route, Routes, ServiceId, Split, Weights};
use model::spec::Objective;
use model::{Span, Time};

use crate::Region;
use crate::request::{Request, RouteChange};

/// A handle to a region, cheap to clone, that speaks the `cloud` traits.
#[derive(Debug, Clone)]
pub struct SimulatedCloud {
    region: Arc<Mutex<Region>>,
}

impl SimulatedCloud {
    /// Puts `region` behind a handle.
    #[must_use]
    pub fn new(region: Region) -> Self {
        Self { region: Arc::new(Mutex::new(region)) }
    }

    /// All capabilities, each this handle.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        let handle = Arc::new(self.clone());
        Cloud {
            services: Arc::clone(&handle) as Arc<dyn Services>,
            scaling: Arc::clone(&handle) as Arc<dyn Scaling>,
            router: Arc::clone(&handle) as Arc<dyn Router>,
            signals: Arc::clone(&handle) as Arc<dyn Signals>,
            objectives: Arc::clone(&handle) as Arc<dyn Objectives>,
            marks: None,
            clock: handle,
        }
    }

    /// Looks at the region, or moves it on.
    pub fn with<T>(&self, look: impl FnOnce(&mut Region) -> T) -> T {
        look(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Region> {
        // A test that panicked while it looked leaves a region that is still whole.
        self.region.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Services for SimulatedCloud {
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>> {
        let mut region = self.lock();
        ids.iter().map(|id| region.handle(&Request::DescribeService { id }).service()).collect()
    }

    async fn targets(&self, groups: &[TargetGroup]) -> Vec<Result<Targets>> {
        let mut region = self.lock();
        groups
            .iter()
            .map(|group| region.handle(&Request::DescribeTargetHealth { group }).targets())
            .collect()
    }

    async fn target_groups(&self, ids: &[ServiceId]) -> Vec<Result<Option<TargetGroup>>> {
        let region = self.lock();
        let group = |id| match region.find_service(id) {
            Some((index, side)) => Ok(region.group_of(index, side)),
            None => {
                let message = format!("there is no service {id}");
                Err(Error::new(ErrorKind::NotFound, "ecs:DescribeServices", message))
            }
        };
        ids.iter().map(group).collect()
    }

    async fn set_desired(&self, id: &ServiceId, expected: u32, desired: u32) -> Result<()> {
        let mut region = self.lock();
        // AWS has no condition on a desired count: read, compare, write.
        if let Some(live) = region.live_desired(id) {
            if live == desired {
                return Ok(());
            }
            if live != expected {
                let message = format!("the desired count is {live}, not {expected}");
                return Err(Error::new(ErrorKind::Conflict, "ecs:UpdateService", message));
            }
        }
        region.handle(&Request::UpdateService { id, desired }).done()
    }
}

const fn state(suspended: Suspension) -> SuspendedState {
    SuspendedState {
        dynamic_scaling_in_suspended: suspended.scale_in,
        dynamic_scaling_out_suspended: suspended.scale_out,
        scheduled_scaling_suspended: suspended.scheduled,
    }
}

#[async_trait]
impl Scaling for SimulatedCloud {
    async fn scalable_targets(
        &self,
        ids: &[ServiceId],
    ) -> Vec<Result<Option<observation::Scaling>>> {
        let mut region = self.lock();
        ids.iter()
            .map(|id| region.handle(&Request::DescribeScalableTarget { id }).scalable_target())
            .collect()
    }

    async fn set_bounds(&self, id: &ServiceId, expected: Bounds, bounds: Bounds) -> Result<()> {
        let mut region = self.lock();
        if let Some(live) = region.live_bounds(id) {
            if live == bounds {
                return Ok(());
            }
            if live != expected {
                let message = format!("the bounds are {}..{}", live.min, live.max);
                let operation = "application-autoscaling:RegisterScalableTarget";
                return Err(Error::new(ErrorKind::Conflict, operation, message));
            }
        }
        region.handle(&Request::RegisterScalableTarget { id, bounds }).done()
    }

    async fn set_suspended(
        &self,
        id: &ServiceId,
        expected: Suspension,
        suspended: Suspension,
    ) -> Result<()> {
        let mut region = self.lock();
        let request = Request::DescribeScalableTarget { id };
        let live = region.handle(&request).scalable_target()?;
        let operation = Request::SuspendScaling { id, suspended: state(suspended) }.operation();
        let live = live.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, operation, format!("{id} has no scalable target"))
        })?;
        if live.suspended == suspended {
            return Ok(());
        }
        if live.suspended != expected {
            let message = format!("other kinds of scaling of {id} are suspended");
            return Err(Error::new(ErrorKind::Conflict, operation, message));
        }
        region.handle(&Request::SuspendScaling { id, suspended: state(suspended) }).done()
    }

    async fn put_scheduled(&self, id: &ServiceId, scheduled: &ScheduledBounds) -> Result<()> {
        self.lock().handle(&Request::PutScheduledAction { id, scheduled }).done()
    }

    async fn delete_scheduled(&self, id: &ServiceId, name: &str) -> Result<()> {
        match self.lock().handle(&Request::DeleteScheduledAction { id, name }).done() {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

#[async_trait]
impl Router for SimulatedCloud {
    async fn observe(&self, migrations: &[Routes]) -> Vec<Result<Split>> {
        let mut answers = Vec::with_capacity(migrations.len());
        for Routes { routes, .. } in migrations {
            let answer = if is_traffic_flow(routes) {
                traffic_flow::observe(self, routes).await
            } else {
                self.with(|region| split(region, routes))
            };
            answers.push(answer);
        }
        answers
    }

    async fn set(&self, shifts: &[Shift]) -> Vec<Result<Applied>> {
        let mut answers: BTreeMap<usize, Result<Applied>> = BTreeMap::new();
        // Rollbacks leave first, each alone; the answers keep the order asked.
        for (index, shift) in shifts.iter().enumerate().filter(|(_, shift)| shift.rollback) {
            if is_traffic_flow(&shift.routes) {
                answers.insert(index, traffic_flow::set(self, shift).await);
            } else {
                answers.extend(self.with(|region| apply(region, &[(index, shift)])));
            }
        }
        let advances = shifts.iter().enumerate().filter(|(_, shift)| !shift.rollback);
        let (by_policy, by_weight): (Vec<_>, Vec<_>) =
            advances.partition(|(_, shift)| is_traffic_flow(&shift.routes));
        answers.extend(self.with(|region| apply(region, &by_weight)));
        for (index, shift) in by_policy {
            answers.insert(index, traffic_flow::set(self, shift).await);
        }
        answers.into_values().collect()
    }
}

/// Whether routes are moved by Traffic Flow; those of one migration are all of one kind.
fn is_traffic_flow(routes: &[Route]) -> bool {
    matches!(routes.first(), Some(Route::TrafficPolicyInstance { .. }))
}

#[async_trait]
impl TrafficFlow for SimulatedCloud {
    async fn instance(&self, id: &str) -> Result<PolicyInstance> {
        self.lock().handle(&Request::GetPolicyInstance { id }).policy_instance()
    }

    async fn version(&self, policy: &str, number: u32) -> Result<PolicyVersion> {
        self.lock().handle(&Request::GetPolicyVersion { policy, number }).policy_version()
    }

    async fn versions(&self, policy: &str) -> Result<Vec<PolicyVersion>> {
        self.lock().handle(&Request::ListPolicyVersions { policy }).policy_versions()
    }

    async fn users(&self, policy: &str, number: u32) -> Result<Vec<String>> {
        self.lock().handle(&Request::ListPolicyInstances { policy, number }).policy_instances()
    }

    async fn create_version(
        &self,
        policy: &str,
        document: &str,
        comment: &str,
    ) -> Result<PolicyVersion> {
        let request = Request::CreatePolicyVersion { policy, document, comment };
        self.lock().handle(&request).policy_version()
    }

    async fn update_instance(
        &self,
        instance: &PolicyInstance,
        number: u32,
    ) -> Result<PolicyInstance> {
        let PolicyInstance { id, policy, ttl, .. } = instance;
        let request = Request::UpdatePolicyInstance { id, ttl: *ttl, policy, number };
        self.lock().handle(&request).policy_instance()
    }

    async fn delete_version(&self, policy: &str, number: u32) -> Result<()> {
        self.lock().handle(&Request::DeletePolicyVersion { policy, number }).done()
    }
}

/// The live weights of all of a migration's routes, or why there is no saying.
fn split(region: &mut Region, routes: &[Route]) -> Result<Split> {
    let mut weights = Weights::new();
    let mut spread = Propagation::InSync { since: None };
    for route in routes {
        let (pair, propagation) = region.handle(&Request::DescribeRoute { route }).route()?;
        weights.insert(route.key(), pair);
        spread = spread.and(propagation);
    }
    Ok(Split { sticky: model::route::Sticky::new(), weights, propagation: spread })
}

/// A change that one shift asks for.
type Owned<'a> = (usize, RouteChange<'a>);

/// Makes shifts that may share batches: one for all records of a zone, one for everything else.
fn apply(region: &mut Region, shifts: &[(usize, &Shift)]) -> BTreeMap<usize, Result<Applied>> {
    let mut answers = BTreeMap::new();
    let mut batches: BTreeMap<String, Vec<Owned<'_>>> = BTreeMap::new();
    for (index, shift) in shifts {
        let answer = changes(region, shift).map(|changes| {
            let written = !changes.is_empty();
            for (batch, change) in changes {
                batches.entry(batch).or_default().push((*index, change));
            }
            // What every route was read, or is written, to hold.
            Applied { weights: shift.weights.clone(), written }
        });
        answers.insert(*index, answer);
    }
    for batch in batches.values() {
        for (index, error) in write(region, batch) {
            answers.insert(index, Err(error));
        }
    }
    answers
}

/// Writes a batch; gives the shifts that failed. A batch that one of several shifts spoilt is
/// written again, shift by shift.
fn write(region: &mut Region, batch: &[Owned<'_>]) -> Vec<(usize, Error)> {
    let changes: Vec<RouteChange<'_>> = batch.iter().map(|(_, change)| *change).collect();
    let Err(error) = region.handle(&Request::ChangeRoutes { changes: &changes }).done() else {
        return Vec::new();
    };
    let shared = batch.first().map(|(index, _)| index) != batch.last().map(|(index, _)| index);
    if error.kind != ErrorKind::Conflict || !shared {
        return batch.iter().map(|(index, _)| (*index, error.clone())).collect();
    }
    let alone = batch.chunk_by(|(a, _), (b, _)| a == b);
    alone.flat_map(|changes| write(region, changes)).collect()
}

/// What a shift has to change, with the batch each change may share.
fn changes<'a>(region: &mut Region, shift: &'a Shift) -> Result<Vec<(String, RouteChange<'a>)>> {
    let operation = Request::ChangeRoutes { changes: &[] }.operation();
    let mut changes = Vec::new();
    for Asked { route, expected, weights } in shift.asked(operation)? {
        let key = route.key();
        // Read before write: AWS checks the expectation of a record itself, of a rule never.
        let request = Request::DescribeRoute { route };
        let (live, _) = region.handle(&request).route()?;
        if live == weights {
            continue;
        }
        if live != expected {
            let message = format!("{key} holds {}/{}", live.ec2, live.fargate);
            return Err(Error::new(ErrorKind::Conflict, request.operation(), message));
        }
        let batch = match route {
            Route::Route53Record { zone, .. } => zone.clone(),
            Route::TrafficPolicyInstance { .. } | Route::AlbRule { .. } => key,
        };
        changes.push((batch, RouteChange { route, expected, weights }));
    }
    Ok(changes)
}

#[async_trait]
impl Signals for SimulatedCloud {
    async fn minutes(&self, asks: &[MinuteAsk]) -> Vec<Result<Vec<SideMinute>>> {
        let mut region = self.lock();
        asks.iter().map(|ask| region.handle(&Request::GetMinutes { ask }).minutes()).collect()
    }

    async fn quantiles(
        &self,
        group: &TargetGroup,
        from: Time,
        until: Time,
    ) -> Result<Option<Quantiles>> {
        let request = Request::GetQuantiles { group, from, until };
        self.lock().handle(&request).quantiles()
    }

    fn settle(&self) -> Span {
        self.lock().settle()
    }
}

#[async_trait]
impl Objectives for SimulatedCloud {
    async fn minutes(&self, asks: &[EventAsk]) -> Vec<Result<Vec<EventMinute>>> {
        let region = self.lock();
        asks.iter().map(|ask| region.events(ask)).collect()
    }

    async fn objective(&self, _: &Source) -> Result<Option<Objective>> {
        // A region counts events and says of none how many may be bad.
        Ok(None)
    }

    fn settle(&self) -> Span {
        self.lock().settle()
    }
}

#[async_trait]
impl Clock for SimulatedCloud {
    fn now(&self) -> Time {
        self.lock().now()
    }

    async fn sleep_until(&self, until: Time) {
        self.lock().advance_to(until);
    }
}
