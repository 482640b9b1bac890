//! S1, S2, S3.

use audit::Invariant::{O2, S1, S2, S3};
use model::action::{Action, Direction};
use model::observation::{Deployment, Gap, Scaling, Seen};
use model::spec::Advance;
use model::status::Verbs;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side};

use crate::case::{A, Case, FARGATE_NEEDS, advance, ago, each, expect, first_step, rollback, said};

fn signal() -> String {
    "latency".to_owned()
}

#[test]
fn a_sound_plan_has_nothing_found_at_all() {
    for case in [advance(), first_step(), rollback()] {
        assert_eq!(case.audit().findings(), []);
        assert_eq!(case.audit().permitted(), case.plan.actions);
    }
}

#[test]
fn capacity_comes_before_traffic() {
    each(
        advance,
        &[
            ("exactly enough", |case| case.healthy(Side::Fargate, FARGATE_NEEDS), &[]),
            ("one too few", |case| case.healthy(Side::Fargate, FARGATE_NEEDS - 1), &[S1]),
            ("growth counts", |case| case.load().growth = 1.5, &[S1]),
            (
                "the safe rate counts",
                |case| {
                    case.load().safe_per_task_rpm.fargate = Some(70.0);
                },
                &[S1],
            ),
            ("no safe rate", |case| case.load().safe_per_task_rpm.fargate = None, &[S1]),
            (
                "a safe rate of zero",
                |case| {
                    case.load().safe_per_task_rpm.fargate = Some(0.0);
                },
                &[S1],
            ),
            (
                "no demand at all still needs a task",
                |case| {
                    case.load().now_rpm = 0.0;
                    case.healthy(Side::Fargate, 0);
                },
                &[S1],
            ),
            (
                "health read two minutes ago",
                |case| {
                    let Seen::Known { at, .. } = &mut case.observation.targets.fargate else {
                        return;
                    };
                    *at = ago(2);
                },
                &[],
            ),
            (
                "health read three minutes ago",
                |case| {
                    let Seen::Known { at, .. } = &mut case.observation.targets.fargate else {
                        return;
                    };
                    *at = ago(3);
                },
                &[S1, S3],
            ),
        ],
    );
}

#[test]
fn the_largest_share_of_any_route_needs_capacity() {
    let case = advance().with(|case| {
        let pair = case.weights().get_mut(A).unwrap();
        (pair.ec2, pair.fargate) = (1, 99);
    });
    assert!(crate::case::broken(case.audit().findings()).contains(&S1));
}

/// Both a repeated write and one called an advance that goes back wait for capacity.
#[test]
fn no_label_passes_over_capacity() {
    let repeat = || {
        advance().with(|case| {
            case.status.intended = case.plan.status.intended.clone();
            case.healthy(Side::Fargate, FARGATE_NEEDS - 1);
        })
    };
    expect("repeat", &repeat(), &[S1]);
    let back = |healthy| {
        advance().with(|case| {
            case.moves(250, 100, Direction::Advance);
            case.plan.events = vec![crate::case::event()];
            case.healthy(Side::Ec2, healthy);
        })
    };
    // 90 % of 7,200 requests a minute at 100 a task are 65 tasks.
    expect("back with 64", &back(64), &[S1, audit::Invariant::S4]);
    expect("back with 65", &back(65), &[audit::Invariant::S4]);
}

#[test]
fn nothing_goes_dark() {
    each(
        advance,
        &[
            (
                "no route at all",
                |case| case.weights().clear(),
                &[S2, audit::Invariant::S4, O2, audit::Invariant::C2],
            ),
            (
                "a route without weight",
                |case| {
                    let pair = case.weights().get_mut(A).unwrap();
                    (pair.ec2, pair.fargate) = (0, 0);
                },
                &[S1, S2, O2, audit::Invariant::C2],
            ),
            (
                "weights beyond counting",
                |case| {
                    let pair = case.weights().get_mut(A).unwrap();
                    (pair.ec2, pair.fargate) = (u32::MAX, u32::MAX);
                },
                &[S1, S2, O2, audit::Invariant::C2],
            ),
            (
                "a route left out",
                |case| {
                    case.weights().remove(A);
                },
                &[S2, O2, audit::Invariant::C2],
            ),
        ],
    );
}

