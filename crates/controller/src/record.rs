//! Recording: an intent is saved before the calls it is about, its outcome after them.

use std::sync::Arc;

use model::event::Event;
use model::{Span, Time};
use store::{Answer, Entry, Happening, Store};

use crate::tick::Pass;
use crate::watch::Watch;

/// Evidence is put into the store this often: a late correction rewinds no further, and a
/// restart folds at most this much again.
const CHECKPOINT_EVERY: Span = Span::from_mins(15);

/// Saves what was decided: status, events, and the intent if there is anything to do. Says
/// whether it was saved; what was not saved must not be done.
pub(crate) async fn intend(
    store: &Arc<dyn Store>,
    watch: &mut Watch,
    now: Time,
    pass: &Pass,
) -> bool {
    let Some(version) = watch.version else { return false };
    let actions = &pass.plan.actions;
    let checkpoint = watch.checkpoint_at.is_none_or(|at| now.since(at) >= CHECKPOINT_EVERY);
    let told = watch.contents.status != pass.plan.status || !pass.plan.events.is_empty();
    if actions.is_empty() && !told && !checkpoint {
        return true;
    }
    let mut contents = watch.contents.clone();
    contents.status = pass.plan.status.clone();
    let mut entries: Vec<Entry> = pass.plan.events.iter().map(|event| told_entry(now, event)).collect();
    if !actions.is_empty() {
        let why = pass.plan.events.first().map_or("", |event| event.message.as_str());
        entries.extend(open_intent(&mut contents, now, actions.clone(), why));
    }
    std::mem::swap(&mut watch.contents, &mut contents);
    if checkpoint || !actions.is_empty() {
        watch.checkpoint(now);
    }
    match store.save(&watch.managed.name, version, &watch.contents, &entries).await {
        Ok(version) => {
            watch.version = Some(version);
            true
        }
        Err(_) => {
            // The record may or may not hold this: read it again before anything else.
            watch.contents = contents;
            watch.version = None;
            false
        }
    }
}

/// An intent that was left open by a crash is closed as unknown: the observation says what
/// became of it, and the plan that follows rests on the observation.
fn open_intent(
    contents: &mut store::Contents,
    now: Time,
    actions: Vec<model::action::Action>,
    why: &str,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Some(open) = contents.intent.as_ref().filter(|intent| intent.is_open()) {
        let lost = || Answer::Unknown { message: "the process ended before the answer".to_owned() };
        let answers = open.actions.iter().map(|_| lost()).collect();
        entries.extend(contents.close_intent(now, answers).unwrap_or_default());
    }
    entries.extend(contents.begin_intent(now, actions, why).unwrap_or_default());
    entries
}

/// Saves what became of the intent.
pub(crate) async fn conclude(
    store: &Arc<dyn Store>,
    watch: &mut Watch,
    now: Time,
    answers: Vec<Answer>,
) {
    let Some(version) = watch.version else { return };
    let Ok(entries) = watch.contents.close_intent(now, answers) else { return };
    match store.save(&watch.managed.name, version, &watch.contents, &entries).await {
        Ok(version) => watch.version = Some(version),
        Err(_) => watch.version = None,
    }
}

fn told_entry(now: Time, event: &Event) -> Entry {
    Entry { at: now, happening: Happening::Event { event: event.clone() } }
}
