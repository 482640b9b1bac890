//! Requests of the Application Auto Scaling API in its own shape.
//!
//! A policy file is a list of these, so that what is replayed can be applied by hand as well. A
//! field of the API that is not listed is refused rather than ignored.

use model::Time;
use serde::{Deserialize, Serialize};

use crate::alarm::{Dimension, PutMetricAlarm, Statistic};
use crate::steps::{AdjustmentType, StepAdjustment};

/// The namespace of Amazon ECS.
pub const SERVICE_NAMESPACE: &str = "ecs";
/// The one dimension of an ECS service that scales.
pub const SCALABLE_DIMENSION: &str = "ecs:service:DesiredCount";

/// One entry of a policy file, named after its API call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PolicyRequest {
    /// A step or target tracking policy.
    PutScalingPolicy(PutScalingPolicy),
    /// The alarm that a step policy needs.
    PutMetricAlarm(PutMetricAlarm),
    /// New bounds at set times.
    PutScheduledAction(PutScheduledAction),
}

/// `RegisterScalableTarget`: bounds absent in an update stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RegisterScalableTarget {
    /// `ecs`.
    pub service_namespace: String,
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: String,
    /// `ecs:service:DesiredCount`.
    pub scalable_dimension: String,
    /// The fewest tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_capacity: Option<u32>,
    /// The most tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_capacity: Option<u32>,
    /// What is switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_state: Option<SuspendedState>,
}

/// Which kinds of scaling are switched off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct SuspendedState {
    /// No policy scales in.
    pub dynamic_scaling_in_suspended: bool,
    /// No policy scales out.
    pub dynamic_scaling_out_suspended: bool,
    /// No scheduled action does anything.
    pub scheduled_scaling_suspended: bool,
}

/// `PutScalingPolicy`: one of the two configurations, as `policy_type` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PutScalingPolicy {
    /// Unique on its target.
    pub policy_name: String,
    /// `ecs`.
    pub service_namespace: String,
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: String,
    /// `ecs:service:DesiredCount`.
    pub scalable_dimension: String,
    /// Which configuration is given.
    pub policy_type: PolicyType,
    /// For step scaling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_scaling_policy_configuration: Option<StepScalingPolicyConfiguration>,
    /// For target tracking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_tracking_scaling_policy_configuration:
        Option<TargetTrackingScalingPolicyConfiguration>,
}

/// The kinds of policy that are modelled; `PredictiveScaling` is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyType {
    /// By steps past an alarm's threshold.
    StepScaling,
    /// Towards a metric's target value.
    TargetTrackingScaling,
}

/// `StepScalingPolicyConfiguration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StepScalingPolicyConfiguration {
    /// What a step's number means.
    pub adjustment_type: AdjustmentType,
    /// The steps.
    pub step_adjustments: Vec<StepAdjustment>,
    /// The least change of a policy that changes by percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_adjustment_magnitude: Option<u32>,
    /// Seconds; 300 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<u32>,
    /// Statistic of the metric that steps are chosen by; Average when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_aggregation_type: Option<MetricAggregationType>,
}

/// `MetricAggregationType`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MetricAggregationType {
    /// The mean.
    #[default]
    Average,
    /// The smallest sample.
    Minimum,
    /// The largest sample.
    Maximum,
}

impl MetricAggregationType {
    /// The same as a CloudWatch statistic.
    #[must_use]
    pub const fn statistic(self) -> Statistic {
        match self {
            Self::Average => Statistic::Average,
            Self::Minimum => Statistic::Minimum,
            Self::Maximum => Statistic::Maximum,
        }
    }
}

/// `TargetTrackingScalingPolicyConfiguration`, with one of the two metric specifications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TargetTrackingScalingPolicyConfiguration {
    /// What the metric should be.
    pub target_value: f64,
    /// A metric by its name in Application Auto Scaling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predefined_metric_specification: Option<PredefinedMetricSpecification>,
    /// Any other metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customized_metric_specification: Option<CustomizedMetricSpecification>,
    /// Seconds; 300 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_out_cooldown: Option<u32>,
    /// Seconds; 300 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_in_cooldown: Option<u32>,
    /// Whether the policy only ever scales out.
    #[serde(default)]
    pub disable_scale_in: bool,
}

/// `PredefinedMetricSpecification`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PredefinedMetricSpecification {
    /// Which metric.
    pub predefined_metric_type: PredefinedMetricType,
    /// `app/LB/ID/targetgroup/TG/ID`, for requests per target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_label: Option<String>,
}

/// The predefined metrics of an ECS service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PredefinedMetricType {
    /// Mean CPU percent, each minute.
    ECSServiceAverageCPUUtilization,
    /// Mean memory percent, each minute.
    ECSServiceAverageMemoryUtilization,
    /// Mean CPU percent, each 20 seconds.
    ECSServiceAverageCPUUtilizationHighResolution,
    /// Mean memory percent, each 20 seconds.
    ECSServiceAverageMemoryUtilizationHighResolution,
    /// Requests per target and minute.
    ALBRequestCountPerTarget,
}

/// `CustomizedMetricSpecification`; metric math is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CustomizedMetricSpecification {
    /// Such as `Jobs`.
    pub namespace: String,
    /// Such as `BacklogPerTask`.
    pub metric_name: String,
    /// Which series of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// How samples become a value.
    pub statistic: Statistic,
    /// The samples' unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// `PutScheduledAction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PutScheduledAction {
    /// Unique on its target.
    pub scheduled_action_name: String,
    /// `ecs`.
    pub service_namespace: String,
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: String,
    /// `ecs:service:DesiredCount`.
    pub scalable_dimension: String,
    /// `at(...)`, `rate(...)` or `cron(...)`.
    pub schedule: String,
    /// IANA name of the zone of `at` and `cron`; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Nothing happens before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// Nothing happens after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
    /// The new bounds.
    pub scalable_target_action: ScalableTargetAction,
}

/// `ScalableTargetAction`: what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct ScalableTargetAction {
    /// The fewest tasks from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_capacity: Option<u32>,
    /// The most tasks from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_capacity: Option<u32>,
}