#[test]
fn a_rollback_stops_for_a_dead_side_only_if_the_other_lives() {
    let dead = |ec2: Option<u32>, fargate: Option<u32>| {
        rollback().with(|case| {
            for (side, healthy) in [(Side::Ec2, ec2), (Side::Fargate, fargate)] {
                match healthy {
                    Some(healthy) => case.healthy(side, healthy),
                    None => *case.observation.targets.get_mut(side) = Seen::unknown(Gap::Failed),
                }
            }
        })
    };
    let stopped = |case: &Case| !case.audit().stopped().is_empty();
    assert!(stopped(&dead(Some(0), Some(1))));
    for case in [dead(Some(1), Some(1)), dead(Some(0), Some(0)), dead(None, Some(9))] {
        assert!(!stopped(&case), "{:#?}", case.audit());
    }
    let doubtful = dead(Some(0), None);
    assert!(!stopped(&doubtful));
    assert!(doubtful.audit().findings().iter().any(|it| it.invariant == S2), "people hear of it");
}

#[test]
fn no_side_gets_everything_while_it_is_dead() {
    let full = |healthy| {
        advance().with(|case| {
            case.moves(750, 1000, Direction::Advance);
            case.load().safe_per_task_rpm.fargate = Some(10_000.0);
            case.healthy(Side::Fargate, healthy);
        })
    };
    expect("alive", &full(1), &[]);
    expect("dead", &full(0), &[S1, S2]);
}

#[test]
fn what_was_not_read_lately_is_a_doubt() {
    each(
        advance,
        &[
            (
                "EC2's service unread",
                |case| {
                    case.observation.services.ec2 = Seen::unknown(Gap::Throttled);
                },
                &[S3],
            ),
            (
                "Fargate's service unread",
                |case| {
                    case.observation.services.fargate = Seen::unknown(Gap::Partial);
                },
                &[S3],
            ),
            (
                "EC2's health unread",
                |case| {
                    case.observation.targets.ec2 = Seen::unknown(Gap::Failed);
                },
                &[S3],
            ),
            (
                "EC2's scalable target unread",
                |case| {
                    case.observation.scaling.ec2 = Seen::unknown(Gap::Denied);
                },
                &[S3],
            ),
            (
                "Fargate's scalable target unread",
                |case| {
                    case.observation.scaling.fargate = Seen::unknown(Gap::Denied);
                },
                &[S3],
            ),
            (
                "no scalable target is an answer",
                |case| {
                    case.observation.scaling.ec2 = Seen::known(None::<Scaling>, ago(1));
                },
                &[],
            ),
            ("no load", |case| case.observation.load = Seen::unknown(Gap::NotAsked), &[S1, S3]),
            ("a load of old minutes", |case| case.load().minute -= 12, &[S1, S3]),
            ("a load of minutes just young enough", |case| case.load().minute -= 11, &[]),
            ("a load of minutes to come", |case| case.load().minute += 5, &[S1, S3]),
            ("a load that is no number", |case| case.load().now_rpm = f64::NAN, &[S1, S3]),
            ("a growth below one", |case| case.load().growth = 0.9, &[S1, S3]),
            ("no measured share", |case| case.load().measured = None, &[S3]),
            (
                "traffic that does not follow",
                |case| {
                    case.load().measured.as_mut().unwrap().share = Share::ZERO;
                },
                &[S3],
            ),
            (
                "too few requests to say",
                |case| {
                    let measured = case.load().measured.as_mut().unwrap();
                    (measured.share, measured.requests) = (Share::ZERO, 999);
                },
                &[],
            ),
        ],
    );
}

