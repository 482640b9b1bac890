use serde_json::{Value, json};

use super::super::query::Stat;
use super::*;
use crate::limits::Lane;
use crate::testing::{Answer, Script, Wound, block_on, cbor, clients};

fn query(name: &str) -> Query {
    Query {
        namespace: "AWS/ECS",
        metric: "CPUUtilization",
        dimensions: vec![("ServiceName", name.to_owned())],
        stat: Stat::Average,
    }
}

fn page(results: &[Value], next: Option<&str>) -> Answer {
    let mut body = json!({"MetricDataResults": results});
    if let Some(next) = next {
        body["NextToken"] = json!(next);
    }
    Answer::of(200, "application/cbor", cbor(&body))
}

fn result(id: &str, status: &str, points: &[(i64, f64)]) -> Value {
    let stamps: Vec<Value> = points.iter().map(|(at, _)| json!({"epoch": at})).collect();
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    json!({"Id": id, "StatusCode": status, "Timestamps": stamps, "Values": values})
}

/// What two series come to, and the number of calls.
fn read(answers: Vec<Answer>) -> (Vec<Result<Points>>, usize) {
    block_on(async {
        let (clock, script) = (Wound::new(), Script::new(answers));
        let clients = clients(clock, script.clone()).await;
        let client = clients.of(&model::spec::Aws::default()).await;
        let queries = vec![query("a"), query("b")];
        let range = Range { from: 10, until: 13 };
        let batch = Batch { queries: queries.clone(), range, period: 1 };
        let mut answers = fetch(&client, batch, clients.question(Lane::Ordinary)).await;
        let answers = queries.iter().map(|query| answers.remove(query).unwrap()).collect();
        (answers, script.asked().len())
    })
}

#[test]
fn pages_are_put_together_and_the_last_status_counts() {
    let (found, calls) = read(vec![
        page(
            &[
                result("q0", "PartialData", &[(600, 1.0)]),
                result("q1", "PartialData", &[(600, 5.0)]),
            ],
            Some("more"),
        ),
        page(
            &[
                result("q0", "Complete", &[(660, 2.0), (720, 3.0)]),
                result("q1", "PartialData", &[(660, 6.0)]),
            ],
            None,
        ),
    ]);
    assert_eq!(found[0], Ok(Points::from([(10, 1.0), (11, 2.0), (12, 3.0)])));
    assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::Partial);
    assert_eq!(calls, 2);
}

#[test]
fn anything_but_complete_is_no_answer() {
    for (status, kind) in [
        ("PartialData", ErrorKind::Partial),
        ("InternalError", ErrorKind::Partial),
        ("Forbidden", ErrorKind::Denied),
        ("SomethingNew", ErrorKind::Partial),
    ] {
        let results = [result("q0", status, &[(600, 1.0)]), result("q1", "Complete", &[])];
        let (found, _) = read(vec![page(&results, None)]);
        assert_eq!(found[0].as_ref().unwrap_err().kind, kind, "{status}");
        assert_eq!(found[1], Ok(Points::new()), "it spoils no other");
    }
}

#[test]
fn a_series_that_is_left_out_is_not_empty() {
    let (found, _) = read(vec![page(&[result("q1", "Complete", &[])], None)]);
    assert_eq!(found[0].as_ref().unwrap_err().kind, ErrorKind::Partial);
}

#[test]
fn what_is_no_number_is_not_known() {
    let points = [(600, -1.0), (660, 2.0)];
    let (found, _) =
        read(vec![page(&[result("q0", "Complete", &points), result("q1", "Complete", &[])], None)]);
    assert_eq!(found[0], Ok(Points::from([(11, 2.0)])));
}

#[test]
fn values_within_a_minute_are_not_taken_for_minutes() {
    let results = [result("q0", "Complete", &[(615, 1.0)]), result("q1", "Complete", &[])];
    let (found, _) = read(vec![page(&results, None)]);
    assert_eq!(found[0].as_ref().unwrap_err().kind, ErrorKind::Partial);
    assert_eq!(found[1], Ok(Points::new()), "it spoils no other");
}

#[test]
fn a_series_that_is_refused_is_put_out_and_the_others_are_read() {
    let refused = || {
        let error = json!({"__type": "ValidationError", "message": "no such statistic"});
        Answer::of(400, "application/cbor", cbor(&error))
    };
    let good = page(&[result("q0", "Complete", &[(600, 1.0)])], None);
    let (found, calls) = read(vec![refused(), refused(), good]);
    assert_eq!(found[0].as_ref().unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(found[1], Ok(Points::from([(10, 1.0)])));
    assert_eq!(calls, 3);
}

#[test]
fn a_call_holds_500_series_and_one_page_of_datapoints() {
    let range = Range { from: 100, until: 101 };
    let wanted: Wanted = (0..1_200).map(|number| (query(&format!("{number}")), range)).collect();
    let sizes: Vec<usize> = pack(wanted).iter().map(|batch| batch.queries.len()).collect();
    assert_eq!(sizes, [500, 500, 200]);
    let week = Range { from: 0, until: 1_440 };
    let wanted: Wanted = (0..140).map(|number| (query(&format!("{number}")), week)).collect();
    let sizes: Vec<usize> = pack(wanted).iter().map(|batch| batch.queries.len()).collect();
    assert_eq!(sizes, [70, 70], "100,800 datapoints");
}

#[test]
fn like_ranges_share_a_call_that_covers_both() {
    let (short, long) = (Range { from: 14, until: 15 }, Range { from: 0, until: 15 });
    let wanted = Wanted::from([(query("a"), short), (query("b"), long)]);
    let packed = pack(wanted);
    assert_eq!(packed.len(), 1);
    assert_eq!(packed[0].range, long);
    // A day of many series leaves no room on the page for those of a minute.
    let day = Range { from: 0, until: 1_440 };
    let mut wanted: Wanted = (0..70).map(|number| (query(&format!("{number}")), day)).collect();
    wanted.insert(query("short"), Range { from: 1_439, until: 1_440 });
    let ranges: Vec<Range> = pack(wanted).iter().map(|batch| batch.range).collect();
    assert_eq!(ranges, [day, Range { from: 1_439, until: 1_440 }]);
}
