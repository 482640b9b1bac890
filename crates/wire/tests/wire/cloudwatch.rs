//! Amazon CloudWatch: what is measured is what `GetMinutes` measures.

use std::sync::Arc;

use bytes::Bytes;
use cloud::signals::{SideMinute, Thresholds};
use cloud::{MinuteAsk, TargetGroup};
use model::{Side, Span};
use region::request::Request;
use region::spec::NoiseSpec;
use serde_json::{Value, json};

use crate::world::{START, ask, group, id, json, send, signed, spec, wire, wire_of};

fn tail(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap()
}

/// The balancer of a side, as CloudWatch calls it.
fn balancer(wire: &wire::Wire, name: &str, side: Side) -> String {
    let metrics = ask(
        wire,
        "GraniteServiceVersion20100801.ListMetrics",
        &json!({"MetricName": "HealthyHostCount", "Dimensions": [
            {"Name": "TargetGroup", "Value": tail(&group(name, side))},
        ]}),
    );
    let dimensions = metrics["Metrics"][0]["Dimensions"].as_array().unwrap().clone();
    let balancer = dimensions.iter().find(|it| it["Name"] == "LoadBalancer").unwrap();
    balancer["Value"].as_str().unwrap().to_owned()
}

fn query(id: &str, metric: &str, stat: &str, dimensions: &[(&str, &str)]) -> Value {
    let namespace = if metric == "CPUUtilization" { "AWS/ECS" } else { "AWS/ApplicationELB" };
    let dimensions: Vec<Value> =
        dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    let metric = json!({"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions});
    json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}})
}

fn span(from: i64, until: i64) -> (i64, i64) {
    let start = START.as_secs();
    (start + 60 * from, start + 60 * until)
}

fn data(wire: &wire::Wire, queries: &[Value], (from, until): (i64, i64)) -> Value {
    let body = json!({
        "MetricDataQueries": queries,
        "StartTime": from,
        "EndTime": until,
        "ScanBy": "TimestampAscending",
    });
    ask(wire, "GraniteServiceVersion20100801.GetMetricData", &body)
}

fn values(answer: &Value, id: &str) -> Vec<(i64, f64)> {
    let results = answer["MetricDataResults"].as_array().unwrap();
    let result = results.iter().find(|it| it["Id"] == id).unwrap();
    let times = result["Timestamps"].as_array().unwrap().iter().map(|it| it.as_i64().unwrap());
    let values = result["Values"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap());
    times.map(|time| time.div_euclid(60)).zip(values).collect()
}

fn minutes(wire: &wire::Wire, name: &str, side: Side, until: i64) -> Vec<SideMinute> {
    let ask = MinuteAsk {
        service: id(name, side),
        group: TargetGroup { account: Arc::default(), arn: group(name, side) },
        thresholds: Thresholds { slow: Some(Span::from_millis(150)), ..Thresholds::default() },
        from: START.minute(),
        until: START.minute() + until,
    };
    wire.region()
        .with(|region| region.handle(&Request::GetMinutes { ask: &ask }))
        .minutes()
        .unwrap()
}

