//! Several processes on one file: one of them writes.

use futures::executor::block_on;
use store::{Entry, Happening, Lease, Leases as _, Store as _, Version};

use crate::drilled::Drill;
use crate::place::Place;

#[test]
fn of_two_processes_one_holds_the_store_and_the_other_takes_over_when_it_is_killed() {
    let place = Place::new();
    let mut first = Drill::start(&place.path());
    let mut second = Drill::start(&place.path());
    assert_eq!(first.ask("stand first 0"), "held 1");
    assert_eq!(second.ask("stand second 1000"), "standby first");
    assert_eq!(first.ask("save a"), "saved a 1");
    let refused = second.ask("save a");
    let expected = "refused fenced save: another Ferry, `first`, holds the store";
    assert_eq!(refused, expected);
    assert_eq!(second.ask("load a"), "loaded a 1", "a standby reads");
    first.kill();
    assert_eq!(second.ask("stand second 1014"), "standby first", "it may only be slow");
    assert_eq!(second.ask("stand second 1015"), "held 2");
    assert_eq!(second.ask("save a"), "saved a 2");
}

#[test]
fn a_process_that_was_paused_beyond_its_term_writes_nothing_any_more() {
    let place = Place::new();
    let mut first = Drill::start(&place.path());
    let mut second = Drill::start(&place.path());
    assert_eq!(first.ask("stand first 0"), "held 1");
    assert_eq!(first.ask("save a"), "saved a 1");
    assert_eq!(second.ask("stand second 0"), "standby first");
    assert_eq!(second.ask("stand second 20"), "held 2");
    let refused = first.ask("save a");
    assert_eq!(refused, "refused fenced save: another Ferry, `second`, holds the store");
    assert_eq!(second.ask("save a"), "saved a 2");
    assert_eq!(first.ask("stand first 21"), "standby second");
}

#[test]
fn a_process_that_ends_in_good_order_is_followed_at_once() {
    let place = Place::new();
    let mut first = Drill::start(&place.path());
    let mut second = Drill::start(&place.path());
    assert_eq!(first.ask("stand first 0"), "held 1");
    assert_eq!(second.ask("stand second 0"), "standby first");
    assert_eq!(first.ask("down"), "down");
    let refused = first.ask("save a");
    assert_eq!(
        refused,
        "refused fenced save: this Ferry no longer holds the store, and no other does"
    );
    assert_eq!(second.ask("stand second 0"), "held 2");
    assert_eq!(second.ask("save a"), "saved a 1");
}

#[test]
fn processes_that_start_together_make_one_store() {
    for _ in 0..10 {
        let place = Place::new();
        let path = place.path();
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || Drill::start(&path))
            })
            .collect();
        let drills: Vec<_> = starts.into_iter().map(|it| it.join().expect("it starts")).collect();
        let said: Vec<_> = drills.iter().map(|drill| drill.opened.clone()).collect();
        let created = said.iter().filter(|line| line.starts_with("opened created=true")).count();
        assert_eq!(created, 1, "{said:?}");
        let name = |line: &String| line.rsplit(' ').next().map(str::to_owned);
        assert!(said.iter().all(|line| name(line) == name(&said[0])), "{said:?}");
        assert!(said.iter().all(|line| line.contains("refuses=none")), "{said:?}");
    }
}

/// Processes that take and give up the store as fast as they can: every tenure has its own token,
/// and the saves under one token stand together.
#[test]
fn tenures_never_overlap_however_processes_race() {
    const TENURES: usize = 15;
    let place = Place::new();
    let mut drills: Vec<_> = (0..3).map(|_| Drill::start(&place.path())).collect();
    for drill in &mut drills {
        drill.order(&format!("tenures {TENURES}"));
    }
    let mut tokens = Vec::new();
    for drill in &mut drills {
        for _ in 0..TENURES {
            let said = drill.hear();
            let token = said.strip_prefix("tenure ").unwrap_or_else(|| panic!("said `{said}`"));
            tokens.push(token.parse::<u64>().expect("it is a number"));
        }
    }
    drills.into_iter().for_each(Drill::end);
    tokens.sort_unstable();
    assert_eq!(tokens, (1..=3 * TENURES as u64).collect::<Vec<_>>(), "each token was held once");
    let store = place.open().store;
    assert_eq!(block_on(store.lease()).map(|lease: Lease| lease.is_held), Ok(false));
    let record = block_on(store.load("shared")).expect("it is read").expect("it is there");
    assert_eq!(record.version, Version(9 * TENURES as u64));
    let history = block_on(store.history("shared", 0, 1_000)).expect("it is read");
    let under: Vec<_> = history.iter().map(|numbered| token(&numbered.entry)).collect();
    let expected: Vec<_> = tokens.iter().flat_map(|token| [*token; 3]).collect();
    assert_eq!(under, expected, "three saves under each token, and none between them");
}

fn token(entry: &Entry) -> u64 {
    let Happening::Said { what, .. } = &entry.happening else {
        panic!("only words were saved: {entry:?}")
    };
    what.parse().expect("it is a token")
}
