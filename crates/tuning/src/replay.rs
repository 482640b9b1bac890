//! One policy under one load in one world, in ticks of ten seconds.
//!
//! ```text
//! rate ─> tasks that serve ─> slow requests, backlog ─> score
//!              │  CPU, noise
//!              ▼
//!         datapoints, late ─> capacity::scaling ─> desired count ─> starts, stops
//! ```
//!
//! Scaling is what [`capacity`] does with the requests of the policy, so that a replay, a
//! rehearsal and the simulated region know one AWS. What is left here is a fluid: equal tasks,
//! and five starts of equal share for the lognormal delay.

mod feed;
mod fleet;

use capacity::alarm::Datapoint;
use capacity::scaling::{
    Inputs, Outcome, PolicyRequest, RegisterScalableTarget, SCALABLE_DIMENSION, SERVICE_NAMESPACE,
    ScalableTarget, Semantics,
};
use model::Span;

use crate::Error;
use crate::load::{Load, MINUTE_TICKS, TICK_SECONDS, WARM_TICKS};
use crate::noise::Noise;
use crate::physics::{Physics, START_QUANTILES};
use crate::score::Score;
use feed::feeds;
use fleet::Fleet;

const SECONDS: f64 = TICK_SECONDS as f64;
/// What a policy without policies and scheduled actions is about.
pub(crate) const RESOURCE_ID: &str = "service/cluster/service";
/// More slow requests than this make a minute bad.
const BAD_MINUTE: f64 = 0.05;

/// What of a minute is shown and compared with records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minute {
    /// Requests per second, a mean.
    pub rate: f64,
    /// Tasks that were wanted at its end.
    pub desired: u32,
    /// Tasks that served at its end.
    pub serving: u32,
    /// The part of its requests that were slow; 0 where there was none.
    pub slow_fraction: f64,
}

/// A world and its chances, against which policies are replayed.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    physics: &'a Physics,
    load: &'a Load,
    noise: &'a Noise,
    semantics: Semantics,
    /// Of the five starts.
    stretches: [f64; 5],
}

impl<'a> Replay<'a> {
    /// Of `load` in the world of `physics`, with the chances of `noise`.
    #[must_use]
    pub fn new(physics: &'a Physics, load: &'a Load, noise: &'a Noise) -> Self {
        let stretches = START_QUANTILES.map(|quantile| physics.start.stretch(quantile));
        Self { physics, load, noise, semantics: physics.semantics(), stretches }
    }

    /// With other answers to what AWS leaves open.
    #[must_use]
    pub const fn with_semantics(mut self, semantics: Semantics) -> Self {
        self.semantics = semantics;
        self
    }

    /// The totals of `policy`.
    ///
    /// # Errors
    /// [`Error::Policy`] for what AWS refuses, [`Error::NotModelled`] for metrics other than the
    /// service's mean CPU and its requests per target.
    pub fn score(&self, policy: &[PolicyRequest]) -> Result<Score, Error> {
        self.run(policy, |_| ())
    }

