//! What every kind of fault leads to, one small run each. Names begin with the faults' numbers in
//! the catalogue of `docs/architecture.md`, where they have one.

use std::collections::BTreeMap;

use model::settings::Settings;
use model::{Share, Span};
use region::journal::{Author, Change};
use rehearsal::record::{EntryKind, Outcome, Record};
use rehearsal::{Options, Run, run};

use crate::world::{Router, START, faults, quick, tide};

/// One day of a migration by dwell, with these faults, through each router.
fn rehearse(rows: &[&str], check: impl Fn(&Run)) {
    for router in [Router::Records, Router::Rules, Router::Policies] {
        let wish = quick(router);
        let options = Options {
            migration: wish.migration(),
            settings: Settings::default(),
            load: tide(600.0),
            load_gap_minutes: 0,
            faults: faults(rows),
            seed: 1,
            start: START,
            days: 1,
            inputs: BTreeMap::new(),
            options: BTreeMap::new(),
        };
        let run = run(&options, |_| {}).expect("the region can be built");
        assert_eq!(run.violations, [], "{rows:?} through {router:?}");
        check(&run);
    }
}

/// The highest share that was set within a span of the run.
fn highest(record: &Record, from: Span, until: Span) -> Share {
    let within = record.samples.iter().filter(|s| s.at >= START + from && s.at < START + until);
    within.filter_map(|sample| sample.share_set).max().unwrap_or(Share::ZERO)
}

fn last(record: &Record) -> Share {
    record.status.share.set.expect("the weights are known at the end")
}

fn says(record: &Record, words: &str) -> bool {
    record.timeline.iter().chain(&record.samples).any(|entry| entry.reason.contains(words))
}

fn went_back(run: &Run) -> bool {
    matches!(run.record.outcome, Outcome::RolledBack { .. }) && last(&run.record) == Share::ZERO
}

/// Changes of weights that Ferry asked for.
fn steps(run: &Run) -> usize {
    run.region.with(|region| {
        let entries = region.journal().entries().iter();
        let shifts = entries.filter(|entry| {
            entry.author == Author::Caller
                && entry.outcome.made()
                && matches!(entry.change, Change::Weights { .. })
        });
        shifts.count()
    })
}

#[test]
fn nothing_wrong_goes_all_the_way() {
    rehearse(&[], |run| {
        assert_eq!(last(&run.record), Share::FULL);
        assert_eq!((steps(run), run.record.totals.rollbacks.len()), (4, 0));
    });
}

#[test]
fn f11_gaps_nulls_and_delays_of_metrics_hold_and_never_go_back() {
    for row in [
        "{at: 30m, for: 3h, type: metricGap, side: fargate}",
        "{at: 30m, for: 3h, type: metricGap, side: ec2}",
        "{at: 30m, for: 3h, type: metricGap, side: both}",
        "{at: 30m, for: 3h, type: metricNull, side: fargate}",
        "{at: 30m, for: 3h, type: metricDelay, delay: 40m}",
    ] {
        rehearse(&[row], |run| {
            let (from, until) = (Span::from_hours(1), Span::from_hours(3));
            assert_eq!(
                highest(&run.record, from, until),
                highest(&run.record, from, from + Span::from_mins(11)),
                "{row}"
            );
            assert!(run.record.totals.rollbacks.is_empty(), "{row}");
            assert_eq!(last(&run.record), Share::FULL, "{row}: it goes on afterwards");
        });
    }
}

#[test]
fn f4_throttled_calls_are_not_made_in_a_hot_loop() {
    let calls = |rows: &[&str]| {
        let total = std::cell::Cell::new(0);
        rehearse(rows, |run| total.set(total.get() + run.record.totals.calls));
        total.get()
    };
    let calm = calls(&[]);
    for row in [
        "{at: 0s, for: 6h, type: throttle, api: '*', fraction: 50%}",
        "{at: 25m, for: 1h, type: throttle, api: '*', fraction: 100%}",
        "{at: 0s, for: 3h, type: denied, api: ecs}",
    ] {
        let stormy = calls(&[row]);
        // A suspect migration is looked at every ten seconds instead of every minute, and no
        // more: six times for as long as the fault lasts.
        assert!(stormy < calm * 5 / 2, "{row}: {stormy} calls, {calm} without");
    }
}

