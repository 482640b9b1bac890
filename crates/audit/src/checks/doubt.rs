//! S3: no advance on doubt. What is missing, late, partial or not a number is a doubt.

use model::Side;
use model::observation::Deployment;
use model::spec::Advance;
use model::verdict::{Evidence, SignalEvidence, VerdictKind, VerdictReason};

use super::Notes;
use crate::facts::{
    Effect, Facts, HEALTH_AGE_MAX, LIVE_AGE_MAX, Move, is_crash_check, why_unknown,
};

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    for shift in facts.rises() {
        for doubt in unread(facts).into_iter().chain(unsteady(facts)) {
            notes.fatal(shift.index, doubt);
        }
        if facts.live_share().is_some_and(|share| share.per_mille() > 0) {
            judged(facts, notes, shift);
            measured(facts, notes, shift);
        } else {
            stands_against(facts, notes, shift, false);
        }
        proven(facts, notes, shift);
    }
}

/// Everything that decides about a step has to have been read lately, on both sides.
fn unread(facts: &Facts<'_>) -> Vec<String> {
    let observation = facts.input.observation;
    let mut doubts = Vec::new();
    if facts.live().is_none() {
        let why = why_unknown(&observation.split);
        doubts.push(format!("the live weights: the split {why}"));
    }
    if facts.load().is_none() {
        doubts.push(format!("the load {}", why_unknown(&observation.load)));
    } else if facts.demand_rpm().is_none() {
        doubts.push("the load is not a number".to_owned());
    }
    for side in Side::ALL {
        let now = facts.input.now;
        let services = observation.services.get(side);
        if services.fresh(now, HEALTH_AGE_MAX).is_none() {
            doubts.push(format!("the service on {side} {}", why_unknown(services)));
        }
        let targets = observation.targets.get(side);
        if targets.fresh(now, HEALTH_AGE_MAX).is_none() {
            doubts.push(format!("target health of {side} {}", why_unknown(targets)));
        }
        let scaling = observation.scaling.get(side);
        if scaling.fresh(now, LIVE_AGE_MAX).is_none() {
            doubts.push(format!("the scalable target of {side} {}", why_unknown(scaling)));
        }
    }
    doubts
}

/// Sides that run different releases, or are being deployed, cannot be compared.
fn unsteady(facts: &Facts<'_>) -> Vec<String> {
    let services = &facts.input.observation.services;
    let mut doubts = Vec::new();
    for (side, seen) in services.iter() {
        match seen.value().map(|service| service.deployment) {
            Some(Deployment::InProgress { .. }) => {
                doubts.push(format!("{side} is being deployed"));
            }
            Some(Deployment::Failed) => doubts.push(format!("the deployment of {side} failed")),
            Some(Deployment::Steady) | None => {}
        }
    }
    let releases = services.ec2.value().zip(services.fargate.value());
    if let Some((ec2, fargate)) = releases
        && ec2.release != fargate.release
    {
        doubts.push(format!("EC2 runs release {} and Fargate {}", ec2.release, fargate.release));
    }
    doubts
}

/// With traffic on Fargate the judge must have looked of late, and see nothing against it.
fn judged(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    let verdict = facts.input.verdict;
    match verdict.minute {
        None => notes.fatal(shift.index, "no minute has been judged"),
        Some(minute) if !facts.recent(minute) => {
            notes.fatal(shift.index, "the newest judged minute is not of late");
        }
        Some(_) => {}
    }
    if !is_number(&verdict.evidence) {
        notes.fatal(shift.index, "the evidence is not a number");
    }
    stands_against(facts, notes, shift, true);
}

/// A verdict against the step stands, with traffic on Fargate or without.
fn stands_against(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>, traffic: bool) {
    let verdict = facts.input.verdict;
    let message = format!("the judge says: {}", verdict.reason);
    let against = match weight(&verdict.reason) {
        Weight::Against => true,
        Weight::AgainstWithTraffic => traffic,
        Weight::Doubtful => {
            notes.warn(shift.index, message.clone());
            false
        }
        Weight::Fair => false,
    };
    if against || verdict.kind == VerdictKind::RollBack {
        notes.fatal(shift.index, message);
    }
    // Proof of every signal of none is no proof.
    if verdict.reason == VerdictReason::ProvenSafe && verdict.evidence.signals.is_empty() {
        notes.fatal(shift.index, "the judge calls Fargate safe without a signal");
    }
}