    /// The totals of `policy` and each of its minutes.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn minutes(&self, policy: &[PolicyRequest]) -> Result<(Score, Vec<Minute>), Error> {
        let mut minutes = Vec::with_capacity(self.load.minutes().len());
        let score = self.run(policy, |minute| minutes.push(minute))?;
        Ok((score, minutes))
    }

    fn run(&self, policy: &[PolicyRequest], mut each: impl FnMut(Minute)) -> Result<Score, Error> {
        let mut target = self.target(policy)?;
        let mut feeds = feeds(&target, self.physics, self.load, self.semantics)?;
        let mut fleet = Fleet::new(self.initial_tasks(&target), self.physics.service_rate());
        let mut score = Score::default();
        let mut minute = Tally::default();
        let mut datapoints = Vec::with_capacity(feeds.len());
        for (tick, rate) in self.load.ticks().iter().copied().enumerate() {
            fleet.arrive(tick);
            datapoints.clear();
            for feed in &mut feeds {
                feed.publish(tick, &mut datapoints);
            }
            let actions = self.scale(tick, &mut target, &mut fleet, &datapoints);
            let drained = self.launch_or_stop(tick, &mut fleet);
            let served = self.serve(rate, &mut fleet);
            let noise = self.noise.metric.get(tick).copied().unwrap_or(0.0);
            let used = served.used * (1.0 + self.physics.world.metric.noise * noise);
            for feed in &mut feeds {
                feed.measure(tick, self.load, (used, rate), &fleet);
            }
            minute.slow += served.slow;
            minute.requests += rate * SECONDS;
            let ends = tick % MINUTE_TICKS == MINUTE_TICKS - 1;
            if tick >= WARM_TICKS {
                score.actions += actions;
                score.slow += served.slow;
                score.requests += rate * SECONDS;
                score.task_seconds += f64::from(fleet.all()) * SECONDS + drained;
                score.peak_tasks = score.peak_tasks.max(fleet.serving());
                score.bad_minutes += u32::from(ends && minute.slow_fraction() > BAD_MINUTE);
            }
            if ends {
                each(minute.end(&fleet));
            }
        }
        Ok(score)
    }

    /// The scalable target with the policy in place; scheduled actions of the past have fired.
    fn target(&self, policy: &[PolicyRequest]) -> Result<ScalableTarget, Error> {
        let world = &self.physics.world;
        let register = RegisterScalableTarget {
            service_namespace: SERVICE_NAMESPACE.to_owned(),
            resource_id: resource_id(policy).to_owned(),
            scalable_dimension: SCALABLE_DIMENSION.to_owned(),
            min_capacity: Some(world.min),
            max_capacity: Some(world.max),
            suspended_state: None,
        };
        let mut target =
            ScalableTarget::register(&register, self.semantics).map_err(Error::Policy)?;
        // A scheduled action at the very start still fires.
        let before = self.load.start() - Span::from_millis(1);
        for request in policy {
            target.put(request.clone(), before).map_err(Error::Policy)?;
        }
        Ok(target)
    }

    /// As many as the first load needs: what came before is not known.
    fn initial_tasks(&self, target: &ScalableTarget) -> u32 {
        let (min, max) = target.bounds();
        let first = self.load.ticks().first().copied().unwrap_or(0.0);
        self.physics.tasks_for(first).clamp(min, max)
    }

    /// Lets the target decide; the actions it took.
    fn scale(
        &self,
        tick: usize,
        target: &mut ScalableTarget,
        fleet: &mut Fleet,
        datapoints: &[Datapoint],
    ) -> u32 {
        let now = self.load.at_tick(tick);
        let inputs = Inputs {
            running: fleet.running(),
            desired: fleet.desired,
            deployment_in_progress: false,
            datapoints,
        };
        let pass = target.evaluate(now, &inputs);
        fleet.desired = pass.desired;
        let scaled = pass.activities.iter().filter(|a| matches!(a.outcome, Outcome::Scaled { .. }));
        u32::try_from(scaled.count()).unwrap_or(u32::MAX)
    }

    /// Orders what is missing or stops what is too much; the seconds of drain that are billed.
    fn launch_or_stop(&self, tick: usize, fleet: &mut Fleet) -> f64 {
        let (wanted, all) = (fleet.desired, fleet.all());
        if wanted == all {
            return 0.0;
        }
        if wanted > all {
            let orders = (wanted - all).min(self.physics.world.start.launches_per10s);
            let together = self.noise.stretch.get(tick).copied().unwrap_or(1.0);
            fleet.order(
                tick,
                orders,
                self.stretches.map(|s| self.physics.start_ticks(s * together)),
            );
            return 0.0;
        }
        // Only tasks that serve are stopped, and one of them stays while others start.
        let stopped = (all - wanted).min(fleet.serving().saturating_sub(1));
        if stopped > 0 {
            fleet.serve(fleet.serving() - stopped);
        }
        f64::from(stopped) * self.physics.world.drain_s
    }

    /// What a tick's requests meet.
    fn serve(&self, rate: f64, fleet: &mut Fleet) -> Served {
        let world = &self.physics.world;
        let step = fleet.backlog.step(rate, fleet.capacity(), SECONDS, world.timeout_s);
        let utilisation = fleet.utilisation(rate);
        let fraction = self.physics.slow.slow_fraction(utilisation, step.delay_seconds);
        let arrived = rate * SECONDS;
        let slow = (fraction * arrived + step.dropped * (1.0 - fraction)).min(arrived);
        let busy = utilisation >= 1.0 || !fleet.backlog.is_empty();
        let per_task = if busy {
            world.vcpu
        } else {
            world.idle_vcpu + utilisation * (world.vcpu - world.idle_vcpu)
        };
        let used = f64::from(fleet.serving()) * per_task;
        Served { slow, used: used + f64::from(fleet.booting) * world.boot_vcpu }
    }
}

/// The service that the policy is about; one that names none is about any.
#[must_use]
pub fn resource_id<'a>(policy: &'a [PolicyRequest]) -> &'a str {
    let of = |request: &'a PolicyRequest| match request {
        PolicyRequest::PutScalingPolicy(policy) => Some(policy.resource_id.as_str()),
        PolicyRequest::PutScheduledAction(action) => Some(action.resource_id.as_str()),
        PolicyRequest::PutMetricAlarm(_) => None,
    };
    policy.iter().find_map(of).unwrap_or(RESOURCE_ID)
}

struct Served {
    /// Requests that were slow or gave up.
    slow: f64,
    /// vCPU in use.
    used: f64,
}

/// Requests of a minute so far.
#[derive(Default)]
struct Tally {
    slow: f64,
    requests: f64,
}

impl Tally {
    fn slow_fraction(&self) -> f64 {
        if self.requests > 0.0 { self.slow / self.requests } else { 0.0 }
    }

    fn end(&mut self, fleet: &Fleet) -> Minute {
        let slow_fraction = self.slow_fraction();
        let rate = self.requests / 60.0;
        *self = Self::default();
        Minute { rate, desired: fleet.desired, serving: fleet.serving(), slow_fraction }
    }
}
