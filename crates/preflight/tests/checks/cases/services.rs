//! What can be wrong with services, groups and balancers.

use model::inventory::{
    Controller, Launch, Registration, Scheduling, Service, ServiceEvent, Strategy,
};
use model::{Side, Span};

use super::{app, balancer, group, service, sets};
use crate::base::{self, Kind};
use crate::{Case, case};

use Kind::{Records, Rule as AlbRule};
use Side::{Ec2, Fargate};

pub(super) const SERVICES: &[Case] = &[
    case(
        "service.launchType",
        Records,
        |it| service(it, Ec2).launch = Launch::Fargate,
        "The EC2 service prd/api runs on Fargate.",
    ),
    case(
        "service.launchType",
        Records,
        |it| service(it, Fargate).launch = Launch::Providers(vec!["FARGATE".into(), "asg".into()]),
        "capacity providers FARGATE and asg",
    ),
    case(
        "service.scheduling",
        Records,
        |it| service(it, Ec2).scheduling = Scheduling::Daemon,
        "as DAEMON, 100 tasks",
    ),
    case(
        "service.inactive",
        Records,
        |it| service(it, Fargate).status = "DRAINING".into(),
        "is DRAINING",
    ),
    case("service.inactive", Records, |it| service(it, Ec2).desired = 0, "wants 0 tasks"),
    case(
        "router.ownedByOther",
        Records,
        |it| service(it, Ec2).controller = Controller::CodeDeploy,
        "CodeDeploy",
    ),
    case(
        "router.ownedByOther",
        AlbRule,
        |it| service(it, Fargate).deployment.strategy = Strategy::Shifting("BLUE_GREEN".into()),
        "strategy BLUE_GREEN",
    ),
    case(
        "router.ownedByOther",
        AlbRule,
        |it| service(it, Ec2).registrations[0].production_rule = Some("arn:r".into()),
        "moves rule arn:r",
    ),
    case(
        "router.ownedByOther",
        Records,
        |it| sets(it)[0].policy_instance = Some("i-9".into()),
        "Policy instance i-9 makes",
    ),
    case(
        "service.classicBalancer",
        Records,
        |it| service(it, Ec2).registrations[0].classic = Some("old-elb".into()),
        "old-elb",
    ),
    case(
        "service.cannotStart",
        Records,
        |it| {
            service(it, Fargate).events = vec![
                event("(service api-fargate) is unable to consistently start tasks successfully."),
                event("(service api-fargate) has reached a steady state."),
            ];
        },
        "has 1 event(s) of it",
    ),
    case("service.deploying", Records, |it| service(it, Ec2).deployments = 2, "2 deployments"),
    case(
        "service.release",
        Records,
        |it| app(it, Fargate).image = "1.dkr.ecr.x.amazonaws.com/api:v40".into(),
        "api:v40",
    ),
    case(
        "service.severalGroups",
        Records,
        |it| {
            let first = service(it, Ec2).registrations[0].clone();
            let second = Registration {
                target_group: Some(
                    "arn:aws:elasticloadbalancing:ap-northeast-1:1:targetgroup/admin/1".into(),
                ),
                ..first
            };
            service(it, Ec2).registrations.push(second);
        },
        "api-ec2 and admin; api-ec2 is judged",
    ),
    case(
        "service.registries",
        Records,
        |it| service(it, Ec2).registries.push("arn:sd".into()),
        "1 Cloud Map",
    ),
    case(
        "service.daemonsOnCluster",
        Records,
        |it| {
            let daemon = Service { name: "datadog-agent".into(), ..base::service(Ec2, Records) };
            it.daemons = Some(Ok(vec![daemon]));
        },
        "datadog-agent on each instance",
    ),
    case(
        "deployment.circuitBreaker",
        Records,
        |it| service(it, Fargate).deployment.circuit_breaker = false,
        "has none",
    ),
    case(
        "deployment.circuitBreaker",
        Records,
        |it| service(it, Fargate).deployment.circuit_breaker_rolls_back = false,
        "does not go back",
    ),
    case(
        "deployment.minimumHealthy",
        Records,
        |it| service(it, Fargate).deployment.minimum_healthy_percent = Some(50),
        "50 %",
    ),
    case(
        "healthCheck.grace",
        Records,
        |it| service(it, Fargate).grace = None,
        "grace period of 0 s",
    ),
    case(
        "capacity.spot",
        Records,
        |it| {
            service(it, Fargate).launch =
                Launch::Providers(vec!["FARGATE".into(), "FARGATE_SPOT".into()]);
        },
        "FARGATE_SPOT",
    ),
    case(
        "platform.version",
        Records,
        |it| service(it, Fargate).platform_version = Some("1.3.0".into()),
        "1.3.0",
    ),
];

fn event(message: &str) -> ServiceEvent {
    ServiceEvent { at: None, message: message.to_owned() }
}

pub(super) const GROUPS: &[Case] = &[
    case(
        "targetGroup.none",
        Records,
        |it| service(it, Fargate).registrations.clear(),
        "has no load balancer",
    ),
    case(
        "targetGroup.same",
        Records,
        |it| group(it, Fargate).arn = base::group_arn(Ec2),
        "register in api-ec2",
    ),
    case(
        "targetGroup.type",
        Records,
        |it| group(it, Fargate).target_type = "instance".into(),
        "api-fargate is of type `instance`",
    ),
    case(
        "targetGroup.unattached",
        Records,
        |it| group(it, Fargate).balancers.clear(),
        "has no balancer",
    ),
    case(
        "targetGroup.slowHealth",
        Records,
        |it| {
            group(it, Fargate).health_check.interval = Some(Span::from_secs(30));
            group(it, Fargate).health_check.healthy = Some(5);
        },
        "5 times, 30s apart: 2m30s",
    ),
    case(
        "targetGroup.healthCheckDiffers",
        Records,
        |it| group(it, Fargate).health_check.path = Some("/".into()),
        "`/healthz` on EC2 and `/` on Fargate",
    ),
    case(
        "targetGroup.deregistration",
        Records,
        |it| {
            group(it, Ec2)
                .attributes
                .insert("deregistration_delay.timeout_seconds".into(), "300".into());
        },
        "5m on EC2 and 30s on Fargate",
    ),
    case(
        "targetGroup.algorithm",
        Records,
        |it| {
            group(it, Fargate)
                .attributes
                .insert("load_balancing.algorithm.type".into(), "round_robin".into());
        },
        "round robin",
    ),
    case(
        "balancer.state",
        Records,
        |it| balancer(it, Fargate).state = Some("provisioning".into()),
        "prd-api-fargate is provisioning",
    ),
    case(
        "balancer.notApplication",
        Records,
        |it| balancer(it, Ec2).kind = "network".into(),
        "network load balancer",
    ),
    case(
        "balancer.differs",
        Records,
        |it| {
            balancer(it, Fargate)
                .attributes
                .insert("idle_timeout.timeout_seconds".into(), "30".into());
        },
        "60 on EC2's and 30",
    ),
    case(
        "balancer.differs",
        Records,
        |it| balancer(it, Fargate).scheme = Some("internal".into()),
        "Fargate's internal",
    ),
    case(
        "balancer.differs",
        Records,
        |it| {
            balancer(it, Fargate).zones.pop();
        },
        "no nodes in ap-northeast-1c",
    ),
    case(
        "balancer.accessLogs",
        Records,
        |it| {
            balancer(it, Ec2).attributes.insert("access_logs.s3.enabled".into(), "false".into());
        },
        "false",
    ),
];
