//! Good and bad events of objectives that are kept elsewhere, such as in Datadog.

use async_trait::async_trait;
use model::spec::{Datadog, Objective};
use model::{PerSide, Span};
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// Where the events of one side are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Source {
    /// Two queries, each of one series of counts.
    Queries {
        /// Counts good events.
        good: String,
        /// Counts all events.
        total: String,
    },
    /// An SLO by its id.
    Slo(String),
}

impl Source {
    /// Where the events of each side are counted by an SLO of the spec.
    #[must_use]
    pub fn of(datadog: &Datadog) -> PerSide<Self> {
        match datadog {
            Datadog::Queries(queries) => PerSide::from_fn(|side| {
                let (good, total) = queries.of(side);
                Self::Queries { good, total }
            }),
            Datadog::Slo(slo) => slo.slo_id.clone().map(Self::Slo),
        }
    }
}

/// Minutes of one side that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventAsk {
    /// Where they are counted.
    pub source: Source,
    /// The first minute asked for.
    pub from: i64,
    /// The first minute not asked for.
    pub until: i64,
}

/// The events of one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventMinute {
    /// The minute, counted from the epoch.
    pub minute: i64,
    /// All events.
    pub total: u64,
    /// Those that were not good.
    pub bad: u64,
}

/// A source of objectives.
#[async_trait]
pub trait Objectives: Send + Sync {
    /// Complete minutes for each ask, in the order asked, oldest first. A minute of which either
    /// count is missing is absent: neither is taken for zero.
    async fn minutes(&self, asks: &[EventAsk]) -> Vec<Result<Vec<EventMinute>>>;

    /// The objective that a source keeps itself; `None` for two queries.
    ///
    /// # Errors
    /// `NotFound` for an SLO that does not exist; `Invalid` for one that counts no events;
    /// transport kinds.
    async fn objective(&self, source: &Source) -> Result<Option<Objective>>;

    /// How long after its end a minute is complete: asking earlier gives less.
    fn settle(&self) -> Span;
}

/// A world that keeps no objectives: whoever asks is told what to do about it.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObjectives;

impl NoObjectives {
    fn error() -> Error {
        let message = "there are no keys: set DD_API_KEY and DD_APP_KEY, or leave the SLO out";
        Error::new(ErrorKind::Denied, "datadog:query", message)
    }
}

#[async_trait]
impl Objectives for NoObjectives {
    async fn minutes(&self, asks: &[EventAsk]) -> Vec<Result<Vec<EventMinute>>> {
        asks.iter().map(|_| Err(Self::error())).collect()
    }

    async fn objective(&self, _: &Source) -> Result<Option<Objective>> {
        Err(Self::error())
    }

    fn settle(&self) -> Span {
        Span::ZERO
    }
}
