//! Events: what happened, for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Time;

/// Something that happened to a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When.
    pub at: Time,
    /// Whether a person should look.
    pub severity: Severity,
    /// CamelCase, bounded in number: fit for a metric label.
    pub reason: String,
    /// A full sentence.
    pub message: String,
}

/// Whether a person should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// As planned.
    Normal,
    /// Someone should look.
    Warning,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.at, self.reason, self.message)
    }
}
