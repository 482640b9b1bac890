//! C3: the same inputs and seed give the same bytes.

use std::collections::BTreeMap;

use model::Span;
use model::settings::Settings;
use region::fault::random;
use rehearsal::{Options, run};

use crate::world::{START, Wish, tide};

fn bytes(seed: u64, faults: u64) -> String {
    let options = Options {
        migration: Wish::default().migration(),
        settings: Settings::default(),
        load: tide(300.0),
        load_gap_minutes: 0,
        faults: random(faults, Span::from_days(1)).faults,
        seed,
        start: START,
        days: 1,
        inputs: BTreeMap::new(),
        options: BTreeMap::new(),
    };
    let run = run(&options, |_| {}).expect("the region can be built");
    serde_json::to_string(&run.record).expect("a record is plain")
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for faults in [3, 4, 5] {
        assert_eq!(bytes(7, faults), bytes(7, faults));
    }
}

#[test]
fn another_seed_gives_other_bytes() {
    assert_ne!(bytes(7, 3), bytes(8, 3));
}
