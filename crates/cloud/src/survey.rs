//! Reads all that stands around migrations, in as few calls as that takes.
//!
//! ```text
//! services --> task definitions, target groups, scalable targets, daemons of the cluster
//!                                      |
//!                                      v
//!              balancers, the last week          records | policy instances | rules
//!
//! rules of EventBridge --> their targets --> task definitions
//! ```
//!
//! Each stage asks once for all migrations together. What was not read is part of the result: a
//! survey does not fail.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::inventory::{
    Found, Landscape, RecordSet, RouterView, Scheduling, Service, SideView, Unread, Week,
    WeekMinute, bare_name,
};
use model::observation::Gap;
use model::route::ServiceId;
use model::spec::{Aws, Migration, Router};
use model::suggest::nearest;
use model::{PerSide, Side, Time};

pub use rules::event_rules;

use crate::inventory::{Inventory, Resource, found};
use crate::signals::Thresholds;
use crate::{Error, ErrorKind, MinuteAsk, Signals, TargetGroup};

/// How far back the last week goes: one of each hour and weekday.
const WEEK_MINUTES: i64 = 7 * 24 * 60;

/// Reads all that stands around `migrations` at `now`, in their order.
pub async fn survey(
    inventory: &dyn Inventory,
    signals: &dyn Signals,
    now: Time,
    migrations: &[Arc<Migration>],
) -> Vec<Landscape> {
    let accounts = migrations.iter().map(|migration| Arc::new(migration.spec.aws.clone()));
    let mut places: Vec<Place> = accounts.map(Place::new).collect();
    read_services(inventory, migrations, &mut places).await;
    read_what_services_name(inventory, migrations, &mut places).await;
    read_balancers(inventory, &mut places).await;
    read_weeks(signals, now, &mut places).await;
    read_daemons(inventory, migrations, &mut places).await;
    let routers = read_routers(inventory, migrations).await;
    let rules = rules::read(inventory, migrations).await;
    let parts = migrations.iter().zip(places).zip(routers).zip(rules);
    parts
        .map(|(((migration, place), router), rules)| Landscape {
            migration: Arc::clone(migration),
            sides: place.sides,
            router,
            daemons: place.daemons,
            rules,
        })
        .collect()
}

/// What was read of one migration so far.
struct Place {
    account: Arc<Aws>,
    ids: PerSide<Option<ServiceId>>,
    sides: PerSide<SideView>,
    daemons: Option<Found<Vec<Service>>>,
}

impl Place {
    fn new(account: Arc<Aws>) -> Self {
        Self { account, ids: PerSide::default(), sides: PerSide::default(), daemons: None }
    }

    fn resource(&self, arn: &str) -> Resource {
        Resource { account: Arc::clone(&self.account), arn: arn.to_owned() }
    }
}

async fn read_services(
    inventory: &dyn Inventory,
    migrations: &[Arc<Migration>],
    places: &mut [Place],
) {
    for (migration, place) in migrations.iter().zip(places.iter_mut()) {
        let spec = &migration.spec;
        let id = |cluster: &String, service: &Option<String>| {
            service.as_ref().map(|service| ServiceId {
                account: Arc::clone(&place.account),
                cluster: cluster.clone(),
                service: service.clone(),
            })
        };
        place.ids = PerSide {
            ec2: id(&spec.ec2.cluster, &spec.ec2.service),
            fargate: id(&spec.fargate.cluster, &spec.fargate.service),
        };
    }
    let ids = all_sides(places, |_, id, _| id.clone());
    let mut answers = ask(&ids, async |ids| inventory.services(ids).await).await;
    for (id, answer) in &mut answers {
        let Err(unread) = answer else { continue };
        if unread.gap == Gap::NotFound {
            suggest(inventory, id, unread).await;
        }
    }
    give(places, &answers, |_, id, _| id.clone(), |side, service| side.service = Some(service));
}

/// Says what the cluster has, where a service that was asked for is not there.
pub async fn suggest(inventory: &dyn Inventory, id: &ServiceId, unread: &mut Unread) {
    use std::fmt::Write as _;
    let names = inventory.service_names(&id.account, &id.cluster, None).await;
    let Ok(names) = names else { return };
    let near = nearest(&id.service, names.iter().map(String::as_str));
    // Writing to a string cannot fail.
    match near {
        Some(near) => write!(unread.message, "; did you mean `{near}`?").ok(),
        None if names.is_empty() => write!(unread.message, "; the cluster has no service").ok(),
        None => {
            let some: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
            write!(unread.message, "; the cluster has {}", some.join(", ")).ok()
        }
    };
}

