//! The detector of harm: a Shiryaev-Roberts e-detector over clipped, tempered likelihood ratios.
//!
//! `S <- (S + 1) e^l` restarts by itself: good days before a regression do not mask it. Since the
//! expectation of S after T minutes is at most T, the chance that it ever reaches T / alpha is at
//! most alpha (Shin, Ramdas and Rinaldo, arXiv:2203.03532). Averages over signals and
//! alternatives stay valid under any dependence.

use serde::{Deserialize, Serialize};

use crate::lanes::{self, Lanes};

/// Alternatives: the odds of a bad request being Fargate's are 1.25, 1.6, 2.5 or 5 times fair.
pub(crate) const HARM_ODDS: [f64; 4] = [1.25, 1.6, 2.5, 5.0];
/// Their logarithms.
pub(crate) const HARM_LN: [f64; 4] = [
    0.223_143_551_314_209_76,
    0.470_003_629_245_735_6,
    0.916_290_731_874_155_1,
    1.609_437_912_434_100_3,
];

/// ln(1 + q0 (odds - 1)) for each alternative: the part of the likelihood ratio that all signals
/// with one fair share have in common.
#[inline]
pub(crate) fn normalisers(fair_share: f64, odds: &Lanes) -> Lanes {
    // The argument is between 0.04 and 5, far from where log1p would be more exact.
    lanes::log(odds.map(|odds| 1.0 + fair_share * (odds - 1.0)))
}

/// The log likelihood ratio of one minute for each alternative, at most `clip`:
/// bad_C ln(q1/q0) + bad_B ln((1-q1)/(1-q0)) over phi, with q1 the share at these odds.
pub(crate) fn likelihoods(
    bad_fargate: f64,
    bad: f64,
    odds_ln: &Lanes,
    normalisers: &Lanes,
    phi: f64,
    clip: f64,
) -> Lanes {
    let mut likelihoods = *normalisers;
    for (value, ln) in likelihoods.iter_mut().zip(odds_ln) {
        *value = lesser((bad_fargate * ln - bad * *value) / phi, clip);
    }
    likelihoods
}

/// The lesser of two, the second for NaN: `f64::min` in one instruction.
pub(crate) fn lesser(value: f64, limit: f64) -> f64 {
    if value < limit { value } else { limit }
}

/// Evidence of harm on one signal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Detector {
    /// S for each alternative, not its logarithm: sums of a few exponentials need none.
    statistics: [f64; 4],
    /// The same started at one instead of summed over all starts (CUSUM): `W <- max(W, 1) e^l`.
    /// S grows by one in a minute that says nothing, so a quiet week alone brings it half way to
    /// its threshold in logarithms; W does not, and says whether anything looks worse.
    suspicions: [f64; 4],
    /// Excess bad requests on Fargate over fair, by minute of the last ten.
    excess: [f64; EXCESS_MINUTES],
}

/// Proof must be fresh: over the last ten minutes Fargate is still worse than fair.
const EXCESS_MINUTES: usize = 10;
/// Keeps the sum of sixteen of them finite.
const STATISTIC_MAX: f64 = 1e200;

impl Detector {
    /// Adds a minute with `bad` requests on both sides, `bad_fargate` of them on Fargate.
    pub(crate) fn add(
        &mut self,
        bad_fargate: f64,
        bad: f64,
        normalisers: &Lanes,
        phi: f64,
        clip: f64,
    ) {
        let likelihoods = likelihoods(bad_fargate, bad, &HARM_LN, normalisers, phi, clip);
        let ratios = lanes::exp(likelihoods);
        let states = self.statistics.iter_mut().zip(&mut self.suspicions);
        for ((statistic, suspicion), ratio) in states.zip(ratios) {
            *statistic = lesser((*statistic + 1.0) * ratio, STATISTIC_MAX);
            let from = if *suspicion > 1.0 { *suspicion } else { 1.0 };
            *suspicion = lesser(from * ratio, STATISTIC_MAX);
        }
    }

    /// Records the excess of `minute`; minutes that did not count leave a zero.
    pub(crate) fn record_excess(&mut self, minute: i64, excess: f64) {
        if let Some(slot) = self.excess.get_mut(slot(minute)) {
            *slot = excess;
        }
    }

    /// Forgets the last ten minutes' excess.
    pub(crate) fn forget_excess(&mut self) {
        self.excess = [0.0; EXCESS_MINUTES];
    }

    /// Whether Fargate had more than its fair share of bad requests in the last ten minutes.
    pub(crate) fn is_still_worse(&self) -> bool {
        self.excess.iter().sum::<f64>() > 0.0
    }

    /// The mean of W over the alternatives.
    pub(crate) fn suspicion(&self) -> f64 {
        self.suspicions.iter().sum::<f64>() / 4.0
    }

    /// The mean of S over the alternatives.
    pub(crate) fn statistic(&self) -> f64 {
        self.statistics.iter().sum::<f64>() / 4.0
    }
}

/// The place of a minute in a ring of ten.
fn slot(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(10)).unwrap_or(0)
}
