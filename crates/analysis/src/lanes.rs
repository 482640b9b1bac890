//! Four logarithms or exponentials at once.
//!
//! The likelihoods of a minute need some fifty of them, always four together, one for each
//! alternative. These are libm's own algorithms, step for step and so bit for bit, written without
//! branches so that the compiler computes two or four in one instruction; whatever they do not
//! cover goes to libm. Evidence stays the same on every machine and in every version.
//!
//! After `e_log.c` and `e_exp.c` of FreeBSD's msun, which libm follows:
//!
//! > Copyright (C) 1993, 2004 by Sun Microsystems, Inc. All rights reserved. Permission to use,
//! > copy, modify, and distribute this software is freely granted, provided that this notice is
//! > preserved.

use core::f64::consts::LOG2_E;

/// One value for each alternative.
pub(crate) type Lanes = [f64; 4];

/// ln 2 in two parts: the first times any exponent is exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5 times 2^52: added to a smaller whole number, leaves that number in the lowest bits.
const WHOLE: f64 = 6_755_399_441_055_744.0;
const MANTISSA_BITS: u32 = 52;
const EXPONENT_BIAS: u64 = 1_023;

/// The lesser of two, the second for NaN: `f64::min` in one instruction.
#[inline]
pub(crate) fn lesser(value: f64, limit: f64) -> f64 {
    if value < limit { value } else { limit }
}

/// `of` each, as a loop that the compiler unrolls and packs; `map` of an array it does not.
#[inline(always)]
fn each(mut values: Lanes, of: impl Fn(f64) -> f64) -> Lanes {
    for value in &mut values {
        *value = of(*value);
    }
    values
}

/// Whether `of` is true of all, without a branch for each.
#[inline(always)]
fn are_all(values: Lanes, of: impl Fn(f64) -> bool) -> bool {
    values.iter().fold(true, |are, value| are & of(*value))
}

/// `of` each of values that are not covered: rare, so kept out of the way.
#[cold]
fn one_by_one(values: Lanes, of: fn(f64) -> f64) -> Lanes {
    values.map(of)
}

/// [`libm::log`] of each.
#[inline]
pub(crate) fn log(values: Lanes) -> Lanes {
    if are_all(values, is_normal) {
        each(values, log_of_normal)
    } else {
        one_by_one(values, libm::log)
    }
}

/// Positive, normal and finite; the comparisons are false for NaN.
#[inline(always)]
fn is_normal(value: f64) -> bool {
    (f64::MIN_POSITIVE..=f64::MAX).contains(&value)
}

/// The coefficients of the even and the odd half of ln((1 + s) / (1 - s)) - 2 s.
const LOG_EVEN: [f64; 3] =
    [0.399_999_999_994_094_2, 0.222_221_984_321_497_84, 0.153_138_376_992_093_73];
const LOG_ODD: [f64; 4] = [
    0.666_666_666_666_673_5,
    0.285_714_287_436_623_9,
    0.181_835_721_616_180_5,
    0.147_981_986_051_165_86,
];
/// The upper half of the bits of sqrt(1/2).
const SQRT_HALF: u64 = 0x3fe6_a09e_0000_0000;

#[inline(always)]
fn log_of_normal(value: f64) -> f64 {
    // value = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2): sqrt(1/2) is moved to where
    // the exponent changes, and back.
    let moved = value.to_bits() + (1.0_f64.to_bits() - SQRT_HALF);
    let mantissa = moved & ((1 << MANTISSA_BITS) - 1);
    let f = f64::from_bits(mantissa + SQRT_HALF) - 1.0;
    let k = f64::from_bits(WHOLE.to_bits() + (moved >> MANTISSA_BITS) - EXPONENT_BIAS) - WHOLE;

    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let [e0, e1, e2] = LOG_EVEN;
    let [o0, o1, o2, o3] = LOG_ODD;
    let even = w * (e0 + w * (e1 + w * e2));
    let odd = z * (o0 + w * (o1 + w * (o2 + w * o3)));
    s * (half_square + (odd + even)) + k * LN_2_LOW - half_square + f + k * LN_2_HIGH
}

/// [`libm::exp`] of each.
#[inline]
pub(crate) fn exp(values: Lanes) -> Lanes {
    if are_all(values, is_covered) {
        each(values, exp_of_covered)
    } else {
        one_by_one(values, libm::exp)
    }
}

/// No overflow, no subnormal result, and nothing so close to zero that libm looks no further.
/// Half way between two exponents libm takes one or the other by rules of its own.
#[inline(always)]
fn is_covered(value: f64) -> bool {
    let size = value.abs();
    let from_whole = (value * LOG2_E - (nearest(value) - WHOLE)).abs();
    (size < 708.0) & !((size > 0.0) & (size < TINY)) & (from_whole < 0.499_999)
}

