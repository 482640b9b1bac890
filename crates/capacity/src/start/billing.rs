//! What a Fargate task is billed for.

use model::{Span, Time};

/// The least time a Linux task on Fargate is billed for (AWS Fargate pricing).
pub const FARGATE_BILLED_MIN: Span = Span::from_secs(60);

/// The time one Fargate task is billed for: from the image pull to the end, by the second, at
/// least a minute.
///
/// `stopped` is when the task ended, which is its drain later than the scale-in. A task that was
/// stopped before its pull began costs nothing.
#[must_use]
pub fn billed(pull_started: Time, stopped: Time) -> Span {
    if stopped <= pull_started {
        return Span::ZERO;
    }
    let seconds = stopped.since(pull_started).as_millis().div_ceil(1_000);
    Span::from_secs(seconds).max(FARGATE_BILLED_MIN)
}
