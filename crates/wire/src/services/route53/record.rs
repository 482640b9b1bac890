//! Record sets of a zone.

use model::Side;
use model::route::{Route, WeightPair};
use region::request::Request;

use super::zone::{NAME_SERVERS, split};
use super::{Address, by_labels, full_name, no_zone};
use crate::input::Input;
use crate::inventory::{Zone, digest};
use crate::refusal::Refusal;
use crate::services::elb::balancer::alias_zone;
use crate::value::{Fields, named};
use crate::world::World;

/// Record sets of a page at most (API reference, `ListResourceRecordSets`).
const PAGE_MAX: u32 = 300;
/// Time to live of records that are no aliases: what AWS advises beside aliases of balancers.
const TTL_SECONDS: u32 = 60;

/// A record set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record {
    /// In small letters, with the final dot.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) set: Option<String>,
    pub(crate) weight: Option<u32>,
    pub(crate) ttl: Option<u32>,
    pub(crate) values: Vec<String>,
    pub(crate) alias: Option<Alias>,
    pub(crate) health_check: Option<String>,
    pub(crate) instance: Option<String>,
}

/// What an alias stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) zone: String,
    /// In small letters, with the final dot.
    pub(crate) name: String,
    pub(crate) evaluates_health: bool,
}

impl Record {
    /// A record set in a request.
    pub(super) fn read(input: &Input<'_>) -> Result<Self, Refusal> {
        const KNOWN: [&str; 8] = [
            "Name",
            "Type",
            "SetIdentifier",
            "Weight",
            "TTL",
            "ResourceRecords",
            "AliasTarget",
            "HealthCheckId",
        ];
        if let Some(other) = input.other_than(&KNOWN) {
            let message = format!("{other}: the record sets of this region are weighted ones");
            return Err(Refusal::invalid(message));
        }
        let alias = match input.within("AliasTarget")? {
            None => None,
            Some(alias) => Some(Alias {
                zone: alias.needed_text("HostedZoneId")?.to_owned(),
                name: full_name(alias.needed_text("DNSName")?),
                evaluates_health: alias.flag("EvaluateTargetHealth")?.unwrap_or(false),
            }),
        };
        let mut values = Vec::new();
        for value in input.list_of("ResourceRecords", "ResourceRecord")?.unwrap_or_default() {
            values.push(value.needed_text("Value")?.to_owned());
        }
        Ok(Self {
            name: full_name(input.needed_text("Name")?),
            kind: input.needed_text("Type")?.to_owned(),
            set: input.text("SetIdentifier")?.map(str::to_owned),
            weight: input.count("Weight", 0, 255)?,
            ttl: input.count("TTL", 0, i32::MAX.unsigned_abs())?,
            values,
            alias,
            health_check: input.text("HealthCheckId")?.map(str::to_owned),
            instance: None,
        })
    }

    /// Whether it is a text that anybody may put: no side of anything.
    pub(super) fn is_text(&self) -> bool {
        self.kind == "TXT" && self.set.is_none() && self.weight.is_none() && self.alias.is_none()
    }

    /// What tells record sets apart.
    pub(super) fn key(&self) -> (&str, &str, Option<&str>) {
        (&self.name, &self.kind, self.set.as_deref())
    }

    fn place(&self) -> (Vec<String>, &str, &str) {
        (by_labels(&self.name), &self.kind, self.set.as_deref().unwrap_or_default())
    }

    fn fields(&self) -> Fields {
        let alias = self.alias.as_ref().map(|alias| {
            Fields::new()
                .with("HostedZoneId", &alias.zone)
                .with("DNSName", &alias.name)
                .with("EvaluateTargetHealth", alias.evaluates_health)
        });
        let values = (!self.values.is_empty()).then(|| {
            let values = self.values.iter().map(|value| Fields::new().with("Value", value));
            named("ResourceRecord", values)
        });
        Fields::new()
            .with("Name", &self.name)
            .with("Type", &self.kind)
            .with_some("SetIdentifier", self.set.as_ref())
            .with_some("Weight", self.weight)
            .with_some("TTL", self.ttl)
            .with_some("ResourceRecords", values)
            .with_some("AliasTarget", alias)
            .with_some("HealthCheckId", self.health_check.as_ref())
            .with_some("TrafficPolicyInstanceId", self.instance.as_ref())
    }
}