#[test]
fn f2_f6_a_lost_reply_or_an_old_answer_makes_no_second_step() {
    for row in [
        "{at: 0s, type: lostReply, api: 'route53:ChangeResourceRecordSets', nth: 1}",
        "{at: 0s, type: lostReply, api: 'route53:ChangeResourceRecordSets', nth: 2}",
        "{at: 0s, type: lostReply, api: 'elasticloadbalancing:ModifyRule', nth: 2}",
        "{at: 0s, type: lostReply, api: 'application-autoscaling:RegisterScalableTarget', nth: 1}",
        "{at: 0s, for: 12h, type: staleRead, api: '*', age: 45s}",
        "{at: 0s, for: 12h, type: staleRead, api: route53, age: 60s}",
        "{at: 0s, for: 12h, type: staleRead, api: elasticloadbalancing, age: 60s}",
    ] {
        rehearse(&[row], |run| {
            assert_eq!((steps(run), last(&run.record)), (4, Share::FULL), "{row}");
        });
    }
}

#[test]
fn f6_answers_that_go_back_and_forth_in_time_make_no_second_step() {
    // As from replicas of which every other one is a minute behind.
    let rows = |api: &str| -> Vec<String> {
        let half_minutes = (0..8 * 60).map(|number| number * 60);
        let row = |at| format!("{{at: {at}s, for: 30s, type: staleRead, api: '{api}', age: 60s}}");
        half_minutes.map(row).collect()
    };
    for api in ["*", "route53", "elasticloadbalancing"] {
        let rows = rows(api);
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        rehearse(&rows, |run| {
            assert_eq!((steps(run), last(&run.record)), (4, Share::FULL), "{api}");
            assert!(run.record.totals.rollbacks.is_empty(), "{api}");
        });
    }
}

#[test]
fn f15_weights_moved_to_ec2_by_hand_are_left_there() {
    // 0 % is where the step before came from, 2 % is nowhere.
    for value in ["0%", "2%"] {
        let row = format!("{{at: 21m, type: edit, target: weights, value: {value}}}");
        rehearse(&[&row], |run| {
            assert_eq!(last(&run.record).to_string(), value);
            assert!(says(&run.record, "by hand"), "{:?}", run.record.outcome);
        });
    }
}

#[test]
fn f15_weights_moved_to_fargate_by_hand_are_held_and_said() {
    rehearse(&["{at: 40m, type: edit, target: weights, value: 27%}"], |run| {
        assert_eq!(last(&run.record), Share::percent(27));
        assert!(says(&run.record, "somebody changed it"));
    });
}

#[test]
fn f15_minimums_lowered_by_hand_are_raised_again() {
    for target in ["ec2.min", "fargate.min"] {
        let row = format!("{{at: 6h, type: edit, target: {target}, value: 1}}");
        rehearse(&[&row], |run| {
            let bounds = run.region.with(|region| region.truth(0).map(|truth| truth.sides));
            let sides = bounds.expect("the application is there");
            for (side, truth) in sides.iter() {
                let promised = run.record.status.floors.get(side).unwrap_or(0);
                assert!(truth.bounds.is_some_and(|bounds| bounds.min >= promised), "{target}");
                assert!(promised > 1, "{target}");
            }
        });
    }
}

#[test]
fn f15_a_desired_count_set_below_its_minimum_is_lifted_again() {
    // At share 0, where the first step would wait for ever, and at rest at the last step, where
    // the way back would be short of tasks.
    for (at, target) in [("0s", "ec2"), ("0s", "fargate"), ("12h", "ec2")] {
        let row = format!("{{at: {at}, type: edit, target: {target}.desired, value: 1}}");
        rehearse(&[&row], |run| {
            assert_eq!(last(&run.record), Share::FULL, "{row}");
            let sides = run.region.with(|region| region.truth(0).map(|truth| truth.sides));
            for (side, truth) in sides.expect("the application is there").iter() {
                let promised = run.record.status.floors.get(side).unwrap_or(0);
                assert!(promised > 1 && truth.healthy >= promised, "{row}: {truth:?}");
                let min = truth.bounds.map_or(0, |bounds| bounds.min);
                assert!(min <= promised + 1, "{row}: {min} for {promised}");
            }
        });
    }
}

