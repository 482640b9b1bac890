//! One simulated week of both sides, minute by minute.
//!
//! ```text
//! load (diurnal, AR(1)) ── split by share, Poisson ── requests of each side
//! common incidents ──┐
//! own noise, bursts ─┼─> shift of log latency ── counts above six thresholds, p99
//! regression ────────┘   log error rate ── errors, in clusters
//! missing minutes and gaps ── what the judge never sees
//! ```

use sampling::Generator;

use crate::scenario::{Scenario, Truth};

/// Minutes of a week.
pub(crate) const MINUTES: usize = 10_080;
/// Median latency in seconds, and the deviation of its logarithm: p90 0.121 s, p99 0.249 s.
const MEDIAN: f64 = 0.05;
const SIGMA: f64 = 0.69;
/// The SLO's threshold in seconds: 0.47 % of requests are slower.
pub(crate) const SLO_THRESHOLD: f64 = 0.30;
/// EC2's own 90th percentile in seconds.
const P90: f64 = MEDIAN * 2.421_234_893_661_07;
const MARGIN: f64 = 1.10;

/// One side of a week.
#[derive(Debug, Clone)]
pub(crate) struct SideWeek {
    pub(crate) requests: Vec<u64>,
    pub(crate) errors: Vec<u64>,
    /// Above the SLO's threshold, 1.1 times it, and so on for p90 and p50: plain, then widened.
    pub(crate) slow: [Vec<u64>; 3],
    pub(crate) slow_widened: [Vec<u64>; 3],
    pub(crate) p99: Vec<f64>,
    /// Whether the minute was ever seen.
    pub(crate) seen: Vec<bool>,
}

/// Both sides of a week, and when the regression began.
#[derive(Debug, Clone)]
pub(crate) struct Week {
    pub(crate) candidate: SideWeek,
    pub(crate) baseline: SideWeek,
    pub(crate) began: Option<usize>,
    /// The share in parts per thousand, by minute.
    pub(crate) shares: Vec<u16>,
}

/// What strikes both sides.
struct Common {
    load: Vec<f64>,
    latency: Vec<f64>,
    errors: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Candidate,
    Baseline,
}

impl Week {
    /// The week of a scenario that `generator` stands for.
    pub(crate) fn generate(scenario: &Scenario, truth: &Truth, generator: &Generator) -> Self {
        // From the third day to within the third: whoever needs a calm start has had it.
        let began = truth
            .is_regression()
            .then(|| 2_880 + usize::try_from(generator.fork("began").below(1_440)).unwrap_or(0));
        let common = common(scenario, generator);
        let shares = scenario.shares();
        let week = |role, label| {
            side(scenario, truth, &common, &shares, began, role, &generator.fork(label))
        };
        Self {
            candidate: week(Role::Candidate, "candidate"),
            baseline: week(Role::Baseline, "baseline"),
            began,
            shares,
        }
    }
}

impl Week {
    /// The same week with errors drawn at another base rate: all else is one and the same.
    pub(crate) fn with_base_errors(
        &self,
        scenario: &Scenario,
        truth: &Truth,
        generator: &Generator,
    ) -> Self {
        let common = common(scenario, generator);
        let mut week = self.clone();
        for (role, label) in [(Role::Candidate, "candidate"), (Role::Baseline, "baseline")] {
            let generator = generator.fork(label);
            let (_, errors) =
                shifts(scenario, truth, &common, &self.shares, self.began, role, &generator);
            let mut fail = generator.fork("failures");
            let side =
                if role == Role::Candidate { &mut week.candidate } else { &mut week.baseline };
            side.errors = side
                .requests
                .iter()
                .zip(&errors)
                .map(|(n, rate)| error_count(scenario, *n, libm::exp(*rate).min(0.95), &mut fail))
                .collect();
        }
        week
    }
}

