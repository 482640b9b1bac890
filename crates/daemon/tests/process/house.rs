//! A region, a store and a directory that outlive the daemons which run on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloud::Cloud;
use controller::Managed;
use daemon::{ANSWERS, Daemon, Office, Paced, Parts};
use manifest::Resource;
use model::spec::{Migration, Name};
use model::{Share, Time};
use region::journal::Author;
use region::load::GeneratedLoad;
use region::{Region, SimulatedCloud};
use server::api::Detail;
use server::{Desk as _, Fleet, Metrics};
use store::{Leases, MemoryStore};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How many seconds of the region pass in one.
const SPEED: f64 = 600.0;

/// A migration that steps by dwell alone, in a day or two.
pub(crate) fn text(name: &str, mode: &str) -> String {
    format!(
        "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  mode: {mode}
  aws: {{region: eu-west-1}}
  ec2: {{cluster: {name}, service: {name}}}
  fargate: {{cluster: {name}, service: {name}-fargate}}
  workload: {{type: loadBalanced}}
  traffic:
    router: {{type: route53Weighted, hostedZoneId: Z1, records: [{{name: {name}.example.com, type: A}}], ec2SetIdentifier: ec2, fargateSetIdentifier: fargate}}
    rollout: {{steps: [10%, 25%, 50%, 75%, 100%], advance: dwell, dwellMin: 30m, bake: 6h}}
  slos:
    - {{name: latency, latency: {{threshold: 300ms, objective: 99%}}}}
"
    )
}

fn migration(text: &str) -> Arc<Migration> {
    let document = manifest::read("test", text).unwrap().pop().unwrap();
    let Resource::Migration(migration) = document.resource else { panic!("no migration") };
    Arc::new(*migration)
}

/// A region, a store and a directory that outlive every daemon.
pub(crate) struct House {
    directory: TempDir,
    region: SimulatedCloud,
    pub(crate) cloud: Cloud,
    pub(crate) store: Arc<MemoryStore>,
}

impl House {
    pub(crate) fn of(names: &[&str], mode: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let mut managed = Vec::new();
        for name in names {
            let text = text(name, mode);
            std::fs::write(file(directory.path(), name), &text).unwrap();
            managed.push(Managed::new(1, migration(&text)).unwrap());
        }
        let load = GeneratedLoad::default().load().unwrap().scaled(0.05).unwrap();
        let start = Time::from_secs(1_767_571_200);
        let spec = rehearsal::world::build(&managed, &load, start, 28, &[]).unwrap();
        let mut region = Region::new(&spec, 3).unwrap();
        region.advance_to(start);
        let region = SimulatedCloud::new(region);
        let clock = Arc::new(Paced::new(region.clone(), SPEED));
        let cloud = Cloud { clock, ..region.cloud() };
        Self { directory, region, cloud, store: Arc::new(MemoryStore::new()) }
    }

    /// A daemon on the house's own world and store.
    pub(crate) fn start(&self, owner: &str) -> Running {
        self.start_with(owner, self.cloud.clone(), Arc::clone(&self.store) as Arc<dyn Leases>)
    }

    /// A daemon that sees the world and the store through something of the test's.
    pub(crate) fn start_with(&self, owner: &str, cloud: Cloud, leases: Arc<dyn Leases>) -> Running {
        let (office, words) = Office::new();
        let (stopping, stop) = watch::channel(false);
        let daemon = Daemon::new(Parts {
            installation: Name::usual_installation(),
            cloud,
            leases,
            directory: self.directory.path().to_owned(),
            metrics: Arc::new(Metrics::new("test", &ANSWERS, &[], true)),
            office: Arc::clone(&office),
            words,
            version: "test".to_owned(),
            owner: owner.to_owned(),
        });
        Running { office, stopping, running: tokio::spawn(daemon.run(stop)) }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(file(self.directory.path(), name), text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(file(self.directory.path(), name)).unwrap();
    }

    /// Changes that Ferry asked for.
    pub(crate) fn writes(&self) -> usize {
        self.region.with(|region| {
            region.journal().entries().iter().filter(|entry| entry.author == Author::Caller).count()
        })
    }
}

fn file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.yaml"))
}

/// A daemon that runs.
pub(crate) struct Running {
    pub(crate) office: Arc<Office>,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) running: JoinHandle<()>,
}

impl Running {
    /// Waits until `is_so`, at most a minute: ten hours of the region.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Fleet) -> bool) {
        for _ in 0..600 {
            if is_so(&self.office.fleet()) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{what} did not come: {:?}", self.office.fleet().daemon);
    }

    /// Waits until the named migration has at least its first step.
    pub(crate) async fn until_first_step(&self, name: &str) {
        let is_there = |fleet: &Fleet| {
            let detail = fleet.migrations.get(name);
            detail.is_some_and(|detail| detail.summary.share.set >= Some(Share::percent(10)))
        };
        self.until("the first step", is_there).await;
    }

    pub(crate) fn detail(&self, name: &str) -> Arc<Detail> {
        Arc::clone(&self.office.fleet().migrations[name])
    }

    pub(crate) fn share(&self, name: &str) -> Option<Share> {
        self.office.fleet().migrations.get(name).and_then(|detail| detail.summary.share.set)
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.office.fleet().daemon.is_leader
    }

    /// Tells it to stop, and gives how long that took.
    pub(crate) async fn stop(self) -> Duration {
        let began = Instant::now();
        self.stopping.send_replace(true);
        self.running.await.unwrap();
        began.elapsed()
    }
}
