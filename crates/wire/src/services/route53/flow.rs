//! Traffic Flow: policies, their versions, and the instances that follow them.

use cloud::traffic_flow::{PolicyInstance, PolicyVersion};
use model::Span;
use region::request::{Request, Response};

use super::zone::split;
use super::{Address, PAGE_MAX, coded, no_zone};
use crate::input::Input;
use crate::inventory::POLICY_ZONE;
use crate::protocol::Answer;
use crate::refusal::Refusal;
use crate::value::{Fields, named};
use crate::world::World;

/// Characters of a document (API reference, `CreateTrafficPolicyVersion`).
const DOCUMENT_MAX: usize = 102_400;

/// One call of one request.
fn ask(
    world: &mut World<'_>,
    operation: &'static str,
    writes: bool,
    request: Request<'_>,
) -> Result<Response, Refusal> {
    match world.call(operation, writes, &[request])?.pop() {
        Some(Response::Failed(error)) => Err(coded(error)),
        Some(answer) => Ok(answer),
        None => Ok(Response::Done),
    }
}

fn record_type(world: &World<'_>, policy: &str) -> String {
    let policies = world.region.traffic_policies();
    let found = policies.into_iter().find(|it| it.id == policy);
    found.map(|it| it.record_type).unwrap_or_default()
}

fn instance_fields(world: &World<'_>, instance: &PolicyInstance) -> Fields {
    let zone = world.inventory.zones.get(POLICY_ZONE);
    let mut instances = zone.into_iter().flat_map(|zone| &zone.instances);
    let name = instances.find(|it| it.id == instance.id).map(|it| it.name.as_str());
    Fields::new()
        .with("Id", &instance.id)
        .with("HostedZoneId", POLICY_ZONE)
        .with("Name", name.unwrap_or_default())
        .with("TTL", i64::try_from(instance.ttl.as_secs()).unwrap_or(i64::MAX))
        .with("State", &instance.state)
        .with("Message", &instance.message)
        .with("TrafficPolicyId", &instance.policy)
        .with("TrafficPolicyVersion", instance.version)
        .with("TrafficPolicyType", record_type(world, &instance.policy))
}

fn version_fields(world: &World<'_>, policy: &str, version: &PolicyVersion) -> Fields {
    let comment = (!version.comment.is_empty()).then_some(&version.comment);
    Fields::new()
        .with("Id", policy)
        .with("Version", version.number)
        // The region's file gives policies no other name.
        .with("Name", policy)
        .with("Type", record_type(world, policy))
        .with("Document", &version.document)
        .with_some("Comment", comment)
}

pub(super) fn get_instance(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let request = Request::GetPolicyInstance { id: address.part(1) };
    let instance = ask(world, "route53:GetTrafficPolicyInstance", false, request)?;
    let instance = instance.policy_instance()?;
    Ok(Fields::new().with("TrafficPolicyInstance", instance_fields(world, &instance)))
}

pub(super) fn list_instances(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let instances = instances(world, "route53:ListTrafficPolicyInstances", None)?;
    listed(world, address, &instances, true)
}

pub(super) fn list_by_policy(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let missing = |name: &str| Refusal::missing(format!("the parameter {name} is missing"));
    let policy = address.query("id").ok_or_else(|| missing("id"))?;
    let number = Address::version(address.query("version").ok_or_else(|| missing("version"))?)?;
    let operation = "route53:ListTrafficPolicyInstancesByPolicy";
    let instances = instances(world, operation, Some((policy, number)))?;
    listed(world, address, &instances, true)
}

pub(super) fn list_by_zone(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let zone =
        address.query("id").ok_or_else(|| Refusal::missing("the parameter id is missing"))?;
    let mut found = instances(world, "route53:ListTrafficPolicyInstancesByHostedZone", None)?;
    if !world.inventory.zones.contains_key(zone) {
        return Err(no_zone(zone));
    }
    found.retain(|_| zone == POLICY_ZONE);
    listed(world, address, &found, false)
}

/// All instances, or those of a policy's version, by one call.
fn instances(
    world: &mut World<'_>,
    operation: &'static str,
    of: Option<(&str, u32)>,
) -> Result<Vec<PolicyInstance>, Refusal> {
    let ids = world.region.policy_instances();
    let mut requests: Vec<Request<'_>> =
        ids.iter().map(|id| Request::GetPolicyInstance { id }).collect();
    requests.extend(of.map(|(policy, number)| Request::ListPolicyInstances { policy, number }));
    let mut answers = world.call(operation, false, &requests)?;
    let users = match of {
        None => None,
        Some(_) => match answers.pop() {
            Some(answer) => Some(answer.policy_instances().map_err(coded)?),
            None => None,
        },
    };
    let mut instances = Vec::new();
    for answer in answers {
        let instance = answer.policy_instance()?;
        if users.as_ref().is_none_or(|users| users.contains(&instance.id)) {
            instances.push(instance);
        }
    }
    Ok(instances)
}