/// The two record sets of a pair, EC2's first.
pub(super) fn pair(
    world: &World<'_>,
    application: usize,
    route: &Route,
    weights: WeightPair,
) -> Option<[Record; 2]> {
    let Route::Route53Record { name, record_type, ec2_set, fargate_set, .. } = route else {
        return None;
    };
    let record = |side: Side, set: &str, weight: u32| {
        let member = world.inventory.member(application, side);
        let balancer = member.and_then(|member| world.inventory.balancer_of(member));
        let target = balancer.map(|balancer| balancer.dns_name.clone()).unwrap_or_default();
        let is_alias = matches!(record_type.as_str(), "A" | "AAAA");
        let alias = is_alias.then(|| Alias {
            zone: alias_zone(&world.place.region),
            name: full_name(&format!("dualstack.{target}")),
            evaluates_health: true,
        });
        Record {
            name: full_name(name),
            kind: record_type.clone(),
            set: Some(set.to_owned()),
            weight: Some(weight),
            ttl: (!is_alias).then_some(TTL_SECONDS),
            values: if is_alias { Vec::new() } else { vec![target] },
            alias,
            ..Record::default()
        }
    };
    Some([
        record(Side::Ec2, ec2_set, weights.ec2),
        record(Side::Fargate, fargate_set, weights.fargate),
    ])
}

/// Records that every zone has.
pub(super) fn apex(zone: &Zone) -> [Record; 2] {
    let record = |kind: &str, ttl: u32, values: Vec<String>| Record {
        name: zone.name.clone(),
        kind: kind.to_owned(),
        ttl: Some(ttl),
        values,
        ..Record::default()
    };
    let [first, ..] = NAME_SERVERS;
    let authority = format!("{first} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
    [
        record("NS", 172_800, NAME_SERVERS.map(str::to_owned).to_vec()),
        record("SOA", 900, vec![authority]),
    ]
}

/// How many record sets a zone has.
pub(super) fn count(world: &World<'_>, id: &str, zone: &Zone) -> usize {
    2 + 2 * zone.pairs.len() + zone.instances.len() + texts(world, id).len()
}

/// The record sets that were put beside those of the region's file.
pub(super) fn texts<'a>(world: &'a World<'_>, id: &str) -> &'a [Record] {
    world.state.texts.get(id).map(Vec::as_slice).unwrap_or_default()
}

/// The root records of the policy instances in a zone.
fn of_instances(world: &World<'_>, id: &str, zone: &Zone) -> Vec<Record> {
    let policies = world.region.traffic_policies();
    let record = |instance: &crate::inventory::Instance| {
        let policy = world.region.policy_of(&instance.id)?;
        let kind = policies.iter().find(|it| it.id == policy)?.record_type.clone();
        let target = format!("{}.{}", digest(&["records", &instance.id], 16), instance.name);
        let alias = Alias { zone: id.to_owned(), name: target, evaluates_health: false };
        Some(Record {
            name: instance.name.clone(),
            kind,
            alias: Some(alias),
            instance: Some(instance.id.clone()),
            ..Record::default()
        })
    };
    zone.instances.iter().filter_map(record).collect()
}

pub(super) fn list(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let id = address.part(1);
    let most = address.max_items(PAGE_MAX)?;
    let (name, kind) = (address.query("name"), address.query("type"));
    let set = address.query("identifier");
    if (kind.is_some() && name.is_none()) || (set.is_some() && kind.is_none()) {
        let message = "The name must be given with a type, and both with an identifier";
        return Err(Refusal::invalid(message));
    }
    let inventory = world.inventory;
    let zone = inventory.zones.get(id);
    let pairs = zone.map(|zone| zone.pairs.as_slice()).unwrap_or_default();
    let requests: Vec<Request<'_>> =
        pairs.iter().map(|(_, route)| Request::DescribeRoute { route }).collect();
    let answers = world.call("route53:ListResourceRecordSets", false, &requests)?;
    let zone = zone.ok_or_else(|| no_zone(id))?;
    let mut records = apex(zone).to_vec();
    records.extend(of_instances(world, id, zone));
    records.extend_from_slice(texts(world, id));
    for ((application, route), answer) in pairs.iter().zip(answers) {
        let (weights, _) = answer.route()?;
        records.extend(pair(world, *application, route, weights).into_iter().flatten());
    }
    records.sort_by(|one, other| one.place().cmp(&other.place()));
    let first = (
        name.map(by_labels).unwrap_or_default(),
        kind.unwrap_or_default(),
        set.unwrap_or_default(),
    );
    records.retain(|record| record.place() >= first);
    let (shown, next) = split(&records, most);
    Ok(Fields::new()
        .with("ResourceRecordSets", named("ResourceRecordSet", shown.iter().map(Record::fields)))
        .with("IsTruncated", next.is_some())
        .with_some("NextRecordName", next.map(|next| &next.name))
        .with_some("NextRecordType", next.map(|next| &next.kind))
        .with_some("NextRecordIdentifier", next.and_then(|next| next.set.as_ref()))
        .with("MaxItems", most.to_string()))
}
