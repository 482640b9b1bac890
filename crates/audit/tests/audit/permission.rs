//! What findings stop.

use audit::{Finding, Invariant, Severity};
use model::Side;
use model::action::{Action, Direction};

use crate::case::{A, advance, rollback, set_bounds, weights};

const ALL: [Invariant; 11] = [
    Invariant::S1,
    Invariant::S2,
    Invariant::S3,
    Invariant::S4,
    Invariant::S5,
    Invariant::S6,
    Invariant::S7,
    Invariant::O1,
    Invariant::O2,
    Invariant::O5,
    Invariant::C2,
];

fn finding(severity: Severity, invariant: Invariant, action: Option<usize>) -> Finding {
    Finding { severity, invariant, action, message: String::new() }
}

fn moving(from: u16, to: u16, direction: Direction) -> Action {
    advance().with(|case| case.moves(from, to, direction)).plan.actions[0].clone()
}

#[test]
fn warnings_stop_nothing() {
    for invariant in ALL {
        let warning = finding(Severity::Warning, invariant, None);
        assert!(!warning.stops(0, &moving(100, 250, Direction::Advance)));
        assert!(!warning.stops(0, &moving(100, 0, Direction::RollBack)));
    }
}

#[test]
fn anything_fatal_stops_everything_but_a_rollback() {
    for invariant in ALL {
        for about in [None, Some(0), Some(1)] {
            let fatal = finding(Severity::Fatal, invariant, about);
            assert!(fatal.stops(0, &moving(100, 250, Direction::Advance)));
            assert!(fatal.stops(0, &moving(100, 250, Direction::Finish)));
            assert!(fatal.stops(0, &set_bounds(Side::Ec2, (1, 2), (2, 2))));
        }
    }
}

#[test]
fn a_rollback_stops_for_darkness_and_lack_of_leave_alone() {
    for direction in [Direction::RollBack, Direction::Finish] {
        let action = moving(100, 0, direction);
        for invariant in ALL {
            let stops = matches!(invariant, Invariant::S2 | Invariant::O1);
            assert_eq!(finding(Severity::Fatal, invariant, None).stops(0, &action), stops);
            assert_eq!(finding(Severity::Fatal, invariant, Some(0)).stops(0, &action), stops);
            assert!(!finding(Severity::Fatal, invariant, Some(1)).stops(0, &action));
        }
    }
}

#[test]
fn a_rollback_is_told_by_what_it_does() {
    let stops = |action: &Action| finding(Severity::Fatal, Invariant::S1, None).stops(0, action);
    assert!(!stops(&moving(250, 100, Direction::RollBack)));
    assert!(!stops(&moving(250, 250, Direction::RollBack)));
    assert!(stops(&moving(100, 250, Direction::RollBack)));
    assert!(stops(&moving(250, 100, Direction::Advance)));
    let one_up = |to| Action::SetWeights {
        sticky: model::route::Sticky::new(),
        share: model::Share::percent(10),
        expected: weights(250),
        weights: weights(100).into_iter().chain([(A.to_owned(), weights(to)[A])]).collect(),
        direction: Direction::RollBack,
    };
    assert!(!stops(&one_up(250)));
    assert!(stops(&one_up(260)));
    let blind = |to| Action::SetWeights {
        sticky: model::route::Sticky::new(),
        share: model::Share::ZERO,
        expected: model::route::Weights::new(),
        weights: weights(to),
        direction: Direction::RollBack,
    };
    assert!(!stops(&blind(0)), "nothing on Fargate is a rollback from anywhere");
    assert!(stops(&blind(10)));
}

#[test]
fn what_a_rollback_brings_along_is_stopped_and_it_goes_alone() {
    let case = rollback().with(|case| {
        case.plan.actions.push(set_bounds(Side::Ec2, (1, 600), (120, 600)));
    });
    let audited = case.audit();
    assert!(matches!(audited.permitted(), [Action::SetWeights { .. }]));
    assert!(matches!(audited.stopped(), [Action::SetBounds { .. }]));
}

#[test]
fn the_cause_is_what_stopped_the_plan_and_no_warning() {
    let case = rollback().with(|case| {
        case.healthy(Side::Ec2, 1);
        case.plan.status.intended = None;
    });
    let audited = case.audit();
    assert_eq!(audited.findings().first().map(|it| it.severity), Some(Severity::Warning));
    assert_eq!(audited.cause().map(|it| it.invariant), Some(Invariant::C2));
    assert_eq!(rollback().audit().cause(), None);
}

#[test]
fn a_finding_is_shown_with_the_number_of_its_promise() {
    for invariant in ALL {
        assert_eq!(invariant.name(), format!("{invariant:?}"));
        let message = "api-fargate has no healthy target".to_owned();
        let told = Finding { message, ..finding(Severity::Fatal, invariant, None) };
        let expected = format!("{invariant:?}: api-fargate has no healthy target");
        assert_eq!(told.to_string(), expected);
    }
}
