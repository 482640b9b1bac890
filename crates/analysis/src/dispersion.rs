//! Dispersion: how much more the split of bad requests varies than counting alone explains (A1).
//!
//! Each side has noise of its own (a slow dependency, a burst, a noisy neighbour) that moves the
//! log odds of a bad request being Fargate's. Its variance is estimated from successive
//! differences of block means, which a level shift enters once only, at 10- and at 60-minute
//! blocks: noise slower than ten minutes shows only in the longer ones.

use serde::{Deserialize, Serialize};

/// Sums over one block of minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Block {
    /// D: sum of (bad on Fargate - K q0).
    excess: f64,
    /// V: sum of K q0 (1 - q0), the variance that counting explains.
    variance: f64,
    /// Q: sum of (K q0 (1 - q0))^2, what a unit of noise variance adds.
    quadratic: f64,
}

impl Block {
    fn add(&mut self, other: &Self) {
        self.excess += other.excess;
        self.variance += other.variance;
        self.quadratic += other.quadratic;
    }
}

/// The estimate at one length of blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Scale {
    current: Block,
    /// Whole blocks, the newest last.
    past: [Block; GAP_MAX],
    numerator: f64,
    denominator: f64,
    /// Estimates of the last blocks, the newest last: the one in use is `lag` blocks old, so that
    /// a regression does not blunt the evidence against itself at once.
    estimates: [f64; LAG_MAX],
}

const LAG_MAX: usize = 3;
/// Ten-minute blocks are compared with their neighbours; hours with the third before them, since
/// noise that lasts for an hour or two makes neighbouring hours look alike.
const SHORT_GAP: usize = 1;
const LONG_GAP: usize = 3;
const GAP_MAX: usize = 3;
/// Before the first differences the noise is taken for 0.14 in log odds, weighing as much as
/// thirty blocks of little information.
const PRIOR: f64 = 0.02;
const PRIOR_WEIGHT: f64 = 30.0;
/// A difference counts as at most this many of its own expected squares: one burst must not pass
/// for noise.
const WINSOR: f64 = 4.0;
/// A block with less counting variance than this says nothing.
const VARIANCE_MIN: f64 = 0.5;
const SAFE_FACTOR: f64 = 1.5;
const ESTIMATE_MIN: f64 = 1e-4;
const ESTIMATE_MAX: f64 = 5.0;

impl Default for Scale {
    fn default() -> Self {
        Self {
            current: Block::default(),
            past: [Block::default(); GAP_MAX],
            numerator: PRIOR * PRIOR_WEIGHT,
            denominator: PRIOR_WEIGHT,
            estimates: [PRIOR; LAG_MAX],
        }
    }
}

impl Scale {
    /// Ends the current block and compares it with the one `gap` before it; `keep` is the factor
    /// by which old differences fade per block.
    fn close(&mut self, keep: f64, gap: usize) {
        let [_, middle_past, newest_past] = self.past;
        let a = self.past.get(GAP_MAX - gap).copied().unwrap_or_default();
        let b = self.current;
        self.numerator *= keep;
        self.denominator *= keep;
        if a.variance > VARIANCE_MIN && b.variance > VARIANCE_MIN {
            let harmonic = a.variance * b.variance / (a.variance + b.variance);
            let difference = b.excess / b.variance - a.excess / a.variance;
            let square = difference * difference * harmonic;
            // E[square] = 1 + noise variance times gain.
            let gain = harmonic
                * (b.quadratic / (b.variance * b.variance)
                    + a.quadratic / (a.variance * a.variance));
            let expected = 1.0 + self.raw().max(0.0) * gain;
            let square = square.min(WINSOR * expected);
            let weight = 1.0 / (expected * expected);
            self.numerator += weight * (square - 1.0) * gain;
            self.denominator += weight * gain * gain;
        }
        let [_, middle, newest] = self.estimates;
        self.estimates = [middle, newest, self.raw().clamp(ESTIMATE_MIN, ESTIMATE_MAX)];
        self.past = [middle_past, newest_past, b];
        self.current = Block::default();
    }

    fn raw(&self) -> f64 {
        // A weight that has faded away leaves the prior, never a division by zero.
        if self.denominator > 1e-9 { self.numerator / self.denominator } else { PRIOR }
    }
}

