//! What can be wrong with scaling, capacity and task definitions.

use model::inventory::{
    Alarm, Container, Demand, Mount, PolicyKind, ScalingPolicy, ScheduledAction, Volume, VolumeKind,
};
use model::observation::Bounds;
use model::{Side, Span};

use super::{app, target, task, week, without_twin};
use crate::base::Kind;
use crate::{Case, case};

use Kind::{Records, Worker};
use Side::{Ec2, Fargate};

pub(super) const SCALING: &[Case] = &[
    case(
        "scaling.bothActive",
        Worker,
        |it| target(it, Fargate).bounds = Bounds { min: 1, max: 20 },
        "from 10 to 150 tasks and Fargate from 1 to 20",
    ),
    case(
        "worker.concurrency",
        Worker,
        |it| target(it, Ec2).bounds.max = 190,
        "190 and 20, and `concurrencyMax` is 200",
    ),
    case(
        "scaling.alarmOfOtherSide",
        Records,
        |it| {
            target(it, Fargate).policies.push(step(
                "out",
                Some(Span::from_secs(60)),
                vec![alarm("api")],
            ));
        },
        "watches ServiceName api",
    ),
    case(
        "scaling.none",
        Records,
        |it| it.sides.fargate.scaling = Some(Ok(None)),
        "has none; it wants 100 tasks",
    ),
    case(
        "scaling.noPolicy",
        Records,
        |it| target(it, Fargate).policies.clear(),
        "10 to 150 and no policy",
    ),
    case("scaling.pinned", Records, |it| target(it, Fargate).bounds.min = 150, "150 to 150"),
    case(
        "scaling.suspended",
        Records,
        |it| {
            target(it, Ec2).suspended.scale_in = true;
            target(it, Ec2).suspended.scheduled = true;
        },
        "scale-in and scheduled actions",
    ),
    case(
        "scaling.noAlarm",
        Records,
        |it| target(it, Fargate).policies.push(step("out", Some(Span::from_secs(60)), Vec::new())),
        "policy out has no alarm",
    ),
    case(
        "scaling.scheduled",
        Records,
        |it| {
            target(it, Ec2).scheduled.push(ScheduledAction {
                name: "night".into(),
                schedule: "cron(0 20 * * ? *)".into(),
                min: Some(2),
                max: None,
            });
        },
        "`night` (cron(0 20 * * ? *): min 2)",
    ),
    case(
        "scaling.slow",
        Records,
        |it| target(it, Fargate).policies.push(step("out", None, vec![alarm("api-fargate")])),
        "cooldown of 5m (the default)",
    ),
    case(
        "scaling.hotTarget",
        Records,
        |it| {
            target(it, Fargate).policies[0].kind = PolicyKind::TargetTracking {
                metric: "ECSServiceAverageCPUUtilization".into(),
                target: 80.0,
                scale_in_disabled: false,
            }
        },
        "at 80 %",
    ),
    case(
        "scaling.predictive",
        Records,
        |it| {
            target(it, Ec2).policies.push(ScalingPolicy {
                name: "forecast".into(),
                kind: PolicyKind::Predictive,
                alarms: Vec::new(),
            });
        },
        "forecast is predictive",
    ),
];

fn step(name: &str, cooldown: Option<Span>, alarms: Vec<Alarm>) -> ScalingPolicy {
    ScalingPolicy { name: name.to_owned(), kind: PolicyKind::Step { cooldown, adds: true }, alarms }
}

