//! The controller and the region, turn by turn, with every promise checked after every tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud::Clock;
use controller::{Controller, Managed, Tick, Unheard, Unsupported};
use model::settings::Settings;
use model::spec::Migration;
use model::{Span, Time};
use region::fault::FaultRow;
use region::load::Load;
use region::{Region, SimulatedCloud};
use store::Store;

use crate::fork::{Fork, Forks, Place};
use crate::invariants::{Checker, Violation};
use crate::witness::{Trouble, Witness};
use crate::{Error, world};

/// Another process begins this long after the last one ended: ECS starts a task anew.
const BACK_AFTER: Span = Span::from_secs(20);

/// What a simulation is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The migrations; the region holds the services of all of them.
    pub migrations: Vec<Arc<Migration>>,
    /// The daemon's settings.
    pub settings: Settings,
    /// The load of each of them from `start` on.
    pub load: Load,
    /// What goes wrong in the region; it meets all of them.
    pub faults: Vec<FaultRow>,
    /// When the store fails.
    pub troubles: Vec<Trouble>,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The first instant: a whole minute.
    pub start: Time,
    /// How many days it will be asked to run at most; the load begins again after that.
    pub days: u32,
}

/// A daemon in a region, and somebody who watches both.
pub struct Simulation {
    handle: SimulatedCloud,
    store: Arc<Witness>,
    settings: Settings,
    specs: BTreeMap<String, (u64, Arc<Migration>)>,
    controller: Controller,
    checker: Checker,
    /// When the next tick is due.
    next_at: Time,
}

impl Simulation {
    /// Builds the region with its past, and a daemon that has seen nothing yet.
    ///
    /// # Errors
    /// [`Error`] when a migration cannot be carried or the region cannot be built.
    pub fn new(setup: &Setup) -> Result<Self, Error> {
        let managed = setup.migrations.iter().map(|m| Managed::new(1, Arc::clone(m)));
        let managed = managed.collect::<Result<Vec<Managed>, Unsupported>>()?;
        let spec = world::build(&managed, &setup.load, setup.start, setup.days, &setup.faults)?;
        let mut region = Region::new(&spec, setup.seed)?;
        region.advance_to(setup.start);
        let handle = SimulatedCloud::new(region);
        let store = Arc::new(Witness::new(handle.clone(), setup.troubles.clone()));
        let mut simulation = Self {
            controller: Controller::new(
                handle.cloud(),
                Arc::clone(&store) as Arc<dyn Store>,
                setup.settings.clone(),
            ),
            checker: Checker::new(managed, &setup.settings, &setup.faults),
            handle,
            store,
            settings: setup.settings.clone(),
            specs: BTreeMap::new(),
            next_at: setup.start,
        };
        for migration in &setup.migrations {
            simulation.manage(1, Arc::clone(migration))?;
        }
        Ok(simulation)
    }

    /// Gives the daemon a migration, or a new version of its spec. Of one that the region does
    /// not hold, nothing can be read.
    ///
    /// # Errors
    /// [`Unsupported`]; what was managed before stays.
    pub fn manage(
        &mut self,
        generation: u64,
        migration: Arc<Migration>,
    ) -> Result<(), Unsupported> {
        self.controller.manage(generation, Arc::clone(&migration))?;
        let managed = Managed::new(generation, Arc::clone(&migration))?;
        self.specs.insert(managed.name.clone(), (generation, migration));
        self.checker.take_spec(managed);
        Ok(())
    }

    /// Takes a migration's file away: the daemon manages it no more. Whatever it still asked of the
    /// world for it would be nobody's.
    ///
    /// # Errors
    /// [`Unheard`] when the record could not say so.
    pub async fn let_go(&mut self, name: &str) -> Result<(), Unheard> {
        self.specs.remove(name);
        self.checker.let_go(name);
        self.controller.let_go(name).await
    }

    /// Ends the daemon and starts another one that knows only what is in the store.
    ///
    /// # Errors
    /// [`Unsupported`] never comes: the specs were taken before.
    pub fn restart(&mut self) -> Result<(), Unsupported> {
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        self.controller = Controller::new(self.handle.cloud(), store, self.settings.clone());
        for (generation, migration) in self.specs.values() {
            self.controller.manage(*generation, Arc::clone(migration))?;
        }
        Ok(())
    }

    /// Lets time pass until the next tick is due, carries it out and checks everything.
    pub async fn tick(&mut self) -> Tick {
        self.handle.sleep_until(self.next_at).await;
        let tick = self.controller.tick().await;
        self.next_at = tick.next_at;
        self.checker.check(&self.handle, &self.store, &tick);
        tick
    }

    /// A tick, and for each place that `forks` took in it what another process goes on with there
    /// a little later. Whatever was done up to the place is checked against the tick it was done
    /// in; what is done afterwards is checked as it comes.
    ///
    /// # Errors
    /// [`Unsupported`] never comes: the specs were taken before.
    pub async fn tick_forked(
        &mut self,
        forks: &Forks,
    ) -> Result<(Tick, Vec<(Place, Self)>), Unsupported> {
        let before = self.checker.clone();
        let tick = self.tick().await;
        let mut forked = Vec::new();
        for Fork { place, handle, store } in forks.take() {
            let store = Arc::new(store);
            let mut checker = before.clone();
            checker.check(&handle, &store, &tick);
            let mut other = Self {
                controller: Controller::new(
                    handle.cloud(),
                    Arc::clone(&store) as Arc<dyn Store>,
                    self.settings.clone(),
                ),
                checker,
                handle,
                store,
                settings: self.settings.clone(),
                specs: self.specs.clone(),
                next_at: tick.at + BACK_AFTER,
            };
            other.restart()?;
            forked.push((place, other));
        }
        Ok((tick, forked))
    }

    /// When the next tick is due.
    #[must_use]
    pub const fn next_at(&self) -> Time {
        self.next_at
    }

    /// The region.
    #[must_use]
    pub const fn region(&self) -> &SimulatedCloud {
        &self.handle
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Arc<Witness> {
        &self.store
    }

    /// Promises that were broken so far; there should be none.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        self.checker.violations()
    }
}
