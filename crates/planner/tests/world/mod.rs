//! A tiny world for stories and properties: two services, two routes, and a clock that moves
//! only when told. What a plan does, it does at once.

use std::collections::BTreeMap;

use model::action::Action;
use model::condition::Conditions;
use model::observation::{
    Bounds, Deployment, Gap, Load, MeasuredShare, Observation, Scaling, ScheduledBounds, Seen,
    Service, Suspension, Targets,
};
use model::ownership::Ownership;
use model::plan::Plan;
use model::route::{Propagation, Split, Sticky, WeightPair, Weights};
use model::settings::Settings;
use model::spec::Migration;
use model::status::Status;
use model::verdict::{Evidence, SignalEvidence, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Share, Side, Span, Time};
use planner::{Grant, Input, plan};
use serde_json::{Value, json};

/// One side of the world.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) desired: u32,
    /// Fixed by the story; else all that are desired are healthy.
    pub(crate) healthy: Option<u32>,
    pub(crate) bounds: Option<Bounds>,
    pub(crate) suspended: bool,
    pub(crate) scheduled: Vec<ScheduledBounds>,
    pub(crate) release: String,
    pub(crate) deployment: Deployment,
    pub(crate) targets_gap: Option<Gap>,
    pub(crate) service_gap: Option<Gap>,
    pub(crate) scaling_gap: Option<Gap>,
    pub(crate) safe_rpm: Option<f64>,
    /// Fixed by the story; else its share of the load.
    pub(crate) rpm: Option<f64>,
}

/// What the marks say, and when that was read: now, unless a story stops the reading.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    pub(crate) ownership: Ownership,
    pub(crate) read_at: Option<Time>,
    pub(crate) gap: Option<Gap>,
}

impl Marks {
    fn seen(&self, now: Time) -> Seen<Ownership> {
        seen(self.ownership.clone(), self.read_at.unwrap_or(now), self.gap)
    }
}

/// The world of one migration.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) generation: u64,
    pub(crate) migration: Migration,
    pub(crate) settings: Settings,
    pub(crate) status: Status,
    pub(crate) fleets: PerSide<Fleet>,
    pub(crate) weights: Weights,
    pub(crate) propagation: Propagation,
    pub(crate) sticky: Sticky,
    pub(crate) split_gap: Option<Gap>,
    pub(crate) load_gap: Option<Gap>,
    pub(crate) marks: Marks,
    pub(crate) now_rpm: f64,
    pub(crate) peak_rpm: f64,
    /// Fixed by the story; else as the weights say.
    pub(crate) measured: Option<Share>,
    pub(crate) verdict: (VerdictKind, VerdictReason),
    /// The newest minute judged, so many minutes ago.
    pub(crate) verdict_age: i64,
    pub(crate) eta: Option<Span>,
    pub(crate) dependencies: BTreeMap<String, Conditions>,
    pub(crate) grant: Grant,
    /// Writes of weights that do not arrive; `Some(1)` of two routes is a half-landed one.
    pub(crate) lost_routes: usize,
}

/// The migration that stories start from and change.
pub(crate) fn default_migration() -> Value {
    json!({
        "apiVersion": "ferry/v1",
        "kind": "Migration",
        "metadata": {"name": "api", "labels": {"team": "api"}},
        "spec": {
            "mode": "act",
            "aws": {"region": "ap-northeast-1"},
            "ec2": {"cluster": "prd", "service": "api"},
            "fargate": {"cluster": "prd", "service": "api-fargate"},
            "workload": {"type": "loadBalanced"},
            "traffic": {
                "router": {
                    "type": "route53Weighted", "hostedZoneId": "Z1",
                    "records": [{"name": "api.example.com", "type": "A"},
                                {"name": "api.example.com", "type": "AAAA"}],
                    "ec2SetIdentifier": "ec2", "fargateSetIdentifier": "fargate"
                },
                "rollout": {"steps": ["1%", "5%", "10%", "25%", "50%", "75%", "100%"],
                            "dwellMin": "1h", "bake": "48h"}
            },
            "slos": [{"name": "latency", "latency": {"threshold": "300ms", "objective": "99%"}}]
        }
    })
}

pub(crate) fn fleet(desired: u32, min: u32, max: u32) -> Fleet {
    Fleet {
        desired,
        healthy: None,
        bounds: Some(Bounds { min, max }),
        suspended: false,
        scheduled: Vec::new(),
        release: "app:v1".to_owned(),
        deployment: Deployment::Steady,
        targets_gap: None,
        service_gap: None,
        scaling_gap: None,
        safe_rpm: Some(300.0),
        rpm: None,
    }
}

impl World {
    pub(crate) fn new(migration: &Value, settings: &Value) -> Self {
        let pair = WeightPair { ec2: 100, fargate: 0 };
        Self {
            now: "2026-01-05T01:00:00Z".parse().expect("a Monday"),
            generation: 1,
            migration: serde_json::from_value(migration.clone()).expect("a valid migration"),
            settings: serde_json::from_value(settings.clone()).expect("valid settings"),
            status: Status::default(),
            fleets: PerSide { ec2: fleet(40, 10, 100), fargate: fleet(2, 2, 100) },
            weights: ["A", "AAAA"].map(|kind| (format!("Z1/api.example.com/{kind}"), pair)).into(),
            propagation: Propagation::InSync { since: None },
            sticky: Sticky::new(),
            split_gap: None,
            load_gap: None,
            marks: Marks::default(),
            now_rpm: 6_000.0,
            peak_rpm: 9_000.0,
            measured: None,
            verdict: (VerdictKind::Hold, VerdictReason::Collecting),
            verdict_age: 3,
            eta: None,
            dependencies: BTreeMap::new(),
            grant: Grant::Open,
            lost_routes: 0,
        }
    }

