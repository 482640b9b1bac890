//! F1: the process ends at every place at which it can, and another one goes on.
//!
//! One run goes all the way, undisturbed. At each of its saves and writes, just before and just
//! after, and at 500 of its reads, region and store are forked and another daemon goes on there,
//! until it says that it is done as the undisturbed one did. Compared are the weights, both sides'
//! bounds and desired counts, and the record without its times; counts of tasks may differ by one,
//! since each is made from the load of the minutes in which it is asked for. Every promise is
//! checked on the way, and no crash costs a write: who goes on reads before it writes. The
//! catalogue allows one.

use std::collections::BTreeSet;

use futures::executor::block_on;
use model::condition::{ConditionType, Conditions};
use model::observation::Bounds;
use model::settings::Settings;
use model::status::{ShareStatus, Status};
use model::{PerSide, Share, Span};
use rehearsal::fork::{Forks, Place};
use rehearsal::simulation::{Setup, Simulation};
use sampling::Generator;

use crate::world::{Router, Wish, at, faults, flat, setup};

/// A whole migration that is over within a few hours.
const SHORT: &str =
    "rollout: {steps: [5%, 30%, 65%, 100%], advance: dwell, dwellMin: 5m, bake: 10m}";
/// How much longer another daemon may take: each crash costs it a look at the past and some waits
/// that begin anew.
const LATER: Span = Span::from_hours(2);
const READS: usize = 500;

fn short(router: Router) -> Setup {
    let wish =
        Wish { router, routes: 2, target: SHORT.to_owned(), step_max: "40%", ..Wish::default() };
    let base = setup(&wish, flat(60.0));
    Setup { settings: Settings::default(), ..base }
}

/// What must be the same at the end.
#[derive(Debug, Clone, PartialEq)]
struct End {
    share: Share,
    status: Status,
    is_latched: bool,
    /// Those that EC2 got back.
    bounds_ec2: Option<Bounds>,
    /// Fargate's minimum and promise, and both desired counts: these may differ by one.
    tasks: [Option<u32>; 4],
}

