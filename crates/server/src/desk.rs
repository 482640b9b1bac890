//! The daemon as the server sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::settings::Settings;
use model::verb::Verb;

use crate::api::{DaemonStatus, Detail, Heard, Orphan, Released};

/// All that is known, as of one tick: never changed, only replaced.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    /// The daemon.
    pub daemon: DaemonStatus,
    /// What holds for all migrations.
    pub settings: Arc<Settings>,
    /// The migrations by name.
    pub migrations: BTreeMap<String, Arc<Detail>>,
    /// Those whose file is gone.
    pub orphans: BTreeMap<String, Orphan>,
    /// What was counted of each since this process began.
    pub counts: BTreeMap<String, Counts>,
}

/// What was counted of a migration since this process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rollbacks.
    pub rollbacks: u64,
    /// Changes made by somebody else.
    pub drifts: u64,
    /// Steps forward.
    pub steps: u64,
}

/// Which part of a history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// What follows this entry, oldest first.
    After(u64),
    /// What comes before this entry, newest first.
    Before(u64),
}

/// Why a request was not done, told apart by who acts on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is nothing of that name.
    #[error("{0}")]
    NotFound(String),
    /// It is not as the request supposes.
    #[error("{0}")]
    Conflict(String),
    /// Nothing can be recorded or done at present.
    #[error("{0}")]
    Unavailable(String),
}

/// What the server asks of the daemon.
#[async_trait]
pub trait Desk: Send + Sync {
    /// The newest that is known.
    fn fleet(&self) -> Arc<Fleet>;

    /// How long ago the loop last gave a sign of life.
    fn heartbeat_age(&self) -> Duration;

    /// How old that may be.
    fn heartbeat_age_max(&self) -> Duration;

    /// Up to `limit` entries of the history of a migration, managed or not.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn history(
        &self,
        name: &str,
        page: Page,
        limit: usize,
    ) -> Result<Vec<store::Numbered>, Refused>;

    /// Takes an operator's word; `expected` is the revision that the operator looked at.
    ///
    /// # Errors
    /// [`Refused`]; nothing was changed.
    async fn say(
        &self,
        name: &str,
        verb: Verb,
        who: &str,
        expected: Option<&str>,
    ) -> Result<Heard, Refused>;

    /// Restores what was saved of a migration that is no longer managed.
    ///
    /// # Errors
    /// [`Refused`].
    async fn release(&self, name: &str, who: &str) -> Result<Released, Refused>;

    /// Confirms that these files are meant to be gone.
    ///
    /// # Errors
    /// `Conflict` unless exactly these wait for it.
    async fn confirm(&self, names: BTreeSet<String>, who: &str) -> Result<(), Refused>;
}
