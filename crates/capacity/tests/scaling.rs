//! Cooldowns, bounds, several policies and scheduled actions of a scalable target.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]
#![expect(clippy::needless_pass_by_value, reason = "requests are written in place")]

use capacity::alarm::Datapoint;
use capacity::scaling::{
    Activity, Cause, CooldownStart, Evaluation, Inputs, NotScaledReason, Outcome, PolicyRequest,
    RegisterScalableTarget, ScalableTarget, Semantics, Status,
};
use model::{Span, Time};
use proptest::prelude::*;
use serde_json::{Value, json};

const START: Time = Time::from_secs(1_767_571_200);

fn with_names(mut value: Value) -> Value {
    for (name, text) in [
        ("ServiceNamespace", "ecs"),
        ("ResourceId", "service/prd/api"),
        ("ScalableDimension", "ecs:service:DesiredCount"),
    ] {
        value[name] = json!(text);
    }
    value
}

fn register(fields: Value) -> RegisterScalableTarget {
    serde_json::from_value(with_names(fields)).unwrap()
}

fn target_with(semantics: Semantics, min: u32, max: u32, policies: &[Value]) -> ScalableTarget {
    let bounds = register(json!({"MinCapacity": min, "MaxCapacity": max}));
    let mut target = ScalableTarget::register(&bounds, semantics).unwrap();
    for policy in policies {
        put(&mut target, policy.clone());
    }
    target
}

fn target(min: u32, max: u32, policies: &[Value]) -> ScalableTarget {
    target_with(Semantics::default(), min, max, policies)
}

fn put(target: &mut ScalableTarget, request: Value) {
    let request: PolicyRequest = serde_json::from_value(request).unwrap();
    target.put(request, START).unwrap();
}

fn steps(name: &str, kind: &str, cooldown: u32, steps: Value) -> Value {
    json!({"PutScalingPolicy": with_names(json!({
        "PolicyName": name, "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": kind, "Cooldown": cooldown, "StepAdjustments": steps,
        },
    }))})
}

fn alarm(policy: &str, operator: &str, threshold: f64, metric: &str) -> Value {
    json!({"PutMetricAlarm": {
        "AlarmName": policy, "AlarmActions": [policy], "Namespace": "Test", "MetricName": metric,
        "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": threshold,
        "ComparisonOperator": operator,
    }})
}

const ABOVE: &str = "GreaterThanOrEqualToThreshold";
const BELOW: &str = "LessThanThreshold";

/// Adds 2 tasks at 60 and 3 at 70; takes 1 away below 30.
fn plain() -> Vec<Value> {
    vec![
        steps(
            "out",
            "ChangeInCapacity",
            300,
            json!([
                {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 2},
                {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
            ]),
        ),
        steps(
            "in",
            "ChangeInCapacity",
            300,
            json!([{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}]),
        ),
        alarm("out", ABOVE, 60.0, "Cpu"),
        alarm("in", BELOW, 30.0, "Cpu"),
    ]
}

fn tracking(name: &str, metric: &str, disable_scale_in: bool) -> Value {
    json!({"PutScalingPolicy": with_names(json!({
        "PolicyName": name, "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50.0, "DisableScaleIn": disable_scale_in,
            "CustomizedMetricSpecification": {
                "Namespace": "Test", "MetricName": metric, "Statistic": "Average",
            },
        },
    }))})
}

/// A service whose tasks are there as soon as they are wanted.
struct World {
    target: ScalableTarget,
    desired: u32,
    minute: u64,
    deploying: bool,
    /// Tasks that run, where that is not the desired count.
    running: Option<u32>,
    activities: Vec<Activity>,
}

impl World {
    fn new(target: ScalableTarget, desired: u32) -> Self {
        Self { target, desired, minute: 0, deploying: false, running: None, activities: vec![] }
    }

    fn now(&self) -> Time {
        START + Span::from_mins(self.minute)
    }

