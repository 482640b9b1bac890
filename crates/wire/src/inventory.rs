//! What AWS has around the services of a region, derived from them the same way every time.
//!
//! ```text
//! application behind records   balancer of EC2 ── listener ── default rule ─► EC2's group
//!                              balancer of Fargate ── listener ── default rule ─► its group
//! application behind a rule    balancer ── listener ┬─ default rule: 404
//!                                                   └─ the rule ─► both groups, weighted
//! ```
//!
//! ARNs that the region's file gives are kept; from other names ARNs are made. Ids are digests of
//! what they stand for. The balancers of a side behind Traffic Flow answer at the names that its
//! policy document has.

use std::collections::BTreeMap;

use cloud::TargetGroup;
use model::Side;
use model::route::{Route, ServiceId};
use region::Region;
use sha2::{Digest, Sha256};

use crate::Place;

/// One side of an application: a service with its group and the balancer before it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) application: usize,
    pub(crate) side: Side,
    pub(crate) id: ServiceId,
    /// As the region knows it.
    pub(crate) group: TargetGroup,
    pub(crate) group_arn: String,
    /// The place of its balancer in [`Inventory::balancers`].
    pub(crate) balancer: usize,
}

/// An application load balancer.
#[derive(Debug, Clone)]
pub(crate) struct Balancer {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) dns_name: String,
    pub(crate) listener_arn: String,
    pub(crate) default_rule_arn: String,
    /// Weighted rules by their ARNs, in order of priority.
    pub(crate) rules: Vec<Rule>,
    /// Places in [`Inventory::members`].
    pub(crate) members: Vec<usize>,
}

/// A listener's rule that splits between the two sides of an application.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    /// Whether it is what the listener does with all that no other rule takes.
    pub(crate) is_default: bool,
    pub(crate) application: usize,
    pub(crate) route: Route,
}

/// A hosted zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    /// With the final dot.
    pub(crate) name: String,
    /// Weighted pairs with their applications.
    pub(crate) pairs: Vec<(usize, Route)>,
    /// Policy instances with the names they answer.
    pub(crate) instances: Vec<Instance>,
}

/// A policy instance's place in a zone.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// With the final dot.
    pub(crate) name: String,
}

/// Everything, with the ways to find it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inventory {
    pub(crate) members: Vec<Member>,
    pub(crate) balancers: Vec<Balancer>,
    pub(crate) zones: BTreeMap<String, Zone>,
    by_service: BTreeMap<(String, String), usize>,
    by_group: BTreeMap<String, usize>,
    /// `targetgroup/NAME/ID`.
    by_group_tail: BTreeMap<String, usize>,
    /// `app/NAME/ID`.
    by_balancer_tail: BTreeMap<String, usize>,
}

/// The id of the zone that policy instances are in, since the region's file names none.
pub(crate) const POLICY_ZONE: &str = "ZTRAFFICFLOW";
const POLICY_ZONE_NAME: &str = "traffic-flow.example.com.";
const NAME_MAX: usize = 32;

impl Inventory {
    pub(crate) fn new(region: &Region, place: &Place) -> Self {
        let mut all = Self::default();
        let names: Vec<String> = region.applications().map(str::to_owned).collect();
        for (application, name) in names.iter().enumerate() {
            all.add_application(region, place, application, name);
        }
        all.add_zones(region, names.len());
        all
    }

    fn add_application(&mut self, region: &Region, place: &Place, application: usize, name: &str) {
        let routes: Vec<&Route> = region.routes(application).collect();
        let rules = routes.iter().filter_map(|route| match route {
            Route::AlbRule { rule, .. } => Some((rule.as_str(), *route)),
            Route::Route53Record { .. } | Route::TrafficPolicyInstance { .. } => None,
        });
        let rules: Vec<(&str, &Route)> = rules.collect();
        let shared = (!rules.is_empty()).then(|| {
            let balancer = self.balancer(place, name, rules.first().map(|(rule, _)| *rule));
            self.add_rules(place, balancer, application, &rules);
            balancer
        });
        for side in Side::ALL {
            let (Some(id), Some(group)) =
                (region.service_id(application, side), region.target_group(application, side))
            else {
                continue;
            };
            let balancer = shared.unwrap_or_else(|| {
                let balancer = self.balancer(place, &format!("{name}-{}", side.name()), None);
                if let Some(dns_name) = endpoint(region, &routes, side) {
                    self.balancers[balancer].dns_name = dns_name;
                }
                balancer
            });
            let group_arn = group_arn(place, &group.arn);
            let member = Member { application, side, id: id.clone(), group, group_arn, balancer };
            self.add_member(member);
        }
    }

    fn add_member(&mut self, member: Member) {
        let place = self.members.len();
        let service = (member.id.cluster.clone(), member.id.service.clone());
        self.by_service.insert(service, place);
        self.by_group.insert(member.group_arn.clone(), place);
        self.by_group_tail.insert(tail(&member.group_arn).to_owned(), place);
        if let Some(balancer) = self.balancers.get_mut(member.balancer) {
            balancer.members.push(place);
        }
        self.members.push(member);
    }

