//! Capacity before traffic: at which task, maximum and second a step waits.

use model::action::Action;
use model::observation::{Bounds, ScheduledBounds};
use model::plan::{Plan, Reason, Rule, Said};
use model::{Side, Span};
use serde_json::json;

use super::{look, mins, secs, wait, with};
use crate::world::World;

/// Why there is not enough for the next step.
fn missing(plan: &Plan) -> Option<Reason> {
    let line = plan.report.lines.iter().find(|line| line.rule == Rule::Capacity);
    match &line.expect("a step that was asked about").said {
        Said::Refused(refusal) => Some(refusal.reason.clone()),
        Said::Open | Said::Done(_) => None,
    }
}

/// A world before its first step, whose peak of 9,800 needs 36 tasks of EC2's 300, and whose
/// 6,000 now, growing by a fifth, need 27.
fn before() -> World {
    let mut world = with(0, |spec| spec["paused"] = json!(true));
    world.peak_rpm = 9_800.0;
    world
}

#[test]
fn a_maximum_of_what_is_needed_is_enough() {
    for (max, is_enough) in [(36, true), (35, false)] {
        let mut world = before();
        world.fleets.ec2.bounds = Some(Bounds { min: max, max });
        let beyond = Reason::CapacityBeyondMax { side: Side::Ec2, needed: 36, max };
        assert_eq!(missing(&world.plan()), (!is_enough).then_some(beyond));
    }
}

#[test]
fn a_step_needs_as_many_healthy_tasks_as_the_load_until_the_next_look() {
    for (healthy, is_enough) in [(27, true), (26, false)] {
        let mut world = before();
        world.fleets.ec2.healthy = Some(healthy);
        let short = Reason::CapacityShort { side: Side::Ec2, healthy, needed: 27 };
        assert_eq!(missing(&world.plan()), (!is_enough).then_some(short));
    }
}

#[test]
fn a_floor_that_is_not_in_place_is_missing_though_the_tasks_are_there() {
    for (min, is_low) in [(36, false), (35, true)] {
        let mut world = before();
        world.fleets.ec2.bounds = Some(Bounds { min, max: 100 });
        let low = Reason::FloorLow { side: Side::Ec2, min, floor: 36 };
        assert_eq!(missing(&world.plan()), is_low.then_some(low));
    }
}

#[test]
fn a_scheduled_minimum_below_the_floor_within_the_dwell_is_in_the_way() {
    let hour = Span::from_hours(1);
    for (in_time, min, is_lower) in [
        (hour, Some(35), true),
        (hour, Some(36), false),
        (hour, None, false),
        (hour + secs(1), Some(35), false),
        (mins(1), Some(0), true),
    ] {
        let mut world = before();
        let at = world.now + in_time;
        let name = "night".to_owned();
        world.fleets.ec2.scheduled.push(ScheduledBounds { name, at, min, max: None });
        let reason = missing(&world.plan());
        let is_below = matches!(reason, Some(Reason::ScheduledBelowFloor { .. }));
        assert_eq!(is_below, is_lower, "{min:?} in {in_time}: {reason:?}");
    }
}

#[test]
fn one_side_is_not_prepared_while_a_person_has_to_see_to_the_other() {
    for (is_suspended, prepares) in [(true, false), (false, true)] {
        let mut world = before();
        world.fleets.fargate.bounds = Some(Bounds { min: 0, max: 100 });
        world.fleets.ec2.desired = if is_suspended { 5 } else { 40 };
        world.fleets.ec2.suspended = is_suspended;
        look(&mut world);
        wait(&mut world, mins(3));
        world.migration.spec.paused = false;
        let plan = world.plan();
        let is_of_fargate =
            |action: &Action| matches!(action, Action::SetBounds { side: Side::Fargate, .. });
        assert_eq!(plan.actions.iter().any(is_of_fargate), prepares, "{}", plan.report);
    }
}
