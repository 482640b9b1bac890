//! What each part of a calendar waits for, from where it begins, and what is in its way.

use std::collections::BTreeSet;

use model::observation::Gap;
use model::plan::{Reason, What};
use model::route::{RouteLimits, WeightPair};
use model::spec::TimeZone;
use model::verb::Verb;
use model::verdict::{Coverage, VerdictKind, VerdictReason};
use model::{Share, Span, Time};
use planner::outlook::{Bound, End, Milestone, Outlook};
use serde_json::json;

use super::{after_pass, steps, time, world};
use crate::world::World;

/// A migration that stands at `fargate` of a hundred since `mins` minutes after it was first seen.
fn standing(mut world: World, fargate: u32, mins: u64) -> World {
    for pair in world.weights.values_mut() {
        *pair = WeightPair { ec2: 100 - fargate, fargate };
    }
    after_pass(&mut world, None);
    world.now = world.now + Span::from_mins(mins);
    world
}

/// When the clients of the step that stands had followed it.
fn settled(world: &World) -> Time {
    world.status.step.as_ref().and_then(|step| step.settled_at).expect("a settled step")
}

/// The first of what follows: its share, its time and what it waits for.
fn first(outlook: &Outlook) -> (Share, Time, Option<Bound>) {
    let first = outlook.entries.first().unwrap_or_else(|| panic!("nothing follows: {outlook:?}"));
    (first.share, first.at, first.bound.clone())
}

/// Steps of a tenth, a quarter, a half and all, each of five minutes.
fn quick() -> World {
    let rollout = json!({"steps": ["10%", "25%", "50%", "100%"], "dwellMin": "5m"});
    world(&json!({"rollout": rollout, "stepMax": "90%"}))
}

#[test]
fn an_expectation_that_is_no_later_than_the_earliest_time_is_not_told() {
    let mut world = standing(world(&json!({})), 10, 30);
    world.eta = Some(Span::from_mins(1));
    let outlook = after_pass(&mut world, None);
    assert!(!outlook.entries.is_empty());
    assert!(outlook.entries.iter().all(|entry| entry.expected.is_none()), "{outlook:?}");
}

#[test]
fn a_freeze_of_all_writes_is_in_the_way_where_no_step_is_asked_for() {
    let held = || {
        let mut world = standing(world(&json!({})), 10, 5);
        let share = model::spec::Target::Share(Share::percent(10));
        world.migration.spec.traffic.target = share;
        world
    };
    assert_eq!(after_pass(&mut held(), None).in_the_way, []);
    let mut by_settings = held();
    by_settings.settings.freeze = true;
    assert_eq!(after_pass(&mut by_settings, None).in_the_way, [Reason::WritesFrozen]);
    let mut by_word = held();
    let said = model::status::Said { who: "alice".to_owned(), at: by_word.now };
    by_word.status.hear(Verb::Freeze, said).expect("it is heard");
    let who = "alice".to_owned();
    assert_eq!(after_pass(&mut by_word, None).in_the_way, [Reason::FrozenByOperator { who }]);
}

#[test]
fn a_verdict_to_come_is_foreseen_and_sight_that_is_lost_is_in_the_way() {
    let mut unjudged = standing(quick(), 10, 10);
    unjudged.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
    unjudged.verdict_age = 16;
    assert_eq!(after_pass(&mut unjudged, None).in_the_way, []);
    let mut blind = standing(quick(), 10, 10);
    blind.load_gap = Some(Gap::Throttled);
    let in_the_way = after_pass(&mut blind, None).in_the_way;
    assert!(
        matches!(in_the_way[..], [Reason::NotKnown { what: What::Load, .. }]),
        "{in_the_way:?}"
    );
}

#[test]
fn what_each_part_waits_for_is_told_in_words_and_named_for_programs() {
    let zone = || -> TimeZone { serde_json::from_value(json!("Asia/Tokyo")).expect("a zone") };
    let at = time("2026-01-05T23:30:00Z");
    let hour = Span::from_hours(1);
    for (bound, name, words) in [
        (Bound::Settling(hour), "settling", "clients take 1h to follow the weights"),
        (Bound::Dwell(hour), "dwell", "a step stands for `dwellMin`, 1h"),
        (Bound::HighLoad(50), "highLoad", "the proof needs 50 minutes of high load"),
        (Bound::Surge(at), "surge", "the proof needs a surge, and the next is due at 23:30 UTC"),
        (Bound::Proof(hour), "proof", "the proof takes another 1h at the present rate"),
        (Bound::Window(at, zone()), "window", "the window opens Tue 08:30 Asia/Tokyo"),
        (Bound::Freeze(at, zone()), "freeze", "the freeze ends Tue 08:30 Asia/Tokyo"),
        (Bound::Operator, "operator", "`advance: manual` waits for `ferry advance`"),
        (Bound::Bake(hour), "bake", "the bake takes 1h"),
        (Bound::Quiet(hour), "quiet", "EC2 must be quiet for 1h"),
    ] {
        assert_eq!((bound.name(), bound.to_string().as_str()), (name, words));
    }
}

