//! What weights that differ from the intent mean, and when a reading is too old to mean it.

use model::action::{Action, Direction};
use model::observation::{Deployment, Gap};
use model::plan::{Plan, Reason, Rule, Said, What};
use model::route::{Propagation, WeightPair, Weights};
use model::status::{Intended, RollbackReason, Step};
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side};

use super::{at, live, look, mins, moves, secs, wait, with};
use crate::world::World;

/// What the drift rule made of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Nothing,
    /// A hand moved traffic to EC2: left there and latched.
    Abort,
    /// The write is sent again, through the gates.
    Again,
    /// The write is finished at once.
    Finished,
    Drifted,
    NotSettled,
    Other,
}

fn made(world: &World, plan: &Plan) -> Made {
    let by_hand = |reason: &RollbackReason| *reason == RollbackReason::MovedByHand;
    let was_latched = world.status.latch.is_some();
    let is_latched = plan.status.latch.as_ref().is_some_and(|latch| by_hand(&latch.reason));
    let finishes = plan
        .actions
        .iter()
        .any(|action| matches!(action, Action::SetWeights { direction: Direction::Finish, .. }));
    let said =
        plan.report.lines.iter().find(|line| line.rule == Rule::Drift).map(|line| &line.said);
    match said {
        None | Some(Said::Open) => Made::Nothing,
        Some(Said::Done(_)) if finishes => Made::Finished,
        Some(Said::Done(_)) if is_latched && !was_latched => Made::Abort,
        Some(Said::Done(_)) => Made::Again,
        Some(Said::Refused(refusal)) if matches!(refusal.reason, Reason::Drifted { .. }) => {
            Made::Drifted
        }
        Some(Said::Refused(refusal)) if refusal.reason == Reason::NotSettled => Made::NotSettled,
        Some(Said::Refused(_)) => Made::Other,
    }
}

fn weights(world: &World, of: [(u32, u32); 2]) -> Weights {
    let pairs = of.map(|(ec2, fargate)| WeightPair { ec2, fargate });
    world.weights.keys().cloned().zip(pairs).collect()
}

/// A world in which weights were written five minutes ago and, where they are known to have
/// landed, seen two minutes ago.
fn written(before: [(u32, u32); 2], after: [(u32, u32); 2], has_landed: bool) -> World {
    let mut world = at(25);
    wait(&mut world, mins(5));
    let sent = world.now - mins(5);
    let (before, after) = (weights(&world, before), weights(&world, after));
    let share = after.values().find_map(|pair| pair.share()).expect("a weight");
    world.status.intended = Some(Intended { at: sent, share, before, after });
    world.status.step = Some(Step { share, decided_at: sent, verified_at: None, settled_at: None });
    world.status.landed_at = has_landed.then_some(world.now - mins(2));
    world
}

#[test]
fn each_difference_has_one_meaning() {
    let (quarter, half, most) = ((75, 25), (50, 50), (25, 75));
    let (tenth, more) = ((90, 10), (60, 40));
    for (before, after, live, unlanded, landed) in [
        ([quarter; 2], [half; 2], [half; 2], Made::Nothing, Made::Nothing),
        ([quarter; 2], [half; 2], [quarter; 2], Made::Again, Made::Abort),
        ([quarter; 2], [half; 2], [quarter, half], Made::Finished, Made::Abort),
        ([quarter; 2], [half; 2], [half, quarter], Made::Finished, Made::Abort),
        ([quarter; 2], [half; 2], [tenth; 2], Made::Abort, Made::Abort),
        ([quarter; 2], [half; 2], [tenth, half], Made::Abort, Made::Abort),
        ([quarter; 2], [half; 2], [tenth, quarter], Made::Abort, Made::Abort),
        // Between the two: no write of Ferry's, and less only of what has landed.
        ([quarter; 2], [half; 2], [more; 2], Made::Drifted, Made::Abort),
        ([quarter; 2], [half; 2], [most; 2], Made::Drifted, Made::Drifted),
        ([quarter; 2], [half; 2], [most, tenth], Made::Drifted, Made::Drifted),
        ([quarter; 2], [half; 2], [tenth, most], Made::Drifted, Made::Drifted),
        // The same share in other words is not what was written, nor less.
        ([quarter; 2], [half; 2], [(1, 1); 2], Made::Drifted, Made::Drifted),
        ([quarter; 2], [half; 2], [(0, 0), half], Made::Drifted, Made::Drifted),
        // On the way back what was before asks for more.
        ([half; 2], [quarter; 2], [half; 2], Made::Again, Made::Drifted),
        ([half; 2], [quarter; 2], [half, quarter], Made::Finished, Made::Drifted),
        // One route was to rise and one to fall: together they are not less.
        ([quarter, most], [half; 2], [quarter, most], Made::Again, Made::Drifted),
        ([most, quarter], [half; 2], [most, quarter], Made::Again, Made::Drifted),
    ] {
        for (has_landed, meaning) in [(false, unlanded), (true, landed)] {
            let mut world = written(before, after, has_landed);
            world.weights = weights(&world, live);
            let plan = world.plan();
            let what = (before, after, live, has_landed);
            assert_eq!(made(&world, &plan), meaning, "{what:?}\n{}", plan.report);
        }
    }
}

