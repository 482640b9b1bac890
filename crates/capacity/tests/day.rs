//! A synthetic day through task, scaling and start together, against an independent program.
//!
//! The expected numbers come from a replay core written separately, in C, from the same
//! description, and run once on the same load without noise. It scales out and in by its own
//! code, so agreement is evidence for both.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]

use capacity::alarm::Datapoint;
use capacity::scaling::{Inputs, PolicyRequest, RegisterScalableTarget, ScalableTarget, Semantics};
use capacity::start::{LaunchLimits, LaunchRate, StartModel, StartParameters};
use capacity::task::{Backlog, BaseLatency, SlowTable, TaskModel, TaskParameters};
use model::{Span, Time};
use serde_json::json;

const TICK_SECONDS: f64 = 10.0;
const TICKS: u32 = 8_640;
/// The first hour starts from a guess and is not scored.
const WARM_TICKS: u32 = 360;
const START: i64 = 1_767_571_200_000;

/// A sine over the day with surges at 12:00 and 19:00, in requests per second.
fn load(tick: u32) -> f64 {
    let seconds = f64::from(tick) * TICK_SECONDS;
    let base = 3_000.0 * (1.2 - (std::f64::consts::TAU * seconds / 86_400.0).cos());
    let surge = |at: f64| {
        let minutes = (seconds - at) / 60.0;
        if minutes > 0.0 { 1.8 * (1.0 - (-minutes).exp()) * (-minutes / 8.0).exp() } else { 0.0 }
    };
    base * (1.0 + surge(43_200.0) + surge(68_400.0))
}

fn target(policies: serde_json::Value) -> ScalableTarget {
    let register: RegisterScalableTarget = serde_json::from_value(json!({
        "ServiceNamespace": "ecs", "ResourceId": "service/prd/api",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 30, "MaxCapacity": 600,
    }))
    .unwrap();
    let semantics = Semantics { scale_in_waits_after_scale_out: true, ..Semantics::default() };
    let mut target = ScalableTarget::register(&register, semantics).unwrap();
    let requests: Vec<PolicyRequest> = serde_json::from_value(policies).unwrap();
    for request in requests {
        target.put(request, Time::from_millis(START)).unwrap();
    }
    target
}

fn step_policy(name: &str, steps: &serde_json::Value) -> serde_json::Value {
    json!({"PutScalingPolicy": {
        "PolicyName": name, "PolicyType": "StepScaling", "ServiceNamespace": "ecs",
        "ResourceId": "service/prd/api", "ScalableDimension": "ecs:service:DesiredCount",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "PercentChangeInCapacity", "Cooldown": 300,
            "StepAdjustments": steps, "MinAdjustmentMagnitude": 1,
        },
    }})
}

fn alarm(name: &str, operator: &str, threshold: f64, periods: u32) -> serde_json::Value {
    json!({"PutMetricAlarm": {
        "AlarmName": name, "AlarmActions": [name], "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 60,
        "EvaluationPeriods": periods, "Threshold": threshold, "ComparisonOperator": operator,
        "Dimensions": [{"Name": "ClusterName", "Value": "prd"}, {"Name": "ServiceName", "Value": "api"}],
    }})
}

fn hand_written() -> ScalableTarget {
    target(json!([
        step_policy(
            "out",
            &json!([
                {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 10},
                {"MetricIntervalLowerBound": 10, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 20},
                {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 30},
            ])
        ),
        step_policy("in", &json!([{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -10}])),
        alarm("out", "GreaterThanOrEqualToThreshold", 60.0, 1),
        alarm("in", "LessThanThreshold", 40.0, 5),
    ]))
}

fn tracking_60() -> ScalableTarget {
    target(json!([{"PutScalingPolicy": {
        "PolicyName": "cpu60", "PolicyType": "TargetTrackingScaling", "ServiceNamespace": "ecs",
        "ResourceId": "service/prd/api", "ScalableDimension": "ecs:service:DesiredCount",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 60.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ECSServiceAverageCPUUtilization",
            },
        },
    }}]))
}

#[derive(Debug, Default)]
struct Totals {
    slow: f64,
    requests: f64,
    task_seconds: f64,
    minutes_bad: u32,
    peak: u32,
    /// Tick and new desired count.
    changes: Vec<(u32, u32)>,
}

