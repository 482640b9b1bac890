//! The week that was held back: what a policy comes to on it, and under what may go wrong.

use capacity::scaling::PolicyRequest;
use model::Time;
use model::spec::{TaskStart, World};

use super::training::{Course, Missed, Scenario, Source};
use super::{Candidate, Inputs};
use crate::Error;
use crate::floors::Learn;
use crate::load::Load;
use crate::noise::Noise;
use crate::physics::Physics;
use crate::replay::Replay;
use crate::score::{Score, Summary};
use crate::shape::Names;
use crate::surges::Surges;

/// Chances that a week is judged by.
const SEEDS: u64 = 3;
/// What the week is tried with beside itself: the targets of capacity-and-scaling, section 4.
const SLIP_MINUTES: i32 = 4;
const MORE_LOAD: f64 = 1.2;
/// 90 s where the median is 50 s.
const SLOW_START: f64 = 1.8;
/// What is lost by chance and by rounding alone between two policies that are alike.
const ALIKE: f64 = 1.02;

/// Totals over several seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// As operators read them.
    pub summary: Summary,
    /// The worst seed's percent of slow requests.
    pub worst_slow_percent: f64,
}

/// One thing that may go wrong, and what the proposal then comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Stress {
    /// What goes wrong.
    pub what: String,
    /// The proposal with floors scheduled a week ahead.
    pub scheduled: Judged,
    /// The proposal with floors corrected by the level just before.
    pub live: Judged,
    /// The live policy.
    pub current: Option<Judged>,
}

/// What a proposal comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// On the week it was trained on.
    pub train: Judged,
    /// On the week held back, with floors scheduled from the week before.
    pub scheduled: Judged,
    /// With floors corrected by the level just before.
    pub live: Judged,
    /// Under what may go wrong.
    pub stress: Vec<Stress>,
}

/// Why a candidate is not proposed.
#[derive(Debug, Clone, PartialEq)]
pub enum Shortfall {
    /// It breaks the objective on the week held back.
    Slow {
        /// Percent of slow requests.
        percent: f64,
        /// What there may be.
        budget_percent: f64,
    },
    /// It costs more than the live policy, which keeps the objective.
    Dearer {
        /// Task-hours.
        hours: f64,
        /// Those of the live policy.
        current_hours: f64,
    },
    /// With floors missed it breaks the objective, and by more than the live policy does.
    Missed {
        /// What was missed.
        what: String,
        /// Percent of slow requests.
        percent: f64,
        /// Those of the live policy.
        current_percent: f64,
    },
}

impl std::fmt::Display for Shortfall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Slow { percent, budget_percent } => write!(
                f,
                "{percent:.2} % of requests are slow on the week held back, where {budget_percent:.2} % may be"
            ),
            Self::Dearer { hours, current_hours } => write!(
                f,
                "it takes {hours:.0} task-hours, where the current policy keeps the objective with {current_hours:.0}"
            ),
            Self::Missed { what, percent, current_percent } => write!(
                f,
                "with {what}, {percent:.2} % of requests are slow, and {current_percent:.2} % with the current policy"
            ),
        }
    }
}

