//! A region as a file describes it: applications with their two sides, clients, noise, metrics.

use std::collections::BTreeSet;

use capacity::alarm::{ComparisonOperator, Dimension, PutMetricAlarm, Statistic, TreatMissingData};
use capacity::scaling::{
    PolicyRequest, PolicyType, PutScalingPolicy, SCALABLE_DIMENSION, SERVICE_NAMESPACE,
    StepScalingPolicyConfiguration,
};
use capacity::start::{LaunchLimits, RoomParameters, StartParameters};
use capacity::steps::{AdjustmentType, StepAdjustment};
use capacity::task::{BaseLatency, LatencyObjective, TaskModel, TaskParameters};
use cloud::objectives::Source;
use model::observation::Bounds;
use model::route::{Route, ServiceId};
use model::{PerSide, Share, Side, Span, Time};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::fault::FaultRow;
use crate::load::Load;

pub mod events;
mod written;

use events::EventRuleSpec;
use written::WrittenApplication;

/// The most tasks anything in a region may ask for: the quota of tasks in a service.
pub const TASKS_MAX: u32 = 5_000;

/// A whole region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegionSpec {
    /// `ferry/v1`.
    pub api_version: String,
    /// `Region`.
    pub kind: String,
    /// Seed of everything random, where the caller gives none.
    #[serde(default)]
    pub seed: u64,
    /// The first instant: a whole minute.
    pub start: Time,
    /// The applications, each with an EC2 side and a Fargate side.
    pub applications: Vec<ApplicationSpec>,
    /// The traffic policies that the applications' policy instances follow.
    #[serde(default)]
    pub traffic_policies: Vec<TrafficPolicySpec>,
    /// Rules of EventBridge that are there from the start; none of them fires.
    #[serde(default)]
    pub event_rules: Vec<EventRuleSpec>,
    /// How clients follow DNS.
    #[serde(default)]
    pub clients: ClientsSpec,
    /// What nobody asked for.
    #[serde(default)]
    pub noise: NoiseSpec,
    /// When minutes are published.
    #[serde(default)]
    pub metrics: MetricsSpec,
    /// The fault script's rows.
    #[serde(default)]
    pub faults: Vec<FaultRow>,
    /// Whether callers over the wire are throttled as AWS throttles them.
    #[serde(default = "yes")]
    pub rate_limits: bool,
}

const fn yes() -> bool {
    true
}

/// One traffic policy at its first version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrafficPolicySpec {
    /// Its id.
    pub id: String,
    /// The document of its first version: JSON text.
    pub document: String,
    /// Time to live that its instances give their records.
    pub ttl: Span,
    /// Ids of the instances that use it.
    pub instances: Vec<String>,
}

impl TrafficPolicySpec {
    /// A policy that splits between two balancers by one weighted rule, all on EC2, as the Route
    /// 53 console makes it.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        record_type: &str,
        endpoints: PerSide<&str>,
        instances: Vec<String>,
    ) -> Self {
        let endpoint = |name: &str| {
            let value = format!("dualstack.{name}.ap-northeast-1.elb.amazonaws.com");
            serde_json::json!({"Type": "application-load-balancer", "Value": value})
        };
        let item = |name: &str, weight: &str| {
            serde_json::json!({
                "EndpointReference": name, "Weight": weight, "EvaluateTargetHealth": "true",
            })
        };
        let PerSide { ec2, fargate } = endpoints;
        let document = serde_json::json!({
            "AWSPolicyFormatVersion": "2015-10-01",
            "RecordType": record_type,
            "StartRule": "split",
            "Endpoints": {ec2: endpoint(ec2), fargate: endpoint(fargate)},
            "Rules": {"split": {
                "RuleType": "weighted",
                "Items": [item(ec2, "100"), item(fargate, "0")],
            }},
        });
        let (id, ttl) = (id.into(), Span::from_secs(60));
        Self { id, document: document.to_string(), ttl, instances }
    }
}

