//! ECS services, the images they run, and the health of their targets.
//!
//! ```text
//! services   DescribeServices, ten of one cluster a call ─► DescribeTaskDefinition, once for each
//! targets    DescribeTargetHealth, one a group: AWS takes no more
//! ```
//!
//! A revision of a task definition never changes, so its image is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_ecs::types as sdk;
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};
use cloud::{Error, ErrorKind, Result, Services, TargetGroup};
use model::inventory::Container;
use model::observation::{Deployment, Service, Targets};
use model::route::ServiceId;
use model::spec::Aws;
use model::{Span, Time};

use crate::batches::{Answers, all_failed, batches, gather, halving, in_order};
use crate::clients::{Call, Client, Clients, Question};
use crate::inventory::task_definition;
use crate::limits::{Family, Lane, locked};
use crate::time::time_of;

pub(crate) const DESCRIBE_SERVICES: &str = "ecs:DescribeServices";
pub(crate) const DESCRIBE_TASK_DEFINITION: &str = "ecs:DescribeTaskDefinition";
const DESCRIBE_TARGET_HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
const UPDATE_SERVICE: &str = "ecs:UpdateService";

/// ECS API, DescribeServices: "You may specify up to 10 services".
pub(crate) const SERVICES_MAX: usize = 10;

/// [`Services`] over ECS and Elastic Load Balancing.
pub(crate) struct EcsServices {
    clients: Arc<Clients>,
    /// What was read of task definitions: a revision never changes.
    described: Mutex<BTreeMap<Task, Described>>,
    /// The groups of services that were described, and when.
    behind: Mutex<BTreeMap<ServiceId, (Time, Option<TargetGroup>)>>,
}

/// Services that were just described are not asked again where they register: what could not be
/// learnt at a start is asked for after the services were seen.
const DESCRIBED_FOR: Span = Span::from_secs(60);

/// A container of a revision of a task definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    account: Arc<Aws>,
    /// The revision's ARN.
    definition: String,
    /// The container behind the balancer; `None` where no balancer names one.
    container: Option<String>,
}

/// What matters of a task definition.
#[derive(Debug, Clone)]
struct Described {
    /// The image of its app container.
    image: String,
    /// CPU units that a task reserves.
    cpu_units: Option<u32>,
}

impl EcsServices {
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self { clients, described: Mutex::default(), behind: Mutex::default() }
    }

    /// One service as ECS describes it.
    async fn describe_one(&self, id: &ServiceId) -> Result<sdk::Service> {
        let mut answers = self.describe(std::slice::from_ref(id)).await;
        answers.remove(id).unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Partial, DESCRIBE_SERVICES, "the answer leaves it out"))
        })
    }

    /// Services as ECS describes them, ten of one cluster a call; where they register is
    /// remembered.
    async fn describe(&self, ids: &[ServiceId]) -> Answers<ServiceId, sdk::Service> {
        let question = self.clients.question(Lane::Ordinary);
        let cluster = |id: &ServiceId| (Arc::clone(&id.account), id.cluster.clone());
        let asked = batches(ids, cluster, SERVICES_MAX);
        let described = gather(asked.into_iter().map(|((account, _), ids)| async move {
            let client = self.clients.of(&account).await;
            describe(&client, question, &ids, None).await
        }))
        .await;
        let now = self.clients.clock.now();
        let mut behind = locked(&self.behind);
        for (id, service) in &described {
            if let Ok(service) = service {
                behind.insert(id.clone(), (now, group_of(id, service)));
            }
        }
        described
    }

    /// The group of a service that was described a moment ago.
    fn group_behind(&self, id: &ServiceId, now: Time) -> Option<Option<TargetGroup>> {
        let (at, group) = locked(&self.behind).get(id).cloned()?;
        (at <= now && now.since(at) <= DESCRIBED_FOR).then_some(group)
    }

    /// What matters of tasks, those not known yet read once each.
    async fn definitions(&self, tasks: BTreeSet<Task>) -> Answers<Task, Described> {
        let question = self.clients.question(Lane::Ordinary);
        let known: Answers<Task, Described> = {
            let described = locked(&self.described);
            tasks
                .iter()
                .filter_map(|task| Some((task.clone(), Ok(described.get(task)?.clone()))))
                .collect()
        };
        let missing: Vec<Task> =
            tasks.into_iter().filter(|task| !known.contains_key(task)).collect();
        let mut found = gather(missing.into_iter().map(|task| async move {
            let client = self.clients.of(&task.account).await;
            let definition = definition(&client, question, &task).await;
            Answers::from([(task, definition)])
        }))
        .await;
        let mut described = locked(&self.described);
        for (task, definition) in &found {
            if let Ok(definition) = definition {
                described.insert(task.clone(), definition.clone());
            }
        }
        found.extend(known);
        found
    }
}

