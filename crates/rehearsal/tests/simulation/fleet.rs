//! L3, S7 and L2: migrations beside each other, and a breach that stays.

use std::sync::Arc;

use futures::executor::block_on;
use model::settings::Settings;
use model::spec::Migration;
use model::{Share, Span};
use rehearsal::simulation::{Setup, Simulation};

use crate::world::{Router, Wish, at, faults, setup, tide};

const SHORT: &str = "rollout: {steps: [5%, 50%, 100%], advance: dwell, dwellMin: 10m, bake: 1h}";

fn wish(name: &str, cluster: &str) -> Wish {
    Wish {
        name: name.to_owned(),
        cluster: cluster.to_owned(),
        router: Router::Rules,
        target: SHORT.to_owned(),
        step_max: "50%",
        ..Wish::default()
    }
}

fn fleet(wishes: &[Wish], at_once: u32) -> Simulation {
    let mut settings = Settings::default();
    settings.limits.stepping_at_once = at_once;
    let migrations: Vec<Arc<Migration>> = wishes.iter().map(Wish::migration).collect();
    let base = setup(&wishes[0], tide(60.0));
    Simulation::new(&Setup { migrations, settings, ..base }).expect("the region can be built")
}

/// The share each migration has in truth.
fn shares(simulation: &Simulation, count: usize) -> Vec<Share> {
    simulation.region().with(|region| {
        (0..count).filter_map(|index| Some(region.truth(index)?.share_max)).collect()
    })
}

#[test]
fn a_migration_that_can_never_be_read_holds_no_other_up() {
    let mut simulation = fleet(&[wish("api", "prd"), wish("web", "other")], 2);
    let lost = wish("lost", "nowhere").migration();
    simulation.manage(1, lost).expect("its spec is sound");
    let mut passes = 0;
    while simulation.next_at() < at(Span::from_hours(6)) {
        let tick = block_on(simulation.tick());
        assert_eq!(tick.passes.len(), 3);
        passes += 1;
    }
    assert!(passes >= 6 * 60, "{passes} passes in six hours");
    assert_eq!(simulation.violations(), []);
    assert_eq!(shares(&simulation, 2), [Share::FULL, Share::FULL]);
}

#[test]
fn one_at_a_time_means_one_at_a_time() {
    let mut simulation = fleet(&[wish("api", "a"), wish("job", "b"), wish("web", "c")], 1);
    let mut most = 0;
    while simulation.next_at() < at(Span::from_hours(8)) {
        block_on(simulation.tick());
        let shares = shares(&simulation, 3);
        let moving = shares.iter().filter(|share| **share > Share::ZERO && **share < Share::FULL);
        most = most.max(moving.count());
    }
    assert_eq!(simulation.violations(), []);
    assert_eq!((most, shares(&simulation, 3)), (1, vec![Share::FULL; 3]));
}

#[test]
fn a_breach_that_stays_brings_the_share_to_nothing_and_there_it_stays() {
    for router in [Router::Records, Router::Rules] {
        for breach in [
            "{whenShare: 25%, type: errors, side: fargate, rate: 5%}",
            "{whenShare: 5%, type: errors, side: fargate, rate: 30%}",
            "{whenShare: 50%, type: latency, side: fargate, factor: 5}",
        ] {
            let wish = Wish { router, ..Wish::default() };
            let setup = Setup { faults: faults(&[breach]), ..setup(&wish, tide(600.0)) };
            let mut simulation = Simulation::new(&setup).expect("the region can be built");
            let (mut breached, mut back) = (None, None);
            while simulation.next_at() < at(Span::from_hours(24)) {
                let tick = block_on(simulation.tick());
                let share = shares(&simulation, 1)[0];
                if !simulation.region().with(|region| region.faults_acting()).is_empty() {
                    breached = breached.or(Some(tick.at));
                }
                if breached.is_some() && share == Share::ZERO {
                    back = back.or(Some(tick.at));
                }
                assert!(back.is_none() || share == Share::ZERO, "{breach}: up again");
            }
            assert_eq!(simulation.violations(), [], "{breach}");
            let (breached, back) = (breached.expect("it began"), back.expect("it went back"));
            // Minutes come two minutes late, and proof takes some; within the hour it is back.
            assert!(back.since(breached) < Span::from_hours(1), "{breach}: {breached} {back}");
        }
    }
}
