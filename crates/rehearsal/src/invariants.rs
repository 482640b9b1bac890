//! The promises, checked against what is true in the region after every tick.
//!
//! They are numbered as in `docs/architecture.md`. The checker shares no code with the planner
//! or the audit. It reads the region's journal of changes and its true state; of a pass it reads
//! what Ferry could see and what Ferry says of itself, since nobody can act on what cannot be
//! seen: each limit below is the age that a reading may have.
//!
//! ```text
//! journal of changes --+
//! true state ----------+--> Checker --> violations
//! tick (passes) -------+
//! witness of intents --+
//! ```

mod capacity;
mod doubt;
mod fleet;
mod past;
mod weights;

use std::collections::BTreeMap;
use std::fmt;

use cloud::ErrorKind;
use controller::{Managed, Pass, Tick};
use model::action::Action;
use model::settings::Settings;
use model::{Share, Span, Time};
use region::SimulatedCloud;
use region::fault::FaultRow;
use region::journal::{Author, Change, Entry, Outcome};
use region::truth::Truth;

use crate::witness::Witness;

use fleet::Fleet;
use past::Past;
use weights::History;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its number.
    pub invariant: &'static str,
    /// Of which migration.
    pub migration: String,
    /// When.
    pub at: Time,
    /// What happened.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, migration, at, message } = self;
        write!(f, "{invariant} was broken at {at} for {migration}: {message}")
    }
}

/// Checks the promises of all migrations of one daemon.
#[derive(Clone)]
pub struct Checker {
    violations: Vec<Violation>,
    watched: BTreeMap<String, Watched>,
    fleet: Fleet,
    /// Changes of the journal that were looked at.
    seen: usize,
}

/// One migration and what the checker remembers of it.
#[derive(Clone)]
struct Watched {
    managed: Managed,
    /// Its place among the region's applications; `None` for one the region does not hold.
    index: Option<usize>,
    past: Past,
    history: History,
}

/// What the checks of one migration look at.
struct Scene<'a> {
    managed: &'a Managed,
    past: &'a Past,
    truth: &'a Truth,
    pass: &'a Pass,
    /// Without its record Ferry decides nothing, and says no more than that.
    is_store_down: bool,
}

/// A change of weights that Ferry made.
#[derive(Debug, Clone, Copy)]
struct Shift {
    at: Time,
    from: Share,
    to: Share,
}

/// Collects what one migration breaks.
struct Verdicts<'a> {
    migration: &'a str,
    into: &'a mut Vec<Violation>,
}

impl Verdicts<'_> {
    fn broken(&mut self, invariant: &'static str, at: Time, message: String) {
        let migration = self.migration.to_owned();
        self.into.push(Violation { invariant, migration, at, message });
    }
}

impl Checker {
    /// A checker that has seen nothing yet, of migrations in the order of the region's
    /// applications. How old the region's answers may be is read from the faults.
    #[must_use]
    pub fn new(managed: Vec<Managed>, settings: &Settings, faults: &[FaultRow]) -> Self {
        let stale = faults.iter().filter_map(|row| row.age).max().unwrap_or(Span::ZERO);
        let watched = managed.into_iter().enumerate().map(|(index, managed)| {
            let (past, history) = (Past::new(stale), History::default());
            let name = managed.name.clone();
            (name, Watched { managed, index: Some(index), past, history })
        });
        Self {
            violations: Vec::new(),
            watched: watched.collect(),
            fleet: Fleet::new(settings),
            seen: 0,
        }
    }

    /// Takes a new version of a spec, or a migration that the region does not hold.
    pub fn take_spec(&mut self, managed: Managed) {
        match self.watched.get_mut(&managed.name) {
            Some(watched) => {
                let attempt = |managed: &Managed| managed.migration.spec.attempt;
                if attempt(&managed) > attempt(&watched.managed) {
                    watched.history.rearm();
                }
                watched.managed = managed;
            }
            None => {
                let (past, history) = (Past::new(Span::ZERO), History::default());
                let name = managed.name.clone();
                self.watched.insert(name, Watched { managed, index: None, past, history });
            }
        }
    }

    /// Watches a migration no more.
    pub fn let_go(&mut self, name: &str) {
        self.watched.remove(name);
    }

