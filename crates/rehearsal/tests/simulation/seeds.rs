//! Safety while faults last, then liveness.

use crate::case::{Case, Kept};

/// Seeds that are always tried, and the tests that share them.
const SEEDS: u64 = 200;
const CHUNKS: u64 = 8;

/// Seeds that once broke a promise.
const FOUND: &[u64] =
    &[1, 2, 12, 21, 26, 59, 118, 123, 132, 174, 389, 446, 554, 665, 1433, 1503, 1901, 2112];

/// False alarms of the judge that are allowed among so many seeds, about half of which begin a
/// second attempt: many times what was measured (2 in 4,000), and far below a judge that cries.
const SEEDS_PER_FALSE_ALARM: usize = 100;

fn check(seeds: impl IntoIterator<Item = u64>) {
    let (mut count, mut broken, mut alarms) = (0, Vec::new(), Vec::new());
    for seed in seeds {
        count += 1;
        match Case::of(seed).run(false) {
            Ok(Kept::Wholly) => {}
            Ok(Kept::WithFalseAlarm) => alarms.push(seed),
            Err(why) => broken.push(why),
        }
    }
    assert!(broken.is_empty(), "{} seeds break promises\n{}", broken.len(), broken.join("\n"));
    let allowed = 1 + count / SEEDS_PER_FALSE_ALARM;
    assert!(alarms.len() <= allowed, "false alarms of the judge in the seeds {alarms:?}");
}

/// Every `CHUNKS`th seed; `FERRY_SEEDS` asks for more of them.
fn chunk(number: u64) {
    let seeds = match std::env::var("FERRY_SEEDS") {
        Ok(text) => text.parse().expect("FERRY_SEEDS is a number of seeds"),
        Err(_) => SEEDS,
    };
    check((number..seeds).step_by(usize::try_from(CHUNKS).expect("a small number")));
}

#[test]
fn one_seed_keeps_its_promises() {
    let Ok(text) = std::env::var("FERRY_SEED") else { return check(FOUND.iter().copied()) };
    let case = Case::of(text.parse().expect("FERRY_SEED is a seed"));
    println!("{case}");
    if let Err(broken) = case.run(true) {
        panic!("{broken}");
    }
}

macro_rules! chunks {
    ($($name:ident: $number:literal,)*) => {
        $(
            #[test]
            fn $name() {
                chunk($number);
            }
        )*
    };
}

chunks! {
    promises_hold_for_seeds_0: 0,
    promises_hold_for_seeds_1: 1,
    promises_hold_for_seeds_2: 2,
    promises_hold_for_seeds_3: 3,
    promises_hold_for_seeds_4: 4,
    promises_hold_for_seeds_5: 5,
    promises_hold_for_seeds_6: 6,
    promises_hold_for_seeds_7: 7,
}
