//! A region whose zone has many pairs, and somebody who edits one of them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws::{NoReply, Transport};
use bytes::Bytes;
use model::route::{Route, ServiceId, WeightPair};
use model::{PerSide, Side, Span, Time};
use region::load::Load;
use region::request::{Request, RouteChange};
use region::spec::{ApplicationSpec, RegionSpec, ServiceSpec};
use region::{Region, SimulatedCloud};
use wire::Wire;

use crate::{BY_HAND, REGION};

pub(crate) struct Zone {
    wire: Wire,
    pub(crate) routes: Vec<Route>,
}

impl Zone {
    pub(crate) fn new(names: usize) -> Self {
        let routes: Vec<Route> = (0..names).map(record).collect();
        let start = Time::from_secs(1_767_571_200);
        let applications = routes.iter().enumerate().map(application).collect();
        let region = Region::new(&RegionSpec::new(start, applications), 1).unwrap();
        let wire = Wire::new(SimulatedCloud::new(region), wire::Place::default());
        Self { wire, routes }
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire.clone()
    }

    pub(crate) fn region(&self) -> SimulatedCloud {
        self.wire.region().clone()
    }

    pub(crate) fn now(&self) -> Time {
        self.region().with(|region| region.now())
    }

    pub(crate) fn pass(&self, span: Span) {
        self.region().with(|region| region.advance_to(region.now() + span));
    }

    /// Puts other weights, as a person would in the console.
    pub(crate) fn edit(&self, route: &Route, expected: WeightPair) {
        edit(&self.region(), route, expected);
    }
}

fn edit(region: &SimulatedCloud, route: &Route, expected: WeightPair) {
    let changes = [RouteChange { route, expected, weights: BY_HAND }];
    let request = Request::ChangeRoutes { changes: &changes };
    region.with(|region| region.handle(&request)).done().unwrap();
}

type Edit = Box<dyn FnOnce() + Send>;

/// What somebody does right before the next write arrives.
#[derive(Clone, Default)]
pub(crate) struct Meddling(Arc<Mutex<Option<Edit>>>);

impl Meddling {
    pub(crate) fn before_next_write(&self, zone: &Zone, route: Route, expected: WeightPair) {
        let region = zone.region();
        *self.0.lock().unwrap() = Some(Box::new(move || edit(&region, &route, expected)));
    }
}

/// Carries requests to the region.
pub(crate) struct Transporting {
    pub(crate) wire: Wire,
    pub(crate) meddling: Meddling,
}

#[async_trait]
impl Transport for Transporting {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoReply> {
        let is_write = request.method() == http::Method::POST;
        let edit = if is_write { self.meddling.0.lock().unwrap().take() } else { None };
        if let Some(edit) = edit {
            edit();
        }
        self.wire.handle(&request).ok_or(NoReply)
    }
}

fn record(number: usize) -> Route {
    Route::Route53Record {
        zone: "Z1".to_owned(),
        name: format!("n{number:04}.example.com"),
        record_type: "A".to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    }
}

fn application((number, route): (usize, &Route)) -> ApplicationSpec {
    let name = format!("n{number:04}");
    let sides = PerSide::from_fn(|side: Side| {
        let service = format!("{name}-{}", side.name());
        let id = ServiceId {
            account: Arc::default(),
            cluster: "prd".to_owned(),
            service: service.clone(),
        };
        let group = format!(
            "arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/{service}/{number:016x}"
        );
        ServiceSpec::new(side, id, group)
    });
    let load = Load::new(vec![1.0]).unwrap();
    ApplicationSpec::new(name, load, vec![route.clone()], Span::from_millis(300), sides).unwrap()
}
