//! What is really so, for tests that hold the world against promises.

use model::observation::Bounds;
use model::{PerSide, Share, Time};

/// The state of an application at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The moment.
    pub at: Time,
    /// The largest share that any route's weights say.
    pub share_max: Share,
    /// The share that all weights say together, weighed by their traffic.
    pub share_written: f64,
    /// The share of requests that reaches Fargate.
    pub share_realised: f64,
    /// Requests per second of both sides together.
    pub demand_rps: f64,
    /// The two sides.
    pub sides: PerSide<SideTruth>,
}

/// The state of one side at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideTruth {
    /// Desired count.
    pub desired: u32,
    /// Running, healthy or not.
    pub running: u32,
    /// Healthy targets.
    pub healthy: u32,
    /// Launched, not yet running.
    pub pending: u32,
    /// Of the scalable target.
    pub bounds: Option<Bounds>,
    /// Requests per second that healthy tasks can serve at most.
    pub capacity_rps: f64,
    /// Requests per second that healthy tasks serve within 1 % slow requests.
    pub safe_rps: f64,
    /// Requests per second that one task serves within 1 % slow requests.
    pub safe_per_task_rps: f64,
    /// Latency compared with the first release.
    pub release_factor: f64,
}

/// One minute of an application.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minute {
    /// The minute, counted from the epoch.
    pub minute: i64,
    /// The share that the weights said at its end.
    pub share_written: f64,
    /// The share of expected requests that reached Fargate.
    pub share_realised: f64,
    /// The two sides.
    pub sides: PerSide<SideMinute>,
}

/// One minute of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideMinute {
    /// Requests that reached the side.
    pub requests: u64,
    /// Answered later than the application's threshold.
    pub slow: u64,
    /// Failed, the unanswered included.
    pub errors: u64,
    /// Without an answer from a task.
    pub unanswered: u64,
    /// Healthy targets, the lowest of the minute.
    pub healthy_min: u32,
    /// Tasks running at its end.
    pub running: u32,
}
