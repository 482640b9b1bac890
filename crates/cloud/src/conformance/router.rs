//! Claims on [`Router`](crate::Router).

use model::Span;
use model::route::{Propagation, Route, Routes, Split, WeightPair, Weights};

use super::{Harness, only};
use crate::{Applied, ErrorKind, Result, Shift};

async fn look(harness: &impl Harness) -> Split {
    let answers = harness.cloud().router.observe(&[harness.routes()]).await;
    only(answers).expect("the harness has these routes")
}

async fn set(harness: &impl Harness, shift: Shift) -> Result<Applied> {
    only(harness.cloud().router.set(&[shift]).await)
}

/// From what is live to `pair` on every route.
async fn shift_to(harness: &impl Harness, pair: WeightPair) -> Shift {
    let expected = look(harness).await.weights;
    let weights = expected.keys().map(|key| (key.clone(), pair)).collect();
    let Routes { account, routes } = harness.routes();
    Shift {
        sticky: model::route::Sticky::new(),
        account,
        routes,
        expected,
        weights,
        rollback: false,
    }
}

const ONE_IN_TEN: WeightPair = WeightPair { ec2: 90, fargate: 10 };

/// A route like `route` that no world has.
fn missing(route: &Route) -> Route {
    match route.clone() {
        Route::Route53Record { zone, record_type, ec2_set, fargate_set, .. } => {
            Route::Route53Record {
                zone,
                name: "no-such-name.example.com".to_owned(),
                record_type,
                ec2_set,
                fargate_set,
            }
        }
        Route::TrafficPolicyInstance { ec2_endpoint, fargate_endpoint, .. } => {
            let id = "no-such-instance".to_owned();
            Route::TrafficPolicyInstance { id, ec2_endpoint, fargate_endpoint }
        }
        Route::AlbRule { ec2_group, fargate_group, .. } => {
            let rule = "no-such-rule".to_owned();
            Route::AlbRule { rule, ec2_group, fargate_group }
        }
    }
}

/// Answers keep the order of the migrations, and a missing route spoils no other migration.
///
/// # Panics
/// When it is not so.
pub async fn splits_come_in_the_order_asked(harness: &impl Harness) {
    let routes = harness.routes();
    let first = routes.routes.first().expect("one route at least");
    let gone = Routes { routes: vec![missing(first)], ..routes.clone() };
    let answers = harness.cloud().router.observe(&[gone, routes.clone()]).await;
    assert_eq!(answers.len(), 2, "as many answers as questions");
    assert_eq!(answers[0].as_ref().map_err(|error| error.kind), Err(ErrorKind::NotFound));
    let split = answers[1].as_ref().expect("the harness has these routes");
    let keys: Vec<String> = split.weights.keys().cloned().collect();
    let mut wanted: Vec<String> = routes.routes.iter().map(Route::key).collect();
    wanted.sort();
    assert_eq!(keys, wanted);
}

/// A migration of which one route cannot be read is an error as a whole.
///
/// # Panics
/// When it is answered.
pub async fn half_a_split_is_no_split(harness: &impl Harness) {
    let mut routes = harness.routes();
    let first = missing(routes.routes.first().expect("one route at least"));
    routes.routes.push(first);
    let answer = only(harness.cloud().router.observe(&[routes]).await);
    assert!(answer.is_err(), "{answer:?}");
}

/// Weights that were set are answered as verified, and seen.
///
/// # Panics
/// When they are not.
pub async fn weights_are_set_verified_and_seen(harness: &impl Harness) {
    let shift = shift_to(harness, ONE_IN_TEN).await;
    let applied = set(harness, shift.clone()).await.expect("the expectation holds");
    assert_eq!(applied, Applied { weights: shift.weights.clone(), written: true });
    assert_eq!(look(harness).await.weights, shift.weights);
}

/// The same shift again is done, and nothing is written.
///
/// # Panics
/// When something is.
pub async fn a_repeated_shift_writes_nothing(harness: &impl Harness) {
    let shift = shift_to(harness, ONE_IN_TEN).await;
    set(harness, shift.clone()).await.expect("the expectation holds");
    let again = set(harness, shift.clone()).await.expect("it holds what is wanted");
    assert_eq!(again, Applied { weights: shift.weights, written: false });
}