#[test]
fn after_a_rollback_the_calendar_begins_where_traffic_goes_back_to() {
    let mut world = standing(world(&json!({})), 50, 10);
    let signal = "latency".to_owned();
    world.verdict = (VerdictKind::RollBack, VerdictReason::ProvenWorse { signal });
    // All traffic is on its way back, and half of it is still seen on Fargate.
    let outlook = after_pass(&mut world, None);
    assert_eq!(world.status.share.set, Some(Share::percent(50)));
    assert!(matches!(outlook.in_the_way[..], [Reason::Latched { .. }]), "{outlook:?}");
    assert_eq!(steps(&outlook).first().map(|(share, _)| *share), Some(Share::percent(1)));
}

#[test]
fn after_a_hand_on_the_weights_the_calendar_begins_at_what_is_live() {
    let mut world = standing(quick(), 10, 5);
    for pair in world.weights.values_mut() {
        // 30.5 %, which no pair of a hundred says.
        *pair = WeightPair { ec2: 139, fargate: 61 };
    }
    let outlook = after_pass(&mut world, None);
    assert!(matches!(outlook.in_the_way[..], [Reason::Drifted { .. }]), "{outlook:?}");
    let shares: Vec<Share> = steps(&outlook).into_iter().map(|(share, _)| share).collect();
    assert_eq!(shares, [50, 100].map(Share::percent));
}

#[test]
fn what_is_in_the_way_does_not_start_the_time_on_a_step_anew() {
    let mut world = standing(world(&json!({})), 10, 50);
    world.verdict =
        (VerdictKind::Hold, VerdictReason::WorseWithinBudget { signal: "latency".to_owned() });
    let outlook = after_pass(&mut world, None);
    let dwell = Span::from_hours(1);
    let ends = settled(&world) + dwell;
    assert_eq!(first(&outlook), (Share::percent(25), ends, Some(Bound::Dwell(dwell))));
}

#[test]
fn a_clock_that_was_put_back_does_not_end_the_calendar() {
    let mut world = standing(world(&json!({})), 75, 0);
    // The last step was written by a clock that was an hour ahead, and is not seen yet.
    let ahead = world.now + Span::from_hours(1);
    let intended = world.status.intended.as_mut().expect("an intent");
    (intended.at, intended.share) = (ahead, Share::FULL);
    intended.after.values_mut().for_each(|pair| *pair = WeightPair { ec2: 0, fargate: 100 });
    let step = world.status.step.as_mut().expect("a step");
    (step.share, step.decided_at) = (Share::FULL, ahead);
    (step.verified_at, step.settled_at) = (None, None);
    let outlook = after_pass(&mut world, None);
    let follows: Vec<Milestone> = outlook.entries.iter().map(|entry| entry.what).collect();
    assert_eq!((follows, outlook.end), (vec![Milestone::Baked, Milestone::Drained], End::Drained));
}

#[test]
fn an_operators_word_does_not_wait_for_dwell() {
    let rollout = json!({"steps": ["10%", "100%"], "advance": "manual", "dwellMin": "1h"});
    let mut world = standing(world(&json!({"rollout": rollout, "stepMax": "90%"})), 10, 5);
    let (share, at, bound) = first(&after_pass(&mut world, None));
    assert_eq!((share, bound), (Share::FULL, Some(Bound::Operator)));
    assert!(at.since(world.now) < Span::from_mins(1), "{at}");
}

#[test]
fn what_a_step_waits_for_is_the_last_of_all_that_keeps_it() {
    // 10:03 in Tokyo on a Monday, ten minutes into an hour of dwell.
    let zone: TimeZone = serde_json::from_value(json!("Asia/Tokyo")).expect("a zone");
    let window = |from: &str| json!([{"days": ["Mon", "Tue", "Thu"], "from": from, "to": "20:00"}]);
    let freeze = json!([{"from": "2026-01-05", "to": "2026-01-07"}]);
    let (half_past_ten, noon) = (time("2026-01-05T01:30:00Z"), time("2026-01-05T03:00:00Z"));
    let (thursday, thursday_noon) = (time("2026-01-07T15:00:00Z"), time("2026-01-08T03:00:00Z"));
    let dwell = Span::from_hours(1);
    for (windows, freezes, expected) in [
        (window("10:30"), json!([]), None),
        (window("12:00"), json!([]), Some((noon, Bound::Window(noon, zone.clone())))),
        (json!([]), freeze.clone(), Some((thursday, Bound::Freeze(thursday, zone.clone())))),
        // The freeze ends at midnight, and it is the window that opens.
        (window("12:00"), freeze, Some((thursday_noon, Bound::Window(thursday_noon, zone)))),
    ] {
        let traffic = json!({"windows": windows, "freezes": freezes, "timeZone": "Asia/Tokyo"});
        let mut world = standing(world(&traffic), 10, 10);
        assert!(world.now < half_past_ten);
        let outlook = after_pass(&mut world, None);
        let (at, bound) =
            expected.unwrap_or_else(|| (settled(&world) + dwell, Bound::Dwell(dwell)));
        assert_eq!(first(&outlook), (Share::percent(25), at, Some(bound)));
    }
}

