//! An independent second opinion on a plan.
//!
//! ```text
//! Input {now, spec, settings, status before, observation, verdict, fleet} + Plan
//!     --> CHECKS, one for each promise --> Finding {severity, invariant, action, message}
//!     --> Audited {findings, permitted actions, stopped actions}
//! ```
//!
//! Both the planner and this crate must be wrong in the same way for a bad plan to reach the
//! world. So nothing here was written by reading the planner, nothing of it is reused, and what a
//! side needs is computed again from the observation. Promises are numbered as in
//! `docs/architecture.md`.
//!
//! The controller can act on nothing but what [`Audited::permitted`] hands out: the rule of what a
//! finding stops lives here, once, in [`Finding::stops`].
//!
//! Deliberately absent: policy that does not endanger anybody (windows, dependencies, budgets of
//! webhooks): those are gates, and the planner's alone. No repair either: an audit says no.

mod checks;
mod facts;
mod finding;
mod input;

use model::action::Action;
use model::plan::Plan;

pub use finding::{Finding, Invariant, Severity};
pub use input::{Fleet, Input};

/// A plan's actions, divided by what the audit found.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "only the permitted actions may be done"]
pub struct Audited {
    findings: Vec<Finding>,
    permitted: Vec<Action>,
    stopped: Vec<Action>,
}

impl Audited {
    /// What was found, in the order of the checks.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The first finding that stops something: what to tell people when anything was stopped.
    #[must_use]
    pub fn cause(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Fatal)
    }

    /// The actions that may be done, in the plan's order.
    #[must_use]
    pub fn permitted(&self) -> &[Action] {
        &self.permitted
    }

    /// The actions that must not be done.
    ///
    /// Where there are any, the plan's status promises what will not happen: keep the status from
    /// before, say so in a condition, and let the next pass plan anew.
    #[must_use]
    pub fn stopped(&self) -> &[Action] {
        &self.stopped
    }
}

/// Looks at a plan with every check, and divides its actions.
///
/// Never fails and never panics; what it cannot make sense of is a finding.
pub fn audit(input: &Input<'_>, plan: &Plan) -> Audited {
    let facts = facts::Facts::new(input, plan);
    let findings = checks::findings(&facts);
    let (permitted, stopped) =
        plan.actions.iter().enumerate().partition::<Vec<_>, _>(|(index, action)| {
            !findings.iter().any(|finding| finding.stops(*index, action))
        });
    let actions = |indexed: Vec<(usize, &Action)>| {
        indexed.into_iter().map(|(_, action)| action.clone()).collect()
    };
    Audited { findings, permitted: actions(permitted), stopped: actions(stopped) }
}
