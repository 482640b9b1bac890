//! Damage: a file that is not what was saved is never taken for it.

use std::collections::BTreeMap;
use std::fs;

use futures::executor::block_on;
use store::{Error, OpenError, SqliteStore, Store as _, Version};

use crate::place::Place;
use crate::story;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Goes on saving in the file of `place` until every name is at `version`.
fn fill(place: &Place, version: u64) -> Vec<u8> {
    let store = place.open().store;
    for name in NAMES {
        let found = block_on(store.load(name)).expect("it is read");
        let mut expected = found.map_or(Version::NONE, |record| record.version);
        while expected.0 < version {
            let (next, entries) = (expected.next().0, story::entries(name, expected.next().0));
            let contents = story::contents(name, next);
            let saved = block_on(store.save(name, expected, &contents, &entries));
            expected = saved.expect("it is saved");
        }
    }
    let expected = block_on(store.load_fact("pause")).expect("it is read");
    let expected = expected.map_or(Version::NONE, |fact| fact.version);
    block_on(store.save_fact("pause", expected, &fact_value(version))).expect("it is saved");
    block_on(store.close()).expect("it can be closed");
    fs::read(place.path()).expect("it is there")
}

fn fact_value(version: u64) -> Vec<u8> {
    format!("paused at {version}").into_bytes()
}

/// How a damaged file was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    NotOpened,
    Refuses,
    SomethingUnread,
    Whole,
}

/// Opens a file of these bytes and reads everything there is.
///
/// # Panics
/// If anything is read that was never saved, or that is old or absent without a word.
fn meet(bytes: &[u8], what: &str, version: u64) -> Met {
    let place = Place::new();
    fs::write(place.path(), bytes).expect("it can be written");
    let opened = match place.try_open() {
        Ok(opened) => opened,
        Err(OpenError::NotADatabase { .. } | OpenError::Foreign { .. }) => return Met::NotOpened,
        Err(error @ OpenError::Failed { .. }) => {
            assert!(!error.to_string().is_empty(), "{what}");
            return Met::NotOpened;
        }
    };
    assert!(!opened.created, "{what}: what is damaged is not new");
    // What is older is served only with the word that the store is damaged.
    let said = |is_right: bool| is_right || opened.refuses.is_some();
    let mut met = if opened.refuses.is_some() { Met::Refuses } else { Met::Whole };
    let mut note = |error: Error| {
        let is_said = matches!(error, Error::Corrupt { .. } | Error::NewerSchema { .. });
        assert!(is_said, "{what}: {error}");
        met = met.min(Met::SomethingUnread);
    };
    for name in NAMES {
        match block_on(story::check(&opened.store, name)) {
            Ok(found) => assert!(said(found == Version(version)), "{what}: {name} at {found}"),
            Err(error) => note(error),
        }
    }
    match block_on(opened.store.list()) {
        Ok(names) => assert_eq!(names, NAMES, "{what}"),
        Err(error) => note(error),
    }
    match block_on(opened.store.load_fact("pause")) {
        Ok(fact) => {
            let is_right = fact.as_ref().is_some_and(|fact| fact.value == fact_value(version));
            assert!(said(is_right), "{what}: {fact:?}");
        }
        Err(error) => note(error),
    }
    if met == Met::Refuses {
        refuses(&opened.store, what);
    }
    met
}

fn refuses(store: &SqliteStore, what: &str) {
    let saved = block_on(store.save("new", Version::NONE, &story::contents("new", 1), &[]));
    let is_refused = matches!(
        saved,
        // A bit of the header says that the file is only to be read.
        Err(Error::Corrupt { .. } | Error::NewerSchema { .. } | Error::ReadOnly { .. })
    );
    assert!(is_refused, "{what}: {saved:?}");
}

/// Random enough places, the same in each run.
fn places(count: usize, length: usize) -> impl Iterator<Item = (usize, u32)> {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let place = usize::try_from(state >> 20).expect("44 bits") % length;
        (place, u32::try_from(state & 7).expect("three bits"))
    })
    .take(count)
}

#[test]
fn a_flipped_bit_is_found_or_harmless() {
    let bytes = fill(&Place::new(), 4);
    let mut met = BTreeMap::new();
    let header = (0..108).map(|place| (place, u32::try_from(place % 8).expect("small")));
    for (place, bit) in header.chain(places(1_500, bytes.len())) {
        let mut bent = bytes.clone();
        bent[place] ^= 1 << bit;
        *met.entry(meet(&bent, &format!("bit {bit} of byte {place}"), 4)).or_insert(0) += 1;
    }
    assert!(met[&Met::Refuses] + met[&Met::SomethingUnread] > 500, "most bits matter: {met:?}");
    assert!(met[&Met::NotOpened] > 20, "the header is looked at: {met:?}");
}

#[test]
fn a_file_that_was_cut_short_is_found() {
    let bytes = fill(&Place::new(), 4);
    for (cut, _) in places(60, bytes.len() - 1) {
        let left = bytes.len() - 1 - cut;
        let met = meet(&bytes[..left.max(1)], &format!("{left} bytes"), 4);
        // The end of the last page may be empty, and is as good as read where it is missing.
        assert!(met != Met::Whole || cut < 4096, "{left} of {} bytes are left", bytes.len());
    }
}

