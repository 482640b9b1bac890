//! A region of many migrations, and the files that describe them.

use std::path::Path;

use model::route::{Route, ServiceId};
use model::{PerSide, Share, Side, Span, Time};
use region::load::Load;
use region::spec::{ApplicationSpec, RegionSpec, ServiceSpec};
use region::{Region, SimulatedCloud};
use tempfile::TempDir;
use wire::Wire;

use crate::least::Fleet;

pub(crate) const REGION: &str = "ap-northeast-1";
/// Requests a second of each application: some ten tasks, so that answers about targets are not
/// empty.
const RATE: f64 = 300.0;
/// Requests of a moving migration's Fargate side that fail.
const FAILING: f64 = 0.2;

pub(crate) struct Place {
    wire: Wire,
    directory: TempDir,
}

impl Place {
    pub(crate) fn new(fleet: Fleet) -> Self {
        let directory = TempDir::new().unwrap();
        let numbers = 0..fleet.migrations;
        for number in numbers.clone() {
            let path = directory.path().join(format!("{}.yaml", name(number)));
            std::fs::write(path, file(&name(number))).unwrap();
        }
        let application = |number| application(number, number < fleet.moving);
        let start = Time::from_secs(1_767_571_200);
        let spec = RegionSpec::new(start, numbers.map(application).collect());
        let region = SimulatedCloud::new(Region::new(&spec, 1).unwrap());
        Self { wire: Wire::new(region, wire::Place::default()), directory }
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire.clone()
    }

    pub(crate) fn region(&self) -> SimulatedCloud {
        self.wire.region().clone()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn pass(&self, span: Span) {
        self.wire.region().with(|region| region.advance_to(region.now() + span));
    }
}

fn name(number: usize) -> String {
    format!("service-{number:04}")
}

fn application(number: usize, is_moving: bool) -> ApplicationSpec {
    let name = name(number);
    let sides = PerSide::from_fn(|side| {
        let suffix = if side == Side::Fargate { "-fargate" } else { "" };
        let service = format!("{name}{suffix}");
        let id = ServiceId {
            account: std::sync::Arc::default(),
            cluster: "prd".to_owned(),
            service: service.clone(),
        };
        let group = format!(
            "arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/{service}/{number:016x}"
        );
        let mut spec = ServiceSpec::new(side, id, group);
        if side == Side::Fargate && is_moving {
            spec.error_rate = FAILING;
            spec.desired = 6;
        }
        spec
    });
    let route = Route::Route53Record {
        zone: "Z1".to_owned(),
        name: format!("{name}.example.com"),
        record_type: "A".to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    };
    let (load, slow) = (Load::new(vec![RATE]).unwrap(), Span::from_millis(300));
    let mut application = ApplicationSpec::new(name, load, vec![route], slow, sides).unwrap();
    if is_moving {
        application.share = Share::percent(25);
    }
    application
}

fn file(name: &str) -> String {
    format!(
        "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  mode: observe
  aws: {{region: {REGION}}}
  ec2: {{cluster: prd, service: {name}}}
  fargate: {{cluster: prd, service: {name}-fargate}}
  workload: {{type: loadBalanced}}
  traffic:
    router: {{type: route53Weighted, hostedZoneId: Z1, records: [{{name: {name}.example.com, type: A}}], ec2SetIdentifier: ec2, fargateSetIdentifier: fargate}}
    share: 25%
  slos:
    - {{name: latency, latency: {{threshold: 300ms, objective: 99%}}}}
    - {{name: availability, availability: {{objective: 99.9%}}}}
"
    )
}
