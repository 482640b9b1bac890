//! The two services, and who else has a hand in them.

use model::Side;
use model::inventory::{Controller, Launch, RouterView, Scheduling, Service, Strategy};

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed, sentence, short};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "service.launchType",
        severity: Severity::Blocker,
        finds: "the EC2 service does not run on EC2, or the Fargate service not on Fargate alone",
        remedy: "name a service on EC2 under `ec2` and its twin on Fargate under `fargate`",
        look: launch,
    },
    Check {
        id: "service.scheduling",
        severity: Severity::Blocker,
        finds: "a service runs one task on each instance (`DAEMON`), which Fargate cannot",
        remedy: "make its container a sidecar of the tasks that need it",
        look: scheduling,
    },
    Check {
        id: "service.inactive",
        severity: Severity::Blocker,
        finds: "a service is draining or wants no tasks",
        remedy: "bring it up: traffic moves only between services that both run",
        look: inactive,
    },
    Check {
        id: "router.ownedByOther",
        severity: Severity::Blocker,
        finds: "CodeDeploy, ECS itself, an external controller or a policy instance moves the \
                same tasks, rules or records",
        remedy: "let one hand move traffic: give the service rolling deployments by ECS, or name \
                 what owns the record in the router",
        look: owned,
    },
    Check {
        id: "service.classicBalancer",
        severity: Severity::Blocker,
        finds: "the EC2 service is behind a classic load balancer, which Fargate's tasks cannot be",
        remedy: "move the service behind an application load balancer first, then migrate it",
        look: classic,
    },
    Check {
        id: "service.cannotStart",
        severity: Severity::Warning,
        finds: "ECS said since the last steady state that tasks do not start or are unhealthy",
        remedy: "read the service's events and stopped tasks, and mend what keeps them from \
                 starting",
        look: trouble,
    },
    Check {
        id: "service.deploying",
        severity: Severity::Warning,
        finds: "a deployment is under way; no step is taken before it is over, and scale-in is off",
        remedy: "wait until it is complete, or end it if it cannot be",
        look: deploying,
    },
    Check {
        id: "service.release",
        severity: Severity::Warning,
        finds: "the two services run different images of the application",
        remedy: "deploy the same release to both, or set `fargate.releases: follow`; nothing \
                 advances while they differ",
        look: release,
    },
    Check {
        id: "service.severalGroups",
        severity: Severity::Warning,
        finds: "a service registers in several target groups; Ferry judges one of them",
        remedy: "name the group with the users' traffic in `targetGroupArn`, and see that the \
                 others move as well",
        look: several,
    },
    Check {
        id: "service.registries",
        severity: Severity::Warning,
        finds: "clients find a service through Cloud Map, past the router",
        remedy: "move them to the balancer's name, or count them: the share does not hold for them",
        look: registries,
    },
    Check {
        id: "service.daemonsOnCluster",
        severity: Severity::Warning,
        finds: "daemon services run beside the tasks on EC2's instances; Fargate has none",
        remedy: "put what the tasks use of them (metrics, logs, security) into the task \
                 definition of the twin as sidecars",
        look: daemons,
    },
    Check {
        id: "deployment.circuitBreaker",
        severity: Severity::Warning,
        finds: "the Fargate service has no circuit breaker that rolls back",
        remedy: "set `deploymentConfiguration.deploymentCircuitBreaker={enable=true,rollback=true}`",
        look: breaker,
    },
    Check {
        id: "deployment.minimumHealthy",
        severity: Severity::Warning,
        finds: "deployments of the Fargate service may go below the tasks it needs",
        remedy: "set `minimumHealthyPercent` to 100: the floor that Ferry keeps counts on it",
        look: minimum,
    },
    Check {
        id: "healthCheck.grace",
        severity: Severity::Warning,
        finds: "the Fargate service has no grace period of health checks: a slow start is killed \
                and tried again without end",
        remedy: "set `healthCheckGracePeriodSeconds` to the slowest start with its image pull, and \
                 a minute more",
        look: grace,
    },
    Check {
        id: "capacity.spot",
        severity: Severity::Warning,
        finds: "tasks that answer users may run on Fargate Spot, which ends them with two \
                minutes' notice",
        remedy: "take FARGATE_SPOT out of the capacity providers, or give FARGATE a base that \
                 carries the peak",
        look: spot,
    },
    Check {
        id: "platform.version",
        severity: Severity::Warning,
        finds: "the Fargate service is held to a platform version before 1.4.0",
        remedy: "set `platformVersion` to LATEST",
        look: platform,
    },
];

