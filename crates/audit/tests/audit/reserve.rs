//! S5, and S1 where it is a floor.

use audit::Invariant::{O2, S1, S5};
use model::action::{Action, Direction};
use model::observation::{Gap, Scaling, Seen};
use model::{PerSide, Side};

use crate::case::{
    Case, EC2_NEEDS, FARGATE_NEEDS, advance, ago, broken, doing, expect, scheduled, set_bounds,
    weights,
};

/// What 10 % of 7,200 requests a minute need at 80 a task.
const FARGATE_NEEDS_NOW: u32 = 9;

fn floor(side: Side, min: u32) -> Case {
    doing(vec![set_bounds(side, (100, 600), (min, 600))])
}

fn ceiling(side: Side, max: u32) -> Case {
    doing(vec![set_bounds(side, (100, 600), (50.min(max), max))])
}

#[test]
fn ec2_keeps_what_all_traffic_needs() {
    expect("lowered to the need", &floor(Side::Ec2, EC2_NEEDS), &[]);
    expect("lowered below it", &floor(Side::Ec2, EC2_NEEDS - 1), &[S5]);
    let raised = doing(vec![set_bounds(Side::Ec2, (10, 600), (20, 600))])
        .with(|case| case.scaling(Side::Ec2).bounds.min = 10);
    expect("raised, if not enough", &raised, &[]);
    let drained = floor(Side::Ec2, 1).with(|case| case.status.drained_at = Some(ago(1)));
    expect("drained", &drained, &[]);
}

#[test]
fn a_floor_does_not_fall_when_nobody_knows_what_is_needed() {
    for spoil in [
        |case: &mut Case| case.observation.load = Seen::unknown(Gap::Failed),
        |case: &mut Case| case.load().peak_rpm = f64::NAN,
        |case: &mut Case| case.load().now_rpm = f64::INFINITY,
        |case: &mut Case| case.load().safe_per_task_rpm.ec2 = None,
    ] {
        expect("unknown", &floor(Side::Ec2, 99).with(spoil), &[S5]);
    }
    expect(
        "demand beyond the peak",
        &floor(Side::Ec2, 99).with(|case| {
            case.load().now_rpm = 9000.0;
        }),
        &[S5],
    );
}

#[test]
fn a_maximum_keeps_room_for_all_traffic() {
    let lowered = |max| {
        ceiling(Side::Ec2, max).with(|case| {
            case.scaling(Side::Ec2).bounds.min = 50;
            let [Action::SetBounds { expected, .. }] = case.plan.actions.as_mut_slice() else {
                return;
            };
            expected.min = 50;
        })
    };
    expect("the need", &lowered(EC2_NEEDS), &[]);
    expect("below it", &lowered(EC2_NEEDS - 1), &[S5]);
    let crossed = doing(vec![set_bounds(Side::Ec2, (100, 600), (601, 600))]);
    expect("a minimum above the maximum", &crossed, &[S5]);
    let fixed = doing(vec![set_bounds(Side::Ec2, (100, 600), (600, 600))]);
    expect("a minimum that is the maximum", &fixed, &[]);
}

#[test]
fn with_all_traffic_on_ec2_its_own_scaling_is_enough() {
    let back = |fargate_rpm: Option<f64>| {
        floor(Side::Ec2, 10).with(|case| {
            case.live(weights(0));
            case.load().side_rpm = PerSide { ec2: Some(6000.0), fargate: fargate_rpm };
        })
    };
    expect("quiet", &back(Some(60.0)), &[]);
    expect("clients still come", &back(Some(61.0)), &[S5]);
    expect("not known", &back(None), &[S5]);
    expect("not a number", &back(Some(f64::NAN)), &[S5]);
    let unused = back(Some(0.0)).with(|case| case.live(weights(100)));
    expect("weights that nobody follows yet", &unused, &[S5]);
    let dark = back(Some(0.0)).with(|case| {
        let pair = model::route::WeightPair { ec2: 0, fargate: 0 };
        case.live(weights(0).into_keys().map(|key| (key, pair)).collect());
    });
    expect("no weight at all", &dark, &[S5]);
    let leaving = back(Some(0.0)).with(|case| {
        let bounds = case.plan.actions.remove(0);
        case.moves(0, 10, Direction::Advance);
        case.plan.actions.push(bounds);
    });
    assert!(broken(leaving.audit().findings()).contains(&S5), "not while traffic leaves it");
}

