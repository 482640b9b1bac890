//! Conditions, set on every pass from what it found, and the events of their transitions.

use std::borrow::Cow;

use model::condition::{Condition, ConditionStatus, ConditionType, fields_not_acted_on};
use model::event::Severity;
use model::plan::{Line, Reason, Refusal, Rule, Said, What};
use model::spec::Target;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span, Time};

use crate::draft::Draft;
use crate::events;
use crate::facts::Facts;
use crate::{gate, next};

/// Why a service level is not in danger that was before.
const RECOVERED: &str = "Recovered";
/// Somebody who looks after a service twice a day hears of it each time.
const TOLD_AGAIN_AFTER: Span = Span::from_hours(12);

/// What is found of one condition.
struct Finding {
    holds: ConditionStatus,
    reason: &'static str,
    message: Cow<'static, str>,
}

impl Finding {
    fn new(
        holds: impl Into<ConditionStatus>,
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { holds: holds.into(), reason, message: message.into() }
    }

    fn of(holds: bool, reason: &Reason) -> Self {
        Self::new(holds, reason.name(), reason.to_string())
    }
}

/// Sets the conditions of the pass, each from one function of its own.
pub(crate) fn set(facts: &Facts<'_>, draft: &mut Draft) {
    note_unknown(facts, draft);
    let stalled = stalled(facts, draft);
    let is_stalled = stalled.holds == ConditionStatus::True;
    let findings = [
        (ConditionType::Succeeded, succeeded(facts, draft)),
        (ConditionType::Accepted, accepted(facts)),
        (ConditionType::Progressing, progressing(draft, is_stalled)),
        (ConditionType::Stalled, stalled),
        (ConditionType::Degraded, degraded(facts, draft)),
        (ConditionType::RolledBack, rolled_back(draft)),
        (ConditionType::CapacityReady, capacity_ready(draft)),
        (ConditionType::ShareReached, share_reached(facts, draft)),
        (ConditionType::Verified, verified(facts, draft)),
        (ConditionType::DataAvailable, data_available(facts, draft)),
        (ConditionType::Drifted, drifted(draft)),
        (ConditionType::Baked, baked(draft)),
        (ConditionType::Drained, drained(draft)),
        (ConditionType::Paused, paused(facts, draft)),
    ];
    for (kind, finding) in findings {
        put(facts, draft, kind, finding);
    }
    // The list follows from the spec alone, so it is worked out once for each generation.
    let generation = facts.input.generation;
    let known = draft.status.conditions.get(ConditionType::FieldsNotActedOn);
    if known.is_none_or(|known| known.observed_generation != generation) {
        put(facts, draft, ConditionType::FieldsNotActedOn, not_acted_on(facts));
    }
}

fn put(facts: &Facts<'_>, draft: &mut Draft, kind: ConditionType, finding: Finding) {
    let generation = facts.input.generation;
    let Finding { holds, reason, message } = finding;
    let before = draft.status.conditions.get(kind);
    let said = |before: &Condition| {
        let Condition { status, reason: because, message: words, observed_generation, .. } = before;
        (*status, because.as_str(), words.as_str(), *observed_generation)
            == (holds, reason, &*message, generation)
    };
    if before.is_some_and(said) {
        return;
    }
    let was = before.map(|before| (before.status, before.reason.as_str()));
    let is_old_news = before.is_some_and(|before| is_old_news(facts.now, before, reason));
    if was != Some((holds, reason))
        && !is_old_news
        && let Some(severity) = told_as(kind, holds, reason, was.map(|(status, _)| status))
    {
        draft.events.push(events::transition(facts, severity, reason, &message));
    }
    draft.status.conditions.set(facts.now, generation, kind, holds, reason, message);
}

/// Whether a condition comes back that went a while ago. Evidence at the edge of a budget comes and
/// goes with the load, and who was told of it need not be told at every turn.
fn is_old_news(now: Time, before: &Condition, reason: &str) -> bool {
    before.reason.as_str() == RECOVERED
        && reason == "WorseWithinBudget"
        && now.since(before.last_transition_time) < TOLD_AGAIN_AFTER
}

