//! What an account holds, read for people: `ferry preflight` and `ferry init`.

use std::sync::Arc;

use async_trait::async_trait;
use model::inventory::{
    Balancer, EventRule, EventTarget, Found, HostedZone, PolicyInstance, RecordSet, Rule,
    ScalableTarget, Scheduling, Service, TargetGroup, TaskDefinition, Unread,
};
use model::route::ServiceId;
use model::spec::Aws;

use crate::{Error, Result};

/// A resource by its ARN, with the account it is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// Where it is and as whom it is reached.
    pub account: Arc<Aws>,
    /// Its ARN.
    pub arn: String,
}

/// A rule of EventBridge by its name, with the account it is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventRuleId {
    /// Where it is and as whom it is reached.
    pub account: Arc<Aws>,
    /// Its event bus, by name or ARN.
    pub bus: String,
    /// Its name.
    pub name: String,
}

/// What an account holds. Nothing here writes.
///
/// Lists are whole, whatever their pages. Where a question takes many ids, answers come in the
/// order asked, each with its own error, and what does not exist is `NotFound`.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Services; inactive ones are `NotFound`.
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>>;

    /// Names of the services of a cluster, of one kind of scheduling or of all.
    async fn service_names(
        &self,
        account: &Arc<Aws>,
        cluster: &str,
        scheduling: Option<Scheduling>,
    ) -> Result<Vec<String>>;

    /// Task definitions.
    async fn task_definitions(&self, ids: &[Resource]) -> Vec<Result<TaskDefinition>>;

    /// Target groups with their attributes.
    async fn target_groups(&self, ids: &[Resource]) -> Vec<Result<TargetGroup>>;

    /// Balancers with their attributes.
    async fn balancers(&self, ids: &[Resource]) -> Vec<Result<Balancer>>;

    /// Rules by their ARNs; the ARN of a listener stands for its default action.
    async fn rules(&self, ids: &[Resource]) -> Vec<Result<Rule>>;

    /// The rules and default actions of all listeners of a balancer.
    async fn rules_of(&self, balancer: &Resource) -> Result<Vec<Rule>>;

    /// Hosted zones.
    async fn zones(&self, account: &Arc<Aws>) -> Result<Vec<HostedZone>>;

    /// All record sets of a zone.
    async fn records(&self, account: &Arc<Aws>, zone: &str) -> Result<Vec<RecordSet>>;

    /// All policy instances of Traffic Flow, each with the document it follows.
    async fn policy_instances(&self, account: &Arc<Aws>) -> Result<Vec<PolicyInstance>>;

    /// The scalable target of each service with its policies, alarms and scheduled actions; `None`
    /// where it has none.
    async fn scalable_targets(&self, ids: &[ServiceId]) -> Vec<Result<Option<ScalableTarget>>>;

    /// Rules of EventBridge.
    async fn event_rules(&self, ids: &[EventRuleId]) -> Vec<Result<EventRule>>;

    /// All targets of each rule.
    async fn event_targets(&self, ids: &[EventRuleId]) -> Vec<Result<Vec<EventTarget>>>;

    /// Names of all rules of an event bus.
    async fn event_rule_names(&self, account: &Arc<Aws>, bus: &str) -> Result<Vec<String>>;
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self { operation: error.operation.to_owned(), gap: error.gap(), message: error.message }
    }
}

/// An answer as plain data.
pub(crate) fn found<T>(answer: Result<T>) -> Found<T> {
    answer.map_err(Unread::from)
}
