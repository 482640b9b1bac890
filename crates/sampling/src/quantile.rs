//! Quantile functions: the number that a given uniform stands for.
//!
//! The same uniform with a larger probability never gives a smaller count, so several latency
//! thresholds of one minute, asked one after another, give consistent answers.

use crate::special::{binomial_distribution, poisson_distribution};

/// The standard normal quantile (Wichura, algorithm AS 241, 1988; about 1e-16 relative).
///
/// Infinite at 0 and 1, NaN outside.
#[must_use]
pub fn normal(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { u } else { 1.0 - u };
    if tail <= 0.0 {
        return if tail < 0.0 { f64::NAN } else { libm::copysign(f64::INFINITY, q) };
    }
    let r = libm::sqrt(-libm::log(tail));
    let value = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    libm::copysign(value, q)
}

/// The smallest k with P(Binomial(n, p) <= k) >= u. Probabilities outside 0 to 1 are clamped, NaN
/// counts as 0.
#[must_use]
pub fn binomial(u: f64, n: u64, p: f64) -> u64 {
    if n == 0 || p.is_nan() || p <= 0.0 || u.is_nan() || u <= 0.0 {
        return 0;
    }
    if p >= 1.0 || u >= 1.0 {
        return n;
    }
    let count = float(n);
    let odds = p / (1.0 - p);
    let up = |k: f64| odds * (count - k) / (k + 1.0);
    if count * p < 20.0 {
        return walk_up(u, libm::exp(count * libm::log1p(-p)), count, up);
    }
    let deviation = libm::sqrt(count * p * (1.0 - p));
    let start = around(u, count * p, deviation, (1.0 - 2.0 * p) / deviation).min(count - 1.0);
    let mass = libm::exp(
        libm::lgamma(count + 1.0) - libm::lgamma(start + 1.0) - libm::lgamma(count - start + 1.0)
            + start * libm::log(p)
            + (count - start) * libm::log1p(-p),
    );
    settle(u, start, binomial_distribution(start, count, p), mass, count, up)
}

/// The smallest k with P(Poisson(mean) <= k) >= u; a mean that is not above 0 gives 0.
#[must_use]
pub fn poisson(u: f64, mean: f64) -> u64 {
    if mean.is_nan() || mean <= 0.0 || u.is_nan() || u <= 0.0 {
        return 0;
    }
    if u >= 1.0 || mean > COUNT_MAX {
        return whole(COUNT_MAX);
    }
    let up = |k: f64| mean / (k + 1.0);
    if mean < 20.0 {
        return walk_up(u, libm::exp(-mean), COUNT_MAX, up);
    }
    let deviation = libm::sqrt(mean);
    let start = around(u, mean, deviation, 1.0 / deviation);
    let mass = libm::exp(start * libm::log(mean) - mean - libm::lgamma(start + 1.0));
    settle(u, start, poisson_distribution(start, mean), mass, COUNT_MAX, up)
}

/// Counts above this are never meant: 2^53, where an f64 stops counting.
pub(crate) const COUNT_MAX: f64 = 9_007_199_254_740_992.0;

/// Sums probabilities from zero.
fn walk_up(u: f64, mut mass: f64, last: f64, up: impl Fn(f64) -> f64) -> u64 {
    let (mut k, mut sum) = (0.0, mass);
    // Past the mode a mass of 1e-18 cannot change the sum any more.
    while sum < u && k < last && (mass > 1e-18 || k < 20.0) {
        mass *= up(k);
        k += 1.0;
        sum += mass;
    }
    whole(k)
}

/// A first guess by the Cornish-Fisher expansion with the skewness.
fn around(u: f64, mean: f64, deviation: f64, skewness: f64) -> f64 {
    let z = normal(u);
    libm::floor(mean + deviation * (z + skewness * (z * z - 1.0) / 6.0)).max(0.0)
}

