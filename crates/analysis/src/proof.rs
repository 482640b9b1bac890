//! The proof of safety: the same counts, betting the other way (2.6).
//!
//! A sequential test of "Fargate is at least the margin worse", started anew at each step and
//! never restarted within one. By Ville's inequality its e-process exceeds 1 / beta with
//! probability at most beta while that is true, however often one looks. All signals must be
//! proven, so no correction for their number is due (intersection-union).

use serde::{Deserialize, Serialize};

use crate::detector::likelihoods;
use crate::lanes::{self, Lanes};

/// Alternatives: the odds are 0.96, 0.88, 0.75 or 0.6 times those at the margin.
pub(crate) const SAFE_ODDS: [f64; 4] = [0.96, 0.88, 0.75, 0.6];
/// Their logarithms.
const SAFE_LN: [f64; 4] =
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
    pub(crate) fn add(
        &mut self,
        bad_fargate: f64,
        bad: f64,
        normalisers: &Lanes,
        variance: f64,
        phi: f64,
        clip: f64,
    ) {
        let mut top = f64::NEG_INFINITY;
        let likelihoods = likelihoods(bad_fargate, bad, &SAFE_LN, normalisers, phi, clip);
        for (log, likelihood) in self.logs.iter_mut().zip(likelihoods) {
            *log += likelihood;
            top = if *log > top { *log } else { top };
        }
        self.information += variance / phi;
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
