//! One pass: the order of everything.

use std::collections::BTreeMap;

use model::Time;
use model::condition::Conditions;
use model::observation::Observation;
use model::plan::{Plan, Reason};
use model::settings::Settings;
use model::spec::Migration;
use model::status::Status;
use model::verdict::Verdict;

use crate::draft::Draft;
use crate::facts::Facts;
use crate::rule::RULES;

/// What the other migrations' conditions say, by name.
pub type Dependencies<'a> = BTreeMap<&'a str, &'a Conditions>;

/// All that a pass knows. It cannot ask for more.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// The present.
    pub now: Time,
    /// The migration's name.
    pub name: &'a str,
    /// The generation of its spec.
    pub generation: u64,
    /// What operators ask for.
    pub spec: &'a Migration,
    /// What holds for all migrations.
    pub settings: &'a Settings,
    /// What is remembered, operators' verbs included.
    pub status: &'a Status,
    /// What this tick saw.
    pub observation: &'a Observation,
    /// What the judge says of it.
    pub verdict: &'a Verdict,
    /// What the other migrations are at.
    pub dependencies: &'a Dependencies<'a>,
    /// What the shared budgets allow.
    pub grant: Grant,
}

/// What the shared budgets allow a migration in this tick.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Grant {
    /// Whatever it proposes.
    #[default]
    Open,
    /// No step forward. Going back, floors and unfinished moves are never refused.
    NoAdvance(Reason),
}

/// Plans one pass. It cannot fail and it cannot wait: a pass that does nothing says why.
///
/// The same input gives the same plan (C3), and a plan whose actions have been carried out
/// leaves nothing to do for the next (L1).
#[must_use]
pub fn plan(input: &Input<'_>) -> Plan {
    let facts = Facts::of(input);
    let mut draft = Draft::begin(&facts);
    for entry in &RULES {
        (entry.apply)(&facts, &mut draft);
    }
    draft.finish(&facts)
}