#[async_trait]
impl Services for EcsServices {
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>> {
        let described = self.describe(ids).await;
        let running =
            described.iter().filter_map(|(id, answer)| task_of(id, answer.as_ref().ok()?));
        let definitions = self.definitions(running.collect()).await;
        let answers = described
            .into_iter()
            .map(|(id, answer)| {
                let answer = answer.and_then(|service| seen(&id, &service, &definitions));
                (id, answer)
            })
            .collect();
        in_order(ids, &answers, DESCRIBE_SERVICES)
    }

    async fn target_groups(&self, ids: &[ServiceId]) -> Vec<Result<Option<TargetGroup>>> {
        let now = self.clients.clock.now();
        let mut groups: Answers<ServiceId, Option<TargetGroup>> = ids
            .iter()
            .filter_map(|id| Some((id.clone(), Ok(self.group_behind(id, now)?))))
            .collect();
        let open: Vec<ServiceId> =
            ids.iter().filter(|id| !groups.contains_key(*id)).cloned().collect();
        groups.extend(self.describe(&open).await.into_iter().map(|(id, service)| {
            let group = service.map(|service| group_of(&id, &service));
            (id, group)
        }));
        in_order(ids, &groups, DESCRIBE_SERVICES)
    }

    async fn targets(&self, groups: &[TargetGroup]) -> Vec<Result<Targets>> {
        let question = self.clients.question(Lane::Ordinary);
        // In the order asked: where a look has no time for all of them, the last have no turn.
        let mut seen = BTreeSet::new();
        let mut asked = groups.to_vec();
        asked.retain(|group| seen.insert(group.clone()));
        let answers = gather(asked.into_iter().map(|group| async move {
            let client = self.clients.of(&group.account).await;
            let call = Call::new(DESCRIBE_TARGET_HEALTH, Family::BalancerReads, question);
            let answer = client.read(call, || {
                client.balancers.describe_target_health().target_group_arn(&group.arn).send()
            });
            let answer = answer.await.map(|it| counted(it.target_health_descriptions()));
            Answers::from([(group, answer)])
        }))
        .await;
        in_order(groups, &answers, DESCRIBE_TARGET_HEALTH)
    }

    async fn set_desired(&self, id: &ServiceId, expected: u32, desired: u32) -> Result<()> {
        // ECS takes no condition: read, compare, write.
        let live = count(self.describe_one(id).await?.desired_count())?;
        if live == desired {
            return Ok(());
        }
        if live != expected {
            let message = format!("the desired count is {live}, not {expected}");
            return Err(Error::new(ErrorKind::Conflict, UPDATE_SERVICE, message));
        }
        let Ok(wanted) = i32::try_from(desired) else {
            let message = format!("{desired} tasks are more than ECS counts");
            return Err(Error::new(ErrorKind::Invalid, UPDATE_SERVICE, message));
        };
        let client = self.clients.of(&id.account).await;
        let call =
            Call::new(UPDATE_SERVICE, Family::ServiceWrites, self.clients.question(Lane::Ordinary));
        let sent = client.ecs.update_service().cluster(&id.cluster).service(&id.service);
        let answer = client.write(call, || sent.desired_count(wanted).send()).await?;
        match answer.service().map(sdk::Service::desired_count) {
            Some(now) if now == wanted => Ok(()),
            now => {
                let message = format!("{desired} tasks were asked for, and the answer is {now:?}");
                Err(Error::new(ErrorKind::OutcomeUnknown, UPDATE_SERVICE, message))
            }
        }
    }
}