/// Where one route holds something else, no route is changed.
///
/// # Panics
/// When one is.
pub async fn a_stale_expectation_is_a_conflict_and_changes_nothing(harness: &impl Harness) {
    let mut shift = shift_to(harness, ONE_IN_TEN).await;
    let before = shift.expected.clone();
    let last = shift.expected.values_mut().last().expect("one route at least");
    *last = WeightPair { ec2: 55, fargate: 45 };
    let answer = set(harness, shift).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Conflict));
    assert_eq!(look(harness).await.weights, before);
}

/// Nothing ever writes weights that are all zero.
///
/// # Panics
/// When they are taken.
pub async fn a_shift_without_any_weight_is_invalid(harness: &impl Harness) {
    let shift = shift_to(harness, WeightPair { ec2: 0, fargate: 0 }).await;
    let before = shift.expected.clone();
    let answer = set(harness, shift).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Invalid));
    let none = Shift {
        sticky: model::route::Sticky::new(),
        account: harness.routes().account,
        routes: Vec::new(),
        expected: Weights::new(),
        weights: Weights::new(),
        rollback: true,
    };
    let answer = set(harness, none).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Invalid));
    assert_eq!(look(harness).await.weights, before);
}

/// A shift names the weights of all its routes.
///
/// # Panics
/// When one that does not is taken.
pub async fn a_shift_of_half_the_routes_is_invalid(harness: &impl Harness) {
    let mut shift = shift_to(harness, ONE_IN_TEN).await;
    let before = shift.expected.clone();
    shift.weights.pop_last();
    let answer = set(harness, shift).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Invalid));
    assert_eq!(look(harness).await.weights, before);
}

/// A weight the router cannot express is refused.
///
/// # Panics
/// When it is taken.
pub async fn a_weight_above_the_limit_is_invalid(harness: &impl Harness) {
    let routes = harness.routes();
    let max = routes.routes.iter().map(|route| route.limits().weight_max).max().unwrap_or(0);
    let shift = shift_to(harness, WeightPair { ec2: max + 1, fargate: 1 }).await;
    let before = shift.expected.clone();
    let answer = set(harness, shift).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Invalid));
    assert_eq!(look(harness).await.weights, before);
}

/// A change is everywhere some minutes later, and says so.
///
/// # Panics
/// When it still spreads after five minutes, or was in sync before it was made.
pub async fn a_change_spreads_in_time(harness: &impl Harness) {
    let made = harness.cloud().clock.now();
    let shift = shift_to(harness, ONE_IN_TEN).await;
    set(harness, shift).await.expect("the expectation holds");
    harness.advance(Span::from_mins(5)).await;
    match look(harness).await.propagation {
        Propagation::InSync { since } => {
            assert!(since.is_none_or(|since| since >= made), "{since:?} is before {made}");
        }
        state @ (Propagation::Pending | Propagation::Failed | Propagation::Divided) => {
            panic!("the change is {state:?} after five minutes")
        }
    }
}

/// A shift whose reply is lost has an unknown outcome, and looking tells it.
///
/// # Panics
/// When the error is another one or the look does not show the shift.
pub async fn after_a_lost_reply_a_look_shows_the_truth(harness: &impl Harness) {
    let shift = shift_to(harness, ONE_IN_TEN).await;
    let operation = match harness.routes().routes.first().expect("one route at least") {
        Route::Route53Record { .. } => "route53:ChangeResourceRecordSets",
        Route::TrafficPolicyInstance { .. } => "route53:UpdateTrafficPolicyInstance",
        Route::AlbRule { rule, .. } if rule.contains(":listener/") => {
            "elasticloadbalancing:ModifyListener"
        }
        Route::AlbRule { .. } => "elasticloadbalancing:ModifyRule",
    };
    harness.lose_next_reply(operation).await;
    let answer = set(harness, shift.clone()).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::OutcomeUnknown));
    let live = look(harness).await.weights;
    let (first, pair) = shift.weights.iter().next().expect("one route at least");
    assert_eq!(live.get(first), Some(pair), "the write whose reply was lost was made");
    // The rest, if any was left, follows from the same shift.
    let again = Shift { sticky: model::route::Sticky::new(), expected: live, ..shift.clone() };
    set(harness, again).await.expect("the outcome is known now");
    assert_eq!(look(harness).await.weights, shift.weights);
}
