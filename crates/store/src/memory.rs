//! A store that lives as long as the process: for rehearsals, tests and looking around.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{
    Contents, EVIDENCE_BYTES_MAX, Entry, Error, HISTORY_ENTRIES_MAX, HISTORY_PAGE_MAX, Numbered,
    Record, Result, Store, Version,
};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    migrations: Mutex<BTreeMap<String, Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    record: Record,
    history: VecDeque<Numbered>,
    /// The sequence number of the newest entry, dropped ones counted.
    newest: u64,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of its own that holds what this one holds now.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { migrations: Mutex::new(self.lock().clone()) }
    }

    /// A panic elsewhere while the lock was held leaves whole records behind: each is replaced
    /// by assignments that cannot panic.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.migrations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn list(&self) -> Result<Vec<String>> {
        Ok(self.lock().keys().cloned().collect())
    }

    async fn load(&self, name: &str) -> Result<Option<Record>> {
        Ok(self.lock().get(name).map(|kept| kept.record.clone()))
    }

    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[Entry],
    ) -> Result<Version> {
        let bytes = contents.evidence.as_ref().map_or(0, |evidence| evidence.fold.len());
        if bytes > EVIDENCE_BYTES_MAX {
            let name = name.to_owned();
            return Err(Error::TooLarge { name, bytes, bytes_max: EVIDENCE_BYTES_MAX });
        }
        let mut migrations = self.lock();
        let found = migrations.get(name).map_or(Version::NONE, |kept| kept.record.version);
        if found != expected {
            return Err(Error::Conflict { name: name.to_owned(), expected, found });
        }
        let record = Record { version: expected.next(), contents: contents.clone() };
        let version = record.version;
        match migrations.get_mut(name) {
            Some(kept) => {
                kept.record = record;
                kept.append(entries);
            }
            None => {
                let mut kept = Kept { record, history: VecDeque::new(), newest: 0 };
                kept.append(entries);
                migrations.insert(name.to_owned(), kept);
            }
        }
        Ok(version)
    }

    async fn history(&self, name: &str, after: u64, limit: usize) -> Result<Vec<Numbered>> {
        let migrations = self.lock();
        let Some(kept) = migrations.get(name) else {
            return Ok(Vec::new());
        };
        let from = kept.history.partition_point(|numbered| numbered.sequence <= after);
        let page = kept.history.range(from..).take(limit.min(HISTORY_PAGE_MAX));
        Ok(page.cloned().collect())
    }
}

impl Kept {
    fn append(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.newest += 1;
            self.history.push_back(Numbered { sequence: self.newest, entry: entry.clone() });
            if self.history.len() > HISTORY_ENTRIES_MAX {
                self.history.pop_front();
            }
        }
    }
}
