//! Recurring surges: minutes of the day at which load jumps on most days.

use std::collections::{BTreeMap, BTreeSet};

const DAY_MINUTES: i64 = 1_440;
/// A surge: five minutes that reach this multiple of the ten quiet minutes before them
/// (docs/architecture.md, "Surges").
const JUMP: f64 = 1.4;
/// It recurs when it came on at least this part of the days seen.
const DAYS_PART: f64 = 0.6;
/// Fewer days than this say nothing about recurrence.
const DAYS_MIN: usize = 3;
/// A surge is the jump and what follows it.
const LASTS_MINUTES: i64 = 10;

/// The minutes of the UTC day (0 to 1439) in which a recurring surge is due, from total requests
/// by minute.
#[expect(clippy::cast_precision_loss, reason = "requests per minute and days are small")]
pub(crate) fn recurring(totals: &BTreeMap<i64, u64>) -> BTreeSet<i64> {
    let days: BTreeSet<i64> = totals.keys().map(|minute| minute.div_euclid(DAY_MINUTES)).collect();
    if days.len() < DAYS_MIN {
        return BTreeSet::new();
    }
    let mut came: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for minute in totals.keys().filter(|minute| is_jump(totals, **minute)) {
        // A day earlier or later by a minute is the same surge.
        for near in -1..=1 {
            let of_day = (minute + near).rem_euclid(DAY_MINUTES);
            came.entry(of_day).or_default().insert(minute.div_euclid(DAY_MINUTES));
        }
    }
    let needed = DAYS_PART * days.len() as f64;
    came.iter()
        .filter(|(_, on)| on.len() as f64 >= needed)
        .flat_map(|(of_day, _)| (0..LASTS_MINUTES).map(move |k| (of_day + k) % DAY_MINUTES))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
fn is_jump(totals: &BTreeMap<i64, u64>, minute: i64) -> bool {
    let peak = totals.range(minute..minute + 5).map(|(_, total)| *total).max().unwrap_or(0);
    let mut before: Vec<u64> =
        totals.range(minute - 12..minute - 2).map(|(_, total)| *total).collect();
    before.sort_unstable();
    let median = before.get(before.len() / 2).copied().unwrap_or(0);
    before.len() >= 8 && median > 0 && peak as f64 >= JUMP * median as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flat week with a pulse of `factor` at 12:00 on the days in `on`.
    fn week(factor: u64, on: &[i64]) -> BTreeMap<i64, u64> {
        (0..7 * DAY_MINUTES)
            .map(|minute| {
                let (day, of_day) = (minute / DAY_MINUTES, minute % DAY_MINUTES);
                let pulse = on.contains(&day) && (720..728).contains(&of_day);
                (minute, if pulse { 100 * factor } else { 100 })
            })
            .collect()
    }

    #[test]
    fn a_pulse_on_most_days_recurs() {
        let due = recurring(&week(2, &[0, 1, 2, 4, 6]));
        assert!(due.contains(&720) && due.contains(&724), "{due:?}");
        assert!(!due.contains(&700) && !due.contains(&900));
    }

    #[test]
    fn a_pulse_on_few_days_or_a_small_one_does_not() {
        assert!(recurring(&week(2, &[0, 3])).is_empty());
        assert!(recurring(&week(1, &[0, 1, 2, 3, 4, 5, 6])).is_empty());
    }

    #[test]
    fn two_days_say_nothing_about_recurrence() {
        let mut totals = week(2, &[0, 1]);
        totals.retain(|minute, _| *minute < 2 * DAY_MINUTES);
        assert!(recurring(&totals).is_empty());
    }
}
