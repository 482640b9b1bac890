//! Rules of EventBridge that are there from the start, in the words of its API.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Targets of a rule (EventBridge quotas).
pub const TARGETS_MAX: usize = 5;

/// A rule of the default bus with its targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventRuleSpec {
    /// Its name.
    pub name: String,
    /// When it fires, such as `cron(0 3 * * ? *)` or `rate(1 day)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The events on which it fires: JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Whether it fires at all; by default it does.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The AWS service that made it: nobody else may change it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// What it sets off, as `PutTargets` takes it.
    #[serde(default)]
    pub targets: Vec<EventTargetSpec>,
}

const fn yes() -> bool {
    true
}

/// Whether EventBridge takes this for a rule's name.
#[must_use]
pub fn is_rule_name(text: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || ".-_".contains(it);
    (1..=64).contains(&text.len()) && text.chars().all(is_letter)
}

/// Whether this is a schedule of a rule.
#[must_use]
pub fn is_schedule(text: &str) -> bool {
    text.starts_with("cron(") || text.starts_with("rate(")
}

/// Whether this may be a pattern of events.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

impl EventRuleSpec {
    /// What the types cannot say.
    pub(super) fn check(&self) -> Result<(), String> {
        if !is_rule_name(&self.name) {
            return Err("a name has 1 to 64 letters, digits, dots, hyphens, underscores".to_owned());
        }
        if self.schedule.is_none() && self.pattern.is_none() {
            return Err("give a `schedule` or a `pattern`".to_owned());
        }
        if let Some(schedule) = self.schedule.as_deref().filter(|it| !is_schedule(it)) {
            return Err(format!("`{schedule}` is no schedule: write cron(...) or rate(...)"));
        }
        if let Some(pattern) = self.pattern.as_deref().filter(|it| !is_pattern(it)) {
            return Err(format!("`{pattern}` is no pattern: write JSON"));
        }
        let ids: BTreeSet<&str> = self.targets.iter().map(|target| target.id.as_str()).collect();
        if ids.len() < self.targets.len() {
            return Err("two targets have one id".to_owned());
        }
        if ids.len() > TARGETS_MAX {
            return Err(format!("a rule has at most {TARGETS_MAX} targets"));
        }
        Ok(())
    }
}

/// A target, as `PutTargets` takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EventTargetSpec {
    /// Unique among the targets of its rule.
    pub id: String,
    /// What is called; where tasks are started, the cluster.
    pub arn: String,
    /// The role it is called with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// What it is given in place of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The tasks it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecs_parameters: Option<EcsParametersSpec>,
    /// Where an event goes that could not be delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_config: Option<DeadLetterSpec>,
}

/// The tasks that a target starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EcsParametersSpec {
    /// The task definition.
    pub task_definition_arn: String,
    /// How many tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_count: Option<u32>,
    /// What they run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<LaunchTypeSpec>,
    /// The same by capacity providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<ProviderSpec>,
    /// Where they run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkSpec>,
    /// The platform version on Fargate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// What an instance must be like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_constraints: Vec<PlacementSpec>,
    /// How instances are chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placement_strategy: Vec<PlacementSpec>,
}

/// What tasks run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LaunchTypeSpec {
    /// Instances of EC2.
    Ec2,
    /// Fargate.
    Fargate,
    /// Machines outside of AWS.
    External,
}

/// A capacity provider and its part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderSpec {
    /// Its name.
    pub capacity_provider: String,
    /// Its part of the tasks.
    #[serde(default)]
    pub weight: u32,
    /// How many tasks at least.
    #[serde(default)]
    pub base: u32,
}

/// A constraint or a strategy of placement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlacementSpec {
    /// Its kind.
    pub r#type: String,
    /// Of a constraint: what must be true of an instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Of a strategy: what it goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// Where tasks run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkSpec {
    /// The only kind there is.
    pub awsvpc_configuration: AwsvpcSpec,
}

/// Where tasks run, with `awsvpc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AwsvpcSpec {
    /// The subnets.
    pub subnets: Vec<String>,
    /// The security groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// `ENABLED` or `DISABLED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<PublicIpSpec>,
}

/// Whether tasks get a public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PublicIpSpec {
    /// They do.
    Enabled,
    /// They do not.
    Disabled,
}

/// Where an event goes that could not be delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DeadLetterSpec {
    /// A queue.
    pub arn: String,
}
