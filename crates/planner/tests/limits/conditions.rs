//! The second, share and reason at which a condition changes.

use model::condition::{ConditionStatus, ConditionType};
use model::observation::Gap;
use model::plan::Plan;
use model::status::{Latch, RollbackReason};
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};
use serde_json::json;

use super::{at, look, mins, secs, wait, with};
use crate::world::World;

fn condition(plan: &Plan, kind: ConditionType) -> (ConditionStatus, String) {
    let condition = plan.status.conditions.get(kind).expect("a condition of every pass");
    (condition.status, condition.reason.as_str().to_owned())
}

fn holds(reason: &str) -> (ConditionStatus, String) {
    (ConditionStatus::True, reason.to_owned())
}

#[test]
fn a_way_back_is_overdue_a_second_after_its_time() {
    let mut world = with(25, |spec| spec["rollback"] = json!({"within": "5m"}));
    let reason = RollbackReason::Operator { who: "alice".to_owned() };
    let from = Share::percent(25);
    world.status.latch = Some(Latch { at: world.now, from, attempt: 1, reason });
    world.fleets.ec2.healthy = Some(0);
    for (waits, said) in [(mins(5), "Latched"), (secs(1), "RollbackOverdue")] {
        wait(&mut world, waits);
        assert_eq!(condition(&world.plan(), ConditionType::Stalled), holds(said));
    }
    // Latched for as long, and nothing is left to go back.
    super::live(&mut world, 0);
    assert_eq!(condition(&world.plan(), ConditionType::Stalled), holds("Latched"));
}

#[test]
fn a_drain_is_given_up_at_its_second() {
    let mut world = with(100, |spec| {
        spec["traffic"]["rollout"]["bake"] = json!("1h");
        spec["drain"] = json!({"giveUpAfter": "3h"});
    });
    world.fleets.ec2.rpm = Some(100.0);
    wait(&mut world, mins(62));
    look(&mut world);
    assert!(world.status.baked_at.is_some());
    wait(&mut world, secs(3 * 3_600 - 1));
    let (stalled, _) = condition(&world.plan(), ConditionType::Stalled);
    assert_eq!(stalled, ConditionStatus::False);
    wait(&mut world, secs(1));
    assert_eq!(condition(&world.plan(), ConditionType::Stalled), holds("DrainGivenUp"));
}

#[test]
fn a_proof_is_too_slow_when_it_comes_after_the_deadline_at_the_rate_of_a_whole_dwell() {
    // Ten hours from the start, of which three are over.
    for (eta, dwell, kind, is_slow) in [
        (Span::from_hours(7), "1h", VerdictKind::Hold, false),
        (Span::from_hours(7) + secs(1), "1h", VerdictKind::Hold, true),
        (Span::from_hours(9), "4h", VerdictKind::Hold, false),
        (Span::from_hours(9), "1h", VerdictKind::Advance, false),
    ] {
        let mut world = with(25, |spec| {
            spec["traffic"]["deadline"] = json!("10h");
            spec["traffic"]["rollout"]["dwellMin"] = json!(dwell);
        });
        wait(&mut world, mins(180));
        world.verdict = (kind, VerdictReason::Collecting);
        if kind == VerdictKind::Advance {
            // Proven, and of minutes that are too old.
            world.verdict_age = 16;
        }
        world.eta = Some(eta);
        let (stalled, reason) = condition(&world.plan(), ConditionType::Stalled);
        let slow = stalled == ConditionStatus::True && reason == "InsufficientTraffic";
        assert_eq!(slow, is_slow, "{eta} more, a dwell of {dwell}: {reason}");
    }
}

#[test]
fn data_is_missing_from_its_first_minute_and_for_too_long_at_its_second() {
    let blind: [fn(&mut World); 3] = [
        |world| world.load_gap = Some(Gap::Throttled),
        |world| world.split_gap = Some(Gap::Throttled),
        |world| {
            let side = Side::Ec2;
            world.verdict = (VerdictKind::Hold, VerdictReason::MissingData { side });
        },
    ];
    for make_blind in blind {
        let mut world = with(25, |spec| spec["rollback"] = json!({"unknownAfter": "10m"}));
        let available = |world: &World| condition(&world.plan(), ConditionType::DataAvailable);
        assert_eq!(available(&world), holds("Complete"));
        make_blind(&mut world);
        look(&mut world);
        assert_eq!(available(&world).0, ConditionStatus::Unknown);
        wait(&mut world, secs(599));
        assert_eq!(available(&world).0, ConditionStatus::Unknown);
        wait(&mut world, secs(1));
        assert_eq!(available(&world), (ConditionStatus::False, "UnknownTooLong".to_owned()));
    }
    // Without traffic nothing has to be known.
    let mut world = with(0, |spec| spec["paused"] = json!(true));
    world.load_gap = Some(Gap::Throttled);
    assert_eq!(condition(&world.plan(), ConditionType::DataAvailable), holds("Complete"));
}

