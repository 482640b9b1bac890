//! Recording: an intent is saved before the calls it is about, its outcome after them.

use std::sync::Arc;

use model::action::Action;
use model::condition::{ConditionStatus, ConditionType, Conditions};
use model::event::Event;
use model::status::Status;
use model::verdict::{Verdict, VerdictKind};
use model::{Span, Time};
use store::{Adopted, Answer, Entry, Happening, IntentError, Store, Version};

use crate::tick::Pass;
use crate::watch::Watch;

/// Evidence is put into the store this often: a late correction rewinds no further, and a
/// restart folds at most this much again.
const CHECKPOINT_EVERY: Span = Span::from_mins(15);

/// Since when EC2 has been quiet is put into the store this often while it counts: half of the
/// time for which a restart may leave it unseen before the quiet starts anew.
const QUIET_EVERY: Span = Span::from_mins(5);

/// Why a migration's record was not saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsaved {
    /// The record could not be read, so there is nothing to save onto.
    #[error("its record could not be read")]
    Unread,
    /// The save failed, or may have.
    #[error("the intent was not saved: {0}")]
    Failed(#[from] store::Error),
    /// The intent is out of turn: a defect of Ferry.
    #[error("the intent was not saved: {0}")]
    OutOfTurn(#[from] IntentError),
}

/// Saves what was decided where it is news: status, events, and the intent if there is anything
/// to do. What was not saved must not be done.
pub(crate) async fn intend(
    store: &Arc<dyn Store>,
    watch: &mut Watch,
    now: Time,
    pass: &Pass,
) -> Result<(), Unsaved> {
    watch.decisions.note(now, &pass.verdict);
    let Some(version) = watch.version else {
        watch.contents.status = pass.plan.status.clone();
        return Err(Unsaved::Unread);
    };
    let before = watch.contents.clone();
    let mut entries = watch.contents.close_lost(now)?;
    let is_lost = !entries.is_empty();
    let actions = &pass.plan.actions;
    if !actions.is_empty() {
        let why = pass.plan.events.first().map_or("", |event| event.message.as_str());
        entries.extend(watch.contents.begin_intent(now, actions.clone(), why)?);
    }
    entries.extend(pass.plan.events.iter().map(|event| told_entry(now, event)));
    watch.contents.status = pass.plan.status.clone();
    adopt(watch, pass);
    let checkpoint = watch.judge.is_some()
        && watch.checkpoint_at.is_none_or(|at| now.since(at) >= CHECKPOINT_EVERY || at > now);
    let is_adopted = before.adopted != watch.contents.adopted;
    let is_news = is_lost || is_adopted || watch.is_shown || !entries.is_empty();
    if !is_news && !checkpoint && !is_told(&before.status, watch, now) {
        return Ok(());
    }
    if checkpoint || !actions.is_empty() {
        watch.checkpoint(now);
    }
    let entries = [watch.decisions.untold(), &entries].concat();
    let saved = store.save(&watch.managed.name, version, &watch.contents, &entries).await;
    if saved.is_ok() {
        watch.decisions.told();
    } else {
        // The store may or may not hold this: it is read again before anything else is done.
        watch.contents = before;
        watch.checkpoint_at = None;
    }
    note_saved(watch, now, saved)
}

/// Changes of the judge's mind that are not in the history yet.
///
/// They cost no save of their own: what they lead to is saved at once, and the rest goes with the
/// next checkpoint at the latest.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    last: Option<(VerdictKind, &'static str)>,
    untold: Vec<Entry>,
}

/// While a store fails for long the newest are kept.
const UNTOLD_MAX: usize = 100;

impl Decisions {
    fn note(&mut self, now: Time, verdict: &Verdict) {
        let Verdict { kind, reason, .. } = verdict;
        let is_news = self.last != Some((*kind, reason.name()));
        if !is_news {
            return;
        }
        self.last = Some((*kind, reason.name()));
        if self.untold.len() == UNTOLD_MAX {
            self.untold.remove(0);
        }
        let happening = Happening::Decision { verdict: *kind, reason: reason.clone() };
        self.untold.push(Entry { at: now, happening });
    }

    fn untold(&self) -> &[Entry] {
        &self.untold
    }

    fn told(&mut self) {
        self.untold.clear();
    }
}

/// Puts the version of the spec that was planned for into the record.
fn adopt(watch: &mut Watch, pass: &Pass) {
    let known = watch.contents.adopted.as_ref().map(|adopted| adopted.generation);
    if known != Some(pass.generation) {
        let migration = Arc::clone(&pass.migration);
        watch.contents.adopted = Some(Adopted { generation: pass.generation, migration });
    }
}

/// Whether status changed by more than what the next look measures again. That is a reading,
/// not a transition: it is saved with the next transition or checkpoint, so that a migration at
/// rest writes nothing.
fn is_told(before: &Status, watch: &Watch, now: Time) -> bool {
    let after = &watch.contents.status;
    let is_stale = watch.saved_at.is_none_or(|at| now.since(at) >= QUIET_EVERY || at > now);
    let is_quiet_seen = before.quiet_seen_at != after.quiet_seen_at;
    (is_quiet_seen && is_stale)
        || conditions(before).ne(conditions(after))
        || transitions(before) != transitions(after)
}

/// Conditions without their messages, in which numbers change with every look.
fn conditions(
    status: &Status,
) -> impl Iterator<Item = (ConditionType, ConditionStatus, &str, u64)> {
    status.conditions.iter().map(|condition| {
        (condition.kind, condition.status, condition.reason.as_str(), condition.observed_generation)
    })
}

/// Status without readings and conditions.
fn transitions(status: &Status) -> Status {
    let mut rest = status.clone();
    rest.conditions = Conditions::default();
    rest.share.measured = None;
    rest.quiet_seen_at = None;
    rest
}

/// Saves what became of the intent.
pub(crate) async fn conclude(
    store: &Arc<dyn Store>,
    watch: &mut Watch,
    now: Time,
    answers: Vec<Answer>,
) -> Result<(), Unsaved> {
    let version = watch.version.ok_or(Unsaved::Unread)?;
    if has_landed(watch, &answers) {
        watch.contents.status.landed_at = Some(now);
    }
    let entries = watch.contents.close_intent(now, answers)?;
    let saved = store.save(&watch.managed.name, version, &watch.contents, &entries).await;
    note_saved(watch, now, saved)
}

fn note_saved(watch: &mut Watch, now: Time, saved: store::Result<Version>) -> Result<(), Unsaved> {
    watch.version = saved.as_ref().ok().copied();
    if watch.version.is_some() {
        watch.saved_at = Some(now);
        watch.is_shown = false;
    }
    saved.map(|_| ()).map_err(Unsaved::Failed)
}

/// Whether the open intent's weights are in place, by the answer to their write.
fn has_landed(watch: &Watch, answers: &[Answer]) -> bool {
    let actions = watch.contents.intent.iter().flat_map(|intent| &intent.actions);
    actions.zip(answers).any(|(action, answer)| {
        let is_weights = matches!(action, Action::SetWeights { .. });
        is_weights && matches!(answer, Answer::Written | Answer::AlreadySo)
    })
}

fn told_entry(now: Time, event: &Event) -> Entry {
    Entry { at: now, happening: Happening::Event { event: event.clone() } }
}
