//! A store in one SQLite file, for one machine.
//!
//! ```text
//! save, load, ... -- call --> bounded queue --> thread with the one connection --> answer
//! ```
//!
//! The thread is there because SQLite waits for the disk and an executor must not; any executor
//! does. A save is one transaction of record and history, in the write-ahead log with `synchronous
//! = FULL`, and is brought into the file itself before its answer. What is read is checked against
//! [seals](seal).
//!
//! A call whose future is dropped may still be carried out.

mod check;
mod database;
mod files;
mod open;
mod rows;
mod schema;
mod seal;
mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use async_trait::async_trait;
use futures::channel::oneshot;

use crate::{
    Contents, Entry, Error, Fact, Lease, Leases, Numbered, Record, Result, Store, Token, Version,
    fact, record,
};

pub use open::OpenError;

use database::Database;

/// The most calls that wait for the thread; a thousand migrations saving at once are half of it.
/// One more is told `Unavailable` and tries again with its next tick.
const CALLS_WAITING_MAX: usize = 2_048;

type Call = Box<dyn FnOnce(&mut Database) + Send>;

/// A store in a SQLite file. Handles are cheap; the file is closed when the last one is dropped,
/// or with [`SqliteStore::close`].
///
/// Nothing else in the process may open and close the file while it is open here: POSIX then
/// gives up the locks of the whole process. Other processes may, `sqlite3 FILE .backup` too.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    calls: SyncSender<Call>,
    token: Option<Token>,
}

/// A store that was opened, and what there is to know about it.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: SqliteStore,
    /// Whether there was nothing before. Where migrations were running, the store was lost: their
    /// steps are to be rebuilt from live weights, or held.
    pub created: bool,
    /// A random name, given when the file was made: another one means another store. `None` where
    /// it cannot be read.
    pub installation: Option<String>,
    /// Why every save will be refused; reads are served as far as they can be. `Corrupt` and
    /// `NewerSchema` stay, `ReadOnly` until the file is opened again.
    pub refuses: Option<Error>,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes one where there is none or an empty file. Its folder
    /// must exist and be on a local disk.
    ///
    /// It waits for the disk and reads the whole file to check it: call it at start, or where
    /// waiting does no harm.
    ///
    /// # Errors
    /// [`OpenError`] for what is no store or cannot be reached. A store that is damaged, newer or
    /// read-only is opened, and says so in [`Opened::refuses`].
    pub fn open(path: &Path) -> std::result::Result<Opened, OpenError> {
        let found = open::open(path)?;
        let refuses = found.database.refuses.clone();
        let (calls, waiting) = sync_channel(CALLS_WAITING_MAX);
        let database = found.database;
        let failed = |error: std::io::Error| OpenError::Failed {
            path: path.display().to_string(),
            why: format!("its thread could not be started: {error}"),
        };
        let thread = thread::Builder::new().name("store".to_owned());
        thread.spawn(move || serve(database, &waiting)).map_err(failed)?;
        Ok(Opened {
            store: Self { calls, token: None },
            created: found.is_created,
            installation: found.installation,
            refuses,
        })
    }

    /// Closes the file, after what was asked before. Later calls through any handle are told
    /// `Unavailable`. Nothing that was saved depends on it.
    ///
    /// # Errors
    /// `Unavailable` when it is closed already or too many calls wait.
    pub async fn close(&self) -> Result<()> {
        let (done, closed) = oneshot::channel::<()>();
        // The sender goes with the database when the thread has closed it.
        let call: Call = Box::new(move |database| database.closing = Some(done));
        self.send(call)?;
        let _canceled = closed.await;
        Ok(())
    }

    /// Has the thread do something. `lost` is what to say when it took the call and never
    /// answered.
    async fn ask<T: Send + 'static>(
        &self,
        lost: fn(String) -> Error,
        call: impl FnOnce(&mut Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.send(Box::new(move |database| {
            // Whoever asked may have gone meanwhile.
            drop(answer.send(call(database)));
        }))?;
        let gone =
            |_| Err(lost("the store's thread ended amid the call: restart Ferry".to_owned()));
        answered.await.unwrap_or_else(gone)
    }

    async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(|message| Error::Unavailable { message }, call).await
    }

    async fn write<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(|message| Error::OutcomeUnknown { message }, call).await
    }

    fn send(&self, call: Call) -> Result<()> {
        self.calls.try_send(call).map_err(|error| {
            let message = match error {
                TrySendError::Full(_) => {
                    format!("{CALLS_WAITING_MAX} calls are waiting for the disk already")
                }
                TrySendError::Disconnected(_) => {
                    "the store is closed, or its thread has ended".to_owned()
                }
            };
            Error::Unavailable { message }
        })
    }
}