async fn read_what_services_name(
    inventory: &dyn Inventory,
    migrations: &[Arc<Migration>],
    places: &mut [Place],
) {
    let definition = |place: &Place, _: &ServiceId, view: &SideView| {
        let service = view.service.as_ref()?.as_ref().ok()?;
        Some(place.resource(&service.task_definition))
    };
    let ids = all_sides_of(places, definition);
    let answers = ask(&ids, async |ids| inventory.task_definitions(ids).await).await;
    give_of(places, &answers, definition, |view, it| view.task_definition = Some(it));

    let named: Vec<PerSide<Option<String>>> =
        migrations.iter().map(|it| named_groups(it)).collect();
    let group = |index: usize, place: &Place, side: Side| {
        let arn = named.get(index)?.get(side).clone().or_else(|| {
            let service = place.sides.get(side).service.as_ref()?.as_ref().ok()?;
            service.registrations.iter().find_map(|it| it.target_group.clone())
        })?;
        Some(place.resource(&arn))
    };
    let mut ids = BTreeSet::new();
    for (index, place) in places.iter().enumerate() {
        ids.extend(Side::ALL.iter().filter_map(|side| group(index, place, *side)));
    }
    let ids: Vec<Resource> = ids.into_iter().collect();
    let answers = ask(&ids, async |ids| inventory.target_groups(ids).await).await;
    for (index, place) in places.iter_mut().enumerate() {
        for side in Side::ALL {
            let answer = group(index, place, side).and_then(|id| answers.get(&id)).cloned();
            place.sides.get_mut(side).group = answer;
        }
    }

    let scaled = |_: &Place, id: &ServiceId, view: &SideView| {
        view.service.as_ref().filter(|service| service.is_ok()).map(|_| id.clone())
    };
    let ids = all_sides_of(places, scaled);
    let answers = ask(&ids, async |ids| inventory.scalable_targets(ids).await).await;
    give_of(places, &answers, scaled, |view, it| view.scaling = Some(it));
}

/// The target groups that a migration itself names.
fn named_groups(migration: &Migration) -> PerSide<Option<String>> {
    let spec = &migration.spec;
    let by_router = match &spec.traffic.router {
        Some(Router::AlbWeighted(alb)) => PerSide {
            ec2: Some(alb.ec2_target_group_arn.clone()),
            fargate: Some(alb.fargate_target_group_arn.clone()),
        },
        Some(Router::Route53Weighted(_) | Router::Route53TrafficPolicy(_)) | None => {
            PerSide::default()
        }
    };
    PerSide {
        ec2: spec.ec2.target_group_arn.clone().or(by_router.ec2),
        fargate: spec.fargate.target_group_arn.clone().or(by_router.fargate),
    }
}

async fn read_balancers(inventory: &dyn Inventory, places: &mut [Place]) {
    let of = |place: &Place, view: &SideView| -> Vec<Resource> {
        let Some(Ok(group)) = &view.group else { return Vec::new() };
        group.balancers.iter().map(|arn| place.resource(arn)).collect()
    };
    let mut ids = BTreeSet::new();
    for place in places.iter() {
        ids.extend(place.sides.iter().flat_map(|(_, view)| of(place, view)));
    }
    let ids: Vec<Resource> = ids.into_iter().collect();
    let answers = ask(&ids, async |ids| inventory.balancers(ids).await).await;
    for place in places.iter_mut() {
        for side in Side::ALL {
            let ids = of(place, place.sides.get(side));
            let found = ids.iter().filter_map(|id| answers.get(id).cloned()).collect();
            place.sides.get_mut(side).balancers = found;
        }
    }
}

async fn read_weeks(signals: &dyn Signals, now: Time, places: &mut [Place]) {
    for place in places.iter_mut() {
        for side in Side::ALL {
            let view = place.sides.get(side);
            let (Some(id), Some(Ok(_)), Some(Ok(group))) =
                (place.ids.get(side), &view.service, &view.group)
            else {
                continue;
            };
            let group = TargetGroup { account: Arc::clone(&place.account), arn: group.arn.clone() };
            let week = last_week(signals, now, id, group).await;
            place.sides.get_mut(side).week = Some(found(week));
        }
    }
}

/// The settled minutes of a service's last week.
///
/// # Errors
/// As [`Signals::minutes`].
pub async fn last_week(
    signals: &dyn Signals,
    now: Time,
    id: &ServiceId,
    group: TargetGroup,
) -> crate::Result<Week> {
    let until = (now - signals.settle()).minute();
    let from = until - WEEK_MINUTES;
    let thresholds = Thresholds::default();
    let ask = MinuteAsk { service: id.clone(), group, thresholds, from, until };
    let answer = signals.minutes(std::slice::from_ref(&ask)).await.pop();
    let minutes = answer.unwrap_or_else(|| {
        let message = "the answer leaves it out";
        Err(Error::new(ErrorKind::Partial, "cloudwatch:GetMetricData", message))
    })?;
    let minutes = minutes.iter().map(|it| WeekMinute {
        minute: it.minute,
        requests: it.counts.requests,
        errors: it.counts.errors,
        p99_ms: it.p99_ms,
        cpu_percent: it.cpu_percent,
    });
    Ok(Week {
        from: Some(Time::from_minute(from)),
        until: Some(Time::from_minute(until)),
        minutes: minutes.collect(),
    })
}

