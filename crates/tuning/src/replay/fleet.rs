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
    pub(super) serving: u32,
    pub(super) backlog: Backlog,
    /// Tasks that begin to run, and that become healthy, by tick.
    runs: Vec<u32>,
    heals: Vec<u32>,
}

impl Fleet {
    pub(super) fn new(tasks: u32) -> Self {
        Self {
            desired: tasks,
            pending: 0,
            booting: 0,
            serving: tasks,
            backlog: Backlog::default(),
            runs: vec![0; RING],
            heals: vec![0; RING],
        }
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
            self.serving += *heals;
            *heals = 0;
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

