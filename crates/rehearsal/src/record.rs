//! What a rehearsal leaves behind: `ferry.rehearsal/1`.
//!
//! No wall-clock times and no paths: the same inputs and seed give the same bytes.

use std::collections::BTreeMap;

use model::status::Status;
use model::verdict::{Evidence, VerdictKind};
use model::{PerSide, Share, Time};
use serde::Serialize;

/// The schema's name, in every output.
pub const SCHEMA: &str = "ferry.rehearsal/1";

/// A whole rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The migration's name.
    pub name: String,
    /// The seed everything random came from.
    pub seed: u64,
    /// SHA-256 of each input file by what it is, as its option is called: `migration`, `load`,
    /// `fault`.
    pub inputs: BTreeMap<String, String>,
    /// The other options that shaped the run, by name, such as `days` and `scale`: with these,
    /// the seed and the start the command can be given again.
    pub options: BTreeMap<String, String>,
    /// The first instant.
    pub start: Time,
    /// The last instant reached.
    pub end: Time,
    /// How it ended.
    pub outcome: Outcome,
    /// What happened, in order, with an hourly sample in between.
    pub timeline: Vec<Entry>,
    /// The migration's status at the end.
    pub status: Status,
    /// Sums over the whole rehearsal.
    pub totals: Totals,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// A sample every few minutes, for plots; the timeline holds the hourly ones.
    #[serde(skip)]
    pub samples: Vec<Entry>,
    /// The latency SLO that plots draw their line at, in milliseconds.
    #[serde(skip)]
    pub latency_slo_ms: Option<f64>,
}

/// How a rehearsal ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Outcome {
    /// All traffic is on Fargate, baked and drained.
    Succeeded,
    /// Traffic went back to EC2 and stays there.
    RolledBack {
        /// Why.
        reason: String,
    },
    /// It cannot go on by itself.
    Stalled {
        /// The condition's reason.
        reason: String,
        /// In words.
        message: String,
    },
    /// The days were over first.
    Unfinished {
        /// What it was waiting for.
        waiting: String,
    },
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When.
    pub at: Time,
    /// What kind of line this is.
    #[serde(rename = "type")]
    pub kind: EntryKind,
    /// The share worked towards.
    pub share_wanted: Option<Share>,
    /// The share the live weights say.
    pub share_set: Option<Share>,
    /// The share that request counts say.
    pub share_measured: Option<Share>,
    /// Healthy tasks.
    pub tasks: PerSide<Option<u32>>,
    /// 99th percentile of latency in milliseconds, of the newest settled minute.
    pub p99_ms: PerSide<Option<f64>>,
    /// Requests per minute.
    pub requests_per_minute: PerSide<Option<f64>>,
    /// Slow requests over all requests, of the newest settled minute.
    pub slow_ratio: PerSide<Option<f64>>,
    /// What the judge says.
    pub verdict: VerdictKind,
    /// Why this line is here, or why nothing moves, as a sentence.
    pub reason: String,
    /// The evidence behind the verdict; in samples for plots only.
    #[serde(skip)]
    pub evidence: Option<Evidence>,
}

/// Kinds of timeline lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryKind {
    /// Taken every hour.
    Sample,
    /// Weights moved towards Fargate.
    Step,
    /// Weights moved back to EC2.
    RollBack,
    /// Bounds of a side were changed.
    Scaling,
    /// The verdict changed its kind.
    Verdict,
    /// A fault of the script began or ended.
    Fault,
    /// Anything else a person would want to know.
    Event,
    /// The rehearsal ended.
    End,
}

/// Sums over the whole rehearsal.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Requests of both sides.
    pub requests: u64,
    /// Requests slower than the latency SLO.
    pub slow: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Minutes in which more than 5 % of requests were slow.
    pub bad_minutes: u64,
    /// Task-hours billed.
    pub task_hours: PerSide<f64>,
    /// Each rollback.
    pub rollbacks: Vec<Rollback>,
    /// Writes sent to the world.
    pub writes: u64,
    /// All calls sent to the world.
    pub calls: u64,
    /// Minutes of load that the trace did not have and that were interpolated.
    pub load_gap_minutes: u64,
}

/// One rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollback {
    /// When the first write went out.
    pub at: Time,
    /// From which share.
    pub from: Share,
    /// Why.
    pub reason: String,
}

/// What a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// CamelCase, bounded in number.
    pub id: String,
    /// A full sentence with its remedy.
    pub message: String,
}
