//! The search for a better policy, and the proof that it is one.
//!
//! ```text
//! past ─ week to train on ─> surges ─> perturbed scenarios ─> search ─> best of each family
//!      └ week held back ───────────────────────────> judge: kept, or why not ─> proposal
//! ```
//!
//! Floors of the week that is held back are made from the week before it alone, and those of the
//! coming week from the newest. Nothing that is compared sees another chance than its rivals.

mod candidate;
mod judge;
mod search;
mod training;

pub use candidate::{Candidate, Family};
pub use judge::{Judged, Proof, Shortfall, Stress};
pub use training::{Missed, Source};

use capacity::scaling::PolicyRequest;
use model::spec::World;
use sampling::Generator;

use crate::Error;
use crate::floors::{Learn, Level, scheduled};
use crate::load::{Horizon, Load, WEEK_MINUTES};
use crate::physics::Physics;
use crate::shape::{Names, Resolution};
use crate::surges::{Event, Surges};
use candidate::{Draw, starts};
use judge::{Judge, highest};
use search::{Limit, Search, Trained};
use training::Course;

/// How many candidates of a family are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// By chance.
    pub random: u32,
    /// Like the best so far.
    pub mutations: u32,
}

/// Replays that a proposal takes at most, for a bar that shows how far it is.
pub const REPLAYS_EXPECTED: u64 = 3_600;

/// What a proposal is made from.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// The fitted world; its metric lag should be what was measured, at its 90th percentile.
    pub world: &'a World,
    /// At least two weeks; the last is held back, the one before is trained on.
    pub past: &'a Load,
    /// The calendar of the past and of the coming week.
    pub events: &'a [Event],
    /// The live policy; without one there is nothing that a proposal could be worse than.
    pub current: Option<&'a [PolicyRequest]>,
    /// Whose policy it is.
    pub names: Names,
    /// Where all chance comes from.
    pub seed: u64,
    /// How often the service may publish its CPU; [`Resolution::High`] has to be switched on.
    pub resolutions: &'a [Resolution],
}

/// What came of a search.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The requests for the coming week, floors included; `None` when nothing is to be changed.
    pub chosen: Option<Chosen>,
    /// The best of another family.
    pub runner_up: Option<Chosen>,
    /// The live policy over the week that was held back.
    pub current: Option<Judged>,
    /// Why candidates that trained better than the chosen one were passed over.
    pub rejected: Vec<(Candidate, Vec<Shortfall>)>,
    /// Surges that were found, with how often each came.
    pub surges: Surges,
    /// Announced events that nothing is known of: they have no floor.
    pub unknown: Vec<Event>,
    /// Weeks that were replayed.
    pub replayed: u64,
}

/// A candidate with its requests and its proof.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its numbers.
    pub candidate: Candidate,
    /// The same policy with floors that are corrected by the level just before.
    pub live: Candidate,
    /// The requests for the coming week: floors are scheduled from the past alone.
    pub policy: Vec<PolicyRequest>,
    /// The requests of the week that was held back, for a replay of it.
    pub held_back_policy: Vec<PolicyRequest>,
    /// What it comes to.
    pub proof: Proof,
}

/// Searches a better policy than the current one and judges it on a week it has not seen.
///
/// `progress` hears of the weeks replayed so far, about [`REPLAYS_EXPECTED`] in all.
///
/// # Errors
/// [`Error::Load`] for less than two weeks or a load that does not vary, [`Error::Hopeless`] where
/// even the most tasks break the objective, and those of a replay for the current policy.
pub fn propose(inputs: &Inputs<'_>, mut progress: impl FnMut(u64)) -> Result<Proposal, Error> {
    let (train, held_back) = weeks(inputs.past)?;
    let judge = Judge::new(inputs, &train, &held_back)?;
    judge.check_hope()?;
    let course = Course::training(inputs.world, &train, inputs.events, inputs.seed)?;
    let limit = inputs.current.map(|current| limit(&course, current, &judge)).transpose()?;
    let physics = Physics::new(inputs.world)?;
    let mut draw = Draw {
        chance: Generator::new(inputs.seed).fork("search"),
        safe_percent: physics.safe_cpu_percent(),
    };
    let surging = !course.expected.is_empty();
    let mut search = Search::new(&course, Source::Static, limit, &inputs.names, physics.budget());
    let best = search.run(&families(surging, inputs.resolutions), &mut draw, &mut progress)?;
    let mut replayed = search.replayed;
    let current = judge.current()?;
    let (mut chosen, mut runner_up, mut rejected) = (None, None, Vec::new());
    for candidate in best.into_iter().map(|trained| trained.candidate) {
        let family = candidate.family();
        let of_family = |(other, _): &&(Candidate, _)| other.family() == family;
        let tried = rejected.iter().filter(of_family).count();
        let has_won = chosen.as_ref().is_some_and(|it: &Chosen| it.candidate.family() == family);
        if has_won || tried >= TRIED_MAX {
            continue;
        }
        let shortfalls = judge.shortfalls(&candidate)?;
        if !shortfalls.is_empty() {
            rejected.push((candidate, shortfalls));
        } else if chosen.is_none() {
            let live = live(inputs, &course, limit, candidate, &mut draw, &mut replayed)?;
            chosen = Some(make(inputs, &judge, candidate, live)?);
            progress(replayed);
        } else {
            runner_up = Some(make(inputs, &judge, candidate, candidate)?);
            break;
        }
    }
    let newest = Surges::find(&held_back, inputs.events);
    let coming = Horizon { start: judge.end(), minutes: WEEK_MINUTES };
    let unknown = newest.unknown(coming, inputs.events).into_iter().cloned().collect();
    Ok(Proposal { chosen, runner_up, current, rejected, surges: newest, unknown, replayed })
}

