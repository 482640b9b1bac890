//! Recording: an intent is saved before the calls it is about, its outcome after them.

use std::sync::Arc;

use model::action::Action;
use model::event::Event;
use model::{Span, Time};
use store::{Answer, Entry, Happening, IntentError, Store};

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
    let intent = watch.contents.intent.clone();
    let status = std::mem::replace(&mut watch.contents.status, pass.plan.status.clone());
    let mut entries: Vec<Entry> =
        pass.plan.events.iter().map(|event| told_entry(now, event)).collect();
    let opened = if actions.is_empty() {
        Ok(())
    } else {
        let why = pass.plan.events.first().map_or("", |event| event.message.as_str());
        open_intent(watch, now, actions.clone(), why).map(|opened| entries.extend(opened))
    };
    if checkpoint || !actions.is_empty() {
        watch.checkpoint(now);
    }
    let saved = match opened {
        Ok(()) => store.save(&watch.managed.name, version, &watch.contents, &entries).await.ok(),
        // An intent that cannot be put on record must not be carried out.
        Err(_) => None,
    };
    if saved.is_none() {
        // The store may or may not hold this: it is read again before anything else is done.
        watch.contents.intent = intent;
        watch.contents.status = status;
    }
    watch.version = saved;
    saved.is_some()
}

/// Puts an intent on record. One that a crash left open is closed as unknown first: the
/// observation says what became of it, and the plan that follows rests on the observation.
fn open_intent(
    watch: &mut Watch,
    now: Time,
    actions: Vec<Action>,
    why: &str,
) -> Result<Vec<Entry>, IntentError> {
    let contents = &mut watch.contents;
    let mut entries = Vec::new();
    if let Some(open) = contents.intent.as_ref().filter(|intent| intent.is_open()) {
        let lost = || Answer::Unknown { message: "the process ended before the answer".to_owned() };
        let answers = open.actions.iter().map(|_| lost()).collect();
        entries.extend(contents.close_intent(now, answers)?);
    }
    entries.extend(contents.begin_intent(now, actions, why)?);
    Ok(entries)
}

/// Saves what became of the intent.
pub(crate) async fn conclude(
    store: &Arc<dyn Store>,
    watch: &mut Watch,
    now: Time,
    answers: Vec<Answer>,
) {
    let Some(version) = watch.version else { return };
    if has_landed(watch, &answers) {
        watch.contents.status.landed_at = Some(now);
    }
    let Ok(entries) = watch.contents.close_intent(now, answers) else { return };
    match store.save(&watch.managed.name, version, &watch.contents, &entries).await {
        Ok(version) => watch.version = Some(version),
        Err(_) => watch.version = None,
    }
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
