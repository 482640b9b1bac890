//! Services and task definitions, as they are described.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ecs::types as sdk;
use cloud::{Error, ErrorKind, Resource, Result};
use model::inventory::{
    Container, Controller, Demand, Deployment, Launch, Mount, Network, Registration, Scheduling,
    Service, ServiceEvent, Strategy, TaskDefinition, Volume, VolumeKind,
};
use model::route::ServiceId;

use super::{count, seconds};
use crate::batches::{Answers, PAGES_MAX, batches, gather, in_order, too_many_pages};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::{Family, Lane};
use crate::services::{DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, SERVICES_MAX, describe};
use crate::time::time_of;

const LIST_SERVICES: &str = "ecs:ListServices";

pub(super) async fn services(clients: &Clients, ids: &[ServiceId]) -> Vec<Result<Service>> {
    let question = clients.question(Lane::Ordinary);
    let cluster = |id: &ServiceId| (Arc::clone(&id.account), id.cluster.clone());
    let asked = batches(ids, cluster, SERVICES_MAX);
    let answers = gather(asked.into_iter().map(|((account, _), ids)| async move {
        let client = clients.of(&account).await;
        let answers = describe(&client, question, &ids, None).await.into_iter();
        answers.map(|(id, answer)| (id, answer.and_then(|it| service(&it)))).collect()
    }))
    .await;
    in_order(ids, &answers, DESCRIBE_SERVICES)
}

pub(super) async fn names(
    client: &Client,
    question: Question,
    cluster: &str,
    scheduling: Option<Scheduling>,
) -> Result<Vec<String>> {
    let strategy = scheduling.map(|scheduling| match scheduling {
        Scheduling::Replica => sdk::SchedulingStrategy::Replica,
        Scheduling::Daemon => sdk::SchedulingStrategy::Daemon,
    });
    let (mut names, mut token) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let call = Call::new(LIST_SERVICES, Family::ServiceReads, question);
        let page = client.read(call, || {
            // ECS API: 10 a page unless asked for up to 100.
            let asked = client.ecs.list_services().cluster(cluster).max_results(100);
            asked.set_scheduling_strategy(strategy.clone()).set_next_token(token.clone()).send()
        });
        let page = page.await?;
        let arns = page.service_arns.unwrap_or_default();
        names.extend(arns.iter().filter_map(|arn| arn.rsplit('/').next()).map(str::to_owned));
        token = page.next_token;
        if token.is_none() {
            names.sort();
            return Ok(names);
        }
    }
    Err(too_many_pages(LIST_SERVICES))
}

pub(super) async fn task_definitions(
    clients: &Clients,
    ids: &[Resource],
) -> Vec<Result<TaskDefinition>> {
    let question = clients.question(Lane::Ordinary);
    let asked: BTreeSet<Resource> = ids.iter().cloned().collect();
    let answers = gather(asked.into_iter().map(|id| async move {
        let client = clients.of(&id.account).await;
        let call = Call::new(DESCRIBE_TASK_DEFINITION, Family::TaskDefinitionReads, question);
        let answer = client
            .read(call, || client.ecs.describe_task_definition().task_definition(&id.arn).send());
        let answer = answer.await.and_then(|answer| match answer.task_definition() {
            Some(found) => Ok(task_definition(found)),
            None => {
                Err(Error::new(ErrorKind::Partial, DESCRIBE_TASK_DEFINITION, "the answer is empty"))
            }
        });
        Answers::from([(id, answer)])
    }))
    .await;
    in_order(ids, &answers, DESCRIBE_TASK_DEFINITION)
}

fn service(found: &sdk::Service) -> Result<Service> {
    let needed = |value: Option<&str>, what: &str| {
        value.map(str::to_owned).ok_or_else(|| {
            let message = format!("the answer has no {what} of a service");
            Error::new(ErrorKind::Partial, DESCRIBE_SERVICES, message)
        })
    };
    let events = found.events().iter().map(|event| ServiceEvent {
        at: event.created_at().map(time_of),
        message: event.message().unwrap_or_default().to_owned(),
    });
    let registries = found.service_registries().iter().filter_map(|it| it.registry_arn());
    let deployments = u32::try_from(found.deployments().len()).unwrap_or(u32::MAX);
    Ok(Service {
        arn: needed(found.service_arn(), "ARN")?,
        name: needed(found.service_name(), "name")?,
        status: needed(found.status(), "status")?,
        launch: launch(found),
        scheduling: match found.scheduling_strategy() {
            Some(sdk::SchedulingStrategy::Daemon) => Scheduling::Daemon,
            _ => Scheduling::Replica,
        },
        controller: controller(found),
        deployment: deployment(found),
        desired: count(Some(found.desired_count())).unwrap_or(0),
        running: count(Some(found.running_count())).unwrap_or(0),
        pending: count(Some(found.pending_count())).unwrap_or(0),
        deployments,
        grace: seconds(found.health_check_grace_period_seconds()),
        registrations: found.load_balancers().iter().map(registration).collect(),
        registries: registries.map(str::to_owned).collect(),
        network: found
            .network_configuration()
            .and_then(|it| it.awsvpc_configuration())
            .map(network),
        task_definition: needed(found.task_definition(), "task definition")?,
        platform_version: found.platform_version().map(str::to_owned),
        events: events.collect(),
    })
}

