//! Claims on [`Signals`](crate::Signals).

use model::{Span, Time};

use super::{Harness, missing_group, only};
use crate::signals::{SideMinute, Thresholds};
use crate::{ErrorKind, MinuteAsk};

/// Half an hour of traffic, settled; gives the first minute and the one after the last.
async fn settled(harness: &impl Harness) -> (i64, i64) {
    let cloud = harness.cloud();
    let from = cloud.clock.now().minute() + 1;
    harness.advance(Span::from_mins(30)).await;
    let until = (cloud.clock.now() - cloud.signals.settle()).minute();
    assert!(until > from + 10, "minutes settle within twenty minutes");
    (from, until)
}

fn ask(harness: &impl Harness, from: i64, until: i64) -> MinuteAsk {
    let span = |millis| Some(Span::from_millis(millis));
    MinuteAsk {
        service: harness.service(),
        group: harness.group(),
        thresholds: Thresholds {
            slow: span(300),
            slow_slo: span(330),
            slow_p90: span(120),
            slow_p50: span(50),
        },
        from,
        until,
    }
}

async fn minutes(harness: &impl Harness, ask: MinuteAsk) -> Vec<SideMinute> {
    only(harness.cloud().signals.minutes(&[ask]).await).expect("the harness has this group")
}

/// Answers keep the order of the questions, and a missing group spoils no other.
///
/// # Panics
/// When it is not so.
pub async fn answers_come_in_the_order_asked(harness: &impl Harness) {
    let (from, until) = settled(harness).await;
    let gone = MinuteAsk { group: missing_group(harness), ..ask(harness, from, until) };
    let asks = [gone, ask(harness, from, until), ask(harness, from, from + 1)];
    let answers = harness.cloud().signals.minutes(&asks).await;
    let found: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().map(Vec::len).map_err(|error| error.kind))
        .collect();
    let all = usize::try_from(until - from).expect("until is after from");
    assert_eq!(found, [Err(ErrorKind::NotFound), Ok(all), Ok(1)]);
}

/// After the settling time every minute is there, once, oldest first, with its requests.
///
/// # Panics
/// When one is not.
pub async fn settled_minutes_are_aligned_and_complete(harness: &impl Harness) {
    let (from, until) = settled(harness).await;
    let minutes = minutes(harness, ask(harness, from, until)).await;
    let numbers: Vec<i64> = minutes.iter().map(|minute| minute.minute).collect();
    assert_eq!(numbers, (from..until).collect::<Vec<_>>());
    for minute in &minutes {
        assert!(minute.counts.requests.is_some_and(|requests| requests > 0), "{minute:?}");
        assert!(minute.healthy.is_some_and(|healthy| healthy > 0), "{minute:?}");
        assert!(minute.cpu_percent.is_some_and(f64::is_finite), "{minute:?}");
    }
}

/// A balancer reports errors only where there are any: where requests are known, so are errors.
///
/// # Panics
/// When they are not.
pub async fn errors_are_known_where_requests_are(harness: &impl Harness) {
    let (from, until) = settled(harness).await;
    for minute in minutes(harness, ask(harness, from, until)).await {
        let counts = &minute.counts;
        assert_eq!(counts.requests.is_some(), counts.errors.is_some(), "{minute:?}");
        assert!(counts.errors <= counts.requests, "{minute:?}");
    }
}

/// More requests are slower than a short time than are slower than a long one.
///
/// # Panics
/// When fewer are.
pub async fn a_looser_threshold_never_counts_more(harness: &impl Harness) {
    let (from, until) = settled(harness).await;
    for minute in minutes(harness, ask(harness, from, until)).await {
        let counts = &minute.counts;
        let rising =
            [counts.slow_slo, counts.slow, counts.slow_p90, counts.slow_p50, counts.requests];
        assert!(rising.iter().all(Option::is_some), "all were asked for: {minute:?}");
        assert!(rising.is_sorted(), "{minute:?}");
    }
}

/// A settled minute does not change by being looked at.
///
/// # Panics
/// When it does.
pub async fn a_minute_asked_twice_is_the_same(harness: &impl Harness) {
    let (from, until) = settled(harness).await;
    let all = minutes(harness, ask(harness, from, until)).await;
    let again = minutes(harness, ask(harness, from, until)).await;
    assert_eq!(all, again);
    let one = minutes(harness, ask(harness, from + 3, from + 4)).await;
    assert_eq!(all.get(3..4), Some(one.as_slice()), "alone it is the same");
}

/// A side without traffic has no counts: not zero requests, not zero slow ones.
///
/// # Panics
/// When it has.
pub async fn no_data_is_not_zero(harness: &impl Harness) {
    let (from, until) = settled(harness).await;
    let idle = MinuteAsk {
        service: harness.bare_service(),
        group: harness.idle_group(),
        ..ask(harness, from, until)
    };
    for minute in minutes(harness, idle).await {
        let counts = &minute.counts;
        let known = [counts.requests, counts.slow, counts.slow_p50, counts.errors];
        assert!(known.iter().all(Option::is_none), "{minute:?}");
        assert_eq!((minute.p50_ms, minute.p99_ms), (None, None), "{minute:?}");
    }
}

/// A minute that is not over is not there.
///
/// # Panics
/// When it is, with requests.
pub async fn the_future_is_unknown(harness: &impl Harness) {
    settled(harness).await;
    let now = harness.cloud().clock.now().minute();
    for minute in minutes(harness, ask(harness, now, now + 5)).await {
        assert_eq!(minute.counts.requests, None, "{minute:?}");
    }
}

/// Quantiles are known where there was traffic, and only there.
///
/// # Panics
/// When it is not so.
pub async fn quantiles_need_traffic(harness: &impl Harness) {
    let (from, until) = settled(harness).await;
    let (from, until) = (Time::from_minute(from), Time::from_minute(until));
    let signals = &harness.cloud().signals;
    let busy = signals.quantiles(&harness.group(), from, until).await;
    let busy = busy.expect("the harness has this group").expect("it has traffic");
    assert!(Span::ZERO < busy.p50 && busy.p50 <= busy.p90, "{busy:?}");
    let idle = signals.quantiles(&harness.idle_group(), from, until).await;
    assert_eq!(idle.expect("the harness has this group"), None);
    let gone = signals.quantiles(&missing_group(harness), from, until).await;
    assert_eq!(gone.map_err(|error| error.kind), Err(ErrorKind::NotFound));
}
