//! Where a daemon's process may end, and what is left of the world at each such place.
//!
//! A process ends before a call, or when the call was carried out and its reply has not come. What
//! goes on is the region and the store; the daemon's memory is lost. So a place is kept as a fork
//! of both, taken while a run goes past it, and the run up to there is never repeated.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use region::onlooker::Moment;
use region::{Region, SimulatedCloud};

use crate::simulation::Simulation;
use crate::witness::Witness;

/// A place at which the process may end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The call, or `store:Save`.
    pub operation: &'static str,
    /// Whether the call may change anything.
    pub writes: bool,
    /// Whether it was carried out already.
    pub done: bool,
    /// How many places of its kind, those that write or those that read, were passed before.
    pub number: u64,
}

/// The world at a place: region and store as they are when the process ends there.
#[derive(Debug)]
pub struct Fork {
    /// Where.
    pub place: Place,
    pub(crate) handle: SimulatedCloud,
    pub(crate) store: Witness,
}

/// Takes forks while a simulation runs.
#[derive(Clone)]
pub struct Forks {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    wanted: Box<dyn FnMut(&Place) -> bool + Send>,
    /// Places passed that only read, and that write.
    passed: (u64, u64),
    taken: Vec<Fork>,
}

impl Forks {
    /// Takes a fork at each place of `simulation`, from now on, that is `wanted`.
    pub fn of(
        simulation: &Simulation,
        wanted: impl FnMut(&Place) -> bool + Send + 'static,
    ) -> Self {
        let inner = Inner { wanted: Box::new(wanted), passed: (0, 0), taken: Vec::new() };
        let forks = Self { inner: Arc::new(Mutex::new(inner)) };
        let (on_call, on_save) = (forks.clone(), forks.clone());
        let store = Arc::downgrade(simulation.store());
        let (calls, saves) = (store.clone(), store);
        simulation.region().with(|region| {
            region.look_on(move |region, moment| {
                if let Some(store) = calls.upgrade() {
                    on_call.pass(moment, region, &store);
                }
            });
        });
        let handle = simulation.region().clone();
        simulation.store().look_on(move |done| {
            if let Some(store) = saves.upgrade() {
                let moment = Moment { operation: "store:Save", writes: true, done };
                handle.with(|region| on_save.pass(moment, region, &store));
            }
        });
        forks
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, moment: Moment, region: &Region, store: &Witness) {
        let mut inner = self.lock();
        let Moment { operation, writes, done } = moment;
        let passed = if writes { &mut inner.passed.1 } else { &mut inner.passed.0 };
        let place = Place { operation, writes, done, number: *passed };
        *passed += 1;
        if (inner.wanted)(&place) {
            let handle = SimulatedCloud::new(region.fork());
            let store = store.fork(handle.clone());
            inner.taken.push(Fork { place, handle, store });
        }
    }

    /// Places passed so far that only read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.lock().passed.0
    }

    /// What was taken since this was last asked.
    pub(crate) fn take(&self) -> Vec<Fork> {
        std::mem::take(&mut self.lock().taken)
    }
}
