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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{STEPS, Step, found, known, upgrade};
    use crate::sqlite::trouble::Failure;

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT name || coalesce(sql, '') FROM sqlite_schema").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn ferried() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(upgrade(&mut connection, STEPS).unwrap(), "it was empty");
        connection
    }

    const LATER: &[Step] = &[
        STEPS[0],
        |rows| Ok(rows.execute_batch("ALTER TABLE fact ADD COLUMN who TEXT")?),
        |rows| Ok(rows.execute_batch("CREATE TABLE more (one TEXT)")?),
    ];

    #[test]
    fn an_older_file_gets_the_steps_it_lacks_and_keeps_what_it_holds() {
        let mut connection = ferried();
        let installation = |connection: &Connection| -> String {
            connection.query_row("SELECT installation FROM store", [], |row| row.get(0)).unwrap()
        };
        let name = installation(&connection);
        assert!(!upgrade(&mut connection, LATER).unwrap(), "it was not empty");
        assert_eq!(found(&connection).unwrap(), 3);
        assert_eq!(installation(&connection), name);
        let mut new = Connection::open_in_memory().unwrap();
        assert!(upgrade(&mut new, LATER).unwrap());
        assert_eq!(tables(&new), tables(&connection), "however it came there");
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let mut connection = ferried();
        let before = tables(&connection);
        let broken: &[Step] = &[STEPS[0], LATER[1], |rows| Ok(rows.execute_batch("NONSENSE")?)];
        let failed = upgrade(&mut connection, broken);
        assert!(matches!(failed, Err(Failure::Sqlite { is_committing: false, .. })));
        assert_eq!(found(&connection).unwrap(), known());
        assert_eq!(tables(&connection), before);
    }

    #[test]
    fn a_file_that_another_process_brought_further_is_not_brought_back() {
        let mut connection = ferried();
        upgrade(&mut connection, LATER).unwrap();
        assert!(!upgrade(&mut connection, STEPS).unwrap());
        assert_eq!(found(&connection).unwrap(), 3);
    }
}
