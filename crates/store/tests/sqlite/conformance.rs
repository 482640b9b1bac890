//! What any store promises.

use futures::executor::block_on;
use store::conformance::{self, leases};

use crate::place::Place;

#[test]
fn sqlite_store_conforms() {
    for (claim, check) in conformance::CHECKS {
        let place = Place::new();
        let opened = place.open();
        block_on(check(&opened.store));
        block_on(opened.store.close()).expect("it can be closed");
        assert_eq!(place.open().refuses, None, "{claim}: it is whole when it is opened again");
    }
}

#[test]
fn sqlite_store_is_written_to_by_one_holder() {
    for (_, check) in leases::CHECKS {
        block_on(check(&Place::new().open().store));
    }
}

/// Another process may have the file open and stand by.
#[test]
fn sqlite_store_conforms_beside_another_one_on_its_file() {
    for (_, check) in conformance::CHECKS {
        let place = Place::new();
        let _standby = place.open();
        let opened = place.open();
        assert!(!opened.created);
        block_on(check(&opened.store));
    }
}
