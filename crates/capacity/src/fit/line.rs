//! The CPU line: what a task uses idle, and what each request costs it.
//!
//! `used = idle + rate x cost` by least squares without negative numbers, in which readings far
//! off the line count less (Huber 1964, reweighted). Deviations are taken relative to the line,
//! since the noise of an average over tasks grows with it.

use super::linear::Normal;
use super::robust;

/// Huber's constant: 95 % as precise as plain least squares where nothing is wild.
const HUBER: f64 = 1.345;

/// Reweightings; ten change nothing any more.
const REWEIGHTINGS: u32 = 12;

/// The least relative deviation that counts as noise: readings come with two digits or so.
const NOISE_MIN: f64 = 1e-4;

/// A reading of CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// Requests per second and task.
    pub rate: f64,
    /// vCPU in use.
    pub used: f64,
    /// How often it counts.
    pub weight: f64,
}

/// What a task uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// vCPU without requests.
    pub idle: f64,
    /// CPU-seconds of a request.
    pub cost: f64,
}

impl Line {
    pub(super) fn at(self, rate: f64) -> f64 {
        self.idle + rate * self.cost
    }
}

/// The line through `readings`; `None` where they do not say one.
pub(super) fn fit(readings: &[Reading]) -> Option<Line> {
    let rows: Vec<_> = readings.iter().map(|r| ([1.0, r.rate], r.used, r.weight)).collect();
    let [idle, cost] = regress(&rows)?;
    Some(Line { idle, cost })
}

/// Two lines that share what a request costs; what they use idle is each one's own.
pub(super) fn fit_shared(ec2: &[Reading], fargate: &[Reading]) -> Option<(Line, Line)> {
    let of = |ec2: f64| move |r: &Reading| ([ec2, 1.0 - ec2, r.rate], r.used, r.weight);
    let rows: Vec<_> = ec2.iter().map(of(1.0)).chain(fargate.iter().map(of(0.0))).collect();
    let [ec2, fargate, cost] = regress(&rows)?;
    Some((Line { idle: ec2, cost }, Line { idle: fargate, cost }))
}

/// Reweighted least squares without negative unknowns.
fn regress<const N: usize>(rows: &[([f64; N], f64, f64)]) -> Option<[f64; N]> {
    let at = |x: &[f64; N], row: &[f64; N]| row.iter().zip(x).map(|(a, b)| a * b).sum::<f64>();
    let mut x = None::<[f64; N]>;
    for _ in 0..REWEIGHTINGS {
        let mut normal = Normal::default();
        let noise = match &x {
            None => 0.0,
            Some(x) => robust::deviation(relative(rows, |row| at(x, row)), 0.0)?.max(NOISE_MIN),
        };
        for (row, used, weight) in rows {
            let expected = x.as_ref().map_or(*used, |x| at(x, row)).max(f64::MIN_POSITIVE);
            let far = HUBER * noise / (used / expected - 1.0).abs().max(f64::MIN_POSITIVE);
            let trust = if x.is_none() { 1.0 } else { far.min(1.0) };
            normal.add(row, *used, weight * trust / (expected * expected));
        }
        x = Some(normal.not_negative()?);
    }
    x
}

fn relative<'a, const N: usize>(
    rows: &'a [([f64; N], f64, f64)],
    at: impl Fn(&[f64; N]) -> f64 + 'a,
) -> impl Iterator<Item = f64> + 'a {
    rows.iter()
        .filter(|(_, _, weight)| *weight > 0.0)
        .map(move |(row, used, _)| used / at(row).max(f64::MIN_POSITIVE) - 1.0)
}

/// The standard deviation of readings about `line`, relative to it.
pub(super) fn noise(readings: &[Reading], line: Line) -> f64 {
    let off = readings.iter().map(|r| r.used / line.at(r.rate) - 1.0);
    robust::deviation(off, 0.0).unwrap_or(0.0).max(NOISE_MIN)
}

/// The standard error of a line's cost, relative to it.
pub(super) fn cost_error(readings: &[Reading], line: Line) -> f64 {
    let weight = |r: &Reading| r.weight / (line.at(r.rate) * line.at(r.rate));
    let all: f64 = readings.iter().map(weight).sum();
    let mean = readings.iter().map(|r| weight(r) * r.rate).sum::<f64>() / all;
    let spread: f64 = readings.iter().map(|r| weight(r) * (r.rate - mean) * (r.rate - mean)).sum();
    noise(readings, line) / libm::sqrt(spread) / line.cost
}