/// One application: its load, the weighted pairs in front of it, and its two sides.
///
/// A file may leave out everything of a service but `id` and `targetGroupArn`: it is then as
/// [`ServiceSpec::new`] makes it, EC2 sized for the load at the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "WrittenApplication")]
pub struct ApplicationSpec {
    /// Name, for people.
    pub name: String,
    /// Requests, minute by minute.
    pub load: Load,
    /// The weighted pairs that split it, all of one kind.
    pub routes: Vec<RouteSpec>,
    /// The share their weights say at the start.
    #[serde(with = "model::units::percent")]
    pub share: Share,
    /// Slower requests are slow, for the truth that tests look at.
    pub slow_threshold: Span,
    /// Where the events of objectives are counted on each side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<PerSide<Source>>,
    /// The two services.
    pub sides: PerSide<ServiceSpec>,
}

/// One weighted pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouteSpec {
    /// Which.
    pub route: Route,
    /// The part of the application's requests that come through it.
    pub traffic: f64,
}

/// One service with its target group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSpec {
    /// Cluster and name.
    pub id: ServiceId,
    /// Its target group.
    pub target_group_arn: String,
    /// What one task does under load.
    pub task: TaskParameters,
    /// How tasks start and stop.
    pub start: StartSpec,
    /// Tasks desired and healthy at the start.
    pub desired: u32,
    /// Its scalable target, where it has one.
    pub scaling: Option<ScalingSpec>,
    /// The image of the app container at the start.
    pub release: String,
    /// How long a deployment takes.
    pub deployment: Span,
    /// The part of requests that fail on a good day.
    pub error_rate: f64,
}

/// How tasks start and stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartSpec {
    /// How long each part of a start takes.
    pub delays: StartParameters,
    /// How fast tasks may be launched.
    pub limits: LaunchLimits,
    /// The instances that tasks need room on; none on Fargate.
    pub room: Option<RoomParameters>,
    /// CPU that a task uses from running to healthy, in vCPU.
    pub boot_vcpu: f64,
    /// From leaving the balancer to stopped.
    pub drain: Span,
}

/// A scalable target with its policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingSpec {
    /// Its bounds.
    pub bounds: Bounds,
    /// Policies, alarms and scheduled actions as they are put in place.
    pub policies: Vec<PolicyRequest>,
}

impl ScalingSpec {
    /// The hand-written step policy of the benchmark: from 60 % CPU in one minute 10, 20 and 30 %
    /// more at 0, 10 and 20 points above, below 40 % for five minutes 10 % less, 300 s cooldown.
    #[must_use]
    pub fn by_hand(id: &ServiceId, bounds: Bounds) -> Self {
        let up = [(0.0, Some(10.0), 10), (10.0, Some(20.0), 20), (20.0, None, 30)];
        let out = up.map(|(from, until, percent)| StepAdjustment {
            metric_interval_lower_bound: Some(from),
            metric_interval_upper_bound: until,
            scaling_adjustment: percent,
        });
        let down = StepAdjustment {
            metric_interval_lower_bound: None,
            metric_interval_upper_bound: Some(0.0),
            scaling_adjustment: -10,
        };
        let high = ComparisonOperator::GreaterThanOrEqualToThreshold;
        let policies = vec![
            step_policy(id, "scale-out", &out),
            cpu_alarm(id, "scale-out", high, 60.0, 1),
            step_policy(id, "scale-in", &[down]),
            cpu_alarm(id, "scale-in", ComparisonOperator::LessThanThreshold, 40.0, 5),
        ];
        Self { bounds, policies }
    }
}

fn step_policy(id: &ServiceId, name: &str, steps: &[StepAdjustment]) -> PolicyRequest {
    PolicyRequest::PutScalingPolicy(PutScalingPolicy {
        policy_name: name.to_owned(),
        service_namespace: SERVICE_NAMESPACE.to_owned(),
        resource_id: format!("service/{}/{}", id.cluster, id.service),
        scalable_dimension: SCALABLE_DIMENSION.to_owned(),
        policy_type: PolicyType::StepScaling,
        step_scaling_policy_configuration: Some(StepScalingPolicyConfiguration {
            adjustment_type: AdjustmentType::PercentChangeInCapacity,
            step_adjustments: steps.to_vec(),
            min_adjustment_magnitude: None,
            cooldown: Some(300),
            metric_aggregation_type: None,
        }),
        target_tracking_scaling_policy_configuration: None,
    })
}

