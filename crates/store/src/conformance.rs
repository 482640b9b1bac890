//! What any store must do. Every implementation runs [`CHECKS`] in its own tests, and
//! [`leases::CHECKS`] too if several processes can reach it, each on a new and empty store:
//!
//! ```
//! for (claim, check) in store::conformance::CHECKS {
//!     println!("{claim}");
//!     futures::executor::block_on(check(&store::MemoryStore::new()));
//! }
//! ```
//!
//! A check that fails panics with what it found.

pub mod leases;

use std::future::Future;
use std::pin::Pin;

use model::Time;
use model::action::Action;
use model::event::{Event, Severity};
use model::observation::Bounds;
use model::{Share, Side};

use crate::{
    Answer, Contents, EVIDENCE_BYTES_MAX, Entry, Error, Evidence, FACT_BYTES_MAX, Fact,
    HISTORY_ENTRIES_MAX, HISTORY_PAGE_MAX, Happening, Store, Version,
};

/// A check of one claim, on an empty store.
pub type Check = for<'a> fn(&'a dyn Store) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Every claim with its check.
pub const CHECKS: &[(&str, Check)] = &[
    ("an empty store has nothing", |store| Box::pin(empty(store))),
    ("what was saved is what is loaded", |store| Box::pin(same(store))),
    ("names are listed in order", |store| Box::pin(listed(store))),
    ("a save for another version changes nothing", |store| Box::pin(compared(store))),
    ("of two writers one wins and the other is told", |store| Box::pin(raced(store))),
    ("evidence has a limit", |store| Box::pin(limited(store))),
    ("history is in order and in pages", |store| Box::pin(paged(store))),
    ("history is read from its end as well", |store| Box::pin(paged_back(store))),
    ("history drops its oldest entries and counts on", |store| Box::pin(dropped(store))),
    ("migrations are apart", |store| Box::pin(apart(store))),
    ("an intent and its two entries survive", |store| Box::pin(intended(store))),
    ("facts are saved for a version", |store| Box::pin(facts(store))),
    ("facts have a limit", |store| Box::pin(facts_limited(store))),
];

async fn empty(store: &dyn Store) {
    assert_eq!(store.list().await, Ok(Vec::new()));
    assert_eq!(store.load("api").await, Ok(None));
    assert_eq!(store.history("api", 0, 10).await, Ok(Vec::new()));
    let found = store.save("api", Version(1), &contents(1), &[]).await;
    assert_eq!(found, conflict(Version(1), Version::NONE), "there is nothing to replace");
}

async fn same(store: &dyn Store) {
    let mut version = Version::NONE;
    for attempt in 1..4 {
        let saved = contents(attempt);
        version = saves(store, "api", version, &saved, &[]).await;
        let record = store.load("api").await.expect("it can be loaded").expect("it is there");
        assert_eq!(record.version, version, "the version loaded is the one to save for");
        assert_eq!(record.contents, saved);
    }
}

async fn listed(store: &dyn Store) {
    for name in ["worker", "api", "batch", "a"] {
        saves(store, name, Version::NONE, &contents(1), &[]).await;
    }
    let names = ["a", "api", "batch", "worker"].map(str::to_owned);
    assert_eq!(store.list().await, Ok(names.to_vec()));
}

async fn compared(store: &dyn Store) {
    let version = saves(store, "api", Version::NONE, &contents(1), &[entry(1)]).await;
    for wrong in [Version::NONE, version.next()] {
        let found = store.save("api", wrong, &contents(2), &[entry(2)]).await;
        assert_eq!(found, conflict(wrong, version));
    }
    let record = store.load("api").await.expect("it can be loaded").expect("it is there");
    assert_eq!((record.version, record.contents), (version, contents(1)));
    let history = store.history("api", 0, 10).await.expect("it can be read");
    assert_eq!(history.len(), 1, "a refused save leaves no entry behind");
}

async fn raced(store: &dyn Store) {
    let seen = saves(store, "api", Version::NONE, &contents(1), &[]).await;
    let first = saves(store, "api", seen, &contents(2), &[]).await;
    let second = store.save("api", seen, &contents(3), &[]).await;
    assert_eq!(second, conflict(seen, first));
}