impl End {
    fn of(simulation: &Simulation, status: &Status) -> Self {
        let truth = simulation.region().with(|region| region.truth(0)).expect("it is there");
        let promised = status.floors.fargate;
        let (status, is_latched) = (status.clone(), status.latch.is_some());
        // Times tell when, and readings what the last minutes were; neither is where it ended.
        let status = Status {
            share: ShareStatus { measured: None, ..status.share },
            step: None,
            started_at: None,
            landed_at: None,
            intended: None,
            full_since: None,
            baked_at: None,
            quiet_since: None,
            quiet_seen_at: None,
            owned_since: None,
            fargate_quiet_since: None,
            drained_at: None,
            release: None,
            latch: None,
            conditions: Conditions::default(),
            floors: PerSide { fargate: None, ..status.floors },
            ..status
        };
        let PerSide { ec2, fargate } = truth.sides;
        Self {
            share: truth.share_max,
            bounds_ec2: ec2.bounds,
            tasks: [
                fargate.bounds.map(|bounds| bounds.min),
                promised,
                Some(ec2.desired),
                Some(fargate.desired),
            ],
            is_latched,
            status,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let near = |(one, other): (&Option<u32>, &Option<u32>)| match (one, other) {
            (Some(one), Some(other)) => one.abs_diff(*other) <= 1,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let tasks = other.tasks;
        *self == Self { tasks: self.tasks, ..other.clone() }
            && self.tasks.iter().zip(&tasks).all(near)
    }
}

/// Whether nothing is left to do.
fn is_over(status: &Status) -> bool {
    let is_done = status.conditions.is_true(ConditionType::Succeeded)
        || (status.latch.is_some() && status.saved.fargate.is_none());
    is_done && status.floors.ec2.is_none() && status.saved.ec2.is_none()
}

/// Goes on to the end.
fn finish(simulation: &mut Simulation, within: Span) -> Result<End, String> {
    let until = simulation.next_at() + within;
    while simulation.next_at() < until {
        let tick = block_on(simulation.tick());
        let status = &tick.passes[0].plan.status;
        if is_over(status) && tick.passes[0].plan.actions.is_empty() {
            return Ok(End::of(simulation, status));
        }
    }
    Err("it did not come to its end".to_owned())
}

fn writes(simulation: &Simulation) -> usize {
    simulation.region().with(|region| region.journal().writes())
}

struct Undisturbed {
    end: End,
    lasts: Span,
    writes: usize,
    reads: u64,
}

fn undisturbed(setup: &Setup) -> Undisturbed {
    let mut simulation = Simulation::new(setup).expect("the region can be built");
    let forks = Forks::of(&simulation, |_| false);
    let end = finish(&mut simulation, Span::from_hours(12)).expect("it comes to its end");
    assert_eq!(simulation.violations(), []);
    let lasts = simulation.next_at().since(at(Span::ZERO));
    Undisturbed { end, lasts, writes: writes(&simulation), reads: forks.reads() }
}

/// Crashes at each wanted place; gives how many there were and what went wrong.
fn crash(
    setup: &Setup,
    calm: &Undisturbed,
    wanted: impl FnMut(&Place) -> bool + Send + 'static,
) -> (usize, Vec<String>) {
    let mut simulation = Simulation::new(setup).expect("the region can be built");
    let forks = Forks::of(&simulation, wanted);
    let (mut count, mut broken) = (0, Vec::new());
    let end = at(calm.lasts);
    while simulation.next_at() < end {
        let (_, forked) = block_on(simulation.tick_forked(&forks)).expect("the specs are known");
        for (place, mut other) in forked {
            count += 1;
            if let Err(why) = goes_on(calm, &mut other) {
                broken.push(format!("{place:?}: {why}"));
            }
        }
    }
    (count, broken)
}

fn goes_on(calm: &Undisturbed, other: &mut Simulation) -> Result<(), String> {
    let end = finish(other, calm.lasts + LATER)?;
    if let Some(violation) = other.violations().first() {
        return Err(violation.to_string());
    }
    if !end.is_like(&calm.end) {
        return Err(format!("ended at {end:?}, not at {:?}", calm.end));
    }
    let writes = writes(other);
    if writes > calm.writes {
        return Err(format!("{writes} writes, {} without a crash", calm.writes));
    }
    Ok(())
}

fn at_every_write(setup: &Setup, share: Share) {
    let calm = undisturbed(setup);
    assert_eq!(calm.end.share, share);
    let (count, broken) = crash(setup, &calm, |place| place.writes);
    assert!(broken.is_empty(), "{} of {count}, the first: {}", broken.len(), broken[0]);
    assert!(count > 60, "only {count} places");
}

#[test]
fn f1_a_crash_at_any_save_or_write_ends_where_no_crash_does_through_records() {
    at_every_write(&short(Router::Records), Share::FULL);
}

#[test]
fn f1_a_crash_at_any_save_or_write_ends_where_no_crash_does_through_rules() {
    at_every_write(&short(Router::Rules), Share::FULL);
}

#[test]
fn f1_a_crash_at_any_save_or_write_of_a_rollback_brings_everything_back() {
    for router in [Router::Records, Router::Rules] {
        let errors = "{whenShare: 30%, type: errors, side: fargate, rate: 40%}";
        at_every_write(&Setup { faults: faults(&[errors]), ..short(router) }, Share::ZERO);
    }
}

#[test]
fn f1_a_crash_at_any_of_500_reads_ends_where_no_crash_does() {
    let setup = short(Router::Rules);
    let calm = undisturbed(&setup);
    let mut draws = Generator::new(1).fork("reads");
    let mut numbers = BTreeSet::new();
    while numbers.len() < READS {
        numbers.insert(draws.below(calm.reads));
    }
    let (count, broken) =
        crash(&setup, &calm, move |place| !place.writes && numbers.contains(&place.number));
    assert!(broken.is_empty(), "{} of {count}, the first: {}", broken.len(), broken[0]);
    assert_eq!(count, READS);
}
