//! What people say between ticks: verbs, and letting a migration go.

use std::sync::Arc;

use model::Time;
use model::action::Action;
use model::condition::{ConditionStatus, ConditionType};
use model::observation::Scaling;
use model::status::{Said, Status};
use model::verb::{Contradiction, Verb};
use model::{PerSide, Side};
use serde::Serialize;
use store::{Answer, Contents, Entry, Happening, IntentError, Record};

use crate::act::{self, Order};
use crate::managed::{Managed, Unsupported};
use crate::tick::Controller;

/// Why nothing came of what was said. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// There is no such migration.
    #[error("there is no migration `{0}`")]
    Unknown(String),
    /// It has changed since the speaker looked.
    #[error("`{name}` has changed since you looked (it is at {found}): look again")]
    Stale {
        /// The migration.
        name: String,
        /// Its present revision.
        found: String,
    },
    /// It contradicts what already stands.
    #[error("{0}")]
    Contradiction(#[from] Contradiction),
    /// Its file still asks for it.
    #[error("`{0}` is managed: remove its file first")]
    StillManaged(String),
    /// Nothing is written at present, by the settings' word or an operator's.
    #[error("{standing}: nothing is written, so nothing is given back")]
    Frozen {
        /// What stands against it, and how it ends.
        standing: String,
    },
    /// Its record does not say what it was.
    #[error("the record of `{name}` does not hold its file: {why}")]
    NotAdopted {
        /// The migration.
        name: String,
        /// What is missing.
        why: String,
    },
    /// The store did not take it, or cannot be read.
    #[error("nothing can be recorded, so nothing is done: {0}")]
    Store(String),
    /// What has to be restored could not be read.
    #[error("{0}")]
    World(String),
}