/// The best that is like `candidate` where floors are corrected by the level just before.
fn live(
    inputs: &Inputs<'_>,
    course: &Course,
    limit: Option<Limit>,
    candidate: Candidate,
    draw: &mut Draw,
    replayed: &mut u64,
) -> Result<Candidate, Error> {
    if candidate.floors.is_none() {
        return Ok(candidate);
    }
    let budget = Physics::new(inputs.world)?.budget();
    let mut search = Search::new(course, Source::Live, limit, &inputs.names, budget);
    let best = search.refine(candidate, LIVE, draw)?;
    *replayed += search.replayed;
    Ok(best)
}

/// A candidate with its requests and its proof.
fn make(
    inputs: &Inputs<'_>,
    judge: &Judge<'_>,
    candidate: Candidate,
    live: Candidate,
) -> Result<Chosen, Error> {
    Ok(Chosen {
        candidate,
        live,
        policy: coming(inputs, judge, &candidate),
        held_back_policy: judge.policy(&candidate, Source::Static, Missed::None),
        proof: judge.prove(&candidate, &live)?,
    })
}

/// The requests for the week after the past, with floors from its newest week.
fn coming(inputs: &Inputs<'_>, judge: &Judge<'_>, candidate: &Candidate) -> Vec<PolicyRequest> {
    let mut policy = candidate.shape.requests(&inputs.names);
    let Some(floors) = candidate.floors else { return policy };
    let horizon = Horizon { start: judge.end(), minutes: WEEK_MINUTES };
    let surges = Surges::find(judge.held_back(), inputs.events);
    let expected = surges.expected(horizon, inputs.events);
    let minimums = floors.minimums(judge.physics(), &surges, &expected, Learn::All, Level::Past);
    policy.extend(scheduled(horizon, &minimums, &inputs.names));
    policy
}

/// The newest week is held back, the one before is trained on.
fn weeks(past: &Load) -> Result<(Load, Load), Error> {
    const REMEDY: &str = "give at least two weeks: one to train on and one that is held back";
    let minutes = past.minutes().len();
    let Some(first) = minutes.checked_sub(2 * WEEK_MINUTES) else {
        let days = minutes / crate::load::DAY_MINUTES;
        return Err(Error::Load { problem: format!("covers {days} days"), remedy: REMEDY });
    };
    past.check_varies()?;
    let middle = first + WEEK_MINUTES;
    Ok((past.slice(first..middle)?, past.slice(middle..minutes)?))
}

/// What candidates may come to with floors missed: what the live policy comes to, or the
/// objective where that is kept with ease.
fn limit(course: &Course, current: &[PolicyRequest], judge: &Judge<'_>) -> Result<Limit, Error> {
    let scores = judge::scores(course, current)?;
    let (slow_fraction, bad_minutes) = highest(&scores);
    Ok(Limit { slow_fraction: slow_fraction.max(judge.physics().budget()), bad_minutes })
}

/// What is tried by chance, by family: floors where there are surges.
fn families(surging: bool, resolutions: &[Resolution]) -> Vec<(Family, u32)> {
    let mut families = Vec::new();
    for resolution in resolutions.iter().copied() {
        let mut add = |steps, floors, random| {
            families.push((Family { steps, floors, resolution }, random));
        };
        if surging {
            add(true, true, 75);
            add(false, true, 15);
        }
        add(true, false, if surging { 15 } else { 90 });
        add(false, false, 15);
    }
    families
}

/// Candidates of one family that the week held back may reject before the family is given up: each
/// more would be a choice by that week.
const TRIED_MAX: usize = 3;
/// How hard the live variant of what was chosen is searched on.
const LIVE: Effort = Effort { random: 0, mutations: 100 };
/// How hard the families that look best are searched on, the best first.
const MUTATIONS: [u32; 2] = [400, 30];
/// A first round of mutations of every family, so that none is judged by chance alone.
const MUTATIONS_FIRST: u32 = 20;

impl Search<'_> {
    /// What theory says, chance, and what is like the best so far: the best of each family, in
    /// order.
    fn run(
        &mut self,
        families: &[(Family, u32)],
        draw: &mut Draw,
        progress: &mut impl FnMut(u64),
    ) -> Result<Vec<Trained>, Error> {
        for (family, random) in families {
            for candidate in starts(draw.safe_percent, *family) {
                self.try_out(candidate)?;
            }
            let effort = Effort { random: *random, mutations: MUTATIONS_FIRST };
            self.explore(*family, effort, draw, progress)?;
        }
        for (trained, mutations) in self.best().into_iter().zip(MUTATIONS) {
            let effort = Effort { random: 0, mutations };
            self.explore(trained.candidate.family(), effort, draw, progress)?;
        }
        Ok(self.all())
    }

    /// The best that is like `candidate`.
    fn refine(
        &mut self,
        candidate: Candidate,
        effort: Effort,
        draw: &mut Draw,
    ) -> Result<Candidate, Error> {
        self.try_out(candidate)?;
        self.explore(candidate.family(), effort, draw, &mut |_| ())?;
        Ok(self.best().first().map_or(candidate, |trained| trained.candidate))
    }
}