fn cpu_alarm(
    id: &ServiceId,
    policy: &str,
    comparison_operator: ComparisonOperator,
    threshold: f64,
    evaluation_periods: u32,
) -> PolicyRequest {
    let dimension =
        |name: &str, value: &str| Dimension { name: name.to_owned(), value: value.to_owned() };
    PolicyRequest::PutMetricAlarm(PutMetricAlarm {
        alarm_name: format!("{}-{}-{policy}", id.cluster, id.service),
        alarm_description: None,
        actions_enabled: true,
        ok_actions: Vec::new(),
        alarm_actions: vec![policy.to_owned()],
        insufficient_data_actions: Vec::new(),
        namespace: "AWS/ECS".to_owned(),
        metric_name: "CPUUtilization".to_owned(),
        dimensions: vec![
            dimension("ClusterName", &id.cluster),
            dimension("ServiceName", &id.service),
        ],
        statistic: Some(Statistic::Average),
        extended_statistic: None,
        period: 60,
        evaluation_periods,
        datapoints_to_alarm: None,
        threshold,
        comparison_operator,
        treat_missing_data: TreatMissingData::Missing,
    })
}

/// How clients follow DNS answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClientsSpec {
    /// Time to live of the answers.
    pub ttl: Span,
    /// Clients that cache for longer, whatever the TTL says.
    pub slow: Vec<SlowClients>,
    /// Over-dispersion of the split: with few resolvers behind many clients the realised share
    /// wanders around the answered one with variance `w (1 - w)` times this.
    pub concentration: f64,
}

/// Clients that cache for longer than they should.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlowClients {
    /// The part of requests they make.
    pub fraction: f64,
    /// After how long they ask again, on average.
    pub ttl: Span,
}

impl Default for ClientsSpec {
    /// Most clients follow the TTL; one in a hundred takes hours, one in two hundred days, one
    /// in a thousand weeks: "after 100 % some users still hit EC2 for weeks".
    fn default() -> Self {
        let slow = |fraction, ttl| SlowClients { fraction, ttl };
        Self {
            ttl: Span::from_secs(60),
            slow: vec![
                slow(0.01, Span::from_hours(3)),
                slow(0.005, Span::from_days(2)),
                slow(0.001, Span::from_days(12)),
            ],
            concentration: 2e-4,
        }
    }
}

/// Noise that nobody asked for, gentler than what the judge is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NoiseSpec {
    /// Deviation of each side's log-latency, autocorrelated by `persistence` from minute to minute.
    pub latency: f64,
    /// Deviation of each side's log error rate, likewise.
    pub errors: f64,
    /// Correlation of one minute with the next.
    pub persistence: f64,
    /// Bad episodes of one side in a week: latency times 1.2 to 1.6 for up to six minutes.
    pub bursts_per_week: f64,
    /// Bad episodes of both sides in a week: latency times 1.3 to 2.5 and errors times 3 to 15
    /// for ten to thirty minutes.
    pub incidents_per_week: f64,
    /// Deviation of CPU readings.
    pub cpu: f64,
}

impl Default for NoiseSpec {
    fn default() -> Self {
        Self {
            latency: 0.02,
            errors: 0.2,
            persistence: 0.8,
            bursts_per_week: 3.0,
            incidents_per_week: 1.0,
            cpu: 0.02,
        }
    }
}

impl NoiseSpec {
    /// No noise at all but the counting of requests.
    pub const NONE: Self = Self {
        latency: 0.0,
        errors: 0.0,
        persistence: 0.0,
        bursts_per_week: 0.0,
        incidents_per_week: 0.0,
        cpu: 0.0,
    };
}

/// When minutes are published.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MetricsSpec {
    /// The shortest time from a minute's end to its publication.
    pub lag_min: Span,
    /// The longest, without a fault.
    pub lag_max: Span,
    /// The part of minutes that are published short and completed five minutes later.
    pub backfilled: f64,
    /// The part of minutes that are never published.
    pub missing: f64,
}

impl Default for MetricsSpec {
    fn default() -> Self {
        Self {
            lag_min: Span::from_secs(60),
            lag_max: Span::from_secs(120),
            backfilled: 0.001,
            missing: 0.000_5,
        }
    }
}

impl MetricsSpec {
    /// Every minute complete after the usual lag.
    #[must_use]
    pub fn perfect() -> Self {
        Self { backfilled: 0.0, missing: 0.0, ..Self::default() }
    }
}

