//! Whether a replay is faithful, and what must hold before a proposal may be applied.

use std::fmt;

use capacity::scaling::PolicyRequest;
use model::spec::World;

use crate::Error;
use crate::load::{DAY_MINUTES, Load};
use crate::noise::Noise;
use crate::physics::Physics;
use crate::replay::{Minute, Replay};
use crate::score::Score;

/// The mean error of the desired count beyond which a replay is not believed
/// (capacity-and-scaling, section 2.4).
const DESIRED_ERROR_MAX: f64 = 0.15;
/// The slow requests of a replay may be off by this factor.
const SLOW_FACTOR_MAX: f64 = 2.0;
/// Fewer slow requests than this part are chance on both sides.
const SLOW_PART_MIN: f64 = 0.000_5;
/// Days that a replay has to be compared over, a surge among them.
const DAYS_MIN: usize = 7;
/// Seeds that a proposal has to hold under.
const SEEDS_MIN: usize = 3;
/// The part of bootstrap draws of the world's parameters that have to meet the objective.
const DRAWS_PART_MIN: f64 = 0.9;

/// What was recorded of a minute under the live policy; what is not known is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recorded {
    /// Tasks that were wanted at its end.
    pub desired: Option<u32>,
    /// Its requests.
    pub requests: f64,
    /// The part of them that were slow.
    pub slow_fraction: Option<f64>,
}

/// How a replay of the live policy compares with what it did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faithfulness {
    /// Days of minutes whose desired count was recorded.
    pub days: f64,
    /// Whether a surge was among them.
    pub surge: bool,
    /// The mean of how far the desired count was off, as a part of what was recorded.
    pub desired_error: f64,
    /// Replayed slow requests over recorded ones; `None` where too few minutes were recorded.
    pub slow_ratio: Option<f64>,
}

/// Compares a replay of the live policy with the record, minute by minute from the same start.
///
/// The first hour is left out: it starts from a guess.
#[must_use]
pub fn faithfulness(replayed: &[Minute], recorded: &[Recorded], surge: bool) -> Faithfulness {
    const WARM_MINUTES: usize = 60;
    let (mut error, mut minutes) = (0.0, 0.0);
    let (mut slow_replayed, mut slow_recorded, mut requests, mut known) = (0.0, 0.0, 0.0, 0.0);
    for (ours, theirs) in replayed.iter().zip(recorded).skip(WARM_MINUTES) {
        if let Some(desired) = theirs.desired.filter(|desired| *desired > 0) {
            error += (f64::from(ours.desired) - f64::from(desired)).abs() / f64::from(desired);
            minutes += 1.0;
        }
        if let Some(slow) = theirs.slow_fraction {
            slow_recorded += slow * theirs.requests;
            slow_replayed += ours.slow_fraction * theirs.requests;
            requests += theirs.requests;
            known += 1.0;
        }
    }
    // Minutes without a latency must be few, or the ratio is that of another time.
    let enough = known >= 0.9 * minutes && requests > 0.0;
    let least = SLOW_PART_MIN * requests;
    Faithfulness {
        days: minutes / float(DAY_MINUTES),
        surge,
        desired_error: if minutes > 0.0 { error / minutes } else { f64::INFINITY },
        slow_ratio: enough.then(|| slow_replayed.max(least) / slow_recorded.max(least)),
    }
}

/// Why the simulator is not believed for this service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unfaithful {
    /// The record is too short.
    Days {
        /// Days that were recorded.
        days: f64,
    },
    /// It holds no surge: nothing shows how the policy follows one.
    NoSurge,
    /// The desired count is off.
    Desired {
        /// By this part in the mean.
        error: f64,
    },
    /// Too few latencies were recorded.
    LatencyUnknown,
    /// Slow requests are off.
    Slow {
        /// Replayed over recorded.
        ratio: f64,
    },
}

impl fmt::Display for Unfaithful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days { days } => {
                write!(f, "{days:.1} days of desired counts were recorded, {DAYS_MIN} are needed")
            }
            Self::NoSurge => f.write_str(
                "the record holds no surge, so it does not show how the policy follows one",
            ),
            Self::Desired { error } => write!(
                f,
                "the replayed desired count is off by {:.0} % in the mean, where {:.0} % may be: \
                 compare the policy, the bounds and the metric's lag with what is live",
                100.0 * error,
                100.0 * DESIRED_ERROR_MAX
            ),
            Self::LatencyUnknown => f.write_str("the latency of too many minutes was not recorded"),
            Self::Slow { ratio } => write!(
                f,
                "the replay has {ratio:.2} times the recorded slow requests, where a factor of \
                 {SLOW_FACTOR_MAX} may be: fit the world again"
            ),
        }
    }
}

impl Faithfulness {
    /// Why the replay is not to be believed; empty where it is.
    #[must_use]
    pub fn objections(&self) -> Vec<Unfaithful> {
        let mut objections = Vec::new();
        // The first hour is not compared, so a week of record is a little less.
        if self.days < float(DAYS_MIN) - 0.1 {
            objections.push(Unfaithful::Days { days: self.days });
        }
        if !self.surge {
            objections.push(Unfaithful::NoSurge);
        }
        if !matches!(self.desired_error.partial_cmp(&DESIRED_ERROR_MAX), Some(o) if o.is_le()) {
            objections.push(Unfaithful::Desired { error: self.desired_error });
        }
        match self.slow_ratio {
            None => objections.push(Unfaithful::LatencyUnknown),
            Some(ratio) if !(1.0 / SLOW_FACTOR_MAX..=SLOW_FACTOR_MAX).contains(&ratio) => {
                objections.push(Unfaithful::Slow { ratio });
            }
            Some(_) => {}
        }
        objections
    }
}

