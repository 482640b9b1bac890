//! S4, S6, S7.

use audit::Fleet;
use audit::Invariant::{C2, O2, S1, S3, S4, S6, S7};
use model::action::{Action, Direction};
use model::route::WeightPair;
use model::spec::Target;
use model::status::{Pin, Verbs};
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Span};

use crate::case::{
    A, Case, NOW, advance, ago, doing, each, event, expect, first_step, intended, latch, rollback,
    said, stood, weights,
};

#[test]
fn steps_are_small() {
    let from_to = |from, to| {
        advance().with(|case| {
            case.moves(from, to, Direction::Advance);
            case.healthy(model::Side::Fargate, 200);
        })
    };
    expect("25 % at once", &from_to(250, 500), &[]);
    expect("25.1 % at once", &from_to(250, 501), &[S4]);
    expect("past the end", &from_to(900, 1000), &[]);
}

#[test]
fn no_step_goes_beyond_what_is_asked_for() {
    each(
        advance,
        &[
            (
                "the last step",
                |case| {
                    case.rollout().steps = vec![Share::percent(10), Share::percent(25)];
                },
                &[],
            ),
            (
                "beyond the last step",
                |case| {
                    case.rollout().steps = vec![Share::percent(10), Share::percent(24)];
                },
                &[S4],
            ),
            (
                "a share to hold",
                |case| {
                    case.spec.traffic.target = Target::Share(Share::percent(25));
                },
                &[],
            ),
            (
                "beyond a share to hold",
                |case| {
                    case.spec.traffic.target = Target::Share(Share::percent(24));
                },
                &[S4],
            ),
            (
                "a pin",
                |case| {
                    case.status.verbs.pin = Some(Pin { share: Share::percent(25), said: said() });
                },
                &[],
            ),
            (
                "beyond a pin",
                |case| {
                    case.status.verbs.pin = Some(Pin { share: Share::percent(10), said: said() });
                },
                &[S4],
            ),
            ("an operator's rollback", |case| case.status.verbs.rollback = Some(said()), &[S4]),
            ("paused by the spec", |case| case.spec.paused = true, &[S4]),
            ("paused by an operator", |case| case.status.verbs.pause = Some(said()), &[S4]),
            (
                "on the deadline",
                |case| {
                    case.status.started_at = Some(NOW - Span::from_days(21));
                },
                &[],
            ),
            (
                "past the deadline",
                |case| {
                    case.status.started_at = Some(NOW - Span::from_days(21) - Span::from_millis(1));
                },
                &[S4],
            ),
        ],
    );
}

#[test]
fn a_holdback_stays_until_the_bake_is_over() {
    let full = |baked| {
        advance().with(|case| {
            case.moves(990, 1000, Direction::Advance);
            case.healthy(model::Side::Fargate, 200);
            case.rollout().holdback = Some(Share::percent(1));
            if baked {
                case.status.baked_at = Some(ago(1));
            }
        })
    };
    expect("baking", &full(false), &[S4]);
    expect("baked", &full(true), &[]);
}

#[test]
fn a_step_stands_for_its_time() {
    each(
        advance,
        &[
            (
                "exactly its dwell",
                |case| {
                    case.status.step.as_mut().unwrap().settled_at = Some(ago(60));
                },
                &[],
            ),
            (
                "a minute less",
                |case| {
                    case.status.step.as_mut().unwrap().settled_at = Some(ago(59));
                },
                &[S4],
            ),
            ("not settled", |case| case.status.step.as_mut().unwrap().settled_at = None, &[S4]),
            (
                "settled in the future",
                |case| {
                    case.status.step.as_mut().unwrap().settled_at = Some(NOW + Span::from_mins(1));
                    case.rollout().dwell_min = Span::ZERO;
                },
                &[S4],
            ),
            ("no step on record", |case| case.status.step = None, &[S4]),
            ("another step on record", |case| case.status.step = Some(stood(50)), &[S4]),
            (
                "an operator's word passes over the dwell",
                |case| {
                    case.status.step.as_mut().unwrap().settled_at = Some(ago(1));
                    case.status.verbs = Verbs { advance: Some(said()), ..Verbs::default() };
                },
                &[],
            ),
            (
                "but not over the time clients need",
                |case| {
                    case.status.step.as_mut().unwrap().settled_at = None;
                    case.status.verbs = Verbs { advance: Some(said()), ..Verbs::default() };
                },
                &[S4],
            ),
        ],
    );
}