/// The coefficients of x - x (e^x + 1) / (e^x - 1) + 2 by even powers of x.
const EXP: [f64; 5] = [
    0.166_666_666_666_666_02,
    -0.002_777_777_777_701_559_3,
    6.613_756_321_437_934e-5,
    -1.653_390_220_546_525_2e-6,
    4.138_136_797_057_238_5e-8,
];
/// More than 2^-28, as libm has it: by the upper half of its bits.
const TINY: f64 = f64::from_bits(0x3e30_0001_0000_0000);

/// [`WHOLE`] and the whole number nearest to `value` over ln 2.
#[inline(always)]
fn nearest(value: f64) -> f64 {
    value * LOG2_E + WHOLE
}

#[inline(always)]
fn exp_of_covered(value: f64) -> f64 {
    // value = k ln 2 + x, so e^value = 2^k e^x.
    let nearest = nearest(value);
    let k = nearest - WHOLE;
    let high = value - k * LN_2_HIGH;
    let low = k * LN_2_LOW;
    let x = high - low;

    let z = x * x;
    let [p1, p2, p3, p4, p5] = EXP;
    let c = x - z * (p1 + z * (p2 + z * (p3 + z * (p4 + z * p5))));
    let y = 1.0 + (x * c / (2.0 - c) - low + high);
    // k is between -1,021 and 1,021, so 2^k is normal.
    y * f64::from_bits((nearest.to_bits() + EXPONENT_BIAS) << MANTISSA_BITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All numbers apart, zeros of either sign as well; one NaN is as good as another.
    fn bits(values: Lanes) -> [Option<u64>; 4] {
        values.map(|value| (!value.is_nan()).then(|| value.to_bits()))
    }

    fn check(values: Lanes) {
        assert_eq!(bits(log(values)), bits(values.map(libm::log)), "log of {values:?}");
        assert_eq!(bits(exp(values)), bits(values.map(libm::exp)), "exp of {values:?}");
    }

    /// `value` and its neighbours, in every sign.
    fn around(value: f64) -> Lanes {
        let bits = value.to_bits();
        [value, f64::from_bits(bits + 1), -f64::from_bits(bits - 1), -value]
    }

    #[test]
    fn every_edge_of_the_algorithms_is_libms_to_the_bit() {
        let half_ln_2 = 0.5 * core::f64::consts::LN_2;
        for value in [half_ln_2, 3.0 * half_ln_2, 1.0, 2.0, 708.0, 708.396, 709.78, 745.1, 1e300] {
            check(around(value));
        }
        for upper in [0x3fd6_2e42, 0x3fd6_2e43, 0x3ff0_a2b1, 0x3ff0_a2b2, 0x3e30_0000, 0x3e30_0001]
        {
            check(around(f64::from_bits(upper << 32)));
            check(around(f64::from_bits((upper << 32) - 1)));
        }
        for k in -1_022..=1_022 {
            // Where the nearest whole number of ln 2 changes.
            check(around((f64::from(k) + 0.5) * core::f64::consts::LN_2));
            check(around(f64::from(k) * core::f64::consts::LN_2 + 1e-300));
        }
        // Near enough to zero for libm to give 1 + x, where x^2 / 2 would round it up.
        check(around(1.0 / 268_435_456.0 - 1.007_812_5 / 9_007_199_254_740_992.0));
        check([0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY]);
        check([f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN]);
        check([1.0, f64::NAN, 1.0, 1.0]);
    }

    /// What is not covered costs time only: libm gives the same bits.
    #[test]
    fn what_likelihoods_need_is_computed_four_at_once() {
        assert!(are_all([1.0, 2.0, 3.0, 4.0], |value| value > 0.0));
        assert!(!are_all([1.0, 2.0, 3.0, -4.0], |value| value > 0.0));
        assert!(is_normal(f64::MIN_POSITIVE) && is_normal(f64::MAX));
        for exponent in [0.0, TINY, 0.1, 0.3, 1.0, 2.5, 40.0, 700.0, 708.0_f64.next_down()] {
            assert!(is_covered(exponent) && is_covered(-exponent), "{exponent}");
        }
        for exponent in [TINY.next_down(), 708.0, 0.5 * core::f64::consts::LN_2] {
            assert!(!is_covered(exponent) && !is_covered(-exponent), "{exponent}");
        }
        let covered = (0..14_000).filter(|it| is_covered(f64::from(*it) / 1_000.0 - 7.0)).count();
        assert_eq!(covered, 14_000, "half ways are rare");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn four_at_once_are_libms_to_the_bit(
            wide in prop::array::uniform4(-720.0..720.0_f64),
            near in prop::array::uniform4(-2.0..2.0_f64),
            positive in prop::array::uniform4(0.01..6.0_f64),
            any in prop::array::uniform4(any::<f64>()),
        ) {
            check(wide);
            check(near);
            check(positive);
            check(any);
            check(any.map(f64::abs));
        }
    }
}
