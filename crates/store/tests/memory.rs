//! The memory store keeps every promise of a store.

use futures::executor::block_on;
use store::MemoryStore;
use store::conformance::{self, leases};

#[test]
fn memory_store_conforms() {
    for (_, check) in conformance::CHECKS {
        block_on(check(&MemoryStore::new()));
    }
}

#[test]
fn memory_store_is_written_to_by_one_holder() {
    for (_, check) in leases::CHECKS {
        block_on(check(&MemoryStore::new()));
    }
}
