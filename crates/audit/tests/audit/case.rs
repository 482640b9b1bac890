//! A sound plan and everything it is judged by; tests spoil one thing and say what must be found.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Audited, Finding, Fleet, Input, Invariant, Severity, audit};
use model::action::{Action, Direction};
use model::event::Event;
use model::observation::{
    Bounds, Deployment, Gap, Load, MeasuredShare, Observation, Scaling, ScheduledBounds, Seen,
    Service, Suspension, Targets,
};
use model::ownership::Ownership;
use model::plan::{Plan, Report};
use model::route::{Propagation, Split, WeightPair, Weights};
use model::settings::Settings;
use model::spec::{Rollout, Spec, Target};
use model::status::{Intended, Latch, RollbackReason, Said, Status, Step};
use model::verdict::{Evidence, SignalEvidence, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Share, Side, Span, Time};

pub(crate) const NOW: Time = Time::from_minute(29_000_000);
pub(crate) const A: &str = "Z1/api.example.com/A";
pub(crate) const AAAA: &str = "Z1/api.example.com/AAAA";

/// What Fargate needs for 25 % of 6,000 requests a minute, growing by 1.2, at 80 a task.
pub(crate) const FARGATE_NEEDS: u32 = 23;
/// What EC2 needs for the peak of 9,000 requests a minute at 100 a task.
pub(crate) const EC2_NEEDS: u32 = 90;

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) spec: Spec,
    pub(crate) settings: Settings,
    pub(crate) status: Status,
    pub(crate) observation: Observation,
    pub(crate) verdict: Verdict,
    pub(crate) fleet: Option<Fleet>,
    pub(crate) plan: Plan,
}

impl Case {
    pub(crate) fn audit(&self) -> Audited {
        let input = Input {
            now: NOW,
            spec: &self.spec,
            settings: &self.settings,
            status: &self.status,
            observation: &self.observation,
            verdict: &self.verdict,
            fleet: self.fleet,
        };
        audit(&input, &self.plan)
    }

    pub(crate) fn with(mut self, spoil: impl FnOnce(&mut Self)) -> Self {
        spoil(&mut self);
        self
    }

    pub(crate) fn rollout(&mut self) -> &mut Rollout {
        match &mut self.spec.traffic.target {
            Target::Rollout(rollout) => rollout,
            Target::Share(_) => panic!("the case has a rollout"),
        }
    }

    pub(crate) fn load(&mut self) -> &mut Load {
        match &mut self.observation.load {
            Seen::Known { value, .. } => value,
            Seen::Unknown { .. } => panic!("the case has a load"),
        }
    }

    pub(crate) fn healthy(&mut self, side: Side, healthy: u32) {
        *self.observation.targets.get_mut(side) =
            Seen::known(Targets { healthy, ..Targets::default() }, NOW);
    }

    pub(crate) fn scaling(&mut self, side: Side) -> &mut Scaling {
        match self.observation.scaling.get_mut(side) {
            Seen::Known { value: Some(scaling), .. } => scaling,
            Seen::Known { value: None, .. } | Seen::Unknown { .. } => {
                panic!("the case has a scalable target on {side}")
            }
        }
    }

    pub(crate) fn verdict(&mut self, kind: VerdictKind, reason: VerdictReason) {
        self.verdict.kind = kind;
        self.verdict.reason = reason;
    }

    /// The live weights, on all routes.
    pub(crate) fn live(&mut self, weights: Weights) {
        self.observation.split = Seen::known(
            Split {
                sticky: model::route::Sticky::new(),
                weights,
                propagation: Propagation::InSync { since: Some(ago(120)) },
            },
            NOW,
        );
    }

    /// Makes the plan's one move another one, with everything that has to go with it.
    pub(crate) fn moves(&mut self, from: u16, to: u16, direction: Direction) {
        let (before, after) = (weights(from), weights(to));
        let share = Share::from_per_mille(to).expect("at most 1000");
        self.live(before.clone());
        self.status.step = (from > 0).then(|| stood(from));
        self.status.intended = Some(intended(NOW, weights(0), before.clone()));
        self.plan.actions = vec![Action::SetWeights {
            sticky: model::route::Sticky::new(),
            share,
            expected: before.clone(),
            weights: after.clone(),
            direction,
        }];
        self.plan.status = Status {
            step: Some(Step { share, decided_at: NOW, verified_at: None, settled_at: None }),
            intended: Some(Intended { at: NOW, share, before, after }),
            ..self.status.clone()
        };
    }

