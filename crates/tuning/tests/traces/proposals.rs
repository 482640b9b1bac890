//! What proposals come to on the benchmark's weeks, beside the targets of capacity-and-scaling.

use tuning::load::Load;
use tuning::shape::{HAND, Names, Resolution, Shape};
use tuning::tune::{Inputs, Proposal, propose};

use crate::weeks::{push, world, worldcup};

fn proposed(train: Option<Load>, test: Option<Load>) -> Option<Proposal> {
    let (train, test) = (train?, test?);
    let past = [train.minutes(), test.minutes()].concat();
    let past = Load::new(train.start(), past).unwrap();
    let names = Names::new("service/prd/api");
    let current = Shape::Step(HAND).requests(&names);
    let inputs = Inputs {
        world: &world(),
        past: &past,
        events: &[],
        current: Some(&current),
        names,
        seed: 1,
        resolutions: &[Resolution::Standard, Resolution::High],
    };
    Some(propose(&inputs, |_| ()).unwrap())
}

#[test]
fn the_proposal_for_push_7d_reaches_its_targets_and_is_never_worse_with_floors_missed() {
    let Some(proposal) = proposed(push("train"), push("test")) else { return };
    let current = proposal.current.as_ref().unwrap().summary;
    let proof = proposal.chosen.unwrap().proof;
    for (judged, hours_max) in [(&proof.scheduled, 19_300.0), (&proof.live, 19_200.0)] {
        let it = judged.summary;
        assert!(it.slow_percent <= 0.9 && it.bad_minutes <= 10.0, "{it:?}");
        assert!(it.task_hours <= hours_max, "{it:?}");
    }
    for stress in &proof.stress {
        let missed = stress.what.contains("missed");
        let percent_max = if missed { current.slow_percent * 1.02 } else { 1.0 };
        for judged in [&stress.scheduled, &stress.live] {
            assert!(judged.summary.slow_percent <= percent_max, "{}: {judged:?}", stress.what);
        }
    }
}

#[test]
fn the_proposal_for_worldcup_7d_reaches_its_target() {
    let Some(proposal) = proposed(worldcup(10), worldcup(17)) else { return };
    let it = proposal.chosen.unwrap().proof.scheduled.summary;
    assert!(it.slow_percent <= 0.9 && it.task_hours <= 12_650.0, "{it:?}");
}
