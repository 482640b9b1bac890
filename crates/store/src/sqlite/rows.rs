//! The rows: how each is read, sealed and written, inside whatever transaction the caller has.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    Contents, Entry, Error, Fact, HISTORY_ENTRIES_MAX, HISTORY_PAGE_MAX, Lease, Numbered, Record,
    Token, Version, codec, fact, record,
};

use super::seal::{Seal, seal, toggle};
use super::trouble::Failure;

type Result<T> = std::result::Result<T, Failure>;

/// A record's row without its body.
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) version: u64,
    /// The sequence number of its newest history entry, dropped ones counted.
    pub(crate) newest: u64,
    digest: Seal,
    pub(crate) seal: Seal,
}

impl Head {
    /// Reads `name, version, newest, digest, seal`.
    pub(crate) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            version: unsigned(row, 1)?,
            newest: unsigned(row, 2)?,
            digest: row.get(3)?,
            seal: row.get(4)?,
        })
    }

    fn seal(name: &str, version: u64, newest: u64, digest: &Seal) -> Seal {
        let numbers = [version.to_le_bytes(), newest.to_le_bytes()];
        seal("record", &[name.as_bytes(), &numbers[0], &numbers[1], digest])
    }

    pub(crate) fn check(&self) -> Result<()> {
        let expected = Self::seal(&self.name, self.version, self.newest, &self.digest);
        if expected == self.seal { Ok(()) } else { Err(unsealed(&self.name, "its row")) }
    }

    pub(crate) fn check_body(&self, body: &[u8]) -> Result<()> {
        let is_same = seal("body", &[body]) == self.digest;
        if is_same { Ok(()) } else { Err(unsealed(&self.name, "its record")) }
    }

    /// The sequence number of the oldest entry that is kept.
    fn oldest(&self) -> u64 {
        self.newest.saturating_sub(HISTORY_ENTRIES_MAX as u64) + 1
    }

    /// First, last and number of the entries there must be; `None` for none.
    pub(crate) fn span(&self) -> Option<(u64, u64, u64)> {
        let (first, last) = (self.oldest(), self.newest);
        (first <= last).then(|| (first, last, last - first + 1))
    }
}

/// What a table can hold beyond what its type says.
fn unsealed(name: &str, what: &str) -> Failure {
    corrupt(name, format!("{what} is not what was saved: its checksum differs"))
}

pub(crate) fn corrupt(name: &str, why: String) -> Failure {
    Failure::Said(Error::Corrupt { name: name.to_owned(), why })
}

/// SQLite's integers are signed; none of ours ever is negative.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn signed(name: &str, value: u64) -> Result<i64> {
    let why = || format!("the number {value} is larger than any that can be saved");
    i64::try_from(value).map_err(|_| corrupt(name, why()))
}

/// The rows that every store has from its first moment on.
pub(crate) fn install(connection: &Connection) -> Result<()> {
    let installation: String =
        connection.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?;
    let lease = Lease::default();
    let mut sum = store_seal(&installation);
    toggle(&mut sum, &lease_seal(&lease));
    connection.execute(
        "INSERT INTO store (one, installation, seals) VALUES (1, ?1, ?2)",
        params![installation, sum],
    )?;
    connection.execute(
        "INSERT INTO lease (one, owner, token, beat, is_held, seal) VALUES (1, '', 0, 0, 0, ?1)",
        params![lease_seal(&lease)],
    )?;
    Ok(())
}

pub(crate) fn store_seal(installation: &str) -> Seal {
    seal("store", &[installation.as_bytes()])
}

/// The installation's name and the sum of all seals.
pub(crate) fn store(connection: &Connection) -> Result<(String, Seal)> {
    let mut statement = connection.prepare_cached("SELECT installation, seals FROM store")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn resum(connection: &Connection, before: Option<&Seal>, after: &Seal) -> Result<()> {
    let (_, mut sum) = store(connection)?;
    if let Some(before) = before {
        toggle(&mut sum, before);
    }
    toggle(&mut sum, after);
    connection.prepare_cached("UPDATE store SET seals = ?1")?.execute(params![sum])?;
    Ok(())
}

pub(crate) fn names(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT name FROM record ORDER BY name")?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

fn head(connection: &Connection, name: &str) -> Result<Option<Head>> {
    let mut statement = connection
        .prepare_cached("SELECT name, version, newest, digest, seal FROM record WHERE name = ?1")?;
    let head = statement.query_row([name], Head::of).optional()?;
    if let Some(head) = &head {
        head.check()?;
    }
    Ok(head)
}

pub(crate) fn load(connection: &Connection, name: &str) -> Result<Option<Record>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, version, newest, digest, seal, body FROM record WHERE name = ?1",
    )?;
    let row = |row: &Row<'_>| Ok((Head::of(row)?, row.get::<_, Vec<u8>>(5)?));
    let Some((head, body)) = statement.query_row([name], row).optional()? else {
        return Ok(None);
    };
    head.check()?;
    head.check_body(&body)?;
    let contents = codec::decode(name, &body)?;
    Ok(Some(Record { version: Version(head.version), contents }))
}

