//! Minutes and quantiles from CloudWatch.
//!
//! ```text
//! minutes   groups ─► the balancer of each      query     which series an ask needs
//!                                               fetch     GetMetricData: 500 series a call, over
//!                                                         all asks of an account
//!                                               minutes   what the series say
//! ```

mod fetch;
mod minutes;
mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use cloud::{Error, ErrorKind, MinuteAsk, Quantiles, Result, SideMinute, Signals, TargetGroup};
use model::spec::Aws;
use model::{Span, Time};

use crate::batches::Answers;
use crate::clients::{Clients, Question};
use crate::groups::{DESCRIBE_GROUPS, Groups, Standing};
use crate::limits::Lane;

use fetch::{Batch, Range, Wanted, fetch, pack};
use minutes::{Points, assemble};
use query::{Balanced, Query, Series, Stat, queries};

/// AWS publishes no delay. Alarms on a balancer's metrics are seen to fire 3 to 4 minutes after a
/// minute began, their own evaluation once a minute included: the minute is there 1 to 2 minutes
/// after its end. One that comes later is asked for again, and one that is corrected is read
/// again for 15 minutes.
const SETTLE: Span = Span::from_mins(2);

/// [`Signals`] over CloudWatch.
pub(crate) struct Metrics {
    clients: Arc<Clients>,
    groups: Arc<Groups>,
}

/// What was read, by account and series.
type Readings = BTreeMap<Arc<Aws>, Answers<Query, Points>>;

impl Metrics {
    pub(crate) fn new(clients: Arc<Clients>, groups: Arc<Groups>) -> Self {
        Self { clients, groups }
    }

    /// All series of all accounts, several calls at once.
    async fn read(&self, wanted: BTreeMap<Arc<Aws>, Wanted>, question: Question) -> Readings {
        let batches = wanted.into_iter().flat_map(|(account, wanted)| {
            pack(wanted).into_iter().map(move |batch| (Arc::clone(&account), batch))
        });
        let answers = crate::batches::gather(batches.map(|(account, batch)| async move {
            let client = self.clients.of(&account).await;
            let answers = fetch(&client, batch, question).await;
            answers
                .into_iter()
                .map(|(query, points)| ((Arc::clone(&account), query), points))
                .collect()
        }))
        .await;
        let mut readings = Readings::new();
        for ((account, query), points) in answers {
            readings.entry(account).or_default().insert(query, points);
        }
        readings
    }

    async fn standing(&self, group: &TargetGroup, question: Question) -> Result<Standing> {
        let mut standings = self.groups.standings(BTreeSet::from([group.clone()]), question).await;
        standings.remove(group).unwrap_or_else(|| Err(left_out()))
    }
}

#[async_trait]
impl Signals for Metrics {
    async fn minutes(&self, asks: &[MinuteAsk]) -> Vec<Result<Vec<SideMinute>>> {
        let question = self.clients.question(Lane::Ordinary);
        // The minute that is running is not complete.
        let over = self.clients.clock.now().minute();
        let groups = asks.iter().map(|ask| ask.group.clone()).collect();
        let standings = self.groups.standings(groups, question).await;
        let series: Vec<Result<Series>> = asks
            .iter()
            .map(|ask| match standings.get(&ask.group) {
                Some(Ok(standing)) => Ok(Series::of(ask, standing)),
                Some(Err(error)) => Err(error.clone()),
                None => Err(left_out()),
            })
            .collect();
        let mut wanted: BTreeMap<Arc<Aws>, Wanted> = BTreeMap::new();
        for (ask, series) in asks.iter().zip(&series) {
            let range = Range { from: ask.from, until: ask.until.min(over) };
            let Ok(series) = series else { continue };
            if range.from < range.until {
                want(&mut wanted, ask, series, range);
            }
        }
        let readings = self.read(wanted, question).await;
        let nothing = Answers::new();
        asks.iter()
            .zip(series)
            .map(|(ask, series)| {
                let (series, until) = (series?, ask.until.min(over));
                if ask.from >= until {
                    return Ok(Vec::new());
                }
                let of_group = readings.get(&ask.group.account).unwrap_or(&nothing);
                let of_service = readings.get(&ask.service.account).unwrap_or(&nothing);
                assemble(ask, &series, of_group, of_service, until)
            })
            .collect()
    }

    async fn quantiles(
        &self,
        group: &TargetGroup,
        from: Time,
        until: Time,
    ) -> Result<Option<Quantiles>> {
        let question = self.clients.question(Lane::Ordinary);
        let standing = self.standing(group, question).await?;
        let Some(balanced) = Balanced::of(&standing) else { return Ok(None) };
        let range = Range { from: from.minute(), until: until.minute() };
        let period = range.until - range.from;
        if period <= 0 {
            return Ok(None);
        }
        let [p50, p90, samples] = [Stat::Percentile(50), Stat::Percentile(90), Stat::SampleCount]
            .map(|it| balanced.latency(it));
        let queries = vec![p50.clone(), p90.clone(), samples.clone()];
        let client = self.clients.of(&group.account).await;
        // One period over all of it: quantiles of parts cannot be put together.
        let mut read = fetch(&client, Batch { queries, range, period }, question).await;
        let mut points = |query: &Query| read.remove(query).unwrap_or_else(|| Err(left_out()));
        let (p50, p90, samples) = (points(&p50)?, points(&p90)?, points(&samples)?);
        Ok(mean(&p50, &samples).zip(mean(&p90, &samples)).map(|(p50, p90)| Quantiles { p50, p90 }))
    }

    fn settle(&self) -> Span {
        SETTLE
    }
}

/// Adds what an ask needs.
fn want(wanted: &mut BTreeMap<Arc<Aws>, Wanted>, ask: &MinuteAsk, series: &Series, range: Range) {
    let (of_group, of_service) = queries(ask, series);
    let mut add = |account: &Arc<Aws>, query: Query| {
        let all = wanted.entry(Arc::clone(account)).or_default();
        all.entry(query).and_modify(|known| *known = known.and(range)).or_insert(range);
    };
    for query in of_group {
        add(&ask.group.account, query);
    }
    add(&ask.service.account, of_service);
}

/// A latency in seconds over its periods, weighed by their samples: exact for the one period that
/// is asked for, and near where CloudWatch cuts it in two at a boundary of its own.
fn mean(seconds: &Points, samples: &Points) -> Option<Span> {
    let weighed = seconds.iter().filter_map(|(at, value)| Some((*value, *samples.get(at)?)));
    let (sum, weight) = weighed
        .fold((0.0, 0.0), |(sum, weight), (value, count)| (sum + value * count, weight + count));
    (weight > 0.0).then(|| millis(1_000.0 * sum / weight))
}

/// Milliseconds as a span, one at least: no answer takes no time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped between 1 and a day of milliseconds"
)]
fn millis(ms: f64) -> Span {
    Span::from_millis((ms + 0.5).clamp(1.0, 86_400_000.0) as u64)
}

fn left_out() -> Error {
    Error::new(ErrorKind::Partial, DESCRIBE_GROUPS, "the answer leaves it out")
}
