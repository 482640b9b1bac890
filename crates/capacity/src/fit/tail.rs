//! The latency tail: `kappa` and the time off the CPU, from percentiles and slow parts.
//!
//! Least squares with soft-L1 loss, by the steps of Levenberg and Marquardt within bounds. A
//! percentile is compared in logarithms, by one step of Newton from what was seen: that costs two
//! evaluations of the model where inverting it costs sixty.

use super::linear::Normal;
use super::robust;
use super::select::Point;
use crate::normal;
use crate::task::{BaseLatency, LatencyObjective, Tail, TaskModel, TaskParameters};

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
/// Minutes' 99th percentiles of some thousand requests vary by about as much. Where they are seen
/// to vary more, that counts as noise.
pub(super) const SOFT: f64 = 0.1;

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
    /// What counts as noise, at least [`SOFT`].
    pub soft: f64,
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

/// A minute as the search sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub point: Point,
    /// How often it counts.
    pub weight: f64,
    /// How its deviations change with the unknowns, where that is known from nearby.
    pub slopes: Slopes,
}

/// Deviations of one minute: 99th percentile, slow part, median.
type Deviations = [Option<f64>; 3];

/// Of each deviation, its change with each unknown.
pub(super) type Slopes = [[f64; 3]; 3];

/// The best unknowns from several starts.
pub(super) fn search(frame: &Frame, rows: &[Row]) -> Option<Unknowns> {
    let found = STARTS.into_iter().filter_map(|start| descend(frame, rows, start, Kept::No));
    found.min_by(|a, b| a.loss.total_cmp(&b.loss)).map(|found| found.unknowns)
}

/// The best unknowns near `start`.
pub(super) fn refine(frame: &Frame, rows: &[Row], start: Unknowns) -> Option<Unknowns> {
    descend(frame, rows, start, Kept::No).map(|found| found.unknowns)
}

/// The best unknowns so near to `start` that the slopes of the rows hold: a quarter of the work.
pub(super) fn redraw(frame: &Frame, rows: &[Row], start: Unknowns) -> Option<Unknowns> {
    descend(frame, rows, start, Kept::Yes).map(|found| found.unknowns)
}

/// How much the deviations of `rows` vary about `unknowns`, at least [`SOFT`].
pub(super) fn noise(frame: &Frame, rows: &[Row], unknowns: Unknowns) -> Option<f64> {
    let model = frame.model(&unknowns)?;
    let first = |row: &Row| deviations(frame, &model, &row.point).into_iter().flatten().next();
    robust::deviation(rows.iter().filter_map(first), 0.0).map(|noise| noise.max(SOFT))
}

/// Puts into `rows` how their deviations change at `unknowns`.
pub(super) fn keep_slopes(frame: &Frame, rows: &mut [Row], unknowns: Unknowns) -> Option<()> {
    let moved = moved(frame, unknowns)?;
    let model = frame.model(&unknowns)?;
    for row in rows {
        row.slopes = slopes(frame, &moved, &row.point, &deviations(frame, &model, &row.point));
    }
    Some(())
}

/// Whether the slopes of the rows are used as they are, or found at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

#[derive(Debug, Clone)]
struct Found {
    unknowns: Unknowns,
    deviations: Vec<Deviations>,
    loss: f64,
}

fn descend(frame: &Frame, rows: &[Row], start: Unknowns, kept: Kept) -> Option<Found> {
    let mut best = evaluate(frame, rows, start)?;
    let (steps, tries, enough) = match kept {
        Kept::No => (40, 8, 1e-6),
        Kept::Yes => (5, 3, 1e-4),
    };
    let mut damping = 1e-3;
    for _ in 0..steps {
        let normal = linearise(frame, rows, &best, kept)?;
        let before = best.loss;
        for _ in 0..tries {
            let step = normal.damped(damping)?;
            let mut unknowns = best.unknowns;
            for (i, unknown) in unknowns.iter_mut().enumerate() {
                *unknown = (*unknown + step[i].clamp(-1.0, 1.0)).clamp(LOW[i], HIGH[i]);
            }
            match evaluate(frame, rows, unknowns).filter(|found| found.loss < before) {
                Some(better) => {
                    best = better;
                    damping *= 0.3;
                    break;
                }
                None => damping = (damping * 4.0).max(1e-6),
            }
        }
        if before - best.loss <= enough * before {
            break;
        }
    }
    Some(best)
}

