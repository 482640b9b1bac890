//! Migrations and loads that simulated runs share.

use std::fmt::Write as _;
use std::sync::Arc;

use controller::Tick;
use futures::executor::block_on;
use model::route::WeightPair;
use model::settings::Settings;
use model::spec::Migration;
use model::{Share, Span, Time};
use region::fault::{FaultRow, FaultScript};
use region::journal::{Author, Change};
use region::load::{GeneratedLoad, Load};
use rehearsal::simulation::{Setup, Simulation};

/// A Monday.
pub(crate) const START: Time = Time::from_secs(1_767_571_200);

/// How weights are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Router {
    Records,
    Rules,
    /// Traffic Flow policy instances.
    Policies,
}

/// A migration in the few words that tests differ in.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) cluster: String,
    pub(crate) router: Router,
    /// Records, rules or instances that move together.
    pub(crate) routes: usize,
    /// `rollout` or `share`, as the file has it.
    pub(crate) target: String,
    pub(crate) step_max: &'static str,
    pub(crate) rest: String,
    pub(crate) attempt: u32,
    /// `drain.quietFor`.
    pub(crate) quiet_for: &'static str,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            name: "api".to_owned(),
            cluster: "prd".to_owned(),
            router: Router::Records,
            routes: 1,
            target: "rollout: {steps: [1%, 5%, 10%, 25%, 50%, 75%, 100%], advance: dwell, \
                     dwellMin: 10m, bake: 1h}"
                .to_owned(),
            step_max: "25%",
            rest: String::new(),
            attempt: 1,
            quiet_for: "30m",
        }
    }
}

impl Wish {
    pub(crate) fn migration(&self) -> Arc<Migration> {
        let text = self.text();
        let documents = manifest::read("migration.yaml", &text);
        let documents = documents.unwrap_or_else(|problems| panic!("{problems:?} in\n{text}"));
        Arc::new(documents[0].migration().expect("a migration was written").clone())
    }

    /// Whether it climbs to a share and stays there.
    pub(crate) fn is_share(&self) -> bool {
        self.target.starts_with("share")
    }

    /// Takes the time of a real migration: six hours a step, a day of bake and one of drain.
    pub(crate) fn unhurry(&mut self) {
        for dwell in ["5m", "10m", "30m", "1h"] {
            self.target = self.target.replace(&format!("dwellMin: {dwell},"), "dwellMin: 6h,");
        }
        self.target = self.target.replace("bake: 1h", "bake: 1d");
        self.quiet_for = "1d";
    }

    /// Whether a step that can be proven ends by proof alone.
    pub(crate) fn wants_proof(&self) -> bool {
        self.is_share() || self.target.contains("advance: evidence")
    }

    /// The migration's file.
    pub(crate) fn text(&self) -> String {
        let Self { name, cluster, target, step_max, rest, attempt, quiet_for, .. } = self;
        let router = self.router();
        format!(
            "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  mode: act
  attempt: {attempt}
  aws: {{region: ap-northeast-1}}
  ec2: {{cluster: {cluster}, service: {name}}}
  fargate: {{cluster: {cluster}, service: {name}-fargate}}
  workload: {{type: loadBalanced}}
  traffic:
    router: {router}
    {target}
    stepMax: {step_max}
    deadline: 21d
  slos:
    - {{name: latency, latency: {{threshold: 300ms, objective: 99%}}}}
    - {{name: availability, availability: {{objective: 99.9%}}}}
  drain: {{quietFor: {quiet_for}, requestsPerMinuteMax: 1000000, giveUpAfter: 7d}}
{rest}"
        )
    }

    fn router(&self) -> String {
        let name = &self.name;
        let mut list = String::new();
        match self.router {
            Router::Records => {
                for index in 0..self.routes {
                    let host = format!("{name}{index}.example.com");
                    write!(list, "{{name: {host}, type: A}}, ").expect("a string takes all");
                }
                format!(
                    "{{type: route53Weighted, hostedZoneId: Z0123456789ABC, records: [{list}], \
                     ec2SetIdentifier: ec2, fargateSetIdentifier: fargate}}"
                )
            }
            Router::Policies => {
                for index in 0..self.routes {
                    write!(list, "{{id: {name}-{index}}}, ").expect("a string takes all");
                }
                format!(
                    "{{type: route53TrafficPolicy, instances: [{list}], ec2Endpoint: old, \
                     fargateEndpoint: new}}"
                )
            }
            Router::Rules => {
                let arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012";
                for index in 0..self.routes {
                    let rule = format!("{arn}:listener-rule/app/{name}/1/2/{index}");
                    write!(list, "'{rule}', ").expect("a string takes all");
                }
                format!(
                    "{{type: albWeighted, ruleArns: [{list}], \
                     ec2TargetGroupArn: '{arn}:targetgroup/{name}-ec2/1', \
                     fargateTargetGroupArn: '{arn}:targetgroup/{name}-fargate/2'}}"
                )
            }
        }
    }
}