/// A minute is at once the same at the wire and in process, whatever happens in it.
#[test]
fn the_wire_measures_what_get_minutes_measures_to_the_bit() {
    let mut spec = spec();
    spec.noise = NoiseSpec::default();
    spec.metrics.backfilled = 0.2;
    spec.metrics.missing = 0.1;
    let faults = [("errors", 0.05), ("latency", 0.0)].map(|(kind, rate)| {
        let mut row = crate::world::fault(kind, "*");
        row.api = None;
        row.side = Some("both".to_owned());
        row.r#for = Some(Span::from_mins(40));
        if kind == "errors" {
            row.rate = Some(region::fault::Fraction::new(rate).unwrap());
        } else {
            row.factor = Some(2.5);
        }
        row
    });
    spec.faults = faults.into();
    let wire = wire_of(&spec, 90);
    let group = tail(&group("api", Side::Ec2)).to_owned();
    let balancer = balancer(&wire, "api", Side::Ec2);
    let both = [("TargetGroup", group.as_str()), ("LoadBalancer", balancer.as_str())];
    let alone = [("LoadBalancer", balancer.as_str())];
    let service = [("ClusterName", "prd"), ("ServiceName", "api")];
    let queries = [
        query("requests", "RequestCount", "Sum", &both),
        query("slow", "TargetResponseTime", "TC(0.15:)", &both),
        query("answered", "TargetResponseTime", "SampleCount", &both),
        query("rank", "TargetResponseTime", "PR(:0.15)", &both),
        query("target", "HTTPCode_Target_5XX_Count", "Sum", &both),
        query("own", "HTTPCode_ELB_5XX_Count", "Sum", &alone),
        query("p50", "TargetResponseTime", "p50", &both),
        query("p99", "TargetResponseTime", "p99", &both),
        query("healthy", "HealthyHostCount", "Minimum", &both),
        query("cpu", "CPUUtilization", "Average", &service),
    ];
    let answer = data(&wire, &queries, span(0, 90));
    let at = |id: &str, minute: i64| {
        values(&answer, id).iter().find(|(at, _)| *at == minute).map(|(_, value)| *value)
    };
    let known = minutes(&wire, "api", Side::Ec2, 90);
    let (mut compared, mut slow) = (0, 0);
    for minute in &known {
        let SideMinute { minute, counts, .. } = minute;
        let count = |value: Option<u64>| value.filter(|count| *count > 0).map(|it| it as f64);
        assert_eq!(at("requests", *minute), count(counts.requests), "{minute}");
        assert_eq!(at("slow", *minute).unwrap_or(0.0), counts.slow.unwrap() as f64, "{minute}");
        let errors = at("target", *minute).unwrap_or(0.0) + at("own", *minute).unwrap_or(0.0);
        assert_eq!(errors, counts.errors.unwrap() as f64, "{minute}");
        let answered = at("answered", *minute).unwrap();
        let rank = at("rank", *minute).unwrap();
        assert_eq!((answered * (100.0 - rank) / 100.0).round(), counts.slow.unwrap() as f64);
        compared += 1;
        slow += counts.slow.unwrap();
    }
    for SideMinute { minute, healthy, cpu_percent, p50_ms, p99_ms, .. } in &known {
        assert_eq!(at("healthy", *minute), healthy.map(f64::from));
        assert_eq!(at("cpu", *minute), *cpu_percent);
        assert_eq!(at("p50", *minute).map(|seconds| 1000.0 * seconds), *p50_ms);
        assert_eq!(at("p99", *minute).map(|seconds| 1000.0 * seconds), *p99_ms);
    }
    let asked: Vec<i64> = values(&answer, "requests").iter().map(|(at, _)| *at).collect();
    assert_eq!(asked, known.iter().map(|minute| minute.minute).collect::<Vec<_>>());
    assert!(compared > 60 && compared < 88, "some are missing, and not most: {compared}");
    assert!(slow > 1_000, "the fault made requests slow: {slow}");
}

#[test]
fn no_data_is_absent_and_complete() {
    let wire = wire();
    let group = tail(&group("api", Side::Fargate)).to_owned();
    let balancer = balancer(&wire, "api", Side::Fargate);
    let both = [("TargetGroup", group.as_str()), ("LoadBalancer", balancer.as_str())];
    let queries = [
        query("requests", "RequestCount", "Sum", &both),
        query("errors", "HTTPCode_Target_5XX_Count", "Sum", &both),
        query("healthy", "HealthyHostCount", "Average", &both),
        query("nothing", "RequestCount", "Sum", &[("TargetGroup", "targetgroup/a/b")]),
    ];
    let answer = data(&wire, &queries, span(0, 10));
    assert_eq!(values(&answer, "requests"), []);
    assert_eq!(values(&answer, "errors"), []);
    assert_eq!(values(&answer, "nothing"), []);
    assert!(!values(&answer, "healthy").is_empty());
    for result in answer["MetricDataResults"].as_array().unwrap() {
        assert_eq!(result["StatusCode"], "Complete");
    }
}

#[test]
fn the_end_is_exclusive_and_the_newest_minutes_are_not_there_yet() {
    let wire = wire();
    let balancer = balancer(&wire, "api", Side::Ec2);
    let queries = [query("a", "RequestCount", "Sum", &[("LoadBalancer", &balancer)])];
    let minutes = |from, until| -> Vec<i64> {
        let answer = data(&wire, &queries, span(from, until));
        values(&answer, "a").iter().map(|(at, _)| at - START.minute()).collect()
    };
    assert_eq!(minutes(3, 5), [3, 4]);
    let newest = minutes(0, 10).pop().unwrap();
    assert!((7..=8).contains(&newest), "published one to two minutes late: {newest}");
}

