//! The look at a whole file when it is opened: is it what was saved?

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::rows::{self, FactRow, Head, corrupt, unsigned};
use super::seal::{Seal, toggle};
use super::trouble::Failure;

/// Checks the structure of the file, every record, fact and the lease against their seals, all of
/// them against the sum, and the numbers of every history against its record. The contents of
/// history entries are checked when they are read.
///
/// # Errors
/// `Corrupt`, with the first thing found; whatever SQLite says.
pub(crate) fn check(connection: &Connection, file: &str) -> Result<(), Failure> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(corrupt(file, found));
    }
    let (installation, sum) = rows::store(connection)?;
    let mut found = rows::store_seal(&installation);
    toggle(&mut found, &rows::lease_seal(&rows::lease(connection)?));
    add_records(connection, &mut found)?;
    add_facts(connection, &mut found)?;
    if found != sum {
        let why = "parts of it are missing, or older than others: the checksum of all differs";
        return Err(corrupt(file, why.to_owned()));
    }
    check_histories(connection)
}

fn add_records(connection: &Connection, sum: &mut Seal) -> Result<(), Failure> {
    let mut statement =
        connection.prepare("SELECT name, version, newest, digest, seal, body FROM record")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let head = Head::of(row)?;
        head.check()?;
        head.check_body(&row.get::<_, Vec<u8>>(5)?)?;
        toggle(sum, &head.seal);
    }
    Ok(())
}

fn add_facts(connection: &Connection, sum: &mut Seal) -> Result<(), Failure> {
    let mut statement = connection.prepare("SELECT key, version, seal, body FROM fact")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let fact = FactRow::of(row)?;
        fact.check()?;
        toggle(sum, &fact.seal);
    }
    Ok(())
}

/// Each record has the history it says, and there is none besides.
fn check_histories(connection: &Connection) -> Result<(), Failure> {
    let mut statement = connection.prepare(
        "SELECT name, min(sequence), max(sequence), count(*) FROM history GROUP BY name",
    )?;
    let mut kept = BTreeMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let span = (unsigned(row, 1)?, unsigned(row, 2)?, unsigned(row, 3)?);
        kept.insert(row.get::<_, String>(0)?, span);
    }
    let mut heads = connection.prepare("SELECT name, version, newest, digest, seal FROM record")?;
    let mut rows = heads.query([])?;
    while let Some(row) = rows.next()? {
        let head = Head::of(row)?;
        if kept.remove(&head.name) != head.span() {
            let why = "its history is not the one its record tells of".to_owned();
            return Err(corrupt(&head.name, why));
        }
    }
    match kept.pop_first() {
        Some((name, _)) => Err(corrupt(&name, "it has a history and no record".to_owned())),
        None => Ok(()),
    }
}
