//! Two counts of one side, minute by minute.

use std::collections::BTreeMap;

use cloud::{Error, ErrorKind, EventMinute, Result};
use serde::Deserialize;

use crate::client::{Client, shown};

const OPERATION: &str = "datadog:query";

/// Minutes of one call. A query with its own rollup gives at most 1,500 points (Datadog, "Rollup",
/// "custom rollup intervals").
const MINUTES_AT_ONCE: i64 = 1_440;
const MINUTE_SECONDS: f64 = 60.0;

/// The answer of `GET /api/v1/query`.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    status: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    series: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    /// Seconds of a bucket.
    #[serde(default)]
    interval: f64,
    /// Which of the comma-separated queries it answers.
    #[serde(default)]
    query_index: usize,
    /// Milliseconds at which a bucket begins, and its value.
    #[serde(default)]
    pointlist: Vec<(f64, Option<f64>)>,
}

/// The events of the minutes `[from, until)`.
pub(crate) async fn minutes(
    client: &Client,
    good: &str,
    total: &str,
    from: i64,
    until: i64,
) -> Result<Vec<EventMinute>> {
    // One call for both, so that they are of one moment.
    let query = format!("{},{}", by_minute(good), by_minute(total));
    let mut minutes = Vec::new();
    let mut begin = from;
    while begin < until {
        let end = until.min(begin + MINUTES_AT_ONCE);
        let (first, last) = ((begin * 60).to_string(), (end * 60).to_string());
        let parameters = [("from", first.as_str()), ("to", last.as_str()), ("query", &query)];
        let answer = client.get(OPERATION, &["api", "v1", "query"], &parameters).await?;
        minutes.extend(assemble(&answer, begin, end)?);
        begin = end;
    }
    Ok(minutes)
}

/// A plain query gets the bucket it needs; one with arithmetic must say it itself.
fn by_minute(query: &str) -> String {
    let query = query.trim();
    let is_plain = query.matches('{').count() == 1
        && (query.ends_with('}') || query.ends_with(".as_count()"))
        && !query.contains(".rollup(");
    if is_plain { format!("{query}.rollup(sum, 60)") } else { query.to_owned() }
}

/// The minutes of `[from, until)` of which both counts are there.
fn assemble(answer: &Answer, from: i64, until: i64) -> Result<Vec<EventMinute>> {
    if !answer.status.is_empty() && answer.status != "ok" {
        let said = shown(answer.error.as_deref().unwrap_or(&answer.status));
        let message = format!("Datadog cannot answer the query: {said}");
        return Err(Error::new(ErrorKind::Invalid, OPERATION, message));
    }
    let good = counts(answer, 0, "good")?;
    let total = counts(answer, 1, "total")?;
    let both = total.into_iter().filter_map(|(minute, total)| {
        let good = *good.get(&minute)?;
        // A good event can be counted a moment before its total.
        Some(EventMinute { minute, total, bad: total.saturating_sub(good) })
    });
    Ok(both.filter(|event| (from..until).contains(&event.minute)).collect())
}

/// The counts of one of the two queries by minute; what is null is not there.
fn counts(answer: &Answer, index: usize, name: &str) -> Result<BTreeMap<i64, u64>> {
    let invalid = |problem: String| {
        Err(Error::new(ErrorKind::Invalid, OPERATION, format!("the query `{name}` {problem}")))
    };
    let mut series = answer.series.iter().filter(|series| series.query_index == index);
    let Some(one) = series.next() else { return Ok(BTreeMap::new()) };
    let more = series.count();
    if more > 0 {
        return invalid(format!("gives {} series: leave `by {{...}}` out of it", more + 1));
    }
    if one.interval != MINUTE_SECONDS {
        let seconds = one.interval;
        return invalid(format!(
            "counts in buckets of {seconds} s: end it with `.rollup(sum, 60)`"
        ));
    }
    let mut counts = BTreeMap::new();
    for (at, value) in &one.pointlist {
        let Some(value) = value else { continue };
        match (minute(*at), count(*value)) {
            (Some(minute), Some(count)) => counts.insert(minute, count),
            _ => {
                return invalid(format!("gives {value} at {at} ms, which is no count of a minute"));
            }
        };
    }
    Ok(counts)
}

