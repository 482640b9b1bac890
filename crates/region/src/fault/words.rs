//! Faults in the words of a timeline.

use std::fmt;

use super::{Edit, Effect, Sides};

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(side) => side.fmt(f),
            Self::Both => f.write_str("both sides"),
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weights(share) => write!(f, "somebody sets the weights to {share}"),
            Self::Desired(side, count) => write!(f, "somebody sets {side} to {count} tasks"),
            Self::Min(side, count) => write!(f, "somebody sets the minimum of {side} to {count}"),
            Self::Max(side, count) => write!(f, "somebody sets the maximum of {side} to {count}"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency { sides, factor, ramp } => {
                write!(f, "latency of {sides} times {factor}")?;
                if *ramp > model::Span::ZERO { write!(f, " within {ramp}") } else { Ok(()) }
            }
            Self::Errors { sides, rate } => write!(f, "{}% of requests to {sides} fail", rate * 100.0),
            Self::MetricGap { sides } => write!(f, "no minutes of {sides} are published"),
            Self::MetricDelay { delay } => write!(f, "minutes are published {delay} later"),
            Self::MetricNull { side } => write!(f, "minutes of {side} have no values"),
            Self::TaskDeath { side, count, reason } => {
                write!(f, "{count} tasks of {side} die ({})", reason.name())
            }
            Self::Placement { side } => write!(f, "new tasks of {side} find no place"),
            Self::Throttle { api, fraction } => {
                write!(f, "{}% of calls to {} are throttled", fraction * 100.0, api.as_str())
            }
            Self::LostReply { api, nth } => write!(f, "reply {nth} of {} is lost", api.as_str()),
            Self::StaleRead { api, age } => {
                write!(f, "reads of {} answer what was true {age} ago", api.as_str())
            }
            Self::Denied { api } => write!(f, "calls to {} are denied", api.as_str()),
            Self::Edit(edit) => edit.fmt(f),
            Self::SlowResolver { fraction, ttl } => {
                write!(f, "{}% of clients keep DNS answers for {ttl}", fraction * 100.0)
            }
            Self::Surge { factor } => write!(f, "load times {factor}"),
            Self::Release { sides, factor } => {
                write!(f, "a release on {sides}, latency times {factor}")
            }
        }
    }
}
