//! `PutMetricAlarm` in the shape of the AWS API, and what of it is accepted.

use model::{Span, Time};
use serde::{Deserialize, Serialize};

use super::AlarmState;
use crate::Error;

/// Alarms may look back over at most a day (CloudWatch user guide).
const WINDOW_SECONDS_MAX: u64 = 86_400;

/// Actions for each state of an alarm (CloudWatch quotas).
const ACTIONS_MAX: usize = 5;

/// A name and value that narrow a metric down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Dimension {
    /// Such as `ServiceName`.
    pub name: String,
    /// Such as `api`.
    pub value: String,
}

/// How the samples of one period become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Statistic {
    /// How many samples there were.
    SampleCount,
    /// Their mean.
    Average,
    /// Their sum.
    Sum,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
}

/// One metric read with one statistic and period: what a datapoint answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricQuery {
    /// Such as `AWS/ECS`.
    pub namespace: String,
    /// Such as `CPUUtilization`.
    pub metric_name: String,
    /// In order of name.
    pub dimensions: Vec<Dimension>,
    /// A statistic by name, or an extended one such as `p99` as AWS writes it.
    pub statistic: QueryStatistic,
    /// Length of a period.
    pub period: Span,
}

/// A plain or extended statistic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueryStatistic {
    /// One of the five.
    Plain(Statistic),
    /// A percentile or trimmed statistic, as AWS writes it.
    Extended(String),
}

/// How a datapoint is compared with the threshold; the anomaly-detection operators are absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparisonOperator {
    /// At or above breaches.
    GreaterThanOrEqualToThreshold,
    /// Above breaches.
    GreaterThanThreshold,
    /// Below breaches.
    LessThanThreshold,
    /// At or below breaches.
    LessThanOrEqualToThreshold,
}

impl ComparisonOperator {
    /// Whether `value` is past `threshold`.
    #[must_use]
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqualToThreshold => value >= threshold,
            Self::GreaterThanThreshold => value > threshold,
            Self::LessThanThreshold => value < threshold,
            Self::LessThanOrEqualToThreshold => value <= threshold,
        }
    }
}

/// What stands in for datapoints that are missing when fewer than N exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TreatMissingData {
    /// Nothing: without datapoints the alarm has insufficient data.
    #[default]
    Missing,
    /// Nothing: without datapoints the alarm keeps its state.
    Ignore,
    /// Breaching datapoints.
    Breaching,
    /// Datapoints that do not breach.
    NotBreaching,
}

/// A `PutMetricAlarm` request for an alarm on one metric.
///
/// A field of the API that is not listed here is refused rather than ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PutMetricAlarm {
    /// The alarm's name, unique in its region.
    pub alarm_name: String,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm_description: Option<String>,
    /// Whether actions are invoked at all.
    #[serde(default = "yes")]
    pub actions_enabled: bool,
    /// Invoked on OK.
    #[serde(default, rename = "OKActions", skip_serializing_if = "Vec::is_empty")]
    pub ok_actions: Vec<String>,
    /// Invoked on ALARM: ARNs of scaling policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarm_actions: Vec<String>,
    /// Invoked on INSUFFICIENT_DATA.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insufficient_data_actions: Vec<String>,
    /// Such as `AWS/ECS`.
    pub namespace: String,
    /// Such as `CPUUtilization`.
    pub metric_name: String,
    /// Which series of the metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// This or the extended one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Statistic>,
    /// Such as `p99`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    /// Seconds: 10, 20, 30 or a multiple of 60.
    pub period: u32,
    /// N: how many datapoints are looked at.
    pub evaluation_periods: u32,
    /// M: how many of them must breach; N when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<u32>,
    /// What datapoints are compared with.
    pub threshold: f64,
    /// How.
    pub comparison_operator: ComparisonOperator,
    /// What a missing datapoint counts as.
    #[serde(default)]
    pub treat_missing_data: TreatMissingData,
}

const fn yes() -> bool {
    true
}

impl PutMetricAlarm {
    /// M, the number of datapoints that must breach.
    #[must_use]
    pub fn datapoints_to_alarm(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }

    /// The metric, statistic and period the alarm reads.
    #[must_use]
    pub fn query(&self) -> MetricQuery {
        let mut dimensions = self.dimensions.clone();
        dimensions.sort();
        let statistic = match (&self.extended_statistic, self.statistic) {
            (Some(extended), _) => QueryStatistic::Extended(extended.clone()),
            (None, plain) => QueryStatistic::Plain(plain.unwrap_or(Statistic::Average)),
        };
        MetricQuery {
            namespace: self.namespace.clone(),
            metric_name: self.metric_name.clone(),
            dimensions,
            statistic,
            period: Span::from_secs(u64::from(self.period)),
        }
    }

    /// The actions for `state`.
    #[must_use]
    pub fn actions(&self, state: AlarmState) -> &[String] {
        match state {
            AlarmState::Ok => &self.ok_actions,
            AlarmState::Alarm => &self.alarm_actions,
            AlarmState::InsufficientData => &self.insufficient_data_actions,
        }
    }

    /// Once a minute, or every ten seconds for a period below a minute.
    pub(crate) const fn next_evaluation(&self, now: Time) -> Time {
        // Each interval is a constant of its own: this runs in every evaluation of every alarm,
        // and a division by what the compiler does not know is most of one.
        const fn next<const INTERVAL_MILLIS: i64>(now: Time) -> Time {
            let slot = now.as_millis().div_euclid(INTERVAL_MILLIS);
            Time::from_millis(slot.saturating_add(1).saturating_mul(INTERVAL_MILLIS))
        }
        if self.period < 60 { next::<10_000>(now) } else { next::<60_000>(now) }
    }

    /// What CloudWatch would refuse.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |field, problem: &str| {
            Err(Error::Request {
                name: self.alarm_name.clone(),
                field,
                problem: problem.to_owned(),
            })
        };
        if self.alarm_name.is_empty() {
            return refuse("AlarmName", "it must not be empty");
        }
        if self.statistic.is_some() == self.extended_statistic.is_some() {
            return refuse("Statistic", "give either Statistic or ExtendedStatistic");
        }
        let high_resolution = matches!(self.period, 10 | 20 | 30);
        if !high_resolution && (self.period == 0 || !self.period.is_multiple_of(60)) {
            return refuse("Period", "it must be 10, 20, 30 or a multiple of 60 seconds");
        }
        if self.evaluation_periods == 0 {
            return refuse("EvaluationPeriods", "it must be at least 1");
        }
        if u64::from(self.period) * u64::from(self.evaluation_periods) > WINDOW_SECONDS_MAX {
            return refuse("EvaluationPeriods", "Period times EvaluationPeriods exceeds a day");
        }
        if !(1..=self.evaluation_periods).contains(&self.datapoints_to_alarm()) {
            return refuse("DatapointsToAlarm", "it must lie between 1 and EvaluationPeriods");
        }
        if !self.threshold.is_finite() {
            return refuse("Threshold", "it must be a finite number");
        }
        let lists = [&self.ok_actions, &self.alarm_actions, &self.insufficient_data_actions];
        if lists.iter().any(|actions| actions.len() > ACTIONS_MAX) {
            return refuse("AlarmActions", "a state may have at most 5 actions");
        }
        Ok(())
    }
}
