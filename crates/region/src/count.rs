//! Counts by inversion: the number of slow or failed requests that one uniform stands for.
//!
//! The same minute is asked at several thresholds, in any order and by anybody. Inverting the
//! binomial distribution at one uniform per minute makes the answers consistent: a looser
//! threshold never counts more. `sampling` inverts exactly; a minute of 200,000 requests is asked
//! eight times in each simulated minute, so large counts use the Cornish-Fisher expansion here,
//! good to a fraction of one request.

use sampling::quantile;

/// Below this mean the exact inversion is a short walk from zero.
const EXACT_MEAN_MAX: f64 = 20.0;
/// Up to this mean the expansion is held against the last exact count.
const JOINT_MEAN_MAX: f64 = 26.0;
/// The largest mean of a short walk: just below the bound, which the exact inversion shares.
const WALKED_MEAN: f64 = 19.999_999;

/// A uniform number with its standard normal quantile.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Draw {
    uniform: f64,
    normal: f64,
}

impl Draw {
    pub(crate) fn new(uniform: f64) -> Self {
        Self { uniform, normal: quantile::normal(uniform) }
    }

    /// A Poisson count; never falls when the mean rises.
    pub(crate) fn poisson(self, mean: f64) -> u64 {
        if mean.is_nan() || mean < EXACT_MEAN_MAX {
            return quantile::poisson(self.uniform, mean);
        }
        let guess = self.expand(mean, libm::sqrt(mean), 1.0);
        let floor =
            if mean < JOINT_MEAN_MAX { quantile::poisson(self.uniform, WALKED_MEAN) } else { 0 };
        guess.max(floor)
    }

    /// A binomial count of `n` requests; never falls when `p` rises. What is not a probability
    /// is clamped, NaN is 0.
    pub(crate) fn binomial(self, n: u64, p: f64) -> u64 {
        if p > 0.5 {
            let mirror = Self { uniform: 1.0 - self.uniform, normal: -self.normal };
            return n - mirror.binomial_small(n, 1.0 - p);
        }
        self.binomial_small(n, p)
    }

    fn binomial_small(self, n: u64, p: f64) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "requests of a minute are far below 2^53")]
        let count = n as f64;
        let mean = count * p;
        if mean.is_nan() || mean < EXACT_MEAN_MAX {
            return quantile::binomial(self.uniform, n, p);
        }
        let guess = self.expand(mean, libm::sqrt(mean * (1.0 - p)), 1.0 - 2.0 * p).min(n);
        // Where the two ways meet the expansion may be one lower than the walk it continues.
        let floor = if mean < JOINT_MEAN_MAX {
            quantile::binomial(self.uniform, n, WALKED_MEAN / count)
        } else {
            0
        };
        guess.max(floor)
    }

    /// `mean + deviation z + skew (z^2 - 1) / 6`, rounded; `skew` is the skewness times the
    /// deviation.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count below 2^53, and `as` saturates below zero"
    )]
    fn expand(self, mean: f64, deviation: f64, skew: f64) -> u64 {
        let z = self.normal;
        libm::floor(mean + deviation * z + skew * (z * z - 1.0) / 6.0 + 0.5).max(0.0) as u64
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "counts of tests are small")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn large_counts_are_within_one_of_the_exact_ones() {
        for n in [100, 2_000, 200_000] {
            for p in [0.001, 0.02, 0.3, 0.5, 0.7, 0.99] {
                for step in 1..200 {
                    let uniform = f64::from(step) / 200.0;
                    let (fast, exact) =
                        (Draw::new(uniform).binomial(n, p), quantile::binomial(uniform, n, p));
                    assert!(fast.abs_diff(exact) <= 1, "{n} {p} {uniform}: {fast} {exact}");
                    let mean = n as f64 * p;
                    let (fast, exact) =
                        (Draw::new(uniform).poisson(mean), quantile::poisson(uniform, mean));
                    assert!(fast.abs_diff(exact) <= 1, "{mean} {uniform}: {fast} {exact}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn counts_never_fall_when_the_probability_rises(
            uniform in 1e-9..1.0_f64, n in 0_u64..400_000, p in 0.0..1.0_f64, scale in 0.9..1.0_f64,
        ) {
            let draw = Draw::new(uniform);
            prop_assert!(draw.binomial(n, p * scale) <= draw.binomial(n, p));
            prop_assert!(draw.binomial(n, p) <= n);
            let mean = n as f64 * p;
            prop_assert!(draw.poisson(mean * scale) <= draw.poisson(mean));
        }

        #[test]
        fn counts_rise_through_the_joint(uniform in 1e-6..1.0_f64, n in 30_u64..1_000_000) {
            let draw = Draw::new(uniform);
            let mut before = 0;
            for step in 0..200 {
                let p = (15.0 + 0.1 * f64::from(step)) / n as f64;
                let now = draw.binomial(n, p);
                prop_assert!(now >= before, "{} {}", now, before);
                before = now;
            }
        }
    }
}
