//! Whether changes of records are everywhere yet.
//!
//! ```text
//! first look at a record    as it is, and nobody says since when
//! changed by Ferry          Pending until GetChange says INSYNC
//! changed otherwise         Pending for a minute from when it was first seen: who made it has its
//!                           id, and so nobody here can ask; so too where Ferry's reply was lost
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::route::{Propagation, WeightPair};
use model::spec::Aws;
use model::{Span, Time};

/// Route 53 API, GetChange: changes "generally propagate to all Route 53 name servers within 60
/// seconds".
const SPREADS_WITHIN: Span = Span::from_secs(60);

/// A route by its account and key.
pub(super) type Key = (Arc<Aws>, String);

/// What is remembered of each route.
#[derive(Debug, Default)]
pub(super) struct Spread(BTreeMap<Key, Seen>);

#[derive(Debug)]
struct Seen {
    pair: WeightPair,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Before,
    Made { change: String },
    Found { at: Time },
    Synced { since: Time },
}

impl Spread {
    /// Takes note of a change that was accepted.
    pub(super) fn made(&mut self, key: Key, pair: WeightPair, change: &str) {
        let state = State::Made { change: change.to_owned() };
        self.0.insert(key, Seen { pair, state });
    }

    /// Takes note of what was read.
    pub(super) fn see(&mut self, key: &Key, pair: WeightPair, now: Time) {
        let Some(seen) = self.0.get_mut(key) else {
            self.0.insert(key.clone(), Seen { pair, state: State::Before });
            return;
        };
        if seen.pair != pair {
            *seen = Seen { pair, state: State::Found { at: now } };
        }
        if let State::Found { at } = seen.state
            && now.since(at) >= SPREADS_WITHIN
        {
            seen.state = State::Synced { since: at + SPREADS_WITHIN };
        }
    }

    /// The changes of these routes that have not been seen in sync.
    pub(super) fn open<'a>(
        &self,
        keys: impl Iterator<Item = &'a Key>,
    ) -> BTreeSet<(Arc<Aws>, String)> {
        keys.filter_map(|key| match &self.0.get(key)?.state {
            State::Made { change } => Some((Arc::clone(&key.0), change.clone())),
            State::Before | State::Found { .. } | State::Synced { .. } => None,
        })
        .collect()
    }

    /// Takes note that a change is in sync.
    pub(super) fn synced(&mut self, id: &str, now: Time) {
        let of_it = State::Made { change: id.to_owned() };
        for seen in self.0.values_mut().filter(|seen| seen.state == of_it) {
            seen.state = State::Synced { since: now };
        }
    }

    /// Takes note that Route 53 does not know a change any more.
    pub(super) fn forgotten(&mut self, id: &str, now: Time) {
        let of_it = State::Made { change: id.to_owned() };
        for seen in self.0.values_mut().filter(|seen| seen.state == of_it) {
            seen.state = State::Found { at: now };
        }
    }

    pub(super) fn propagation(&self, key: &Key) -> Propagation {
        match self.0.get(key).map(|seen| &seen.state) {
            None | Some(State::Before) => Propagation::InSync { since: None },
            Some(State::Made { .. } | State::Found { .. }) => Propagation::Pending,
            Some(State::Synced { since }) => Propagation::InSync { since: Some(*since) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: WeightPair = WeightPair { ec2: 100, fargate: 0 };
    const NEW: WeightPair = WeightPair { ec2: 90, fargate: 10 };

    fn key() -> Key {
        (Arc::default(), "Z1/api/A".to_owned())
    }

    #[test]
    fn a_change_of_ferrys_is_pending_until_route_53_says_insync() {
        let mut spread = Spread::default();
        let now = Time::from_secs(1_000);
        spread.see(&key(), OLD, now);
        assert_eq!(spread.propagation(&key()), Propagation::InSync { since: None });
        spread.made(key(), NEW, "C1");
        spread.see(&key(), NEW, now + Span::from_mins(5));
        assert_eq!(spread.propagation(&key()), Propagation::Pending, "however long it takes");
        assert_eq!(spread.open([&key()].into_iter()), [(Arc::default(), "C1".to_owned())].into());
        let since = now + Span::from_mins(6);
        spread.synced("C1", since);
        spread.see(&key(), NEW, since + Span::from_mins(1));
        assert_eq!(spread.propagation(&key()), Propagation::InSync { since: Some(since) });
    }

    #[test]
    fn a_change_that_nobody_can_ask_for_takes_a_minute_from_when_it_is_seen() {
        let mut spread = Spread::default();
        let now = Time::from_secs(1_000);
        spread.see(&key(), OLD, now);
        spread.see(&key(), NEW, now + Span::from_secs(10));
        assert_eq!(spread.propagation(&key()), Propagation::Pending);
        spread.see(&key(), NEW, now + Span::from_secs(69));
        assert_eq!(spread.propagation(&key()), Propagation::Pending);
        spread.see(&key(), NEW, now + Span::from_secs(100));
        let since = Some(now + Span::from_secs(70));
        assert_eq!(spread.propagation(&key()), Propagation::InSync { since });
    }

    #[test]
    fn a_change_undone_by_somebody_is_not_in_sync_by_ferrys_id() {
        let mut spread = Spread::default();
        let now = Time::from_secs(1_000);
        spread.made(key(), NEW, "C1");
        spread.see(&key(), OLD, now);
        spread.synced("C1", now);
        assert_eq!(spread.propagation(&key()), Propagation::Pending);
        spread.made(key(), NEW, "C2");
        spread.forgotten("C2", now);
        assert_eq!(spread.propagation(&key()), Propagation::Pending);
    }
}