/// The group that a service registers its tasks in: the first where it has several.
fn group_of(id: &ServiceId, service: &sdk::Service) -> Option<TargetGroup> {
    let arn = service.load_balancers().iter().find_map(|behind| behind.target_group_arn())?;
    Some(TargetGroup { account: Arc::clone(&id.account), arn: arn.to_owned() })
}

/// Up to ten services of one cluster, with what is to be included. A name that ECS refuses spoils no other.
pub(crate) async fn describe(
    client: &Client,
    question: Question,
    ids: &[ServiceId],
    include: Option<sdk::ServiceField>,
) -> Answers<ServiceId, sdk::Service> {
    let include = &include;
    halving(ids.to_vec(), |ids| async move {
        match describe_at_once(client, question, &ids, include.clone()).await {
            // That is the cluster, and so all of them.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(all_failed(&ids, &error)),
            other => other,
        }
    })
    .await
}

async fn describe_at_once(
    client: &Client,
    question: Question,
    ids: &[ServiceId],
    include: Option<sdk::ServiceField>,
) -> Result<Answers<ServiceId, sdk::Service>> {
    let Some(first) = ids.first() else { return Ok(Answers::new()) };
    let names: Vec<String> = ids.iter().map(|id| id.service.clone()).collect();
    let call = Call::new(DESCRIBE_SERVICES, Family::ServiceReads, question);
    let answer = client.read(call, || {
        client
            .ecs
            .describe_services()
            .cluster(&first.cluster)
            .set_services(Some(names.clone()))
            .set_include(include.clone().map(|field| vec![field]))
            .send()
    });
    let answer = answer.await?;
    let mut services: BTreeMap<String, sdk::Service> = BTreeMap::new();
    for service in answer.services.unwrap_or_default() {
        if let Some(name) = service.service_name() {
            services.insert(name.to_owned(), service);
        }
    }
    let failures = answer.failures.unwrap_or_default();
    let answered =
        ids.iter().map(|id| (id.clone(), found(id, services.remove(&id.service), &failures)));
    Ok(answered.collect())
}

/// What an answer says of one service.
fn found(
    id: &ServiceId,
    service: Option<sdk::Service>,
    failures: &[sdk::Failure],
) -> Result<sdk::Service> {
    let error = |kind, message| Err(Error::new(kind, DESCRIBE_SERVICES, message));
    if let Some(service) = service {
        return match service.status() {
            Some("INACTIVE") => error(ErrorKind::NotFound, format!("{id} is deleted")),
            Some(_) => Ok(service),
            None => error(ErrorKind::Partial, format!("the answer has no status of {id}")),
        };
    }
    let ends = format!("/{}", id.service);
    let failure = failures
        .iter()
        .find(|failure| failure.arn().is_some_and(|arn| arn.ends_with(&ends) || arn == id.service));
    match failure.and_then(sdk::Failure::reason) {
        Some("MISSING") => error(ErrorKind::NotFound, format!("there is no service {id}")),
        reason => error(ErrorKind::Partial, format!("{id} is left out: {reason:?}")),
    }
}

/// The container whose image tells releases of a service apart.
fn task_of(id: &ServiceId, service: &sdk::Service) -> Option<Task> {
    let container = service.load_balancers().iter().find_map(|behind| behind.container_name());
    Some(Task {
        account: Arc::clone(&id.account),
        definition: service.task_definition()?.to_owned(),
        container: container.map(ToOwned::to_owned),
    })
}

