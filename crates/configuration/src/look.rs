//! What one look at the directory gives.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use model::settings::Settings;
use model::spec::Migration;
use sha2::{Digest as _, Sha256};

use crate::files::Entry;

/// A migration that is to be managed.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// What is desired.
    pub migration: Arc<Migration>,
    /// The name of the file that says so, in the directory.
    pub file: String,
}

/// What is to be managed, and what stands in the way of the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// What is to be managed now, by name: the last good versions.
    pub migrations: BTreeMap<String, Desired>,
    /// The last good settings; the defaults where there are none; `freeze: true` where there were
    /// some and what they said is not known.
    pub settings: Settings,
    /// Everything that was not taken, with its place and what to do. Empty: the whole directory
    /// was taken.
    pub problems: Vec<String>,
    /// Names whose removal waits for a confirmation, [`crate::SETTINGS`] among them. Those of
    /// which a document is known are still in `migrations`.
    pub unconfirmed: BTreeSet<String>,
    /// Remembered names of which no document has been found yet, and whose removal is not to be
    /// asked for: they may stand in a file that cannot be read. Neither to be managed nor to be
    /// given up.
    pub held: BTreeSet<String>,
    /// How many files of the directory count, those with problems included.
    pub files: usize,
    /// SHA-256 over what was taken (names and contents in order) in hexadecimal.
    pub hash: String,
}

/// The documents that are in force.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// By file.
    pub(crate) files: BTreeMap<String, Vec<Arc<Entry>>>,
    /// Of vanished names whose removal is not decided, by name.
    pub(crate) kept: BTreeMap<String, Arc<Entry>>,
}

impl Taken {
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.files.values().flatten().chain(self.kept.values())
    }

    pub(crate) fn migrations(&self) -> BTreeMap<String, Desired> {
        let desired = self.entries().filter_map(|entry| {
            let migration = Arc::clone(entry.migration.as_ref()?);
            Some((entry.name.clone(), Desired { migration, file: entry.file.clone() }))
        });
        desired.collect()
    }

    pub(crate) fn settings(&self) -> Option<&Settings> {
        self.entries().find_map(|entry| entry.document.settings())
    }

    pub(crate) fn hash(&self) -> String {
        let mut sum = Sha256::new();
        for entry in self.entries() {
            for text in [&entry.file, &entry.name] {
                // The length keeps two lists of texts from being the same bytes.
                sum.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
                sum.update(text);
            }
            sum.update(entry.digest);
        }
        let mut hex = String::with_capacity(64);
        for byte in sum.finalize() {
            // Writing to a string cannot fail.
            write!(hex, "{byte:02x}").ok();
        }
        hex
    }
}
