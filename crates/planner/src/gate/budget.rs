//! The budgets that all migrations share: concurrent steps, the brake, calls.

use model::plan::Refusal;

use crate::Grant;
use crate::draft::Draft;
use crate::facts::Facts;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    match &facts.input.grant {
        Grant::Open => None,
        Grant::NoAdvance(reason) => Some(Refusal { reason: reason.clone(), opens_at: None }),
    }
}
