//! Minutes: the rows of paired counts that all judging rests on.

use serde::{Deserialize, Serialize};

use crate::{Side, Time};

/// What one side did in one minute, as counts.
///
/// `None` means that the number is not known, never that it is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Requests that reached the side.
    pub requests: Option<u64>,
    /// Requests slower than the SLO's own threshold: what burns the budget.
    pub slow: Option<u64>,
    /// Requests slower than the SLO threshold, Fargate's at 1.10 times it: the comparison.
    pub slow_slo: Option<u64>,
    /// The same at EC2's own 90th percentile, frozen at the start.
    pub slow_p90: Option<u64>,
    /// The same at EC2's own median, frozen at the start.
    pub slow_p50: Option<u64>,
    /// Requests answered with a server error, the balancer's own included.
    pub errors: Option<u64>,
}

/// One row of the log that evidence is folded from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Minute {
    /// The minute, counted from the epoch (see [`Time::minute`]).
    pub minute: i64,
    /// Whose counts these are.
    pub side: Side,
    /// 0 for the first report of this minute and side, then 1, 2, … for corrections.
    pub revision: u32,
    /// When the counts were read.
    pub seen_at: Time,
    /// The counts.
    pub counts: Counts,
    /// What else was known of the side in that minute.
    pub context: Context,
}

/// What a side looked like in a minute; every part may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Context {
    /// Parts per thousand of traffic meant for Fargate by the live weights.
    pub share: Option<crate::Share>,
    /// Whether clients had time to follow those weights: evidence of a step starts here.
    pub settled: Option<bool>,
    /// Tasks that took traffic.
    pub tasks: Option<u32>,
    /// Healthy targets; zero with a share above zero is a dead side.
    pub healthy: Option<u32>,
    /// Requests per minute that one task carries safely, where a fit or rule knows it.
    pub safe_per_task: Option<u32>,
    /// Mean CPU of the service in hundredths of a percent.
    pub cpu_centi_percent: Option<u32>,
    /// The application release the side ran.
    pub release: Option<String>,
    /// Whether a deployment was under way on the side.
    pub deploying: Option<bool>,
    /// Whether a recurring surge of load was due in this minute.
    pub surge: Option<bool>,
}