    pub(crate) fn healthy(&self, side: Side) -> u32 {
        let fleet = self.fleets.get(side);
        fleet.healthy.unwrap_or(fleet.desired)
    }

    pub(crate) fn live(&self) -> Option<Share> {
        self.split().share()
    }

    fn split(&self) -> Split {
        let sticky = self.sticky.clone();
        Split { weights: self.weights.clone(), propagation: self.propagation, sticky }
    }

    pub(crate) fn observation(&self) -> Observation {
        let at = self.now;
        let fleets = &self.fleets;
        Observation {
            at,
            services: PerSide::from_fn(|side| {
                let fleet = fleets.get(side);
                let service = Service {
                    desired: fleet.desired,
                    running: fleet.desired,
                    pending: 0,
                    release: fleet.release.clone(),
                    cpu_units: Some(1_024),
                    deployment: fleet.deployment,
                };
                seen(service, at, fleet.service_gap)
            }),
            targets: PerSide::from_fn(|side| {
                let targets = Targets { healthy: self.healthy(side), ..Targets::default() };
                seen(targets, at, fleets.get(side).targets_gap)
            }),
            vouched: PerSide::default(),
            scaling: PerSide::from_fn(|side| {
                let fleet = fleets.get(side);
                let scaling = fleet.bounds.map(|bounds| Scaling {
                    bounds,
                    suspended: if fleet.suspended { Suspension::ALL } else { Suspension::NONE },
                    scheduled: fleet.scheduled.clone(),
                });
                seen(scaling, at, fleet.scaling_gap)
            }),
            split: seen(self.split(), at, self.split_gap),
            load: seen(self.load(), at, self.load_gap),
            ownership: self.marks.seen(at),
        }
    }

    fn load(&self) -> Load {
        let live = self.split().share_max().unwrap_or(Share::ZERO);
        let minute = self.now.minute() - 3;
        Load {
            minute,
            now_rpm: self.now_rpm,
            growth: 1.2,
            peak_rpm: self.peak_rpm,
            side_rpm: PerSide::from_fn(|side| {
                Some(self.fleets.get(side).rpm.unwrap_or(live.of(side, self.now_rpm)))
            }),
            safe_per_task_rpm: PerSide::from_fn(|side| self.fleets.get(side).safe_rpm),
            measured: Some(MeasuredShare {
                share: self.measured.unwrap_or(live),
                requests: 60_000,
                from_minute: minute - 10,
            }),
        }
    }

    fn judged(&self) -> Verdict {
        let (kind, reason) = self.verdict.clone();
        let signals = [("latency".to_owned(), SignalEvidence::default())].into();
        let evidence = Evidence { eta: self.eta, signals, ..Evidence::default() };
        Verdict { kind, reason, minute: Some(self.now.minute() - self.verdict_age), evidence }
    }

    /// What a pass is given besides what is wanted and remembered.
    pub(crate) fn scene(&self) -> (Observation, Verdict) {
        (self.observation(), self.judged())
    }

    /// Plans a pass without doing it.
    pub(crate) fn plan(&self) -> Plan {
        self.plan_scene(&self.scene())
    }

    pub(crate) fn plan_scene(&self, (observation, verdict): &(Observation, Verdict)) -> Plan {
        let dependencies = self
            .dependencies
            .iter()
            .map(|(name, conditions)| (name.as_str(), conditions))
            .collect();
        plan(&Input {
            now: self.now,
            name: "api",
            generation: self.generation,
            spec: &self.migration,
            settings: &self.settings,
            status: &self.status,
            observation,
            verdict,
            dependencies: &dependencies,
            grant: self.grant.clone(),
        })
    }

    /// Remembers the plan's status and does its actions, each only if it finds what it expects.
    pub(crate) fn carry_out(&mut self, plan: &Plan) {
        self.status = plan.status.clone();
        for action in &plan.actions {
            self.act(action);
        }
    }

    pub(crate) fn act(&mut self, action: &Action) {
        match action {
            Action::SetWeights { expected, weights, .. } => {
                if self.weights == *expected {
                    if self.propagation == Propagation::Failed {
                        // Made again, and this time it is made.
                        self.propagation = Propagation::Pending;
                    }
                    let arriving = weights.len() - self.lost_routes.min(weights.len());
                    let landed = weights.iter().take(arriving);
                    self.weights.extend(landed.map(|(key, pair)| (key.clone(), *pair)));
                }
            }
            Action::SetBounds { side, expected, bounds } => {
                let fleet = self.fleets.get_mut(*side);
                if fleet.bounds == Some(*expected) {
                    fleet.bounds = Some(*bounds);
                    if !fleet.suspended {
                        fleet.desired = fleet.desired.clamp(bounds.min, bounds.max);
                    }
                }
            }
            Action::SetDesired { side, expected, desired } => {
                let fleet = self.fleets.get_mut(*side);
                if fleet.desired == *expected {
                    fleet.desired = *desired;
                }
            }
            Action::PutScheduled { side, scheduled } => {
                let list = &mut self.fleets.get_mut(*side).scheduled;
                list.retain(|one| one.name != scheduled.name);
                list.push(scheduled.clone());
            }
            Action::DeleteScheduled { side, name } => {
                self.fleets.get_mut(*side).scheduled.retain(|one| one.name != *name);
            }
        }
    }
}

fn seen<T>(value: T, at: Time, gap: Option<Gap>) -> Seen<T> {
    gap.map_or_else(|| Seen::known(value, at), Seen::unknown)
}