/// Serves calls until the last handle is gone or the store is closed.
fn serve(mut database: Database, calls: &Receiver<Call>) {
    while let Ok(call) = calls.recv() {
        call(&mut database);
        if database.closing.is_some() {
            break;
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn list(&self) -> Result<Vec<String>> {
        let names = |database: &mut Database| {
            let names = database.read(|rows| rows::names(rows))?;
            database.undamaged().map(|()| names)
        };
        self.read(names).await
    }

    async fn load(&self, name: &str) -> Result<Option<Record>> {
        let name = name.to_owned();
        self.read(move |database| database.find(|rows| rows::load(rows, &name))).await
    }

    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[Entry],
    ) -> Result<Version> {
        record::check_size(name, contents)?;
        let (name, contents, entries) = (name.to_owned(), contents.clone(), entries.to_vec());
        let token = self.token;
        let save = move |database: &mut Database| {
            database.write(|rows| {
                rows::lease(rows)?.check(token)?;
                rows::save(rows, &name, expected, &contents, &entries)
            })
        };
        self.write(save).await
    }

    async fn history(&self, name: &str, after: u64, limit: usize) -> Result<Vec<Numbered>> {
        let name = name.to_owned();
        let page = move |database: &mut Database| {
            let page = database.find(|rows| rows::history(rows, &name, after, limit))?;
            Ok(page.unwrap_or_default())
        };
        self.read(page).await
    }

    async fn latest(&self, name: &str, before: u64, limit: usize) -> Result<Vec<Numbered>> {
        let name = name.to_owned();
        let page = move |database: &mut Database| {
            let page = database.find(|rows| rows::latest(rows, &name, before, limit))?;
            Ok(page.unwrap_or_default())
        };
        self.read(page).await
    }

    async fn load_fact(&self, key: &str) -> Result<Option<Fact>> {
        let key = key.to_owned();
        let row = self.read(move |database| database.find(|rows| rows::fact(rows, &key))).await?;
        Ok(row.map(|row| row.fact))
    }

    async fn save_fact(&self, key: &str, expected: Version, value: &[u8]) -> Result<Version> {
        fact::check_size(key, value)?;
        let (key, value, token) = (key.to_owned(), value.to_vec(), self.token);
        let save = move |database: &mut Database| {
            database.write(|rows| {
                rows::lease(rows)?.check(token)?;
                rows::save_fact(rows, &key, expected, &value)
            })
        };
        self.write(save).await
    }
}

#[async_trait]
impl Leases for SqliteStore {
    async fn lease(&self) -> Result<Lease> {
        self.read(|database| database.read(|rows| rows::lease(rows))).await
    }

    async fn save_lease(&self, expected: &Lease, lease: &Lease) -> Result<()> {
        let (expected, lease) = (expected.clone(), lease.clone());
        let save = move |database: &mut Database| {
            database.write(|rows| rows::save_lease(rows, &expected, &lease))
        };
        self.write(save).await
    }

    fn under(&self, token: Token) -> Arc<dyn Store> {
        Arc::new(Self { calls: self.calls.clone(), token: Some(token) })
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::SqliteStore;
    use crate::{Error, Store as _};

    #[test]
    fn a_thread_that_died_is_unavailable_and_its_last_save_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let open = || SqliteStore::open(&folder.path().join("ferry.db")).unwrap().store;
        let store = open();
        let last = block_on(store.write::<()>(|_| panic!("a defect")));
        assert!(matches!(last, Err(Error::OutcomeUnknown { .. })), "{last:?}");
        let later = block_on(store.list());
        assert!(matches!(later, Err(Error::Unavailable { .. })), "{later:?}");
        let store = open();
        let last = block_on(store.read::<()>(|_| panic!("a defect")));
        assert!(matches!(last, Err(Error::Unavailable { .. })), "{last:?}");
        assert_eq!(block_on(open().list()), Ok(Vec::new()), "the file can be opened again");
    }
}