pub(crate) fn save(
    connection: &Connection,
    name: &str,
    expected: Version,
    contents: &Contents,
    entries: &[Entry],
) -> Result<Version> {
    let before = head(connection, name)?;
    let found = before.as_ref().map_or(Version::NONE, |head| Version(head.version));
    record::compare(name, expected, found)?;
    let version = expected.next();
    let mut newest = before.as_ref().map_or(0, |head| head.newest);
    for entry in entries {
        newest += 1;
        append(connection, name, newest, entry)?;
    }
    drop_oldest(connection, name, newest)?;
    let body = codec::encode(name, contents)?;
    let digest = seal("body", &[&body]);
    let seal = Head::seal(name, version.0, newest, &digest);
    connection
        .prepare_cached(
            "INSERT INTO record (name, version, newest, digest, seal, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (name) DO UPDATE SET version = excluded.version,
                 newest = excluded.newest, digest = excluded.digest, seal = excluded.seal,
                 body = excluded.body",
        )?
        .execute(params![
            name,
            signed(name, version.0)?,
            signed(name, newest)?,
            digest,
            seal,
            body
        ])?;
    resum(connection, before.as_ref().map(|head| &head.seal), &seal)?;
    Ok(version)
}

fn entry_seal(name: &str, sequence: u64, body: &[u8]) -> Seal {
    seal("history", &[name.as_bytes(), &sequence.to_le_bytes(), body])
}

fn append(connection: &Connection, name: &str, sequence: u64, entry: &Entry) -> Result<()> {
    let body = codec::encode_entry(name, entry)?;
    let seal = entry_seal(name, sequence, &body);
    connection
        .prepare_cached("INSERT INTO history (name, sequence, seal, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![name, signed(name, sequence)?, seal, body])?;
    Ok(())
}

fn drop_oldest(connection: &Connection, name: &str, newest: u64) -> Result<()> {
    let Some(dropped) = newest.checked_sub(HISTORY_ENTRIES_MAX as u64).filter(|last| *last > 0)
    else {
        return Ok(());
    };
    connection
        .prepare_cached("DELETE FROM history WHERE name = ?1 AND sequence <= ?2")?
        .execute(params![name, signed(name, dropped)?])?;
    Ok(())
}

/// A page of history, oldest first; `None` where there is no record.
pub(crate) fn history(
    connection: &Connection,
    name: &str,
    after: u64,
    limit: usize,
) -> Result<Option<Vec<Numbered>>> {
    let Some(head) = head(connection, name)? else {
        return Ok(None);
    };
    let first = after.saturating_add(1).max(head.oldest());
    let end = head.newest.saturating_add(1).min(first.saturating_add(page_size(limit)));
    entries(connection, name, first..end).map(Some)
}

/// A page of history, newest first; `None` where there is no record.
pub(crate) fn latest(
    connection: &Connection,
    name: &str,
    before: u64,
    limit: usize,
) -> Result<Option<Vec<Numbered>>> {
    let Some(head) = head(connection, name)? else {
        return Ok(None);
    };
    let end = before.min(head.newest.saturating_add(1));
    let first = end.saturating_sub(page_size(limit)).max(head.oldest());
    let mut page = entries(connection, name, first..end)?;
    page.reverse();
    Ok(Some(page))
}

fn page_size(limit: usize) -> u64 {
    u64::try_from(limit.min(HISTORY_PAGE_MAX)).unwrap_or(u64::MAX)
}

/// Entries of a history, oldest first. The record says which there must be: one that is missing
/// is an error and not a shorter story.
fn entries(connection: &Connection, name: &str, range: Range<u64>) -> Result<Vec<Numbered>> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT sequence, seal, body FROM history
         WHERE name = ?1 AND sequence >= ?2 AND sequence < ?3 ORDER BY sequence",
    )?;
    let mut rows =
        statement.query(params![name, signed(name, range.start)?, signed(name, range.end)?])?;
    let mut page = Vec::new();
    for sequence in range {
        let missing = || corrupt(name, format!("entry {sequence} of its history is missing"));
        let row = rows.next()?.ok_or_else(missing)?;
        let body: Vec<u8> = row.get(2)?;
        if unsigned(row, 0)? != sequence {
            return Err(missing());
        }
        if row.get::<_, Seal>(1)? != entry_seal(name, sequence, &body) {
            return Err(unsealed(name, &format!("entry {sequence} of its history")));
        }
        page.push(Numbered { sequence, entry: codec::decode_entry(name, &body)? });
    }
    Ok(page)
}

