//! Facts: the few things remembered of the whole fleet, each under its own key.

use crate::{Error, Result, Version};

/// The most bytes of one fact: a thousand names of migrations take about half of it.
pub const FACT_BYTES_MAX: usize = 64 * 1024;

/// A fact as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What the next save must expect.
    pub version: Version,
    /// What was saved; what it means is its writer's concern.
    pub value: Vec<u8>,
}

/// Whether a fact may be kept.
pub(crate) fn check_size(key: &str, value: &[u8]) -> Result<()> {
    let bytes = value.len();
    if bytes > FACT_BYTES_MAX {
        return Err(Error::TooLarge { name: key.to_owned(), bytes, bytes_max: FACT_BYTES_MAX });
    }
    Ok(())
}