    pub(crate) fn weights(&mut self) -> &mut Weights {
        match self.plan.actions.first_mut() {
            Some(Action::SetWeights { weights, .. }) => weights,
            other => panic!("the case moves weights first, not {other:?}"),
        }
    }
}

pub(crate) fn ago(minutes: u64) -> Time {
    NOW - Span::from_mins(minutes)
}

pub(crate) fn weights(per_mille: u16) -> Weights {
    let pair = WeightPair::for_share(Share::from_per_mille(per_mille).expect("at most 1000"), 255);
    BTreeMap::from([(A.to_owned(), pair), (AAAA.to_owned(), pair)])
}

pub(crate) fn stood(per_mille: u16) -> Step {
    Step {
        share: Share::from_per_mille(per_mille).expect("at most 1000"),
        decided_at: ago(130),
        verified_at: Some(ago(125)),
        settled_at: Some(ago(120)),
    }
}

pub(crate) fn intended(at: Time, before: Weights, after: Weights) -> Intended {
    let share = after.values().next().and_then(|pair| pair.share()).unwrap_or(Share::ZERO);
    Intended { at, share, before, after }
}

pub(crate) fn latch(attempt: u32) -> Latch {
    Latch { at: ago(1), from: Share::percent(10), attempt, reason: RollbackReason::ShareLowered }
}

pub(crate) fn said() -> Said {
    Said { who: "mika".to_owned(), at: ago(1) }
}

pub(crate) fn event() -> Event {
    Event {
        at: NOW,
        severity: model::event::Severity::Warning,
        reason: "CapacityLost".to_owned(),
        message: "Fargate lost its tasks.".to_owned(),
    }
}

pub(crate) fn scheduled(
    name: &str,
    minutes: u64,
    min: Option<u32>,
    max: Option<u32>,
) -> ScheduledBounds {
    ScheduledBounds { name: name.to_owned(), at: NOW + Span::from_mins(minutes), min, max }
}

pub(crate) fn set_bounds(side: Side, expected: (u32, u32), bounds: (u32, u32)) -> Action {
    let of = |(min, max)| Bounds { min, max };
    Action::SetBounds { side, expected: of(expected), bounds: of(bounds) }
}

/// From 10 % to 25 % with proof, capacity, time and everything on record.
pub(crate) fn advance() -> Case {
    let mut case = Case {
        spec: spec(),
        settings: Settings::default(),
        status: Status { attempt: 1, started_at: Some(ago(3000)), ..Status::default() },
        observation: observation(),
        verdict: proven(),
        fleet: Some(Fleet::default()),
        plan: Plan {
            actions: Vec::new(),
            status: Status::default(),
            report: Report::default(),
            events: Vec::new(),
        },
    };
    case.moves(100, 250, Direction::Advance);
    case
}

/// From 0 to 1 %: nothing was judged yet.
pub(crate) fn first_step() -> Case {
    advance().with(|case| {
        case.moves(0, 10, Direction::Advance);
        case.status.started_at = None;
        case.status.intended = None;
        case.verdict(VerdictKind::Hold, VerdictReason::MissingData { side: Side::Fargate });
        case.verdict.minute = None;
        case.verdict.evidence = Evidence::default();
        case.load().measured = None;
        case.load().side_rpm = PerSide { ec2: Some(6000.0), fargate: Some(0.0) };
    })
}

/// From 10 % to nothing because the judge says so, with its latch.
pub(crate) fn rollback() -> Case {
    advance().with(|case| {
        case.moves(100, 0, Direction::RollBack);
        case.verdict(VerdictKind::RollBack, VerdictReason::Guard { signal: "latency".to_owned() });
        case.plan.status.latch = Some(latch(1));
        case.plan.events = vec![event()];
    })
}

/// A plan without a move, at 10 %, that does these things.
pub(crate) fn doing(actions: Vec<Action>) -> Case {
    advance().with(|case| {
        case.plan.status = case.status.clone();
        case.plan.actions = actions;
    })
}

