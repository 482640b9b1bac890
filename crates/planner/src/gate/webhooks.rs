//! Webhooks of the settings that select this migration. This version does not ask them, and a
//! gate that is not asked stays closed.

use model::plan::{Reason, Refusal};

use crate::calendar::selects;
use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    let labels = &facts.input.spec.metadata.labels;
    let is_asked =
        facts.input.settings.webhooks.iter().any(|webhook| selects(&webhook.labels, labels));
    if is_asked {
        closed(Reason::NotActedOn { field: "settings.webhooks".to_owned() })
    } else {
        None
    }
}
