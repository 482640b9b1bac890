//! A store in a file that the paused clock waits for.

use std::sync::Arc;
use std::sync::mpsc::channel;

use async_trait::async_trait;
use store::{
    Contents, Entry, Fact, Lease, Leases, Numbered, Record, Result, SqliteStore, Store, Token,
    Version,
};
use tokio::task::spawn_blocking;

/// A store whose own thread tokio knows nothing of: without a blocking task beside each call its
/// clock would run on while the disk is waited for.
pub(crate) struct Held<S: ?Sized> {
    inner: Arc<S>,
}

impl<S: ?Sized> Held<S> {
    pub(crate) const fn new(inner: Arc<S>) -> Self {
        Self { inner }
    }
}

async fn held<T>(call: impl Future<Output = T>) -> T {
    let (done, ends) = channel::<()>();
    let _holds = spawn_blocking(move || ends.recv());
    let answer = call.await;
    drop(done);
    answer
}

#[async_trait]
impl<S: Store + ?Sized> Store for Held<S> {
    async fn list(&self) -> Result<Vec<String>> {
        held(self.inner.list()).await
    }

    async fn load(&self, name: &str) -> Result<Option<Record>> {
        held(self.inner.load(name)).await
    }

    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[Entry],
    ) -> Result<Version> {
        held(self.inner.save(name, expected, contents, entries)).await
    }

    async fn history(&self, name: &str, after: u64, limit: usize) -> Result<Vec<Numbered>> {
        held(self.inner.history(name, after, limit)).await
    }

    async fn latest(&self, name: &str, before: u64, limit: usize) -> Result<Vec<Numbered>> {
        held(self.inner.latest(name, before, limit)).await
    }

    async fn load_fact(&self, key: &str) -> Result<Option<Fact>> {
        held(self.inner.load_fact(key)).await
    }

    async fn save_fact(&self, key: &str, expected: Version, value: &[u8]) -> Result<Version> {
        held(self.inner.save_fact(key, expected, value)).await
    }
}

#[async_trait]
impl Leases for Held<SqliteStore> {
    async fn lease(&self) -> Result<Lease> {
        held(self.inner.lease()).await
    }

    async fn save_lease(&self, expected: &Lease, lease: &Lease) -> Result<()> {
        held(self.inner.save_lease(expected, lease)).await
    }

    fn under(&self, token: Token) -> Arc<dyn Store> {
        Arc::new(Held::new(self.inner.under(token)))
    }
}
