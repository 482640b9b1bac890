//! Distribution functions that the quantiles search.

/// Terms a continued fraction may use; those here need about the square root of the count.
const TERMS_MAX: u32 = 20_000;
const TINY: f64 = 1e-300;
const PRECISION: f64 = 1e-15;

/// P(Poisson(mean) <= k) = Q(k + 1, mean), the regularised upper incomplete gamma function.
pub(crate) fn poisson_distribution(k: f64, mean: f64) -> f64 {
    let a = k + 1.0;
    let front = libm::exp(a * libm::log(mean) - mean - libm::lgamma(a));
    if mean < a + 1.0 {
        // Series of the lower function (Abramowitz and Stegun 6.5.29).
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..TERMS_MAX {
            n += 1.0;
            term *= mean / n;
            sum += term;
            if term < sum * PRECISION {
                break;
            }
        }
        return 1.0 - front * sum;
    }
    // Lentz's method for the upper function (A&S 6.5.31).
    let mut b = mean + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
    let mut fraction = d;
    for i in 1..TERMS_MAX {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / keep(an * d + b);
        c = keep(b + an / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < PRECISION {
            break;
        }
    }
    front * fraction
}

/// P(Binomial(n, p) <= k) = I_{1-p}(n - k, k + 1), the regularised incomplete beta function.
pub(crate) fn binomial_distribution(k: f64, n: f64, p: f64) -> f64 {
    let (a, b, x) = (n - k, k + 1.0, 1.0 - p);
    let front = libm::exp(
        libm::lgamma(n + 1.0) - libm::lgamma(a) - libm::lgamma(b)
            + a * libm::log1p(-p)
            + b * libm::log(p),
    );
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, p) / b
    }
}

/// The continued fraction of the incomplete beta function (A&S 26.5.8) by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..TERMS_MAX {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < PRECISION {
            break;
        }
    }
    fraction
}

/// Lentz's guard against a zero denominator.
fn keep(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

/// ln k! less Stirling's formula for it, exact to 1e-12 (the series at k + 1, tabulated below 10).
pub(crate) fn stirling_tail(k: f64) -> f64 {
    const TABLE: [f64; 10] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_09,
        0.016_644_691_189_821_19,
        0.013_876_128_823_070_75,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_09,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
    ];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= k < 10")]
    if k < 10.0 {
        return TABLE.get(k as usize).copied().unwrap_or(0.0);
    }
    let x = 1.0 / (k + 1.0);
    let square = x * x;
    (1.0 / 12.0 - (1.0 / 360.0 - square / 1260.0) * square) * x
}