#[test]
fn fargate_keeps_what_its_share_needs() {
    expect("lowered to the need", &floor(Side::Fargate, FARGATE_NEEDS_NOW), &[]);
    expect("lowered below it", &floor(Side::Fargate, FARGATE_NEEDS_NOW - 1), &[S1]);
    let stepping = |min| {
        advance().with(|case| {
            case.plan.actions.push(set_bounds(Side::Fargate, (100, 600), (min, 600)));
        })
    };
    expect("the need after the step", &stepping(FARGATE_NEEDS), &[]);
    expect("below the need after the step", &stepping(FARGATE_NEEDS - 1), &[S1]);
    let rolled_back = |min| {
        floor(Side::Fargate, min).with(|case| {
            case.live(weights(0));
            case.load().side_rpm.fargate = Some(600.0);
        })
    };
    // 600 requests a minute that grow by 1.2 are 9 tasks at 80 each, whatever the weights say.
    expect("clients still come", &rolled_back(9), &[]);
    expect("fewer than they need", &rolled_back(8), &[S1]);
    let unknown = rolled_back(99).with(|case| case.load().side_rpm.fargate = None);
    expect("not known what comes", &unknown, &[S1]);
}

#[test]
fn no_scheduled_action_takes_the_reserve_away() {
    let put = |name: &str, min, max| {
        doing(vec![Action::PutScheduled {
            side: Side::Ec2,
            scheduled: scheduled(name, 60, min, max),
        }])
    };
    expect("to the need", &put("ferry-a", Some(EC2_NEEDS), None), &[]);
    expect("below it", &put("ferry-a", Some(EC2_NEEDS - 1), None), &[S5]);
    expect("a maximum below it", &put("ferry-a", None, Some(EC2_NEEDS - 1)), &[S5]);
    expect("crossed", &put("ferry-a", Some(300), Some(200)), &[S5]);
    expect("fixed", &put("ferry-a", Some(300), Some(300)), &[]);
    let unknown = put("ferry-a", Some(99), None).with(|case| {
        case.observation.load = Seen::unknown(Gap::Failed);
    });
    expect("nobody knows", &unknown, &[S5]);
}

#[test]
fn what_was_left_pending_is_found() {
    let pending = |name: &str| {
        doing(Vec::new()).with(|case| {
            let pending = scheduled(name, 60, Some(10), None);
            case.scaling(Side::Ec2).scheduled = vec![pending];
        })
    };
    expect("Ferry's own", &pending("ferry-back"), &[S5]);
    let others = pending("nightly");
    expect("somebody else's", &others, &[]);
    assert!(others.audit().findings().iter().any(|it| it.invariant == S5), "people hear of it");
    let deleted = pending("ferry-back").with(|case| {
        let name = "ferry-back".to_owned();
        case.plan.actions = vec![Action::DeleteScheduled { side: Side::Ec2, name }];
    });
    expect("deleted in this pass", &deleted, &[]);
    let namesake = pending("ferry-back").with(|case| {
        let name = "ferry-back".to_owned();
        case.scaling(Side::Fargate).scheduled = vec![scheduled(&name, 60, Some(200), None)];
        case.plan.actions = vec![Action::DeleteScheduled { side: Side::Fargate, name }];
    });
    expect("the other side's of the same name deleted", &namesake, &[S5]);
    let rewritten = pending("ferry-back").with(|case| {
        let scheduled = scheduled("ferry-back", 60, Some(95), None);
        case.plan.actions = vec![Action::PutScheduled { side: Side::Ec2, scheduled }];
    });
    expect("rewritten in this pass", &rewritten, &[]);
    let unknown = pending("ferry-back").with(|case| {
        case.observation.load = Seen::unknown(Gap::Failed);
    });
    expect("nobody knows, and the plan changes nothing", &unknown, &[]);
}

#[test]
fn pending_actions_count_in_the_order_they_fire() {
    // A rise to 200 and back to 95: the way back is no fall below the need, wherever it stands.
    let pair = |back| {
        doing(vec![
            Action::PutScheduled {
                side: Side::Ec2,
                scheduled: scheduled("ferry-back", 90, Some(back), None),
            },
            Action::PutScheduled {
                side: Side::Ec2,
                scheduled: scheduled("ferry-up", 60, Some(200), None),
            },
        ])
        .with(|case| case.scaling(Side::Ec2).bounds.min = 20)
    };
    expect("back to enough", &pair(95), &[]);
    // From 20 the 50 were a rise; from 200 they are a fall below the need.
    expect("back to too little", &pair(50), &[S5]);
}

#[test]
fn a_scheduled_raise_is_not_taken_away() {
    let raise = |min| {
        doing(vec![Action::DeleteScheduled { side: Side::Ec2, name: "ferry-up".to_owned() }]).with(
            |case| {
                case.scaling(Side::Ec2).bounds.min = min;
                case.scaling(Side::Ec2).scheduled = vec![scheduled("ferry-up", 60, Some(95), None)];
            },
        )
    };
    expect("needed", &raise(50), &[S5]);
    expect("enough without it", &raise(EC2_NEEDS), &[]);
}

