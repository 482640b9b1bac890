//! What task definitions hold that Fargate does differently.
//!
//! The twin's own is looked at where it is there; else EC2's, which is yet to be translated. What
//! Fargate refuses outright is not in a definition that Fargate runs, so those checks tell of EC2's.

use model::Side;
use model::Span;
use model::inventory::{Container, Demand, TaskDefinition, VolumeKind};

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "task.stopTimeout",
        severity: Severity::Blocker,
        finds: "a worker's container may take longer to stop than the 120 s that Fargate gives",
        remedy: "make the work resumable or shorter than 120 s, or guard it with \
                 `UpdateTaskProtection`, then set `stopTimeout` to 120",
        look: stop_timeout_worker,
    },
    Check {
        id: "task.role",
        severity: Severity::Blocker,
        finds: "the task has no role of its own: on Fargate there is no instance profile to fall \
                back on",
        remedy: "make a task role with what the application calls, and name it in `taskRoleArn`",
        look: role,
    },
    Check {
        id: "task.executionRole",
        severity: Severity::Blocker,
        finds: "the task has no execution role, and pulls from ECR, writes to awslogs or reads \
                secrets",
        remedy: "make one with `AmazonECSTaskExecutionRolePolicy` and the secrets it reads, and \
                 name it in `executionRoleArn`",
        look: execution_role,
    },
    Check {
        id: "task.refused",
        severity: Severity::Blocker,
        finds: "the task uses what Fargate does not have: privileged containers, accelerators, \
                the host's processes",
        remedy: "do without it, or leave the service on EC2",
        look: refused,
    },
    Check {
        id: "task.network",
        severity: Severity::Warning,
        finds: "EC2's containers reach each other in ways that end with `awsvpc`: links, names of \
                their own, dynamic host ports",
        remedy: "let them speak over 127.0.0.1, and move host names into DNS",
        look: network,
    },
    Check {
        id: "storage.hostVolumes",
        severity: Severity::Warning,
        finds: "a container mounts a path of the instance or a shared Docker volume: on Fargate \
                it is empty at the start of each task",
        remedy: "put data that must last on EFS or S3, and drop mounts that only an agent needs",
        look: host_volumes,
    },
    Check {
        id: "storage.fileLogs",
        severity: Severity::Warning,
        finds: "a container has a volume where logs or temporary files are written: on Fargate \
                they fill the task's own disk until it dies",
        remedy: "write logs to stdout, or rotate them by size, and raise `ephemeralStorage` by \
                 what is left",
        look: file_logs,
    },
    Check {
        id: "storage.ephemeral",
        severity: Severity::Info,
        finds: "the task has Fargate's 20 GiB of disk, its unpacked image included",
        remedy: "set `ephemeralStorage.sizeInGiB` to twice the image, what EC2 showed, and half as \
                 much again",
        look: ephemeral,
    },
    Check {
        id: "task.logDriver",
        severity: Severity::Warning,
        finds: "a container logs by a driver that Fargate does not have, or by none",
        remedy: "use `awslogs` (with `awslogs-stream-prefix`) or `awsfirelens`",
        look: log_driver,
    },
    Check {
        id: "task.stopTimeoutShort",
        severity: Severity::Warning,
        finds: "a container may take longer to stop than the 120 s that Fargate gives",
        remedy: "set `stopTimeout` to 120 or less, and see that requests end within it",
        look: stop_timeout,
    },
    Check {
        id: "image.dockerHub",
        severity: Severity::Warning,
        finds: "an image comes from Docker Hub, which limits pulls by address; Fargate keeps no \
                image, so each task pulls",
        remedy: "copy it to ECR, or use a pull-through cache; `repositoryCredentials` only raise \
                 the limit",
        look: docker_hub,
    },
    Check {
        id: "image.latest",
        severity: Severity::Warning,
        finds: "an image has a moving tag, so that two tasks of one revision may run different code",
        remedy: "name a release or a digest: releases are told apart by the image",
        look: latest,
    },
    Check {
        id: "task.ulimits",
        severity: Severity::Warning,
        finds: "EC2's application has a limit that Fargate's has not",
        remedy: "carry `nofile` over; Fargate takes no other limit",
        look: ulimits,
    },
    Check {
        id: "task.sidecars",
        severity: Severity::Warning,
        finds: "a sidecar on Fargate can end the whole task: it is essential, or has less than \
                256 MiB",
        remedy: "set `essential` to false or a `restartPolicy`, and give it 256 MiB or more",
        look: sidecars,
    },
    Check {
        id: "task.architecture",
        severity: Severity::Warning,
        finds: "the two task definitions are for different processors",
        remedy: "see that the image is built for both, or keep the same one for the migration",
        look: architecture,
    },
];

fn containers<'a>(scene: &Scene<'a>) -> Vec<(Side, &'a Container)> {
    let Some((side, task)) = scene.future_task() else { return Vec::new() };
    task.containers.iter().map(|container| (side, container)).collect()
}

