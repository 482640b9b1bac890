//! The last step and what comes after it, forwards and back: bake, quiet, bounds given back.

use model::observation::Bounds;
use model::plan::{Plan, Reason, Rule, Said};
use model::status::{Latch, RollbackReason};
use model::verb::Verb;
use model::{PerSide, Share, Side, Time};
use serde_json::json;

use super::{at, bounds, live, look, mins, secs, wait, with};
use crate::world::World;

fn tell(world: &mut World, verb: Verb) {
    let said = model::status::Said { who: "alice".to_owned(), at: world.now };
    world.status.hear(verb, said).expect("no contradiction");
}

/// All traffic on Fargate, an hour of bake, half an hour of quiet to drain.
fn arrived() -> World {
    with(100, |spec| {
        spec["traffic"]["rollout"]["bake"] = json!("1h");
        spec["drain"] = json!({"quietFor": "30m", "requestsPerMinuteMax": 1, "giveUpAfter": "20m"});
    })
}

fn baked() -> World {
    let mut world = arrived();
    world.fleets.ec2.rpm = Some(0.0);
    wait(&mut world, mins(62));
    look(&mut world);
    assert_eq!(world.status.baked_at, Some(world.now));
    world
}

fn latch(at: Time) -> Latch {
    let reason = RollbackReason::Operator { who: "alice".to_owned() };
    Latch { at, from: Share::FULL, attempt: 1, reason }
}

#[test]
fn a_bake_ends_with_its_last_second_and_not_under_a_pin_or_a_latch() {
    let pinned: fn(&mut World) = |world| tell(world, Verb::Pin { share: Share::FULL });
    // Going back is due and a freeze forbids it.
    let latched: fn(&mut World) = |world| {
        world.status.latch = Some(latch(world.now));
        world.settings.freeze = true;
    };
    for (after, edit, ends) in [
        (mins(61), None, false),
        (secs(3_719), None, false),
        (mins(62), None, true),
        (mins(62), Some(pinned), false),
        (mins(62), Some(latched), false),
    ] {
        let mut world = arrived();
        if let Some(edit) = edit {
            edit(&mut world);
        }
        wait(&mut world, after);
        look(&mut world);
        assert_eq!(world.status.baked_at.is_some(), ends, "after {after}");
    }
}

#[test]
fn weights_that_leave_the_last_step_void_bake_and_drain() {
    for is_drained in [false, true] {
        let mut world = baked();
        world.status.drained_at = is_drained.then_some(world.now);
        live(&mut world, 50);
        look(&mut world);
        assert_eq!((world.status.baked_at, world.status.drained_at), (None, None));
    }
}

/// What is said of EC2's requests, and until when.
fn not_quiet(plan: &Plan) -> Option<(Option<u64>, Option<Time>)> {
    plan.report.lines.iter().find_map(|line| {
        let Said::Refused(refusal) = &line.said else { return None };
        let Reason::NotQuiet { requests_per_minute } = refusal.reason else { return None };
        (line.rule == Rule::Drain).then_some((requests_per_minute, refusal.opens_at))
    })
}

#[test]
fn requests_are_said_as_whole_ones_rounded_up() {
    for (rpm, said) in [(7.5, 8), (8.0, 8), (0.2, 1), (0.0, 0)] {
        let mut world = baked();
        world.fleets.ec2.rpm = Some(rpm);
        assert_eq!(not_quiet(&look(&mut world)).and_then(|(said, _)| said), Some(said));
    }
    let mut world = baked();
    world.load_gap = Some(model::observation::Gap::Throttled);
    assert_eq!(not_quiet(&look(&mut world)), Some((None, Some(world.now + mins(30)))));
}

#[test]
fn a_wait_for_quiet_that_was_given_up_names_no_end() {
    for (late, opens) in [(0, true), (1, false)] {
        let mut world = baked();
        let until = world.now + mins(30);
        wait(&mut world, mins(10));
        assert_eq!(not_quiet(&look(&mut world)), Some((Some(0), Some(until))));
        wait(&mut world, secs(599 + late));
        let opens_at = opens.then_some(until);
        assert_eq!(not_quiet(&look(&mut world)), Some((Some(0), opens_at)), "{late} s late");
    }
}

