//! Deciding: plan each migration, admit under shared budgets, audit.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use audit::Fleet;
use model::Time;
use model::observation::Observation;
use model::plan::{Plan, Report};
use model::settings::Settings;
use model::verdict::{Verdict, VerdictKind};
use planner::{Dependencies, Grant, Input};

use crate::tick::Pass;
use crate::watch::Watch;

/// One migration as seen and judged, before anything is decided.
pub(crate) struct Proposal {
    pub(crate) observation: Observation,
    pub(crate) verdict: Verdict,
}
