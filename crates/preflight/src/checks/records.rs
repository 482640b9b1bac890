//! Weighted records, and what resolvers make of them.

use std::collections::BTreeSet;

use model::inventory::{PolicyInstance, RecordSet, RouterView, Routing, bare_name, is_same_name};
use model::route::WeightPair;
use model::spec::{Record, Route53Weighted, Router};
use model::{PerSide, Side, Span};

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "records.missing",
        severity: Severity::Blocker,
        finds: "the zone holds no record of a name and set identifier that the file gives",
        remedy: "make both records, equal but for set identifier, weight and balancer, with 100 \
                 and 0 as weights, or correct the set identifiers in the file",
        look: missing,
    },
    Check {
        id: "records.type",
        severity: Severity::Blocker,
        finds: "the zone holds the name with records of another type than the file gives",
        remedy: "give the type that the zone has in `spec.traffic.router.records`",
        look: record_type,
    },
    Check {
        id: "records.notWeighted",
        severity: Severity::Blocker,
        finds: "a record of the name is chosen by something else than weight",
        remedy: "make it a weighted record with a set identifier (Route 53 wants all records of \
                 one name and type to be weighted)",
        look: not_weighted,
    },
    Check {
        id: "records.allZero",
        severity: Severity::Blocker,
        finds: "both weights are 0, which Route 53 answers with an equal split",
        remedy: "give EC2's record a weight, such as 100",
        look: all_zero,
    },
    Check {
        id: "dns.ttl",
        severity: Severity::Blocker,
        finds: "answers may be kept for longer than the 60 s that Ferry gives clients to follow",
        remedy: "set the TTL to 60 s at least 48 h before the first step, so that old answers \
                 have run out",
        look: ttl,
    },
    Check {
        id: "records.evaluateTargetHealth",
        severity: Severity::Blocker,
        finds: "a record goes by the health of a balancer whose service runs no task: Route 53 \
                then takes that whole balancer out, or answers as if both were down",
        remedy: "start tasks there until they are healthy before the record is used, or set \
                 `EvaluateTargetHealth` to false",
        look: target_health,
    },
    Check {
        id: "records.disagree",
        severity: Severity::Warning,
        finds: "the records of one migration stand at different shares",
        remedy: "give all names the same weights: Ferry takes the one with most on Fargate as the \
                 share, and holds",
        look: disagree,
    },
    Check {
        id: "records.others",
        severity: Severity::Warning,
        finds: "further weighted records of the same name take a part of the traffic",
        remedy: "take them out, or give them weight 0: shares are of what the two records get",
        look: others,
    },
    Check {
        id: "records.healthCheck",
        severity: Severity::Warning,
        finds: "a record goes by a health check: where all others fail it, Route 53 answers with \
                a record of weight 0",
        remedy: "do not take weight 0 for off: keep healthy tasks behind both records, or take \
                 the health check out",
        look: health_check,
    },
    Check {
        id: "records.pointElsewhere",
        severity: Severity::Warning,
        finds: "a record points at another balancer than the one its service is behind",
        remedy: "point it at the service's own balancer, or correct the set identifiers",
        look: elsewhere,
    },
];

/// How long clients are given to follow (`model::route::RouteLimits`).
const TTL_MAX: Span = Span::from_secs(60);

/// The file's router and the zone's records of its names.
fn zone<'a>(scene: &Scene<'a>) -> Option<(&'a Route53Weighted, &'a [RecordSet])> {
    let Some(Router::Route53Weighted(router)) = &scene.spec().traffic.router else { return None };
    let RouterView::Records(Ok(records)) = &scene.here.router else { return None };
    Some((router, records))
}

fn is_of(record: &Record, set: &RecordSet) -> bool {
    is_same_name(&record.name, &set.name) && record.record_type.to_string() == set.record_type
}

fn identifier(router: &Route53Weighted, side: Side) -> &str {
    match side {
        Side::Ec2 => &router.ec2_set_identifier,
        Side::Fargate => &router.fargate_set_identifier,
    }
}

/// The records of each side under the names of the file.
fn pairs<'a>(scene: &Scene<'a>) -> Vec<(&'a Record, PerSide<Option<&'a RecordSet>>)> {
    let Some((router, sets)) = zone(scene) else { return Vec::new() };
    let of = |record: &Record, side| {
        let wanted = identifier(router, side);
        sets.iter().find(|set| is_of(record, set) && set.set_identifier.as_deref() == Some(wanted))
    };
    let pair = |record| (record, PerSide::from_fn(|side| of(record, side)));
    router.records.iter().map(pair).collect()
}

/// Each record of a side that is there.
fn each<'a>(scene: &Scene<'a>) -> Vec<(Side, &'a RecordSet)> {
    let sets = pairs(scene).into_iter().flat_map(|(_, pair)| {
        Side::ALL.into_iter().filter_map(move |side| pair.get(side).map(|set| (side, set)))
    });
    sets.collect()
}

fn called(set: &RecordSet) -> String {
    let name = bare_name(&set.name);
    let identifier = set.set_identifier.as_deref();
    let identifier = identifier.map(|it| format!(" `{it}`")).unwrap_or_default();
    format!("{name} {}{identifier}", set.record_type)
}