#[test]
fn a_gap_of_more_than_ten_minutes_ends_the_quiet() {
    for (late, stands) in [(0, true), (1, false)] {
        // Nobody looked.
        let mut world = baked();
        let since = world.status.quiet_since;
        assert_eq!(since, Some(world.now));
        wait(&mut world, mins(10) + secs(late));
        look(&mut world);
        let now = Some(world.now);
        assert_eq!(world.status.quiet_since, if stands { since } else { now });
        // Nothing was known.
        let mut world = baked();
        wait(&mut world, mins(10) + secs(late));
        world.load_gap = Some(model::observation::Gap::Throttled);
        look(&mut world);
        assert_eq!(world.status.quiet_since, since.filter(|_| stands));
    }
}

#[test]
fn what_is_not_known_at_the_end_of_the_quiet_does_not_drain() {
    let mut world = baked();
    for _ in 0..2 {
        wait(&mut world, mins(10));
        look(&mut world);
    }
    world.load_gap = Some(model::observation::Gap::Throttled);
    wait(&mut world, mins(10));
    look(&mut world);
    assert_eq!(world.status.drained_at, None);
    assert!(world.status.quiet_since.is_some());
    world.load_gap = None;
    look(&mut world);
    assert_eq!(world.status.drained_at, Some(world.now));
}

#[test]
fn a_last_step_below_all_traffic_drains_nothing() {
    let mut world = with(50, |spec| {
        spec["traffic"]["rollout"]["steps"] = json!(["50%"]);
        spec["traffic"]["rollout"]["bake"] = json!("1h");
        spec["drain"] = json!({"quietFor": "1m"});
    });
    world.fleets.ec2.rpm = Some(0.0);
    wait(&mut world, mins(62));
    for _ in 0..4 {
        look(&mut world);
        assert_eq!((world.status.quiet_since, world.status.drained_at), (None, None));
        wait(&mut world, mins(5));
    }
    assert!(world.status.baked_at.is_some());
}

/// Back at nothing, settled and quiet, with floors and bounds of before Ferry as given, and how
/// they are after half an hour.
fn after_half_an_hour(world: &mut World) -> (PerSide<Option<u32>>, Option<Bounds>) {
    world.fleets.fargate.rpm = Some(0.0);
    wait(world, mins(5));
    look(world);
    wait(world, mins(30));
    let plan = look(world);
    (world.status.floors, bounds(&plan, Side::Ec2))
}

const NONE: PerSide<Option<u32>> = PerSide { ec2: None, fargate: None };

#[test]
fn floors_are_given_back_to_whoever_wanted_to_go_back_and_not_to_who_begins() {
    let own = Bounds { min: 10, max: 100 };
    let floors = PerSide { ec2: Some(40), fargate: None };
    for (is_latched, share, floors, saved, gives) in [
        (true, None, floors, Some(own), true),
        (true, None, floors, None, true),
        // The write that gave them back was lost.
        (true, None, NONE, Some(own), true),
        (false, Some("0%"), floors, Some(own), true),
        (false, None, floors, Some(own), false),
    ] {
        let mut world = with(0, |spec| {
            spec["paused"] = json!(true);
            if let Some(share) = share {
                spec["traffic"].as_object_mut().expect("a map").remove("rollout");
                spec["traffic"]["share"] = json!(share);
            }
        });
        world.status.latch = is_latched.then(|| latch(world.now));
        world.status.floors = floors;
        world.status.saved.ec2 = saved;
        let (left, raised) = after_half_an_hour(&mut world);
        assert_eq!(left, if gives { NONE } else { floors });
        assert_eq!(raised, saved.filter(|_| gives));
        look(&mut world);
        assert_eq!(world.status.saved.ec2.is_none(), gives || saved.is_none());
    }
}

#[test]
fn no_floor_is_given_back_while_the_load_is_not_known() {
    for (peak, gives) in [(9_000.0, true), (f64::NAN, false)] {
        let mut world = with(0, |spec| spec["paused"] = json!(true));
        world.status.latch = Some(latch(world.now));
        world.status.floors.ec2 = Some(40);
        world.peak_rpm = peak;
        assert_eq!(after_half_an_hour(&mut world).0 == NONE, gives, "a peak of {peak}");
    }
}

#[test]
fn after_a_rollback_quiet_counts_from_when_clients_followed() {
    let mut world = at(25);
    tell(&mut world, Verb::Rollback);
    look(&mut world);
    world.fleets.fargate.rpm = Some(0.0);
    wait(&mut world, secs(1));
    look(&mut world);
    let settled = world.status.step.as_ref().and_then(|step| step.settled_at);
    let settled = settled.expect("a settled step");
    for (now, since) in
        [(settled - secs(1), None), (settled, Some(settled)), (settled + secs(1), Some(settled))]
    {
        world.now = now;
        look(&mut world);
        assert_eq!(world.status.fargate_quiet_since, since);
    }
}
