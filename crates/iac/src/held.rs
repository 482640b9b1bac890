//! The things of which Ferry writes a part.

use std::sync::Arc;

use model::Side;
use model::spec::{Aws, Migration, Releases, Route53Weighted, Router, ScalingMode, Spec, Workload};

/// Something in AWS, of which Ferry writes a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What its label is made of: the migration and what it is there.
    pub words: Vec<String>,
    /// Its account and region.
    pub place: Arc<Aws>,
    /// What it is.
    pub thing: Thing,
}

/// What it is, and which part Ferry writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// An ECS service: its count where it has no scalable target.
    Service {
        /// The cluster's name.
        cluster: String,
        /// Its name.
        service: String,
        /// Whether Ferry deploys releases to it.
        released: bool,
        /// Whether Ferry made it.
        made: bool,
    },
    /// The scalable target of a service: its minimum, and one-shot scheduled actions of its own.
    ScalableTarget {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
    },
    /// The scaling policies of a service.
    ScalingPolicies {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
    },
    /// A weighted record: its weight.
    Record {
        /// The hosted zone's id.
        zone: String,
        /// The domain name without a dot at its end.
        name: String,
        /// The type, such as `A`.
        record_type: String,
        /// The set identifier.
        set: String,
    },
    /// A listener rule: the weights and the stickiness of its forward action.
    ListenerRule {
        /// Its ARN.
        arn: String,
    },
    /// A listener: the same of its default action.
    Listener {
        /// Its ARN.
        arn: String,
    },
    /// A traffic policy instance: the version that it follows.
    PolicyInstance {
        /// Its id.
        id: String,
    },
    /// The traffic policy of instances: new versions.
    TrafficPolicy {
        /// Their ids; files do not name the policy.
        instances: Vec<String>,
    },
    /// The target of an EventBridge rule: how its task is started.
    ScheduledTask {
        /// The event bus.
        bus: String,
        /// The rule's name.
        rule: String,
    },
}

/// Everything of one migration of which Ferry writes a part, services first.
#[must_use]
pub fn held(migration: &Migration) -> Vec<Held> {
    let spec = &migration.spec;
    let own = Arc::new(spec.aws.clone());
    let mut all: Vec<(Vec<String>, Arc<Aws>, Thing)> = Vec::new();
    for side in Side::ALL {
        let of_side = services(spec, side).into_iter();
        all.extend(of_side.map(|(word, thing)| {
            (vec![side.name().to_owned(), word.to_owned()], Arc::clone(&own), thing)
        }));
    }
    if let Some(router) = &spec.traffic.router {
        let place = router.place(&own);
        let routed = routed(router).into_iter();
        all.extend(routed.map(|(words, thing)| (words, Arc::clone(&place), thing)));
    }
    if let Workload::Scheduled(scheduled) = &spec.workload {
        all.extend(scheduled.rules.iter().map(|rule| {
            let thing = Thing::ScheduledTask { bus: rule.bus.clone(), rule: rule.name.clone() };
            (vec![rule.bus.clone(), rule.name.clone()], Arc::clone(&own), thing)
        }));
    }
    let name = migration.name().to_string();
    let held = |(words, place, thing)| {
        let words = std::iter::once(name.clone()).chain::<Vec<String>>(words).collect();
        Held { words, place, thing }
    };
    all.into_iter().map(held).collect()
}

/// The service of a side with what scales it; nothing where tasks are scheduled.
fn services(spec: &Spec, side: Side) -> Vec<(&'static str, Thing)> {
    let (cluster, service) = match side {
        Side::Ec2 => (&spec.ec2.cluster, &spec.ec2.service),
        Side::Fargate => (&spec.fargate.cluster, &spec.fargate.service),
    };
    let Some(service) = service else { return Vec::new() };
    let (cluster, service) = (cluster.clone(), service.clone());
    let twin = side == Side::Fargate;
    let mut things = vec![
        (
            "service",
            Thing::Service {
                cluster: cluster.clone(),
                service: service.clone(),
                released: twin && spec.fargate.releases == Releases::Follow,
                made: twin && spec.fargate.provision.is_some(),
            },
        ),
        ("target", Thing::ScalableTarget { cluster: cluster.clone(), service: service.clone() }),
    ];
    if spec.scaling.mode == ScalingMode::Apply {
        things.push(("policies", Thing::ScalingPolicies { cluster, service }));
    }
    things
}

fn routed(router: &Router) -> Vec<(Vec<String>, Thing)> {
    let numbered = |word: &str, number: usize| vec![word.to_owned(), (number + 1).to_string()];
    match router {
        Router::Route53Weighted(weighted) => records(weighted),
        Router::AlbWeighted(alb) => {
            let rules = alb.rule_arns.iter().enumerate();
            let thing = |(number, arn): (usize, &String)| {
                let arn = arn.clone();
                if arn.contains(":listener/") {
                    (numbered("listener", number), Thing::Listener { arn })
                } else {
                    (numbered("rule", number), Thing::ListenerRule { arn })
                }
            };
            rules.map(thing).collect()
        }
        Router::Route53TrafficPolicy(policy) => {
            let instances: Vec<String> = policy.instances.iter().map(|it| it.id.clone()).collect();
            let instance = |(number, id): (usize, &String)| {
                (numbered("instance", number), Thing::PolicyInstance { id: id.clone() })
            };
            let mut things: Vec<_> = instances.iter().enumerate().map(instance).collect();
            things.push((vec!["policy".to_owned()], Thing::TrafficPolicy { instances }));
            things
        }
    }
}

fn records(weighted: &Route53Weighted) -> Vec<(Vec<String>, Thing)> {
    let sets = [
        (Side::Ec2, &weighted.ec2_set_identifier),
        (Side::Fargate, &weighted.fargate_set_identifier),
    ];
    let of_record = |(number, record): (usize, &model::spec::Record)| {
        sets.map(|(side, set)| {
            let words = vec!["record".to_owned(), (number + 1).to_string(), side.name().to_owned()];
            let thing = Thing::Record {
                zone: weighted.hosted_zone_id.clone(),
                name: record.name.trim_end_matches('.').to_ascii_lowercase(),
                record_type: record.record_type.to_string(),
                set: set.clone(),
            };
            (words, thing)
        })
    };
    weighted.records.iter().enumerate().flat_map(of_record).collect()
}
