//! Each promise can be broken, and the checker sees it.

use controller::{Managed, Tick};
use futures::executor::block_on;
use model::observation::Bounds;
use model::route::WeightPair;
use model::settings::Settings;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};
use region::fault::Edit;
use region::request::{Request, Response, RouteChange};
use rehearsal::invariants::Checker;
use rehearsal::simulation::{Setup, Simulation};

use crate::world::{Router, Wish, at, faults, setup, tide};

const MANUAL: &str = "rollout: {steps: [25%, 50%, 100%], advance: manual, dwellMin: 1h, bake: 1h}";

fn wish(name: &str) -> Wish {
    Wish {
        name: name.to_owned(),
        router: Router::Rules,
        target: MANUAL.to_owned(),
        step_max: "50%",
        ..Wish::default()
    }
}

/// A migration that stands at its first step after half an hour.
fn standing(rows: &[&str]) -> Simulation {
    let setup = Setup { faults: faults(rows), ..setup(&wish("api"), tide(60.0)) };
    let mut simulation = Simulation::new(&setup).expect("the region can be built");
    run(&mut simulation, Span::from_mins(30));
    assert_eq!(simulation.violations(), []);
    simulation
}

fn run(simulation: &mut Simulation, until: Span) -> Tick {
    let mut tick = block_on(simulation.tick());
    while simulation.next_at() < at(until) {
        tick = block_on(simulation.tick());
    }
    tick
}

/// Writes weights past the daemon, as if it were the daemon.
fn write_weights(simulation: &Simulation, name: &str, weights: WeightPair) {
    let managed = Managed::new(1, wish(name).migration()).expect("it is supported");
    simulation.region().with(|region| {
        let route = &managed.routes.routes[0];
        let Response::Route { weights: expected, .. } =
            region.handle(&Request::DescribeRoute { route })
        else {
            panic!("the route is there");
        };
        let changes = [RouteChange { route, expected, weights }];
        let response = region.handle(&Request::ChangeRoutes { changes: &changes });
        assert_eq!(response, Response::Done);
    });
}

fn share(percent: u16) -> WeightPair {
    WeightPair::for_share(Share::percent(percent), 999)
}

fn write_min(simulation: &Simulation, side: Side, min: u32) {
    let managed = Managed::new(1, wish("api").migration()).expect("it is supported");
    let id = managed.services.get(side);
    let bounds = Bounds { min, max: 800 };
    let request = Request::RegisterScalableTarget { id, bounds };
    let response = simulation.region().with(|region| region.handle(&request));
    assert_eq!(response, Response::Done);
}

fn broken(simulation: &Simulation) -> Vec<&'static str> {
    let mut broken: Vec<_> = simulation.violations().iter().map(|v| v.invariant).collect();
    broken.sort_unstable();
    broken.dedup();
    broken
}

fn expect(simulation: &mut Simulation, promise: &str) {
    block_on(simulation.tick());
    let broken = broken(simulation);
    assert!(broken.contains(&promise), "{promise} is not among {broken:?}");
}

#[test]
fn a_write_that_was_not_on_record_breaks_c2() {
    let mut simulation = standing(&[]);
    write_min(&simulation, Side::Fargate, 700);
    expect(&mut simulation, "C2");
}

#[test]
fn a_rise_without_the_tasks_for_it_breaks_s1() {
    let mut simulation = standing(&[]);
    write_weights(&simulation, "api", share(75));
    expect(&mut simulation, "S1");
}

#[test]
fn a_floor_lowered_under_load_breaks_s1_or_s5() {
    for (side, promise) in [(Side::Fargate, "S1"), (Side::Ec2, "S5")] {
        let mut simulation = standing(&[]);
        write_min(&simulation, side, 1);
        expect(&mut simulation, promise);
    }
}

#[test]
fn all_traffic_on_a_side_without_a_task_breaks_s2() {
    let dead = "{at: 31m, for: 2h, type: taskDeath, side: ec2, count: 1000, reason: imagePull}";
    let mut simulation = standing(&[dead]);
    run(&mut simulation, Span::from_mins(50));
    assert_eq!(simulation.violations(), []);
    write_weights(&simulation, "api", share(0));
    expect(&mut simulation, "S2");
}

#[test]
fn a_rise_while_nothing_can_be_seen_breaks_s3() {
    let mut simulation = standing(&["{at: 31m, for: 2h, type: metricGap, side: fargate}"]);
    run(&mut simulation, Span::from_mins(70));
    assert_eq!(simulation.violations(), []);
    write_weights(&simulation, "api", share(26));
    expect(&mut simulation, "S3");
}