/// A fact's row.
pub(crate) struct FactRow {
    key: String,
    pub(crate) fact: Fact,
    pub(crate) seal: Seal,
}

impl FactRow {
    /// Reads `key, version, seal, body`.
    pub(crate) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let fact = Fact { version: Version(unsigned(row, 1)?), value: row.get(3)? };
        Ok(Self { key: row.get(0)?, fact, seal: row.get(2)? })
    }

    fn seal(key: &str, fact: &Fact) -> Seal {
        seal("fact", &[key.as_bytes(), &fact.version.0.to_le_bytes(), &fact.value])
    }

    pub(crate) fn check(&self) -> Result<()> {
        let is_same = Self::seal(&self.key, &self.fact) == self.seal;
        if is_same { Ok(()) } else { Err(unsealed(&self.key, "it")) }
    }
}

pub(crate) fn fact(connection: &Connection, key: &str) -> Result<Option<FactRow>> {
    let mut statement =
        connection.prepare_cached("SELECT key, version, seal, body FROM fact WHERE key = ?1")?;
    let row = statement.query_row([key], FactRow::of).optional()?;
    if let Some(row) = &row {
        row.check()?;
    }
    Ok(row)
}

pub(crate) fn save_fact(
    connection: &Connection,
    key: &str,
    expected: Version,
    value: &[u8],
) -> Result<Version> {
    fact::check_size(key, value)?;
    let before = fact(connection, key)?;
    let found = before.as_ref().map_or(Version::NONE, |row| row.fact.version);
    record::compare(key, expected, found)?;
    let fact = Fact { version: expected.next(), value: value.to_vec() };
    let seal = FactRow::seal(key, &fact);
    connection
        .prepare_cached(
            "INSERT INTO fact (key, version, seal, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key) DO UPDATE SET version = excluded.version, seal = excluded.seal,
                 body = excluded.body",
        )?
        .execute(params![key, signed(key, fact.version.0)?, seal, fact.value])?;
    resum(connection, before.as_ref().map(|row| &row.seal), &seal)?;
    Ok(fact.version)
}

pub(crate) fn lease_seal(lease: &Lease) -> Seal {
    let Lease { owner, token, beat, is_held } = lease;
    let numbers = [token.0.to_le_bytes(), beat.to_le_bytes()];
    seal("lease", &[owner.as_bytes(), &numbers[0], &numbers[1], &[u8::from(*is_held)]])
}

pub(crate) fn lease(connection: &Connection) -> Result<Lease> {
    let mut statement =
        connection.prepare_cached("SELECT owner, token, beat, is_held, seal FROM lease")?;
    let (lease, seal): (Lease, Seal) = statement.query_row([], |row| {
        let (owner, token) = (row.get(0)?, Token(unsigned(row, 1)?));
        Ok((Lease { owner, token, beat: unsigned(row, 2)?, is_held: row.get(3)? }, row.get(4)?))
    })?;
    if lease_seal(&lease) == seal { Ok(lease) } else { Err(unsealed("the lease", "it")) }
}

pub(crate) fn save_lease(connection: &Connection, expected: &Lease, next: &Lease) -> Result<()> {
    let before = lease(connection)?;
    if before != *expected {
        return Err(before.fenced().into());
    }
    let seal = lease_seal(next);
    let (token, beat) = (signed("the lease", next.token.0)?, signed("the lease", next.beat)?);
    connection
        .prepare_cached(
            "UPDATE lease SET owner = ?1, token = ?2, beat = ?3, is_held = ?4, seal = ?5",
        )?
        .execute(params![next.owner, token, beat, next.is_held, seal])?;
    resum(connection, Some(&lease_seal(&before)), &seal)
}
