//! What a process of many migrations costs: memory, work of a tick, share of a core.
//!
//! `cargo bench -p daemon --bench fleet [-- HOURS MIGRATIONS...]`. The whole daemon but its sockets runs
//! on tokio's paused clock, on a store in a file, over a world that answers at once and costs next
//! to nothing, so that what is measured is Ferry. Processor time is set against seconds of the
//! paused clock.
#![expect(clippy::print_stdout, reason = "the table is what it is run for")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on must fail")]

mod held;
mod still;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use daemon::{ANSWERS, Daemon, Office, Parts};
use peak_alloc::PeakAlloc;
use server::{Desk as _, Metrics};
use store::{Leases, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{pause, sleep};

use held::Held;
use still::Still;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const HOUR: Duration = Duration::from_secs(3_600);

/// What the migrations of a fleet are at.
#[derive(Clone, Copy)]
enum Stage {
    /// Evidence is gathered on every one.
    Active,
    /// Every one rests at its share of 0.
    Idle,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Idle => "idle",
        }
    }

    fn file(self, name: &str) -> String {
        let target = match self {
            // The last step waits for a person, so that all are still under way at the end.
            Self::Active => "rollout: {steps: [25%, 100%], advance: manual}",
            Self::Idle => "share: 0%",
        };
        format!(
            "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  mode: act
  aws: {{region: eu-west-1}}
  ec2: {{cluster: prd, service: {name}}}
  fargate: {{cluster: prd, service: {name}-fargate}}
  workload: {{type: loadBalanced}}
  traffic:
    router: {{type: route53Weighted, hostedZoneId: Z1, records: [{{name: {name}.example.com, type: A}}], ec2SetIdentifier: ec2, fargateSetIdentifier: fargate}}
    stepMax: 75%
    {target}
  slos:
    - {{name: latency, latency: {{threshold: 300ms, objective: 99%}}}}
    - {{name: availability, availability: {{objective: 99.9%}}}}
"
        )
    }

    /// The share that all routes have from the start.
    const fn weights(self) -> (u32, u32) {
        match self {
            Self::Active => (75, 25),
            Self::Idle => (100, 0),
        }
    }
}

fn name(number: usize) -> String {
    format!("service-{number:04}")
}

/// A folder with a file for each migration.
fn directory(stage: Stage, migrations: usize) -> TempDir {
    let directory = TempDir::new().unwrap();
    for number in 0..migrations {
        let name = name(number);
        let path = directory.path().join(format!("{name}.yaml"));
        std::fs::write(path, stage.file(&name)).unwrap();
    }
    directory
}

/// Seconds of a processor that this process has taken, by `/proc/self/stat` (proc(5)).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    // `USER_HZ` is 100 on every Linux that Rust runs on.
    ticks / 100.0
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// What is allocated now, in KiB.
fn allocated() -> f64 {
    f64::from(ALLOCATED.current_usage_as_kb())
}

#[expect(clippy::cast_precision_loss, reason = "a number of migrations")]
const fn to_f64(number: usize) -> f64 {
    number as f64
}

async fn measure(stage: Stage, hours: usize, migrations: usize) {
    pause();
    let directory = directory(stage, migrations);
    let state = TempDir::new().unwrap();
    let still = Still::new((0..migrations).map(name), stage.weights());
    let before = allocated();
    let (running, metrics, office) = start(&still, directory.path(), state.path());
    while office.fleet().migrations.len() < migrations {
        sleep(Duration::from_secs(1)).await;
    }
    let (mut grown, mut took, mut ticks) = (Vec::new(), 0.0, 0.0);
    for _ in 0..hours {
        let (began, ticked) = (processor_seconds(), ticks_total(&metrics, &office));
        sleep(HOUR).await;
        took = processor_seconds() - began;
        ticks = ticks_total(&metrics, &office) - ticked;
        grown.push((allocated() - before) / to_f64(migrations));
    }
    println!(
        "| {} | {migrations} | {hours} | {:.0} KiB | {:+.2} KiB | {:.0} MiB | {:.1} ms | {ticks} | {:.2} % |",
        stage.name(),
        highest(&grown[hours / 2..]),
        highest(&grown[hours / 2..]) - highest(&grown[..hours / 2]),
        resident_mib(),
        took / ticks * 1e3,
        took / HOUR.as_secs_f64() * 100.0,
    );
    running.abort();
}

/// States of evidence come and go within an hour, so that single readings differ.
fn highest(readings: &[f64]) -> f64 {
    readings.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn start(
    still: &Arc<Still>,
    directory: &Path,
    state: &Path,
) -> (JoinHandle<()>, Arc<Metrics>, Arc<Office>) {
    let opened = SqliteStore::open(&state.join("ferry.db")).unwrap();
    let (office, words) = Office::new();
    let metrics = Arc::new(Metrics::new("bench", &ANSWERS, &[], true));
    let daemon = Daemon::new(Parts {
        installation: model::spec::Name::usual_installation(),
        cloud: Still::cloud(still),
        leases: Arc::new(Held::new(Arc::new(opened.store))) as Arc<dyn Leases>,
        directory: directory.to_owned(),
        metrics: Arc::clone(&metrics),
        office: Arc::clone(&office),
        words,
        version: "bench".to_owned(),
        owner: "bench".to_owned(),
    });
    let (stopping, stop) = watch::channel(false);
    let running = tokio::spawn(async move {
        daemon.run(stop).await;
        drop(stopping);
    });
    (running, metrics, office)
}

fn ticks_total(metrics: &Metrics, office: &Office) -> f64 {
    let text = metrics.render(&office.fleet());
    let line = text.lines().find_map(|line| line.strip_prefix("ferry_ticks_total "));
    line.unwrap().parse().unwrap()
}

fn main() {
    let mut numbers = std::env::args().filter_map(|number| number.parse::<usize>().ok());
    let hours = numbers.next().unwrap_or(26).max(2);
    let sizes: Vec<usize> = numbers.collect();
    let sizes = if sizes.is_empty() { vec![1, 100, 1_000] } else { sizes };
    println!(
        "| Stage | Migrations | Hours | Memory of each | Its growth in the second half | Resident \
         | Processor time of a tick | Ticks an hour | Of a core |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for stage in [Stage::Active, Stage::Idle] {
        for migrations in &sizes {
            let mut runtime = Builder::new_current_thread();
            // Few threads: each has a stack, and none of them does more than wait.
            let runtime = runtime.max_blocking_threads(4).enable_all().build().unwrap();
            runtime.block_on(measure(stage, hours, *migrations));
        }
    }
}