    /// Lets a minute pass in which each metric by index had that value, without any lag.
    fn minute(&mut self, values: &[f64]) -> u32 {
        let period_start = self.now();
        self.minute += 1;
        let points = values.iter().enumerate();
        let datapoints: Vec<_> = points
            .map(|(metric, value)| Datapoint { metric, period_start, value: *value })
            .collect();
        let inputs = Inputs {
            running: self.running.unwrap_or(self.desired),
            desired: self.desired,
            deployment_in_progress: self.deploying,
            datapoints: &datapoints,
        };
        let now = self.now();
        let Evaluation { desired, activities } = self.target.evaluate(now, &inputs);
        self.desired = desired;
        self.activities.extend(activities);
        desired
    }

    fn minutes(&mut self, count: u32, value: f64) -> u32 {
        for _ in 0..count {
            self.minute(&[value]);
        }
        self.desired
    }

    fn reason(&self) -> Option<NotScaledReason> {
        match self.activities.last()?.outcome {
            Outcome::NotScaled { reason } => Some(reason),
            Outcome::Scaled { .. } | Outcome::BoundsSet { .. } | Outcome::Failed { .. } => None,
        }
    }
}

#[test]
fn during_a_cooldown_only_the_excess_of_a_larger_step_is_added() {
    // AWS: 2 were added, the alarm now asks for 3, so 1 is added.
    let mut world = World::new(target(1, 100, &plain()), 10);
    assert_eq!(world.minute(&[65.0]), 12);
    assert_eq!(world.minute(&[65.0]), 12);
    assert_eq!(world.reason(), Some(NotScaledReason::CoolingDown));
    assert_eq!(world.minute(&[75.0]), 13);
    assert_eq!(world.minute(&[75.0]), 13);
    // The larger step began a cooldown of its own at minute 3; at minute 8 it is over.
    assert_eq!(world.minutes(3, 65.0), 13);
    assert_eq!(world.minute(&[65.0]), 15);
}

#[test]
fn scaling_in_waits_out_its_cooldown_and_a_scale_out_ends_it() {
    let mut world = World::new(target(1, 100, &plain()), 10);
    assert_eq!(world.minute(&[20.0]), 9);
    assert_eq!(world.minutes(4, 20.0), 9);
    assert_eq!(world.reason(), Some(NotScaledReason::CoolingDown));
    assert_eq!(world.minute(&[20.0]), 8);
    assert_eq!(world.minute(&[65.0]), 10, "at once, in the scale-in cooldown");
    assert_eq!(world.minute(&[20.0]), 9, "the scale-in cooldown has ended");
}

#[test]
fn a_cooldown_may_begin_when_the_tasks_run() {
    let semantics = Semantics { cooldown_start: CooldownStart::Fulfilled, ..Semantics::default() };
    let mut world = World::new(target_with(semantics, 1, 100, &plain()), 10);
    world.minute(&[65.0]);
    world.running = Some(10);
    assert_eq!(world.minutes(8, 65.0), 12, "still starting");
    world.running = Some(12);
    assert_eq!(world.minutes(5, 65.0), 12, "cooling down since they run");
    assert_eq!(world.minute(&[65.0]), 14);
    let mut outcomes = world.target.activities().map(|a| a.outcome);
    let first = outcomes.find(|o| matches!(o, Outcome::Scaled { .. })).unwrap();
    let successful = Outcome::Scaled { from: 10, to: 12, status: Status::Successful };
    assert_eq!(first, successful);
}

#[test]
fn policies_count_from_the_running_tasks_unless_told_otherwise() {
    let percent = || {
        let by = json!([{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 50}]);
        vec![steps("out", "PercentChangeInCapacity", 0, by), alarm("out", ABOVE, 60.0, "Cpu")]
    };
    let mut world = World::new(target(1, 100, &percent()), 12);
    world.running = Some(10);
    assert_eq!(world.minute(&[65.0]), 15);
    let semantics = Semantics { base: capacity::scaling::Base::Desired, ..Semantics::default() };
    let mut world = World::new(target_with(semantics, 1, 100, &percent()), 12);
    world.running = Some(10);
    assert_eq!(world.minute(&[65.0]), 18);
}

