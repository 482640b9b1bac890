//! Scalable targets of ECS services, and their scheduled actions.
//!
//! ```text
//! scalable_targets   DescribeScalableTargets, 50 services a call
//!                    DescribeScheduledActions: the account's whole list, 50 a page, or one call
//!                    for each service with a target, whichever was fewer calls the last time
//! ```

mod schedule;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_applicationautoscaling::types as sdk;
use cloud::{Error, ErrorKind, Result, Scaling};
use model::Time;
use model::observation::{self, Bounds, ScheduledBounds, Suspension};
use model::route::ServiceId;
use model::spec::Aws;

use crate::batches::{
    Answers, PAGES_MAX, all_failed, batches, gather, halving, in_order, too_many_pages,
};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::{Family, Lane, locked};

pub(crate) const DESCRIBE_TARGETS: &str = "application-autoscaling:DescribeScalableTargets";
pub(crate) const DESCRIBE_SCHEDULED: &str = "application-autoscaling:DescribeScheduledActions";
const REGISTER_TARGET: &str = "application-autoscaling:RegisterScalableTarget";
const PUT_SCHEDULED: &str = "application-autoscaling:PutScheduledAction";
const DELETE_SCHEDULED: &str = "application-autoscaling:DeleteScheduledAction";

/// Application Auto Scaling API: `MaxResults` is 50 at most, and by default. No limit of
/// `ResourceIds` is stated, so that a page is what a call can answer.
pub(crate) const TARGETS_MAX: usize = 50;

/// [`Scaling`] over Application Auto Scaling.
pub(crate) struct Targets {
    clients: Arc<Clients>,
    /// How many pages the scheduled actions of an account were when last listed.
    pages: Mutex<BTreeMap<Arc<Aws>, usize>>,
}

/// Scheduled actions by the resource they are for.
type Scheduled = BTreeMap<String, Vec<ScheduledBounds>>;

impl Targets {
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self { clients, pages: Mutex::default() }
    }

    /// Targets and schedules of services in one account.
    async fn look(
        &self,
        account: Arc<Aws>,
        ids: Vec<ServiceId>,
        question: Question,
    ) -> Answers<ServiceId, Option<observation::Scaling>> {
        let client = self.clients.of(&account).await;
        let parts = ids.chunks(TARGETS_MAX).map(<[ServiceId]>::to_vec);
        let client_of_part = &client;
        let targets = gather(parts.map(|ids| async move {
            halving(ids, |ids| async move {
                let targets = describe(client_of_part, question, &ids).await?;
                let answer = |id: ServiceId| {
                    let target = targets.get(&resource(&id)).cloned();
                    (id, Ok(target))
                };
                Ok(ids.into_iter().map(answer).collect())
            })
            .await
        }))
        .await;
        let with_target: Vec<ServiceId> = targets
            .iter()
            .filter(|(_, answer)| matches!(answer, Ok(Some(_))))
            .map(|(id, _)| id.clone())
            .collect();
        let scheduled = self.scheduled(&account, &client, with_target, question).await;
        targets
            .into_iter()
            .map(|(id, target)| {
                let answer = target.and_then(|target| {
                    let Some(target) = target else { return Ok(None) };
                    match scheduled.get(&id) {
                        Some(scheduled) => seen(&target, scheduled.clone()?).map(Some),
                        None => Ok(None),
                    }
                });
                (id, answer)
            })
            .collect()
    }

    /// What is scheduled for services that have a target.
    async fn scheduled(
        &self,
        account: &Arc<Aws>,
        client: &Client,
        ids: Vec<ServiceId>,
        question: Question,
    ) -> Answers<ServiceId, Vec<ScheduledBounds>> {
        if ids.is_empty() {
            return Answers::new();
        }
        let now = self.clients.clock.now();
        let pages = locked(&self.pages).get(account).copied().unwrap_or(1);
        if pages > ids.len() {
            return gather(ids.into_iter().map(|id| async move {
                let answer = list(client, question, Some(&resource(&id)), now).await;
                let answer = answer.map(|(mut all, _)| all.remove(&resource(&id)));
                Answers::from([(id, answer.map(Option::unwrap_or_default))])
            }))
            .await;
        }
        match list(client, question, None, now).await {
            Ok((mut all, pages)) => {
                locked(&self.pages).insert(Arc::clone(account), pages);
                let mut own = |id: &ServiceId| all.remove(&resource(id)).unwrap_or_default();
                ids.iter().map(|id| (id.clone(), Ok(own(id)))).collect()
            }
            Err(error) => all_failed(&ids, &error),
        }
    }

    /// The target of a service that has one.
    async fn look_at(
        &self,
        id: &ServiceId,
        operation: &'static str,
    ) -> Result<sdk::ScalableTarget> {
        let client = self.clients.of(&id.account).await;
        let question = self.clients.question(Lane::Ordinary);
        let mut targets = describe(&client, question, std::slice::from_ref(id)).await?;
        targets.remove(&resource(id)).ok_or_else(|| {
            let message = format!("{id} has no scalable target");
            Error::new(ErrorKind::NotFound, operation, message)
        })
    }
}

