//! Where each fault bites.

use model::observation::Deployment;
use model::{Side, Span};
use region::fault::FaultRow;
use region::request::Request;
use region::truth::SideTruth;
use region::{Region, RegionSpec};

use crate::world::{ask, group, id, pass, quiet, record, rule, shift};

fn row(name: &str) -> FaultRow {
    FaultRow {
        at: Some(Span::from_mins(10)),
        r#for: Some(Span::from_mins(30)),
        r#type: name.to_owned(),
        ..FaultRow::default()
    }
}

fn on(side: &str, name: &str) -> FaultRow {
    FaultRow { side: Some(side.to_owned()), ..row(name) }
}

/// Thirty tasks on each side, no scaling, an even split from the start.
fn even(row: FaultRow) -> Region {
    let mut spec = quiet(1000.0, rule());
    for side in Side::ALL {
        spec.applications[0].sides.get_mut(side).desired = 30;
        spec.applications[0].sides.get_mut(side).scaling = None;
    }
    with(spec, row)
}

fn with(mut spec: RegionSpec, row: FaultRow) -> Region {
    spec.faults = vec![row];
    let mut region = Region::new(&spec, 2).expect("the spec is a region");
    let route = spec.applications[0].routes[0].route.clone();
    shift(&mut region, &route, 50, 50).done().expect("the route is there");
    region
}

/// Median and 99th percentile of Fargate in the newest settled minute.
fn latency(region: &mut Region) -> (f64, f64) {
    let minute = region.now().minute() - 3;
    let ask = ask(Side::Fargate, minute, minute + 1);
    let minutes = region.handle(&Request::GetMinutes { ask: &ask }).minutes();
    let minutes = minutes.expect("the group is there");
    minutes[0].p50_ms.zip(minutes[0].p99_ms).expect("the minute is settled")
}

fn fargate(region: &Region) -> SideTruth {
    region.truth(0).expect("one application").sides.fargate
}

#[test]
fn latency_is_multiplied_and_comes_back() {
    let fault = FaultRow { factor: Some(1.5), ..on("fargate", "latency") };
    let mut region = even(fault);
    pass(&mut region, Span::from_mins(9));
    let before = latency(&mut region);
    pass(&mut region, Span::from_mins(11));
    let during = latency(&mut region);
    assert!((during.0 / before.0 - 1.5).abs() < 1e-6, "{before:?} {during:?}");
    assert!((during.1 / before.1 - 1.5).abs() < 1e-6, "{before:?} {during:?}");
    pass(&mut region, Span::from_mins(25));
    assert_eq!(latency(&mut region), before);
}

#[test]
fn a_ramp_rises_over_its_time() {
    let ramp = Some(Span::from_mins(20));
    let fault = FaultRow { factor: Some(3.0), ramp, ..on("both", "latency") };
    let mut region = even(fault);
    pass(&mut region, Span::from_mins(9));
    let before = latency(&mut region).0;
    let mut factors = Vec::new();
    for _ in 0..6 {
        pass(&mut region, Span::from_mins(5));
        factors.push(latency(&mut region).0 / before);
    }
    assert!(factors.is_sorted(), "{factors:?}");
    assert!((1.1..1.9).contains(&factors[1]), "{factors:?}");
    assert!((factors[5] - 3.0).abs() < 1e-6, "{factors:?}");
}

#[test]
fn errors_are_counted_on_their_side() {
    let fault = FaultRow { rate: Some("5%".parse().unwrap()), ..on("fargate", "errors") };
    let mut region = even(fault);
    pass(&mut region, Span::from_mins(40));
    let rate = |side: Side| {
        let minutes = &region.minutes(0)[10..40];
        let errors: u64 = minutes.iter().map(|minute| minute.sides.get(side).errors).sum();
        let requests: u64 = minutes.iter().map(|minute| minute.sides.get(side).requests).sum();
        errors as f64 / requests as f64
    };
    assert!((rate(Side::Fargate) - 0.0502).abs() < 0.001, "{}", rate(Side::Fargate));
    assert!(rate(Side::Ec2) < 0.001, "{}", rate(Side::Ec2));
}

#[test]
fn dead_tasks_are_replaced_after_a_start() {
    for (reason, unhealthy) in [("diskFull", 0), ("outOfMemory", 0), ("network", 12)] {
        let fault = FaultRow {
            count: Some(12),
            reason: Some(reason.to_owned()),
            r#for: None,
            ..on("fargate", "taskDeath")
        };
        let mut region = even(fault);
        pass(&mut region, Span::from_mins(10) + Span::from_secs(10));
        assert_eq!(fargate(&region).healthy, 18, "{reason}");
        let groups = group(Side::Fargate);
        let request = Request::DescribeTargetHealth { group: &groups };
        let targets = region.handle(&request).targets().unwrap();
        assert_eq!(targets.unhealthy, unhealthy, "{reason}");
        pass(&mut region, Span::from_mins(4));
        assert_eq!(fargate(&region).healthy, 30, "{reason}");
    }
}

