use capacity::scaling::PolicyRequest;
use capacity::steps::AdjustmentType;
use model::spec::World;
use tuning::lint::{Ceiling, Context, Lint, LintId, lint};
use tuning::load::Load;
use tuning::noise::Noise;
use tuning::physics::Physics;
use tuning::shape::{HAND, Shape, Step};

use crate::made::{days, names, world};

fn found(
    policy: &[PolicyRequest],
    world: &World,
    more: (Option<Ceiling>, Option<f64>),
) -> Vec<Lint> {
    let load: Load = days(2);
    let physics = Physics::new(world).unwrap();
    let noise = Noise::new(1, load.ticks().len());
    let (ceiling, ratio) = more;
    lint(policy, &Context { physics: &physics, load: &load, noise: &noise, ceiling, ratio })
        .unwrap()
}

fn step(step: Step) -> Vec<PolicyRequest> {
    Shape::Step(step).requests(&names())
}

fn ids(lints: &[Lint]) -> Vec<LintId> {
    lints.iter().map(|lint| lint.id).collect()
}

/// Nothing to say: its cooldown is that of a start, its steps are reached.
const CLEAN: Step = Step { out_cooldown: 180, ..HAND };

#[test]
fn a_sound_policy_gives_no_finding() {
    assert_eq!(found(&step(CLEAN), &world(), (None, None)), []);
}

/// A node with one event loop on two vCPU tops out near 50 %: the alarm at 60 % never fires.
#[test]
fn a_threshold_above_a_fitted_ceiling_is_found_and_leaving_it_costs_the_objective() {
    let ceiling = Ceiling { percent: 55.0, sigma: 1.0 };
    let lints = found(&step(CLEAN), &world(), (Some(ceiling), None));
    assert_eq!(ids(&lints), [LintId::ThresholdUnreachable]);
    let dead = step(Step { out_threshold: 99.0, ..CLEAN });
    let lints = found(&dead, &world(), (None, None));
    assert_eq!(ids(&lints), [LintId::ThresholdUnreachable]);
    assert!(lints[0].cost.slow_percent > 1.0 && lints[0].cost.bad_minutes > 100.0, "{lints:?}");
    assert!(lints[0].remedy.contains("60 %"), "{}", lints[0].remedy);
}

#[test]
fn steps_tuned_above_a_hundred_percent_are_dead() {
    let dead = step(Step { bounds: [20.0, 60.0], ..CLEAN });
    let lints = found(&dead, &world(), (None, None));
    assert_eq!(ids(&lints), [LintId::StepUnreachable]);
    assert!(
        lints[0].sentence.starts_with("1 of its steps begin at 120 %"),
        "{}",
        lints[0].sentence
    );
}

#[test]
fn what_is_counted_in_tasks_shrinks_with_them() {
    let tasks = step(Step {
        adjustment_type: AdjustmentType::ChangeInCapacity,
        adjustments: [10, 30, 60],
        ..CLEAN
    });
    let lints = found(&tasks, &world(), (None, Some(0.8)));
    assert_eq!(ids(&lints), [LintId::StepsShrink, LintId::BoundsToRescale]);
    assert!(lints[1].remedy.contains("13 to 375"), "{}", lints[1].remedy);
    assert_eq!(ids(&found(&tasks, &world(), (None, Some(1.0)))), []);
}

#[test]
fn cooldowns_are_held_against_the_start_of_tasks() {
    let long = found(&step(Step { out_cooldown: 600, ..HAND }), &world(), (None, None));
    assert_eq!(ids(&long), [LintId::CooldownOutlastsStart]);
    let short = found(&step(Step { out_cooldown: 30, ..HAND }), &world(), (None, None));
    assert_eq!(ids(&short), [LintId::CooldownEndsBeforeStart]);
}

#[test]
fn percent_of_few_tasks_are_truncated() {
    let world = World { min: 19, ..world() };
    let lints = found(&step(CLEAN), &world, (None, None));
    assert_eq!(ids(&lints), [LintId::PercentTruncated]);
    assert!(lints[0].sentence.contains("10 % of 19 tasks are 1.9, and 1 are added"));
}

#[test]
fn a_maximum_below_the_peak_is_found() {
    let world = World { max: 60, ..world() };
    let lints = found(&step(CLEAN), &world, (None, None));
    assert_eq!(ids(&lints), [LintId::MaxTooLow]);
    assert!(lints[0].cost.bad_minutes > 10.0, "{lints:?}");
}

#[test]
fn scheduled_actions_that_contradict_each_other_at_one_instant_are_found_once() {
    let action = |name: &str, min: u32| -> PolicyRequest {
        serde_json::from_value(serde_json::json!({"PutScheduledAction": {
            "ScheduledActionName": name, "ServiceNamespace": "ecs",
            "ResourceId": "service/prd/api", "ScalableDimension": "ecs:service:DesiredCount",
            "Schedule": "cron(56 11 * * ? *)", "ScalableTargetAction": {"MinCapacity": min},
        }}))
        .unwrap()
    };
    let mut policy = step(CLEAN);
    policy.extend([action("evening", 20), action("noon", 120)]);
    let lints = found(&policy, &world(), (None, None));
    assert_eq!(ids(&lints), [LintId::ScheduledConflict]);
    assert_eq!(lints[0].subject, "evening");
    let mut same = step(CLEAN);
    same.extend([action("evening", 120), action("noon", 120)]);
    assert_eq!(ids(&found(&same, &world(), (None, None))), []);
}
