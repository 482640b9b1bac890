//! What a large fleet costs that observes AWS: requests by operation beside the fewest that the
//! cadences imply, memory, and the time of a round.
//!
//! `cargo bench -p ferry --bench observing [-- HOURS MIGRATIONS MOVING...]`. The whole daemon but
//! its sockets, a store in a file, the real adapters with their limits, and the SDK over the wire
//! protocols of a simulated region in this process, on the region's clock: it passes where
//! somebody waits, so that hours take minutes. Each `MOVING` is a run of its own, with so many
//! migrations whose Fargate side is judged bad all the while, which are looked at every ten
//! seconds. What the region takes of memory and time is measured apart and taken off.
//!
//! It lives here because `ferry` is where daemon, adapters and wire meet anyway.
#![expect(clippy::print_stdout, reason = "the tables are what it is run for")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on must fail")]

mod least;
mod meter;
mod place;
mod rounds;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws::{Credentials, Network, Settings};
use cloud::Cloud;
use daemon::{ANSWERS, Daemon, Office, Parts};
use model::Span;
use server::{Desk as _, Metrics};
use store::{Leases, SqliteStore};
use tempfile::TempDir;
use tokio::sync::watch;

use least::Fleet;
use meter::{Carrier, Meter};
use place::Place;
use rounds::{Requests, Round, Rounds};

/// What has passed in the region when the daemon begins: enough traffic to learn from.
const PAST: Span = Span::from_hours(1);
/// From when all migrations are judged until measuring begins.
const SETTLING: Span = Span::from_mins(10);
/// In this time all must be judged.
const JUDGED_WITHIN: Span = Span::from_hours(2);

/// What a run came to.
struct Run {
    /// What the region and the wire hold before the daemon begins.
    allocated_before: usize,
    began: model::Time,
    /// When the newest minutes of all migrations were first judged.
    judged: model::Time,
    rounds: Vec<Round>,
}

async fn run(fleet: Fleet, hours: u64) -> Run {
    let place = Place::new(fleet);
    place.pass(PAST);
    let meter = Arc::new(Meter::default());
    let requests = Arc::new(Requests::default());
    let allocated_before = meter::allocated();
    let rounds = Rounds::new(place.region(), Arc::clone(&meter), Arc::clone(&requests));
    let began = rounds.present();
    let cloud = aws::connect(Settings {
        clock: rounds.waits(),
        network: Network::Own(Arc::new(Carrier::new(place.wire(), Arc::clone(&meter)))),
        credentials: Credentials::Keys { id: "AKIAEXAMPLE".to_owned(), secret: "s".to_owned() },
        region: Some(place::REGION.to_owned()),
        endpoint: None,
        ledger: requests,
    })
    .await;
    let state = TempDir::new().unwrap();
    let opened = SqliteStore::open(&state.path().join("ferry.db")).unwrap();
    let (office, words) = Office::new();
    let metrics = Metrics::new("bench", &ANSWERS, &[], true);
    let daemon = Daemon::new(Parts {
        installation: model::spec::Name::usual_installation(),
        cloud: Cloud { clock: Arc::clone(&rounds) as Arc<dyn cloud::Clock>, ..cloud },
        leases: Arc::new(opened.store) as Arc<dyn Leases>,
        directory: place.directory().to_owned(),
        metrics: Arc::new(metrics),
        office: Arc::clone(&office),
        words,
        version: "bench".to_owned(),
        owner: "bench".to_owned(),
    });
    let (stopping, stop) = watch::channel(false);
    let running = tokio::spawn(daemon.run(stop));
    let is_judged = || {
        let all = office.fleet();
        let judged = |detail: &Arc<server::api::Detail>| detail.verdict.minute.is_some();
        all.migrations.len() == fleet.migrations && all.migrations.values().all(judged)
    };
    while !is_judged() {
        assert!(rounds.present() < began + JUDGED_WITHIN, "not all of them are judged in time");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let judged = rounds.present();
    let end = judged + SETTLING + Span::from_hours(hours);
    while rounds.present() < end {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stopping.send_replace(true);
    running.await.unwrap();
    Run { allocated_before, began, judged, rounds: rounds.all() }
}

/// Requests by operation over some rounds.
fn sum<'a>(rounds: impl Iterator<Item = &'a Round>) -> BTreeMap<&'static str, f64> {
    let mut all = BTreeMap::new();
    for (operation, count) in rounds.flat_map(|round| &round.requests) {
        *all.entry(*operation).or_default() += f64::from(*count);
    }
    all
}

