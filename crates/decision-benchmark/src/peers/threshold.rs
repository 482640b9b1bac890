//! Threshold counting: Flagger (`scheduler.go`) and Argo Rollouts (`analysis.go`).

use crate::week::{MINUTES, SLO_THRESHOLD, Week, float};

/// A request error rate of 1 % fails a check.
const ERROR_RATE_MAX: f64 = 0.01;

fn is_bad(week: &Week, t: usize) -> bool {
    let side = &week.candidate;
    let seen = side.seen.get(t).copied().unwrap_or(false);
    let p99 = side.p99.get(t).copied().unwrap_or(f64::NAN);
    let requests = side.requests.get(t).copied().unwrap_or(0).max(1);
    let errors = side.errors.get(t).copied().unwrap_or(0);
    (seen && p99 > SLO_THRESHOLD) || float(errors) > ERROR_RATE_MAX * float(requests)
}

/// Five failed checks since `start`, in any order; missing data fails a check as well.
pub(crate) fn flagger(week: &Week, start: usize) -> Option<usize> {
    let mut failed = 0;
    (start..MINUTES).find(|t| {
        let is_seen = week.candidate.seen.get(*t).copied().unwrap_or(false);
        failed += u32::from(!is_seen || is_bad(week, *t));
        failed >= 5
    })
}

/// The kinder reading: five in a row, missing data forgiven.
pub(crate) fn consecutive(week: &Week, start: usize) -> Option<usize> {
    let mut run = 0;
    (0..MINUTES).find(|t| {
        run = if is_bad(week, *t) { run + 1 } else { 0 };
        run >= 5 && *t >= start
    })
}

/// Checks of five minutes, the fourth failure in any order ends it; no data is no failure.
pub(crate) fn argo(week: &Week, start: usize) -> Option<usize> {
    let side = &week.candidate;
    let mut failed = 0;
    (4..MINUTES).step_by(5).find(|end| {
        let (mut p99, mut seen, mut errors, mut requests) = (0.0, 0.0, 0, 0);
        for t in end - 4..=*end {
            if side.seen.get(t).copied().unwrap_or(false) {
                p99 += side.p99.get(t).copied().unwrap_or(0.0);
                seen += 1.0;
                errors += side.errors.get(t).copied().unwrap_or(0);
                requests += side.requests.get(t).copied().unwrap_or(0);
            }
        }
        let is_bad = (seen > 0.0 && p99 / seen > SLO_THRESHOLD)
            || float(errors) > ERROR_RATE_MAX * float(requests.max(1));
        failed += u32::from(is_bad && *end >= start);
        failed > 3
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::tests::week;

    #[test]
    fn missing_minutes_fail_checks_of_flagger_alone() {
        let mut week = week();
        for seen in week.candidate.seen.iter_mut().skip(100).take(5) {
            *seen = false;
        }
        assert_eq!(flagger(&week, 0), Some(104));
        assert_eq!(consecutive(&week, 0), None);
        assert_eq!(argo(&week, 0), None);
    }

    #[test]
    fn slow_minutes_end_all_three() {
        let mut week = week();
        for p99 in week.candidate.p99.iter_mut().skip(200) {
            *p99 = 1.0;
        }
        assert_eq!(flagger(&week, 0), Some(204));
        assert_eq!(consecutive(&week, 0), Some(204));
        assert_eq!(argo(&week, 0), Some(219));
    }
}
