//! The whole process but its sockets, on a clock that the tests move.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cloud::Cloud;
use controller::Managed;
use daemon::{CALLS, Daemon, Office, Paced, Parts};
use manifest::Resource;
use model::spec::Migration;
use model::verb::Verb;
use model::{Share, Time};
use region::journal::Author;
use region::load::GeneratedLoad;
use region::{Region, SimulatedCloud};
use server::api::Detail;
use server::{Desk as _, Metrics, Refused};
use store::{Leases, MemoryStore};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How many seconds of the region pass in one.
const SPEED: f64 = 600.0;

/// A migration that steps by dwell alone, in a day or two.
fn text(name: &str, mode: &str) -> String {
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
struct House {
    directory: TempDir,
    region: SimulatedCloud,
    cloud: Cloud,
    store: Arc<MemoryStore>,
}

impl House {
    fn of(names: &[&str], mode: &str) -> Self {
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

    fn start(&self, owner: &str) -> Running {
        let (office, words) = Office::new();
        let (stopping, stop) = watch::channel(false);
        let daemon = Daemon::new(Parts {
            cloud: self.cloud.clone(),
            leases: Arc::clone(&self.store) as Arc<dyn Leases>,
            directory: self.directory.path().to_owned(),
            metrics: Arc::new(Metrics::new("test", &CALLS, true)),
            office: Arc::clone(&office),
            words,
            version: "test".to_owned(),
            owner: owner.to_owned(),
        });
        Running { office, stopping, running: tokio::spawn(daemon.run(stop)) }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(file(self.directory.path(), name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(file(self.directory.path(), name)).unwrap();
    }

    /// Changes that Ferry asked for.
    fn writes(&self) -> usize {
        self.region.with(|region| {
            region.journal().entries().iter().filter(|entry| entry.author == Author::Caller).count()
        })
    }
}

fn file(directory: &Path, name: &str) -> std::path::PathBuf {
    directory.join(format!("{name}.yaml"))
}

/// A daemon that runs.
struct Running {
    office: Arc<Office>,
    stopping: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Running {
    /// Waits until `is_so`, at most a minute: ten hours of the region.
    async fn until(&self, what: &str, is_so: impl Fn(&server::Fleet) -> bool) {
        for _ in 0..600 {
            if is_so(&self.office.fleet()) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{what} did not come: {:?}", self.office.fleet().daemon);
    }

    fn detail(&self, name: &str) -> Arc<Detail> {
        Arc::clone(&self.office.fleet().migrations[name])
    }

    fn share(&self, name: &str) -> Option<Share> {
        self.office.fleet().migrations.get(name).and_then(|detail| detail.summary.share.set)
    }

    /// Tells it to stop, and gives how long that took.
    async fn stop(self) -> Duration {
        let began = Instant::now();
        self.stopping.send_replace(true);
        self.running.await.unwrap();
        began.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_migration_is_carried_and_an_idle_daemon_stops_at_once() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon
        .until("the first step", |fleet| {
            fleet
                .migrations
                .get("api")
                .is_some_and(|api| api.summary.share.set >= Some(Share::percent(10)))
        })
        .await;
    assert!(house.writes() > 0);
    assert!(daemon.stop().await <= Duration::from_secs(2));
    let writes = house.writes();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.writes(), writes, "a daemon that is gone writes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_new_process_goes_on_from_the_store() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon
        .until("a step", |fleet| {
            fleet
                .migrations
                .get("api")
                .is_some_and(|api| api.summary.share.set >= Some(Share::percent(10)))
        })
        .await;
    let before = daemon.detail("api");
    daemon.stop().await;
    let daemon = house.start("b");
    daemon.until("the second process", |fleet| !fleet.migrations.is_empty()).await;
    let after = daemon.detail("api");
    assert_eq!(after.summary.generation, before.summary.generation, "the file is the same");
    assert_eq!(after.status.started_at, before.status.started_at);
    assert!(after.summary.share.set >= before.summary.share.set);
}

#[tokio::test(start_paused = true)]
async fn observe_writes_nothing() {
    let house = House::of(&["api"], "observe");
    let daemon = house.start("a");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.writes(), 0);
    assert!(daemon.detail("api").plan.lines.iter().any(|line| line.said == "refused"));
}

#[tokio::test(start_paused = true)]
async fn of_two_daemons_on_one_store_one_acts_and_the_other_takes_over() {
    let house = House::of(&["api"], "act");
    let first = house.start("first");
    first.until("the lease", |fleet| fleet.daemon.is_leader).await;
    let second = house.start("second");
    second.until("standing by", |fleet| fleet.daemon.leader.as_deref() == Some("first")).await;
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        let leaders = [&first, &second].map(|daemon| daemon.office.fleet().daemon.is_leader);
        assert!(leaders != [true, true], "two may act");
    }
    let told = second.office.say("api", Verb::Pause, "bob", None).await;
    assert!(matches!(told, Err(Refused::Unavailable(why)) if why.contains("first")));
    first.stop().await;
    // It gave the lease up, so nobody waits for the end of its term.
    let began = Instant::now();
    second.until("the take-over", |fleet| fleet.daemon.is_leader).await;
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
    second.until("going on", |fleet| fleet.migrations.contains_key("api")).await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_holder_is_followed_within_its_term() {
    let house = House::of(&["api"], "act");
    let first = house.start("first");
    first.until("the lease", |fleet| fleet.daemon.is_leader).await;
    let second = house.start("second");
    second.until("standing by", |fleet| fleet.daemon.leader.is_some()).await;
    first.running.abort();
    let began = Instant::now();
    second.until("the take-over", |fleet| fleet.daemon.is_leader).await;
    assert!(began.elapsed() <= Duration::from_secs(25), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_bad_edit_is_refused_with_its_place_and_what_stood_goes_on() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon.until("the first look", |fleet| fleet.migrations.contains_key("api")).await;
    house.write("api", &text("api", "act").replace("steps:", "stepps:"));
    daemon.until("the refusal", |fleet| !fleet.daemon.configuration.problems.is_empty()).await;
    let problems = daemon.office.fleet().daemon.configuration.problems.clone();
    assert!(problems[0].starts_with("api.yaml:12:15: "), "{problems:?}");
    assert_eq!(daemon.detail("api").summary.generation, 1);
    house.write("api", &text("api", "act").replace("dwellMin: 30m", "dwellMin: 40m"));
    daemon
        .until("the new version", |fleet| {
            fleet.daemon.configuration.problems.is_empty()
                && fleet.migrations.get("api").is_some_and(|api| api.summary.generation == 2)
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_removed_file_stops_managing_and_destroys_nothing() {
    let house = House::of(&["api", "web"], "act");
    let daemon = house.start("a");
    daemon
        .until("a step", |fleet| {
            fleet
                .migrations
                .get("web")
                .is_some_and(|web| web.summary.share.set >= Some(Share::percent(10)))
        })
        .await;
    house.remove("web");
    daemon.until("the orphan", |fleet| fleet.orphans.contains_key("web")).await;
    let orphan = daemon.office.fleet().orphans["web"].clone();
    assert!(orphan.share >= Some(Share::percent(10)), "its traffic stays where it is");
    assert!(orphan.saved.fargate.is_some(), "what `release` restores is listed");
    let refused = daemon.office.release("api", "bob").await;
    assert!(matches!(refused, Err(Refused::Conflict(_))), "{refused:?}");
    let released = daemon.office.release("web", "bob").await.unwrap();
    assert!(released.done.iter().all(|done| done.answer == "written"), "{released:?}");
    assert!(!released.done.is_empty());
    let history = daemon.office.history("web", 0, 1000).await.unwrap();
    assert!(format!("{history:?}").contains("the bounds that were saved are restored"));
}

#[tokio::test(start_paused = true)]
async fn several_files_that_vanish_wait_for_a_confirmation() {
    let house = House::of(&["api", "web", "job"], "act");
    let daemon = house.start("a");
    daemon.until("all three", |fleet| fleet.migrations.len() == 3).await;
    house.remove("api");
    house.remove("web");
    daemon.until("the question", |fleet| fleet.daemon.configuration.unconfirmed.len() == 2).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(daemon.office.fleet().migrations.len(), 3, "all are still managed");
    let wrong = BTreeSet::from(["api".to_owned()]);
    assert!(matches!(daemon.office.confirm(wrong, "bob").await, Err(Refused::Conflict(_))));
    let names = BTreeSet::from(["api".to_owned(), "web".to_owned()]);
    daemon.office.confirm(names, "bob").await.unwrap();
    daemon
        .until("their end", |fleet| fleet.migrations.len() == 1 && fleet.orphans.len() == 2)
        .await;
}

#[tokio::test(start_paused = true)]
async fn files_that_vanished_between_two_processes_are_noticed() {
    let house = House::of(&["api", "web", "job"], "act");
    let daemon = house.start("a");
    daemon.until("all three", |fleet| fleet.migrations.len() == 3).await;
    daemon.stop().await;
    house.remove("api");
    house.remove("web");
    let daemon = house.start("b");
    daemon.until("the question", |fleet| fleet.daemon.configuration.unconfirmed.len() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn an_operators_word_is_stored_and_stronger_than_the_file() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon
        .until("a step", |fleet| {
            fleet
                .migrations
                .get("api")
                .is_some_and(|api| api.summary.share.set >= Some(Share::percent(10)))
        })
        .await;
    let stale = daemon.office.say("api", Verb::Advance, "bob", Some("1-0")).await;
    assert!(matches!(stale, Err(Refused::Conflict(_))), "{stale:?}");
    daemon.office.say("api", Verb::Rollback, "bob", None).await.unwrap();
    daemon
        .until("the way back", |fleet| {
            fleet.migrations["api"].summary.share.set == Some(Share::ZERO)
        })
        .await;
    let forward = daemon.office.say("api", Verb::Advance, "eve", None).await;
    assert!(matches!(forward, Err(Refused::Conflict(why)) if why.contains("bob")));
    daemon.stop().await;
    let daemon = house.start("b");
    sleep(Duration::from_secs(30)).await;
    assert_eq!(daemon.share("api"), Some(Share::ZERO), "a new process remembers");
    daemon.office.say("api", Verb::Resume, "bob", None).await.unwrap();
    daemon
        .until("a step again", |fleet| {
            fleet.migrations["api"].summary.share.set >= Some(Share::percent(10))
        })
        .await;
}
