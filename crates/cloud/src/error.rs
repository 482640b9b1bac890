//! What can go wrong at the border, as data that says who acts on it.

use serde::Serialize;
use std::fmt;

use model::observation::Gap;

/// The result of a call to the world.
pub type Result<T> = std::result::Result<T, Error>;

/// A call to the world that did not give what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} {kind}: {message}")]
pub struct Error {
    /// What went wrong, for the caller to act on.
    pub kind: ErrorKind,
    /// The operation as AWS names it, such as `ecs:DescribeServices`.
    pub operation: &'static str,
    /// What the world said, for people.
    pub message: String,
}

impl Error {
    /// An error of `kind` from `operation`.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self { kind, operation, message: message.into() }
    }

    /// Whether asking again may well succeed, so that the last value keeps its meaning and age.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self.kind {
            ErrorKind::Throttled
            | ErrorKind::Busy
            | ErrorKind::Unreachable
            | ErrorKind::Partial
            | ErrorKind::OutcomeUnknown => true,
            ErrorKind::Denied
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Invalid
            | ErrorKind::QuotaReached => false,
        }
    }

    /// What an observation says in place of the value.
    #[must_use]
    pub const fn gap(&self) -> Gap {
        match self.kind {
            ErrorKind::NotFound => Gap::NotFound,
            ErrorKind::Throttled | ErrorKind::Busy => Gap::Throttled,
            ErrorKind::Denied => Gap::Denied,
            ErrorKind::Partial => Gap::Partial,
            ErrorKind::Conflict
            | ErrorKind::Invalid
            | ErrorKind::QuotaReached
            | ErrorKind::Unreachable
            | ErrorKind::OutcomeUnknown => Gap::Failed,
        }
    }
}

/// Kinds of failure, told apart by who acts on them and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// Too many calls: nothing happened, ask again later.
    Throttled,
    /// An earlier change is still being made there: nothing happened, ask again later.
    Busy,
    /// Credentials or permissions: nothing happened, a person has to act.
    Denied,
    /// It does not exist: nothing happened.
    NotFound,
    /// The world does not hold what the write expected: nothing happened, look again.
    Conflict,
    /// The request can never succeed as it is: nothing happened, a defect or a wrong spec.
    Invalid,
    /// A limit that waiting does not lift: nothing happened, a person has to act.
    QuotaReached,
    /// The request did not get there: nothing happened, ask again later.
    Unreachable,
    /// A read came back incomplete.
    Partial,
    /// A write may or may not have happened: observe before anything else.
    OutcomeUnknown,
}

impl ErrorKind {
    /// The kind's name in metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Busy => "busy",
            Self::Denied => "denied",
            Self::NotFound => "notFound",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::QuotaReached => "quotaReached",
            Self::Unreachable => "unreachable",
            Self::Partial => "partial",
            Self::OutcomeUnknown => "outcomeUnknown",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "was throttled",
            Self::Busy => "found an earlier change still under way",
            Self::Denied => "was denied",
            Self::NotFound => "found nothing",
            Self::Conflict => "found something else than expected",
            Self::Invalid => "was refused as invalid",
            Self::QuotaReached => "met a quota",
            Self::Unreachable => "could not be reached",
            Self::Partial => "gave an incomplete answer",
            Self::OutcomeUnknown => "has an unknown outcome",
        })
    }
}
