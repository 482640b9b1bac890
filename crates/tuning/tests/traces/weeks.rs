//! The weeks of capacity-and-scaling, section 4, and the world that all its rows share.

#[path = "../benchmark/mod.rs"]
mod benchmark;

pub(crate) use benchmark::MONDAY;
use std::path::PathBuf;

use model::Time;
use model::spec::World;
use tuning::load::{Load, WEEK_MINUTES};
use tuning::noise::Noise;
use tuning::physics::Physics;
use tuning::replay::Replay;
use tuning::score::Summary;

use capacity::scaling::PolicyRequest;

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn traces() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/traces");
    let folder = std::env::var_os("FERRY_TRACES").map_or_else(|| beside.into(), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

fn second_column(text: &str) -> impl Iterator<Item = (&str, f64)> {
    text.lines().skip(1).filter_map(|line| {
        let (first, second) = line.split_once(',')?;
        Some((first, second.trim().parse().ok()?))
    })
}

/// `train` or `test` of push-7d.
pub(crate) fn push(name: &str) -> Option<Load> {
    let text =
        std::fs::read_to_string(traces()?.join(format!("push_synth_{name}_1min.csv"))).ok()?;
    let rates: Vec<f64> = second_column(&text).map(|(_, rps)| rps).collect();
    let week = if name == "train" { 0 } else { 7 * 86_400 };
    Some(Load::new(Time::from_secs(MONDAY + week), rates).unwrap())
}

/// A week of the football site that begins on a day of June 1998, at the benchmark's size.
pub(crate) fn worldcup(day: u32) -> Option<Load> {
    let name = "worldcup98_1998-05-11_to_07-14_1min.csv";
    let text = std::fs::read_to_string(traces()?.join(name)).ok()?;
    let first = format!("1998-06-{day:02}");
    let rates: Vec<f64> = second_column(&text)
        .skip_while(|(at, _)| !at.starts_with(&first))
        .take(WEEK_MINUTES)
        .map(|(_, requests)| requests * 7.5 / 60.0)
        .collect();
    let start: Time = format!("{first}T00:00:00Z").parse().unwrap();
    Some(Load::new(start, rates).unwrap())
}

pub(crate) fn world() -> World {
    benchmark::world(30, 600)
}

/// A row of the table: the mean of three seeds.
pub(crate) fn row(world: &World, load: &Load, policy: &[PolicyRequest]) -> Summary {
    let physics = Physics::new(world).unwrap();
    let score = |seed| {
        let noise = Noise::new(seed, load.ticks().len());
        Replay::new(&physics, load, &noise).score(policy).unwrap()
    };
    Summary::mean(&[0, 1, 2].map(score), world.vcpu).unwrap()
}
