//! Which minutes say something about a task, and why the others do not.

use model::Side;
use serde::{Deserialize, Serialize};

use super::{Minute, Reservation};

/// A minute in which the number of tasks changed by more than this part is in motion.
const TASKS_CHANGED_MAX: f64 = 0.05;

/// Requests per task below which percentiles and slow parts are mostly chance.
const REQUESTS_PER_TASK_MIN: f64 = 30.0;

/// More minutes than this add time and no knowledge: a day, the newest.
const MINUTES_MAX: usize = 1_440;

/// Readings above what is there by less than this are rounding and jitter of the metric.
const CPU_TOLERANCE: f64 = 1.05;

/// On EC2 a task may use what its neighbours leave, but more than this many times what it
/// reserves is a reservation that was not what it is said to be.
const EC2_TIMES_MAX: f64 = 4.0;

/// Minutes that were not used, by the first reason that holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dropped {
    /// The minute is there more than once.
    pub repeated: u32,
    /// Requests, tasks or CPU are missing, or every latency is.
    pub incomplete: u32,
    /// A number that cannot be: negative, not finite, a part above 1, CPU above what a task has.
    pub impossible: u32,
    /// A deployment or scaling was under way, or the tasks changed by more than 5 %.
    pub in_motion: u32,
    /// Fewer than 30 requests per task.
    pub too_quiet: u32,
    /// CPU had stopped rising: the queue says more than the task.
    pub saturated: u32,
    /// Older than the newest 1,440.
    pub older: u32,
}

impl Dropped {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u32 {
        let Self { repeated, incomplete, impossible, in_motion, too_quiet, saturated, older } =
            self;
        *repeated + *incomplete + *impossible + *in_motion + *too_quiet + *saturated + *older
    }
}

/// A minute that says something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub minute: i64,
    /// Requests per second and task.
    pub rate: f64,
    /// vCPU in use by a task.
    pub used: f64,
    pub p50: Option<f64>,
    pub p99: Option<f64>,
    /// The part of requests that were slow.
    pub slow: Option<f64>,
}

/// What was chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Selected {
    /// By minute.
    pub points: Vec<Point>,
    pub dropped: Dropped,
    /// Minutes with impossible CPU, which are among the dropped.
    pub cpu_impossible: u32,
    /// Minutes with a latency, used or not.
    pub with_latency: u32,
    /// Minutes between the first and the last that are not there at all.
    pub missing: u64,
}

/// The most CPU that a task can show, in percent of what it reserves.
pub(super) fn cpu_percent_max(side: Side, tasks: &Reservation) -> f64 {
    let reserved = 100.0 * CPU_TOLERANCE;
    match (side, tasks.usable_vcpu) {
        // Fargate cuts a task off at what it reserves.
        (Side::Fargate, _) => reserved,
        (Side::Ec2, Some(usable)) => reserved * (usable / tasks.vcpu).max(1.0),
        (Side::Ec2, None) => reserved * EC2_TIMES_MAX,
    }
}

/// Chooses among `minutes`, which come in any order.
pub(super) fn select(side: Side, minutes: &[Minute], tasks: &Reservation) -> Selected {
    let mut sorted: Vec<&Minute> = minutes.iter().collect();
    sorted.sort_by_key(|minute| minute.minute);
    let mut selected = Selected::default();
    let cpu_max = cpu_percent_max(side, tasks);
    for (index, minute) in sorted.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| sorted.get(index)).copied();
        let after = sorted.get(index + 1).copied();
        let is_same = |other: Option<&Minute>| other.is_some_and(|o| o.minute == minute.minute);
        if let Some(before) = before {
            let step = minute.minute.abs_diff(before.minute);
            selected.missing = selected.missing.saturating_add(step.saturating_sub(1));
        }
        // Which of the rows is right cannot be known, so none is used.
        if is_same(before) || is_same(after) {
            selected.dropped.repeated += 1;
            continue;
        }
        selected.push(minute, before, tasks.vcpu, cpu_max);
    }
    let older = selected.points.len().saturating_sub(MINUTES_MAX);
    selected.points.drain(..older);
    selected.dropped.older = u32::try_from(older).unwrap_or(u32::MAX);
    selected
}

impl Selected {
    fn push(&mut self, minute: &Minute, before: Option<&Minute>, vcpu: f64, cpu_max: f64) {
        let has_latency = minute.p99_seconds.is_some() || minute.slow_fraction.is_some();
        self.with_latency += u32::from(has_latency);
        let (Some(requests), Some(tasks), Some(cpu), true) =
            (minute.requests, minute.tasks, minute.cpu_percent, has_latency)
        else {
            self.dropped.incomplete += 1;
            return;
        };
        if !(0.0..=cpu_max).contains(&cpu) {
            self.cpu_impossible += 1;
            self.dropped.impossible += 1;
            return;
        }
        if !is_possible(minute, requests, tasks) {
            self.dropped.impossible += 1;
            return;
        }
        if minute.in_motion || tasks_changed(minute, before) {
            self.dropped.in_motion += 1;
            return;
        }
        if tasks < 1.0 || requests / tasks < REQUESTS_PER_TASK_MIN {
            self.dropped.too_quiet += 1;
            return;
        }
        self.points.push(Point {
            minute: minute.minute,
            rate: requests / tasks / 60.0,
            used: cpu / 100.0 * vcpu,
            p50: minute.p50_seconds,
            p99: minute.p99_seconds,
            slow: minute.slow_fraction,
        });
    }
}

fn is_possible(minute: &Minute, requests: f64, tasks: f64) -> bool {
    let is_time = |value: Option<f64>| value.is_none_or(|value| value.is_finite() && value > 0.0);
    let in_order = minute.p50_seconds.zip(minute.p99_seconds).is_none_or(|(p50, p99)| p50 <= p99);
    let is_part = minute.slow_fraction.is_none_or(|part| (0.0..=1.0).contains(&part));
    let is_count = |value: f64| value.is_finite() && value >= 0.0;
    is_count(requests)
        && is_count(tasks)
        && is_time(minute.p50_seconds)
        && is_time(minute.p99_seconds)
        && in_order
        && is_part
}

fn tasks_changed(minute: &Minute, before: Option<&Minute>) -> bool {
    let Some(before) = before.filter(|before| minute.minute.abs_diff(before.minute) == 1) else {
        return false;
    };
    before
        .tasks
        .zip(minute.tasks)
        .is_some_and(|(before, now)| (now - before).abs() > TASKS_CHANGED_MAX * before.max(now))
}
