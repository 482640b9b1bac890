//! What a pass takes note of: attempts, releases, the start, and when a write is verified.

use model::Share;
use model::observation::Deployment;
use model::status::{Latch, RollbackReason, Status};
use model::verdict::{VerdictKind, VerdictReason};
use model::{Side, Time};
use serde_json::json;

use super::{at, look, mins, moves, secs, wait, with};
use crate::world::World;

#[test]
fn a_higher_attempt_takes_the_latches_of_lower_ones_away() {
    for (latched, attempt, is_left) in [(1, 1, true), (1, 2, false), (2, 2, true)] {
        let mut world = at(25);
        let reason = RollbackReason::MovedByHand;
        let from = Share::percent(25);
        world.status.latch = Some(Latch { at: world.now, from, attempt: latched, reason });
        world.migration.spec.attempt = attempt;
        let before = world.status.started_at;
        wait(&mut world, mins(5));
        look(&mut world);
        assert_eq!(world.status.latch.is_some(), is_left, "of {latched}, at {attempt}");
        let started = if attempt == 1 { before } else { Some(world.now) };
        assert_eq!(world.status.started_at, started, "the attempt's clock");
    }
}

#[test]
fn an_attempt_starts_with_the_first_traffic_that_is_seen() {
    for fargate in [0, 1] {
        let world = with(fargate, |spec| spec["paused"] = json!(true));
        let started = (fargate > 0).then_some(world.now);
        assert_eq!(world.status.started_at, started, "{fargate} %");
    }
}

fn release_since(world: &World) -> Option<Time> {
    world.status.release.as_ref().map(|release| release.since)
}

#[test]
fn a_release_counts_from_when_both_sides_are_steady_on_it() {
    for side in Side::ALL {
        let mut world = at(25);
        let first = release_since(&world);
        assert_eq!(first, Some(world.now));
        wait(&mut world, mins(1));
        look(&mut world);
        assert_eq!(release_since(&world), first, "the same release");
        world.fleets.get_mut(side).deployment = Deployment::InProgress { since: world.now };
        look(&mut world);
        assert_eq!(release_since(&world), None, "{side} is being deployed");
        world.fleets.get_mut(side).deployment = Deployment::Steady;
        look(&mut world);
        assert_eq!(release_since(&world), Some(world.now));
        world.fleets.get_mut(side).release = "app:v2".to_owned();
        look(&mut world);
        assert_eq!(release_since(&world), None, "{side} runs another");
    }
}

fn verified(status: &Status) -> Option<Time> {
    status.step.as_ref().and_then(|step| step.verified_at)
}

#[test]
fn a_write_is_verified_by_a_later_reading_and_a_first_sight_at_once() {
    let mut world = at(25);
    assert_eq!(verified(&world.status), Some(world.now), "taken as it was found");
    world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
    wait(&mut world, mins(121));
    let sent = (0..5).find_map(|_| moves(&look(&mut world)));
    assert_eq!(sent, Some(Share::percent(50)));
    look(&mut world);
    assert_eq!(verified(&world.status), None, "read in the moment of the write");
    wait(&mut world, secs(1));
    let first = world.now;
    for _ in 0..2 {
        look(&mut world);
        assert_eq!(verified(&world.status), Some(first));
        wait(&mut world, secs(30));
    }
}

#[test]
fn what_was_verified_at_a_time_to_come_is_verified_anew() {
    for (ahead, is_kept) in [(0, true), (1, false)] {
        let mut world = at(25);
        wait(&mut world, mins(1));
        let to_come = world.now + secs(ahead);
        let step = world.status.step.as_mut().expect("a step");
        (step.verified_at, step.settled_at) = (Some(to_come), Some(to_come));
        look(&mut world);
        assert_eq!(verified(&world.status), Some(world.now));
        let settled = world.status.step.as_ref().and_then(|step| step.settled_at);
        assert_eq!(settled == Some(to_come), is_kept, "{ahead} s ahead");
    }
}