/// The scores of a policy on one week, one for each seed; the same seeds pair two policies.
///
/// # Errors
/// As [`Replay::score`].
pub fn scores(
    policy: &[PolicyRequest],
    load: &Load,
    physics: &Physics,
    seeds: &[u64],
) -> Result<Vec<Score>, Error> {
    let score = |seed: &u64| {
        let noise = Noise::new(*seed, load.ticks().len());
        Replay::new(physics, load, &noise).score(policy)
    };
    seeds.iter().map(score).collect()
}

/// By how much more of the requests were slow than the policy before would have had in the very
/// same minutes: what an applied policy is reverted by, and not by a day that was worse for all.
///
/// `None` where no latency was recorded.
#[must_use]
pub fn excess_slow_fraction(before_replayed: &[Minute], recorded: &[Recorded]) -> Option<f64> {
    let (mut excess, mut requests) = (0.0, 0.0);
    for (before, lived) in before_replayed.iter().zip(recorded) {
        let Some(slow) = lived.slow_fraction else { continue };
        excess += (slow - before.slow_fraction) * lived.requests;
        requests += lived.requests;
    }
    (requests > 0.0).then(|| excess / requests)
}

/// How many worlds of a fit's bootstrap a policy keeps the objective in.
///
/// # Errors
/// As [`Replay::score`]; a draw that is no possible world counts as one that breaks the objective.
pub fn draws_met(
    policy: &[PolicyRequest],
    load: &Load,
    draws: &[World],
    noise: &Noise,
) -> Result<usize, Error> {
    let mut met = 0;
    for world in draws {
        let Ok(physics) = Physics::new(world) else { continue };
        let score = Replay::new(&physics, load, noise).score(policy)?;
        met += usize::from(score.slow_fraction() <= physics.budget());
    }
    Ok(met)
}

/// What is known of a proposal when it is to be applied.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// How the replay of the live policy compares with the record.
    pub faithfulness: Faithfulness,
    /// The proposal on a third week that neither trained nor chose it, one score for each seed;
    /// empty where there is no such week.
    pub untouched: &'a [Score],
    /// The live policy on that week, with the same seeds.
    pub untouched_current: &'a [Score],
    /// The part of requests that may be slow.
    pub budget: f64,
    /// Bootstrap draws that were tried, and those of them that meet the objective.
    pub draws: (usize, usize),
}

/// Why a proposal is not applied.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The replay is not believed.
    Unfaithful(Unfaithful),
    /// There is no week that the proposal has not seen.
    NoUntouchedWeek,
    /// It was judged by too few seeds.
    Seeds {
        /// How many there were.
        seeds: usize,
    },
    /// It breaks the objective on the untouched week.
    UntouchedSlow {
        /// The worst seed's percent of slow requests.
        percent: f64,
    },
    /// It has more slow requests than the live policy there and saves nothing.
    UntouchedWorse,
    /// Too few of the parameters that the fit allows meet the objective.
    Draws {
        /// Draws that do.
        met: usize,
        /// Draws that were tried.
        tried: usize,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfaithful(why) => write!(f, "the replay is not faithful here: {why}"),
            Self::NoUntouchedWeek => f.write_str(
                "there is no third week that the proposal was neither trained nor chosen on",
            ),
            Self::Seeds { seeds } => {
                write!(f, "it was judged by {seeds} seeds, {SEEDS_MIN} are needed")
            }
            Self::UntouchedSlow { percent } => {
                write!(f, "{percent:.2} % of requests are slow in the untouched week")
            }
            Self::UntouchedWorse => f.write_str(
                "in the untouched week it has more slow requests than the live policy and saves nothing",
            ),
            Self::Draws { met, tried } => write!(
                f,
                "{met} of {tried} draws of the fitted parameters meet the objective, {:.0} % have to",
                100.0 * DRAWS_PART_MIN
            ),
        }
    }
}

/// What stands against applying a proposal; empty where nothing does.
#[must_use]
pub fn refusals(evidence: &Evidence<'_>) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> =
        evidence.faithfulness.objections().into_iter().map(Refusal::Unfaithful).collect();
    let seeds = evidence.untouched.len();
    if seeds == 0 {
        refusals.push(Refusal::NoUntouchedWeek);
    } else if seeds < SEEDS_MIN {
        refusals.push(Refusal::Seeds { seeds });
    }
    let worst = evidence.untouched.iter().map(Score::slow_fraction).fold(0.0, f64::max);
    if worst > evidence.budget {
        refusals.push(Refusal::UntouchedSlow { percent: 100.0 * worst });
    }
    let pairs = || evidence.untouched.iter().zip(evidence.untouched_current);
    let more = |of: fn(&Score) -> f64| pairs().map(|(new, old)| of(new) - of(old)).sum::<f64>();
    if pairs().count() > 0 && more(Score::slow_fraction) > 0.0 && more(Score::task_hours) >= 0.0 {
        refusals.push(Refusal::UntouchedWorse);
    }
    let (tried, met) = evidence.draws;
    if tried == 0 || float(met) < DRAWS_PART_MIN * float(tried) {
        refusals.push(Refusal::Draws { met, tried });
    }
    refusals
}

#[expect(clippy::cast_precision_loss, reason = "days, seeds and draws, far below 2^53")]
const fn float(count: usize) -> f64 {
    count as f64
}
