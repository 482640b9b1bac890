//! Saves to a disk that is waited for: a thousand migrations that checkpoint every 15 minutes
//! are 1.1 saves a second, and all at once they should be through within a tick of ten seconds.

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use analysis::Fold;
use analysis::settings::Settings;
use criterion::{Criterion, criterion_group, criterion_main};
use futures::executor::block_on;
use futures::future::join_all;
use model::event::{Event, Severity};
use model::minute::{Context, Counts, Minute};
use model::{Share, Side, Time};
use sampling::Generator;
use store::{
    Candidate, Contents, Entry, Evidence, Happening, LEASE_TERM, SqliteStore, Store as _, Version,
};
use tempfile::TempDir;

const MIGRATIONS: usize = 1_000;
const WEEK: i64 = 10_080;

/// A week of both sides, a tenth of 2,000 requests a minute on Fargate.
fn evidence() -> Evidence {
    let mut draw = Generator::new(1);
    let settings = Settings::default();
    let mut fold = Fold::new(&settings);
    for minute in 0..WEEK {
        for (side, mean, tasks) in [(Side::Ec2, 1_800.0, 90), (Side::Fargate, 200.0, 10)] {
            let requests = draw.poisson(mean);
            let mut part = |p| Some(draw.binomial(requests, p));
            let counts = Counts {
                requests: Some(requests),
                slow: part(0.005),
                slow_slo: part(0.004),
                slow_p90: part(0.09),
                slow_p50: part(0.45),
                errors: part(0.001),
            };
            let context = Context {
                share: Some(Share::percent(10)),
                tasks: Some(tasks),
                healthy: Some(tasks),
                release: Some("2026-11-23.1".to_owned()),
                ..Context::default()
            };
            let seen_at = Time::from_minute(minute + 2);
            fold.push(&settings, &Minute { minute, side, revision: 0, seen_at, counts, context });
        }
    }
    let fold = serde_json::to_string(&fold).expect("a fold is JSON");
    Evidence { method: analysis::METHOD_VERSION, fold: fold.into() }
}

fn contents() -> Contents {
    Contents { evidence: Some(evidence()), ..Contents::default() }
}

fn entry() -> Entry {
    let event = Event {
        at: Time::from_minute(WEEK),
        severity: Severity::Normal,
        reason: "Stepped".to_owned(),
        message: "10% of traffic is on Fargate; the next step is due in an hour.".to_owned(),
    };
    Entry { at: event.at, happening: Happening::Event { event } }
}

/// On the disk that builds go to, and not in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room")
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("ferry.db")).expect("it can be opened").store
}

fn one(criterion: &mut Criterion) {
    let (contents, entry) = (contents(), entry());
    let bytes = store::encode("api", &contents).expect("it is JSON").len();
    criterion.bench_function(&format!("encode a record of {bytes} bytes"), |bench| {
        bench.iter(|| store::encode("api", black_box(&contents)));
    });
    let folder = folder();
    let store = open(folder.path());
    let mut version = Version::NONE;
    criterion.bench_function("save it with an entry", |bench| {
        bench.iter(|| {
            let saved =
                block_on(store.save("api", version, &contents, std::slice::from_ref(&entry)));
            version = saved.expect("it is saved");
        });
    });
    criterion.bench_function("load it", |bench| {
        bench.iter(|| block_on(store.load("api")).expect("it is loaded"));
    });
    let mut candidate = Candidate::new("bench", LEASE_TERM);
    criterion.bench_function("renew the lease", |bench| {
        bench.iter(|| block_on(candidate.stand(&store, Duration::ZERO)));
    });
}

/// What the disk itself takes, beside what a save takes: it waits four times.
fn baseline(criterion: &mut Criterion) {
    let bytes = store::encode("api", &contents()).expect("it is JSON");
    let folder = folder();
    let file = File::create(folder.path().join("file")).expect("there is room");
    criterion.bench_function("write these bytes to a file and wait for the disk", |bench| {
        bench.iter(|| {
            file.write_all_at(&bytes, 0).expect("there is room");
            file.sync_data().expect("the disk answers");
        });
    });
}

fn thousand(criterion: &mut Criterion) {
    let (contents, entry) = (contents(), [entry()]);
    let folder = folder();
    let store = open(folder.path());
    let names: Vec<_> = (0..MIGRATIONS).map(|number| format!("service-{number}")).collect();
    let mut version = Version::NONE;
    let mut group = criterion.benchmark_group("a thousand migrations");
    group.sample_size(10);
    group.bench_function("checkpoint at once", |bench| {
        bench.iter(|| {
            let saves = names.iter().map(|name| store.save(name, version, &contents, &entry));
            let saved = block_on(join_all(saves));
            assert!(saved.iter().all(Result::is_ok), "all are saved");
            version = version.next();
        });
    });
    block_on(store.close()).expect("it can be closed");
    let path = folder.path().join("ferry.db");
    let megabytes = std::fs::metadata(&path).map_or(0, |found| found.len() / 1_000_000);
    group.bench_function(format!("open and check the file of {megabytes} MB"), |bench| {
        bench.iter(|| {
            let opened = SqliteStore::open(&path).expect("it can be opened");
            assert_eq!(opened.refuses, None);
            block_on(opened.store.close())
        });
    });
    group.finish();
}

criterion_group!(benches, baseline, one, thousand);
criterion_main!(benches);
