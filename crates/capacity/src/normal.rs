//! The standard normal quantile, never infinite, for lognormal delays and base latencies.

/// The 99th percentile of the standard normal distribution.
pub(crate) const Z_P99: f64 = 2.326_347_874_040_841;

/// Uniforms are kept this far from 0 and 1, so that no quantile is infinite: 1 in a trillion.
const TAIL: f64 = 1e-12;

/// The standard normal quantile of `uniform`.
///
/// A uniform outside (0, 1) is moved to the nearest tail and NaN counts as the upper tail: the
/// slowest start, the longest latency.
pub(crate) fn quantile(uniform: f64) -> f64 {
    let uniform = if uniform.is_nan() { 1.0 } else { uniform };
    sampling::quantile::normal(uniform.clamp(TAIL, 1.0 - TAIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_published_tables() {
        for (uniform, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.025, -1.959_963_984_540_054),
            (0.99, Z_P99),
            (0.75, 0.674_489_750_196_081_7),
            (1e-9, -5.997_807_015_007_687),
            (1e-12, -7.034_483_825_301_132),
        ] {
            assert!((quantile(uniform) - z).abs() < 1e-9, "{uniform}: {}", quantile(uniform));
        }
    }

    #[test]
    fn no_uniform_gives_an_infinite_delay() {
        for uniform in [0.0, 1.0, -3.0, 7.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(quantile(uniform).is_finite(), "{uniform}");
        }
        assert!(quantile(f64::NAN) > 7.0);
    }
}
