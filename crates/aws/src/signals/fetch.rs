//! `GetMetricData`: many series in few calls.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types as sdk;
use cloud::{Error, ErrorKind, Result};
use model::Time;

use super::minutes::{Points, Readings};
use super::query::Query;
use crate::batches::{Answers, PAGES_MAX, halving, too_many_pages};
use crate::clients::{Call, Client, Question};
use crate::limits::Family;
use crate::time::{stamp_of, time_of};

pub(super) const GET_METRIC_DATA: &str = "cloudwatch:GetMetricData";

/// CloudWatch quotas: "up to 500 MetricDataQuery structures" a call.
const QUERIES_MAX: usize = 500;
/// The default and the most of `MaxDatapoints`: what is beyond it comes on another page.
const DATAPOINTS_MAX: i32 = 100_800;

/// Minutes `[from, until)` of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Range {
    pub(super) fn and(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), until: self.until.max(other.until) }
    }

    fn minutes(self) -> usize {
        usize::try_from(self.until - self.from).unwrap_or(0)
    }
}

/// Series of one account, each with the range that somebody asked for.
pub(super) type Wanted = BTreeMap<Query, Range>;

/// One call: its series share a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) queries: Vec<Query>,
    pub(super) range: Range,
    /// The length of a period in minutes.
    pub(super) period: i64,
}

/// Packs series of whole minutes into calls, those of like ranges together, so that each call's
/// datapoints fit on one page: a point too many costs nothing, a call more does.
pub(super) fn pack(wanted: Wanted) -> Vec<Batch> {
    let mut queries: Vec<(Range, Query)> =
        wanted.into_iter().map(|(query, range)| (range, query)).collect();
    queries.sort();
    let page = usize::try_from(DATAPOINTS_MAX).unwrap_or(0);
    let mut packed: Vec<Batch> = Vec::new();
    for (range, query) in queries {
        if let Some(last) = packed.last_mut() {
            let (range, count) = (last.range.and(range), last.queries.len() + 1);
            if count <= QUERIES_MAX && count * range.minutes() <= page {
                last.range = range;
                last.queries.push(query);
                continue;
            }
        }
        packed.push(Batch { queries: vec![query], range, period: 1 });
    }
    packed
}

/// What was read, by series.
impl Readings for Answers<Query, Points> {
    fn points(&self, query: &Query) -> Result<&Points> {
        match self.get(query) {
            Some(points) => points.as_ref().map_err(Clone::clone),
            None => Err(partial("the answer leaves out a series".to_owned())),
        }
    }
}

/// The points of one call's series, over all its pages. Where one of them is refused, the others
/// are asked for without it.
pub(super) async fn fetch(
    client: &Client,
    batch: Batch,
    question: Question,
) -> Answers<Query, Points> {
    let Batch { queries, range, period } = batch;
    halving(queries, |queries| async move {
        let batch = Batch { queries, range, period };
        let mut series = pages(client, &batch, question).await?;
        let answer = |(index, query): (usize, Query)| {
            let points = series.remove(&index).map_or_else(
                || Err(partial(format!("the answer leaves out {}", query.metric))),
                |series| series.closed(&query),
            );
            (query, points)
        };
        Ok(batch.queries.into_iter().enumerate().map(answer).collect())
    })
    .await
}

/// One series while its pages come.
#[derive(Debug, Default)]
struct Gathering {
    points: Points,
    status: Option<sdk::StatusCode>,
    said: Vec<String>,
    /// What is wrong with what came.
    fault: Option<String>,
}

impl Gathering {
    /// The points, once all pages are in; the status of the last page is the one that counts.
    fn closed(self, query: &Query) -> Result<Points> {
        let Self { points, status, said, fault } = self;
        if let Some(fault) = fault {
            return Err(partial(format!("{} has {fault}", query.metric)));
        }
        let why = format!("{} is {status:?} {}", query.metric, said.join(", "));
        match status {
            Some(sdk::StatusCode::Complete) => Ok(points),
            Some(sdk::StatusCode::Forbidden) => {
                let message = format!("{why}: allow {GET_METRIC_DATA} to Ferry's role");
                Err(Error::new(ErrorKind::Denied, GET_METRIC_DATA, message))
            }
            _ => Err(partial(why)),
        }
    }

    fn take(&mut self, result: sdk::MetricDataResult) {
        let (stamps, values) = (result.timestamps(), result.values());
        if stamps.len() != values.len() {
            self.fault = Some(format!("{} times for {} values", stamps.len(), values.len()));
        }
        for (stamp, value) in stamps.iter().zip(values) {
            let time = time_of(stamp);
            if time != Time::from_minute(time.minute()) {
                self.fault = Some(format!("a value at {time}, within a minute"));
            }
            // What is no number is not known.
            if value.is_finite() && *value >= 0.0 {
                self.points.insert(time.minute(), *value);
            }
        }
        self.said.extend(result.messages().iter().filter_map(|it| it.value()).map(str::to_owned));
        self.status = result.status_code;
    }
}

async fn pages(
    client: &Client,
    batch: &Batch,
    question: Question,
) -> Result<BTreeMap<usize, Gathering>> {
    let queries = asked(batch)?;
    let stamp = |minute| stamp_of(Time::from_minute(minute));
    let mut series: BTreeMap<usize, Gathering> = BTreeMap::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let call = Call::new(GET_METRIC_DATA, Family::Metrics, question);
        let page = client.read(call, || {
            let asked = client.metrics.get_metric_data();
            let asked =
                asked.start_time(stamp(batch.range.from)).end_time(stamp(batch.range.until));
            let asked = asked.scan_by(sdk::ScanBy::TimestampAscending);
            let asked = asked.max_datapoints(DATAPOINTS_MAX).set_next_token(token.clone());
            asked.set_metric_data_queries(Some(queries.clone())).send()
        });
        let page = page.await?;
        for result in page.metric_data_results.unwrap_or_default() {
            let index =
                result.id().and_then(|id| id.strip_prefix('q')).and_then(|it| it.parse().ok());
            if let Some(index) = index {
                series.entry(index).or_default().take(result);
            }
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(series);
        }
    }
    Err(too_many_pages(GET_METRIC_DATA))
}

/// The queries as the SDK takes them, with their places as ids.
fn asked(batch: &Batch) -> Result<Vec<sdk::MetricDataQuery>> {
    let period = i32::try_from(batch.period * 60);
    let period = period.map_err(|_| partial(format!("no period of {} minutes", batch.period)))?;
    let query = |(index, query): (usize, &Query)| {
        let dimension = |(name, value): &(&'static str, String)| {
            sdk::Dimension::builder().name(*name).value(value).build()
        };
        let metric = sdk::Metric::builder()
            .namespace(query.namespace)
            .metric_name(query.metric)
            .set_dimensions(Some(query.dimensions.iter().map(dimension).collect()))
            .build();
        let stat = sdk::MetricStat::builder()
            .metric(metric)
            .period(period)
            .stat(query.stat.text())
            .build();
        sdk::MetricDataQuery::builder().id(format!("q{index}")).metric_stat(stat).build()
    };
    Ok(batch.queries.iter().enumerate().map(query).collect())
}

fn partial(message: String) -> Error {
    Error::new(ErrorKind::Partial, GET_METRIC_DATA, message)
}

#[cfg(test)]
mod tests;
