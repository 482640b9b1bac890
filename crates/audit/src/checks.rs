//! The checks, as a list: one line for each promise that a plan can break.

mod blast_radius;
mod capacity;
mod conditional;
mod darkness;
mod doubt;
mod drift;
mod falls;
mod floors;
mod latch;
mod ownership;
mod record;
mod steps;

use crate::facts::Facts;
use crate::{Finding, Invariant, Severity};

/// One promise and how a plan is held against it.
pub(crate) struct Check {
    pub(crate) invariant: Invariant,
    pub(crate) look: fn(&Facts<'_>, &mut Notes),
}

/// In the order in which findings are shown: who may write at all, then what users would feel,
/// then how it is written.
pub(crate) const ALL: &[Check] = &[
    Check { invariant: Invariant::O1, look: ownership::look },
    Check { invariant: Invariant::S2, look: darkness::look },
    Check { invariant: Invariant::S1, look: capacity::look },
    Check { invariant: Invariant::S1, look: floors::look_at_fargate },
    Check { invariant: Invariant::S5, look: floors::look_at_ec2 },
    Check { invariant: Invariant::S5, look: floors::look_at_desired },
    Check { invariant: Invariant::S6, look: latch::look },
    Check { invariant: Invariant::S3, look: doubt::look },
    Check { invariant: Invariant::S4, look: steps::look },
    Check { invariant: Invariant::S4, look: falls::look },
    Check { invariant: Invariant::S7, look: blast_radius::look },
    Check { invariant: Invariant::O5, look: drift::look },
    Check { invariant: Invariant::O2, look: conditional::look },
    Check { invariant: Invariant::C2, look: record::look },
];

/// What one check has to say.
pub(crate) struct Notes {
    invariant: Invariant,
    findings: Vec<Finding>,
}

impl Notes {
    /// Something about the action at this place that must stop the plan.
    pub(crate) fn fatal(&mut self, action: usize, message: impl Into<String>) {
        self.note(Severity::Fatal, Some(action), message.into());
    }

    /// Something about the plan as a whole that must stop it.
    pub(crate) fn fatal_overall(&mut self, message: impl Into<String>) {
        self.note(Severity::Fatal, None, message.into());
    }

    /// Something about the action at this place that a person should see.
    pub(crate) fn warn(&mut self, action: usize, message: impl Into<String>) {
        self.note(Severity::Warning, Some(action), message.into());
    }

    /// Something about the plan as a whole that a person should see.
    pub(crate) fn warn_overall(&mut self, message: impl Into<String>) {
        self.note(Severity::Warning, None, message.into());
    }

    fn note(&mut self, severity: Severity, action: Option<usize>, message: String) {
        self.findings.push(Finding { severity, invariant: self.invariant, action, message });
    }
}

/// Everything that all checks find, in their order.
pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let found = ALL.iter().flat_map(|check| {
        let mut notes = Notes { invariant: check.invariant, findings: Vec::new() };
        (check.look)(facts, &mut notes);
        notes.findings
    });
    found.collect()
}
