//! How long a decision takes, from the minute that decides it to the write.

use futures::executor::block_on;
use model::settings::Settings;
use model::verdict::VerdictKind;
use model::{Share, Span, Time};
use region::fault::{FaultRow, FaultScript};
use rehearsal::simulation::{Setup, Simulation};

use crate::world::{START, Wish, flat};

const SEEDS: u64 = 40;

fn slow_fargate(begins_after: u64) -> Vec<FaultRow> {
    let script = format!(
        "apiVersion: ferry/v1\nkind: FaultScript\nfaults:\n  - {{at: {}s, for: 6h, type: latency, side: fargate, factor: 4}}\n",
        6 * 3_600 + begins_after
    );
    let scripts = manifest::read_as::<FaultScript>("faults.yaml", &script, "FaultScript");
    scripts.expect("it is sound").into_iter().flat_map(|script| script.faults).collect()
}

/// From when the deciding minute could be read until the rollback was written, and how long after
/// the harm began that was.
fn rolled_back(seed: u64) -> (Span, Span) {
    // The harm begins anywhere in a minute.
    let begins_after = seed * 37 % 600;
    let setup = Setup {
        migrations: vec![Wish { target: "share: 25%".to_owned(), ..Wish::default() }.migration()],
        settings: Settings::default(),
        load: flat(2_000.0),
        faults: slow_fargate(begins_after),
        troubles: Vec::new(),
        seed,
        start: START,
        days: 1,
    };
    let mut simulation = Simulation::new(&setup).expect("the region can be built");
    let settle = simulation.region().cloud().signals.settle();
    let harm = START + Span::from_secs(6 * 3_600 + begins_after);
    let before = harm.minute();
    let mut was = Some(Share::ZERO);
    loop {
        let tick = block_on(simulation.tick());
        let pass = &tick.passes[0];
        assert!(tick.at < harm + Span::from_mins(60), "seed {seed}: no rollback in an hour");
        let set = pass.plan.status.share.set;
        if pass.verdict.kind != VerdictKind::RollBack {
            was = set;
            continue;
        }
        assert_eq!(was, Some(Share::percent(25)), "seed {seed}: it stood at its share");
        assert!(
            pass.plan.actions.iter().any(model::action::Action::is_rollback),
            "seed {seed}: the verdict is acted on in its own tick: {}",
            pass.plan.report
        );
        assert_eq!(simulation.violations(), []);
        let minute = pass.verdict.minute.expect("something was judged");
        assert!(minute >= before, "seed {seed}: rolled back before the harm");
        let readable = Time::from_secs((minute + 1) * 60) + settle;
        return (tick.at.since(readable), tick.at.since(harm));
    }
}

#[test]
fn a_rollback_is_written_as_soon_as_the_minute_that_decides_it_can_be_read() {
    let (mut waits, mut harms): (Vec<Span>, Vec<Span>) = (1..=SEEDS).map(rolled_back).unzip();
    waits.sort();
    harms.sort();
    let at = |sorted: &[Span], percent: usize| sorted[(sorted.len() - 1) * percent / 100];
    println!(
        "from readable to written: median {}, p99 {}; from harm to written: median {}, p99 {}",
        at(&waits, 50),
        at(&waits, 99),
        at(&harms, 50),
        at(&harms, 99),
    );
    assert_eq!(waits[waits.len() - 1], Span::ZERO, "{waits:?}");
}
