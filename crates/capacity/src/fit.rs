//! What a task carries, fitted to recorded minutes.
//!
//! ```text
//!  minutes ──► select ──► line (CPU) ──► tail (latency) ──► isotonic (does the model hold?)
//!              says what    idle, cost     kappa, base          │ if not: its own crossing
//!              it dropped                                       ▼
//!                        bootstrap of five-minute blocks, both sides at once
//!                               │                            │
//!                               ▼                            ▼
//!                    safe load: 5th percentile,      ratio EC2 to Fargate
//!                    less a derate, and no further
//!                    than a little past what was seen
//! ```
//!
//! A side gets a [`Fitted`] or a [`Refused`] with its reason: nothing that cannot be fitted gives
//! a number. The method and its constants are from docs/reference/fit.md; what it is worth against
//! an independent generator is measured by the bench `fit`.
//!
//! Deliberately absent: several event loops in a task (M/M/k), shared back ends that bend the
//! throughput of a whole service, and memory.

mod admit;
mod answer;
mod bootstrap;
mod ceiling;
mod drift;
mod isotonic;
mod line;
mod linear;
mod prior;
mod robust;
mod select;
mod side;
mod tail;
mod words;

pub use answer::{Answer, Fit, Fitted, Interval, Method, Note, Ratio, Refusal, Refused, Seen};
pub use drift::{Drift, drift};
pub use prior::Prior;
pub use select::Dropped;

use model::{PerSide, Side};
use sampling::Generator;

use crate::task::LatencyObjective;
use side::Prepared;

/// What JSON of a [`Fit`] calls itself.
pub const SCHEMA: &str = "ferry.fit/1";

/// Fewer usable minutes than this fit nothing: an hour with its bad minutes dropped has more.
pub const MINUTES_MIN: usize = 45;

/// The same where a prior says most of it.
pub const MINUTES_MIN_WITH_PRIOR: usize = 15;

/// One minute of one side; every part may be unknown, and what is not a number is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Minute {
    /// The minute, counted from anywhere.
    pub minute: i64,
    /// Requests the side answered in it.
    pub requests: Option<f64>,
    /// Tasks that ran.
    pub tasks: Option<f64>,
    /// Mean CPU of the service in percent of what its tasks reserve.
    pub cpu_percent: Option<f64>,
    /// Median latency in seconds.
    pub p50_seconds: Option<f64>,
    /// 99th percentile of latency in seconds.
    pub p99_seconds: Option<f64>,
    /// The part of requests slower than the objective's threshold.
    pub slow_fraction: Option<f64>,
    /// Whether a deployment or a scaling activity was under way.
    pub in_motion: bool,
}

impl From<&model::minute::Minute> for Minute {
    /// What the log of minutes knows: slow answers at the SLO's own threshold, no percentiles.
    fn from(row: &model::minute::Minute) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "requests of a minute are far below 2^53")]
        let number = |count: u64| count as f64;
        let requests = row.counts.requests.map(number);
        let slow = row.counts.slow.map(number);
        let slow_fraction = slow.zip(requests.filter(|n| *n > 0.0)).map(|(slow, all)| slow / all);
        Self {
            minute: row.minute,
            requests,
            tasks: row.context.tasks.map(f64::from),
            cpu_percent: row.context.cpu_centi_percent.map(|cpu| f64::from(cpu) / 100.0),
            p50_seconds: None,
            p99_seconds: None,
            slow_fraction,
            in_motion: row.context.deploying == Some(true),
        }
    }
}

/// What a side's tasks have of CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reservation {
    /// vCPU reserved for a task: what the CPU percentage is a percentage of.
    pub vcpu: f64,
    /// vCPU a task can really use. `None`: one event loop, 1.0, unless more is seen in use.
    pub usable_vcpu: Option<f64>,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// The objective that a safe load holds.
    pub objective: LatencyObjective,
    /// The tasks of each side.
    pub tasks: PerSide<Reservation>,
    /// What was known before, from a load test or an earlier fit.
    pub prior: PerSide<Option<Prior>>,
    /// Where the draws of the bootstrap come from: the same inputs and seed give the same bytes.
    pub seed: u64,
}

/// Fits both sides to their minutes, in any order; a side without minutes gets no answer.
#[must_use]
pub fn fit(minutes: &PerSide<Vec<Minute>>, question: &Question) -> Fit {
    let prepare = |side| {
        let minutes = minutes.get(side);
        (!minutes.is_empty()).then(|| Prepared::new(side, minutes, question))
    };
    let (ec2, fargate) = (prepare(Side::Ec2), prepare(Side::Fargate));
    let (ec2, fargate) = side::share_cost(ec2, fargate);
    let random = Generator::new(question.seed).fork("fit");
    let draws = bootstrap::draw(sound(ec2.as_ref()), sound(fargate.as_ref()), &random);
    let ratio = bootstrap::ratio(sound(ec2.as_ref()), sound(fargate.as_ref()), &draws);
    let answer = |prepared: Option<Result<Prepared, Refused>>, draws: &[_]| {
        prepared.map(|prepared| match prepared.and_then(|prepared| prepared.answer(draws)) {
            Ok(fitted) => Answer::Fitted(Box::new(fitted)),
            Err(refused) => Answer::Refused(refused),
        })
    };
    let ec2 = answer(ec2, &draws.ec2);
    let fargate = answer(fargate, &draws.fargate);
    let both = matches!((&ec2, &fargate), (Some(Answer::Fitted(_)), Some(Answer::Fitted(_))));
    Fit {
        schema: SCHEMA.to_owned(),
        objective: question.objective,
        sides: PerSide { ec2, fargate },
        ratio: ratio.filter(|_| both),
    }
}

fn sound(side: Option<&Result<Prepared, Refused>>) -> Option<&Prepared> {
    side.and_then(|side| side.as_ref().ok())
}
