//! How old a reading may be, which numbers count, and how many tasks a load needs.

use model::observation::{Gap, Load, Observation, Seen};
use model::plan::{Line, Plan, Reason, Rule, Said, What};
use model::verdict::{VerdictKind, VerdictReason};
use model::{PerSide, Share, Side, Time};
use serde_json::json;

use super::{at, mins, moves, refuses, secs, with};
use crate::world::World;

/// The plan of a pass whose observation was edited.
fn seeing(world: &World, edit: impl FnOnce(&mut Observation)) -> Plan {
    let (mut observation, verdict) = world.scene();
    edit(&mut observation);
    world.plan_scene(&(observation, verdict))
}

fn taken<T>(seen: &mut Seen<T>, when: Time) {
    match seen {
        Seen::Known { at, .. } => *at = when,
        Seen::Unknown { .. } => panic!("a reading"),
    }
}

fn of<T>(seen: &mut Seen<T>) -> &mut T {
    match seen {
        Seen::Known { value, .. } => value,
        Seen::Unknown { .. } => panic!("a reading"),
    }
}

fn is_missing(plan: &Plan, what: What) -> bool {
    refuses(
        plan,
        |reason| matches!(reason, Reason::NotKnown { what: missing, .. } if *missing == what),
    )
}

fn paused(fargate: u32) -> World {
    with(fargate, |spec| spec["paused"] = json!(true))
}

#[test]
fn weights_are_known_for_eleven_minutes_and_never_from_a_time_to_come() {
    let world = paused(25);
    let now = world.now;
    for (when, is_known) in [
        (now, true),
        (now - mins(11), true),
        (now - mins(11) - secs(1), false),
        (now + secs(1), false),
    ] {
        let plan = seeing(&world, |seen| taken(&mut seen.split, when));
        assert_eq!(is_missing(&plan, What::Weights), !is_known, "{when} at {now}");
    }
    let plan = seeing(&world, |seen| of(&mut seen.split).weights.clear());
    assert!(is_missing(&plan, What::Weights), "no route");
}

#[test]
fn health_and_bounds_are_known_for_ninety_seconds() {
    let world = paused(25);
    for (age, is_known) in [(90, true), (91, false)] {
        let when = world.now - secs(age);
        for side in Side::ALL {
            let plan = seeing(&world, |seen| taken(seen.targets.get_mut(side), when));
            assert_eq!(is_missing(&plan, What::Targets), !is_known, "{side}, {age} s");
            let plan = seeing(&world, |seen| taken(seen.scaling.get_mut(side), when));
            assert_eq!(is_missing(&plan, What::Scaling), !is_known, "{side}, {age} s");
            let plan = seeing(&world, |seen| taken(seen.services.get_mut(side), when));
            assert_eq!(is_missing(&plan, What::Service), !is_known, "{side}, {age} s");
        }
    }
}

#[test]
fn load_is_known_for_a_quarter_of_an_hour() {
    let mut world = paused(25);
    world.now = world.now + secs(30);
    // A minute begins half a minute before now.
    for (ago, early, is_known) in [
        (0, 0, true),
        (14, 0, true),
        (15, 30, true),
        (15, 29, false),
        (15, 0, false),
        (-1, 0, false),
    ] {
        let mut world = world.clone();
        world.now = world.now - secs(early);
        let minute = world.now.minute() - ago;
        let plan = seeing(&world, |seen| of(&mut seen.load).minute = minute);
        assert_eq!(is_missing(&plan, What::Load), !is_known, "{ago} minutes ago");
    }
}

#[test]
fn health_of_ten_minutes_is_enough_to_go_back_on() {
    let world = {
        let mut world = at(25);
        world.fleets.fargate.healthy = Some(0);
        // No other sign of life.
        world.fleets.ec2.service_gap = Some(Gap::Throttled);
        world.fleets.ec2.rpm = Some(0.0);
        world
    };
    for (age, goes) in [(mins(10), true), (mins(10) + secs(1), false)] {
        let when = world.now - age;
        let plan = seeing(&world, |seen| taken(&mut seen.targets.ec2, when));
        assert_eq!(moves(&plan), goes.then_some(Share::ZERO), "{age} old");
    }
}