/// The estimate of one signal at both scales.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dispersion {
    short: Scale,
    long: Scale,
}

/// Half-lives of 12 hours of 10-minute blocks and of 3 days of 60-minute blocks: 0.5^(1/72).
const KEEP: f64 = 0.990_419_147_467;

impl Dispersion {
    /// Adds one minute: the excess on Fargate and its counting variance.
    pub(crate) fn add(&mut self, excess: f64, variance: f64) {
        let minute = Block { excess, variance, quadratic: variance * variance };
        self.short.current.add(&minute);
    }

    /// Ends a 10-minute block, and with `hour` a 60-minute block.
    pub(crate) fn close(&mut self, hour: bool) {
        let block = self.short.current;
        self.short.close(KEEP, SHORT_GAP);
        self.long.current.add(&block);
        if hour {
            self.long.close(KEEP, LONG_GAP);
        }
    }

    /// phi of a minute with counting variance `variance`: what its log likelihood is divided by.
    pub(crate) fn phi(&self, variance: f64) -> f64 {
        1.0 + self.noise() * variance
    }

    /// The same for the proof of safety, half as much again: it is not restarted, so an estimate
    /// that is too low is never forgotten.
    pub(crate) fn phi_safe(&self, variance: f64) -> f64 {
        1.0 + SAFE_FACTOR * self.noise() * variance
    }

