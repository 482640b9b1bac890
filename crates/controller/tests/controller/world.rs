//! Small regions, quick migrations, and a way to let them run.

use std::sync::Arc;

use cloud::objectives::Source;
use controller::{Controller, Tick};
use futures::FutureExt as _;
use model::observation::Bounds;
use model::route::{Route, ServiceId, WeightPair};
use model::settings::Settings;
use model::spec::Migration;
use model::{PerSide, Share, Side, Span, Time};
use region::journal::{Author, Change};
use region::load::Load;
use region::request::{Request, RouteChange};
use region::spec::{
    ApplicationSpec, ClientsSpec, MetricsSpec, NoiseSpec, ScalingSpec, ServiceSpec,
};
use region::{Region, RegionSpec, SimulatedCloud};
use serde_json::{Value, json};
use store::{Contents, Version};

use crate::tap::{SaveTrouble, Tap};

/// When controllers begin; the region has run for three hours by then. A Monday.
pub(crate) const START: Time = Time::from_secs(1_767_571_200);
const PAST: Span = Span::from_hours(3);

/// A migration of quick steps by dwell alone.
pub(crate) fn spec(name: &str) -> Value {
    json!({
        "apiVersion": "ferry/v1", "kind": "Migration", "metadata": {"name": name},
        "spec": {
            "mode": "act",
            "aws": {"region": "ap-northeast-1"},
            "ec2": {"cluster": format!("{name}-c"), "service": format!("{name}-ec2")},
            "fargate": {"cluster": format!("{name}-c"), "service": format!("{name}-fargate")},
            "workload": {"type": "loadBalanced"},
            "traffic": {
                "router": {
                    "type": "albWeighted", "ruleArns": [format!("{name}-rule")],
                    "ec2TargetGroupArn": group(name, Side::Ec2),
                    "fargateTargetGroupArn": group(name, Side::Fargate),
                },
                "rollout": {
                    "steps": ["10%", "25%"], "advance": "dwell", "dwellMin": "4m", "bake": "1h",
                },
            },
            "slos": [
                {"name": "latency", "latency": {"threshold": "300ms", "objective": "99%"}},
                {"name": "availability", "availability": {"objective": "99.9%"}},
            ],
        },
    })
}

pub(crate) fn migration(spec: Value) -> Arc<Migration> {
    Arc::new(serde_json::from_value(spec).unwrap())
}

pub(crate) fn group(name: &str, side: Side) -> String {
    format!("{name}-{}-group", side.name())
}

pub(crate) fn id(name: &str, side: Side) -> ServiceId {
    ServiceId {
        account: Arc::default(),
        cluster: format!("{name}-c"),
        service: format!("{name}-{}", side.name()),
    }
}

fn rule(name: &str) -> Route {
    Route::AlbRule {
        rule: format!("{name}-rule"),
        ec2_group: group(name, Side::Ec2),
        fargate_group: group(name, Side::Fargate),
    }
}

/// A region of one application for each name: constant load, no noise.
pub(crate) fn region(names: &[&str]) -> Tap {
    let applications = names.iter().map(|name| {
        let sides = PerSide::from_fn(|side| {
            let id = id(name, side);
            let mut service = ServiceSpec::new(side, id.clone(), group(name, side));
            service.scaling = Some(ScalingSpec::by_hand(&id, Bounds { min: 2, max: 60 }));
            service.desired = 2;
            service
        });
        let load = Load::new(vec![60.0]).unwrap();
        let slow = Span::from_millis(300);
        let mut application =
            ApplicationSpec::new(*name, load, vec![rule(name)], slow, sides).unwrap();
        application.objectives = vec![
            PerSide::from_fn(|side| {
                let query = |what: &str| format!("sum:{what}{{env:{name}-{}}}", side.name());
                Source::Queries { good: query("good"), total: query("all") }
            }),
            PerSide::from_fn(|side| Source::Slo(format!("{name}-{}", side.name()))),
        ];
        application
    });
    let mut spec = RegionSpec::new(START - PAST, applications.collect());
    spec.noise = NoiseSpec::NONE;
    spec.metrics = MetricsSpec::perfect();
    spec.clients = ClientsSpec { slow: Vec::new(), concentration: 0.0, ..ClientsSpec::default() };
    let mut region = Region::new(&spec, 7).unwrap();
    region.advance_to(START);
    Tap::new(SimulatedCloud::new(region))
}

/// An objective that Datadog counts by two queries.
pub(crate) fn by_queries() -> Value {
    json!({"name": "apm", "datadog": {
        "good": "sum:good{env:{env}}", "total": "sum:all{env:{env}}",
        "env": {"ec2": "api-ec2", "fargate": "api-fargate"}, "objective": "99%",
    }})
}

