//! Service level objectives: what must stay true for users.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{PerSide, Side, Span};

use super::{Name, Objective};

/// One service level objective, judged on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slo {
    /// Its name in verdicts, metrics and messages; unique in a migration.
    pub name: Name,
    /// What it measures.
    pub kind: SloKind,
}

/// What an objective measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SloKind {
    /// Requests faster than a threshold, from the load balancer's percentile metrics.
    Latency(Latency),
    /// Requests not answered by a server error, the balancer's own included.
    Availability(Availability),
    /// Good out of total, from Datadog.
    Datadog(Datadog),
}

impl SloKind {
    /// The objective, where the file states it; an SLO of Datadog may keep its own.
    #[must_use]
    pub const fn objective(&self) -> Option<Objective> {
        match self {
            Self::Latency(latency) => Some(latency.objective),
            Self::Availability(availability) => Some(availability.objective),
            Self::Datadog(Datadog::Queries(queries)) => Some(queries.objective),
            Self::Datadog(Datadog::Slo(slo)) => slo.objective,
        }
    }
}

/// `objective` of requests are answered within `threshold`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Latency {
    /// Slower than this is slow.
    pub threshold: Span,
    /// The part of requests that must not be slow.
    pub objective: Objective,
}

/// `objective` of requests are answered without a server error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Availability {
    /// The part of requests that must not fail.
    pub objective: Objective,
}

/// Where Datadog's good and total come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DatadogFields", into = "DatadogFields")]
pub enum Datadog {
    /// Two queries with `{env}` in them.
    Queries(DatadogQueries),
    /// One SLO per side.
    Slo(DatadogSlo),
}

/// Two queries, `{env}` replaced by each side's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatadogQueries {
    /// Counts good events.
    pub good: String,
    /// Counts all events.
    pub total: String,
    /// What `{env}` stands for on each side.
    pub env: PerSide<String>,
    /// The part of events that must be good.
    pub objective: Objective,
}

impl DatadogQueries {
    /// Both queries with a side's environment in them: good events, then all.
    #[must_use]
    pub fn of(&self, side: Side) -> (String, String) {
        let filled = |query: &str| query.replace("{env}", self.env.get(side));
        (filled(&self.good), filled(&self.total))
    }
}

/// SLOs that exist in Datadog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatadogSlo {
    /// The id on each side.
    pub slo_id: PerSide<String>,
    /// Replaces the objective that the SLO has in Datadog; absent: that one holds.
    pub objective: Option<Objective>,
}

/// [`Slo`] as it stands in files: one key says which kind it is.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Slo", description = "One service level objective, judged on both sides.", extend("oneOf" = [
    {"required": ["latency"]}, {"required": ["availability"]}, {"required": ["datadog"]}
]))]
struct SloFields {
    /// Its name in verdicts, metrics and messages; unique in a migration.
    name: Name,
    /// Requests faster than a threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latency: Option<Latency>,
    /// Requests not answered by a server error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    availability: Option<Availability>,
    /// Good out of total, from Datadog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<DatadogFields>")]
    datadog: Option<Datadog>,
}

/// [`Datadog`] as it stands in files.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Datadog", description = "Two queries, or one SLO per side.", extend("oneOf" = [
    {"required": ["good", "total", "env", "objective"]}, {"required": ["sloId"]}
]))]
struct DatadogFields {
    /// A query that counts good events, with `{env}` in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    good: Option<String>,
    /// A query that counts all events, with `{env}` in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<String>,
    /// What `{env}` stands for on each side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    env: Option<PerSide<String>>,
    /// In place of queries: the id of an SLO per side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slo_id: Option<PerSide<String>>,
    /// The part of events that must be good; may be left out with `sloId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objective: Option<Objective>,
}

impl TryFrom<DatadogFields> for Datadog {
    type Error = &'static str;

    fn try_from(fields: DatadogFields) -> Result<Self, Self::Error> {
        let DatadogFields { good, total, env, slo_id, objective } = fields;
        match (good, total, env, slo_id, objective) {
            (None, None, None, Some(slo_id), objective) => {
                Ok(Self::Slo(DatadogSlo { slo_id, objective }))
            }
            (Some(good), Some(total), Some(env), None, Some(objective)) => {
                Ok(Self::Queries(DatadogQueries { good, total, env, objective }))
            }
            _ => Err("write `good`, `total`, `env` and `objective`, or `sloId` in their place"),
        }
    }
}

impl<'de> Deserialize<'de> for Slo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SloFields { name, latency, availability, datadog } =
            SloFields::deserialize(deserializer)?;
        let kind = match (latency, availability, datadog) {
            (Some(latency), None, None) => SloKind::Latency(latency),
            (None, Some(availability), None) => SloKind::Availability(availability),
            (None, None, Some(datadog)) => SloKind::Datadog(datadog),
            _ => {
                return Err(D::Error::custom(
                    "an SLO has exactly one of `latency`, `availability` and `datadog`",
                ));
            }
        };
        Ok(Self { name, kind })
    }
}

impl From<&Slo> for SloFields {
    fn from(slo: &Slo) -> Self {
        let name = slo.name.clone();
        let none = Self { name, latency: None, availability: None, datadog: None };
        match &slo.kind {
            SloKind::Latency(latency) => Self { latency: Some(*latency), ..none },
            SloKind::Availability(availability) => {
                Self { availability: Some(*availability), ..none }
            }
            SloKind::Datadog(datadog) => Self { datadog: Some(datadog.clone()), ..none },
        }
    }
}

impl From<Datadog> for DatadogFields {
    fn from(datadog: Datadog) -> Self {
        match datadog {
            Datadog::Queries(DatadogQueries { good, total, env, objective }) => Self {
                good: Some(good),
                total: Some(total),
                env: Some(env),
                slo_id: None,
                objective: Some(objective),
            },
            Datadog::Slo(DatadogSlo { slo_id, objective }) => {
                Self { good: None, total: None, env: None, slo_id: Some(slo_id), objective }
            }
        }
    }
}

impl Serialize for Slo {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SloFields::from(self).serialize(serializer)
    }
}

impl JsonSchema for Slo {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        SloFields::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        SloFields::json_schema(generator)
    }
}
