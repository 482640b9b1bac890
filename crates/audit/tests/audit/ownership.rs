//! O1, O5.

use audit::Invariant::{O1, O5, S4};
use model::action::{Action, Direction};
use model::observation::{Gap, Seen};
use model::ownership::{Foreign, Ownership};
use model::route::WeightPair;
use model::spec::Mode;
use model::{Side, Span};

use crate::case::{
    A, Case, EC2_NEEDS, NOW, advance, broken, doing, each, event, expect, intended, rollback, said,
    scheduled, set_bounds, weights,
};

#[test]
fn nothing_is_written_without_leave() {
    let observing = |case: &mut Case| case.spec.mode = Mode::Observe;
    let frozen = |case: &mut Case| case.settings.freeze = true;
    let frozen_by_word = |case: &mut Case| {
        case.status.verbs.freeze = Some(said());
        case.plan.status.verbs.freeze = Some(said());
    };
    let raise = || doing(vec![set_bounds(Side::Ec2, (100, 600), (120, 600))]);
    for spoil in [observing, frozen, frozen_by_word] {
        for base in [advance, rollback, raise] {
            let case = base().with(spoil);
            expect("no leave", &case, &[O1]);
            assert_eq!(case.audit().permitted(), [], "rollbacks included");
        }
        expect("nothing to write", &doing(Vec::new()).with(spoil), &[]);
    }
}

/// What the marks say, so long ago.
fn marks(case: &mut Case, ownership: Ownership, ago: Span) {
    case.observation.ownership = Seen::known(ownership, NOW - ago);
}

fn missing() -> Ownership {
    Ownership { unmarked: vec!["service prd/api".to_owned()], others: Vec::new() }
}

fn of_another() -> Ownership {
    let foreign = Foreign { thing: "service prd/api".to_owned(), owner: "blue/api".to_owned() };
    Ownership { unmarked: Vec::new(), others: vec![foreign] }
}

/// As when the marks were seen to be its own once.
fn was_ours(case: &mut Case) {
    case.status.owned_since = Some(NOW - Span::from_days(1));
    case.plan.status.owned_since = case.status.owned_since;
}

#[test]
fn nothing_is_written_before_the_marks_have_said_that_it_is_its_own() {
    let unread = |case: &mut Case| case.observation.ownership = Seen::unknown(Gap::Denied);
    let unmarked = |case: &mut Case| marks(case, missing(), Span::ZERO);
    let raise = || doing(vec![set_bounds(Side::Ec2, (100, 600), (120, 600))]);
    for spoil in [unread, unmarked] {
        for base in [advance, rollback, raise] {
            let case = base().with(spoil);
            assert!(broken(case.audit().findings()).contains(&O1));
            assert_eq!(case.audit().permitted(), [], "rollbacks included");
        }
    }
}

#[test]
fn marks_that_are_gone_hold_what_goes_forward_and_nothing_else() {
    let unread = |case: &mut Case| case.observation.ownership = Seen::unknown(Gap::Denied);
    let unmarked = |case: &mut Case| marks(case, missing(), Span::ZERO);
    let old = |case: &mut Case| marks(case, Ownership::default(), Span::from_secs(12 * 60 + 1));
    let raise = || doing(vec![set_bounds(Side::Ec2, (100, 600), (120, 600))]);
    for spoil in [unread, unmarked, old] {
        expect("forward", &advance().with(was_ours).with(spoil), &[O1]);
        expect("back", &rollback().with(was_ours).with(spoil), &[]);
        expect("a floor", &raise().with(was_ours).with(spoil), &[]);
    }
    let young = |case: &mut Case| marks(case, Ownership::default(), Span::from_mins(12));
    expect("one look may fail", &advance().with(was_ours).with(young), &[]);
}

#[test]
fn what_is_marked_as_anothers_is_never_written() {
    let taken = |case: &mut Case| marks(case, of_another(), Span::from_days(3));
    for base in [advance, rollback] {
        let case = base().with(was_ours).with(taken);
        assert_eq!(case.audit().permitted(), [], "rollbacks included, however old the reading");
        let told = case.audit().findings().iter().any(|it| it.message.contains("blue/api's"));
        assert!(told);
    }
}

