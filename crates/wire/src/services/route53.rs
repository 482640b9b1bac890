//! Amazon Route 53: hosted zones with their records, and Traffic Flow.

mod change;
mod flow;
mod record;
mod zone;

use bytes::Bytes;
use http::{Method, Request};

pub(crate) use self::record::Record;
use crate::dispatch::ROUTE53_PATH;
use crate::input::Input;
use crate::protocol::{Answer, form};
use crate::refusal::{Code, Refusal};
use crate::service::Service;
use crate::services::unknown;
use crate::value::Fields;
use crate::world::World;

const OPERATIONS: [&str; 16] = [
    "ListHostedZones",
    "ListHostedZonesByName",
    "GetHostedZone",
    "ListResourceRecordSets",
    "ChangeResourceRecordSets",
    "GetChange",
    "GetTrafficPolicyInstance",
    "ListTrafficPolicyInstances",
    "ListTrafficPolicyInstancesByPolicy",
    "ListTrafficPolicyInstancesByHostedZone",
    "GetTrafficPolicy",
    "ListTrafficPolicies",
    "ListTrafficPolicyVersions",
    "CreateTrafficPolicyVersion",
    "UpdateTrafficPolicyInstance",
    "DeleteTrafficPolicy",
];

/// Items of a page where the request does not say, and at most (API reference; record sets have
/// another limit).
const PAGE_MAX: u32 = 100;

/// The parts of a path behind the API's version.
fn parts(request: &Request<Bytes>) -> Vec<String> {
    let path = request.uri().path();
    let rest = path.strip_prefix(ROUTE53_PATH).unwrap_or_default().trim_end_matches('/');
    rest.split('/').map(|part| form::unescape(part).unwrap_or_else(|_| part.to_owned())).collect()
}

/// The operation that a method and path stand for.
pub(crate) fn operation(request: &Request<Bytes>) -> Option<&'static str> {
    let parts = parts(request);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Some(match (request.method(), parts.as_slice()) {
        (&Method::GET, ["hostedzone"]) => "ListHostedZones",
        (&Method::GET, ["hostedzonesbyname"]) => "ListHostedZonesByName",
        (&Method::GET, ["hostedzone", _]) => "GetHostedZone",
        (&Method::GET, ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        (&Method::POST, ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        (&Method::GET, ["change", _]) => "GetChange",
        (&Method::GET, ["trafficpolicyinstance", _]) => "GetTrafficPolicyInstance",
        (&Method::POST, ["trafficpolicyinstance", _]) => "UpdateTrafficPolicyInstance",
        (&Method::GET, ["trafficpolicyinstances"]) => "ListTrafficPolicyInstances",
        (&Method::GET, ["trafficpolicyinstances", "trafficpolicy"]) => {
            "ListTrafficPolicyInstancesByPolicy"
        }
        (&Method::GET, ["trafficpolicyinstances", "hostedzone"]) => {
            "ListTrafficPolicyInstancesByHostedZone"
        }
        (&Method::GET, ["trafficpolicy", _, _]) => "GetTrafficPolicy",
        (&Method::DELETE, ["trafficpolicy", _, _]) => "DeleteTrafficPolicy",
        (&Method::POST, ["trafficpolicy", _]) => "CreateTrafficPolicyVersion",
        (&Method::GET, ["trafficpolicies"]) => "ListTrafficPolicies",
        (&Method::GET, ["trafficpolicies", _, "versions"]) => "ListTrafficPolicyVersions",
        _ => return None,
    })
}

/// What a request says outside its body.
struct Address {
    /// The parts of its path.
    parts: Vec<String>,
    /// What stands behind the `?`.
    query: Vec<(String, String)>,
}

impl Address {
    /// The id in the path, or another part of it.
    fn part(&self, place: usize) -> &str {
        self.parts.get(place).map(String::as_str).unwrap_or_default()
    }

    fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// How many items the page is to have.
    fn max_items(&self, most: u32) -> Result<u32, Refusal> {
        let Some(text) = self.query("maxitems") else { return Ok(most) };
        let count = text.parse::<u32>().ok().filter(|count| *count > 0);
        // More than the most is taken for the most.
        count.map(|count| count.min(most)).ok_or_else(|| {
            Refusal::invalid(format!("Invalid maxitems: {text} is no number above 0"))
        })
    }

    /// A version of a policy: from 1 to 1000.
    fn version(text: &str) -> Result<u32, Refusal> {
        text.parse().ok().filter(|number| (1..=1_000).contains(number)).ok_or_else(|| {
            Refusal::invalid(format!("Invalid version: {text} is no number from 1 to 1000"))
        })
    }
}

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    request: &Request<Bytes>,
    input: &Input<'_>,
) -> Result<Answer, Refusal> {
    let query = form::pairs(request.uri().query().unwrap_or_default())?;
    let address = Address { parts: parts(request), query };
    let address = &address;
    let fields: Fields = match operation {
        "ListHostedZones" => zone::list(world, address)?,
        "ListHostedZonesByName" => zone::list_by_name(world, address)?,
        "GetHostedZone" => zone::get(world, address)?,
        "ListResourceRecordSets" => record::list(world, address)?,
        "ChangeResourceRecordSets" => change::make(world, address, input)?,
        "GetChange" => change::get(world, address)?,
        "GetTrafficPolicyInstance" => flow::get_instance(world, address)?,
        "ListTrafficPolicyInstances" => flow::list_instances(world, address)?,
        "ListTrafficPolicyInstancesByPolicy" => flow::list_by_policy(world, address)?,
        "ListTrafficPolicyInstancesByHostedZone" => flow::list_by_zone(world, address)?,
        "GetTrafficPolicy" => flow::get_policy(world, address)?,
        "ListTrafficPolicies" => flow::list_policies(world, address)?,
        "ListTrafficPolicyVersions" => flow::list_versions(world, address)?,
        "CreateTrafficPolicyVersion" => return flow::create_version(world, address, input),
        "UpdateTrafficPolicyInstance" => flow::update_instance(world, address, input)?,
        "DeleteTrafficPolicy" => flow::delete_policy(world, address)?,
        other => return Err(unknown(Service::Route53, other, &OPERATIONS)),
    };
    Ok(Answer::from(fields))
}

/// Codes that the region's own refusals begin with, with their statuses in the service's model.
const CODES: [(&str, u16); 8] = [
    ("NoSuchTrafficPolicyInstance", 404),
    ("NoSuchTrafficPolicy", 404),
    ("ConflictingTypes", 400),
    ("PriorRequestNotComplete", 400),
    ("InvalidTrafficPolicyDocument", 400),
    ("TooManyTrafficPolicyVersionsForCurrentPolicy", 400),
    ("TrafficPolicyInUse", 400),
    ("InvalidInput", 400),
];

/// A refusal of the region with the code that it names.
fn coded(error: cloud::Error) -> Refusal {
    let named = error.message.split_once(": ").and_then(|(name, rest)| {
        let (code, status) = CODES.into_iter().find(|(code, _)| *code == name)?;
        Some(Refusal::new(Code::Exactly(code, status), rest))
    });
    named.unwrap_or_else(|| error.into())
}

fn no_zone(id: &str) -> Refusal {
    Refusal::exactly("NoSuchHostedZone", 404, format!("No hosted zone found with ID: {id}"))
}

/// The order of names in a zone: by their labels, the last first.
fn by_labels(name: &str) -> Vec<String> {
    name.trim_end_matches('.').rsplit('.').map(str::to_ascii_lowercase).collect()
}

/// In small letters, with the final dot.
fn full_name(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase())
}