#[async_trait]
impl Scaling for Targets {
    async fn scalable_targets(
        &self,
        ids: &[ServiceId],
    ) -> Vec<Result<Option<observation::Scaling>>> {
        let question = self.clients.question(Lane::Ordinary);
        let accounts = batches(ids, |id| Arc::clone(&id.account), usize::MAX);
        let answers =
            gather(accounts.into_iter().map(|(account, ids)| self.look(account, ids, question)))
                .await;
        in_order(ids, &answers, DESCRIBE_TARGETS)
    }

    async fn set_bounds(&self, id: &ServiceId, expected: Bounds, bounds: Bounds) -> Result<()> {
        let refused = |kind, message| Err(Error::new(kind, REGISTER_TARGET, message));
        let Bounds { min, max } = bounds;
        if min > max {
            return refused(ErrorKind::Invalid, format!("the minimum {min} is above {max}"));
        }
        // AWS takes no condition, and makes a target where there is none: read, compare, write.
        let live = bounds_of(&self.look_at(id, REGISTER_TARGET).await?)?;
        if live == bounds {
            return Ok(());
        }
        if live != expected {
            return refused(
                ErrorKind::Conflict,
                format!("the bounds are {}..{}", live.min, live.max),
            );
        }
        let client = self.clients.of(&id.account).await;
        let call = self.writing(REGISTER_TARGET);
        let (min, max) = (tasks(min, REGISTER_TARGET)?, tasks(max, REGISTER_TARGET)?);
        let sent = || {
            let sent = client.scaling.register_scalable_target();
            let sent = sent.service_namespace(sdk::ServiceNamespace::Ecs).resource_id(resource(id));
            let sent = sent.scalable_dimension(sdk::ScalableDimension::EcsServiceDesiredCount);
            sent.min_capacity(min).max_capacity(max).send()
        };
        client.write(call, sent).await.map(drop)
    }

    async fn set_suspended(
        &self,
        id: &ServiceId,
        expected: Suspension,
        suspended: Suspension,
    ) -> Result<()> {
        let live = suspension(&self.look_at(id, REGISTER_TARGET).await?);
        if live == suspended {
            return Ok(());
        }
        if live != expected {
            let message = format!("other kinds of scaling of {id} are suspended than expected");
            return Err(Error::new(ErrorKind::Conflict, REGISTER_TARGET, message));
        }
        let state = sdk::SuspendedState::builder()
            .dynamic_scaling_in_suspended(suspended.scale_in)
            .dynamic_scaling_out_suspended(suspended.scale_out)
            .scheduled_scaling_suspended(suspended.scheduled)
            .build();
        let client = self.clients.of(&id.account).await;
        // Bounds that are left out stay as they are.
        let sent = || {
            let sent = client.scaling.register_scalable_target();
            let sent = sent.service_namespace(sdk::ServiceNamespace::Ecs).resource_id(resource(id));
            let sent = sent.scalable_dimension(sdk::ScalableDimension::EcsServiceDesiredCount);
            sent.suspended_state(state).send()
        };
        client.write(self.writing(REGISTER_TARGET), sent).await.map(drop)
    }

    async fn put_scheduled(&self, id: &ServiceId, scheduled: &ScheduledBounds) -> Result<()> {
        let ScheduledBounds { name, at, min, max } = scheduled;
        if *at <= self.clients.clock.now() {
            let message = format!("{at} has passed: the action would never fire");
            return Err(Error::new(ErrorKind::Invalid, PUT_SCHEDULED, message));
        }
        let capacity = |tasks_wanted: Option<u32>| {
            tasks_wanted.map(|count| tasks(count, PUT_SCHEDULED)).transpose()
        };
        let action = sdk::ScalableTargetAction::builder()
            .set_min_capacity(capacity(*min)?)
            .set_max_capacity(capacity(*max)?)
            .build();
        let client = self.clients.of(&id.account).await;
        let sent = || {
            let sent = client.scaling.put_scheduled_action().scheduled_action_name(name);
            let sent = sent.service_namespace(sdk::ServiceNamespace::Ecs).resource_id(resource(id));
            let sent = sent.scalable_dimension(sdk::ScalableDimension::EcsServiceDesiredCount);
            sent.schedule(schedule::at(*at)).scalable_target_action(action).send()
        };
        client.write(self.writing(PUT_SCHEDULED), sent).await.map(drop)
    }

    async fn delete_scheduled(&self, id: &ServiceId, name: &str) -> Result<()> {
        let client = self.clients.of(&id.account).await;
        let sent = || {
            let sent = client.scaling.delete_scheduled_action().scheduled_action_name(name);
            let sent = sent.service_namespace(sdk::ServiceNamespace::Ecs).resource_id(resource(id));
            sent.scalable_dimension(sdk::ScalableDimension::EcsServiceDesiredCount).send()
        };
        match client.write(self.writing(DELETE_SCHEDULED), sent).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }
}

impl Targets {
    fn writing(&self, operation: &'static str) -> Call {
        Call::new(operation, Family::ScalingWrites, self.clients.question(Lane::Ordinary))
    }
}