/// What a reason means for a step that may be taken without proof.
enum Weight {
    /// No rule for advancing may pass over it.
    Against,
    /// The same, where there is traffic on Fargate; without any it says nothing.
    AgainstWithTraffic,
    /// A person should hear of it.
    Doubtful,
    /// Nothing speaks against the step.
    Fair,
}

const fn weight(reason: &VerdictReason) -> Weight {
    match reason {
        VerdictReason::CandidateDead
        | VerdictReason::Guard { .. }
        | VerdictReason::SmallShareGuard { .. }
        | VerdictReason::ProvenWorse { .. }
        | VerdictReason::BudgetBurn { .. }
        | VerdictReason::CommonMode { .. }
        | VerdictReason::MissingData { side: Side::Ec2 }
        | VerdictReason::EventsMissing { side: Side::Ec2, .. } => Weight::Against,
        // Without traffic the judge knows the release of Fargate's last minute, however long ago
        // that was; what runs now is read from the services.
        VerdictReason::ReleasesDiffer
        | VerdictReason::MissingData { side: Side::Fargate }
        | VerdictReason::EventsMissing { side: Side::Fargate, .. }
        | VerdictReason::ShareMismatch => Weight::AgainstWithTraffic,
        VerdictReason::WorseWithinBudget { .. }
        | VerdictReason::Suspicion { .. }
        | VerdictReason::UnequalLoad
        | VerdictReason::Settling => Weight::Doubtful,
        VerdictReason::ProvenSafe
        | VerdictReason::ProvenAbsolute
        | VerdictReason::Unproven { .. }
        | VerdictReason::LoadCoverage { .. }
        | VerdictReason::SurgeUnseen
        | VerdictReason::Uncalibrated
        | VerdictReason::InsufficientTraffic
        | VerdictReason::Collecting => Weight::Fair,
    }
}

/// Weights that no traffic follows prove nothing.
fn measured(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    match facts.load().map(|load| load.measured) {
        Some(None) => notes.fatal(shift.index, "the real share of traffic is not known"),
        Some(Some(measured)) if measured.share.per_mille() == 0 && measured.requests >= 1000 => {
            notes.fatal(shift.index, "weights ask for traffic on Fargate and none gets there");
        }
        Some(Some(_)) | None => {}
    }
}

/// A new step needs what the spec asks for: proof, dwell alone, or an operator's word. Below the
/// provable share dwell is enough, and from nothing there is nothing to prove.
fn proven(facts: &Facts<'_>, notes: &mut Notes, shift: &Move<'_>) {
    match shift.effect {
        Effect::Advance => {}
        Effect::Repeat { .. } | Effect::Fall { .. } => return,
    }
    let Some(live) = facts.live_share() else { return };
    if live.per_mille() == 0 {
        return;
    }
    let said = facts.input.status.verbs.advance.is_some();
    let missing = match facts.rollout().advance {
        Advance::Evidence if is_crash_check(live) => None,
        Advance::Evidence => (facts.input.verdict.kind != VerdictKind::Advance)
            .then(|| format!("{live} is not proven: {}", facts.input.verdict.reason)),
        Advance::Dwell => None,
        Advance::Manual => Some("the spec leaves each step to an operator".to_owned()),
    };
    match missing {
        Some(message) if !said => notes.fatal(shift.index, message),
        Some(_) if facts.plan.status.verbs.advance.is_some() => {
            notes.fatal(shift.index, "an operator's word for one step would be used twice");
        }
        Some(_) | None => {}
    }
}

fn is_number(evidence: &Evidence) -> bool {
    let Evidence { harm, harm_threshold, safe_threshold, signals, minutes: _, eta: _ } = evidence;
    // Minus infinity is the logarithm of no evidence at all, which is a fair answer.
    let fair = |value: f64| value < f64::INFINITY;
    let signal = |signal: &SignalEvidence| {
        let SignalEvidence { harm, safe, burn_fargate, burn_ec2 } = *signal;
        fair(harm) && fair(safe) && fair(burn_fargate) && fair(burn_ec2)
    };
    fair(*harm) && fair(*harm_threshold) && fair(*safe_threshold) && signals.values().all(signal)
}
