//! How fast tasks may be launched.

use std::collections::VecDeque;

use model::{Span, Time};
use serde::{Deserialize, Serialize};

/// Limits on launching tasks (Amazon ECS developer guide, "Fargate throttling quotas" and service
/// quotas).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LaunchLimits {
    /// Tokens the bucket holds: 100 on Fargate.
    pub burst: u32,
    /// Tokens that come back each second: 20 on Fargate.
    pub per_second: u32,
    /// The scheduler's own limit for a service in any minute: 500.
    pub per_minute: Option<u32>,
}

impl Default for LaunchLimits {
    fn default() -> Self {
        Self { burst: 100, per_second: 20, per_minute: Some(500) }
    }
}

/// A token bucket with a limit on any sixty seconds beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchRate {
    limits: LaunchLimits,
    /// Thousandths of a token: what comes back in a millisecond is then a whole number.
    tokens_milli: u64,
    filled_at: Time,
    /// Launches of the last minute, oldest first.
    recent: VecDeque<(Time, u32)>,
    recent_count: u32,
}

impl LaunchRate {
    /// A full bucket.
    #[must_use]
    pub fn new(limits: LaunchLimits, now: Time) -> Self {
        let tokens_milli = u64::from(limits.burst) * 1_000;
        Self { limits, tokens_milli, filled_at: now, recent: VecDeque::new(), recent_count: 0 }
    }

    /// Takes as many launches as there may be at `now`, at most `wanted`.
    pub fn take(&mut self, now: Time, wanted: u32) -> u32 {
        let came = now.since(self.filled_at).as_millis();
        let came = came.saturating_mul(u64::from(self.limits.per_second));
        let full = u64::from(self.limits.burst) * 1_000;
        self.tokens_milli = self.tokens_milli.saturating_add(came).min(full);
        self.filled_at = self.filled_at.max(now);
        while let Some((at, count)) = self.recent.front().copied() {
            if now.since(at) < Span::from_secs(60) {
                break;
            }
            self.recent.pop_front();
            self.recent_count -= count;
        }
        let tokens = u32::try_from(self.tokens_milli / 1_000).unwrap_or(u32::MAX);
        let left =
            self.limits.per_minute.map_or(u32::MAX, |most| most.saturating_sub(self.recent_count));
        let taken = wanted.min(tokens).min(left);
        if taken > 0 {
            self.tokens_milli -= u64::from(taken) * 1_000;
            if self.limits.per_minute.is_some() {
                self.recent.push_back((now, taken));
                self.recent_count += taken;
            }
        }
        taken
    }
}
