//! The memory store keeps every promise of a store.

use futures::executor::block_on;
use store::MemoryStore;
use store::conformance::CHECKS;

#[test]
fn memory_store_conforms() {
    for (_, check) in CHECKS {
        block_on(check(&MemoryStore::new()));
    }
}