impl From<store::Error> for Unheard {
    fn from(error: store::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<IntentError> for Unheard {
    fn from(error: IntentError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Names what an operator acts on: the spec's version, the words that stand, the latch, the step
/// and the live share. Whoever acts on an older revision saw something else.
#[must_use]
pub fn revision(generation: u64, status: &Status) -> String {
    #[derive(Serialize)]
    struct ActedOn<'a> {
        generation: u64,
        attempt: u32,
        verbs: &'a model::status::Verbs,
        latch: &'a Option<model::status::Latch>,
        step: Option<(model::Share, Time)>,
        live: Option<model::Share>,
    }
    let acted_on = ActedOn {
        generation,
        attempt: status.attempt,
        verbs: &status.verbs,
        latch: &status.latch,
        step: status.step.as_ref().map(|step| (step.share, step.decided_at)),
        live: status.share.set,
    };
    // Plain data has nothing to fail on; if it ever had, the revision would match nothing.
    let text = serde_json::to_string(&acted_on).unwrap_or_default();
    format!("{generation}-{:016x}", fnv1a(text.as_bytes()))
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo): small, and the same on every machine. It tells changes
/// apart; it protects nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Controller {
    /// Takes what an operator said: it is in the record when this returns, and acted on in the
    /// next tick. `expected` is the [`revision`] the operator looked at; `None` speaks blindly.
    /// Gives the revision that follows.
    ///
    /// # Errors
    /// [`Unheard`]; nothing was changed.
    pub async fn say(
        &mut self,
        name: &str,
        verb: Verb,
        who: &str,
        expected: Option<&str>,
    ) -> Result<String, Unheard> {
        let now = self.cloud.clock.now();
        let unknown = || Unheard::Unknown(name.to_owned());
        let watch = self.watches.get_mut(name).ok_or_else(unknown)?;
        let found = revision(watch.managed.generation, &watch.contents.status);
        let unread = || Unheard::Store("the record has not been read yet".to_owned());
        let version = watch.version.ok_or_else(unread)?;
        if expected.is_some_and(|expected| expected != found) {
            return Err(Unheard::Stale { name: name.to_owned(), found });
        }
        let mut contents = watch.contents.clone();
        contents.status.hear(verb, Said { who: who.to_owned(), at: now })?;
        let what = format!("{}: {verb}", verb.name());
        let said = Entry { at: now, happening: Happening::Said { who: who.to_owned(), what } };
        // Whether or not the save arrived, only the store knows now.
        watch.version = None;
        watch.version = Some(self.store.save(name, version, &contents, &[said]).await?);
        watch.contents = contents;
        watch.urgent = true;
        Ok(revision(watch.managed.generation, &watch.contents.status))
    }

    /// Stops managing a migration: everything stays as it is, and its record says that its file
    /// is gone.
    ///
    /// # Errors
    /// [`Unheard::Store`] when the record could not say so; it is not managed any more all the
    /// same.
    pub async fn let_go(&mut self, name: &str) -> Result<(), Unheard> {
        let now = self.cloud.clock.now();
        let Some(watch) = self.watches.remove(name) else { return Ok(()) };
        self.sight.forget(&watch.managed);
        let known = watch.version.map(|version| Record { version, contents: watch.contents });
        let record = match known {
            Some(known) => Some(known),
            // Not read yet, or a save whose end is not known: only the store can say.
            None => self.store.load(name).await?,
        };
        // Without a record Ferry has done nothing that anybody would have to be told of.
        let Some(Record { version, mut contents }) = record else { return Ok(()) };
        contents.status.conditions.set(
            now,
            watch.managed.generation,
            ConditionType::Orphaned,
            ConditionStatus::True,
            "FileRemoved",
            "Its file is gone: everything stays as it is and nobody watches it. `ferry release` \
             restores the bounds that were saved.",
        );
        let what = "Its file was removed: it is not managed any more.".to_owned();
        let who = "configuration".to_owned();
        let said = Entry { at: now, happening: Happening::Said { who, what } };
        self.store.save(name, version, &contents, &[said]).await?;
        Ok(())
    }

    /// Restores what Ferry changed and saved of a migration that is no longer managed: the bounds
    /// of its scalable targets; its own scheduled actions are taken out. Weights stay.
    ///
    /// # Errors
    /// [`Unheard`]; what was done until then is in the history.
    pub async fn release(
        &mut self,
        name: &str,
        who: &str,
    ) -> Result<Vec<(Action, Answer)>, Unheard> {
        if self.watches.contains_key(name) {
            return Err(Unheard::StillManaged(name.to_owned()));
        }
        let now = self.cloud.clock.now();
        let record = self.store.load(name).await?;
        let record = record.ok_or_else(|| Unheard::Unknown(name.to_owned()))?;
        let mut contents = record.contents.clone();
        self.unless_frozen(&contents.status)?;
        let managed = adopted(name, &contents)?;
        let targets = self.scalable_targets(&managed).await?;
        let actions = restoring(&targets, &contents.status);
        let mut entries = contents.close_lost(now)?;
        if actions.is_empty() {
            // A release that was cut off may have done it all and not have said so.
            if is_restored(&targets, &contents.status) {
                nothing_is_saved(&mut contents.status);
            }
            if contents != record.contents {
                self.store.save(name, record.version, &contents, &entries).await?;
            }
            return Ok(Vec::new());
        }
        entries.extend(contents.begin_intent(now, actions.clone(), "release")?);
        let what = "release: the bounds that were saved are restored.".to_owned();
        let said = Happening::Said { who: who.to_owned(), what };
        entries.push(Entry { at: now, happening: said });
        let version = self.store.save(name, record.version, &contents, &entries).await?;
        let order = Order {
            name: name.to_owned(),
            services: managed.services,
            routes: managed.routes,
            actions: actions.clone(),
        };
        let answers = act::act(&self.cloud, std::slice::from_ref(&order)).await;
        let answers = answers.into_values().next().unwrap_or_default();
        let now = self.cloud.clock.now();
        let entries = contents.close_intent(now, answers.clone())?;
        if answers.iter().all(|answer| matches!(answer, Answer::Written | Answer::AlreadySo)) {
            nothing_is_saved(&mut contents.status);
        }
        self.store.save(name, version, &contents, &entries).await?;
        Ok(actions.into_iter().zip(answers).collect())
    }

    /// A freeze is of all writes: giving back is no exception.
    fn unless_frozen(&self, status: &Status) -> Result<(), Unheard> {
        let standing = if self.settings.freeze {
            "the settings say `freeze`, which has to be taken out first".to_owned()
        } else if let Some(said) = &status.verbs.freeze {
            let who = &said.who;
            format!("{who} froze it; put its file back, `resume` it, and remove the file again")
        } else {
            return Ok(());
        };
        Err(Unheard::Frozen { standing })
    }

    /// Both scalable targets as they are now; `None` where there is none.
    async fn scalable_targets(
        &self,
        managed: &Managed,
    ) -> Result<PerSide<Option<Scaling>>, Unheard> {
        let ids: Vec<_> = managed.services.iter().map(|(_, id)| id.clone()).collect();
        let answers = self.cloud.scaling.scalable_targets(&ids).await;
        let mut targets = PerSide::default();
        for (side, answer) in Side::ALL.into_iter().zip(answers) {
            *targets.get_mut(side) = answer.map_err(|error| Unheard::World(error.to_string()))?;
        }
        Ok(targets)
    }
}

/// What brings both scalable targets back to what they were before Ferry.
fn restoring(targets: &PerSide<Option<Scaling>>, status: &Status) -> Vec<Action> {
    let mut actions = Vec::new();
    for (side, target) in targets.iter() {
        let Some(target) = target else { continue };
        let own = target.scheduled.iter().filter(|action| action.is_ours());
        actions
            .extend(own.map(|action| Action::DeleteScheduled { side, name: action.name.clone() }));
        if let Some(bounds) = *status.saved.get(side)
            && bounds != target.bounds
        {
            actions.push(Action::SetBounds { side, expected: target.bounds, bounds });
        }
    }
    actions
}

/// Whether all bounds that were saved are live again.
fn is_restored(targets: &PerSide<Option<Scaling>>, status: &Status) -> bool {
    status.saved.iter().all(|(side, saved)| {
        let live = targets.get(side).as_ref().map(|target| target.bounds);
        saved.is_none() || *saved == live
    })
}

fn nothing_is_saved(status: &mut Status) {
    status.saved = PerSide::default();
    status.floors = PerSide::default();
}

fn adopted(name: &str, contents: &Contents) -> Result<Managed, Unheard> {
    let missing = |why: String| Unheard::NotAdopted { name: name.to_owned(), why };
    let adopted = contents.adopted.as_ref();
    let adopted = adopted.ok_or_else(|| missing("it was written before files were kept".into()))?;
    Managed::new(adopted.generation, Arc::clone(&adopted.migration))
        .map_err(|unsupported: Unsupported| missing(unsupported.to_string()))
}
