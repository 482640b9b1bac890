//! The one clock.

use async_trait::async_trait;
use model::Time;

/// Reading time and waiting; nothing in Ferry does either in any other way.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Time;

    /// Returns when `now` is at least `until`.
    async fn sleep_until(&self, until: Time);
}
