//! What a look at a large fleet takes, and what it leaves to the next.

use std::collections::{BTreeMap, BTreeSet};

use cloud::{ErrorKind, Scaling, Services, Signals, TargetGroup};
use controller::{Controller, Tick};
use futures::FutureExt as _;
use model::action::Action;
use model::observation::Bounds;
use model::{Share, Side, Span, Time};
use serde_json::{Value, json};

use crate::tap::{Tap, Trouble};
use crate::world::{START, controller, group, id, region, spec, tick};

/// Groups of one account and region in one look, as docs/architecture.md says.
const AT_ONCE: usize = 75;
const AT_REST_AT_ONCE: usize = 34;

/// So many migrations have more groups at rest than a minute reads.
const MANY: usize = 150;

/// So many may step at once.
const TOGETHER: usize = 100;

fn fleet(many: usize, edit: impl Fn(&mut Value)) -> (Tap, Controller) {
    let names: Vec<String> = (0..many).map(|n| format!("api{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let specs: Vec<Value> = names
        .iter()
        .map(|name| {
            let mut spec = spec(name);
            edit(&mut spec);
            spec
        })
        .collect();
    let tap = region(&names);
    let controller = controller(&tap, &specs);
    (tap, controller)
}

fn paused(spec: &mut Value) {
    spec["spec"]["paused"] = true.into();
}

fn run_for(tap: &Tap, controller: &mut Controller, span: Span) -> Vec<Tick> {
    let end = tap.now() + span;
    let mut ticks = Vec::new();
    while tap.now() < end {
        let tick = tick(controller);
        tap.advance_to(tick.next_at);
        ticks.push(tick);
    }
    ticks
}

/// A fleet that has come to rest, with nothing counted yet.
fn at_rest(many: usize) -> (Tap, Controller) {
    let (tap, mut controller) = fleet(many, paused);
    run_for(&tap, &mut controller, Span::from_mins(10));
    tap.groups();
    (tap, controller)
}

/// When each group was read.
fn reads(looks: &[(Time, Vec<String>)]) -> BTreeMap<String, Vec<Time>> {
    let mut all = BTreeMap::<String, Vec<Time>>::new();
    for (at, groups) in looks {
        for group in groups {
            all.entry(group.clone()).or_default().push(*at);
        }
    }
    all
}

#[test]
fn what_rests_is_read_in_turn_while_balancers_vouch_for_it() {
    let (tap, mut controller) = at_rest(MANY);
    let ticks = run_for(&tap, &mut controller, Span::from_mins(10));
    let looks = tap.groups();
    assert!(looks.iter().all(|(_, groups)| groups.len() <= AT_REST_AT_ONCE));
    let reads = reads(&looks);
    assert_eq!(reads.len(), 2 * MANY, "each has its turn");
    // 300 groups, 34 a look, six looks a minute.
    let round = Span::from_secs(90);
    for (group, times) in &reads {
        let apart = times.windows(2).map(|pair| pair[1].since(pair[0])).max();
        assert!(apart.is_some_and(|apart| apart <= round), "{group}: {times:?}");
    }
    for pass in ticks.iter().flat_map(|tick| &tick.passes) {
        let health =
            pass.observation.last_healthy(Side::Ec2, pass.observation.at, Span::from_secs(121));
        assert_eq!(health, Some(2), "{}: known by reading or vouched for", pass.name);
    }
}

#[test]
fn services_at_rest_are_all_seen_each_minute() {
    let (tap, mut controller) = at_rest(MANY);
    for tick in run_for(&tap, &mut controller, Span::from_mins(3)) {
        for pass in tick.passes {
            for (side, service) in pass.observation.services.iter() {
                let fresh = service.fresh(tick.at, Span::from_secs(60)).is_some();
                assert!(fresh, "{} {side}: {service:?}", pass.name);
            }
        }
    }
}

/// 1,200 groups: one that only had its turn would be read every six minutes.
#[test]
fn a_group_with_another_number_of_hosts_is_read_before_those_at_rest() {
    let (tap, mut controller) = at_rest(600);
    let names = ["api010", "api140", "api270", "api399", "api520", "api599"];
    let mut changed = BTreeMap::new();
    for name in names {
        let id = id(name, Side::Fargate);
        let (before, after) = (Bounds { min: 2, max: 60 }, Bounds { min: 3, max: 60 });
        Scaling::set_bounds(tap.inner(), &id, before, after).now_or_never().unwrap().unwrap();
    }
    for _ in 0..45 {
        let next_at = tick(&mut controller).next_at;
        tap.advance_to(next_at);
        for name in names {
            let account = std::sync::Arc::default();
            let group = TargetGroup { account, arn: group(name, Side::Fargate) };
            let live = Services::targets(tap.inner(), std::slice::from_ref(&group));
            if live.now_or_never().unwrap()[0].as_ref().unwrap().healthy == 3 {
                changed.entry(group.arn).or_insert(next_at);
            }
        }
    }
    assert_eq!(changed.len(), names.len());
    let reads = reads(&tap.groups());
    for (group, changed) in changed {
        let seen = reads[&group].iter().filter(|at| **at >= changed).map(|at| at.since(changed));
        let seen = seen.min();
        // The rest of its minute, the whole of the next until it has settled, and a look.
        let in_time = Span::from_secs(60 + 60 + 10) + Signals::settle(tap.inner());
        assert!(seen.is_some_and(|seen| seen <= in_time), "{group}: {seen:?}");
    }
}

#[test]
fn metrics_that_fail_make_no_look_longer_and_leave_no_group_unread() {
    // 1,200 groups: a round of them takes longer than a reading stands by itself.
    let (tap, mut controller) = at_rest(600);
    tap.trouble("minute", "", Trouble::Refused(ErrorKind::Throttled));
    let ticks = run_for(&tap, &mut controller, Span::from_mins(20));
    let looks = tap.groups();
    assert!(looks.iter().all(|(_, groups)| groups.len() <= AT_ONCE));
    assert!(looks.iter().any(|(_, groups)| groups.len() > AT_REST_AT_ONCE), "they are asked for");
    assert!(ticks.len() <= 121, "{} looks in twenty minutes", ticks.len());
    for pass in ticks.iter().flat_map(|tick| &tick.passes) {
        let (at, last) = (pass.observation.at, Span::from_mins(10));
        assert!(pass.observation.last_healthy(Side::Ec2, at, last).is_some(), "{}", pass.name);
    }
}

/// S1: whatever balancers vouch for, a step goes by targets that were read.
#[test]
fn steps_of_a_large_fleet_go_by_targets_that_were_just_read() {
    let (tap, mut controller) = fleet(TOGETHER, |_| {});
    let ticks = run_for(&tap, &mut controller, Span::from_mins(40));
    let mut stepped = BTreeSet::new();
    for pass in ticks.iter().flat_map(|tick| &tick.passes) {
        let moves = |action: &Action| matches!(action, Action::SetWeights { .. });
        if !pass.plan.actions.iter().any(moves) {
            continue;
        }
        for (side, targets) in pass.observation.targets.iter() {
            let fresh = targets.fresh(pass.observation.at, Span::from_secs(90));
            assert!(fresh.is_some(), "{} {side}: {targets:?}", pass.name);
        }
        stepped.insert(pass.name.clone());
    }
    assert_eq!(stepped.len(), TOGETHER, "nobody waits for ever");
    assert!(tap.groups().iter().all(|(_, groups)| groups.len() <= AT_ONCE));
    let last = ticks.last().unwrap();
    for pass in &last.passes {
        assert_eq!(tap.share(&pass.name), Share::percent(25), "{}", pass.name);
    }
}

/// All rest, and of 1,200 groups each has its turn every six minutes; six may step from a quarter
/// past on.
#[test]
fn a_step_whose_gates_are_open_has_its_targets_read_within_two_looks() {
    let opens_for =
        |spec: &Value| spec["metadata"]["name"].as_str().is_some_and(|name| name.ends_with("50"));
    let (tap, mut controller) = fleet(600, |spec| {
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let windows = json!([{"days": days, "from": "00:15", "to": "24:00"}]);
        spec["spec"]["traffic"]["windows"] = windows;
        spec["spec"]["paused"] = (!opens_for(spec)).into();
    });
    let opens = START + Span::from_mins(15);
    let mut acted = BTreeMap::new();
    for tick in run_for(&tap, &mut controller, Span::from_mins(17)) {
        for pass in tick.passes.into_iter().filter(|pass| !pass.plan.actions.is_empty()) {
            acted.entry(pass.name).or_insert(tick.at);
        }
    }
    assert_eq!(acted.len(), 6, "{acted:?}");
    for (name, at) in acted {
        assert!(at >= opens && at.since(opens) <= Span::from_secs(20), "{name}: {at}");
    }
}