    /// The variance of the log odds' noise: the greater of both scales.
    pub(crate) fn noise(&self) -> f64 {
        let [short, _, _] = self.short.estimates;
        let [long, _, _] = self.long.estimates;
        short.max(long)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_block_is_the_sum_of_its_minutes() {
        let mut block = Block { excess: 1.0, variance: 2.0, quadratic: 4.0 };
        block.add(&Block { excess: 8.0, variance: 16.0, quadratic: 32.0 });
        assert_eq!(block, Block { excess: 9.0, variance: 18.0, quadratic: 36.0 });
    }

    /// Blocks of 10 minutes whose excess is `x` times a variance of 20 a minute.
    fn fed(levels: impl IntoIterator<Item = f64>) -> Dispersion {
        let mut dispersion = Dispersion::default();
        for (block, level) in levels.into_iter().enumerate() {
            for _ in 0..10 {
                dispersion.add(20.0 * level, 20.0);
            }
            dispersion.close(block % 6 == 5);
        }
        dispersion
    }

    #[test]
    fn the_first_difference_follows_the_formula() {
        // V = 200, Q = 4000, x = 0 then 0.2: Vh = 100, u = 4, h = 100 (0.1 + 0.1) = 20,
        // expected 1 + 0.02 * 20 = 1.4, weight 1 / 1.96; the first block has no partner.
        let dispersion = fed([0.0, 0.2]);
        let keep = KEEP * KEEP;
        let numerator = 0.6 * keep + 3.0 * 20.0 / 1.96;
        let denominator = 30.0 * keep + 400.0 / 1.96;
        let [_, _, newest] = dispersion.short.estimates;
        assert!((newest - numerator / denominator).abs() < 1e-12, "{newest}");
    }

    #[test]
    fn the_keep_factor_halves_in_72_blocks() {
        assert!((libm::pow(KEEP, 72.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_level_shift_does_not_pass_for_noise() {
        let calm = fed((0..200).map(|_| 0.0)).noise();
        let shifted = fed((0..200).map(|i| if i < 150 { 0.0 } else { 1.0 })).noise();
        assert!(shifted < calm + 0.02, "{calm} {shifted}");
    }

    #[test]
    fn noise_slower_than_ten_minutes_shows_in_the_hours() {
        // Levels that move by 0.05 a block up and down a triangle of 48 blocks.
        let slow = fed((0..1000_i32).map(|i| 0.05 * f64::from((i % 48 - 24).abs())));
        let [short, _, _] = slow.short.estimates;
        assert!(slow.noise() > 10.0 * short, "{} {short}", slow.noise());
    }

    /// The estimate in use after these blocks of (excess, variance, quadratic), by the plain
    /// formulas over the whole list: two blocks old, each block against the one `gap` before it.
    fn plain(blocks: &[[f64; 3]], gap: usize) -> f64 {
        let mut estimates = vec![PRIOR; LAG_MAX];
        // What each difference says of the noise and with what weight, and the block it came with.
        let mut said: Vec<(usize, f64, f64)> = Vec::new();
        let fade = |blocks: usize| libm::pow(KEEP, f64::from(u32::try_from(blocks).unwrap()));
        for (now, [excess, variance, quadratic]) in blocks.iter().enumerate() {
            let noise = |said: &[(usize, f64, f64)]| {
                let prior = PRIOR_WEIGHT * fade(now + 1);
                let above: f64 = said.iter().map(|(then, of, _)| of * fade(now - then)).sum();
                let below: f64 = said.iter().map(|(then, _, of)| of * fade(now - then)).sum();
                (PRIOR * prior + above) / (prior + below)
            };
            if let Some([excess_before, variance_before, quadratic_before]) =
                now.checked_sub(gap).map(|before| blocks[before])
                && *variance > 0.5
                && variance_before > 0.5
            {
                // The square of a difference of two levels over its counting variance ...
                let counting = 1.0 / variance + 1.0 / variance_before;
                let level = excess / variance - excess_before / variance_before;
                // ... grows by this for each unit of noise variance.
                let gain = (quadratic / (variance * variance)
                    + quadratic_before / (variance_before * variance_before))
                    / counting;
                let expected = 1.0 + noise(&said).max(0.0) * gain;
                let square = (level * level / counting).min(4.0 * expected);
                let weight = 1.0 / (expected * expected);
                said.push((now, weight * (square - 1.0) * gain, weight * gain * gain));
            }
            estimates.push(noise(&said).clamp(1e-4, 5.0));
        }
        estimates[estimates.len() - LAG_MAX]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_noise_is_that_of_the_plain_formulas(
            minutes in prop::collection::vec((-4.0..4.0_f64, 0.01..6.0_f64), 10..900),
        ) {
            let mut dispersion = Dispersion::default();
            let (mut short, mut long) = (Vec::new(), Vec::new());
            for (block, minutes) in minutes.chunks_exact(10).enumerate() {
                let mut sums = [0.0; 3];
                for (level, variance) in minutes {
                    // Some blocks have next to no bad requests.
                    let variance = if block % 7 == 3 { variance / 100.0 } else { *variance };
                    dispersion.add(level * variance, variance);
                    let of_minute = [level * variance, variance, variance * variance];
                    for (sum, one) in sums.iter_mut().zip(of_minute) {
                        *sum += one;
                    }
                }
                dispersion.close(block % 6 == 5);
                short.push(sums);
                if block % 6 == 5 {
                    let hour = &short[block - 5..];
                    long.push([0, 1, 2].map(|part| hour.iter().map(|sums| sums[part]).sum()));
                }
                let expected = plain(&short, 1).max(plain(&long, 3));
                let found = dispersion.noise();
                prop_assert!((found / expected - 1.0).abs() < 1e-6, "{found} not {expected}");
                // A minute's variance grows by that of the noise, for safety by half as much again.
                let (phi, phi_safe) = (1.0 + 8.0 * found, 1.0 + 12.0 * found);
                prop_assert!((dispersion.phi(8.0) / phi - 1.0).abs() < 1e-12);
                prop_assert!((dispersion.phi_safe(8.0) / phi_safe - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_block_of_half_a_bad_request_says_nothing() {
        for (first, second, says) in [(0.5, 64.0, false), (64.0, 0.5, false), (1.0, 64.0, true)] {
            let mut scale = Scale::default();
            for (excess, variance) in [(0.0, first), (9.0 * second, second)] {
                scale.current = Block { excess, variance, quadratic: variance * variance };
                scale.close(1.0, SHORT_GAP);
            }
            assert_eq!((scale.raw() - PRIOR).abs() > 1e-6, says, "{first} and {second}");
        }
    }

    #[test]
    fn a_weight_that_has_faded_away_leaves_the_prior() {
        let of = |denominator| Scale { numerator: 1e-9, denominator, ..Scale::default() }.raw();
        assert!((of(1e-9) - PRIOR).abs() < 1e-12);
        assert!((of(2e-9) - 0.5).abs() < 1e-12);
    }
}
