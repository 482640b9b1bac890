//! Target groups and the health of their targets.

use model::Side;
use model::observation::Targets;
use region::request::Request;

use super::{VPC, attribute, listed, no_balancer, no_group};
use crate::input::Input;
use crate::inventory::{Member, digest};
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

/// Where containers listen.
const PORT: u32 = 3_000;
/// The first port that containers on instances are mapped to, and how many there are (ECS,
/// "Port mappings": the ephemeral range of Linux).
const EPHEMERAL: (u32, u32) = (32_768, 28_232);

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let arns = input.texts("TargetGroupArns")?;
    let (names, balancer) = (input.texts("Names")?, input.text("LoadBalancerArn")?);
    world.look("elasticloadbalancing:DescribeTargetGroups")?;
    let inventory = world.inventory;
    let found: Vec<&Member> = if let Some(arns) = arns {
        let by_arn = |arn: &&str| inventory.group(arn).ok_or_else(|| no_group(arn));
        arns.iter().map(by_arn).collect::<Result<_, _>>()?
    } else if let Some(names) = names {
        let by_name = |name: &&str| {
            let found = inventory.members.iter().find(|it| it.group_name() == *name);
            found.ok_or_else(|| no_group(name))
        };
        names.iter().map(by_name).collect::<Result<_, _>>()?
    } else if let Some(arn) = balancer {
        let found = inventory.balancers.iter().find(|it| it.arn == arn);
        let found = found.ok_or_else(|| no_balancer(arn))?;
        found.members.iter().filter_map(|place| inventory.members.get(*place)).collect()
    } else {
        inventory.members.iter().collect()
    };
    let all = found.into_iter().map(|member| fields(world, member)).collect();
    listed(input, "TargetGroups", all)
}

fn fields(world: &World<'_>, member: &Member) -> Fields {
    let balancer = world.inventory.balancer_of(member).map(|balancer| balancer.arn.clone());
    let target_type = match member.side {
        Side::Ec2 => "instance",
        Side::Fargate => "ip",
    };
    Fields::new()
        .with("TargetGroupArn", &member.group_arn)
        .with("TargetGroupName", member.group_name())
        .with("Protocol", "HTTP")
        .with("Port", PORT)
        .with("VpcId", VPC)
        .with("HealthCheckProtocol", "HTTP")
        .with("HealthCheckPort", "traffic-port")
        .with("HealthCheckEnabled", true)
        .with("HealthCheckIntervalSeconds", 10_u32)
        .with("HealthCheckTimeoutSeconds", 5_u32)
        .with("HealthyThresholdCount", 2_u32)
        .with("UnhealthyThresholdCount", 2_u32)
        .with("HealthCheckPath", "/")
        .with("Matcher", Fields::new().with("HttpCode", "200"))
        .with("LoadBalancerArns", members(balancer))
        .with("TargetType", target_type)
        .with("ProtocolVersion", "HTTP1")
        .with("IpAddressType", "ipv4")
}

pub(super) fn describe_attributes(
    world: &mut World<'_>,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    let arn = input.needed_text("TargetGroupArn")?;
    world.look("elasticloadbalancing:DescribeTargetGroupAttributes")?;
    let member = world.inventory.group(arn).ok_or_else(|| no_group(arn))?;
    let drain = world.region.drain(member.application, member.side);
    let drain = drain.map_or(0, model::Span::as_secs).to_string();
    let attributes = [
        ("deregistration_delay.timeout_seconds", drain.as_str()),
        ("stickiness.enabled", "false"),
        ("stickiness.type", "lb_cookie"),
        ("stickiness.lb_cookie.duration_seconds", "86400"),
        ("slow_start.duration_seconds", "0"),
        ("load_balancing.algorithm.type", "round_robin"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ];
    let attributes = attributes.map(|(key, value)| attribute(key, value));
    Ok(Fields::new().with("Attributes", members(attributes)))
}

/// A target and its health.
struct Target {
    id: String,
    port: u32,
    state: &'static str,
    reason: Option<(&'static str, &'static str)>,
}

pub(super) fn describe_health(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let arn = input.needed_text("TargetGroupArn")?;
    let wanted = input.list("Targets")?.unwrap_or_default();
    let inventory = world.inventory;
    let member = inventory.group(arn);
    let requests: Vec<Request<'_>> =
        member.iter().map(|it| Request::DescribeTargetHealth { group: &it.group }).collect();
    let answer = world.call("elasticloadbalancing:DescribeTargetHealth", false, &requests)?.pop();
    let (Some(member), Some(answer)) = (member, answer) else { return Err(no_group(arn)) };
    let targets = targets(member, answer.targets()?);
    let described = if wanted.is_empty() {
        targets.iter().map(described).collect()
    } else {
        let mut described = Vec::new();
        for target in wanted {
            described.push(one(&targets, &target)?);
        }
        described
    };
    Ok(Fields::new().with("TargetHealthDescriptions", members(described)))
}

/// The target that a request names.
fn one(targets: &[Target], wanted: &Input<'_>) -> Result<Fields, Refusal> {
    let id = wanted.needed_text("Id")?;
    let port = wanted.count("Port", 1, 65_535)?;
    let is_it = |target: &&Target| target.id == id && port.is_none_or(|port| port == target.port);
    if let Some(target) = targets.iter().find(is_it) {
        return Ok(described(target));
    }
    let reason = ("Target.NotRegistered", "Target is not registered to the target group");
    let port = port.unwrap_or(PORT);
    let target = Target { id: id.to_owned(), port, state: "unused", reason: Some(reason) };
    Ok(described(&target))
}

fn described(target: &Target) -> Fields {
    let health = Fields::new()
        .with("State", target.state)
        .with_some("Reason", target.reason.map(|(code, _)| code))
        .with_some("Description", target.reason.map(|(_, text)| text));
    let port = target.port;
    Fields::new()
        .with("Target", Fields::new().with("Id", &target.id).with("Port", port))
        .with("HealthCheckPort", port.to_string())
        .with("TargetHealth", health)
}

/// Targets as many as there are in each state, numbered in that order.
fn targets(member: &Member, counts: Targets) -> Vec<Target> {
    let failed = ("Target.FailedHealthChecks", "Health checks failed");
    let initial = ("Elb.InitialHealthChecking", "Initial health checks in progress");
    let draining = ("Target.DeregistrationInProgress", "Target deregistration is in progress");
    let states = [
        (counts.healthy, "healthy", None),
        (counts.unhealthy, "unhealthy", Some(failed)),
        (counts.initial, "initial", Some(initial)),
        (counts.draining, "draining", Some(draining)),
    ];
    let states = states
        .into_iter()
        .flat_map(|(count, state, reason)| (0..count).map(move |_| (state, reason)));
    let target = |(number, (state, reason))| {
        let (id, port) = address(member, number);
        Target { id, port, state, reason }
    };
    (0..).zip(states).map(target).collect()
}

/// Where a target answers: Fargate tasks at an address of their own, others at a port of an
/// instance.
fn address(member: &Member, number: u32) -> (String, u32) {
    match member.side {
        Side::Ec2 => {
            let (first, count) = EPHEMERAL;
            // Four tasks on each instance, as on those of the simulated cluster.
            let instance = (number / 4).to_string();
            let id = digest(&["instance", &member.id.cluster, &member.id.service, &instance], 17);
            (format!("i-{id}"), first + number % count)
        }
        Side::Fargate => {
            let (high, low) = (number / 200 % 256, number % 200 + 10);
            (format!("10.{}.{high}.{low}", member.application % 256), PORT)
        }
    }
}
