//! What goes over the wire, the same types for the server and for whoever asks it.

use std::collections::{BTreeMap, BTreeSet};

use model::capacity::Capacity;
use model::condition::ConditionType;
use model::plan::Reason;
use model::spec::Migration;
use model::status::Status;
use model::verdict::{Coverage, Verdict};
use model::{PerSide, Share, Time};
use serde::{Deserialize, Serialize};

/// A migration in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Counts the versions of its file, from 1.
    pub generation: u64,
    /// What an operator's word refers to, for `If-Match`.
    pub revision: String,
    /// Wanted, set and measured share, in parts per thousand.
    pub share: Shares,
    /// Tasks of both sides.
    pub tasks: PerSide<Option<Tasks>>,
    /// 99th percentile of latency of the newest settled minute.
    pub p99_ms: PerSide<Option<f64>>,
    /// What the judge says: advance, hold, rollBack.
    pub verdict: String,
    /// What it is at, in a sentence.
    pub doing: String,
    /// Since when `Succeeded` has its status.
    pub since: Option<Time>,
    /// Conditions that hold and that a person would want to know of.
    pub conditions: Vec<ConditionType>,
}

/// Wanted, set and measured share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shares {
    /// What Ferry works towards now.
    pub wanted: Option<Share>,
    /// What the live weights say.
    pub set: Option<Share>,
    /// What request counts say.
    pub measured: Option<Share>,
}

/// Tasks of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tasks {
    /// Asked for.
    pub desired: u32,
    /// Running.
    pub running: u32,
    /// Passing health checks; `None` where that is not known.
    pub healthy: Option<u32>,
}

/// A migration with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// The list's line of it.
    pub summary: Summary,
    /// The file.
    pub migration: Migration,
    /// What is remembered, conditions included.
    pub status: Status,
    /// When it was last looked at.
    pub seen_at: Time,
    /// What the judge says, with its evidence.
    pub verdict: Verdict,
    /// What the last pass decided.
    pub plan: Planned,
    /// What the audit said of it.
    pub findings: Vec<String>,
    /// Minutes and counts of the newest settled minute.
    pub latest: PerSide<Latest>,
    /// What a proof must have seen besides enough requests; `None` where nothing is asked or the
    /// past is not known yet.
    pub coverage: Option<Coverage>,
    /// What a task of each side carries, and where that is known from.
    #[serde(default)]
    pub capacity: Capacity,
}

/// What the last pass decided, word for word.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// When.
    pub at: Option<Time>,
    /// Each rule and gate that spoke, in order.
    pub lines: Vec<Spoken>,
    /// What is done, in order.
    pub actions: Vec<Done>,
    /// The next step that is worked towards.
    pub next: Option<Share>,
}

/// What one rule or gate said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spoken {
    /// Which.
    pub rule: String,
    /// open, done or refused.
    pub said: String,
    /// In a sentence; empty where it is open.
    pub message: String,
    /// When it opens by itself, where that is known.
    pub opens_at: Option<Time>,
    /// Why it is refused, for programs; `None` where it is not.
    pub reason: Option<Reason>,
}

/// What the last pass decided, and the calendar of what follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    /// The migration.
    pub name: String,
    /// What it is at, in a sentence.
    pub doing: String,
    /// What the last pass decided.
    pub now: Planned,
    /// What stands in the way and ends at no known time, in sentences. The calendar says what
    /// follows once it is gone.
    pub in_the_way: Vec<String>,
    /// What follows, in order of time, if every verdict is good.
    pub calendar: Vec<Coming>,
    /// Where the calendar ends.
    pub end: End,
}

/// Something that will happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coming {
    /// The earliest time at which it can.
    pub at: Time,
    /// When it comes if the proof of the present step comes at its present rate, where that is
    /// later.
    pub expected: Option<Time>,
    /// What.
    pub what: Milestone,
    /// The share on Fargate from then on, in parts per thousand.
    pub share: Share,
    /// What it waits for last: settling, dwell, highLoad, surge, proof, window, freeze, operator,
    /// bake, quiet.
    pub bound: Option<String>,
    /// The same in words; empty where nothing is waited for.
    pub why: String,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Milestone {
    /// A step forward.
    Step,
    /// The end of the bake.
    Baked,
    /// The end of the drain.
    Drained,
}

/// Where a calendar ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// How.
    pub kind: EndKind,
    /// When, where it ends before all is done.
    pub at: Option<Time>,
    /// In a sentence.
    pub message: String,
}

/// How a calendar ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndKind {
    /// All is done.
    Drained,
    /// The share that is asked for is held.
    Held,
    /// Something stands in the way from then on, and ends at no known time.
    Stopped,
    /// It is not known yet.
    Unknown,
}

/// One change and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// What.
    pub action: String,
    /// What the world said.
    pub answer: String,
}

/// The newest settled minute of a side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Latest {
    /// 99th percentile of latency in milliseconds.
    pub p99_ms: Option<f64>,
    /// Requests per minute.
    pub requests_per_minute: Option<f64>,
    /// Slow requests over all requests.
    pub slow_ratio: Option<f64>,
}

/// A migration whose file is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// Its name.
    pub name: String,
    /// The live share when it was last looked at.
    pub share: Option<Share>,
    /// The bounds that `release` restores, as `min..max`.
    pub saved: PerSide<Option<String>>,
    /// The floors that were promised last.
    pub floors: PerSide<Option<u32>>,
}

/// The list of migrations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    /// When they were last looked at.
    pub at: Option<Time>,
    /// Those that are managed.
    pub items: Vec<Summary>,
    /// Those whose file is gone.
    pub orphans: Vec<Orphan>,
}

/// Of the daemon itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonStatus {
    /// Its version.
    pub version: String,
    /// When it last went over everything.
    pub at: Option<Time>,
    /// The files.
    pub configuration: Configuration,
    /// Whether this process is the one that acts.
    pub is_leader: bool,
    /// Which process acts, where another one does.
    pub leader: Option<String>,
    /// Why nothing can be recorded, if so.
    pub store_problem: Option<String>,
}

/// The directory of files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// How many files there are.
    pub files: usize,
    /// SHA-256 of what was taken.
    pub hash: String,
    /// When all of it was last taken.
    pub loaded_at: Option<Time>,
    /// What is wrong with it, with places; what stood before goes on.
    pub problems: Vec<String>,
    /// Names whose removal waits for a confirmation.
    pub unconfirmed: BTreeSet<String>,
}

/// What became of an operator's word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    /// The migration.
    pub name: String,
    /// Its revision now.
    pub revision: String,
    /// What follows from it.
    pub message: String,
}

/// What `release` did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    /// Each change and its answer; none: there was nothing to restore.
    pub done: Vec<Done>,
}

/// Names whose removal is confirmed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Confirmation {
    /// Exactly those that wait.
    pub names: BTreeSet<String>,
}

/// A page of history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Newest first, or oldest first where `after` was asked with.
    pub entries: Vec<store::Numbered>,
    /// Ask with `before` this, or with `after` this where that was asked with, for the next page;
    /// `None` at the end.
    pub next: Option<u64>,
}

/// A request that was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What, where, and what to do.
    pub error: String,
}