/// A write that the disk acknowledged and lost: one page is as it was before. What SQLite reads
/// is in order then; only the sum of all seals tells.
#[test]
fn a_page_that_went_back_in_time_is_found() {
    let place = Place::new();
    let (old, new) = (fill(&place, 4), fill(&place, 9));
    let mut met = BTreeMap::new();
    for start in (0..old.len()).step_by(4096) {
        let mut mixed = new.clone();
        mixed[start..start + 4096].copy_from_slice(&old[start..start + 4096]);
        if mixed != new {
            let page = start / 4096;
            *met.entry(meet(&mixed, &format!("page {page}"), 9)).or_insert(0) += 1;
        }
    }
    assert!(met.values().sum::<i32>() > 5, "{met:?}");
    // A page that nothing uses any more may be as it likes.
    assert!(met.get(&Met::Whole).is_none_or(|whole| *whole <= 2), "{met:?}");
}

/// A record whose row is gone, as if it had never been, in a file that is in order for SQLite.
#[test]
fn a_row_that_vanished_is_no_migration_that_never_began() {
    for (statement, name) in [
        ("DELETE FROM record WHERE name = 'b'", "b"),
        ("UPDATE record SET name = 'x' WHERE name = 'b'", "b"),
        ("DELETE FROM record WHERE name = 'b'; DELETE FROM history WHERE name = 'b'", "b"),
        ("DELETE FROM lease", "b"),
        ("UPDATE lease SET token = 7", "b"),
        ("DELETE FROM fact", "b"),
        ("UPDATE store SET installation = 'another'", "b"),
        ("DELETE FROM history WHERE name = 'b' AND sequence = 3", "b"),
    ] {
        let place = Place::new();
        fill(&place, 2);
        let connection = rusqlite::Connection::open(place.path()).expect("it is a database");
        connection.execute_batch(statement).expect("it is SQL");
        drop(connection);
        let opened = place.open();
        assert!(matches!(opened.refuses, Some(Error::Corrupt { .. })), "{statement}");
        refuses(&opened.store, statement);
        if statement.contains("record") {
            let loaded = block_on(opened.store.load(name));
            assert!(matches!(loaded, Err(Error::Corrupt { .. })), "{statement}: {loaded:?}");
        }
        let served = block_on(story::check(&opened.store, "a"));
        assert_eq!(served, Ok(Version(2)), "{statement}: what is whole is still served");
    }
}

/// Its rows can all be read, and writing would spread the damage.
#[test]
fn a_file_whose_structure_is_damaged_is_not_written_to() {
    let mut bytes = fill(&Place::new(), 4);
    // The number of free pages in the header (file format, 1.3).
    bytes[39] ^= 1;
    assert_eq!(meet(&bytes, "the number of free pages", 4), Met::Refuses);
}

#[test]
fn rows_that_are_damaged_while_the_store_is_open_are_not_taken_for_what_was_saved() {
    let bent = "UPDATE record SET body =
        CAST(replace(CAST(body AS TEXT), '\"attempt\":2', '\"attempt\":1') AS BLOB)";
    for (statement, why) in [
        (bent, "its record is not what was saved"),
        ("UPDATE record SET newest = 3", "its row is not what was saved"),
        ("DELETE FROM history WHERE sequence = 3", "entry 3 of its history is missing"),
        ("UPDATE history SET body = X'7B7D' WHERE sequence = 3", "entry 3 of its history is not"),
    ] {
        let place = Place::new();
        fill(&place, 2);
        let opened = place.open();
        let connection = rusqlite::Connection::open(place.path()).expect("it is a database");
        connection.execute_batch(statement).expect("it is SQL");
        drop(connection);
        let found = block_on(story::check(&opened.store, "a"));
        let Err(Error::Corrupt { name, why: said }) = &found else {
            panic!("{statement}: {found:?}")
        };
        assert!(name == "a" && said.starts_with(why), "{statement}: {said}");
        if statement.contains("newest") {
            let contents = story::contents("a", 3);
            let saved = block_on(opened.store.save("a", Version(2), &contents, &[]));
            assert!(matches!(saved, Err(Error::Corrupt { .. })), "{saved:?}");
        }
    }
}

#[test]
fn a_newer_schema_is_neither_read_nor_written() {
    let place = Place::new();
    fill(&place, 2);
    let running = place.open();
    let connection = rusqlite::Connection::open(place.path()).expect("it is a database");
    connection.pragma_update(None, "user_version", 99).expect("it is set");
    drop(connection);
    let newer = |error: Option<&Error>| {
        matches!(error, Some(Error::NewerSchema { found: 99, known: 1, .. }))
    };
    let opened = place.open();
    assert!(newer(opened.refuses.as_ref()), "{:?}", opened.refuses);
    for store in [opened.store, running.store] {
        let loaded = block_on(store.load("a"));
        assert!(newer(loaded.as_ref().err()), "{loaded:?}");
        let saved = block_on(store.save("a", Version(2), &story::contents("a", 3), &[]));
        assert!(newer(saved.as_ref().err()), "{saved:?}");
    }
    let connection = rusqlite::Connection::open(place.path()).expect("it is a database");
    connection.pragma_update(None, "user_version", 1).expect("it is set");
    assert_eq!(place.open().refuses, None, "nothing was changed");
}