async fn limited(store: &dyn Store) {
    let sized = |bytes| Contents {
        evidence: Some(Evidence { method: 1, fold: "x".repeat(bytes).into() }),
        ..contents(1)
    };
    let version = saves(store, "api", Version::NONE, &sized(EVIDENCE_BYTES_MAX), &[entry(1)]).await;
    let found = store.save("api", version, &sized(EVIDENCE_BYTES_MAX + 1), &[entry(2)]).await;
    assert!(matches!(found, Err(Error::TooLarge { .. })), "{found:?}");
    let record = store.load("api").await.expect("it can be loaded").expect("it is there");
    assert_eq!(record.contents, sized(EVIDENCE_BYTES_MAX), "what was there stays");
}

async fn paged(store: &dyn Store) {
    let entries: Vec<_> = (1..=5).map(entry).collect();
    let version = saves(store, "api", Version::NONE, &contents(1), &entries[..2]).await;
    saves(store, "api", version, &contents(1), &entries[2..]).await;
    let mut after = 0;
    for page in entries.chunks(2) {
        let found = store.history("api", after, 2).await.expect("it can be read");
        let sequences: Vec<_> = found.iter().map(|numbered| numbered.sequence).collect();
        let expected: Vec<_> = (after + 1..).take(page.len()).collect();
        assert_eq!(sequences, expected, "sequence numbers rise by one, from 1");
        assert!(found.iter().map(|numbered| &numbered.entry).eq(page), "in the order appended");
        after = found.last().map_or(after, |numbered| numbered.sequence);
    }
    assert_eq!(store.history("api", after, 2).await, Ok(Vec::new()), "and then no more");
    assert_eq!(store.history("api", 0, 0).await, Ok(Vec::new()));
    assert_eq!(store.history("api", u64::MAX, 2).await, Ok(Vec::new()), "far beyond the end");
}

async fn paged_back(store: &dyn Store) {
    assert_eq!(store.latest("api", u64::MAX, 2).await, Ok(Vec::new()), "there is no record");
    let entries: Vec<_> = (1..=5).map(entry).collect();
    saves(store, "api", Version::NONE, &contents(1), &entries).await;
    let (mut before, mut found) = (u64::MAX, Vec::new());
    for expected in [vec![5, 4], vec![3, 2], vec![1], vec![]] {
        let page = store.latest("api", before, 2).await.expect("it can be read");
        let sequences: Vec<_> = page.iter().map(|numbered| numbered.sequence).collect();
        assert_eq!(sequences, expected, "sequence numbers fall by one, from the newest");
        before = sequences.last().copied().unwrap_or(before);
        found.extend(page);
    }
    found.reverse();
    assert_eq!(store.history("api", 0, 10).await, Ok(found), "the same entries as forwards");
    for (before, limit) in [(u64::MAX, 0), (1, 10), (0, 10)] {
        assert_eq!(store.latest("api", before, limit).await, Ok(Vec::new()));
    }
}

async fn dropped(store: &dyn Store) {
    let entries: Vec<_> = (1..).map(entry).take(HISTORY_ENTRIES_MAX + 7).collect();
    let mut version = Version::NONE;
    for some in entries.chunks(90) {
        version = saves(store, "api", version, &contents(1), some).await;
    }
    let (mut after, mut kept) = (0, Vec::new());
    loop {
        let page = store.history("api", after, usize::MAX).await.expect("it can be read");
        assert!(page.len() <= HISTORY_PAGE_MAX, "a page has a limit whatever is asked for");
        let Some(last) = page.last() else { break };
        after = last.sequence;
        kept.extend(page);
    }
    assert_eq!(kept.len(), HISTORY_ENTRIES_MAX);
    let first = kept.first().expect("there are many");
    assert_eq!((first.sequence, &first.entry), (8, &entry(8)), "the oldest seven are gone");
    let page = store.latest("api", 10, usize::MAX).await.expect("it can be read");
    let sequences: Vec<_> = page.iter().map(|numbered| numbered.sequence).collect();
    assert_eq!(sequences, [9, 8], "they are gone from the end as well");
}

async fn apart(store: &dyn Store) {
    saves(store, "api", Version::NONE, &contents(1), &[entry(1)]).await;
    saves(store, "worker", Version::NONE, &contents(2), &[entry(2), entry(3)]).await;
    let record = store.load("api").await.expect("it can be loaded").expect("it is there");
    assert_eq!(record.contents, contents(1));
    assert_eq!(store.history("api", 0, 10).await.map(|page| page.len()), Ok(1));
    assert_eq!(store.history("worker", 0, 10).await.map(|page| page.len()), Ok(2));
}

