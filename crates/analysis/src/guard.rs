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
            // Paired minutes have requests, so none is bad without a bad one.
            .filter(|counted| counted.bad.fargate >= SMALL_NULL_MIN * counted.requests.fargate)
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
            bad >= SMALL_NULL_MIN * requests
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

    /// Requests and bad ones.
    type Count = (u32, u32);

    fn counted(ec2: Count, fargate: Count) -> Counted {
        Counted {
            requests: PerSide { ec2: f64::from(ec2.0), fargate: f64::from(fargate.0) },
            bad: PerSide { ec2: f64::from(ec2.1), fargate: f64::from(fargate.1) },
        }
    }

    /// A guard after one minute after another.
    fn after(minutes: &[(Count, Count)]) -> Guard {
        let mut guard = Guard::default();
        for (minute, (ec2, fargate)) in (0_i64..).zip(minutes) {
            guard.add(minute, &counted(*ec2, *fargate));
        }
        guard
    }

    #[test]
    fn what_nearly_every_minute_takes_is_worked_out_beforehand_to_the_bit() {
        let (bad, good) = (libm::log(0.5 / 0.1), libm::log((1.0 - 0.5) / (1.0 - 0.1)));
        let (usual_bad, usual_good) = SMALL_USUAL;
        assert_eq!((usual_bad.to_bits(), usual_good.to_bits()), (bad.to_bits(), good.to_bits()));
        assert!((libm::log(SMALL_NEEDED) - 13.8).abs() < 1e-9);
    }

    #[test]
    fn small_shares_are_tested_against_four_times_what_ec2_had() {
        // The likelihood ratio of `bad` and `good` requests for one fraction against another.
        let ratio = |bad: i32, good: i32, alternative: f64, null: f64| {
            libm::pow(alternative / null, f64::from(bad))
                * libm::pow((1.0 - alternative) / (1.0 - null), f64::from(good))
        };
        let close = |guard: &Guard, expected: f64| {
            let found = guard.small_share;
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} instead of {expected}");
        };
        // Nothing bad on EC2: a half against a tenth.
        let usual = ratio(2, 3, 0.5, 0.1);
        close(&after(&[((900, 0), (5, 2))]), usual);
        // 2 of 45, shrunk to 2.5 of 50: 4 times that is a fifth.
        close(&after(&[((45, 2), (6, 3))]), ratio(3, 3, 0.5, 0.2));
        // 1 of 10, shrunk to 1.5 of 15: two fifths, and half as much again is what harm would be.
        close(&after(&[((10, 1), (6, 3))]), ratio(3, 3, 0.6, 0.4));
        // Both minutes count, and the worse of the newest and all: 3 of 55 are a quarter ...
        let second = ratio(1, 1, 0.5, 4.0 * 3.5 / 60.0);
        close(&after(&[((45, 2), (5, 2)), ((10, 1), (2, 1))]), {
            let newest = ratio(1, 1, 0.6, 0.4);
            (ratio(2, 3, 0.5, 0.2) + 1.0) * newest
        });
        // ... where the newest minute alone had none.
        close(&after(&[((45, 3), (5, 2)), ((10, 0), (2, 1))]), {
            let null = 4.0 * 3.5 / 50.0;
            (ratio(2, 3, 0.5, null) + 1.0) * second
        });
        // One minute gives at most four nats, however bad.
        close(&after(&[((900, 0), (20, 20))]), libm::exp(4.0));
        // Where EC2 is down itself nothing can be told, and what was is forgotten.
        close(&after(&[((900, 0), (5, 2)), ((900, 900), (5, 2)), ((900_000, 0), (5, 2))]), usual);
        // A minute without requests on one side says nothing.
        let mut silent = after(&[((900, 0), (5, 2))]);
        silent.add(1, &counted((900, 0), (0, 0)));
        silent.add(2, &counted((0, 0), (5, 5)));
        close(&silent, usual);
    }

    #[test]
    fn five_minutes_of_disaster_are_each_a_tenth_bad_and_three_requests() {
        // A burn of 14.4 is 1.44 % of a budget of 0.1 %, and 14.4 % of one of 1 %.
        let hot = ((640, 0), (40, 5));
        let none = ((640, 0), (40, 0));
        let few = ((640, 0), (10, 2));
        let many = ((640, 0), (100, 15));
        for (minutes, budget, alarm, why) in [
            (&[hot; 5][..], 0.001, Some(Alarm::Disaster), "25 of 200"),
            (&[hot; 5], 0.01, None, "an eighth is less than 14.4 budgets"),
            (&[((640, 0), (40, 6)); 5], 0.01, Some(Alarm::Disaster), "15 % is more"),
            (&[hot; 4], 0.001, None, "four minutes"),
            (&[hot, none, hot, hot, hot], 0.001, None, "one good minute"),
            (&[hot, hot, hot, hot, none], 0.001, None, "over by now"),
            (&[hot, hot, hot, hot, ((640, 0), (40, 4))], 0.001, None, "24 bad requests"),
            (&[many, many, many, many, ((640, 0), (40, 3))], 0.001, None, "less than a tenth"),
            (&[many, many, many, many, few], 0.001, None, "two bad requests are few"),
            (&[many, many, many, many, ((640, 0), (10, 3))], 0.001, Some(Alarm::Disaster), "3"),
            // An eighth on Fargate is eight times a 64th on EC2, and no more.
            (&[((640, 10), (40, 5)); 5], 0.001, None, "eight times EC2's fraction"),
            (
                &[((640, 9), (40, 5)), ((640, 10), (40, 5)), hot, hot, hot],
                0.001,
                Some(Alarm::Disaster),
                "more than that",
            ),
        ] {
            let guard = after(minutes);
            let last = i64::try_from(minutes.len()).unwrap() - 1;
            assert!(guard.small_share < SMALL_NEEDED, "the other guard is silent: {why}");
            assert_eq!(guard.alarm(last, budget), alarm, "{why}");
        }
    }

    #[test]
    fn the_five_minutes_lie_within_ten_of_the_clock() {
        for (now, alarm) in [(4, true), (9, true), (10, false)] {
            let guard = after(&[((640, 0), (40, 5)); 5]);
            assert_eq!(guard.alarm(now, 0.001).is_some(), alarm, "asked in minute {now}");
        }
        // Two in ten are no disaster, and the sum is of those within the ten alone.
        let mut guard = Guard::default();
        for minute in [0, 10, 12, 14, 16, 19] {
            guard.add(minute, &counted((640, 0), (40, 5)));
        }
        assert_eq!(guard.alarm(19, 0.001), Some(Alarm::Disaster));
        assert_eq!(guard.alarm(20, 0.001), None);
    }

    #[test]
    fn a_small_share_is_lost_with_three_bad_minutes_of_the_last_ten() {
        let guard = after(&[((900, 0), (6, 6)); 4]);
        for (now, alarm) in [(3, true), (10, true), (11, false), (40, false)] {
            let expected = alarm.then_some(Alarm::SmallShare);
            assert_eq!(guard.alarm(now, 0.001), expected, "asked in minute {now}");
        }
        // Surely lost before, and well since: one bad request of eleven is no bad minute.
        let lost = ((900, 0), (6, 6));
        for (bad, alarm) in [(2, true), (1, false)] {
            let well = ((900, 0), (11, bad));
            let mut minutes = vec![lost; 10];
            minutes.extend([well; 4]);
            let guard = after(&minutes);
            assert!(guard.small_share >= SMALL_NEEDED, "{}", guard.small_share);
            assert_eq!(guard.alarm(13, 0.001).is_some(), alarm, "{bad} of 11 in four minutes");
        }
    }

    #[test]
    fn with_25_bad_requests_a_share_is_not_small() {
        for (first, alarm) in [(7, Alarm::Disaster), (6, Alarm::SmallShare)] {
            let guard = after(&[
                ((900, 0), (first, first)),
                ((900, 0), (6, 6)),
                ((900, 0), (6, 6)),
                ((900, 0), (6, 6)),
            ]);
            assert_eq!(guard.alarm(3, 0.001), Some(alarm), "{first} at first");
        }
    }
}