fn launch(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services() {
        let on = match &service.launch {
            Launch::Ec2 => "instances".to_owned(),
            Launch::Fargate => "Fargate".to_owned(),
            Launch::External => "machines outside of AWS".to_owned(),
            Launch::Providers(names) => format!("capacity providers {}", listed(names)),
        };
        let is_right = match side {
            Side::Ec2 => !service.launch.may_be_fargate() && service.launch != Launch::External,
            Side::Fargate => service.launch.is_fargate(),
        };
        if !is_right {
            said.seen(format!("{} runs on {on}.", sentence(&scene.called(side))));
        }
    }
}

fn scheduling(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services() {
        if service.scheduling == Scheduling::Daemon {
            let called = sentence(&scene.called(side));
            said.seen(format!("{called} is scheduled as DAEMON, {} tasks now.", service.running));
        }
    }
}

fn inactive(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services() {
        let called = sentence(&scene.called(side));
        if service.status != "ACTIVE" {
            said.seen(format!("{called} is {}.", service.status));
        } else if service.desired == 0 && side == Side::Ec2 {
            said.seen(format!("{called} wants 0 tasks: there is nothing to carry."));
        }
    }
}

fn owned(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services() {
        let called = sentence(&scene.called(side));
        match service.controller {
            Controller::Ecs => {}
            Controller::CodeDeploy => {
                said.seen(format!("{called} is deployed by CodeDeploy, which moves its rules."));
            }
            Controller::External => {
                said.seen(format!("{called} is deployed by an external controller."));
            }
        }
        match &service.deployment.strategy {
            Strategy::Rolling => {}
            Strategy::Shifting(word) => said.seen(format!(
                "{called} is deployed with the strategy {word}: ECS moves traffic between target \
                 groups by itself."
            )),
        }
        let rules = service.registrations.iter().filter_map(|it| it.production_rule.as_deref());
        for rule in rules {
            said.seen(format!("{called} moves rule {rule} in its deployments."));
        }
    }
    if let RouterView::Records(Ok(records)) = &scene.here.router {
        for record in records {
            let Some(instance) = &record.policy_instance else { continue };
            said.remedied(
                format!(
                    "Policy instance {instance} makes record {} {}.",
                    record.name, record.record_type
                ),
                "give the migration `router: {type: route53TrafficPolicy}` with that instance",
            );
        }
    }
}

fn classic(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services() {
        for name in service.registrations.iter().filter_map(|it| it.classic.as_deref()) {
            let called = sentence(&scene.called(side));
            said.seen(format!("{called} is behind the classic load balancer {name}."));
        }
    }
}

/// What ECS says when tasks do not come up or do not stay.
const TROUBLE: [&str; 6] = [
    "unable to consistently start tasks",
    "was unable to place a task",
    "Capacity is unavailable",
    "InsufficientFreeAddresses",
    "is unhealthy in",
    "failed to launch a task",
];

fn trouble(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services() {
        let since = service.events.iter().take_while(|it| !it.message.contains("steady state"));
        let bad = |text: &str| TROUBLE.iter().any(|word| text.contains(word));
        let events: Vec<_> = since.filter(|event| bad(&event.message)).collect();
        let Some(newest) = events.first() else { continue };
        let at = newest.at.map(|at| format!(" ({at})")).unwrap_or_default();
        said.seen(format!(
            "{} has {} event(s) of it since it was last steady; the newest{at}: {}",
            sentence(&scene.called(side)),
            events.len(),
            newest.message
        ));
    }
}

