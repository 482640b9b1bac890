//! Good and bad events of an SLO, from Datadog over plain HTTPS.
//!
//! ```text
//! Source ──► query    (good,total in one call) ─► series ─► minutes
//!        ──► slo      the queries and the target that an SLO has
//!            history  what Datadog itself says of an SLO, for people
//! ```
//!
//! [`Datadog`] implements [`cloud::Objectives`]. A minute is taken when both of its counts are
//! there and it is [settled](SETTLE): a point that is null is missing and not zero, and the
//! newest bucket, which still fills, is never used. A query must count in buckets of a minute.
//!
//! Deliberately absent: a generated client (one call of it compiles for minutes and takes
//! gigabytes), writing anything, and any opinion on what the counts mean.

mod client;
mod history;
mod keys;
mod query;
mod slo;

use std::sync::Arc;

use async_trait::async_trait;
use cloud::objectives::Source;
use cloud::{Clock, EventAsk, EventMinute, Objectives, Result};
use futures::StreamExt as _;
use model::Span;
use model::spec::Objective;

use crate::client::Client;
pub use crate::client::{Site, SiteError};
pub use crate::history::History;
pub use crate::keys::{KeyError, Keys};

/// How long after its end a minute is taken to be complete.
///
/// Agents flush every 10 seconds and Datadog ingests for some seconds more; there is no published
/// bound, and a count that was read too early is never corrected by anything but reading again.
/// So the newest bucket and the one before it are left alone.
pub const SETTLE: Span = Span::from_secs(120);

/// Calls under way at once: the query endpoint is limited to some hundreds an hour or minute,
/// by plan, and nothing here is in a hurry.
const AT_ONCE: usize = 4;

/// Events of SLOs from one Datadog organisation.
#[derive(Debug, Clone)]
pub struct Datadog {
    client: Arc<Client>,
}

impl Datadog {
    /// Speaks to `site` with `keys`.
    ///
    /// # Errors
    /// Why no HTTP client can be made on this machine, such as missing root certificates.
    pub fn new(
        site: &Site,
        keys: &Keys,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, String> {
        Ok(Self { client: Arc::new(Client::new(site, keys, clock)?) })
    }

    /// What Datadog itself says of an SLO between two minutes.
    ///
    /// # Errors
    /// `NotFound` for an SLO that does not exist; transport kinds.
    pub async fn history(&self, id: &str, from: i64, until: i64) -> Result<History> {
        history::read(&self.client, id, from, until).await
    }

    async fn ask(&self, ask: &EventAsk) -> Result<Vec<EventMinute>> {
        let settled = (self.client.now() - SETTLE).minute();
        let until = ask.until.min(settled);
        match &ask.source {
            Source::Queries { good, total } => {
                query::minutes(&self.client, good, total, ask.from, until).await
            }
            Source::Slo(id) => {
                let slo = slo::read(&self.client, id).await?;
                query::minutes(&self.client, &slo.good, &slo.total, ask.from, until).await
            }
        }
    }
}

#[async_trait]
impl Objectives for Datadog {
    async fn minutes(&self, asks: &[EventAsk]) -> Vec<Result<Vec<EventMinute>>> {
        let calls: Vec<_> = asks.iter().map(|ask| self.ask(ask)).collect();
        futures::stream::iter(calls).buffered(AT_ONCE).collect().await
    }

    async fn objective(&self, source: &Source) -> Result<Option<Objective>> {
        match source {
            Source::Queries { .. } => Ok(None),
            Source::Slo(id) => slo::read(&self.client, id).await.map(|slo| slo.objective),
        }
    }

    fn settle(&self) -> Span {
        SETTLE
    }
}
