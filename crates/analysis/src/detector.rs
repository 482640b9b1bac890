//! The detector of harm: a Shiryaev-Roberts e-detector over clipped, tempered likelihood ratios.
//!
//! `S <- (S + 1) e^l` restarts by itself: good days before a regression do not mask it. Since the
//! expectation of S after T minutes is at most T, the chance that it ever reaches T / alpha is at
//! most alpha (Shin, Ramdas and Rinaldo, arXiv:2203.03532). Averages over signals and
//! alternatives stay valid under any dependence.

use serde::{Deserialize, Serialize};

use crate::fair::Fair;
use crate::lanes::{self, Lanes, lesser};
use crate::pairing::Pair;

/// Alternatives: the odds of a bad request being Fargate's are 1.25, 1.6, 2.5 or 5 times fair.
pub(crate) const HARM_ODDS: Lanes = [1.25, 1.6, 2.5, 5.0];
/// Their logarithms.
const HARM_LN: Lanes = [
    0.223_143_551_314_209_76,
    0.470_003_629_245_735_6,
    0.916_290_731_874_155_1,
    1.609_437_912_434_100_3,
];

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
    /// Adds a minute with dispersion `phi`; no alternative may gain more than `clip` nats.
    pub(crate) fn add(&mut self, pair: &Pair, fair: &Fair, phi: f64, clip: f64) {
        let ratios = lanes::exp(fair.likelihoods(pair, &HARM_LN, phi, clip));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calibration::Margin;
    use crate::fair::Hypotheses;

    /// S and W of one alternative, as the method writes them.
    fn plain(s: f64, w: f64, pair: &Pair, share: f64, odds: f64, ln: f64, phi: f64) -> (f64, f64) {
        let normaliser = libm::log(1.0 + share * (odds - 1.0));
        let likelihood = (pair.bad_fargate * ln - pair.bad() * normaliser) / phi;
        let ratio = libm::exp(likelihood.min(1.2));
        (((s + 1.0) * ratio).min(STATISTIC_MAX), (w.max(1.0) * ratio).min(STATISTIC_MAX))
    }

    proptest! {
        #[test]
        fn a_minute_adds_what_the_plain_formula_does_to_the_bit(
            minutes in prop::collection::vec((0..9_000_u32, 0..9_000_u32, 0..500_u32, 0..500_u32), 1..60),
            ratio in 0.8..3.0_f64,
            phi in 1.0..40.0_f64,
        ) {
            let mut detector = Detector::default();
            let mut states = [(0.0, 0.0); 4];
            let mut fair = Hypotheses::default();
            for (good_fargate, good_ec2, bad_fargate, bad_ec2) in minutes {
                let pair = Pair {
                    requests_fargate: f64::from(good_fargate + bad_fargate + 1),
                    bad_fargate: f64::from(bad_fargate),
                    requests_ec2: f64::from(good_ec2 + bad_ec2 + 1),
                    bad_ec2: f64::from(bad_ec2),
                };
                fair.move_to(&pair, &Margin { harm: ratio, safe: ratio });
                detector.add(&pair, &fair.harm, phi, 1.2);
                let share = pair.fair_share(ratio);
                for ((state, odds), ln) in states.iter_mut().zip(HARM_ODDS).zip(HARM_LN) {
                    *state = plain(state.0, state.1, &pair, share, odds, ln, phi);
                }
                prop_assert_eq!(detector.statistics.map(f64::to_bits), states.map(|s| s.0.to_bits()));
                prop_assert_eq!(detector.suspicions.map(f64::to_bits), states.map(|s| s.1.to_bits()));
            }
        }
    }

    #[test]
    fn evidence_is_the_mean_over_the_alternatives() {
        let detector = Detector {
            statistics: [2.0, 4.0, 6.0, 12.0],
            suspicions: [1.0, 2.0, 3.0, 8.0],
            ..Detector::default()
        };
        assert!((detector.statistic() - 6.0).abs() < 1e-12);
        assert!((detector.suspicion() - 3.5).abs() < 1e-12);
    }

    #[test]
    fn fargate_is_still_worse_by_the_sum_of_its_last_ten_minutes() {
        let mut detector = Detector::default();
        assert!(!detector.is_still_worse(), "nothing was seen");
        detector.record_excess(3, 2.0);
        detector.record_excess(4, -1.5);
        assert!(detector.is_still_worse());
        detector.record_excess(12, -0.5);
        assert!(!detector.is_still_worse(), "no more than its share");
        detector.record_excess(14, 0.0);
        assert!(detector.is_still_worse(), "the better minute is ten minutes ago");
        detector.record_excess(13, 0.0);
        assert!(!detector.is_still_worse());
        detector.record_excess(15, 1.0);
        detector.forget_excess();
        assert!(!detector.is_still_worse());
    }
}
