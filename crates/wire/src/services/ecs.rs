//! Amazon ECS: services, clusters, tasks, task definitions.

mod cluster;
mod definition;
mod service;
mod tag;
mod task;

use crate::input::Input;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::{Page, unknown};
use crate::value::{Fields, members};
use crate::world::World;

const OPERATIONS: [&str; 11] = [
    "DescribeServices",
    "UpdateService",
    "ListServices",
    "DescribeClusters",
    "ListClusters",
    "DescribeTaskDefinition",
    "ListTasks",
    "DescribeTasks",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
];

/// What every task's one container is called.
const CONTAINER: &str = "app";
const CONTAINER_PORT: u32 = 3_000;
/// The default of clusters in requests.
const DEFAULT_CLUSTER: &str = "default";

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    match operation {
        "DescribeServices" => service::describe(world, input),
        "UpdateService" => service::update(world, input),
        "ListServices" => service::list(world, input),
        "DescribeClusters" => cluster::describe(world, input),
        "ListClusters" => cluster::list(world, input),
        "DescribeTaskDefinition" => definition::describe(world, input),
        "ListTasks" => task::list(world, input),
        "DescribeTasks" => task::describe(world, input),
        "ListTagsForResource" => tag::list(world, input),
        "TagResource" => world.carry_out("ecs:TagResource", true, |world| tag::put(world, input)),
        "UntagResource" => {
            world.carry_out("ecs:UntagResource", true, |world| tag::remove(world, input))
        }
        other => Err(unknown(Service::Ecs, other, &OPERATIONS)),
    }
}

/// An ARN of something in ECS.
fn arn(world: &World<'_>, resource: &str) -> String {
    format!("arn:aws:ecs:{}:{}:{resource}", world.place.region, world.place.account)
}

fn cluster_arn(world: &World<'_>, cluster: &str) -> String {
    arn(world, &format!("cluster/{cluster}"))
}

fn service_arn(world: &World<'_>, cluster: &str, service: &str) -> String {
    arn(world, &format!("service/{cluster}/{service}"))
}

/// The last part of an ARN, or the name itself.
fn name_of(text: &str) -> &str {
    if text.starts_with("arn:") { text.rsplit('/').next().unwrap_or(text) } else { text }
}

/// The cluster that a request names.
///
/// # Errors
/// `ClusterNotFoundException` where nothing runs in it.
fn cluster_of<'a>(world: &World<'_>, input: &Input<'a>) -> Result<&'a str, Refusal> {
    let cluster = name_of(input.text("cluster")?.unwrap_or(DEFAULT_CLUSTER));
    if world.inventory.members.iter().any(|member| member.id.cluster == cluster) {
        return Ok(cluster);
    }
    Err(Refusal::exactly("ClusterNotFoundException", 400, "Cluster not found."))
}

/// One page of ARNs.
fn listed(
    input: &Input<'_>,
    name: &'static str,
    arns: Vec<String>,
    usual: u32,
) -> Result<Fields, Refusal> {
    let size = input.count("maxResults", 1, 100)?.unwrap_or(usual);
    let page = Page::of(arns, input.text("nextToken")?, size as usize)
        .map_err(|token| Refusal::invalid(format!("Invalid token {token}")))?;
    Ok(Fields::new().with(name, members(page.items)).with_some("nextToken", page.next))
}

/// What is missing, with HTTP 200.
fn failure(arn: String) -> Fields {
    Fields::new().with("arn", arn).with("reason", "MISSING")
}

fn includes(input: &Input<'_>, what: &str) -> Result<bool, Refusal> {
    Ok(input.texts("include")?.unwrap_or_default().contains(&what))
}
