//! Which metrics there are, by which dimensions.
//!
//! A balancer publishes its target groups' metrics under the group and the balancer together,
//! and what it answers itself under the balancer alone (ELB user guide, "CloudWatch metrics for
//! your Application Load Balancer"). Other combinations have no data, as in AWS.

use cloud::TargetGroup;
use model::route::ServiceId;
use region::metric::{Measure, Samples, Sources};

use super::statistic::Statistic;
use crate::input::Input;
use crate::inventory::{Balancer, Inventory};
use crate::refusal::Refusal;
use crate::services::Page;
use crate::value::{Fields, members};
use crate::world::World;

pub(super) const ELB: &str = "AWS/ApplicationELB";
pub(super) const ECS: &str = "AWS/ECS";
/// Metrics of one page (API reference, `ListMetrics`).
const PAGE: usize = 500;

/// A metric by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) namespace: String,
    pub(super) name: String,
    /// In order of name.
    pub(super) dimensions: Vec<(String, String)>,
}

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Requests,
    TargetErrors,
    BalancerErrors,
    Latency,
    Healthy,
    Unhealthy,
    Cpu,
}

/// Metrics of a target group, which its balancer also publishes for itself where it says so.
const OF_GROUPS: [(&str, Kind, bool); 5] = [
    ("RequestCount", Kind::Requests, true),
    ("HTTPCode_Target_5XX_Count", Kind::TargetErrors, true),
    ("TargetResponseTime", Kind::Latency, true),
    ("HealthyHostCount", Kind::Healthy, false),
    ("UnHealthyHostCount", Kind::Unhealthy, false),
];
/// The metric of a balancer alone.
const OF_BALANCERS: (&str, Kind) = ("HTTPCode_ELB_5XX_Count", Kind::BalancerErrors);

impl Metric {
    /// The metric in a request's `Metric` or beside its other members.
    pub(super) fn read(input: &Input<'_>) -> Result<Self, Refusal> {
        let namespace = input.needed_text("Namespace")?.to_owned();
        let name = input.needed_text("MetricName")?.to_owned();
        let mut dimensions = Vec::new();
        for dimension in input.list("Dimensions")?.unwrap_or_default() {
            let (name, value) = (dimension.needed_text("Name")?, dimension.needed_text("Value")?);
            dimensions.push((name.to_owned(), value.to_owned()));
        }
        dimensions.sort();
        Ok(Self { namespace, name, dimensions })
    }

    fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What it counts and whose; `None` where nothing publishes it.
    pub(super) fn find(&self, inventory: &Inventory) -> Option<(Kind, Sources)> {
        let names: Vec<&str> = self.dimensions.iter().map(|(name, _)| name.as_str()).collect();
        match (self.namespace.as_str(), names.as_slice()) {
            (ECS, ["ClusterName", "ServiceName"]) if self.name == "CPUUtilization" => {
                let cluster = self.dimension("ClusterName")?;
                let member = inventory.service(cluster, self.dimension("ServiceName")?)?;
                Some((Kind::Cpu, Sources::Service(member.id.clone())))
            }
            (ELB, ["LoadBalancer", "TargetGroup"]) => {
                let member = inventory.group_by_tail(self.dimension("TargetGroup")?)?;
                let balancer = inventory.balancer_of(member)?;
                let kind = OF_GROUPS.into_iter().find(|(name, _, _)| *name == self.name)?.1;
                let is_its = self.dimension("LoadBalancer") == Some(balancer.tail());
                is_its.then(|| (kind, Sources::Groups(vec![member.group.clone()])))
            }
            (ELB, ["LoadBalancer"]) => {
                let balancer = inventory.balancer_by_tail(self.dimension("LoadBalancer")?)?;
                let of_group = OF_GROUPS.into_iter().filter(|(_, _, is_both)| *is_both);
                let mut kinds = of_group.map(|(name, kind, _)| (name, kind)).chain([OF_BALANCERS]);
                let kind = kinds.find(|(name, _)| *name == self.name)?.1;
                Some((kind, Sources::Groups(groups(inventory, balancer))))
            }
            _ => None,
        }
    }

    fn fields(&self) -> Fields {
        let dimension = |(name, value): &(String, String)| {
            Fields::new().with("Name", name).with("Value", value)
        };
        Fields::new()
            .with("Namespace", &self.namespace)
            .with("MetricName", &self.name)
            .with("Dimensions", members(self.dimensions.iter().map(dimension)))
    }
}

fn groups(inventory: &Inventory, balancer: &Balancer) -> Vec<TargetGroup> {
    let members = balancer.members.iter().filter_map(|place| inventory.members.get(*place));
    members.map(|member| member.group.clone()).collect()
}

