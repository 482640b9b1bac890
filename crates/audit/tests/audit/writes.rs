//! O2, C2.

use audit::Invariant::{C2, O1, O2};
use model::action::Action;
use model::observation::{Gap, Seen};
use model::route::WeightPair;
use model::{Share, Side, Span};

use crate::case::{A, Case, NOW, advance, ago, broken, doing, each, expect, set_bounds, weights};

#[test]
fn a_write_expects_what_was_seen() {
    let unexpected = advance().with(|case| {
        case.live(weights(90));
        case.status.step = Some(crate::case::stood(90));
        case.status.intended = Some(crate::case::intended(ago(9), weights(50), weights(90)));
    });
    expect("other weights", &unexpected, &[O2]);
    let bounds = |seen: (u32, u32)| {
        doing(vec![set_bounds(Side::Fargate, (100, 600), (120, 600))]).with(|case| {
            let bounds = &mut case.scaling(Side::Fargate).bounds;
            (bounds.min, bounds.max) = seen;
        })
    };
    expect("the bounds seen", &bounds((100, 600)), &[]);
    expect("another minimum", &bounds((99, 600)), &[O2]);
    expect("another maximum", &bounds((100, 601)), &[O2]);
    let unseen = doing(vec![set_bounds(Side::Fargate, (100, 600), (120, 600))]).with(|case| {
        case.observation.scaling.fargate = Seen::unknown(Gap::Failed);
    });
    expect("bounds unseen", &unseen, &[O2]);
    let chain = |second| {
        doing(vec![
            set_bounds(Side::Ec2, (100, 600), (120, 600)),
            set_bounds(Side::Ec2, second, (130, 600)),
        ])
    };
    expect("one write after another", &chain((120, 600)), &[]);
    expect("both from the start", &chain((100, 600)), &[O2]);
    let same = set_bounds(Side::Ec2, (100, 600), (120, 600));
    expect("the same once more", &doing(vec![same.clone(), same]), &[]);
}

#[test]
fn weights_can_be_expressed() {
    let pair = |ec2, fargate| {
        move |case: &mut Case| {
            let pair = WeightPair { ec2, fargate };
            for held in case.weights().values_mut() {
                *held = pair;
            }
            let after = case.weights().clone();
            case.plan.status.intended.as_mut().unwrap().after = after;
        }
    };
    expect("up to the limit", &advance().with(pair(255, 85)), &[]);
    expect("beyond it", &advance().with(pair(258, 86)), &[O2]);
}

#[test]
fn routes_move_together() {
    let apart = advance().with(|case| {
        case.weights().insert(A.to_owned(), WeightPair { ec2: 80, fargate: 20 });
        let after = case.weights().clone();
        case.plan.status.intended.as_mut().unwrap().after = after;
    });
    expect("one apart", &apart, &[O2]);
    let added = advance().with(|case| {
        case.weights().insert("Z1/new/A".to_owned(), WeightPair { ec2: 75, fargate: 25 });
        let after = case.weights().clone();
        case.plan.status.intended.as_mut().unwrap().after = after;
    });
    expect("one more than expected", &added, &[O1, O2]);
}

#[test]
fn what_is_about_to_be_done_is_on_record() {
    each(
        advance,
        &[
            ("no record", |case| case.plan.status.intended = None, &[C2]),
            (
                "another share",
                |case| {
                    case.plan.status.intended.as_mut().unwrap().share = Share::percent(24);
                },
                &[C2],
            ),
            (
                "other weights after",
                |case| {
                    case.plan.status.intended.as_mut().unwrap().after = weights(240);
                },
                &[C2],
            ),
            (
                "other weights before",
                |case| {
                    case.plan.status.intended.as_mut().unwrap().before = weights(90);
                },
                &[C2],
            ),
            (
                "of a time to come",
                |case| {
                    case.plan.status.intended.as_mut().unwrap().at = NOW + Span::from_secs(1);
                },
                &[C2],
            ),
            ("no step", |case| case.plan.status.step = None, &[C2]),
            ("the old step", |case| case.plan.status.step = case.status.step.clone(), &[C2]),
            (
                "a step of another time",
                |case| {
                    case.plan.status.step.as_mut().unwrap().decided_at = ago(1);
                },
                &[C2],
            ),
            (
                "a step verified before it is made",
                |case| {
                    case.plan.status.step.as_mut().unwrap().verified_at = Some(NOW);
                },
                &[C2],
            ),
            (
                "a step settled before it is made",
                |case| {
                    case.plan.status.step.as_mut().unwrap().settled_at = Some(NOW);
                },
                &[C2],
            ),
        ],
    );
}

#[test]
fn a_rollback_off_the_record_is_said_and_made() {
    let case = crate::case::rollback().with(|case| case.plan.status.intended = None);
    assert!(broken(case.audit().findings()).contains(&C2));
    assert!(matches!(case.audit().permitted(), [Action::SetWeights { .. }]));
}
