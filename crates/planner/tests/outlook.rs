//! What holds for every calendar of what follows: its order, its windows, its end.

mod waits;
mod world;

use std::collections::BTreeSet;

use model::plan::{Reason, Refusal};
use model::verb::Verb;
use model::verdict::{Coverage, VerdictKind, VerdictReason};
use model::{Share, Span, Time};
use planner::outlook::{Bound, End, Milestone, Outlook, Present, outlook};
use proptest::prelude::*;
use serde_json::{Value, json};

use world::{World, default_migration};

fn settings() -> Value {
    json!({"apiVersion": "ferry/v1", "kind": "Settings"})
}

/// A migration with these fields in `spec.traffic`.
fn world(traffic: &Value) -> World {
    let mut migration = default_migration();
    for (key, value) in traffic.as_object().expect("fields") {
        migration["spec"]["traffic"][key] = value.clone();
    }
    World::new(&migration, &settings())
}

/// What follows after the next pass of a world.
fn after_pass(world: &mut World, coverage: Option<&Coverage>) -> Outlook {
    let (_, verdict) = world.scene();
    let plan = world.plan();
    world.carry_out(&plan);
    let refusals: Vec<Refusal> = plan.report.refusals().cloned().collect();
    outlook(&Present {
        now: world.now,
        spec: &world.migration,
        settings: &world.settings,
        status: &plan.status,
        verdict: &verdict,
        coverage,
        refusals: &refusals,
    })
}

fn time(text: &str) -> Time {
    text.parse().expect("a time")
}

/// Steps alone, by share and time.
fn steps(outlook: &Outlook) -> Vec<(Share, Time)> {
    let steps = outlook.entries.iter().filter(|entry| entry.what == Milestone::Step);
    steps.map(|entry| (entry.share, entry.at)).collect()
}

#[test]
fn a_whole_way_ends_drained_and_says_what_each_part_waits_for() {
    let outlook = after_pass(&mut world(&json!({})), None);
    let shares: Vec<Share> = steps(&outlook).into_iter().map(|(share, _)| share).collect();
    // The pass itself starts tasks for the first step.
    assert_eq!(shares, [1, 5, 10, 25, 50, 75, 100].map(Share::percent));
    let bounds: Vec<Option<Bound>> =
        outlook.entries.iter().map(|entry| entry.bound.clone()).collect();
    let dwell = Some(Bound::Dwell(Span::from_hours(1)));
    let mut expected = vec![None];
    expected.extend(vec![dwell; 6]);
    expected.push(Some(Bound::Bake(Span::from_hours(48))));
    expected.push(Some(Bound::Quiet(Span::from_hours(72))));
    assert_eq!(bounds, expected);
    assert_eq!((outlook.end, outlook.in_the_way), (End::Drained, Vec::new()));
}

#[test]
fn a_share_that_is_reached_is_held_and_nothing_follows() {
    let mut migration = default_migration();
    migration["spec"]["traffic"]["rollout"].take();
    let traffic = migration["spec"]["traffic"].as_object_mut().expect("fields");
    traffic.remove("rollout");
    traffic.insert("share".to_owned(), json!("30%"));
    let mut world = World::new(&migration, &settings());
    let outlook = after_pass(&mut world, None);
    assert_eq!(steps(&outlook).last().map(|(share, _)| *share), Some(Share::percent(30)));
    assert_eq!(outlook.end, End::Held(Share::percent(30)));
}

#[test]
fn a_pin_is_where_it_ends() {
    let mut world = world(&json!({}));
    let pass = world.plan();
    world.carry_out(&pass);
    let said = model::status::Said { who: "alice".to_owned(), at: world.now };
    world.status.hear(Verb::Pin { share: Share::percent(10) }, said).expect("it is heard");
    world.now = world.now + Span::from_mins(1);
    let outlook = after_pass(&mut world, None);
    assert_eq!(steps(&outlook).last().map(|(share, _)| *share), Some(Share::percent(10)));
    assert_eq!(outlook.end, End::Held(Share::percent(10)));
}

#[test]
fn what_people_stopped_is_in_the_way_and_the_calendar_is_of_what_follows_then() {
    for verb in [Verb::Pause, Verb::Freeze, Verb::Rollback] {
        let mut world = world(&json!({}));
        let free = after_pass(&mut world.clone(), None);
        let said = model::status::Said { who: "alice".to_owned(), at: world.now };
        world.status.hear(verb, said).expect("it is heard");
        let outlook = after_pass(&mut world, None);
        assert!(!outlook.in_the_way.is_empty(), "{verb}");
        let shares = |outlook: &Outlook| -> Vec<Share> {
            steps(outlook).into_iter().map(|(share, _)| share).collect()
        };
        assert_eq!(shares(&outlook), shares(&free), "{verb}");
    }
}

