//! Small regions that tests share.

use std::sync::Arc;

use cloud::signals::Thresholds;
use cloud::{MinuteAsk, TargetGroup};
use model::route::{Route, ServiceId, WeightPair};
use model::{PerSide, Side, Span, Time};
use region::load::Load;
use region::request::{Request, Response, RouteChange};
use region::spec::{ApplicationSpec, ClientsSpec, MetricsSpec, NoiseSpec, ServiceSpec};
use region::{Region, RegionSpec};

/// A Monday.
pub(crate) const START: Time = Time::from_secs(1_767_571_200);

pub(crate) fn id(side: Side) -> ServiceId {
    let service = match side {
        Side::Ec2 => "api",
        Side::Fargate => "api-fargate",
    };
    ServiceId { account: Arc::default(), cluster: "prd".to_owned(), service: service.to_owned() }
}

pub(crate) fn group(side: Side) -> TargetGroup {
    TargetGroup { account: Arc::default(), arn: format!("{}-group", side.name()) }
}

pub(crate) fn record() -> Route {
    Route::Route53Record {
        zone: "Z1".to_owned(),
        name: "api.example.com".to_owned(),
        record_type: "A".to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    }
}

pub(crate) fn rule() -> Route {
    Route::AlbRule {
        rule: "rule".to_owned(),
        ec2_group: group(Side::Ec2).arn,
        fargate_group: group(Side::Fargate).arn,
    }
}

/// A quiet world of constant load: no noise, no slow clients, perfect metrics.
pub(crate) fn quiet(rps: f64, route: Route) -> RegionSpec {
    loaded(Load::new(vec![rps]).expect("a rate"), route)
}

pub(crate) fn loaded(load: Load, route: Route) -> RegionSpec {
    let sides = PerSide::from_fn(|side| ServiceSpec::new(side, id(side), group(side).arn));
    let slow = Span::from_millis(300);
    let application =
        ApplicationSpec::new("api", load, vec![route], slow, sides).expect("the default task");
    let mut spec = RegionSpec::new(START, vec![application]);
    spec.noise = NoiseSpec::NONE;
    spec.metrics = MetricsSpec::perfect();
    spec.clients = ClientsSpec { slow: Vec::new(), concentration: 0.0, ..ClientsSpec::default() };
    spec
}

pub(crate) fn shift(region: &mut Region, route: &Route, ec2: u32, fargate: u32) -> Response {
    let (expected, _) = match region.handle(&Request::DescribeRoute { route }).route() {
        Ok(live) => live,
        Err(error) => return Response::Failed(error),
    };
    let weights = WeightPair { ec2, fargate };
    region.handle(&Request::ChangeRoutes { changes: &[RouteChange { route, expected, weights }] })
}

pub(crate) fn pass(region: &mut Region, span: Span) {
    region.advance_to(region.now() + span);
}

pub(crate) fn ask(side: Side, from: i64, until: i64) -> MinuteAsk {
    let slow = Some(Span::from_millis(300));
    let thresholds = Thresholds { slow, ..Thresholds::default() };
    MinuteAsk { service: id(side), group: group(side), thresholds, from, until }
}
