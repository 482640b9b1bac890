//! Multi-window burn rates (SRE Workbook, chapter 5) and what they say of both sides.

use model::Side;

use crate::prepared::Prepared;
use crate::signal::Slo;
use crate::window::{Length, Window};

/// A factor over a long and a short window: 2 % of a 30-day budget in an hour, 5 % in six.
struct Pair {
    factor: f64,
    long: Length,
    short: Length,
}

const PAIRS: [Pair; 2] = [
    Pair { factor: 14.4, long: Length::Hour, short: Length::Minutes5 },
    Pair { factor: 6.0, long: Length::Hours6, short: Length::Minutes30 },
];
/// Fewer bad requests than this in the long window are luck, not a rate (2.5).
const BAD_MIN: f64 = 10.0;
/// EC2 "does not burn" while its burn stays below this part of the factor in either window.
const OTHER_SIDE_PART: f64 = 0.5;
/// Both sides above this burn alike (2.8).
const COMMON_MODE_FACTOR: f64 = 6.0;

/// The burn of a side's budget over a window; 1 spends it exactly.
pub(crate) fn burn(window: &Window, side: Side, length: Length, budget: f64) -> f64 {
    window.sum(length).fraction(side) / budget
}

/// Whether Fargate burns its budget by either pair and EC2, where it still has requests, burns
/// at less than half the factor in both windows.
pub(crate) fn is_burning_alone(window: &Window, budget: f64) -> bool {
    pairs_burning_alone(window, budget).next().is_some()
}

/// The pairs by which it does so: each factor with its short window.
pub(crate) fn pairs_burning_alone(
    window: &Window,
    budget: f64,
) -> impl Iterator<Item = (f64, Length)> {
    let burning = PAIRS.iter().filter(move |pair| {
        let is_fast = |length| burn(window, Side::Fargate, length, budget) >= pair.factor;
        let is_calm =
            |length| burn(window, Side::Ec2, length, budget) < OTHER_SIDE_PART * pair.factor;
        window.sum(pair.long).bad.fargate >= BAD_MIN
            && is_fast(pair.long)
            && is_fast(pair.short)
            && is_calm(pair.long)
            && is_calm(pair.short)
    });
    burning.map(|pair| (pair.factor, pair.short))
}

/// Whether both sides burn at six times their budget or more, now and over half an hour.
pub(crate) fn is_common_mode(window: &Window, budget: f64) -> bool {
    let is_now = |side| burn(window, side, Length::Minutes5, budget) >= COMMON_MODE_FACTOR;
    may_be_common_mode(window, budget) && Side::ALL.into_iter().all(is_now)
}

/// Whether both sides burnt alike over half an hour, and no minute since says that either has
/// stopped: minutes that are missing are not minutes without harm.
pub(crate) fn may_be_common_mode(window: &Window, budget: f64) -> bool {
    Side::ALL.into_iter().all(|side| {
        let is_silent = *window.sum(Length::Minutes5).requests.get(side) <= 0.0;
        let burns = |length| burn(window, side, length, budget) >= COMMON_MODE_FACTOR;
        burns(Length::Minutes30) && (is_silent || burns(Length::Minutes5))
    })
}

/// Fargate must spend at least its budget ...
const CLAUSE_BURN_MIN: f64 = 1.0;
/// ... and a quarter of a budget more than EC2 does.
const CLAUSE_EXCESS_MIN: f64 = 0.25;

