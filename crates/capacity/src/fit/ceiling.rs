//! Where CPU stops rising with load, although load goes on.
//!
//! One event loop cannot use a second vCPU, so that the CPU of a task with two tops out near 50 %.
//! Above the ceiling the queue grows and the reading says nothing of a request's cost.

use super::line::{self, Line, Reading};
use super::robust;
use super::select::Point;

/// Minutes on each side of the bend, at least.
const MINUTES_MIN: usize = 10;

/// Where the bend is looked for: from this part of the minutes, by load, to the last ten.
const BEND_FIRST: f64 = 0.3;

/// How many places are tried.
const BENDS: u32 = 24;

/// A ceiling is one only if the line would be above it by this part at the highest load; caches
/// and batches bend the line by less.
const RISE_MIN: f64 = 1.15;

/// What is left of the deviations with a ceiling, at most, for it to be believed.
const LOSS_MAX: f64 = 0.6;

/// Above the bend CPU rises with less than this part of the slope below it.
const SLOPE_MAX: f64 = 0.25;

/// Deviations count up to this part: a wild minute is wild under any curve.
const WILD: f64 = 0.15;

/// A bend in the CPU line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ceiling {
    /// vCPU at which it stays.
    pub used: f64,
    /// Load at which it gets there, in requests per second and task.
    pub rate: f64,
}

/// The ceiling of `points`, if they have one.
pub(super) fn find(points: &[Point]) -> Option<Ceiling> {
    let mut sorted: Vec<Reading> =
        points.iter().map(|p| Reading { rate: p.rate, used: p.used, weight: 1.0 }).collect();
    sorted.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let straight = loss(&sorted, line::fit(&sorted)?, f64::INFINITY);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a number of minutes"
    )]
    let first = (sorted.len() as f64 * BEND_FIRST) as usize;
    let first = first.max(MINUTES_MIN);
    let last = sorted.len().checked_sub(MINUTES_MIN)?;
    let step = (last.checked_sub(first)? / BENDS as usize).max(1);
    let bent = |at: usize| {
        let (below, above) = sorted.split_at(at);
        let line = line::fit(below)?;
        let used = robust::median(&mut above.iter().map(|r| r.used).collect::<Vec<_>>())?;
        Some((loss(&sorted, line, used), line, used, above))
    };
    let (least, line, used, above) =
        (first..=last).step_by(step).filter_map(bent).min_by(|a, b| a.0.total_cmp(&b.0))?;
    let highest = sorted.last()?.rate;
    let is_ceiling = line.at(highest) > RISE_MIN * used
        && least < LOSS_MAX * straight
        && slope(above) < SLOPE_MAX * line.cost;
    let rate = (used - line.idle) / line.cost;
    (is_ceiling && rate > 0.0).then_some(Ceiling { used, rate })
}

fn loss(readings: &[Reading], line: Line, ceiling: f64) -> f64 {
    let expected = |r: &Reading| line.at(r.rate).min(ceiling).max(f64::MIN_POSITIVE);
    readings.iter().map(|r| (r.used / expected(r) - 1.0).abs().min(WILD)).sum()
}

/// The slope between the medians of the lower and the upper half (Wald 1940).
fn slope(sorted: &[Reading]) -> f64 {
    let (low, high) = sorted.split_at(sorted.len() / 2);
    let middle = |half: &[Reading], of: fn(&Reading) -> f64| {
        robust::median(&mut half.iter().map(of).collect::<Vec<_>>()).unwrap_or(f64::NAN)
    };
    let run = middle(high, |r| r.rate) - middle(low, |r| r.rate);
    let rise = middle(high, |r| r.used) - middle(low, |r| r.used);
    if run > 0.0 { rise / run } else { f64::INFINITY }
}
