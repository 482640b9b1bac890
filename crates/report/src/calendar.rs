//! Instants and spans as people write them, in UTC.

use jiff::Zoned;
use jiff::tz::TimeZone;
use model::{Span, Time};

/// Milliseconds in an hour.
pub(crate) const HOUR_MILLIS: f64 = 3_600_000.0;

/// `Mon 05 Jan 14:05`: one width for every instant, so that columns align.
pub(crate) fn moment(at: Time) -> String {
    civil(at).strftime("%a %d %b %H:%M").to_string()
}

/// `Mon 5 Jan 2026`.
pub(crate) fn date(at: Time) -> String {
    civil(at).strftime("%a %-d %b %Y").to_string()
}

/// `Mon`.
pub(crate) fn weekday(at: Time) -> String {
    civil(at).strftime("%a").to_string()
}

/// `5 Jan`.
pub(crate) fn day_of_month(at: Time) -> String {
    civil(at).strftime("%-d %b").to_string()
}

/// `14:05`.
pub(crate) fn clock_time(at: Time) -> String {
    civil(at).strftime("%H:%M").to_string()
}

/// The number of the UTC day, counted from the epoch.
pub(crate) const fn day(at: Time) -> i64 {
    at.as_millis().div_euclid(86_400_000)
}

/// Whether the day of that number is a Saturday or a Sunday.
pub(crate) const fn is_weekend(day: i64) -> bool {
    // Day 0, 1970-01-01, was a Thursday: Monday is 0 after adding 3.
    day.saturating_add(3).rem_euclid(7) >= 5
}

/// Hours from one instant to a later one, negative when it is not later.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a plot are far below 2^53")]
pub(crate) fn hours_between(from: Time, to: Time) -> f64 {
    to.as_millis().saturating_sub(from.as_millis()) as f64 / HOUR_MILLIS
}

/// `18 days 6 hours`: the two largest units that say something.
pub(crate) fn in_words(span: Span) -> String {
    let minutes = span.as_mins();
    let units = [
        (minutes / 1_440, "day"),
        (minutes % 1_440 / 60, "hour"),
        // Minutes beside days would be noise.
        (if minutes < 1_440 { minutes % 60 } else { 0 }, "minute"),
    ];
    let words: Vec<String> = units
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "less than a minute".to_owned() } else { words.join(" ") }
}

fn civil(at: Time) -> Zoned {
    at.to_jiff().to_zoned(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_by_their_two_largest_units() {
        for (minutes, words) in [
            (0, "less than a minute"),
            (1, "1 minute"),
            (61, "1 hour 1 minute"),
            (1_440, "1 day"),
            (1_441, "1 day"),
            (26_280, "18 days 6 hours"),
        ] {
            assert_eq!(in_words(Span::from_mins(minutes)), words);
        }
    }

    #[test]
    fn weekends_are_saturdays_and_sundays_before_and_after_the_epoch() {
        // 1970-01-03 was a Saturday, 1969-12-28 a Sunday.
        let weekends: Vec<i64> = (-5..8).filter(|day| is_weekend(*day)).collect();
        assert_eq!(weekends, [-5, -4, 2, 3]);
    }

    #[test]
    fn instants_at_the_ends_of_time_are_written_without_a_panic() {
        for millis in [i64::MIN, -1, 0, i64::MAX] {
            let at = Time::from_millis(millis);
            assert!(!moment(at).is_empty() && !date(at).is_empty());
            let _ = (day(at), is_weekend(day(at)), hours_between(Time::from_millis(1), at));
        }
    }
}
