//! What kube-runtime's controller costs when there is nothing to do: the baseline of Ferry's
//! `cargo bench -p daemon --bench fleet`.
//!
//! `cargo run --release [-- HOURS OBJECTS...]`. A `Controller` over `ConfigMap`s as large as
//! a migration's file, from an API server that lists them once and has no news. Each is reconciled
//! once a minute, as Ferry looks once a minute, and each reconciliation does nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use http::{Request, Response};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::client::Body;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Api, Client};
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use tokio::time::{pause, sleep};
use tower::service_fn;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const HOUR: Duration = Duration::from_secs(3_600);
const EVERY: Duration = Duration::from_secs(60);
/// What Ferry's files in the same measurement take.
const FILE_BYTES: usize = 800;

fn object(number: usize) -> Value {
    json!({
        "metadata": {
            "name": format!("service-{number:04}"),
            "namespace": "default",
            "uid": format!("00000000-0000-0000-0000-{number:012}"),
            "resourceVersion": "1",
        },
        "data": {"migration.yaml": "x".repeat(FILE_BYTES)},
    })
}

/// An API server: a list when asked for one, and watches that never say anything.
async fn answer(request: Request<Body>, objects: usize) -> Result<Response<Body>, Infallible> {
    if request.uri().query().is_some_and(|query| query.contains("watch=true")) {
        return std::future::pending().await;
    }
    let list = json!({
        "apiVersion": "v1",
        "kind": "ConfigMapList",
        "metadata": {"resourceVersion": "1"},
        "items": (0..objects).map(object).collect::<Vec<_>>(),
    });
    Ok(Response::new(Body::from(serde_json::to_vec(&list).expect("it is JSON"))))
}

/// Seconds of a processor that this process has taken, by `/proc/self/stat` (proc(5)).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let fields: Vec<&str> =
        stat.rsplit(')').next().expect("there is a name").split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it is there");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("KiB") / 1024.0
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
async fn measure(hours: u32, objects: usize) {
    pause();
    let before = f64::from(ALLOCATED.current_usage_as_kb());
    let server = service_fn(move |request| answer(request, objects));
    let api: Api<ConfigMap> = Api::default_namespaced(Client::new(server, "default"));
    let done = Arc::new(AtomicU64::new(0));
    let controller = Controller::new(api, watcher::Config::default())
        .run(
            |_, done: Arc<AtomicU64>| async move {
                done.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(Action::requeue(EVERY))
            },
            |_, _, _| Action::requeue(EVERY),
            Arc::clone(&done),
        )
        .for_each(|_| std::future::ready(()));
    let running = tokio::spawn(controller);
    let (mut took, mut reconciled) = (0.0, 0);
    for _ in 0..hours {
        let (began, was) = (processor_seconds(), done.load(Ordering::Relaxed));
        sleep(HOUR).await;
        took = processor_seconds() - began;
        reconciled = done.load(Ordering::Relaxed) - was;
    }
    println!(
        "| kube-runtime, no-op | {objects} | {hours} | {:.1} KiB | {:.0} MiB | {:.1} ms | {} | {:.2} % |",
        (f64::from(ALLOCATED.current_usage_as_kb()) - before) / objects as f64,
        resident_mib(),
        took / (reconciled as f64 / objects as f64) * 1e3,
        reconciled / objects as u64,
        took / HOUR.as_secs_f64() * 100.0,
    );
    running.abort();
}

fn main() {
    let mut numbers = std::env::args().filter_map(|number| number.parse::<usize>().ok());
    let hours = numbers.next().and_then(|hours| u32::try_from(hours).ok()).unwrap_or(26).max(2);
    let sizes: Vec<usize> = numbers.collect();
    println!(
        "| | Objects | Hours | Memory of each | Resident | Processor time of a round | Rounds an hour | Of a core |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for objects in if sizes.is_empty() { vec![1, 100, 1_000] } else { sizes } {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(measure(hours, objects));
    }
}
