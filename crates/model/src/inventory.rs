//! What an account holds around a service that is to be carried: read once, for people.
//!
//! ```text
//! ecs        services, task definitions
//! balancing  target groups, balancers, rules
//! dns        hosted zones, record sets, policy instances
//! scaling    scalable targets with their policies, alarms and scheduled actions
//! events     rules of EventBridge with their targets
//! week       what a service did in its last week
//! landscape  all of it around one migration, each part read or not
//! ```
//!
//! The daemon needs none of it: it looks at what moves. These are read by `ferry preflight` and
//! `ferry init`, which look at what stands around. Fields are those that a check or a draft uses,
//! in the words of the AWS APIs.

mod balancing;
mod dns;
mod ecs;
mod events;
mod landscape;
mod policy;
mod scaling;
mod week;

use serde::{Deserialize, Serialize};

use crate::observation::Gap;

pub use balancing::{Balancer, Forward, HealthCheck, Rule, TargetGroup};
pub use dns::{Alias, HostedZone, PolicyInstance, RecordSet, Routing};
pub use ecs::{
    Container, Controller, Demand, Deployment, Launch, Mount, Network, Registration, Scheduling,
    Service, ServiceEvent, Strategy, TaskDefinition, Volume, VolumeKind,
};
pub use events::{EventRule, EventTarget, StartedTasks};
pub use landscape::{Landscape, RouterView, RuleView, SideView};
pub use policy::{Document, Item};
pub use scaling::{Alarm, PolicyKind, ScalableTarget, ScalingPolicy, ScheduledAction};
pub use week::{Week, WeekMinute};

/// Something that was asked for: read, or not and why.
pub type Found<T> = Result<T, Unread>;

/// Something that was asked for and not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// The call as IAM names it, such as `ecs:DescribeServices`.
    pub operation: String,
    /// What kind of failure.
    pub gap: Gap,
    /// What was said, for people.
    pub message: String,
}

/// The region in an ARN, such as `eu-west-1` in `arn:aws:ecs:eu-west-1:123456789012:service/...`.
#[must_use]
pub fn region_of(arn: &str) -> Option<&str> {
    part(arn, 3)
}

/// The account number in an ARN.
#[must_use]
pub fn account_of(arn: &str) -> Option<&str> {
    part(arn, 4)
}

/// What stands behind the fifth colon of an ARN, such as `targetgroup/api/73e2d6bc24d8a067`; other
/// text as it is.
#[must_use]
pub fn tail_of(arn: &str) -> &str {
    part(arn, 5).unwrap_or(arn)
}

fn part(arn: &str, place: usize) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    if parts.clone().next() != Some("arn") {
        return None;
    }
    parts.nth(place).filter(|part| !part.is_empty())
}

/// Whether two domain names are the same: case, a final dot and the `dualstack.` that Route 53 puts
/// before a balancer's name make no difference.
#[must_use]
pub fn is_same_name(one: &str, other: &str) -> bool {
    bare_name(one) == bare_name(other)
}

/// A domain name in the form in which names are compared.
#[must_use]
pub fn bare_name(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    // Route 53 lists what it escapes as octal: `*` as `\052`.
    let name = name.replace("\\052", "*");
    name.strip_prefix("dualstack.").map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:7";
        assert_eq!(region_of(arn), Some("eu-west-1"));
        assert_eq!(account_of(arn), Some("123456789012"));
        assert_eq!(tail_of(arn), "task-definition/api:7");
        assert_eq!((region_of("api"), account_of("api"), tail_of("api")), (None, None, "api"));
        assert_eq!(region_of("arn:aws:iam::123456789012:role/app"), None);
    }

    #[test]
    fn names_are_compared_as_dns_does() {
        assert!(is_same_name(
            "dualstack.Api-1.eu-west-1.elb.amazonaws.com.",
            "api-1.eu-west-1.elb.amazonaws.com"
        ));
        assert!(is_same_name("\\052.example.com.", "*.example.com"));
        assert!(!is_same_name("api.example.com", "api2.example.com"));
    }
}
