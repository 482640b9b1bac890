//! Places and rows into statements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::ownership::{MARK_KEY, mark_name};
use model::spec::Migration;
use serde::Serialize;

use crate::allowed::{ALLOWED, Part, Scope};
use crate::arn;
use crate::places::{Places, Records, reached};

/// A managed policy has at most this many characters, white space not counted ("IAM and AWS STS
/// quotas").
pub const SIZE_MAX: usize = 6_144;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    /// The version of the language, the only one with variables and all operators.
    pub version: &'static str,
    /// What is allowed.
    pub statement: Vec<Statement>,
}

/// Operators, each with keys and their values.
type Conditions = BTreeMap<&'static str, BTreeMap<&'static str, Values>>;

/// Values of a condition; a single one is written without brackets, as linters want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(String),
    /// Any number of them.
    Many(Vec<String>),
}

impl FromIterator<String> for Values {
    fn from_iter<I: IntoIterator<Item = String>>(values: I) -> Self {
        let mut values: Vec<String> = values.into_iter().collect();
        match values.pop() {
            Some(value) if values.is_empty() => Self::One(value),
            Some(value) => {
                values.push(value);
                Self::Many(values)
            }
            None => Self::Many(values),
        }
    }
}

fn one(value: &str) -> Values {
    Values::One(value.to_owned())
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Its name: letters and digits.
    pub sid: String,
    /// Always `Allow`.
    pub effect: &'static str,
    /// The operations.
    pub action: Vec<&'static str>,
    /// On what.
    pub resource: Vec<String>,
    /// And only if.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: Conditions,
}

/// Resources and conditions of one scope; a scope may need several, such as one for each zone.
struct Extent {
    /// What tells it from others of its scope in the statement's name.
    name: String,
    resources: Vec<String>,
    conditions: Conditions,
}

/// The least policy of `part` for what `role` reaches of these migrations; `None` is the process's
/// own identity, which also assumes the roles. `account` is the number of the account, to be in the
/// names of resources instead of `*`.
#[must_use]
pub fn policy(
    migrations: &[Arc<Migration>],
    part: Part,
    role: Option<&str>,
    account: Option<&str>,
) -> Policy {
    let places = reached(migrations, role);
    let account = account.unwrap_or("*");
    let mut by_scope: BTreeMap<Scope, Vec<&'static str>> = BTreeMap::new();
    for allowed in ALLOWED.iter().filter(|allowed| allowed.part == part) {
        by_scope.entry(allowed.scope).or_default().push(allowed.action);
    }
    let statements = by_scope.into_iter().flat_map(|(scope, actions)| {
        extents(scope, &places, account).into_iter().map(move |extent| Statement {
            sid: format!("{}{scope:?}{}", title(part), extent.name),
            effect: "Allow",
            action: actions.clone(),
            resource: extent.resources,
            condition: extent.conditions,
        })
    });
    Policy { version: "2012-10-17", statement: statements.collect() }
}

const fn title(part: Part) -> &'static str {
    match part {
        Part::Observer => "Observe",
        Part::Mutator => "Act",
        Part::Adopter => "Adopt",
        Part::Survey => "Survey",
    }
}

/// What a scope means for these places; none where nothing of the kind is reached.
fn extents(scope: Scope, places: &Places, account: &str) -> Vec<Extent> {
    let partition = arn::partition(&places.home);
    let global = |kind: &str, id: &str| format!("arn:{partition}:route53:::{kind}/{id}");
    let only = |resources: Vec<String>| plain(resources, Conditions::new());
    let has_instances = !places.instances.is_empty();
    match scope {
        Scope::Services => only(places.services.iter().map(|it| service(it, account)).collect()),
        Scope::ScalableTargets => {
            let target = |region: &String| {
                let partition = arn::partition(region);
                format!(
                    "arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/*"
                )
            };
            plain(places.regions.iter().map(target).collect(), of_ecs())
        }
        Scope::Alarms => only(places.regions.iter().map(|it| alarms(it, account)).collect()),
        Scope::Regional => anywhere(&places.regions),
        Scope::RuleRegions => anywhere(&places.rule_regions),
        Scope::Rules => only(places.rules.iter().cloned().collect()),
        Scope::Listeners => only(places.listeners.iter().cloned().collect()),
        Scope::ServiceMarks => {
            plain(places.services.iter().map(|it| service(it, account)).collect(), of_marks())
        }
        Scope::RuleMarks => {
            let marked = places.rules.iter().chain(&places.marked_listeners);
            plain(marked.cloned().collect(), of_marks())
        }
        Scope::Zones if has_instances => only(vec![global("hostedzone", "*")]),
        Scope::Zones => only(places.zones.keys().map(|zone| global("hostedzone", zone)).collect()),
        Scope::Records => records(places, partition),
        Scope::RecordMarks => record_marks(places, partition),
        Scope::Changes if places.zones.is_empty() => Vec::new(),
        Scope::Changes => only(vec![global("change", "*")]),
        Scope::Instances => {
            let instances = places.instances.iter();
            only(instances.map(|id| global("trafficpolicyinstance", id)).collect())
        }
        Scope::Policies if has_instances => only(vec![global("trafficpolicy", "*")]),
        Scope::AllInstances if has_instances => only(vec!["*".to_owned()]),
        Scope::Policies | Scope::AllInstances => Vec::new(),
        Scope::AllZones if places.reaches_nothing() => Vec::new(),
        // A survey looks for the zone of a name, whatever the router is in the end.
        Scope::AllZones => only(vec!["*".to_owned()]),
        Scope::EventRules => {
            only(places.event_rules.iter().map(|it| event_rule(it, account)).collect())
        }
        Scope::EventRuleRegions => {
            anywhere(&places.event_rules.iter().map(|(region, ..)| region.clone()).collect())
        }
        Scope::Roles => only(places.roles.iter().cloned().collect()),
    }
}

