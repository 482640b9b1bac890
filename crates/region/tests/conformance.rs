//! The region keeps every claim of the `cloud` traits, with each kind of router.

use std::sync::Arc;

use async_trait::async_trait;
use cloud::conformance::Harness;
use cloud::{Clock as _, Cloud, TargetGroup};
use model::route::{Route, Routes, ServiceId};
use model::{PerSide, Side, Span, Time};
use region::fault::FaultRow;
use region::load::Load;
use region::spec::{ApplicationSpec, MetricsSpec, ServiceSpec, TrafficPolicySpec};
use region::{Region, RegionSpec, SimulatedCloud};

struct InProcess {
    simulated: SimulatedCloud,
    cloud: Cloud,
    routes: Vec<Route>,
}

fn id(service: &str) -> ServiceId {
    ServiceId { account: Arc::default(), cluster: "prd".to_owned(), service: service.to_owned() }
}

fn target_group(arn: &str) -> TargetGroup {
    TargetGroup { account: Arc::default(), arn: arn.to_owned() }
}

impl InProcess {
    fn new(routes: Vec<Route>) -> Self {
        Self::with_policies(routes, Vec::new())
    }

    fn with_policies(routes: Vec<Route>, policies: Vec<TrafficPolicySpec>) -> Self {
        let ec2 = ServiceSpec::new(Side::Ec2, id("api"), "ec2-group");
        let mut fargate = ServiceSpec::new(Side::Fargate, id("api-fargate"), "fargate-group");
        fargate.scaling = None;
        fargate.desired = 2;
        let application = ApplicationSpec::new(
            "api",
            Load::new(vec![100.0]).expect("a rate"),
            routes.clone(),
            Span::from_millis(300),
            PerSide { ec2, fargate },
        );
        let mut spec = RegionSpec::new(
            Time::from_secs(1_767_571_200),
            vec![application.expect("the default task")],
        );
        spec.metrics = MetricsSpec::perfect();
        spec.traffic_policies = policies;
        let simulated = SimulatedCloud::new(Region::new(&spec, 3).expect("a region"));
        Self { cloud: simulated.cloud(), simulated, routes }
    }
}

#[async_trait]
impl Harness for InProcess {
    fn cloud(&self) -> &Cloud {
        &self.cloud
    }
    fn service(&self) -> ServiceId {
        id("api")
    }
    fn group(&self) -> TargetGroup {
        target_group("ec2-group")
    }
    fn bare_service(&self) -> ServiceId {
        id("api-fargate")
    }
    fn idle_group(&self) -> TargetGroup {
        target_group("fargate-group")
    }
    fn routes(&self) -> Routes {
        Routes { account: Arc::default(), routes: self.routes.clone() }
    }
    async fn advance(&self, span: Span) {
        self.simulated.sleep_until(self.simulated.now() + span).await;
    }
    async fn lose_next_reply(&self, operation: &'static str) {
        let row = FaultRow {
            at: Some(Span::ZERO),
            r#type: "lostReply".to_owned(),
            api: Some(operation.to_owned()),
            nth: Some(1),
            ..FaultRow::default()
        };
        self.simulated.with(|region| region.disturb(&row)).expect("an operation");
    }
}

fn record(record_type: &str) -> Route {
    Route::Route53Record {
        zone: "Z1".to_owned(),
        name: "api.example.com".to_owned(),
        record_type: record_type.to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    }
}

mod weighted_records {
    use super::*;

    cloud::conformance_tests!(
        futures::executor::block_on,
        InProcess::new(vec![record("A"), record("AAAA")])
    );
}

fn instance(id: &str) -> Route {
    Route::TrafficPolicyInstance {
        id: id.to_owned(),
        ec2_endpoint: "ec2".to_owned(),
        fargate_endpoint: "fargate".to_owned(),
    }
}

fn policy(id: &str, record_type: &str, instances: &[&str]) -> TrafficPolicySpec {
    let endpoints = PerSide { ec2: "ec2", fargate: "fargate" };
    let instances = instances.iter().map(|id| (*id).to_owned()).collect();
    TrafficPolicySpec::new(id, record_type, endpoints, instances)
}

/// Two instances of two policies, as A and AAAA are.
mod policy_instances {
    use super::*;

    cloud::conformance_tests!(
        futures::executor::block_on,
        InProcess::with_policies(
            vec![instance("v4"), instance("v6")],
            vec![policy("p-a", "A", &["v4"]), policy("p-aaaa", "AAAA", &["v6"])],
        )
    );
}

/// Two names that follow one policy.
mod instances_of_one_policy {
    use super::*;

    cloud::conformance_tests!(
        futures::executor::block_on,
        InProcess::with_policies(
            vec![instance("one"), instance("two")],
            vec![policy("p", "A", &["one", "two"])],
        )
    );
}

mod listener_rules {
    use super::*;

    fn rule() -> Route {
        Route::AlbRule {
            rule: "listener-rule/app/front/1/2/3".to_owned(),
            ec2_group: "ec2-group".to_owned(),
            fargate_group: "fargate-group".to_owned(),
        }
    }

    cloud::conformance_tests!(futures::executor::block_on, InProcess::new(vec![rule()]));
}
