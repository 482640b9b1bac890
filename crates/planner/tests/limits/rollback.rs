//! When going back begins, how much goes at once, and what is too little to go for.

use model::action::Action;
use model::observation::Gap;
use model::plan::{Reason, Rule};
use model::route::{Propagation, WeightPair, Weights};
use model::spec::Target;
use model::status::{Latch, Release, RollbackReason, Said, Status};
use model::verb::Verb;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side};
use serde_json::json;

use super::{at, live, look, mins, moves, refuses, secs, wait, with};
use crate::world::World;

fn proven_worse(world: &mut World) {
    let signal = "latency".to_owned();
    world.verdict = (VerdictKind::RollBack, VerdictReason::ProvenWorse { signal });
}

/// EC2 with ten healthy tasks of `safe` requests a minute each, under 1,000.
fn ec2_of_ten(world: &mut World, safe: f64) {
    (world.now_rpm, world.peak_rpm) = (1_000.0, 1_000.0);
    world.fleets.ec2.safe_rpm = Some(safe);
    world.fleets.ec2.healthy = Some(10);
}

/// A plain share is asked for, and another one is live.
fn asked(share: &str, fargate: u32) -> World {
    with(fargate, |spec| {
        spec["traffic"].as_object_mut().expect("a map").remove("rollout");
        spec["traffic"]["share"] = json!(share);
    })
}

#[test]
fn no_task_at_all_is_not_waited_for_whatever_the_load() {
    for load in [Some(0.0), Some(6_000.0), Some(f64::NAN), None] {
        let mut world = at(25);
        world.now_rpm = load.unwrap_or(6_000.0);
        world.load_gap = load.is_none().then_some(Gap::Throttled);
        world.fleets.fargate.healthy = Some(0);
        assert_eq!(moves(&look(&mut world)), Some(Share::ZERO), "load {load:?}");
    }
}

#[test]
fn what_is_not_known_starts_no_clock() {
    for load in [f64::NAN, f64::INFINITY, -1.0] {
        let mut world = at(25);
        world.fleets.fargate.healthy = Some(4);
        world.now_rpm = load;
        look(&mut world);
        assert_eq!(world.status.short_since, None, "load {load}");
        world.now_rpm = 6_000.0;
        look(&mut world);
        let since = world.status.short_since;
        assert_eq!(since, Some(world.now), "short of a load of 6,000");
        world.now_rpm = load;
        wait(&mut world, secs(30));
        look(&mut world);
        assert_eq!(world.status.short_since, since, "load {load} is no proof of health either");
    }
}

#[test]
fn no_load_is_carried_by_one_task() {
    let mut world = at(25);
    world.now_rpm = 0.0;
    world.fleets.fargate.healthy = Some(1);
    look(&mut world);
    assert_eq!(world.status.short_since, None);
}

#[test]
fn traffic_waits_for_one_sign_of_life_from_ec2() {
    // Healthy targets, running tasks, requests that arrive; `None` is not known.
    for (healthy, running, rpm, goes) in [
        (Some(0), Some(40), Some(100.0), false),
        (Some(1), Some(0), Some(0.0), true),
        (None, Some(0), Some(0.0), false),
        (None, None, Some(0.0), false),
        (None, None, Some(0.1), true),
        (None, Some(0), Some(0.1), true),
        (None, Some(1), Some(0.0), true),
    ] {
        let mut world = at(25);
        let ec2 = &mut world.fleets.ec2;
        (ec2.healthy, ec2.rpm, ec2.bounds) = (healthy, rpm, None);
        ec2.targets_gap = healthy.is_none().then_some(Gap::Throttled);
        ec2.service_gap = running.is_none().then_some(Gap::Throttled);
        ec2.desired = running.unwrap_or(40);
        // Fargate is dead: nothing else is waited for.
        world.fleets.fargate.healthy = Some(0);
        let plan = look(&mut world);
        let signs = (healthy, running, rpm);
        assert_eq!(moves(&plan), goes.then_some(Share::ZERO), "{signs:?}");
        let is_short = |reason: &Reason| {
            matches!(reason, Reason::CapacityShort { side: Side::Ec2, healthy: 0, needed: _ })
        };
        assert_eq!(refuses(&plan, is_short), !goes, "{signs:?}");
    }
}

