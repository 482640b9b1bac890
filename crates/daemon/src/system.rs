//! The clock of this machine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use cloud::Clock;
use model::Time;

/// The wall clock, for a world that is no simulation.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

#[async_trait]
impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the one place where this machine is asked")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, until: Time) {
        // A wall clock can be set while somebody sleeps by it: short naps bound what that does.
        while self.now() < until {
            let left = Duration::from_secs_f64(until.since(self.now()).secs_f64());
            tokio::time::sleep(left.min(NAP)).await;
        }
    }
}

const NAP: Duration = Duration::from_secs(10);