fn launch(found: &sdk::Service) -> Launch {
    let providers = found.capacity_provider_strategy();
    if !providers.is_empty() {
        let names = providers.iter().map(|item| item.capacity_provider().to_owned());
        return Launch::Providers(names.collect());
    }
    match found.launch_type() {
        Some(sdk::LaunchType::Fargate) => Launch::Fargate,
        Some(sdk::LaunchType::External) => Launch::External,
        // ECS's own default, and managed instances are instances of EC2.
        _ => Launch::Ec2,
    }
}

fn controller(found: &sdk::Service) -> Controller {
    match found.deployment_controller().map(sdk::DeploymentController::r#type) {
        Some(sdk::DeploymentControllerType::CodeDeploy) => Controller::CodeDeploy,
        Some(sdk::DeploymentControllerType::External) => Controller::External,
        _ => Controller::Ecs,
    }
}

fn deployment(found: &sdk::Service) -> Deployment {
    let configuration = found.deployment_configuration();
    let breaker = configuration.and_then(|it| it.deployment_circuit_breaker());
    let strategy = configuration.and_then(|it| it.strategy());
    Deployment {
        strategy: match strategy {
            None | Some(sdk::DeploymentStrategy::Rolling) => Strategy::Rolling,
            Some(other) => Strategy::Shifting(other.as_str().to_owned()),
        },
        minimum_healthy_percent: count(configuration.and_then(|it| it.minimum_healthy_percent())),
        maximum_percent: count(configuration.and_then(|it| it.maximum_percent())),
        circuit_breaker: breaker.is_some_and(sdk::DeploymentCircuitBreaker::enable),
        circuit_breaker_rolls_back: breaker.is_some_and(sdk::DeploymentCircuitBreaker::rollback),
    }
}

fn registration(found: &sdk::LoadBalancer) -> Registration {
    let rule = found.advanced_configuration().and_then(|it| it.production_listener_rule());
    Registration {
        target_group: found.target_group_arn().map(str::to_owned),
        classic: found.load_balancer_name().map(str::to_owned),
        container: found.container_name().unwrap_or_default().to_owned(),
        port: found.container_port().and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
        production_rule: rule.map(str::to_owned),
    }
}

fn network(found: &sdk::AwsVpcConfiguration) -> Network {
    Network {
        subnets: found.subnets().to_vec(),
        security_groups: found.security_groups().to_vec(),
        public_ip: found.assign_public_ip() == Some(&sdk::AssignPublicIp::Enabled),
    }
}

pub(crate) fn task_definition(found: &sdk::TaskDefinition) -> TaskDefinition {
    // Task sizes are texts: `1024`, or `1 vCPU` and `2 GB` as they were registered.
    let architecture = found.runtime_platform().and_then(|it| it.cpu_architecture());
    TaskDefinition {
        arn: found.task_definition_arn().unwrap_or_default().to_owned(),
        network_mode: found.network_mode().map(|it| it.as_str().to_owned()),
        cpu: found.cpu().and_then(|text| size(text, "vcpu")),
        memory: found.memory().and_then(|text| size(text, "gb")),
        task_role: found.task_role_arn().map(str::to_owned),
        execution_role: found.execution_role_arn().map(str::to_owned),
        architecture: architecture.map(|it| it.as_str().to_owned()),
        ephemeral_gib: count(found.ephemeral_storage().map(sdk::EphemeralStorage::size_in_gib)),
        pid_mode: found.pid_mode().map(|it| it.as_str().to_owned()),
        ipc_mode: found.ipc_mode().map(|it| it.as_str().to_owned()),
        containers: found.container_definitions().iter().map(container).collect(),
        volumes: found.volumes().iter().map(volume).collect(),
    }
}

