//! How many tasks a side needs, and how much it can carry.

use model::plan::What;
use model::{Share, Side};

use crate::facts::Facts;

/// Over what the measured load asks for: the two sides of a split never fill evenly, and a
/// task's safe load is a mean over tasks of which some are always starting.
pub(crate) const HEADROOM: f64 = 1.1;

/// One task of two may die without its side being dead.
const TASKS_MIN: u32 = 2;

/// No service has more; beyond it a number is an error of measurement.
const TASKS_MAX: f64 = 1_000_000.0;

/// Which load tasks are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The load now, with its growth until the next look.
    Now,
    /// The highest load of the coming hours.
    Peak,
}

/// Tasks that `side` needs at `share`.
pub(crate) fn tasks(
    facts: &Facts<'_>,
    side: Side,
    share: Share,
    demand: Demand,
) -> Result<u32, What> {
    let part = share.of(side, 1.0);
    if part <= 0.0 {
        return Ok(0);
    }
    let rpm = total_rpm(facts, demand).ok_or(What::Load)?;
    let safe = safe_rpm(facts, side).ok_or(What::SafeLoad)?;
    Ok(ceil(rpm * part * HEADROOM / safe).max(TASKS_MIN))
}

/// Requests per minute of both sides together.
pub(crate) fn total_rpm(facts: &Facts<'_>, demand: Demand) -> Option<f64> {
    let load = facts.load?;
    let number = |value: f64| (value.is_finite() && value >= 0.0).then_some(value);
    let now = number(load.now_rpm)? * number(load.growth)?.max(1.0);
    match demand {
        Demand::Now => Some(now),
        Demand::Peak => Some(now.max(number(load.peak_rpm)?)),
    }
}

/// Requests per minute that one task of `side` carries safely.
fn safe_rpm(facts: &Facts<'_>, side: Side) -> Option<f64> {
    let safe = (*facts.load?.safe_per_task_rpm.get(side))?;
    (safe.is_finite() && safe > 0.0).then_some(safe)
}

/// Requests per minute that `healthy` tasks of `side` carry safely.
pub(crate) fn carried_rpm(facts: &Facts<'_>, side: Side, healthy: u32) -> Option<f64> {
    Some(safe_rpm(facts, side)? * f64::from(healthy))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to between 0 and a million"
)]
fn ceil(value: f64) -> u32 {
    // NaN does not come here: its parts were checked to be finite; an infinite quotient is capped.
    let value = value.clamp(0.0, TASKS_MAX);
    let whole = value as u32;
    if f64::from(whole) < value { whole + 1 } else { whole }
}