fn word(side: Side) -> &'static str {
    match side {
        Side::Ec2 => "EC2's",
        Side::Fargate => "Fargate's",
    }
}

/// The EC2 definition where no Fargate one is there yet: what that one refuses, it cannot hold.
fn untranslated<'a>(scene: &Scene<'a>) -> Option<&'a TaskDefinition> {
    scene.future_task().filter(|(side, _)| *side == Side::Ec2).map(|(_, task)| task)
}

/// Fargate's own limit (`ContainerDefinition.stopTimeout`).
const STOP_MAX: Span = Span::from_secs(120);

/// On EC2's side whatever the twin says: that is how long the work was allowed to take.
fn slow_stops<'a>(scene: &Scene<'a>) -> Vec<(&'a Container, Span)> {
    let task = scene.task(Side::Ec2).into_iter().flat_map(|task| &task.containers);
    task.filter_map(|it| Some((it, it.stop_timeout.filter(|span| *span > STOP_MAX)?))).collect()
}

fn stop_timeout_worker(scene: &Scene<'_>, said: &mut Said) {
    if scene.is_worker() {
        for (container, span) in slow_stops(scene) {
            said.seen(format!("{} has a `stopTimeout` of {span} on EC2.", container.name));
        }
    }
}

fn stop_timeout(scene: &Scene<'_>, said: &mut Said) {
    if !scene.is_worker() {
        for (container, span) in slow_stops(scene) {
            said.seen(format!("{} has a `stopTimeout` of {span} on EC2.", container.name));
        }
    }
}

fn role(scene: &Scene<'_>, said: &mut Said) {
    let Some((side, task)) = scene.future_task() else { return };
    if task.task_role.is_none() {
        said.seen(format!("{} task definition has no `taskRoleArn`.", word(side)));
    }
}

fn execution_role(scene: &Scene<'_>, said: &mut Said) {
    let Some((side, task)) = scene.future_task() else { return };
    if task.execution_role.is_some() {
        return;
    }
    let mut why = Vec::new();
    if task.containers.iter().any(|it| is_ecr(&it.image)) {
        why.push("images in ECR");
    }
    if task.containers.iter().any(|it| it.log_driver.as_deref() == Some("awslogs")) {
        why.push("awslogs");
    }
    if task.containers.iter().any(|it| !it.secrets.is_empty()) {
        why.push("secrets");
    }
    if !why.is_empty() {
        let why = listed(&why);
        said.seen(format!("{} task definition has no `executionRoleArn`, and {why}.", word(side)));
    }
}

fn refused(scene: &Scene<'_>, said: &mut Said) {
    let Some(task) = untranslated(scene) else { return };
    for container in &task.containers {
        let name = &container.name;
        if container.demands.contains(&Demand::Privilege) {
            said.seen(format!("{name} is privileged."));
        }
        if container.demands.contains(&Demand::Accelerator) {
            said.seen(format!("{name} asks for accelerators."));
        }
    }
    if task.pid_mode.as_deref() == Some("host") {
        said.seen("Its `pidMode` is host.");
    }
    if let Some(mode) = task.ipc_mode.as_deref().filter(|mode| *mode != "none") {
        said.seen(format!("Its `ipcMode` is {mode}."));
    }
    for volume in task.volumes.iter().filter(|volume| volume.kind == VolumeKind::Fsx) {
        said.seen(format!("Volume {} is on FSx for Windows.", volume.name));
    }
}

fn network(scene: &Scene<'_>, said: &mut Said) {
    let Some(task) = untranslated(scene) else { return };
    for container in &task.containers {
        let name = &container.name;
        if !container.links.is_empty() {
            said.seen(format!("{name} links to {}.", listed(&container.links)));
        }
        if container.demands.contains(&Demand::OwnDns) {
            said.seen(format!("{name} has hosts or DNS servers of its own."));
        }
    }
    if let Some(mode) = task.network_mode.as_deref().filter(|mode| *mode != "awsvpc") {
        said.remedied(
            format!("EC2's network mode is {mode}."),
            "expect one address and one security group for each task: ports are the containers' \
             own, and what reached tasks by the instance's group no longer does",
        );
    }
}

fn host_volumes(scene: &Scene<'_>, said: &mut Said) {
    let Some(task) = untranslated(scene) else { return };
    for volume in &task.volumes {
        let (name, what) = match &volume.kind {
            VolumeKind::Host(path) => (&volume.name, format!("{path} of the instance")),
            VolumeKind::Docker { driver, shared: true } => {
                (&volume.name, format!("a shared Docker volume ({driver})"))
            }
            VolumeKind::Docker { driver, shared: false } if driver != "local" => {
                (&volume.name, format!("a Docker volume of the driver {driver}"))
            }
            VolumeKind::Docker { .. }
            | VolumeKind::Task
            | VolumeKind::Efs
            | VolumeKind::Fsx
            | VolumeKind::AtLaunch => continue,
        };
        said.seen(format!("Volume {name} is {what}."));
    }
}

