//! The end: what remains of the EC2 side is a person's to take down.

use model::plan::{Reason, Rule};
use model::spec::DecommissionMode;

use crate::draft::Draft;
use crate::facts::Facts;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    if draft.status.drained_at.is_none() {
        return;
    }
    let reason = match facts.spec.decommission.mode {
        DecommissionMode::Manual => Reason::DecommissionManual,
        DecommissionMode::Automatic => {
            Reason::NotActedOn { field: "spec.decommission.mode".to_owned() }
        }
    };
    draft.refuse(Rule::Decommission, reason, None);
}
