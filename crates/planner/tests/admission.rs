//! Shared budgets (S7): who may step, who waits, and that going back never does.

mod world;

use std::collections::BTreeMap;

use model::Span;
use model::plan::{Plan, Reason};
use model::route::WeightPair;
use model::settings::Settings;
use model::spec::Router;
use model::verdict::{VerdictKind, VerdictReason};
use planner::{Grant, History, Proposal, admit, is_stepping};
use serde_json::json;

use world::{World, default_migration};

/// What a migration is about to do.
#[derive(Clone, Copy)]
enum Wants {
    FirstStep,
    NextStep,
    Rollback,
    Nothing,
}

fn migration(cluster: &str, wants: Wants) -> (World, Plan) {
    let mut spec = default_migration();
    spec["spec"]["ec2"]["cluster"] = json!(cluster);
    spec["spec"]["fargate"]["cluster"] = json!(cluster);
    let settings = json!({"apiVersion": "ferry/v1", "kind": "Settings"});
    let mut world = World::new(&spec, &settings);
    world.fleets.ec2.bounds = Some(model::observation::Bounds { min: 40, max: 100 });
    world.fleets.fargate.desired = 40;
    world.fleets.fargate.bounds = Some(model::observation::Bounds { min: 40, max: 100 });
    world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
    let pair = match wants {
        Wants::FirstStep => WeightPair { ec2: 100, fargate: 0 },
        Wants::NextStep | Wants::Rollback | Wants::Nothing => WeightPair { ec2: 75, fargate: 25 },
    };
    world.weights.values_mut().for_each(|route| *route = pair);
    let first = world.plan();
    if matches!(wants, Wants::FirstStep) {
        return (world, first);
    }
    world.carry_out(&first);
    world.now = world.now + Span::from_hours(2);
    match wants {
        Wants::Rollback => world.verdict.0 = VerdictKind::RollBack,
        Wants::Nothing => world.verdict.0 = VerdictKind::Hold,
        Wants::FirstStep | Wants::NextStep => {}
    }
    let plan = world.plan();
    (world, plan)
}

fn check(
    migrations: &[(&str, &str, Wants)],
    settings: &Settings,
    failures: usize,
    expected: &[(&str, Grant)],
) {
    check_through(None, migrations, settings, failures, expected);
}

/// As [`check`], with another router in all specs.
fn check_through(
    router: Option<&Router>,
    migrations: &[(&str, &str, Wants)],
    settings: &Settings,
    failures: usize,
    expected: &[(&str, Grant)],
) {
    let mut worlds: Vec<(World, Plan)> =
        migrations.iter().map(|(_, cluster, wants)| migration(cluster, *wants)).collect();
    for (world, _) in worlds.iter_mut().filter(|_| router.is_some()) {
        world.migration.spec.traffic.router = router.cloned();
    }
    let proposals: Vec<Proposal<'_>> = migrations
        .iter()
        .zip(&worlds)
        .map(|((name, ..), (world, plan))| Proposal {
            name,
            spec: &world.migration.spec,
            status: &world.status,
            plan,
        })
        .collect();
    let now = worlds[0].0.now;
    let rollbacks = (0..failures).map(|i| (now - Span::from_mins(5), format!("x{i}"))).collect();
    let grants = admit(now, &proposals, settings, &History { rollbacks });
    let expected: BTreeMap<String, Grant> =
        expected.iter().map(|(name, grant)| ((*name).to_owned(), grant.clone())).collect();
    assert_eq!(grants, expected);
}

fn full(stepping: u32) -> Grant {
    Grant::NoAdvance(Reason::StepBudget { stepping })
}

fn limits(stepping_at_once: u32, per_cluster: u32) -> Settings {
    let mut settings = Settings::default();
    settings.limits.stepping_at_once = stepping_at_once;
    settings.limits.per_cluster = per_cluster;
    settings
}

#[test]
fn places_are_given_by_name_and_never_taken_from_who_is_on_the_way() {
    use Wants::{FirstStep, NextStep, Nothing};
    let settings = limits(2, 2);
    check(
        &[("c", "x", NextStep), ("b", "y", FirstStep), ("a", "z", FirstStep)],
        &settings,
        0,
        &[("a", Grant::Open), ("b", full(2)), ("c", Grant::Open)],
    );
    // Who stands on a step has a place, whether it moves in this tick or not.
    check(
        &[("a", "x", FirstStep), ("y", "y", Nothing), ("z", "z", Nothing)],
        &settings,
        0,
        &[("a", full(2)), ("y", Grant::Open), ("z", Grant::Open)],
    );
}

