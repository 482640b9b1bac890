//! What comes before any operation: protocols, signatures, rates, faults.

use bytes::Bytes;
use http::Request;
use model::Span;
use region::fault::{FaultRow, Fraction};
use serde_json::json;

use crate::world::{
    ecs, elb, fault, form, json, json_request, pass, send, signed, spec, texts, wire, wire_of,
};

const ECS: &str = "AmazonEC2ContainerServiceV20141113";

#[test]
fn an_operation_that_is_not_served_is_unknown_and_says_what_is() {
    let wire = wire();
    let (status, answer) = json(&wire, &format!("{ECS}.CreateService"), &json!({}));
    assert_eq!((status, &answer["__type"]), (400, &json!("UnknownOperationException")));
    assert!(answer["message"].as_str().is_some_and(|text| text.contains("DescribeServices")));
    let (status, xml) = form(&wire, &[("Action", "CreateRule"), ("Version", "2015-12-01")]);
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["InvalidAction".to_owned()]));
    assert!(xml.contains("DescribeRules"), "{xml}");
}

#[test]
fn what_is_no_service_of_this_region_is_refused_in_a_sentence() {
    let (status, xml) = form(&wire(), &[("Action", "DescribeVpcs"), ("Version", "2016-11-15")]);
    assert_eq!(status, 400);
    assert!(xml.contains("elasticloadbalancing"), "{xml}");
}

#[test]
fn an_unsigned_request_is_refused() {
    let request = Request::builder()
        .method("POST")
        .uri("/")
        .header("x-amz-target", format!("{ECS}.ListClusters"))
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    let response = send(&wire(), &request);
    assert_eq!(response.status(), 400);
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(body.contains("MissingAuthenticationTokenException"), "{body}");
}

#[test]
fn a_request_signed_for_another_region_is_refused() {
    let mut request = json_request(&format!("{ECS}.ListClusters"), &json!({}));
    let scope = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260105/eu-west-1/ecs/aws4_request";
    request.headers_mut().insert("authorization", scope.parse().unwrap());
    let response = send(&wire(), &request);
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(body.contains("InvalidSignatureException") && body.contains("eu-west-1"), "{body}");
}

#[test]
fn what_is_not_the_protocol_is_a_serialization_error() {
    let wire = wire();
    for body in ["{", "[]", r#"{"services": "api"}"#, r#"{"services": [1]}"#] {
        let request = signed()
            .header("x-amz-target", format!("{ECS}.DescribeServices"))
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap();
        let response = send(&wire, &request);
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert_eq!(response.status(), 400);
        assert!(text.contains("SerializationException"), "{body}: {text}");
    }
    let version = ("Version", "2015-12-01");
    let (status, xml) =
        form(&wire, &[("Action", "DescribeTargetGroups"), version, ("PageSize", "many")]);
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["MalformedInput".to_owned()]));
}

#[test]
fn calls_above_the_rate_are_throttled_until_the_clock_moves_on() {
    let wire = wire();
    let call = || json(&wire, &format!("{ECS}.UpdateService"), &update()).0;
    assert_eq!((0..60).filter(|_| call() == 200).count(), 50);
    let (status, answer) = json(&wire, &format!("{ECS}.UpdateService"), &update());
    assert_eq!((status, &answer["__type"]), (400, &json!("ThrottlingException")));
    assert_eq!(answer["message"], "Rate exceeded");
    pass(&wire, Span::from_secs(2));
    assert_eq!((0..60).filter(|_| call() == 200).count(), 10);
}

fn update() -> serde_json::Value {
    json!({"cluster": "prd", "service": "api", "desiredCount": 7})
}

#[test]
fn a_region_may_do_without_rates() {
    let mut spec = spec();
    spec.rate_limits = false;
    let wire = wire_of(&spec, 1);
    for _ in 0..200 {
        assert_eq!(json(&wire, &format!("{ECS}.UpdateService"), &update()).0, 200);
    }
}