#[test]
fn f16_a_fargate_without_tasks_goes_back_at_once() {
    for reason in ["imagePull", "network"] {
        let row = format!(
            "{{whenShare: 25%, for: 2h, type: taskDeath, side: fargate, count: 1000, reason: {reason}}}"
        );
        rehearse(&[&row], |run| {
            assert!(went_back(run), "{reason}: {:?}", run.record.outcome);
            let died = run.record.timeline.iter().find(|e| e.kind == EntryKind::Fault);
            let died = died.expect("the fault is told").at;
            let back = run.record.totals.rollbacks[0].at;
            assert!(back.since(died) <= Span::from_mins(3), "{reason}: {died} {back}");
        });
    }
}

#[test]
fn f16_a_few_dead_tasks_are_no_reason_to_go_back() {
    let row = "{at: 3h, for: 1h, type: taskDeath, side: fargate, count: 1, reason: diskFull}";
    rehearse(&[row], |run| assert_eq!(last(&run.record), Share::FULL));
}

#[test]
fn f16_tasks_that_find_no_place_hold_the_step_with_their_number() {
    rehearse(&["{at: 0s, for: 5h, type: placement, side: fargate}"], |run| {
        // The tasks that it has are enough for the first step.
        assert_eq!(highest(&run.record, Span::ZERO, Span::from_hours(5)), Share::percent(5));
        assert!(says(&run.record, "healthy tasks and needs"));
        assert_eq!(last(&run.record), Share::FULL, "it goes on afterwards");
    });
}

#[test]
fn sides_on_different_releases_are_not_compared() {
    rehearse(&["{at: 10m, type: release, side: ec2, factor: 1}"], |run| {
        assert_eq!(last(&run.record), Share::percent(5));
        assert!(says(&run.record, "different releases"));
        assert!(run.record.totals.rollbacks.is_empty());
    });
}

#[test]
fn f13_what_ails_both_sides_alike_is_held_and_not_fled() {
    for row in [
        "{at: 40m, for: 2h, type: errors, side: both, rate: 5%}",
        "{at: 40m, for: 2h, type: latency, side: both, factor: 4}",
    ] {
        rehearse(&[row], |run| {
            assert!(run.record.totals.rollbacks.is_empty(), "{row}: {:?}", run.record.totals);
            assert_eq!(steps(run), 4, "{row}: no ping-pong");
        });
    }
}

#[test]
fn what_ails_fargate_goes_back() {
    for row in [
        "{whenShare: 25%, for: 3h, type: errors, side: fargate, rate: 5%}",
        "{whenShare: 25%, for: 3h, type: latency, side: fargate, factor: 4}",
        "{whenShare: 25%, for: 9h, type: latency, side: fargate, factor: 4, ramp: 1h}",
    ] {
        rehearse(&[row], |run| assert!(went_back(run), "{row}: {:?}", run.record.outcome));
    }
}

#[test]
fn f25_clients_that_do_not_follow_close_the_gate() {
    // Resolvers of most clients keep the old answer for a day: the real share is not the set one.
    let row = "{at: 0s, type: slowResolver, fraction: 80%, ttl: 10d}";
    let setup = crate::world::setup(&quick(Router::Records), tide(600.0));
    let options = Options {
        migration: setup.migrations[0].clone(),
        settings: setup.settings,
        load: setup.load,
        load_gap_minutes: 0,
        faults: faults(&[row]),
        seed: 1,
        start: START,
        days: 1,
        inputs: BTreeMap::new(),
        options: BTreeMap::new(),
    };
    let run = run(&options, |_| {}).expect("the region can be built");
    assert_eq!(run.violations, []);
    assert_eq!(last(&run.record), Share::percent(5), "{:?}", run.record.outcome);
}

#[test]
fn a_surge_alone_is_no_reason_to_go_back() {
    rehearse(&["{at: 4h, for: 30m, type: surge, factor: 1.5}"], |run| {
        assert!(run.record.totals.rollbacks.is_empty(), "{:?}", run.record.totals.rollbacks);
        assert_eq!(last(&run.record), Share::FULL);
    });
}
