//! What a fit answers.

use model::PerSide;
use serde::{Deserialize, Serialize};

use super::prior::Prior;
use super::select::Dropped;
use crate::required::{RateSource, SafeLoad, SafeRate, Unknown};
use crate::task::{LatencyObjective, TaskParameters};

/// The answer for both sides. Its JSON is what `ferry fit -o json` prints and `--prior` reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fit {
    /// [`super::SCHEMA`].
    pub schema: String,
    /// The objective that was asked for.
    pub objective: LatencyObjective,
    /// Each side's answer; `None` where there were no minutes of it.
    pub sides: PerSide<Option<Answer>>,
    /// What a Fargate task carries of what an EC2 task does; `None` unless both sides were fitted.
    pub ratio: Option<Ratio>,
}

/// A side's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Answer {
    /// There is a number.
    Fitted(Box<Fitted>),
    /// There is none.
    Refused(Refused),
}

impl Answer {
    /// The fit, where there is one.
    #[must_use]
    pub const fn fitted(&self) -> Option<&Fitted> {
        match self {
            Self::Fitted(fitted) => Some(fitted),
            Self::Refused(_) => None,
        }
    }
}

/// A task as its minutes show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fitted {
    /// What to plan with: the most requests per second that one task surely carries within the
    /// objective. The 5th percentile of the bootstrap, less 5 %.
    pub safe_requests_per_second: f64,
    /// CPU of the service at that load, in percent of what is reserved.
    pub safe_cpu_percent: f64,
    /// The part of its usable CPU that a task spends at that load.
    pub safe_utilisation: f64,
    /// The best estimate of the same load, without any margin.
    pub estimated_requests_per_second: f64,
    /// Standard deviation of the estimate's natural logarithm over the draws of the bootstrap.
    pub estimate_error: f64,
    /// How the estimate was found.
    pub method: Method,
    /// The task's parameters, for replays and as a prior.
    pub parameters: TaskParameters,
    /// Standard deviation of a minute's CPU about the line, relative to it.
    pub cpu_noise: f64,
    /// What the fit rests on.
    pub seen: Seen,
    /// Minutes that were not used, and why.
    pub dropped: Dropped,
    /// What to know before using it.
    pub notes: Vec<Note>,
}

impl Fitted {
    /// The fit as what is known before the next one.
    #[must_use]
    pub const fn prior(&self) -> Prior {
        Prior { parameters: self.parameters, seen: self.seen, error: self.estimate_error }
    }
}

impl SafeLoad for Fitted {
    fn safe_rate(&self) -> Result<SafeRate, Unknown> {
        let requests_per_minute_per_task = 60.0 * self.safe_requests_per_second;
        SafeRate { requests_per_minute_per_task, source: RateSource::Fitted }.safe_rate()
    }
}

/// How a safe load was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// From the task model, which agrees with the slow part of requests as it rises with load.
    Model,
    /// From that rise itself, since the model does not agree with it: never beyond what was seen.
    Isotonic,
}

/// The minutes and loads that a fit rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seen {
    /// Minutes that were used.
    pub minutes: u32,
    /// The lowest load, in requests per second and task.
    pub requests_per_second_min: f64,
    /// The highest load that several minutes had.
    pub requests_per_second_max: f64,
    /// The part of its usable CPU that a task spent at the highest load, a prior's included.
    pub utilisation_max: f64,
}

/// What to know before using a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Note {
    /// The load never came near what is safe: the answer is a guess at what it would do there.
    WidenLoad {
        /// How far it came.
        utilisation_max: f64,
    },
    /// The answer would lie further from what was seen than it may: it is held there.
    Held {
        /// Where it is held.
        utilisation: f64,
    },
    /// CPU stops rising below what is reserved: alarms above it never fire.
    MetricCeiling {
        /// Where it stops.
        cpu_percent: f64,
    },
    /// What a task can use was not said and is taken to be this.
    UsableAssumed {
        /// In vCPU.
        vcpu: f64,
    },
    /// The task model does not say what the slow requests say.
    ModelDisagrees {
        /// Where they differ.
        utilisation: f64,
        /// The slow part of requests as it was seen there.
        seen: f64,
        /// The same as the model has it.
        modelled: f64,
    },
    /// No part of slow requests was given to hold the model against.
    Unchecked,
    /// What a request costs was taken over from the other side: this side's load says too little.
    CostShared,
    /// A prior was used beside the minutes.
    PriorUsed,
    /// The minutes contradict the prior, which was not used.
    PriorDisagrees {
        /// CPU that was seen over what the prior says.
        cpu: f64,
        /// Latency that was seen over what the prior says.
        latency: f64,
    },
    /// Minutes are missing between the first and the last.
    Gaps {
        /// How many.
        minutes: u64,
    },
}

/// No number, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refused {
    /// Why.
    pub reason: Refusal,
    /// Minutes that were not used, and why.
    pub dropped: Dropped,
}

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Refusal {
    /// vCPU, objective or another part of the question is not what it can be.
    Question,
    /// Too few usable minutes.
    TooFewMinutes {
        /// How many there are.
        minutes: u32,
        /// How many it takes.
        needed: u32,
    },
    /// The load hardly changes, so nothing says what more of it would do.
    LoadConstant {
        /// 5 % of minutes have less, in requests per second and task.
        low: f64,
        /// 5 % of minutes have more.
        high: f64,
    },
    /// CPU that is negative, not a number, or more than a task has.
    CpuImpossible {
        /// In how many minutes.
        minutes: u32,
        /// The most a task can show, in percent.
        cpu_percent_max: f64,
    },
    /// CPU does not rise with load: it belongs to something else.
    CpuWithoutLoad,
    /// Nearly all minutes lie where CPU has stopped rising.
    CeilingOnly {
        /// Where it stops, in percent.
        cpu_percent: f64,
    },
    /// Neither percentiles nor the slow part of requests are there.
    NoLatency,
    /// The objective is missed at any load.
    SloUnreachable {
        /// The least part of requests that is slow.
        slow_fraction: f64,
    },
    /// The objective is missed at every load that was seen, and what less of it would do cannot be
    /// told.
    MissedThroughout {
        /// The lowest load, in requests per second and task.
        requests_per_second: f64,
    },
    /// The minutes allow that the objective is missed at any load.
    Unproven,
}

/// A number with the interval that holds it in nine of ten draws.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Interval {
    /// 5 % of draws lie below.
    pub low: f64,
    /// The best estimate.
    pub estimate: f64,
    /// 5 % of draws lie above.
    pub high: f64,
}

/// Fargate's task over EC2's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ratio {
    /// Safe load of a Fargate task over that of an EC2 task: below 1 it takes more tasks.
    pub safe_load: Interval,
    /// CPU of a request on Fargate over that on EC2.
    pub cpu_per_request: Interval,
    /// Minutes that both sides have: the more, the more of their common weather cancels.
    pub minutes_paired: u32,
}
