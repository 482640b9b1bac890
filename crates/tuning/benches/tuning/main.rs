//! Replayed weeks a second, and proposals on the benchmark's two weeks beside its baselines.
//!
//! `cargo bench -p tuning --bench tuning [-- SEED]`, or `-- rows` for the rows that need no search as CSV. The weeks lie in `../shared/data/traces` or where
//! FERRY_TRACES says; without them nothing is measured.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark measures time, prints, and has sound inputs"
)]

#[path = "../../tests/traces/rows.rs"]
#[expect(dead_code, reason = "the tests compare with what is written beside the rows")]
mod rows;
#[path = "../../tests/traces/weeks.rs"]
mod weeks;

use std::hint::black_box;
use std::time::Instant;

use capacity::scaling::PolicyRequest;
use model::spec::World;
use tuning::bound::clairvoyant_task_hours;
use tuning::load::Load;
use tuning::noise::Noise;
use tuning::physics::Physics;
use tuning::replay::Replay;
use tuning::score::Summary;
use tuning::shape::{HAND, Names, Resolution, Shape, Tracking};
use tuning::tune::{Inputs, propose};

use weeks::{push, row, world, worldcup};

fn main() {
    if std::env::args().any(|word| word == "rows") {
        return rows_as_csv();
    }
    let seed = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1);
    let (Some(push_train), Some(push_test)) = (push("train"), push("test")) else { return };
    speed(&push_test);
    let (Some(cup_train), Some(cup_test)) = (worldcup(10), worldcup(17)) else { return };
    week("push-7d", &push_train, &push_test, seed);
    week("worldcup-7d", &cup_train, &cup_test, seed);
}

/// `week,row,slowPercent,badMinutes,taskHours`, for a comparison with another program.
fn rows_as_csv() {
    println!("week,row,slowPercent,badMinutes,taskHours");
    for (week, load) in [("push", push("test")), ("worldcup", worldcup(17))] {
        let Some(load) = load else { return };
        for it in rows::ROWS {
            let got = row(&(it.world)(), &load, &it.shape.requests(&names()));
            println!(
                "{week},{},{},{},{}",
                it.name, got.slow_percent, got.bad_minutes, got.task_hours
            );
        }
    }
}

/// Seconds of the wall and of this process alone.
fn seconds(work: impl FnOnce()) -> (f64, Option<f64>) {
    let own = || {
        let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
        text.split(' ').next()?.parse::<f64>().ok().map(|nanos| nanos / 1e9)
    };
    let (wall, before) = (Instant::now(), own());
    work();
    (wall.elapsed().as_secs_f64(), own().zip(before).map(|(after, before)| after - before))
}

fn tracking(target: f64, resolution: Resolution, out_cooldown: u32) -> Shape {
    Shape::Tracking(Tracking { resolution, target, out_cooldown, in_cooldown: 300 })
}

fn names() -> Names {
    Names::new("service/prd/api")
}

fn speed(load: &Load) {
    const WEEKS: u32 = 400;
    let physics = Physics::new(&world()).unwrap();
    let noise = Noise::new(0, load.ticks().len());
    let replay = Replay::new(&physics, load, &noise);
    for (name, shape) in [
        ("steps on 60 s", Shape::Step(HAND)),
        ("target tracking on 60 s", tracking(60.0, Resolution::Standard, 300)),
        ("target tracking on 20 s", tracking(60.0, Resolution::High, 60)),
    ] {
        let policy = shape.requests(&names());
        let (wall, own) = seconds(|| {
            for _ in 0..WEEKS {
                black_box(replay.score(black_box(&policy)).unwrap());
            }
        });
        let own = own.map_or_else(String::new, |own| {
            format!(", {:.0} by its own processor time", f64::from(WEEKS) / own)
        });
        println!("{name}: {:.0} replayed weeks a second{own}", f64::from(WEEKS) / wall);
    }
}

fn show(name: &str, summary: &Summary, bound: f64) {
    println!(
        "  {name:<46} {:6.3} % slow {:6.1} bad min {:9.1} task-h {:+6.1} % {:6.0} actions",
        summary.slow_percent,
        summary.bad_minutes,
        summary.task_hours,
        100.0 * (summary.task_hours / bound - 1.0),
        summary.actions,
    );
}

fn week(name: &str, train: &Load, test: &Load, seed: u64) {
    let world = world();
    // The bound is not asked to keep the minimum that policies have.
    let free = Physics::new(&World { min: 2, ..world }).unwrap();
    let bound = clairvoyant_task_hours(&free, test);
    println!("{name}: the clairvoyant takes {bound:.0} task-hours");
    let hand = Shape::Step(HAND).requests(&names());
    for (row_name, shape) in [
        ("hand-written steps", Shape::Step(HAND)),
        ("target tracking 60", tracking(60.0, Resolution::Standard, 300)),
        ("target tracking 50", tracking(50.0, Resolution::Standard, 300)),
        ("target tracking 40, cooldown 60 s", tracking(40.0, Resolution::Standard, 60)),
        ("target tracking 50 on 20 s", tracking(50.0, Resolution::High, 60)),
    ] {
        show(row_name, &row(&world, test, &shape.requests(&names())), bound);
    }
    let past = [train.minutes(), test.minutes()].concat();
    let past = Load::new(train.start(), past).unwrap();
    let both = [Resolution::Standard, Resolution::High];
    proposal("proposal", &past, Some(&hand), &both, seed, bound);
    proposal("proposal on 60 s alone", &past, Some(&hand), &both[..1], seed, bound);
    proposal("proposal on 60 s, no live policy", &past, None, &both[..1], seed, bound);
}

fn proposal(
    name: &str,
    past: &Load,
    current: Option<&[PolicyRequest]>,
    resolutions: &[Resolution],
    seed: u64,
    bound: f64,
) {
    let world = world();
    let inputs =
        Inputs { world: &world, past, events: &[], current, names: names(), seed, resolutions };
    let mut made = None;
    let (wall, own) = seconds(|| made = Some(propose(&inputs, |_| ()).unwrap()));
    let made = made.unwrap();
    println!(
        " {name}: {wall:.1} s, {:.1} s of processor time, {} weeks replayed, seed {seed}",
        own.unwrap_or(f64::NAN),
        made.replayed
    );
    for (candidate, shortfalls) in &made.rejected {
        for shortfall in shortfalls {
            println!("  passed over {:?}: {shortfall}", candidate.family());
        }
    }
    let Some(chosen) = made.chosen else {
        println!("  nothing is proposed");
        return;
    };
    println!("  {:?}", chosen.candidate);
    show("floors scheduled a week ahead", &chosen.proof.scheduled.summary, bound);
    show("floors corrected live", &chosen.proof.live.summary, bound);
    for stress in &chosen.proof.stress {
        show(&format!("scheduled, {}", stress.what), &stress.scheduled.summary, bound);
        show(&format!("live, {}", stress.what), &stress.live.summary, bound);
    }
    if let Some(runner_up) = made.runner_up {
        show("runner-up, scheduled", &runner_up.proof.scheduled.summary, bound);
        println!("  {:?}", runner_up.candidate);
    }
}
