//! The queue that builds up while requests come faster than they are served.

/// Requests waiting in front of a group of equal tasks, as a fluid.
///
/// `Q' = arrivals - capacity`, never below zero, and never longer than clients wait.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Backlog {
    requests: f64,
}

/// What one step did to a backlog.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BacklogStep {
    /// How long a request of this step waited behind the backlog on average, in seconds.
    pub delay_seconds: f64,
    /// Requests that gave up in this step.
    pub dropped: f64,
}

impl Backlog {
    /// Requests that wait.
    #[must_use]
    pub const fn requests(&self) -> f64 {
        self.requests
    }

    /// Whether any request waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests <= 0.0
    }

    /// Lets `seconds` pass with `arrivals` and `capacity` in requests per second.
    ///
    /// A request that would wait longer than `timeout_seconds` gives up and is counted as
    /// dropped. Without any capacity every request is dropped, after a wait of the whole timeout.
    /// Numbers that are not finite or are negative count as zero capacity and zero arrivals.
    pub fn step(
        &mut self,
        arrivals: f64,
        capacity: f64,
        seconds: f64,
        timeout_seconds: f64,
    ) -> BacklogStep {
        let number = |v: f64| if v.is_finite() { v.max(0.0) } else { 0.0 };
        let (arrivals, capacity) = (number(arrivals), number(capacity));
        let (seconds, timeout_seconds) = (number(seconds), number(timeout_seconds));
        if capacity <= 0.0 {
            let dropped = self.requests + arrivals * seconds;
            self.requests = 0.0;
            let delay_seconds = if dropped > 0.0 { timeout_seconds } else { 0.0 };
            return BacklogStep { delay_seconds, dropped };
        }
        let before = self.requests;
        // What nearly every step comes to, without its division.
        if before <= 0.0 && arrivals <= capacity {
            self.requests = 0.0;
            return BacklogStep { delay_seconds: 0.0, dropped: 0.0 };
        }
        let wanted = (before + (arrivals - capacity) * seconds).max(0.0);
        let longest = timeout_seconds * capacity;
        let after = wanted.min(longest);
        self.requests = after;
        BacklogStep {
            delay_seconds: 0.5 * (before.min(longest) + after) / capacity,
            dropped: wanted - after,
        }
    }
}