/// `1024`, or a decimal number of 1,024 with its unit: `.5 vCPU`, `2 GB`.
fn size(text: &str, unit: &str) -> Option<u32> {
    if let Ok(plain) = text.trim().parse() {
        return Some(plain);
    }
    let lower = text.to_ascii_lowercase();
    let (whole, part) = {
        let number = lower.strip_suffix(unit)?.trim();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        (if whole.is_empty() { "0" } else { whole }.to_owned(), part.to_owned())
    };
    let scale = 10_u32.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part: u32 = part.parse::<u32>().ok()?.checked_mul(1_024)? / scale;
    whole.parse::<u32>().ok()?.checked_mul(1_024)?.checked_add(part)
}

fn container(found: &sdk::ContainerDefinition) -> Container {
    let log = found.log_configuration();
    let options = log.and_then(sdk::LogConfiguration::options).into_iter().flatten();
    let pair = |it: &sdk::KeyValuePair| Some((it.name()?.to_owned(), it.value()?.to_owned()));
    let limit = |it: &sdk::Ulimit| {
        (it.name().as_str().to_owned(), (i64::from(it.soft_limit()), i64::from(it.hard_limit())))
    };
    Container {
        name: found.name().unwrap_or_default().to_owned(),
        image: found.image().unwrap_or_default().to_owned(),
        essential: found.essential().unwrap_or(true),
        cpu: count(Some(found.cpu())).unwrap_or(0),
        memory: count(found.memory()),
        memory_reservation: count(found.memory_reservation()),
        log_driver: log.map(|it| it.log_driver().as_str().to_owned()),
        log_options: options.map(|(key, value)| (key.clone(), value.clone())).collect(),
        mounts: found.mount_points().iter().map(mount).collect(),
        stop_timeout: seconds(found.stop_timeout()),
        demands: demands(found),
        links: found.links().to_vec(),
        ulimits: found.ulimits().iter().map(limit).collect(),
        environment: found.environment().iter().filter_map(pair).collect::<BTreeMap<_, _>>(),
        secrets: found.secrets().iter().map(|it| it.name().to_owned()).collect(),
    }
}

fn demands(found: &sdk::ContainerDefinition) -> BTreeSet<Demand> {
    let has_own_dns = !found.dns_servers().is_empty()
        || !found.dns_search_domains().is_empty()
        || !found.extra_hosts().is_empty();
    [
        (Demand::Privilege, found.privileged().unwrap_or(false)),
        (Demand::Accelerator, !found.resource_requirements().is_empty()),
        (Demand::OwnDns, has_own_dns),
    ]
    .into_iter()
    .filter_map(|(demand, is_made)| is_made.then_some(demand))
    .collect()
}

fn mount(found: &sdk::MountPoint) -> Mount {
    Mount {
        volume: found.source_volume().unwrap_or_default().to_owned(),
        path: found.container_path().unwrap_or_default().to_owned(),
        read_only: found.read_only().unwrap_or(false),
    }
}

fn volume(found: &sdk::Volume) -> Volume {
    let host = found.host().and_then(sdk::HostVolumeProperties::source_path);
    let kind = if let Some(docker) = found.docker_volume_configuration() {
        VolumeKind::Docker {
            driver: docker.driver().unwrap_or("local").to_owned(),
            shared: docker.scope() == Some(&sdk::Scope::Shared),
        }
    } else if found.efs_volume_configuration().is_some() {
        VolumeKind::Efs
    } else if found.fsx_windows_file_server_volume_configuration().is_some() {
        VolumeKind::Fsx
    } else if found.configured_at_launch().unwrap_or(false) {
        VolumeKind::AtLaunch
    } else {
        host.map_or(VolumeKind::Task, |path| VolumeKind::Host(path.to_owned()))
    };
    Volume { name: found.name().unwrap_or_default().to_owned(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_however_they_were_registered() {
        for (text, unit, units) in [
            ("1024", "vcpu", Some(1_024)),
            ("1 vCPU", "vcpu", Some(1_024)),
            (".5 vcpu", "vcpu", Some(512)),
            ("0.25vCPU", "vcpu", Some(256)),
            ("2 GB", "gb", Some(2_048)),
            ("2GB", "gb", Some(2_048)),
            ("much", "gb", None),
        ] {
            assert_eq!(size(text, unit), units, "{text}");
        }
    }
}
