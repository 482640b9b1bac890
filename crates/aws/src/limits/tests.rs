use futures::future::join_all;

use super::*;
use crate::testing::{Wound, block_on};

const OPERATION: &str = "route53:ListResourceRecordSets";

async fn turns(limits: &Limits, lane: Lane, count: usize, until: Time) -> usize {
    let asked = (0..count).map(|_| limits.turn(OPERATION, (Family::Dns, "1"), lane, until));
    join_all(asked).await.into_iter().filter(Result::is_ok).count()
}

#[test]
fn no_second_has_more_calls_than_route_53_takes() {
    block_on(async {
        let clock = Wound::new();
        let limits = Limits::new(clock.clone());
        let began = clock.now();
        let mut times = Vec::new();
        for _ in 0..40 {
            let lane = if times.len() % 3 == 0 { Lane::Rollback } else { Lane::Ordinary };
            let far = began + Span::from_hours(1);
            limits.turn(OPERATION, (Family::Dns, "1"), lane, far).await.unwrap();
            times.push(clock.now());
        }
        for time in &times {
            let second = times.iter().filter(|at| *at >= time && at.since(*time) < PAUSE).count();
            assert!(second <= 5, "{second} calls in the second from {time}");
        }
    });
}

#[test]
fn ordinary_calls_leave_two_in_five_to_rollbacks() {
    block_on(async {
        let clock = Wound::new();
        let limits = Limits::new(clock.clone());
        let until = clock.now() + Span::from_secs(10);
        let ordinary = turns(&limits, Lane::Ordinary, 100, until).await;
        assert_eq!(ordinary, 30, "three a second for ten seconds");
        clock.wind(Span::from_secs(10));
        let until = clock.now() + Span::from_secs(10);
        assert_eq!(turns(&limits, Lane::Rollback, 100, until).await, 51, "five a second");
    });
}

#[test]
fn a_rollback_does_not_stand_behind_ordinary_calls() {
    block_on(async {
        let clock = Wound::new();
        let limits = Limits::new(clock.clone());
        let began = clock.now();
        let far = began + Span::from_hours(1);
        let ordinary = turns(&limits, Lane::Ordinary, 50, far);
        let rollback = async {
            limits.turn(OPERATION, (Family::Dns, "1"), Lane::Rollback, far).await.unwrap();
            clock.now()
        };
        let (served, left) = futures::join!(ordinary, rollback);
        assert_eq!(served, 50);
        assert!(left.since(began) <= Span::from_millis(400), "it left after {}", left.since(began));
    });
}

#[test]
fn who_runs_out_of_patience_is_throttled_unsent() {
    block_on(async {
        let clock = Wound::new();
        let limits = Limits::new(clock.clone());
        assert_eq!(turns(&limits, Lane::Ordinary, 1, clock.now()).await, 1);
        let error = limits
            .turn(OPERATION, (Family::Dns, "1"), Lane::Ordinary, clock.now())
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.operation), (ErrorKind::Throttled, OPERATION));
    });
}

#[test]
fn payers_and_families_do_not_wait_for_each_other() {
    block_on(async {
        let clock = Wound::new();
        let limits = Limits::new(clock.clone());
        let now = clock.now();
        for key in [(Family::Dns, "1"), (Family::Dns, "2"), (Family::Metrics, "1")] {
            limits.turn(OPERATION, key, Lane::Ordinary, now).await.unwrap();
        }
        assert_eq!(clock.now(), now);
    });
}

#[test]
fn a_throttled_family_pauses_a_second() {
    block_on(async {
        let clock = Wound::new();
        let limits = Limits::new(clock.clone());
        let began = clock.now();
        limits.throttled(Family::Metrics, "1");
        let far = began + Span::from_mins(1);
        limits.turn(OPERATION, (Family::Metrics, "1"), Lane::Ordinary, far).await.unwrap();
        assert_eq!(clock.now(), began + PAUSE);
    });
}

#[test]
fn a_clock_put_back_stops_nobody() {
    let queue = Queue::new(Family::Dns.rate());
    let now = Time::from_secs(100_000);
    assert_eq!(queue.take(Lane::Ordinary, now), Span::ZERO);
    queue.pause(now);
    let before = now - Span::from_hours(1);
    assert_eq!(queue.take(Lane::Ordinary, before), Span::from_millis(334), "as it was left");
    assert_eq!(queue.take(Lane::Ordinary, before + Span::from_millis(334)), Span::ZERO);
}
