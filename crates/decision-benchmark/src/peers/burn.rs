//! The candidate's burn rates alone: 14.4 over 1 h and 5 min, or 6 over 6 h and 30 min.

use crate::week::{MINUTES, SideWeek, Week, float};

/// The first minute of either pair, on latency (1 %) or availability (0.1 %).
pub(crate) fn judge(week: &Week, start: usize) -> Option<usize> {
    let side = &week.candidate;
    let [slow, _, _] = &side.slow;
    let series = [(slow, 0.01), (&side.errors, 0.001)];
    let sums = series.map(|(bad, budget)| (Sums::new(side, bad), budget));
    (start..MINUTES).find(|t| {
        sums.iter().any(|(sums, budget)| {
            let burns = |minutes, factor| sums.rate(*t, minutes) / budget >= factor;
            (burns(60, 14.4) && burns(5, 14.4)) || (burns(360, 6.0) && burns(30, 6.0))
        })
    })
}

/// Running sums of bad requests and requests.
struct Sums(Vec<(f64, f64)>);

impl Sums {
    fn new(side: &SideWeek, bad: &[u64]) -> Self {
        let mut sum = (0.0, 0.0);
        let mut sums = vec![sum];
        for ((seen, requests), bad) in side.seen.iter().zip(&side.requests).zip(bad) {
            if *seen {
                sum = (sum.0 + float(*bad), sum.1 + float(*requests));
            }
            sums.push(sum);
        }
        Self(sums)
    }

    fn rate(&self, t: usize, minutes: usize) -> f64 {
        let at = |index: usize| self.0.get(index).copied().unwrap_or_default();
        let (end, begin) = (at(t + 1), at((t + 1).saturating_sub(minutes)));
        (end.0 - begin.0) / (end.1 - begin.1).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::tests::week;

    #[test]
    fn an_outage_burns_within_minutes_and_a_calm_week_never() {
        let mut week = week();
        assert_eq!(judge(&week, 0), None);
        for errors in week.candidate.errors.iter_mut().skip(500) {
            *errors = 20;
        }
        // 10 % of all requests fail: 14.4 times 0.1 % over an hour takes 9 minutes.
        assert_eq!(judge(&week, 0), Some(508));
    }
}