/// The minute that begins at `milliseconds`.
#[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number within range")]
fn minute(milliseconds: f64) -> Option<i64> {
    let minutes = milliseconds / 60_000.0;
    (minutes.abs() < 1e10 && minutes.fract() == 0.0).then_some(minutes as i64)
}

/// Counts are doubles there, and sampled ones are not whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between 0 and 2^53"
)]
fn count(value: f64) -> Option<u64> {
    (0.0..9e15).contains(&value).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const START: i64 = 29_000_000;

    fn series(index: usize, values: &[Option<f64>]) -> Value {
        let at = |place: usize| (START + i64::try_from(place).expect("few")) * 60_000;
        let points = values.iter().enumerate().map(|(place, value)| json!([at(place), value]));
        let points: Vec<Value> = points.collect();
        json!({"interval": 60, "query_index": index, "pointlist": points})
    }

    fn read(series: &[Value]) -> Result<Vec<(i64, u64, u64)>> {
        let answer = json!({"status": "ok", "series": series});
        let answer: Answer = serde_json::from_value(answer).expect("the shape of an answer");
        let minutes = assemble(&answer, START, START + 10)?;
        Ok(minutes.iter().map(|it| (it.minute - START, it.total, it.bad)).collect())
    }

    #[test]
    fn a_null_point_is_missing_and_not_zero() {
        let good = series(0, &[Some(9.0), None, Some(10.0), Some(0.0)]);
        let total = series(1, &[Some(10.0), Some(10.0), None, Some(7.0)]);
        assert_eq!(read(&[good, total]), Ok(vec![(0, 10, 1), (3, 7, 7)]));
    }

    #[test]
    fn a_series_that_is_not_there_gives_no_minute() {
        assert_eq!(read(&[series(1, &[Some(10.0)])]), Ok(vec![]));
        assert_eq!(read(&[]), Ok(vec![]));
    }

    #[test]
    fn minutes_that_were_not_asked_for_are_left_out() {
        let values = [Some(1.0); 12];
        let minutes = read(&[series(0, &values), series(1, &values)]).expect("two series");
        assert_eq!(minutes.len(), 10);
    }

    #[test]
    fn more_good_than_all_is_no_negative_harm() {
        let both = [series(0, &[Some(11.4)]), series(1, &[Some(10.6)])];
        assert_eq!(read(&both), Ok(vec![(0, 11, 0)]));
    }

    #[test]
    fn what_counts_no_minutes_is_refused_with_what_to_write() {
        let message = |series: &[Value]| read(series).expect_err("it is refused").message;
        let mut coarse = series(0, &[Some(1.0)]);
        coarse["interval"] = json!(300);
        assert_eq!(
            message(&[coarse, series(1, &[])]),
            "the query `good` counts in buckets of 300 s: end it with `.rollup(sum, 60)`"
        );
        let two = [series(0, &[]), series(1, &[]), series(1, &[])];
        assert_eq!(message(&two), "the query `total` gives 2 series: leave `by {...}` out of it");
        for value in [-1.0, 1e300] {
            let wrong = message(&[series(0, &[Some(value)]), series(1, &[])]);
            assert!(wrong.contains("no count of a minute"), "{wrong}");
        }
    }

    #[test]
    fn a_query_that_datadog_cannot_answer_says_why() {
        let answer = json!({"status": "error", "error": "Error parsing query: \u{7} unexpected }"});
        let answer: Answer = serde_json::from_value(answer).expect("the shape of an answer");
        let error = assemble(&answer, START, START + 1).expect_err("there is no answer");
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.ends_with("Error parsing query:   unexpected }"), "{error}");
    }

    #[test]
    fn only_a_plain_query_is_given_its_bucket() {
        let plain = "sum:trace.http.request.hits{env:prd}.as_count()";
        assert_eq!(by_minute(plain), format!("{plain}.rollup(sum, 60)"));
        assert_eq!(by_minute(" sum:hits{*} "), "sum:hits{*}.rollup(sum, 60)");
        for own in ["sum:hits{*}.rollup(sum, 60)", "sum:hits{*} - sum:errors{*}", "hits{*} * 2"] {
            assert_eq!(by_minute(own), own);
        }
    }
}