#[test]
fn ec2_is_never_given_more_than_it_carries_and_no_less_than_that() {
    // Ten tasks of 1,000 requests a minute: what they do not carry stays, in parts per thousand.
    for (safe, kept) in [(60.0, 400), (60.04, 400), (60.06, 400), (59.96, 401), (60.1, 399)] {
        let mut world = at(50);
        ec2_of_ten(&mut world, safe);
        proven_worse(&mut world);
        let kept = Share::from_per_mille(kept);
        assert_eq!(moves(&look(&mut world)), kept, "{safe} a task");
    }
}

#[test]
fn a_short_side_that_carries_as_much_as_ec2_could_take_keeps_its_traffic() {
    // Both sides are short of 1,000 a minute at a half: EC2 carries nothing more than it has.
    for (safe, goes) in [(50.0, false), (49.0, false), (53.0, true)] {
        let mut world = at(50);
        ec2_of_ten(&mut world, safe);
        world.fleets.fargate.healthy = Some(1);
        look(&mut world);
        wait(&mut world, mins(2));
        assert_eq!(moves(&look(&mut world)).is_some(), goes, "{safe} a task");
        assert_eq!(world.status.latch.is_some(), goes, "{safe} a task");
    }
}

#[test]
fn a_side_that_died_is_left_at_once_and_one_that_fell_short_as_ec2_grows() {
    for (healthy, share) in [(0, Share::ZERO), (1, Share::percent(23))] {
        let mut world = at(25);
        ec2_of_ten(&mut world, 77.0);
        let reason = RollbackReason::CapacityLost { healthy, needed: 2 };
        let from = Share::percent(25);
        world.status.latch = Some(Latch { at: world.now, from, attempt: 1, reason });
        // Its tasks are back by now.
        world.fleets.fargate.healthy = Some(40);
        assert_eq!(moves(&look(&mut world)), Some(share), "{healthy} were healthy");
    }
}

#[test]
fn a_lowered_share_follows_ec2s_reserve_unless_fargate_is_dead() {
    for (healthy, share) in [(0, Share::percent(5)), (40, Share::percent(23))] {
        let mut world = asked("25%", 25);
        ec2_of_ten(&mut world, 77.0);
        world.fleets.fargate.healthy = Some(healthy);
        // A dead side goes back for a reason of its own, except after the drain.
        world.status.drained_at = Some(world.now);
        world.status.baked_at = Some(world.now);
        world.migration.spec.traffic.target = Target::Share(Share::percent(5));
        assert_eq!(moves(&look(&mut world)), Some(share), "{healthy} healthy");
    }
}

#[test]
fn a_share_that_somebody_raised_is_no_wish_to_go_back() {
    for (was, goes) in [(25, false), (26, true)] {
        let mut world = asked(&format!("{was}%"), was);
        world.migration.spec.traffic.target = Target::Share(Share::percent(25));
        live(&mut world, 50);
        wait(&mut world, mins(5));
        let plan = look(&mut world);
        assert_eq!(moves(&plan).is_some(), goes, "intended {was} %");
        let is_drift = |reason: &Reason| matches!(reason, Reason::Drifted { .. });
        assert_eq!(refuses(&plan, is_drift), !goes, "intended {was} %");
    }
}

#[test]
fn weights_as_low_as_weights_can_be_are_not_lowered() {
    // 0.2 % of Fargate is written 255 to 1, which is 0.4 %.
    let mut world = asked("0.2%", 0);
    for pair in world.weights.values_mut() {
        *pair = WeightPair { ec2: 255, fargate: 1 };
    }
    world.status = Status::default();
    let plan = look(&mut world);
    assert!(plan.report.lines.iter().all(|line| line.rule != Rule::Rollback), "{}", plan.report);
}

#[test]
fn an_operators_rollback_tells_of_traffic_only_where_there_was_some() {
    for (fargate, tells) in [(0, false), (1, true)] {
        let mut world = with(fargate, |spec| spec["paused"] = json!(true));
        let said = Said { who: "alice".to_owned(), at: world.now };
        world.status.hear(Verb::Rollback, said).unwrap();
        let plan = look(&mut world);
        assert!(world.status.latch.is_some());
        assert_eq!(!plan.events.is_empty(), tells, "{fargate} %: {:?}", plan.events);
    }
}

