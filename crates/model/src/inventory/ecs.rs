//! ECS services and task definitions.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Span, Time};

/// An ECS service (`DescribeServices`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// What its tasks run on.
    pub launch: Launch,
    /// How tasks are placed.
    pub scheduling: Scheduling,
    /// Who replaces tasks.
    pub controller: Controller,
    /// How they are replaced.
    pub deployment: Deployment,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that start.
    pub pending: u32,
    /// Deployments that are listed; one when none is under way.
    pub deployments: u32,
    /// How long failing health checks of the balancer are ignored after a start; `None`: not set.
    pub grace: Option<Span>,
    /// Where tasks register.
    pub registrations: Vec<Registration>,
    /// ARNs of the Cloud Map services that tasks register in.
    pub registries: Vec<String>,
    /// Where tasks run, with `awsvpc`.
    pub network: Option<Network>,
    /// ARN of the task definition.
    pub task_definition: String,
    /// The platform version on Fargate, such as `LATEST`.
    pub platform_version: Option<String>,
    /// What ECS said of it, newest first; at most the last 100.
    pub events: Vec<ServiceEvent>,
}

/// What the tasks of a service run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// The launch type `EC2`.
    Ec2,
    /// The launch type `FARGATE`.
    Fargate,
    /// The launch type `EXTERNAL`: machines outside of AWS.
    External,
    /// Capacity providers by name.
    Providers(Vec<String>),
}

impl Launch {
    /// Whether all tasks run on Fargate; providers of Fargate have reserved names.
    #[must_use]
    pub fn is_fargate(&self) -> bool {
        match self {
            Self::Fargate => true,
            Self::Ec2 | Self::External => false,
            Self::Providers(names) => {
                !names.is_empty() && names.iter().all(|name| name.starts_with("FARGATE"))
            }
        }
    }

    /// Whether any task may run on Fargate.
    #[must_use]
    pub fn may_be_fargate(&self) -> bool {
        match self {
            Self::Fargate => true,
            Self::Ec2 | Self::External => false,
            Self::Providers(names) => names.iter().any(|name| name.starts_with("FARGATE")),
        }
    }
}

/// How tasks are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduling {
    /// As many as are desired.
    Replica,
    /// One on each instance.
    Daemon,
}

/// Who replaces the tasks of a service (`deploymentController`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controller {
    /// ECS itself.
    Ecs,
    /// CodeDeploy, which moves rules of the balancer by itself.
    CodeDeploy,
    /// Something else.
    External,
}

/// How tasks are replaced (`deploymentConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// One after the other, or by moving traffic.
    pub strategy: Strategy,
    /// Part of the desired tasks that stay healthy meanwhile, in percent.
    pub minimum_healthy_percent: Option<u32>,
    /// Part of the desired tasks that there may be meanwhile, in percent.
    pub maximum_percent: Option<u32>,
    /// Whether a deployment that cannot work is ended.
    pub circuit_breaker: bool,
    /// Whether it is then undone.
    pub circuit_breaker_rolls_back: bool,
}

/// The strategy of deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// Tasks one after the other.
    Rolling,
    /// By moving traffic between two target groups: `BLUE_GREEN`, `LINEAR`, `CANARY`.
    Shifting(String),
}

/// Where tasks register with a balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// ARN of the target group; `None` for a classic load balancer.
    pub target_group: Option<String>,
    /// Name of a classic load balancer.
    pub classic: Option<String>,
    /// The container that takes requests.
    pub container: String,
    /// The port it takes them on.
    pub port: u16,
    /// ARN of the rule that ECS itself moves between target groups, where it does.
    pub production_rule: Option<String>,
}

/// Where tasks run, with `awsvpc`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
    /// Whether tasks get public addresses.
    pub public_ip: bool,
}

/// Something that ECS said of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When.
    pub at: Option<Time>,
    /// The sentence.
    pub message: String,
}

/// A revision of a task definition (`DescribeTaskDefinition`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Its ARN.
    pub arn: String,
    /// `awsvpc`, `bridge`, `host` or `none`.
    pub network_mode: Option<String>,
    /// CPU units of the task, 1,024 a vCPU; `None` where only containers reserve.
    pub cpu: Option<u32>,
    /// Memory of the task in MiB.
    pub memory: Option<u32>,
    /// Role of the application.
    pub task_role: Option<String>,
    /// Role that pulls images, reads secrets and writes logs.
    pub execution_role: Option<String>,
    /// `X86_64` or `ARM64`, where said.
    pub architecture: Option<String>,
    /// Storage of the task in GiB; `None`: 20 on Fargate.
    pub ephemeral_gib: Option<u32>,
    /// `host` or `task`.
    pub pid_mode: Option<String>,
    /// `host`, `task` or `none`.
    pub ipc_mode: Option<String>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// Its volumes.
    pub volumes: Vec<Volume>,
}

impl TaskDefinition {
    /// CPU units that a task reserves: its own, or those of its containers together.
    #[must_use]
    pub fn cpu_reserved(&self) -> Option<u32> {
        let containers = self.containers.iter().fold(0_u32, |sum, it| sum.saturating_add(it.cpu));
        self.cpu.or((containers > 0).then_some(containers))
    }

    /// The container of this name, or the only essential one.
    #[must_use]
    pub fn container(&self, name: Option<&str>) -> Option<&Container> {
        let named = name.and_then(|name| self.containers.iter().find(|it| it.name == name));
        named.or_else(|| {
            let mut essential = self.containers.iter().filter(|it| it.essential);
            essential.next().filter(|_| essential.next().is_none())
        })
    }
}

/// A container of a task definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Whether the task ends with it.
    pub essential: bool,
    /// CPU units; 0: none reserved.
    pub cpu: u32,
    /// The most memory it may use, in MiB.
    pub memory: Option<u32>,
    /// Memory that is reserved, in MiB.
    pub memory_reservation: Option<u32>,
    /// `awslogs`, `awsfirelens`, `json-file`, ...; `None`: not set.
    pub log_driver: Option<String>,
    /// Options of the log driver.
    pub log_options: BTreeMap<String, String>,
    /// Volumes in its file system.
    pub mounts: Vec<Mount>,
    /// Time between SIGTERM and SIGKILL; `None`: 30 s.
    pub stop_timeout: Option<Span>,
    /// What it asks of its host that not every host gives.
    pub demands: BTreeSet<Demand>,
    /// Links to other containers.
    pub links: Vec<String>,
    /// Soft and hard limits by name, such as `nofile`.
    pub ulimits: BTreeMap<String, (i64, i64)>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Names of the environment variables that come from secrets.
    pub secrets: Vec<String>,
}

/// What a container asks of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// To do all that the host may (`privileged`).
    Privilege,
    /// GPUs or other accelerators.
    Accelerator,
    /// Hosts or DNS servers of its own (`extraHosts`, `dnsServers`, `dnsSearchDomains`).
    OwnDns,
}

/// A volume in a container's file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Name of the volume.
    pub volume: String,
    /// The path in the container.
    pub path: String,
    /// Whether it is only read.
    pub read_only: bool,
}

/// A volume of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: VolumeKind,
}

/// What a volume is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeKind {
    /// Empty at the start of each task.
    Task,
    /// A path of the instance.
    Host(String),
    /// A Docker volume, by its driver; shared ones outlive their tasks.
    Docker {
        /// Such as `local`.
        driver: String,
        /// Whether its scope is `shared`.
        shared: bool,
    },
    /// EFS.
    Efs,
    /// FSx for Windows.
    Fsx,
    /// Made by the service when a task starts, such as an EBS volume.
    AtLaunch,
}
