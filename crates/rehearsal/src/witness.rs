//! A store that remembers when each intent was saved, counted in changes of the region, so that
//! intent-before-act (C2) can be checked against what really happened; and that can fail.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use controller::Managed;
use model::action::Action;
use model::route::ServiceId;
use model::{Side, Time};
use region::SimulatedCloud;
use region::journal::{Change, Entry};
use store::{Contents, Error, Fact, MemoryStore, Numbered, Record, Result, Store, Version};

/// A store in memory, and a witness of what is saved in it.
#[derive(Debug)]
pub struct Witness {
    inner: MemoryStore,
    world: SimulatedCloud,
    intents: Mutex<Vec<Seen>>,
    troubles: Vec<Trouble>,
    onlooker: OnceLock<Onlooker>,
}

/// Is shown each save just before and just after it is made: `true` when it was made and the
/// caller has not been told yet.
struct Onlooker(Box<dyn Fn(bool) + Send + Sync>);

impl fmt::Debug for Onlooker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Onlooker")
    }
}

/// A span of time in which the store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// How.
    pub kind: TroubleKind,
}

/// How a store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// It cannot be reached.
    Unavailable,
    /// It saves, and the reply is lost.
    LostReply,
}

/// An intent, and between which changes of the region it was open.
#[derive(Debug, Clone)]
struct Seen {
    name: String,
    number: u64,
    actions: Vec<Action>,
    from: usize,
    until: Option<usize>,
}

impl Witness {
    /// An empty store that fails in `troubles`.
    #[must_use]
    pub fn new(world: SimulatedCloud, troubles: Vec<Trouble>) -> Self {
        Self {
            inner: MemoryStore::new(),
            world,
            intents: Mutex::new(Vec::new()),
            troubles,
            onlooker: OnceLock::new(),
        }
    }

    /// A store of its own for `world`, a fork of this one's, with all that was saved and seen.
    #[must_use]
    pub fn fork(&self, world: SimulatedCloud) -> Self {
        Self {
            inner: self.inner.fork(),
            world,
            intents: Mutex::new(self.intents().clone()),
            troubles: self.troubles.clone(),
            onlooker: OnceLock::new(),
        }
    }

    /// From now on `look` is shown every save; only the first who asks is.
    pub fn look_on(&self, look: impl Fn(bool) + Send + Sync + 'static) {
        let _first = self.onlooker.set(Onlooker(Box::new(look)));
    }

    fn show(&self, done: bool) {
        if let Some(Onlooker(look)) = self.onlooker.get() {
            look(done);
        }
    }

    /// Whether `entry`, the journal's change number `position`, was on record as part of an open
    /// intent of a migration when it was asked for.
    #[must_use]
    pub fn foresaw(&self, managed: &Managed, position: usize, entry: &Entry) -> bool {
        self.intents().iter().rev().any(|seen| {
            seen.name == managed.name
                && seen.from <= position
                && seen.until.is_none_or(|until| position < until)
                && seen.actions.iter().any(|action| asks_for(managed, action, &entry.change))
        })
    }

    fn intents(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.intents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the store fails at present.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        self.trouble().is_some()
    }

    fn trouble(&self) -> Option<TroubleKind> {
        let now = self.world.with(|region| region.now());
        self.troubles.iter().find(|t| t.from <= now && now < t.until).map(|trouble| trouble.kind)
    }

    fn note(&self, name: &str, contents: &Contents) {
        let Some(intent) = &contents.intent else { return };
        let changes = self.world.with(|region| region.journal().entries().len());
        let mut intents = self.intents();
        let known = intents.iter_mut().rev().find(|seen| seen.name == name);
        match known.filter(|seen| seen.number == intent.number) {
            Some(seen) => {
                if !intent.is_open() {
                    seen.until.get_or_insert(changes);
                }
            }
            None => intents.push(Seen {
                name: name.to_owned(),
                number: intent.number,
                actions: intent.actions.clone(),
                from: changes,
                until: (!intent.is_open()).then_some(changes),
            }),
        }
    }
}

/// Whether `action` asks for `change`.
fn asks_for(managed: &Managed, action: &Action, change: &Change) -> bool {
    let is_of = |side: &Side, id: &ServiceId| managed.services.get(*side) == id;
    match (action, change) {
        (Action::SetWeights { weights, .. }, Change::Weights { route, after, .. }) => {
            weights.get(route) == Some(after)
        }
        (Action::SetBounds { side, bounds, .. }, Change::Bounds { service, after, .. }) => {
            is_of(side, service) && after == bounds
        }
        (Action::SetDesired { side, desired, .. }, Change::Desired { service, after, .. }) => {
            is_of(side, service) && after == desired
        }
        (Action::PutScheduled { side, scheduled }, Change::Scheduled { service, after, .. }) => {
            is_of(side, service) && after.as_ref() == Some(scheduled)
        }
        (
            Action::DeleteScheduled { side, name },
            Change::Scheduled { service, before: Some(before), after: None },
        ) => is_of(side, service) && before.name == *name,
        // A change of weights makes the versions it needs, and takes away what none needs.
        (Action::SetWeights { weights, .. }, Change::PolicyVersion { routes, .. }) => {
            routes.iter().any(|route| weights.contains_key(route))
        }
        (_, Change::Nothing) => true,
        (
            Action::SetWeights { .. }
            | Action::SetBounds { .. }
            | Action::SetDesired { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. },
            Change::Weights { .. }
            | Change::Bounds { .. }
            | Change::Desired { .. }
            | Change::Scheduled { .. }
            | Change::PolicyVersion { .. },
        ) => false,
    }
}

fn unavailable() -> Error {
    Error::Unavailable { message: "no reply came in time".to_owned() }
}

#[async_trait]
impl Store for Witness {
    async fn list(&self) -> Result<Vec<String>> {
        self.inner.list().await
    }

    async fn load(&self, name: &str) -> Result<Option<Record>> {
        match self.trouble() {
            Some(TroubleKind::Unavailable) => Err(unavailable()),
            Some(TroubleKind::LostReply) | None => self.inner.load(name).await,
        }
    }

    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[store::Entry],
    ) -> Result<Version> {
        self.show(false);
        let trouble = self.trouble();
        if trouble == Some(TroubleKind::Unavailable) {
            return Err(unavailable());
        }
        let version = self.inner.save(name, expected, contents, entries).await?;
        self.note(name, contents);
        self.show(true);
        match trouble {
            Some(_) => Err(Error::OutcomeUnknown { message: "no reply came in time".to_owned() }),
            None => Ok(version),
        }
    }

    async fn history(&self, name: &str, after: u64, limit: usize) -> Result<Vec<Numbered>> {
        self.inner.history(name, after, limit).await
    }

    async fn latest(&self, name: &str, before: u64, limit: usize) -> Result<Vec<Numbered>> {
        self.inner.latest(name, before, limit).await
    }

    async fn load_fact(&self, key: &str) -> Result<Option<Fact>> {
        self.inner.load_fact(key).await
    }

    async fn save_fact(&self, key: &str, expected: Version, value: &[u8]) -> Result<Version> {
        self.show(false);
        let saved = self.inner.save_fact(key, expected, value).await;
        self.show(true);
        saved
    }
}