/// Which transitions people are told of. The rest is in the conditions for who looks.
fn told_as(
    kind: ConditionType,
    holds: ConditionStatus,
    reason: &str,
    was: Option<ConditionStatus>,
) -> Option<Severity> {
    let now = holds == ConditionStatus::True;
    match kind {
        // The rollback that latched has told of itself, and so do `Drifted` and `Degraded`.
        ConditionType::Stalled
            if matches!(
                reason,
                "Latched" | "Drifted" | "RoutesDisagree" | "WorseWithinBudget" | "CommonMode"
            ) =>
        {
            None
        }
        ConditionType::Stalled | ConditionType::Degraded | ConditionType::Drifted => {
            now.then_some(Severity::Warning)
        }
        ConditionType::DataAvailable => {
            (holds == ConditionStatus::False).then_some(Severity::Warning)
        }
        ConditionType::Succeeded | ConditionType::FieldsNotActedOn => {
            now.then_some(Severity::Normal)
        }
        ConditionType::Paused => (now || was.is_some()).then_some(Severity::Normal),
        // These have events of their own, from the rule that decided.
        ConditionType::Accepted
        | ConditionType::Progressing
        | ConditionType::RolledBack
        | ConditionType::CapacityReady
        | ConditionType::ShareReached
        | ConditionType::Verified
        | ConditionType::Baked
        | ConditionType::Drained
        | ConditionType::Orphaned => None,
    }
}

fn refusal_of<'a>(draft: &'a Draft, rules: &[Rule]) -> Option<&'a Refusal> {
    draft.report.lines.iter().find_map(|line| match line {
        Line { rule, said: Said::Refused(refusal) } if rules.contains(rule) => Some(refusal),
        Line { said: Said::Refused(_) | Said::Done(_) | Said::Open, .. } => None,
    })
}

/// Since when something has been unknown that must be known while Fargate has traffic (S3).
fn note_unknown(facts: &Facts<'_>, draft: &mut Draft) {
    let is_unseen = matches!(
        facts.input.verdict.reason,
        VerdictReason::MissingData { .. } | VerdictReason::EventsMissing { .. }
    );
    let is_blind = is_unseen || facts.load.is_none() || facts.split.is_none();
    let since = &mut draft.status.unknown_since;
    *since = if is_blind && facts.has_traffic() { since.or(Some(facts.now)) } else { None };
}

fn succeeded(facts: &Facts<'_>, draft: &Draft) -> Finding {
    if draft.status.drained_at.is_some() {
        return Finding::new(true, "Drained", "All traffic is on Fargate and EC2 is quiet.");
    }
    if draft.status.latch.is_some() {
        return Finding::new(false, "RolledBack", "The attempt was rolled back.");
    }
    match (&facts.spec.traffic.target, facts.live) {
        (Target::Share(_), _) => Finding::new(
            false,
            "HoldsShare",
            "A share is held; only a rollout ends, after its bake and drain.",
        ),
        (Target::Rollout(_), Some(Share::ZERO)) => {
            Finding::new(false, "NotStarted", "All traffic is on EC2.")
        }
        (Target::Rollout(_), _) => Finding::new(false, "UnderWay", "The migration is under way."),
    }
}

fn accepted(facts: &Facts<'_>) -> Finding {
    match facts.limits {
        Some(_) => Finding::new(true, "Valid", "The spec can be carried out."),
        None => Finding::new(
            false,
            "NotActedOn",
            "This version carries services behind a balancer with a router, and nothing else.",
        ),
    }
}

fn progressing(draft: &Draft, is_stalled: bool) -> Finding {
    if draft.status.drained_at.is_some() {
        return Finding::new(false, "Drained", "Nothing is left to do.");
    }
    if draft.actions.iter().any(model::action::Action::is_rollback) || draft.returning {
        return Finding::new(true, "RollingBack", "Traffic goes back to EC2.");
    }
    match draft.report.refusals().next() {
        Some(refusal) => Finding::new(!is_stalled, refusal.reason.name(), refusal.to_string()),
        None if draft.report.next.is_some() || !draft.actions.is_empty() => {
            Finding::new(true, "Stepping", "The next step is being taken.")
        }
        None => Finding::new(false, "Arrived", "The wanted share is live."),
    }
}

/// Whether nothing will change without somebody: the first reason that only a person removes.
fn stalled(facts: &Facts<'_>, draft: &Draft) -> Finding {
    let status = &draft.status;
    if let Some(latch) = &status.latch {
        let is_over = draft.returning && facts.now.since(latch.at) > facts.spec.rollback.within;
        if is_over {
            return Finding::new(
                true,
                "RollbackOverdue",
                format!(
                    "Going back takes longer than {}: EC2 cannot take the traffic.",
                    facts.spec.rollback.within
                ),
            );
        }
        return Finding::of(true, &Reason::Latched { attempt: latch.attempt });
    }
    let drain = &facts.spec.drain;
    if status.drained_at.is_none()
        && status.baked_at.is_some_and(|baked| baked + drain.give_up_after <= facts.now)
    {
        return Finding::new(
            true,
            "DrainGivenUp",
            format!(
                "EC2 has not gone quiet within {}; see what still calls it.",
                drain.give_up_after
            ),
        );
    }
    if let Some(refusal) = draft.report.refusals().find(|refusal| needs_a_person(&refusal.reason)) {
        let name = if let Reason::NotProven { verdict } = &refusal.reason {
            verdict.name()
        } else {
            refusal.reason.name()
        };
        return Finding::new(true, name, refusal.reason.to_string());
    }
    if is_too_slow(facts, draft) {
        return Finding::new(
            true,
            "InsufficientTraffic",
            "At the present rate the proof would come after the deadline.",
        );
    }
    Finding::new(false, "NotStalled", "Nothing waits for a person.")
}

