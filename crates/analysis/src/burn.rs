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