#[test]
fn what_balancers_vouch_for_is_enough_to_go_back_on_and_never_to_step_on() {
    let mut world = at(25);
    world.fleets.fargate.healthy = Some(0);
    world.fleets.ec2.service_gap = Some(Gap::Throttled);
    world.fleets.ec2.rpm = Some(0.0);
    for (age, goes) in [(mins(10), true), (mins(10) + secs(1), false)] {
        let (read, vouched) = (world.now - mins(50), world.now - age);
        let plan = seeing(&world, |seen| {
            taken(&mut seen.targets.ec2, read);
            seen.vouched.ec2 = Some(vouched);
        });
        assert_eq!(moves(&plan), goes.then_some(Share::ZERO), "vouched for {age} ago");
    }
    let stepping = paused(25);
    let now = stepping.now;
    for side in Side::ALL {
        let plan = seeing(&stepping, |seen| {
            taken(seen.targets.get_mut(side), now - secs(91));
            seen.vouched = PerSide::from_fn(|_| Some(now));
        });
        assert!(is_missing(&plan, What::Targets), "{side}: capacity is proven by readings alone");
    }
}

fn with_load(edit: impl FnOnce(&mut Load)) -> Plan {
    seeing(&paused(25), |seen| edit(of(&mut seen.load)))
}

#[test]
fn numbers_that_cannot_be_counted_with_are_not_known() {
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(is_missing(&with_load(|load| load.now_rpm = bad), What::Load), "now {bad}");
        assert!(is_missing(&with_load(|load| load.peak_rpm = bad), What::Load), "peak {bad}");
        assert!(is_missing(&with_load(|load| load.growth = bad), What::Load), "growth {bad}");
        for side in Side::ALL {
            let plan = with_load(|load| *load.safe_per_task_rpm.get_mut(side) = Some(bad));
            assert!(is_missing(&plan, What::SafeLoad), "{side}: {bad} a task");
        }
    }
    // A fall is nothing that could be promised, and two large numbers are no number together.
    assert!(is_missing(&with_load(|load| load.growth = 0.99), What::Load));
    assert!(!is_missing(&with_load(|load| load.growth = 1.0), What::Load));
    let large = with_load(|load| (load.now_rpm, load.growth) = (f64::MAX, 2.0));
    assert!(is_missing(&large, What::Load));
    assert!(!is_missing(&with_load(|load| (load.now_rpm, load.peak_rpm) = (0.0, 0.0)), What::Load));
}

/// The floor that the way back is promised under this load, and whether it is known.
fn reserve(now_rpm: f64, growth: f64, peak_rpm: f64, safe: f64) -> Option<u32> {
    let plan = with_load(|load| {
        (load.now_rpm, load.growth, load.peak_rpm) = (now_rpm, growth, peak_rpm);
        load.safe_per_task_rpm.ec2 = Some(safe);
    });
    plan.status.floors.ec2
}

#[test]
fn the_reserve_is_of_the_higher_of_the_peak_and_the_load_as_it_grows() {
    // A tenth of headroom on top, in tasks of 10.
    let before = paused(25).status.floors.ec2;
    assert_eq!(before, Some(33));
    assert_eq!(reserve(100.0, 2.0, 3_995.0, 10.0), Some(440));
    assert_eq!(reserve(2_995.0, 2.0, 3_995.0, 10.0), Some(659));
    assert_eq!(reserve(3_000.0, 1.0, 4_005.0, 10.0), Some(441));
    assert_eq!(reserve(1.0, 1.0, 1.0, 10.0), before, "a promise only grows");
}

#[test]
fn a_side_with_any_traffic_has_two_tasks() {
    let mut world = paused(0);
    world.fleets.fargate.healthy = Some(1);
    (world.now_rpm, world.peak_rpm) = (1.0, 1.0);
    let plan = world.plan();
    let short = Reason::CapacityShort { side: Side::Fargate, healthy: 1, needed: 2 };
    assert!(refuses(&plan, |reason| *reason == short), "{}", plan.report);
}

#[test]
fn unknown_weights_may_be_any_traffic() {
    let mut world = at(25);
    world.verdict = (VerdictKind::RollBack, VerdictReason::CandidateDead);
    world.split_gap = Some(Gap::Throttled);
    let plan = world.plan();
    assert!(plan.status.latch.is_some(), "going back is due whatever the weights are");
    let is_rollback =
        |line: &Line| line.rule == Rule::Rollback && matches!(line.said, Said::Refused(_));
    assert!(plan.report.lines.iter().any(is_rollback), "{}", plan.report);
    assert_eq!(moves(&plan), None);
    let mut world = paused(0);
    world.verdict.0 = VerdictKind::RollBack;
    assert_eq!(world.plan().status.latch, None, "without traffic there is nothing to take back");
}
