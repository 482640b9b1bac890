//! Whether there is anything to fit: the question, the minutes as a whole, the prior.

use model::Side;

use super::answer::{Note, Refusal};
use super::prior::Prior;
use super::select::{self, Point, Selected};
use super::side::HIGHEST;
use super::{MINUTES_MIN, MINUTES_MIN_WITH_PRIOR, Reservation, robust};
use crate::task::LatencyObjective;

/// More impossible readings of CPU than this part are no slips.
const CPU_IMPOSSIBLE_MAX: f64 = 0.05;

/// Loads must lie this part of their middle apart, from the lowest 5 % to the highest.
const LOAD_SPREAD_MIN: f64 = 0.15;

/// Beside one event loop a task uses at most this much more vCPU for what stands beside it.
const BESIDE_MAX: f64 = 1.1;

/// Whether the question can be asked at all.
pub(super) fn is_sound(
    objective: LatencyObjective,
    tasks: &Reservation,
    prior: Option<&Prior>,
) -> bool {
    let is_above_zero = |value: f64| value.is_finite() && value > 0.0;
    let LatencyObjective { threshold_seconds, slow_fraction_max } = objective;
    is_above_zero(tasks.vcpu)
        && tasks.usable_vcpu.is_none_or(is_above_zero)
        && is_above_zero(threshold_seconds)
        && is_above_zero(slow_fraction_max)
        && slow_fraction_max < 1.0
        && prior.is_none_or(|prior| prior.model().is_some())
}

/// What is wrong with the minutes as a whole.
pub(super) fn unusable(
    side: Side,
    tasks: &Reservation,
    selected: &Selected,
    minutes: usize,
) -> Option<Refusal> {
    let impossible = selected.cpu_impossible;
    if f64::from(impossible) > CPU_IMPOSSIBLE_MAX * float(minutes) {
        let cpu_percent_max = select::cpu_percent_max(side, tasks);
        return Some(Refusal::CpuImpossible { minutes: impossible, cpu_percent_max });
    }
    (selected.with_latency == 0).then_some(Refusal::NoLatency)
}

/// Too few minutes or too little difference between their loads.
pub(super) fn says_too_little(points: &[Point], has_prior: bool) -> Option<Refusal> {
    let needed = if has_prior { MINUTES_MIN_WITH_PRIOR } else { MINUTES_MIN };
    if points.len() < needed {
        let (minutes, needed) = (count(points.len()), count(needed));
        return Some(Refusal::TooFewMinutes { minutes, needed });
    }
    constant(points).filter(|_| !has_prior)
}

/// Whether a prior is of the same task as the minutes; notes what it comes to.
pub(super) fn agrees(prior: &Prior, points: &[Point], notes: &mut Vec<Note>) -> bool {
    let Some(off) = prior.off(points) else { return false };
    let is_near = off.is_near();
    notes.push(if is_near {
        Note::PriorUsed
    } else {
        Note::PriorDisagrees { cpu: off.cpu, latency: off.latency }
    });
    is_near
}

fn constant(points: &[Point]) -> Option<Refusal> {
    let mut rates: Vec<f64> = points.iter().map(|point| point.rate).collect();
    let mut at = |part| robust::quantile(&mut rates, part);
    let (low, middle, high) = (at(0.05)?, at(0.5)?, at(0.95)?);
    (high - low < LOAD_SPREAD_MIN * middle).then_some(Refusal::LoadConstant { low, high })
}

/// One event loop and what stands beside it, unless more was seen in use.
pub(super) fn usable_assumed(side: Side, vcpu: f64, points: &[Point]) -> f64 {
    let one_loop = match side {
        Side::Ec2 => 1.0,
        Side::Fargate => vcpu.min(1.0),
    };
    let mut used: Vec<f64> = points.iter().map(|point| point.used).collect();
    match robust::quantile(&mut used, HIGHEST).filter(|used| *used > BESIDE_MAX * one_loop) {
        Some(used) => used.max(vcpu),
        None => one_loop,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of minutes")]
const fn float(count: usize) -> f64 {
    count as f64
}

pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
