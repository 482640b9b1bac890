//! Migrations through Route 53 Traffic Flow, held to the promises.

use std::fs;
use std::path::PathBuf;

use cloud::TrafficFlow as _;
use futures::executor::block_on;
use model::action::{Action, Direction};
use model::condition::ConditionType;
use model::route::Propagation;
use model::settings::Settings;
use model::{Share, Span};
use region::journal::{Author, Change, Entry};
use rehearsal::record::Outcome;
use rehearsal::simulation::{Setup, Simulation};
use rehearsal::{Options, Run, run};

use crate::case::Case;
use crate::world::{Router, START, Wish, at, faults, setup, tide};

const UPDATE: &str = "route53:UpdateTrafficPolicyInstance";

fn wish() -> Wish {
    Wish { router: Router::Policies, routes: 2, ..Wish::default() }
}

/// Ferry's own changes through Route 53, in order.
fn written(run: &Run) -> Vec<Entry> {
    run.region.with(|region| {
        let own = region.journal().entries().iter();
        let own = own.filter(|e| e.author == Author::Caller && e.operation.starts_with("route53:"));
        own.cloned().collect()
    })
}

fn rehearse(wish: &Wish, rows: &[&str], days: u32) -> Run {
    let options = Options {
        migration: wish.migration(),
        settings: Settings::default(),
        load: tide(600.0),
        load_gap_minutes: 0,
        faults: faults(rows),
        seed: 1,
        start: START,
        days,
        inputs: std::collections::BTreeMap::new(),
        options: std::collections::BTreeMap::new(),
    };
    let run = run(&options, |_| {}).expect("the region can be built");
    assert_eq!(run.violations, [], "{rows:?}");
    run
}

#[test]
fn the_example_of_the_founding_team_goes_the_whole_way() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../config/examples/tapple-api-traffic-flow.yaml");
    let text = fs::read_to_string(path).expect("the example is there");
    let documents = manifest::read("tapple-api-traffic-flow.yaml", &text).expect("it is valid");
    let migration = documents[0].migration().expect("it is a migration").clone();
    let options = Options {
        migration: std::sync::Arc::new(migration),
        settings: Settings::default(),
        load: crate::world::week(2_000.0, 7),
        load_gap_minutes: 0,
        faults: Vec::new(),
        seed: 3,
        start: START,
        days: 30,
        inputs: std::collections::BTreeMap::new(),
        options: std::collections::BTreeMap::new(),
    };
    let run = run(&options, |_| {}).expect("the region can be built");
    assert_eq!(run.violations, []);
    assert_eq!(run.record.outcome, Outcome::Succeeded);
    assert!(run.record.totals.rollbacks.is_empty());
    assert!(run.record.status.baked_at.is_some() && run.record.status.drained_at.is_some());
    let entries = written(&run);
    // Seven steps of two instances, a version each.
    let updates = entries.iter().filter(|entry| entry.operation == UPDATE).count();
    assert_eq!(updates, 14);
    let mut live = [1_i32, 1];
    let mut most = 0;
    for entry in &entries {
        let Change::PolicyVersion { policy, is_deleted, .. } = &entry.change else { continue };
        let count = &mut live[usize::from(policy.contains("0c2e6f52"))];
        *count += if *is_deleted { -1 } else { 1 };
        most = most.max(*count);
    }
    assert!((4..=6).contains(&most), "{most} versions of a policy at once");
}

#[test]
fn an_automatic_rollback_is_one_write_for_each_instance() {
    let row = "{whenShare: 25%, for: 6h, type: errors, side: fargate, rate: 20%}";
    let run = rehearse(&wish(), &[row], 1);
    assert!(matches!(run.record.outcome, Outcome::RolledBack { .. }), "{:?}", run.record.outcome);
    let entries = written(&run);
    let last = entries.last().expect("something was written").at;
    let together: Vec<&Entry> = entries.iter().filter(|entry| entry.at == last).collect();
    assert_eq!(together.len(), 2, "{together:?}");
    for entry in together {
        assert_eq!(entry.operation, UPDATE);
        assert!(
            matches!(&entry.change, Change::Weights { after, .. } if after.share() == Some(Share::ZERO))
        );
    }
}

#[test]
fn a_half_applied_step_is_finished_before_it_counts() {
    let row = "{at: 0s, for: 3h, type: throttle, api: 'route53:UpdateTrafficPolicyInstance', \
               fraction: 60%}";
    let setup = Setup { faults: faults(&[row]), ..setup(&wish(), tide(600.0)) };
    let mut simulation = Simulation::new(&setup).expect("the region can be built");
    let (mut finished, mut apart) = (0, 0);
    while simulation.next_at() < at(Span::from_hours(8)) {
        let tick = block_on(simulation.tick());
        let pass = &tick.passes[0];
        let split = pass.observation.split.value();
        let differ = split.is_some_and(|split| split.share().is_none());
        apart += usize::from(differ);
        let step = pass.plan.status.step.as_ref();
        assert!(
            !differ || step.is_some_and(|step| step.verified_at.is_none()),
            "a step is not verified while its routes differ: {step:?}"
        );
        let is_finish = |action: &Action| {
            matches!(action, Action::SetWeights { direction: Direction::Finish, .. })
        };
        finished += usize::from(pass.plan.actions.iter().any(is_finish));
    }
    assert_eq!(simulation.violations(), []);
    assert!(finished >= 2 && apart >= finished, "{finished} of {apart}");
    let truth = simulation.region().with(|region| region.truth(0)).expect("an application");
    assert_eq!(truth.share_max, Share::FULL);
}

