//! A migration as operators write it: what is wanted, never what is.
//!
//! Field names are camelCase in files, unknown fields are refused, and a field that may be left
//! out says here what its absence means. What spans several fields is checked by
//! the manifest reader and its rules.

mod calendar;
mod names;
mod percent;
mod rollout;
mod router;
mod slo;
mod tagged;
mod workload;
mod world;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use calendar::{ClockTime, Cron, Date, Freeze, TimeZone, Weekday, Window};
pub use names::{Name, NameError};
pub use percent::{Objective, Percent};
pub use rollout::{
    Advance, Calibration, CalibrationMode, Cost, Decommission, DecommissionMode, Drain,
    OnCommonMode, Reserve, Rollback, RollbackWhen, Rollout, ScaledEvent, Scaling, ScalingBounds,
    ScalingMode, Target, Traffic,
};
pub use router::{
    AlbWeighted, Record, RecordType, Route53TrafficPolicy, Route53Weighted, Router, RouterAccount,
    TrafficPolicyInstance,
};
pub use slo::{Availability, Datadog, DatadogQueries, DatadogSlo, Latency, Slo, SloKind};
pub use workload::{Queue, QueueWorker, Rule, Scheduled, Workload};
pub use world::{BaseLatency, Metric, TaskStart, World, WorldSlo};

/// The version of every file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The only version there is.
    #[default]
    #[serde(rename = "ferry/v1")]
    V1,
}

/// `kind: Migration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum MigrationKind {
    /// The only value.
    #[default]
    Migration,
}

/// One ECS service, or set of scheduled rules, to be carried from EC2 to Fargate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Migration {
    /// `ferry/v1`.
    pub api_version: ApiVersion,
    /// `Migration`.
    pub kind: MigrationKind,
    /// What it is called.
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: Spec,
}

/// How a migration is named and grouped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// Unique among all migrations of one daemon; a DNS label.
    pub name: Name,
    /// Free words for selecting and grouping.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What is wanted of a migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Whether Ferry writes to AWS; by default it only observes.
    #[serde(default)]
    pub mode: Mode,
    /// Raise it to go again after an automatic rollback; nothing else in a file re-arms.
    #[serde(default = "first_attempt")]
    pub attempt: u32,
    /// No step forward while true; judging and rollback go on.
    #[serde(default)]
    pub paused: bool,
    /// Migrations that must be so far before this one takes a step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// Where the services live.
    pub aws: Aws,
    /// The side traffic comes from and goes back to.
    pub ec2: Ec2,
    /// The side traffic goes to.
    pub fargate: Fargate,
    /// What kind of work the service does.
    pub workload: Workload,
    /// How much goes to Fargate, when, and through what.
    pub traffic: Traffic,
    /// What must stay true for users; judged on both sides.
    #[serde(default)]
    pub slos: Vec<Slo>,
    /// When and how traffic goes back.
    #[serde(default)]
    pub rollback: Rollback,
    /// What Ferry may do to scaling policies.
    #[serde(default)]
    pub scaling: Scaling,
    /// When EC2 counts as empty after the bake.
    #[serde(default)]
    pub drain: Drain,
    /// What happens to the EC2 side at the end.
    #[serde(default)]
    pub decommission: Decommission,
    /// The most that Fargate may cost; absent: no budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

const fn first_attempt() -> u32 {
    1
}

impl Migration {
    /// The migration's name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.metadata.name
    }
}

/// Whether Ferry writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Decide and report, write nothing.
    #[default]
    Observe,
    /// Do what was decided.
    Act,
}

/// Another migration that must have reached a condition first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dependency {
    /// The other migration.
    pub name: Name,
    /// The condition that must be `True` on it; by default `Succeeded`.
    #[serde(default = "succeeded")]
    pub condition: crate::condition::ConditionType,
}

const fn succeeded() -> crate::condition::ConditionType {
    crate::condition::ConditionType::Succeeded
}

/// An account and region, and the role to act there.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Aws {
    /// Such as `ap-northeast-1`.
    pub region: String,
    /// The role Ferry assumes there; absent or null: the daemon's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
}

/// The service on EC2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ec2 {
    /// Name of the ECS cluster.
    pub cluster: String,
    /// Name of the ECS service; absent exactly for scheduled workloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Its target group; absent or null: found from the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_arn: Option<String>,
}

/// The twin on Fargate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fargate {
    /// Name of the ECS cluster.
    pub cluster: String,
    /// Name of the ECS service; absent exactly for scheduled workloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Its target group; absent or null: found from the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_arn: Option<String>,
    /// Who brings a new release of EC2 to the twin.
    #[serde(default)]
    pub releases: Releases,
    /// How to build the twin; absent: it must already exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provision: Option<Provision>,
}

/// Who brings new releases to the twin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Releases {
    /// Somebody else; Ferry waits until both sides run the same one. The default, because a
    /// default must not deploy.
    #[default]
    External,
    /// Ferry translates each new EC2 revision and deploys it to the twin.
    Follow,
}

/// How to build the twin where it does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provision {
    /// Where its task definition comes from.
    pub task_definition: TaskDefinition,
    /// Where its tasks run.
    pub network: Network,
    /// The listener it is put behind; absent for workloads without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancer>,
}

/// How the twin's task definition is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskDefinition {
    /// Whose task definition is translated.
    pub translate: Translate,
    /// Daemon services that become sidecars.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<String>,
    /// Environment variables added to or replaced in the application container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// Whose task definition is translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Translate {
    /// The EC2 service's current one.
    Ec2,
}

/// Where the twin's tasks run (`awsvpc`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// Subnet ids, at least one.
    pub subnets: Vec<String>,
    /// Security group ids, at least one.
    pub security_groups: Vec<String>,
    /// Whether tasks get public addresses; by default not.
    #[serde(default)]
    pub assign_public_ip: bool,
}

/// How the twin's target group is put behind listeners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadBalancer {
    /// Listeners that get a rule for the twin, at least one.
    pub listener_arns: Vec<String>,
    /// The container that takes requests.
    pub container_name: String,
    /// The port it takes them on.
    pub container_port: u16,
}
