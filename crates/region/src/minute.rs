//! One minute of one side: what happened, and when CloudWatch says so.

use cloud::signals::{SideMinute, Thresholds};
use model::minute::Counts;
use model::{Span, Time};

use crate::count::Draw;
use crate::latency::{LatencyTable, Slice};
use crate::metric::Hosts;

/// Slices of a minute: its six ticks.
pub(crate) const TICKS: usize = 6;

/// A minute that is published short has this part of its samples at first.
const SHORT: f64 = 0.7;
/// How long after that it is complete.
pub(crate) const BACKFILL: Span = Span::from_mins(5);

/// One minute of one side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SideRecord {
    /// Requests that reached the side, those that failed included.
    pub(crate) requests: u64,
    /// Of those, without an answer from a task: timed out, or no task to give one.
    pub(crate) unanswered: u64,
    /// Requests that failed, the unanswered included.
    pub(crate) errors: u64,
    /// Slower than the application's own threshold.
    pub(crate) slow: u64,
    slices: [Slice; TICKS],
    slice_count: u8,
    latency_factor: f64,
    slow_draw: Draw,
    pub(crate) healthy_min: u32,
    healthy_max: u32,
    healthy_sum: u32,
    pub(crate) unhealthy: Hosts,
    pub(crate) cpu_percent: Option<f64>,
    published: Published,
    published_at: Time,
}

/// How a minute is published, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Published {
    /// Whole.
    Whole,
    /// Short at first.
    Short,
    /// Without values.
    Null,
    /// Never.
    Never,
}

impl Published {
    /// The worse of the two.
    pub(crate) fn worse(self, other: Self) -> Self {
        self.max(other)
    }
}

/// What a tick of one side adds to its minute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathering {
    /// Requests expected in each tick, with the load they met.
    slices: [Slice; TICKS],
    count: usize,
    expected: f64,
    unanswered: f64,
    cpu_used: f64,
    cpu_reserved: f64,
    ticks: usize,
    healthy: Hosts,
    unhealthy: Hosts,
}

impl Gathering {
    pub(crate) fn tick(&mut self, expected: f64, unanswered: f64, slice: Slice) {
        if let Some(place) = self.slices.get_mut(self.count) {
            *place = Slice { weight: (expected - unanswered).max(0.0), ..slice };
            self.count += 1;
        }
        self.expected += expected;
        self.unanswered += unanswered;
    }

    /// How many targets are healthy and unhealthy in a tick.
    pub(crate) fn hosts(&mut self, healthy: u32, unhealthy: u32) {
        self.healthy = self.healthy.and(healthy, self.ticks);
        self.unhealthy = self.unhealthy.and(unhealthy, self.ticks);
        self.ticks += 1;
    }

    pub(crate) fn cpu(&mut self, used: f64, reserved: f64) {
        self.cpu_used += used;
        self.cpu_reserved += reserved;
    }

    /// CPU in percent of what running tasks reserve, if any ran.
    pub(crate) fn cpu_percent(&self) -> Option<f64> {
        (self.cpu_reserved > 0.0).then(|| 100.0 * self.cpu_used / self.cpu_reserved)
    }
}

/// What chance adds to a minute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    pub(crate) requests: Draw,
    pub(crate) errors: Draw,
    /// Uniform: almost no minute needs the draw that it stands for.
    pub(crate) unanswered: f64,
    pub(crate) slow: Draw,
    pub(crate) error_rate: f64,
    pub(crate) latency_factor: f64,
    pub(crate) cpu_factor: f64,
    pub(crate) published: Published,
    pub(crate) published_at: Time,
}

impl SideRecord {
    /// Closes a minute.
    pub(crate) fn new(
        gathered: &Gathering,
        chance: Chance,
        table: &LatencyTable,
        slow_threshold_seconds: f64,
    ) -> Self {
        let requests = chance.requests.poisson(gathered.expected);
        let lost =
            if gathered.expected > 0.0 { gathered.unanswered / gathered.expected } else { 0.0 };
        let unanswered = if lost > 0.0 {
            Draw::new(chance.unanswered).binomial(requests, lost.min(1.0))
        } else {
            0
        };
        let answered = requests - unanswered;
        let errors = unanswered + chance.errors.binomial(answered, chance.error_rate);
        let (slices, slice_count) = merged(&gathered.slices, gathered.count);
        let mut record = Self {
            requests,
            unanswered,
            errors,
            slow: 0,
            slices,
            slice_count,
            latency_factor: chance.latency_factor,
            slow_draw: chance.slow,
            healthy_min: gathered.healthy.least,
            healthy_max: gathered.healthy.most,
            healthy_sum: gathered.healthy.sum,
            unhealthy: gathered.unhealthy,
            cpu_percent: gathered.cpu_percent().map(|cpu| (cpu * chance.cpu_factor).max(0.0)),
            published: chance.published,
            published_at: chance.published_at,
        };
        record.slow = record.slower_than(table, slow_threshold_seconds);
        record
    }

