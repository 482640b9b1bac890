//! What holds for every plan, whatever the world and its people do (the numbers are those of
//! the invariants): S2 to S6, C3, L1, and that nothing a reading can hold makes a pass panic.

mod world;

use model::action::{Action, Direction};
use model::observation::{Bounds, Deployment, Gap};
use model::plan::Plan;
use model::route::{Propagation, WeightPair};
use model::spec::{Mode, Target};
use model::status::Said;
use model::verb::Verb;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};
use proptest::prelude::*;
use serde_json::json;

use world::{World, default_migration};

/// One thing that happens to the world.
#[derive(Debug, Clone)]
enum Change {
    Pass(u8),
    Healthy(Side, Option<u32>),
    Bounds(Side, Option<(u32, u32)>),
    Unknown(Side, bool),
    Deployment(Side, bool),
    Release(Side, u8),
    Weights(usize, u32, u32),
    RoutesUnknown(bool),
    Spread(Propagation),
    LoadUnknown(bool),
    Load(f64, f64),
    Safe(Side, Option<f64>),
    Rpm(Side, Option<f64>),
    Verdict(VerdictKind, VerdictReason),
    VerdictAge(i64),
    Say(Verb),
    Attempt,
    Paused(bool),
    Mode(bool),
    Freeze(bool),
    Lose(usize),
    Forget,
    Steps(Vec<u16>),
    Share(Option<u16>),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Ec2), Just(Side::Fargate)]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..20_000.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-1.0),
        1 => Just(0.0),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN_POSITIVE),
    ]
}

fn verdict() -> impl Strategy<Value = (VerdictKind, VerdictReason)> {
    let signal = "latency".to_owned();
    prop_oneof![
        4 => Just((VerdictKind::Advance, VerdictReason::ProvenSafe)),
        2 => Just((VerdictKind::Hold, VerdictReason::Collecting)),
        1 => Just((VerdictKind::Hold, VerdictReason::MissingData { side: Side::Fargate })),
        1 => Just((VerdictKind::Hold, VerdictReason::CommonMode { signal: signal.clone() })),
        1 => Just((VerdictKind::RollBack, VerdictReason::ProvenWorse { signal: signal.clone() })),
        1 => Just((VerdictKind::RollBack, VerdictReason::Guard { signal })),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        12 => (0_u8..6).prop_map(Change::Pass),
        2 => (side(), prop::option::of(0_u32..60)).prop_map(|(s, n)| Change::Healthy(s, n)),
        1 => (side(), prop::option::of((0_u32..50, 0_u32..150)))
            .prop_map(|(s, b)| Change::Bounds(s, b)),
        1 => (side(), any::<bool>()).prop_map(|(s, u)| Change::Unknown(s, u)),
        1 => (side(), any::<bool>()).prop_map(|(s, d)| Change::Deployment(s, d)),
        1 => (side(), 0_u8..2).prop_map(|(s, r)| Change::Release(s, r)),
        1 => (0_usize..3, 0_u32..101, 0_u32..101).prop_map(|(r, e, f)| Change::Weights(r, e, f)),
        1 => any::<bool>().prop_map(Change::RoutesUnknown),
        1 => (0_usize..4).prop_map(|at| Change::Spread([
            Propagation::Pending,
            Propagation::Failed,
            Propagation::Divided,
            Propagation::InSync { since: None },
        ][at])),
        1 => any::<bool>().prop_map(Change::LoadUnknown),
        1 => (number(), number()).prop_map(|(now, peak)| Change::Load(now, peak)),
        1 => (side(), prop::option::of(number())).prop_map(|(s, rpm)| Change::Safe(s, rpm)),
        1 => (side(), prop::option::of(number())).prop_map(|(s, rpm)| Change::Rpm(s, rpm)),
        4 => verdict().prop_map(|(kind, reason)| Change::Verdict(kind, reason)),
        1 => (-5_i64..40).prop_map(Change::VerdictAge),
        1 => prop::sample::select(vec![
            Verb::Pause,
            Verb::Advance,
            Verb::Rollback,
            Verb::Pin { share: Share::percent(10) },
            Verb::Freeze,
        ])
        .prop_map(Change::Say),
        2 => Just(Change::Say(Verb::Resume)),
        2 => Just(Change::Attempt),
        1 => any::<bool>().prop_map(Change::Paused),
        1 => any::<bool>().prop_map(Change::Mode),
        1 => any::<bool>().prop_map(Change::Freeze),
        1 => (0_usize..3).prop_map(Change::Lose),
        1 => Just(Change::Forget),
        1 => prop::collection::vec(1_u16..1000, 0..5).prop_map(Change::Steps),
        1 => prop::option::of(0_u16..1001).prop_map(Change::Share),
    ]
}

