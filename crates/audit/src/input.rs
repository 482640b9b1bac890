//! What a plan is judged by.

use model::Time;
use model::observation::Observation;
use model::settings::Settings;
use model::spec::Spec;
use model::status::Status;
use model::verdict::Verdict;

/// What a plan is judged by: what was asked, remembered, seen and judged when it was made.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The present.
    pub now: Time,
    /// What operators ask for.
    pub spec: &'a Spec,
    /// What holds for all migrations.
    pub settings: &'a Settings,
    /// What was remembered before this pass, operators' verbs included.
    pub status: &'a Status,
    /// What this tick saw.
    pub observation: &'a Observation,
    /// What the judge said of it.
    pub verdict: &'a Verdict,
    /// What the other migrations are at. A plan that takes a step needs it.
    pub fleet: Option<Fleet>,
}

/// What all other migrations of the daemon are at (S7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fleet {
    /// Others between their first step and their bake, those admitted in this tick included.
    pub stepping: u32,
    /// Of those, the ones in a cluster of this migration.
    pub stepping_in_cluster: u32,
    /// Automatic rollbacks within the brake's window, this migration's included.
    pub failures: u32,
}