fn spec() -> Spec {
    serde_json::from_str(
        r#"{
          "mode": "act",
          "aws": {"region": "ap-northeast-1"},
          "ec2": {"cluster": "prd", "service": "api"},
          "fargate": {"cluster": "prd", "service": "api-fargate"},
          "workload": {"type": "loadBalanced"},
          "traffic": {
            "router": {
              "type": "route53Weighted", "hostedZoneId": "Z1",
              "records": [{"name": "api.example.com.", "type": "A"}, {"name": "api.example.com", "type": "AAAA"}],
              "ec2SetIdentifier": "ec2", "fargateSetIdentifier": "fargate"
            },
            "rollout": {}
          },
          "slos": [{"name": "latency", "latency": {"threshold": "300ms", "objective": "99%"}}]
        }"#,
    )
    .expect("the spec is valid")
}

fn observation() -> Observation {
    let service = Service {
        desired: 100,
        running: 100,
        pending: 0,
        release: "app:7".to_owned(),
        cpu_units: Some(1_024),
        deployment: Deployment::Steady,
    };
    let scaling = Scaling {
        bounds: Bounds { min: 100, max: 600 },
        suspended: Suspension::NONE,
        scheduled: Vec::new(),
    };
    let targets = |healthy| Seen::known(Targets { healthy, ..Targets::default() }, NOW);
    Observation {
        at: NOW,
        services: PerSide::from_fn(|_| Seen::known(service.clone(), NOW)),
        targets: PerSide { ec2: targets(100), fargate: targets(FARGATE_NEEDS) },
        vouched: PerSide::default(),
        scaling: PerSide::from_fn(|_| Seen::known(Some(scaling.clone()), NOW)),
        split: Seen::unknown(Gap::NotAsked),
        load: Seen::known(
            Load {
                minute: NOW.minute() - 4,
                now_rpm: 6000.0,
                growth: 1.2,
                peak_rpm: 9000.0,
                side_rpm: PerSide { ec2: Some(5400.0), fargate: Some(600.0) },
                safe_per_task_rpm: PerSide { ec2: Some(100.0), fargate: Some(80.0) },
                measured: Some(MeasuredShare {
                    share: Share::percent(10),
                    requests: 60_000,
                    from_minute: NOW.minute() - 14,
                }),
            },
            NOW,
        ),
        ownership: Seen::known(Ownership::default(), NOW),
    }
}

fn proven() -> Verdict {
    let signal = SignalEvidence { harm: -3.0, safe: 5.0, burn_fargate: 0.2, burn_ec2: 0.2 };
    Verdict {
        kind: VerdictKind::Advance,
        reason: VerdictReason::ProvenSafe,
        minute: Some(NOW.minute() - 4),
        evidence: Evidence {
            harm: f64::NEG_INFINITY,
            harm_threshold: 14.9,
            safe_threshold: 3.0,
            signals: BTreeMap::from([("latency".to_owned(), signal)]),
            minutes: 120,
            eta: None,
        },
    }
}

/// The promises that fatal findings say would be broken.
pub(crate) fn broken(findings: &[Finding]) -> BTreeSet<Invariant> {
    findings.iter().filter(|it| it.severity == Severity::Fatal).map(|it| it.invariant).collect()
}

/// Checks that exactly these promises are found broken, and that everything is stopped then.
#[track_caller]
pub(crate) fn expect(name: &str, case: &Case, promises: &[Invariant]) {
    let audited = case.audit();
    let expected: BTreeSet<_> = promises.iter().copied().collect();
    assert_eq!(broken(audited.findings()), expected, "{name}: {:#?}", audited.findings());
    if promises.is_empty() {
        assert_eq!(audited.permitted(), case.plan.actions, "{name}");
        assert_eq!(audited.stopped(), [], "{name}");
    }
}

/// What is done to a sound case, in words and in deed, and the promises that are then broken.
pub(crate) type Spoilt<'a> = (&'a str, fn(&mut Case), &'a [Invariant]);

/// Spoils the case in each way and expects exactly these promises to be found broken.
#[track_caller]
pub(crate) fn each(base: fn() -> Case, spoilt: &[Spoilt<'_>]) {
    for (name, spoil, promises) in spoilt {
        expect(name, &base().with(spoil), promises);
    }
}