    fn slices(&self) -> &[Slice] {
        self.slices.get(..usize::from(self.slice_count)).unwrap_or(&self.slices)
    }

    /// Requests answered later than `seconds`.
    pub(crate) fn slower_than(&self, table: &LatencyTable, seconds: f64) -> u64 {
        let slow = table.slow_fraction(self.slices(), self.latency_factor, seconds);
        self.slow_draw.binomial(self.requests - self.unanswered, slow)
    }

    /// The part of answered requests slower than `seconds`, without chance, and how many they are.
    pub(crate) fn mixture(&self) -> (&[Slice], f64, u64) {
        (self.slices(), self.latency_factor, self.requests - self.unanswered)
    }

    pub(crate) const fn published_at(&self) -> Time {
        self.published_at
    }

    /// Requests that a task answered.
    pub(crate) const fn answered(&self) -> u64 {
        self.requests - self.unanswered
    }

    pub(crate) const fn healthy(&self) -> Hosts {
        Hosts { least: self.healthy_min, most: self.healthy_max, sum: self.healthy_sum }
    }

    /// What is published at `now` of a count of this minute.
    pub(crate) fn part(&self, count: u64, now: Time) -> u64 {
        let short = self.published == Published::Short && now < self.published_at + BACKFILL;
        if short { shortened(count) } else { count }
    }

    /// Whether CloudWatch answers this minute with values at `now`: of targets' health at least,
    /// since a balancer says nothing of requests where there were none.
    pub(crate) fn has_values(&self, now: Time) -> bool {
        match self.published {
            Published::Whole | Published::Short => now >= self.published_at,
            Published::Null | Published::Never => false,
        }
    }

    /// What CloudWatch answers at `now`; `None` while there is nothing.
    pub(crate) fn seen(
        &self,
        minute: i64,
        now: Time,
        thresholds: &Thresholds,
        table: &LatencyTable,
    ) -> Option<SideMinute> {
        if now < self.published_at || self.published == Published::Never {
            return None;
        }
        let mut seen = SideMinute {
            minute,
            counts: Counts::default(),
            healthy: Some(self.healthy_min),
            cpu_percent: self.cpu_percent,
            p50_ms: None,
            p99_ms: None,
        };
        if self.published == Published::Null {
            return Some(SideMinute { healthy: None, cpu_percent: None, ..seen });
        }
        // A balancer publishes nothing for a minute without requests.
        if self.requests == 0 {
            return Some(seen);
        }
        let part = |count: u64| self.part(count, now);
        let slow = |threshold: Option<Span>| {
            threshold.map(|span| part(self.slower_than(table, span.secs_f64())))
        };
        seen.counts = Counts {
            requests: Some(part(self.requests)),
            slow: slow(thresholds.slow),
            slow_slo: slow(thresholds.slow_slo),
            slow_p90: slow(thresholds.slow_p90),
            slow_p50: slow(thresholds.slow_p50),
            // Absent where zero, and absent is zero where requests are known.
            errors: Some(part(self.errors)),
        };
        if self.requests > self.unanswered {
            let milliseconds = |slow: f64| {
                table
                    .exceeded_by(self.slices(), self.latency_factor, slow)
                    .map(|seconds| 1000.0 * seconds)
            };
            seen.p50_ms = milliseconds(0.5);
            seen.p99_ms = milliseconds(0.01);
        }
        Some(seen)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a part of a count far below 2^53"
)]
fn shortened(count: u64) -> u64 {
    libm::floor(count as f64 * SHORT) as u64
}

/// Weighs the slices, and makes one of them where they met the same load.
fn merged(slices: &[Slice; TICKS], count: usize) -> ([Slice; TICKS], u8) {
    let mut merged = [Slice::default(); TICKS];
    let used = slices.get(..count).unwrap_or(slices);
    let total: f64 = used.iter().map(|slice| slice.weight).sum();
    if total <= 0.0 {
        return (merged, 0);
    }
    let (mut low, mut high, mut backlog) = (f64::INFINITY, 0.0_f64, 0.0_f64);
    let mut mean = 0.0;
    for slice in used {
        low = low.min(slice.utilisation);
        high = high.max(slice.utilisation);
        backlog = backlog.max(slice.backlog_seconds);
        mean += slice.weight * slice.utilisation;
    }
    // Within a hundredth of utilisation the curve is straight to a thousandth of its value.
    if backlog <= 0.0 && high - low < 0.01 {
        merged[0] = Slice { weight: 1.0, utilisation: mean / total, backlog_seconds: 0.0 };
        return (merged, 1);
    }
    for (place, slice) in merged.iter_mut().zip(used) {
        *place = Slice { weight: slice.weight / total, ..*slice };
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most six")]
    let count = used.len() as u8;
    (merged, count)
}
