//! What an account holds, for people: [`cloud::Inventory`] over ECS, Elastic Load Balancing, Route
//! 53, Application Auto Scaling, CloudWatch's alarms and EventBridge.
//!
//! ```text
//! ecs        DescribeServices by ten, ListServices, DescribeTaskDefinition one by one
//! balancing  groups, balancers and rules by twenty; attributes one by one: AWS takes no more
//! dns        zones, whole zones of records, policy instances with their documents
//! scaling    targets by fifty, policies and actions by service, alarms by a hundred
//! events     rules one by one, their targets and the names of rules a hundred a page
//! ```

mod balancing;
mod dns;
mod ecs;
mod events;
mod scaling;

use std::sync::Arc;

use async_trait::async_trait;
use cloud::{EventRuleId, Inventory, Resource, Result};
use model::Span;
use model::inventory::{
    Balancer, EventRule, EventTarget, HostedZone, PolicyInstance, RecordSet, Rule, ScalableTarget,
    Scheduling, Service, TargetGroup, TaskDefinition,
};
use model::route::ServiceId;
use model::spec::Aws;

pub(crate) use self::ecs::task_definition;
use crate::clients::Clients;
use crate::limits::Lane;

/// [`Inventory`] of AWS.
pub(crate) struct Account {
    clients: Arc<Clients>,
}

impl Account {
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }
}

#[async_trait]
impl Inventory for Account {
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>> {
        ecs::services(&self.clients, ids).await
    }

    async fn service_names(
        &self,
        account: &Arc<Aws>,
        cluster: &str,
        scheduling: Option<Scheduling>,
    ) -> Result<Vec<String>> {
        let question = self.clients.question(Lane::Ordinary);
        let client = self.clients.of(account).await;
        ecs::names(&client, question, cluster, scheduling).await
    }

    async fn task_definitions(&self, ids: &[Resource]) -> Vec<Result<TaskDefinition>> {
        ecs::task_definitions(&self.clients, ids).await
    }

    async fn target_groups(&self, ids: &[Resource]) -> Vec<Result<TargetGroup>> {
        balancing::target_groups(&self.clients, ids).await
    }

    async fn balancers(&self, ids: &[Resource]) -> Vec<Result<Balancer>> {
        balancing::balancers(&self.clients, ids).await
    }

    async fn rules(&self, ids: &[Resource]) -> Vec<Result<Rule>> {
        balancing::rules(&self.clients, ids).await
    }

    async fn rules_of(&self, balancer: &Resource) -> Result<Vec<Rule>> {
        let question = self.clients.question(Lane::Ordinary);
        let client = self.clients.of(&balancer.account).await;
        balancing::rules_of(&client, question, &balancer.arn).await
    }

    async fn zones(&self, account: &Arc<Aws>) -> Result<Vec<HostedZone>> {
        let question = self.clients.question(Lane::Ordinary);
        let client = self.clients.of(account).await;
        dns::zones(&client, question).await
    }

    async fn records(&self, account: &Arc<Aws>, zone: &str) -> Result<Vec<RecordSet>> {
        let client = self.clients.of(account).await;
        dns::records(&client, &self.clients, zone).await
    }

    async fn policy_instances(&self, account: &Arc<Aws>) -> Result<Vec<PolicyInstance>> {
        let question = self.clients.question(Lane::Ordinary);
        let client = self.clients.of(account).await;
        dns::policy_instances(&client, question).await
    }

    async fn scalable_targets(&self, ids: &[ServiceId]) -> Vec<Result<Option<ScalableTarget>>> {
        scaling::scalable_targets(&self.clients, ids).await
    }

    async fn event_rules(&self, ids: &[EventRuleId]) -> Vec<Result<EventRule>> {
        events::rules(&self.clients, ids).await
    }

    async fn event_targets(&self, ids: &[EventRuleId]) -> Vec<Result<Vec<EventTarget>>> {
        events::targets(&self.clients, ids).await
    }

    async fn event_rule_names(&self, account: &Arc<Aws>, bus: &str) -> Result<Vec<String>> {
        let question = self.clients.question(Lane::Ordinary);
        let client = self.clients.of(account).await;
        events::names(&client, question, bus).await
    }
}

/// A number of seconds as AWS gives it; negative ones are none.
fn seconds(value: Option<i32>) -> Option<Span> {
    value.and_then(|value| u64::try_from(value).ok()).map(Span::from_secs)
}

/// A count as AWS gives it; negative ones are none.
fn count(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}