/// Shares of the steps that follow, and how much is in the way.
fn shares(world: &mut World) -> (Vec<Share>, usize) {
    let outlook = after_pass(world, None);
    let shares = steps(&outlook).into_iter().map(|(share, _)| share).collect();
    (shares, outlook.in_the_way.len())
}

#[test]
fn what_the_settings_stop_is_in_the_way_and_the_calendar_is_of_what_follows_then() {
    let (free, _) = shares(&mut world(&json!({})));
    let mut frozen = world(&json!({}));
    frozen.settings.freeze = true;
    let mut asking = world(&json!({}));
    let webhook = json!([{"name": "chatops", "url": "https://example.com/gate"}]);
    asking.settings.webhooks = serde_json::from_value(webhook).expect("webhooks");
    for mut world in [frozen, asking] {
        let (stopped, in_the_way) = shares(&mut world);
        assert_eq!((stopped, in_the_way > 0), (free.clone(), true));
    }
}

#[test]
fn a_doubt_of_the_present_is_no_doubt_of_what_follows() {
    let (free, _) = shares(&mut world(&json!({})));
    let mut doubted = world(&json!({}));
    doubted.verdict = (VerdictKind::Hold, VerdictReason::ShareMismatch);
    assert_eq!(shares(&mut doubted).0, free);
}

#[test]
fn a_deadline_that_comes_first_is_where_it_stops() {
    let outlook = after_pass(&mut world(&json!({"deadline": "3h"})), None);
    let End::Stopped { at, reason: Reason::DeadlinePassed } = outlook.end else {
        panic!("{outlook:?}");
    };
    assert!(at.since(time("2026-01-05T01:00:00Z")) >= Span::from_hours(3));
    assert!(steps(&outlook).last().is_some_and(|(share, _)| *share < Share::FULL));
}

#[test]
fn a_manual_step_waits_for_a_word() {
    let rollout = json!({"steps": ["10%", "100%"], "advance": "manual", "dwellMin": "1h"});
    let traffic = json!({"rollout": rollout, "stepMax": "90%"});
    let outlook = after_pass(&mut world(&traffic), None);
    let (last, bound) = (&outlook.entries[1], Some(Bound::Operator));
    assert_eq!((last.share, &last.bound), (Share::FULL, &bound));
}

#[test]
fn a_proof_waits_for_high_load_and_a_surge_from_its_share_on() {
    let rollout = json!({"steps": ["10%", "30%", "60%"], "dwellMin": "5m"});
    let mut world = world(&json!({"rollout": rollout, "stepMax": "90%"}));
    let noon = 12 * 60;
    let surges: BTreeSet<i64> = (noon..noon + 10).collect();
    let coverage = Coverage { share_min: Share::percent(25), minutes: 60, surges };
    let outlook = after_pass(&mut world, Some(&coverage));
    let [.., to_30, to_60] = steps(&outlook)[..] else { panic!("{outlook:?}") };
    assert_eq!(to_30.1.since(world.now).as_mins(), 7, "below that share only dwell counts");
    assert_eq!(to_60.1, time("2026-01-05T12:00:00Z"), "the next surge");
    let without = Coverage { surges: BTreeSet::new(), ..coverage };
    let mut world = World { status: model::status::Status::default(), ..world };
    world.weights.values_mut().for_each(|pair| (pair.ec2, pair.fargate) = (100, 0));
    let outlook = after_pass(&mut world, Some(&without));
    let [.., to_30, to_60] = steps(&outlook)[..] else { panic!("{outlook:?}") };
    assert_eq!(to_60.1.since(to_30.1).as_mins(), 62, "clients follow, then an hour of high load");
}

#[test]
fn the_rate_of_the_proof_makes_an_expectation_and_no_earliest_time() {
    let mut world = world(&json!({}));
    world.weights.values_mut().for_each(|pair| (pair.ec2, pair.fargate) = (90, 10));
    world.eta = Some(Span::from_hours(30));
    for _ in 0..2 {
        after_pass(&mut world, None);
        world.now = world.now + Span::from_mins(3);
    }
    let outlook = after_pass(&mut world, None);
    let first = &outlook.entries[0];
    let expected = first.expected.expect("the rate is known");
    assert!(first.at.since(world.now) <= Span::from_hours(1));
    assert_eq!(expected, world.now + Span::from_hours(30));
    let later = outlook.entries.iter().all(|entry| entry.expected > Some(entry.at));
    assert!(later, "all that follows is later as well: {outlook:?}");
}