    /// The balancer of a rule's ARN, or one of this name; made where it is not there yet.
    fn balancer(&mut self, place: &Place, name: &str, rule: Option<&str>) -> usize {
        let known = rule.and_then(rule_parts);
        let (name, id) = match known {
            Some((name, id, _)) => (name.to_owned(), id.to_owned()),
            None => {
                let name = short(name);
                let taken = self.balancers.iter().any(|balancer| balancer.name == name);
                let name =
                    if taken { short(&format!("{}-{}", self.balancers.len(), name)) } else { name };
                let id = digest(&["balancer", &name], 16);
                (name, id)
            }
        };
        let load_balancer = format!("app/{name}/{id}");
        if let Some(found) = self.by_balancer_tail.get(&load_balancer) {
            return *found;
        }
        let listener = known.map_or_else(
            || digest(&["listener", &name], 16),
            |(_, _, listener)| listener.to_owned(),
        );
        let arn = |resource: &str| elb_arn(place, resource);
        let number = u64::from_str_radix(&digest(&["dns", &name], 8), 16).unwrap_or_default();
        let default_id = digest(&["default", &name], 16);
        self.balancers.push(Balancer {
            arn: arn(&format!("loadbalancer/{load_balancer}")),
            dns_name: format!("{name}-{number:010}.{}.elb.amazonaws.com", place.region),
            listener_arn: arn(&format!("listener/{load_balancer}/{listener}")),
            default_rule_arn: arn(&format!(
                "listener-rule/{load_balancer}/{listener}/{default_id}"
            )),
            name,
            rules: Vec::new(),
            members: Vec::new(),
        });
        let place = self.balancers.len() - 1;
        self.by_balancer_tail.insert(load_balancer, place);
        place
    }

    fn add_rules(
        &mut self,
        place: &Place,
        balancer: usize,
        application: usize,
        rules: &[(&str, &Route)],
    ) {
        let Some(balancer) = self.balancers.get_mut(balancer) else { return };
        for (rule, route) in rules {
            // A listener's ARN stands for its default action.
            let is_default = *rule == balancer.listener_arn || *rule == balancer.default_rule_arn;
            let arn = if is_default {
                balancer.default_rule_arn.clone()
            } else if rule.starts_with("arn:") {
                (*rule).to_owned()
            } else {
                let listener = tail(&balancer.listener_arn).trim_start_matches("listener/");
                let id = digest(&["rule", rule], 16);
                elb_arn(place, &format!("listener-rule/{listener}/{id}"))
            };
            balancer.rules.push(Rule { arn, is_default, application, route: (*route).clone() });
        }
    }

    fn add_zones(&mut self, region: &Region, applications: usize) {
        let mut bound = BTreeMap::new();
        for application in 0..applications {
            for route in region.routes(application) {
                match route {
                    Route::Route53Record { zone, .. } => {
                        self.zone(zone).pairs.push((application, route.clone()));
                    }
                    Route::TrafficPolicyInstance { id, .. } => {
                        bound.insert(id.clone(), application);
                    }
                    Route::AlbRule { .. } => {}
                }
            }
        }
        for zone in self.zones.values_mut() {
            zone.name = zone_name(&zone.pairs);
            zone.pairs.sort_by_key(|(_, route)| route.key());
        }
        let names: Vec<&str> = region.applications().collect();
        for id in region.policy_instances() {
            let owner = bound.get(&id).and_then(|index| names.get(*index)).copied();
            let label = format!("{}-{}", owner.unwrap_or("other"), digest(&["instance", &id], 6));
            let name = format!("{}.{POLICY_ZONE_NAME}", short(&label).to_ascii_lowercase());
            let zone = self.zone(POLICY_ZONE);
            zone.name = POLICY_ZONE_NAME.to_owned();
            zone.instances.push(Instance { id, name });
        }
    }

    fn zone(&mut self, id: &str) -> &mut Zone {
        self.zones.entry(id.to_owned()).or_insert_with(|| Zone {
            name: String::new(),
            pairs: Vec::new(),
            instances: Vec::new(),
        })
    }

    pub(crate) fn service(&self, cluster: &str, service: &str) -> Option<&Member> {
        let place = self.by_service.get(&(cluster.to_owned(), service.to_owned()))?;
        self.members.get(*place)
    }

    pub(crate) fn group(&self, arn: &str) -> Option<&Member> {
        self.members.get(*self.by_group.get(arn)?)
    }

    /// By what CloudWatch calls it: `targetgroup/NAME/ID`.
    pub(crate) fn group_by_tail(&self, tail: &str) -> Option<&Member> {
        self.members.get(*self.by_group_tail.get(tail)?)
    }

    /// By what CloudWatch calls it: `app/NAME/ID`.
    pub(crate) fn balancer_by_tail(&self, tail: &str) -> Option<&Balancer> {
        self.balancers.get(*self.by_balancer_tail.get(tail)?)
    }

    /// The side of an application.
    pub(crate) fn member(&self, application: usize, side: Side) -> Option<&Member> {
        self.members.iter().find(|it| it.application == application && it.side == side)
    }