#[test]
fn each_refusal_has_its_reason() {
    use NotScaledReason as Why;
    let suspended = |direction: &str| {
        let mut target = target(1, 100, &plain());
        let state = json!({"SuspendedState": {direction: true}});
        target.update(&register(state)).unwrap();
        target
    };
    let checks = [
        (target(1, 10, &plain()), 10, false, 65.0, Why::AlreadyAtMaxCapacity { max: 10 }),
        (target(1, 10, &plain()), 12, false, 65.0, Why::AlreadyAtMaxCapacity { max: 10 }),
        (target(10, 20, &plain()), 10, false, 20.0, Why::AlreadyAtMinCapacity { min: 10 }),
        (target(1, 20, &plain()), 10, true, 20.0, Why::TargetServicePutResourceAsUnscalable),
        (suspended("DynamicScalingOutSuspended"), 10, false, 65.0, Why::Suspended),
        (suspended("DynamicScalingInSuspended"), 10, false, 20.0, Why::Suspended),
    ];
    for (target, desired, deploying, value, reason) in checks {
        let mut world = World::new(target, 10);
        // The bounds of the registration are taken in first, with the count between them.
        world.minute(&[45.0]);
        world.activities.clear();
        (world.desired, world.deploying) = (desired, deploying);
        assert_eq!(world.minute(&[value]), desired, "{reason:?}");
        assert_eq!(world.reason(), Some(reason));
        world.minute(&[value]);
        assert_eq!(world.activities.len(), 1, "a refusal that lasts is told once");
    }
}

#[test]
fn a_deployment_does_not_hold_scaling_out_back() {
    let mut world = World::new(target(1, 100, &plain()), 10);
    world.deploying = true;
    assert_eq!(world.minute(&[65.0]), 12);
}

#[test]
fn a_count_outside_the_bounds_is_first_pulled_to_them() {
    let world = |desired| {
        let mut world = World::new(target(10, 20, &plain()), 15);
        world.minute(&[45.0]);
        world.desired = desired;
        world
    };
    assert_eq!(world(4).minute(&[65.0]), 12, "below the minimum: up to 10, then 2 more");
    assert_eq!(world(4).minute(&[20.0]), 4, "scaling in leaves it");
    assert_eq!(world(30).minute(&[20.0]), 19, "above the maximum: down to 20, then 1 less");
    assert_eq!(world(30).minute(&[65.0]), 30, "scaling out leaves it");
}

#[test]
fn of_several_policies_the_largest_capacity_wins() {
    let one = |name, by: i32, operator, threshold| {
        let bound = if by > 0 { "MetricIntervalLowerBound" } else { "MetricIntervalUpperBound" };
        let step = json!([{bound: 0, "ScalingAdjustment": by}]);
        vec![steps(name, "ChangeInCapacity", 300, step), alarm(name, operator, threshold, name)]
    };
    let all = [
        one("a", 2, ABOVE, 60.0),
        one("b", 5, ABOVE, 60.0),
        one("c", -1, BELOW, 30.0),
        one("d", -4, BELOW, 30.0),
    ]
    .concat();
    for (values, expected) in [
        ([70.0, 70.0, 50.0, 50.0], 25),
        ([70.0, 50.0, 20.0, 20.0], 22),
        ([50.0, 50.0, 20.0, 20.0], 19),
        ([50.0, 50.0, 50.0, 20.0], 16),
    ] {
        let mut world = World::new(target(1, 100, &all), 20);
        assert_eq!(world.minute(&values), expected, "{values:?}");
    }
}

