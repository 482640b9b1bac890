//! The two guards: disasters that need no patience (2.5, A3).

use model::Side;
use serde::{Deserialize, Serialize};

use crate::window::Counted;

/// The guards of one objective, over minutes in which both sides had requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Guard {
    /// The last five paired minutes, the newest last.
    minutes: [Option<GuardMinute>; 5],
    /// The Shiryaev-Roberts statistic of the guard for small shares.
    small_share: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct GuardMinute {
    minute: i64,
    counted: Counted,
}

/// What a guard says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Alarm {
    /// Five minutes of plain disaster.
    Disaster,
    /// The same on too few requests to fill five minutes with 25 bad ones.
    SmallShare,
}

/// Ten percent is a disaster for any objective; a burn of 14.4 for those that allow more.
const BAD_FRACTION_MIN: f64 = 0.10;
const BURN_MIN: f64 = 14.4;
const BAD_PER_MINUTE_MIN: f64 = 3.0;
const BAD_TOTAL_MIN: f64 = 25.0;
/// Common-mode incidents lift both sides; eight times EC2's own rate is not one.
const RATIO_MIN: f64 = 8.0;
/// Five paired minutes must lie within this many of the clock.
const SPAN_MINUTES_MAX: i64 = 10;

/// A3: p0 is at least this ...
const SMALL_NULL_MIN: f64 = 0.10;
/// ... and four times EC2's fraction over five minutes, shrunk by half a bad in five requests.
const SMALL_RATIO: f64 = 4.0;
const SMALL_ALTERNATIVE_MIN: f64 = 0.5;
const SMALL_ALTERNATIVE_MAX: f64 = 0.97;
/// ln(0.5 / 0.1) and ln(0.5 / 0.9): what nearly every minute takes.
const SMALL_USUAL: (f64, f64) = (1.609_437_912_434_100_3, -0.587_786_664_902_119);
const SMALL_CLIP: f64 = 4.0;
/// e^13.8: a week's minutes at 1 %.
const SMALL_NEEDED: f64 = 984_609.111_229_035_7;
const SMALL_BAD_MINUTES_MIN: usize = 3;
const STATISTIC_MAX: f64 = 1e200;

/// Four times EC2's bad fraction, with half a bad request in five imagined.
fn shrunk(counted: &Counted) -> f64 {
    SMALL_RATIO * (counted.bad.ec2 + 0.5) / (counted.requests.ec2 + 5.0)
}

fn is_within(paired: &GuardMinute, minute: i64) -> bool {
    minute - paired.minute < SPAN_MINUTES_MAX
}

impl Guard {
    /// Adds a minute; one without requests on either side changes nothing.
    pub(crate) fn add(&mut self, minute: i64, counted: &Counted) {
        if !counted.is_paired() {
            return;
        }
        let [_, b, c, d, e] = self.minutes;
        self.minutes = [b, c, d, e, Some(GuardMinute { minute, counted: *counted })];
        let recent = self.recent(minute);
        // The minute itself as well: when an incident strikes both sides, five minutes of EC2 are
        // mostly from before it.
        let null = SMALL_NULL_MIN.max(shrunk(&recent)).max(shrunk(counted));
        let alternative = (1.5 * null).clamp(SMALL_ALTERNATIVE_MIN, SMALL_ALTERNATIVE_MAX);
        if null >= alternative {
            // EC2 itself is down: nothing on Fargate can be told from that.
            self.small_share = 0.0;
            return;
        }
        let bad = counted.bad.fargate;
        let good = counted.requests.fargate - bad;
        let (per_bad, per_good) = if null > SMALL_NULL_MIN {
            (libm::log(alternative / null), libm::log((1.0 - alternative) / (1.0 - null)))
        } else {
            SMALL_USUAL
        };
        let likelihood = bad * per_bad + good * per_good;
        self.small_share =
            ((self.small_share + 1.0) * libm::exp(likelihood.min(SMALL_CLIP))).min(STATISTIC_MAX);
    }

    /// The sum of the paired minutes of the last ten.
    fn recent(&self, minute: i64) -> Counted {
        let mut sum = Counted::default();
        for paired in self.within(minute) {
            for side in Side::ALL {
                *sum.requests.get_mut(side) += paired.requests.get(side);
                *sum.bad.get_mut(side) += paired.bad.get(side);
            }
        }
        sum
    }

