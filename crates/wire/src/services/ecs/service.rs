//! Services.

use model::observation::{Deployment, Service as Described};
use model::{Side, Time};
use region::request::{Request, Response};

use super::definition::{definition_arn, revision_of};
use super::{
    CONTAINER, CONTAINER_PORT, cluster_arn, cluster_of, failure, includes, listed, name_of,
    service_arn, tag,
};
use crate::input::Input;
use crate::inventory::{Member, digest};
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

/// `DescribeServices` takes at most this many (ECS API reference).
const SERVICES_MAX: usize = 10;

/// The network of every Fargate service here.
pub(super) const SUBNET: &str = "subnet-0a1b2c3d4e5f60718";
const SECURITY_GROUP: &str = "sg-0a1b2c3d4e5f60718";

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let asked = input
        .texts("services")?
        .filter(|asked| !asked.is_empty())
        .ok_or_else(|| Refusal::invalid("Services cannot be empty."))?;
    if asked.len() > SERVICES_MAX {
        let message = format!("services can have at most {SERVICES_MAX} items.");
        return Err(Refusal::invalid(message));
    }
    let cluster = cluster_of(world, input)?;
    let with_tags = includes(input, "TAGS")?;
    let inventory = world.inventory;
    let found: Vec<(&str, Option<&Member>)> = asked
        .iter()
        .map(|text| (name_of(text), inventory.service(cluster, name_of(text))))
        .collect();
    let requests: Vec<Request<'_>> = found
        .iter()
        .filter_map(|(_, member)| member.map(|it| Request::DescribeService { id: &it.id }))
        .collect();
    let mut answers = world.call("ecs:DescribeServices", false, &requests)?.into_iter();
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for (name, member) in found {
        let described = member.and_then(|member| Some((member, answers.next()?)));
        match described {
            Some((member, Response::Service(described))) => {
                let mut fields = service(world, member, &described);
                if with_tags {
                    fields = fields.with("tags", tag::of_service(world, member));
                }
                services.push(fields);
            }
            Some(_) | None => failures.push(failure(service_arn(world, cluster, name))),
        }
    }
    Ok(Fields::new().with("services", members(services)).with("failures", members(failures)))
}

pub(super) fn list(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let cluster = cluster_of(world, input)?;
    world.look("ecs:ListServices")?;
    let launch = input.text("launchType")?;
    let is_replica = input.text("schedulingStrategy")?.is_none_or(|it| it == "REPLICA");
    let asked = |member: &&Member| {
        let of_type = launch.is_none_or(|launch| launch == launch_type(member.side));
        member.id.cluster == cluster && of_type && is_replica
    };
    let members = world.inventory.members.iter().filter(asked);
    let arns = members.map(|it| service_arn(world, cluster, &it.id.service)).collect();
    listed(input, "serviceArns", arns, 10)
}

pub(super) fn update(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    const KNOWN: [&str; 4] = ["cluster", "service", "desiredCount", "taskDefinition"];
    let name = name_of(input.needed_text("service")?);
    let desired = input.count("desiredCount", 0, u32::MAX)?;
    let cluster = cluster_of(world, input)?;
    let inventory = world.inventory;
    let member = inventory
        .service(cluster, name)
        .ok_or_else(|| Refusal::exactly("ServiceNotFoundException", 400, "Service not found."))?;
    if let Some(other) = input.other_than(&KNOWN) {
        let message = format!("{other} cannot be changed: this region changes desiredCount only.");
        return Err(Refusal::invalid(message));
    }
    let current = Request::DescribeService { id: &member.id };
    if let Some(wanted) = input.text("taskDefinition")? {
        check_definition(world, member, wanted)?;
    }
    let mut requests = Vec::new();
    requests.extend(desired.map(|desired| Request::UpdateService { id: &member.id, desired }));
    requests.push(current);
    let answers = world.call("ecs:UpdateService", true, &requests)?;
    let mut described = None;
    for answer in answers {
        if let Response::Failed(error) = answer {
            return Err(error.into());
        }
        described = Some(answer);
    }
    let described = described.unwrap_or(Response::Done).service()?;
    Ok(Fields::new().with("service", service(world, member, &described)))
}

/// A release comes from outside: only the definition in use may be named.
fn check_definition(world: &mut World<'_>, member: &Member, wanted: &str) -> Result<(), Refusal> {
    let request = Request::DescribeService { id: &member.id };
    let release = world.region.handle(&request).service()?.release;
    let used = definition_arn(world, member, revision_of(&release));
    if name_of(wanted) == name_of(&used) {
        return Ok(());
    }
    let message = format!(
        "taskDefinition is {wanted} and the service runs {used}: releases are not made through \
         this region's API."
    );
    Err(Refusal::invalid(message))
}

pub(super) const fn launch_type(side: Side) -> &'static str {
    match side {
        Side::Ec2 => "EC2",
        Side::Fargate => "FARGATE",
    }
}