#[test]
fn target_tracking_scales_out_after_three_minutes_to_the_proportion_rounded_up() {
    let mut world = World::new(target(1, 100, &[tracking("t", "Load", false)]), 10);
    assert_eq!(world.minute(&[50.0]), 10);
    assert_eq!(world.minutes(2, 61.0), 10);
    // 10 x 61 / 50 = 12.2
    assert_eq!(world.minute(&[61.0]), 13);
}

#[test]
fn target_tracking_scales_in_after_fifteen_minutes_more_than_a_tenth_below() {
    let mut world = World::new(target(1, 100, &[tracking("t", "Load", false)]), 10);
    world.minute(&[50.0]);
    assert_eq!(world.minutes(30, 45.0), 10, "a tenth lower is not more than a tenth");
    assert_eq!(world.minutes(14, 30.0), 10);
    assert_eq!(world.minute(&[30.0]), 6);
}

#[test]
fn target_tracking_scales_out_for_any_policy_and_in_only_for_all() {
    let both = [tracking("a", "A", false), tracking("b", "B", false)];
    let mut world = World::new(target(1, 100, &both), 10);
    world.minute(&[50.0, 50.0]);
    for _ in 0..20 {
        world.minute(&[20.0, 50.0]);
    }
    assert_eq!(world.desired, 10);
    assert_eq!(world.reason(), Some(NotScaledReason::TargetTrackingDisagrees));
    for _ in 0..15 {
        world.minute(&[20.0, 30.0]);
    }
    assert_eq!(world.desired, 6, "the larger of 4 and 6");
    for _ in 0..3 {
        world.minute(&[20.0, 100.0]);
    }
    assert_eq!(world.desired, 12);
    // A policy that never scales in is not asked.
    let one_way = [tracking("a", "A", false), tracking("b", "B", true)];
    let mut world = World::new(target(1, 100, &one_way), 10);
    for _ in 0..16 {
        world.minute(&[20.0, 49.0]);
    }
    assert_eq!(world.desired, 4);
}

#[test]
fn missing_metrics_scale_nothing() {
    let all = [plain(), vec![tracking("t", "Load", false)]].concat();
    let mut world = World::new(target(1, 100, &all), 10);
    for values in [&[] as &[f64], &[f64::NAN, f64::NAN], &[f64::INFINITY, f64::NEG_INFINITY]] {
        for _ in 0..30 {
            assert_eq!(world.minute(values), 10);
        }
    }
    assert!(world.activities.iter().all(|a| matches!(a.cause, Cause::Registered)));
}

fn scheduled(name: &str, schedule: &str, action: Value) -> Value {
    json!({"PutScheduledAction": with_names(json!({
        "ScheduledActionName": name, "Schedule": schedule, "Timezone": "Asia/Tokyo",
        "ScalableTargetAction": action,
    }))})
}

#[test]
fn scheduled_actions_move_the_bounds_and_ignore_cooldowns() {
    // The start is 09:00 in Tokyo.
    let actions = [
        scheduled("up", "cron(3 9 * * ? *)", json!({"MinCapacity": 40})),
        scheduled("back", "at(2026-01-05T09:06:00)", json!({"MinCapacity": 5})),
        scheduled("cap", "at(2026-01-05T09:08:00)", json!({"MaxCapacity": 20})),
        scheduled("wrong", "at(2026-01-05T09:10:00)", json!({"MinCapacity": 30})),
    ];
    let mut world = World::new(target(5, 100, &[plain(), actions.to_vec()].concat()), 10);
    assert_eq!(world.minute(&[65.0]), 12);
    assert_eq!(world.minute(&[45.0]), 12);
    assert_eq!(world.minute(&[45.0]), 40, "at once, in the cooldown");
    assert_eq!(
        world.activities.last().unwrap().cause.to_string(),
        "scheduled action up was triggered"
    );
    assert_eq!(world.minutes(3, 45.0), 40, "a lower minimum alone takes nothing away");
    assert_eq!(world.target.bounds(), (5, 100));
    assert_eq!(world.minutes(2, 45.0), 20);
    assert_eq!(world.minutes(2, 45.0), 20);
    assert_eq!(world.target.bounds(), (5, 20));
    assert!(matches!(
        world.activities.last().unwrap().outcome,
        Outcome::Failed { min: 30, max: 20 }
    ));
}