    fn within(&self, minute: i64) -> impl Iterator<Item = &Counted> {
        self.minutes
            .iter()
            .flatten()
            .filter(move |paired| is_within(paired, minute))
            .map(|paired| &paired.counted)
    }

    /// Whether a guard fires at `minute`, for an objective with this budget.
    pub(crate) fn alarm(&self, minute: i64, budget: f64) -> Option<Alarm> {
        let floor = BAD_FRACTION_MIN.max(BURN_MIN * budget).min(1.0);
        let is_hot = |counted: &Counted| {
            counted.bad.fargate >= floor * counted.requests.fargate
                && counted.bad.fargate >= BAD_PER_MINUTE_MIN
        };
        // From the newest back: nearly every minute ends the question by itself.
        let are_all_hot = self.minutes.iter().rev().all(|paired| {
            paired.is_some_and(|paired| is_within(&paired, minute) && is_hot(&paired.counted))
        });
        let is_sure = self.small_share >= SMALL_NEEDED;
        if !are_all_hot && !is_sure {
            return None;
        }
        let sum = self.recent(minute);
        if are_all_hot
            && sum.bad.fargate >= BAD_TOTAL_MIN
            && sum.fraction(Side::Fargate) > RATIO_MIN * sum.fraction(Side::Ec2)
        {
            return Some(Alarm::Disaster);
        }
        let bad_minutes = self
            .within(minute)
            .filter(|counted| {
                counted.bad.fargate >= SMALL_NULL_MIN * counted.requests.fargate
                    && counted.bad.fargate > 0.0
            })
            .count();
        let is_sure = is_sure && bad_minutes >= SMALL_BAD_MINUTES_MIN;
        // With requests enough for the other guard this one is only the faster of the two.
        let is_small = sum.bad.fargate < BAD_TOTAL_MIN;
        is_sure.then_some(if is_small { Alarm::SmallShare } else { Alarm::Disaster })
    }
}

#[cfg(test)]
mod tests {
    use model::PerSide;
    use proptest::prelude::*;

    use super::*;

    /// Every condition of both guards, looked at whether or not another has failed.
    fn plain(guard: &Guard, minute: i64, budget: f64) -> Option<Alarm> {
        let floor = BAD_FRACTION_MIN.max(BURN_MIN * budget).min(1.0);
        let within: Vec<&Counted> = guard.within(minute).collect();
        let sum = guard.recent(minute);
        let hot = within.iter().filter(|counted| {
            let (bad, requests) = (counted.bad.fargate, counted.requests.fargate);
            bad >= floor * requests && bad >= BAD_PER_MINUTE_MIN
        });
        let bad = within.iter().filter(|counted| {
            let (bad, requests) = (counted.bad.fargate, counted.requests.fargate);
            bad >= SMALL_NULL_MIN * requests && bad > 0.0
        });
        let is_enough = sum.bad.fargate >= BAD_TOTAL_MIN;
        let is_worse = sum.fraction(Side::Fargate) > RATIO_MIN * sum.fraction(Side::Ec2);
        let is_sure = guard.small_share >= SMALL_NEEDED && bad.count() >= SMALL_BAD_MINUTES_MIN;
        match (hot.count() == 5 && is_enough && is_worse, is_sure, is_enough) {
            (true, _, _) | (false, true, true) => Some(Alarm::Disaster),
            (false, true, false) => Some(Alarm::SmallShare),
            (false, false, _) => None,
        }
    }

    proptest! {
        #[test]
        fn leaving_early_changes_no_alarm(
            minutes in prop::collection::vec((1..4_i64, 1..40_u32, 0..40_u32, 0..3_u32), 1..40),
            budget in 0.001..0.05_f64,
        ) {
            let mut guard = Guard::default();
            let mut minute = 0;
            for (after, requests, bad, bad_ec2) in minutes {
                minute += after;
                let counted = Counted {
                    requests: PerSide { ec2: 900.0, fargate: f64::from(requests) },
                    bad: PerSide { ec2: f64::from(bad_ec2), fargate: f64::from(bad.min(requests)) },
                };
                guard.add(minute, &counted);
                for now in [minute, minute + 3, minute + 9] {
                    prop_assert_eq!(guard.alarm(now, budget), plain(&guard, now, budget));
                }
            }
        }
    }
}
