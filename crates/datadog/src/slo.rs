//! The queries and the target that an SLO of Datadog has.

use cloud::{Error, ErrorKind, Result};
use model::spec::Objective;
use serde::Deserialize;

use crate::client::{Client, shown};

const OPERATION: &str = "datadog:slo";

/// An SLO that counts events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slo {
    pub(crate) good: String,
    pub(crate) total: String,
    /// The strictest of its targets; each is for another time frame.
    pub(crate) objective: Option<Objective>,
}

/// The answer of `GET /api/v1/slo/{id}`.
#[derive(Debug, Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    query: Option<Query>,
    #[serde(default)]
    thresholds: Vec<Threshold>,
}

#[derive(Debug, Deserialize)]
struct Query {
    numerator: String,
    denominator: String,
}

#[derive(Debug, Deserialize)]
struct Threshold {
    /// In percent.
    target: f64,
}

pub(crate) async fn read(client: &Client, id: &str) -> Result<Slo> {
    let answer: Answer = client.get(OPERATION, &["api", "v1", "slo", id], &[]).await?;
    of(answer.data, id)
}

fn of(data: Data, id: &str) -> Result<Slo> {
    let objective = data.thresholds.iter().filter_map(|it| objective(it.target)).max();
    match data.query {
        Some(Query { numerator, denominator }) if data.kind == "metric" => {
            Ok(Slo { good: numerator, total: denominator, objective })
        }
        Some(_) | None => {
            let message = format!(
                "the SLO `{}` is of type `{}` and counts no events; use a metric-based SLO, or two \
                 queries",
                shown(id),
                shown(&data.kind)
            );
            Err(Error::new(ErrorKind::Invalid, OPERATION, message))
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between 0 and 100,000"
)]
fn objective(percent: f64) -> Option<Objective> {
    let milli_percent = (percent * 1000.0).round();
    let is_percent = (0.0..=100_000.0).contains(&milli_percent);
    is_percent.then_some(milli_percent as u32).and_then(Objective::from_milli_percent)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn slo(data: Value) -> Result<Slo> {
        of(serde_json::from_value(data).expect("the shape of an SLO"), "abc")
    }

    #[test]
    fn the_strictest_target_is_the_objective() {
        let targets =
            [99.5, 99.95, 99.9].map(|target| json!({"target": target, "timeframe": "7d"}));
        let query = json!({"numerator": "sum:good{*}", "denominator": "sum:all{*}"});
        let slo = slo(json!({"type": "metric", "query": query, "thresholds": targets}));
        assert_eq!(
            slo,
            Ok(Slo {
                good: "sum:good{*}".to_owned(),
                total: "sum:all{*}".to_owned(),
                objective: Objective::from_milli_percent(99_950),
            })
        );
    }

    #[test]
    fn an_slo_of_monitors_counts_no_events() {
        let error = slo(json!({"type": "monitor", "thresholds": [{"target": 99.0}]}));
        let error = error.expect_err("there is nothing to count");
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.contains("`abc` is of type `monitor`"), "{error}");
    }

    #[test]
    fn a_target_that_leaves_no_budget_is_none() {
        for target in [0.0, 100.0, -3.0, f64::NAN, 1e300] {
            assert_eq!(objective(target), None, "{target}");
        }
    }
}
