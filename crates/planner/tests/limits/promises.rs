//! When a promise is raised, to what, and when a person is asked instead.

use model::Side;
use model::action::Action;
use model::observation::Bounds;
use model::plan::{Plan, Reason};
use serde_json::json;

use super::{at, bounds, live, look, mins, moves, refuses, secs, wait, with};
use crate::world::World;

const SIDE: Side = Side::Ec2;

/// A paused world at a quarter, whose EC2 is promised `floor` tasks, seen in place.
fn promised(floor: u32) -> World {
    let mut world = with(25, |spec| spec["paused"] = json!(true));
    // Nothing is renewed while the promise covers the week's highest minute.
    (world.now_rpm, world.peak_rpm) = (100.0, 100.0);
    *world.status.floors.get_mut(SIDE) = Some(floor);
    world
}

fn is_undercut(world: &World) -> bool {
    world.status.undercut_since.get(SIDE).is_some()
}

fn is_stuck(plan: &Plan) -> bool {
    refuses(plan, |reason| matches!(reason, Reason::DesiredBelowMin { side: SIDE, .. }))
}

#[test]
fn three_minutes_below_the_minimum_begin_when_it_is_undercut() {
    let mut world = promised(40);
    let fleet = world.fleets.get_mut(SIDE);
    (fleet.bounds, fleet.desired) = (Some(Bounds { min: 40, max: 100 }), 40);
    look(&mut world);
    assert!(!is_undercut(&world), "at the minimum");
    wait(&mut world, mins(60));
    world.fleets.get_mut(SIDE).desired = 39;
    assert_eq!(bounds(&look(&mut world), SIDE), None);
    assert!(is_undercut(&world));
    wait(&mut world, secs(179));
    assert_eq!(bounds(&look(&mut world), SIDE), None, "a second too early");
    wait(&mut world, secs(1));
    assert_eq!(bounds(&look(&mut world), SIDE), Some(Bounds { min: 41, max: 100 }));
}

#[test]
fn only_a_count_below_what_is_promised_is_lifted() {
    for (desired, lifted) in [(30, false), (29, true)] {
        let mut world = promised(30);
        let fleet = world.fleets.get_mut(SIDE);
        (fleet.bounds, fleet.desired) = (Some(Bounds { min: 40, max: 100 }), desired);
        look(&mut world);
        wait(&mut world, mins(3));
        let raised = lifted.then_some(Bounds { min: 41, max: 100 });
        assert_eq!(bounds(&look(&mut world), SIDE), raised, "{desired} desired");
    }
}

#[test]
fn a_count_is_lifted_three_times_and_then_a_person_is_asked() {
    // Lifts are counted from the higher of the promise and the minimum before Ferry.
    for own in [40, 35] {
        let mut world = promised(40);
        let fleet = world.fleets.get_mut(SIDE);
        fleet.bounds = Some(Bounds { min: 40, max: 100 });
        *world.status.saved.get_mut(SIDE) = Some(Bounds { min: own, max: 100 });
        for lifts in 1..=3 {
            world.fleets.get_mut(SIDE).desired = 5;
            assert!(!is_stuck(&look(&mut world)));
            wait(&mut world, mins(3));
            let plan = look(&mut world);
            assert_eq!(bounds(&plan, SIDE), Some(Bounds { min: 40 + lifts, max: 100 }));
        }
        world.fleets.get_mut(SIDE).desired = 5;
        look(&mut world);
        wait(&mut world, mins(3));
        let plan = look(&mut world);
        assert_eq!(bounds(&plan, SIDE), None);
        assert!(is_stuck(&plan), "{}", plan.report);
    }
}

#[test]
fn where_minimum_and_maximum_are_one_a_person_is_asked() {
    for (max, stuck) in [(40, true), (41, false)] {
        let mut world = promised(40);
        let fleet = world.fleets.get_mut(SIDE);
        (fleet.bounds, fleet.desired) = (Some(Bounds { min: 40, max }), 5);
        look(&mut world);
        wait(&mut world, mins(3));
        let plan = look(&mut world);
        assert_eq!(is_stuck(&plan), stuck, "{}", plan.report);
        assert_eq!(bounds(&plan, SIDE), (!stuck).then_some(Bounds { min: 41, max }));
    }
}

