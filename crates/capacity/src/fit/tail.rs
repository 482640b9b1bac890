//! The latency tail: `kappa` and the time off the CPU, from percentiles and slow parts.
//!
//! Least squares with soft-L1 loss, by the steps of Levenberg and Marquardt within bounds. A
//! percentile is compared in logarithms, by one step of Newton from what was seen: that costs two
//! evaluations of the model where inverting it costs sixty.

use super::linear::Normal;
use super::select::Point;
use crate::normal;
use crate::task::{BaseLatency, LatencyObjective, TaskModel, TaskParameters};

/// Logarithms of kappa, of the median off the CPU in seconds, and of its sigma.
pub(super) type Unknowns = [f64; 3];

/// Kappa from 0.3, far below any queue, to 8; the median from 2 ms to 2 s; sigma from 0.05 to 1.5.
const LOW: Unknowns = [-1.2, -6.2, -3.0];
const HIGH: Unknowns = [2.1, 0.7, 0.41];

/// Where searches begin: different mixtures of queueing and of time off the CPU.
const STARTS: [Unknowns; 3] = [[0.4, -3.2, -0.7], [1.0, -4.2, -0.5], [-0.3, -2.3, -1.2]];

/// What is believed of kappa and sigma before any minute, as centre and deviation: weak, and there
/// so that what the minutes leave open stays where services are. Nothing is believed of the median.
const BELIEFS: [Option<(f64, f64)>; 3] = [Some((0.4, 1.0)), None, Some((-0.6, 0.7))];

/// Deviations up to this count as noise, in natural logarithms; greater ones count linearly.
/// Minutes' 99th percentiles of some thousand requests vary by about as much.
const SOFT: f64 = 0.1;

/// The median is mostly time off the CPU, which the model takes to be independent of load: it
/// pins the base latency down and must not rule the tail.
const MEDIAN_TRUST: f64 = 0.3;

/// The slow part, as the difference of square roots over that of the objective: its noise is then
/// the same everywhere.
const SLOW_TRUST: f64 = 0.07;

const P99_SLOW: f64 = 0.01;
const P50_SLOW: f64 = 0.5;

/// A finite difference of the logarithms of the parameters.
const DIFFERENCE: f64 = 1e-4;

/// The tail falls at least as fast as this per unit of logarithm of latency.
const SLOPE_MIN: f64 = 0.05;

/// Steps of a search from afar, and from nearby.
pub(super) const STEPS: u32 = 40;
pub(super) const STEPS_NEAR: u32 = 5;

/// How long clients wait is not in the minutes: what the benchmark's world has.
const TIMEOUT_SECONDS: f64 = 10.0;

/// What latencies depend on beside the unknowns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub vcpu: f64,
    pub usable: f64,
    pub idle: f64,
    pub cost: f64,
    pub objective: LatencyObjective,
}

impl Frame {
    /// The task with these unknowns; `None` where the CPU line is not that of a task.
    pub(super) fn model(&self, unknowns: &Unknowns) -> Option<TaskModel> {
        let [kappa, median_seconds, sigma] = unknowns.map(libm::exp);
        let p99_seconds = median_seconds * libm::exp(sigma * normal::Z_P99);
        TaskModel::new(TaskParameters {
            vcpu: self.vcpu,
            usable_vcpu: self.usable,
            cpu_seconds_per_request: self.cost,
            idle_vcpu: self.idle,
            kappa,
            base_latency: BaseLatency { median_seconds, p99_seconds },
            timeout_seconds: TIMEOUT_SECONDS,
        })
        .ok()
    }
}

/// The best unknowns from several starts.
pub(super) fn search(frame: &Frame, points: &[(Point, f64)]) -> Option<Unknowns> {
    let found = STARTS.into_iter().filter_map(|start| descend(frame, points, start, STEPS));
    found.min_by(|a, b| a.loss.total_cmp(&b.loss)).map(|found| found.unknowns)
}

/// The best unknowns near `start`, in at most so many steps.
pub(super) fn refine(
    frame: &Frame,
    points: &[(Point, f64)],
    start: Unknowns,
    steps: u32,
) -> Option<Unknowns> {
    descend(frame, points, start, steps).map(|found| found.unknowns)
}

/// Deviations of one minute: 99th percentile, slow part, median.
type Deviations = [Option<f64>; 3];

#[derive(Debug, Clone)]
struct Found {
    unknowns: Unknowns,
    deviations: Vec<Deviations>,
    loss: f64,
}