#[test]
fn one_draw_of_the_border_decides_over_a_call_of_ten_services() {
    let mut spec = spec();
    spec.rate_limits = false;
    let half = Some(Fraction::new(0.5).unwrap());
    spec.faults = vec![FaultRow { fraction: half, ..fault("throttle", "ecs:DescribeServices") }];
    let wire = wire_of(&spec, 1);
    let services = json!(["api", "api-fargate", "web", "web-fargate", "flow", "flow-fargate"]);
    let body = json!({"cluster": "prd", "services": services});
    let (mut whole, mut throttled) = (0, 0);
    for _ in 0..200 {
        match json(&wire, &format!("{ECS}.DescribeServices"), &body) {
            (200, answer) => {
                assert_eq!(answer["services"].as_array().map(Vec::len), Some(6));
                whole += 1;
            }
            (_, answer) => {
                assert_eq!(answer["__type"], "ThrottlingException");
                throttled += 1;
            }
        }
    }
    // Half of the calls, and not all but one in sixty-four.
    assert!((60..=140).contains(&whole), "{whole} whole, {throttled} throttled");
}

#[test]
fn a_lost_reply_is_no_reply_and_the_change_is_made() {
    let mut spec = spec();
    spec.faults = vec![FaultRow { nth: Some(1), ..fault("lostReply", "ecs:UpdateService") }];
    let wire = wire_of(&spec, 1);
    let request = json_request(&format!("{ECS}.UpdateService"), &update());
    assert!(wire.handle(&request).is_none());
    let body = json!({"cluster": "prd", "services": ["api"]});
    assert_eq!(ecs(&wire, "DescribeServices", &body)["services"][0]["desiredCount"], 7);
}

#[test]
fn a_denied_call_is_refused_as_its_service_does() {
    let mut spec = spec();
    spec.faults = vec![fault("denied", "*")];
    let wire = wire_of(&spec, 1);
    let (status, answer) = json(&wire, &format!("{ECS}.ListClusters"), &json!({}));
    assert_eq!((status, &answer["__type"]), (400, &json!("AccessDeniedException")));
    let (status, xml) =
        form(&wire, &[("Action", "DescribeLoadBalancers"), ("Version", "2015-12-01")]);
    assert_eq!((status, texts(&xml, "Code")), (403, vec!["AccessDenied".to_owned()]));
}

#[test]
fn answers_carry_a_request_id_and_the_regions_time() {
    let wire = wire();
    let request = json_request(&format!("{ECS}.ListClusters"), &json!({}));
    let one = send(&wire, &request);
    let other = send(&wire, &request);
    assert_ne!(one.headers()["x-amzn-requestid"], other.headers()["x-amzn-requestid"]);
    assert_eq!(one.headers()["date"], "Mon, 05 Jan 2026 00:10:00 GMT");
    let xml = elb(&wire, "DescribeLoadBalancers", &[]);
    assert_eq!(texts(&xml, "RequestId").len(), 1);
}

#[test]
fn a_role_is_assumed_and_its_session_ends() {
    let wire = wire();
    let role = "arn:aws:iam::123456789012:role/ferry";
    let (status, xml) = form(
        &wire,
        &[
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", "ferry"),
            ("DurationSeconds", "900"),
        ],
    );
    assert_eq!(status, 200, "{xml}");
    let key = texts(&xml, "AccessKeyId").remove(0);
    let identity = || {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential={key}/20260105/us-east-1/sts/aws4_request");
        let request = Request::builder()
            .method("POST")
            .uri("/")
            .header("authorization", scope)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15"))
            .unwrap();
        String::from_utf8(send(&wire, &request).body().to_vec()).unwrap()
    };
    let arn = "arn:aws:sts::123456789012:assumed-role/ferry/ferry";
    assert_eq!(texts(&identity(), "Arn"), [arn]);
    pass(&wire, Span::from_mins(15));
    assert_eq!(texts(&identity(), "Code"), ["ExpiredToken"]);
}