#[test]
fn weights_that_were_not_read_lately_move_nowhere() {
    let case = advance().with(|case| {
        let Seen::Known { at, .. } = &mut case.observation.split else { return };
        *at = ago(7);
    });
    expect("weights of seven minutes ago", &case, &[S3, audit::Invariant::S4, O2]);
    let case = advance().with(|case| {
        let Seen::Known { at, .. } = &mut case.observation.split else { return };
        *at = ago(6);
    });
    expect("weights of six minutes ago", &case, &[]);
}

#[test]
fn sides_that_differ_are_a_doubt() {
    each(
        advance,
        &[
            (
                "releases",
                |case| {
                    let Seen::Known { value, .. } = &mut case.observation.services.ec2 else {
                        return;
                    };
                    value.release = "app:8".to_owned();
                },
                &[S3],
            ),
            (
                "a deployment",
                |case| {
                    let Seen::Known { value, .. } = &mut case.observation.services.fargate else {
                        return;
                    };
                    value.deployment = Deployment::InProgress { since: ago(3) };
                },
                &[S3],
            ),
            (
                "a failed deployment",
                |case| {
                    let Seen::Known { value, .. } = &mut case.observation.services.ec2 else {
                        return;
                    };
                    value.deployment = Deployment::Failed;
                },
                &[S3],
            ),
        ],
    );
}

#[test]
fn a_step_up_is_proven() {
    each(
        advance,
        &[
            ("hold", |case| case.verdict(VerdictKind::Hold, VerdictReason::Collecting), &[S3]),
            (
                "roll back",
                |case| {
                    case.verdict(VerdictKind::RollBack, VerdictReason::Collecting);
                    case.plan.status.latch = None;
                },
                &[S3],
            ),
            (
                "proven by the SLO",
                |case| {
                    case.verdict(VerdictKind::Advance, VerdictReason::ProvenAbsolute);
                    case.verdict.evidence.signals.clear();
                },
                &[],
            ),
            ("proven by no signal", |case| case.verdict.evidence.signals.clear(), &[S3]),
            ("never judged", |case| case.verdict.minute = None, &[S3]),
            ("judged long ago", |case| case.verdict.minute = Some(ago(16).minute()), &[S3]),
            ("judged of late", |case| case.verdict.minute = Some(ago(15).minute()), &[]),
            (
                "judged in the future",
                |case| {
                    case.verdict.minute = Some(crate::case::NOW.minute() + 1);
                },
                &[S3],
            ),
            ("evidence that is no number", |case| case.verdict.evidence.harm = f64::NAN, &[S3]),
            (
                "a threshold that is no number",
                |case| {
                    case.verdict.evidence.safe_threshold = f64::NAN;
                },
                &[S3],
            ),
            (
                "a signal that is no number",
                |case| {
                    case.verdict.evidence.signals.get_mut("latency").unwrap().safe = f64::INFINITY;
                },
                &[S3],
            ),
            (
                "a burn that is no number",
                |case| {
                    case.verdict.evidence.signals.get_mut("latency").unwrap().burn_ec2 = f64::NAN;
                },
                &[S3],
            ),
        ],
    );
}