/// One service: tasks that serve, tasks on their way, a backlog, and what is measured of them.
struct Service {
    task: TaskModel,
    slow: SlowTable,
    start: StartModel,
    launches: LaunchRate,
    desired: u32,
    serving: u32,
    /// Running and healthy instants of tasks that do not serve yet.
    starting: Vec<(Time, Time)>,
    backlog: Backlog,
    cpu_used: f64,
    cpu_reserved: f64,
}

impl Service {
    fn new() -> Self {
        let task = TaskModel::new(TaskParameters {
            vcpu: 1.0,
            usable_vcpu: 1.0,
            cpu_seconds_per_request: 0.014,
            idle_vcpu: 0.03,
            kappa: 1.5,
            base_latency: BaseLatency { median_seconds: 0.040, p99_seconds: 0.150 },
            timeout_seconds: 10.0,
        })
        .unwrap();
        let slow = task.slow_table(0.300).unwrap();
        let start = StartParameters { control_seconds: 0.0, ..StartParameters::fargate() };
        let limits = LaunchLimits { burst: 80, per_second: 8, per_minute: None };
        // The quiet night before needs fewer than the minimum.
        let desired = 30;
        Self {
            task,
            slow,
            start: StartModel::new(start).unwrap(),
            launches: LaunchRate::new(limits, Time::from_millis(START)),
            desired,
            serving: desired,
            starting: Vec::new(),
            backlog: Backlog::default(),
            cpu_used: 0.0,
            cpu_reserved: 0.0,
        }
    }

    fn total(&self) -> u32 {
        self.serving + u32::try_from(self.starting.len()).unwrap()
    }

    fn booting(&self, now: Time) -> u32 {
        u32::try_from(self.starting.iter().filter(|(running, _)| *running <= now).count()).unwrap()
    }

    /// Starts or stops tasks; returns the seconds billed for tasks that drain.
    fn schedule(&mut self, now: Time) -> f64 {
        let before = self.starting.len();
        self.starting.retain(|(_, healthy)| *healthy > now);
        self.serving += u32::try_from(before - self.starting.len()).unwrap();
        let total = self.total();
        if self.desired < total {
            let stopped = (total - self.desired).min(self.serving - 1);
            self.serving -= stopped;
            return f64::from(stopped) * 30.0;
        }
        let launched = self.launches.take(now, self.desired - total);
        for (group, uniform) in [0.1, 0.3, 0.5, 0.7, 0.9].into_iter().enumerate() {
            let fifth = launched / 5;
            let count = if group == 4 { launched - 4 * fifth } else { fifth };
            let times = self.start.times(now, uniform, 1.0);
            self.starting.extend((0..count).map(|_| (times.running, times.healthy)));
        }
        0.0
    }

    /// Serves one tick; returns the slow requests.
    fn serve(&mut self, now: Time, rate: f64) -> f64 {
        let (serving, booting) = (f64::from(self.serving), f64::from(self.booting(now)));
        let capacity = serving * self.task.service_rate();
        let step = self.backlog.step(rate, capacity, TICK_SECONDS, 10.0);
        let fraction = self.slow.slow_fraction(rate / capacity, step.delay_seconds);
        let arrived = rate * TICK_SECONDS;
        let slow = (fraction * arrived + step.dropped * (1.0 - fraction)).min(arrived);
        let used = self.task.vcpu_used(rate / serving, !self.backlog.is_empty());
        self.cpu_used += serving * used + booting * 0.5;
        self.cpu_reserved += serving + booting;
        slow
    }
}

