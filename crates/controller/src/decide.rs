//! Deciding: each migration is planned as if it were alone, the shared budgets are divided, and
//! a second opinion is heard. All of it is pure.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use audit::{Audited, Fleet};
use model::Time;
use model::condition::{ConditionStatus, ConditionType};
use model::event::{Event, Severity};
use model::observation::Observation;
use model::plan::{Plan, Reason, Report, What};
use model::settings::Settings;
use model::verdict::{Verdict, VerdictKind, VerdictReason};
use planner::{Dependencies, Grant, History, Input};
use store::Answer;

use crate::events::EventWatch;
use crate::judging;
use crate::tick::Pass;
use crate::watch::{Blind, Watch};

/// One migration as seen and judged, before anything is decided.
pub(crate) struct Proposal {
    pub(crate) observation: Observation,
    pub(crate) verdict: Verdict,
}

/// Decides what every migration does in this tick.
pub(crate) fn decide(
    now: Time,
    settings: &Settings,
    watches: &BTreeMap<String, Watch>,
    proposals: BTreeMap<String, Proposal>,
    history: &History,
) -> Vec<Pass> {
    let dependencies: Dependencies<'_> = watches
        .iter()
        .map(|(name, watch)| (name.as_str(), &watch.contents.status.conditions))
        .collect();
    let planned = |name: &str, proposal: &Proposal, grant: Grant| -> Option<Plan> {
        let watch = watches.get(name)?;
        if let Some(Blind::Store(why)) = &watch.blind {
            let message = format!("{STORE_UNREADABLE} {why}.");
            return Some(stalled(now, watch, "StoreUnavailable", &message));
        }
        let mut plan = plan_one(now, settings, watch, proposal, &dependencies, grant);
        say_unseen(now, watch, &proposal.verdict, &mut plan);
        Some(plan)
    };
    let mut plans: BTreeMap<&str, Plan> = proposals
        .iter()
        .filter_map(|(name, proposal)| Some((name.as_str(), planned(name, proposal, Grant::Open)?)))
        .collect();
    for (name, grant) in grants(now, settings, watches, &plans, history) {
        if let (Grant::NoAdvance(_), Some((name, proposal))) =
            (&grant, proposals.get_key_value(&name))
        {
            plans.extend(planned(name, proposal, grant).map(|plan| (name.as_str(), plan)));
        }
    }
    let audited: BTreeMap<String, Option<Audited>> = plans
        .iter()
        .filter_map(|(name, plan)| {
            let (watch, proposal) = (watches.get(*name)?, proposals.get(*name)?);
            let fleet = fleet(now, settings, watches, &plans, name, history);
            let audited = guarded(|| audit_one(now, settings, watch, proposal, plan, fleet));
            Some(((*name).to_owned(), audited))
        })
        .collect();
    let mut plans: BTreeMap<String, Plan> =
        plans.into_iter().map(|(name, plan)| (name.to_owned(), plan)).collect();
    proposals
        .into_iter()
        .filter_map(|(name, Proposal { observation, verdict })| {
            let (watch, audited) = (watches.get(&name)?, audited.get(&name)?);
            let mut plan = plans.remove(&name)?;
            let findings = match audited {
                Some(audited) => {
                    permit(now, watch, audited, &mut plan);
                    audited.findings().to_vec()
                }
                None => {
                    plan = stalled(now, watch, "AuditFailed", AUDIT_FAILED);
                    Vec::new()
                }
            };
            Some(Pass {
                name,
                observation,
                verdict,
                plan,
                findings,
                answers: Vec::new(),
                generation: watch.managed.generation,
                migration: Arc::clone(&watch.managed.migration),
                latest: watch.latest,
                coverage: watch.judge.as_ref().and_then(judging::asked),
                capacity: watch.capacity(),
            })
        })
        .collect()
}

const PAST_UNKNOWN: &str = "PastUnknown";
const EVENTS_UNKNOWN: &str = "EventsUnknown";
const STORE_UNREADABLE: &str =
    "The record of this migration cannot be read, and without it nothing is decided or changed.";
