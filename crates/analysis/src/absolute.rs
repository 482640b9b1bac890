//! The absolute proof: Fargate meets a bound of its own, whatever EC2 does.
//!
//! A Bernoulli sequential test of "the bad fraction is at least p0". Used where the sides cannot
//! be compared: both too clean for a ratio, unequal load per task (A5), few requests left on EC2
//! (A9). It assumes requests independent of one another; clusters of errors make it less certain
//! than it says, which is why it only ever stands in where the comparison cannot run.

use serde::{Deserialize, Serialize};

/// Evidence that Fargate's bad fraction is below a bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Absolute {
    logs: [f64; 2],
    best: f64,
    requests: f64,
}

/// Alternatives: a quarter and a half of the bound.
const PARTS: [f64; 2] = [0.25, 0.5];

impl Default for Absolute {
    fn default() -> Self {
        Self { logs: [0.0; 2], best: 0.0, requests: 0.0 }
    }
}

/// The logarithms that a bound needs, kept while the bound stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bound {
    /// ln(part) for a bad request: the parts are constants, so only the good ones vary.
    good: [f64; 2],
    /// p0.
    pub(crate) fraction: f64,
}

impl Bound {
    pub(crate) fn new(fraction: f64) -> Self {
        let fraction = fraction.clamp(1e-9, 0.9);
        let good = PARTS.map(|part| libm::log1p(-part * fraction) - libm::log1p(-fraction));
        Self { good, fraction }
    }
}

/// ln of the parts.
const BAD: [f64; 2] = [-1.386_294_361_119_890_6, -core::f64::consts::LN_2];

impl Absolute {
    /// Adds a minute of Fargate's own requests.
    pub(crate) fn add(&mut self, requests: f64, bad: f64, bound: &Bound) {
        for ((log, ln), good) in self.logs.iter_mut().zip(BAD).zip(bound.good) {
            *log += bad * ln + (requests - bad) * good;
        }
        self.requests += requests;
        let [quarter, half] = self.logs;
        let top = quarter.max(half);
        if top > self.best {
            let evidence = top + libm::log1p(libm::exp(-(quarter - half).abs())) - LN_2;
            self.best = self.best.max(evidence);
        }
    }

    /// The evidence, in nats, at its best since the step began.
    pub(crate) const fn evidence(&self) -> f64 {
        self.best
    }

    pub(crate) const fn requests(&self) -> f64 {
        self.requests
    }
}

const LN_2: f64 = core::f64::consts::LN_2;

#[cfg(test)]
mod tests {
    use super::*;

    fn clean_requests_needed(fraction: f64) -> f64 {
        let mut absolute = Absolute::default();
        let bound = Bound::new(fraction);
        // A bound on the loop, so that a proof that never comes fails.
        for _ in 0..10_000 {
            absolute.add(10.0, 0.0, &bound);
            if absolute.evidence() >= libm::log(20.0) {
                break;
            }
        }
        absolute.requests()
    }

    #[test]
    fn sixteen_thousand_clean_requests_prove_a_quarter_of_a_tenth_of_a_percent() {
        // ln 20 / (0.75 * 0.00025) = 15,978 for the quarter alone; the mixture pays up to ln 2.
        let needed = clean_requests_needed(0.000_25);
        assert!((16_000.0..19_700.0).contains(&needed), "{needed}");
    }

    #[test]
    fn bad_requests_at_the_bound_prove_nothing() {
        let mut absolute = Absolute::default();
        let bound = Bound::new(0.01);
        for _ in 0..10_000 {
            absolute.add(100.0, 1.0, &bound);
        }
        assert!(absolute.evidence() < 0.5, "{}", absolute.evidence());
    }

    #[test]
    fn evidence_is_that_of_the_mixture_at_its_best() {
        // At most one in ten: alternatives of 2.5 and 5 %, of equal weight.
        let likelihood = |requests: i32, bad: i32| {
            let of = |part: f64| {
                let (bad_part, good_part) = (part, (1.0 - part * 0.1) / 0.9);
                libm::pow(bad_part, f64::from(bad))
                    * libm::pow(good_part, f64::from(requests - bad))
            };
            libm::log((of(0.25) + of(0.5)) / 2.0)
        };
        let bound = Bound::new(0.1);
        let mut absolute = Absolute::default();
        let mut seen = (0, 0);
        let mut best = 0.0_f64;
        for (requests, bad) in [(40, 1), (30, 0), (20, 5), (10, 0), (100, 2)] {
            absolute.add(f64::from(requests), f64::from(bad), &bound);
            seen = (seen.0 + requests, seen.1 + bad);
            best = best.max(likelihood(seen.0, seen.1));
            assert!((absolute.evidence() - best).abs() < 1e-12, "after {seen:?}");
            assert_eq!(absolute.requests().to_bits(), f64::from(seen.0).to_bits());
        }
        assert!(best > likelihood(90, 6), "bad minutes took nothing of it back");
    }
}
