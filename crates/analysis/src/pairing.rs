//! Pairing: two rows of one minute become counts that can be compared.
//!
//! Conditioning on the minute's total of bad requests takes out load, time of day and whatever
//! strikes both sides at once: of `k` bad requests a fair split sends `k q0` to Fargate.

use model::minute::{Counts, Minute};
use model::{PerSide, Share, Side};
use serde::{Deserialize, Serialize};

use crate::signal::{Signal, Slo};

/// One side's minute as the fold keeps it: the counts, and the context boiled down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    pub(crate) revision: u32,
    pub(crate) counts: Counts,
    pub(crate) share: Option<Share>,
    pub(crate) settled: Option<bool>,
    pub(crate) tasks: Option<u32>,
    pub(crate) healthy: Option<u32>,
    pub(crate) safe_per_task: Option<u32>,
    /// A fingerprint: releases are only ever compared.
    pub(crate) release: Option<u64>,
    pub(crate) deploying: Option<bool>,
    pub(crate) surge: Option<bool>,
}

impl Row {
    pub(crate) fn new(minute: &Minute) -> Self {
        let context = &minute.context;
        Self {
            revision: minute.revision,
            counts: minute.counts,
            share: context.share,
            settled: context.settled,
            tasks: context.tasks,
            healthy: context.healthy,
            safe_per_task: context.safe_per_task,
            release: context.release.as_deref().map(fingerprint),
            deploying: context.deploying,
            surge: context.surge,
        }
    }

    /// Requests and bad requests of an objective; `None` unless both are known and possible.
    pub(crate) fn slo(&self, slo: Slo) -> Option<(u64, u64)> {
        possible(self.counts.requests, slo.count(&self.counts))
    }

    /// The same for a comparison.
    pub(crate) fn signal(&self, signal: Signal) -> Option<(u64, u64)> {
        possible(self.counts.requests, signal.count(&self.counts))
    }

    /// Whether everything that `signals` need is here.
    pub(crate) fn is_complete(&self, mut signals: impl Iterator<Item = Signal>) -> bool {
        self.counts.requests.is_some() && signals.all(|signal| self.signal(signal).is_some())
    }
}

/// More bad requests than requests are a broken reading, and so are astronomic ones.
fn possible(requests: Option<u64>, bad: Option<u64>) -> Option<(u64, u64)> {
    let (requests, bad) = (requests?, bad?);
    (bad <= requests && requests <= REQUESTS_MAX).then_some((requests, bad))
}

/// Sums of six hours of this still fit an f64 without loss.
const REQUESTS_MAX: u64 = 1_000_000_000_000;

/// FNV-1a.
fn fingerprint(release: &str) -> u64 {
    release
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// One signal in one minute on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub(crate) requests_fargate: f64,
    pub(crate) bad_fargate: f64,
    pub(crate) requests_ec2: f64,
    pub(crate) bad_ec2: f64,
}

impl Pair {
    /// `None` unless both sides had requests and both counts are known.
    pub(crate) fn of(rows: &PerSide<Option<Row>>, signal: Signal) -> Option<Self> {
        let (requests_fargate, bad_fargate) = rows.get(Side::Fargate).as_ref()?.signal(signal)?;
        let (requests_ec2, bad_ec2) = rows.get(Side::Ec2).as_ref()?.signal(signal)?;
        (requests_fargate > 0 && requests_ec2 > 0).then(|| Self {
            requests_fargate: float(requests_fargate),
            bad_fargate: float(bad_fargate),
            requests_ec2: float(requests_ec2),
            bad_ec2: float(bad_ec2),
        })
    }

    pub(crate) fn bad(&self) -> f64 {
        self.bad_fargate + self.bad_ec2
    }

    /// Fargate's share of the bad requests when its bad fraction is `ratio` times EC2's:
    /// q0 = r n_C / (r n_C + n_B).
    pub(crate) fn fair_share(&self, ratio: f64) -> f64 {
        let weighted = ratio * self.requests_fargate;
        (weighted / (weighted + self.requests_ec2)).clamp(1e-6, 1.0 - 1e-6)
    }
}

/// A count as a float; exact for every count that [`possible`] lets through.
#[expect(clippy::cast_precision_loss, reason = "counts are bounded far below 2^53")]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}

