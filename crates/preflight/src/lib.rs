//! What stands in the way of a migration, and the draft of one, from what an account holds.
//!
//! ```text
//! [Landscape] --> CHECKS --> [Finding {id, severity, said, remedy, command}] --> text | JSON
//!
//! Around (a service, what points at it, its week) --> draft --> a commented Migration
//! ```
//!
//! A check looks at one migration's landscape and says what it saw, with numbers, and what to do.
//! What could not be read is a finding of its own: no check passes for want of data. What needs an
//! API that Ferry has no client for is a check too: it never passes by itself, and hands over the
//! command to look with.
//!
//! Deliberately absent: calls (`cloud::survey` reads), clocks, and any opinion of what only a
//! running migration can show.

mod check;
mod checks;
mod draft;
mod scene;
mod text;

use model::inventory::{Landscape, Unread};

pub use check::{Check, Finding, Severity};
pub use checks::all as checks;
pub use draft::{Around, Draft, Jobs, Twin, draft, draft_of_rules};
pub use text::{Style, text};

/// Looks at all landscapes with every check: findings by severity, then by migration, in the order
/// of the checks.
#[must_use]
pub fn check(landscapes: &[Landscape]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for index in 0..landscapes.len() {
        let Some(scene) = scene::Scene::new(landscapes, index) else { continue };
        for check in checks::all() {
            findings.extend(check.look(&scene));
        }
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Why nothing at all was read, if that is so: no network, or no valid credentials.
#[must_use]
pub fn nothing_read(landscapes: &[Landscape]) -> Option<&Unread> {
    checks::nothing_read(landscapes)
}