fn calls(fleet: Fleet, steady: &[Round]) {
    let minutes = steady.iter().map(|round| round.lasted.secs_f64()).sum::<f64>() / 60.0;
    let measured = sum(steady.iter());
    let least = least::requests_per_minute(fleet);
    println!("\n| Operation | Requests a minute | Fewest | Ratio |\n|---|---|---|---|");
    let per_minute = |operation: &str| measured.get(operation).map_or(0.0, |count| count / minutes);
    let row = |name: &str, measured: f64, least: f64| {
        println!("| {name} | {measured:.2} | {least:.2} | {:.3} |", measured / least);
    };
    let (mut all, mut fewest) = (0.0, 0.0);
    for (operation, least) in &least {
        row(operation, per_minute(operation), *least);
        all += per_minute(operation);
        fewest += least;
    }
    row("all", all, fewest);
    let health = least::HEALTH;
    row("all but target health", all - per_minute(health), fewest - least[health]);
    for (operation, count) in measured.iter().filter(|(name, _)| !least.contains_key(*name)) {
        println!("| {operation} | {:.2} | not needed | |", count / minutes);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes")]
fn costs(fleet: Fleet, run: &Run, steady: &[Round]) {
    let mean = |of: fn(&Round) -> f64| steady.iter().map(of).sum::<f64>() / steady.len() as f64;
    let most = |of: fn(&Round) -> f64| steady.iter().map(of).fold(0.0, f64::max);
    let hour = steady.iter().map(|round| round.lasted.secs_f64()).sum::<f64>() / 3_600.0;
    println!("\n| What | Measured |\n|---|---|");
    println!("| rounds an hour | {:.1} |", steady.len() as f64 / hour);
    println!(
        "| a round: waiting for turns, on the region's clock | {:.1} s, {:.1} s at most |",
        mean(|it| it.waited.secs_f64()),
        most(|it| it.waited.secs_f64())
    );
    println!("| its processor time, Ferry | {:.2} s |", mean(|it| it.own_cpu));
    println!("| beside it, the region and its wire | {:.2} s |", mean(|it| it.region_cpu));
    println!(
        "| of a core, Ferry | {:.1} % |",
        mean(|it| it.own_cpu) * steady.len() as f64 / hour / 36.0
    );
    let heap = |round: &Round| (round.allocated as f64) / 1_048_576.0;
    let highest = steady.iter().map(heap).fold(0.0, f64::max);
    println!(
        "| allocated by Ferry, between rounds | {:.0} MiB at most, {:.0} KiB a migration |",
        highest,
        highest * 1024.0 / fleet.migrations as f64
    );
    let peak = steady.iter().map(|it| it.peak as f64 / 1_048_576.0).fold(0.0, f64::max);
    println!("| the most at once, amid a round | {peak:.0} MiB |");
    println!(
        "| the region before the daemon began | {:.0} MiB |",
        run.allocated_before as f64 / 1_048_576.0
    );
}

fn beginning(run: &Run) {
    let first: Vec<&Round> = run.rounds.iter().filter(|it| it.at < run.judged).collect();
    let took = run.judged.since(run.began);
    let longest = first.iter().map(|it| it.waited.secs_f64()).fold(0.0, f64::max);
    let requests = sum(first.iter().copied()).values().sum::<f64>();
    println!(
        "\nAll are judged after {took}, in {} rounds of {longest:.0} s at most and with {requests:.0} requests.",
        first.len()
    );
}

fn main() {
    let mut numbers = std::env::args().filter_map(|number| number.parse::<u64>().ok());
    let hours = numbers.next().unwrap_or(3).max(1);
    let migrations = usize::try_from(numbers.next().unwrap_or(1_000)).unwrap();
    let moving: Vec<usize> = numbers.map(|it| usize::try_from(it).unwrap()).collect();
    let moving = if moving.is_empty() { vec![0, 20] } else { moving };
    for moving in moving {
        let fleet = Fleet { migrations, moving };
        println!("\n## {migrations} migrations, {moving} of them moving, {hours} hours");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let run = runtime.block_on(run(fleet, hours));
        let from = run.judged + SETTLING;
        let steady: Vec<Round> = run.rounds.iter().filter(|it| it.at >= from).cloned().collect();
        beginning(&run);
        calls(fleet, &steady);
        costs(fleet, &run, &steady);
    }
}
