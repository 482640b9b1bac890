//! The rules of a pass, in order. This list is the order of everything.

mod bake;
mod capacity;
mod decommission;
mod drain;
mod drift;
mod gates;
mod latch;
mod observed;
mod promises;
mod releases;
mod rollback;
mod step;

use model::plan::Rule;

use crate::draft::Draft;
use crate::facts::Facts;

/// One rule and its place in the order.
pub struct RuleEntry {
    /// Which rule; its rank is its place in [`Rule`] and in [`RULES`].
    pub rule: Rule,
    pub(crate) apply: fn(&Facts<'_>, &mut Draft),
}

/// The rules in the order they are asked.
pub const RULES: [RuleEntry; 12] = [
    // What was seen is taken note of before anything is concluded from it.
    RuleEntry { rule: Rule::Observed, apply: observed::apply },
    // Going back comes before everything that could hold it up.
    RuleEntry { rule: Rule::Rollback, apply: rollback::apply },
    // What was promised must be there before anything new is promised.
    RuleEntry { rule: Rule::Promises, apply: promises::apply },
    // What somebody else did to the weights must be understood before they are changed.
    RuleEntry { rule: Rule::Drift, apply: drift::apply },
    // An attempt that was rolled back is over.
    RuleEntry { rule: Rule::Latch, apply: latch::apply },
    // Sides that run different code cannot be compared.
    RuleEntry { rule: Rule::Releases, apply: releases::apply },
    // Time at the last step; it may raise the goal, so it comes before the next step.
    RuleEntry { rule: Rule::Bake, apply: bake::apply },
    // The gates, each with its own rank in `Rule`.
    RuleEntry { rule: Rule::Mode, apply: gates::apply },
    // Capacity before traffic: what the next step needs, and whether it is there.
    RuleEntry { rule: Rule::Capacity, apply: capacity::apply },
    // The step itself, or the tasks it waits for.
    RuleEntry { rule: Rule::Step, apply: step::apply },
    // What remains on EC2 after the bake.
    RuleEntry { rule: Rule::Drain, apply: drain::apply },
    // And its end.
    RuleEntry { rule: Rule::Decommission, apply: decommission::apply },
];
