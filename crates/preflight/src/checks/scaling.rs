//! Scalable targets and what acts on them beside Ferry.

use model::Side;
use model::Span;
use model::inventory::{PolicyKind, ScalableTarget, ScalingPolicy};
use model::spec::Workload;

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed, sentence};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "scaling.bothActive",
        severity: Severity::Blocker,
        finds: "both sides of a queue worker scale on the same backlog, and so twice",
        remedy: "let one side scale and pin the other: suspend its policies, or set its minimum \
                 and maximum alike",
        look: both_active,
    },
    Check {
        id: "worker.concurrency",
        severity: Severity::Blocker,
        finds: "the tasks of both sides together may exceed `concurrencyMax`",
        remedy: "lower the maxima of the two scalable targets until their sum is within it",
        look: concurrency,
    },
    Check {
        id: "scaling.alarmOfOtherSide",
        severity: Severity::Blocker,
        finds: "an alarm of one side's scaling policy watches the other side's metric",
        remedy: "make an alarm with this side's `ServiceName` or `TargetGroup` as dimension",
        look: other_alarm,
    },
    Check {
        id: "scaling.none",
        severity: Severity::Warning,
        finds: "a service has no scalable target: it does not follow its load, and Ferry has no \
                minimum to keep its floor with",
        remedy: "register a scalable target with bounds and a policy for it",
        look: none,
    },
    Check {
        id: "scaling.noPolicy",
        severity: Severity::Warning,
        finds: "a scalable target has bounds that differ and no policy that moves within them",
        remedy: "put a scaling policy on it: it stays at its minimum else",
        look: no_policy,
    },
    Check {
        id: "scaling.pinned",
        severity: Severity::Warning,
        finds: "the minimum and maximum of a scalable target are one number",
        remedy: "widen the bounds: a share needs room to grow, and a floor room to rise",
        look: pinned,
    },
    Check {
        id: "scaling.suspended",
        severity: Severity::Warning,
        finds: "scaling is suspended on a scalable target",
        remedy: "resume it: `aws application-autoscaling register-scalable-target \
                 --suspended-state`; where scale-out is suspended tasks do not follow the traffic",
        look: suspended,
    },
    Check {
        id: "scaling.noAlarm",
        severity: Severity::Warning,
        finds: "a step scaling policy has no alarm, so it never acts",
        remedy: "name the policy in an alarm's actions, or delete it",
        look: no_alarm,
    },
    Check {
        id: "scaling.scheduled",
        severity: Severity::Warning,
        finds: "scheduled actions of others set bounds on the same target as Ferry's floor",
        remedy: "see that none sets a minimum below the floor or a maximum below the need while \
                 the migration runs; Ferry leaves them alone and raises what they lower",
        look: scheduled,
    },
    Check {
        id: "scaling.slow",
        severity: Severity::Warning,
        finds: "a scale-out on Fargate waits longer than a minute for the one before",
        remedy: "set the cooldown of steps that scale out to 60 s; new Fargate tasks take a minute \
                 and more by themselves",
        look: slow,
    },
    Check {
        id: "scaling.hotTarget",
        severity: Severity::Warning,
        finds: "Fargate scales on a CPU target above 75 %, which on EC2 may have been far from \
                full: there a task may use more than it reserves, here it cannot",
        remedy: "start from 50 to 60 % and tune from there",
        look: hot,
    },
    Check {
        id: "scaling.predictive",
        severity: Severity::Info,
        finds: "a side scales by forecast, and a new service has no history for its first day",
        remedy: "keep another policy beside it until the forecast has seen a week",
        look: predictive,
    },
];

fn targets<'a>(scene: &Scene<'a>) -> Vec<(Side, &'a ScalableTarget)> {
    Side::ALL.into_iter().filter_map(|side| Some((side, scene.scaling(side)?))).collect()
}

/// Whether a target changes its tasks by itself.
fn is_active(target: &ScalableTarget) -> bool {
    !target.policies.is_empty()
        && target.bounds.min < target.bounds.max
        && !(target.suspended.scale_in && target.suspended.scale_out)
}

fn both_active(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) = (scene.scaling(Side::Ec2), scene.scaling(Side::Fargate))
    else {
        return;
    };
    if scene.is_worker() && is_active(ec2) && is_active(fargate) {
        let bounds = |it: &ScalableTarget| format!("{} to {}", it.bounds.min, it.bounds.max);
        said.seen(format!(
            "EC2 scales from {} tasks and Fargate from {}.",
            bounds(ec2),
            bounds(fargate)
        ));
    }
}

fn concurrency(scene: &Scene<'_>, said: &mut Said) {
    let Workload::QueueWorker(worker) = &scene.spec().workload else { return };
    let (Some(most), Some(ec2), Some(fargate)) =
        (worker.concurrency_max, scene.scaling(Side::Ec2), scene.scaling(Side::Fargate))
    else {
        return;
    };
    let (ec2, fargate) = (ec2.bounds.max, fargate.bounds.max);
    if ec2.saturating_add(fargate) > most {
        said.seen(format!("The maxima are {ec2} and {fargate}, and `concurrencyMax` is {most}."));
    }
}

/// The names by which CloudWatch knows a side.
fn dimensions(scene: &Scene<'_>, side: Side) -> Vec<(&'static str, String)> {
    let service = scene.service(side).map(|it| ("ServiceName", it.name.clone()));
    let group = scene.group(side);
    let group = group.map(|it| ("TargetGroup", model::inventory::tail_of(&it.arn).to_owned()));
    service.into_iter().chain(group).collect()
}

