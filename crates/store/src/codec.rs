//! The bytes of records and history entries, for stores that keep bytes.

use serde::{Deserialize, Serialize};

use crate::{Contents, Entry, Error, Result};

/// The schema this program writes. It reads this one and every older one.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct WrittenRecord<'a> {
    schema: u32,
    contents: &'a Contents,
}

#[derive(Deserialize)]
struct ReadRecord {
    contents: Contents,
}

#[derive(Serialize)]
struct WrittenEntry<'a> {
    schema: u32,
    entry: &'a Entry,
}

#[derive(Deserialize)]
struct ReadEntry {
    entry: Entry,
}

/// Read alone and first, so that a newer record is told from a broken one whatever else changed.
#[derive(Deserialize)]
struct Header {
    schema: u32,
}

/// The bytes of `contents`: JSON with its schema number first.
///
/// # Errors
/// `Corrupt` for contents that JSON cannot hold; none of their types allow that today.
pub fn encode(name: &str, contents: &Contents) -> Result<Vec<u8>> {
    serde_json::to_vec(&WrittenRecord { schema: SCHEMA, contents }).map_err(|e| corrupt(name, &e))
}

/// What [`encode`] wrote. Fields that this version does not know are left out, fields that an
/// older one did not write get their defaults.
///
/// # Errors
/// `NewerSchema`, `Corrupt`.
pub fn decode(name: &str, bytes: &[u8]) -> Result<Contents> {
    check_schema(name, bytes)?;
    let read: ReadRecord = serde_json::from_slice(bytes).map_err(|e| corrupt(name, &e))?;
    Ok(read.contents)
}

/// The bytes of a history entry of `name`: JSON with its schema number first.
///
/// # Errors
/// `Corrupt` for an entry that JSON cannot hold; none of their types allow that today.
pub fn encode_entry(name: &str, entry: &Entry) -> Result<Vec<u8>> {
    serde_json::to_vec(&WrittenEntry { schema: SCHEMA, entry }).map_err(|e| corrupt(name, &e))
}

/// What [`encode_entry`] wrote.
///
/// # Errors
/// `NewerSchema`, `Corrupt`.
pub fn decode_entry(name: &str, bytes: &[u8]) -> Result<Entry> {
    check_schema(name, bytes)?;
    let read: ReadEntry = serde_json::from_slice(bytes).map_err(|e| corrupt(name, &e))?;
    Ok(read.entry)
}

fn check_schema(name: &str, bytes: &[u8]) -> Result<()> {
    let Header { schema } = serde_json::from_slice(bytes).map_err(|e| corrupt(name, &e))?;
    match schema {
        1..=SCHEMA => Ok(()),
        0 => {
            Err(Error::Corrupt { name: name.to_owned(), why: "schema 0 was never written".into() })
        }
        found => Err(Error::NewerSchema { name: name.to_owned(), found, known: SCHEMA }),
    }
}

fn corrupt(name: &str, error: &serde_json::Error) -> Error {
    Error::Corrupt { name: name.to_owned(), why: error.to_string() }
}