/// The weights that a plan writes.
fn written(world: &mut World) -> Option<Weights> {
    look(world).actions.into_iter().find_map(|action| match action {
        Action::SetWeights { weights, .. } => Some(weights),
        Action::SetBounds { .. }
        | Action::SetDesired { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. } => None,
    })
}

#[test]
fn going_back_takes_the_least_of_what_is_wanted_and_what_any_route_asks() {
    let kept = WeightPair { ec2: 77, fargate: 23 };
    for (lower, higher, wanted) in [
        // 23 % are kept of a route at three quarters, whichever way the other stands to it.
        ((1, 3), (1, 3), kept),
        ((10, 3), (1, 3), kept),
        ((9, 1), (1, 3), WeightPair { ec2: 9, fargate: 1 }),
        ((100, 29), (1, 3), WeightPair { ec2: 100, fargate: 29 }),
        // The same share in other words is not less.
        ((154, 46), (1, 3), kept),
        // All weight on one side, and none at all.
        ((5, 0), (1, 3), WeightPair { ec2: 5, fargate: 0 }),
        ((0, 7), (1, 3), kept),
        ((0, 0), (1, 3), kept),
    ] {
        let mut world = at(75);
        ec2_of_ten(&mut world, 77.0);
        proven_worse(&mut world);
        world.propagation = Propagation::InSync { since: None };
        for (pair, (ec2, fargate)) in world.weights.values_mut().zip([lower, higher]) {
            *pair = WeightPair { ec2, fargate };
        }
        let all: Weights = world.weights.keys().map(|key| (key.clone(), wanted)).collect();
        assert_eq!(written(&mut world), Some(all), "{lower:?} and {higher:?}");
    }
}

/// What people are told when the attempt is rolled back.
fn told(world: &mut World) -> String {
    let events = look(world).events;
    let told = events.into_iter().find(|event| event.reason == "RollingBack");
    told.expect("people are told").message
}

#[test]
fn a_release_of_the_last_two_hours_is_named_beside_the_harm_that_came_after_it() {
    for (after_settled, ago, is_named) in [
        (secs(1), mins(120), true),
        (secs(1), mins(120) + secs(1), false),
        // It was there before clients followed, so that the step was judged with it.
        (secs(0), mins(1), false),
    ] {
        let mut world = at(25);
        let settled = world.status.step.as_ref().and_then(|step| step.settled_at);
        let since = settled.expect("a settled step") + after_settled;
        world.status.release = Some(Release { name: "app:v1".to_owned(), since });
        world.now = since + ago;
        proven_worse(&mut world);
        let told = told(&mut world);
        assert_eq!(told.contains("soon after the release app:v1"), is_named, "{told}");
    }
}

#[test]
fn a_release_under_way_is_named_only_where_both_services_were_seen() {
    for (unread, is_named) in [(None, true), (Some(Side::Ec2), false), (Some(Side::Fargate), false)]
    {
        let mut world = at(25);
        world.status.release = None;
        world.fleets.ec2.release = "app:v2".to_owned();
        if let Some(side) = unread {
            world.fleets.get_mut(side).service_gap = Some(Gap::Throttled);
        }
        proven_worse(&mut world);
        let told = told(&mut world);
        assert_eq!(told.contains("A release is under way"), is_named, "{unread:?}: {told}");
    }
}

#[test]
fn a_way_back_that_is_sent_again_was_decided_when_it_was_first_sent() {
    let mut world = at(25);
    proven_worse(&mut world);
    world.lost_routes = 2;
    look(&mut world);
    let first = world.status.intended.clone();
    assert_eq!(first.as_ref().map(|intended| intended.at), Some(world.now));
    wait(&mut world, secs(30));
    assert_eq!(moves(&look(&mut world)), Some(Share::ZERO), "sent again");
    assert_eq!(world.status.intended, first);
    let sent_at = world.status.step.as_ref().map(|step| step.decided_at);
    assert_eq!(sent_at, Some(world.now), "older readings say nothing of it");
    // One route arrives: what is sent now is another change, from what is live by then.
    world.lost_routes = 1;
    wait(&mut world, secs(30));
    look(&mut world);
    let half_landed = world.weights.clone();
    wait(&mut world, secs(30));
    assert_eq!(moves(&look(&mut world)), Some(Share::ZERO), "the other route");
    let intended = world.status.intended.clone().expect("an intent");
    assert_eq!((intended.at, intended.before), (world.now, half_landed));
}