#[test]
fn routes_that_came_or_went_are_not_compared() {
    let mut world = written([(75, 25); 2], [(50, 50); 2], true);
    let (_, pair) = world.weights.pop_first().unwrap();
    let _none = world.weights.insert("Z1/other.example.com/A".to_owned(), pair);
    assert_eq!(made(&world, &world.plan()), Made::Drifted);
}

#[test]
fn a_reading_of_the_minute_after_a_landing_is_no_hand() {
    for (was, is, meaning) in [(25, 50, Made::Abort), (50, 25, Made::Drifted)] {
        for (late, meaning) in [(0, Made::NotSettled), (60, Made::NotSettled), (61, meaning)] {
            let pair = |fargate: u32| [(100 - fargate, fargate); 2];
            let mut world = written(pair(was), pair(is), true);
            live(&mut world, was);
            world.status.landed_at = Some(world.now - secs(late));
            let plan = world.plan();
            assert_eq!(made(&world, &plan), meaning, "{late} s old: {}", plan.report);
            assert_eq!(moves(&plan), None);
        }
    }
}

/// Going back is due, and EC2 has nobody to take it.
fn returning_to_the_dark(world: &mut World) {
    let signal = "latency".to_owned();
    world.verdict = (VerdictKind::RollBack, VerdictReason::ProvenWorse { signal });
    world.fleets.ec2.healthy = Some(0);
}

#[test]
fn while_traffic_has_to_go_back_no_difference_is_made_anything_of() {
    for is in [[(90, 10); 2], [(75, 25); 2], [(75, 25), (50, 50)]] {
        for has_landed in [false, true] {
            let mut world = written([(75, 25); 2], [(50, 50); 2], has_landed);
            world.weights = weights(&world, is);
            returning_to_the_dark(&mut world);
            let plan = world.plan();
            assert_eq!(made(&world, &plan), Made::Nothing, "{is:?}: {}", plan.report);
            assert_eq!(moves(&plan), None, "onto a dark side");
            let meant = plan.status.intended.map(|intended| intended.share);
            assert_eq!(meant, Some(Share::percent(50)), "{is:?}: the intent stands");
        }
    }
}

#[test]
fn a_failed_way_back_is_not_made_again_onto_a_dark_side() {
    for (is_dark, again) in [(false, true), (true, false)] {
        let mut world = written([(50, 50); 2], [(75, 25); 2], true);
        live(&mut world, 25);
        world.propagation = Propagation::Failed;
        if is_dark {
            returning_to_the_dark(&mut world);
        }
        assert_eq!(moves(&world.plan()).is_some(), again);
    }
}

#[test]
fn a_failed_change_is_not_made_again_in_a_freeze() {
    for (before, after) in [((50, 50), (75, 25)), ((75, 25), (50, 50))] {
        for freeze in [false, true] {
            let mut world = written([before; 2], [after; 2], true);
            world.weights = weights(&world, [after; 2]);
            world.propagation = Propagation::Failed;
            world.settings.freeze = freeze;
            assert_eq!(moves(&world.plan()).is_some(), !freeze, "to {after:?}");
        }
    }
}

#[test]
fn a_failure_of_other_weights_is_drift() {
    let mut world = written([(75, 25); 2], [(50, 50); 2], true);
    live(&mut world, 75);
    world.propagation = Propagation::Failed;
    assert_eq!(made(&world, &world.plan()), Made::Drifted);
}