#[test]
fn a_step_settles_when_its_clients_have_followed() {
    let mut simulation = Simulation::new(&setup(&wish(), tide(600.0))).expect("a region");
    let mut settled = Vec::new();
    while simulation.next_at() < at(Span::from_hours(4)) {
        let tick = block_on(simulation.tick());
        let Some(step) = tick.passes[0].plan.status.step.clone() else { continue };
        let Some(at) = step.settled_at.filter(|at| *at <= tick.at) else { continue };
        if settled.last() == Some(&at) {
            continue;
        }
        settled.push(at);
        assert_eq!(step.verified_at.map(|verified| at.since(verified)), Some(Span::from_mins(3)));
        let truth = simulation.region().with(|region| region.truth(0)).expect("an application");
        // One client in a hundred keeps its answer for hours, and the split wanders.
        let behind = (truth.share_realised - step.share.ratio()).abs();
        assert!(behind < 0.04, "{} is realised of {}", truth.share_realised, step.share);
    }
    assert!(settled.len() >= 7, "{} steps", settled.len());
}

/// One instance may no longer be updated while the other may.
#[test]
fn a_half_applied_rollback_goes_on_until_both_are_back() {
    let run_with = |seed: u64| {
        let rows = [
            "{whenShare: 25%, for: 6h, type: errors, side: fargate, rate: 20%}",
            "{at: 0s, for: 5h, type: throttle, api: 'route53:UpdateTrafficPolicyInstance', \
             fraction: 50%}",
        ];
        let setup = Setup { faults: faults(&rows), seed, ..setup(&wish(), tide(600.0)) };
        let mut simulation = Simulation::new(&setup).expect("the region can be built");
        let mut half_back = 0;
        while simulation.next_at() < at(Span::from_hours(8)) {
            let tick = block_on(simulation.tick());
            let pass = &tick.passes[0];
            let differs = pass.observation.split.value().is_some_and(|s| s.share().is_none());
            half_back += u32::from(differs && pass.plan.status.latch.is_some());
        }
        assert_eq!(simulation.violations(), [], "seed {seed}");
        let truth = simulation.region().with(|region| region.truth(0)).expect("an application");
        assert_eq!(truth.share_max, Share::ZERO, "seed {seed}");
        half_back
    };
    let half_back: u32 = (1..=6).map(run_with).sum();
    assert!(half_back > 0, "no rollback was ever half made");
}

/// Runs until both routes ask for `share` and AWS has made it so.
fn until_at(simulation: &mut Simulation, share: Share) {
    while simulation.next_at() < at(Span::from_hours(5)) {
        let tick = block_on(simulation.tick());
        if tick.passes[0].plan.status.step.as_ref().is_some_and(|s| s.share == share) {
            return;
        }
    }
    panic!("{share} is not reached");
}

#[test]
fn a_change_that_aws_failed_is_said_and_made_again() {
    for back in [false, true] {
        let mut simulation = Simulation::new(&setup(&wish(), tide(600.0))).expect("a region");
        until_at(&mut simulation, Share::percent(25));
        if back {
            // Until it has settled, and everything falls.
            while simulation.next_at() < at(Span::from_hours(2)) {
                drop(block_on(simulation.tick()));
            }
            let row = "{at: 0s, for: 6h, type: errors, side: fargate, rate: 20%}";
            let rows = faults(&[row]);
            simulation.region().with(|region| region.disturb(&rows[0])).expect("a fault");
            until_at(&mut simulation, Share::ZERO);
        }
        simulation.region().with(|region| {
            region.instance_says("api-1", "Failed", "the zone has too many records");
        });
        let (mut said, mut sent) = (false, Vec::new());
        let until = simulation.next_at() + Span::from_mins(10);
        while simulation.next_at() < until {
            let tick = block_on(simulation.tick());
            let pass = &tick.passes[0];
            if pass.observation.split.value().is_some_and(|s| s.propagation == Propagation::Failed)
            {
                let conditions = &pass.plan.status.conditions;
                said |= conditions.is_true(ConditionType::Stalled)
                    && conditions
                        .get(ConditionType::Stalled)
                        .is_some_and(|it| it.reason.as_str() == "ChangeFailed");
                sent.extend(pass.plan.actions.iter().filter_map(|action| match action {
                    Action::SetWeights { direction, .. } => Some(*direction),
                    Action::SetBounds { .. }
                    | Action::SetDesired { .. }
                    | Action::PutScheduled { .. }
                    | Action::DeleteScheduled { .. } => None,
                }));
            }
        }
        let direction = if back { Direction::RollBack } else { Direction::Finish };
        assert_eq!(sent, [direction], "back: {back}");
        assert!(said || back, "a step that failed is told");
        assert_eq!(simulation.violations(), [], "back: {back}");
        let state = block_on(simulation.region().instance("api-1")).expect("it is there").state;
        assert_eq!(state, "Applied");
    }
}

#[test]
fn faults_of_many_seeds_break_no_promise() {
    for seed in 0..24 {
        let mut case = Case::of(seed);
        for wish in &mut case.wishes {
            wish.router = Router::Policies;
        }
        if let Err(told) = case.run(false) {
            panic!("{told}");
        }
    }
}
