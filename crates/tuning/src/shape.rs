//! Policies by their numbers, and as the requests that put them in place.

use capacity::alarm::{ComparisonOperator, Dimension, PutMetricAlarm, Statistic, TreatMissingData};
use capacity::scaling::{
    MetricAggregationType, PolicyRequest, PolicyType, PredefinedMetricSpecification,
    PredefinedMetricType, PutScalingPolicy, SCALABLE_DIMENSION, SERVICE_NAMESPACE,
    StepScalingPolicyConfiguration, TargetTrackingScalingPolicyConfiguration,
};
use capacity::steps::{AdjustmentType, StepAdjustment};

/// How often the service publishes its CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolution {
    /// Once a minute, as every ECS service does.
    Standard,
    /// Every 20 seconds, which the service's `monitoringConfiguration` asks for and is paid for.
    High,
}

impl Resolution {
    /// The period in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Standard => 60,
            Self::High => 20,
        }
    }
}

/// A policy on CPU utilisation by its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Steps out of three parts, one step in.
    Step(Step),
    /// Towards a target.
    Tracking(Tracking),
}

/// A pair of step policies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Of both alarms.
    pub resolution: Resolution,
    /// CPU percent at which it scales out.
    pub out_threshold: f64,
    /// How many of how many datapoints that takes.
    pub out_datapoints: (u32, u32),
    /// Where the second and the third step begin, in percent above the threshold.
    pub bounds: [f64; 2],
    /// What the three steps add.
    pub adjustments: [i32; 3],
    /// Whether in percent or in tasks.
    pub adjustment_type: AdjustmentType,
    /// Seconds.
    pub out_cooldown: u32,
    /// CPU percent below which it scales in.
    pub in_threshold: f64,
    /// How many datapoints in a row that takes.
    pub in_datapoints: u32,
    /// Percent of tasks that go.
    pub in_percent: i32,
    /// Seconds.
    pub in_cooldown: u32,
}

/// A target tracking policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tracking {
    /// Of the metric.
    pub resolution: Resolution,
    /// CPU percent.
    pub target: f64,
    /// Seconds.
    pub out_cooldown: u32,
    /// Seconds.
    pub in_cooldown: u32,
}

/// Whose policy it is: names of the service, and of what Ferry puts in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: String,
    /// What every policy, alarm and scheduled action begins with.
    pub prefix: String,
}

impl Names {
    /// Names of one service.
    #[must_use]
    pub fn new(resource_id: &str) -> Self {
        Self { resource_id: resource_id.to_owned(), prefix: "ferry".to_owned() }
    }

    /// `prefix-what`.
    #[must_use]
    pub fn of(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }
}

impl Shape {
    /// The requests, in an order in which they can be made: policies before their alarms.
    #[must_use]
    pub fn requests(&self, names: &Names) -> Vec<PolicyRequest> {
        match self {
            Self::Step(step) => step.requests(names),
            Self::Tracking(tracking) => vec![tracking.request(names)],
        }
    }

    /// How often its metric is published.
    #[must_use]
    pub const fn resolution(&self) -> Resolution {
        match self {
            Self::Step(step) => step.resolution,
            Self::Tracking(tracking) => tracking.resolution,
        }
    }
}

impl Step {
    fn requests(&self, names: &Names) -> Vec<PolicyRequest> {
        let [second, third] = self.bounds;
        let edges = [(Some(0.0), Some(second)), (Some(second), Some(third)), (Some(third), None)];
        let out = edges.into_iter().zip(self.adjustments).map(|((lower, upper), amount)| {
            StepAdjustment {
                metric_interval_lower_bound: lower,
                metric_interval_upper_bound: upper,
                scaling_adjustment: amount,
            }
        });
        let scale_in = StepAdjustment {
            metric_interval_lower_bound: None,
            metric_interval_upper_bound: Some(0.0),
            scaling_adjustment: -self.in_percent,
        };
        let percent = AdjustmentType::PercentChangeInCapacity;
        let (m, n) = self.out_datapoints;
        vec![
            policy(names, "out", self.adjustment_type, out.collect(), self.out_cooldown),
            policy(names, "in", percent, vec![scale_in], self.in_cooldown),
            PolicyRequest::PutMetricAlarm(self.alarm(names, "out", self.out_threshold, (m, n))),
            PolicyRequest::PutMetricAlarm(self.alarm(
                names,
                "in",
                self.in_threshold,
                (self.in_datapoints, self.in_datapoints),
            )),
        ]
    }