#[test]
fn a_window_that_opens_right_after_the_dwell_is_not_overslept() {
    let noon = time("2026-01-05T12:00:00Z");
    let windows = json!([{"days": ["Mon"], "from": "12:00", "to": "20:00"}]);
    let mut world = world(&json!({"windows": windows, "timeZone": "UTC"}));
    // The dwell is over half a second before noon.
    world.now = noon - Span::from_hours(1) - Span::from_millis(500);
    world.now = world.now - RouteLimits::ROUTE53.follows.settle();
    let mut world = standing(world, 10, 10);
    let outlook = after_pass(&mut world, None);
    assert_eq!(settled(&world), noon - Span::from_hours(1) - Span::from_millis(500));
    let (_, at, bound) = first(&outlook);
    assert_eq!(at, noon);
    assert!(matches!(bound, Some(Bound::Window(..))), "{bound:?}");
}

#[test]
fn one_pass_follows_another_no_sooner_than_after_a_second() {
    let mut world = standing(quick(), 10, 0);
    // Half a second after the first look of the calendar the dwell is over.
    let ends = settled(&world) + Span::from_mins(5);
    world.now = ends - Span::from_millis(1_500);
    let (_, at, _) = first(&after_pass(&mut world, None));
    assert_eq!(at, world.now + Span::from_secs(2));
}

#[test]
fn high_load_that_was_seen_counts_and_so_do_minutes_not_yet_judged() {
    let mut world = standing(quick(), 25, 20);
    let (minutes, minutes_needed) = (10, 60);
    world.verdict = (VerdictKind::Hold, VerdictReason::LoadCoverage { minutes, minutes_needed });
    let coverage = Coverage { share_min: Share::percent(25), minutes: 60, surges: BTreeSet::new() };
    // Minutes up to three minutes ago were judged, that one with its end.
    let judged_until = Time::from_minute(world.now.minute() - 2);
    let outlook = after_pass(&mut world, Some(&coverage));
    let at = judged_until + Span::from_mins(50);
    assert_eq!(first(&outlook), (Share::percent(50), at, Some(Bound::HighLoad(50))));
}

#[test]
fn a_surge_that_was_missed_today_is_awaited_tomorrow() {
    for (due, at) in [(180, "2026-01-05T03:00:00Z"), (60, "2026-01-06T01:00:00Z")] {
        let mut world = standing(quick(), 25, 20);
        world.verdict = (VerdictKind::Hold, VerdictReason::SurgeUnseen);
        let surges = BTreeSet::from([due]);
        let coverage = Coverage { share_min: Share::percent(25), minutes: 60, surges };
        let outlook = after_pass(&mut world, Some(&coverage));
        let at = time(at);
        assert_eq!(first(&outlook), (Share::percent(50), at, Some(Bound::Surge(at))));
    }
}

#[test]
fn a_step_that_nothing_was_seen_of_yet_waits_for_the_later_of_high_load_and_surge() {
    let hour = Span::from_mins(60);
    for (fargate, surge_in, surge_is_last) in [
        (25, 59, false),
        // At one time, the load is what takes an hour.
        (25, 60, false),
        (25, 61, true),
        (10, 61, false),
    ] {
        let mut world = standing(quick(), fargate, 2);
        let since = settled(&world);
        assert_eq!(since.minute() * 60_000, since.as_millis(), "a whole minute");
        let surges = BTreeSet::from([(since.minute() + surge_in).rem_euclid(1_440)]);
        let coverage = Coverage { share_min: Share::percent(25), minutes: 60, surges };
        let outlook = after_pass(&mut world, Some(&coverage));
        let surge = Time::from_minute(since.minute() + surge_in);
        let dwell = Span::from_mins(5);
        let (at, bound) = match (fargate, surge_is_last) {
            (10, _) => (since + dwell, Bound::Dwell(dwell)),
            (_, true) => (surge, Bound::Surge(surge)),
            (_, false) => (since + hour, Bound::HighLoad(60)),
        };
        let (_, first_at, first_bound) = first(&outlook);
        assert_eq!(
            (first_at, first_bound),
            (at, Some(bound)),
            "{fargate} %, in {surge_in} minutes"
        );
    }
}