/// A controller of the named migrations.
pub(crate) fn controller(tap: &Tap, specs: &[Value]) -> Controller {
    frozen_or_not(tap, specs, false)
}

pub(crate) fn frozen_or_not(tap: &Tap, specs: &[Value], freeze: bool) -> Controller {
    let mut settings = Settings { freeze, ..Settings::default() };
    settings.limits.stepping_at_once = 100;
    let mut controller = Controller::new(tap.cloud(), tap.store(), settings);
    for spec in specs {
        controller.manage(1, migration(spec.clone())).unwrap();
    }
    controller
}

/// One tick; `None` where the process ended in it.
pub(crate) fn try_tick(controller: &mut Controller) -> Option<Tick> {
    controller.tick().now_or_never()
}

pub(crate) fn tick(controller: &mut Controller) -> Tick {
    try_tick(controller).unwrap()
}

/// Ticks as they fall due until `span` after the start has passed.
pub(crate) fn run(tap: &Tap, controller: &mut Controller, span: Span) -> Vec<Tick> {
    let mut ticks = Vec::new();
    while tap.now() < START + span {
        let tick = tick(controller);
        tap.advance_to(tick.next_at);
        ticks.push(tick);
    }
    ticks
}

/// Each way in which a save can fail.
pub(crate) fn refusals() -> Vec<SaveTrouble> {
    let message = || "a fault".to_owned();
    let (expected, found) = (Version(1), Version(9));
    vec![
        SaveTrouble::Refused(store::Error::Unavailable { message: message() }),
        SaveTrouble::Refused(store::Error::ReadOnly { message: message() }),
        SaveTrouble::Refused(store::Error::Full { message: message() }),
        SaveTrouble::Refused(store::Error::Conflict { name: "api".to_owned(), expected, found }),
        SaveTrouble::Refused(store::Error::OutcomeUnknown { message: message() }),
        SaveTrouble::ReplyLost,
    ]
}

impl Tap {
    pub(crate) fn with_region<T>(&self, look: impl FnOnce(&mut Region) -> T) -> T {
        self.inner().with(look)
    }

    pub(crate) fn now(&self) -> Time {
        self.with_region(|region| region.now())
    }

    pub(crate) fn advance_to(&self, until: Time) {
        self.with_region(|region| region.advance_to(until));
    }

    /// The live share of a migration.
    pub(crate) fn share(&self, name: &str) -> Share {
        self.with_region(|region| {
            let request = Request::DescribeRoute { route: &rule(name) };
            region.handle(&request).route().unwrap().0.share().unwrap()
        })
    }

    /// The bounds of both scalable targets.
    pub(crate) fn bounds(&self, name: &str) -> PerSide<Bounds> {
        PerSide::from_fn(|side| {
            self.with_region(|region| {
                let id = id(name, side);
                let read = region.handle(&Request::DescribeScalableTarget { id: &id });
                read.scalable_target().unwrap().unwrap().bounds
            })
        })
    }

    /// Moves the weights by hand before Ferry has seen them.
    pub(crate) fn put_weights(&self, name: &str, ec2: u32, fargate: u32) {
        self.with_region(|region| {
            let route = rule(name);
            let read = region.handle(&Request::DescribeRoute { route: &route });
            let (expected, _) = read.route().unwrap();
            let weights = WeightPair { ec2, fargate };
            let change = RouteChange { route: &route, expected, weights };
            region.handle(&Request::ChangeRoutes { changes: &[change] }).done().unwrap();
        });
    }

    /// Changes that somebody made through the API.
    pub(crate) fn writes(&self) -> usize {
        self.with_region(|region| region.journal().writes())
    }

    /// The shares that were written, in order.
    pub(crate) fn shares(&self) -> Vec<Share> {
        self.with_region(|region| {
            let made = region.journal().entries().iter();
            let made = made.filter(|e| e.author == Author::Caller && e.outcome.made());
            made.filter_map(|entry| match &entry.change {
                Change::Weights { after, .. } => after.share(),
                Change::Desired { .. }
                | Change::Bounds { .. }
                | Change::Scheduled { .. }
                | Change::PolicyVersion { .. }
                | Change::Nothing => None,
            })
            .collect()
        })
    }

    /// The record of a migration.
    pub(crate) fn record(&self, name: &str) -> Contents {
        let load = async { self.store().load(name).await };
        load.now_or_never().unwrap().unwrap().unwrap().contents
    }
}
