//! Rules of EventBridge and the tasks that they start.

use super::Network;

/// A rule (`DescribeRule`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRule {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// When it fires, such as `cron(0 3 * * ? *)`; `None`: only on events.
    pub schedule: Option<String>,
    /// The events on which it fires, as JSON; `None`: only on its schedule.
    pub pattern: Option<String>,
    /// Whether it fires at all.
    pub is_enabled: bool,
    /// The AWS service that made it and alone may change it.
    pub managed_by: Option<String>,
}

/// What a rule sets off (`ListTargetsByRule`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTarget {
    /// Unique among the targets of its rule.
    pub id: String,
    /// What is called; where tasks are started, the cluster.
    pub arn: String,
    /// The role it is called with.
    pub role: Option<String>,
    /// Where an event goes that could not be delivered.
    pub dead_letter: Option<String>,
    /// The tasks it starts; `None` where it starts none.
    pub tasks: Option<StartedTasks>,
}

/// The tasks that a target starts (`EcsParameters`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartedTasks {
    /// ARN of the task definition; without a revision the newest one.
    pub task_definition: String,
    /// How many of them.
    pub count: u32,
    /// `EC2`, `FARGATE` or `EXTERNAL`; `None`: by the capacity providers, else by the cluster's.
    pub launch_type: Option<String>,
    /// Capacity providers by name.
    pub providers: Vec<String>,
    /// Where they run, with `awsvpc`.
    pub network: Option<Network>,
    /// The platform version on Fargate, such as `1.4.0`.
    pub platform_version: Option<String>,
    /// What an instance must be like, such as `memberOf attribute:ecs.instance-type =~ g4.*`.
    pub placement_constraints: Vec<String>,
    /// How instances are chosen, such as `binpack memory`.
    pub placement_strategy: Vec<String>,
}

impl StartedTasks {
    /// Whether they run on Fargate as it is; providers of Fargate have reserved names.
    #[must_use]
    pub fn is_fargate(&self) -> bool {
        let by_provider = self.providers.iter().any(|name| name.starts_with("FARGATE"));
        by_provider || self.launch_type.as_deref() == Some("FARGATE")
    }
}
