//! `spec.dependsOn`: what is not known to be so is not so.

use model::plan::{Reason, Refusal};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    let unmet = facts.spec.depends_on.iter().find(|dependency| {
        facts
            .input
            .dependencies
            .get(dependency.name.as_str())
            .is_none_or(|conditions| !conditions.is_true(dependency.condition))
    })?;
    closed(Reason::DependencyNotMet {
        name: unmet.name.to_string(),
        condition: unmet.condition.name().to_owned(),
    })
}