/// One page of instances, from the one whose zone, name and type the markers say.
fn listed(
    world: &World<'_>,
    address: &Address,
    instances: &[PolicyInstance],
    with_zone: bool,
) -> Result<Fields, Refusal> {
    let most = address.max_items(PAGE_MAX)?;
    let zone = world.inventory.zones.get(POLICY_ZONE);
    let name = |instance: &PolicyInstance| {
        let mut all = zone.into_iter().flat_map(|zone| &zone.instances);
        all.find(|it| it.id == instance.id).map(|it| it.name.clone()).unwrap_or_default()
    };
    let mut named_instances: Vec<(String, &PolicyInstance)> =
        instances.iter().map(|instance| (name(instance), instance)).collect();
    named_instances.sort_by(|(one, _), (other, _)| one.cmp(other));
    if let Some(first) = address.query("trafficpolicyinstancename") {
        let begin = named_instances.iter().position(|(name, _)| name == first);
        let Some(begin) = begin else {
            let message = format!("No traffic policy instance has the name {first}");
            return Err(Refusal::exactly("NoSuchTrafficPolicyInstance", 404, message));
        };
        named_instances.drain(..begin);
    }
    let (shown, next) = split(&named_instances, most);
    let shown = shown.iter().map(|(_, instance)| instance_fields(world, instance));
    let fields = Fields::new()
        .with("TrafficPolicyInstances", named("TrafficPolicyInstance", shown))
        .with_some("HostedZoneIdMarker", next.filter(|_| with_zone).map(|_| POLICY_ZONE))
        .with_some("TrafficPolicyInstanceNameMarker", next.map(|(name, _)| name))
        .with_some(
            "TrafficPolicyInstanceTypeMarker",
            next.map(|(_, instance)| record_type(world, &instance.policy)),
        )
        .with("IsTruncated", next.is_some())
        .with("MaxItems", most.to_string());
    Ok(fields)
}

pub(super) fn get_policy(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let (policy, number) = (address.part(1), Address::version(address.part(2))?);
    let request = Request::GetPolicyVersion { policy, number };
    let version = ask(world, "route53:GetTrafficPolicy", false, request)?.policy_version()?;
    Ok(Fields::new().with("TrafficPolicy", version_fields(world, policy, &version)))
}

pub(super) fn list_policies(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let most = address.max_items(PAGE_MAX)?;
    world.look("route53:ListTrafficPolicies")?;
    let mut policies = world.region.traffic_policies();
    if let Some(marker) = address.query("trafficpolicyid") {
        policies.retain(|policy| policy.id.as_str() >= marker);
    }
    let (shown, next) = split(&policies, most);
    // The marker is always there: on the last page it is the last policy's.
    let marker = next.or(shown.last()).map(|policy| policy.id.clone()).unwrap_or_default();
    let summaries = shown.iter().map(|policy| {
        Fields::new()
            .with("Id", &policy.id)
            .with("Name", &policy.id)
            .with("Type", &policy.record_type)
            .with("LatestVersion", policy.versions.last().copied().unwrap_or(1))
            .with("TrafficPolicyCount", policy.versions.len())
    });
    Ok(Fields::new()
        .with("TrafficPolicySummaries", named("TrafficPolicySummary", summaries))
        .with("IsTruncated", next.is_some())
        .with("TrafficPolicyIdMarker", marker)
        .with("MaxItems", most.to_string()))
}

pub(super) fn list_versions(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let (policy, most) = (address.part(1), address.max_items(PAGE_MAX)?);
    let first = address.query("trafficpolicyversion").map(Address::version).transpose()?;
    let request = Request::ListPolicyVersions { policy };
    let versions = ask(world, "route53:ListTrafficPolicyVersions", false, request)?;
    let mut versions = versions.policy_versions()?;
    versions.retain(|version| first.is_none_or(|first| version.number >= first));
    let (shown, next) = split(&versions, most);
    let marker = next.or(shown.last()).map(|version| version.number.to_string());
    let shown = shown.iter().map(|version| version_fields(world, policy, version));
    Ok(Fields::new()
        .with("TrafficPolicies", named("TrafficPolicy", shown))
        .with("IsTruncated", next.is_some())
        .with("TrafficPolicyVersionMarker", marker.unwrap_or_default())
        .with("MaxItems", most.to_string()))
}

pub(super) fn create_version(
    world: &mut World<'_>,
    address: &Address,
    input: &Input<'_>,
) -> Result<Answer, Refusal> {
    let policy = address.part(1);
    let document = input.needed_text("Document")?;
    let comment = input.text("Comment")?.unwrap_or_default();
    if document.chars().count() > DOCUMENT_MAX || comment.chars().count() > 1_024 {
        let message = format!("A document has at most {DOCUMENT_MAX} characters, a comment 1024");
        return Err(Refusal::invalid(message));
    }
    let request = Request::CreatePolicyVersion { policy, document, comment };
    let version = ask(world, "route53:CreateTrafficPolicyVersion", true, request)?;
    let version = version.policy_version()?;
    let location = format!(
        "https://route53.amazonaws.com/2013-04-01/trafficpolicy/{policy}/{}",
        version.number
    );
    let body = Fields::new().with("TrafficPolicy", version_fields(world, policy, &version));
    Ok(Answer { body, headers: vec![("location", location)], status: Some(201) })
}

pub(super) fn update_instance(
    world: &mut World<'_>,
    address: &Address,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    let id = address.part(1);
    let missing = |name: &str| Refusal::missing(format!("the member {name} is missing"));
    let ttl = input.count("TTL", 0, i32::MAX.unsigned_abs())?.ok_or_else(|| missing("TTL"))?;
    let policy = input.needed_text("TrafficPolicyId")?;
    let number = input.count("TrafficPolicyVersion", 1, 1_000)?;
    let number = number.ok_or_else(|| missing("TrafficPolicyVersion"))?;
    let ttl = Span::from_secs(u64::from(ttl));
    let request = Request::UpdatePolicyInstance { id, ttl, policy, number };
    let instance = ask(world, "route53:UpdateTrafficPolicyInstance", true, request)?;
    let instance = instance.policy_instance()?;
    Ok(Fields::new().with("TrafficPolicyInstance", instance_fields(world, &instance)))
}

pub(super) fn delete_policy(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let (policy, number) = (address.part(1), Address::version(address.part(2))?);
    let request = Request::DeletePolicyVersion { policy, number };
    ask(world, "route53:DeleteTrafficPolicy", true, request)?.done()?;
    Ok(Fields::new())
}