#[test]
fn a_share_is_reached_when_it_is_live_and_requests_follow() {
    for (live, wanted, measured, reached) in [
        (25, "25%", 25, holds("Reached")),
        (30, "25%", 30, holds("Reached")),
        (25, "25%", 60, (ConditionStatus::False, "ShareNotFollowed".to_owned())),
        (24, "25%", 24, (ConditionStatus::False, "UnderWay".to_owned())),
    ] {
        let mut world = with(live, |spec| {
            spec["traffic"].as_object_mut().expect("a map").remove("rollout");
            spec["traffic"]["share"] = json!(format!("{live}%"));
            spec["paused"] = json!(true);
        });
        wait(&mut world, mins(30));
        world.settings.freeze = true;
        let target = model::spec::Target::Share(wanted.parse().expect("a share"));
        world.migration.spec.traffic.target = target;
        world.measured = Some(Share::percent(measured));
        let found = condition(&world.plan(), ConditionType::ShareReached);
        assert_eq!(found, reached, "{live} % of {wanted}");
    }
}

#[test]
fn service_levels_are_in_danger_only_where_there_is_traffic() {
    for (fargate, is_degraded) in [(0, false), (25, true)] {
        let mut world = with(fargate, |spec| spec["paused"] = json!(true));
        let signal = "latency".to_owned();
        world.verdict = (VerdictKind::Hold, VerdictReason::CommonMode { signal });
        let (degraded, _) = condition(&world.plan(), ConditionType::Degraded);
        assert_eq!(degraded == ConditionStatus::True, is_degraded, "{fargate} %");
    }
}

#[test]
fn verified_is_a_proof_of_this_step() {
    for (kind, age, is_verified) in [
        (VerdictKind::Advance, 3, true),
        (VerdictKind::Advance, 16, false),
        (VerdictKind::Hold, 3, false),
    ] {
        let mut world = at(25);
        wait(&mut world, mins(61));
        world.verdict = (kind, VerdictReason::ProvenSafe);
        world.verdict_age = age;
        let (verified, _) = condition(&world.plan(), ConditionType::Verified);
        assert_eq!(verified == ConditionStatus::True, is_verified, "{kind:?}, {age} minutes old");
    }
}

#[test]
fn what_comes_back_within_half_a_day_is_not_told_again() {
    for (gone_for, is_told) in [(secs(12 * 3_600 - 1), false), (secs(12 * 3_600), true)] {
        let mut world = at(25);
        let worse = VerdictReason::WorseWithinBudget { signal: "errors".to_owned() };
        let told = |world: &mut World, reason: &VerdictReason| {
            world.verdict = (VerdictKind::Hold, reason.clone());
            let plan = look(world);
            plan.events.iter().any(|event| event.reason == "WorseWithinBudget")
        };
        assert!(told(&mut world, &worse), "the first time");
        wait(&mut world, mins(1));
        assert!(!told(&mut world, &VerdictReason::Collecting));
        wait(&mut world, gone_for);
        assert_eq!(told(&mut world, &worse), is_told, "after {gone_for}");
    }
}

#[test]
fn fields_not_acted_on_are_those_of_the_newest_file() {
    let mut world = at(25);
    assert_eq!(condition(&world.plan(), ConditionType::FieldsNotActedOn).0, ConditionStatus::False);
    world.migration.spec.drain.serve_residual = true;
    world.generation += 1;
    let plan = look(&mut world);
    assert_eq!(condition(&plan, ConditionType::FieldsNotActedOn).0, ConditionStatus::True);
}

#[test]
fn a_condition_has_the_words_of_the_last_pass_and_names_the_file_it_is_of() {
    let mut world = with(25, |spec| spec["paused"] = json!(true));
    for (healthy, generation) in [(5, 1), (4, 1), (4, 2)] {
        world.fleets.fargate.healthy = Some(healthy);
        world.generation = generation;
        wait(&mut world, secs(1));
        let plan = look(&mut world);
        let ready = plan.status.conditions.get(ConditionType::CapacityReady).expect("a condition");
        assert_eq!(ready.reason.as_str(), "CapacityShort");
        assert!(ready.message.contains(&format!("{healthy} healthy")), "{}", ready.message);
        assert_eq!(ready.observed_generation, generation);
    }
}
