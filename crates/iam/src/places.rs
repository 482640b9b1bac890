//! What migrations name, by the role that reaches it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::spec::{Aws, Migration, Router, Rule, Workload};

use crate::arn;

/// Everything that one identity reaches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Region, cluster and name of each ECS service.
    pub(crate) services: BTreeSet<(String, String, String)>,
    /// Regions of the services.
    pub(crate) regions: BTreeSet<String>,
    /// Listener rules, default actions not among them.
    pub(crate) rules: BTreeSet<String>,
    /// Listeners whose default action may be what a rule's ARN names.
    pub(crate) listeners: BTreeSet<String>,
    /// Listeners that files name themselves.
    pub(crate) marked_listeners: BTreeSet<String>,
    /// Regions of the rules.
    pub(crate) rule_regions: BTreeSet<String>,
    /// Names and types of the records of each zone.
    pub(crate) zones: BTreeMap<String, Records>,
    /// Traffic policy instances.
    pub(crate) instances: BTreeSet<String>,
    /// Region, event bus and name of each EventBridge rule.
    pub(crate) event_rules: BTreeSet<(String, String, String)>,
    /// Roles that are assumed from here.
    pub(crate) roles: BTreeSet<String>,
    /// Any region here, for the partition of what has none; empty where nothing is reached.
    pub(crate) home: String,
}

/// Weighted records of one zone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    pub(crate) names: BTreeSet<String>,
    pub(crate) types: BTreeSet<String>,
}

impl Places {
    /// Whether there is nothing but roles to assume.
    pub(crate) fn reaches_nothing(&self) -> bool {
        self.regions.is_empty()
            && self.listeners.is_empty()
            && self.zones.is_empty()
            && self.instances.is_empty()
    }
}

/// The roles that are assumed for these migrations: each needs policies of its own.
#[must_use]
pub fn roles(migrations: &[Arc<Migration>]) -> BTreeSet<String> {
    let named = migrations.iter().flat_map(|migration| {
        let own = Arc::new(migration.spec.aws.clone());
        let router = migration.spec.traffic.router.as_ref().map(|router| router.place(&own));
        [Some(own), router].into_iter().flatten()
    });
    named.filter_map(|place| place.assume_role_arn.clone()).collect()
}

/// What `role` reaches; `None` is the process's own identity, which assumes the others.
pub(crate) fn reached(migrations: &[Arc<Migration>], role: Option<&str>) -> Places {
    let mut places = Places::default();
    for migration in migrations {
        let spec = &migration.spec;
        let own = Arc::new(spec.aws.clone());
        if own.assume_role_arn.as_deref() == role {
            add_services(&mut places, migration, &own);
        }
        if let Some(router) = &spec.traffic.router {
            let place = router.place(&own);
            if place.assume_role_arn.as_deref() == role {
                add_router(&mut places, router, &place);
            }
        }
    }
    if role.is_none() {
        places.roles = roles(migrations);
    }
    places
}

fn add_services(places: &mut Places, migration: &Migration, own: &Aws) {
    let spec = &migration.spec;
    let sides =
        [(&spec.ec2.cluster, &spec.ec2.service), (&spec.fargate.cluster, &spec.fargate.service)];
    for (cluster, service) in sides {
        if let Some(service) = service {
            places.services.insert((own.region.clone(), cluster.clone(), service.clone()));
        }
    }
    if let Workload::Scheduled(scheduled) = &spec.workload {
        let rule = |rule: &Rule| (own.region.clone(), rule.bus.clone(), rule.name.clone());
        places.event_rules.extend(scheduled.rules.iter().map(rule));
    }
    places.regions.insert(own.region.clone());
    places.home.clone_from(&own.region);
}

fn add_router(places: &mut Places, router: &Router, place: &Aws) {
    places.home.clone_from(&place.region);
    match router {
        Router::Route53Weighted(weighted) => {
            let records = places.zones.entry(weighted.hosted_zone_id.clone()).or_default();
            for record in &weighted.records {
                records.names.insert(arn::normalized(&record.name));
                records.types.insert(record.record_type.to_string());
            }
        }
        Router::Route53TrafficPolicy(policy) => {
            places.instances.extend(policy.instances.iter().map(|instance| instance.id.clone()));
        }
        Router::AlbWeighted(alb) => {
            for rule in &alb.rule_arns {
                let region = arn::region(rule).unwrap_or(&place.region);
                places.rule_regions.insert(region.to_owned());
                if rule.contains(":listener/") {
                    places.marked_listeners.insert(rule.clone());
                } else {
                    places.rules.insert(rule.clone());
                }
                places.listeners.extend(arn::listener(rule));
            }
        }
    }
}