fn descend(frame: &Frame, points: &[(Point, f64)], start: Unknowns, steps: u32) -> Option<Found> {
    let mut best = evaluate(frame, points, start)?;
    let mut damping = 1e-3;
    for _ in 0..steps {
        let normal = linearise(frame, points, &best)?;
        let before = best.loss;
        for _ in 0..8 {
            let step = normal.damped(damping)?;
            let mut unknowns = best.unknowns;
            for (i, unknown) in unknowns.iter_mut().enumerate() {
                *unknown = (*unknown + step[i].clamp(-1.0, 1.0)).clamp(LOW[i], HIGH[i]);
            }
            match evaluate(frame, points, unknowns).filter(|found| found.loss < before) {
                Some(better) => {
                    best = better;
                    damping *= 0.3;
                    break;
                }
                None => damping = (damping * 4.0).max(1e-6),
            }
        }
        if before - best.loss <= 1e-6 * before {
            break;
        }
    }
    Some(best)
}

fn evaluate(frame: &Frame, points: &[(Point, f64)], unknowns: Unknowns) -> Option<Found> {
    let model = frame.model(&unknowns)?;
    let deviations: Vec<Deviations> =
        points.iter().map(|(point, _)| deviations(frame, &model, point)).collect();
    let soft = |deviation: &f64| {
        let z = deviation / SOFT;
        2.0 * (libm::sqrt(1.0 + z * z) - 1.0)
    };
    let seen: f64 = deviations
        .iter()
        .zip(points)
        .map(|(deviations, (_, weight))| {
            weight * deviations.iter().flatten().map(soft).sum::<f64>()
        })
        .sum();
    let believed: f64 = BELIEFS
        .iter()
        .zip(unknowns)
        .filter_map(|(belief, unknown)| belief.map(|(centre, sd)| (unknown - centre) / sd))
        .map(|z| z * z)
        .sum();
    Some(Found { unknowns, deviations, loss: seen + believed }).filter(|f| f.loss.is_finite())
}

/// The least-squares problem about `found`: each deviation with the weight of its soft loss.
fn linearise(frame: &Frame, points: &[(Point, f64)], found: &Found) -> Option<Normal<3>> {
    let moved = |i: usize| {
        let mut unknowns = found.unknowns;
        unknowns[i] += DIFFERENCE;
        frame.model(&unknowns)
    };
    let moved = [moved(0)?, moved(1)?, moved(2)?];
    let mut normal = Normal::default();
    for ((point, weight), here) in points.iter().zip(&found.deviations) {
        let there = [0, 1, 2].map(|i| deviations(frame, &moved[i], point));
        for kind in 0..3 {
            let Some(deviation) = here[kind] else { continue };
            let slope = |i: usize| (there[i][kind].unwrap_or(deviation) - deviation) / DIFFERENCE;
            let z = deviation / SOFT;
            let weight = weight / libm::sqrt(1.0 + z * z);
            normal.add(&[slope(0), slope(1), slope(2)], -deviation, weight);
        }
    }
    for (i, belief) in BELIEFS.iter().enumerate() {
        let Some((centre, sd)) = belief else { continue };
        let mut row = [0.0; 3];
        row[i] = SOFT / sd;
        normal.add(&row, SOFT * (centre - found.unknowns[i]) / sd, 1.0);
    }
    Some(normal)
}

/// What the model says less what was seen.
fn deviations(frame: &Frame, model: &TaskModel, point: &Point) -> Deviations {
    let utilisation = model.utilisation(point.rate);
    let percentile = |slow, seen: f64| percentile(model, utilisation, slow, seen);
    let LatencyObjective { threshold_seconds, slow_fraction_max } = frame.objective;
    let slow = |seen: f64| {
        let modelled = model.slow_fraction(utilisation, 0.0, threshold_seconds);
        let root = |part: f64| libm::sqrt(part / slow_fraction_max);
        SLOW_TRUST * (root(modelled) - root(seen))
    };
    [
        point.p99.map(|seen| percentile(P99_SLOW, seen)),
        point.slow.map(slow),
        point.p50.map(|seen| MEDIAN_TRUST * percentile(P50_SLOW, seen)),
    ]
}

/// The logarithm of the model's percentile over the one seen.
fn percentile(model: &TaskModel, utilisation: f64, slow: f64, seen: f64) -> f64 {
    const AHEAD: f64 = 1.01;
    let part = |latency: f64| {
        libm::log(model.slow_fraction(utilisation, 0.0, latency).max(f64::MIN_POSITIVE))
    };
    let here = part(seen);
    let slope = (here - part(seen * AHEAD)) / libm::log(AHEAD);
    (here - libm::log(slow)) / slope.max(SLOPE_MIN)
}
