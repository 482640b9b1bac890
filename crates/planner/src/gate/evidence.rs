//! The judge's verdict on the present step.

use model::plan::What;
use model::plan::{Reason, Refusal};
use model::spec::Advance;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::gate::closed;
use crate::next::CRASH_CHECK_BELOW;

/// A verdict that rests on older minutes says nothing of the present.
const VERDICT_AGE_MAX: Span = Span::from_mins(15);

pub(crate) fn ask(facts: &Facts<'_>, draft: &Draft) -> Option<Refusal> {
    let live = facts.live?;
    let verdict = facts.input.verdict;
    let not_proven = || closed(Reason::NotProven { verdict: verdict.reason.clone() });
    if verdict.kind == VerdictKind::RollBack {
        return not_proven();
    }
    if live == Share::ZERO {
        // Nothing was sent to Fargate yet that could be judged, but EC2 can be seen.
        return if speaks_against_start(&verdict.reason) { not_proven() } else { None };
    }
    if draft.unlanded.is_some() || draft.status.verbs.advance.is_some() {
        // Proven before it was first sent, or an operator's word: harm still counts, and so does
        // whether anybody is looking. Minutes of a step that never landed are of no step that has
        // settled; releases and deployments are asked about on their own.
        let is_of_lost_step = draft.unlanded.is_some() && verdict.reason == VerdictReason::Settling;
        return match (is_of_lost_step || is_harmless(&verdict.reason), is_fresh(facts)) {
            (true, true) => None,
            (true, false) => closed(not_known()),
            (false, _) => not_proven(),
        };
    }
    let advance = facts.rollout().map_or(Advance::Evidence, |rollout| rollout.advance);
    let speaks = speaks_of_step(facts, draft);
    match advance {
        Advance::Manual => closed(Reason::AwaitingOperator),
        Advance::Evidence if live >= CRASH_CHECK_BELOW => match verdict.kind {
            VerdictKind::Advance if speaks => None,
            VerdictKind::Advance => closed(not_known()),
            VerdictKind::Hold | VerdictKind::RollBack => not_proven(),
        },
        Advance::Evidence | Advance::Dwell => {
            if !is_harmless(&verdict.reason) {
                not_proven()
            } else if speaks {
                None
            } else {
                closed(not_known())
            }
        }
    }
}

const fn not_known() -> Reason {
    Reason::NotKnown { what: What::Verdict, side: None, gap: None }
}

/// Whether the verdict rests on minutes of this step, and on fresh ones.
pub(crate) fn speaks_of_step(facts: &Facts<'_>, draft: &Draft) -> bool {
    let settled = draft.status.step.as_ref().and_then(|step| step.settled_at);
    let (Some(minute), Some(settled)) = (facts.input.verdict.minute, settled) else {
        return false;
    };
    minute >= settled.minute() && is_fresh(facts)
}

/// Whether the verdict rests on minutes that are not old.
fn is_fresh(facts: &Facts<'_>) -> bool {
    let now = facts.now.minute();
    let age_max = i64::try_from(VERDICT_AGE_MAX.as_mins()).unwrap_or(i64::MAX);
    let minute = facts.input.verdict.minute;
    minute.is_some_and(|minute| minute <= now && now - minute <= age_max)
}

/// Whether a reason speaks against sending the first requests to Fargate. What was seen of
/// Fargate is of its last request, however long ago; what it runs now is the releases rule's.
pub(crate) fn speaks_against_start(reason: &VerdictReason) -> bool {
    let is_of_fargate_only = matches!(
        reason,
        VerdictReason::MissingData { side: Side::Fargate }
            | VerdictReason::EventsMissing { side: Side::Fargate, .. }
            | VerdictReason::ShareMismatch
            | VerdictReason::ReleasesDiffer
            | VerdictReason::Settling
            | VerdictReason::Suspicion { .. }
            | VerdictReason::WorseWithinBudget { .. }
    );
    !is_of_fargate_only && !is_harmless(reason)
}

/// Whether a reason speaks of too little proof only, not of harm or of missing sight.
pub(crate) const fn is_harmless(reason: &VerdictReason) -> bool {
    match reason {
        VerdictReason::ProvenSafe
        | VerdictReason::ProvenAbsolute
        | VerdictReason::Unproven { .. }
        | VerdictReason::UnequalLoad
        | VerdictReason::LoadCoverage { .. }
        | VerdictReason::SurgeUnseen
        | VerdictReason::Uncalibrated
        | VerdictReason::InsufficientTraffic
        | VerdictReason::Collecting => true,
        VerdictReason::CandidateDead
        | VerdictReason::Guard { .. }
        | VerdictReason::SmallShareGuard { .. }
        | VerdictReason::ProvenWorse { .. }
        | VerdictReason::BudgetBurn { .. }
        | VerdictReason::WorseWithinBudget { .. }
        | VerdictReason::CommonMode { .. }
        | VerdictReason::Suspicion { .. }
        | VerdictReason::MissingData { .. }
        | VerdictReason::EventsMissing { .. }
        | VerdictReason::ShareMismatch
        | VerdictReason::Settling
        | VerdictReason::ReleasesDiffer => false,
    }
}
