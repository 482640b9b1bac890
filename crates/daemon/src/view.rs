//! From a pass to what readers are shown.

use controller::Pass;
use model::condition::{ConditionStatus, ConditionType};
use model::plan::{Plan, Said};
use model::{PerSide, Side};
use server::api::{Detail, Done, Latest, Orphan, Planned, Shares, Spoken, Summary, Tasks};
use store::Contents;

/// Everything that a pass says of its migration.
pub(crate) fn detail(pass: Pass) -> Detail {
    let summary = summary(&pass);
    let answers = pass.plan.actions.iter().zip(&pass.answers);
    let planned = Planned {
        at: Some(pass.observation.at),
        lines: pass.plan.report.lines.iter().map(spoken).collect(),
        actions: answers
            .map(|(action, answer)| Done { action: action.to_string(), answer: answer.to_string() })
            .collect(),
        next: pass.plan.report.next,
    };
    Detail {
        summary,
        migration: pass.migration.as_ref().clone(),
        status: pass.plan.status,
        seen_at: pass.observation.at,
        verdict: pass.verdict,
        plan: planned,
        findings: pass.findings.iter().map(ToString::to_string).collect(),
        latest: PerSide::from_fn(|side| {
            let latest = pass.latest.get(side);
            Latest {
                p99_ms: latest.p99_ms,
                requests_per_minute: latest.requests_per_minute,
                slow_ratio: latest.slow_ratio,
            }
        }),
        coverage: pass.coverage,
        capacity: pass.capacity,
    }
}

fn summary(pass: &Pass) -> Summary {
    let status = &pass.plan.status;
    let conditions = &status.conditions;
    let succeeded = conditions.get(ConditionType::Succeeded);
    Summary {
        name: pass.name.clone(),
        labels: pass.migration.metadata.labels.clone(),
        generation: pass.generation,
        revision: controller::revision(pass.generation, status),
        share: Shares {
            wanted: status.share.wanted,
            set: status.share.set,
            measured: status.share.measured,
        },
        tasks: PerSide::from_fn(|side| tasks(pass, side)),
        p99_ms: PerSide::from_fn(|side| pass.latest.get(side).p99_ms),
        verdict: pass.verdict.kind.name().to_owned(),
        doing: doing(&pass.plan),
        since: succeeded.map(|condition| condition.last_transition_time),
        conditions: conditions
            .iter()
            .filter(|condition| condition.status == ConditionStatus::True)
            .map(|condition| condition.kind)
            .collect(),
    }
}

fn tasks(pass: &Pass, side: Side) -> Option<Tasks> {
    let service = pass.observation.services.get(side).value()?;
    let healthy = pass.observation.targets.get(side).value().map(|targets| targets.healthy);
    Some(Tasks { desired: service.desired, running: service.running, healthy })
}

/// What a migration is at: the first thing that is done, or the first that stands in the way.
fn doing(plan: &Plan) -> String {
    let conditions = &plan.status.conditions;
    // Nothing is worse to overlook: not even a rollback is written.
    let frozen = conditions.get(ConditionType::Paused).filter(|paused| {
        paused.status == ConditionStatus::True
            && matches!(paused.reason.as_str(), "WritesFrozen" | "FrozenByOperator")
    });
    if let Some(frozen) = frozen {
        return frozen.message.clone();
    }
    if let Some(succeeded) = conditions.get(ConditionType::Succeeded)
        && succeeded.status == ConditionStatus::True
    {
        return succeeded.message.clone();
    }
    if let Some(stalled) = conditions.get(ConditionType::Stalled)
        && stalled.status == ConditionStatus::True
    {
        return stalled.message.clone();
    }
    let done = plan.report.lines.iter().find_map(|line| match &line.said {
        Said::Done(why) => Some(why.clone()),
        Said::Open | Said::Refused(_) => None,
    });
    let waits = || plan.report.refusals().next().map(ToString::to_string);
    done.or_else(waits).unwrap_or_else(|| "Nothing is to be done.".to_owned())
}

fn spoken(line: &model::plan::Line) -> Spoken {
    let (said, message, refusal) = match &line.said {
        Said::Open => ("open", String::new(), None),
        Said::Done(why) => ("done", why.clone(), None),
        Said::Refused(refusal) => ("refused", refusal.reason.to_string(), Some(refusal)),
    };
    Spoken {
        rule: line.rule.name().to_owned(),
        said: said.to_owned(),
        message,
        opens_at: refusal.and_then(|refusal| refusal.opens_at),
        reason: refusal.map(|refusal| refusal.reason.clone()),
    }
}

/// What is left of a migration whose file is gone.
pub(crate) fn orphan(name: &str, contents: &Contents) -> Orphan {
    let status = &contents.status;
    Orphan {
        name: name.to_owned(),
        share: status.share.set,
        saved: PerSide::from_fn(|side| {
            let bounds = status.saved.get(side).as_ref();
            bounds.map(|bounds| format!("{}..{}", bounds.min, bounds.max))
        }),
        floors: status.floors,
    }
}