fn day(mut target: ScalableTarget) -> Totals {
    let mut service = Service::new();
    let mut totals = Totals::default();
    let (mut minute_slow, mut minute_requests) = (0.0, 0.0);
    // Minutes measured and not yet published.
    let mut measured: Vec<Datapoint> = Vec::new();
    for tick in 0..TICKS {
        let now = Time::from_millis(START) + Span::from_secs(u64::from(tick) * 10);
        let end = now + Span::from_secs(10);
        let scored = tick >= WARM_TICKS;
        let drained = service.schedule(now);
        let slow = service.serve(now, load(tick));
        let requests = load(tick) * TICK_SECONDS;
        if scored {
            totals.slow += slow;
            totals.requests += requests;
            totals.task_seconds += drained + f64::from(service.total()) * TICK_SECONDS;
            totals.peak = totals.peak.max(service.serving);
        }
        minute_slow += slow;
        minute_requests += requests;
        if tick % 6 == 5 {
            totals.minutes_bad += u32::from(scored && minute_slow / minute_requests > 0.05);
            (minute_slow, minute_requests) = (0.0, 0.0);
            let value = 100.0 * service.cpu_used / service.cpu_reserved;
            (service.cpu_used, service.cpu_reserved) = (0.0, 0.0);
            measured.push(Datapoint { metric: 0, period_start: end - Span::from_secs(60), value });
        }
        let due = |p: &Datapoint| p.period_start + Span::from_secs(180) <= end;
        let published: Vec<_> = measured.iter().copied().filter(due).collect();
        measured.retain(|p| !due(p));
        let inputs = Inputs {
            running: service.serving + service.booting(now),
            desired: service.desired,
            deployment_in_progress: false,
            datapoints: &published,
        };
        let desired = target.evaluate(end, &inputs).desired;
        if desired != service.desired {
            totals.changes.push((tick, desired));
            service.desired = desired;
        }
    }
    totals
}

/// Checks sums to a part in a thousand and counts exactly.
fn check(found: &Totals, slow_percent: f64, task_hours: f64, minutes_bad: u32, peak: u32) {
    let close = |a: f64, b: f64| (a - b).abs() <= 0.001 * b;
    let slow = 100.0 * found.slow / found.requests;
    assert!(close(slow, slow_percent), "slow {slow} % and not {slow_percent} %");
    let hours = found.task_seconds / 3_600.0;
    assert!(close(hours, task_hours), "{hours} task-hours and not {task_hours}");
    assert_eq!((found.minutes_bad, found.peak), (minutes_bad, peak));
}

#[test]
fn hand_written_steps_scale_a_day_as_the_independent_program_does() {
    let found = day(hand_written());
    check(&found, 1.891_481, 2_704.0, 12, 274);
    let expected = [
        (918, 33),
        (1008, 36),
        (1092, 39),
        (1170, 42),
        (1242, 46),
        (1332, 50),
        (1422, 55),
        (1530, 60),
        (1632, 66),
        (1752, 72),
        (1872, 79),
        (2004, 86),
        (2136, 94),
        (2280, 103),
        (2454, 113),
        (2646, 124),
        (2874, 136),
        (3144, 149),
        (3504, 163),
        (4338, 211),
        (4368, 274),
        (4500, 247),
        (4692, 223),
        (5328, 201),
        (5688, 181),
        (5964, 163),
        (6192, 147),
        (6390, 133),
        (6564, 120),
        (6720, 108),
        (6864, 140),
        (6954, 126),
        (6984, 114),
        (7014, 103),
        (7044, 93),
        (7074, 84),
        (7182, 76),
        (7290, 69),
        (7392, 63),
        (7488, 57),
        (7584, 52),
        (7674, 47),
        (7764, 43),
        (7848, 39),
        (7938, 36),
        (8010, 33),
        (8094, 30),
    ];
    // The program shows a new count from the next tick on.
    let found: Vec<_> = found.changes.iter().map(|(tick, to)| (tick + 1, *to)).collect();
    assert_eq!(found, expected);
}

#[test]
fn target_tracking_scales_a_day_as_the_independent_program_does() {
    let found = day(tracking_60());
    check(&found, 2.890_483, 2_289.186, 14, 278);
    assert_eq!(found.changes.len(), 149);
    let after_noon: Vec<_> = found
        .changes
        .iter()
        .map(|(tick, to)| (tick + 1, *to))
        .skip_while(|c| c.0 < 4_300)
        .collect();
    let expected = [
        (4350, 272),
        (4380, 278),
        (4482, 181),
        (4686, 161),
        (5406, 142),
        (5826, 124),
        (6156, 108),
        (6426, 93),
        (6678, 80),
        (6870, 134),
        (6984, 74),
        (7098, 59),
        (7278, 50),
        (7458, 42),
        (7632, 35),
        (7800, 30),
    ];
    assert_eq!(after_noon, expected);
}