#[test]
fn a_rise_in_a_common_breach_breaks_s3() {
    let mut simulation = standing(&["{at: 31m, for: 3h, type: errors, side: both, rate: 40%}"]);
    run(&mut simulation, Span::from_mins(100));
    assert_eq!(simulation.violations(), []);
    write_weights(&simulation, "api", share(26));
    expect(&mut simulation, "S3");
}

#[test]
fn a_rise_too_far_or_too_early_or_a_fall_for_nothing_breaks_s4() {
    for percent in [76, 26, 10] {
        let mut simulation = standing(&[]);
        write_weights(&simulation, "api", share(percent));
        expect(&mut simulation, "S4");
    }
}

#[test]
fn a_rise_after_a_rollback_breaks_s6() {
    let mut simulation = standing(&["{at: 31m, type: errors, side: fargate, rate: 40%}"]);
    run(&mut simulation, Span::from_hours(1));
    assert_eq!(simulation.violations(), []);
    write_weights(&simulation, "api", share(1));
    expect(&mut simulation, "S6");
}

#[test]
fn a_rise_after_somebody_went_back_breaks_o5() {
    let mut simulation = standing(&[]);
    simulation.region().with(|region| region.edit(Edit::Weights(Share::percent(5))));
    run(&mut simulation, Span::from_mins(45));
    assert_eq!(simulation.violations(), []);
    write_weights(&simulation, "api", share(10));
    expect(&mut simulation, "O5");
}

#[test]
fn two_at_once_where_one_may_be_breaks_s7() {
    let mut settings = Settings::default();
    settings.limits.stepping_at_once = 1;
    let migrations = vec![wish("api").migration(), wish("web").migration()];
    let base = setup(&wish("api"), tide(60.0));
    let setup = Setup { migrations, settings, ..base };
    let mut simulation = Simulation::new(&setup).expect("the region can be built");
    run(&mut simulation, Span::from_mins(30));
    assert_eq!(simulation.violations(), []);
    write_weights(&simulation, "web", share(1));
    expect(&mut simulation, "S7");
}

/// What a fresh checker finds in a tick of a sound run that was tampered with, over an hour.
fn tampered(tamper: impl Fn(&mut Tick)) -> Vec<&'static str> {
    let mut simulation = standing(&[]);
    let managed = Managed::new(1, wish("api").migration()).expect("it is supported");
    let mut checker = Checker::new(vec![managed], &Settings::default(), &[]);
    let mut tick = block_on(simulation.tick());
    checker.check(simulation.region(), simulation.store(), &tick);
    let known = checker.violations().len();
    simulation.region().with(|region| region.edit(Edit::Weights(Share::percent(60))));
    while simulation.next_at() < at(Span::from_mins(90)) {
        tick = block_on(simulation.tick());
        tamper(&mut tick);
        checker.check(simulation.region(), simulation.store(), &tick);
    }
    checker.violations().iter().skip(known).map(|violation| violation.invariant).collect()
}

#[test]
fn what_a_pass_keeps_to_itself_is_found() {
    assert_eq!(tampered(|_| {}), Vec::<&str>::new());
    assert!(tampered(|tick| tick.passes.clear()).contains(&"L3"));
    let silent = tampered(|tick| {
        for pass in &mut tick.passes {
            pass.plan.status.conditions = model::condition::Conditions::default();
        }
    });
    assert!(silent.contains(&"O5"), "{silent:?}");
    let deaf = tampered(|tick| {
        for pass in &mut tick.passes {
            pass.verdict.kind = VerdictKind::RollBack;
            pass.verdict.reason = VerdictReason::CandidateDead;
        }
    });
    assert!(deaf.contains(&"S5"), "{deaf:?}");
    let careless = tampered(|tick| {
        for pass in &mut tick.passes {
            pass.plan.status.floors.ec2 = Some(1);
        }
    });
    assert!(careless.contains(&"S5"), "{careless:?}");
    let dizzy = tampered(|tick| {
        for pass in &mut tick.passes {
            pass.verdict.evidence.harm = f64::NAN;
        }
    });
    assert!(dizzy.contains(&"S3"), "{dizzy:?}");
}

#[test]
fn a_spec_that_cannot_be_carried_changes_nothing() {
    let mut simulation = standing(&[]);
    let mut migration = (*wish("api").migration()).clone();
    migration.spec.traffic.router = None;
    migration.spec.attempt = 9;
    assert!(simulation.manage(2, std::sync::Arc::new(migration)).is_err());
    let tick = run(&mut simulation, Span::from_mins(50));
    assert_eq!(tick.passes[0].plan.status.observed_generation, 1, "C4");
    assert_eq!(tick.passes[0].plan.status.attempt, 1);
    assert_eq!(simulation.violations(), []);
}
