//! Settled minutes and quantiles of a side.

use async_trait::async_trait;
use model::minute::Counts;
use model::route::ServiceId;
use model::{Span, Time};

use crate::{Result, TargetGroup};

/// Minutes of one side that are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct MinuteAsk {
    /// The side's service, for CPU.
    pub service: ServiceId,
    /// The side's target group, for requests and latency.
    pub group: TargetGroup,
    /// Latency thresholds, each counting requests slower than it.
    pub thresholds: Thresholds,
    /// The first minute asked for.
    pub from: i64,
    /// The first minute not asked for.
    pub until: i64,
}

/// Latency thresholds of one side; a missing one is not asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// The SLO's own threshold.
    pub slow: Option<Span>,
    /// The comparison thresholds: at the SLO, at EC2's 90th percentile, at its median.
    pub slow_slo: Option<Span>,
    /// See `slow_slo`.
    pub slow_p90: Option<Span>,
    /// See `slow_slo`.
    pub slow_p50: Option<Span>,
}

/// One minute of one side, as complete as the source has it.
#[derive(Debug, Clone, PartialEq)]
pub struct SideMinute {
    /// The minute, counted from the epoch.
    pub minute: i64,
    /// Counts; `requests: None` when the source has nothing for the minute. Where requests
    /// are known, absent errors are zero errors: the balancer reports only what happened.
    pub counts: Counts,
    /// Healthy targets, the lowest of the minute.
    pub healthy: Option<u32>,
    /// Mean CPU of the service in percent of what it reserves.
    pub cpu_percent: Option<f64>,
    /// Median latency in milliseconds, for people.
    pub p50_ms: Option<f64>,
    /// 99th percentile of latency in milliseconds, for people.
    pub p99_ms: Option<f64>,
}

/// Latency quantiles of a side over a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles {
    /// Median.
    pub p50: Span,
    /// 90th percentile.
    pub p90: Span,
}

/// A source of minutes.
#[async_trait]
pub trait Signals: Send + Sync {
    /// Complete, aligned minutes for each ask, in the order asked, oldest first. A minute that
    /// the source does not have yet is absent, or there with `requests: None`.
    async fn minutes(&self, asks: &[MinuteAsk]) -> Vec<Result<Vec<SideMinute>>>;

    /// Latency quantiles of a side's traffic between two times, `None` without traffic.
    ///
    /// # Errors
    /// `NotFound` for an unknown target group; transport kinds.
    async fn quantiles(
        &self,
        group: &TargetGroup,
        from: Time,
        until: Time,
    ) -> Result<Option<Quantiles>>;

    /// How long after its end a minute is complete: asking earlier gives less.
    fn settle(&self) -> Span;
}