/// Verdicts that no rule for advancing may pass over, told apart from those it may.
#[test]
fn a_dwell_does_not_pass_over_a_verdict() {
    let against = |reason: VerdictReason| {
        let case = advance().with(|case| {
            case.rollout().advance = Advance::Dwell;
            case.verdict(VerdictKind::Hold, reason.clone());
        });
        (!crate::case::broken(case.audit().findings()).is_empty(), case.audit())
    };
    for reason in [
        VerdictReason::CandidateDead,
        VerdictReason::Guard { signal: signal() },
        VerdictReason::SmallShareGuard { signal: signal() },
        VerdictReason::ProvenWorse { signal: signal() },
        VerdictReason::BudgetBurn { signal: signal() },
        VerdictReason::CommonMode { signal: signal() },
        VerdictReason::MissingData { side: Side::Ec2 },
        VerdictReason::MissingData { side: Side::Fargate },
        VerdictReason::EventsMissing { signal: signal(), side: Side::Ec2 },
        VerdictReason::EventsMissing { signal: signal(), side: Side::Fargate },
        VerdictReason::ShareMismatch,
        VerdictReason::ReleasesDiffer,
    ] {
        let (stopped, audited) = against(reason);
        assert!(stopped, "{audited:#?}");
    }
    for (reason, warned) in [
        (VerdictReason::WorseWithinBudget { signal: signal() }, true),
        (VerdictReason::Suspicion { signal: signal() }, true),
        (VerdictReason::UnequalLoad, true),
        (VerdictReason::Settling, true),
        (VerdictReason::Collecting, false),
        (VerdictReason::Unproven { signal: signal() }, false),
        (VerdictReason::InsufficientTraffic, false),
        (VerdictReason::Uncalibrated, false),
        (VerdictReason::SurgeUnseen, false),
        (VerdictReason::LoadCoverage { minutes: 1, minutes_needed: 60 }, false),
        (VerdictReason::ProvenAbsolute, false),
    ] {
        let (stopped, audited) = against(reason);
        assert!(!stopped, "{audited:#?}");
        assert_eq!(!audited.findings().is_empty(), warned, "{audited:#?}");
    }
}

#[test]
fn from_nothing_the_judge_needs_no_minutes_of_fargate() {
    each(
        first_step,
        &[
            ("sound", |_| {}, &[]),
            (
                "minutes of EC2 missing",
                |case| {
                    case.verdict(VerdictKind::Hold, VerdictReason::MissingData { side: Side::Ec2 });
                },
                &[S3],
            ),
            (
                "a release of Fargate's last minute, long ago",
                |case| case.verdict(VerdictKind::Hold, VerdictReason::ReleasesDiffer),
                &[],
            ),
            (
                "a verdict to roll back",
                |case| {
                    case.verdict(VerdictKind::RollBack, VerdictReason::Collecting);
                },
                &[S3],
            ),
        ],
    );
}

#[test]
fn small_shares_are_left_after_their_dwell_and_larger_ones_after_proof() {
    let unproven = |from| {
        advance().with(|case| {
            case.moves(from, 100, Direction::Advance);
            case.verdict(VerdictKind::Hold, VerdictReason::InsufficientTraffic);
        })
    };
    expect("from 4.9 %", &unproven(49), &[]);
    expect("from 5 %", &unproven(50), &[S3]);
}

#[test]
fn an_operators_word_stands_in_for_proof_once() {
    let manual = || {
        advance().with(|case| {
            case.rollout().advance = Advance::Manual;
            case.verdict(VerdictKind::Hold, VerdictReason::Collecting);
        })
    };
    expect("no word", &manual(), &[S3]);
    let word = |kept: bool| {
        manual().with(|case| {
            case.status.verbs = Verbs { advance: Some(said()), ..Verbs::default() };
            case.plan.status.verbs.advance = kept.then(said);
        })
    };
    expect("used up", &word(false), &[]);
    expect("kept", &word(true), &[S3]);
}

#[test]
fn a_rollback_waits_for_nothing_that_is_missing() {
    let case = rollback().with(|case| {
        case.observation.load = Seen::unknown(Gap::Failed);
        case.observation.split = Seen::unknown(Gap::Failed);
        for side in Side::ALL {
            *case.observation.targets.get_mut(side) = Seen::unknown(Gap::Failed);
            *case.observation.services.get_mut(side) = Seen::unknown(Gap::Failed);
            *case.observation.scaling.get_mut(side) = Seen::unknown(Gap::Failed);
        }
        case.healthy(Side::Ec2, 1);
    });
    assert!(matches!(case.audit().permitted(), [Action::SetWeights { .. }]));
}

#[test]
fn people_hear_of_a_rollback_that_will_hurt() {
    let case = rollback().with(|case| case.healthy(Side::Ec2, 71));
    assert!(case.audit().findings().iter().any(|it| it.invariant == S1));
    assert_eq!(case.audit().stopped(), []);
    let case = rollback().with(|case| case.healthy(Side::Ec2, 72));
    assert_eq!(case.audit().findings(), []);
}
