//! The tables, and how a file of an older Ferry gets them.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::rows;
use super::trouble::Failure;

/// "Fery" in ASCII, in the header of every store, so that no other program's file is taken for one.
pub(crate) const APPLICATION_ID: i32 = 0x4665_7279;

/// What turns version n of the schema into n + 1; the first makes an empty file a store.
pub(crate) const STEPS: &[Step] = &[first];

/// One step of the schema.
pub(crate) type Step = fn(&Transaction<'_>) -> Result<(), Failure>;

/// The schema this program reads and writes, in `PRAGMA user_version`.
pub(crate) fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// The schema that the file has. Zero: nothing was ever written.
pub(crate) fn found(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a file from whatever version it has to the last of `steps`, or leaves it as it was.
/// Returns whether it was empty.
pub(crate) fn upgrade(connection: &mut Connection, steps: &[Step]) -> Result<bool, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read under the write lock: two processes may have found the same old file.
    let from = found(&transaction)?;
    let rest = usize::try_from(from).ok().and_then(|from| steps.get(from..));
    for step in rest.unwrap_or_default() {
        step(&transaction)?;
    }
    let to = u32::try_from(steps.len()).unwrap_or(u32::MAX).max(from);
    transaction.pragma_update(None, "user_version", to)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit().map_err(Failure::committing)?;
    Ok(from == 0)
}

/// `WITHOUT ROWID`: one tree for each table, so that there is no index that could disagree with
/// it. Bodies come last: they overflow onto pages of their own, which nothing else then reads.
fn first(transaction: &Transaction<'_>) -> Result<(), Failure> {
    transaction.execute_batch(
        "CREATE TABLE store (
             one INTEGER PRIMARY KEY CHECK (one = 1),
             installation TEXT NOT NULL,
             seals BLOB NOT NULL
         ) STRICT;
         CREATE TABLE lease (
             one INTEGER PRIMARY KEY CHECK (one = 1),
             owner TEXT NOT NULL,
             token INTEGER NOT NULL,
             beat INTEGER NOT NULL,
             is_held INTEGER NOT NULL,
             seal BLOB NOT NULL
         ) STRICT;
         CREATE TABLE record (
             name TEXT PRIMARY KEY,
             version INTEGER NOT NULL,
             newest INTEGER NOT NULL,
             digest BLOB NOT NULL,
             seal BLOB NOT NULL,
             body BLOB NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE history (
             name TEXT NOT NULL,
             sequence INTEGER NOT NULL,
             seal BLOB NOT NULL,
             body BLOB NOT NULL,
             PRIMARY KEY (name, sequence)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE fact (
             key TEXT PRIMARY KEY,
             version INTEGER NOT NULL,
             seal BLOB NOT NULL,
             body BLOB NOT NULL
         ) STRICT, WITHOUT ROWID;",
    )?;
    rows::install(transaction)
}
