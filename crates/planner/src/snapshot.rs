//! What one tick saw of everything, and one migration's part of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::observation::{
    Gap, HostMinute, Load, Observation, Scaling, Seen, Service, Targets, Witness,
};
use model::ownership::Ownership;
use model::route::{ServiceId, Split};
use model::spec::Migration;
use model::{PerSide, Side, Time};

/// Everything one tick saw, each thing once however many migrations share it.
///
/// What was not asked for is not in a map; what was asked for and not learnt is there as a gap.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// When the tick began.
    pub at: Time,
    /// ECS services.
    pub services: BTreeMap<ServiceId, Seen<Service>>,
    /// Targets by the ARN of their target group.
    pub targets: BTreeMap<String, Seen<Targets>>,
    /// What balancers counted themselves in the newest minute, by the same ARN.
    pub hosts: BTreeMap<String, HostMinute>,
    /// Scalable targets by service; `None` inside where the service has none.
    pub scaling: BTreeMap<ServiceId, Seen<Option<Scaling>>>,
    /// Live weights by the name of the migration.
    pub splits: BTreeMap<String, Seen<Split>>,
    /// Load by the name of the migration.
    pub loads: BTreeMap<String, Seen<Load>>,
    /// What the marks say, by the name of the migration.
    pub ownerships: BTreeMap<String, Seen<Ownership>>,
}

impl Snapshot {
    /// What the balancer says of the targets of a group; `None` where either is not known.
    #[must_use]
    pub fn witness(&self, group: &str) -> Option<Witness> {
        let (hosts, targets) = (self.hosts.get(group)?, self.targets.get(group)?);
        Some(hosts.witness(targets.value()?.healthy, targets.at()?))
    }
}

/// The names under which a migration's parts stand in a [`Snapshot`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The migration's name.
    pub name: String,
    /// Its services; `None` where the spec names none.
    pub services: PerSide<Option<ServiceId>>,
    /// ARNs of its target groups; `None` while not yet found.
    pub groups: PerSide<Option<String>>,
}

impl Parts {
    /// The parts that the spec names; `groups` adds target groups that were found from the
    /// services where the spec leaves them out.
    #[must_use]
    pub fn of(migration: &Migration, groups: PerSide<Option<String>>) -> Self {
        let (ec2, fargate) = (&migration.spec.ec2, &migration.spec.fargate);
        let account = Arc::new(migration.spec.aws.clone());
        let id = |cluster: &String, service: &Option<String>| {
            let account = Arc::clone(&account);
            service.clone().map(|service| ServiceId { account, cluster: cluster.clone(), service })
        };
        Self {
            name: migration.name().to_string(),
            services: PerSide {
                ec2: id(&ec2.cluster, &ec2.service),
                fargate: id(&fargate.cluster, &fargate.service),
            },
            groups: PerSide {
                ec2: ec2.target_group_arn.clone().or(groups.ec2),
                fargate: fargate.target_group_arn.clone().or(groups.fargate),
            },
        }
    }
}

/// Picks one migration's part of what a tick saw. What is absent becomes a gap, never a number.
#[must_use]
pub fn project(snapshot: &Snapshot, parts: &Parts) -> Observation {
    let service = |side: Side| parts.services.get(side).as_ref();
    let group = |side: Side| parts.groups.get(side).as_ref();
    Observation {
        at: snapshot.at,
        services: PerSide::from_fn(|side| part(&snapshot.services, service(side))),
        targets: PerSide::from_fn(|side| part(&snapshot.targets, group(side))),
        vouched: PerSide::from_fn(|side| match snapshot.witness(group(side)?)? {
            Witness::Same(until) => Some(until),
            Witness::Other | Witness::Silent => None,
        }),
        scaling: PerSide::from_fn(|side| part(&snapshot.scaling, service(side))),
        split: part(&snapshot.splits, Some(&parts.name)),
        load: part(&snapshot.loads, Some(&parts.name)),
        ownership: part(&snapshot.ownerships, Some(&parts.name)),
    }
}

fn part<K: Ord, V: Clone>(seen: &BTreeMap<K, Seen<V>>, key: Option<&K>) -> Seen<V> {
    key.and_then(|key| seen.get(key)).cloned().unwrap_or(Seen::unknown(Gap::NotAsked))
}
