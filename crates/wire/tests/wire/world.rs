//! A small region behind the wire, and clients for it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use model::route::{Route, ServiceId};
use model::{PerSide, Side, Span, Time};
use region::fault::FaultRow;
use region::load::Load;
use region::spec::{
    ApplicationSpec, ClientsSpec, MetricsSpec, NoiseSpec, RegionSpec, ServiceSpec,
    TrafficPolicySpec,
};
use region::{Region, SimulatedCloud};
use serde_json::Value;
use wire::{Place, Wire};

/// A Monday.
pub(crate) const START: Time = Time::from_secs(1_767_571_200);
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260105/ap-northeast-1/ecs/\
                             aws4_request, SignedHeaders=host, Signature=0";

/// The rule of the application behind a balancer.
pub(crate) const RULE: &str = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:\
                               listener-rule/app/web/1111111111111111/2222222222222222/\
                               3333333333333333";

pub(crate) fn record() -> Route {
    Route::Route53Record {
        zone: "Z1".to_owned(),
        name: "api.example.com".to_owned(),
        record_type: "A".to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    }
}

pub(crate) fn instance() -> Route {
    Route::TrafficPolicyInstance {
        id: "instance-1".to_owned(),
        ec2_endpoint: "flow-ec2".to_owned(),
        fargate_endpoint: "flow-fargate".to_owned(),
    }
}

pub(crate) fn rule() -> Route {
    Route::AlbRule {
        rule: RULE.to_owned(),
        ec2_group: group("web", Side::Ec2),
        fargate_group: group("web", Side::Fargate),
    }
}

pub(crate) fn id(name: &str, side: Side) -> ServiceId {
    let service = match side {
        Side::Ec2 => name.to_owned(),
        Side::Fargate => format!("{name}-fargate"),
    };
    ServiceId { account: Arc::default(), cluster: "prd".to_owned(), service }
}

/// The ARN of a side's target group.
pub(crate) fn group(name: &str, side: Side) -> String {
    let id = match side {
        Side::Ec2 => "aaaaaaaaaaaaaaaa",
        Side::Fargate => "bbbbbbbbbbbbbbbb",
    };
    format!(
        "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/{name}-{}/{id}",
        side.name()
    )
}

fn application(name: &str, route: Route, rps: f64) -> ApplicationSpec {
    let sides = PerSide::from_fn(|side| ServiceSpec::new(side, id(name, side), group(name, side)));
    let load = Load::new(vec![rps]).expect("a rate");
    let slow = Span::from_millis(300);
    ApplicationSpec::new(name, load, vec![route], slow, sides).expect("the default task")
}

/// Three applications, one behind each kind of router: quiet, of constant load.
pub(crate) fn spec() -> RegionSpec {
    let mut applications = vec![
        application("api", record(), 200.0),
        application("web", rule(), 50.0),
        application("flow", instance(), 20.0),
    ];
    // One service without a scalable target: its count is what it is set to.
    applications[1].sides.fargate.scaling = None;
    let mut spec = RegionSpec::new(START, applications);
    spec.noise = NoiseSpec::NONE;
    spec.metrics = MetricsSpec::perfect();
    spec.clients = ClientsSpec { slow: Vec::new(), concentration: 0.0, ..ClientsSpec::default() };
    let endpoints = PerSide { ec2: "flow-ec2", fargate: "flow-fargate" };
    let instances = vec!["instance-1".to_owned()];
    spec.traffic_policies = vec![TrafficPolicySpec::new("policy-1", "A", endpoints, instances)];
    spec
}

pub(crate) fn fault(kind: &str, api: &str) -> FaultRow {
    FaultRow {
        at: Some(Span::ZERO),
        r#type: kind.to_owned(),
        api: Some(api.to_owned()),
        ..FaultRow::default()
    }
}

/// A region that has run for a while.
pub(crate) fn wire_of(spec: &RegionSpec, minutes: u64) -> Wire {
    let region = Region::new(spec, 7).expect("a region");
    let wire = Wire::new(SimulatedCloud::new(region), Place::default());
    pass(&wire, Span::from_mins(minutes));
    wire
}

pub(crate) fn wire() -> Wire {
    wire_of(&spec(), 10)
}

pub(crate) fn pass(wire: &Wire, span: Span) {
    wire.region().with(|region| region.advance_to(region.now() + span));
}

pub(crate) fn signed() -> http::request::Builder {
    Request::builder().method("POST").uri("/").header("authorization", AUTHORIZATION)
}

pub(crate) fn send(wire: &Wire, request: &Request<Bytes>) -> Response<Bytes> {
    wire.handle(request).expect("no reply is lost here")
}

/// A call of awsJson, with its status.
pub(crate) fn json(wire: &Wire, target: &str, body: &Value) -> (u16, Value) {
    let request = json_request(target, body);
    let response = send(wire, &request);
    let status = response.status().as_u16();
    (status, serde_json::from_slice(response.body()).expect("JSON"))
}

pub(crate) fn json_request(target: &str, body: &Value) -> Request<Bytes> {
    signed()
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target)
        .body(Bytes::from(body.to_string()))
        .expect("a request")
}

/// A call that is answered with 200.
pub(crate) fn ask(wire: &Wire, target: &str, body: &Value) -> Value {
    let (status, answer) = json(wire, target, body);
    assert_eq!(status, 200, "{answer}");
    answer
}

pub(crate) fn ecs(wire: &Wire, operation: &str, body: &Value) -> Value {
    ask(wire, &format!("AmazonEC2ContainerServiceV20141113.{operation}"), body)
}

/// A call of a form, with its status and XML.
pub(crate) fn form(wire: &Wire, pairs: &[(&str, &str)]) -> (u16, String) {
    let escape = |text: &str| {
        let byte = |byte: u8| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        text.bytes().map(byte).collect::<String>()
    };
    let body: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    let request = signed()
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(Bytes::from(body.join("&")))
        .expect("a request");
    let response = send(wire, &request);
    let text = String::from_utf8(response.body().to_vec()).expect("UTF-8");
    (response.status().as_u16(), text)
}

/// A call of ELBv2 that is answered with 200.
pub(crate) fn elb(wire: &Wire, operation: &str, pairs: &[(&str, &str)]) -> String {
    let mut all = vec![("Action", operation), ("Version", "2015-12-01")];
    all.extend(pairs);
    let (status, xml) = form(wire, &all);
    assert_eq!(status, 200, "{xml}");
    xml
}

/// The texts of all elements of a name, in order.
pub(crate) fn texts(xml: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).expect("XML");
    document
        .descendants()
        .filter(|node| node.tag_name().name() == name)
        .map(|node| node.text().unwrap_or_default().to_owned())
        .collect()
}