/// A day that lasts four hours: half of the mean at night, one and a half of it in the evening.
pub(crate) fn tide(mean_rps: f64) -> Load {
    let minutes = 7 * 24 * 60;
    let rates = (0..minutes).map(|minute| {
        let angle = std::f64::consts::TAU * f64::from(minute) / 240.0;
        mean_rps * (1.0 + 0.5 * angle.sin())
    });
    Load::new(rates.collect()).expect("a load that can be")
}

pub(crate) fn flat(rps: f64) -> Load {
    Load::new(vec![rps]).expect("a load that can be")
}

/// A week with its nights, evenings and surges.
pub(crate) fn week(mean_rps: f64, seed: u64) -> Load {
    GeneratedLoad { mean_rps, seed, weeks: 1, ..GeneratedLoad::default() }
        .load()
        .expect("a load that can be")
}

/// The faults of a script's rows, each in braces as a file has it.
pub(crate) fn faults(rows: &[&str]) -> Vec<FaultRow> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut text = "apiVersion: ferry/v1\nkind: FaultScript\nfaults:\n".to_owned();
    for row in rows {
        writeln!(text, "  - {row}").expect("a string takes all");
    }
    let scripts = manifest::read_as::<FaultScript>("faults.yaml", &text, "FaultScript");
    let scripts = scripts.unwrap_or_else(|problems| panic!("{problems:?} in\n{text}"));
    for script in &scripts {
        script.faults().unwrap_or_else(|problem| panic!("{problem} in\n{text}"));
    }
    scripts.into_iter().flat_map(|script| script.faults).collect()
}

/// One migration under a load, with nothing going wrong.
pub(crate) fn setup(wish: &Wish, load: Load) -> Setup {
    Setup {
        migrations: vec![wish.migration()],
        settings: Settings::default(),
        load,
        faults: Vec::new(),
        troubles: Vec::new(),
        seed: 1,
        start: START,
        days: 7,
    }
}

/// `after` the start.
pub(crate) fn at(after: Span) -> Time {
    START + after
}

/// Four steps, as quick as they may be.
pub(crate) const QUICK: &str =
    "rollout: {steps: [5%, 25%, 50%, 100%], advance: dwell, dwellMin: 20m, bake: 30d}";

pub(crate) fn quick(router: Router) -> Wish {
    Wish { router, target: QUICK.to_owned(), step_max: "50%", ..Wish::default() }
}

/// One quick migration with these faults.
pub(crate) fn started(router: Router, load: Load, rows: &[&str]) -> Simulation {
    let setup = Setup { faults: faults(rows), ..setup(&quick(router), load) };
    Simulation::new(&setup).expect("the region can be built")
}

/// Ticks until `until` after the start, and looks at each.
pub(crate) fn run(
    simulation: &mut Simulation,
    until: Span,
    mut look: impl FnMut(&Simulation, &Tick),
) {
    while simulation.next_at() < at(until) {
        let tick = block_on(simulation.tick());
        look(simulation, &tick);
    }
}

/// The share of the first migration that the weights say in truth.
pub(crate) fn share(simulation: &Simulation) -> Share {
    simulation.region().with(|region| region.truth(0)).expect("it is there").share_max
}

/// The weights that Ferry wrote, with what they replaced, oldest first.
pub(crate) fn steps(simulation: &Simulation) -> Vec<(Time, WeightPair, WeightPair)> {
    simulation.region().with(|region| {
        let entries = region.journal().entries().iter();
        let made = entries.filter(|e| e.author == Author::Caller && e.outcome.made());
        made.filter_map(|entry| match &entry.change {
            Change::Weights { before, after, .. } => Some((entry.at, *before, *after)),
            Change::Desired { .. }
            | Change::Bounds { .. }
            | Change::Scheduled { .. }
            | Change::PolicyVersion { .. }
            | Change::Nothing => None,
        })
        .collect()
    })
}
