//! Minutes of single-server queues, simulated request by request.
//!
//! What a fit is held against must not come from its own model: each task here is a queue with one
//! server (Lindley's recursion), lognormal service, Poisson arrivals, and lognormal time off the
//! CPU. The truth is found by force: simulate each load for long and see where too many are slow.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of requests"
)]

use capacity::fit::Minute;
use sampling::Generator;

/// A service whose tasks are queues.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue {
    /// CPU-seconds of a request.
    pub(crate) cost: f64,
    /// vCPU used without requests; it slows the server down by as much.
    pub(crate) idle: f64,
    /// Squared coefficient of variation of service.
    pub(crate) service_variation: f64,
    /// Median and 99th percentile of the time off the CPU, in seconds.
    pub(crate) base: (f64, f64),
}

/// The service of the prototype: 14 ms, 2 for the squared variation, 40 and 150 ms off the CPU.
pub(crate) const PROTOTYPE: Queue =
    Queue { cost: 0.014, idle: 0.03, service_variation: 2.0, base: (0.040, 0.150) };

/// Above this a request is slow, in seconds.
pub(crate) const THRESHOLD: f64 = 0.3;

/// Deviations of CPU readings, and the part of them that are far too high.
const CPU_NOISE: f64 = 0.02;
const OUTLIERS: f64 = 0.05;

/// Tasks that a minute's latencies are read from.
const TASKS_SAMPLED: u32 = 6;

/// The 99th percentile of the standard normal distribution.
const Z_P99: f64 = 2.326_347_874_040_841;

impl Queue {
    /// Requests per second that use one task's CPU up.
    pub(crate) fn service_rate(&self) -> f64 {
        (1.0 - self.idle) / self.cost
    }

    /// Latencies of `tasks` queues of `rate` requests a second for `seconds`, warmed up.
    pub(crate) fn latencies(
        &self,
        rate: f64,
        tasks: u32,
        seconds: f64,
        random: &mut Generator,
    ) -> Vec<f64> {
        let sigma = libm::sqrt(libm::log(1.0 + self.service_variation));
        let median = libm::exp(-0.5 * sigma * sigma) / self.service_rate();
        let base_sigma = libm::log(self.base.1 / self.base.0) / Z_P99;
        let mut latencies = Vec::new();
        for _ in 0..tasks {
            let (mut now, mut work) = (-0.3 * seconds, 0.0_f64);
            while now < seconds {
                let gap = random.exponential(1.0 / rate);
                now += gap;
                work = (work - gap).max(0.0) + random.lognormal(median, sigma);
                let base = random.lognormal(self.base.0, base_sigma);
                if now >= 0.0 {
                    latencies.push(work + base);
                }
            }
        }
        latencies
    }

    /// One recorded minute at `utilisation`.
    pub(crate) fn minute(&self, minute: i64, utilisation: f64, random: &mut Generator) -> Minute {
        let rate = utilisation * self.service_rate();
        let mut latencies = self.latencies(rate, TASKS_SAMPLED, 60.0, random);
        latencies.sort_by(f64::total_cmp);
        let tasks = 180.0;
        let mut cpu = 100.0 * (self.idle + rate * self.cost) * random.normal(1.0, CPU_NOISE);
        if random.chance(OUTLIERS) {
            cpu *= random.uniform_between(1.1, 1.6);
        }
        let fast = latencies.partition_point(|latency| *latency <= THRESHOLD);
        let all = latencies.len();
        let quantile = |part: f64| latencies[(part * (all - 1) as f64) as usize];
        Minute {
            minute,
            requests: Some(rate * tasks * 60.0),
            tasks: Some(tasks),
            cpu_percent: Some(cpu.min(100.0)),
            p50_seconds: Some(quantile(0.5)),
            p99_seconds: Some(quantile(0.99)),
            slow_fraction: Some((all - fast) as f64 / all as f64),
            in_motion: false,
        }
    }

    /// `count` minutes with utilisations drawn evenly between `low` and `high`.
    pub(crate) fn minutes(
        &self,
        count: i64,
        low: f64,
        high: f64,
        random: &mut Generator,
    ) -> Vec<Minute> {
        (0..count)
            .map(|minute| {
                let utilisation = random.uniform_between(low, high);
                self.minute(minute, utilisation, random)
            })
            .collect()
    }

    /// The highest requests a second of a task at which at most `allowed` are slow, by force.
    pub(crate) fn truth(&self, allowed: f64, random: &mut Generator) -> f64 {
        let slow = |utilisation: f64, random: &mut Generator| {
            let rate = utilisation * self.service_rate();
            let latencies = self.latencies(rate, 400, 120.0, random);
            let slow = latencies.iter().filter(|latency| **latency > THRESHOLD).count();
            slow as f64 / latencies.len() as f64
        };
        let (mut before, mut utilisation) = (0.0, 0.1);
        while utilisation < 0.98 {
            let now = slow(utilisation, random);
            if now > allowed {
                // Geometric interpolation: the slow part rises about exponentially.
                let step = libm::log(allowed / before) / libm::log(now / before);
                return (utilisation - 0.02 * (1.0 - step)) * self.service_rate();
            }
            (before, utilisation) = (now, utilisation + 0.02);
        }
        f64::NAN
    }
}
