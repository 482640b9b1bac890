//! Claims on [`Scaling`](crate::Scaling).

use model::Span;
use model::observation::{self, Bounds, ScheduledBounds, Suspension};
use model::route::ServiceId;

use super::{Harness, only};
use crate::{ErrorKind, Result};

async fn ask(harness: &impl Harness, id: &ServiceId) -> Result<Option<observation::Scaling>> {
    only(harness.cloud().scaling.scalable_targets(std::slice::from_ref(id)).await)
}

async fn look(harness: &impl Harness, id: &ServiceId) -> observation::Scaling {
    let target = ask(harness, id).await.expect("the harness has this service");
    target.expect("the harness gave it a scalable target")
}

async fn desired(harness: &impl Harness, id: &ServiceId) -> u32 {
    let answers = harness.cloud().services.services(std::slice::from_ref(id)).await;
    only(answers).expect("the harness has this service").desired
}

fn kind<T>(answer: Result<T>) -> std::result::Result<T, ErrorKind> {
    answer.map_err(|error| error.kind)
}

/// Answers keep the order of the questions; a service without a target has none.
///
/// # Panics
/// When it is not so.
pub async fn targets_come_in_the_order_asked(harness: &impl Harness) {
    let ids = [harness.bare_service(), harness.service()];
    let answers = harness.cloud().scaling.scalable_targets(&ids).await;
    assert_eq!(answers.len(), 2, "as many answers as questions");
    assert_eq!(answers[0].as_ref().ok(), Some(&None));
    assert_eq!(answers[1].as_ref().ok(), Some(&Some(look(harness, &ids[1]).await)));
}

/// Bounds that were set are seen.
///
/// # Panics
/// When they are not.
pub async fn bounds_are_set_and_seen(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await.bounds;
    let bounds = Bounds { min: before.min, max: before.max + 1 };
    let answer = harness.cloud().scaling.set_bounds(&id, before, bounds).await;
    answer.expect("the expectation holds");
    assert_eq!(look(harness, &id).await.bounds, bounds);
}

/// Kinds of scaling that were suspended are seen, and started again; bounds stay.
///
/// # Panics
/// When it is not so.
pub async fn scaling_is_suspended_and_started_again(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await;
    assert_eq!(before.suspended, Suspension::NONE, "the harness suspends nothing");
    let scheduled = Suspension { scheduled: true, ..Suspension::NONE };
    let ways = [(Suspension::NONE, scheduled), (scheduled, Suspension::ALL)];
    for (expected, wanted) in ways.into_iter().chain([(Suspension::ALL, Suspension::NONE)]) {
        let scaling = &harness.cloud().scaling;
        scaling.set_suspended(&id, expected, wanted).await.expect("the expectation holds");
        scaling.set_suspended(&id, expected, wanted).await.expect("the same write, repeated");
        let after = look(harness, &id).await;
        assert_eq!((after.suspended, after.bounds), (wanted, before.bounds));
    }
}

/// What somebody else suspended meanwhile is left alone.
///
/// # Panics
/// When it is changed.
pub async fn a_stale_suspension_is_a_conflict(harness: &impl Harness) {
    let id = harness.service();
    let scaling = &harness.cloud().scaling;
    let scale_in = Suspension { scale_in: true, ..Suspension::NONE };
    let answer = scaling.set_suspended(&id, Suspension::ALL, scale_in).await;
    assert_eq!(kind(answer), Err(ErrorKind::Conflict));
    assert_eq!(look(harness, &id).await.suspended, Suspension::NONE);
    let bare = harness.bare_service();
    let answer = scaling.set_suspended(&bare, Suspension::NONE, Suspension::ALL).await;
    assert_eq!(kind(answer), Err(ErrorKind::NotFound));
}

/// Bounds that are not the expected ones are left alone.
///
/// # Panics
/// When they are changed.
pub async fn a_stale_expectation_is_a_conflict(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await.bounds;
    let stale = Bounds { min: before.min, max: before.max + 7 };
    let bounds = Bounds { min: before.min, max: before.max + 1 };
    let answer = harness.cloud().scaling.set_bounds(&id, stale, bounds).await;
    assert_eq!(kind(answer), Err(ErrorKind::Conflict));
    assert_eq!(look(harness, &id).await.bounds, before);
}

/// Setting what is already so is done, whatever was expected.
///
/// # Panics
/// When it is refused.
pub async fn a_repeated_write_is_no_conflict(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await.bounds;
    let bounds = Bounds { min: before.min, max: before.max + 1 };
    for _ in 0..2 {
        let answer = harness.cloud().scaling.set_bounds(&id, before, bounds).await;
        answer.expect("the same write, repeated");
    }
}

/// Bounds that contradict each other are refused.
///
/// # Panics
/// When they are taken.
pub async fn a_minimum_above_the_maximum_is_invalid(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await.bounds;
    let bounds = Bounds { min: before.max + 1, max: before.max };
    let answer = harness.cloud().scaling.set_bounds(&id, before, bounds).await;
    assert_eq!(kind(answer), Err(ErrorKind::Invalid));
    assert_eq!(look(harness, &id).await.bounds, before);
}

