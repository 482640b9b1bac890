//! What can go wrong with the store, told apart by who acts on it.

use crate::Version;

/// The result of a call to the store.
pub type Result<T> = std::result::Result<T, Error>;

/// A call to the store that did not give what was asked.
///
/// Whatever the kind, no call to the world follows an intent that was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Somebody saved in between: load, look and plan again. Expected when two replicas meet.
    #[error("save `{name}`: its version is {found} and not {expected}")]
    Conflict {
        /// The migration, or the fact.
        name: String,
        /// The version the save was made for.
        expected: Version,
        /// The version there is.
        found: Version,
    },
    /// Another process holds the store, or none does any more: whoever is told must stop acting,
    /// and stand by. Expected when two replicas meet.
    #[error("save: {}", holder_words(holder.as_deref()))]
    Fenced {
        /// Who holds it; `None` where nobody does.
        holder: Option<String>,
    },
    /// The stored bytes are not what was saved: a person has to look; until then the migration,
    /// or every one where it is the whole store, holds.
    #[error("read `{name}` in the store: {why}")]
    Corrupt {
        /// The migration, the fact, or the store's file.
        name: String,
        /// What is wrong, with the place.
        why: String,
    },
    /// A newer Ferry wrote it: this one must not touch it. Expected during a rolling deploy.
    #[error("read `{name}` in the store: it has schema {found} and this Ferry knows {known}")]
    NewerSchema {
        /// The migration, or the store's file.
        name: String,
        /// The schema it has.
        found: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// Evidence or a fact is larger than any store takes: a defect, since all parts are bounded.
    #[error("save `{name}`: {bytes} bytes are more than the {bytes_max} there may be")]
    TooLarge {
        /// The migration, or the fact.
        name: String,
        /// How large.
        bytes: usize,
        /// How large it may be.
        bytes_max: usize,
    },
    /// No room: a person has to make some; nothing was saved.
    #[error("save: no room is left: {message}")]
    Full {
        /// What the medium said.
        message: String,
    },
    /// Writing is not allowed: a person has to act; nothing was saved.
    #[error("save: the store is read-only: {message}")]
    ReadOnly {
        /// What the medium said.
        message: String,
    },
    /// The store cannot be reached or is busy: nothing was read or saved, try again later.
    #[error("reach the store: {message}")]
    Unavailable {
        /// What was said, if anything.
        message: String,
    },
    /// A save may or may not have happened: load before anything else.
    #[error("save: the outcome is unknown: {message}")]
    OutcomeUnknown {
        /// What was said, if anything.
        message: String,
    },
}

impl Error {
    /// The kind's name in metrics and events.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "conflict",
            Self::Fenced { .. } => "fenced",
            Self::Corrupt { .. } => "corrupt",
            Self::NewerSchema { .. } => "newerSchema",
            Self::TooLarge { .. } => "tooLarge",
            Self::Full { .. } => "full",
            Self::ReadOnly { .. } => "readOnly",
            Self::Unavailable { .. } => "unavailable",
            Self::OutcomeUnknown { .. } => "outcomeUnknown",
        }
    }
}

fn holder_words(holder: Option<&str>) -> String {
    match holder {
        Some(holder) => format!("another Ferry, `{holder}`, holds the store"),
        None => "this Ferry no longer holds the store, and no other does".to_owned(),
    }
}
