//! `GET /api/v1/query`: series of counts.

use serde_json::{Value, json};

use super::count::{self, Minutes};
use super::{Answer, bad};
use crate::world::World;

/// Days of one call: what the region keeps.
const DAYS_MAX: i64 = 15;

/// Buckets where a query does not say: Datadog widens them with the span (Datadog, "Rollup",
/// "Default intervals"); nothing here is counted in less than a minute.
const INTERVALS: [(i64, i64); 4] = [(4, 60), (24, 300), (48, 600), (7 * 24, 3_600)];
const LAST_INTERVAL: i64 = 14_400;

pub(super) fn answer(world: &World<'_>, text: &str, (from, to): (i64, i64)) -> Answer {
    if from >= to || to - from > DAYS_MAX * 86_400 {
        return Err(bad(format!("from and to must be at most {DAYS_MAX} days apart, in order")));
    }
    let mut series = Vec::new();
    for (index, query) in split(text).into_iter().enumerate() {
        let (plain, rollup) = rollup(query).map_err(bad)?;
        let interval = rollup.unwrap_or_else(|| usual(to - from));
        let count = count::find(world, plain)
            .ok_or_else(|| bad(format!("Error parsing query: unable to understand {plain}")))?;
        let (first, last) = (from.div_euclid(interval), (to - 1).div_euclid(interval) + 1);
        let minutes = interval / 60;
        let counts = count::minutes(world, &count, first * minutes, last * minutes);
        let counts = counts.map_err(bad)?;
        // Nothing counted is no series.
        if !counts.is_empty() {
            series.push(one(plain, index, interval, &counts));
        }
    }
    Ok(json!({
        "status": "ok",
        "res_type": "time_series",
        "resp_version": 1,
        "query": text,
        "from_date": from * 1_000,
        "to_date": to * 1_000,
        "series": series,
        "values": [],
        "times": [],
        "message": "",
        "group_by": [],
    }))
}

/// Queries between commas that stand in no braces.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0_i32, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text.get(begin..at).unwrap_or_default().trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..).unwrap_or_default().trim());
    parts
}

/// A query without its rollup, and the seconds of that.
fn rollup(query: &str) -> Result<(&str, Option<i64>), String> {
    let Some((plain, rest)) = query.rsplit_once(".rollup(") else { return Ok((query, None)) };
    let wanted = rest.strip_suffix(')').map(|rest| rest.split(',').map(str::trim));
    let wanted: Vec<&str> = wanted.into_iter().flatten().collect();
    match wanted.as_slice() {
        ["sum", seconds] => {
            let seconds = seconds.parse().ok().filter(|it: &i64| *it > 0 && it % 60 == 0);
            let problem = "Error parsing query: a rollup here is of whole minutes";
            seconds.map(|it| (plain, Some(it))).ok_or_else(|| problem.to_owned())
        }
        _ => Err(format!("Error parsing query: unable to understand .rollup({rest}")),
    }
}

fn usual(span: i64) -> i64 {
    let found = INTERVALS.into_iter().find(|(hours, _)| span <= hours * 3_600);
    found.map_or(LAST_INTERVAL, |(_, interval)| interval)
}

fn one(query: &str, index: usize, interval: i64, counts: &Minutes) -> Value {
    let mut buckets = Minutes::new();
    for (minute, count) in counts {
        let begin = (minute * 60).div_euclid(interval) * interval;
        *buckets.entry(begin).or_default() += count;
    }
    #[expect(clippy::cast_precision_loss, reason = "Datadog's counts are doubles")]
    let point = |(begin, count): (&i64, &u64)| json!([(begin * 1_000) as f64, *count as f64]);
    let points: Vec<Value> = buckets.iter().map(point).collect();
    let begin = buckets.keys().next().map_or(0, |begin| begin * 1_000);
    let end = buckets.keys().next_back().map_or(0, |begin| (begin + interval) * 1_000 - 1);
    json!({
        "query_index": index,
        "expression": query,
        "metric": query.trim_start_matches("sum:").split('{').next(),
        "scope": query.split(['{', '}']).nth(1),
        "aggr": "sum",
        "interval": interval,
        "length": points.len(),
        "start": begin,
        "end": end,
        "pointlist": points,
        "tag_set": [],
        "unit": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_parted_at_commas_outside_braces() {
        let text = "sum:good{a:b,c:d}.rollup(sum, 60), sum:requests{*}";
        assert_eq!(split(text), ["sum:good{a:b,c:d}.rollup(sum, 60)", "sum:requests{*}"]);
        assert_eq!(rollup(split(text)[0]), Ok(("sum:good{a:b,c:d}", Some(60))));
        assert!(rollup("sum:good{*}.rollup(avg, 60)").is_err());
        assert!(rollup("sum:good{*}.rollup(sum, 10)").is_err());
    }
}