fn happen(world: &mut World, change: &Change) {
    match change.clone() {
        Change::Pass(_) => {}
        Change::Healthy(side, healthy) => world.fleets.get_mut(side).healthy = healthy,
        Change::Bounds(side, bounds) => {
            world.fleets.get_mut(side).bounds =
                bounds.map(|(min, more)| Bounds { min, max: min + more });
        }
        Change::Unknown(side, unknown) => {
            world.fleets.get_mut(side).targets_gap = unknown.then_some(Gap::Failed);
        }
        Change::Deployment(side, is_steady) => {
            world.fleets.get_mut(side).deployment = if is_steady {
                Deployment::Steady
            } else {
                Deployment::InProgress { since: world.now }
            };
        }
        Change::Release(side, name) => {
            world.fleets.get_mut(side).release = format!("app:v{name}");
        }
        Change::Weights(route, ec2, fargate) => {
            for (i, pair) in world.weights.values_mut().enumerate() {
                if route == i || route == 2 {
                    *pair = WeightPair { ec2, fargate };
                }
            }
        }
        Change::RoutesUnknown(unknown) => world.split_gap = unknown.then_some(Gap::Throttled),
        Change::Spread(propagation) => world.propagation = propagation,
        Change::LoadUnknown(unknown) => world.load_gap = unknown.then_some(Gap::Partial),
        Change::Load(now, peak) => (world.now_rpm, world.peak_rpm) = (now, peak),
        Change::Safe(side, rpm) => world.fleets.get_mut(side).safe_rpm = rpm,
        Change::Rpm(side, rpm) => world.fleets.get_mut(side).rpm = rpm,
        Change::Verdict(kind, reason) => world.verdict = (kind, reason),
        Change::VerdictAge(age) => world.verdict_age = age,
        Change::Say(verb) => say(world, verb),
        Change::Attempt => world.migration.spec.attempt += 1,
        Change::Paused(paused) => world.migration.spec.paused = paused,
        Change::Mode(act) => {
            world.migration.spec.mode = if act { Mode::Act } else { Mode::Observe };
        }
        Change::Freeze(freeze) => world.settings.freeze = freeze,
        Change::Lose(routes) => world.lost_routes = routes,
        Change::Forget => world.status = model::status::Status::default(),
        Change::Steps(mut steps) => {
            steps.sort_unstable();
            if let Target::Rollout(rollout) = &mut world.migration.spec.traffic.target {
                rollout.steps = steps.into_iter().filter_map(Share::from_per_mille).collect();
                rollout.steps.push(Share::FULL);
            }
        }
        Change::Share(share) => {
            let rollout = model::spec::Rollout::default();
            world.migration.spec.traffic.target = share
                .and_then(Share::from_per_mille)
                .map_or(Target::Rollout(rollout), Target::Share);
        }
    }
}

/// What is refused changes nothing, and is as good a world as any.
fn say(world: &mut World, verb: Verb) {
    let said = Said { who: "alice".to_owned(), at: world.now };
    world.status.hear(verb, said).ok();
}

/// What holds for one plan.
fn check(world: &World, plan: &Plan) -> Result<(), TestCaseError> {
    let may_write = world.migration.spec.mode == Mode::Act && !world.settings.freeze;
    prop_assert!(may_write || plan.actions.is_empty(), "writes in observe mode or a freeze");
    let advances = plan.actions.iter().any(Action::is_advance);
    let returns = plan.actions.iter().any(Action::is_rollback);
    prop_assert!(!(advances && returns), "goes both ways");
    for (i, action) in plan.actions.iter().enumerate() {
        if let Action::SetWeights { .. } = action {
            prop_assert!(!returns || i == 0, "going back is not the first write");
        }
        check_action(world, plan, action)?;
    }
    Ok(())
}

