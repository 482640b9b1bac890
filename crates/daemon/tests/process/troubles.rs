//! A store that fails, calls that hang, a stop in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cloud::{Applied, Cloud, Router, Shift};
use model::route::{Routes, Split};
use server::{Desk as _, Refused};
use store::{
    Contents, Entry, Error, Fact, Lease, Leases, MemoryStore, Numbered, Record, Store, Token,
    Version,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::house::House;

/// A store whose disk is full while the test says so; it can be read.
struct Full {
    inner: Arc<dyn Store>,
    leases: Option<Arc<MemoryStore>>,
    is_full: Arc<AtomicBool>,
}

impl Full {
    fn over(leases: &Arc<MemoryStore>) -> (Arc<Self>, Arc<AtomicBool>) {
        let is_full = Arc::new(AtomicBool::new(false));
        let inner = Arc::clone(leases) as Arc<dyn Store>;
        let leases = Some(Arc::clone(leases));
        (Arc::new(Self { inner, leases, is_full: Arc::clone(&is_full) }), is_full)
    }

    fn check(&self) -> store::Result<()> {
        if !self.is_full.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(Error::Full { message: "the test has filled it".to_owned() })
    }

    fn leases(&self) -> &MemoryStore {
        self.leases.as_deref().unwrap()
    }
}

#[async_trait]
impl Store for Full {
    async fn list(&self) -> store::Result<Vec<String>> {
        self.inner.list().await
    }

    async fn load(&self, name: &str) -> store::Result<Option<Record>> {
        self.inner.load(name).await
    }

    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[Entry],
    ) -> store::Result<Version> {
        self.check()?;
        self.inner.save(name, expected, contents, entries).await
    }

    async fn history(&self, name: &str, after: u64, limit: usize) -> store::Result<Vec<Numbered>> {
        self.inner.history(name, after, limit).await
    }

    async fn latest(&self, name: &str, before: u64, limit: usize) -> store::Result<Vec<Numbered>> {
        self.inner.latest(name, before, limit).await
    }

    async fn load_fact(&self, key: &str) -> store::Result<Option<Fact>> {
        self.inner.load_fact(key).await
    }

    async fn save_fact(
        &self,
        key: &str,
        expected: Version,
        value: &[u8],
    ) -> store::Result<Version> {
        self.check()?;
        self.inner.save_fact(key, expected, value).await
    }
}

#[async_trait]
impl Leases for Full {
    async fn lease(&self) -> store::Result<Lease> {
        self.leases().lease().await
    }

    async fn save_lease(&self, expected: &Lease, lease: &Lease) -> store::Result<()> {
        self.check()?;
        self.leases().save_lease(expected, lease).await
    }

    fn under(&self, token: Token) -> Arc<dyn Store> {
        let inner = self.leases().under(token);
        Arc::new(Self { inner, leases: None, is_full: Arc::clone(&self.is_full) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_store_stops_changes_and_not_the_view_and_its_end_is_noticed() {
    let house = House::of(&["api"], "act");
    let (full, is_full) = Full::over(&house.store);
    let daemon = house.start_with("a", house.cloud.clone(), full);
    daemon.until_first_step("api").await;
    is_full.store(true, Ordering::SeqCst);
    daemon.until("the problem", |fleet| fleet.daemon.store_problem.is_some()).await;
    let (writes, share) = (house.writes(), daemon.share("api"));
    let seen = daemon.detail("api").seen_at;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(house.writes(), writes, "five hours, in which steps were due");
    assert!(daemon.detail("api").seen_at > seen, "what is live goes on being shown");
    let problem = daemon.office.fleet().daemon.store_problem.clone().unwrap();
    assert!(problem.contains("no room is left"), "{problem}");
    let told = daemon.office.say("api", model::verb::Verb::Pause, "bob", None).await;
    assert!(matches!(told, Err(Refused::Unavailable(_))), "an unkept word is not heard: {told:?}");
    is_full.store(false, Ordering::SeqCst);
    daemon.until("the next step", |fleet| fleet.migrations["api"].summary.share.set > share).await;
    assert_eq!(daemon.office.fleet().daemon.store_problem, None);
}

/// A router whose answers hang while the test says so.
struct Hanging {
    inner: Arc<dyn Router>,
    hangs: watch::Receiver<bool>,
    is_hanging: AtomicBool,
    writes: AtomicUsize,
}

impl Hanging {
    fn over(cloud: &Cloud) -> (Cloud, Arc<Self>, watch::Sender<bool>) {
        let (hang, hangs) = watch::channel(false);
        let router = Arc::new(Self {
            inner: Arc::clone(&cloud.router),
            hangs,
            is_hanging: AtomicBool::new(false),
            writes: AtomicUsize::new(0),
        });
        let seen = Arc::clone(&router) as Arc<dyn Router>;
        (Cloud { router: seen, ..cloud.clone() }, router, hang)
    }

    async fn answer(&self) {
        let mut hangs = self.hangs.clone();
        if *hangs.borrow() {
            self.is_hanging.store(true, Ordering::SeqCst);
        }
        hangs.wait_for(|hangs| !hangs).await.unwrap();
    }

    async fn until_hanging(&self) {
        while !self.is_hanging.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

#[async_trait]
impl Router for Hanging {
    async fn observe(&self, migrations: &[Routes]) -> Vec<cloud::Result<Split>> {
        let split = self.inner.observe(migrations).await;
        self.answer().await;
        split
    }

    async fn set(&self, shifts: &[Shift]) -> Vec<cloud::Result<Applied>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.inner.set(shifts).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_amid_a_tick_that_hangs_is_bounded_and_gives_the_lease_up() {
    let house = House::of(&["api"], "act");
    let (cloud, router, hang) = Hanging::over(&house.cloud);
    let first = house.start_with("first", cloud, Arc::clone(&house.store) as Arc<dyn Leases>);
    first.until_first_step("api").await;
    hang.send_replace(true);
    router.until_hanging().await;
    let took = first.stop().await;
    assert!(took <= Duration::from_secs(15), "{took:?}");
    let second = house.start("second");
    let began = Instant::now();
    second.until("the take-over", |fleet| fleet.daemon.is_leader).await;
    assert!(began.elapsed() <= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_slow_tick_keeps_the_lease_and_one_that_hangs_loses_it_and_writes_no_more() {
    let house = House::of(&["api"], "act");
    let (cloud, router, hang) = Hanging::over(&house.cloud);
    let first = house.start_with("first", cloud, Arc::clone(&house.store) as Arc<dyn Leases>);
    first.until_first_step("api").await;
    let second = house.start("second");
    second.until("standing by", |fleet| fleet.daemon.leader.is_some()).await;
    for (lasts, is_kept) in [(45, true), (120, false)] {
        hang.send_replace(true);
        router.until_hanging().await;
        router.is_hanging.store(false, Ordering::SeqCst);
        sleep(Duration::from_secs(lasts)).await;
        assert_eq!(second.is_leader(), !is_kept, "after {lasts} s");
        let writes = router.writes.load(Ordering::SeqCst);
        hang.send_replace(false);
        sleep(Duration::from_secs(20)).await;
        assert_eq!(first.is_leader(), is_kept, "after {lasts} s");
        if !is_kept {
            assert_eq!(router.writes.load(Ordering::SeqCst), writes, "the lease is another's");
        }
    }
    assert!(second.share("api") > first.share("api"), "the other one goes on");
}
