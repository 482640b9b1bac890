//! The fair split of a minute's bad requests, and likelihood ratios against it.

use crate::calibration::Margin;
use crate::detector::HARM_ODDS;
use crate::lanes::{self, Lanes, lesser};
use crate::pairing::Pair;
use crate::proof::SAFE_ODDS;

/// A fair split.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fair {
    /// q0: the part that goes to Fargate.
    pub(crate) share: f64,
    normalisers: Lanes,
}

impl Fair {
    /// The variance of Fargate's part of `bad` requests that counting explains: K q0 (1 - q0).
    pub(crate) fn variance(&self, bad: f64) -> f64 {
        bad * self.share * (1.0 - self.share)
    }

    /// The log likelihood ratio for each alternative, at most `clip`:
    /// bad_C ln(q1/q0) + bad_B ln((1-q1)/(1-q0)) over phi, with q1 the share at its odds.
    #[inline]
    pub(crate) fn likelihoods(&self, pair: &Pair, odds_ln: &Lanes, phi: f64, clip: f64) -> Lanes {
        let (bad_fargate, bad) = (pair.bad_fargate, pair.bad());
        let mut likelihoods = self.normalisers;
        for (value, ln) in likelihoods.iter_mut().zip(odds_ln) {
            *value = lesser((bad_fargate * ln - bad * *value) / phi, clip);
        }
        likelihoods
    }

    #[inline]
    fn move_to(&mut self, share: f64, odds: &Lanes) {
        if share.to_bits() != self.share.to_bits() {
            *self = Self { share, normalisers: normalisers(share, odds) };
        }
    }
}

/// ln(1 + q0 (odds - 1)) for each alternative: the part of the likelihood ratio that all signals
/// with one fair share have in common.
#[inline(always)]
pub(crate) fn normalisers(fair_share: f64, odds: &Lanes) -> Lanes {
    // The argument is between 0.04 and 5, far from where log1p would be more exact.
    lanes::log(odds.map(|odds| 1.0 + fair_share * (odds - 1.0)))
}

/// What is fair under each of the null hypotheses, for one signal of a minute after another:
/// latency signals often have the same.
#[derive(Debug, Default)]
pub(crate) struct Hypotheses {
    /// "Fargate is at most the margin worse": what evidence of harm speaks against.
    pub(crate) harm: Fair,
    /// "Fargate is at least the margin worse": what evidence of safety speaks against.
    pub(crate) safe: Fair,
}

impl Hypotheses {
    /// Goes on to the next signal.
    ///
    /// Both at once and before either is used: neither waits for the other, so the processor
    /// works on both at a time. That is worth a tenth of judging; what it wastes on minutes
    /// that prove nothing is less.
    #[inline]
    pub(crate) fn move_to(&mut self, pair: &Pair, margin: &Margin) {
        self.harm.move_to(pair.fair_share(margin.harm), &HARM_ODDS);
        self.safe.move_to(pair.fair_share(margin.safe), &SAFE_ODDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_explains_k_q_1_minus_q() {
        let fair = Fair { share: 0.25, ..Fair::default() };
        assert!((fair.variance(8.0) - 1.5).abs() < 1e-12);
    }
}
