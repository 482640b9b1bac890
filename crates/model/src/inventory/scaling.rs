//! Scalable targets of Application Auto Scaling.

use std::collections::BTreeMap;

use crate::Span;
use crate::observation::{Bounds, Suspension};

/// A scalable target with all that acts on it (`DescribeScalableTargets`,
/// `DescribeScalingPolicies`, `DescribeScheduledActions`, `cloudwatch:DescribeAlarms`).
#[derive(Debug, Clone, PartialEq)]
pub struct ScalableTarget {
    /// Its bounds.
    pub bounds: Bounds,
    /// Kinds of scaling that are suspended.
    pub suspended: Suspension,
    /// Its policies.
    pub policies: Vec<ScalingPolicy>,
    /// Its scheduled actions.
    pub scheduled: Vec<ScheduledAction>,
}

/// A scaling policy.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalingPolicy {
    /// Its name.
    pub name: String,
    /// What it does.
    pub kind: PolicyKind,
    /// The alarms that set it off; an alarm that was not read has no metric.
    pub alarms: Vec<Alarm>,
}

/// What a scaling policy does.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicyKind {
    /// Adds and removes by steps.
    Step {
        /// Time until it acts again; `None`: 300 s.
        cooldown: Option<Span>,
        /// Whether any of its steps adds tasks.
        adds: bool,
    },
    /// Holds a metric.
    TargetTracking {
        /// What it holds, such as `ECSServiceAverageCPUUtilization` or a metric's name.
        metric: String,
        /// At which value.
        target: f64,
        /// Whether it never scales in.
        scale_in_disabled: bool,
    },
    /// Scales ahead of a forecast.
    Predictive,
}

/// An alarm of CloudWatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// The metric it watches; `None` for metric math, and where it was not read.
    pub metric: Option<String>,
    /// The dimensions of the metric.
    pub dimensions: BTreeMap<String, String>,
}

/// A scheduled action that sets bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledAction {
    /// Its name.
    pub name: String,
    /// When, as `at(...)`, `rate(...)` or `cron(...)`.
    pub schedule: String,
    /// The minimum it sets.
    pub min: Option<u32>,
    /// The maximum it sets.
    pub max: Option<u32>,
}