/// Walks from `start`, where the distribution is `sum` and its last term `mass`, to the quantile.
fn settle(
    u: f64,
    start: f64,
    mut sum: f64,
    mut mass: f64,
    last: f64,
    up: impl Fn(f64) -> f64,
) -> u64 {
    let mut k = start;
    if sum >= u {
        while k > 0.0 && sum - mass >= u {
            sum -= mass;
            k -= 1.0;
            mass /= up(k);
        }
    } else {
        while sum < u && k < last && mass > 0.0 {
            mass *= up(k);
            k += 1.0;
            sum += mass;
            if mass < 1e-18 {
                break;
            }
        }
    }
    whole(k)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 0 to 2^53; `as` saturates beyond"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value as u64
}

/// A ratio of two polynomials of degree seven, coefficients from the constant upwards.
fn ratio(r: f64, [top, bottom]: &[[f64; 8]; 2]) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    horner(top) / horner(bottom)
}

const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];
const MIDDLE: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const FAR: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn normal_quantiles_invert_the_error_function() {
        for u in [1e-300, 1e-12, 1e-6, 0.01, 0.074, 0.076, 0.3, 0.5, 0.8, 0.95, 0.999_999] {
            let back = 0.5 * libm::erfc(-normal(u) / core::f64::consts::SQRT_2);
            assert!((back / u - 1.0).abs() < 1e-11, "{u} became {back}");
        }
        assert!(normal(0.0).is_infinite() && normal(0.0) < 0.0);
        assert!(normal(1.0).is_infinite() && normal(1.0) > 0.0);
        assert!(normal(-0.1).is_nan() && normal(f64::NAN).is_nan());
    }

    /// The distribution function by plain summation in the log domain.
    fn summed(k: u64, n: u64, p: f64) -> f64 {
        (0..=k)
            .map(|i| {
                let (i, n) = (float(i), float(n));
                libm::exp(
                    libm::lgamma(n + 1.0) - libm::lgamma(i + 1.0) - libm::lgamma(n - i + 1.0)
                        + i * libm::log(p)
                        + (n - i) * libm::log1p(-p),
                )
            })
            .sum()
    }

    #[test]
    fn binomial_quantiles_are_where_the_distribution_crosses() {
        for (n, p) in [(5, 0.3), (100, 0.1), (1000, 0.02), (1000, 0.5), (5000, 0.9), (90_000, 0.01)]
        {
            for u in [1e-6, 0.01, 0.37, 0.5, 0.9, 0.9999] {
                let k = binomial(u, n, p);
                assert!(summed(k, n, p) >= u - 1e-10, "{n} {p} {u}: {k}");
                assert!(k == 0 || summed(k - 1, n, p) < u + 1e-10, "{n} {p} {u}: {k}");
            }
        }
    }

    #[test]
    fn golden_quantiles_agree_with_tables() {
        // Median of Binomial(10, 0.5) is 5; P(Poisson(4) <= 7) = 0.9489, P(<= 8) = 0.9786.
        assert_eq!(binomial(0.5, 10, 0.5), 5);
        assert_eq!(poisson(0.9488, 4.0), 7);
        assert_eq!(poisson(0.9490, 4.0), 8);
        assert_eq!(poisson(0.5, 1e6), 1_000_000);
    }

    proptest! {
        #[test]
        fn counts_never_fall_when_the_probability_rises(
            u in 1e-9..1.0_f64, n in 0_u64..200_000, p in 0.0..1.0_f64, q in 0.0..1.0_f64,
        ) {
            let (low, high) = if p < q { (p, q) } else { (q, p) };
            prop_assert!(binomial(u, n, low) <= binomial(u, n, high));
            prop_assert!(binomial(u, n, high) <= n);
            let (low, high) = (low * 3e4, high * 3e4);
            prop_assert!(poisson(u, low) <= poisson(u, high));
        }

        #[test]
        fn anything_is_answered(u in any::<f64>(), n in 0_u64..1_000_000_000, p in any::<f64>()) {
            prop_assert!(binomial(u, n, p) <= n);
            let _ = poisson(u, p);
        }
    }
}
