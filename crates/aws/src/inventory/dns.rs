//! Hosted zones, records and policy instances, as they are listed.

use std::collections::BTreeMap;

use aws_sdk_route53::types as sdk;
use cloud::{Error, ErrorKind, Result};
use model::Span;
use model::inventory::{Alias, Found, HostedZone, PolicyInstance, RecordSet, Routing, Unread};

use crate::batches::{PAGES_MAX, too_many_pages};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::{Family, Lane};

const LIST_ZONES: &str = "route53:ListHostedZones";
const LIST_RECORDS: &str = "route53:ListResourceRecordSets";
const LIST_INSTANCES: &str = "route53:ListTrafficPolicyInstances";
const GET_VERSION: &str = "route53:GetTrafficPolicy";

/// Route 53 API: `MaxItems` is 300 at most.
const RECORDS_MAX: i32 = 300;

pub(super) async fn zones(client: &Client, question: Question) -> Result<Vec<HostedZone>> {
    let (mut zones, mut marker) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = client.read(Call::new(LIST_ZONES, Family::Dns, question), || {
            client.dns.list_hosted_zones().set_marker(marker.clone()).send()
        });
        let page = page.await?;
        zones.extend(page.hosted_zones.into_iter().map(|zone| HostedZone {
            id: zone.id.trim_start_matches("/hostedzone/").to_owned(),
            name: zone.name,
            is_private: zone.config.is_some_and(|config| config.private_zone),
        }));
        if !page.is_truncated {
            return Ok(zones);
        }
        marker = page.next_marker;
    }
    Err(too_many_pages(LIST_ZONES))
}

/// A zone of thousands of records takes more turns than a question has patience for, so that each
/// page is a question of its own.
pub(super) async fn records(
    client: &Client,
    clients: &Clients,
    zone: &str,
) -> Result<Vec<RecordSet>> {
    let mut records = Vec::new();
    let (mut name, mut kind, mut identifier) = (None, None, None);
    for _ in 0..PAGES_MAX {
        let question = clients.question(Lane::Ordinary);
        let page = client.read(Call::new(LIST_RECORDS, Family::Dns, question), || {
            let asked = client.dns.list_resource_record_sets().hosted_zone_id(zone);
            let asked = asked.max_items(RECORDS_MAX).set_start_record_name(name.clone());
            let asked = asked.set_start_record_type(kind.clone());
            asked.set_start_record_identifier(identifier.clone()).send()
        });
        let page = page.await?;
        records.extend(page.resource_record_sets.into_iter().map(record));
        if !page.is_truncated {
            return Ok(records);
        }
        (name, kind) = (page.next_record_name, page.next_record_type);
        identifier = page.next_record_identifier;
    }
    Err(too_many_pages(LIST_RECORDS))
}

fn record(found: sdk::ResourceRecordSet) -> RecordSet {
    let routing = routing(&found);
    let values = found.resource_records.unwrap_or_default();
    RecordSet {
        name: found.name,
        record_type: found.r#type.as_str().to_owned(),
        set_identifier: found.set_identifier,
        routing,
        ttl: found.ttl.and_then(|ttl| u64::try_from(ttl).ok()).map(Span::from_secs),
        alias: found.alias_target.map(|alias| Alias {
            dns_name: alias.dns_name,
            evaluate_target_health: alias.evaluate_target_health,
        }),
        values: values.into_iter().map(|record| record.value).collect(),
        health_check: found.health_check_id,
        policy_instance: found.traffic_policy_instance_id,
    }
}

fn routing(found: &sdk::ResourceRecordSet) -> Routing {
    if let Some(weight) = found.weight.and_then(|weight| u32::try_from(weight).ok()) {
        return Routing::Weighted(weight);
    }
    let others = [
        ("latency", found.region.is_some()),
        ("geolocation", found.geo_location.is_some()),
        ("geoproximity", found.geo_proximity_location.is_some()),
        ("failover", found.failover.is_some()),
        ("multivalue answer", found.multi_value_answer.is_some()),
        ("client address", found.cidr_routing_config.is_some()),
    ];
    let other = others.into_iter().find(|(_, is_so)| *is_so);
    other.map_or(Routing::Simple, |(word, _)| Routing::Other(word.to_owned()))
}

pub(super) async fn policy_instances(
    client: &Client,
    question: Question,
) -> Result<Vec<PolicyInstance>> {
    let mut instances = Vec::new();
    let (mut zone, mut name, mut kind) = (None, None, None);
    for pages in 1.. {
        if pages > PAGES_MAX {
            return Err(too_many_pages(LIST_INSTANCES));
        }
        let page = client.read(Call::new(LIST_INSTANCES, Family::Dns, question), || {
            let asked = client.dns.list_traffic_policy_instances();
            let asked = asked.set_hosted_zone_id_marker(zone.clone());
            let asked = asked.set_traffic_policy_instance_name_marker(name.clone());
            asked.set_traffic_policy_instance_type_marker(kind.clone()).send()
        });
        let page = page.await?;
        instances.extend(page.traffic_policy_instances);
        if !page.is_truncated {
            break;
        }
        zone = page.hosted_zone_id_marker;
        name = page.traffic_policy_instance_name_marker;
        kind = page.traffic_policy_instance_type_marker;
    }
    // Several instances may follow one version.
    let mut documents: BTreeMap<(String, i32), Found<String>> = BTreeMap::new();
    let mut all = Vec::new();
    for found in instances {
        let key = (found.traffic_policy_id.clone(), found.traffic_policy_version);
        if !documents.contains_key(&key) {
            let document = document(client, question, &key.0, key.1).await;
            documents.insert(key.clone(), document.map_err(Unread::from));
        }
        let document = documents.get(&key).cloned();
        all.push(instance(found, document)?);
    }
    Ok(all)
}

async fn document(
    client: &Client,
    question: Question,
    policy: &str,
    version: i32,
) -> Result<String> {
    let answer = client.read(Call::new(GET_VERSION, Family::Dns, question), || {
        client.dns.get_traffic_policy().id(policy).version(version).send()
    });
    let policy = answer.await?.traffic_policy;
    policy
        .map(|policy| policy.document)
        .ok_or_else(|| Error::new(ErrorKind::Partial, GET_VERSION, "the answer has no policy"))
}

fn instance(
    found: sdk::TrafficPolicyInstance,
    document: Option<Found<String>>,
) -> Result<PolicyInstance> {
    let incomplete = |what: &str| {
        let message = format!("instance {} has {what}", found.id);
        Error::new(ErrorKind::Partial, LIST_INSTANCES, message)
    };
    let version = u32::try_from(found.traffic_policy_version);
    let ttl = u64::try_from(found.ttl);
    Ok(PolicyInstance {
        version: version.map_err(|_| incomplete("no version"))?,
        ttl: Span::from_secs(ttl.map_err(|_| incomplete("no TTL"))?),
        document: document.ok_or_else(|| incomplete("no document"))?,
        zone: found.hosted_zone_id.trim_start_matches("/hostedzone/").to_owned(),
        name: found.name,
        record_type: found.traffic_policy_type.as_str().to_owned(),
        policy: found.traffic_policy_id,
        state: found.state,
        message: found.message,
        id: found.id,
    })
}