/// A service as Application Auto Scaling names it.
pub(crate) fn resource(id: &ServiceId) -> String {
    format!("service/{}/{}", id.cluster, id.service)
}

/// The targets of up to 50 services, by resource; a service without one is absent.
pub(crate) async fn describe(
    client: &Client,
    question: Question,
    ids: &[ServiceId],
) -> Result<BTreeMap<String, sdk::ScalableTarget>> {
    let resources: Vec<String> = ids.iter().map(resource).collect();
    let mut targets = BTreeMap::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let call = Call::new(DESCRIBE_TARGETS, Family::ScalingReads, question);
        let page = client.read(call, || {
            let asked = client.scaling.describe_scalable_targets();
            let asked = asked.service_namespace(sdk::ServiceNamespace::Ecs);
            let asked = asked.scalable_dimension(sdk::ScalableDimension::EcsServiceDesiredCount);
            asked.set_resource_ids(Some(resources.clone())).set_next_token(token.clone()).send()
        });
        let page = page.await?;
        for target in page.scalable_targets.unwrap_or_default() {
            targets.insert(target.resource_id.clone(), target);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(targets);
        }
    }
    Err(too_many_pages(DESCRIBE_TARGETS))
}

/// One-shot actions that have not fired at `now`, of one resource or of the account, with the
/// number of pages they took.
async fn list(
    client: &Client,
    question: Question,
    resource: Option<&str>,
    now: Time,
) -> Result<(Scheduled, usize)> {
    let mut found = Scheduled::new();
    let mut token = None;
    for pages in 1..=PAGES_MAX {
        let call = Call::new(DESCRIBE_SCHEDULED, Family::ScalingReads, question);
        let page = client.read(call, || {
            let asked = client.scaling.describe_scheduled_actions();
            let asked = asked.service_namespace(sdk::ServiceNamespace::Ecs);
            let asked = asked.set_resource_id(resource.map(ToOwned::to_owned));
            asked.set_next_token(token.clone()).send()
        });
        let page = page.await?;
        for action in page.scheduled_actions.unwrap_or_default() {
            if let Some(scheduled) = scheduled(&action)?.filter(|it| it.at > now) {
                found.entry(action.resource_id).or_default().push(scheduled);
            }
        }
        token = page.next_token;
        if token.is_none() {
            return Ok((found, pages));
        }
    }
    Err(too_many_pages(DESCRIBE_SCHEDULED))
}

/// A one-shot action; `None` for one that recurs.
fn scheduled(action: &sdk::ScheduledAction) -> Result<Option<ScheduledBounds>> {
    let name = &action.scheduled_action_name;
    let at = schedule::read(&action.schedule, action.timezone.as_deref()).map_err(|why| {
        let message = format!("the schedule `{}` of `{name}`: {why}", action.schedule);
        Error::new(ErrorKind::Partial, DESCRIBE_SCHEDULED, message)
    })?;
    let Some(at) = at else { return Ok(None) };
    let capacity = |tasks: Option<i32>| tasks.map(|tasks| count(tasks, DESCRIBE_SCHEDULED));
    let wanted = action.scalable_target_action.as_ref();
    Ok(Some(ScheduledBounds {
        name: name.clone(),
        at,
        min: capacity(wanted.and_then(|it| it.min_capacity)).transpose()?,
        max: capacity(wanted.and_then(|it| it.max_capacity)).transpose()?,
    }))
}

/// A scalable target as Ferry sees it; what fires first comes first.
fn seen(
    target: &sdk::ScalableTarget,
    mut scheduled: Vec<ScheduledBounds>,
) -> Result<observation::Scaling> {
    scheduled.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    Ok(observation::Scaling {
        bounds: bounds_of(target)?,
        suspended: suspension(target),
        scheduled,
    })
}

pub(crate) fn suspension(target: &sdk::ScalableTarget) -> Suspension {
    let Some(state) = &target.suspended_state else { return Suspension::NONE };
    Suspension {
        scale_in: state.dynamic_scaling_in_suspended.unwrap_or(false),
        scale_out: state.dynamic_scaling_out_suspended.unwrap_or(false),
        scheduled: state.scheduled_scaling_suspended.unwrap_or(false),
    }
}

pub(crate) fn bounds_of(target: &sdk::ScalableTarget) -> Result<Bounds> {
    Ok(Bounds {
        min: count(target.min_capacity, DESCRIBE_TARGETS)?,
        max: count(target.max_capacity, DESCRIBE_TARGETS)?,
    })
}

fn count(tasks: i32, operation: &'static str) -> Result<u32> {
    u32::try_from(tasks).map_err(|_| {
        Error::new(ErrorKind::Partial, operation, format!("{tasks} is no count of tasks"))
    })
}

fn tasks(count: u32, operation: &'static str) -> Result<i32> {
    i32::try_from(count).map_err(|_| {
        Error::new(ErrorKind::Invalid, operation, format!("{count} tasks are more than AWS counts"))
    })
}

#[cfg(test)]
mod tests;
