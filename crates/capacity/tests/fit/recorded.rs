//! Minutes of the task model itself, quick to make: for what does not hang on the model's truth.

use capacity::fit::{Minute, Question, Reservation};
use capacity::task::{BaseLatency, LatencyObjective, TaskModel, TaskParameters};
use model::PerSide;
use sampling::Generator;

/// A task, and how noisy its minutes are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recorded {
    pub(crate) cost: f64,
    pub(crate) idle: f64,
    pub(crate) cpu_noise: f64,
    pub(crate) latency_noise: f64,
    pub(crate) seed: u64,
}

impl Default for Recorded {
    fn default() -> Self {
        Self { cost: 0.014, idle: 0.03, cpu_noise: 0.02, latency_noise: 0.05, seed: 1 }
    }
}

impl Recorded {
    pub(crate) fn model(&self) -> TaskModel {
        TaskModel::new(TaskParameters {
            vcpu: 1.0,
            usable_vcpu: 1.0,
            cpu_seconds_per_request: self.cost,
            idle_vcpu: self.idle,
            kappa: 1.5,
            base_latency: BaseLatency { median_seconds: 0.040, p99_seconds: 0.150 },
            timeout_seconds: 10.0,
        })
        .expect("the parameters are those of a task")
    }

    /// `count` minutes at utilisations between `low` and `high`.
    pub(crate) fn minutes(&self, count: i64, low: f64, high: f64) -> Vec<Minute> {
        let model = self.model();
        let mut random = Generator::new(self.seed);
        (0..count)
            .map(|minute| {
                let utilisation = random.uniform_between(low, high);
                let rate = utilisation * model.service_rate();
                let noise = libm::exp(random.normal(0.0, self.latency_noise));
                let percentile =
                    |part| Some(model.latency_quantile_seconds(part, utilisation, 0.0)? * noise);
                let cpu = model.cpu_percent(rate, false) * random.normal(1.0, self.cpu_noise);
                Minute {
                    minute,
                    requests: Some(rate * 120.0 * 60.0),
                    tasks: Some(120.0),
                    cpu_percent: Some(cpu.clamp(0.0, 104.0)),
                    p50_seconds: percentile(0.5),
                    p99_seconds: percentile(0.99),
                    slow_fraction: Some(model.slow_fraction(utilisation, 0.0, 0.3 / noise)),
                    in_motion: false,
                }
            })
            .collect()
    }
}

/// Are 99 % of requests within 300 ms, by tasks of one vCPU?
pub(crate) fn question(seed: u64) -> Question {
    let task = Reservation { vcpu: 1.0, usable_vcpu: Some(1.0) };
    Question {
        objective: LatencyObjective { threshold_seconds: 0.3, slow_fraction_max: 0.01 },
        tasks: PerSide { ec2: task, fargate: task },
        prior: PerSide { ec2: None, fargate: None },
        seed,
    }
}
