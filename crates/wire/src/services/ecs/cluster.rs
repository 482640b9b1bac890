//! Clusters: what services run in.

use std::collections::BTreeSet;

use region::request::{Request, Response};

use super::{DEFAULT_CLUSTER, cluster_arn, failure, listed, name_of};
use crate::input::Input;
use crate::inventory::{Inventory, Member};
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

/// `DescribeClusters` takes at most this many (ECS API reference).
const CLUSTERS_MAX: usize = 100;

pub(super) fn list(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    world.look("ecs:ListClusters")?;
    let names: BTreeSet<&str> =
        world.inventory.members.iter().map(|it| it.id.cluster.as_str()).collect();
    let arns = names.into_iter().map(|name| cluster_arn(world, name)).collect();
    listed(input, "clusterArns", arns, 100)
}

fn services<'a>(inventory: &'a Inventory, cluster: &'a str) -> impl Iterator<Item = &'a Member> {
    inventory.members.iter().filter(move |member| member.id.cluster == cluster)
}

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let asked = input.texts("clusters")?.unwrap_or_else(|| vec![DEFAULT_CLUSTER]);
    if asked.len() > CLUSTERS_MAX {
        return Err(Refusal::invalid(format!("clusters can have at most {CLUSTERS_MAX} items.")));
    }
    let inventory = world.inventory;
    let names: Vec<&str> = asked.iter().map(|text| name_of(text)).collect();
    let requests: Vec<Request<'_>> = names
        .iter()
        .flat_map(|name| services(inventory, name))
        .map(|it| Request::DescribeService { id: &it.id })
        .collect();
    let mut answers = world.call("ecs:DescribeClusters", false, &requests)?.into_iter();
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let services = services(inventory, name).count();
        let (mut running, mut pending) = (0, 0);
        for answer in answers.by_ref().take(services) {
            if let Response::Service(service) = answer {
                running += service.running;
                pending += service.pending;
            }
        }
        if services == 0 {
            failures.push(failure(cluster_arn(world, name)));
            continue;
        }
        clusters.push(
            Fields::new()
                .with("clusterArn", cluster_arn(world, name))
                .with("clusterName", name)
                .with("status", "ACTIVE")
                .with("registeredContainerInstancesCount", 0_u32)
                .with("runningTasksCount", running)
                .with("pendingTasksCount", pending)
                .with("activeServicesCount", services)
                .with("statistics", members::<Fields>([]))
                .with("tags", members::<Fields>([]))
                .with("settings", members::<Fields>([]))
                .with("capacityProviders", members(["FARGATE", "FARGATE_SPOT"]))
                .with("defaultCapacityProviderStrategy", members::<Fields>([])),
        );
    }
    Ok(Fields::new().with("clusters", members(clusters)).with("failures", members(failures)))
}
