//! Points made fit for drawing: no more of them than a screen can show.

use crate::story::Segment;

/// At most four points for each `column` of hours: the first, the lowest, the highest and the
/// last, so that no peak and no dip is lost.
pub(crate) fn thinned(segment: &[(f64, f64)], column: f64) -> Segment {
    columns(segment, column).flat_map(extremes).collect()
}

/// A noisy segment made readable: its median in each `column` of hours, and the lowest and
/// the highest value there. Where each column has one point all three are the segment.
pub(crate) struct Band {
    pub(crate) median: Segment,
    pub(crate) lowest: Segment,
    pub(crate) highest: Segment,
}

impl Band {
    pub(crate) fn of(segment: &[(f64, f64)], column: f64) -> Self {
        let mut band = Self { median: Vec::new(), lowest: Vec::new(), highest: Vec::new() };
        for points in columns(segment, column) {
            let ([first, ..], [.., last]) = (points, points) else { continue };
            let hour = f64::midpoint(first.0, last.0);
            let mut values: Vec<f64> = points.iter().map(|point| point.1).collect();
            values.sort_by(f64::total_cmp);
            // Of an even number the upper of the two in the middle: a value that was measured.
            let at = |index: usize| (hour, values.get(index).copied().unwrap_or(first.1));
            band.median.push(at(values.len() / 2));
            band.lowest.push(at(0));
            band.highest.push(at(values.len().saturating_sub(1)));
        }
        band
    }
}

/// Points as stairs: each value holds until the next.
pub(crate) fn stairs(segment: &[(f64, f64)]) -> Segment {
    let mut stairs: Segment = Vec::with_capacity(segment.len() * 2);
    for &(hour, value) in segment {
        if let Some(&(_, before)) = stairs.last() {
            if before.to_bits() == value.to_bits() {
                // A flat part needs its ends only.
                let flat = stairs.len() >= 2
                    && stairs
                        .get(stairs.len() - 2)
                        .is_some_and(|(_, second)| second.to_bits() == value.to_bits());
                if flat {
                    stairs.pop();
                }
            } else {
                stairs.push((hour, before));
            }
        }
        stairs.push((hour, value));
    }
    stairs
}

/// The outline of what lies between `upper` and `lower` points.
pub(crate) fn between(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> Segment {
    upper.iter().chain(lower.iter().rev()).copied().collect()
}

/// The outline of what lies between a line and one value.
pub(crate) fn down_to(segment: &[(f64, f64)], floor: f64) -> Segment {
    let ends = [segment.last(), segment.first()];
    let feet = ends.into_iter().flatten().map(|(hour, _)| (*hour, floor));
    segment.iter().copied().chain(feet).collect()
}

/// The least and the greatest value of all segments.
pub(crate) fn extent<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> Option<(f64, f64)> {
    segments
        .into_iter()
        .flatten()
        .map(|(_, value)| (*value, *value))
        .reduce(|(low, high), (next_low, next_high)| (low.min(next_low), high.max(next_high)))
}

/// Runs of points that lie in the same column.
fn columns(segment: &[(f64, f64)], column: f64) -> impl Iterator<Item = &[(f64, f64)]> {
    let number = move |hour: f64| libm::floor(hour / column.max(1e-9));
    segment.chunk_by(move |one, next| (number(one.0) - number(next.0)).abs() < 0.5)
}

fn extremes(points: &[(f64, f64)]) -> Segment {
    let by_value = |one: &usize, other: &usize| {
        let value = |index: usize| points.get(index).map_or(0.0, |point| point.1);
        value(*one).total_cmp(&value(*other))
    };
    let mut kept = vec![0, points.len().saturating_sub(1)];
    kept.extend((0..points.len()).min_by(by_value));
    kept.extend((0..points.len()).max_by(by_value));
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().filter_map(|index| points.get(index).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_every_peak_and_dip() {
        let segment: Segment =
            (0..1_000_u32).map(|i| (f64::from(i) / 60.0, f64::from((i * 7_919) % 1_009))).collect();
        let thin = thinned(&segment, 1.0);
        assert!(thin.len() <= 4 * 17, "{}", thin.len());
        for hour in (0..16).map(f64::from) {
            let of = |points: &Segment| {
                let inside = points.iter().filter(|point| (hour..hour + 1.0).contains(&point.0));
                extent([&inside.copied().collect::<Segment>()])
            };
            assert_eq!(of(&segment), of(&thin), "hour {hour}");
        }
        assert_eq!(thin.first(), segment.first());
        assert_eq!(thin.last(), segment.last());
        assert!(thin.is_sorted_by(|one, next| one.0 <= next.0));
    }

    #[test]
    fn a_band_holds_the_median_between_the_extremes() {
        let segment: Segment = [(0.1, 5.0), (0.5, 1.0), (0.9, 9.0), (1.5, 2.0)].to_vec();
        let band = Band::of(&segment, 1.0);
        assert_eq!(band.median, [(0.5, 5.0), (1.5, 2.0)]);
        assert_eq!(band.lowest, [(0.5, 1.0), (1.5, 2.0)]);
        assert_eq!(band.highest, [(0.5, 9.0), (1.5, 2.0)]);
        assert!(Band::of(&[], 1.0).median.is_empty());
    }

    #[test]
    fn stairs_hold_each_value_until_the_next() {
        let segment = [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 5.0), (4.0, 5.0)];
        assert_eq!(stairs(&segment), [(0.0, 1.0), (2.0, 1.0), (3.0, 1.0), (3.0, 5.0), (4.0, 5.0)]);
        assert_eq!(stairs(&[(1.0, 2.0)]), [(1.0, 2.0)]);
        assert!(stairs(&[]).is_empty());
    }
}
