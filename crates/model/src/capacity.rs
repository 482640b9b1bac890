//! What a task of each side carries, as it is shown.

use serde::{Deserialize, Serialize};

use crate::{PerSide, Time};

/// What tasks carry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Capacity {
    /// Each side's task.
    pub tasks: PerSide<TaskCapacity>,
    /// Safe load of a Fargate task over that of an EC2 task; `None` until both are fitted.
    pub ratio: Option<Ratio>,
}

/// What one task of a side carries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskCapacity {
    /// Requests per minute that floors are counted with; `None` where nothing is known.
    pub safe_requests_per_minute: Option<f64>,
    /// Where they are from.
    pub source: Source,
    /// The fit to the minutes of the last day, where there is one.
    pub fit: Option<Fit>,
    /// Why the newest minutes gave no fit.
    pub refused: Option<String>,
}

/// Where a safe load is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// Nowhere yet.
    #[default]
    Unknown,
    /// From the other side, until this one has shown more.
    Prior,
    /// What tasks were seen to carry within the objective.
    Measured,
    /// The task model fitted to minutes: its lower bound.
    Fitted,
}

/// A fit, in brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fit {
    /// When it was made.
    pub at: Time,
    /// Minutes it rests on.
    pub minutes: u32,
    /// The best estimate without any margin, in requests per minute.
    pub estimated_requests_per_minute: f64,
    /// CPU of the service at the safe load, in percent of what tasks reserve.
    pub safe_cpu_percent: f64,
    /// What to know before relying on it.
    pub notes: Vec<String>,
}

/// A ratio with the interval that holds it in nine of ten draws of the bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ratio {
    /// 5 % of draws lie below.
    pub low: f64,
    /// The best estimate.
    pub estimate: f64,
    /// 5 % of draws lie above.
    pub high: f64,
}