/// A service as AWS describes it.
fn service(world: &World<'_>, member: &Member, described: &Described) -> Fields {
    let (cluster, name) = (&member.id.cluster, &member.id.service);
    let balancer = Fields::new()
        .with("targetGroupArn", &member.group_arn)
        .with("containerName", CONTAINER)
        .with("containerPort", CONTAINER_PORT);
    let deployments = deployments(world, member, described);
    let fields = Fields::new()
        .with("serviceArn", service_arn(world, cluster, name))
        .with("serviceName", name)
        .with("clusterArn", cluster_arn(world, cluster))
        .with("loadBalancers", members([balancer]))
        .with("serviceRegistries", members::<Fields>([]))
        .with("status", "ACTIVE")
        .with("desiredCount", described.desired)
        .with("runningCount", described.running)
        .with("pendingCount", described.pending)
        .with("taskDefinition", definition_arn(world, member, revision_of(&described.release)))
        .with(
            "deploymentConfiguration",
            Fields::new().with("maximumPercent", 200_u32).with("minimumHealthyPercent", 100_u32),
        )
        .with("deployments", members(deployments))
        .with("events", members(events(world, member, described)))
        .with("createdAt", world.region.start())
        .with("placementConstraints", members::<Fields>([]))
        .with("placementStrategy", members::<Fields>([]))
        .with("healthCheckGracePeriodSeconds", 0_u32)
        .with("schedulingStrategy", "REPLICA")
        .with("deploymentController", Fields::new().with("type", "ECS"))
        .with("enableECSManagedTags", false)
        .with("propagateTags", "NONE")
        .with("enableExecuteCommand", false);
    on_platform(fields, member.side)
}

fn on_platform(fields: Fields, side: Side) -> Fields {
    let fields = fields.with("launchType", launch_type(side));
    match side {
        Side::Ec2 => fields,
        Side::Fargate => {
            let network = Fields::new()
                .with("subnets", members([SUBNET]))
                .with("securityGroups", members([SECURITY_GROUP]))
                .with("assignPublicIp", "DISABLED");
            fields
                .with("platformVersion", "1.4.0")
                .with("platformFamily", "Linux")
                .with("networkConfiguration", Fields::new().with("awsvpcConfiguration", network))
        }
    }
}

/// The primary deployment, and before it what it replaces while it does.
fn deployments(world: &World<'_>, member: &Member, described: &Described) -> Vec<Fields> {
    let revision = revision_of(&described.release);
    let last = world.region.last_deployment(member.application, member.side);
    let one = |revision: u32, status: &str, counts: [u32; 3], at: Time, state: &str| {
        let (id, number) = (&member.id, revision.to_string());
        let id = digest(&["deployment", &id.cluster, &id.service, &number], 15);
        let id = u64::from_str_radix(&id, 16).unwrap_or_default();
        let [desired, running, pending] = counts;
        let fields = Fields::new()
            .with("id", format!("ecs-svc/{id:019}"))
            .with("status", status)
            .with("taskDefinition", definition_arn(world, member, revision))
            .with("desiredCount", desired)
            .with("pendingCount", pending)
            .with("runningCount", running)
            .with("failedTasks", 0_u32)
            .with("createdAt", at)
            .with("updatedAt", at)
            .with("rolloutState", state)
            .with("rolloutStateReason", reason(state, id));
        on_platform(fields, member.side)
    };
    let Described { desired, running, pending, .. } = *described;
    match described.deployment {
        Deployment::InProgress { since } => {
            let done = replaced(world.now, since, last, running);
            let counts = [desired, done, pending];
            let primary = one(revision, "PRIMARY", counts, since, "IN_PROGRESS");
            let old = running - done;
            let before = revision.saturating_sub(1).max(1);
            let start = world.region.start();
            vec![primary, one(before, "ACTIVE", [old, old, 0], start, "COMPLETED")]
        }
        Deployment::Failed => {
            let at = last.map_or_else(|| world.region.start(), |(since, _)| since);
            vec![one(revision, "PRIMARY", [desired, running, pending], at, "FAILED")]
        }
        Deployment::Steady => {
            let at = last.map_or_else(|| world.region.start(), |(since, _)| since);
            vec![one(revision, "PRIMARY", [desired, running, pending], at, "COMPLETED")]
        }
    }
}

fn reason(state: &str, id: u64) -> String {
    let word = match state {
        "IN_PROGRESS" => "in progress",
        "FAILED" => "failed",
        _ => "completed",
    };
    format!("ECS deployment ecs-svc/{id:019} {word}.")
}

/// How many of the running tasks are of the new release: they are replaced one by one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a count of tasks"
)]
fn replaced(now: Time, since: Time, last: Option<(Time, Time)>, running: u32) -> u32 {
    let Some((_, until)) = last.filter(|(begun, _)| *begun == since) else { return 0 };
    let part = now.since(since).secs_f64() / until.since(since).secs_f64().max(1.0);
    (part.clamp(0.0, 1.0) * f64::from(running)).floor() as u32
}

/// What can be told of a service's past: its last deployment, and that it is steady.
fn events(world: &World<'_>, member: &Member, described: &Described) -> Vec<Fields> {
    let name = &member.id.service;
    let event = |at: Time, message: String| {
        let digest = digest(&["event", name, &at.to_string(), &message], 32);
        let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
        let parts = parts.map(|(from, until)| digest.get(from..until).unwrap_or_default());
        Fields::new().with("id", parts.join("-")).with("createdAt", at).with("message", message)
    };
    let last = world.region.last_deployment(member.application, member.side);
    let mut events = Vec::new();
    if described.deployment == Deployment::Steady && described.running == described.desired {
        let at = last.map_or_else(|| world.region.start(), |(_, until)| until);
        events.push(event(at, format!("(service {name}) has reached a steady state.")));
    }
    if let Some((since, _)) = last {
        events.push(event(since, format!("(service {name}) has started a deployment.")));
    }
    events
}
