//! The tasks of a replay.

use capacity::task::Backlog;

/// Ticks ahead that a start may end: a delay is an hour at most ([`capacity::start`]).
const RING: usize = 512;

/// Tasks by what they do.
pub(super) struct Fleet {
    pub(super) desired: u32,
    /// Ordered and not running.
    pending: u32,
    /// Running and not healthy: they count in metrics and burn CPU.
    pub(super) booting: u32,
    serving: u32,
    /// Requests per second that one task serves, and all that serve; a part of it for each.
    service_rate: f64,
    capacity: f64,
    per_request: f64,
    pub(super) backlog: Backlog,
    /// Tasks that begin to run, and that become healthy, by tick.
    runs: Vec<u32>,
    heals: Vec<u32>,
}

impl Fleet {
    pub(super) fn new(tasks: u32, service_rate: f64) -> Self {
        let mut fleet = Self {
            service_rate,
            capacity: 0.0,
            per_request: 0.0,
            desired: tasks,
            pending: 0,
            booting: 0,
            serving: 0,
            backlog: Backlog::default(),
            runs: vec![0; RING],
            heals: vec![0; RING],
        };
        fleet.serve(tasks);
        fleet
    }

    /// Lets so many tasks serve.
    pub(super) fn serve(&mut self, tasks: u32) {
        self.serving = tasks;
        self.capacity = f64::from(tasks) * self.service_rate;
        self.per_request = if self.capacity > 0.0 { 1.0 / self.capacity } else { f64::INFINITY };
    }

    /// Tasks that serve.
    pub(super) const fn serving(&self) -> u32 {
        self.serving
    }

    /// Requests per second that they can serve.
    pub(super) const fn capacity(&self) -> f64 {
        self.capacity
    }

    /// The part of their CPU that `rate` requests per second take; infinite without any task.
    pub(super) fn utilisation(&self, rate: f64) -> f64 {
        if rate > 0.0 { rate * self.per_request } else { 0.0 }
    }

    pub(super) const fn running(&self) -> u32 {
        self.serving + self.booting
    }

    pub(super) const fn all(&self) -> u32 {
        self.serving + self.booting + self.pending
    }

    pub(super) fn arrive(&mut self, tick: usize) {
        let at = tick % RING;
        if let Some(runs) = self.runs.get_mut(at).filter(|runs| **runs > 0) {
            self.pending -= *runs;
            self.booting += *runs;
            *runs = 0;
        }
        if let Some(heals) = self.heals.get_mut(at).filter(|heals| **heals > 0) {
            self.booting -= *heals;
            let serving = self.serving + *heals;
            *heals = 0;
            self.serve(serving);
        }
    }

    /// Five groups of equal share, the rest with the slowest; `delays` in ticks to running and to
    /// healthy.
    pub(super) fn order(&mut self, tick: usize, tasks: u32, delays: [(usize, usize); 5]) {
        let share = tasks / 5;
        let mut left = tasks;
        for (group, (running, healthy)) in delays.into_iter().enumerate() {
            let group = if group == 4 { left } else { share };
            left -= group;
            for (ring, delay) in [(&mut self.runs, running), (&mut self.heals, healthy)] {
                if let Some(slot) = ring.get_mut((tick + delay) % RING) {
                    *slot += group;
                }
            }
            self.pending += group;
        }
    }
}
