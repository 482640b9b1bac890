//! A folder of its own for each test.

use std::path::PathBuf;

use store::{OpenError, Opened, SqliteStore};
use tempfile::TempDir;

/// A folder for a store's file, removed at the end.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("there is room for temporary files") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ferry.db")
    }

    pub(crate) fn try_open(&self) -> Result<Opened, OpenError> {
        SqliteStore::open(&self.path())
    }

    pub(crate) fn open(&self) -> Opened {
        self.try_open().unwrap_or_else(|error| panic!("{error}"))
    }
}