#[test]
fn answers_come_in_pages_of_data_points() {
    let wire = wire();
    let balancer = balancer(&wire, "api", Side::Ec2);
    let one = |id: &str| query(id, "RequestCount", "Sum", &[("LoadBalancer", &balancer)]);
    let (from, until) = span(0, 6);
    let (mut seen, mut token, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let body = json!({
            "MetricDataQueries": [one("a"), one("b")],
            "StartTime": from, "EndTime": until, "MaxDatapoints": 5, "NextToken": token,
        });
        let answer = ask(&wire, "GraniteServiceVersion20100801.GetMetricData", &body);
        let results = answer["MetricDataResults"].as_array().unwrap();
        let points: usize =
            results.iter().map(|result| result["Values"].as_array().unwrap().len()).sum();
        assert!(points <= 5);
        for result in results {
            let id = result["Id"].as_str().unwrap();
            seen.extend(values(&answer, id).into_iter().map(|(at, _)| (id.to_owned(), at)));
        }
        pages += 1;
        token = answer["NextToken"].clone();
        if token.is_null() {
            break;
        }
        assert_eq!(results.last().unwrap()["StatusCode"], "PartialData");
    }
    assert_eq!((seen.len(), pages), (12, 3));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 12);
}

#[test]
fn more_than_five_hundred_queries_and_math_are_refused() {
    let wire = wire();
    let target = "GraniteServiceVersion20100801.GetMetricData";
    let (from, until) = span(0, 5);
    let queries: Vec<Value> =
        (0..501).map(|n| query(&format!("a{n}"), "RequestCount", "Sum", &[])).collect();
    let body = json!({"MetricDataQueries": queries, "StartTime": from, "EndTime": until});
    let (status, answer) = json(&wire, target, &body);
    assert_eq!(status, 400);
    assert_eq!(answer["__type"], "com.amazonaws.cloudwatch#InvalidParameterValueException");
    let queries = json!([{"Id": "a", "Expression": "SUM(METRICS())"}]);
    let body = json!({"MetricDataQueries": queries, "StartTime": from, "EndTime": until});
    let (status, answer) = json(&wire, target, &body);
    assert_eq!(status, 400);
    assert!(answer["message"].as_str().unwrap().contains("no metric math"));
}

#[test]
fn cbor_says_what_json_says() {
    let wire = wire();
    let balancer = balancer(&wire, "api", Side::Ec2);
    let queries = [query("a", "RequestCount", "Sum", &[("LoadBalancer", &balancer)])];
    let (from, until) = span(0, 5);
    let body = json!({"MetricDataQueries": queries, "StartTime": from, "EndTime": until});
    let in_json = ask(&wire, "GraniteServiceVersion20100801.GetMetricData", &body);
    let mut bytes = Vec::new();
    ciborium::into_writer(&body, &mut bytes).unwrap();
    let call = |bytes: Vec<u8>| {
        let request = signed()
            .uri("/service/GraniteServiceVersion20100801/operation/GetMetricData")
            .header("smithy-protocol", "rpc-v2-cbor")
            .header("content-type", "application/cbor")
            .body(Bytes::from(bytes))
            .unwrap();
        send(&wire, &request)
    };
    let response = call(bytes);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
    let in_cbor: ciborium::Value = ciborium::from_reader(&response.body()[..]).unwrap();
    assert_eq!(plain(&in_cbor), in_json);
    let response = call(vec![0xbf, 0xff]);
    assert_eq!(response.status(), 400);
    let error = response.headers()["x-amzn-query-error"].to_str().unwrap().to_owned();
    assert_eq!(error, "MissingParameter;Sender");
}

/// CBOR as JSON: times are their seconds.
#[expect(clippy::wildcard_enum_match_arm, reason = "what CBOR has beside is ciborium's enum")]
fn plain(cbor: &ciborium::Value) -> Value {
    match cbor {
        ciborium::Value::Tag(1, seconds) => json!(seconds.as_float().unwrap() as i64),
        ciborium::Value::Array(items) => items.iter().map(plain).collect(),
        ciborium::Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_text().unwrap().to_owned(), plain(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        ciborium::Value::Float(number) => json!(number),
        ciborium::Value::Text(text) => json!(text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn statistics_of_one_metric_agree_with_its_data() {
    let wire = wire();
    let balancer = balancer(&wire, "api", Side::Ec2);
    let (from, until) = span(2, 6);
    let body = json!({
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "TargetResponseTime",
        "Dimensions": [{"Name": "LoadBalancer", "Value": balancer}],
        "StartTime": from, "EndTime": until, "Period": 60,
        "Statistics": ["Average", "SampleCount"],
    });
    let answer = ask(&wire, "GraniteServiceVersion20100801.GetMetricStatistics", &body);
    let points = answer["Datapoints"].as_array().unwrap();
    assert_eq!(points.len(), 4);
    let dimensions = [("LoadBalancer", balancer.as_str())];
    let queries = [query("mean", "TargetResponseTime", "Average", &dimensions)];
    let data = data(&wire, &queries, span(2, 6));
    for (point, (_, mean)) in points.iter().zip(values(&data, "mean")) {
        assert_eq!(point["Average"], mean);
        assert!((0.03..0.1).contains(&mean), "{mean}");
        assert_eq!(point["Unit"], "Seconds");
    }
}
