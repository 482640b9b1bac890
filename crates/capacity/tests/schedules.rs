//! Schedule expressions: at, rate and cron in IANA time zones.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]

use capacity::scaling::Schedule;
use model::Time;
use proptest::prelude::*;

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// The first firings after `from`, as RFC 3339 in UTC.
fn firings(expression: &str, zone: Option<&str>, from: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(expression, zone, time(from)).unwrap();
    let mut at = time(from);
    let mut found = Vec::new();
    while let Some(next) = schedule.next_after(at).filter(|_| found.len() < count) {
        found.push(next.to_string());
        at = next;
    }
    found
}

#[test]
fn expressions_fire_when_aws_says() {
    let (utc, tokyo) = (None, Some("Asia/Tokyo"));
    let from = "2026-01-05T00:00:00Z"; // a Monday
    let checks: [(&str, Option<&str>, &[&str]); 14] = [
        ("at(2026-01-05T09:30:00)", tokyo, &["2026-01-05T00:30:00Z"]),
        ("at(2026-01-05T00:00:00)", utc, &[]),
        ("rate(1 minute)", utc, &["2026-01-05T00:01:00Z", "2026-01-05T00:02:00Z"]),
        ("rate(12 hours)", utc, &["2026-01-05T12:00:00Z", "2026-01-06T00:00:00Z"]),
        ("cron(0 12 * * ? *)", tokyo, &["2026-01-05T03:00:00Z", "2026-01-06T03:00:00Z"]),
        (
            "cron(0/30 9-10 ? * MON-FRI *)",
            utc,
            &[
                "2026-01-05T09:00:00Z",
                "2026-01-05T09:30:00Z",
                "2026-01-05T10:00:00Z",
                "2026-01-05T10:30:00Z",
                "2026-01-06T09:00:00Z",
            ],
        ),
        ("cron(0 0 L * ? *)", utc, &["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"]),
        ("cron(0 0 LW * ? *)", utc, &["2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z"]),
        // 1 February 2026 is a Sunday, 15 February a Sunday.
        ("cron(0 0 1W FEB ? 2026)", utc, &["2026-02-02T00:00:00Z"]),
        ("cron(0 0 15W FEB ? 2026)", utc, &["2026-02-16T00:00:00Z"]),
        ("cron(0 0 ? * 6L *)", utc, &["2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z"]),
        ("cron(0 0 ? * 3#2 *)", utc, &["2026-01-13T00:00:00Z", "2026-02-10T00:00:00Z"]),
        ("cron(0 0 29 2 ? *)", utc, &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("cron(0 0 30 2 ? *)", utc, &[]),
    ];
    for (expression, zone, expected) in checks {
        assert_eq!(
            firings(expression, zone, from, expected.len().max(1)),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn daylight_saving_moves_the_instant_and_loses_no_day() {
    let zone = Some("America/New_York");
    // Clocks go forward on 8 March 2026 at 02:00 and back on 1 November at 02:00.
    assert_eq!(
        firings("cron(30 2 * * ? *)", zone, "2026-03-07T00:00:00Z", 3),
        ["2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"]
    );
    assert_eq!(
        firings("cron(30 1 * * ? *)", zone, "2026-11-01T00:00:00Z", 2),
        ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
    );
}

#[test]
fn what_cannot_be_read_is_refused_with_the_expression() {
    for expression in [
        "",
        "noon",
        "at(yesterday)",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(2 minute)",
        "rate(5)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(0 12 * * ?)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 32 * ? *)",
        "cron(0 0 * 13 ? *)",
        "cron(5-1 0 * * ? *)",
        "cron(*/0 0 * * ? *)",
        "cron(0 0 ? * 8 *)",
        "cron(0 0 ? * 2#6 *)",
        "cron(0 0 W * ? *)",
        "cron(0 0 * * ? 1969)",
    ] {
        let refused = Schedule::parse(expression, None, time("2026-01-05T00:00:00Z")).unwrap_err();
        assert!(refused.to_string().contains(&format!("`{expression}`")), "{refused}");
    }
    let zone = Schedule::parse("rate(1 day)", Some("Mars/Olympus"), time("2026-01-05T00:00:00Z"));
    assert!(zone.unwrap_err().to_string().contains("Mars/Olympus"));
}

proptest! {
    #[test]
    fn no_text_panics_and_time_always_goes_on(
        text in "(at|rate|cron)\\([0-9A-Z*?/#,LW -]{0,24}\\)",
        millis in -62_000_000_000_000_i64..200_000_000_000_000,
    ) {
        let time = Time::from_millis(millis);
        if let Ok(schedule) = Schedule::parse(&text, Some("Europe/Berlin"), time)
            && let Some(next) = schedule.next_after(time)
        {
            prop_assert!(next > time);
        }
    }
}
