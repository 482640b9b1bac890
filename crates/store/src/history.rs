//! History: what happened to a migration, in order, for people and reports.

use model::Time;
use model::action::Action;
use model::event::Event;
use model::verdict::{VerdictKind, VerdictReason};
use serde::{Deserialize, Serialize};

use crate::Answer;

/// The most history entries kept of one migration; the oldest go first.
///
/// A migration of three weeks has a few hundred steps, floors and verdicts; this keeps a year of
/// a restless one and still fits into a page of SQLite cache or a cheap DynamoDB partition.
pub const HISTORY_ENTRIES_MAX: usize = 10_000;

/// The most entries one call of [`Store::history`](crate::Store::history) returns.
pub const HISTORY_PAGE_MAX: usize = 1_000;

/// An entry with its place in the history of its migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Numbered {
    /// From 1, rising by one, never used twice.
    pub sequence: u64,
    /// What happened.
    pub entry: Entry,
}

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When.
    pub at: Time,
    /// What.
    pub happening: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Happening {
    /// Something a person would want to know.
    Event {
        /// What.
        event: Event,
    },
    /// The judge changed its mind.
    Decision {
        /// What it says now.
        verdict: VerdictKind,
        /// Why.
        reason: VerdictReason,
    },
    /// A change is about to be made: the one entry before each mutation (C7).
    Intended {
        /// Number of the intent.
        intent: u64,
        /// The action's place in it, from 0.
        position: usize,
        /// What, from which value to which.
        action: Action,
        /// Why, in a sentence.
        why: String,
    },
    /// How it ended: the one entry after each mutation (C7).
    Answered {
        /// Number of the intent.
        intent: u64,
        /// The action's place in it, from 0.
        position: usize,
        /// What the world said.
        answer: Answer,
    },
    /// A person said something that Ferry goes by.
    Said {
        /// Who: the name of the token, or of the person at the command line.
        who: String,
        /// What, as a full sentence: "Pause: the share stays where it is."
        what: String,
    },
}
