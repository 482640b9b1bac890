//! The fewest task-hours that anybody who knew the load could have kept the objective with.

use crate::load::Load;
use crate::load::{TICK_SECONDS, WARM_TICKS};
use crate::physics::Physics;

/// Task-hours of the clairvoyant: every tick within the objective, each task started as early as a
/// median start takes and billed from then on, drained after, and kept where a gap is shorter than
/// that. The first hour is left out, as in a score.
///
/// Exact for that rule, since the levels of a fleet do not depend on each other. It is no bound for
/// policies that spend the budget of slow requests unevenly, which may do with less.
#[must_use]
pub fn clairvoyant_task_hours(physics: &Physics, load: &Load) -> f64 {
    let world = physics.world();
    let start = world.start.median_s + world.start.health_s;
    let restart = start + world.drain_s;
    let ticks = load.ticks().get(WARM_TICKS..).unwrap_or_default();
    let needed: Vec<u32> =
        ticks.iter().map(|rate| physics.tasks_for(*rate).clamp(world.min, world.max)).collect();
    let most = needed.iter().copied().max().unwrap_or(0);
    let mut seconds = 0.0;
    // When each level of the fleet was last needed, counted from the lowest task.
    let mut last: Vec<Option<usize>> = vec![None; usize::try_from(most).unwrap_or(0)];
    for (tick, needed) in needed.iter().enumerate() {
        let levels = usize::try_from(*needed).unwrap_or(0);
        for level in last.iter_mut().take(levels) {
            seconds += f64::from(TICK_SECONDS);
            seconds += match *level {
                Some(before) => (float(tick - before - 1) * f64::from(TICK_SECONDS)).min(restart),
                None if tick == 0 => 0.0,
                None => start,
            };
            *level = Some(tick);
        }
    }
    let ended = last.iter().flatten().filter(|at| **at + 1 < needed.len()).count();
    (seconds + float(ended) * world.drain_s) / 3_600.0
}

#[expect(clippy::cast_precision_loss, reason = "ticks and tasks, far below 2^53")]
const fn float(count: usize) -> f64 {
    count as f64
}
