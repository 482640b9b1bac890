//! What Datadog itself says of an SLO.

use cloud::{Error, ErrorKind, Result};
use model::Time;
use serde::Deserialize;

use crate::client::{Client, shown};

const OPERATION: &str = "datadog:sloHistory";

/// An SLO over a span of time, as Datadog counts it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The part of events that were good, in percent; `None` without events.
    pub sli_percent: Option<f64>,
    /// Buckets of both counts, oldest first; none for an SLO that counts no events.
    pub buckets: Vec<Bucket>,
}

/// One bucket of a history; its length follows from the span that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// When it begins.
    pub at: Time,
    /// Good events; `None` where there is no point.
    pub good: Option<f64>,
    /// All events; `None` where there is no point.
    pub total: Option<f64>,
}

/// The answer of `GET /api/v1/slo/{id}/history`.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    data: Option<Data>,
    #[serde(default)]
    errors: Option<Vec<Complaint>>,
}

#[derive(Debug, Deserialize)]
struct Complaint {
    #[serde(default)]
    error: String,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(default)]
    overall: Option<Overall>,
    #[serde(default)]
    series: Option<Series>,
}

#[derive(Debug, Deserialize)]
struct Overall {
    #[serde(default)]
    sli_value: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Series {
    /// Milliseconds.
    times: Vec<f64>,
    numerator: Values,
    denominator: Values,
}

#[derive(Debug, Deserialize)]
struct Values {
    values: Vec<Option<f64>>,
}

pub(crate) async fn read(client: &Client, id: &str, from: i64, until: i64) -> Result<History> {
    let (first, last) = ((from * 60).to_string(), (until * 60).to_string());
    let parameters = [("from_ts", first.as_str()), ("to_ts", last.as_str())];
    let path = ["api", "v1", "slo", id, "history"];
    of(client.get(OPERATION, &path, &parameters).await?)
}

fn of(answer: Answer) -> Result<History> {
    let Some(data) = answer.data else {
        let said = answer.errors.unwrap_or_default();
        let said = said.iter().map(|it| it.error.as_str()).collect::<Vec<_>>().join("; ");
        let message = format!("Datadog has no history of it: {}", shown(&said));
        return Err(Error::new(ErrorKind::Partial, OPERATION, message));
    };
    let buckets = match data.series {
        Some(series) => buckets(&series)?,
        None => Vec::new(),
    };
    let sli_percent = data.overall.and_then(|overall| overall.sli_value);
    Ok(History { sli_percent: sli_percent.filter(|value| value.is_finite()), buckets })
}

fn buckets(series: &Series) -> Result<Vec<Bucket>> {
    let Series { times, numerator, denominator } = series;
    if times.len() != numerator.values.len() || times.len() != denominator.values.len() {
        let message = "times, numerator and denominator are of different lengths";
        return Err(Error::new(ErrorKind::Partial, OPERATION, message));
    }
    let points = times.iter().zip(&numerator.values).zip(&denominator.values);
    Ok(points
        .filter_map(|((at, good), total)| {
            Some(Bucket { at: time(*at)?, good: *good, total: *total })
        })
        .collect())
}

#[expect(clippy::cast_possible_truncation, reason = "checked to lie between 0 and 2^53")]
fn time(milliseconds: f64) -> Option<Time> {
    (0.0..9e15).contains(&milliseconds).then(|| Time::from_millis(milliseconds as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_history_keeps_what_is_missing_apart_from_zero() {
        let series = json!({
            "times": [60_000.0, 120_000.0, 180_000.0],
            "numerator": {"values": [9.0, null, 0.0]},
            "denominator": {"values": [10.0, 10.0, 1.0]},
        });
        let answer = json!({"data": {"overall": {"sli_value": 99.2}, "series": series}});
        let history = of(serde_json::from_value(answer).expect("the shape of an answer"));
        let history = history.expect("it is whole");
        assert_eq!(history.sli_percent, Some(99.2));
        let good: Vec<Option<f64>> = history.buckets.iter().map(|bucket| bucket.good).collect();
        assert_eq!(good, [Some(9.0), None, Some(0.0)]);
        assert_eq!(history.buckets[2].at, Time::from_minute(3));
    }

    #[test]
    fn an_slo_without_events_has_no_sli() {
        let answer = json!({"data": {"overall": {"sli_value": null}}});
        let history = of(serde_json::from_value(answer).expect("the shape of an answer"));
        assert_eq!(history, Ok(History { sli_percent: None, buckets: Vec::new() }));
    }

    #[test]
    fn half_a_history_is_none() {
        let series = json!({
            "times": [60_000.0], "numerator": {"values": []}, "denominator": {"values": [1.0]},
        });
        for answer in [
            json!({"data": {"series": series}}),
            json!({"data": null, "errors": [{"error": "SLO is too new"}]}),
        ] {
            let answer = serde_json::from_value(answer).expect("the shape of an answer");
            assert_eq!(of(answer).map_err(|error| error.kind), Err(ErrorKind::Partial));
        }
    }
}
