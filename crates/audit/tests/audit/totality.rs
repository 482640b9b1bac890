//! Whatever comes in: no panic, and no silence where an advance is made on garbage.

use std::collections::BTreeMap;

use model::action::{Action, Direction};
use model::observation::{Bounds, Gap, ScheduledBounds, Seen, Targets};
use model::route::WeightPair;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Time};
use proptest::prelude::*;

use crate::case::{A, Case, advance, broken, first_step};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(-1.0),
        Just(0.0),
        Just(-0.0),
        Just(f64::MIN_POSITIVE),
        Just(f64::MAX),
        0.0..1e5,
    ]
}

fn garbage() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        (f64::MIN..-f64::MIN_POSITIVE),
    ]
}

fn pair() -> impl Strategy<Value = WeightPair> {
    let weight = || prop_oneof![Just(0), Just(1), Just(u32::MAX), 0..300_u32, any::<u32>()];
    (weight(), weight()).prop_map(|(ec2, fargate)| WeightPair { ec2, fargate })
}

fn weights() -> impl Strategy<Value = BTreeMap<String, WeightPair>> {
    let key = prop_oneof![
        Just(A.to_owned()),
        Just(crate::case::AAAA.to_owned()),
        Just("other".to_owned())
    ];
    proptest::collection::btree_map(key, pair(), 0..4)
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -900_000..900_000_i64]
        .prop_map(|millis| Time::from_millis(crate::case::NOW.as_millis().saturating_add(millis)))
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Ec2), Just(Side::Fargate)]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (any::<u32>(), any::<u32>()).prop_map(|(min, max)| Bounds { min, max })
}

fn scheduled() -> impl Strategy<Value = ScheduledBounds> {
    let name = prop_oneof![Just("ferry-a".to_owned()), Just("x".to_owned()), Just(String::new())];
    (name, time(), any::<Option<u32>>(), any::<Option<u32>>())
        .prop_map(|(name, at, min, max)| ScheduledBounds { name, at, min, max })
}

fn action() -> impl Strategy<Value = Action> {
    let direction =
        prop_oneof![Just(Direction::Advance), Just(Direction::RollBack), Just(Direction::Finish)];
    prop_oneof![
        (0..=1000_u16, weights(), weights(), direction).prop_map(
            |(share, expected, weights, direction)| Action::SetWeights {
                sticky: model::route::Sticky::new(),
                share: Share::from_per_mille(share).expect("at most 1000"),
                expected,
                weights,
                direction,
            }
        ),
        (side(), bounds(), bounds()).prop_map(|(side, expected, bounds)| Action::SetBounds {
            side,
            expected,
            bounds
        }),
        (side(), any::<u32>(), any::<u32>())
            .prop_map(|(side, expected, desired)| Action::SetDesired { side, expected, desired }),
        (side(), scheduled())
            .prop_map(|(side, scheduled)| Action::PutScheduled { side, scheduled }),
        side().prop_map(|side| Action::DeleteScheduled { side, name: "ferry-a".to_owned() }),
    ]
}

fn anything() -> impl Strategy<Value = Case> {
    let numbers = proptest::collection::vec(number(), 8);
    let world = (weights(), time(), any::<i64>(), any::<u32>(), scheduled(), any::<Option<i64>>());
    (proptest::collection::vec(action(), 0..4), numbers, world).prop_map(
        |(actions, numbers, (live, at, minute, healthy, pending, judged))| {
            advance().with(|case| {
                case.live(live);
                if let Seen::Known { at: read, .. } = &mut case.observation.split {
                    *read = at;
                }
                let load = case.load();
                load.minute = minute;
                load.now_rpm = numbers[0];
                load.growth = numbers[1];
                load.peak_rpm = numbers[2];
                load.side_rpm.fargate = Some(numbers[3]);
                load.safe_per_task_rpm.ec2 = Some(numbers[4]);
                load.safe_per_task_rpm.fargate = Some(numbers[5]);
                case.verdict.evidence.harm = numbers[6];
                case.verdict.evidence.safe_threshold = numbers[7];
                case.verdict.minute = judged;
                case.healthy(Side::Ec2, healthy);
                case.scaling(Side::Ec2).scheduled = vec![pending];
                case.plan.actions = actions;
            })
        },
    )
}

/// Ways to make a sound step doubtful, each with a number that is none.
const DOUBTS: [fn(&mut Case, f64); 9] = [
    |case, bad| case.load().now_rpm = bad,
    |case, bad| case.load().growth = bad,
    |case, bad| case.load().safe_per_task_rpm.fargate = Some(bad),
    |case, _| case.load().safe_per_task_rpm.fargate = None,
    |case, _| case.observation.targets.fargate = Seen::unknown(Gap::Partial),
    |case, _| case.observation.targets.fargate = Seen::known(Targets::default(), crate::case::NOW),
    |case, _| case.observation.split = Seen::unknown(Gap::Throttled),
    |case, _| case.observation.load = Seen::unknown(Gap::Failed),
    |case, _| case.verdict(VerdictKind::RollBack, VerdictReason::CandidateDead),
];

proptest! {
    #[test]
    fn nothing_panics_and_every_action_is_either_done_or_stopped(case in anything()) {
        let audited = case.audit();
        let (done, stopped) = (audited.permitted().len(), audited.stopped().len());
        prop_assert_eq!(done + stopped, case.plan.actions.len());
        for finding in audited.findings() {
            prop_assert!(finding.action.is_none_or(|index| index < case.plan.actions.len()));
            prop_assert!(!finding.message.is_empty());
        }
    }

    #[test]
    fn no_permitted_write_is_dark(case in anything()) {
        for action in case.audit().permitted() {
            if let Action::SetWeights { weights, .. } = action {
                prop_assert!(!weights.is_empty());
                for pair in weights.values() {
                    prop_assert!(pair.ec2.checked_add(pair.fargate).is_some_and(|total| total > 0));
                }
            }
        }
    }

    #[test]
    fn no_step_is_taken_on_garbage(
        doubt in 0..DOUBTS.len(), bad in garbage(), first in any::<bool>(),
    ) {
        let base = if first { first_step() } else { advance() };
        let case = base.with(|case| DOUBTS[doubt](case, bad));
        let audited = case.audit();
        prop_assert_eq!(audited.permitted(), []);
        prop_assert!(!broken(audited.findings()).is_empty());
    }
}
