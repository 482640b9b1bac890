//! A small region behind the wire, with the adapters before it.

use std::sync::Arc;

use async_trait::async_trait;
use aws::{Credentials, Network, NoReply, Settings, Transport};
use bytes::Bytes;
use cloud::conformance::Harness;
use cloud::{Clock as _, Cloud, TargetGroup};
use model::route::{Route, Routes, ServiceId};
use model::spec::Aws;
use model::{PerSide, Side, Span, Time};
use region::fault::FaultRow;
use region::load::Load;
use region::spec::{ApplicationSpec, MetricsSpec, RegionSpec, ServiceSpec};
use region::{Region, SimulatedCloud};
use wire::{Place, Wire};

const REGION: &str = "ap-northeast-1";
const RULE: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener-rule/app/\
                    api/1111111111111111/2222222222222222/3333333333333333";

/// Requests reach the region without a network.
struct Direct(Wire);

#[async_trait]
impl Transport for Direct {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoReply> {
        self.0.handle(&request).ok_or(NoReply)
    }
}

/// Everything in this process.
pub(crate) struct InProcess {
    region: SimulatedCloud,
    cloud: Cloud,
    account: Arc<Aws>,
    routes: Vec<Route>,
}

/// Runs a future of the SDK, which needs a timer.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

fn account() -> Arc<Aws> {
    Arc::new(Aws { region: REGION.to_owned(), assume_role_arn: None })
}

fn id(account: &Arc<Aws>, service: &str) -> ServiceId {
    ServiceId {
        account: Arc::clone(account),
        cluster: "prd".to_owned(),
        service: service.to_owned(),
    }
}

/// The ARN of a side's target group.
fn group(side: Side) -> String {
    let name = side.name();
    format!(
        "arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/api-{name}/aaaaaaaaaaaaaaaa"
    )
}

pub(crate) fn rule() -> Route {
    Route::AlbRule {
        rule: RULE.to_owned(),
        ec2_group: group(Side::Ec2),
        fargate_group: group(Side::Fargate),
    }
}

/// The region that the conformance suites ask for: one migration, a steady load, and nothing
/// that is published late.
fn region(routes: &[Route]) -> SimulatedCloud {
    let nowhere = Arc::default();
    let ec2 = ServiceSpec::new(Side::Ec2, id(&nowhere, "api"), group(Side::Ec2));
    let mut fargate =
        ServiceSpec::new(Side::Fargate, id(&nowhere, "api-fargate"), group(Side::Fargate));
    fargate.scaling = None;
    fargate.desired = 2;
    let application = ApplicationSpec::new(
        "api",
        Load::new(vec![100.0]).expect("a rate"),
        routes.to_vec(),
        Span::from_millis(300),
        PerSide { ec2, fargate },
    );
    let mut spec = RegionSpec::new(
        Time::from_secs(1_767_571_200),
        vec![application.expect("the default task")],
    );
    spec.metrics = MetricsSpec::perfect();
    SimulatedCloud::new(Region::new(&spec, 3).expect("a region"))
}

fn settings(region: &SimulatedCloud, network: Network, endpoint: Option<String>) -> Settings {
    Settings {
        clock: Arc::new(region.clone()),
        network,
        credentials: Credentials::Keys { id: "AKIAEXAMPLE".to_owned(), secret: "s".to_owned() },
        region: Some(REGION.to_owned()),
        endpoint,
    }
}

impl InProcess {
    pub(crate) fn new(routes: Vec<Route>) -> Self {
        let region = region(&routes);
        let wire = Wire::new(region.clone(), Place::default());
        let network = Network::Own(Arc::new(Direct(wire)));
        let connected = aws::connect(settings(&region, network, None));
        let cloud = block_on(connected);
        Self { region, cloud, account: account(), routes }
    }
}

#[async_trait]
impl Harness for InProcess {
    fn cloud(&self) -> &Cloud {
        &self.cloud
    }
    fn service(&self) -> ServiceId {
        id(&self.account, "api")
    }
    fn group(&self) -> TargetGroup {
        TargetGroup { account: Arc::clone(&self.account), arn: group(Side::Ec2) }
    }
    fn bare_service(&self) -> ServiceId {
        id(&self.account, "api-fargate")
    }
    fn idle_group(&self) -> TargetGroup {
        TargetGroup { account: Arc::clone(&self.account), arn: group(Side::Fargate) }
    }
    fn routes(&self) -> Routes {
        Routes { account: Arc::clone(&self.account), routes: self.routes.clone() }
    }
    async fn advance(&self, span: Span) {
        self.region.sleep_until(self.region.now() + span).await;
    }
    async fn lose_next_reply(&self, operation: &'static str) {
        let row = FaultRow {
            at: Some(Span::ZERO),
            r#type: "lostReply".to_owned(),
            api: Some(operation.to_owned()),
            nth: Some(1),
            ..FaultRow::default()
        };
        self.region.with(|region| region.disturb(&row)).expect("an operation");
    }
}
