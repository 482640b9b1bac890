//! The tasks of one service: launched, running, healthy, draining.
//!
//! Tasks are counted, not kept one by one: six hundred tasks move through four counts and two
//! rings of future ticks.

use sampling::{Generator, quantile};

use crate::spec::StartSpec;

/// Length of a tick in seconds: alarms of high resolution are evaluated every ten seconds, so
/// nothing in AWS decides faster.
pub(crate) const TICK_SECONDS: f64 = 10.0;

/// Ticks a start may take: an instance that has to be launched first takes five minutes.
const RING: usize = 128;
/// A start that takes no room on the instances waits for one: an alarm of one to three minutes,
/// then 150 s until the instance is there (capacity-and-scaling 2.3).
const ROOM_ALARM_SECONDS: (f64, f64) = (60.0, 180.0);
const INSTANCE_SECONDS: f64 = 150.0;
/// Start delays of one tick's launches vary together by this: image pulls meet the same registry.
const BATCH_SIGMA: f64 = 0.15;
/// Launches of one tick start in five equal groups at these quantiles.
const GROUPS: u32 = 5;
/// How long the balancer takes to give up on a task without network: checks of two misses.
const UNHEALTHY_TICKS: u8 = 6;

/// The tasks of one service.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    start: StartSpec,
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
    run_at: [u16; RING],
    ready_at: [u16; RING],
    gone_at: [u16; 32],
    tick: usize,
    draws: Generator,
}

impl Fleet {
    pub(crate) fn new(start: StartSpec, serving: u32, draws: Generator) -> Self {
        Self {
            drain_ticks: ticks(start.drain_seconds).min(31),
            start,
            serving,
            unhealthy: 0,
            unhealthy_ticks: 0,
            booting: 0,
            pending: 0,
            draining: 0,
            run_at: [0; RING],
            ready_at: [0; RING],
            gone_at: [0; 32],
            tick: 0,
            draws,
        }
    }

    pub(crate) const fn running(&self) -> u32 {
        self.serving + self.booting + self.unhealthy
    }

    const fn total(&self) -> u32 {
        self.running() + self.pending
    }

    /// One tick: starts that are due, then launches or stops towards `desired`.
    pub(crate) fn step(&mut self, desired: u32, launches: Launches) {
        self.tick += 1;
        self.arrive(launches);
        let total = self.total();
        if desired > total {
            if launches != Launches::Unplaced {
                self.launch((desired - total).min(self.start.launches_per_10s));
            }
        } else if desired < total {
            self.stop(total - desired);
        }
    }

    fn arrive(&mut self, launches: Launches) {
        let slot = self.tick % RING;
        let running = u32::from(std::mem::take(&mut self.run_at[slot]));
        self.pending -= running.min(self.pending);
        if launches == Launches::Die {
            // They never get as far as running: take their place among the ready away as well.
            self.forget_ready(running);
        } else {
            self.booting += running;
        }
        let ready = u32::from(std::mem::take(&mut self.ready_at[slot])).min(self.booting);
        self.booting -= ready;
        self.serving += ready;
        let gone = u32::from(std::mem::take(&mut self.gone_at[self.tick % 32]));
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
            let slot = &mut self.ready_at[(self.tick + ahead) % RING];
            let taken = u32::from(*slot).min(count);
            *slot -= u16::try_from(taken).unwrap_or(*slot);
            count -= taken;
            if count == 0 {
                break;
            }
        }
    }

    fn launch(&mut self, count: u32) {
        let batch = libm::exp(BATCH_SIGMA * self.draws.standard_normal());
        let wait = self.start.room.filter(|room| self.total() + count > *room).map(|room| {
            let alarm = self.draws.uniform_between(ROOM_ALARM_SECONDS.0, ROOM_ALARM_SECONDS.1);
            (room.saturating_sub(self.total()).min(count), alarm + INSTANCE_SECONDS)
        });
        let mut placed = 0;
        for group in 0..GROUPS {
            let size = (count * (group + 1)) / GROUPS - (count * group) / GROUPS;
            if size == 0 {
                continue;
            }
            let uniform = (f64::from(group) + 0.5) / f64::from(GROUPS);
            let spread = libm::exp(self.start.sigma * quantile::normal(uniform));
            let mut seconds = self.start.median_seconds * spread * batch;
            if let Some((room, wait)) = wait
                && placed >= room
            {
                seconds += wait;
            }
            placed += size;
            self.schedule(size, seconds);
        }
        self.pending += count;
    }

    fn schedule(&mut self, size: u32, seconds: f64) {
        let size = u16::try_from(size).unwrap_or(u16::MAX);
        let run = ticks(seconds).clamp(1, RING - 2);
        let ready = ticks(seconds + self.start.health_seconds).clamp(run + 1, RING - 1);
        self.run_at[(self.tick + run) % RING] += size;
        self.ready_at[(self.tick + ready) % RING] += size;
    }

    /// Stops healthy tasks, the balancer draining them; starting ones are left to start.
    fn stop(&mut self, count: u32) {
        let count = count.min(self.serving);
        self.serving -= count;
        self.drain(count);
    }

    fn drain(&mut self, count: u32) {
        self.draining += count;
        let slot = &mut self.gone_at[(self.tick + self.drain_ticks.max(1)) % 32];
        *slot = slot.saturating_add(u16::try_from(count).unwrap_or(u16::MAX));
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
        f64::from(self.booting) * self.start.boot_vcpu
    }
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a delay in ticks, clamped by the callers; `as` saturates"
)]
fn ticks(seconds: f64) -> usize {
    libm::ceil(seconds / TICK_SECONDS) as usize
}