#[test]
fn without_image_or_place_nothing_new_starts() {
    let death = FaultRow {
        count: Some(10),
        reason: Some("imagePull".to_owned()),
        r#for: Some(Span::from_mins(8)),
        ..on("fargate", "taskDeath")
    };
    for fault in [death, FaultRow { r#for: Some(Span::from_mins(8)), ..on("fargate", "placement") }]
    {
        let deaths = fault.r#type == "taskDeath";
        let mut region = even(fault);
        pass(&mut region, Span::from_mins(11));
        let service = id(Side::Fargate);
        let request = Request::UpdateService { id: &service, desired: 35 };
        region.handle(&request).done().unwrap();
        pass(&mut region, Span::from_mins(6));
        let left = if deaths { 20 } else { 30 };
        assert_eq!(fargate(&region).running, left);
        let request = Request::DescribeService { id: &service };
        let described = region.handle(&request).service().unwrap();
        assert_eq!((described.running, described.pending), (left, 35 - left));
        pass(&mut region, Span::from_mins(5));
        assert_eq!(fargate(&region).healthy, 35);
    }
}

#[test]
fn a_surge_multiplies_the_load() {
    let mut region = even(FaultRow { factor: Some(1.5), ..row("surge") });
    for (mins, rps) in [(9, 1000.0), (20, 1500.0), (20, 1000.0)] {
        pass(&mut region, Span::from_mins(mins));
        let demand = region.truth(0).unwrap().demand_rps;
        assert!((demand - rps).abs() < 1e-9, "{demand}");
    }
}

#[test]
fn a_slower_release_is_rolled_out_task_by_task() {
    let mut region = even(FaultRow { factor: Some(1.4), ..on("both", "release") });
    pass(&mut region, Span::from_mins(9));
    let before = latency(&mut region).0;
    let service = id(Side::Fargate);
    let request = Request::DescribeService { id: &service };
    let described = region.handle(&request).service().unwrap();
    assert_eq!((described.deployment, described.release.as_str()), (Deployment::Steady, "app:1"));
    pass(&mut region, Span::from_mins(3));
    let described = region.handle(&request).service().unwrap();
    assert_eq!(described.release, "app:2");
    assert!(matches!(described.deployment, Deployment::InProgress { .. }), "{described:?}");
    let halfway = fargate(&region).release_factor;
    assert!((1.05..1.35).contains(&halfway), "{halfway}");
    pass(&mut region, Span::from_mins(10));
    assert_eq!(region.handle(&request).service().unwrap().deployment, Deployment::Steady);
    assert!((latency(&mut region).0 / before - 1.4).abs() < 1e-6);
}

#[test]
fn slow_resolvers_hold_back_their_part_and_no_more() {
    let slow = |fraction: &str, mins, ttl| FaultRow {
        at: Some(Span::ZERO),
        r#for: mins,
        fraction: Some(fraction.parse().unwrap()),
        ttl: Some(ttl),
        ..row("slowResolver")
    };
    let mut spec = quiet(1000.0, record());
    // The first one ends; the second must keep its own part and its own pace.
    spec.faults = vec![
        slow("20%", Some(Span::from_mins(10)), Span::from_days(30)),
        slow("5%", None, Span::from_days(300)),
    ];
    let mut region = Region::new(&spec, 2).unwrap();
    pass(&mut region, Span::from_mins(1));
    shift(&mut region, &record(), 0, 100).done().unwrap();
    let share = |region: &Region| region.truth(0).unwrap().share_realised;
    pass(&mut region, Span::from_mins(8));
    assert!((share(&region) - 0.75).abs() < 0.01, "{}", share(&region));
    pass(&mut region, Span::from_mins(60));
    assert!((share(&region) - 0.95).abs() < 0.01, "{}", share(&region));
}

#[test]
fn target_tracking_scales_on_cpu_and_on_requests_per_target() {
    let cpu = r#"{"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}"#;
    let fast = r#"{"PredefinedMetricType": "ECSServiceAverageCPUUtilizationHighResolution"}"#;
    let requests = r#"{"PredefinedMetricType": "ALBRequestCountPerTarget",
        "ResourceLabel": "app/front/1/targetgroup/ec2/2"}"#;
    // 1,000 requests a second at 12 ms each are 12 vCPU: 24 tasks at 50 %; 2,000 requests a
    // minute and target are 30 tasks. Both begin with too few.
    for (metric, target, tasks) in
        [(cpu, 50.0, 24..=27), (fast, 50.0, 24..=27), (requests, 2000.0, 30..=33)]
    {
        let text = format!(
            r#"{{"PutScalingPolicy": {{"PolicyName": "track", "ServiceNamespace": "ecs",
                "ResourceId": "service/prd/api", "ScalableDimension": "ecs:service:DesiredCount",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration":
                    {{"TargetValue": {target}, "PredefinedMetricSpecification": {metric}}}}}}}"#
        );
        let mut spec = quiet(1000.0, record());
        let service = &mut spec.applications[0].sides.ec2;
        service.desired = 18;
        let scaling = service.scaling.as_mut().expect("scaled by default");
        scaling.policies = vec![serde_json::from_str(&text).expect("a policy")];
        let mut region = Region::new(&spec, 1).expect("the spec is a region");
        pass(&mut region, Span::from_hours(2));
        let desired = region.truth(0).expect("one application").sides.ec2.desired;
        assert!(tasks.contains(&desired), "{metric}: {desired}");
    }
}

#[test]
fn a_policy_on_a_metric_that_is_not_measured_is_refused() {
    let text = r#"{"PutScalingPolicy": {"PolicyName": "track", "ServiceNamespace": "ecs",
        "ResourceId": "service/prd/api", "ScalableDimension": "ecs:service:DesiredCount",
        "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration":
            {"TargetValue": 50, "PredefinedMetricSpecification":
                {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}}}}"#;
    let mut spec = quiet(1000.0, record());
    let scaling = spec.applications[0].sides.ec2.scaling.as_mut().expect("scaled by default");
    scaling.policies = vec![serde_json::from_str(text).expect("a policy")];
    let error = Region::new(&spec, 1).expect_err("memory is not measured").to_string();
    assert!(error.contains("prd/api.scaling") && error.contains("CPUUtilization"), "{error}");
}