fn common(scenario: &Scenario, generator: &Generator) -> Common {
    let noise = autoregression(0.9, 0.1, &mut generator.fork("load"));
    let load = noise
        .iter()
        .zip(0_u32..)
        .map(|(noise, t)| {
            let day = core::f64::consts::TAU * (f64::from(t) - 540.0) / 1_440.0;
            scenario.requests * (1.0 + scenario.diurnal * libm::sin(day)) * libm::exp(*noise)
        })
        .collect();
    let mut latency = vec![0.0; MINUTES];
    let mut errors = vec![0.0; MINUTES];
    if scenario.is_realistic {
        let mut draw = generator.fork("incidents");
        for _ in 0..draw.poisson(8.0) {
            let start = minute(&mut draw);
            let length = draw.integer_between(10, 40);
            let slower = draw.uniform_between(libm::log(1.5), libm::log(4.0));
            let failing = libm::log(draw.uniform_between(5.0, 30.0));
            add(&mut latency, start, length, slower);
            add(&mut errors, start, length, failing);
        }
    }
    Common { load, latency, errors }
}

fn side(
    scenario: &Scenario,
    truth: &Truth,
    common: &Common,
    shares: &[u16],
    began: Option<usize>,
    role: Role,
    generator: &Generator,
) -> SideWeek {
    let (latency, errors) = shifts(scenario, truth, common, shares, began, role, generator);
    let mut week = SideWeek {
        requests: Vec::with_capacity(MINUTES),
        errors: Vec::with_capacity(MINUTES),
        slow: Default::default(),
        slow_widened: Default::default(),
        p99: Vec::with_capacity(MINUTES),
        seen: seen(scenario, generator),
    };
    let (mut count, mut fail, mut slow) =
        (generator.fork("requests"), generator.fork("failures"), generator.fork("slow"));
    for (t, share) in shares.iter().enumerate() {
        let fargate = f64::from(*share) / 1_000.0;
        let weight = if role == Role::Candidate { fargate } else { 1.0 - fargate };
        let requests = count.poisson(at(&common.load, t) * weight);
        let rate = libm::exp(at(&errors, t)).min(0.95);
        week.requests.push(requests);
        week.errors.push(error_count(scenario, requests, rate, &mut fail));
        push_slow(&mut week, requests, at(&latency, t), &mut slow);
    }
    let mut draw = generator.fork("p99");
    for (t, requests) in week.requests.iter().enumerate() {
        let value =
            if scenario.has_p99 { p99(*requests, at(&latency, t), &mut draw) } else { f64::NAN };
        week.p99.push(value);
    }
    for (seen, requests) in week.seen.iter_mut().zip(&week.requests) {
        *seen &= *requests > 0;
    }
    week
}

/// The shift of log latency and the log error rate, by minute.
fn shifts(
    scenario: &Scenario,
    truth: &Truth,
    common: &Common,
    shares: &[u16],
    began: Option<usize>,
    role: Role,
    generator: &Generator,
) -> (Vec<f64>, Vec<f64>) {
    let mut latency = common.latency.clone();
    let base = libm::log(scenario.base_errors);
    let mut errors: Vec<f64> = common.errors.iter().map(|common| base + common).collect();
    if scenario.is_realistic {
        let own = autoregression(scenario.memory, 0.05, &mut generator.fork("latency"));
        let failing = autoregression(0.8, 0.3, &mut generator.fork("errors"));
        for (t, (own, failing)) in own.iter().zip(&failing).enumerate() {
            bump(&mut latency, t, *own);
            bump(&mut errors, t, failing - 0.045);
        }
        bursts(scenario, &mut latency, &mut generator.fork("bursts"));
    }
    if role == Role::Candidate {
        let step_minutes = steps(shares);
        for t in 0..MINUTES {
            let after = began.map_or(0.0, |began| truth.progress(t, began));
            let warm_up = step_minutes
                .get(t)
                .copied()
                .flatten()
                .map_or(0.0, |since| scenario.warm_up * libm::exp(-f64::from(since) / 30.0));
            let day = core::f64::consts::TAU * f64::from(u32::try_from(t).unwrap_or(0)) / 1_440.0;
            let mix = scenario.client_mix + scenario.client_mix_daily * libm::sin(day);
            bump(&mut latency, t, scenario.bias + mix + warm_up + truth.latency * after);
            bump(
                &mut errors,
                t,
                libm::log(truth.errors.unwrap_or(scenario.base_errors) / scenario.base_errors)
                    * after,
            );
        }
    }
    (latency, errors)
}

/// Minutes since the last change of share; `None` before the first.
fn steps(shares: &[u16]) -> Vec<Option<u32>> {
    let mut since: Option<u32> = None;
    let mut last = shares.first().copied();
    shares
        .iter()
        .map(|share| {
            since = if last == Some(*share) { since.map(|s| s + 1) } else { Some(0) };
            last = Some(*share);
            since
        })
        .collect()
}

