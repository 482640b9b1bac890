//! Target groups, balancers and their rules.

use std::collections::BTreeMap;

use crate::Span;

/// A target group (`DescribeTargetGroups`, `DescribeTargetGroupAttributes`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// `ip`, `instance`, `lambda` or `alb`.
    pub target_type: String,
    /// `HTTP`, `HTTPS`, `TCP`, ...
    pub protocol: Option<String>,
    /// How targets are asked whether they are healthy.
    pub health_check: HealthCheck,
    /// ARNs of the balancers that send it requests.
    pub balancers: Vec<String>,
    /// Its attributes by key, such as `deregistration_delay.timeout_seconds`.
    pub attributes: BTreeMap<String, String>,
}

impl TargetGroup {
    /// An attribute that is a number of seconds.
    #[must_use]
    pub fn seconds(&self, key: &str) -> Option<Span> {
        self.attributes.get(key)?.parse().ok().map(Span::from_secs)
    }

    /// Whether clients are held at a target by a cookie.
    #[must_use]
    pub fn is_sticky(&self) -> bool {
        self.attributes.get("stickiness.enabled").is_some_and(|value| value == "true")
    }
}

/// How targets are asked whether they are healthy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// The path that is asked for.
    pub path: Option<String>,
    /// The codes that are healthy, such as `200-299`.
    pub matcher: Option<String>,
    /// Time between two checks.
    pub interval: Option<Span>,
    /// Time for an answer.
    pub timeout: Option<Span>,
    /// Checks in a row until a target is healthy.
    pub healthy: Option<u32>,
    /// Checks in a row until it is not.
    pub unhealthy: Option<u32>,
}

/// A balancer (`DescribeLoadBalancers`, `DescribeLoadBalancerAttributes`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balancer {
    /// Its ARN.
    pub arn: String,
    /// `application`, `network` or `gateway`.
    pub kind: String,
    /// The name that records are aliases of.
    pub dns_name: String,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// `active`, `provisioning`, `active_impaired` or `failed`.
    pub state: Option<String>,
    /// Availability zones it has nodes in.
    pub zones: Vec<String>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Its attributes by key, such as `idle_timeout.timeout_seconds`.
    pub attributes: BTreeMap<String, String>,
}

/// A rule of a listener, or its default action (`DescribeRules`, `DescribeListeners`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its ARN; that of the listener where it is the default action.
    pub arn: String,
    /// Whether it is the listener's default action.
    pub is_default: bool,
    /// What it sends requests to.
    pub forwards: Vec<Forward>,
    /// For how long a client is held at the group it was sent to; `None`: it is not.
    pub stickiness: Option<Span>,
    /// Types of its other actions, such as `authenticate-oidc`.
    pub other_actions: Vec<String>,
}

impl Rule {
    /// The weight of a group in this rule.
    #[must_use]
    pub fn weight_of(&self, group: &str) -> Option<u32> {
        self.forwards.iter().find(|forward| forward.group == group).map(|forward| forward.weight)
    }
}

/// One target group of a forward action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Its ARN.
    pub group: String,
    /// Its weight; a lone group has 1.
    pub weight: u32,
}
