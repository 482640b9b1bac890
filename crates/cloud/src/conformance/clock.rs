//! Claims on [`Clock`](crate::Clock).

use model::Span;

use super::Harness;

/// After sleeping, the time is at least what was slept for.
///
/// # Panics
/// When it is not.
pub async fn sleeping_reaches_its_time(harness: &impl Harness) {
    let clock = &harness.cloud().clock;
    for span in [Span::from_millis(1), Span::from_secs(7), Span::from_mins(3)] {
        let until = clock.now() + span;
        clock.sleep_until(until).await;
        assert!(clock.now() >= until, "slept until {until}, and it is {}", clock.now());
    }
}

/// Sleeping until the past returns, and the time does not go back.
///
/// # Panics
/// When it does.
pub async fn time_never_goes_back(harness: &impl Harness) {
    let clock = &harness.cloud().clock;
    let before = clock.now();
    clock.sleep_until(before - Span::from_hours(1)).await;
    assert!(clock.now() >= before, "it was {before} and is {}", clock.now());
}
