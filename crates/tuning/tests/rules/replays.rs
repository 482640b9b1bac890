use capacity::scaling::{PolicyRequest, PutScheduledAction, ScalableTargetAction};
use model::Time;
use model::spec::World;
use proptest::prelude::*;
use tuning::Error;
use tuning::bound::clairvoyant_task_hours;
use tuning::load::{Load, WARM_TICKS};
use tuning::noise::Noise;
use tuning::physics::Physics;
use tuning::replay::Replay;
use tuning::shape::{HAND, Resolution, Shape, Tracking};

use crate::made::{MONDAY, days, names, world};

fn tracking(target: f64) -> Vec<PolicyRequest> {
    let resolution = Resolution::Standard;
    Shape::Tracking(Tracking { resolution, target, out_cooldown: 60, in_cooldown: 300 })
        .requests(&names())
}

#[test]
fn without_a_policy_the_first_count_stays_and_every_task_second_is_billed() {
    let load = days(1);
    let world = World { min: 150, ..world() };
    let physics = Physics::new(&world).unwrap();
    let noise = Noise::new(1, load.ticks().len());
    let score = Replay::new(&physics, &load, &noise).score(&[]).unwrap();
    let ticks = f64::from(u32::try_from(load.ticks().len() - WARM_TICKS).unwrap());
    assert!((score.task_seconds - 150.0 * ticks * 10.0).abs() < 1e-6, "{score:?}");
    assert_eq!((score.actions, score.peak_tasks), (0, 150));
}

#[test]
fn a_scheduled_minimum_lifts_the_count_at_its_instant() {
    let load = days(1);
    let physics = Physics::new(&world()).unwrap();
    let noise = Noise::new(1, load.ticks().len());
    let action = PolicyRequest::PutScheduledAction(PutScheduledAction {
        scheduled_action_name: "floor".to_owned(),
        service_namespace: "ecs".to_owned(),
        resource_id: "service/prd/api".to_owned(),
        scalable_dimension: "ecs:service:DesiredCount".to_owned(),
        schedule: "at(2026-01-05T06:00:00)".to_owned(),
        timezone: None,
        start_time: None,
        end_time: None,
        scalable_target_action: ScalableTargetAction {
            min_capacity: Some(222),
            max_capacity: None,
        },
    });
    let (_, minutes) = Replay::new(&physics, &load, &noise).minutes(&[action]).unwrap();
    assert!(minutes[359].desired < 222);
    assert_eq!(minutes[360].desired, 222);
    // They serve when they have started, not before.
    assert!(minutes[360].serving < 222 && minutes[364].serving == 222);
}

#[test]
fn a_policy_on_requests_per_target_follows_the_load() {
    let load = days(2);
    let physics = Physics::new(&world()).unwrap();
    let noise = Noise::new(1, load.ticks().len());
    let policy: Vec<PolicyRequest> = serde_json::from_value(serde_json::json!([{"PutScalingPolicy": {
        "PolicyName": "requests", "PolicyType": "TargetTrackingScaling", "ServiceNamespace": "ecs",
        "ResourceId": "service/prd/api", "ScalableDimension": "ecs:service:DesiredCount",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 1500.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ALBRequestCountPerTarget",
                "ResourceLabel": "app/a/1/targetgroup/b/2",
            },
        },
    }}]))
    .unwrap();
    let (score, minutes) = Replay::new(&physics, &load, &noise).minutes(&policy).unwrap();
    assert!(score.actions > 20, "{score:?}");
    // 1,500 a minute are 25 a second.
    for minute in [1_200, 1_800, 2_640] {
        let each = minutes[minute].rate / f64::from(minutes[minute].serving);
        assert!((18.0..30.0).contains(&each), "minute {minute}: {each}");
    }
}

#[test]
fn metrics_that_follow_from_no_world_are_refused_by_name() {
    let load = days(1);
    let physics = Physics::new(&world()).unwrap();
    let noise = Noise::new(1, load.ticks().len());
    for (metric, statistic) in [("MemoryUtilization", "Average"), ("CPUUtilization", "Maximum")] {
        let policy: Vec<PolicyRequest> = serde_json::from_value(serde_json::json!([{"PutMetricAlarm": {
            "AlarmName": "a", "Namespace": "AWS/ECS", "MetricName": metric, "Statistic": statistic,
            "Period": 60, "EvaluationPeriods": 1, "Threshold": 60.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }}]))
        .unwrap();
        let error = Replay::new(&physics, &load, &noise).score(&policy).unwrap_err();
        assert!(matches!(&error, Error::NotModelled { name, .. } if name == metric), "{error}");
    }
}

#[test]
fn loads_that_show_nothing_are_refused() {
    let at = Time::from_secs(MONDAY);
    let refused = |minutes: Vec<f64>| matches!(Load::new(at, minutes), Err(Error::Load { .. }));
    assert!(refused(vec![5.0; 119]));
    assert!(refused(vec![0.0; 500]));
    assert!(refused([vec![5.0; 200], vec![f64::NAN]].concat()));
    assert!(refused([vec![5.0; 200], vec![-1.0]].concat()));
    let level = Load::new(at, vec![700.0; 500]).unwrap();
    assert!(matches!(level.check_varies(), Err(Error::Load { .. })));
    assert!(days(1).check_varies().is_ok());
}

#[test]
fn a_world_that_is_slow_without_any_load_has_no_hope() {
    let mut world = world();
    world.slo.threshold_ms = 100.0;
    assert!(matches!(Physics::new(&world), Err(Error::Hopeless { .. })));
}

#[test]
fn no_replay_that_keeps_the_objective_takes_less_than_the_clairvoyant_at_its_load() {
    let load = days(2);
    let physics = Physics::new(&world()).unwrap();
    let noise = Noise::new(3, load.ticks().len());
    let bound = clairvoyant_task_hours(&physics, &load);
    for target in [40.0, 45.0, 50.0] {
        let score = Replay::new(&physics, &load, &noise).score(&tracking(target)).unwrap();
        if score.slow_fraction() < 0.005 {
            assert!(score.task_hours() > bound, "{target}: {} against {bound}", score.task_hours());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The same inputs give the same bytes, and requests are neither lost nor made.
    #[test]
    fn a_replay_is_the_same_again_and_counts_every_request(
        seed: u64,
        thresholds in (30.0..90.0_f64, 0.4..0.8_f64),
        steps in prop::array::uniform3(1..200_i32),
        cooldown in prop::sample::select(vec![0_u32, 60, 300]),
    ) {
        let load = days(1);
        let physics = Physics::new(&world()).unwrap();
        let noise = Noise::new(seed, load.ticks().len());
        let mut adjustments = steps;
        adjustments.sort_unstable();
        let step = tuning::shape::Step {
            out_threshold: thresholds.0,
            in_threshold: thresholds.0 * thresholds.1,
            adjustments,
            out_cooldown: cooldown,
            ..HAND
        };
        let policy = Shape::Step(step).requests(&names());
        let replay = Replay::new(&physics, &load, &noise);
        let (score, minutes) = replay.minutes(&policy).unwrap();
        prop_assert_eq!(score, replay.score(&policy).unwrap());
        let requests: f64 = load.ticks().iter().skip(WARM_TICKS).sum::<f64>() * 10.0;
        prop_assert!((score.requests / requests - 1.0).abs() < 1e-9);
        prop_assert!(score.slow <= score.requests * (1.0 + 1e-12) && score.slow >= 0.0);
        let bounds = physics.world().min..=physics.world().max;
        prop_assert!(minutes.iter().all(|minute| bounds.contains(&minute.desired)));
    }
}
