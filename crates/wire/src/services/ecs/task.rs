//! Tasks: the region counts them, so they are numbered here. A number stands for no task in
//! particular; how many there are in each state is true at any moment.

use std::collections::BTreeMap;

use model::Side;
use model::observation::Service as Described;
use region::request::Request;

use super::definition::{cpu_units, definition_arn, family, memory_mib, revision_of};
use super::service::launch_type;
use super::{CONTAINER, arn, cluster_arn, cluster_of, failure, listed, name_of};
use crate::input::Input;
use crate::inventory::{Member, digest};
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

/// `DescribeTasks` takes at most this many (ECS API reference).
const TASKS_MAX: usize = 100;
/// Digits of a task's id that say whose it is; the others are its number.
const OWNER_DIGITS: usize = 24;

fn owner(member: &Member) -> String {
    digest(&["task", &member.id.cluster, &member.id.service], OWNER_DIGITS)
}

fn task_arn(world: &World<'_>, member: &Member, number: u32) -> String {
    let cluster = &member.id.cluster;
    arn(world, &format!("task/{cluster}/{}{number:08x}", owner(member)))
}

pub(super) fn list(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let cluster = cluster_of(world, input)?;
    let inventory = world.inventory;
    let service = input.text("serviceName")?.map(name_of);
    if service.is_some_and(|service| inventory.service(cluster, service).is_none()) {
        return Err(Refusal::exactly("ServiceNotFoundException", 400, "Service not found."));
    }
    let (launch, of_family) = (input.text("launchType")?, input.text("family")?);
    let asked = |member: &&Member| {
        member.id.cluster == cluster
            && service.is_none_or(|service| member.id.service == service)
            && launch.is_none_or(|launch| launch == launch_type(member.side))
            && of_family.is_none_or(|wanted| wanted == family(member))
    };
    let asked: Vec<&Member> = inventory.members.iter().filter(asked).collect();
    let requests: Vec<Request<'_>> =
        asked.iter().map(|it| Request::DescribeService { id: &it.id }).collect();
    let answers = world.call("ecs:ListTasks", false, &requests)?;
    // Stopped tasks are not remembered, and no task here is asked to be PENDING.
    let status = input.text("desiredStatus")?.unwrap_or("RUNNING");
    let mut arns = Vec::new();
    for (member, answer) in asked.iter().zip(answers).filter(|_| status == "RUNNING") {
        let described = answer.service()?;
        let count = described.running + described.pending;
        arns.extend((0..count).map(|number| task_arn(world, member, number)));
    }
    listed(input, "taskArns", arns, 100)
}

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let asked = input
        .texts("tasks")?
        .filter(|asked| !asked.is_empty())
        .ok_or_else(|| Refusal::invalid("Tasks cannot be empty."))?;
    if asked.len() > TASKS_MAX {
        return Err(Refusal::invalid(format!("tasks can have at most {TASKS_MAX} items.")));
    }
    let cluster = cluster_of(world, input)?;
    let inventory = world.inventory;
    let owners: BTreeMap<String, &Member> = inventory
        .members
        .iter()
        .filter(|member| member.id.cluster == cluster)
        .map(|member| (owner(member), member))
        .collect();
    let found: Vec<(&str, Option<(&Member, u32)>)> = asked
        .iter()
        .map(|text| {
            let id = name_of(text);
            let parts = id.split_at_checked(OWNER_DIGITS);
            let task = parts.and_then(|(owner, number)| {
                Some((*owners.get(owner)?, u32::from_str_radix(number, 16).ok()?))
            });
            (id, task)
        })
        .collect();
    let requests: Vec<Request<'_>> = found
        .iter()
        .filter_map(|(_, task)| task.map(|(member, _)| Request::DescribeService { id: &member.id }))
        .collect();
    let mut answers = world.call("ecs:DescribeTasks", false, &requests)?.into_iter();
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for (id, task) in found {
        let described = match task.and_then(|task| Some((task, answers.next()?))) {
            Some((task, answer)) => Some((task, answer.service()?)),
            None => None,
        };
        match described {
            Some(((member, number), described))
                if number < described.running + described.pending =>
            {
                tasks.push(fields(world, member, number, &described));
            }
            Some(_) | None => failures.push(failure(arn(world, &format!("task/{cluster}/{id}")))),
        }
    }
    Ok(Fields::new().with("tasks", members(tasks)).with("failures", members(failures)))
}

fn fields(world: &World<'_>, member: &Member, number: u32, described: &Described) -> Fields {
    let is_running = number < described.running;
    let status = if is_running { "RUNNING" } else { "PENDING" };
    let task = task_arn(world, member, number);
    let start = world.region.start();
    let (cpu, memory) = (cpu_units(world, member), memory_mib(world, member));
    let container = Fields::new()
        .with("containerArn", arn(world, &format!("container/{}", digest(&[&task], 32))))
        .with("taskArn", task.clone())
        .with("name", CONTAINER)
        .with("image", &described.release)
        .with("lastStatus", status)
        .with("networkInterfaces", members::<Fields>([]))
        .with("healthStatus", "UNKNOWN")
        .with("cpu", cpu.to_string())
        .with("memory", memory.to_string());
    let fields = Fields::new()
        .with("taskArn", task)
        .with("clusterArn", cluster_arn(world, &member.id.cluster))
        .with("taskDefinitionArn", definition_arn(world, member, revision_of(&described.release)))
        .with("containers", members([container]))
        .with("group", format!("service:{}", member.id.service))
        .with("launchType", launch_type(member.side))
        .with("lastStatus", status)
        .with("desiredStatus", "RUNNING")
        .with("healthStatus", "UNKNOWN")
        .with("cpu", cpu.to_string())
        .with("memory", memory.to_string())
        .with("createdAt", start)
        .with("version", 1_u32)
        .with("tags", members::<Fields>([]))
        .with_some("startedAt", is_running.then_some(start))
        .with_some("connectivity", is_running.then_some("CONNECTED"));
    match member.side {
        Side::Ec2 => fields,
        Side::Fargate => fields.with("platformVersion", "1.4.0").with("platformFamily", "Linux"),
    }
}
