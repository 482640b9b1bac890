//! Durable status, intents, evidence and history.
//!
//! ```text
//! controller -- load  --> Record {version, contents: {status, intent, evidence}}
//!            -- save  --> the contents and the history entries that tell of them, in one
//!                         step, if the version is still the one that was loaded
//!            -- history -> entries in order, oldest dropped beyond a limit; latest -> from the end
//! ```
//!
//! One write, [`Store::save`], does everything: a record and the history that explains it can
//! never disagree, and the version makes each of both happen once. An [`Intent`] is saved before
//! the calls it is about and its outcome after them, so a crash between any two steps is seen on
//! the next load.
//!
//! Of several processes on one store one may write: [`Leases`] has the one row that says which,
//! [`Candidate`] the rules by which a process takes, keeps and gives it up, and every save through
//! [`Leases::under`] is refused unless its token holds the lease at that moment. The controller
//! knows none of this: it is given a [`Store`].
//!
//! Two stores: [`MemoryStore`] for rehearsals and tests, [`SqliteStore`] for one machine. Both
//! pass [`conformance`].
//!
//! Losing the store means: hold. Deliberately absent: weights (they live in AWS), a delete (a
//! migration that is no longer managed keeps its record), clocks, and any default for what cannot
//! be read: a record that is corrupt or newer than this program is an error, never an empty
//! record.

mod codec;
pub mod conformance;
mod error;
mod fact;
mod history;
mod intent;
mod lease;
mod memory;
mod record;
mod sqlite;

use async_trait::async_trait;

pub use codec::{SCHEMA, decode, decode_entry, encode, encode_entry};
pub use error::{Error, Result};
pub use fact::{FACT_BYTES_MAX, Fact};
pub use history::{Entry, HISTORY_ENTRIES_MAX, HISTORY_PAGE_MAX, Happening, Numbered};
pub use intent::{Answer, Intent, IntentError, Outcome};
pub use lease::{Candidate, LEASE_TERM, Lease, Leases, Standing, Token};
pub use memory::MemoryStore;
pub use record::{Adopted, Contents, EVIDENCE_BYTES_MAX, Evidence, Record, Version};
pub use sqlite::{OpenError, Opened, SqliteStore};

/// What is remembered of every migration, by name, and of the fleet.
#[async_trait]
pub trait Store: Send + Sync {
    /// The names of all migrations that have a record, in order.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self) -> Result<Vec<String>>;

    /// The record of a migration; `None` where none was ever saved.
    ///
    /// # Errors
    /// `Corrupt`, `NewerSchema`, `Unavailable`. None of them may be taken for `None`.
    async fn load(&self, name: &str) -> Result<Option<Record>>;

    /// Saves `contents` and appends `entries`, both or neither, if the record's version is
    /// `expected` ([`Version::NONE`]: there is no record). Returns the new version.
    ///
    /// Beyond [`HISTORY_ENTRIES_MAX`] entries of a migration its oldest are dropped.
    ///
    /// # Errors
    /// `Conflict` when the version is another one; `Fenced` when another process may write and
    /// this one may not; `TooLarge`; `Full`, `ReadOnly`; `Corrupt`, `NewerSchema` when the store
    /// as a whole is; `Unavailable` when nothing was saved; `OutcomeUnknown` when it may have
    /// been: load before anything else.
    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[Entry],
    ) -> Result<Version>;

    /// Up to `limit` entries (at most [`HISTORY_PAGE_MAX`]) with a sequence number above `after`,
    /// oldest first. Sequence numbers rise by one, so a jump says that entries were dropped.
    ///
    /// # Errors
    /// `Corrupt`, `NewerSchema`, `Unavailable`.
    async fn history(&self, name: &str, after: u64, limit: usize) -> Result<Vec<Numbered>>;

    /// Up to `limit` entries (at most [`HISTORY_PAGE_MAX`]) with a sequence number below `before`,
    /// newest first.
    ///
    /// # Errors
    /// `Corrupt`, `NewerSchema`, `Unavailable`.
    async fn latest(&self, name: &str, before: u64, limit: usize) -> Result<Vec<Numbered>>;

    /// What is known of the whole fleet under `key`; `None` where it was never saved.
    ///
    /// # Errors
    /// `Corrupt`, `NewerSchema`, `Unavailable`. None of them may be taken for `None`.
    async fn load_fact(&self, key: &str) -> Result<Option<Fact>>;

    /// Saves a fact if its version is `expected` ([`Version::NONE`]: there is none). Returns the
    /// new version.
    ///
    /// # Errors
    /// As [`Store::save`]; `TooLarge` beyond [`FACT_BYTES_MAX`].
    async fn save_fact(&self, key: &str, expected: Version, value: &[u8]) -> Result<Version>;
}
