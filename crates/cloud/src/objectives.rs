//! Good and bad events of objectives that are kept elsewhere, such as in Datadog.

use async_trait::async_trait;
use model::Span;
use model::spec::Objective;

use crate::Result;

/// Where the events of one side are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