#[test]
fn routes_at_odds_take_no_new_step() {
    let case = advance().with(|case| {
        let mut live = weights(100);
        live.insert(A.to_owned(), WeightPair { ec2: 95, fargate: 5 });
        case.live(live.clone());
        case.status.intended = Some(intended(ago(9), live.clone(), weights(100)));
        case.plan.status.intended.as_mut().unwrap().before = live.clone();
        let [Action::SetWeights { expected, .. }] = case.plan.actions.as_mut_slice() else {
            return;
        };
        *expected = live;
    });
    expect("routes at odds", &case, &[S4]);
}

#[test]
fn weights_are_written_once_in_a_pass() {
    let case = advance().with(|case| case.plan.actions.push(case.plan.actions[0].clone()));
    expect("twice", &case, &[S4]);
}

#[test]
fn a_fall_has_a_reason() {
    let fall = || {
        advance().with(|case| {
            case.moves(250, 100, Direction::RollBack);
            case.verdict(VerdictKind::Hold, VerdictReason::Collecting);
        })
    };
    each(
        fall,
        &[
            ("none", |_| {}, &[S4]),
            ("an event", |case| case.plan.events = vec![event()], &[]),
            ("a new latch", |case| case.plan.status.latch = Some(latch(1)), &[]),
            (
                "an old latch",
                |case| {
                    case.status.latch = Some(latch(1));
                    case.plan.status.latch = Some(latch(1));
                },
                &[],
            ),
            // A reason that is not kept is another fault, and only that.
            ("an old latch, forgotten", |case| case.status.latch = Some(latch(1)), &[S6]),
            (
                "a verdict that does not latch",
                |case| case.verdict(VerdictKind::RollBack, VerdictReason::CandidateDead),
                &[S6],
            ),
            ("an operator", |case| case.status.verbs.rollback = Some(said()), &[]),
            (
                "a lower pin",
                |case| {
                    case.status.verbs.pin = Some(Pin { share: Share::percent(10), said: said() });
                },
                &[],
            ),
            (
                "a pin no lower",
                |case| {
                    case.status.verbs.pin = Some(Pin { share: Share::percent(25), said: said() });
                },
                &[S4],
            ),
            (
                "a lowered spec",
                |case| {
                    case.spec.traffic.target = Target::Share(Share::percent(10));
                },
                &[],
            ),
            (
                "decided in an earlier pass",
                |case| {
                    case.status.intended = case.plan.status.intended.clone();
                },
                &[],
            ),
            (
                "a verdict",
                |case| {
                    case.verdict(VerdictKind::RollBack, VerdictReason::CandidateDead);
                    case.plan.status.latch = Some(latch(1));
                },
                &[],
            ),
        ],
    );
    // Whatever the reason is worth, the rollback itself goes on.
    assert_eq!(fall().audit().stopped(), []);
}

#[test]
fn labels_say_what_a_write_does() {
    let up = advance().with(|case| {
        let [Action::SetWeights { direction, .. }] = case.plan.actions.as_mut_slice() else {
            return;
        };
        *direction = Direction::RollBack;
    });
    expect("a rollback that goes up", &up, &[S4]);
    assert_eq!(up.audit().permitted(), [], "a label is no licence");
    let still = advance().with(|case| case.moves(100, 100, Direction::Advance));
    expect("an advance that stands still", &still, &[S4]);
}

/// The write of an earlier pass that did not get through, or on some routes only.
fn repeat(moved: &str) -> Case {
    advance().with(|case| {
        let mut live = weights(100);
        if let Some(pair) = live.get_mut(moved) {
            *pair = weights(250)[moved];
        }
        case.live(live.clone());
        case.status.intended = Some(intended(ago(1), weights(100), weights(250)));
        case.status.step = case.plan.status.step.clone();
        case.plan.status.intended = case.status.intended.clone();
        case.verdict(VerdictKind::Hold, VerdictReason::Settling);
        let [Action::SetWeights { expected, direction, .. }] = case.plan.actions.as_mut_slice()
        else {
            return;
        };
        (*expected, *direction) = (live, Direction::Finish);
    })
}

