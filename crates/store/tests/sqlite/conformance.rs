//! What any store promises.

use futures::executor::block_on;
use store::conformance::{self, leases};

use crate::place::Place;

#[test]
fn sqlite_store_conforms() {
    for (_, check) in conformance::CHECKS {
        block_on(check(&Place::new().open().store));
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
