//! Draws of counts.
//!
//! Large counts use Hörmann's transformed rejection (1993: PTRS for Poisson, BTRS for binomial),
//! exact and of constant cost; small means use inversion.

use crate::Generator;
use crate::quantile::{self, COUNT_MAX, float, whole};
use crate::special::stirling_tail;

/// Below this mean inversion is the faster way and transformed rejection is not proven.
const REJECTION_MEAN_MIN: f64 = 10.0;

impl Generator {
    /// A Poisson count; 0 for a mean that is not above 0.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean < REJECTION_MEAN_MIN {
            let u = self.uniform();
            return quantile::poisson(u, mean);
        }
        let mean = mean.min(COUNT_MAX);
        let root = libm::sqrt(mean);
        let ln_mean = libm::log(mean);
        let b = 0.931 + 2.53 * root;
        let a = -0.059 + 0.024_83 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let v_r = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = libm::floor((2.0 * a / us + b) * u + mean + 0.43);
            if us >= 0.07 && v <= v_r {
                return whole(k);
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let left = libm::log(v * inverse_alpha / (a / (us * us) + b));
            if left <= k * ln_mean - mean - libm::lgamma(k + 1.0) {
                return whole(k);
            }
        }
    }

    /// A binomial count; probabilities outside 0 to 1 are clamped, NaN counts as 0.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if p > 0.5 {
            return n - self.binomial_small(n, 1.0 - p.min(1.0));
        }
        self.binomial_small(n, p)
    }

    fn binomial_small(&mut self, n: u64, p: f64) -> u64 {
        let count = float(n);
        if n == 0 || p.is_nan() || p <= 0.0 {
            return 0;
        }
        if count * p < REJECTION_MEAN_MIN {
            let u = self.uniform();
            return quantile::binomial(u, n, p);
        }
        let odds = p / (1.0 - p);
        let root = libm::sqrt(count * p * (1.0 - p));
        let b = 1.15 + 2.53 * root;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let centre = count * p + 0.5;
        let v_r = 0.92 - 4.2 / b;
        let alpha = (2.83 + 5.1 / b) * root;
        let mode = libm::floor((count + 1.0) * p);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = libm::floor((2.0 * a / us + b) * u + centre);
            if us >= 0.07 && v <= v_r {
                return whole(k);
            }
            if k < 0.0 || k > count {
                continue;
            }
            let left = libm::log(v * alpha / (a / (us * us) + b));
            let right = (mode + 0.5) * libm::log((mode + 1.0) / (odds * (count - mode + 1.0)))
                + (count + 1.0) * libm::log((count - mode + 1.0) / (count - k + 1.0))
                + (k + 0.5) * libm::log(odds * (count - k + 1.0) / (k + 1.0))
                + stirling_tail(mode)
                + stirling_tail(count - mode)
                - stirling_tail(k)
                - stirling_tail(count - k);
            if left <= right {
                return whole(k);
            }
        }
    }

    /// Failures before the first success of probability `p`; 0 when `p` is not in 0 to 1.
    pub fn geometric(&mut self, p: f64) -> u64 {
        if p.is_nan() || p <= 0.0 || p >= 1.0 {
            return 0;
        }
        whole(libm::floor(libm::log(self.uniform()) / libm::log1p(-p)).min(COUNT_MAX))
    }

    /// Failures before `successes` successes of probability `p` each, as a Poisson of a gamma
    /// mean; 0 when there is nothing to wait for or `p` is not in 0 to 1.
    pub fn negative_binomial(&mut self, successes: f64, p: f64) -> u64 {
        if p.is_nan() || p <= 0.0 || p >= 1.0 {
            return 0;
        }
        let mean = self.gamma(successes) * (1.0 - p) / p;
        self.poisson(mean)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(name: &str, mean: f64, variance: f64, mut draw: impl FnMut(&mut Generator) -> u64) {
        let mut generator = Generator::new(42).fork(name);
        let count = 200_000.0;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..200_000 {
            let x = float(draw(&mut generator)) - mean;
            sum += x;
            squares += x * x;
        }
        assert!(
            (sum / count).abs() < 5.0 * libm::sqrt(variance / count),
            "{name}: {}",
            sum / count
        );
        assert!((squares / count / variance - 1.0).abs() < 0.03, "{name}: {}", squares / count);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        for mean in [0.7, 9.0, 11.0, 400.0, 90_000.0] {
            check("poisson", mean, mean, |g| g.poisson(mean));
        }
        for (n, p) in [(40, 0.1), (200, 0.07), (3000, 0.5), (2000, 0.95), (1_000_000, 0.3)] {
            let mean = float(n) * p;
            check("binomial", mean, mean * (1.0 - p), |g| g.binomial(n, p));
        }
        check("geometric", 1.5, 1.5 / 0.4, |g| g.geometric(0.4));
        check("negative binomial", 8.0, 24.0, |g| g.negative_binomial(4.0, 1.0 / 3.0));
    }

    #[test]
    fn rejection_draws_the_whole_distribution() {
        // Chi-square of BTRS against the quantile function's own cells: 20 equal parts.
        for (n, p) in [(100, 0.2), (5000, 0.01), (20_000, 0.4)] {
            let mut generator = Generator::new(9);
            let edges: Vec<u64> =
                (1..20).map(|i| quantile::binomial(f64::from(i) / 20.0, n, p)).collect();
            let (mut drawn, mut expected) = ([0.0; 20], [0.0; 20]);
            for i in 0..100_000_u32 {
                let cell = |k: u64| edges.iter().filter(|&&edge| k > edge).count();
                drawn[cell(generator.binomial(n, p))] += 1.0;
                let u = (f64::from(i) + 0.5) / 100_000.0;
                expected[cell(quantile::binomial(u, n, p))] += 1.0;
            }
            let chi: f64 = drawn
                .iter()
                .zip(expected)
                .filter(|(_, e)| *e > 0.0)
                .map(|(d, e)| (d - e) * (d - e) / e)
                .sum();
            // 19 degrees of freedom: 43.8 has probability 0.001.
            assert!(chi < 43.8, "{n} {p}: {chi}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_answered(
            seed in any::<u64>(), n in any::<u32>(), p in any::<f64>(), mean in any::<f64>(),
        ) {
            let mut generator = Generator::new(seed);
            prop_assert!(generator.binomial(u64::from(n), p) <= u64::from(n));
            let _ = generator.poisson(mean);
            let _ = generator.geometric(p);
            let _ = generator.negative_binomial(mean.abs().min(1e6), p);
        }
    }
}