#[test]
fn harm_that_was_seen_is_in_the_way() {
    let mut world = world(&json!({}));
    world.weights.values_mut().for_each(|pair| (pair.ec2, pair.fargate) = (90, 10));
    world.verdict =
        (VerdictKind::Hold, VerdictReason::WorseWithinBudget { signal: "latency".to_owned() });
    after_pass(&mut world, None);
    world.now = world.now + Span::from_mins(3);
    let outlook = after_pass(&mut world, None);
    assert!(matches!(outlook.in_the_way[..], [Reason::NotProven { .. }]), "{outlook:?}");
}

#[test]
fn without_a_pass_nothing_is_known() {
    let world = world(&json!({}));
    let (_, verdict) = world.scene();
    let outlook = outlook(&Present {
        now: world.now,
        spec: &world.migration,
        settings: &world.settings,
        status: &world.status,
        verdict: &verdict,
        coverage: None,
        refusals: &[],
    });
    assert_eq!((outlook.entries.len(), outlook.end), (0, End::Unknown));
}

/// Windows of a calendar in Tokyo, from and to as hours.
fn windows() -> impl Strategy<Value = Vec<(Vec<&'static str>, u8, u8)>> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let window = (prop::sample::subsequence(DAYS.to_vec(), 1..=7), 0_u8..20, 1_u8..5)
        .prop_map(|(days, from, hours)| (days, from, from + hours));
    prop::collection::vec(window, 0..3)
}

/// A calendar's local day and hour in Tokyo, which has no summer time.
fn in_tokyo(at: Time) -> (String, i64) {
    let zone = jiff::tz::TimeZone::get("Asia/Tokyo").expect("a zone");
    let local = at.to_jiff().to_zoned(zone);
    (local.strftime("%a").to_string(), i64::from(local.hour()))
}

proptest! {
    #[test]
    fn calendars_are_in_order_in_windows_out_of_freezes_and_end_at_the_target(
        windows in windows(),
        steps_listed in prop::collection::btree_set(1_u16..=100, 1..8),
        step_max in 5_u16..=100,
        dwell in 0_u64..600,
        passes in 1_u64..400,
        freeze in prop::option::of(5_u8..=9),
    ) {
        let last = *steps_listed.last().expect("one at least");
        let listed: Vec<String> = steps_listed.iter().map(|step| format!("{step}%")).collect();
        let windows_in_file: Vec<Value> = windows
            .iter()
            .map(|(days, from, to)| {
                json!({"days": days, "from": format!("{from:02}:00"), "to": format!("{to:02}:00")})
            })
            .collect();
        let day = |day: u8| format!("2026-01-{day:02}");
        let freezes: Vec<Value> =
            freeze.iter().map(|from| json!({"from": day(*from), "to": day(*from + 2)})).collect();
        let mut world = world(&json!({
            "rollout": {"steps": listed, "dwellMin": format!("{dwell}m"), "advance": "dwell"},
            "stepMax": format!("{step_max}%"), "windows": windows_in_file, "freezes": freezes,
            "timeZone": "Asia/Tokyo", "deadline": "300d",
        }));
        let mut outlook = after_pass(&mut world, None);
        for _ in 0..passes / 100 {
            world.now = world.now + Span::from_mins(100);
            outlook = after_pass(&mut world, None);
        }
        let mut share = world.live().unwrap_or(Share::ZERO);
        let mut before = world.now;
        for entry in &outlook.entries {
            prop_assert!(entry.at > before, "in order of time: {outlook:?}");
            before = entry.at;
            if entry.what == Milestone::Step {
                prop_assert!(entry.share > share && entry.share <= Share::percent(last));
                prop_assert!(entry.share <= share.plus(Share::percent(step_max)));
                share = entry.share;
                let (today, hour) = in_tokyo(entry.at);
                let is_in = |(days, from, to): &(Vec<&str>, u8, u8)| {
                    days.contains(&today.as_str())
                        && (i64::from(*from)..i64::from(*to)).contains(&hour)
                };
                prop_assert!(windows.is_empty() || windows.iter().any(is_in), "{today} {hour}");
                let zone = jiff::tz::TimeZone::get("Asia/Tokyo").expect("a zone");
                let date = entry.at.to_jiff().to_zoned(zone).strftime("%Y-%m-%d").to_string();
                let is_frozen =
                    freeze.is_some_and(|from| (day(from)..=day(from + 2)).contains(&date));
                prop_assert!(!is_frozen, "{date} is frozen");
            }
        }
        prop_assert_eq!(share, Share::percent(last));
        let end = if last == 100 { End::Drained } else { End::Held(Share::percent(last)) };
        prop_assert_eq!(&outlook.end, &end);
    }
}