impl ServiceSpec {
    /// A service of `side` in the world of the benchmark "push-7d": one vCPU, 14 ms of CPU per
    /// request with a sidecar on Fargate and 12 ms on EC2, start after 50 s and 12 s. One task
    /// is desired; [`ApplicationSpec::new`] sizes EC2.
    #[must_use]
    pub fn new(side: Side, id: ServiceId, target_group_arn: impl Into<String>) -> Self {
        let fargate = side == Side::Fargate;
        let pick = |on_ec2: f64, on_fargate: f64| if fargate { on_fargate } else { on_ec2 };
        Self {
            target_group_arn: target_group_arn.into(),
            task: TaskParameters {
                vcpu: 1.0,
                usable_vcpu: 1.0,
                cpu_seconds_per_request: pick(0.012, 0.014),
                idle_vcpu: pick(0.0, 0.03),
                kappa: 1.5,
                base_latency: BaseLatency { median_seconds: 0.04, p99_seconds: 0.15 },
                timeout_seconds: 10.0,
            },
            start: StartSpec {
                delays: if fargate { StartParameters::fargate() } else { StartParameters::ec2() },
                limits: LaunchLimits::default(),
                // Instances for 640 tasks: a service that has run for years has its room.
                room: (!fargate)
                    .then(|| RoomParameters { instances: 160, ..RoomParameters::default() }),
                boot_vcpu: 0.5,
                drain: Span::from_secs(30),
            },
            desired: 1,
            scaling: Some(ScalingSpec::by_hand(&id, Bounds { min: 1, max: 600 })),
            release: "app:1".to_owned(),
            // "Deploys from over 10 minutes to 5."
            deployment: Span::from_mins(if fargate { 5 } else { 10 }),
            error_rate: 0.000_2,
            id,
        }
    }
}

impl ApplicationSpec {
    /// An application all on EC2, whose EC2 side is sized for `load` at the start and whose
    /// Fargate side is small.
    ///
    /// # Errors
    /// [`Error::Capacity`] for task parameters that are no task's.
    pub fn new(
        name: impl Into<String>,
        load: Load,
        routes: Vec<Route>,
        slow_threshold: Span,
        mut sides: PerSide<ServiceSpec>,
    ) -> Result<Self, Error> {
        let tasks = tasks_for(&sides.ec2, load.rate(0), slow_threshold)?;
        sides.ec2.desired = match &sides.ec2.scaling {
            Some(scaling) => tasks.max(scaling.bounds.min).min(scaling.bounds.max),
            None => tasks,
        };
        #[expect(clippy::cast_precision_loss, reason = "a handful of routes")]
        let traffic = 1.0 / routes.len().max(1) as f64;
        let routes = routes.into_iter().map(|route| RouteSpec { route, traffic }).collect();
        Ok(Self {
            name: name.into(),
            load,
            routes,
            share: Share::ZERO,
            slow_threshold,
            objectives: Vec::new(),
            sides,
        })
    }
}

/// Tasks that carry `rps` with 1 % of requests slower than `slow_threshold`, and a tenth to spare.
///
/// # Errors
/// [`Error::Capacity`] for task parameters that are no task's.
pub fn tasks_for(service: &ServiceSpec, rps: f64, slow_threshold: Span) -> Result<u32, Error> {
    let task = task_model(service)?;
    let objective =
        LatencyObjective { threshold_seconds: slow_threshold.secs_f64(), slow_fraction_max: 0.01 };
    // A service that is slow even when idle still needs tasks: take half its CPU.
    let safe = task.safe_rate(objective).unwrap_or(0.5 * task.service_rate());
    let tasks = libm::ceil(1.1 * rps / safe.max(1e-9)).clamp(1.0, f64::from(TASKS_MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the tasks of a service"
    )]
    Ok(tasks as u32)
}

pub(crate) fn task_model(service: &ServiceSpec) -> Result<TaskModel, Error> {
    TaskModel::new(service.task)
        .map_err(|source| Error::Capacity { part: format!("{}.task", service.id), source })
}

