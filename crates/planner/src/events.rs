//! Events: one constructor each, so that their words stand in one place.

use model::event::{Event, Severity};
use model::status::RollbackReason;
use model::{Share, Span};

use crate::draft::Draft;
use crate::facts::Facts;

/// A regression that begins this soon after a release is named together with it.
const RELEASE_SUSPECT_FOR: Span = Span::from_hours(2);

fn event(facts: &Facts<'_>, severity: Severity, reason: &str, message: String) -> Event {
    Event { at: facts.now, severity, reason: reason.to_owned(), message }
}

/// A condition changed.
pub(crate) fn transition(
    facts: &Facts<'_>,
    severity: Severity,
    reason: &str,
    message: &str,
) -> Event {
    event(facts, severity, reason, message.to_owned())
}

/// A step was decided.
pub(crate) fn stepping(facts: &Facts<'_>, from: Share, to: Share) -> Event {
    event(facts, Severity::Normal, "Stepping", format!("The share goes from {from} to {to}."))
}

/// AWS could not make a change back to EC2.
pub(crate) fn change_failed(facts: &Facts<'_>, to: Share) -> Event {
    let message = format!(
        "AWS could not make the change back to {to}, so that traffic may still go to Fargate. It \
         is sent again."
    );
    event(facts, Severity::Warning, "ChangeFailed", message)
}

/// Floors were raised for a step.
pub(crate) fn preparing(facts: &Facts<'_>, to: Share) -> Event {
    event(facts, Severity::Normal, "Preparing", format!("Tasks are started for the step to {to}."))
}

/// A promised floor was found lowered.
pub(crate) fn floor_lowered(facts: &Facts<'_>, message: String) -> Event {
    event(facts, Severity::Warning, "FloorRaisedAgain", message)
}

/// An attempt was rolled back. One that began soon after a release, or while the sides run
/// different ones, may be the release's doing and not Fargate's.
pub(crate) fn rolling_back(
    facts: &Facts<'_>,
    draft: &Draft,
    from: Share,
    reason: &RollbackReason,
) -> Event {
    let mut message = match reason {
        RollbackReason::MovedByHand => {
            format!("The attempt ends at {from}: {reason}. It is left where it was put.")
        }
        RollbackReason::Verdict { .. }
        | RollbackReason::CapacityLost { .. }
        | RollbackReason::ShareLowered
        | RollbackReason::Operator { .. } => {
            format!("Traffic goes back to EC2 from {from}: {reason}.")
        }
    };
    if matches!(reason, RollbackReason::Verdict { .. }) {
        message.push_str(&release_note(facts, draft));
    }
    let name = if *reason == RollbackReason::MovedByHand { "Aborted" } else { "RollingBack" };
    event(facts, Severity::Warning, name, message)
}

/// What a release may have to do with it: nothing, in most cases.
fn release_note(facts: &Facts<'_>, draft: &Draft) -> String {
    let settled = draft.status.step.as_ref().and_then(|step| step.settled_at);
    match &draft.status.release {
        Some(release)
            if facts.now.since(release.since) <= RELEASE_SUSPECT_FOR
                && settled.is_some_and(|settled| settled < release.since) =>
        {
            format!(" It began soon after the release {}, which may be the reason.", release.name)
        }
        None if facts.services.ec2.is_some() && facts.services.fargate.is_some() => {
            " A release is under way, which may be the reason.".to_owned()
        }
        Some(_) | None => String::new(),
    }
}

/// The wanted share was lowered.
pub(crate) fn lowering(facts: &Facts<'_>, from: Share, to: Share) -> Event {
    event(facts, Severity::Normal, "Lowering", format!("The share goes from {from} down to {to}."))
}

/// The bake is over.
pub(crate) fn baked(facts: &Facts<'_>, bake: Span) -> Event {
    event(facts, Severity::Normal, "Baked", format!("The bake of {bake} is over."))
}