/// The threshold at which Fargate is asked when EC2 is asked at `threshold`: max(1.10 t, t + d),
/// d the lesser of 5 ms and 2 % of the SLO's threshold, all in milliseconds (2.2 and A11).
///
/// Ten percent of a 3 ms median is less than any network hop differs by, hence the floor.
#[must_use]
pub fn candidate_threshold(threshold_ms: f64, slo_threshold_ms: f64) -> f64 {
    let floor = (0.02 * slo_threshold_ms).min(5.0);
    (1.10 * threshold_ms).max(threshold_ms + floor)
}

/// Rows of one minute for tests: requests and bad ones of each side, bad by every signal.
#[cfg(test)]
pub(crate) fn rows_of(ec2: (u64, u64), fargate: (u64, u64)) -> PerSide<Option<Row>> {
    PerSide { ec2, fargate }.map(|(requests, bad)| {
        let (requests, bad) = (Some(requests), Some(bad));
        let counts = Counts {
            requests,
            slow: bad,
            slow_slo: bad,
            slow_p90: bad,
            slow_p50: bad,
            errors: bad,
        };
        Some(Row { counts, ..Row::default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_services_get_a_floor_under_the_margin() {
        for (threshold, slo, expected) in
            [(300.0, 300.0, 330.0), (3.0, 300.0, 8.0), (3.0, 100.0, 5.0), (60.0, 300.0, 66.0)]
        {
            let found = candidate_threshold(threshold, slo);
            assert!((found - expected).abs() < 1e-9, "{threshold} of {slo}: {found}");
        }
    }

    #[test]
    fn a_fair_share_follows_requests_and_ratio() {
        let pair =
            Pair { requests_fargate: 100.0, bad_fargate: 1.0, requests_ec2: 300.0, bad_ec2: 2.0 };
        assert!((pair.fair_share(1.0) - 0.25).abs() < 1e-12);
        assert!((pair.fair_share(3.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn impossible_counts_are_no_numbers() {
        assert_eq!(possible(Some(5), Some(6)), None);
        assert_eq!(possible(Some(u64::MAX), Some(6)), None);
        assert_eq!(possible(None, Some(0)), None);
        assert_eq!(possible(Some(5), None), None);
        assert_eq!(possible(Some(0), Some(0)), Some((0, 0)));
    }

    #[test]
    fn a_comparison_needs_requests_on_both_sides() {
        let of = |ec2, fargate| Pair::of(&rows_of(ec2, fargate), Signal::Errors);
        assert_eq!(of((0, 0), (9, 1)), None);
        assert_eq!(of((9, 1), (0, 0)), None);
        let pair = of((9, 2), (4, 1)).expect("both have requests");
        assert!((pair.bad() - 3.0).abs() < 1e-12 && (pair.requests_ec2 - 9.0).abs() < 1e-12);
        let mut unseen = rows_of((9, 2), (4, 1));
        unseen.ec2 = None;
        assert_eq!(Pair::of(&unseen, Signal::Errors), None);
    }

    #[test]
    fn no_side_is_fairly_given_all_or_nothing() {
        let pair = |requests_fargate, requests_ec2| Pair {
            requests_fargate,
            bad_fargate: 0.0,
            requests_ec2,
            bad_ec2: 0.0,
        };
        assert!((pair(1e12, 1.0).fair_share(1.0) - (1.0 - 1e-6)).abs() < 1e-12);
        assert!((pair(1.0, 1e12).fair_share(1.0) - 1e-6).abs() < 1e-12);
    }

    #[test]
    fn a_row_is_complete_with_requests_and_all_that_is_compared() {
        let whole = rows_of((9, 2), (9, 2)).ec2.expect("a row");
        assert!(whole.is_complete(Signal::ALL.into_iter()));
        let mut part = whole;
        part.counts.slow_p50 = None;
        assert!(!part.is_complete(Signal::ALL.into_iter()));
        assert!(part.is_complete([Signal::Errors, Signal::SlowP90].into_iter()));
        let mut none = whole;
        none.counts.requests = None;
        assert!(!none.is_complete(std::iter::empty()));
    }

    #[test]
    fn releases_are_told_apart_by_fnv_1a() {
        // The published test vectors.
        for (release, expected) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(fingerprint(release), expected, "{release}");
        }
    }
}