#[test]
fn a_cluster_of_the_same_name_elsewhere_is_another_one() {
    let (ours, plan) = migration("x", Wants::FirstStep);
    let (mut theirs, their_plan) = migration("x", Wants::NextStep);
    let grant = |theirs: &World| {
        let proposal =
            |name, world: &World, plan| (name, world.migration.clone(), world.status.clone(), plan);
        let both = [proposal("a", &ours, &plan), proposal("b", theirs, &their_plan)];
        let proposals: Vec<Proposal<'_>> = both
            .iter()
            .map(|(name, migration, status, plan)| Proposal {
                name,
                spec: &migration.spec,
                status,
                plan,
            })
            .collect();
        admit(ours.now, &proposals, &limits(9, 1), &History::default())["a"].clone()
    };
    assert_eq!(grant(&theirs), full(1));
    theirs.migration.spec.aws.region = "us-east-1".to_owned();
    assert_eq!(grant(&theirs), Grant::Open);
    theirs.migration.spec.aws = ours.migration.spec.aws.clone();
    theirs.migration.spec.aws.assume_role_arn = Some("arn:aws:iam::2:role/ferry".to_owned());
    assert_eq!(grant(&theirs), Grant::Open, "a role stands for its account");
}

#[test]
fn a_cluster_has_a_limit_of_its_own() {
    use Wants::{FirstStep, NextStep};
    check(
        &[("a", "x", FirstStep), ("b", "x", NextStep), ("c", "y", FirstStep)],
        &limits(9, 1),
        0,
        &[("a", full(1)), ("b", Grant::Open), ("c", Grant::Open)],
    );
}

#[test]
fn the_brake_stops_steps_and_never_a_rollback() {
    use Wants::{FirstStep, NextStep, Rollback};
    let brake = Grant::NoAdvance(Reason::Brake { failures: 2 });
    check(
        &[("a", "x", FirstStep), ("b", "y", NextStep), ("c", "z", Rollback)],
        &limits(9, 9),
        2,
        &[("a", brake.clone()), ("b", brake), ("c", Grant::Open)],
    );
}

#[test]
fn rollbacks_use_calls_first_and_steps_get_what_is_left() {
    use Wants::{FirstStep, Rollback};
    let mut settings = limits(9, 9);
    let budget = json!({"perSecond": 1.0, "burst": 2});
    let budget = serde_json::from_value(budget).expect("a budget");
    let _before = settings.api_budgets.insert("route53".parse().expect("a name"), budget);
    let refused = Grant::NoAdvance(Reason::ApiBudget { api: "route53".to_owned() });
    check(
        &[("a", "x", FirstStep), ("b", "y", FirstStep), ("r", "z", Rollback)],
        &settings,
        0,
        &[("a", Grant::Open), ("b", refused), ("r", Grant::Open)],
    );
}

#[test]
fn who_is_on_the_way_gets_the_last_call_before_who_begins() {
    use Wants::{FirstStep, NextStep};
    let mut settings = limits(9, 9);
    let budget = json!({"perSecond": 1.0, "burst": 1});
    let budget = serde_json::from_value(budget).expect("a budget");
    let _before = settings.api_budgets.insert("route53".parse().expect("a name"), budget);
    let refused = Grant::NoAdvance(Reason::ApiBudget { api: "route53".to_owned() });
    check(
        &[("a", "x", FirstStep), ("z", "y", NextStep)],
        &settings,
        0,
        &[("a", refused), ("z", Grant::Open)],
    );
}

#[test]
fn a_step_counts_the_calls_that_its_router_makes() {
    use Wants::FirstStep;
    let route53 = |instances: usize| {
        let instances: Vec<_> = (0..instances).map(|id| json!({"id": format!("i{id}")})).collect();
        json!({"type": "route53TrafficPolicy", "instances": instances, "ec2Endpoint": "ec2",
            "fargateEndpoint": "fargate"})
    };
    let rules = json!({"type": "albWeighted", "ruleArns": ["a", "b", "c"],
        "ec2TargetGroupArn": "e", "fargateTargetGroupArn": "f"});
    for (router, api, calls) in
        [(route53(1), "route53", 3), (route53(2), "route53", 6), (rules, "elasticloadbalancing", 3)]
    {
        let router: Router = serde_json::from_value(router).expect("a router");
        // Calls that are more than the budget by themselves are made when nobody else makes any.
        for (burst, is_enough) in [(2 * calls, true), (2 * calls - 1, false), (calls - 1, false)] {
            let mut settings = limits(9, 9);
            let budget = json!({"perSecond": 1.0, "burst": burst});
            let budget = serde_json::from_value(budget).expect("a budget");
            let _before = settings.api_budgets.insert(api.parse().expect("a name"), budget);
            let refused = Grant::NoAdvance(Reason::ApiBudget { api: api.to_owned() });
            let second = if is_enough { Grant::Open } else { refused };
            check_through(
                Some(&router),
                &[("a", "x", FirstStep), ("b", "y", FirstStep)],
                &settings,
                0,
                &[("a", Grant::Open), ("b", second)],
            );
        }
    }
}

