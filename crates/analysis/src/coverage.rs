//! Load coverage: a proof made at night proves nothing about the evening (A6).

use serde::{Deserialize, Serialize};

/// The high load seen since the step began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) high_minutes: u32,
    pub(crate) surge: bool,
}

impl Seen {
    /// Adds a paired, settled minute with `requests` on both sides together.
    pub(crate) fn add(&mut self, requests: f64, requests_high: f64, surge: Option<bool>) {
        if requests >= requests_high {
            self.high_minutes = self.high_minutes.saturating_add(1);
        }
        self.surge |= surge == Some(true);
    }
}

/// The 95th percentile of a week's minutes: what counts as high load (A6).
///
/// Peaks would not do: a week holds only 7 to 14 minutes near its own peak. `None` for fewer than
/// a day's minutes; minutes that are not finite are left out.
#[must_use]
pub fn high_load(requests_per_minute: &[f64]) -> Option<f64> {
    let mut known: Vec<f64> =
        requests_per_minute.iter().copied().filter(|requests| requests.is_finite()).collect();
    if known.len() < MINUTES_MIN {
        return None;
    }
    known.sort_by(f64::total_cmp);
    known.get(known.len() * 95 / 100).copied()
}

const MINUTES_MIN: usize = 1_440;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_load_is_the_95th_percentile_and_needs_a_day() {
        let day: Vec<f64> = (0..1440).map(f64::from).collect();
        assert_eq!(high_load(&day), Some(1368.0));
        assert_eq!(high_load(&day[1..]), None);
        let mut with_nan = day;
        with_nan.push(f64::NAN);
        assert_eq!(high_load(&with_nan), Some(1368.0));
    }
}
