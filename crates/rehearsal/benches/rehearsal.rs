//! Simulated days a second on one core: at least 20 with a pass a minute, the aim is 100.
//!
//! Criterion's `elem/s` are simulated days a second. The week of past that the region runs before
//! the controller first looks is left out everywhere but in the whole rehearsal, and is measured
//! by itself. The region alone says what of a day is the world and what is Ferry.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::executor::block_on;
use manifest::Resource;
use model::settings::Settings;
use model::spec::Migration;
use model::{Span, Time};
use region::load::{GeneratedLoad, Load};
use rehearsal::simulation::{Setup, Simulation};
use rehearsal::{Options, run};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/examples/tapple-api.yaml");
/// The load's week as often as the days of a simulation: weekends and every surge are in it.
const DAYS: u32 = 7;
/// As `ferry rehearse` takes by default.
const DAYS_MAX: u32 = 21;

fn migration() -> Arc<Migration> {
    let text = std::fs::read_to_string(EXAMPLE).expect("the example can be read");
    let documents = manifest::read("tapple-api.yaml", &text).expect("the example is valid");
    let migration = documents.into_iter().find_map(|document| match document.resource {
        Resource::Migration(migration) => Some(*migration),
        Resource::Settings(_) | Resource::World(_) => None,
    });
    Arc::new(migration.expect("the example has a migration"))
}

fn load() -> Load {
    GeneratedLoad::default().load().expect("the default is a load")
}

/// A Monday, as `ferry rehearse` starts by default.
fn start() -> Time {
    "2026-01-05T00:00:00Z".parse().expect("a time")
}

/// A simulation in which the controller has read the past.
fn begun(setup: &Setup) -> Simulation {
    let mut simulation = Simulation::new(setup).expect("the example can be simulated");
    block_on(simulation.tick());
    simulation
}

fn days(criterion: &mut Criterion) {
    let setup = Setup {
        migrations: vec![migration()],
        settings: Settings::default(),
        load: load(),
        faults: Vec::new(),
        troubles: Vec::new(),
        seed: 1,
        start: start(),
        days: DAYS,
    };
    let end = start() + Span::from_days(u64::from(DAYS));
    let mut group = criterion.benchmark_group("a week");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(DAYS)));
    group.bench_function("of past, and learning from it", |bencher| {
        bencher.iter(|| begun(black_box(&setup)));
    });
    let region = begun(&setup).region().with(|region| region.clone());
    group.bench_function("of the region alone", |bencher| {
        bencher.iter_batched(
            || region.clone(),
            |mut region| {
                region.advance_to(end);
                region
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("with a pass a minute, checked", |bencher| {
        bencher.iter_batched(
            || begun(&setup),
            |mut simulation| {
                while simulation.next_at() < end {
                    black_box(block_on(simulation.tick()));
                }
                simulation
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let options = Options {
        migration: migration(),
        settings: Settings::default(),
        load: load(),
        load_gap_minutes: 0,
        faults: Vec::new(),
        seed: 1,
        start: start(),
        days: DAYS_MAX,
        inputs: BTreeMap::new(),
        options: BTreeMap::new(),
    };
    let record = run(&options, |_| {}).expect("the example can be rehearsed").record;
    let days = record.end.since(record.start).as_millis() / Span::from_days(1).as_millis();
    let mut group = criterion.benchmark_group("the example");
    group.sample_size(10).throughput(Throughput::Elements(days));
    group.bench_function("until it has succeeded, the week of past included", |bencher| {
        bencher.iter(|| run(black_box(&options), |_| {}));
    });
    group.finish();
}

criterion_group!(benches, days, whole);
criterion_main!(benches);