#[test]
fn what_was_decided_is_finished() {
    expect("no route moved", &repeat("none"), &[]);
    expect("one route moved", &repeat(A), &[]);
    let spoilt = |moved, spoil: fn(&mut Case)| repeat(moved).with(spoil);
    let paused = |case: &mut Case| case.spec.paused = true;
    expect("paused before any moved", &spoilt("none", paused), &[S4]);
    expect("paused after one moved", &spoilt(A, paused), &[]);
    let bad = |case: &mut Case| {
        case.verdict(VerdictKind::RollBack, VerdictReason::CandidateDead);
    };
    expect("a verdict to roll back", &spoilt(A, bad), &[S3]);
    let latched = |case: &mut Case| {
        case.status.latch = Some(latch(1));
        case.plan.status.latch = Some(latch(1));
    };
    expect("latched", &spoilt(A, latched), &[S6]);
    let short = |case: &mut Case| case.healthy(model::Side::Fargate, 22);
    expect("short", &spoilt(A, short), &[S1]);
}

/// Only the very weights of the earlier decision are its repetition.
#[test]
fn a_new_step_cannot_pass_for_an_old_one() {
    let case = repeat(A).with(|case| {
        case.status.intended = Some(intended(ago(1), weights(100), weights(240)));
    });
    let broken = crate::case::broken(case.audit().findings());
    assert!(broken.contains(&S4), "{broken:?}");
}

#[test]
fn a_latch_holds() {
    each(
        advance,
        &[
            (
                "before",
                |case| {
                    case.status.latch = Some(latch(1));
                    case.plan.status.latch = Some(latch(1));
                },
                &[S6],
            ),
            ("in the same pass", |case| case.plan.status.latch = Some(latch(1)), &[S6]),
            (
                "a higher attempt",
                |case| {
                    case.status.latch = Some(latch(1));
                    case.spec.attempt = 2;
                },
                &[],
            ),
        ],
    );
    let doing_nothing = || doing(Vec::new());
    each(
        doing_nothing,
        &[
            (
                "kept",
                |case| {
                    case.status.latch = Some(latch(1));
                    case.plan.status.latch = Some(latch(1));
                },
                &[],
            ),
            ("forgotten", |case| case.status.latch = Some(latch(1)), &[S6]),
            (
                "turned back",
                |case| {
                    case.status.latch = Some(latch(1));
                    case.plan.status.latch = Some(latch(0));
                },
                &[S6],
            ),
            (
                "forgotten by a higher attempt",
                |case| {
                    case.status.latch = Some(latch(1));
                    case.spec.attempt = 2;
                },
                &[],
            ),
        ],
    );
}

#[test]
fn an_automatic_rollback_latches() {
    let unlatched = |latched: Option<u32>| {
        rollback().with(|case| {
            case.spec.attempt = 3;
            case.plan.status.latch = latched.map(latch);
        })
    };
    expect("latched", &unlatched(Some(3)), &[]);
    expect("not latched", &unlatched(None), &[S6]);
    expect("latched for an older attempt", &unlatched(Some(2)), &[S6]);
    assert_eq!(unlatched(None).audit().stopped(), [], "the rollback itself goes on");
}

#[test]
fn not_too_many_step_at_once() {
    let fleet = |stepping, stepping_in_cluster, failures| {
        Some(Fleet { stepping, stepping_in_cluster, failures })
    };
    let first = |fleet| {
        first_step().with(|case| {
            case.settings.limits.per_cluster = 2;
            case.fleet = fleet;
        })
    };
    expect("room", &first(fleet(2, 1, 1)), &[]);
    expect("no room", &first(fleet(3, 1, 0)), &[S7]);
    expect("no room in the cluster", &first(fleet(2, 2, 0)), &[S7]);
    expect("the brake", &first(fleet(0, 0, 2)), &[S7]);
    expect("not known", &first(None), &[S7]);
    // One that has begun holds its place, but the brake stops every step.
    expect("begun", &advance().with(|case| case.fleet = fleet(9, 9, 1)), &[]);
    expect("begun and braked", &advance().with(|case| case.fleet = fleet(0, 0, 2)), &[S7]);
}

#[test]
fn weights_say_the_share_they_claim() {
    let case = advance().with(|case| {
        let [Action::SetWeights { share, .. }] = case.plan.actions.as_mut_slice() else { return };
        *share = Share::percent(11);
    });
    expect("25 % called 11 %", &case, &[O2, C2]);
}