impl Kind {
    /// How it is measured with a statistic; `None` for a statistic that it has not.
    pub(super) fn measure(self, statistic: Statistic) -> Option<Measured> {
        let counted = |measure: Measure| match statistic {
            Statistic::Plain(Samples::Sum | Samples::Count) => Some(Measured::Asked(measure)),
            // Each sample of a count is one (ELB user guide: "Minimum, Maximum, and Average all
            // return 1").
            Statistic::Plain(Samples::Average | Samples::Minimum | Samples::Maximum) => {
                Some(Measured::One(measure))
            }
            Statistic::Percentile(_)
            | Statistic::TrimmedCount(..)
            | Statistic::PercentileRank(..) => None,
        };
        let sampled = |measure: fn(Samples) -> Measure| match statistic {
            Statistic::Plain(samples) => Some(Measured::Asked(measure(samples))),
            Statistic::Percentile(_)
            | Statistic::TrimmedCount(..)
            | Statistic::PercentileRank(..) => None,
        };
        match self {
            Self::Requests => counted(Measure::Requests),
            Self::TargetErrors => counted(Measure::TargetErrors),
            Self::BalancerErrors => counted(Measure::BalancerErrors),
            Self::Latency => {
                statistic.of_latency().map(|latency| Measured::Asked(Measure::Latency(latency)))
            }
            Self::Healthy => sampled(Measure::Healthy),
            Self::Unhealthy => sampled(Measure::Unhealthy),
            Self::Cpu => sampled(Measure::Cpu),
        }
    }

    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Requests
            | Self::TargetErrors
            | Self::BalancerErrors
            | Self::Healthy
            | Self::Unhealthy => "Count",
            Self::Latency => "Seconds",
            Self::Cpu => "Percent",
        }
    }
}

/// How a value comes about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Measured {
    /// As the region measures it.
    Asked(Measure),
    /// 1, wherever the region measures anything.
    One(Measure),
}

impl Measured {
    pub(super) const fn measure(self) -> Measure {
        match self {
            Self::Asked(measure) | Self::One(measure) => measure,
        }
    }

    pub(super) const fn value(self, measured: f64) -> f64 {
        match self {
            Self::Asked(_) => measured,
            Self::One(_) => 1.0,
        }
    }
}

pub(super) fn list(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let (namespace, name) = (input.text("Namespace")?, input.text("MetricName")?);
    let mut filters = Vec::new();
    for filter in input.list("Dimensions")?.unwrap_or_default() {
        filters.push((filter.needed_text("Name")?, filter.text("Value")?));
    }
    world.look("cloudwatch:ListMetrics")?;
    let is_asked = |metric: &Metric| {
        namespace.is_none_or(|namespace| namespace == metric.namespace)
            && name.is_none_or(|name| name == metric.name)
            && filters.iter().all(|(name, value)| {
                let found = metric.dimension(name);
                found.is_some() && (value.is_none() || *value == found)
            })
    };
    let metrics: Vec<Metric> = all(world.inventory).into_iter().filter(is_asked).collect();
    let token = input.text("NextToken")?;
    let page = Page::of(metrics, token, PAGE).map_err(|token| {
        Refusal::exactly("InvalidParameterValue", 400, format!("Invalid nextToken {token}"))
    })?;
    let metrics = members(page.items.iter().map(Metric::fields));
    Ok(Fields::new().with("Metrics", metrics).with_some("NextToken", page.next))
}

/// Everything that is published. Those that appear only with what they count are listed as well.
fn all(inventory: &Inventory) -> Vec<Metric> {
    let metric = |namespace: &str, name: &str, dimensions: &[(&str, &str)]| Metric {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let mut all = Vec::new();
    for member in &inventory.members {
        let ServiceId { cluster, service, .. } = &member.id;
        let dimensions = [("ClusterName", cluster.as_str()), ("ServiceName", service.as_str())];
        all.push(metric(ECS, "CPUUtilization", &dimensions));
        let Some(balancer) = inventory.balancer_of(member) else { continue };
        let dimensions = [("LoadBalancer", balancer.tail()), ("TargetGroup", member.group_tail())];
        all.extend(OF_GROUPS.map(|(name, _, _)| metric(ELB, name, &dimensions)));
    }
    for balancer in &inventory.balancers {
        let dimensions = [("LoadBalancer", balancer.tail())];
        let of_group = OF_GROUPS.into_iter().filter(|(_, _, is_both)| *is_both);
        let names = of_group.map(|(name, _, _)| name).chain([OF_BALANCERS.0]);
        all.extend(names.map(|name| metric(ELB, name, &dimensions)));
    }
    all
}