const AUDIT_FAILED: &str = "The audit failed, which is a defect of Ferry: please report it. \
     Nothing is changed until it is mended.";
const PLANNER_FAILED: &str = "Planning failed, which is a defect of Ferry: please report it. \
     Nothing is changed until it is mended.";

/// Plans one migration. A defect that panics there ends nothing else: the migration holds and
/// says so.
fn plan_one(
    now: Time,
    settings: &Settings,
    watch: &Watch,
    proposal: &Proposal,
    dependencies: &Dependencies<'_>,
    grant: Grant,
) -> Plan {
    let input = Input {
        now,
        name: &watch.managed.name,
        generation: watch.managed.generation,
        spec: &watch.managed.migration,
        settings,
        status: &watch.contents.status,
        observation: &proposal.observation,
        verdict: &proposal.verdict,
        dependencies,
        grant,
    };
    guarded(|| planner::plan(&input))
        .unwrap_or_else(|| stalled(now, watch, "PlannerFailed", PLANNER_FAILED))
}

/// What `work` gives, or `None` if it panics: a defect in one migration must not end the others.
/// It only reads, so that nothing is left half changed.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Says what is not seen: the past that the judge goes by, or the events of an objective.
fn say_unseen(now: Time, watch: &Watch, verdict: &Verdict, plan: &mut Plan) {
    if let Some(Blind::Past(why)) = &watch.blind {
        say_blind(now, watch, plan, PAST_UNKNOWN, why);
    } else if let VerdictReason::EventsMissing { .. } = verdict.reason
        && let Some(why) = watch.events.iter().find_map(EventWatch::trouble)
    {
        say_blind(now, watch, plan, EVENTS_UNKNOWN, &why);
    }
}

/// Says why something cannot be judged. The plan stands: going back and keeping floors need no judge.
fn say_blind(now: Time, watch: &Watch, plan: &mut Plan, reason: &'static str, why: &str) {
    let is_news = plan.status.conditions.set(
        now,
        watch.managed.generation,
        ConditionType::DataAvailable,
        ConditionStatus::False,
        reason,
        why,
    );
    let known = watch.contents.status.conditions.get(ConditionType::DataAvailable);
    if is_news && known.is_none_or(|known| known.reason.as_str() != reason || known.message != why)
    {
        plan.events.push(Event {
            at: now,
            severity: Severity::Warning,
            reason: reason.to_owned(),
            message: why.to_owned(),
        });
    }
}

/// A plan that does nothing and says that somebody has to look.
fn stalled(now: Time, watch: &Watch, reason: &'static str, message: &str) -> Plan {
    let mut status = watch.contents.status.clone();
    let known = status.conditions.get(ConditionType::Stalled).map(|c| c.reason.to_string());
    let is_news = known.as_deref() != Some(reason);
    status.conditions.set(
        now,
        watch.managed.generation,
        ConditionType::Stalled,
        ConditionStatus::True,
        reason,
        message,
    );
    let event = Event {
        at: now,
        severity: Severity::Warning,
        reason: reason.to_owned(),
        message: message.to_owned(),
    };
    let events = if is_news { vec![event] } else { Vec::new() };
    Plan { actions: Vec::new(), status, report: Report::default(), events }
}

fn grants(
    now: Time,
    settings: &Settings,
    watches: &BTreeMap<String, Watch>,
    plans: &BTreeMap<&str, Plan>,
    history: &History,
) -> BTreeMap<String, Grant> {
    let proposals: Vec<planner::Proposal<'_>> = plans
        .iter()
        .filter_map(|(name, plan)| {
            let watch = watches.get(*name)?;
            Some(planner::Proposal {
                name,
                spec: &watch.managed.migration.spec,
                status: &watch.contents.status,
                plan,
            })
        })
        .collect();
    planner::admit(now, &proposals, settings, history)
}