fn missing(scene: &Scene<'_>, said: &mut Said) {
    let Some((router, sets)) = zone(scene) else { return };
    for (record, pair) in pairs(scene) {
        let of_type: Vec<&RecordSet> = sets.iter().filter(|set| is_of(record, set)).collect();
        let of_name = sets.iter().any(|set| is_same_name(&record.name, &set.name));
        if of_type.is_empty() && of_name {
            // Of another type: `records.type` says so.
            continue;
        }
        for (side, _) in pair.iter().filter(|(_, set)| set.is_none()) {
            let identifiers = of_type.iter().filter_map(|set| set.set_identifier.as_deref());
            let known: Vec<String> = identifiers.map(|it| format!("`{it}`")).collect();
            let has = if known.is_empty() {
                "it has none with a set identifier".to_owned()
            } else {
                format!("it has {}", listed(&known))
            };
            said.seen(format!(
                "Zone {} has no record {} {} with the set identifier `{}`; {has}.",
                router.hosted_zone_id,
                bare_name(&record.name),
                record.record_type,
                identifier(router, side)
            ));
        }
    }
}

fn record_type(scene: &Scene<'_>, said: &mut Said) {
    let Some((router, sets)) = zone(scene) else { return };
    for record in &router.records {
        let of_name = sets.iter().filter(|set| is_same_name(&record.name, &set.name));
        let types: BTreeSet<&str> = of_name.map(|set| set.record_type.as_str()).collect();
        let wanted = record.record_type.to_string();
        if !types.is_empty() && !types.contains(wanted.as_str()) {
            let types: Vec<&str> = types.into_iter().collect();
            let name = bare_name(&record.name);
            said.seen(format!(
                "{name} has no {wanted} record in the zone; it has {}.",
                listed(&types)
            ));
        }
    }
}

fn not_weighted(scene: &Scene<'_>, said: &mut Said) {
    let Some((router, sets)) = zone(scene) else { return };
    for set in sets.iter().filter(|set| router.records.iter().any(|record| is_of(record, set))) {
        match &set.routing {
            Routing::Weighted(_) => {}
            Routing::Simple => said.seen(format!("{} is a simple record.", called(set))),
            Routing::Other(word) => said.seen(format!("{} goes by {word}.", called(set))),
        }
    }
}

fn weights(pair: &PerSide<Option<&RecordSet>>) -> Option<WeightPair> {
    let weight = |set: Option<&RecordSet>| match set?.routing {
        Routing::Weighted(weight) => Some(weight),
        Routing::Simple | Routing::Other(_) => None,
    };
    Some(WeightPair { ec2: weight(pair.ec2)?, fargate: weight(pair.fargate)? })
}

fn all_zero(scene: &Scene<'_>, said: &mut Said) {
    for (record, pair) in pairs(scene) {
        if weights(&pair).is_some_and(|pair| pair.share().is_none()) {
            let name = bare_name(&record.name);
            said.seen(format!("{name} {} has the weights 0 and 0.", record.record_type));
        }
    }
}

fn disagree(scene: &Scene<'_>, said: &mut Said) {
    let known: Vec<(String, WeightPair)> = pairs(scene)
        .into_iter()
        .filter_map(|(record, pair)| {
            let name = format!("{} {}", bare_name(&record.name), record.record_type);
            Some((name, weights(&pair)?))
        })
        .collect();
    let Some((_, first)) = known.first() else { return };
    if known.iter().any(|(_, pair)| pair.share() != first.share()) {
        let shown: Vec<String> = known
            .iter()
            .map(|(name, pair)| format!("{name} at {} and {}", pair.ec2, pair.fargate))
            .collect();
        said.seen(format!("Weights of EC2 and Fargate: {}.", listed(&shown)));
    }
}

fn ttl(scene: &Scene<'_>, said: &mut Said) {
    for (_, set) in each(scene) {
        if let Some(ttl) = set.ttl.filter(|ttl| *ttl > TTL_MAX) {
            said.seen(format!("{} has a TTL of {ttl}.", called(set)));
        }
    }
    for PolicyInstance { name, record_type, ttl, .. } in super::policy::plain(scene) {
        if *ttl > TTL_MAX {
            let name = bare_name(name);
            said.seen(format!("{name} {record_type} answers plain values with a TTL of {ttl}."));
        }
    }
}

fn target_health(scene: &Scene<'_>, said: &mut Said) {
    for (side, set) in each(scene) {
        let evaluates = set.alias.as_ref().is_some_and(|alias| alias.evaluate_target_health);
        let Some(service) = scene.service(side).filter(|service| service.running == 0) else {
            continue;
        };
        if evaluates {
            said.seen(format!(
                "{} has `EvaluateTargetHealth` and {} runs {} tasks.",
                called(set),
                scene.called(side),
                service.running
            ));
        }
    }
}

fn others(scene: &Scene<'_>, said: &mut Said) {
    let Some((router, sets)) = zone(scene) else { return };
    for record in &router.records {
        for set in sets.iter().filter(|set| is_of(record, set)) {
            let Some(identifier) = set.set_identifier.as_deref() else { continue };
            let is_ours = identifier == router.ec2_set_identifier
                || identifier == router.fargate_set_identifier;
            if let (false, Routing::Weighted(weight @ 1..)) = (is_ours, &set.routing) {
                said.seen(format!("{} has the weight {weight}.", called(set)));
            }
        }
    }
}

fn health_check(scene: &Scene<'_>, said: &mut Said) {
    for (_, set) in each(scene) {
        if let Some(id) = &set.health_check {
            said.seen(format!("{} goes by health check {id}.", called(set)));
        }
    }
}

fn elsewhere(scene: &Scene<'_>, said: &mut Said) {
    for (side, set) in each(scene) {
        let own: Vec<&str> = scene.balancers(side).map(|it| it.dns_name.as_str()).collect();
        let points: Vec<&str> = set.points_at().collect();
        let Some(first) = points.first() else { continue };
        let is_own = points.iter().any(|point| own.iter().any(|own| is_same_name(point, own)));
        if !own.is_empty() && !is_own {
            said.seen(format!(
                "{} points at {}, and {} is behind {}.",
                called(set),
                bare_name(first),
                scene.called(side),
                listed(&own)
            ));
        }
    }
}
