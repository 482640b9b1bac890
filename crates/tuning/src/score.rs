//! What a replay comes to.

use serde::Serialize;

/// US dollars for a vCPU and hour of Linux on x86 on Fargate in us-east-1 (AWS Fargate pricing,
/// 2026). Memory is not in a world, so it is not in the cost.
pub const USD_PER_VCPU_HOUR: f64 = 0.040_48;

/// Totals of a replay without its first hour.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// Requests that were slow or gave up.
    pub slow: f64,
    /// All requests.
    pub requests: f64,
    /// Minutes in which more than 5 % of requests were slow.
    pub bad_minutes: u32,
    /// Seconds of tasks that are billed: from the order to the end of the drain.
    pub task_seconds: f64,
    /// The most tasks that served at once.
    pub peak_tasks: u32,
    /// Times that the desired count was set.
    pub actions: u32,
}

impl Score {
    /// The part of requests that were slow; 1 where there was none, since nothing was shown.
    #[must_use]
    pub fn slow_fraction(&self) -> f64 {
        if self.requests > 0.0 { self.slow / self.requests } else { 1.0 }
    }

    /// Hours of tasks that are billed.
    #[must_use]
    pub fn task_hours(&self) -> f64 {
        self.task_seconds / 3_600.0
    }

    /// The totals as operators read them; `vcpu` of a task gives its price.
    #[must_use]
    pub fn summary(&self, vcpu: f64) -> Summary {
        let task_hours = self.task_hours();
        Summary {
            slow_percent: round(100.0 * self.slow_fraction(), 1_000.0),
            bad_minutes: f64::from(self.bad_minutes),
            task_hours: round(task_hours, 10.0),
            peak_tasks: self.peak_tasks,
            actions: f64::from(self.actions),
            cost_usd: round(task_hours * vcpu * USD_PER_VCPU_HOUR, 100.0),
        }
    }
}

/// Totals as operators read them, a mean where several seeds were replayed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Percent of requests that were slow.
    pub slow_percent: f64,
    /// Minutes in which more than 5 % of requests were slow.
    pub bad_minutes: f64,
    /// Hours of tasks that are billed.
    pub task_hours: f64,
    /// The most tasks that served at once.
    pub peak_tasks: u32,
    /// Times that the desired count was set.
    pub actions: f64,
    /// What their CPU costs on Fargate, in US dollars.
    pub cost_usd: f64,
}

impl Summary {
    /// The mean of several replays of one length, the highest peak of all; `None` of none.
    #[must_use]
    pub fn mean(scores: &[Score], vcpu: f64) -> Option<Self> {
        let count = f64::from(u32::try_from(scores.len()).ok().filter(|count| *count > 0)?);
        let mean = |of: fn(&Score) -> f64| scores.iter().map(of).sum::<f64>() / count;
        let task_hours = mean(Score::task_hours);
        Some(Self {
            slow_percent: round(100.0 * mean(Score::slow_fraction), 1_000.0),
            bad_minutes: round(mean(|score| f64::from(score.bad_minutes)), 10.0),
            task_hours: round(task_hours, 10.0),
            peak_tasks: scores.iter().map(|score| score.peak_tasks).max().unwrap_or(0),
            actions: round(mean(|score| f64::from(score.actions)), 10.0),
            cost_usd: round(task_hours * vcpu * USD_PER_VCPU_HOUR, 100.0),
        })
    }
}

/// To one part in `parts`: more digits than the model is worth would only be noise in a file.
pub(crate) fn round(value: f64, parts: f64) -> f64 {
    libm::round(value * parts) / parts
}
