//! Minutes of a side, put together from series.
//!
//! What is absent, by what the balancer says it reports:
//!
//! ```text
//! RequestCount absent              nothing is known of requests, errors or latency
//! ..5XX, ConnectionError absent    none: "Reporting criteria: There is a nonzero value"
//! TC(t:) absent                    none, if the slowest answer was not slower than t, or if the
//!                                  balancer answered every request itself; otherwise not known:
//!                                  CloudWatch does not promise a zero
//! HealthyHostCount, CPU absent     not known
//! ```

use std::collections::{BTreeMap, BTreeSet};

use cloud::{MinuteAsk, Result, SideMinute};
use model::Span;
use model::minute::Counts;

use super::query::{Balanced, Query, Series};

/// The values of a series by minute.
pub(super) type Points = BTreeMap<i64, f64>;

/// The series that were read.
pub(super) trait Readings {
    /// The values of a series, or why there are none.
    fn points(&self, query: &Query) -> Result<&Points>;
}

/// The minutes of an ask, oldest first, up to `until`: where nothing at all is known of a
/// minute, it is left out. A series that could not be read fails the ask: with one of them
/// missing, absent would not be zero.
pub(super) fn assemble(
    ask: &MinuteAsk,
    series: &Series,
    of_group: &impl Readings,
    of_service: &impl Readings,
    until: i64,
) -> Result<Vec<SideMinute>> {
    let cpu = of_service.points(&series.cpu)?;
    let balanced = match &series.balanced {
        Some(balanced) => Some(Columns::read(balanced, ask, of_group)?),
        None => None,
    };
    let mut minutes: BTreeSet<i64> = cpu.keys().copied().collect();
    if let Some(columns) = &balanced {
        minutes.extend(columns.requests.keys().chain(columns.healthy.keys()));
    }
    let row = |minute: i64| {
        let value = |points: &Points| points.get(&minute).copied();
        let columns = balanced.as_ref();
        let counts = columns.map_or_else(Counts::default, |columns| columns.counts(minute));
        let has_requests = counts.requests.is_some();
        let milliseconds = |points: &Points| value(points).map(|seconds| seconds * 1_000.0);
        SideMinute {
            minute,
            counts,
            healthy: columns
                .and_then(|columns| value(columns.healthy))
                .and_then(whole)
                .and_then(|count| u32::try_from(count).ok()),
            cpu_percent: value(cpu),
            p50_ms: columns.filter(|_| has_requests).and_then(|it| milliseconds(it.median)),
            p99_ms: columns.filter(|_| has_requests).and_then(|it| milliseconds(it.p99)),
        }
    };
    Ok(minutes.range(ask.from..until.max(ask.from)).map(|minute| row(*minute)).collect())
}

/// The series of a group at its balancer, read.
struct Columns<'a> {
    requests: &'a Points,
    failed: &'a Points,
    unconnected: &'a Points,
    refused: Option<&'a Points>,
    slowest: &'a Points,
    median: &'a Points,
    p99: &'a Points,
    healthy: &'a Points,
    slow: [Option<(Span, &'a Points)>; 4],
}

impl<'a> Columns<'a> {
    fn read(balanced: &Balanced, ask: &MinuteAsk, readings: &'a impl Readings) -> Result<Self> {
        let read = |query: &Query| readings.points(query);
        let slow = |threshold: Option<Span>| match threshold {
            Some(span) => read(&balanced.slower_than(span)).map(|points| Some((span, points))),
            None => Ok(None),
        };
        let thresholds = &ask.thresholds;
        Ok(Self {
            requests: read(&balanced.requests)?,
            failed: read(&balanced.failed)?,
            unconnected: read(&balanced.unconnected)?,
            refused: balanced.refused.as_ref().map(read).transpose()?,
            slowest: read(&balanced.slowest)?,
            median: read(&balanced.median)?,
            p99: read(&balanced.p99)?,
            healthy: read(&balanced.healthy)?,
            slow: [
                slow(thresholds.slow)?,
                slow(thresholds.slow_slo)?,
                slow(thresholds.slow_p90)?,
                slow(thresholds.slow_p50)?,
            ],
        })
    }

    fn counts(&self, minute: i64) -> Counts {
        let Some(requests) = self.requests.get(&minute).copied().and_then(whole) else {
            return Counts::default();
        };
        // A request is counted when it is taken and its answer when it is given, so that a
        // minute may have an answer too many at its edge.
        let of_requests = |count: u64| count.min(requests);
        let unanswered = self.unanswered(minute);
        let none = unanswered.filter(|unanswered| *unanswered >= requests).map(|_| 0);
        let [slow, slow_slo, slow_p90, slow_p50] =
            self.slow.map(|slow| self.slower(slow?, minute).or(none).map(of_requests));
        let failed = none_if_absent(self.failed, minute);
        let errors = failed.zip(unanswered).map(|(failed, rest)| failed.saturating_add(rest));
        Counts {
            requests: Some(requests),
            slow,
            slow_slo,
            slow_p90,
            slow_p50,
            errors: errors.map(of_requests),
        }
    }

    /// Requests that the balancer could not bring to a target, or got no answer to. A connection
    /// that failed is behind an answer of the balancer's own, and where that one is known too,
    /// the same requests are not counted twice.
    fn unanswered(&self, minute: i64) -> Option<u64> {
        let unconnected = none_if_absent(self.unconnected, minute)?;
        match self.refused {
            Some(refused) => Some(unconnected.max(none_if_absent(refused, minute)?)),
            None => Some(unconnected),
        }
    }

    fn slower(&self, (threshold, points): (Span, &Points), minute: i64) -> Option<u64> {
        if let Some(count) = points.get(&minute) {
            return whole(*count);
        }
        let slowest = self.slowest.get(&minute)?;
        (*slowest <= threshold.secs_f64()).then_some(0)
    }
}

/// A count that is reported only where it is not zero.
fn none_if_absent(points: &Points, minute: i64) -> Option<u64> {
    points.get(&minute).map_or(Some(0), |value| whole(*value))
}

/// A count, which CloudWatch gives as a floating-point number; `None` for what is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between 0 and 2^53"
)]
fn whole(value: f64) -> Option<u64> {
    /// Beyond it not every whole number is one of floating point.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    (0.0..=EXACT_MAX).contains(&value).then_some((value + 0.5) as u64)
}

#[cfg(test)]
mod tests;
