//! Sides that run different releases cannot be compared: no step, and what was proven is void
//! until both have been steady on the same one. Going back is judged all the same.

use model::Side;
use model::plan::{Reason, Rule, What};

use crate::draft::Draft;
use crate::facts::Facts;

pub(crate) fn apply(facts: &Facts<'_>, draft: &mut Draft) {
    if draft.held {
        return;
    }
    match (facts.services.ec2, facts.services.fargate) {
        (Some(ec2), Some(fargate)) if ec2.release != fargate.release => {
            draft.hold(Rule::Releases, Reason::ReleasesDiffer);
        }
        (Some(_), Some(_)) => draft.open(Rule::Releases),
        (None, _) => draft.hold(Rule::Releases, unknown(facts, Side::Ec2)),
        (_, None) => draft.hold(Rule::Releases, unknown(facts, Side::Fargate)),
    }
}

fn unknown(facts: &Facts<'_>, side: Side) -> Reason {
    let gap = crate::gate::gap_of(facts.input.observation.services.get(side));
    Reason::NotKnown { what: What::Service, side: Some(side), gap }
}
