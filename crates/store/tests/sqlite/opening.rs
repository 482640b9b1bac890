//! What opening a file says of it.

use std::fs;

use futures::executor::block_on;
use futures::future::{join, join_all};
use store::{Contents, Error, OpenError, Store as _, Version};

use crate::drilled::Drill;
use crate::place::Place;

#[test]
fn a_store_that_was_made_now_says_so_and_keeps_its_name() {
    let place = Place::new();
    let first = place.open();
    assert!(first.created);
    let name = first.installation.expect("it has a name");
    assert_eq!(name.len(), 32);
    block_on(first.store.close()).expect("it can be closed");
    let again = place.open();
    assert!(!again.created);
    assert_eq!(again.installation, Some(name.clone()));
    drop(again);
    let other = Place::new().open();
    assert_ne!(other.installation, Some(name));
}

#[test]
fn an_empty_file_is_a_lost_store() {
    let place = Place::new();
    fs::write(place.path(), b"").expect("it can be written");
    assert!(place.open().created);
}

#[test]
fn what_was_saved_is_there_when_the_file_is_opened_again() {
    let place = Place::new();
    let opened = place.open();
    let contents = Contents::default();
    let saved = opened.store.save("api", Version::NONE, &contents, &[]);
    let version = block_on(saved).expect("it is saved");
    block_on(opened.store.close()).expect("it can be closed");
    let closed = block_on(opened.store.load("api"));
    assert!(matches!(closed, Err(Error::Unavailable { .. })), "{closed:?}");
    let record = block_on(place.open().store.load("api")).expect("it is read");
    assert_eq!(record.map(|record| record.version), Some(version));
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let place = Place::new();
    let text = "kind: Migration\n".repeat(100);
    fs::write(place.path(), &text).expect("it can be written");
    let error = place.try_open().expect_err("it is no store");
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert_eq!(fs::read_to_string(place.path()).ok(), Some(text));
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let marked = "PRAGMA application_id = 7";
    for statements in ["CREATE TABLE theirs (one TEXT)", marked, "PRAGMA user_version = 3"] {
        let place = Place::new();
        let connection = rusqlite::Connection::open(place.path()).expect("it can be made");
        connection.execute_batch(statements).expect("it is SQL");
        drop(connection);
        let before = fs::read(place.path()).ok();
        let error = place.try_open().expect_err("it is no store");
        let application = if statements == marked { 7 } else { 0 };
        let path = place.path().display().to_string();
        assert_eq!(error, OpenError::Foreign { path, application }, "{statements}");
        assert_eq!(fs::read(place.path()).ok(), before, "{statements}");
    }
}

#[test]
fn a_place_that_cannot_hold_a_store_is_named() {
    let place = Place::new();
    fs::create_dir(place.path()).expect("it can be made");
    let error = place.try_open().expect_err("it is a folder").to_string();
    assert!(error.contains(&place.path().display().to_string()), "{error}");
    let missing = place.path().join("none").join("ferry.db");
    let error = store::SqliteStore::open(&missing).expect_err("there is no folder").to_string();
    assert!(error.ends_with("none does not exist: create it"), "{error}");
}

/// Letters that mean something in the path of a URI.
#[test]
fn a_path_may_have_any_letters() {
    let place = Place::new();
    let folder = place.path().with_file_name("a b?c#d%20é");
    fs::create_dir(&folder).expect("it can be made");
    let opened = store::SqliteStore::open(&folder.join("ferry.db")).expect("it can be opened");
    assert!(opened.created && folder.join("ferry.db").is_file());
}

/// A write lock of another process holds all calls up until the last of them was made.
#[test]
fn more_calls_than_may_wait_are_told_so_and_none_is_lost() {
    let place = Place::new();
    let store = place.open().store;
    let other = rusqlite::Connection::open(place.path()).expect("it is a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("it is free");
    let keys: Vec<_> = (0..3_000).map(|number| number.to_string()).collect();
    let saves = keys.iter().map(|key| store.save_fact(key, Version::NONE, b"x"));
    let free = async { other.execute_batch("ROLLBACK").expect("it is ours") };
    let (saved, ()) = block_on(join(join_all(saves), free));
    let mut refused = 0;
    for (key, saved) in keys.iter().zip(saved) {
        let is_there = block_on(store.load_fact(key)).expect("it is read").is_some();
        match saved {
            Ok(_) => assert!(is_there, "{key} was saved"),
            Err(error) => {
                assert!(matches!(error, Error::Unavailable { .. }), "{error}");
                assert!(!is_there, "{key} was refused");
                refused += 1;
            }
        }
    }
    assert!((900..1_000).contains(&refused), "{refused} were refused");
}

/// The file is gone and what a killed process wrote beside it is not.
#[test]
fn a_log_without_its_file_is_a_lost_store() {
    let place = Place::new();
    let mut drill = Drill::start(&place.path());
    assert_eq!(drill.ask("save a"), "saved a 1");
    drill.kill();
    let log = place.path().with_file_name("ferry.db-wal");
    assert!(fs::metadata(&log).is_ok_and(|log| log.len() > 0), "it was killed");
    fs::remove_file(place.path()).expect("it is there");
    let opened = place.open();
    assert!(opened.created && opened.refuses.is_none());
    assert_eq!(block_on(opened.store.load("a")), Ok(None));
}

/// Locked for good, as by a backup that hangs: an answer comes, and it is no damage.
#[test]
fn a_file_that_stays_locked_is_said_to_be() {
    let place = Place::new();
    block_on(place.open().store.close()).expect("it can be closed");
    let other = rusqlite::Connection::open(place.path()).expect("it is a database");
    let lock = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE";
    other.execute_batch(lock).expect("it is free");
    let error = place.try_open().expect_err("it is locked").to_string();
    assert!(error.contains("database is locked"), "{error}");
    drop(other);
    assert_eq!(place.open().refuses, None);
}
