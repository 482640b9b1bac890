//! Rules of EventBridge and the tasks that they start.

use model::inventory::{EventTarget, tail_of};

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed, short};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "scheduled.managed",
        severity: Severity::Blocker,
        finds: "an AWS service made a rule and alone may change it",
        remedy: "leave the rule out of the file, and change what made it",
        look: managed,
    },
    Check {
        id: "scheduled.disabled",
        severity: Severity::Blocker,
        finds: "a rule is disabled: it starts nothing, so no run on Fargate can go well",
        remedy: "enable the rule, or leave it out of the file",
        look: disabled,
    },
    Check {
        id: "scheduled.noTasks",
        severity: Severity::Blocker,
        finds: "no target of a rule starts ECS tasks",
        remedy: "name the rule whose target is a cluster with `EcsParameters`",
        look: no_tasks,
    },
    Check {
        id: "scheduled.cluster",
        severity: Severity::Blocker,
        finds: "a target starts tasks in another cluster than the file says",
        remedy: "correct `spec.ec2.cluster` and `spec.fargate.cluster`, or the target",
        look: cluster,
    },
    Check {
        id: "scheduled.network",
        severity: Severity::Blocker,
        finds: "neither a target nor the file says in which subnets its tasks run, and Fargate's \
                run with `awsvpc` alone",
        remedy: "write `spec.fargate.provision.network` into the file",
        look: network,
    },
    Check {
        id: "scheduled.launch",
        severity: Severity::Blocker,
        finds: "a target has both a launch type and capacity providers, and one excludes the other",
        remedy: "take one of them out of the target",
        look: launch,
    },
    Check {
        id: "scheduled.role",
        severity: Severity::Blocker,
        finds: "a target that starts tasks has no role to start them with",
        remedy: "give it a role that EventBridge may assume, with `ecs:RunTask` and `iam:PassRole`",
        look: role,
    },
    Check {
        id: "scheduled.pattern",
        severity: Severity::Warning,
        finds: "a rule fires on events and has no schedule, so nobody knows when runs are due",
        remedy: "see that it fires often enough for `goodRuns` to be reached, or lower that",
        look: pattern,
    },
    Check {
        id: "scheduled.severalTargets",
        severity: Severity::Warning,
        finds: "a rule has several targets, and moves as a whole",
        remedy: "give each task a rule of its own, so that its runs are counted apart",
        look: several,
    },
    Check {
        id: "scheduled.placement",
        severity: Severity::Warning,
        finds: "a target places its tasks on instances, which Fargate refuses",
        remedy: "see that nothing needs these instances; the constraints and strategies have to go \
                 with the launch type",
        look: placement,
    },
    Check {
        id: "scheduled.platformVersion",
        severity: Severity::Warning,
        finds: "a target's platform version is no number: EventBridge asks for the number alone",
        remedy: "write a number such as 1.4.0, or leave it out",
        look: platform_version,
    },
    Check {
        id: "scheduled.deadLetter",
        severity: Severity::Warning,
        finds: "a target has no dead-letter queue: a run that cannot be started leaves no trace",
        remedy: "make an SQS queue and name it in the target's `DeadLetterConfig`",
        look: dead_letter,
    },
    Check {
        id: "scheduled.onFargate",
        severity: Severity::Info,
        finds: "a target's tasks run on Fargate already",
        remedy: "leave the rule out of the file, unless Ferry has moved it",
        look: on_fargate,
    },
];

fn managed(scene: &Scene<'_>, said: &mut Said) {
    for (_, rule) in scene.rules() {
        if let Some(owner) = &rule.managed_by {
            said.seen(format!("Rule {} is managed by {owner}.", rule.name));
        }
    }
}

fn disabled(scene: &Scene<'_>, said: &mut Said) {
    for (_, rule) in scene.rules().filter(|(_, rule)| !rule.is_enabled) {
        said.seen(format!("Rule {} is disabled.", rule.name));
    }
}

/// The rules whose targets were read, with them.
fn targets<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a str, &'a [EventTarget])> {
    scene.rules().filter_map(|(view, rule)| {
        Some((rule.name.as_str(), view.targets.as_ref()?.as_ref().ok()?.as_slice()))
    })
}