fn check_action(world: &World, plan: &Plan, action: &Action) -> Result<(), TestCaseError> {
    match action {
        Action::SetWeights { share, expected, weights, direction, .. } => {
            prop_assert_eq!(expected, &world.weights, "expects what was not seen");
            prop_assert!(expected.keys().eq(weights.keys()), "routes must move together");
            prop_assert!(weights.values().all(|pair| pair.share().is_some()), "S2: no weight");
            let intended = plan.status.intended.as_ref().expect("an intent");
            prop_assert_eq!(&intended.after, weights, "C2: the intent is remembered");
            match direction {
                Direction::Advance => check_advance(world, *share)?,
                Direction::RollBack => {
                    let seen = world.observation();
                    let split = seen.split.value();
                    let live = split.and_then(|s| s.share_max());
                    // A change that AWS could not make is asked for again.
                    let repeats = split.is_some_and(|s| s.propagation == Propagation::Failed);
                    let falls = Some(*share) < live || (repeats && Some(*share) == live);
                    prop_assert!(falls, "S4: going back rises");
                    let ec2 = &world.fleets.ec2;
                    let dark = ec2.targets_gap.is_none() && world.healthy(Side::Ec2) == 0;
                    prop_assert!(!dark, "S2: onto a dark side");
                }
                Direction::Finish => {}
            }
        }
        Action::SetBounds { side, expected, bounds } => {
            prop_assert_eq!(Some(*expected), world.fleets.get(*side).bounds);
            prop_assert!(bounds.min <= bounds.max);
            let floor = plan.status.floors.get(*side).unwrap_or(0).min(bounds.max);
            prop_assert!(bounds.min >= floor, "S5: below what is promised");
        }
        Action::SetDesired { side, expected, desired } => {
            prop_assert_eq!(*expected, world.fleets.get(*side).desired);
            prop_assert!(desired > expected, "tasks are never taken away by hand");
            let fleet = world.fleets.get(*side);
            prop_assert!(fleet.bounds.is_none() || fleet.suspended, "against a scalable target");
        }
        Action::PutScheduled { .. } | Action::DeleteScheduled { .. } => {}
    }
    Ok(())
}

fn check_advance(world: &World, share: Share) -> Result<(), TestCaseError> {
    let live = world.live().expect("routes that agree");
    let spec = &world.migration.spec;
    prop_assert!(live < share, "S4: a step forward that falls");
    prop_assert!(share <= live.plus(spec.traffic.step_max), "S4: more than one step");
    let latched = world.status.latch.as_ref();
    prop_assert!(latched.is_none_or(|latch| latch.attempt < spec.attempt), "S6: latched");
    prop_assert!(world.status.verbs.rollback.is_none() && world.status.verbs.pause.is_none());
    prop_assert!(!spec.paused);
    prop_assert!(world.load_gap.is_none() && world.split_gap.is_none(), "S3: on what is unknown");
    // Before the first step there is nothing that could be judged.
    let judged = live > Share::ZERO;
    prop_assert!(!judged || world.verdict.0 != VerdictKind::RollBack, "S3: against the judge");
    for side in Side::ALL {
        let fleet = world.fleets.get(side);
        prop_assert!(fleet.targets_gap.is_none(), "S3: on unknown health");
        prop_assert!(fleet.deployment == Deployment::Steady);
        let safe = fleet.safe_rpm.expect("S3: a safe load");
        let part = if side == Side::Fargate { share.ratio() } else { 1.0 };
        let carried = f64::from(world.healthy(side)) * safe;
        prop_assert!(carried >= part * world.now_rpm, "S1, S5: {side} cannot carry it");
    }
    prop_assert_eq!(&world.fleets.ec2.release, &world.fleets.fargate.release);
    // Proof is asked for above the crash check, unless it is the write of a proven step that
    // is sent again, or an operator's word.
    let resent = world.status.intended.as_ref().is_some_and(|i| i.after != world.weights);
    let told = world.status.verbs.advance.is_some();
    if live >= planner::CRASH_CHECK_BELOW && !resent && !told {
        prop_assert_eq!(world.verdict.0, VerdictKind::Advance, "S3: without proof");
        prop_assert!((0..=15).contains(&world.verdict_age), "S3: on old or future proof");
    }
    Ok(())
}

/// The second opinion, written without reading the planner, has nothing fatal to say.
fn second_opinion(world: &World, plan: &Plan) -> Result<(), TestCaseError> {
    let (observation, verdict) = world.scene();
    let audited = audit::audit(
        &audit::Input {
            now: world.now,
            spec: &world.migration.spec,
            settings: &world.settings,
            status: &world.status,
            observation: &observation,
            verdict: &verdict,
            fleet: Some(audit::Fleet::default()),
        },
        plan,
    );
    let cause = audited.cause().map(|finding| format!("{finding:?}"));
    prop_assert!(cause.is_none(), "{}\n{}", cause.unwrap_or_default(), plan.report);
    Ok(())
}