/// The clause of `when: slo` (A8): over the hour's minutes in which EC2 kept its own budget,
/// Fargate's burn is at least one and its excess over EC2 a quarter of the budget.
///
/// An objective without a budget cannot be breached.
pub(crate) fn is_budget_at_stake(prepared: &Prepared<'_>, window: &Window, slo: Slo) -> bool {
    let Some(budget) = prepared.budget(slo) else { return false };
    let calm = window.calm();
    let fargate = calm.fraction(Side::Fargate);
    fargate / budget >= CLAUSE_BURN_MIN
        && (fargate - calm.fraction(Side::Ec2)) / budget >= CLAUSE_EXCESS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairing::rows_of;
    use crate::settings::Settings;
    use crate::window::Windows;

    /// A power of two, so that burns at a limit are at it exactly.
    const BUDGET: f64 = 1.0 / 32.0;
    /// Counts of one minute whose burns are these: bad requests of 640 are 20 for a burn of one.
    const fn burning(ec2: u64, fargate: u64) -> [(u64, u64); 2] {
        [(640, ec2 * 20), (640, fargate * 20)]
    }
    const CALM: [(u64, u64); 2] = burning(0, 0);
    const NONE: [(u64, u64); 2] = [(0, 0), (0, 0)];

    /// So many minutes of each.
    fn after(minutes: &[(u32, [(u64, u64); 2])]) -> Window {
        let mut windows = Windows::default();
        let each = minutes.iter().flat_map(|(count, of)| (0..*count).map(move |_| of));
        for (now, [ec2, fargate]) in (0_i64..).zip(each) {
            windows.add(now, &rows_of(*ec2, *fargate), |_| Some(BUDGET));
            if now % 10 == 9 {
                windows.close(now);
            }
        }
        windows.get(Slo::Availability).clone()
    }

    #[test]
    fn a_burn_of_one_spends_the_budget() {
        let window = after(&[(10, burning(3, 7)), (10, CALM)]);
        let hour = |side| burn(&window, side, Length::Hour, BUDGET);
        assert!((hour(Side::Ec2) - 1.5).abs() < 1e-12 && (hour(Side::Fargate) - 3.5).abs() < 1e-12);
        assert!(burn(&window, Side::Fargate, Length::Minutes5, BUDGET) < 1e-12);
    }

    #[test]
    fn fourteen_budgets_over_an_hour_burn_while_ec2_is_below_half_of_that() {
        // 14.4 is 288 of 640; half of it is 144.
        let at = |ec2, fargate| [(640, ec2), (640, fargate)];
        let quiet = (300, CALM);
        for (minutes, burns, why) in [
            (&[quiet, (60, at(0, 288))][..], true, "at the factor"),
            (&[quiet, (60, at(0, 287))], false, "below it"),
            (&[quiet, (60, at(143, 288))], true, "EC2 below half the factor"),
            (&[quiet, (60, at(144, 288))], false, "EC2 at half the factor"),
            (&[quiet, (55, at(0, 480)), (5, at(0, 287))], false, "over by now"),
            (&[quiet, (30, CALM), (30, at(0, 575))], false, "only just begun"),
            (&[quiet, (58, at(150, 288)), (2, at(0, 288))], false, "EC2 burnt for the hour"),
            (&[quiet, (57, at(0, 288)), (3, at(640, 288))], false, "EC2 burns by now"),
        ] {
            // Six hours of 6 times the budget are the other pair's.
            let window = after(minutes);
            assert!(burn(&window, Side::Fargate, Length::Hours6, BUDGET) < 6.0, "{why}");
            assert_eq!(is_burning_alone(&window, BUDGET), burns, "{why}");
        }
    }

    #[test]
    fn six_budgets_over_six_hours_burn_too() {
        for (minutes, burns) in [
            (&[(360, burning(0, 6))][..], true),
            (&[(360, burning(2, 6))], true),
            (&[(360, burning(3, 6))], false),
            (&[(360, [(640, 0), (640, 119)])], false),
            (&[(330, burning(0, 6)), (30, [(640, 0), (640, 119)])], false),
        ] {
            assert_eq!(is_burning_alone(&after(minutes), BUDGET), burns, "{minutes:?}");
        }
    }

    #[test]
    fn fewer_than_ten_bad_requests_are_luck() {
        for (bad, burns) in [(10, true), (9, false)] {
            let window = after(&[(59, [(640, 0), (0, 0)]), (1, [(640, 0), (20, bad)])]);
            assert_eq!(is_burning_alone(&window, 0.015_625), burns, "{bad} of 20");
        }
    }

    #[test]
    fn both_sides_burn_alike_at_six_times_their_budget_now_and_over_half_an_hour() {
        let alike = burning(6, 6);
        for (minutes, may_be, is) in [
            (&[(30, alike)][..], true, true),
            (&[(30, burning(5, 6))], false, false),
            (&[(30, burning(6, 5))], false, false),
            (&[(25, burning(12, 12)), (5, burning(5, 6))], false, false),
            (&[(25, burning(12, 12)), (5, burning(6, 5))], false, false),
            (&[(25, CALM), (5, burning(30, 30))], false, false),
            // Missing minutes are not minutes without harm, and no proof of it.
            (&[(25, burning(12, 12)), (5, NONE)], true, false),
            (&[(25, burning(12, 12)), (5, [(640, 120), (0, 0)])], true, false),
            (&[(25, burning(12, 12)), (5, [(640, 100), (0, 0)])], false, false),
        ] {
            let window = after(minutes);
            let found = (may_be_common_mode(&window, BUDGET), is_common_mode(&window, BUDGET));
            assert_eq!(found, (may_be, is), "{minutes:?}");
        }
    }

    #[test]
    fn a_budget_is_at_stake_when_it_is_spent_and_a_quarter_more_than_on_ec2() {
        let settings =
            Settings { budgets: [(Slo::Availability, BUDGET)].into(), ..Settings::default() };
        let prepared = Prepared::new(&settings);
        let at = |ec2, fargate| after(&[(60, [(640, ec2), (640, fargate)])]);
        for (ec2, fargate, is_at_stake) in
            [(0, 20, true), (0, 19, false), (15, 20, true), (16, 20, false), (19, 40, true)]
        {
            let window = at(ec2, fargate);
            let found = is_budget_at_stake(&prepared, &window, Slo::Availability);
            assert_eq!(found, is_at_stake, "{ec2} and {fargate} of 20");
            assert!(!is_budget_at_stake(&prepared, &window, Slo::Latency), "no objective");
        }
        // Minutes in which EC2 spent its own budget are no proof of Fargate's.
        assert!(!is_budget_at_stake(&prepared, &at(20, 640), Slo::Availability));
    }
}
