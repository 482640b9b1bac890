//! The one clock, as the SDK reads it.
//!
//! The SDK signs calls and renews credentials by this clock. It never waits on it: its only waits
//! are the timeouts of sockets, which must run while a clock that is wound by waiting (a region in
//! lockstep) stands still. What Ferry itself waits for, its turn and the time between two
//! attempts, is waited for on [`Clock`], in [`crate::limits`] and [`crate::clients`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use aws_smithy_types::DateTime;
use cloud::Clock;
use model::Time;

/// A [`Clock`] as a time source of the SDK.
#[derive(Clone)]
pub(crate) struct ClockTime(pub(crate) Arc<dyn Clock>);

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockTime")
    }
}

impl TimeSource for ClockTime {
    fn now(&self) -> SystemTime {
        // Before 1970 there is nothing to sign.
        let millis = u64::try_from(self.0.now().as_millis()).unwrap_or(0);
        UNIX_EPOCH + Duration::from_millis(millis)
    }
}

/// The time of a timestamp on the wire, to the millisecond below it.
pub(crate) fn time_of(stamp: &DateTime) -> Time {
    let millis = stamp.secs().saturating_mul(1_000);
    Time::from_millis(millis.saturating_add(i64::from(stamp.subsec_nanos() / 1_000_000)))
}

/// A time as a timestamp for the wire.
pub(crate) fn stamp_of(time: Time) -> DateTime {
    DateTime::from_millis(time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_wire() {
        for millis in [0, 1, 999, 1_000, 1_767_571_200_123, -1, -1_500] {
            let time = Time::from_millis(millis);
            assert_eq!(time_of(&stamp_of(time)), time, "{millis}");
        }
    }
}
