//! Scaling policies as they are kept: checked, with the metric and alarms they read.

use model::Span;

use super::request::{
    MetricAggregationType, PolicyType, PredefinedMetricType, PutScalingPolicy,
    TargetTrackingScalingPolicyConfiguration,
};
use super::{SCALABLE_DIMENSION, SERVICE_NAMESPACE};
use crate::Error;
use crate::alarm::{ComparisonOperator, Dimension, PutMetricAlarm, Statistic, TreatMissingData};
use crate::steps::Steps;

/// Cooldown of ECS services where none is given (Application Auto Scaling user guide).
const COOLDOWN_SECONDS_DEFAULT: u32 = 300;

/// Target tracking scales in below this part of its target. AWS only says "usually more than 10 %
/// lower"; 0.9 is what its managed alarms were seen to use.
pub const SCALE_IN_PART: f64 = 0.9;

/// The managed alarms look back over three minutes to scale out and fifteen to scale in, in one
/// minute periods (observed; not documented). With 20-second metrics scaling out takes three of
/// their periods and scaling in still fifteen minutes.
const OUT_PERIODS: u32 = 3;
const IN_SECONDS: u32 = 15 * 60;

/// A checked policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Policy {
    pub(crate) request: PutScalingPolicy,
    pub(crate) rule: Rule,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    Step { steps: Steps, cooldown: Span, aggregation: MetricAggregationType },
    TargetTracking(Tracking),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tracking {
    pub(crate) target: f64,
    pub(crate) cooldown_out: Span,
    pub(crate) cooldown_in: Span,
    pub(crate) scales_in: bool,
}

impl Policy {
    pub(crate) fn new(request: PutScalingPolicy, resource_id: &str) -> Result<Self, Error> {
        check_target(
            &request.policy_name,
            [&request.service_namespace, &request.resource_id, &request.scalable_dimension],
            resource_id,
        )?;
        let refuse = |field, problem: &str| Error::Request {
            name: request.policy_name.clone(),
            field,
            problem: problem.to_owned(),
        };
        let step = request.step_scaling_policy_configuration.as_ref();
        let tracking = request.target_tracking_scaling_policy_configuration.as_ref();
        let rule = match (request.policy_type, step, tracking) {
            (PolicyType::StepScaling, Some(step), None) => Rule::Step {
                steps: Steps::new(
                    step.adjustment_type,
                    step.min_adjustment_magnitude,
                    &step.step_adjustments,
                )?,
                cooldown: cooldown(step.cooldown),
                aggregation: step.metric_aggregation_type.unwrap_or_default(),
            },
            (PolicyType::TargetTrackingScaling, None, Some(tracking)) => {
                if !(tracking.target_value.is_finite() && tracking.target_value > 0.0) {
                    return Err(refuse("TargetValue", "it must be a finite number above zero"));
                }
                Rule::TargetTracking(Tracking {
                    target: tracking.target_value,
                    cooldown_out: cooldown(tracking.scale_out_cooldown),
                    cooldown_in: cooldown(tracking.scale_in_cooldown),
                    scales_in: !tracking.disable_scale_in,
                })
            }
            (PolicyType::StepScaling | PolicyType::TargetTrackingScaling, _, _) => {
                return Err(refuse(
                    "PolicyType",
                    "give exactly the one configuration that belongs to it",
                ));
            }
        };
        Ok(Self { request, rule })
    }
}

/// Refuses a request that is about another resource or dimension.
pub(crate) fn check_target(
    name: &str,
    [namespace, resource, dimension]: [&String; 3],
    resource_id: &str,
) -> Result<(), Error> {
    for (field, given, wanted) in [
        ("ServiceNamespace", namespace, SERVICE_NAMESPACE),
        ("ResourceId", resource, resource_id),
        ("ScalableDimension", dimension, SCALABLE_DIMENSION),
    ] {
        if given != wanted {
            let problem = format!("it is `{given}` and must be `{wanted}`");
            return Err(Error::Request { name: name.to_owned(), field, problem });
        }
    }
    Ok(())
}

/// The name of the alarm that target tracking manages on a side, `High` or `Low`.
pub(crate) fn managed_alarm(resource_id: &str, side: &str, policy_name: &str) -> String {
    format!("TargetTracking-{resource_id}-Alarm{side}-{policy_name}")
}