#[test]
fn a_refused_step_says_why_when_it_is_planned_again() {
    let (mut world, _) = migration("x", Wants::FirstStep);
    world.grant = full(3);
    let plan = world.plan();
    assert!(plan.actions.is_empty());
    let reasons: Vec<String> = plan.report.refusals().map(ToString::to_string).collect();
    assert_eq!(reasons, ["3 other migrations are on their way and no more may be."]);
    assert_eq!(plan.status.intended.map(|intended| intended.share), world.live());
}

#[test]
fn the_brake_counts_automatic_rollbacks_once_and_forgets_them() {
    let (mut world, plan) = migration("x", Wants::Rollback);
    world.carry_out(&plan);
    let mut history = History::default();
    history.note("api", &world.status);
    history.note("api", &world.status);
    assert_eq!(history.rollbacks.len(), 1);
    assert!(!is_stepping(&world.status));
    history.forget(world.now + Span::from_hours(23), &Settings::default());
    assert_eq!(history.rollbacks.len(), 1);
    history.forget(world.now + Span::from_hours(24), &Settings::default());
    assert!(history.rollbacks.is_empty());
}

#[test]
fn who_has_arrived_gives_its_place_back_and_who_is_under_way_keeps_it() {
    let percent = model::Share::percent;
    let (world, _) = migration("x", Wants::NextStep);
    let mut status = world.status;
    let step = status.step.as_mut().expect("it stands on a step");
    step.share = percent(25);
    status.share.set = Some(percent(25));
    status.share.wanted = Some(percent(25));
    assert!(!is_stepping(&status), "it is where it is wanted");
    status.share.set = Some(percent(10));
    assert!(is_stepping(&status), "its step has not landed");
    // What is held back for the bake is not on Fargate yet, and nothing moves.
    status.share.set = Some(percent(25));
    status.share.wanted = Some(percent(100));
    assert!(is_stepping(&status), "it has a way to go");
    status.full_since = Some(world.now);
    assert!(!is_stepping(&status), "it bakes");
}

#[test]
fn a_rollback_counts_against_the_brake_for_its_window_and_not_a_moment_longer() {
    let (world, plan) = migration("x", Wants::FirstStep);
    let mut settings = limits(9, 9);
    settings.limits.failures_before_brake = 1;
    let proposal =
        Proposal { name: "a", spec: &world.migration.spec, status: &world.status, plan: &plan };
    let window = settings.limits.brake_window;
    for (later, is_open) in [(Span::ZERO, true), (Span::from_millis(1), false)] {
        // As long ago as the window, and a moment less.
        let at = world.now - window + later;
        let history = History { rollbacks: vec![(at, "b".to_owned())] };
        let grants = admit(world.now, &[proposal], &settings, &history);
        assert_eq!(grants["a"] == Grant::Open, is_open, "{at}");
    }
}

#[test]
fn who_prepares_its_step_takes_a_place_as_well() {
    let none = model::observation::Bounds { min: 0, max: 100 };
    let mut worlds = ["x", "y"].map(|cluster| migration(cluster, Wants::FirstStep).0);
    for world in &mut worlds {
        world.fleets.fargate.desired = 0;
        world.fleets.fargate.bounds = Some(none);
    }
    let plans: Vec<Plan> = worlds.iter().map(World::plan).collect();
    assert!(plans.iter().all(|plan| !plan.actions.iter().any(model::action::Action::is_advance)));
    let proposals: Vec<Proposal<'_>> = ["a", "b"]
        .iter()
        .zip(worlds.iter().zip(&plans))
        .map(|(name, (world, plan))| Proposal {
            name,
            spec: &world.migration.spec,
            status: &world.status,
            plan,
        })
        .collect();
    let grants = admit(worlds[0].now, &proposals, &limits(1, 9), &History::default());
    assert_eq!((&grants["a"], &grants["b"]), (&Grant::Open, &full(1)));
}
