//! Datadog.

use bytes::Bytes;
use cloud::objectives::Source;
use http::Request;
use model::{PerSide, Side, Span};
use region::request::Request as Ask;
use serde_json::Value;
use wire::Wire;

use crate::world::{START, group, id, pass, send, spec, wire, wire_of};

fn get(wire: &Wire, path: &str, keys: &[&'static str]) -> (u16, Value) {
    let mut request = Request::builder().uri(format!("/api/v1/{path}"));
    for key in keys {
        request = request.header(*key, "some-key");
    }
    let response = send(wire, &request.body(Bytes::new()).unwrap());
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

const BOTH: [&str; 2] = ["dd-api-key", "dd-application-key"];

fn query(wire: &Wire, text: &str, minutes: i64) -> Value {
    let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let (from, to) = (START.as_secs(), START.as_secs() + 60 * minutes);
    let (status, answer) = get(wire, &format!("query?from={from}&to={to}&query={text}"), &BOTH);
    assert_eq!(status, 200, "{answer}");
    answer
}

fn points(answer: &Value, index: usize) -> Vec<(i64, f64)> {
    let series = answer["series"].as_array().unwrap();
    let one = series.iter().find(|series| series["query_index"] == index).unwrap();
    let points = one["pointlist"].as_array().unwrap().iter();
    points.map(|it| (it[0].as_f64().unwrap() as i64, it[1].as_f64().unwrap())).collect()
}

#[test]
fn without_keys_everything_is_forbidden() {
    let wire = wire();
    assert_eq!(get(&wire, "validate", &[]).0, 403);
    assert_eq!(get(&wire, "validate", &BOTH[..1]), (200, serde_json::json!({"valid": true})));
    assert_eq!(get(&wire, "query?from=0&to=1&query=x", &BOTH[..1]).0, 403);
}

#[test]
fn counts_are_those_of_the_balancer() {
    let wire = wire();
    let of = |metric: &str| format!("sum:{metric}{{application:api,env:prd}}.rollup(sum, 60)");
    let answer = query(&wire, &format!("{}, {}", of("requests"), of("slow")), 10);
    let ask = cloud::MinuteAsk {
        service: id("api", Side::Ec2),
        group: cloud::TargetGroup {
            account: std::sync::Arc::default(),
            arn: group("api", Side::Ec2),
        },
        thresholds: cloud::signals::Thresholds {
            slow: Some(Span::from_millis(300)),
            ..cloud::signals::Thresholds::default()
        },
        from: START.minute(),
        until: START.minute() + 10,
    };
    let known = wire.region().with(|region| region.handle(&Ask::GetMinutes { ask: &ask }));
    let known = known.minutes().unwrap();
    let wanted = |of: fn(&cloud::SideMinute) -> u64| -> Vec<(i64, f64)> {
        known.iter().map(|it| (it.minute * 60_000, of(it) as f64)).collect()
    };
    assert_eq!(points(&answer, 0), wanted(|it| it.counts.requests.unwrap()));
    assert_eq!(points(&answer, 1), wanted(|it| it.counts.slow.unwrap()));
    assert_eq!(answer["series"][0]["interval"], 60);
}

#[test]
fn a_side_without_requests_has_no_series() {
    let answer = query(&wire(), "sum:requests{application:api,env:prd-fargate}", 10);
    assert_eq!(answer["series"], serde_json::json!([]));
}

#[test]
fn objectives_of_the_file_are_counted_by_their_own_queries_and_slos() {
    let mut spec = spec();
    let queries = PerSide::from_fn(|side| Source::Queries {
        good: format!("sum:fast{{env:{}}}.as_count()", side.name()),
        total: format!("sum:all{{env:{}}}.as_count()", side.name()),
    });
    let slos = PerSide::from_fn(|side| Source::Slo(format!("slo-{}", side.name())));
    spec.applications[0].objectives = vec![queries, slos];
    let wire = wire_of(&spec, 10);
    let text = "sum:fast{env:ec2}.as_count().rollup(sum, 60),sum:all{env:ec2}.as_count()";
    let answer = query(&wire, text, 10);
    let sum = |index| points(&answer, index).iter().map(|(_, count)| count).sum::<f64>();
    assert!(sum(0) < sum(1) && sum(0) > 0.9 * sum(1), "{} of {}", sum(0), sum(1));
    let (status, slo) = get(&wire, "slo/slo-ec2", &BOTH);
    assert_eq!((status, &slo["data"]["type"]), (200, &serde_json::json!("metric")));
    let total = slo["data"]["query"]["denominator"].as_str().unwrap();
    assert_eq!(points(&query(&wire, total, 10), 0), points(&answer, 1));
    let (from, to) = (START.as_secs(), START.as_secs() + 600);
    let path = format!("slo/slo-ec2/history?from_ts={from}&to_ts={to}");
    let (_, history) = get(&wire, &path, &BOTH);
    let sli = history["data"]["overall"]["sli_value"].as_f64().unwrap();
    assert!((sli - 100.0 * sum(0) / sum(1)).abs() < 1e-9, "{sli}");
    assert_eq!(get(&wire, "slo/nothing", &BOTH).0, 404);
}

#[test]
fn what_is_no_query_is_refused() {
    let wire = wire();
    let (status, answer) = get(&wire, "query?from=0&to=60&query=avg:cpu%7B*%7D", &BOTH);
    assert_eq!(status, 400);
    assert!(answer["errors"][0].as_str().unwrap().contains("avg:cpu"), "{answer}");
}

#[test]
fn calls_above_the_limit_wait_for_its_reset() {
    let wire = wire();
    let call = || {
        let request = Request::builder().uri("/api/v1/validate").header("dd-api-key", "k");
        send(&wire, &request.body(Bytes::new()).unwrap())
    };
    let refused = (0..2_000).map(|_| call()).find(|response| response.status() == 429).unwrap();
    assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
    let reset: u64 = refused.headers()["x-ratelimit-reset"].to_str().unwrap().parse().unwrap();
    pass(&wire, Span::from_secs(reset - 10));
    assert_eq!(call().status(), 429);
    pass(&wire, Span::from_secs(10));
    assert_eq!(call().status(), 200);
}