/// The two alarms that target tracking manages, scale-out first; `action` is the policy's ARN.
pub(crate) fn managed_alarms(
    policy_name: &str,
    configuration: &TargetTrackingScalingPolicyConfiguration,
    resource_id: &str,
    action: &str,
) -> Result<Vec<PutMetricAlarm>, Error> {
    let metric = Metric::of(policy_name, configuration, resource_id)?;
    let alarm = |side: &str, comparison_operator, threshold, evaluation_periods| PutMetricAlarm {
        alarm_name: managed_alarm(resource_id, side, policy_name),
        alarm_description: None,
        actions_enabled: true,
        ok_actions: Vec::new(),
        alarm_actions: vec![action.to_owned()],
        insufficient_data_actions: Vec::new(),
        namespace: metric.namespace.clone(),
        metric_name: metric.name.clone(),
        dimensions: metric.dimensions.clone(),
        statistic: Some(metric.statistic),
        extended_statistic: None,
        period: metric.period_seconds,
        evaluation_periods,
        datapoints_to_alarm: None,
        threshold,
        comparison_operator,
        treat_missing_data: TreatMissingData::Missing,
    };
    let target = configuration.target_value;
    let mut alarms =
        vec![alarm("High", ComparisonOperator::GreaterThanThreshold, target, OUT_PERIODS)];
    if !configuration.disable_scale_in {
        let low = ComparisonOperator::LessThanThreshold;
        let periods = IN_SECONDS / metric.period_seconds;
        alarms.push(alarm("Low", low, SCALE_IN_PART * target, periods));
    }
    Ok(alarms)
}

/// The metric behind a target tracking policy.
struct Metric {
    namespace: String,
    name: String,
    dimensions: Vec<Dimension>,
    statistic: Statistic,
    period_seconds: u32,
}

impl Metric {
    fn of(
        policy_name: &str,
        configuration: &TargetTrackingScalingPolicyConfiguration,
        resource_id: &str,
    ) -> Result<Self, Error> {
        let refuse = |field, problem: &str| Error::Request {
            name: policy_name.to_owned(),
            field,
            problem: problem.to_owned(),
        };
        let predefined = configuration.predefined_metric_specification.as_ref();
        let customized = configuration.customized_metric_specification.as_ref();
        match (predefined, customized) {
            (Some(specification), None) => {
                let label = specification.resource_label.as_deref();
                Self::predefined(specification.predefined_metric_type, label, resource_id)
                    .ok_or_else(|| {
                        refuse(
                            "ResourceLabel",
                            "it must be app/LB/ID/targetgroup/TG/ID for ALBRequestCountPerTarget and absent otherwise",
                        )
                    })
            }
            (None, Some(specification)) => Ok(Self {
                namespace: specification.namespace.clone(),
                name: specification.metric_name.clone(),
                dimensions: specification.dimensions.clone(),
                statistic: specification.statistic,
                period_seconds: 60,
            }),
            (None, None) | (Some(_), Some(_)) => Err(refuse(
                "TargetTrackingScalingPolicyConfiguration",
                "give either PredefinedMetricSpecification or CustomizedMetricSpecification",
            )),
        }
    }

    /// `None` when the label is missing, misplaced or misshapen.
    fn predefined(
        kind: PredefinedMetricType,
        label: Option<&str>,
        resource_id: &str,
    ) -> Option<Self> {
        use PredefinedMetricType as Kind;
        let (name, period_seconds) = match kind {
            Kind::ECSServiceAverageCPUUtilization => ("CPUUtilization", 60),
            Kind::ECSServiceAverageMemoryUtilization => ("MemoryUtilization", 60),
            Kind::ECSServiceAverageCPUUtilizationHighResolution => ("CPUUtilization", 20),
            Kind::ECSServiceAverageMemoryUtilizationHighResolution => ("MemoryUtilization", 20),
            Kind::ALBRequestCountPerTarget => {
                let at = label?.find("/targetgroup/")?;
                let (balancer, group) = label?.split_at_checked(at)?;
                return Some(Self {
                    namespace: "AWS/ApplicationELB".to_owned(),
                    name: "RequestCountPerTarget".to_owned(),
                    dimensions: vec![
                        dimension("LoadBalancer", balancer),
                        dimension("TargetGroup", group.strip_prefix('/')?),
                    ],
                    statistic: Statistic::Sum,
                    period_seconds: 60,
                });
            }
        };
        if label.is_some() {
            return None;
        }
        let (cluster, service) = resource_id.strip_prefix("service/")?.split_once('/')?;
        Some(Self {
            namespace: "AWS/ECS".to_owned(),
            name: name.to_owned(),
            dimensions: vec![dimension("ClusterName", cluster), dimension("ServiceName", service)],
            statistic: Statistic::Average,
            period_seconds,
        })
    }
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension { name: name.to_owned(), value: value.to_owned() }
}

fn cooldown(seconds: Option<u32>) -> Span {
    Span::from_secs(u64::from(seconds.unwrap_or(COOLDOWN_SECONDS_DEFAULT)))
}
