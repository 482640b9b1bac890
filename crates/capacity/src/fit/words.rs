//! Refusals and notes in words: what is so, and what to do.

use std::fmt;

use super::answer::{Method, Note, Refusal};
use super::select::Dropped;

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Question => f.write_str(
                "vCPU, objective or prior is not what it can be: give numbers above zero, an \
                 objective below 100 %, and a prior as it was printed",
            ),
            Self::TooFewMinutes { minutes, needed } => write!(
                f,
                "only {minutes} minutes can be used and it takes {needed}: record more, with \
                 tasks and CPU, at times without deployments"
            ),
            Self::LoadConstant { low, high } => write!(
                f,
                "the load per task hardly changes ({low:.1} to {high:.1} requests/s): record \
                 hours with different loads, or give a load test's fit as prior"
            ),
            Self::CpuImpossible { minutes, cpu_percent_max } => write!(
                f,
                "CPU is impossible in {minutes} minutes (below 0 or above {cpu_percent_max:.0} \
                 %): compare the metric with the vCPU that was given"
            ),
            Self::CpuWithoutLoad => f.write_str(
                "CPU does not rise with load: look whether both are of the same service",
            ),
            Self::CeilingOnly { cpu_percent } => write!(
                f,
                "CPU stands at {cpu_percent:.0} % whatever the load: the tasks are at their \
                 ceiling; add tasks and record less load on each"
            ),
            Self::NoLatency => f.write_str(
                "there is neither a 99th percentile nor a part of slow requests: record one",
            ),
            Self::SloUnreachable { slow_fraction } => write!(
                f,
                "the objective is missed at any load, {:.2} % of requests are slow even when \
                 idle: no number of tasks helps; make requests faster or the objective wider",
                100.0 * slow_fraction
            ),
            Self::MissedThroughout { requests_per_second } => write!(
                f,
                "the objective is missed at every load seen, from {requests_per_second:.1} \
                 requests/s on: add tasks and record less load on each"
            ),
            Self::Unproven => f.write_str(
                "the minutes vary so much that the objective may be missed at any load: record \
                 more of them",
            ),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WidenLoad { utilisation_max } => write!(
                f,
                "widen the load first: tasks were used to {:.0} % only, so run fewer of them for \
                 an hour, or send them more",
                100.0 * utilisation_max
            ),
            Self::Held { utilisation } => write!(
                f,
                "held at {:.0} % utilisation, as far as may be said from the loads seen: a task may \
                 carry more, and more load on it would show that",
                100.0 * utilisation
            ),
            Self::MetricCeiling { cpu_percent } => write!(
                f,
                "CPU never rises above {cpu_percent:.0} %: an alarm above that never fires"
            ),
            Self::UsableAssumed { vcpu } => write!(
                f,
                "a task is taken to use at most {vcpu:.2} vCPU, since nothing else was said"
            ),
            Self::ModelDisagrees { utilisation, seen, modelled } => write!(
                f,
                "latency does not follow the model: {:.2} % of requests are slow at {:.0} % \
                 utilisation where it says {:.2} %; what was seen is used, and nothing beyond it",
                100.0 * seen,
                100.0 * utilisation,
                100.0 * modelled
            ),
            Self::Unchecked => f.write_str(
                "no part of slow requests was recorded, so the model was held against percentiles \
                 alone",
            ),
            Self::CostShared => f.write_str(
                "what a request costs is taken from the other side: this side's load says too \
                 little",
            ),
            Self::PriorUsed => f.write_str("the prior agrees with the minutes and was used"),
            Self::PriorDisagrees { cpu, latency } => write!(
                f,
                "the prior was not used: CPU is {cpu:.2} times what it says, latency {latency:.2} \
                 times"
            ),
            Self::Gaps { minutes } => write!(f, "{minutes} minutes are missing in between"),
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repeated, incomplete, impossible, in_motion, too_quiet, saturated, older } =
            *self;
        let parts = [
            (repeated, "recorded twice"),
            (incomplete, "without requests, tasks, CPU or latency"),
            (impossible, "with numbers that cannot be"),
            (in_motion, "with tasks coming or going"),
            (too_quiet, "with fewer than 30 requests per task"),
            (saturated, "above the ceiling of CPU"),
            (older, "older than the newest 1,440"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        f.write_str(&parts.join(", "))
    }
}

impl Method {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Isotonic => "isotonic",
        }
    }
}