    fn alarm(
        &self,
        names: &Names,
        side: &str,
        threshold: f64,
        (m, n): (u32, u32),
    ) -> PutMetricAlarm {
        let comparison_operator = if side == "out" {
            ComparisonOperator::GreaterThanOrEqualToThreshold
        } else {
            ComparisonOperator::LessThanThreshold
        };
        PutMetricAlarm {
            alarm_name: names.of(side),
            alarm_description: None,
            actions_enabled: true,
            ok_actions: Vec::new(),
            alarm_actions: vec![names.of(side)],
            insufficient_data_actions: Vec::new(),
            namespace: "AWS/ECS".to_owned(),
            metric_name: "CPUUtilization".to_owned(),
            dimensions: dimensions(&names.resource_id),
            statistic: Some(Statistic::Average),
            extended_statistic: None,
            period: self.resolution.seconds(),
            evaluation_periods: n,
            datapoints_to_alarm: Some(m),
            threshold,
            comparison_operator,
            treat_missing_data: TreatMissingData::Missing,
        }
    }
}

fn policy(
    names: &Names,
    side: &str,
    adjustment_type: AdjustmentType,
    step_adjustments: Vec<StepAdjustment>,
    cooldown: u32,
) -> PolicyRequest {
    let percent = adjustment_type == AdjustmentType::PercentChangeInCapacity;
    PolicyRequest::PutScalingPolicy(PutScalingPolicy {
        policy_name: names.of(side),
        service_namespace: SERVICE_NAMESPACE.to_owned(),
        resource_id: names.resource_id.clone(),
        scalable_dimension: SCALABLE_DIMENSION.to_owned(),
        policy_type: PolicyType::StepScaling,
        step_scaling_policy_configuration: Some(StepScalingPolicyConfiguration {
            adjustment_type,
            step_adjustments,
            min_adjustment_magnitude: percent.then_some(1),
            cooldown: Some(cooldown),
            metric_aggregation_type: Some(MetricAggregationType::Average),
        }),
        target_tracking_scaling_policy_configuration: None,
    })
}

impl Tracking {
    fn request(&self, names: &Names) -> PolicyRequest {
        let predefined_metric_type = match self.resolution {
            Resolution::Standard => PredefinedMetricType::ECSServiceAverageCPUUtilization,
            Resolution::High => PredefinedMetricType::ECSServiceAverageCPUUtilizationHighResolution,
        };
        PolicyRequest::PutScalingPolicy(PutScalingPolicy {
            policy_name: names.of("cpu"),
            service_namespace: SERVICE_NAMESPACE.to_owned(),
            resource_id: names.resource_id.clone(),
            scalable_dimension: SCALABLE_DIMENSION.to_owned(),
            policy_type: PolicyType::TargetTrackingScaling,
            step_scaling_policy_configuration: None,
            target_tracking_scaling_policy_configuration: Some(
                TargetTrackingScalingPolicyConfiguration {
                    target_value: self.target,
                    predefined_metric_specification: Some(PredefinedMetricSpecification {
                        predefined_metric_type,
                        resource_label: None,
                    }),
                    customized_metric_specification: None,
                    scale_out_cooldown: Some(self.out_cooldown),
                    scale_in_cooldown: Some(self.in_cooldown),
                    disable_scale_in: false,
                },
            ),
        })
    }
}

/// The dimensions of a service's own metrics.
fn dimensions(resource_id: &str) -> Vec<Dimension> {
    let names = resource_id.strip_prefix("service/").and_then(|rest| rest.split_once('/'));
    let (cluster, service) = names.unwrap_or((resource_id, resource_id));
    [("ClusterName", cluster), ("ServiceName", service)]
        .map(|(name, value)| Dimension { name: name.to_owned(), value: value.to_owned() })
        .into()
}

/// The policy that was written by hand in capacity-and-scaling, section 4: what a team has that
/// never tuned.
pub const HAND: Step = Step {
    resolution: Resolution::Standard,
    out_threshold: 60.0,
    out_datapoints: (1, 1),
    bounds: [10.0, 20.0],
    adjustments: [10, 20, 30],
    adjustment_type: AdjustmentType::PercentChangeInCapacity,
    out_cooldown: 300,
    in_threshold: 40.0,
    in_datapoints: 5,
    in_percent: 10,
    in_cooldown: 300,
};
