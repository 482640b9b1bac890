//! What a candidate is tried on: perturbed weeks with the same chances for all.

use capacity::scaling::PolicyRequest;
use model::spec::World;

use super::Candidate;
use crate::Error;
use crate::floors::{Learn, Level, scheduled};
use crate::load::Load;
use crate::noise::Noise;
use crate::physics::Physics;
use crate::replay::Replay;
use crate::score::Score;
use crate::shape::Names;
use crate::surges::{Event, Occurrence, Surges};

/// Which floors fail to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// None.
    None,
    /// That of the highest surge.
    One,
    /// All.
    All,
}

/// One variant of the week.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) load: Load,
    pub(super) physics: Physics,
    pub(super) missed: Missed,
}

/// Where floors take their level from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The past alone: scheduled a week ahead.
    Static,
    /// Corrected by the level just before.
    Live,
}

/// A week with its surges, in variants.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) scenarios: Vec<Scenario>,
    pub(super) surges: Surges,
    pub(super) expected: Vec<Occurrence>,
    pub(super) learn: Learn,
    pub(super) noises: Vec<Noise>,
}

/// By how many minutes surges may be early or late in training: what floors have to hold under.
const SLIP_MINUTES: i32 = 4;
/// How much more load, or CPU for a request, there may be.
const MORE: f64 = 1.05;

impl Course {
    /// The week to train on: as it was, surges early and late, more load, dearer requests; and
    /// with floors missed.
    pub(super) fn training(
        world: &World,
        load: &Load,
        events: &[Event],
        seed: u64,
    ) -> Result<Self, Error> {
        let physics = Physics::new(world)?;
        let dearer = World { cpu_ms_per_request: world.cpu_ms_per_request * MORE, ..world.clone() };
        let dearer = Physics::new(&dearer)?;
        let surges = Surges::find(load, events);
        let expected = surges.expected(load.horizon(), events);
        let scenario = |load: Load, physics: &Physics, missed| Scenario {
            load,
            physics: physics.clone(),
            missed,
        };
        // What fails most candidates comes first: those are then tried on nothing else.
        let mut scenarios = vec![scenario(load.clone(), &physics, Missed::None)];
        if !expected.is_empty() {
            scenarios.push(scenario(load.clone(), &physics, Missed::All));
        }
        scenarios.extend([
            scenario(load.clone(), &dearer, Missed::None),
            scenario(load.earlier(SLIP_MINUTES), &physics, Missed::None),
            scenario(load.earlier(-SLIP_MINUTES), &physics, Missed::None),
            scenario(load.scaled(MORE), &physics, Missed::None),
        ]);
        if !expected.is_empty() {
            scenarios.push(scenario(load.clone(), &physics, Missed::One));
        }
        let noises = vec![Noise::new(seed, load.ticks().len())];
        Ok(Self { scenarios, surges, expected, learn: Learn::OtherDays, noises })
    }

    /// The requests of a candidate in one scenario.
    pub(super) fn policy(
        &self,
        candidate: &Candidate,
        scenario: &Scenario,
        source: Source,
        names: &Names,
    ) -> Vec<PolicyRequest> {
        let mut policy = candidate.shape.requests(names);
        let Some(floors) = candidate.floors else { return policy };
        let mut expected = self.expected.clone();
        match scenario.missed {
            Missed::None => {}
            Missed::One => self.miss_the_highest(&mut expected),
            Missed::All => expected.clear(),
        }
        let level = match source {
            Source::Static => Level::Past,
            Source::Live => Level::Live(&scenario.load),
        };
        // Who sets floors knows the fitted world, not what the scenario made of it.
        let Some(known) = self.scenarios.first() else { return policy };
        let minimums = floors.minimums(&known.physics, &self.surges, &expected, self.learn, level);
        policy.extend(scheduled(scenario.load.horizon(), &minimums, names));
        policy
    }

    /// The floor that is missed is that before the highest minute of all.
    fn miss_the_highest(&self, expected: &mut Vec<Occurrence>) {
        let rates = self.scenarios.first().map_or(&[][..], |first| first.load.minutes());
        let peak = |occurrence: &Occurrence| {
            let minutes = rates.iter().skip(occurrence.minute).take(5);
            minutes.copied().fold(0.0, f64::max)
        };
        let highest = expected.iter().map(peak).fold(0.0, f64::max);
        if let Some(at) = expected.iter().position(|o| peak(o) >= highest) {
            expected.remove(at);
        }
    }

    /// The totals of a policy in one scenario and with one of the noises.
    pub(super) fn score(
        &self,
        policy: &[PolicyRequest],
        scenario: &Scenario,
        noise: &Noise,
    ) -> Result<Score, Error> {
        Replay::new(&scenario.physics, &scenario.load, noise).score(policy)
    }
}