fn needs_a_person(reason: &Reason) -> bool {
    match reason {
        Reason::NotProven { verdict } => matches!(
            verdict,
            VerdictReason::InsufficientTraffic | VerdictReason::WorseWithinBudget { .. }
        ),
        Reason::DeploymentFailed { .. }
        | Reason::CapacityBeyondMax { .. }
        | Reason::DesiredBelowMin { .. }
        | Reason::Drifted { .. }
        | Reason::RoutesDisagree
        | Reason::ChangeFailed
        | Reason::Latched { .. }
        | Reason::DeadlinePassed
        | Reason::NotActedOn { .. }
        | Reason::NotAdopted { .. }
        | Reason::OwnedByOther { .. }
        | Reason::ScheduledBelowFloor { .. } => true,
        Reason::ObserveMode
        | Reason::PausedBySpec
        | Reason::PausedByOperator { .. }
        | Reason::Pinned { .. }
        | Reason::DependencyNotMet { .. }
        | Reason::OutsideWindow
        | Reason::Frozen
        | Reason::DwellNotOver
        | Reason::NotSettled
        | Reason::AwaitingOperator
        | Reason::ShareNotFollowed { .. }
        | Reason::DeploymentInProgress { .. }
        | Reason::ReleasesDiffer
        | Reason::CapacityShort { .. }
        | Reason::FloorLow { .. }
        | Reason::NotKnown { .. }
        | Reason::StepBudget { .. }
        | Reason::Brake { .. }
        | Reason::WebhookRefused { .. }
        | Reason::Baking
        | Reason::NotQuiet { .. }
        | Reason::DecommissionManual
        | Reason::WritesFrozen
        | Reason::FrozenByOperator { .. }
        | Reason::ApiBudget { .. } => false,
    }
}

/// Whether the proof, at the rate it has come so far, would come after the deadline. Asked only
/// once the dwell is over: the rate of a step's first minutes says little.
fn is_too_slow(facts: &Facts<'_>, draft: &Draft) -> bool {
    let verdict = facts.input.verdict;
    let (Some(eta), Some(started)) = (verdict.evidence.eta, draft.status.started_at) else {
        return false;
    };
    let waits = refusal_of(draft, &[Rule::Evidence]).is_some()
        && refusal_of(draft, &[Rule::Dwell]).is_none();
    waits
        && verdict.kind == VerdictKind::Hold
        && facts.now + eta > started + facts.spec.traffic.deadline
}

fn degraded(facts: &Facts<'_>, draft: &Draft) -> Finding {
    let verdict = facts.input.verdict;
    let is_bad = match &verdict.reason {
        VerdictReason::CandidateDead
        | VerdictReason::Guard { .. }
        | VerdictReason::SmallShareGuard { .. }
        | VerdictReason::ProvenWorse { .. }
        | VerdictReason::BudgetBurn { .. }
        | VerdictReason::WorseWithinBudget { .. }
        | VerdictReason::CommonMode { .. } => true,
        VerdictReason::ProvenSafe
        | VerdictReason::ProvenAbsolute
        | VerdictReason::Suspicion { .. }
        | VerdictReason::MissingData { .. }
        | VerdictReason::EventsMissing { .. }
        | VerdictReason::Unproven { .. }
        | VerdictReason::UnequalLoad
        | VerdictReason::ShareMismatch
        | VerdictReason::Settling
        | VerdictReason::LoadCoverage { .. }
        | VerdictReason::SurgeUnseen
        | VerdictReason::Uncalibrated
        | VerdictReason::InsufficientTraffic
        | VerdictReason::ReleasesDiffer
        | VerdictReason::Collecting => false,
    };
    if is_bad && facts.has_traffic() {
        return Finding::new(true, verdict.reason.name(), format!("{}.", verdict.reason));
    }
    let was = draft.status.conditions.get(ConditionType::Degraded);
    if was
        .is_some_and(|was| was.status == ConditionStatus::True || was.reason.as_str() == RECOVERED)
    {
        return Finding::new(false, RECOVERED, "No service level is in danger any more.");
    }
    Finding::new(false, "NotDegraded", "No service level is in danger by what is known.")
}

fn rolled_back(draft: &Draft) -> Finding {
    match &draft.status.latch {
        Some(latch) => Finding::new(
            true,
            latch.reason.name(),
            format!("Rolled back from {} at {}: {}.", latch.from, latch.at, latch.reason),
        ),
        None => Finding::new(false, "NotRolledBack", "The attempt has not been rolled back."),
    }
}

