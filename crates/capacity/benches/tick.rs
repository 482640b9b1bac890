//! What a ten-second tick of one service costs.

use std::hint::black_box;

use capacity::alarm::Datapoint;
use capacity::scaling::{Inputs, PolicyRequest, RegisterScalableTarget, ScalableTarget, Semantics};
use capacity::task::{BaseLatency, TaskModel, TaskParameters};
use criterion::{Criterion, criterion_group, criterion_main};
use model::{Span, Time};
use serde_json::json;

fn task() -> TaskModel {
    TaskModel::new(TaskParameters {
        vcpu: 1.0,
        usable_vcpu: 1.0,
        cpu_seconds_per_request: 0.014,
        idle_vcpu: 0.03,
        kappa: 1.5,
        base_latency: BaseLatency { median_seconds: 0.040, p99_seconds: 0.150 },
        timeout_seconds: 10.0,
    })
    .expect("the benchmark's parameters are sound")
}

fn tracked() -> ScalableTarget {
    let names = |mut value: serde_json::Value| {
        value["ServiceNamespace"] = json!("ecs");
        value["ResourceId"] = json!("service/prd/api");
        value["ScalableDimension"] = json!("ecs:service:DesiredCount");
        value
    };
    let register: RegisterScalableTarget =
        serde_json::from_value(names(json!({"MinCapacity": 30, "MaxCapacity": 600})))
            .expect("a registration");
    let mut target =
        ScalableTarget::register(&register, Semantics::default()).expect("a sound registration");
    let policy = names(json!({
        "PolicyName": "cpu60", "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 60.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        },
    }));
    let policy: PolicyRequest =
        serde_json::from_value(json!({"PutScalingPolicy": policy})).expect("a policy");
    target.put(policy, Time::from_secs(0)).expect("a sound policy");
    target
}

/// One calm tick: the slow fraction, and in one of six the alarms with a new datapoint.
fn ticks(criterion: &mut Criterion) {
    let table = task().slow_table(0.3).expect("a threshold");
    let mut target = tracked();
    let mut now = Time::from_secs(0);
    criterion.bench_function("calm tick of ten seconds", |bencher| {
        bencher.iter(|| {
            now = now + Span::from_secs(10);
            let period_start = now - Span::from_secs(180);
            let point = [Datapoint { metric: 0, period_start, value: 57.0 }];
            let minute = now.as_secs() % 60 == 0;
            let datapoints = if minute { point.as_slice() } else { &[] };
            let inputs =
                Inputs { running: 100, desired: 100, deployment_in_progress: false, datapoints };
            black_box(table.slow_fraction(black_box(0.55), 0.0));
            black_box(target.evaluate(now, &inputs))
        });
    });
    criterion.bench_function("slow fraction from the table", |bencher| {
        bencher.iter(|| table.slow_fraction(black_box(0.55), 0.0));
    });
    let model = task();
    criterion.bench_function("slow fraction behind a backlog", |bencher| {
        bencher.iter(|| model.slow_fraction(black_box(0.55), black_box(0.05), 0.3));
    });
    criterion.bench_function("99th percentile by inversion", |bencher| {
        bencher.iter(|| model.latency_quantile_seconds(0.99, black_box(0.55), 0.0));
    });
}

criterion_group!(benches, ticks);
criterion_main!(benches);
