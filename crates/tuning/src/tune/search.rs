//! Random search, then mutation of the best, with the same chances for every candidate.

use std::collections::BTreeMap;

use sampling::Generator;

use super::candidate::{Draw, Family};
use super::training::{Course, Missed, Source};
use super::{Candidate, Effort};
use crate::Error;
use crate::score::Score;
use crate::shape::Names;

/// Parents kept of each family.
const ELITE: usize = 6;
/// Training may spend this part of the budget of slow requests, in the worst of its scenarios. With
/// requests 5 % dearer that leaves a week as it was about a quarter of the budget.
const BUDGET_PART: f64 = 0.95;
/// How heavily a budget that is overdrawn weighs against task-hours.
const OVERDRAFT: f64 = 20.0;
/// A candidate that is this much worse than the last of the elite after its first scenario is not
/// tried on the others.
const HOPELESS: f64 = 1.02;
/// How wide the last mutations still are.
const WIDTH_MIN: f64 = 0.15;
/// Missed floors must stay this far below what the live policy comes to: the next week is not the
/// same.
const MISSED_PART: f64 = 0.92;
/// Minutes of a week that may be bad.
const BAD_MINUTES: f64 = 8.0;
/// How heavily each bad minute beyond weighs.
const BAD_MINUTE: f64 = 0.002;

/// What a candidate came to in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trained {
    pub(super) candidate: Candidate,
    pub(super) objective: f64,
}

/// What missed floors must not exceed: the live policy's own slow requests and bad minutes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) slow_fraction: f64,
    pub(super) bad_minutes: f64,
}

pub(super) struct Search<'a> {
    pub(super) course: &'a Course,
    pub(super) source: Source,
    pub(super) limit: Option<Limit>,
    pub(super) names: &'a Names,
    pub(super) budget: f64,
    best: BTreeMap<Family, Vec<Trained>>,
    /// Weeks replayed.
    pub(super) replayed: u64,
}

impl<'a> Search<'a> {
    pub(super) const fn new(
        course: &'a Course,
        source: Source,
        limit: Option<Limit>,
        names: &'a Names,
        budget: f64,
    ) -> Self {
        Self { course, source, limit, names, budget, best: BTreeMap::new(), replayed: 0 }
    }

    /// Tries candidates of one family: first any, then some like the best.
    pub(super) fn explore(
        &mut self,
        family: Family,
        effort: Effort,
        draw: &mut Draw,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), Error> {
        for _ in 0..effort.random {
            let candidate = draw.any(family);
            self.try_out(candidate)?;
            progress(self.replayed);
        }
        for turn in 0..effort.mutations {
            let Some(parent) = self.parent(family, &mut draw.chance) else { break };
            let left = 1.0 - f64::from(turn) / f64::from(effort.mutations.max(1));
            let child = draw.like(&parent, WIDTH_MIN + (1.0 - WIDTH_MIN) * left);
            self.try_out(child)?;
            progress(self.replayed);
        }
        Ok(())
    }

    /// The best of each family, the best of all first.
    pub(super) fn best(&self) -> Vec<Trained> {
        let mut best: Vec<Trained> =
            self.best.values().filter_map(|elite| elite.first().copied()).collect();
        best.sort_by(|a, b| a.objective.total_cmp(&b.objective));
        best
    }

    /// All that are kept, the best first.
    pub(super) fn all(&self) -> Vec<Trained> {
        let mut all: Vec<Trained> = self.best.values().flatten().copied().collect();
        all.sort_by(|a, b| a.objective.total_cmp(&b.objective));
        all
    }

    fn parent(&self, family: Family, chance: &mut Generator) -> Option<Candidate> {
        let elite = self.best.get(&family)?;
        // The better of two: the front of the list is tried more often.
        let first = chance.below(elite.len() as u64).min(chance.below(elite.len() as u64));
        elite.get(usize::try_from(first).unwrap_or(0)).map(|trained| trained.candidate)
    }

    /// Trains one candidate and keeps it where it is among the best of its family.
    pub(super) fn try_out(&mut self, candidate: Candidate) -> Result<(), Error> {
        let known = self.best.get(&candidate.family());
        if known.is_some_and(|elite| elite.iter().any(|other| other.candidate == candidate)) {
            return Ok(());
        }
        let to_beat = known
            .filter(|elite| elite.len() >= ELITE)
            .and_then(|elite| elite.last())
            .map_or(f64::INFINITY, |last| last.objective);
        let objective = self.objective(&candidate, to_beat)?;
        if objective >= to_beat {
            return Ok(());
        }
        let elite = self.best.entry(candidate.family()).or_default();
        let at = elite.partition_point(|other| other.objective <= objective);
        elite.insert(at, Trained { candidate, objective });
        elite.truncate(ELITE);
        Ok(())
    }

    /// Mean task-hours of the scenarios, dearer for what is overdrawn in the worst of them.
    fn objective(&mut self, candidate: &Candidate, to_beat: f64) -> Result<f64, Error> {
        let mut sum = Sum::default();
        let Some(noise) = self.course.noises.first() else { return Ok(f64::INFINITY) };
        for scenario in &self.course.scenarios {
            let unmissed = candidate.floors.is_none() || self.limit.is_none();
            if scenario.missed != Missed::None && unmissed {
                continue;
            }
            let policy = self.course.policy(candidate, scenario, self.source, self.names);
            let score = self.course.score(&policy, scenario, noise)?;
            self.replayed += 1;
            sum.add(&score, scenario.missed, self.budget * BUDGET_PART, self.limit);
            if sum.objective() > HOPELESS * to_beat {
                return Ok(f64::INFINITY);
            }
        }
        Ok(sum.objective())
    }
}

#[derive(Default)]
struct Sum {
    hours: f64,
    count: f64,
    overdrawn: f64,
    bad_minutes: f64,
    missed: f64,
}

impl Sum {
    fn add(&mut self, score: &Score, missed: Missed, budget: f64, limit: Option<Limit>) {
        let slow = score.slow_fraction();
        let bad = f64::from(score.bad_minutes);
        match missed {
            Missed::None => {
                self.hours += score.task_hours();
                self.count += 1.0;
                self.overdrawn = self.overdrawn.max(slow / budget - 1.0);
                self.bad_minutes = self.bad_minutes.max(bad - BAD_MINUTES);
            }
            Missed::One | Missed::All => {
                let Some(limit) = limit else { return };
                let worse = (slow / (MISSED_PART * limit.slow_fraction) - 1.0)
                    .max(bad / limit.bad_minutes.max(BAD_MINUTES) - 1.0);
                self.missed = self.missed.max(worse);
            }
        }
    }

    fn objective(&self) -> f64 {
        if self.count <= 0.0 {
            return f64::INFINITY;
        }
        self.hours / self.count
            * (1.0 + OVERDRAFT * self.overdrawn.max(0.0))
            * (1.0 + BAD_MINUTE * self.bad_minutes.max(0.0))
            * (1.0 + OVERDRAFT * self.missed.max(0.0))
    }
}