fn bytes(plan: &Plan) -> String {
    format!("{plan:?}")
}

fn world() -> World {
    World::new(&default_migration(), &json!({"apiVersion": "ferry/v1", "kind": "Settings"}))
}

/// All faults stop, and everybody is content.
fn heal(world: &mut World) {
    world.settings.freeze = false;
    world.migration.spec.mode = Mode::Act;
    world.migration.spec.paused = false;
    world.migration.spec.attempt += 1;
    say(world, Verb::Resume);
    world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
    world.verdict_age = 3;
    (world.now_rpm, world.peak_rpm) = (6_000.0, 9_000.0);
    (world.split_gap, world.load_gap, world.lost_routes) = (None, None, 0);
    world.propagation = Propagation::InSync { since: None };
    let agreed = world.weights.values().next().copied().filter(|pair| pair.share().is_some());
    let pair = agreed.unwrap_or(WeightPair { ec2: 100, fargate: 0 });
    world.weights.values_mut().for_each(|route| *route = pair);
    for side in Side::ALL {
        let before = world.fleets.get(side).clone();
        *world.fleets.get_mut(side) = world::fleet(before.desired.clamp(2, 100), 2, 100);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_breaks_a_promise(changes in prop::collection::vec(change(), 1..80)) {
        let mut world = world();
        for change in &changes {
            happen(&mut world, change);
            if let Change::Pass(pace) = change {
                let plan = world.plan();
                prop_assert_eq!(bytes(&plan), bytes(&world.plan()), "C3: not a function");
                check(&world, &plan)?;
                second_opinion(&world, &plan)?;
                world.carry_out(&plan);
                let pace = [1, 5, 20, 61, 240, 1_500][usize::from(*pace)];
                world.now = world.now + Span::from_mins(pace);
            }
        }
    }

    #[test]
    fn a_healed_world_arrives_and_then_nothing_is_written(
        changes in prop::collection::vec(change(), 1..50),
    ) {
        let mut world = world();
        for change in &changes {
            happen(&mut world, change);
            if let Change::Pass(_) = change {
                let plan = world.plan();
                world.carry_out(&plan);
                world.now = world.now + Span::from_mins(1);
            }
        }
        heal(&mut world);
        for _ in 0..2_500 {
            let plan = world.plan();
            check(&world, &plan)?;
            second_opinion(&world, &plan)?;
            world.carry_out(&plan);
            world.now = world.now + Span::from_mins(9);
        }
        let goal = world.status.share.wanted.expect("a goal");
        let live = world.live().expect("routes that agree");
        prop_assert!(
            live.per_mille().abs_diff(goal.per_mille()) <= 4,
            "L1: at {} of {}: {}", live, goal, world.plan().report
        );
        for _ in 0..20 {
            let plan = world.plan();
            prop_assert!(plan.actions.is_empty(), "L1: not quiet: {:?}", plan.actions);
            world.carry_out(&plan);
            world.now = world.now + Span::from_mins(9);
        }
    }

    #[test]
    fn a_breach_that_lasts_empties_fargate(
        share in 1_u16..=1000,
        healthy in prop::option::of(1_u32..40),
        reason in 0_u8..2,
    ) {
        let mut world = world();
        let share = Share::from_per_mille(share).expect("a share");
        world.weights.values_mut().for_each(|pair| *pair = WeightPair::for_share(share, 255));
        world.fleets.ec2.healthy = healthy;
        let signal = "latency".to_owned();
        world.verdict = (VerdictKind::RollBack, match reason {
            0 => VerdictReason::ProvenWorse { signal },
            _ => VerdictReason::Guard { signal },
        });
        for minute in 0..30 {
            // Tasks start within two minutes of their floor.
            if minute == 2 {
                world.fleets.ec2.healthy = None;
            }
            let plan = world.plan();
            check(&world, &plan)?;
            world.carry_out(&plan);
            world.now = world.now + Span::from_mins(1);
            if minute >= 4 {
                prop_assert_eq!(world.live(), Some(Share::ZERO), "L2: not within five minutes");
            }
        }
    }
}