fn deploying(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services().filter(|(_, service)| service.deployments > 1) {
        let (called, count) = (sentence(&scene.called(side)), service.deployments);
        said.seen(format!("{called} has {count} deployments at once."));
    }
}

fn release(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) = (scene.app(Side::Ec2), scene.app(Side::Fargate)) else {
        return;
    };
    if ec2.image != fargate.image {
        said.seen(format!("EC2 runs {} and Fargate {}.", ec2.image, fargate.image));
    }
}

fn several(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services().filter(|(_, it)| it.registrations.len() > 1) {
        let arns = service.registrations.iter().filter_map(|it| it.target_group.as_deref());
        let names: Vec<&str> = arns.map(short).collect();
        let judged = scene.group(side).map_or("the first", |group| short(&group.arn));
        let called = sentence(&scene.called(side));
        said.seen(format!("{called} registers in {}; {judged} is judged.", listed(&names)));
    }
}

fn registries(scene: &Scene<'_>, said: &mut Said) {
    for (side, service) in scene.services().filter(|(_, it)| !it.registries.is_empty()) {
        let (called, count) = (sentence(&scene.called(side)), service.registries.len());
        said.seen(format!("{called} registers in {count} Cloud Map service(s)."));
    }
}

fn daemons(scene: &Scene<'_>, said: &mut Said) {
    let Some(Ok(daemons)) = &scene.here.daemons else { return };
    let running: Vec<&Service> = daemons.iter().filter(|it| it.running > 0).collect();
    if running.is_empty() {
        return;
    }
    let planned = scene.spec().fargate.provision.as_ref();
    let sidecars = planned.map(|it| it.task_definition.sidecars.clone()).unwrap_or_default();
    let names: Vec<&str> = running.iter().map(|service| service.name.as_str()).collect();
    let missing: Vec<&&str> =
        names.iter().filter(|name| !sidecars.iter().any(|it| it == *name)).collect();
    if missing.is_empty() {
        return;
    }
    let cluster = &scene.spec().ec2.cluster;
    said.seen(format!("Cluster {cluster} runs {} on each instance.", listed(&missing)));
}

fn fargate<'a>(scene: &Scene<'a>) -> Option<(&'a Service, String)> {
    scene.service(Side::Fargate).map(|it| (it, sentence(&scene.called(Side::Fargate))))
}

fn breaker(scene: &Scene<'_>, said: &mut Said) {
    let Some((service, called)) = fargate(scene) else { return };
    let deployment = &service.deployment;
    if !deployment.circuit_breaker {
        said.seen(format!("{called} has none: a release that cannot start is tried for ever."));
    } else if !deployment.circuit_breaker_rolls_back {
        said.seen(format!("{called} has one that stops but does not go back."));
    }
}

fn minimum(scene: &Scene<'_>, said: &mut Said) {
    let Some((service, called)) = fargate(scene) else { return };
    if let Some(percent) = service.deployment.minimum_healthy_percent.filter(|it| *it < 100) {
        said.seen(format!("{called} may go down to {percent} % of its tasks in a deployment."));
    }
}

fn grace(scene: &Scene<'_>, said: &mut Said) {
    let Some((service, called)) = fargate(scene) else { return };
    let is_behind = !service.registrations.is_empty();
    if is_behind && service.grace.is_none_or(|grace| grace.as_millis() == 0) {
        said.seen(format!("{called} has a grace period of 0 s."));
    }
}

fn spot(scene: &Scene<'_>, said: &mut Said) {
    let Some((service, called)) = fargate(scene) else { return };
    let Launch::Providers(names) = &service.launch else { return };
    if scene.is_balanced() && names.iter().any(|name| name == "FARGATE_SPOT") {
        said.seen(format!("{called} uses {}.", listed(names)));
    }
}

fn platform(scene: &Scene<'_>, said: &mut Said) {
    let Some((service, called)) = fargate(scene) else { return };
    let Some(version) = &service.platform_version else { return };
    if matches!(version.as_str(), "1.0.0" | "1.1.0" | "1.2.0" | "1.3.0") {
        said.seen(format!("{called} runs on platform version {version}."));
    }
}
