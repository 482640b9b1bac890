//! The proof of safety: the same counts, betting the other way (2.6).
//!
//! A sequential test of "Fargate is at least the margin worse", started anew at each step and
//! never restarted within one. By Ville's inequality its e-process exceeds 1 / beta with
//! probability at most beta while that is true, however often one looks. All signals must be
//! proven, so no correction for their number is due (intersection-union).

use serde::{Deserialize, Serialize};

use crate::fair::Fair;
use crate::lanes::{self, Lanes};
use crate::pairing::Pair;

/// Alternatives: the odds are 0.96, 0.88, 0.75 or 0.6 times those at the margin.
pub(crate) const SAFE_ODDS: Lanes = [0.96, 0.88, 0.75, 0.6];
/// Their logarithms.
const SAFE_LN: Lanes =
    [-0.040821994520255166, -0.12783337150988489, -0.2876820724517809, -0.5108256237659907];

/// Evidence that one signal is no worse than its margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// ln of the likelihood ratio for each alternative.
    logs: [f64; 4],
    /// The greatest evidence since the step began: what was proven stays proven.
    best: f64,
    /// Information: the sum of counting variance over dispersion.
    information: f64,
}

impl Default for Proof {
    fn default() -> Self {
        Self { logs: [0.0; 4], best: 0.0, information: 0.0 }
    }
}

impl Proof {
    /// Adds a minute as [`crate::detector::Detector::add`] does; `variance` is K q0 (1 - q0).
    pub(crate) fn add(&mut self, pair: &Pair, fair: &Fair, phi: f64, clip: f64) {
        let mut top = f64::NEG_INFINITY;
        let likelihoods = fair.likelihoods(pair, &SAFE_LN, phi, clip);
        for (log, likelihood) in self.logs.iter_mut().zip(likelihoods) {
            *log += likelihood;
            top = if *log > top { *log } else { top };
        }
        self.information += fair.variance(pair.bad()) / phi;
        // A mean never exceeds its greatest part, so most minutes need no exponentials.
        if top > self.best {
            let sum: f64 = lanes::exp(self.logs.map(|log| log - top)).iter().sum();
            self.best = self.best.max(top + libm::log(sum / 4.0));
        }
    }

    /// The evidence, in nats, at its best since the step began.
    pub(crate) const fn evidence(&self) -> f64 {
        self.best
    }

    /// Counting variance over dispersion so far.
    pub(crate) const fn information(&self) -> f64 {
        self.information
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calibration::Margin;
    use crate::fair::Hypotheses;

    proptest! {
        #[test]
        fn the_best_evidence_is_that_of_the_plain_mixture_to_the_bit(
            minutes in prop::collection::vec((0..60_u32, 0..300_u32), 1..200),
            phi in 1.0..6.0_f64,
        ) {
            let mut proof = Proof::default();
            let (mut logs, mut best) = ([0.0_f64; 4], 0.0_f64);
            let mut fair = Hypotheses::default();
            for (bad_fargate, bad_ec2) in minutes {
                let (bad_fargate, bad_ec2) = (f64::from(bad_fargate), f64::from(bad_ec2));
                let pair = Pair { requests_fargate: 200.0, bad_fargate, requests_ec2: 800.0, bad_ec2 };
                fair.move_to(&pair, &Margin { harm: 1.0, safe: 1.1 });
                proof.add(&pair, &fair.safe, phi, 1.2);
                let share = pair.fair_share(1.1);
                for ((log, odds), ln) in logs.iter_mut().zip(SAFE_ODDS).zip(SAFE_LN) {
                    let normaliser = libm::log(1.0 + share * (odds - 1.0));
                    *log += ((bad_fargate * ln - pair.bad() * normaliser) / phi).min(1.2);
                }
                let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = logs.iter().map(|log| libm::exp(log - top)).sum();
                best = best.max(top + libm::log(sum / 4.0));
                prop_assert_eq!(proof.logs.map(f64::to_bits), logs.map(f64::to_bits));
                prop_assert_eq!(proof.evidence().to_bits(), best.to_bits());
            }
        }
    }

    #[test]
    fn information_is_counting_variance_over_dispersion() {
        // A quarter of requests, and 1 of 4 bad ones: 4 * 1/4 * 3/4 is 3/4, over 2.
        let pair =
            Pair { requests_fargate: 100.0, bad_fargate: 1.0, requests_ec2: 300.0, bad_ec2: 3.0 };
        let mut fair = Hypotheses::default();
        fair.move_to(&pair, &Margin { harm: 1.0, safe: 1.0 });
        let mut proof = Proof::default();
        for minutes in 1..4 {
            proof.add(&pair, &fair.safe, 2.0, 1.2);
            let expected = 0.375 * f64::from(minutes);
            assert!((proof.information() - expected).abs() < 1e-12, "{minutes} minutes");
        }
    }
}