#[test]
fn what_was_read_with_the_write_says_nothing_of_it() {
    for (lost, again) in [(2, Made::Again), (1, Made::Finished)] {
        let mut world = at(25);
        world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
        wait(&mut world, mins(121));
        world.lost_routes = lost;
        let sent = (0..5).find_map(|_| moves(&look(&mut world)));
        assert_eq!(sent, Some(Share::percent(50)));
        for _ in 0..2 {
            // Sent this instant, for the first or the second time.
            let plan = world.plan();
            assert_eq!(made(&world, &plan), Made::NotSettled, "{}", plan.report);
            wait(&mut world, secs(1));
            let plan = look(&mut world);
            assert_eq!(made(&world, &plan), again, "{}", plan.report);
            assert_eq!(moves(&plan), Some(Share::percent(50)));
        }
    }
}

#[test]
fn a_half_landed_step_is_finished_when_fargate_has_the_tasks() {
    // Half of 6,000 with growth and headroom are 3,960 a minute, 14 tasks of 300.
    for (healthy, finishes) in [(13, false), (14, true), (15, true)] {
        let mut world = written([(75, 25); 2], [(50, 50); 2], false);
        world.weights = weights(&world, [(75, 25), (50, 50)]);
        world.fleets.fargate.healthy = Some(healthy);
        assert_eq!(made(&world, &world.plan()) == Made::Finished, finishes, "{healthy} healthy");
    }
}

#[test]
fn a_half_landed_step_is_not_finished_on_what_is_not_known() {
    let mut world = written([(75, 25); 2], [(50, 50); 2], false);
    world.weights = weights(&world, [(75, 25), (50, 50)]);
    world.load_gap = Some(Gap::Throttled);
    let plan = world.plan();
    assert_eq!((made(&world, &plan), moves(&plan)), (Made::Other, None));
    world.load_gap = None;
    world.fleets.get_mut(Side::Fargate).safe_rpm = None;
    let plan = world.plan();
    assert_eq!((made(&world, &plan), moves(&plan)), (Made::Other, None));
}

#[test]
fn a_half_landed_step_is_not_finished_against_what_would_make_it_unsafe_now() {
    let common = VerdictReason::CommonMode { signal: "latency".to_owned() };
    let is_unproven = |reason: &Reason| matches!(reason, Reason::NotProven { .. });
    let is_deploying = |reason: &Reason| matches!(reason, Reason::DeploymentInProgress { .. });
    let is_other = |reason: &Reason| *reason == Reason::ReleasesDiffer;
    let is_unknown = |reason: &Reason| {
        matches!(reason, Reason::NotKnown { what: What::Targets | What::Scaling, .. })
    };
    let mut world = written([(75, 25); 2], [(50, 50); 2], false);
    world.weights = weights(&world, [(75, 25), (50, 50)]);
    assert_eq!(made(&world, &world.plan()), Made::Finished);
    for (edit, is_it) in [
        (
            Box::new(|world: &mut World| world.verdict = (VerdictKind::Hold, common.clone()))
                as Box<dyn Fn(&mut World)>,
            &is_unproven as &dyn Fn(&Reason) -> bool,
        ),
        (
            Box::new(|world| {
                let since = world.now;
                world.fleets.ec2.deployment = Deployment::InProgress { since };
            }),
            &is_deploying,
        ),
        (Box::new(|world| world.fleets.ec2.release = "app:v2".to_owned()), &is_other),
        (Box::new(|world| world.fleets.ec2.targets_gap = Some(Gap::Throttled)), &is_unknown),
        (Box::new(|world| world.fleets.fargate.scaling_gap = Some(Gap::Throttled)), &is_unknown),
    ] {
        let mut world = world.clone();
        edit(&mut world);
        let plan = world.plan();
        assert_eq!(moves(&plan), None, "{}", plan.report);
        let said = plan.report.lines.iter().find(|line| line.rule == Rule::Drift);
        let is_said = said.is_some_and(|line| match &line.said {
            Said::Refused(refusal) => is_it(&refusal.reason),
            Said::Open | Said::Done(_) => false,
        });
        assert!(is_said, "{}", plan.report);
    }
}

#[test]
fn an_observer_follows_whoever_moves_the_weights() {
    let mut world = with(25, |spec| spec["mode"] = serde_json::json!("observe"));
    for fargate in [50, 10] {
        wait(&mut world, mins(5));
        live(&mut world, fargate);
        let plan = look(&mut world);
        assert_eq!(made(&world, &plan), Made::Nothing, "{}", plan.report);
        let meant = world.status.intended.as_ref().map(|intended| intended.share);
        assert_eq!(meant, world.live());
        assert_eq!(world.status.latch, None);
    }
}