#[test]
fn what_is_too_little_already_and_stays_so_is_not_this_plans_doing() {
    let low = |pending: &str, min| {
        let put = scheduled("ferry-b", 90, Some(95), None);
        doing(vec![Action::PutScheduled { side: Side::Ec2, scheduled: put }]).with(|case| {
            case.scaling(Side::Ec2).bounds.min = 50;
            case.scaling(Side::Ec2).scheduled = vec![scheduled(pending, 60, Some(min), None)];
        })
    };
    expect("a raise that does not suffice", &low("ferry-a", 60), &[]);
    expect("the same again", &low("ferry-a", 50), &[]);
    expect("one task fewer", &low("ferry-a", 49), &[S5]);
    let unknown = doing(vec![set_bounds(Side::Ec2, (100, 600), (101, 600))])
        .with(|case| case.observation.load = Seen::unknown(Gap::Failed));
    expect("a raise while nobody knows the need", &unknown, &[]);
}

#[test]
fn a_desired_count_is_set_only_where_nothing_scales() {
    let desired =
        |side, count| doing(vec![Action::SetDesired { side, expected: 100, desired: count }]);
    let alone = |side, count| {
        desired(side, count).with(|case| {
            *case.observation.scaling.get_mut(side) = Seen::known(None::<Scaling>, ago(1));
        })
    };
    for side in Side::ALL {
        expect("autoscaled", &desired(side, 120), &[S5]);
        let unknown = desired(side, 120).with(|case| {
            *case.observation.scaling.get_mut(side) = Seen::unknown(Gap::Throttled);
        });
        expect("not known", &unknown, &[S5]);
        expect("raised", &alone(side, 120), &[]);
    }
    expect("EC2 to its need", &alone(Side::Ec2, EC2_NEEDS), &[]);
    expect("EC2 below it", &alone(Side::Ec2, EC2_NEEDS - 1), &[S5]);
    expect("Fargate to its need", &alone(Side::Fargate, FARGATE_NEEDS_NOW), &[]);
    expect("Fargate below it", &alone(Side::Fargate, FARGATE_NEEDS_NOW - 1), &[S5]);
    let short_already = alone(Side::Ec2, 100).with(|case| case.load().peak_rpm = 20_000.0);
    expect("EC2 left where it is", &short_already, &[]);
    let drained = alone(Side::Ec2, 0).with(|case| case.status.drained_at = Some(ago(1)));
    expect("EC2 drained", &drained, &[]);
    let unexpected = alone(Side::Ec2, 120).with(|case| {
        let Seen::Known { value, .. } = &mut case.observation.services.ec2 else { return };
        value.desired = 99;
    });
    expect("another count than seen", &unexpected, &[O2]);
}

#[test]
fn an_action_of_the_past_is_said() {
    let mut past = scheduled("ferry-a", 0, Some(200), None);
    past.at = ago(1);
    let case = doing(vec![Action::PutScheduled { side: Side::Ec2, scheduled: past }]);
    expect("past", &case, &[]);
    assert_eq!(case.audit().findings().len(), 1);
    for (minutes, told) in [(0, 1), (1, 0)] {
        let scheduled = scheduled("ferry-a", minutes, Some(200), None);
        let case = doing(vec![Action::PutScheduled { side: Side::Ec2, scheduled }]);
        assert_eq!(case.audit().findings().len(), told, "in {minutes} minutes");
    }
}

#[test]
fn limits_themselves_are_within() {
    let put = |minutes, min, max| {
        let scheduled = scheduled("ferry-a", minutes, min, max);
        doing(vec![Action::PutScheduled { side: Side::Ec2, scheduled }])
    };
    expect("a minimum at the maximum", &put(60, Some(200), Some(200)), &[]);
    assert_eq!(put(60, Some(200), Some(200)).audit().findings(), []);
    assert_eq!(put(0, Some(200), None).audit().findings().len(), 1, "now is too late to fire");
    expect("no growth", &floor(Side::Ec2, EC2_NEEDS).with(|case| case.load().growth = 1.0), &[]);
}

#[test]
fn nothing_arriving_needs_no_tasks_whatever_they_carry() {
    let quiet = floor(Side::Fargate, 0).with(|case| {
        case.live(weights(0));
        case.load().side_rpm.fargate = Some(0.0);
        case.load().safe_per_task_rpm.fargate = None;
    });
    expect("quiet", &quiet, &[]);
}

/// Raises that stay as they were are nothing taken away, short as they may be; of several the
/// last that fired counts.
#[test]
fn what_the_plan_leaves_alone_is_not_its_doing() {
    let raised = |deleted: Option<&str>| {
        doing(vec![set_bounds(Side::Ec2, (20, 600), (30, 600))]).with(|case| {
            case.scaling(Side::Ec2).bounds.min = 20;
            case.scaling(Side::Ec2).scheduled = vec![
                scheduled("ferry-a", 60, Some(50), None),
                scheduled("ferry-b", 90, Some(60), None),
            ];
            let delete =
                |name: &str| Action::DeleteScheduled { side: Side::Ec2, name: name.into() };
            case.plan.actions.extend(deleted.map(delete));
        })
    };
    expect("both stay", &raised(None), &[]);
    expect("the later one goes", &raised(Some("ferry-b")), &[S5]);
}
