//! What opening a file says of it.

use std::fs;

use futures::executor::block_on;
use store::{Contents, Error, OpenError, Store as _, Version};

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