/// What all other migrations are at, those that step in this tick included.
fn fleet(
    now: Time,
    settings: &Settings,
    watches: &BTreeMap<String, Watch>,
    plans: &BTreeMap<&str, Plan>,
    name: &str,
    history: &History,
) -> Fleet {
    let clusters =
        |watch: &Watch| watch.managed.services.clone().map(|id| (id.account, id.cluster));
    let own = watches.get(name).map(clusters);
    let mut fleet = Fleet::default();
    for (other, watch) in watches.iter().filter(|(other, _)| *other != name) {
        let steps =
            plans.get(other.as_str()).is_some_and(|plan| planner::is_stepping(&plan.status));
        if !steps && !planner::is_stepping(&watch.contents.status) {
            continue;
        }
        fleet.stepping += 1;
        let theirs = clusters(watch);
        let shares = own.as_ref().is_some_and(|own| {
            own.iter().any(|(_, cluster)| theirs.iter().any(|(_, theirs)| theirs == cluster))
        });
        fleet.stepping_in_cluster += u32::from(shares);
    }
    let window = settings.limits.brake_window;
    let failures = history.rollbacks.iter().filter(|(at, _)| now.since(*at) < window).count();
    fleet.failures = u32::try_from(failures).unwrap_or(u32::MAX);
    fleet
}

fn audit_one(
    now: Time,
    settings: &Settings,
    watch: &Watch,
    proposal: &Proposal,
    plan: &Plan,
    fleet: Fleet,
) -> Audited {
    let input = audit::Input {
        now,
        spec: &watch.managed.migration.spec,
        settings,
        status: &watch.contents.status,
        observation: &proposal.observation,
        verdict: &proposal.verdict,
        fleet: Some(fleet),
    };
    audit::audit(&input, plan)
}

/// Leaves in the plan what the audit permits. A plan of which nothing is left promised what will
/// not happen: what was remembered before stays, and the next pass plans anew.
fn permit(now: Time, watch: &Watch, audited: &Audited, plan: &mut Plan) {
    if audited.stopped().is_empty() {
        return;
    }
    plan.actions = audited.permitted().to_vec();
    let message = match audited.cause() {
        Some(finding) => format!("The audit stopped a plan: {finding}."),
        None => "The audit stopped a plan.".to_owned(),
    };
    if plan.actions.is_empty() {
        let report = std::mem::take(&mut plan.report);
        *plan = stalled(now, watch, "AuditStopped", &message);
        plan.report = report;
    } else {
        plan.events.push(Event {
            at: now,
            severity: Severity::Warning,
            reason: "AuditStopped".to_owned(),
            message,
        });
    }
}

/// Whether a migration may be moving or is suspect, so that it is looked at more often.
pub(crate) fn is_urgent(pass: &Pass) -> bool {
    let waits_for_capacity =
        pass.plan.report.refusals().all(|refusal| {
            matches!(refusal.reason, Reason::CapacityShort { .. } | Reason::NotSettled)
        }) && pass.plan.report.refusals().next().is_some();
    // What somebody changed by hand waits for somebody, for days if need be.
    let waits_for_a_person =
        pass.plan.report.refusals().any(|refusal| {
            matches!(refusal.reason, Reason::Drifted { .. } | Reason::RoutesDisagree)
        });
    let unsettled = !waits_for_a_person
        && pass.plan.status.step.as_ref().is_some_and(|step| step.settled_at.is_none());
    let unsure =
        pass.answers.iter().any(|answer| !matches!(answer, Answer::Written | Answer::AlreadySo));
    !pass.plan.actions.is_empty()
        || waits_for_capacity
        || unsettled
        || unsure
        || pass.verdict.kind == VerdictKind::RollBack
}

/// Whether a step waits for nothing but targets that were read too long ago.
pub(crate) fn asks_health(plan: &Plan) -> bool {
    let is_health =
        |reason: &Reason| matches!(reason, Reason::NotKnown { what: What::Targets, .. });
    let is_capacity = |reason: &Reason| {
        matches!(reason, Reason::CapacityShort { .. } | Reason::FloorLow { .. })
            || is_health(reason)
    };
    let refusals = || plan.report.refusals().map(|refusal| &refusal.reason);
    refusals().all(is_capacity) && refusals().any(is_health)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer_and_not_an_end() {
        assert_eq!(guarded(|| 5), Some(5));
        assert_eq!(guarded(|| -> u8 { panic!("a defect") }), None);
    }
}
