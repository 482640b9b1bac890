//! Kayenta's judge: Mann-Whitney with a confidence interval of the Hodges-Lehmann shift, over
//! windows of one-minute aggregates, both metrics critical.

use crate::week::{MINUTES, SideWeek, Week, float};

/// The normal quantile of a 98 % interval.
const DEVIATIONS: f64 = 2.326_347_9;
/// The shift counts when the interval's lower end is above a quarter of it.
const TOLERANCE: f64 = 0.25;

/// The end of the first window that finds the candidate high in p99 or error rate, at least
/// `allowed_increase` times the baseline in the mean.
pub(crate) fn judge(
    week: &Week,
    start: usize,
    window: usize,
    allowed_increase: f64,
) -> Option<usize> {
    (0..MINUTES / window).map(|number| (number + 1) * window - 1).filter(|end| *end >= start).find(
        |end| {
            let begin = end + 1 - window;
            [p99 as fn(&SideWeek, usize) -> f64, error_rate].into_iter().any(|metric| {
                let of =
                    |side: &SideWeek| filled((begin..=*end).map(|t| metric(side, t)).collect());
                is_high(&of(&week.candidate), &of(&week.baseline), allowed_increase)
            })
        },
    )
}

fn p99(side: &SideWeek, t: usize) -> f64 {
    let seen = side.seen.get(t).copied().unwrap_or(false);
    if seen { side.p99.get(t).copied().unwrap_or(f64::NAN) } else { f64::NAN }
}

fn error_rate(side: &SideWeek, t: usize) -> f64 {
    let requests = side.requests.get(t).copied().unwrap_or(0).max(1);
    let seen = side.seen.get(t).copied().unwrap_or(false);
    if seen { float(side.errors.get(t).copied().unwrap_or(0)) / float(requests) } else { f64::NAN }
}

/// Missing minutes take the window's median.
fn filled(mut values: Vec<f64>) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    let middle = |index: usize| known.get(index).copied().unwrap_or(0.0);
    let half = known.len() / 2;
    let median = if known.len().is_multiple_of(2) {
        f64::midpoint(middle(half.saturating_sub(1)), middle(half))
    } else {
        middle(half)
    };
    for value in &mut values {
        if value.is_nan() {
            *value = median;
        }
    }
    values
}

fn is_high(candidate: &[f64], baseline: &[f64], allowed_increase: f64) -> bool {
    let mean = |values: &[f64]| values.iter().sum::<f64>();
    if mean(candidate) < allowed_increase * mean(baseline).max(1e-12) {
        return false;
    }
    let mut differences: Vec<f64> =
        candidate.iter().flat_map(|c| baseline.iter().map(move |b| c - b)).collect();
    let pairs = float(differences.len() as u64);
    let sides = float((candidate.len() + baseline.len() + 1) as u64);
    let order = pairs / 2.0 - DEVIATIONS * libm::sqrt(pairs * sides / 12.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped above 0")]
    let order = (libm::floor(order) - 1.0).max(0.0) as usize;
    let half = differences.len() / 2;
    let (below, median, _) = differences.select_nth_unstable_by(half, f64::total_cmp);
    let shift = *median;
    if order >= below.len() {
        return false;
    }
    let (_, lower, _) = below.select_nth_unstable_by(order, f64::total_cmp);
    *lower > TOLERANCE * shift.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_shift_is_high_and_noise_is_not() {
        let low: Vec<f64> = (0..30_u32).map(|i| 10.0 + f64::from(i % 7) * 0.3).collect();
        let high: Vec<f64> = low.iter().map(|v| v + 10.0).collect();
        assert!(is_high(&high, &low, 1.0));
        assert!(!is_high(&low, &high, 1.0));
        assert!(!is_high(&low, &low, 1.0));
        assert!(!is_high(&high, &low, 2.5));
    }
}
