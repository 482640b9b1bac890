//! Turning passes of the controller into the timeline that people and plots read.

use controller::Pass;
use model::action::{Action, Direction};
use model::plan::{Plan, Said};
use model::verdict::VerdictKind;
use model::{PerSide, Side, Span, Time};

use crate::record::{Entry, EntryKind, Rollback};

/// Plots have a sample this often: finer than the longest-lived thing they must show, a rollback.
const SAMPLE_EVERY: Span = Span::from_mins(10);
/// The timeline has a sample this often.
const TIMELINE_EVERY: Span = Span::from_hours(1);

/// Collects the timeline of one migration.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) timeline: Vec<Entry>,
    pub(crate) samples: Vec<Entry>,
    pub(crate) rollbacks: Vec<Rollback>,
    verdict: Option<VerdictKind>,
    sampled_at: Option<Time>,
    listed_at: Option<Time>,
}

impl Recorder {
    /// Takes one pass.
    pub(crate) fn pass(&mut self, pass: &Pass) {
        let now = pass.observation.at;
        for (action, answer) in pass.plan.actions.iter().zip(&pass.answers) {
            self.action(pass, action, &answer.to_string());
        }
        for event in &pass.plan.events {
            self.timeline.push(entry(pass, EntryKind::Event, event.message.clone()));
        }
        if self.verdict.is_some_and(|before| before != pass.verdict.kind) {
            let reason = pass.verdict.reason.to_string();
            self.timeline.push(entry(pass, EntryKind::Verdict, reason));
        }
        self.verdict = Some(pass.verdict.kind);
        if due(&mut self.sampled_at, now, SAMPLE_EVERY) {
            let mut sample = entry(pass, EntryKind::Sample, waiting(&pass.plan));
            sample.evidence = Some(pass.verdict.evidence.clone());
            self.samples.push(sample);
        }
        if due(&mut self.listed_at, now, TIMELINE_EVERY) {
            self.timeline.push(entry(pass, EntryKind::Sample, waiting(&pass.plan)));
        }
    }

    /// Adds a line that does not come from a pass, such as a fault that began.
    pub(crate) fn note(&mut self, pass: &Pass, kind: EntryKind, reason: String) {
        self.timeline.push(entry(pass, kind, reason));
    }

    fn action(&mut self, pass: &Pass, action: &Action, answer: &str) {
        let kind = match action {
            Action::SetWeights { direction: Direction::RollBack, .. } => {
                let from = pass.plan.status.latch.as_ref().map(|latch| latch.from);
                let reason = pass.plan.status.latch.as_ref().map(|latch| latch.reason.to_string());
                self.rollbacks.push(Rollback {
                    at: pass.observation.at,
                    from: from.or(pass.plan.status.share.set).unwrap_or_default(),
                    reason: reason.unwrap_or_else(|| said(&pass.plan)),
                });
                EntryKind::RollBack
            }
            Action::SetWeights { .. } => EntryKind::Step,
            Action::SetBounds { .. }
            | Action::SetDesired { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. } => EntryKind::Scaling,
        };
        self.timeline.push(entry(pass, kind, format!("{action}: {answer}")));
    }
}

/// Whether `every` has passed since `last`; if so it starts anew.
fn due(last: &mut Option<Time>, now: Time, every: Span) -> bool {
    let due = last.is_none_or(|last| now.since(last) >= every);
    if due {
        *last = Some(now);
    }
    due
}

/// What the migration waits for, in the planner's words.
pub(crate) fn waiting(plan: &Plan) -> String {
    match plan.report.refusals().next() {
        Some(refusal) => refusal.to_string(),
        None => said(plan),
    }
}

/// What the planner did, in its own words.
fn said(plan: &Plan) -> String {
    let done = plan.report.lines.iter().rev().find_map(|line| match &line.said {
        Said::Done(words) => Some(words.clone()),
        Said::Open | Said::Refused(_) => None,
    });
    done.unwrap_or_else(|| "nothing to do".to_owned())
}

fn entry(pass: &Pass, kind: EntryKind, reason: String) -> Entry {
    let share = &pass.plan.status.share;
    Entry {
        at: pass.observation.at,
        kind,
        share_wanted: share.wanted,
        share_set: share.set,
        share_measured: share.measured,
        tasks: PerSide::from_fn(|side: Side| {
            pass.observation.targets.get(side).value().map(|targets| targets.healthy)
        }),
        p99_ms: PerSide::from_fn(|side| pass.latest.get(side).p99_ms),
        requests_per_minute: PerSide::from_fn(|side| pass.latest.get(side).requests_per_minute),
        slow_ratio: PerSide::from_fn(|side| pass.latest.get(side).slow_ratio),
        verdict: pass.verdict.kind,
        reason,
        evidence: None,
    }
}