async fn intended(store: &dyn Store) {
    let mut contents = contents(1);
    let bounds = |min| Bounds { min, max: 600 };
    let actions =
        vec![Action::SetBounds { side: Side::Ec2, expected: bounds(10), bounds: bounds(90) }];
    let before = contents.begin_intent(at(1), actions, "the reserve").expect("none is open");
    let version = saves(store, "api", Version::NONE, &contents, &before).await;
    let record = store.load("api").await.expect("it can be loaded").expect("it is there");
    assert!(record.contents.intent.is_some_and(|intent| intent.is_open()), "a crash is seen");
    let after = contents.close_intent(at(2), vec![Answer::Written]).expect("one is open");
    saves(store, "api", version, &contents, &after).await;
    let record = store.load("api").await.expect("it can be loaded").expect("it is there");
    assert_eq!(record.contents, contents);
    let history = store.history("api", 0, 10).await.expect("it can be read");
    assert!(history.iter().map(|numbered| &numbered.entry).eq(before.iter().chain(&after)));
}

async fn facts(store: &dyn Store) {
    assert_eq!(store.load_fact("pause").await, Ok(None));
    let found = store.save_fact("pause", Version(1), b"x").await;
    assert_eq!(found, conflict_of("pause", Version(1), Version::NONE), "there is nothing yet");
    let first = store.save_fact("pause", Version::NONE, b"one\0\xff").await.expect("it is new");
    let found = store.save_fact("pause", Version::NONE, b"two").await;
    assert_eq!(found, conflict_of("pause", Version::NONE, first));
    let value = b"one\0\xff".to_vec();
    assert_eq!(store.load_fact("pause").await, Ok(Some(Fact { version: first, value })));
    let second = store.save_fact("pause", first, b"").await.expect("it is the version there is");
    assert!(second > first, "versions rise");
    let emptied = Fact { version: second, value: Vec::new() };
    assert_eq!(store.load_fact("pause").await, Ok(Some(emptied)), "empty is not absent");
    assert_eq!(store.load_fact("managed").await, Ok(None), "keys are apart");
    saves(store, "pause", Version::NONE, &contents(1), &[]).await;
    assert_eq!(store.list().await, Ok(vec!["pause".to_owned()]), "and apart from migrations");
}

async fn facts_limited(store: &dyn Store) {
    let most = vec![7; FACT_BYTES_MAX];
    let version = store.save_fact("managed", Version::NONE, &most).await.expect("it is allowed");
    let found = store.save_fact("managed", version, &vec![7; FACT_BYTES_MAX + 1]).await;
    assert!(matches!(found, Err(Error::TooLarge { .. })), "{found:?}");
    assert_eq!(store.load_fact("managed").await, Ok(Some(Fact { version, value: most })));
}

async fn saves(
    store: &dyn Store,
    name: &str,
    expected: Version,
    contents: &Contents,
    entries: &[Entry],
) -> Version {
    let saved = store.save(name, expected, contents, entries).await;
    let version = saved.unwrap_or_else(|error| panic!("{name} for version {expected}: {error}"));
    assert!(version > expected, "versions rise");
    version
}

fn conflict(expected: Version, found: Version) -> crate::Result<Version> {
    conflict_of("api", expected, found)
}

fn conflict_of(name: &str, expected: Version, found: Version) -> crate::Result<Version> {
    Err(Error::Conflict { name: name.to_owned(), expected, found })
}

/// Contents that differ by `attempt`, with evidence whose bytes are easily bent: quotes, letters
/// beyond ASCII, and numbers that must not be read as such.
fn contents(attempt: u32) -> Contents {
    let mut contents = Contents::default();
    contents.status.attempt = attempt;
    contents.status.started_at = Some(at(attempt.into()));
    contents.status.share.set = Some(Share::percent(5));
    let fold = format!("{{\"harm\":[0.1,1e-320,-0.0,{attempt}],\"é\":\"\\u0000\"}}\n");
    contents.evidence = Some(Evidence { method: 1, fold: fold.into() });
    contents
}

fn entry(number: i64) -> Entry {
    let event = Event {
        at: at(number),
        severity: Severity::Normal,
        reason: "Stepped".to_owned(),
        message: format!("Step {number}."),
    };
    Entry { at: at(number), happening: Happening::Event { event } }
}

const fn at(minute: i64) -> Time {
    Time::from_minute(29_000_000 + minute)
}