/// The week held back.
pub(super) struct Judge<'a> {
    names: &'a Names,
    current: Option<&'a [PolicyRequest]>,
    train: Course,
    held_back: Course,
    /// What goes wrong, in the order of the scenarios after the first.
    stress: Vec<String>,
    end: Time,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        inputs: &'a Inputs<'_>,
        train: &Load,
        held_back: &Load,
    ) -> Result<Self, Error> {
        let physics = Physics::new(inputs.world)?;
        let slow = SLOW_START * inputs.world.start.median_s;
        let start = TaskStart { median_s: slow, ..inputs.world.start };
        let slow_start = Physics::new(&World { start, ..inputs.world.clone() })?;
        let surges = Surges::find(train, inputs.events);
        let expected = surges.expected(held_back.horizon(), inputs.events);
        let scenario = |load: Load, physics: &Physics, missed| Scenario {
            load,
            physics: physics.clone(),
            missed,
        };
        let mut scenarios = vec![scenario(held_back.clone(), &physics, Missed::None)];
        let mut stress = Vec::new();
        let mut add = |what: &str, load: Load, physics: &Physics, missed| {
            stress.push(what.to_owned());
            scenarios.push(scenario(load, physics, missed));
        };
        add("surges 4 minutes early", held_back.earlier(SLIP_MINUTES), &physics, Missed::None);
        add("surges 4 minutes late", held_back.earlier(-SLIP_MINUTES), &physics, Missed::None);
        add("20 % more load", held_back.scaled(MORE_LOAD), &physics, Missed::None);
        add(&format!("starts of {slow:.0} s"), held_back.clone(), &slow_start, Missed::None);
        if !expected.is_empty() {
            add("the floor of the highest surge missed", held_back.clone(), &physics, Missed::One);
            add("all floors missed", held_back.clone(), &physics, Missed::All);
        }
        // Other chances than those that candidates were trained with.
        let noises = noises(inputs.seed, "held back", held_back);
        let trained = Course {
            scenarios: vec![scenario(train.clone(), &physics, Missed::None)],
            expected: surges.expected(train.horizon(), inputs.events),
            surges: surges.clone(),
            learn: Learn::OtherDays,
            noises: noises.clone(),
        };
        let judged = Course { scenarios, surges, expected, learn: Learn::All, noises };
        let horizon = held_back.horizon();
        Ok(Self {
            names: &inputs.names,
            current: inputs.current,
            train: trained,
            held_back: judged,
            stress,
            end: horizon.at_minute(horizon.minutes),
        })
    }

    /// The end of the past.
    pub(super) const fn end(&self) -> Time {
        self.end
    }

    pub(super) fn held_back(&self) -> &Load {
        &self.first().load
    }

    pub(super) fn physics(&self) -> &Physics {
        &self.first().physics
    }

    fn first(&self) -> &Scenario {
        self.held_back.scenarios.first().expect("the week itself is the first scenario")
    }

    /// Refuses a world in which even the most tasks, all the time, break the objective.
    pub(super) fn check_hope(&self) -> Result<(), Error> {
        let physics = self.physics();
        let most = World { min: physics.world.max, ..physics.world.clone() };
        let most = Physics::new(&most)?;
        let noise = self.held_back.noises.first().expect("a week is judged by some chances");
        let score = Replay::new(&most, self.held_back(), noise).score(&[])?;
        if score.slow_fraction() <= physics.budget() {
            return Ok(());
        }
        Err(Error::Hopeless {
            problem: format!(
                "with all {} tasks all the time {:.2} % of requests are slow; the peak needs {}",
                physics.world.max,
                100.0 * score.slow_fraction(),
                physics.tasks_for(self.held_back().peak()),
            ),
            remedy: "raise `max`, or make the task faster",
        })
    }

    /// The live policy on the week itself.
    pub(super) fn current(&self) -> Result<Option<Judged>, Error> {
        let Some(current) = self.current else { return Ok(None) };
        self.judged(&self.held_back, self.first(), current).map(Some)
    }

    /// The requests of a candidate for the week.
    pub(super) fn policy(
        &self,
        candidate: &Candidate,
        source: Source,
        missed: Missed,
    ) -> Vec<PolicyRequest> {
        let scenario = Scenario { missed, ..self.first().clone() };
        self.held_back.policy(candidate, &scenario, source, self.names)
    }

    /// What a candidate comes to; `live` is its variant with corrected floors.
    pub(super) fn prove(&self, candidate: &Candidate, live: &Candidate) -> Result<Proof, Error> {
        let on = |course: &Course, scenario: &Scenario, candidate: &Candidate, source| {
            let policy = course.policy(candidate, scenario, source, self.names);
            self.judged(course, scenario, &policy)
        };
        let trained = self.train.scenarios.first().expect("the week itself is a scenario");
        let mut stress = Vec::new();
        for (what, scenario) in self.stress.iter().zip(self.held_back.scenarios.iter().skip(1)) {
            let current =
                self.current.map(|current| self.judged(&self.held_back, scenario, current));
            stress.push(Stress {
                what: what.clone(),
                scheduled: on(&self.held_back, scenario, candidate, Source::Static)?,
                live: on(&self.held_back, scenario, live, Source::Live)?,
                current: current.transpose()?,
            });
        }
        Ok(Proof {
            train: on(&self.train, trained, candidate, Source::Static)?,
            scheduled: on(&self.held_back, self.first(), candidate, Source::Static)?,
            live: on(&self.held_back, self.first(), live, Source::Live)?,
            stress,
        })
    }

    fn judged(
        &self,
        course: &Course,
        scenario: &Scenario,
        policy: &[PolicyRequest],
    ) -> Result<Judged, Error> {
        let score = |noise| course.score(policy, scenario, noise);
        let scores = course.noises.iter().map(score).collect::<Result<Vec<Score>, Error>>()?;
        let vcpu = scenario.physics.world.vcpu;
        Ok(Judged {
            summary: Summary::mean(&scores, vcpu).expect("a week is judged by some chances"),
            worst_slow_percent: 100.0 * highest(&scores).0,
        })
    }

    /// Why a candidate is not better than what there is; empty where it is.
    pub(super) fn shortfalls(&self, candidate: &Candidate) -> Result<Vec<Shortfall>, Error> {
        let on = |scenario: &Scenario| {
            let policy = self.held_back.policy(candidate, scenario, Source::Static, self.names);
            self.judged(&self.held_back, scenario, &policy)
        };
        let budget_percent = 100.0 * self.physics().budget();
        let mut shortfalls = Vec::new();
        let itself = on(self.first())?.summary;
        if itself.slow_percent > budget_percent {
            shortfalls.push(Shortfall::Slow { percent: itself.slow_percent, budget_percent });
        }
        let Some(current) = self.current()? else { return Ok(shortfalls) };
        let (hours, current_hours) = (itself.task_hours, current.summary.task_hours);
        let current_percent = current.summary.slow_percent;
        if current_percent <= budget_percent && hours >= current_hours {
            shortfalls.push(Shortfall::Dearer { hours, current_hours });
        }
        if candidate.floors.is_none() {
            return Ok(shortfalls);
        }
        for (what, scenario) in self.stress.iter().zip(self.held_back.scenarios.iter().skip(1)) {
            if scenario.missed == Missed::None {
                continue;
            }
            let percent = on(scenario)?.summary.slow_percent;
            if percent > budget_percent.max(ALIKE * current_percent) {
                let what = what.clone();
                shortfalls.push(Shortfall::Missed { what, percent, current_percent });
            }
        }
        Ok(shortfalls)
    }
}

/// Chances of a purpose of their own.
fn noises(seed: u64, purpose: &str, load: &Load) -> Vec<Noise> {
    let mut seeds = sampling::Generator::new(seed).fork(purpose);
    (0..SEEDS).map(|_| Noise::new(seeds.word(), load.ticks().len())).collect()
}

/// The totals of a policy on a course's week itself, with each of its chances.
pub(super) fn scores(course: &Course, policy: &[PolicyRequest]) -> Result<Vec<Score>, Error> {
    let Some(scenario) = course.scenarios.first() else { return Ok(Vec::new()) };
    course.noises.iter().map(|noise| course.score(policy, scenario, noise)).collect()
}

/// The highest part of slow requests, and the most bad minutes.
pub(super) fn highest(scores: &[Score]) -> (f64, f64) {
    let slow = scores.iter().map(Score::slow_fraction).fold(0.0, f64::max);
    let bad = scores.iter().map(|score| f64::from(score.bad_minutes)).fold(0.0, f64::max);
    (slow, bad)
}
