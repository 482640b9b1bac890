//! A small region behind the wire, with the adapters before it.

use std::sync::Arc;

use async_trait::async_trait;
use aws::{Credentials, Ledger, Network, NoReply, Settings, Transport};
use bytes::Bytes;
use cloud::conformance::Harness;
use cloud::{Clock as _, Cloud, TargetGroup};
use model::route::{Route, Routes, ServiceId};
use model::spec::Aws;
use model::{PerSide, Side, Span, Time};
use region::fault::FaultRow;
use region::load::Load;
use region::spec::{ApplicationSpec, MetricsSpec, RegionSpec, ServiceSpec, TrafficPolicySpec};
use region::{Region, SimulatedCloud};
use wire::{Place, Wire};

pub(crate) const REGION: &str = "ap-northeast-1";
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

/// A region of one migration and the adapters before it.
pub(crate) struct Behind {
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

pub(crate) fn account() -> Arc<Aws> {
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

pub(crate) fn record(record_type: &str) -> Route {
    Route::Route53Record {
        zone: "Z1".to_owned(),
        name: "api.example.com".to_owned(),
        record_type: record_type.to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    }
}

pub(crate) fn instance(id: &str) -> Route {
    Route::TrafficPolicyInstance {
        id: id.to_owned(),
        ec2_endpoint: "ec2".to_owned(),
        fargate_endpoint: "fargate".to_owned(),
    }
}

pub(crate) fn policy(id: &str, record_type: &str, instances: &[&str]) -> TrafficPolicySpec {
    let endpoints = PerSide { ec2: "ec2", fargate: "fargate" };
    let instances = instances.iter().map(|id| (*id).to_owned()).collect();
    TrafficPolicySpec::new(id, record_type, endpoints, instances)
}

pub(crate) fn rule() -> Route {
    Route::AlbRule {
        rule: RULE.to_owned(),
        ec2_group: group(Side::Ec2),
        fargate_group: group(Side::Fargate),
    }
}

/// The default action of that rule's listener, by the listener's ARN.
pub(crate) fn listener() -> Route {
    Route::AlbRule {
        rule: "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/api/\
               1111111111111111/2222222222222222"
            .to_owned(),
        ec2_group: group(Side::Ec2),
        fargate_group: group(Side::Fargate),
    }
}

/// The region that the conformance suites ask for: one migration, a steady load, and nothing
/// that is published late.
fn region(routes: &[Route], policies: Vec<TrafficPolicySpec>) -> SimulatedCloud {
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
    spec.traffic_policies = policies;
    SimulatedCloud::new(Region::new(&spec, 3).expect("a region"))
}

/// The adapters over a transport, on the region's clock.
pub(crate) async fn connect(region: &SimulatedCloud, transport: Arc<dyn Transport>) -> Cloud {
    connect_counted(region, transport, Arc::new(())).await
}

/// The same, with somebody who counts requests.
pub(crate) async fn connect_counted(
    region: &SimulatedCloud,
    transport: Arc<dyn Transport>,
    ledger: Arc<dyn Ledger>,
) -> Cloud {
    let settings = settings(region, Network::Own(transport), None);
    aws::connect(Settings { ledger, ..settings }).await
}

fn settings(region: &SimulatedCloud, network: Network, endpoint: Option<String>) -> Settings {
    Settings {
        clock: Arc::new(region.clone()),
        network,
        credentials: Credentials::Keys { id: "AKIAEXAMPLE".to_owned(), secret: "s".to_owned() },
        region: Some(REGION.to_owned()),
        endpoint,
        ledger: Arc::new(()),
    }
}

impl Behind {
    pub(crate) const fn region(&self) -> &SimulatedCloud {
        &self.region
    }

    /// Requests reach the region within this process.
    pub(crate) fn connector(routes: Vec<Route>, policies: Vec<TrafficPolicySpec>) -> Self {
        let region = region(&routes, policies);
        let wire = Wire::new(region.clone(), Place::default());
        let cloud = block_on(connect(&region, Arc::new(Direct(wire))));
        Self { region, cloud, account: account(), routes }
    }

    /// Requests reach the region through a port, and the client that AWS is reached with.
    pub(crate) fn port(routes: Vec<Route>, policies: Vec<TrafficPolicySpec>) -> Self {
        let region = region(&routes, policies);
        let wire = Wire::new(region.clone(), Place::default());
        let port = listen(wire);
        let endpoint = Some(format!("http://127.0.0.1:{port}"));
        let cloud = block_on(aws::connect(settings(&region, Network::Https, endpoint)));
        Self { region, cloud, account: account(), routes }
    }
}

/// Serves a region on a free port, for as long as the process lives.
fn listen(wire: Wire) -> u16 {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            tell.send(listener.local_addr().expect("an address").port()).expect("it is waited for");
            wire::serve(listener, wire, std::future::pending()).await;
        });
    });
    told.recv().expect("a port")
}

#[async_trait]
impl Harness for Behind {
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
