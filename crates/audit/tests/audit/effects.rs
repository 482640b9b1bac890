//! What a write of weights does, told from the weights and from nothing else.

use audit::Invariant::{self, S4};
use model::Side;
use model::action::{Action, Direction};
use model::observation::{Gap, Seen};
use model::route::{WeightPair, Weights};

use crate::case::{A, Case, advance, ago, broken, expect, intended, rollback, weights};

const DARK: WeightPair = WeightPair { ec2: 0, fargate: 0 };
const RISES: &str = "a rollback would send more traffic to Fargate";

fn is_said(case: &Case, words: &str) -> bool {
    case.audit().findings().iter().any(|finding| finding.message.contains(words))
}

/// Makes a case's one write go from these weights.
fn expects(case: &mut Case, before: Weights) {
    let Some(Action::SetWeights { expected, .. }) = case.plan.actions.first_mut() else { return };
    expected.clone_from(&before);
    if let Some(intended) = &mut case.plan.status.intended {
        intended.before = before;
    }
}

#[test]
fn a_pair_without_weight_is_split_equally_and_so_a_rise() {
    let to_none = rollback().with(|case| {
        case.weights().insert(A.to_owned(), DARK);
    });
    assert!(is_said(&to_none, RISES), "{:#?}", to_none.audit().findings());
    let from_none = rollback().with(|case| {
        case.live(weights(0).into_keys().map(|key| (key, DARK)).collect());
        expects(case, weights(0).into_keys().map(|key| (key, DARK)).collect());
    });
    assert!(is_said(&from_none, RISES), "what it was is not known: nothing is taken for granted");
}

#[test]
fn what_either_the_look_or_the_write_knows_of_a_route_is_known() {
    let partly = || {
        rollback().with(|case| {
            case.moves(250, 100, Direction::RollBack);
            case.plan.status.latch = Some(crate::case::latch(1));
            case.plan.events = vec![crate::case::event()];
        })
    };
    expect("both know", &partly(), &[]);
    let unread = partly().with(|case| case.observation.split = Seen::unknown(Gap::Throttled));
    assert!(!is_said(&unread, RISES), "{:#?}", unread.audit().findings());
    assert_eq!(unread.audit().permitted(), unread.plan.actions, "no reading is waited for");
    let unexpected = partly().with(|case| expects(case, Weights::new()));
    assert!(!is_said(&unexpected, RISES), "{:#?}", unexpected.audit().findings());
    let neither = unread.with(|case| expects(case, Weights::new()));
    assert!(is_said(&neither, RISES), "{:#?}", neither.audit().findings());
}

#[test]
fn a_route_that_had_not_to_move_is_no_sign_that_others_did() {
    let mut before = weights(100);
    before.insert(A.to_owned(), weights(250)[A]);
    let case = advance().with(|case| {
        case.live(before.clone());
        case.status.intended = Some(intended(ago(1), before.clone(), weights(250)));
        case.status.step = case.plan.status.step.clone();
        case.plan.status.intended = case.status.intended.clone();
        expects(case, before.clone());
        let Some(Action::SetWeights { direction, .. }) = case.plan.actions.first_mut() else {
            return;
        };
        *direction = Direction::Finish;
    });
    expect("not paused", &case, &[]);
    expect("paused", &case.with(|case| case.spec.paused = true), &[S4]);
}

#[test]
fn tasks_that_carry_nothing_are_no_measure_of_what_is_needed() {
    for safe in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY] {
        let case = advance().with(|case| case.load().safe_per_task_rpm.fargate = Some(safe));
        assert!(broken(case.audit().findings()).contains(&Invariant::S1), "{safe}");
    }
}

#[test]
fn a_doubt_says_whether_a_reading_failed_or_grew_old() {
    let failed = advance().with(|case| {
        case.observation.targets.fargate = Seen::unknown(Gap::Throttled);
        case.observation.services.ec2 = Seen::unknown(Gap::Failed);
    });
    assert!(is_said(&failed, "target health of Fargate could not be read"));
    assert!(is_said(&failed, "the service on EC2 could not be read"));
    let old = advance().with(|case| {
        let Seen::Known { at, .. } = case.observation.targets.get_mut(Side::Fargate) else {
            return;
        };
        *at = ago(30);
    });
    assert!(is_said(&old, "was not read lately"), "{:#?}", old.audit().findings());
}
