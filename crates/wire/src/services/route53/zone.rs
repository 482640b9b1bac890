//! Hosted zones.

use super::{Address, PAGE_MAX, by_labels, full_name, no_zone, record};
use crate::inventory::Zone;
use crate::refusal::Refusal;
use crate::value::{Fields, named};
use crate::world::World;

/// The name servers of every zone.
pub(super) const NAME_SERVERS: [&str; 4] = [
    "ns-1.awsdns-01.com.",
    "ns-1001.awsdns-02.net.",
    "ns-2001.awsdns-03.org.",
    "ns-3001.awsdns-04.co.uk.",
];

pub(super) fn list(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let (marker, most) = (address.query("marker"), address.max_items(PAGE_MAX)?);
    world.look("route53:ListHostedZones")?;
    let zones: Vec<(&String, &Zone)> = world.inventory.zones.iter().collect();
    let begin = match marker {
        None => 0,
        Some(marker) => zones
            .iter()
            .position(|(id, _)| id.as_str() == marker.trim_start_matches("/hostedzone/"))
            .ok_or_else(|| Refusal::invalid(format!("Invalid marker: {marker}")))?,
    };
    let (shown, next) = split(zones.get(begin..).unwrap_or_default(), most);
    let zones = named("HostedZone", shown.iter().map(|(id, zone)| fields(world, id, zone)));
    Ok(Fields::new()
        .with("HostedZones", zones)
        .with("Marker", marker.unwrap_or_default())
        .with("IsTruncated", next.is_some())
        .with_some("NextMarker", next.map(|(id, _)| id.as_str()))
        .with("MaxItems", most.to_string()))
}

pub(super) fn list_by_name(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    let most = address.max_items(PAGE_MAX)?;
    let (name, id) = (address.query("dnsname"), address.query("hostedzoneid"));
    world.look("route53:ListHostedZonesByName")?;
    let mut zones: Vec<(&String, &Zone)> = world.inventory.zones.iter().collect();
    zones.sort_by_key(|(id, zone)| (by_labels(&zone.name), (*id).clone()));
    let first = (name.map(by_labels).unwrap_or_default(), id.unwrap_or_default().to_owned());
    zones.retain(|(id, zone)| (by_labels(&zone.name), (*id).clone()) >= first);
    let (shown, next) = split(&zones, most);
    Ok(Fields::new()
        .with(
            "HostedZones",
            named("HostedZone", shown.iter().map(|(id, zone)| fields(world, id, zone))),
        )
        .with_some("DNSName", name.map(full_name))
        .with_some("HostedZoneId", id)
        .with("IsTruncated", next.is_some())
        .with_some("NextDNSName", next.map(|(_, zone)| zone.name.as_str()))
        .with_some("NextHostedZoneId", next.map(|(id, _)| id.as_str()))
        .with("MaxItems", most.to_string()))
}

/// A page of at most `most` items, and the first of the next.
pub(super) fn split<T>(items: &[T], most: u32) -> (&[T], Option<&T>) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    (items.get(..most).unwrap_or(items), items.get(most))
}

pub(super) fn get(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    world.look("route53:GetHostedZone")?;
    let id = address.part(1);
    let zone = world.inventory.zones.get(id).ok_or_else(|| no_zone(id))?;
    let servers = NAME_SERVERS.map(|server| server.trim_end_matches('.'));
    Ok(Fields::new()
        .with("HostedZone", fields(world, id, zone))
        .with("DelegationSet", Fields::new().with("NameServers", named("NameServer", servers))))
}

fn fields(world: &World<'_>, id: &str, zone: &Zone) -> Fields {
    let config = Fields::new().with("Comment", "").with("PrivateZone", false);
    Fields::new()
        .with("Id", format!("/hostedzone/{id}"))
        .with("Name", &zone.name)
        .with("CallerReference", format!("ferry-{id}"))
        .with("Config", config)
        .with("ResourceRecordSetCount", record::count(world, id, zone))
}
