//! What is stored of one migration.

use std::fmt;
use std::sync::Arc;

use model::spec::Migration;
use model::status::Status;
use serde::{Deserialize, Serialize};

use crate::{Error, Intent, Result};

/// The most bytes of evidence a record may have.
///
/// A DynamoDB item holds 400 KB (DynamoDB developer guide, "Service quotas"); this leaves the rest
/// to status and intent, which are a few kilobytes.
pub const EVIDENCE_BYTES_MAX: usize = 300 * 1024;

/// Whether contents may be kept.
pub(crate) fn check_size(name: &str, contents: &Contents) -> Result<()> {
    let bytes = contents.evidence.as_ref().map_or(0, |evidence| evidence.fold.len());
    if bytes > EVIDENCE_BYTES_MAX {
        return Err(Error::TooLarge {
            name: name.to_owned(),
            bytes,
            bytes_max: EVIDENCE_BYTES_MAX,
        });
    }
    Ok(())
}

/// Whether a save for `expected` may replace what has version `found`.
pub(crate) fn compare(name: &str, expected: Version, found: Version) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        Err(Error::Conflict { name: name.to_owned(), expected, found })
    }
}

/// How often a record, or a fact, has been saved. Zero: never.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version of a record that does not exist.
    pub const NONE: Self = Self(0);

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A migration's record as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What the next save must expect.
    pub version: Version,
    /// What was saved.
    pub contents: Contents,
}

/// What is remembered of a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// What was seen, decided and promised. It has no default when read: a record that lost it
    /// must not pass for a migration that never began.
    pub status: Status,
    /// The last thing Ferry set out to do, and how it ended.
    #[serde(default)]
    pub intent: Option<Intent>,
    /// The judge's memory, where it was kept.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// The file as it was last acted on.
    #[serde(default)]
    pub adopted: Option<Adopted>,
}

/// A migration's file as it was last acted on: what a restart counts its versions from, and all
/// that is known of a migration once its file is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adopted {
    /// Counts the versions of the file, from 1.
    pub generation: u64,
    /// The file's content.
    pub migration: Arc<Migration>,
}

/// A checkpoint of the evidence.
///
/// Text and not a tree of values, because the same log must give the same bytes after a restart
/// too, and nobody but the method that wrote it may read meaning into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The version of the method that folded it; another version cannot go on from it.
    pub method: u32,
    /// The fold, serialised by that method.
    /// Shared, because it is by far the largest part and every save hands a record on.
    pub fold: Arc<str>,
}
