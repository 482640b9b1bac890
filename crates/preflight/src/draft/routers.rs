//! What splits a service's traffic, or could.

use std::collections::BTreeMap;

use model::inventory::{
    Document, PolicyInstance, RecordSet, Routing, Rule, bare_name, is_same_name,
};
use model::spec::{
    AlbWeighted, Record, RecordType, Route53TrafficPolicy, Route53Weighted, Router,
    TrafficPolicyInstance,
};

use super::Around;
use crate::scene::{listed, short};

/// Something that points at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The router it is; `None` where it does not split yet.
    pub(super) router: Option<Router>,
    /// What was seen.
    pub(super) because: String,
}

/// Everything that points at the service, what splits first.
pub(super) fn find(around: &Around) -> Vec<Candidate> {
    let mut found = rules(around);
    found.extend(records(around));
    found.extend(policies(around));
    found.sort_by_key(|candidate| candidate.router.is_none());
    found
}

fn rules(around: &Around) -> Vec<Candidate> {
    let Some(group) = &around.group else { return Vec::new() };
    let ours: Vec<&Rule> =
        around.rules.iter().filter(|rule| rule.weight_of(&group.arn).is_some()).collect();
    // Rules with the same other group move together.
    let mut pairs: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    let mut candidates = Vec::new();
    for rule in ours {
        let others: Vec<&str> = rule
            .forwards
            .iter()
            .map(|forward| forward.group.as_str())
            .filter(|other| *other != group.arn)
            .collect();
        match others.as_slice() {
            [other] => pairs.entry(other).or_default().push(rule),
            [] => candidates.push(Candidate {
                router: None,
                because: format!(
                    "{} forwards to {} alone. With the twin's target group beside it (weight 0) it \
                     would be a router of type albWeighted.",
                    rule.arn,
                    short(&group.arn)
                ),
            }),
            several => {
                let names: Vec<&str> = several.iter().map(|arn| short(arn)).collect();
                let because = format!(
                    "{} forwards to {} and to {}: which of them is the twin's is not known.",
                    rule.arn,
                    short(&group.arn),
                    listed(&names)
                );
                candidates.push(Candidate { router: None, because });
            }
        }
    }
    candidates.extend(pairs.into_iter().map(|(other, rules)| Candidate {
        because: format!(
            "{} rule(s) of the balancer forward to {} and to {}.",
            rules.len(),
            short(&group.arn),
            short(other)
        ),
        router: Some(Router::AlbWeighted(AlbWeighted {
            aws: None,
            rule_arns: rules.iter().map(|rule| rule.arn.clone()).collect(),
            ec2_target_group_arn: group.arn.clone(),
            fargate_target_group_arn: other.to_owned(),
        })),
    }));
    candidates
}

/// The types that a migration moves.
fn record_type(text: &str) -> Option<RecordType> {
    match text {
        "A" => Some(RecordType::A),
        "AAAA" => Some(RecordType::Aaaa),
        "CNAME" => Some(RecordType::Cname),
        _ => None,
    }
}

fn is_ours(around: &Around, name: &str) -> bool {
    around.balancers.iter().any(|balancer| is_same_name(&balancer.dns_name, name))
}

fn records(around: &Around) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (zone, records) in &around.zones {
        // Pairs of equal set identifiers move together.
        let mut pairs: BTreeMap<(&str, &str), Vec<Record>> = BTreeMap::new();
        for ours in records.iter().filter(|it| it.points_at().any(|name| is_ours(around, name))) {
            let Some(kind) = record_type(&ours.record_type) else { continue };
            // Those that a policy makes are found by the policy.
            if ours.policy_instance.is_some() {
                continue;
            }
            match siblings(records, ours) {
                Split::Pair(ec2, other) => {
                    let name = bare_name(&ours.name);
                    pairs.entry((ec2, other)).or_default().push(Record { name, record_type: kind });
                }
                Split::Not(why) => candidates.push(Candidate {
                    router: None,
                    because: format!(
                        "{} {} in zone {} points at the balancer, {why}.",
                        bare_name(&ours.name),
                        ours.record_type,
                        zone.id
                    ),
                }),
            }
        }
        candidates.extend(pairs.into_iter().map(|((ec2, fargate), mut records)| {
            records.sort();
            records.dedup();
            let names: Vec<String> =
                records.iter().map(|it| format!("{} {}", it.name, it.record_type)).collect();
            let kind = if zone.is_private { "private zone" } else { "zone" };
            Candidate {
                because: format!(
                    "In {kind} {} ({}) records `{ec2}` point at the service's balancer and `{fargate}` \
                     at another: {}.",
                    zone.id,
                    bare_name(&zone.name),
                    listed(&names)
                ),
                router: Some(Router::Route53Weighted(Route53Weighted {
                    aws: None,
                    hosted_zone_id: zone.id.clone(),
                    records,
                    ec2_set_identifier: ec2.to_owned(),
                    fargate_set_identifier: fargate.to_owned(),
                })),
            }
        }));
    }
    candidates
}

