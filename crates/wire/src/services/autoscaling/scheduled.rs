//! Scheduled actions: once, at a time. What fires again and again can be in the region's file.

use capacity::scaling::{PutScheduledAction, Schedule};
use cloud::ErrorKind;
use model::Time;
use model::observation::ScheduledBounds;
use region::request::{Request, Response};

use super::{asked_of, listed, member_of, no_target, of_resource, resource_id};
use crate::input::Input;
use crate::inventory::{Member, digest};
use crate::refusal::Refusal;
use crate::value::Fields;
use crate::world::World;

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let asked = asked_of(world, input)?;
    let names = input.texts("ScheduledActionNames")?;
    let requests: Vec<Request<'_>> =
        asked.iter().map(|it| Request::DescribeScalableTarget { id: &it.id }).collect();
    let operation = "application-autoscaling:DescribeScheduledActions";
    let answers = world.call(operation, false, &requests)?;
    let mut actions = Vec::new();
    for (member, answer) in asked.iter().zip(answers) {
        let scheduled = answer.scalable_target()?.map(|it| it.scheduled).unwrap_or_default();
        let is_asked = |action: &&ScheduledBounds| {
            names.as_ref().is_none_or(|names| names.contains(&action.name.as_str()))
        };
        for action in scheduled.iter().filter(is_asked) {
            actions.push(fields(world, member, action));
        }
    }
    listed(input, "ScheduledActions", actions)
}

/// A time as `at(...)` has it.
fn at(time: Time) -> String {
    format!("at({})", time.to_jiff().strftime("%Y-%m-%dT%H:%M:%S"))
}

fn fields(world: &World<'_>, member: &Member, action: &ScheduledBounds) -> Fields {
    let resource = resource_id(member);
    let target = world.region.scalable_target(member.application, member.side);
    // As it was put, where it is still there: a look may be older than the present.
    let put: Option<&PutScheduledAction> = target.and_then(|target| {
        let mut actions = target.scheduled_actions().map(|(request, _)| request);
        actions.find(|request| request.scheduled_action_name == action.name)
    });
    let key = (resource.clone(), action.name.clone());
    let created = world.state.scheduled_at.get(&key).copied();
    let place = world.place;
    let id = digest(&["scheduled action", &resource, &action.name], 32);
    let arn = format!(
        "arn:aws:autoscaling:{}:{}:scheduledAction:{id}:resource/ecs/{resource}:\
         scheduledActionName/{}",
        place.region, place.account, action.name
    );
    let bounds =
        Fields::new().with_some("MinCapacity", action.min).with_some("MaxCapacity", action.max);
    of_resource(&resource)
        .with("ScheduledActionName", &action.name)
        .with("ScheduledActionARN", arn)
        .with("Schedule", put.map_or_else(|| at(action.at), |put| put.schedule.clone()))
        .with_some("Timezone", put.and_then(|put| put.timezone.as_ref()))
        .with_some("StartTime", put.and_then(|put| put.start_time))
        .with_some("EndTime", put.and_then(|put| put.end_time))
        .with("ScalableTargetAction", bounds)
        .with("CreationTime", created.unwrap_or_else(|| world.region.start()))
}

/// The name and resource that a write is about.
fn names<'a>(input: &Input<'a>) -> Result<(&'a str, &'a str), Refusal> {
    input.needed_text("ServiceNamespace")?;
    input.needed_text("ScalableDimension")?;
    let name = input.needed_text("ScheduledActionName")?;
    let is_name = (1..=256).contains(&name.chars().count())
        && name.trim() == name
        && !name.contains([':', '/', '|']);
    if !is_name {
        let message = format!("ScheduledActionName `{name}` is not the name of one");
        return Err(Refusal::invalid(message));
    }
    Ok((name, input.needed_text("ResourceId")?))
}

pub(super) fn put(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let (name, resource) = names(input)?;
    if input.has("StartTime") || input.has("EndTime") {
        let message = "This region puts actions that fire once: leave StartTime and EndTime out";
        return Err(Refusal::invalid(message));
    }
    let schedule = input.text("Schedule")?;
    let when = match schedule {
        Some(schedule) => Some(time_of(schedule, input.text("Timezone")?, world.now)?),
        None => None,
    };
    let operation = "application-autoscaling:PutScheduledAction";
    let target = member_of(world, resource).and_then(|member| {
        let target = world.region.scalable_target(member.application, member.side)?;
        let mut actions = target.scheduled_actions();
        let known = actions.find(|(request, _)| request.scheduled_action_name == name);
        Some((member, known.and_then(|(request, at)| Some((at?, request.scalable_target_action)))))
    });
    let Some((member, known)) = target else {
        world.call(operation, true, &[])?;
        return Err(no_target(resource));
    };
    let Some(at) = when.or(known.map(|(at, _)| at)) else {
        return Err(Refusal::invalid("Schedule must be given for a new scheduled action"));
    };
    let (min, max) = match input.within("ScalableTargetAction")? {
        Some(action) => (
            action.count("MinCapacity", 0, i32::MAX.unsigned_abs())?,
            action.count("MaxCapacity", 0, i32::MAX.unsigned_abs())?,
        ),
        None => known.map_or((None, None), |(_, it)| (it.min_capacity, it.max_capacity)),
    };
    let scheduled = ScheduledBounds { name: name.to_owned(), at, min, max };
    let request = Request::PutScheduledAction { id: &member.id, scheduled: &scheduled };
    if let Some(Response::Failed(error)) = world.call(operation, true, &[request])?.pop() {
        return Err(error.into());
    }
    let key = (resource.to_owned(), name.to_owned());
    world.state.scheduled_at.entry(key).or_insert(world.now);
    Ok(Fields::new())
}

/// When an `at(...)` fires.
fn time_of(schedule: &str, zone: Option<&str>, now: Time) -> Result<Time, Refusal> {
    if !schedule.starts_with("at(") {
        let message = format!(
            "This region puts actions that fire once: `{schedule}` is not at(yyyy-mm-ddThh:mm:ss)"
        );
        return Err(Refusal::invalid(message));
    }
    let parsed = Schedule::parse(schedule, zone, now)
        .map_err(|error| Refusal::invalid(error.to_string()))?;
    parsed
        .next_after(now)
        .ok_or_else(|| Refusal::invalid(format!("{schedule} has passed already: it is {now}")))
}

pub(super) fn delete(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let (name, resource) = names(input)?;
    let member = member_of(world, resource);
    let requests: Vec<Request<'_>> =
        member.iter().map(|it| Request::DeleteScheduledAction { id: &it.id, name }).collect();
    let operation = "application-autoscaling:DeleteScheduledAction";
    let missing = || {
        let message = format!("No scheduled action found for {resource} of the name {name}");
        Refusal::exactly("ObjectNotFoundException", 400, message)
    };
    match world.call(operation, true, &requests)?.pop() {
        None => return Err(missing()),
        Some(Response::Failed(error)) if error.kind == ErrorKind::NotFound => {
            return Err(missing());
        }
        Some(Response::Failed(error)) => return Err(error.into()),
        Some(_) => {}
    }
    world.state.scheduled_at.remove(&(resource.to_owned(), name.to_owned()));
    Ok(Fields::new())
}