fn no_tasks(scene: &Scene<'_>, said: &mut Said) {
    for (rule, targets) in targets(scene) {
        if targets.iter().any(|target| target.tasks.is_some()) {
            continue;
        }
        let names: Vec<&str> = targets.iter().map(|target| target.arn.as_str()).collect();
        if names.is_empty() {
            said.seen(format!("Rule {rule} has no target."));
        } else {
            said.seen(format!("Rule {rule} has {} as target.", listed(&names)));
        }
    }
}

fn several(scene: &Scene<'_>, said: &mut Said) {
    for (rule, targets) in targets(scene).filter(|(_, targets)| targets.len() > 1) {
        let starting = targets.iter().filter(|target| target.tasks.is_some()).count();
        let count = targets.len();
        said.seen(format!("Rule {rule} has {count} targets, of which {starting} start tasks."));
    }
}

fn cluster(scene: &Scene<'_>, said: &mut Said) {
    let spec = scene.spec();
    for aimed in scene.aimed() {
        let wanted =
            if aimed.tasks.is_fargate() { &spec.fargate.cluster } else { &spec.ec2.cluster };
        // An ARN in which no name stands is told as it is.
        let found = tail_of(&aimed.target.arn);
        let found = found.strip_prefix("cluster/").unwrap_or(found);
        if found != wanted {
            let called = aimed.called();
            said.seen(format!("{called} starts tasks in {found}, and the file says {wanted}."));
        }
    }
}

fn network(scene: &Scene<'_>, said: &mut Said) {
    if scene.spec().fargate.provision.is_some() {
        return;
    }
    for aimed in scene.aimed().filter(|aimed| aimed.tasks.network.is_none()) {
        said.seen(format!("{} has no network configuration.", aimed.called()));
    }
}

fn launch(scene: &Scene<'_>, said: &mut Said) {
    for aimed in scene.aimed().filter(|aimed| !aimed.tasks.providers.is_empty()) {
        if let Some(launch) = &aimed.tasks.launch_type {
            let providers = listed(&aimed.tasks.providers);
            let called = aimed.called();
            said.seen(format!(
                "{called} has the launch type {launch} and the provider {providers}."
            ));
        }
    }
}

fn role(scene: &Scene<'_>, said: &mut Said) {
    for aimed in scene.aimed().filter(|aimed| aimed.target.role.is_none()) {
        said.seen(format!("{} has no role.", aimed.called()));
    }
}

fn pattern(scene: &Scene<'_>, said: &mut Said) {
    for (_, rule) in scene.rules().filter(|(_, rule)| rule.schedule.is_none()) {
        said.seen(format!("Rule {} has no schedule.", rule.name));
    }
}

fn placement(scene: &Scene<'_>, said: &mut Said) {
    for aimed in scene.aimed() {
        let tasks = aimed.tasks;
        let all: Vec<&String> =
            tasks.placement_constraints.iter().chain(&tasks.placement_strategy).collect();
        if !all.is_empty() {
            said.seen(format!("{} places tasks by {}.", aimed.called(), listed(&all)));
        }
    }
}

/// Whether this is the number of a platform version, such as `1.4.0`.
fn is_numeric(version: &str) -> bool {
    version.split('.').all(|part| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit()))
}

fn platform_version(scene: &Scene<'_>, said: &mut Said) {
    for aimed in scene.aimed() {
        let version = aimed.tasks.platform_version.as_deref();
        if let Some(version) = version.filter(|version| !is_numeric(version)) {
            said.seen(format!("{} has the platform version {version}.", aimed.called()));
        }
    }
}

fn dead_letter(scene: &Scene<'_>, said: &mut Said) {
    for aimed in scene.aimed().filter(|aimed| aimed.target.dead_letter.is_none()) {
        said.seen(format!("{} has no dead-letter queue.", aimed.called()));
    }
}

fn on_fargate(scene: &Scene<'_>, said: &mut Said) {
    for aimed in scene.aimed().filter(|aimed| aimed.tasks.is_fargate()) {
        let task = short(&aimed.tasks.task_definition);
        said.seen(format!("{} runs {task} on Fargate.", aimed.called()));
    }
}
