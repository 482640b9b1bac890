//! A store that lives as long as the process: for rehearsals, tests and looking around.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{
    Contents, Entry, Fact, HISTORY_ENTRIES_MAX, HISTORY_PAGE_MAX, Lease, Leases, Numbered, Record,
    Result, Store, Token, Version, fact, record,
};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Arc<Mutex<Kept>>,
    token: Option<Token>,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    migrations: BTreeMap<String, Migration>,
    facts: BTreeMap<String, Fact>,
    lease: Lease,
}

#[derive(Debug, Clone)]
struct Migration {
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
        Self { kept: Arc::new(Mutex::new(self.lock().clone())), token: self.token }
    }

    /// A panic elsewhere while the lock was held leaves whole records behind: each is replaced
    /// by assignments that cannot panic.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn list(&self) -> Result<Vec<String>> {
        Ok(self.lock().migrations.keys().cloned().collect())
    }

    async fn load(&self, name: &str) -> Result<Option<Record>> {
        Ok(self.lock().migrations.get(name).map(|migration| migration.record.clone()))
    }

    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[Entry],
    ) -> Result<Version> {
        record::check_size(name, contents)?;
        let mut kept = self.lock();
        kept.lease.check(self.token)?;
        let migration = kept.migrations.get_mut(name);
        let found = migration.as_ref().map_or(Version::NONE, |migration| migration.record.version);
        record::compare(name, expected, found)?;
        let record = Record { version: expected.next(), contents: contents.clone() };
        let version = record.version;
        match migration {
            Some(migration) => {
                migration.record = record;
                migration.append(entries);
            }
            None => {
                let mut migration = Migration { record, history: VecDeque::new(), newest: 0 };
                migration.append(entries);
                kept.migrations.insert(name.to_owned(), migration);
            }
        }
        Ok(version)
    }

    async fn history(&self, name: &str, after: u64, limit: usize) -> Result<Vec<Numbered>> {
        let kept = self.lock();
        let Some(migration) = kept.migrations.get(name) else {
            return Ok(Vec::new());
        };
        let from = migration.history.partition_point(|numbered| numbered.sequence <= after);
        let page = migration.history.range(from..).take(limit.min(HISTORY_PAGE_MAX));
        Ok(page.cloned().collect())
    }

    async fn latest(&self, name: &str, before: u64, limit: usize) -> Result<Vec<Numbered>> {
        let kept = self.lock();
        let Some(migration) = kept.migrations.get(name) else {
            return Ok(Vec::new());
        };
        let until = migration.history.partition_point(|numbered| numbered.sequence < before);
        let page = migration.history.range(..until).rev().take(limit.min(HISTORY_PAGE_MAX));
        Ok(page.cloned().collect())
    }

    async fn load_fact(&self, key: &str) -> Result<Option<Fact>> {
        Ok(self.lock().facts.get(key).cloned())
    }

    async fn save_fact(&self, key: &str, expected: Version, value: &[u8]) -> Result<Version> {
        fact::check_size(key, value)?;
        let mut kept = self.lock();
        kept.lease.check(self.token)?;
        let found = kept.facts.get(key).map_or(Version::NONE, |fact| fact.version);
        record::compare(key, expected, found)?;
        let version = expected.next();
        kept.facts.insert(key.to_owned(), Fact { version, value: value.to_vec() });
        Ok(version)
    }
}

#[async_trait]
impl Leases for MemoryStore {
    async fn lease(&self) -> Result<Lease> {
        Ok(self.lock().lease.clone())
    }

    async fn save_lease(&self, expected: &Lease, lease: &Lease) -> Result<()> {
        let mut kept = self.lock();
        if kept.lease != *expected {
            return Err(kept.lease.fenced());
        }
        kept.lease = lease.clone();
        Ok(())
    }

    fn under(&self, token: Token) -> Arc<dyn Store> {
        Arc::new(Self { kept: Arc::clone(&self.kept), token: Some(token) })
    }
}

impl Migration {
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