fn evaluate(frame: &Frame, rows: &[Row], unknowns: Unknowns) -> Option<Found> {
    let model = frame.model(&unknowns)?;
    let deviations: Vec<Deviations> =
        rows.iter().map(|row| deviations(frame, &model, &row.point)).collect();
    let soft = |deviation: &f64| {
        let z = deviation / frame.soft;
        2.0 * (libm::sqrt(1.0 + z * z) - 1.0)
    };
    let seen: f64 = deviations
        .iter()
        .zip(rows)
        .map(|(deviations, row)| row.weight * deviations.iter().flatten().map(soft).sum::<f64>())
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
fn linearise(frame: &Frame, rows: &[Row], found: &Found, kept: Kept) -> Option<Normal<3>> {
    let moved = match kept {
        Kept::Yes => None,
        Kept::No => Some(moved(frame, found.unknowns)?),
    };
    let mut normal = Normal::default();
    for (row, here) in rows.iter().zip(&found.deviations) {
        let slopes = match &moved {
            None => row.slopes,
            Some(moved) => slopes(frame, moved, &row.point, here),
        };
        for (deviation, slopes) in here.iter().zip(&slopes) {
            let Some(deviation) = deviation else { continue };
            let z = deviation / frame.soft;
            let weight = row.weight / libm::sqrt(1.0 + z * z);
            normal.add(slopes, -deviation, weight);
        }
    }
    for (i, belief) in BELIEFS.iter().enumerate() {
        let Some((centre, sd)) = belief else { continue };
        let mut row = [0.0; 3];
        row[i] = frame.soft / sd;
        normal.add(&row, frame.soft * (centre - found.unknowns[i]) / sd, 1.0);
    }
    Some(normal)
}

/// The models with each unknown moved a little.
fn moved(frame: &Frame, unknowns: Unknowns) -> Option<[TaskModel; 3]> {
    let moved = |i: usize| {
        let mut unknowns = unknowns;
        unknowns[i] += DIFFERENCE;
        frame.model(&unknowns)
    };
    Some([moved(0)?, moved(1)?, moved(2)?])
}

fn slopes(frame: &Frame, moved: &[TaskModel; 3], point: &Point, here: &Deviations) -> Slopes {
    let there = moved.each_ref().map(|model| deviations(frame, model, point));
    [0, 1, 2].map(|kind| {
        there.each_ref().map(|there| match (there[kind], here[kind]) {
            (Some(there), Some(here)) => (there - here) / DIFFERENCE,
            (Some(_) | None, _) => 0.0,
        })
    })
}

/// What the model says less what was seen.
fn deviations(frame: &Frame, model: &TaskModel, point: &Point) -> Deviations {
    let tail = model.tail(model.utilisation(point.rate));
    let percentile = |slow, seen: f64| percentile(&tail, slow, seen);
    let LatencyObjective { threshold_seconds, slow_fraction_max } = frame.objective;
    let slow = |seen: f64| {
        let modelled = tail.slow_fraction(threshold_seconds);
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
fn percentile(tail: &Tail<'_>, slow: f64, seen: f64) -> f64 {
    const AHEAD: f64 = 1.01;
    let part = |latency| libm::log(tail.slow_fraction(latency).max(f64::MIN_POSITIVE));
    let here = part(seen);
    let slope = (here - part(seen * AHEAD)) / libm::log(AHEAD);
    (here - libm::log(slow)) / slope.max(SLOPE_MIN)
}
