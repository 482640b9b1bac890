//! `kind: World`: what one service's tasks, starts and metrics are like.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiVersion, Objective};

/// `kind: World`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum WorldKind {
    /// The only value.
    #[default]
    World,
}

/// The physics that policies are replayed and tuned against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct World {
    /// `ferry/v1`.
    pub api_version: ApiVersion,
    /// `World`.
    pub kind: WorldKind,
    /// Size of a task in vCPU.
    pub vcpu: f64,
    /// CPU milliseconds that one request costs, sidecars included.
    pub cpu_ms_per_request: f64,
    /// vCPU that a task uses without requests.
    pub idle_vcpu: f64,
    /// How strongly latency bends with utilisation.
    pub kappa: f64,
    /// Latency of an idle task, log-normal.
    pub base_latency: BaseLatency,
    /// How tasks start.
    pub start: TaskStart,
    /// vCPU that a starting task uses.
    pub boot_vcpu: f64,
    /// Seconds that a stopping task is still billed.
    pub drain_s: f64,
    /// Seconds after which a client gives up.
    pub timeout_s: f64,
    /// How metrics are published.
    pub metric: Metric,
    /// What a slow request is, and how many there may be.
    pub slo: WorldSlo,
    /// The least tasks.
    pub min: u32,
    /// The most tasks.
    pub max: u32,
}

/// Latency of an idle task, log-normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaseLatency {
    /// Median in milliseconds.
    pub median_ms: f64,
    /// 99th percentile in milliseconds.
    pub p99_ms: f64,
}

/// How tasks start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskStart {
    /// Median seconds from the order to running, log-normal.
    pub median_s: f64,
    /// Standard deviation of its logarithm.
    pub sigma: f64,
    /// Seconds from running to taking traffic.
    pub health_s: f64,
    /// The most tasks launched in ten seconds.
    pub launches_per10s: u32,
}

/// How metrics are published.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metric {
    /// Seconds that one value covers.
    pub period_s: f64,
    /// Seconds from the end of the period until it can be read.
    pub lag_s: f64,
    /// Relative standard deviation of its noise.
    pub noise: f64,
}

/// What a slow request is, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldSlo {
    /// Slower than this is slow, in milliseconds.
    pub threshold_ms: f64,
    /// The part of requests that must not be slow.
    pub objective: Objective,
}