fn alarm(service: &str) -> Alarm {
    let dimensions = [("ClusterName", "prd"), ("ServiceName", service)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    Alarm {
        name: "cpu-high".to_owned(),
        metric: Some("CPUUtilization".to_owned()),
        dimensions: dimensions.into(),
    }
}

pub(super) const CAPACITY: &[Case] = &[
    case(
        "capacity.maxOnFargate",
        Records,
        |it| target(it, Fargate).bounds = Bounds { min: 10, max: 60 },
        "100 tasks of 1 vCPU, 100 in all; Fargate may have 60 of 1, 60 in all",
    ),
    case(
        "capacity.maxBelowEc2",
        Records,
        |it| target(it, Fargate).bounds.max = 120,
        "150 tasks of 1 vCPU, 150 in all; Fargate 120 of 1",
    ),
    case(
        "capacity.burst",
        Records,
        |it| week(it, Ec2).minutes.iter_mut().for_each(|it| it.cpu_percent = Some(130.0)),
        "used 130 % of 1 vCPU",
    ),
    case(
        "capacity.smallerTask",
        Records,
        |it| task(it, Fargate).cpu = Some(768),
        "1 vCPU, one of Fargate has 0.75",
    ),
    case("capacity.tinyTask", Records, |it| task(it, Fargate).cpu = Some(256), "0.25 vCPU"),
    case(
        "capacity.memory",
        Records,
        |it| task(it, Fargate).memory = Some(1024),
        "2048 MiB, Fargate's 1024 MiB",
    ),
    case(
        "capacity.reserve",
        Records,
        |it| target(it, Ec2).bounds = Bounds { min: 10, max: 80 },
        "runs 100 tasks and may have 80",
    ),
    case(
        "traffic.little",
        Records,
        |it| week(it, Ec2).minutes.iter_mut().for_each(|it| it.requests = Some(20)),
        "20 requests on average",
    ),
    case("traffic.none", Records, |it| week(it, Ec2).minutes.clear(), "0 minutes are known"),
];

pub(super) const TASKS: &[Case] = &[
    case(
        "task.stopTimeout",
        Worker,
        |it| app(it, Ec2).stop_timeout = Some(Span::from_mins(10)),
        "`stopTimeout` of 10m on EC2",
    ),
    case(
        "task.stopTimeoutShort",
        Records,
        |it| app(it, Ec2).stop_timeout = Some(Span::from_mins(5)),
        "`stopTimeout` of 5m on EC2",
    ),
    case(
        "task.role",
        Records,
        |it| task(it, Fargate).task_role = None,
        "Fargate's task definition has no `taskRoleArn`",
    ),
    case(
        "task.role",
        Records,
        |it| {
            without_twin(it);
            task(it, Ec2).task_role = None;
        },
        "EC2's task definition",
    ),
    case(
        "task.executionRole",
        Records,
        |it| {
            task(it, Fargate).execution_role = None;
            app(it, Fargate).secrets.push("DB".into());
        },
        "images in ECR, awslogs and secrets",
    ),
    case(
        "task.refused",
        Records,
        |it| {
            without_twin(it);
            app(it, Ec2).demands.insert(Demand::Privilege);
        },
        "app is privileged",
    ),
    case(
        "task.refused",
        Records,
        |it| {
            without_twin(it);
            app(it, Ec2).demands.insert(Demand::Accelerator);
        },
        "accelerators",
    ),
    case(
        "task.refused",
        Records,
        |it| {
            without_twin(it);
            task(it, Ec2).pid_mode = Some("host".into());
        },
        "`pidMode` is host",
    ),
    case(
        "task.refused",
        Records,
        |it| {
            without_twin(it);
            task(it, Ec2).ipc_mode = Some("task".into());
        },
        "`ipcMode` is task",
    ),
    case(
        "task.refused",
        Records,
        |it| {
            without_twin(it);
            task(it, Ec2).volumes.push(Volume { name: "share".into(), kind: VolumeKind::Fsx });
        },
        "share is on FSx",
    ),
    case(
        "task.network",
        Records,
        |it| {
            without_twin(it);
            app(it, Ec2).links.push("agent:dd".into());
        },
        "links to agent:dd",
    ),
    case(
        "task.network",
        Records,
        |it| {
            without_twin(it);
            app(it, Ec2).demands.insert(Demand::OwnDns);
        },
        "hosts or DNS servers",
    ),
    case("task.network", Records, without_twin, "network mode is bridge"),
    case(
        "storage.hostVolumes",
        Records,
        |it| {
            without_twin(it);
            task(it, Ec2).volumes.push(Volume {
                name: "sock".into(),
                kind: VolumeKind::Host("/var/run/docker.sock".into()),
            });
        },
        "sock is /var/run/docker.sock of the instance",
    ),
    case(
        "storage.hostVolumes",
        Records,
        |it| {
            without_twin(it);
            task(it, Ec2).volumes.push(Volume {
                name: "shared".into(),
                kind: VolumeKind::Docker { driver: "local".into(), shared: true },
            });
        },
        "a shared Docker volume",
    ),
    case(
        "storage.fileLogs",
        Records,
        |it| {
            app(it, Fargate).mounts.push(Mount {
                volume: "logs".into(),
                path: "/var/log/app/".into(),
                read_only: false,
            });
        },
        "mounts logs on /var/log/app",
    ),
    case(
        "storage.fileLogs",
        Records,
        |it| {
            app(it, Fargate).mounts.push(Mount {
                volume: "logs".into(),
                path: "/srv/app/logs".into(),
                read_only: false,
            });
        },
        "/srv/app/logs",
    ),
    case(
        "storage.ephemeral",
        Records,
        |it| task(it, Fargate).ephemeral_gib = None,
        "api-fargate:7 sets no",
    ),
    case(
        "task.logDriver",
        Records,
        |it| app(it, Fargate).log_driver = Some("json-file".into()),
        "`json-file`",
    ),
    case("task.logDriver", Records, |it| app(it, Fargate).log_driver = None, "logs to nowhere"),
    case(
        "task.logDriver",
        Records,
        |it| {
            app(it, Fargate).log_options.remove("awslogs-stream-prefix");
        },
        "no `awslogs-stream-prefix`",
    ),
    case(
        "image.dockerHub",
        Records,
        |it| app(it, Fargate).image = "fluent/fluentd:v1.16".into(),
        "fluent/fluentd:v1.16",
    ),
    case(
        "image.dockerHub",
        Records,
        |it| app(it, Fargate).image = "docker.io/library/nginx:1".into(),
        "docker.io",
    ),
    case(
        "image.latest",
        Records,
        |it| app(it, Ec2).image = "1.dkr.ecr.x.amazonaws.com/api".into(),
        "EC2's app is",
    ),
    case(
        "task.ulimits",
        Records,
        |it| {
            app(it, Ec2).ulimits.insert("nofile".into(), (65_536, 1_048_576));
        },
        "nofile is 1048576 on EC2",
    ),
    case(
        "task.sidecars",
        Records,
        |it| {
            task(it, Fargate).containers.push(Container {
                name: "agent".into(),
                essential: true,
                ..base_sidecar()
            });
        },
        "agent is essential",
    ),
    case(
        "task.sidecars",
        Records,
        |it| {
            task(it, Fargate).containers.push(Container {
                name: "agent".into(),
                memory: Some(128),
                ..base_sidecar()
            });
        },
        "agent is killed above 128 MiB",
    ),
    case(
        "task.architecture",
        Records,
        |it| task(it, Ec2).architecture = Some("ARM64".into()),
        "EC2's is for ARM64 and Fargate's for X86_64",
    ),
];

fn base_sidecar() -> Container {
    Container { image: "public.ecr.aws/datadog/agent:7".to_owned(), ..Container::default() }
}
