//! A migration as the controller holds it: the spec, and the names AWS knows its parts by.

use std::sync::Arc;

use cloud::objectives::Source;
use cloud::{TargetGroup, Thing};
use model::ownership::Owner;
use model::route::{Route, Routes, ServiceId};
use model::spec::{Aws, Migration, Name, Objective, Router, Slo, SloKind, Workload};
use model::{PerSide, Side, Span};

/// Why a migration that is valid cannot be carried by this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// Another workload than `loadBalanced`.
    #[error("spec.workload: this version carries `loadBalanced` only, not `{0}`")]
    Workload(&'static str),
    /// A service is not named.
    #[error("spec.{0}.service: name the ECS service; this version does not provision it")]
    ServiceMissing(&'static str),
}

/// An objective whose events are counted elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its name in the spec.
    pub name: String,
    /// Where the events of each side are counted.
    pub sources: PerSide<Source>,
    /// The part of events that must be good; `None` where the source says it.
    pub objective: Option<Objective>,
}

/// A migration as the controller holds it.
#[derive(Debug, Clone)]
pub struct Managed {
    /// Its name.
    pub name: String,
    /// Counts the versions of its spec, from 1.
    pub generation: u64,
    /// The spec.
    pub migration: Arc<Migration>,
    /// The two services.
    pub services: PerSide<ServiceId>,
    /// Their target groups, where the spec names them; else they are found from the service.
    pub groups: PerSide<Option<TargetGroup>>,
    /// What the router moves.
    pub routes: Routes,
    /// Objectives whose events are counted elsewhere.
    pub objectives: Vec<Counted>,
    /// The threshold of the first latency SLO, the one that is compared minute by minute.
    pub latency_threshold: Option<Span>,
}

impl Managed {
    /// Reads the parts out of a spec.
    ///
    /// # Errors
    /// [`Unsupported`] for what this version does not carry yet.
    pub fn new(generation: u64, migration: Arc<Migration>) -> Result<Self, Unsupported> {
        let spec = &migration.spec;
        let router = match (&spec.workload, &spec.traffic.router) {
            (Workload::LoadBalanced, Some(router)) => router,
            (workload, _) => return Err(Unsupported::Workload(workload.name())),
        };
        let account = Arc::new(spec.aws.clone());
        let named = |side: Side, cluster: &String, service: &Option<String>| match service {
            Some(service) => Ok(ServiceId {
                account: Arc::clone(&account),
                cluster: cluster.clone(),
                service: service.clone(),
            }),
            None => Err(Unsupported::ServiceMissing(side.name())),
        };
        Ok(Self {
            name: migration.name().as_str().to_owned(),
            generation,
            services: PerSide {
                ec2: named(Side::Ec2, &spec.ec2.cluster, &spec.ec2.service)?,
                fargate: named(Side::Fargate, &spec.fargate.cluster, &spec.fargate.service)?,
            },
            groups: groups(&migration, router, &account),
            routes: Routes { account: router.place(&account), routes: routes(router) },
            objectives: spec.slos.iter().filter_map(counted).collect(),
            latency_threshold: spec.slos.iter().find_map(|slo| match &slo.kind {
                SloKind::Latency(latency) => Some(latency.threshold),
                SloKind::Availability(_) | SloKind::Datadog(_) => None,
            }),
            migration,
        })
    }
}

impl Managed {
    /// All that it changes and that can carry a mark, each once.
    #[must_use]
    pub fn things(&self) -> Vec<Thing> {
        let services = self.services.iter().map(|(_, id)| Thing::Service(id.clone()));
        let account = &self.routes.account;
        let routes = self
            .routes
            .routes
            .iter()
            .map(|route| Thing::Route { account: Arc::clone(account), route: route.clone() });
        let mut things: Vec<Thing> = services.collect();
        for thing in routes {
            // Records of one name share a mark.
            if things.iter().all(|known| known.to_string() != thing.to_string()) {
                things.push(thing);
            }
        }
        things
    }

    /// What its mark says.
    #[must_use]
    pub fn owner(&self, installation: &Name) -> Owner {
        let migration = self.migration.name().clone();
        Owner { installation: installation.clone(), migration }
    }
}

fn counted(slo: &Slo) -> Option<Counted> {
    match &slo.kind {
        SloKind::Latency(_) | SloKind::Availability(_) => None,
        SloKind::Datadog(datadog) => Some(Counted {
            name: slo.name.to_string(),
            sources: Source::of(datadog),
            objective: slo.kind.objective(),
        }),
    }
}

fn groups(
    migration: &Migration,
    router: &Router,
    account: &Arc<Aws>,
) -> PerSide<Option<TargetGroup>> {
    let by_router = match router {
        Router::AlbWeighted(alb) => PerSide {
            ec2: Some(alb.ec2_target_group_arn.clone()),
            fargate: Some(alb.fargate_target_group_arn.clone()),
        },
        Router::Route53Weighted(_) | Router::Route53TrafficPolicy(_) => PerSide::default(),
    };
    let spec = &migration.spec;
    let group = |arn: String| TargetGroup { account: Arc::clone(account), arn };
    PerSide {
        ec2: spec.ec2.target_group_arn.clone().or(by_router.ec2).map(group),
        fargate: spec.fargate.target_group_arn.clone().or(by_router.fargate).map(group),
    }
}

fn routes(router: &Router) -> Vec<Route> {
    match router {
        Router::Route53Weighted(weighted) => weighted
            .records
            .iter()
            .map(|record| Route::Route53Record {
                zone: weighted.hosted_zone_id.clone(),
                name: record.name.clone(),
                record_type: record.record_type.to_string(),
                ec2_set: weighted.ec2_set_identifier.clone(),
                fargate_set: weighted.fargate_set_identifier.clone(),
            })
            .collect(),
        Router::AlbWeighted(alb) => alb
            .rule_arns
            .iter()
            .map(|rule| Route::AlbRule {
                rule: rule.clone(),
                ec2_group: alb.ec2_target_group_arn.clone(),
                fargate_group: alb.fargate_target_group_arn.clone(),
            })
            .collect(),
        Router::Route53TrafficPolicy(policy) => policy
            .instances
            .iter()
            .map(|instance| Route::TrafficPolicyInstance {
                id: instance.id.clone(),
                ec2_endpoint: policy.ec2_endpoint.clone(),
                fargate_endpoint: policy.fargate_endpoint.clone(),
            })
            .collect(),
    }
}
