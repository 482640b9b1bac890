//! Where readers find the newest state, and words wait for the loop.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use model::verb::Verb;
use server::api::{Heard, Released};
use server::{Desk, Fleet, Page, Refused};
use store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

/// Words that may wait for the loop; more are told to come again.
const WAITING_MAX: usize = 64;
/// A word that the loop has not taken by then is answered as not taken.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// A loop without a sign of life for this long is dead: thrice the slowest round.
const HEARTBEAT_AGE_MAX: Duration = Duration::from_secs(90);

/// Something for the loop to do between ticks.
pub enum Command {
    /// An operator's word.
    Say {
        /// The migration.
        name: String,
        /// The word.
        verb: Verb,
        /// Who.
        who: String,
        /// The revision that was looked at.
        expected: Option<String>,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<Heard, Refused>>,
    },
    /// Restore what was saved of a migration without a file.
    Release {
        /// The migration.
        name: String,
        /// Who.
        who: String,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<Released, Refused>>,
    },
    /// Files are meant to be gone.
    Confirm {
        /// Which.
        names: BTreeSet<String>,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<(), Refused>>,
    },
}

/// Where readers find the newest state, and words wait for the loop.
pub struct Office {
    fleet: Mutex<Arc<Fleet>>,
    heartbeat: Mutex<Instant>,
    history: Mutex<Option<Arc<dyn Store>>>,
    words: mpsc::Sender<Command>,
}

impl Office {
    /// An office, and the end of the queue that the loop takes words from.
    #[must_use]
    pub fn new() -> (Arc<Self>, mpsc::Receiver<Command>) {
        let (words, waiting) = mpsc::channel(WAITING_MAX);
        let office = Self {
            fleet: Mutex::default(),
            heartbeat: Mutex::new(Instant::now()),
            history: Mutex::default(),
            words,
        };
        (Arc::new(office), waiting)
    }

    /// Replaces what readers find.
    pub(crate) fn publish(&self, fleet: Fleet) {
        *lock(&self.fleet) = Arc::new(fleet);
    }

    /// The store to read history from.
    pub(crate) fn keep_history(&self, store: Arc<dyn Store>) {
        *lock(&self.history) = Some(store);
    }

    /// Gives a sign of life.
    pub(crate) fn beat(&self) {
        *lock(&self.heartbeat) = Instant::now();
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Command,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        let busy = || Refused::Unavailable("the daemon is busy or stopping: try again".to_owned());
        self.words.try_send(command(answer)).map_err(|_| busy())?;
        match timeout(ANSWER_WITHIN, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(busy()),
            Err(_) => Err(Refused::Unavailable(
                "there was no answer in time: it may still be heard, so look before you try again"
                    .to_owned(),
            )),
        }
    }
}

/// What is behind a lock is replaced whole, so a holder that panicked left it whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Desk for Office {
    fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&lock(&self.fleet))
    }

    fn heartbeat_age(&self) -> Duration {
        lock(&self.heartbeat).elapsed()
    }

    fn heartbeat_age_max(&self) -> Duration {
        HEARTBEAT_AGE_MAX
    }

    async fn history(
        &self,
        name: &str,
        page: Page,
        limit: usize,
    ) -> Result<Vec<store::Numbered>, Refused> {
        let fleet = self.fleet();
        if !fleet.migrations.contains_key(name) && !fleet.orphans.contains_key(name) {
            return Err(Refused::NotFound(format!("there is no migration `{name}`")));
        }
        let store = lock(&self.history).clone();
        let store = store
            .ok_or_else(|| Refused::Unavailable("the store has not been opened yet".to_owned()))?;
        let entries = match page {
            Page::After(after) => store.history(name, after, limit).await,
            Page::Before(before) => store.latest(name, before, limit).await,
        };
        entries.map_err(|error| Refused::Unavailable(error.to_string()))
    }

    async fn say(
        &self,
        name: &str,
        verb: Verb,
        who: &str,
        expected: Option<&str>,
    ) -> Result<Heard, Refused> {
        let (name, who) = (name.to_owned(), who.to_owned());
        let expected = expected.map(str::to_owned);
        self.ask(|answer| Command::Say { name, verb, who, expected, answer }).await
    }

    async fn release(&self, name: &str, who: &str) -> Result<Released, Refused> {
        let (name, who) = (name.to_owned(), who.to_owned());
        self.ask(|answer| Command::Release { name, who, answer }).await
    }

    async fn confirm(&self, names: BTreeSet<String>, _who: &str) -> Result<(), Refused> {
        self.ask(|answer| Command::Confirm { names, answer }).await
    }
}
