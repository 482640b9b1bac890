//! What a service did in its last week.

use crate::Time;

/// The minutes of a service that a source had.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Week {
    /// From when they were asked for.
    pub from: Option<Time>,
    /// Until when.
    pub until: Option<Time>,
    /// Minutes with requests, or with CPU.
    pub minutes: Vec<WeekMinute>,
}

/// One minute.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WeekMinute {
    /// The minute, counted from the epoch.
    pub minute: i64,
    /// Requests; `None` where they are not known.
    pub requests: Option<u64>,
    /// Requests answered with a server error.
    pub errors: Option<u64>,
    /// 99th percentile of latency in milliseconds.
    pub p99_ms: Option<f64>,
    /// Mean CPU of the service in percent of what it reserves.
    pub cpu_percent: Option<f64>,
}

impl Week {
    /// Requests of all minutes together.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.minutes.iter().filter_map(|minute| minute.requests).sum()
    }

    /// Server errors of all minutes together.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.minutes.iter().filter_map(|minute| minute.errors).sum()
    }

    /// Requests of the busiest minute.
    #[must_use]
    pub fn requests_max(&self) -> Option<u64> {
        self.minutes.iter().filter_map(|minute| minute.requests).max()
    }

    /// CPU in percent that 95 of 100 minutes stay at or below (nearest rank).
    #[must_use]
    pub fn cpu_p95(&self) -> Option<f64> {
        let cpu = |minute: &WeekMinute| minute.cpu_percent.filter(|cpu| cpu.is_finite());
        let mut values: Vec<f64> = self.minutes.iter().filter_map(cpu).collect();
        values.sort_by(f64::total_cmp);
        values.get((values.len() * 95).div_ceil(100).checked_sub(1)?).copied()
    }

    /// The latency in milliseconds that the 99th percentile of a minute stayed at or below for 95
    /// of 100 requests: minutes are counted by their requests, so that a few slow answers in an
    /// empty night weigh as little as they are.
    #[must_use]
    pub fn p99_usual_ms(&self) -> Option<f64> {
        let known = self.minutes.iter().filter_map(|minute| {
            let p99 = minute.p99_ms.filter(|p99| p99.is_finite() && *p99 >= 0.0)?;
            Some((p99, minute.requests.filter(|requests| *requests > 0)?))
        });
        let mut known: Vec<(f64, u64)> = known.collect();
        known.sort_by(|one, other| one.0.total_cmp(&other.0));
        let all: u64 = known.iter().map(|(_, requests)| requests).sum();
        let enough = (u128::from(all) * 95).div_ceil(100);
        let mut seen = 0_u128;
        known.into_iter().find_map(|(p99, requests)| {
            seen += u128::from(requests);
            (seen >= enough).then_some(p99)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(requests: u64, p99_ms: f64) -> WeekMinute {
        WeekMinute { requests: Some(requests), p99_ms: Some(p99_ms), ..WeekMinute::default() }
    }

    #[test]
    fn a_slow_but_empty_night_does_not_set_the_usual_latency() {
        let minutes = [vec![minute(1_000, 200.0); 95], vec![minute(10, 3_000.0); 60]].concat();
        let week = Week { minutes, ..Week::default() };
        assert_eq!(week.p99_usual_ms(), Some(200.0));
    }

    #[test]
    fn what_is_not_a_number_counts_for_nothing() {
        let minutes = vec![minute(10, f64::NAN), minute(0, 900.0), WeekMinute::default()];
        let week = Week { minutes, ..Week::default() };
        assert_eq!((week.p99_usual_ms(), week.cpu_p95()), (None, None));
        assert_eq!(week.requests(), 10);
    }

    #[test]
    fn the_95th_of_a_hundred_is_the_95th() {
        let of = |cpu: u32| WeekMinute { cpu_percent: Some(cpu.into()), ..WeekMinute::default() };
        let week = Week { minutes: (1..=100).map(of).collect(), ..Week::default() };
        assert_eq!(week.cpu_p95(), Some(95.0));
    }
}
