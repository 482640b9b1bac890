//! How many tasks a side needs, and how much it can carry.

use capacity::required::{Headroom, RateSource, SafeLoad, SafeRate, Unknown, required_tasks};
use model::plan::What;
use model::{Share, Side};

use crate::facts::Facts;

/// Over what the measured load asks for: the two sides of a split never fill evenly, and a
/// task's safe load is a mean over tasks of which some are always starting.
const HEADROOM: f64 = 0.1;

/// One task of two may die without its side being dead.
const TASKS_MIN: u32 = 2;

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
    if share.of(side, 1.0) <= 0.0 {
        return Ok(0);
    }
    let rpm = total_rpm(facts, demand).ok_or(What::Load)?;
    let safe = safe_rate(facts, side).ok_or(What::SafeLoad)?;
    let headroom = Headroom::new(HEADROOM).map_err(|_| What::SafeLoad)?;
    let tasks = required_tasks(rpm, share, side, &safe, headroom).map_err(|why| match why {
        Unknown::DemandUnusable | Unknown::TooMany => What::Load,
        Unknown::MinutesTooFew { .. } | Unknown::RateUnusable | Unknown::HeadroomUnusable => {
            What::SafeLoad
        }
    })?;
    Ok(tasks.max(TASKS_MIN))
}

/// Requests per minute of both sides together.
pub(crate) fn total_rpm(facts: &Facts<'_>, demand: Demand) -> Option<f64> {
    let load = facts.load?;
    // A growth below one would be a fall, which nobody can promise.
    let growth = number(load.growth).filter(|growth| *growth >= 1.0)?;
    let now = number(number(load.now_rpm)? * growth)?;
    match demand {
        Demand::Now => Some(now),
        Demand::Peak => Some(now.max(number(load.peak_rpm)?)),
    }
}

/// A reading that can be counted with: finite and not negative.
pub(crate) fn number(value: f64) -> Option<f64> {
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// What one task of `side` carries safely.
fn safe_rate(facts: &Facts<'_>, side: Side) -> Option<SafeRate> {
    let requests_per_minute_per_task = (*facts.load?.safe_per_task_rpm.get(side))?;
    // Where the controller took it from matters to the reader of its report, not here.
    let rate = SafeRate { requests_per_minute_per_task, source: RateSource::Prior };
    rate.safe_rate().ok()
}

/// Whether `tasks` of EC2 carry the highest load that was seen, with half of the headroom that
/// they were counted with; `None` when that load is not known. Growth until the next look is
/// for steps: the load grows towards its highest every day.
pub(crate) fn covers_peak(facts: &Facts<'_>, tasks: u32) -> Option<bool> {
    let load = facts.load?;
    let seen = number(load.peak_rpm.max(load.now_rpm))?;
    Some(carried_rpm(facts, Side::Ec2, tasks)? >= seen * (1.0 + HEADROOM / 2.0))
}

/// Requests per minute that `healthy` tasks of `side` carry safely.
pub(crate) fn carried_rpm(facts: &Facts<'_>, side: Side, healthy: u32) -> Option<f64> {
    Some(safe_rate(facts, side)?.requests_per_minute_per_task * f64::from(healthy))
}