async fn read_daemons(
    inventory: &dyn Inventory,
    migrations: &[Arc<Migration>],
    places: &mut [Place],
) {
    let mut known: BTreeMap<(Arc<Aws>, String), Found<Vec<Service>>> = BTreeMap::new();
    for (migration, place) in migrations.iter().zip(places) {
        let cluster = migration.spec.ec2.cluster.clone();
        let key = (Arc::clone(&place.account), cluster);
        if !known.contains_key(&key) {
            let daemons = daemons(inventory, &key.0, &key.1).await;
            known.insert(key.clone(), daemons);
        }
        place.daemons = known.get(&key).cloned();
    }
}

async fn daemons(
    inventory: &dyn Inventory,
    account: &Arc<Aws>,
    cluster: &str,
) -> Found<Vec<Service>> {
    let names = inventory.service_names(account, cluster, Some(Scheduling::Daemon)).await;
    let id = |service: String| ServiceId {
        account: Arc::clone(account),
        cluster: cluster.to_owned(),
        service,
    };
    let ids: Vec<ServiceId> = found(names)?.into_iter().map(id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    inventory.services(&ids).await.into_iter().map(found).collect()
}

async fn read_routers(inventory: &dyn Inventory, migrations: &[Arc<Migration>]) -> Vec<RouterView> {
    let mut zones: BTreeMap<(Arc<Aws>, String), Found<Vec<RecordSet>>> = BTreeMap::new();
    let mut instances = BTreeMap::new();
    let mut views = Vec::new();
    for migration in migrations {
        let Some(router) = &migration.spec.traffic.router else {
            views.push(RouterView::None);
            continue;
        };
        let account = router.place(&Arc::new(migration.spec.aws.clone()));
        views.push(match router {
            Router::Route53Weighted(weighted) => {
                let key = (account, weighted.hosted_zone_id.clone());
                if !zones.contains_key(&key) {
                    let records = found(inventory.records(&key.0, &key.1).await);
                    zones.insert(key.clone(), records);
                }
                let names: BTreeSet<String> =
                    weighted.records.iter().map(|record| bare_name(&record.name)).collect();
                let records = zones.get(&key).cloned().unwrap_or_else(|| Ok(Vec::new()));
                RouterView::Records(records.map(|mut records| {
                    records.retain(|record| names.contains(&bare_name(&record.name)));
                    records
                }))
            }
            Router::Route53TrafficPolicy(_) => {
                if !instances.contains_key(&account) {
                    let all = found(inventory.policy_instances(&account).await);
                    instances.insert(Arc::clone(&account), all);
                }
                let all = instances.get(&account).cloned();
                RouterView::Policies(all.unwrap_or_else(|| Ok(Vec::new())))
            }
            Router::AlbWeighted(alb) => {
                let resource =
                    |arn: &String| Resource { account: Arc::clone(&account), arn: arn.clone() };
                let ids: Vec<Resource> = alb.rule_arns.iter().map(resource).collect();
                let rules = inventory.rules(&ids).await.into_iter().map(found);
                RouterView::Rules(alb.rule_arns.iter().cloned().zip(rules).collect())
            }
        });
    }
    views
}

/// Asks for each id once, unless there is none.
async fn ask<K: Ord + Clone, T>(
    ids: &[K],
    call: impl AsyncFnOnce(&[K]) -> Vec<crate::Result<T>>,
) -> BTreeMap<K, Found<T>> {
    if ids.is_empty() {
        return BTreeMap::new();
    }
    let answers = call(ids).await;
    ids.iter().cloned().zip(answers.into_iter().map(found)).collect()
}

fn all_sides<K: Ord>(places: &[Place], key: impl Fn(&Place, &ServiceId, &SideView) -> K) -> Vec<K> {
    all_sides_of(places, |place, id, view| Some(key(place, id, view)))
}

/// The keys of all sides of all migrations, once each.
fn all_sides_of<K: Ord>(
    places: &[Place],
    key: impl Fn(&Place, &ServiceId, &SideView) -> Option<K>,
) -> Vec<K> {
    let mut keys = BTreeSet::new();
    for place in places {
        for (side, id) in place.ids.iter() {
            let Some(id) = id else { continue };
            keys.extend(key(place, id, place.sides.get(side)));
        }
    }
    keys.into_iter().collect()
}

fn give<K: Ord, T: Clone>(
    places: &mut [Place],
    answers: &BTreeMap<K, Found<T>>,
    key: impl Fn(&Place, &ServiceId, &SideView) -> K,
    put: impl Fn(&mut SideView, Found<T>),
) {
    give_of(places, answers, |place, id, view| Some(key(place, id, view)), put);
}

/// Gives each side the answer to its key.
fn give_of<K: Ord, T: Clone>(
    places: &mut [Place],
    answers: &BTreeMap<K, Found<T>>,
    key: impl Fn(&Place, &ServiceId, &SideView) -> Option<K>,
    put: impl Fn(&mut SideView, Found<T>),
) {
    for place in places {
        for side in Side::ALL {
            let Some(id) = place.ids.get(side) else { continue };
            let answer = key(place, id, place.sides.get(side)).and_then(|key| answers.get(&key));
            if let Some(answer) = answer.cloned() {
                put(place.sides.get_mut(side), answer);
            }
        }
    }
}