/// Where logs and temporary files are written.
const LOGS: [&str; 4] = ["/var/log", "/tmp", "/var/tmp", "/log"];

fn file_logs(scene: &Scene<'_>, said: &mut Said) {
    for (side, container) in containers(scene) {
        for mount in container.mounts.iter().filter(|mount| !mount.read_only) {
            let path = mount.path.trim_end_matches('/');
            let is_log = LOGS.iter().any(|log| {
                path == *log || path.strip_prefix(log).is_some_and(|rest| rest.starts_with('/'))
            }) || path.ends_with("/log")
                || path.ends_with("/logs");
            if is_log {
                let name = &container.name;
                said.seen(format!("{} {name} mounts {} on {path}.", word(side), mount.volume));
            }
        }
    }
}

fn ephemeral(scene: &Scene<'_>, said: &mut Said) {
    if let Some(task) = scene.task(Side::Fargate).filter(|task| task.ephemeral_gib.is_none()) {
        let name = model::inventory::tail_of(&task.arn).trim_start_matches("task-definition/");
        said.seen(format!("{name} sets no `ephemeralStorage`."));
    }
}

fn log_driver(scene: &Scene<'_>, said: &mut Said) {
    for (side, container) in containers(scene) {
        let name = &container.name;
        match container.log_driver.as_deref() {
            Some("awslogs") => {
                if !container.log_options.contains_key("awslogs-stream-prefix") {
                    said.seen(format!("{} {name} has no `awslogs-stream-prefix`.", word(side)));
                }
            }
            Some("awsfirelens" | "splunk") => {}
            Some(driver) => said.seen(format!("{} {name} logs by `{driver}`.", word(side))),
            None => said.seen(format!("{} {name} logs to nowhere.", word(side))),
        }
    }
}

fn is_ecr(image: &str) -> bool {
    let host = image.split('/').next().unwrap_or_default();
    host.contains(".dkr.ecr.") && host.contains(".amazonaws.com")
}

/// Docker Hub is what an image without a registry comes from: its first part has no dot, colon or
/// `localhost` (reference format of containerd).
pub(super) fn is_docker_hub(image: &str) -> bool {
    let (first, rest) = image.split_once('/').unwrap_or(("", image));
    let is_host = first.contains('.') || first.contains(':') || first == "localhost";
    !rest.is_empty() && (!is_host || first == "docker.io" || first.ends_with(".docker.io"))
}

fn docker_hub(scene: &Scene<'_>, said: &mut Said) {
    for (side, container) in containers(scene) {
        if is_docker_hub(&container.image) {
            said.seen(format!("{} {} is {}.", word(side), container.name, container.image));
        }
    }
}

fn latest(scene: &Scene<'_>, said: &mut Said) {
    for side in Side::ALL {
        let Some(app) = scene.app(side) else { continue };
        let name = app.image.rsplit('/').next().unwrap_or_default();
        let is_fixed = app.image.contains("@sha256:");
        let tag = name.split_once(':').map(|(_, tag)| tag);
        if !is_fixed && tag.is_none_or(|tag| tag == "latest") {
            said.seen(format!("{} {} is {}.", word(side), app.name, app.image));
        }
    }
}

fn ulimits(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) = (scene.app(Side::Ec2), scene.app(Side::Fargate)) else {
        return;
    };
    for (name, (_, hard)) in &ec2.ulimits {
        let has = fargate.ulimits.get(name).is_some_and(|(_, other)| other >= hard);
        if !has {
            said.seen(format!("{name} is {hard} on EC2 and not as high on Fargate."));
        }
    }
}

/// Below this a Datadog agent or log router is killed under load.
const SIDECAR_MEMORY_MIN: u32 = 256;

fn sidecars(scene: &Scene<'_>, said: &mut Said) {
    let (Some(task), Some(app)) = (scene.task(Side::Fargate), scene.app(Side::Fargate)) else {
        return;
    };
    for container in task.containers.iter().filter(|it| it.name != app.name) {
        let name = &container.name;
        if container.essential {
            said.seen(format!("{name} is essential."));
        }
        if let Some(memory) = container.memory.filter(|memory| *memory < SIDECAR_MEMORY_MIN) {
            said.seen(format!("{name} is killed above {memory} MiB."));
        }
    }
}

fn architecture(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) = (scene.task(Side::Ec2), scene.task(Side::Fargate)) else {
        return;
    };
    // Fargate takes X86_64 where nothing is said.
    let (Some(one), other) =
        (&ec2.architecture, fargate.architecture.as_deref().unwrap_or("X86_64"))
    else {
        return;
    };
    if one != other {
        said.seen(format!("EC2's is for {one} and Fargate's for {other}."));
    }
}