#[test]
fn suspended_schedules_do_nothing() {
    let up = scheduled("up", "rate(1 minute)", json!({"MinCapacity": 40}));
    let mut world = World::new(target(5, 100, &[up]), 10);
    let state = json!({"SuspendedState": {"ScheduledScalingSuspended": true}});
    world.target.update(&register(state)).unwrap();
    assert_eq!(world.minutes(5, 45.0), 10);
}

#[test]
fn registering_new_bounds_pulls_the_count_at_once() {
    let mut world = World::new(target(5, 100, &plain()), 10);
    world.minute(&[45.0]);
    world.target.update(&register(json!({"MinCapacity": 30}))).unwrap();
    assert_eq!(world.minute(&[45.0]), 30);
    assert_eq!(world.target.bounds(), (30, 100));
    let refused = world.target.update(&register(json!({"MinCapacity": 200})));
    assert!(refused.unwrap_err().to_string().contains("MinCapacity"));
    assert_eq!(world.target.bounds(), (30, 100));
}

#[test]
fn requests_that_aws_refuses_are_refused_with_the_field() {
    let mut target = target(1, 10, &[]);
    let mut other = plain()[0].clone();
    other["PutScalingPolicy"]["ResourceId"] = json!("service/prd/other");
    let mut both = plain()[0].clone();
    both["PutScalingPolicy"]["PolicyType"] = json!("TargetTrackingScaling");
    let mut zero = tracking("t", "Load", false);
    zero["PutScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] = json!(0);
    let empty = scheduled("s", "rate(1 minute)", json!({}));
    for (request, field) in [
        (other, "ResourceId"),
        (both, "PolicyType"),
        (zero, "TargetValue"),
        (empty, "ScalableTargetAction"),
    ] {
        let request: PolicyRequest = serde_json::from_value(request).unwrap();
        let message = target.put(request, START).unwrap_err().to_string();
        assert!(message.contains(&format!("`{field}`")), "{message}");
    }
    let mut unknown = plain()[2].clone();
    unknown["PutMetricAlarm"]["Metrics"] = json!([]);
    assert!(serde_json::from_value::<PolicyRequest>(unknown).is_err());
}

#[test]
fn a_policy_file_survives_the_round_trip() {
    for request in [plain(), vec![tracking("t", "Load", true)]].concat() {
        let parsed: PolicyRequest = serde_json::from_value(request).unwrap();
        let again = serde_json::from_value(serde_json::to_value(&parsed).unwrap()).unwrap();
        assert_eq!(parsed, again);
    }
}

proptest! {
    #[test]
    fn the_count_stays_within_its_bounds_and_repeats_exactly(
        values in prop::collection::vec(prop_oneof![0.0..120.0_f64, Just(f64::NAN)], 1..200),
        min in 1..20_u32,
        room in 0..60_u32,
        running in prop::collection::vec(0..200_u32, 1..20),
    ) {
        let run = || {
            let all = [plain(), vec![tracking("t", "Cpu", false)]].concat();
            let mut world = World::new(target(min, min + room, &all), min);
            let mut counts = Vec::new();
            for (value, running) in values.iter().zip(running.iter().cycle()) {
                world.running = Some(*running);
                counts.push(world.minute(&[*value, *value]));
            }
            (counts, world.activities)
        };
        let first = run();
        prop_assert!(first.0.iter().all(|count| (min..=min + room).contains(count)));
        prop_assert_eq!(first, run());
    }
}
