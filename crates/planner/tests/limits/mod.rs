//! Limits bite at their minute, their task and their share, and not one before.

use model::action::Action;
use model::observation::Bounds;
use model::plan::{Plan, Reason, Said};
use model::route::WeightPair;
use model::status::RollbackReason;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};
use serde_json::json;

use crate::world::{World, default_migration};

mod arrival;
mod capacity;
mod conditions;
mod drift;
mod gates;
mod observed;
mod promises;
mod readings;
mod rollback;

/// A world of reserves on both sides that stands at `fargate` of a hundred, adopted.
fn at(fargate: u32) -> World {
    with(fargate, |_| {})
}

fn with(fargate: u32, edit: impl FnOnce(&mut serde_json::Value)) -> World {
    let mut migration = default_migration();
    edit(&mut migration["spec"]);
    let settings = json!({"apiVersion": "ferry/v1", "kind": "Settings"});
    let mut world = World::new(&migration, &settings);
    live(&mut world, fargate);
    for side in Side::ALL {
        let fleet = world.fleets.get_mut(side);
        (fleet.desired, fleet.bounds) = (40, Some(Bounds { min: 40, max: 100 }));
    }
    look(&mut world);
    world
}

fn live(world: &mut World, fargate: u32) {
    let pair = WeightPair { ec2: 100 - fargate, fargate };
    for weights in world.weights.values_mut() {
        *weights = pair;
    }
}

/// Plans a pass, does it, and waits for nothing.
fn look(world: &mut World) -> Plan {
    let plan = world.plan();
    world.carry_out(&plan);
    plan
}

fn wait(world: &mut World, span: Span) {
    world.now = world.now + span;
}

fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

fn mins(mins: u64) -> Span {
    Span::from_mins(mins)
}

fn moves(plan: &Plan) -> Option<Share> {
    plan.actions.iter().find_map(|action| match action {
        Action::SetWeights { share, .. } => Some(*share),
        Action::SetBounds { .. }
        | Action::SetDesired { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. } => None,
    })
}

fn bounds(plan: &Plan, of: Side) -> Option<Bounds> {
    plan.actions.iter().find_map(|action| match action {
        Action::SetBounds { side, bounds, .. } if *side == of => Some(*bounds),
        Action::SetBounds { .. }
        | Action::SetWeights { .. }
        | Action::SetDesired { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. } => None,
    })
}

fn refuses(plan: &Plan, is_it: impl Fn(&Reason) -> bool) -> bool {
    plan.report.lines.iter().any(|line| match &line.said {
        Said::Refused(refusal) => is_it(&refusal.reason),
        Said::Open | Said::Done(_) => false,
    })
}

#[test]
fn fargate_may_be_short_for_two_minutes() {
    // A quarter of 6,000 requests a minute are five tasks of 300.
    for (healthy, goes_back) in [(5, false), (4, true)] {
        let mut world = at(25);
        world.fleets.fargate.healthy = Some(healthy);
        assert_eq!(moves(&look(&mut world)), None, "{healthy} healthy: at first");
        wait(&mut world, secs(119));
        assert_eq!(moves(&look(&mut world)), None, "{healthy} healthy: a second too early");
        wait(&mut world, secs(1));
        let back = goes_back.then_some(Share::ZERO);
        assert_eq!(moves(&look(&mut world)), back, "{healthy} healthy");
        let lost = RollbackReason::CapacityLost { healthy, needed: 6 };
        let latched = world.status.latch.map(|latch| latch.reason.name());
        assert_eq!(latched, goes_back.then_some(lost.name()));
    }
}

#[test]
fn a_moment_of_health_starts_the_two_minutes_anew() {
    let mut world = at(25);
    for _ in 0..4 {
        world.fleets.fargate.healthy = Some(4);
        assert_eq!(moves(&look(&mut world)), None);
        wait(&mut world, secs(90));
        world.fleets.fargate.healthy = None;
        assert_eq!(moves(&look(&mut world)), None);
        wait(&mut world, secs(40));
    }
    assert_eq!(world.status.short_since, None);
}

#[test]
fn no_task_at_all_is_not_waited_for() {
    let mut world = at(25);
    world.fleets.fargate.healthy = Some(0);
    assert_eq!(moves(&look(&mut world)), Some(Share::ZERO));
}

#[test]
fn a_short_reserve_is_given_what_it_carries_in_moves_of_two_percent_at_least() {
    for (safe, moved) in [(77.0, Some(Share::percent(23))), (76.9, None), (75.0, None)] {
        let mut world = at(25);
        (world.now_rpm, world.peak_rpm) = (1_000.0, 1_000.0);
        world.fleets.ec2.safe_rpm = Some(safe);
        world.fleets.ec2.healthy = Some(10);
        let signal = "latency".to_owned();
        world.verdict = (VerdictKind::RollBack, VerdictReason::ProvenWorse { signal });
        let plan = look(&mut world);
        assert_eq!(moves(&plan), moved, "{safe} a task");
        let is_short = |reason: &Reason| {
            matches!(reason, Reason::CapacityShort { side: Side::Ec2, healthy: 10, needed: _ })
        };
        assert!(refuses(&plan, is_short), "{safe} a task");
    }
}

