//! What one simulated minute costs: moving on, and answering what a controller asks.

use std::sync::Arc;

use cloud::signals::Thresholds;
use cloud::{Clock as _, MinuteAsk, Signals as _, TargetGroup};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures::executor::block_on;
use model::route::{Route, ServiceId};
use model::{PerSide, Share, Side, Span, Time};
use region::load::GeneratedLoad;
use region::spec::{ApplicationSpec, ServiceSpec};
use region::{Region, RegionSpec, SimulatedCloud};

fn spec() -> RegionSpec {
    let id = |service: &str| ServiceId {
        account: Arc::default(),
        cluster: "prd".to_owned(),
        service: service.to_owned(),
    };
    let sides = PerSide {
        ec2: ServiceSpec::new(Side::Ec2, id("api"), "ec2-group"),
        fargate: ServiceSpec::new(Side::Fargate, id("api-fargate"), "fargate-group"),
    };
    let route = Route::Route53Record {
        zone: "Z1".to_owned(),
        name: "api.example.com".to_owned(),
        record_type: "A".to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    };
    let load = GeneratedLoad::default().load().expect("the default is a load");
    let mut application =
        ApplicationSpec::new("api", load, vec![route], Span::from_millis(300), sides)
            .expect("the default task is a task");
    application.share = Share::percent(50);
    RegionSpec::new(Time::from_secs(1_767_571_200), vec![application])
}

fn ask(service: &str, group: &str, minute: i64) -> MinuteAsk {
    let span = |millis| Some(Span::from_millis(millis));
    MinuteAsk {
        service: ServiceId {
            account: Arc::default(),
            cluster: "prd".to_owned(),
            service: service.to_owned(),
        },
        group: TargetGroup { account: Arc::default(), arn: group.to_owned() },
        thresholds: Thresholds {
            slow: span(300),
            slow_slo: span(330),
            slow_p90: span(150),
            slow_p50: span(80),
        },
        from: minute,
        until: minute + 1,
    }
}

fn minutes(criterion: &mut Criterion) {
    let region = Region::new(&spec(), 1).expect("the spec is a region");
    criterion.bench_function("new", |b| b.iter(|| Region::new(&spec(), 1)));
    criterion.bench_function("day", |b| {
        b.iter_batched(
            || region.clone(),
            |mut region| {
                region.advance_to(region.start() + Span::from_days(1));
                region
            },
            BatchSize::LargeInput,
        );
    });
    let cloud = SimulatedCloud::new(region);
    block_on(cloud.sleep_until(cloud.now() + Span::from_days(1)));
    let minute = cloud.now().minute() - 5;
    let asks = [ask("api", "ec2-group", minute), ask("api-fargate", "fargate-group", minute)];
    criterion.bench_function("signals of a minute", |b| {
        b.iter(|| block_on(cloud.minutes(&asks)));
    });
}

criterion_group!(benches, minutes);
criterion_main!(benches);
