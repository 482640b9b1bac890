//! What kind of work a service does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Span;

use super::tagged::{NoFields, tagged};

/// What kind of work a service does, and so what its share is a share of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "type", deny_unknown_fields)]
pub enum Workload {
    /// Requests through a load balancer; the share is of requests, set by a router.
    LoadBalanced,
    /// Messages from a queue; the share is of tasks, set by scaling limits. No router.
    QueueWorker(QueueWorker),
    /// Tasks started by EventBridge rules, which move one by one. No router, no service.
    Scheduled(Scheduled),
}

tagged!(Workload, "type", "a workload with a `type`", {
    "loadBalanced" => LoadBalanced: NoFields => |_| Workload::LoadBalanced,
    "queueWorker" => QueueWorker: QueueWorker => Workload::QueueWorker,
    "scheduled" => Scheduled: Scheduled => Workload::Scheduled,
});

impl Workload {
    /// The word in files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LoadBalanced => "loadBalanced",
            Self::QueueWorker(_) => "queueWorker",
            Self::Scheduled(_) => "scheduled",
        }
    }
}

/// A service that consumes a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueWorker {
    /// The queue.
    pub queue: Queue,
    /// The most tasks of both sides together that what lies behind the queue can bear; absent:
    /// no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_max: Option<u32>,
}

/// An SQS queue and its service level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Queue {
    /// Name of the queue.
    pub name: String,
    /// The oldest a message may become.
    pub age_max: Span,
}

/// Tasks started on a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scheduled {
    /// The rules, in the order in which they move; at least one.
    pub rules: Vec<Rule>,
}

/// One EventBridge rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Name of the rule.
    pub name: String,
    /// Its event bus; by default `default`.
    #[serde(default = "default_bus")]
    pub bus: String,
    /// Runs that must go well on Fargate before the next rule moves; by default 3.
    #[serde(default = "default_good_runs")]
    pub good_runs: u32,
}

fn default_bus() -> String {
    "default".to_owned()
}

const fn default_good_runs() -> u32 {
    3
}
