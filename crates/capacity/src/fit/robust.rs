//! Statistics that a few wild values do not move.

/// The MAD of a normal distribution, times this, is its standard deviation.
const NORMAL_OF_MAD: f64 = 1.482_602_218_505_602;

/// The value that a part `part` of `values` lies below, interpolated; `None` of nothing.
pub(super) fn quantile(values: &mut [f64], part: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "a number of minutes")]
    let position = part.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to last")]
    let below = position as usize;
    let low = values.get(below)?;
    let high = values.get(below + 1).unwrap_or(low);
    Some(low + (position - libm::floor(position)) * (high - low))
}

/// The middle value; `None` of nothing.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The standard deviation that the middle half of `values` about `centre` speaks for.
pub(super) fn deviation(values: impl Iterator<Item = f64>, centre: f64) -> Option<f64> {
    let mut distances: Vec<f64> = values.map(|value| (value - centre).abs()).collect();
    median(&mut distances).map(|mad| NORMAL_OF_MAD * mad)
}
