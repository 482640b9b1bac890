//! SLOs that the region's file names as objectives.

use cloud::objectives::Source;
use http::StatusCode;
use serde_json::{Value, json};

use super::count::{self, Count, Minutes, queries_of_slo};
use super::{Answer, bad};
use crate::world::World;

/// Buckets of a history: minutes for up to a day, then hours.
const FINE_SECONDS: i64 = 86_400;

fn check(world: &World<'_>, id: &str) -> Result<(), (StatusCode, String)> {
    if count::sources(world).contains(&Source::Slo(id.to_owned())) {
        return Ok(());
    }
    Err((StatusCode::NOT_FOUND, format!("SLO not found: {id}")))
}

fn described(world: &World<'_>, id: &str) -> Value {
    let [good, total] = queries_of_slo(id);
    let created = world.region.start().as_secs();
    json!({
        "id": id,
        "name": id,
        "description": null,
        "type": "metric",
        "query": {"numerator": good, "denominator": total},
        // The region counts events and says of none how many may be bad.
        "thresholds": [],
        "tags": [],
        "monitor_tags": [],
        "created_at": created,
        "modified_at": created,
    })
}

pub(super) fn describe(world: &World<'_>, id: &str) -> Answer {
    check(world, id)?;
    Ok(json!({"data": described(world, id), "errors": []}))
}

pub(super) fn history(world: &World<'_>, id: &str, (from, to): (i64, i64)) -> Answer {
    check(world, id)?;
    if from >= to {
        return Err(bad("from_ts must lie before to_ts"));
    }
    let interval = if to - from <= FINE_SECONDS { 60 } else { 3_600 };
    let counts = |is_good| {
        let count = Count::Objective { source: Source::Slo(id.to_owned()), is_good };
        count::minutes(world, &count, from.div_euclid(60), to.div_euclid(60)).map_err(bad)
    };
    let (good, total) = (bucketed(&counts(true)?, interval), bucketed(&counts(false)?, interval));
    let sum = |counts: &Minutes| counts.values().sum::<u64>();
    let (all, fine) = (sum(&total), sum(&good));
    #[expect(clippy::cast_precision_loss, reason = "Datadog's counts are doubles")]
    let sli = (all > 0).then(|| 100.0 * fine as f64 / all as f64);
    let values = |counts: &Minutes| {
        let values: Vec<&u64> = total.keys().map(|at| counts.get(at).unwrap_or(&0)).collect();
        json!({"count": values.len(), "sum": sum(counts), "values": values})
    };
    let times: Vec<i64> = total.keys().map(|at| at * 1_000).collect();
    Ok(json!({
        "data": {
            "from_ts": from,
            "to_ts": to,
            "type": "metric",
            "type_id": 1,
            "slo": described(world, id),
            "overall": {"name": id, "sli_value": sli, "span_precision": 3},
            "series": {
                "res_type": "time_series",
                "interval": interval,
                "times": times,
                "numerator": values(&good),
                "denominator": values(&total),
            },
            "thresholds": {},
        },
        "errors": null,
    }))
}

fn bucketed(counts: &Minutes, interval: i64) -> Minutes {
    let mut buckets = Minutes::new();
    for (minute, count) in counts {
        *buckets.entry((minute * 60).div_euclid(interval) * interval).or_default() += count;
    }
    buckets
}