fn other_alarm(scene: &Scene<'_>, said: &mut Said) {
    for (side, target) in targets(scene) {
        let (own, others) = (dimensions(scene, side), dimensions(scene, side.other()));
        for (policy, alarm) in target.policies.iter().flat_map(alarms) {
            let value = |key: &str| alarm.dimensions.get(key);
            let wrong = others.iter().find(|(key, other)| {
                value(key) == Some(other) && !own.iter().any(|(at, own)| at == key && own == other)
            });
            // One cluster may hold the service and another one of the same name the twin.
            let cluster = value("ClusterName");
            let spec = scene.spec();
            let own_cluster = match side {
                Side::Ec2 => &spec.ec2.cluster,
                Side::Fargate => &spec.fargate.cluster,
            };
            let other_cluster =
                cluster.filter(|it| *it != own_cluster).map(|it| ("ClusterName", it.clone()));
            if let Some((key, other)) = wrong.cloned().or(other_cluster) {
                said.seen(format!(
                    "{}: policy {} is set off by alarm {}, which watches {key} {other}.",
                    sentence(&scene.called(side)),
                    policy.name,
                    alarm.name
                ));
            }
        }
    }
}

fn alarms(
    policy: &ScalingPolicy,
) -> impl Iterator<Item = (&ScalingPolicy, &model::inventory::Alarm)> {
    policy.alarms.iter().map(move |alarm| (policy, alarm))
}

fn none(scene: &Scene<'_>, said: &mut Said) {
    for side in Side::ALL {
        if let Some(Ok(None)) = scene.view(side).scaling {
            let desired = scene.service(side).map_or(0, |service| service.desired);
            let called = sentence(&scene.called(side));
            said.seen(format!("{called} has none; it wants {desired} tasks."));
        }
    }
}

fn no_policy(scene: &Scene<'_>, said: &mut Said) {
    for (side, target) in targets(scene) {
        let bounds = target.bounds;
        if target.policies.is_empty() && bounds.min < bounds.max {
            let called = sentence(&scene.called(side));
            said.seen(format!(
                "{called} has bounds {} to {} and no policy.",
                bounds.min, bounds.max
            ));
        }
    }
}

fn pinned(scene: &Scene<'_>, said: &mut Said) {
    // One side of a worker is pinned on purpose.
    if scene.is_worker() {
        return;
    }
    for (side, target) in targets(scene) {
        if target.bounds.min == target.bounds.max {
            let called = sentence(&scene.called(side));
            said.seen(format!("{called} has the bounds {0} to {0}.", target.bounds.min));
        }
    }
}

fn suspended(scene: &Scene<'_>, said: &mut Said) {
    for (side, target) in targets(scene) {
        let what: Vec<&str> = [
            ("scale-in", target.suspended.scale_in),
            ("scale-out", target.suspended.scale_out),
            ("scheduled actions", target.suspended.scheduled),
        ]
        .into_iter()
        .filter_map(|(what, is_suspended)| is_suspended.then_some(what))
        .collect();
        if !what.is_empty() {
            said.seen(format!(
                "{} has suspended {}.",
                sentence(&scene.called(side)),
                listed(&what)
            ));
        }
    }
}

fn no_alarm(scene: &Scene<'_>, said: &mut Said) {
    for (side, target) in targets(scene) {
        for policy in &target.policies {
            if let (PolicyKind::Step { .. }, true) = (&policy.kind, policy.alarms.is_empty()) {
                let called = sentence(&scene.called(side));
                said.seen(format!("{called}: policy {} has no alarm.", policy.name));
            }
        }
    }
}

/// What the names of Ferry's own scheduled actions begin with.
const OWN: &str = "ferry";

fn scheduled(scene: &Scene<'_>, said: &mut Said) {
    for (side, target) in targets(scene) {
        let others = target.scheduled.iter().filter(|it| !it.name.starts_with(OWN));
        let shown: Vec<String> = others
            .map(|action| {
                let bound = |word: &str, value: Option<u32>| {
                    value.map(|value| format!(" {word} {value}")).unwrap_or_default()
                };
                let (min, max) = (bound("min", action.min), bound("max", action.max));
                format!("`{}` ({}:{min}{max})", action.name, action.schedule)
            })
            .collect();
        if !shown.is_empty() {
            said.seen(format!("{} has {}.", sentence(&scene.called(side)), listed(&shown)));
        }
    }
}

/// What AWS takes where no cooldown is given.
const COOLDOWN_DEFAULT: Span = Span::from_secs(300);

fn slow(scene: &Scene<'_>, said: &mut Said) {
    let Some(target) = scene.scaling(Side::Fargate) else { return };
    for policy in &target.policies {
        let PolicyKind::Step { cooldown, adds: true } = policy.kind else { continue };
        let wait = cooldown.unwrap_or(COOLDOWN_DEFAULT);
        if wait > Span::from_mins(1) {
            let default = if cooldown.is_none() { " (the default)" } else { "" };
            said.seen(format!("Policy {} has a cooldown of {wait}{default}.", policy.name));
        }
    }
}

fn hot(scene: &Scene<'_>, said: &mut Said) {
    let Some(target) = scene.scaling(Side::Fargate) else { return };
    for policy in &target.policies {
        let PolicyKind::TargetTracking { metric, target, .. } = &policy.kind else { continue };
        if metric.contains("CPU") && *target > 75.0 {
            said.seen(format!("Policy {} holds {metric} at {target} %.", policy.name));
        }
    }
}

fn predictive(scene: &Scene<'_>, said: &mut Said) {
    for (side, target) in targets(scene) {
        let policies = target.policies.iter();
        for policy in policies.filter(|policy| policy.kind == PolicyKind::Predictive) {
            let called = sentence(&scene.called(side));
            said.seen(format!("{called}: policy {} is predictive.", policy.name));
        }
    }
}