/// How a record stands among those of its name and type.
enum Split<'a> {
    /// It and one other are weighted: their set identifiers.
    Pair(&'a str, &'a str),
    /// It does not split in two, because.
    Not(String),
}

fn siblings<'a>(records: &'a [RecordSet], ours: &'a RecordSet) -> Split<'a> {
    match &ours.routing {
        Routing::Weighted(_) => {}
        Routing::Simple => {
            return Split::Not(
                "and is not weighted: with a weighted record for each side it would be a router \
                 of type route53Weighted"
                    .to_owned(),
            );
        }
        Routing::Other(word) => return Split::Not(format!("and goes by {word}, not by weight")),
    }
    let others: Vec<&str> = records
        .iter()
        .filter(|it| {
            it.record_type == ours.record_type
                && is_same_name(&it.name, &ours.name)
                && it.set_identifier != ours.set_identifier
        })
        .filter_map(|it| it.set_identifier.as_deref())
        .collect();
    match (ours.set_identifier.as_deref(), others.as_slice()) {
        (Some(own), [other]) if is_movable(&ours.name) => Split::Pair(own, other),
        (Some(_), [_]) => Split::Not("and its name is one that a migration cannot hold".to_owned()),
        (_, []) => Split::Not("and no weighted record stands beside it".to_owned()),
        (_, several) => Split::Not(format!(
            "and several weighted records stand beside it ({}): which is the twin's is not known",
            listed(several)
        )),
    }
}

/// Whether a migration's file can hold a name: letters, digits, hyphens, underscores and a first
/// asterisk, in two labels or more (the rule of `manifest`).
fn is_movable(name: &str) -> bool {
    let name = bare_name(name);
    let label = |(at, label): (usize, &str)| {
        let is_letter = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        (at == 0 && label == "*")
            || ((1..=63).contains(&label.len()) && label.bytes().all(is_letter))
    };
    name.len() <= 253 && name.contains('.') && name.split('.').enumerate().all(label)
}

fn policies(around: &Around) -> Vec<Candidate> {
    let mut pairs: BTreeMap<(String, String), Vec<&PolicyInstance>> = BTreeMap::new();
    let mut candidates = Vec::new();
    for instance in &around.instances {
        let Ok(text) = &instance.document else { continue };
        let Ok(document) = Document::read(text) else { continue };
        let ours = document.endpoints.iter().find(|(_, value)| is_ours(around, value));
        let Some((ours, _)) = ours else { continue };
        let mut others: Vec<&String> = document
            .splits
            .values()
            .filter(|items| items.iter().any(|item| item.endpoint.as_ref() == Some(ours)))
            .flatten()
            .filter_map(|item| item.endpoint.as_ref())
            .filter(|endpoint| *endpoint != ours && !endpoint.is_empty())
            .collect();
        others.sort();
        others.dedup();
        let name = bare_name(&instance.name);
        match others.as_slice() {
            [other] if !ours.is_empty() => {
                pairs.entry((ours.clone(), (*other).clone())).or_default().push(instance);
            }
            [] | [_] => candidates.push(Candidate {
                router: None,
                because: format!(
                    "Policy instance {} ({name}) sends everything to endpoint `{ours}`. With a \
                     weighted rule of it and the twin's balancer it would be a router of type \
                     route53TrafficPolicy.",
                    instance.id
                ),
            }),
            several => candidates.push(Candidate {
                router: None,
                because: format!(
                    "Policy instance {} ({name}) splits between endpoint `{ours}` and {}: which is \
                     the twin's is not known.",
                    instance.id,
                    listed(several)
                ),
            }),
        }
    }
    candidates.extend(pairs.into_iter().map(|((ec2, fargate), instances)| {
        let names: Vec<String> = instances.iter().map(|it| bare_name(&it.name)).collect();
        let ids = instances.iter().map(|it| TrafficPolicyInstance { id: it.id.clone() });
        Candidate {
            because: format!(
                "Traffic Flow splits {} between endpoint `{ec2}`, the service's balancer, and \
                 `{fargate}`.",
                listed(&names)
            ),
            router: Some(Router::Route53TrafficPolicy(Route53TrafficPolicy {
                aws: None,
                instances: ids.collect(),
                ec2_endpoint: ec2,
                fargate_endpoint: fargate,
            })),
        }
    }));
    candidates
}