#[test]
fn an_operators_freeze_stops_even_what_other_promises_ask_for_until_it_is_taken_back() {
    // A floor that has to be raised again, and traffic that has to leave a dead side.
    let low = || {
        doing(vec![set_bounds(Side::Ec2, (20, 600), (EC2_NEEDS, 600))])
            .with(|case| case.scaling(Side::Ec2).bounds.min = 20)
    };
    let dead = || rollback().with(|case| case.healthy(Side::Fargate, 0));
    for base in [low, dead] {
        expect("no word", &base(), &[]);
        let case = base().with(|case| case.status.verbs.freeze = Some(said()));
        expect("frozen", &case, &[O1]);
        let audited = case.audit();
        assert_eq!(audited.permitted(), [], "nothing at all");
        let told: Vec<&str> = audited.findings().iter().map(|it| it.message.as_str()).collect();
        assert_eq!(told, ["mika froze it: nothing is written, rollbacks included"]);
        // A plan cannot take the word back for the operator.
        let taken_back = case.with(|case| case.plan.status.verbs.freeze = None);
        assert_eq!(taken_back.audit().permitted(), []);
    }
}

#[test]
fn other_peoples_routes_are_left_alone() {
    let foreign = |case: &mut Case| {
        case.weights().insert("Z9/other/A".to_owned(), WeightPair { ec2: 1, fargate: 0 });
    };
    for base in [advance, rollback] {
        let case = base().with(foreign);
        assert!(broken(case.audit().findings()).contains(&O1));
        assert_eq!(case.audit().permitted(), []);
    }
    let unrouted = advance().with(|case| case.spec.traffic.router = None);
    expect("no router at all", &unrouted, &[O1]);
}

#[test]
fn other_peoples_scheduled_actions_are_left_alone() {
    let put = |name| Action::PutScheduled {
        side: Side::Ec2,
        scheduled: scheduled(name, 60, Some(200), None),
    };
    let delete = |name: &str| Action::DeleteScheduled { side: Side::Ec2, name: name.to_owned() };
    expect("put ours", &doing(vec![put("ferry-a")]), &[]);
    expect("put another", &doing(vec![put("nightly")]), &[O1]);
    expect("delete ours", &doing(vec![delete("ferry-a")]), &[]);
    expect("delete another", &doing(vec![delete("nightly")]), &[O1]);
}

#[test]
fn a_side_without_a_service_is_not_scaled() {
    let nameless = |case: &mut Case| {
        case.spec.ec2.service = None;
        case.spec.fargate.service = None;
    };
    for side in Side::ALL {
        for action in [
            set_bounds(side, (100, 600), (120, 600)),
            Action::PutScheduled { side, scheduled: scheduled("ferry-a", 60, Some(200), None) },
            Action::DeleteScheduled { side, name: "ferry-a".to_owned() },
        ] {
            expect("no service", &doing(vec![action]).with(nameless), &[O1]);
        }
    }
}

#[test]
fn what_others_changed_is_not_written_over() {
    let changed = |direction| {
        move |case: &mut Case| {
            case.moves(100, if direction == Direction::Advance { 250 } else { 0 }, direction);
            case.plan.events = vec![event()];
            case.status.intended = Some(intended(crate::case::ago(9), weights(50), weights(90)));
        }
    };
    expect("up", &advance().with(changed(Direction::Advance)), &[O5]);
    expect("back", &advance().with(changed(Direction::RollBack)), &[]);
    each(
        advance,
        &[
            (
                "what we wrote",
                |case| {
                    case.status.intended =
                        Some(intended(crate::case::ago(9), weights(50), weights(100)));
                },
                &[],
            ),
            (
                "a write that was never made",
                |case| {
                    case.status.intended =
                        Some(intended(crate::case::ago(9), weights(100), weights(110)));
                },
                &[],
            ),
            (
                "one route of two",
                |case| {
                    let mut after = weights(100);
                    after.insert(A.to_owned(), WeightPair { ec2: 180, fargate: 20 });
                    case.status.intended = Some(intended(crate::case::ago(9), weights(50), after));
                },
                &[O5],
            ),
            ("nothing written yet", |case| case.status.intended = None, &[]),
        ],
    );
    let lowering = advance().with(|case| {
        case.moves(250, 100, Direction::Advance);
        case.plan.events = vec![event()];
        case.status.intended = Some(intended(crate::case::ago(9), weights(50), weights(90)));
    });
    expect("an advance that goes back", &lowering, &[O5, S4]);
}