fn bursts(scenario: &Scenario, latency: &mut [f64], draw: &mut Generator) {
    for _ in 0..draw.poisson(10.0) {
        let start = minute(draw);
        // One minute and a geometric number that is at least one, of probability 0.4.
        let length = (2 + draw.geometric(0.4)).min(8);
        let slower = draw.uniform_between(0.3, 0.8);
        add(latency, start, length, slower);
    }
    for _ in 0..scenario.long_bursts {
        let start = minute(draw);
        let length = draw.integer_between(15, 20);
        let slower = draw.uniform_between(0.3, 0.8);
        add(latency, start, length, slower);
    }
}

fn seen(scenario: &Scenario, generator: &Generator) -> Vec<bool> {
    let mut draw = generator.fork("gaps");
    let mut seen = vec![true; MINUTES];
    if scenario.is_realistic {
        for minute in &mut seen {
            *minute = !draw.chance(0.01);
        }
        for _ in 0..draw.poisson(5.0) {
            let start = minute(&mut draw);
            let length = draw.integer_between(5, 20);
            for minute in seen.iter_mut().skip(start).take(usize::try_from(length).unwrap_or(0)) {
                *minute = false;
            }
        }
    }
    seen
}

fn error_count(scenario: &Scenario, requests: u64, rate: f64, draw: &mut Generator) -> u64 {
    if !scenario.is_realistic {
        return draw.binomial(requests, rate);
    }
    // Errors come in clusters of three on average.
    let clusters = draw.poisson(float(requests) * rate / 3.0);
    let more = if clusters > 0 { draw.negative_binomial(float(clusters), 1.0 / 3.0) } else { 0 };
    (clusters + more).min(requests)
}

/// Counts above the six thresholds, the highest first, each a part of the next.
fn push_slow(week: &mut SideWeek, requests: u64, shift: f64, draw: &mut Generator) {
    let (mut counted, mut rest, mut above_before) = (0, requests, 0.0);
    for (index, threshold) in [SLO_THRESHOLD, P90, MEDIAN].into_iter().enumerate() {
        for widened in [true, false] {
            let threshold = if widened { MARGIN * threshold } else { threshold };
            let z = (libm::log(threshold / MEDIAN) - shift) / SIGMA;
            let above = 0.5 * libm::erfc(z / core::f64::consts::SQRT_2);
            let more = draw.binomial(rest, (above - above_before) / (1.0 - above_before));
            counted += more;
            rest -= more;
            above_before = above;
            let counts = if widened { &mut week.slow_widened } else { &mut week.slow };
            if let Some(counts) = counts.get_mut(index) {
                counts.push(counted);
            }
        }
    }
}

/// The minute's 99th percentile: an order statistic, so its uniform is a beta.
fn p99(requests: u64, shift: f64, draw: &mut Generator) -> f64 {
    if requests == 0 {
        return f64::NAN;
    }
    let rank = libm::ceil(0.99 * float(requests)).max(1.0);
    let u = draw.beta(rank, (float(requests) - rank).max(0.0) + 1.0).clamp(1e-12, 1.0 - 1e-12);
    MEDIAN * libm::exp(shift + SIGMA * sampling::quantile::normal(u))
}

fn autoregression(memory: f64, deviation: f64, draw: &mut Generator) -> Vec<f64> {
    let innovation = deviation * libm::sqrt(1.0 - memory * memory);
    let mut value = deviation * draw.standard_normal();
    (0..MINUTES)
        .map(|_| {
            let current = value;
            value = memory * value + innovation * draw.standard_normal();
            current
        })
        .collect()
}

fn minute(draw: &mut Generator) -> usize {
    usize::try_from(draw.below(MINUTES as u64)).unwrap_or(0)
}

fn add(series: &mut [f64], start: usize, length: u64, by: f64) {
    for value in series.iter_mut().skip(start).take(usize::try_from(length).unwrap_or(0)) {
        *value += by;
    }
}

fn bump(series: &mut [f64], t: usize, by: f64) {
    if let Some(value) = series.get_mut(t) {
        *value += by;
    }
}

fn at(series: &[f64], t: usize) -> f64 {
    series.get(t).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "requests of a minute")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