impl RegionSpec {
    /// A region of `applications` with the default clients, noise and metrics.
    #[must_use]
    pub fn new(start: Time, applications: Vec<ApplicationSpec>) -> Self {
        Self {
            api_version: "ferry/v1".to_owned(),
            kind: "Region".to_owned(),
            seed: 0,
            start,
            applications,
            traffic_policies: Vec::new(),
            event_rules: Vec::new(),
            clients: ClientsSpec::default(),
            noise: NoiseSpec::default(),
            metrics: MetricsSpec::default(),
            faults: Vec::new(),
            rate_limits: true,
        }
    }
}

impl RegionSpec {
    /// Checks what the types cannot.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong =
            |part: &str, problem: String| Err(Error::Spec { part: part.to_owned(), problem });
        if self.start.as_millis() % 60_000 != 0 {
            return wrong("start", format!("{} is not a whole minute", self.start));
        }
        if self.applications.is_empty() {
            return wrong("applications", "there is none: give at least one".to_owned());
        }
        for application in &self.applications {
            application.check()?;
        }
        let mut names = BTreeSet::new();
        for rule in &self.event_rules {
            let part = format!("eventRules: {}", rule.name);
            if !names.insert(&rule.name) {
                return wrong(&part, "the name stands twice".to_owned());
            }
            rule.check().or_else(|problem| wrong(&part, problem))?;
        }
        for (part, number, most) in self.numbers() {
            if !(0.0..=most).contains(&number) {
                return wrong(part, format!("{number} is not a number from 0 to {most}"));
            }
        }
        if self.metrics.lag_min > self.metrics.lag_max {
            return wrong("metrics", "lagMin is longer than lagMax".to_owned());
        }
        let mut groups: Vec<&str> = self
            .applications
            .iter()
            .flat_map(|a| Side::ALL.map(|side| a.sides.get(side).target_group_arn.as_str()))
            .collect();
        groups.sort_unstable();
        if let Some(twice) = groups.iter().zip(groups.iter().skip(1)).find(|(a, b)| a == b) {
            return wrong("targetGroupArn", format!("`{}` belongs to two services", twice.0));
        }
        Ok(())
    }
}

impl RegionSpec {
    /// Numbers that must lie between zero and the last one.
    fn numbers(&self) -> [(&'static str, f64, f64); 10] {
        let (noise, metrics) = (&self.noise, &self.metrics);
        let slow = self.clients.slow.iter();
        // A negative or missing fraction makes the sum no number.
        let slow = slow.map(|s| if s.fraction >= 0.0 { s.fraction } else { f64::NAN }).sum();
        [
            ("clients.slow", slow, 1.0),
            ("clients.concentration", self.clients.concentration, 1.0),
            ("noise.latency", noise.latency, 2.0),
            ("noise.errors", noise.errors, 2.0),
            ("noise.persistence", noise.persistence, 1.0),
            ("noise.burstsPerWeek", noise.bursts_per_week, 10_000.0),
            ("noise.incidentsPerWeek", noise.incidents_per_week, 10_000.0),
            ("noise.cpu", noise.cpu, 1.0),
            ("metrics.backfilled", metrics.backfilled, 1.0),
            ("metrics.missing", metrics.missing, 1.0),
        ]
    }
}

impl ApplicationSpec {
    fn check(&self) -> Result<(), Error> {
        let wrong = |problem: String| Err(Error::Spec { part: self.name.clone(), problem });
        if self.routes.is_empty() {
            return wrong("there is no route: give at least one".to_owned());
        }
        let traffic: f64 = self.routes.iter().map(|route| route.traffic).sum();
        if self.routes.iter().any(|route| !(0.0..=1.0).contains(&route.traffic))
            || (traffic - 1.0).abs() > 1e-6
        {
            return wrong(format!("the traffic of all routes sums to {traffic}: make it 1"));
        }
        for side in Side::ALL {
            let service = self.sides.get(side);
            if service.desired > TASKS_MAX {
                return wrong(format!("{} tasks are more than {TASKS_MAX}", service.desired));
            }
            let bounds = service.scaling.as_ref().map(|scaling| scaling.bounds);
            if bounds.is_some_and(|bounds| bounds.min > bounds.max || bounds.max > TASKS_MAX) {
                return wrong(format!("the bounds of {} are no bounds", service.id));
            }
            if !(0.0..=1.0).contains(&service.error_rate) {
                return wrong(format!("an error rate of {}", service.error_rate));
            }
        }
        Ok(())
    }
}
