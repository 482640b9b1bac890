//! Tags: those that everything has from the start, and those that were put.

use super::service_arn;
use crate::input::Input;
use crate::inventory::{Member, tail};
use crate::refusal::Refusal;
use crate::value::{Fields, Value, members};
use crate::world::World;

/// Tags of a resource (ECS developer guide, "Tagging resources").
const TAGS_MAX: usize = 50;

/// Every service is tagged with the application that it is a side of.
pub(super) fn of_service(world: &World<'_>, member: &Member) -> Value {
    let application = world.region.applications().nth(member.application).unwrap_or_default();
    let arn = service_arn(world, &member.id.cluster, &member.id.service);
    let put = world.state.tags.get(&arn).into_iter().flatten();
    let given = [("application", application), ("side", member.side.name())];
    let all = given.into_iter().chain(put.map(|(key, value)| (key.as_str(), value.as_str())));
    members(all.map(|(key, value)| Fields::new().with("key", key).with("value", value)))
}

/// The service that an ARN names.
fn service<'a>(world: &World<'a>, arn: &str) -> Option<&'a Member> {
    let parts: Vec<&str> = tail(arn).split('/').collect();
    match parts.as_slice() {
        ["service", cluster, service] => world.inventory.service(cluster, service),
        _ => None,
    }
}

pub(super) fn list(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let resource = input.needed_text("resourceArn")?;
    world.look("ecs:ListTagsForResource")?;
    let parts: Vec<&str> = tail(resource).split('/').collect();
    let tags = match parts.as_slice() {
        ["service", ..] => service(world, resource).map(|member| of_service(world, member)),
        ["cluster", cluster] => {
            let known = world.inventory.members.iter().any(|it| it.id.cluster == *cluster);
            known.then(|| members::<Fields>([]))
        }
        ["task-definition", _] => Some(members::<Fields>([])),
        _ => None,
    };
    let tags = tags.ok_or_else(|| {
        let message = format!("The specified resource {resource} does not exist.");
        Refusal::exactly("InvalidParameterException", 400, message)
    })?;
    Ok(Fields::new().with("tags", tags))
}

/// The ARN of a service that a request tags: of nothing else here tags can be put.
fn tagged(world: &World<'_>, input: &Input<'_>) -> Result<String, Refusal> {
    let resource = input.needed_text("resourceArn")?;
    let member = service(world, resource).ok_or_else(|| {
        let message = format!("The specified service {resource} was not found.");
        Refusal::exactly("ResourceNotFoundException", 400, message)
    })?;
    Ok(service_arn(world, &member.id.cluster, &member.id.service))
}

pub(super) fn put(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let arn = tagged(world, input)?;
    let mut put = Vec::new();
    for tag in input.list("tags")?.unwrap_or_default() {
        let value = tag.text("value")?.unwrap_or_default();
        put.push((tag.needed_text("key")?.to_owned(), value.to_owned()));
    }
    let tags = world.state.tags.entry(arn).or_default();
    tags.extend(put);
    if tags.len() > TAGS_MAX {
        let message = format!("A resource has at most {TAGS_MAX} tags.");
        return Err(Refusal::exactly("InvalidParameterException", 400, message));
    }
    Ok(Fields::new())
}

pub(super) fn remove(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let arn = tagged(world, input)?;
    let keys = input.texts("tagKeys")?.unwrap_or_default();
    let tags = world.state.tags.entry(arn).or_default();
    tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(Fields::new())
}
