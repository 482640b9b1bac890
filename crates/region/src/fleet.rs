//! The tasks of one service: launched, running, healthy, draining.
//!
//! Tasks are counted, not kept one by one: six hundred tasks move through five counts and three
//! rings of future ticks. When a launch is allowed, where it finds room and how long it takes is
//! `capacity::start`'s.

use capacity::start::{LaunchRate, Room, StartModel};
use model::{Span, Time};
use sampling::Generator;

use crate::Error;
use crate::spec::StartSpec;

/// Length of a tick in seconds: alarms of high resolution are evaluated every ten seconds, so
/// nothing in AWS decides faster.
pub(crate) const TICK_SECONDS: f64 = 10.0;
const TICK_MILLIS: u64 = 10_000;

/// Ticks a start may take: an hour, after which `capacity` says it has failed.
const RING: usize = 512;
const DRAIN_RING: usize = 64;
/// Start delays of one tick's launches vary together by this: image pulls meet the same registry.
const BATCH_SIGMA: f64 = 0.15;
/// Launches of one tick start in five equal groups, each at the middle of its fifth.
const GROUPS: u32 = 5;
/// How long the balancer takes to give up on a task without network, and ECS to replace it.
const UNHEALTHY_TICKS: u8 = 6;

/// The tasks of one service.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    model: StartModel,
    rate: LaunchRate,
    room: Option<Room>,
    boot_vcpu_each: f64,
    drain_ticks: usize,
    /// Healthy behind the balancer.
    pub(crate) serving: u32,
    /// Running, failing health checks.
    pub(crate) unhealthy: u32,
    unhealthy_ticks: u8,
    /// Running, not yet healthy.
    pub(crate) booting: u32,
    /// Launched, not yet running.
    pub(crate) pending: u32,
    /// On their way out.
    pub(crate) draining: u32,
    run_at: Vec<u16>,
    ready_at: Vec<u16>,
    gone_at: Vec<u16>,
    tick: usize,
    draws: Generator,
}

/// Whether new tasks can be launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Launches {
    /// As usual.
    Possible,
    /// There is no place for them.
    Unplaced,
    /// They are launched and die before they run.
    Die,
}

impl Fleet {
    pub(crate) fn new(
        start: &StartSpec,
        serving: u32,
        now: Time,
        draws: Generator,
    ) -> Result<Self, Error> {
        let capacity = |source| Error::Capacity { part: "start".to_owned(), source };
        Ok(Self {
            model: StartModel::new(start.delays).map_err(capacity)?,
            rate: LaunchRate::new(start.limits, now),
            room: start.room.map(Room::new).transpose().map_err(capacity)?,
            boot_vcpu_each: start.boot_vcpu,
            drain_ticks: ticks(start.drain.as_millis()).clamp(1, DRAIN_RING - 1),
            serving,
            unhealthy: 0,
            unhealthy_ticks: 0,
            booting: 0,
            pending: 0,
            draining: 0,
            run_at: vec![0; RING],
            ready_at: vec![0; RING],
            gone_at: vec![0; DRAIN_RING],
            tick: 0,
            draws,
        })
    }

    pub(crate) const fn running(&self) -> u32 {
        self.serving + self.booting + self.unhealthy
    }

    pub(crate) const fn drain(&self) -> Span {
        Span::from_millis(self.drain_ticks as u64 * TICK_MILLIS)
    }

    const fn total(&self) -> u32 {
        self.running() + self.pending
    }

    /// One tick that begins at `now`: starts that are due, then launches or stops towards
    /// `desired`.
    pub(crate) fn step(&mut self, now: Time, desired: u32, launches: Launches) {
        self.tick += 1;
        self.arrive(launches);
        let total = self.total();
        if desired > total {
            if launches != Launches::Unplaced {
                self.launch(now, desired - total);
            }
        } else if desired < total {
            self.stop(total - desired);
        }
    }

    fn arrive(&mut self, launches: Launches) {
        let slot = self.tick % RING;
        let running = u32::from(take(&mut self.run_at, slot)).min(self.pending);
        self.pending -= running;
        if launches == Launches::Die {
            // They never get as far as running, so they never get healthy either.
            self.forget_ready(running);
        } else {
            self.booting += running;
        }
        let ready = u32::from(take(&mut self.ready_at, slot)).min(self.booting);
        self.booting -= ready;
        self.serving += ready;
        let gone = u32::from(take(&mut self.gone_at, self.tick % DRAIN_RING));
        self.draining -= gone.min(self.draining);
        if self.unhealthy > 0 {
            self.unhealthy_ticks = self.unhealthy_ticks.saturating_sub(1);
            if self.unhealthy_ticks == 0 {
                self.unhealthy = 0;
            }
        }
    }

    fn forget_ready(&mut self, mut count: u32) {
        for ahead in 0..RING {
            if count == 0 {
                break;
            }
            let Some(slot) = self.ready_at.get_mut((self.tick + ahead) % RING) else { break };
            let taken = u16::try_from(count).unwrap_or(u16::MAX).min(*slot);
            *slot -= taken;
            count -= u32::from(taken);
        }
    }

    fn launch(&mut self, now: Time, wanted: u32) {
        let placed = self.total();
        let fits = match &mut self.room {
            Some(room) => room.place(now, placed, wanted, self.draws.uniform()),
            None => wanted,
        };
        let count = self.rate.take(now, fits);
        if count == 0 {
            return;
        }
        let factor = libm::exp(BATCH_SIGMA * self.draws.standard_normal());
        for group in 0..GROUPS {
            let size = (count * (group + 1)) / GROUPS - (count * group) / GROUPS;
            if size > 0 {
                let uniform = (f64::from(group) + 0.5) / f64::from(GROUPS);
                let times = self.model.times(now, uniform, factor);
                let run = ticks(times.running.since(now).as_millis()).clamp(1, RING - 2);
                let ready = ticks(times.healthy.since(now).as_millis()).clamp(run + 1, RING - 1);
                put(&mut self.run_at, (self.tick + run) % RING, size);
                put(&mut self.ready_at, (self.tick + ready) % RING, size);
            }
        }
        self.pending += count;
    }

    /// Stops healthy tasks, the balancer draining them; starting ones are left to start.
    fn stop(&mut self, count: u32) {
        let count = count.min(self.serving);
        self.serving -= count;
        self.draining += count;
        put(&mut self.gone_at, (self.tick + self.drain_ticks) % DRAIN_RING, count);
    }

    /// Healthy tasks die at once.
    pub(crate) fn kill(&mut self, count: u32) {
        self.serving -= count.min(self.serving);
    }

    /// Healthy tasks lose the network and fail their checks until they are replaced.
    pub(crate) fn isolate(&mut self, count: u32) {
        let count = count.min(self.serving);
        self.serving -= count;
        self.unhealthy += count;
        self.unhealthy_ticks = UNHEALTHY_TICKS;
    }

    /// vCPU that starting tasks use.
    pub(crate) fn boot_vcpu(&self) -> f64 {
        f64::from(self.booting) * self.boot_vcpu_each
    }
}

fn take(ring: &mut [u16], slot: usize) -> u16 {
    ring.get_mut(slot).map(std::mem::take).unwrap_or(0)
}

fn put(ring: &mut [u16], slot: usize, count: u32) {
    if let Some(slot) = ring.get_mut(slot) {
        *slot = slot.saturating_add(u16::try_from(count).unwrap_or(u16::MAX));
    }
}

/// Whole ticks until after `millis`.
fn ticks(millis: u64) -> usize {
    usize::try_from(millis.div_ceil(TICK_MILLIS)).unwrap_or(usize::MAX)
}
