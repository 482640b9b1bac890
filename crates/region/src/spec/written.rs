//! An application as a file may write it: what is left out is as the benchmark's world has it.

use capacity::task::TaskParameters;
use cloud::objectives::Source;
use model::route::{Route, ServiceId};
use model::{PerSide, Share, Side, Span};
use serde::{Deserialize, Deserializer};

use super::{ApplicationSpec, RouteSpec, ScalingSpec, ServiceSpec, StartSpec};
use crate::Error;
use crate::load::Load;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenApplication {
    name: String,
    load: Load,
    routes: Vec<WrittenRoute>,
    #[serde(default, with = "model::units::percent")]
    share: Share,
    slow_threshold: Span,
    sides: PerSide<WrittenService>,
    #[serde(default)]
    objectives: Vec<PerSide<Source>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenRoute {
    route: Route,
    /// An equal part where it is left out.
    traffic: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenService {
    id: ServiceId,
    target_group_arn: String,
    task: Option<TaskParameters>,
    start: Option<StartSpec>,
    /// EC2 is sized for the load at the start where it is left out.
    desired: Option<u32>,
    /// The hand-written policy where it is left out; no scalable target where it is `null`.
    #[serde(default)]
    scaling: WrittenScaling,
    release: Option<String>,
    deployment: Option<Span>,
    error_rate: Option<f64>,
}

#[derive(Default)]
enum WrittenScaling {
    #[default]
    LeftOut,
    Written(Option<ScalingSpec>),
}

impl<'de> Deserialize<'de> for WrittenScaling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Written)
    }
}

impl WrittenService {
    fn filled(self, side: Side) -> ServiceSpec {
        let usual = ServiceSpec::new(side, self.id, self.target_group_arn);
        ServiceSpec {
            task: self.task.unwrap_or(usual.task),
            start: self.start.unwrap_or(usual.start),
            desired: self.desired.unwrap_or(usual.desired),
            scaling: match self.scaling {
                WrittenScaling::LeftOut => usual.scaling,
                WrittenScaling::Written(scaling) => scaling,
            },
            release: self.release.unwrap_or(usual.release),
            deployment: self.deployment.unwrap_or(usual.deployment),
            error_rate: self.error_rate.unwrap_or(usual.error_rate),
            id: usual.id,
            target_group_arn: usual.target_group_arn,
        }
    }
}

impl TryFrom<WrittenApplication> for ApplicationSpec {
    type Error = Error;

    fn try_from(written: WrittenApplication) -> Result<Self, Error> {
        let desired = written.sides.ec2.desired;
        let PerSide { ec2, fargate } = written.sides;
        let sides = PerSide { ec2: ec2.filled(Side::Ec2), fargate: fargate.filled(Side::Fargate) };
        let routes: Vec<Route> = written.routes.iter().map(|it| it.route.clone()).collect();
        let mut spec =
            Self::new(written.name, written.load, routes, written.slow_threshold, sides)?;
        if let Some(desired) = desired {
            spec.sides.ec2.desired = desired;
        }
        let parts = spec.routes.into_iter().zip(written.routes);
        spec.routes = parts
            .map(|(equal, written)| RouteSpec {
                traffic: written.traffic.unwrap_or(equal.traffic),
                route: equal.route,
            })
            .collect();
        spec.share = written.share;
        spec.objectives = written.objectives;
        Ok(spec)
    }
}
