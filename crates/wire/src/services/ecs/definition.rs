//! Task definitions: one family for each service, one revision for each release.
//!
//! The region knows a release by its image. Its tag is the revision where it is a number, as it
//! is for every release but perhaps the first, which is revision 1.

use model::Side;

use super::{CONTAINER, CONTAINER_PORT, arn, name_of};
use crate::input::Input;
use crate::inventory::Member;
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

/// The region knows nothing of memory: tasks have two MiB for each CPU unit, which Fargate takes
/// at every size.
const MEMORY_OF_CPU: u32 = 2;

/// The revision that an image stands for.
pub(super) fn revision_of(image: &str) -> u32 {
    let tag = image.rsplit_once(':').map(|(_, tag)| tag);
    tag.and_then(|tag| tag.parse().ok()).filter(|revision| *revision > 0).unwrap_or(1)
}

/// The image of another revision.
fn image_of(image: &str, revision: u32) -> String {
    if revision_of(image) == revision {
        return image.to_owned();
    }
    let name = image.rsplit_once(':').map_or(image, |(name, _)| name);
    format!("{name}:{revision}")
}

/// One family for each service; the cluster tells services of one name apart.
pub(super) fn family(member: &Member) -> String {
    format!("{}-{}", member.id.cluster, member.id.service)
}

pub(super) fn definition_arn(world: &World<'_>, member: &Member, revision: u32) -> String {
    arn(world, &format!("task-definition/{}:{revision}", family(member)))
}

pub(super) fn cpu_units(world: &World<'_>, member: &Member) -> u32 {
    world.region.task_cpu_units(member.application, member.side).unwrap_or(1)
}

pub(super) fn memory_mib(world: &World<'_>, member: &Member) -> u32 {
    MEMORY_OF_CPU * cpu_units(world, member)
}

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let asked = input.needed_text("taskDefinition")?;
    let name = name_of(asked);
    let (wanted, revision) = name.split_once(':').unwrap_or((name, ""));
    let inventory = world.inventory;
    let member = inventory.members.iter().find(|member| family(member) == wanted);
    let unable = || {
        Refusal::exactly("ClientException", 400, "Unable to describe task definition.".to_owned())
    };
    let member = member.ok_or_else(unable)?;
    let request = region::request::Request::DescribeService { id: &member.id };
    let mut answers = world.call("ecs:DescribeTaskDefinition", false, &[request])?;
    let current = answers.pop().ok_or_else(unable)?.service()?.release;
    let newest = revision_of(&current);
    let revision = match revision {
        "" => newest,
        // A family goes from the first revision to the newest without a hole.
        text => text.parse().ok().filter(|it| (1..=newest).contains(it)).ok_or_else(unable)?,
    };
    let image = image_of(&current, revision);
    let mut answer =
        Fields::new().with("taskDefinition", definition(world, member, revision, &image));
    if super::includes(input, "TAGS")? {
        answer = answer.with("tags", members::<Fields>([]));
    }
    Ok(answer)
}

fn definition(world: &World<'_>, member: &Member, revision: u32, image: &str) -> Fields {
    let (cpu, memory) = (cpu_units(world, member), memory_mib(world, member));
    let (launch, mode, host_port) = match member.side {
        Side::Ec2 => ("EC2", "bridge", 0),
        Side::Fargate => ("FARGATE", "awsvpc", CONTAINER_PORT),
    };
    let port = Fields::new()
        .with("containerPort", CONTAINER_PORT)
        .with("hostPort", host_port)
        .with("protocol", "tcp");
    let container = Fields::new()
        .with("name", CONTAINER)
        .with("image", image)
        .with("cpu", cpu)
        .with("memory", memory)
        .with("portMappings", members([port]))
        .with("essential", true)
        .with("environment", members::<Fields>([]))
        .with("mountPoints", members::<Fields>([]))
        .with("volumesFrom", members::<Fields>([]));
    let compatibilities = match member.side {
        Side::Ec2 => members(["EC2"]),
        Side::Fargate => members(["EC2", "FARGATE"]),
    };
    Fields::new()
        .with("taskDefinitionArn", definition_arn(world, member, revision))
        .with("containerDefinitions", members([container]))
        .with("family", family(member))
        .with("networkMode", mode)
        .with("revision", revision)
        .with("volumes", members::<Fields>([]))
        .with("status", "ACTIVE")
        .with("requiresAttributes", members::<Fields>([]))
        .with("placementConstraints", members::<Fields>([]))
        .with("compatibilities", compatibilities)
        .with("requiresCompatibilities", members([launch]))
        .with("cpu", cpu.to_string())
        .with("memory", memory.to_string())
        .with("registeredAt", world.region.start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_revisions_and_back() {
        for (image, revision) in [("app:1", 1), ("app:12", 12), ("app:v1", 1), ("host:5000/a", 1)] {
            assert_eq!(revision_of(image), revision, "{image}");
            assert_eq!(image_of(image, revision), image);
        }
        assert_eq!(image_of("app:12", 3), "app:3");
    }
}