    /// The balancer before a member.
    pub(crate) fn balancer_of(&self, member: &Member) -> Option<&Balancer> {
        self.balancers.get(member.balancer)
    }
}

impl Member {
    /// `targetgroup/NAME/ID`.
    pub(crate) fn group_tail(&self) -> &str {
        tail(&self.group_arn)
    }

    /// The name in the group's ARN.
    pub(crate) fn group_name(&self) -> &str {
        self.group_tail().split('/').nth(1).unwrap_or_default()
    }
}

impl Balancer {
    /// `app/NAME/ID`.
    pub(crate) fn tail(&self) -> &str {
        tail(&self.arn).trim_start_matches("loadbalancer/")
    }
}

/// What stands behind the fifth colon of an ARN.
pub(crate) fn tail(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// The first `length` hexadecimal digits of what these parts are hashed to.
pub(crate) fn digest(parts: &[&str], length: usize) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(parts.join("\n")) {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
    }
    hex.truncate(length);
    hex
}

fn elb_arn(place: &Place, resource: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{}:{}:{resource}", place.region, place.account)
}

fn group_arn(place: &Place, group: &str) -> String {
    if group.starts_with("arn:") {
        return group.to_owned();
    }
    let id = digest(&["group", group], 16);
    elb_arn(place, &format!("targetgroup/{}/{id}", short(group)))
}

/// A name that ELB takes: letters, digits and hyphens, at most 32, none at its ends.
fn short(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let name: String = name.chars().map(letter).take(NAME_MAX).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "application".to_owned() } else { name.to_owned() }
}

/// Name, id and listener in `...:listener-rule/app/NAME/ID/LISTENER/RULE`, and in a listener's
/// `...:listener/app/NAME/ID/LISTENER`.
fn rule_parts(arn: &str) -> Option<(&str, &str, &str)> {
    let mut kinds = ["listener-rule/app/", "listener/app/"].into_iter();
    let rest = kinds.find_map(|kind| tail(arn).strip_prefix(kind));
    let rest = rest.filter(|_| arn.starts_with("arn:"))?;
    let mut parts = rest.split('/');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// The name of a side's balancer in the policy document that its application follows.
fn endpoint(region: &Region, routes: &[&Route], side: Side) -> Option<String> {
    routes.iter().find_map(|route| match route {
        Route::TrafficPolicyInstance { id, ec2_endpoint, fargate_endpoint } => {
            let name = match side {
                Side::Ec2 => ec2_endpoint,
                Side::Fargate => fargate_endpoint,
            };
            let document = region.policy_document(id)?;
            let document: serde_json::Value = serde_json::from_str(document).ok()?;
            let value = document.get("Endpoints")?.get(name)?.get("Value")?.as_str()?;
            Some(value.trim_start_matches("dualstack.").trim_end_matches('.').to_owned())
        }
        Route::Route53Record { .. } | Route::AlbRule { .. } => None,
    })
}

/// What all names of a zone end in: two labels at least, of the shortest name one less.
fn zone_name(pairs: &[(usize, Route)]) -> String {
    let names = pairs.iter().filter_map(|(_, route)| match route {
        Route::Route53Record { name, .. } => Some(name.trim_end_matches('.').split('.').rev()),
        Route::TrafficPolicyInstance { .. } | Route::AlbRule { .. } => None,
    });
    let names: Vec<Vec<&str>> = names.map(Iterator::collect).collect();
    let Some(first) = names.first() else { return "example.com.".to_owned() };
    let common = first
        .iter()
        .enumerate()
        .take_while(|(place, label)| names.iter().all(|name| name.get(*place) == Some(label)));
    let shortest = names.iter().map(Vec::len).min().unwrap_or(0);
    let labels = common.count().min(shortest.saturating_sub(1)).max(shortest.min(2));
    let labels: Vec<&str> = first.iter().take(labels).copied().collect();
    format!("{}.", labels.into_iter().rev().collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str) -> (usize, Route) {
        let route = Route::Route53Record {
            zone: "Z1".to_owned(),
            name: name.to_owned(),
            record_type: "A".to_owned(),
            ec2_set: "ec2".to_owned(),
            fargate_set: "fargate".to_owned(),
        };
        (0, route)
    }

    #[test]
    fn a_zone_is_named_by_what_its_records_end_in() {
        for (names, zone) in [
            (vec!["api.example.com"], "example.com."),
            (vec!["api.eu.example.com", "web.eu.example.com."], "eu.example.com."),
            (vec!["example.com", "api.example.com"], "example.com."),
        ] {
            let pairs: Vec<_> = names.iter().map(|name| record(name)).collect();
            assert_eq!(zone_name(&pairs), zone, "{names:?}");
        }
    }

    #[test]
    fn names_are_such_as_elb_takes() {
        assert_eq!(short("prd/api_1"), "prd-api-1");
        assert_eq!(short(&"a".repeat(40)).len(), 32);
        assert_eq!(short("--"), "application");
    }
}
