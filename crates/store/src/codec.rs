//! The bytes of a record, for stores that keep bytes.

use serde::{Deserialize, Serialize};

use crate::{Contents, Error, Result};

/// The schema this program writes. It reads this one and every older one.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    schema: u32,
    contents: &'a Contents,
}

#[derive(Deserialize)]
struct Read {
    contents: Contents,
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
    serde_json::to_vec(&Written { schema: SCHEMA, contents })
        .map_err(|error| Error::Corrupt { name: name.to_owned(), why: error.to_string() })
}

/// What [`encode`] wrote. Fields that this version does not know are left out, fields that an
/// older one did not write get their defaults.
///
/// # Errors
/// `NewerSchema`, `Corrupt`.
pub fn decode(name: &str, bytes: &[u8]) -> Result<Contents> {
    let corrupt =
        |error: serde_json::Error| Error::Corrupt { name: name.to_owned(), why: error.to_string() };
    let Header { schema } = serde_json::from_slice(bytes).map_err(corrupt)?;
    match schema {
        1..=SCHEMA => {
            let Read { contents } = serde_json::from_slice(bytes).map_err(corrupt)?;
            Ok(contents)
        }
        0 => {
            Err(Error::Corrupt { name: name.to_owned(), why: "schema 0 was never written".into() })
        }
        found => Err(Error::NewerSchema { name: name.to_owned(), found, known: SCHEMA }),
    }
}