#[test]
fn a_floor_at_the_maximum_is_given_and_one_beyond_it_as_far_as_that() {
    for (floor, is_beyond) in [(60, false), (61, true)] {
        let mut world = promised(floor);
        world.fleets.get_mut(SIDE).bounds = Some(Bounds { min: 40, max: 60 });
        let plan = look(&mut world);
        assert_eq!(bounds(&plan, SIDE), Some(Bounds { min: 60, max: 60 }), "floor {floor}");
        let beyond =
            |reason: &Reason| matches!(reason, Reason::CapacityBeyondMax { side: SIDE, .. });
        assert_eq!(refuses(&plan, beyond), is_beyond, "floor {floor}: {}", plan.report);
        assert_eq!(bounds(&look(&mut world), SIDE), None, "floor {floor}: it is there");
    }
}

#[test]
fn a_desired_count_is_written_only_where_it_is_too_low() {
    for (desired, raised) in [(39, Some(40)), (40, None), (41, None)] {
        let mut world = promised(40);
        let fleet = world.fleets.get_mut(SIDE);
        (fleet.bounds, fleet.desired) = (None, desired);
        let written = look(&mut world).actions.iter().find_map(|action| match action {
            Action::SetDesired { side: SIDE, desired, .. } => Some(*desired),
            Action::SetDesired { .. }
            | Action::SetBounds { .. }
            | Action::SetWeights { .. }
            | Action::PutScheduled { .. }
            | Action::DeleteScheduled { .. } => None,
        });
        assert_eq!(written, raised, "{desired} desired");
    }
}

/// What Fargate is promised when it is short at a half, promised `floor`, with this peak.
fn fargates_floor(floor: Option<u32>, peak: f64) -> Option<u32> {
    let mut world = with(50, |spec| spec["paused"] = json!(true));
    (world.now_rpm, world.peak_rpm) = (6_000.0, peak);
    world.fleets.fargate.healthy = Some(2);
    world.status.floors.fargate = floor;
    look(&mut world);
    world.status.floors.fargate
}

#[test]
fn the_promise_of_a_short_side_grows_by_more_than_a_tenth_or_not_at_all() {
    // Half of the peak with a tenth of headroom, in tasks of 300.
    let (of_33, of_34) = (17_900.0, 18_400.0);
    assert_eq!(fargates_floor(None, of_33), Some(33));
    assert_eq!(fargates_floor(None, of_34), Some(34));
    assert_eq!(fargates_floor(Some(30), of_33), Some(30), "a tenth more");
    assert_eq!(fargates_floor(Some(30), of_34), Some(34), "more than that");
    assert_eq!(fargates_floor(Some(34), of_33), Some(34), "a promise never falls here");
}

#[test]
fn a_side_that_is_not_short_is_promised_nothing_anew() {
    let mut world = with(50, |spec| spec["paused"] = json!(true));
    world.peak_rpm = 30_000.0;
    look(&mut world);
    assert_eq!(world.status.short_since, None);
    assert_eq!(world.status.floors.fargate, None);
}

#[test]
fn the_way_back_is_promised_with_the_first_traffic_and_not_before() {
    for (fargate, is_promised) in [(0, false), (1, true)] {
        let mut world = with(fargate, |spec| spec["paused"] = json!(true));
        assert_eq!(world.status.floors.ec2.is_some(), is_promised, "{fargate} %");
        assert_eq!(moves(&look(&mut world)), None);
    }
}

#[test]
fn a_reserve_that_covers_the_peak_stands_and_one_that_does_not_grows() {
    // 9,000 and half the headroom, 9,450, are 31.5 tasks of 300.
    for (floor, grows) in [(32, false), (31, true)] {
        let mut world = at(25);
        world.status.floors.ec2 = Some(floor);
        look(&mut world);
        assert_eq!(world.status.floors.ec2.is_some_and(|now| now > floor), grows, "{floor}");
    }
}

#[test]
fn observing_promises_nothing() {
    let mut world = with(25, |spec| spec["mode"] = json!("observe"));
    assert_eq!(world.status.floors.ec2, None);
    live(&mut world, 50);
    assert!(look(&mut world).actions.is_empty());
    assert_eq!(world.status.floors.ec2, None);
}