#[test]
fn a_reserve_that_carries_everything_keeps_nothing_back() {
    let mut world = at(25);
    (world.now_rpm, world.peak_rpm) = (1_000.0, 1_000.0);
    world.fleets.ec2.safe_rpm = Some(100.0);
    world.fleets.ec2.healthy = Some(10);
    let signal = "latency".to_owned();
    world.verdict = (VerdictKind::RollBack, VerdictReason::ProvenWorse { signal });
    let plan = look(&mut world);
    assert_eq!(moves(&plan), Some(Share::ZERO));
    assert!(!refuses(&plan, |reason| matches!(reason, Reason::CapacityShort { .. })));
}

#[test]
fn a_write_that_does_not_land_is_sent_again_for_a_quarter_of_an_hour() {
    for (late, again) in [(0, true), (1, false)] {
        let mut world = at(25);
        world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
        wait(&mut world, mins(121));
        world.lost_routes = 2;
        // Floors first, then the step.
        let sent = (0..5).find_map(|_| moves(&look(&mut world)));
        assert_eq!(sent, Some(Share::percent(50)));
        wait(&mut world, mins(15) + secs(late));
        assert_eq!(moves(&look(&mut world)).is_some(), again, "{late} s after the time");
    }
}

#[test]
fn ec2_is_quiet_at_its_limit_and_drained_when_the_time_is_full() {
    for (rpm, drained) in [(1.0, true), (1.01, false)] {
        let mut world = with(100, |spec| {
            spec["traffic"]["rollout"]["bake"] = json!("1h");
            spec["drain"] = json!({"quietFor": "30m", "requestsPerMinuteMax": 1});
        });
        world.fleets.ec2.rpm = Some(rpm);
        wait(&mut world, mins(125));
        look(&mut world);
        assert!(world.status.baked_at.is_some());
        for _ in 0..3 {
            look(&mut world);
            // As long a gap as may be.
            wait(&mut world, mins(10));
        }
        world.now = world.now - secs(1);
        look(&mut world);
        assert_eq!(world.status.drained_at, None, "{rpm} requests a minute: a second too early");
        wait(&mut world, secs(1));
        look(&mut world);
        assert_eq!(world.status.drained_at.is_some(), drained, "{rpm} requests a minute");
    }
}

#[test]
fn after_a_rollback_fargate_keeps_its_floor_for_half_an_hour_of_quiet() {
    for (rpm, given_back) in [(1.0, true), (1.01, false)] {
        let mut world = at(25);
        world.fleets.ec2.bounds = Some(Bounds { min: 10, max: 100 });
        let raised = look(&mut world);
        assert!(bounds(&raised, Side::Ec2).is_some_and(|bounds| bounds.min > 10));
        let said = model::status::Said { who: "alice".to_owned(), at: world.now };
        world.status.hear(model::verb::Verb::Rollback, said).unwrap();
        assert_eq!(moves(&look(&mut world)), Some(Share::ZERO));
        wait(&mut world, mins(5));
        look(&mut world);
        wait(&mut world, mins(5));
        world.fleets.fargate.rpm = Some(rpm);
        look(&mut world);
        wait(&mut world, mins(29) + secs(59));
        assert_eq!(bounds(&look(&mut world), Side::Ec2), None, "a second too early");
        wait(&mut world, secs(1));
        let back = given_back.then_some(Bounds { min: 10, max: 100 });
        assert_eq!(bounds(&look(&mut world), Side::Ec2), back, "{rpm} requests a minute");
    }
}

#[test]
fn a_verdict_is_of_the_last_quarter_of_an_hour_and_a_dwell_ends_with_its_last_second() {
    for (age, early, steps) in [(15, 0, true), (16, 0, false), (15, 1, false)] {
        let mut world = with(10, |spec| {
            spec["traffic"]["rollout"]["dwellMin"] = json!("1h");
        });
        world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
        world.verdict_age = age;
        let settled = world.status.step.as_ref().unwrap().settled_at.unwrap();
        world.now = settled + mins(60) - secs(early);
        let sent = (0..3).find_map(|_| moves(&look(&mut world)));
        assert_eq!(sent.is_some(), steps, "{age} minutes old, {early} s early");
    }
}

#[test]
fn the_deadline_ends_steps_at_its_second() {
    for (early, steps) in [(1, true), (0, false)] {
        let mut world = with(10, |spec| spec["traffic"]["deadline"] = json!("5h"));
        world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
        let started = world.status.started_at.unwrap();
        world.now = started + mins(300) - secs(early);
        let sent = (0..3).find_map(|_| moves(&look(&mut world)));
        assert_eq!(sent.is_some(), steps, "{early} s before the deadline");
    }
}
