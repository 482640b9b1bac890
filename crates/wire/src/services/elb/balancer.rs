//! Balancers and their listeners.

use super::{VPC, attribute, listed, no_balancer, no_listener, rule};
use crate::input::Input;
use crate::inventory::{Balancer, digest};
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

/// The zones that aliases of balancers name, for the regions that examples use (General Reference,
/// "Elastic Load Balancing endpoints and quotas").
const ALIAS_ZONES: [(&str, &str); 4] = [
    ("ap-northeast-1", "Z14GRHDCWA56QT"),
    ("us-east-1", "Z35SXDOTRQ7X7K"),
    ("us-west-2", "Z1H1FL5HABSF5"),
    ("eu-west-1", "Z32O12XQLNTSW2"),
];

/// The zone that aliases of balancers in this region name.
pub(crate) fn alias_zone(region: &str) -> String {
    let known = ALIAS_ZONES.iter().find(|(name, _)| *name == region);
    known.map_or_else(
        || format!("Z{}", digest(&["alias zone", region], 13).to_ascii_uppercase()),
        |(_, zone)| (*zone).to_owned(),
    )
}

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let (arns, names) = (input.texts("LoadBalancerArns")?, input.texts("Names")?);
    world.look("elasticloadbalancing:DescribeLoadBalancers")?;
    let inventory = world.inventory;
    let found: Vec<&Balancer> = if let Some(arns) = arns {
        let by_arn = |arn: &&str| {
            let found = inventory.balancers.iter().find(|it| it.arn == *arn);
            found.ok_or_else(|| no_balancer(arn))
        };
        arns.iter().map(by_arn).collect::<Result<_, _>>()?
    } else if let Some(names) = names {
        let by_name = |name: &&str| {
            let found = inventory.balancers.iter().find(|it| it.name == *name);
            found.ok_or_else(|| no_balancer(name))
        };
        names.iter().map(by_name).collect::<Result<_, _>>()?
    } else {
        inventory.balancers.iter().collect()
    };
    let all = found.into_iter().map(|balancer| fields(world, balancer)).collect();
    listed(input, "LoadBalancers", all)
}

fn fields(world: &World<'_>, balancer: &Balancer) -> Fields {
    let region = &world.place.region;
    let zone = |letter: char| {
        let name = format!("{region}{letter}");
        let subnet = format!("subnet-{}", digest(&["subnet", &name], 17));
        Fields::new()
            .with("ZoneName", name)
            .with("SubnetId", subnet)
            .with("LoadBalancerAddresses", members::<Fields>([]))
    };
    Fields::new()
        .with("LoadBalancerArn", &balancer.arn)
        .with("DNSName", &balancer.dns_name)
        .with("CanonicalHostedZoneId", alias_zone(region))
        .with("CreatedTime", world.region.start())
        .with("LoadBalancerName", &balancer.name)
        .with("Scheme", "internet-facing")
        .with("VpcId", VPC)
        .with("State", Fields::new().with("Code", "active"))
        .with("Type", "application")
        .with("AvailabilityZones", members([zone('a'), zone('c')]))
        .with("SecurityGroups", members(["sg-0a1b2c3d4e5f60718"]))
        .with("IpAddressType", "ipv4")
}

pub(super) fn describe_attributes(
    world: &mut World<'_>,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    let arn = input.needed_text("LoadBalancerArn")?;
    world.look("elasticloadbalancing:DescribeLoadBalancerAttributes")?;
    if !world.inventory.balancers.iter().any(|balancer| balancer.arn == arn) {
        return Err(no_balancer(arn));
    }
    let attributes = [
        ("access_logs.s3.enabled", "false"),
        ("access_logs.s3.bucket", ""),
        ("access_logs.s3.prefix", ""),
        ("deletion_protection.enabled", "false"),
        ("idle_timeout.timeout_seconds", "60"),
        ("routing.http2.enabled", "true"),
        ("load_balancing.cross_zone.enabled", "true"),
    ];
    let attributes = attributes.map(|(key, value)| attribute(key, value));
    Ok(Fields::new().with("Attributes", members(attributes)))
}

fn listener(world: &World<'_>, balancer: &Balancer) -> Fields {
    Fields::new()
        .with("ListenerArn", &balancer.listener_arn)
        .with("LoadBalancerArn", &balancer.arn)
        .with("Port", 80_u32)
        .with("Protocol", "HTTP")
        .with("DefaultActions", members([rule::default_action(world, balancer)]))
}

pub(super) fn modify_listener(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let balancer = rule::modify_default(world, input)?;
    Ok(Fields::new().with("Listeners", members([listener(world, balancer)])))
}

pub(super) fn describe_listeners(
    world: &mut World<'_>,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    let (balancer, listeners) = (input.text("LoadBalancerArn")?, input.texts("ListenerArns")?);
    world.look("elasticloadbalancing:DescribeListeners")?;
    let inventory = world.inventory;
    let found: Vec<&Balancer> = match (balancer, listeners) {
        (Some(arn), None) => {
            let found = inventory.balancers.iter().find(|it| it.arn == arn);
            vec![found.ok_or_else(|| no_balancer(arn))?]
        }
        (None, Some(arns)) => {
            let by_arn = |arn: &&str| {
                let found = inventory.balancers.iter().find(|it| it.listener_arn == *arn);
                found.ok_or_else(|| no_listener(arn))
            };
            arns.iter().map(by_arn).collect::<Result<_, _>>()?
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = "You must specify either listener ARNs or a load balancer ARN";
            return Err(Refusal::invalid(message));
        }
    };
    let all = found.into_iter().map(|balancer| listener(world, balancer)).collect();
    listed(input, "Listeners", all)
}