fn plain(resources: Vec<String>, conditions: Conditions) -> Vec<Extent> {
    if resources.is_empty() {
        return Vec::new();
    }
    vec![Extent { name: String::new(), resources, conditions }]
}

fn service((region, cluster, service): &(String, String, String), account: &str) -> String {
    let partition = arn::partition(region);
    format!("arn:{partition}:ecs:{region}:{account}:service/{cluster}/{service}")
}

fn alarms(region: &str, account: &str) -> String {
    let partition = arn::partition(region);
    format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:*")
}

/// A rule of the default bus is named without it (Service Authorization Reference, EventBridge).
fn event_rule((region, bus, rule): &(String, String, String), account: &str) -> String {
    let partition = arn::partition(region);
    let path = if bus == "default" { rule.clone() } else { format!("{bus}/{rule}") };
    format!("arn:{partition}:events:{region}:{account}:rule/{path}")
}

fn of_ecs() -> Conditions {
    let ecs = BTreeMap::from([
        ("application-autoscaling:service-namespace", one("ecs")),
        ("application-autoscaling:scalable-dimension", one("ecs:service:DesiredCount")),
    ]);
    BTreeMap::from([("StringEquals", ecs)])
}

fn anywhere(regions: &BTreeSet<String>) -> Vec<Extent> {
    if regions.is_empty() {
        return Vec::new();
    }
    let asked = BTreeMap::from([("aws:RequestedRegion", regions.iter().cloned().collect())]);
    plain(vec!["*".to_owned()], BTreeMap::from([("StringEquals", asked)]))
}

/// The one tag that is a mark; an absent key is no mark, see [`changes`].
fn of_marks() -> Conditions {
    const KEYS: &str = "aws:TagKeys";
    let mark = BTreeMap::from([(KEYS, one(MARK_KEY))]);
    let present = BTreeMap::from([(KEYS, one("false"))]);
    BTreeMap::from([("ForAllValues:StringEquals", mark), ("Null", present)])
}

/// One for each zone: names of one are nothing to another.
fn records(places: &Places, partition: &str) -> Vec<Extent> {
    let extent = |(zone, records): (&String, &Records)| {
        let names = records.names.iter().cloned().collect();
        changes(zone, partition, ("ForAllValues:StringEquals", names), &records.types)
    };
    places.zones.iter().map(extent).collect()
}

/// The same for the texts beside those names. Where instances stand is not in the files.
fn record_marks(places: &Places, partition: &str) -> Vec<Extent> {
    let types = BTreeSet::from(["TXT".to_owned()]);
    let extent = |(zone, records): (&String, &Records)| {
        let names = records.names.iter().map(|name| mark_name(name)).collect();
        changes(zone, partition, ("ForAllValues:StringEquals", names), &types)
    };
    let anywhere = || {
        let names = ["_ferry.*", "_ferry-wildcard.*"].map(str::to_owned).into_iter().collect();
        changes("*", partition, ("ForAllValues:StringLike", names), &types)
    };
    let instances = (!places.instances.is_empty()).then(anywhere);
    places.zones.iter().map(extent).chain(instances).collect()
}

/// Changes of these names and types in a zone. `ForAllValues` is true of a request without the
/// key, so that the key must be there as well.
fn changes(
    zone: &str,
    partition: &str,
    (operator, names): (&'static str, Values),
    types: &BTreeSet<String>,
) -> Extent {
    const NAMES: &str = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
    const TYPES: &str = "route53:ChangeResourceRecordSetsRecordTypes";
    const ACTIONS: &str = "route53:ChangeResourceRecordSetsActions";
    let equal = BTreeMap::from([
        (TYPES, types.iter().cloned().collect()),
        (ACTIONS, ["CREATE", "DELETE"].map(str::to_owned).into_iter().collect()),
    ]);
    let present = |key: &'static str| (key, one("false"));
    let mut conditions = BTreeMap::from([
        ("ForAllValues:StringEquals", equal),
        ("Null", [NAMES, TYPES, ACTIONS].map(present).into()),
    ]);
    conditions.entry(operator).or_default().insert(NAMES, names);
    Extent {
        name: zone.chars().filter(char::is_ascii_alphanumeric).collect(),
        resources: vec![format!("arn:{partition}:route53:::hostedzone/{zone}")],
        conditions,
    }
}