/// A task's size, and the image of its container: the one behind the balancer, else the first
/// essential one.
async fn definition(client: &Client, question: Question, task: &Task) -> Result<Described> {
    let call = Call::new(DESCRIBE_TASK_DEFINITION, Family::TaskDefinitionReads, question);
    let answer = client.read(call, || {
        client.ecs.describe_task_definition().task_definition(&task.definition).send()
    });
    let answer = answer.await?;
    let definition = answer.task_definition().map(task_definition);
    let is_app = |it: &&Container| match &task.container {
        Some(name) => it.name == *name,
        None => it.essential,
    };
    let containers = definition.as_ref().map_or(&[][..], |it| &it.containers);
    let image = containers.iter().find(is_app).map(|it| it.image.clone());
    let image = image.filter(|image| !image.is_empty()).ok_or_else(|| {
        let message = format!("{} has no image of its app container", task.definition);
        Error::new(ErrorKind::Partial, DESCRIBE_TASK_DEFINITION, message)
    })?;
    Ok(Described { image, cpu_units: definition.and_then(|it| it.cpu_reserved()) })
}

/// A service as Ferry sees it.
fn seen(
    id: &ServiceId,
    service: &sdk::Service,
    definitions: &Answers<Task, Described>,
) -> Result<Service> {
    let task = task_of(id, service);
    let Some(definition) = task.and_then(|task| definitions.get(&task)) else {
        let message = format!("the answer names no task definition of {id}");
        return Err(Error::new(ErrorKind::Partial, DESCRIBE_SERVICES, message));
    };
    let definition = definition.clone()?;
    Ok(Service {
        desired: count(service.desired_count())?,
        running: count(service.running_count())?,
        pending: count(service.pending_count())?,
        release: definition.image,
        cpu_units: definition.cpu_units,
        deployment: deployment(service)?,
    })
}

fn count(tasks: i32) -> Result<u32> {
    u32::try_from(tasks).map_err(|_| {
        Error::new(ErrorKind::Partial, DESCRIBE_SERVICES, format!("{tasks} is no count of tasks"))
    })
}

/// Whether a service is being deployed: its newest deployment has not completed, or an older one
/// still has tasks. Where task sets are deployed by somebody else, whether one is not stable.
fn deployment(service: &sdk::Service) -> Result<Deployment> {
    let in_progress = |since: Option<&aws_smithy_types::DateTime>| match since {
        Some(since) => Ok(Deployment::InProgress { since: time_of(since) }),
        None => {
            let message = "a deployment without the time it was created";
            Err(Error::new(ErrorKind::Partial, DESCRIBE_SERVICES, message))
        }
    };
    let unstable = service
        .task_sets()
        .iter()
        .find(|set| set.stability_status() == Some(&sdk::StabilityStatus::Stabilizing));
    if let Some(set) = unstable {
        return in_progress(set.created_at());
    }
    let primary = service.deployments().iter().find(|it| it.status() == Some("PRIMARY"));
    let Some(primary) = primary else { return Ok(Deployment::Steady) };
    match primary.rollout_state() {
        Some(sdk::DeploymentRolloutState::Failed) => Ok(Deployment::Failed),
        Some(sdk::DeploymentRolloutState::Completed) | None if service.deployments().len() == 1 => {
            Ok(Deployment::Steady)
        }
        _ => in_progress(primary.created_at()),
    }
}

/// Targets by health. What has not been judged, or cannot be, is neither healthy nor ill.
fn counted(targets: &[TargetHealthDescription]) -> Targets {
    let mut counted = Targets::default();
    for target in targets {
        let state = target.target_health().and_then(|health| health.state());
        let place = match state {
            Some(TargetHealthStateEnum::Healthy) => &mut counted.healthy,
            Some(TargetHealthStateEnum::Unhealthy) => &mut counted.unhealthy,
            Some(TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining) => {
                &mut counted.draining
            }
            _ => &mut counted.initial,
        };
        *place += 1;
    }
    counted
}

#[cfg(test)]
mod tests;
