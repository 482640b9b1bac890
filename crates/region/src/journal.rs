//! What was changed, by whom, and how it went.

use std::collections::BTreeMap;

use cloud::ErrorKind;
use model::Time;
use model::observation::{Bounds, ScheduledBounds};
use model::route::{ServiceId, WeightPair};
use serde::Serialize;

/// One change that somebody asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When.
    pub at: Time,
    /// The operation, as IAM names it.
    pub operation: &'static str,
    /// Who asked.
    pub author: Author,
    /// What.
    pub change: Change,
    /// How it went: a lost reply is `Made` here, whatever the caller was told.
    pub outcome: Outcome,
}

/// Who asked for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Author {
    /// Whoever calls the region: Ferry.
    Caller,
    /// The outside actor of the fault script.
    Outsider,
    /// Application Auto Scaling, carrying out a scheduled action.
    Schedule,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Change {
    /// The weights of one route.
    Weights {
        /// Which, by its key.
        route: String,
        /// What it held.
        before: WeightPair,
        /// What it was to hold.
        after: WeightPair,
    },
    /// A desired count.
    Desired {
        /// Whose.
        service: ServiceId,
        /// What it was.
        before: u32,
        /// What it was to be.
        after: u32,
    },
    /// The bounds of a scalable target; the same ones where kinds of scaling were suspended.
    Bounds {
        /// Whose.
        service: ServiceId,
        /// What they were.
        before: Bounds,
        /// What they were to be.
        after: Bounds,
    },
    /// A scheduled action; `None` where there is none.
    Scheduled {
        /// Whose.
        service: ServiceId,
        /// The action of that name before.
        before: Option<ScheduledBounds>,
        /// The action of that name after.
        after: Option<ScheduledBounds>,
    },
    /// A version of a traffic policy was made or deleted.
    PolicyVersion {
        /// Of which policy.
        policy: String,
        /// Its number.
        number: u32,
        /// The keys of the routes whose instances follow the policy.
        routes: Vec<String>,
        /// Made, or deleted.
        is_deleted: bool,
    },
    /// A write to something that does not exist.
    Nothing,
}

/// How a change went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Made.
    Made,
    /// Made, and the caller was told that the outcome is unknown.
    MadeReplyLost,
    /// Not made.
    Refused(ErrorKind),
}

impl Outcome {
    /// Whether the world changed.
    #[must_use]
    pub const fn made(self) -> bool {
        matches!(self, Self::Made | Self::MadeReplyLost)
    }
}

/// All changes and the number of calls.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    calls: BTreeMap<&'static str, u64>,
}

impl Journal {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The caller of the last change was not told how it went.
    pub(crate) fn lose_last_reply(&mut self) {
        if let Some(entry) = self.entries.last_mut() {
            entry.outcome = Outcome::MadeReplyLost;
        }
    }

    pub(crate) fn count(&mut self, operation: &'static str) {
        *self.calls.entry(operation).or_insert(0) += 1;
    }

    /// Every change asked for, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Calls of each operation, reads included.
    #[must_use]
    pub const fn calls(&self) -> &BTreeMap<&'static str, u64> {
        &self.calls
    }

    /// Changes the caller made.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.author == Author::Caller && entry.outcome.made())
            .count()
    }
}