fn capacity_ready(draft: &Draft) -> Finding {
    match refusal_of(draft, &[Rule::Capacity, Rule::Promises]) {
        Some(Refusal { reason, .. }) => {
            let is_unknown = matches!(reason, Reason::NotKnown { .. });
            let holds = if is_unknown { ConditionStatus::Unknown } else { ConditionStatus::False };
            Finding::new(holds, reason.name(), reason.to_string())
        }
        None if draft.capacity_ready => {
            Finding::new(true, "Ready", "Both sides run what the next step needs.")
        }
        None => Finding::new(
            ConditionStatus::Unknown,
            "NotAsked",
            "No step is being considered, so its capacity was not asked for.",
        ),
    }
}

fn share_reached(facts: &Facts<'_>, draft: &Draft) -> Finding {
    let Some(live) = facts.live else {
        return Finding::new(ConditionStatus::Unknown, "NotKnown", "No share is known to be live.");
    };
    let goal = next::goal(facts, &draft.status);
    if !next::is_reached(facts, goal, live) {
        return Finding::new(false, "UnderWay", "The live share is on its way to the wanted one.");
    }
    match gate::is_followed(facts, draft) {
        true => Finding::new(true, "Reached", "The wanted share is live and measured."),
        false => Finding::new(
            false,
            "ShareNotFollowed",
            "The wanted share is live, and requests have not been measured to follow it.",
        ),
    }
}

fn verified(facts: &Facts<'_>, draft: &Draft) -> Finding {
    let verdict = facts.input.verdict;
    let is_proven = verdict.kind == VerdictKind::Advance && gate::speaks_of_step(facts, draft);
    Finding::new(is_proven, verdict.reason.name(), format!("{}.", verdict.reason))
}

fn data_available(facts: &Facts<'_>, draft: &Draft) -> Finding {
    let Some(since) = draft.status.unknown_since else {
        return Finding::new(true, "Complete", "Minutes of both sides arrive.");
    };
    let after = facts.spec.rollback.unknown_after;
    if facts.now.since(since) >= after {
        return Finding::new(
            false,
            "UnknownTooLong",
            format!("What must be known has not been for more than {after}; the share is held."),
        );
    }
    let reason = &facts.input.verdict.reason;
    if let VerdictReason::EventsMissing { signal, side } = reason {
        let message = format!("Events of {signal} are missing for {side}.");
        return Finding::new(ConditionStatus::Unknown, reason.name(), message);
    }
    let side: Option<Side> =
        if let VerdictReason::MissingData { side } = reason { Some(*side) } else { None };
    let message = Reason::NotKnown { what: What::Load, side, gap: None }.to_string();
    Finding::new(ConditionStatus::Unknown, "NotKnown", message)
}

fn drifted(draft: &Draft) -> Finding {
    match refusal_of(draft, &[Rule::Drift]) {
        Some(Refusal {
            reason: reason @ (Reason::Drifted { .. } | Reason::RoutesDisagree),
            ..
        }) => Finding::of(true, reason),
        Some(_) | None => Finding::new(false, "AsIntended", "Live weights are as intended."),
    }
}

fn baked(draft: &Draft) -> Finding {
    match (draft.status.baked_at, draft.status.full_since) {
        (Some(_), _) => Finding::new(true, "Baked", "The bake is over."),
        (None, Some(_)) => Finding::new(false, "Baking", "The last step stands."),
        (None, None) => Finding::new(false, "NotThere", "The last step is not reached."),
    }
}

fn drained(draft: &Draft) -> Finding {
    match (draft.status.drained_at, refusal_of(draft, &[Rule::Drain])) {
        (Some(_), _) => Finding::new(true, "Quiet", "EC2 is quiet."),
        (None, Some(refusal)) => Finding::of(false, &refusal.reason),
        (None, None) => Finding::new(false, "NotThere", "The bake is not over."),
    }
}

fn paused(facts: &Facts<'_>, draft: &Draft) -> Finding {
    if let Some(reason) = facts.frozen() {
        return Finding::of(true, &reason);
    }
    match (&draft.status.verbs.pause, facts.spec.paused) {
        (Some(said), _) => Finding::of(true, &Reason::PausedByOperator { who: said.who.clone() }),
        (None, true) => Finding::of(true, &Reason::PausedBySpec),
        (None, false) => Finding::new(false, "NotPaused", "Nobody has paused it."),
    }
}

fn not_acted_on(facts: &Facts<'_>) -> Finding {
    let fields = fields_not_acted_on(facts.input.spec);
    if fields.is_empty() {
        return Finding::new(false, "AllActedOn", "Everything the spec asks for is acted on.");
    }
    let message = format!("This version reads and does not act on: {}.", fields.join(", "));
    Finding::new(true, "NotActedOn", message)
}
