//! No deployment in progress, and none failed, on either side.

use model::Side;
use model::observation::Deployment;
use model::plan::What;
use model::plan::{Reason, Refusal};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::{closed, gap_of};

pub(crate) fn ask(facts: &Facts<'_>, _: &Draft) -> Option<Refusal> {
    Side::ALL.into_iter().find_map(|side| {
        let Some(service) = facts.services.get(side) else {
            let gap = gap_of(facts.input.observation.services.get(side));
            return closed(Reason::NotKnown { what: What::Service, side: Some(side), gap });
        };
        match service.deployment {
            Deployment::Steady => None,
            Deployment::InProgress { .. } => closed(Reason::DeploymentInProgress { side }),
            Deployment::Failed => closed(Reason::DeploymentFailed { side }),
        }
    })
}