/// Where there is no scalable target there are no bounds and no schedules to set.
///
/// # Panics
/// When they are set.
pub async fn a_service_without_target_is_not_found(harness: &impl Harness) {
    let id = harness.bare_service();
    let bounds = Bounds { min: 1, max: 2 };
    let scaling = &harness.cloud().scaling;
    assert_eq!(kind(scaling.set_bounds(&id, bounds, bounds).await), Err(ErrorKind::NotFound));
    let scheduled = later(harness, "ferry-floor", Some(2));
    let answer = scaling.put_scheduled(&id, &scheduled).await;
    assert_eq!(kind(answer), Err(ErrorKind::NotFound));
}

/// A minimum above the desired count raises it.
///
/// # Panics
/// When it does not.
pub async fn bounds_move_the_desired_count(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await.bounds;
    let min = desired(harness, &id).await + 3;
    let bounds = Bounds { min, max: before.max };
    let answer = harness.cloud().scaling.set_bounds(&id, before, bounds).await;
    answer.expect("the harness left room");
    harness.advance(Span::from_mins(1)).await;
    let desired = desired(harness, &id).await;
    assert!(desired >= min, "{desired} tasks are desired, and the minimum is {min}");
}

/// A scheduled action is seen, fires without anybody, and is gone.
///
/// # Panics
/// When it is not so.
pub async fn a_scheduled_action_fires_alone(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await;
    let min = desired(harness, &id).await + 4;
    let scheduled = later(harness, "ferry-floor", Some(min));
    let answer = harness.cloud().scaling.put_scheduled(&id, &scheduled).await;
    answer.expect("the time lies ahead");
    let waiting = look(harness, &id).await;
    assert!(waiting.scheduled.contains(&scheduled), "{:?}", waiting.scheduled);
    assert_eq!(waiting.bounds, before.bounds, "it has fired early");
    harness.advance(Span::from_mins(4)).await;
    let after = look(harness, &id).await;
    assert_eq!(after.bounds, Bounds { min, max: before.bounds.max });
    assert!(!after.scheduled.contains(&scheduled), "it has fired and is still to fire");
    assert!(desired(harness, &id).await >= min);
}

/// There is one action of a name: the newest.
///
/// # Panics
/// When there are two, or the older.
pub async fn a_scheduled_action_replaces_its_namesake(harness: &impl Harness) {
    let id = harness.service();
    let scaling = &harness.cloud().scaling;
    for min in [2, 3] {
        let scheduled = later(harness, "ferry-floor", Some(min));
        scaling.put_scheduled(&id, &scheduled).await.expect("the time lies ahead");
    }
    let scheduled = look(harness, &id).await.scheduled;
    let own: Vec<_> = scheduled.iter().filter(|action| action.name == "ferry-floor").collect();
    assert_eq!(own, [&later(harness, "ferry-floor", Some(3))]);
    scaling.delete_scheduled(&id, "ferry-floor").await.expect("it is there");
    let scheduled = look(harness, &id).await.scheduled;
    assert!(!scheduled.iter().any(|action| action.name == "ferry-floor"), "it is deleted");
}

/// An action that could never fire is refused.
///
/// # Panics
/// When it is taken.
pub async fn a_scheduled_action_in_the_past_is_invalid(harness: &impl Harness) {
    let id = harness.service();
    let at = harness.cloud().clock.now() - Span::from_mins(5);
    let scheduled = ScheduledBounds { at, ..later(harness, "ferry-floor", Some(2)) };
    let answer = harness.cloud().scaling.put_scheduled(&id, &scheduled).await;
    assert_eq!(kind(answer), Err(ErrorKind::Invalid));
}

/// Deleting an action that is not there is done already.
///
/// # Panics
/// When it is refused.
pub async fn deleting_what_is_not_there_is_done(harness: &impl Harness) {
    let answer = harness.cloud().scaling.delete_scheduled(&harness.service(), "ferry-none").await;
    assert_eq!(kind(answer), Ok(()));
}

/// A write whose reply is lost has an unknown outcome, and looking tells it.
///
/// # Panics
/// When the error is another one or the look does not show the write.
pub async fn after_a_lost_reply_a_look_shows_the_truth(harness: &impl Harness) {
    let id = harness.service();
    let before = look(harness, &id).await.bounds;
    let bounds = Bounds { min: before.min, max: before.max + 1 };
    harness.lose_next_reply("application-autoscaling:RegisterScalableTarget").await;
    let answer = harness.cloud().scaling.set_bounds(&id, before, bounds).await;
    assert_eq!(kind(answer), Err(ErrorKind::OutcomeUnknown));
    assert_eq!(look(harness, &id).await.bounds, bounds);
}

/// Three minutes ahead, at a whole second: what a schedule can say.
fn later(harness: &impl Harness, name: &str, min: Option<u32>) -> ScheduledBounds {
    let now = model::Time::from_secs(harness.cloud().clock.now().as_secs());
    ScheduledBounds { name: name.to_owned(), at: now + Span::from_mins(3), min, max: None }
}
