//! Claims on [`Services`](crate::Services).

use model::Span;
use model::observation::Service;
use model::route::ServiceId;

use super::{Harness, missing_group, missing_service, only};
use crate::ErrorKind;

async fn look(harness: &impl Harness, id: &ServiceId) -> Service {
    let answers = harness.cloud().services.services(std::slice::from_ref(id)).await;
    only(answers).expect("the harness has this service")
}

/// Answers keep the order of the questions, and a missing service spoils no other.
///
/// # Panics
/// When they do not.
pub async fn answers_come_in_the_order_asked(harness: &impl Harness) {
    let (service, bare) = (harness.service(), harness.bare_service());
    let alone = [look(harness, &service).await, look(harness, &bare).await];
    let ids = [bare.clone(), missing_service(harness), service.clone(), bare];
    let answers = harness.cloud().services.services(&ids).await;
    assert_eq!(answers.len(), 4, "as many answers as questions");
    assert_eq!(answers[0].as_ref().ok(), Some(&alone[1]));
    assert_eq!(answers[1].as_ref().map_err(|error| error.kind), Err(ErrorKind::NotFound));
    assert_eq!(answers[2].as_ref().ok(), Some(&alone[0]));
    assert_eq!(answers[3].as_ref().ok(), Some(&alone[1]));
}

/// A missing target group is an error of its own; a service with traffic has healthy targets.
///
/// # Panics
/// When it is not so.
pub async fn a_missing_group_spoils_no_other(harness: &impl Harness) {
    let groups = [missing_group(harness), harness.group()];
    let answers = harness.cloud().services.targets(&groups).await;
    assert_eq!(answers.len(), 2, "as many answers as questions");
    assert_eq!(answers[0].as_ref().map_err(|error| error.kind), Err(ErrorKind::NotFound));
    let targets = answers[1].as_ref().expect("the harness has this group");
    assert!(targets.healthy > 0, "the service has traffic: {targets:?}");
}

/// A desired count that was set is seen.
///
/// # Panics
/// When it is not.
pub async fn a_desired_count_is_set_and_seen(harness: &impl Harness) {
    let id = harness.bare_service();
    let before = look(harness, &id).await.desired;
    let services = &harness.cloud().services;
    services.set_desired(&id, before, before + 2).await.expect("the expectation holds");
    harness.advance(Span::from_mins(1)).await;
    assert_eq!(look(harness, &id).await.desired, before + 2);
}

/// A desired count that is not the expected one is left alone.
///
/// # Panics
/// When it is changed.
pub async fn a_stale_expectation_is_a_conflict(harness: &impl Harness) {
    let id = harness.bare_service();
    let before = look(harness, &id).await.desired;
    let answer = harness.cloud().services.set_desired(&id, before + 5, before + 1).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Conflict));
    harness.advance(Span::from_mins(1)).await;
    assert_eq!(look(harness, &id).await.desired, before);
}

/// Setting what is already so is done, whatever was expected.
///
/// # Panics
/// When it is refused.
pub async fn a_repeated_write_is_no_conflict(harness: &impl Harness) {
    let id = harness.bare_service();
    let before = look(harness, &id).await.desired;
    let services = &harness.cloud().services;
    for _ in 0..2 {
        services.set_desired(&id, before, before + 1).await.expect("the same write, repeated");
    }
    assert_eq!(look(harness, &id).await.desired, before + 1);
}

/// A service that does not exist cannot be set.
///
/// # Panics
/// When it can.
pub async fn a_missing_service_is_not_found(harness: &impl Harness) {
    let answer = harness.cloud().services.set_desired(&missing_service(harness), 1, 2).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::NotFound));
}

/// A write whose reply is lost has an unknown outcome, and looking tells it.
///
/// # Panics
/// When the error is another one or the look does not show the write.
pub async fn after_a_lost_reply_a_look_shows_the_truth(harness: &impl Harness) {
    let id = harness.bare_service();
    let before = look(harness, &id).await.desired;
    harness.lose_next_reply("ecs:UpdateService").await;
    let answer = harness.cloud().services.set_desired(&id, before, before + 1).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::OutcomeUnknown));
    assert_eq!(look(harness, &id).await.desired, before + 1);
}
