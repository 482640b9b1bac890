//! All that stands around one migration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Balancer, EventRule, EventTarget, Found, PolicyInstance, RecordSet, Rule, ScalableTarget,
    Service, TargetGroup, TaskDefinition, Week,
};
use crate::PerSide;
use crate::spec::Migration;

/// All that stands around one migration.
///
/// `None` in place of a [`Found`] means that it was not asked for, because what names it is not
/// there or was not read; that is a finding of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Landscape {
    /// The migration.
    pub migration: Arc<Migration>,
    /// Its two services and what belongs to them.
    pub sides: PerSide<SideView>,
    /// What turns its share into weights.
    pub router: RouterView,
    /// Services of EC2's cluster that run one task on each instance.
    pub daemons: Option<Found<Vec<Service>>>,
    /// The rules of a scheduled workload, in the order of the file.
    pub rules: Vec<RuleView>,
}

/// A rule of EventBridge with what it sets off.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleView {
    /// Its name in the file.
    pub name: String,
    /// Its event bus in the file.
    pub bus: String,
    /// The rule.
    pub rule: Found<EventRule>,
    /// Its targets; `None` where the rule was not read.
    pub targets: Option<Found<Vec<EventTarget>>>,
    /// The task definitions that its targets name, by the ARNs that they name them by.
    pub task_definitions: BTreeMap<String, Found<TaskDefinition>>,
}

/// A service and what belongs to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SideView {
    /// The service; `None` where the migration has none.
    pub service: Option<Found<Service>>,
    /// Its task definition.
    pub task_definition: Option<Found<TaskDefinition>>,
    /// The target group that its requests come through.
    pub group: Option<Found<TargetGroup>>,
    /// The balancers before that group.
    pub balancers: Vec<Found<Balancer>>,
    /// Its scalable target, `None` inside where it has none.
    pub scaling: Option<Found<Option<ScalableTarget>>>,
    /// What it did in the last week.
    pub week: Option<Found<Week>>,
}

/// What turns a share into weights, as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum RouterView {
    /// The migration has none.
    None,
    /// Every record set of the zone under the names of the migration.
    Records(Found<Vec<RecordSet>>),
    /// The account's policy instances.
    Policies(Found<Vec<PolicyInstance>>),
    /// The rules by the ARNs asked for, in that order.
    Rules(Vec<(String, Found<Rule>)>),
}