    /// What was broken so far.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Looks at a tick and at everything that changed in the region since the last one.
    pub fn check(&mut self, world: &SimulatedCloud, witness: &Witness, tick: &Tick) {
        let first = self.seen;
        let changes = world
            .with(|region| region.journal().entries().get(first..).unwrap_or_default().to_vec());
        self.seen += changes.len();
        self.fleet.every_one_is_passed(tick, &self.watched, &mut self.violations);
        self.fleet.within_limits(world, tick, &changes, &self.watched, &mut self.violations);
        let positioned: Vec<(usize, &Entry)> = (first..).zip(&changes).collect();
        for pass in &tick.passes {
            let Some(watched) = self.watched.get_mut(&pass.name) else { continue };
            let truth = watched.index.and_then(|index| world.with(|region| region.truth(index)));
            let Some(truth) = truth else { continue };
            let mut verdicts = Verdicts { migration: &pass.name, into: &mut self.violations };
            watched.past.note(world, watched.index, &truth);
            watched.check(&positioned, witness, &truth, pass, &mut verdicts);
        }
        for (_, entry) in positioned.iter().filter(|(_, entry)| entry.author == Author::Caller) {
            if !self.watched.values().any(|watched| watched.owns(&entry.change)) {
                let mut verdicts = Verdicts { migration: "nobody", into: &mut self.violations };
                let message = format!("{} met what no migration owns", entry.operation);
                verdicts.broken("C2", entry.at, message);
            }
        }
    }
}

impl Watched {
    fn owns(&self, change: &Change) -> bool {
        owns(&self.managed, change)
    }

    fn check(
        &mut self,
        changes: &[(usize, &Entry)],
        witness: &Witness,
        truth: &Truth,
        pass: &Pass,
        verdicts: &mut Verdicts<'_>,
    ) {
        let Self { managed, past, history, .. } = self;
        let is_store_down = witness.is_in_trouble();
        let scene = Scene { managed, past, truth, pass, is_store_down };
        for (position, entry) in changes.iter().filter(|(_, entry)| owns(managed, &entry.change)) {
            match entry.author {
                Author::Caller => {
                    intent_first(&scene, witness, *position, entry, verdicts);
                    nothing_in_use_is_deleted(entry, verdicts);
                    if entry.outcome.made() {
                        written(&scene, history, entry, verdicts);
                    }
                }
                Author::Outsider => history.note_outsider(entry),
                Author::Schedule => {}
            }
        }
        capacity::reserve(&scene, history, verdicts);
        weights::way_back(&scene, verdicts);
        history.drift(&scene, verdicts);
        doubt::finite(pass, verdicts);
        history.close(&scene);
    }
}

fn owns(managed: &Managed, change: &Change) -> bool {
    match change {
        Change::Weights { route, .. } => {
            managed.routes.routes.iter().any(|known| known.key() == *route)
        }
        Change::PolicyVersion { routes, .. } => {
            managed.routes.routes.iter().any(|known| routes.contains(&known.key()))
        }
        Change::Desired { service, .. }
        | Change::Bounds { service, .. }
        | Change::Scheduled { service, .. } => managed.services.iter().any(|(_, id)| id == service),
        Change::Nothing => true,
    }
}

/// C2: whatever is asked of the world was on record as an open intent before, and is one of the
/// actions of the pass.
fn intent_first(
    scene: &Scene<'_>,
    witness: &Witness,
    position: usize,
    entry: &Entry,
    verdicts: &mut Verdicts<'_>,
) {
    if !witness.foresaw(scene.managed, position, entry) {
        let message = format!("{} was sent before it was on record", entry.operation);
        verdicts.broken("C2", entry.at, message);
    }
}

/// O4: what something uses is not even asked to be deleted; the world would refuse it.
fn nothing_in_use_is_deleted(entry: &Entry, verdicts: &mut Verdicts<'_>) {
    if let Change::PolicyVersion { policy, number, is_deleted: true, .. } = &entry.change
        && entry.outcome == Outcome::Refused(ErrorKind::Conflict)
    {
        let message = format!("version {number} of {policy} was to be deleted while it is in use");
        verdicts.broken("O4", entry.at, message);
    }
}

/// Checks a change that Ferry made.
fn written(scene: &Scene<'_>, history: &mut History, entry: &Entry, verdicts: &mut Verdicts<'_>) {
    match &entry.change {
        Change::Weights { before, after, .. } => {
            weights::never_dark(scene, entry.at, *after, verdicts);
            let (Some(from), Some(to)) = (before.share(), after.share()) else { return };
            let shift = Shift { at: entry.at, from, to };
            if to > from {
                capacity::before_traffic(scene, shift, verdicts);
                doubt::no_advance(scene, shift, verdicts);
                history.may_rise(scene, shift, verdicts);
            } else if to < from {
                history.may_fall(scene, shift, verdicts);
            }
            history.note_written(scene, shift);
        }
        Change::Bounds { service, before, after } => {
            capacity::kept(scene, entry.at, service, before.min, after.min, verdicts);
        }
        Change::Desired { service, before, after } => {
            capacity::kept(scene, entry.at, service, *before, *after, verdicts);
        }
        Change::Scheduled { .. } | Change::PolicyVersion { .. } | Change::Nothing => {}
    }
}

/// Whether a pass means to send `wanted`.
fn plans(pass: &Pass, wanted: impl Fn(&Action) -> bool) -> bool {
    pass.plan.actions.iter().any(wanted)
}
