//! Turning passes of the controller into the timeline that people and plots read.

use std::collections::BTreeSet;

use controller::Pass;
use model::action::{Action, Direction};
use model::event::Event;
use model::plan::{Plan, Reason, Refusal, Said};
use model::verdict::{VerdictKind, VerdictReason};
use model::{PerSide, Share, Side, Span, Time};
use store::Answer;

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
    told: Told,
    sampled_at: Option<Time>,
    listed_at: Option<Time>,
}

/// What verdicts said at the present share, each told once: proof that comes and goes with the
/// hour is not news.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    share: Option<Share>,
    words: BTreeSet<String>,
}

impl Recorder {
    /// Takes one pass.
    pub(crate) fn pass(&mut self, pass: &Pass) {
        let now = pass.observation.at;
        for (action, answer) in pass.plan.actions.iter().zip(&pass.answers) {
            let cause = pass.plan.events.iter().find(|event| is_cause(event, action));
            self.action(pass, action, answer, cause);
        }
        let verdict = self.verdict_line(pass);
        for event in pass.plan.events.iter().filter(|event| !is_told_otherwise(event, pass)) {
            self.timeline.push(entry(pass, EntryKind::Event, event.message.clone()));
        }
        self.timeline.extend(verdict);
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

    /// A line for a verdict that says something new at this share.
    fn verdict_line(&mut self, pass: &Pass) -> Option<Entry> {
        let share = pass.plan.status.share.set;
        if self.told.share != share {
            self.told = Told { share, words: BTreeSet::new() };
        }
        let words = sentence(&pass.verdict.reason.to_string());
        let is_news = is_news(&pass.verdict.reason) && speaks_of_share(pass);
        let is_told = !is_news || !self.told.words.insert(words.clone());
        (!is_told).then(|| entry(pass, EntryKind::Verdict, words))
    }

    fn action(&mut self, pass: &Pass, action: &Action, answer: &Answer, cause: Option<&Event>) {
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
        let mut words = match (kind, cause) {
            // What was done is in the cause's words already, but for the numbers of scaling.
            (EntryKind::Step | EntryKind::RollBack, Some(cause)) => cause.message.clone(),
            (_, Some(cause)) => format!("{} {}", cause.message, scaling(action)),
            (_, None) => scaling(action),
        };
        if kind == EntryKind::Step && pass.verdict.kind == VerdictKind::Advance {
            words = format!("{words} {}", sentence(&pass.verdict.reason.to_string()));
        }
        if *answer != Answer::Written {
            words = format!("{words} {}", sentence(&answer.to_string()));
        }
        let mut line = entry(pass, kind, words);
        if let (Action::SetWeights { share, .. }, Answer::Written | Answer::AlreadySo) =
            (action, answer)
        {
            line.share_set = Some(*share);
        }
        self.timeline.push(line);
    }
}

/// Whether the event says why the action is done, so that one line can tell both.
fn is_cause(event: &Event, action: &Action) -> bool {
    let reasons: &[&str] = match action {
        Action::SetWeights { direction: Direction::Advance, .. } => &["Stepping"],
        Action::SetWeights { direction: Direction::RollBack, .. } => &["RollingBack"],
        Action::SetWeights { direction: Direction::Finish, .. } => &[],
        Action::SetBounds { .. } | Action::SetDesired { .. } => &["Preparing", "FloorRaisedAgain"],
        Action::PutScheduled { .. } | Action::DeleteScheduled { .. } => &[],
    };
    reasons.contains(&event.reason.as_str())
}

/// Whether the event is told by another line of the pass: by the action it is the cause of, or by
/// the verdict whose words a condition repeats.
fn is_told_otherwise(event: &Event, pass: &Pass) -> bool {
    let words = pass.verdict.reason.to_string().to_lowercase();
    pass.plan.actions.iter().any(|action| is_cause(event, action))
        || (is_news(&pass.verdict.reason) && event.message.to_lowercase().contains(&words))
}

/// Whether the verdict is about the share that is live, and not about the one before.
fn speaks_of_share(pass: &Pass) -> bool {
    let status = &pass.plan.status;
    let settled = status.step.as_ref().and_then(|step| step.settled_at);
    let is_late =
        settled.zip(pass.verdict.minute).is_some_and(|(at, minute)| at.minute() <= minute);
    let is_live = status.share.set.is_some_and(|share| share > Share::ZERO);
    is_live && (is_late || pass.verdict.kind == VerdictKind::RollBack)
}

/// A change of scaling as a sentence.
fn scaling(action: &Action) -> String {
    match action {
        Action::SetBounds { side, expected: before, bounds: after } if before.max == after.max => {
            format!("{side}'s minimum goes from {} to {} tasks.", before.min, after.min)
        }
        Action::SetBounds { .. }
        | Action::SetDesired { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. }
        | Action::SetWeights { .. } => sentence(&action.to_string()),
    }
}

/// Whether a person would want to hear of the verdict, and not only find it in a sample:
/// waiting and settling are what every step does.
const fn is_news(reason: &VerdictReason) -> bool {
    match reason {
        VerdictReason::CandidateDead
        | VerdictReason::Guard { .. }
        | VerdictReason::SmallShareGuard { .. }
        | VerdictReason::ProvenWorse { .. }
        | VerdictReason::BudgetBurn { .. }
        | VerdictReason::ProvenSafe
        | VerdictReason::ProvenAbsolute
        | VerdictReason::WorseWithinBudget { .. }
        | VerdictReason::CommonMode { .. }
        | VerdictReason::MissingData { .. }
        | VerdictReason::EventsMissing { .. }
        | VerdictReason::ShareMismatch
        | VerdictReason::Uncalibrated
        | VerdictReason::InsufficientTraffic
        | VerdictReason::ReleasesDiffer => true,
        VerdictReason::Suspicion { .. }
        | VerdictReason::Unproven { .. }
        | VerdictReason::UnequalLoad
        | VerdictReason::Settling
        | VerdictReason::LoadCoverage { .. }
        | VerdictReason::SurgeUnseen
        | VerdictReason::Collecting => false,
    }
}

/// Words as a sentence. One that begins with an identifier keeps its small letter.
fn sentence(words: &str) -> String {
    let is_name = words.split(' ').next().is_some_and(|word| word.contains('_'));
    let mut letters = words.chars();
    let first: String = match letters.next() {
        Some(first) if !is_name => first.to_uppercase().collect(),
        Some(first) => first.to_string(),
        None => String::new(),
    };
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
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
///
/// What only proof or a person removes comes before what the clock does by itself, and that
/// before tasks, which Ferry starts itself once every gate is open.
pub(crate) fn waiting(plan: &Plan) -> String {
    let rank = |refusal: &&Refusal| {
        let is_tasks =
            matches!(refusal.reason, Reason::FloorLow { .. } | Reason::CapacityShort { .. });
        (is_tasks, refusal.opens_at.is_some())
    };
    match plan.report.refusals().min_by_key(rank) {
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
    done.unwrap_or_else(|| "Nothing to do.".to_owned())
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
