//! Running: the controller and the region take turns until the migration ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud::Clock;
use controller::Pass;
use model::condition::{ConditionStatus, ConditionType};
use model::settings::Settings;
use model::spec::Migration;
use model::{PerSide, Share, Side, Span, Time};
use region::fault::FaultRow;
use region::load::Load;
use region::{Region, SimulatedCloud};

use crate::invariants::Violation;
use crate::record::{EntryKind, Finding, Outcome, Record, SCHEMA, Totals};
use crate::recorder::{Recorder, waiting};
use crate::simulation::{Setup, Simulation};

/// A migration that stands still for this long with its end decided is over: long enough to see
/// that it stays where it is.
const STAYS: Span = Span::from_hours(12);
/// More slow requests than this in a minute make it a bad minute.
const BAD_MINUTE_SLOW: f64 = 0.05;

/// What to rehearse.
#[derive(Debug, Clone)]
pub struct Options {
    /// The migration.
    pub migration: Arc<Migration>,
    /// The daemon's settings.
    pub settings: Settings,
    /// The load from `start` on.
    pub load: Load,
    /// Minutes of it that were interpolated.
    pub load_gap_minutes: u64,
    /// What goes wrong.
    pub faults: Vec<FaultRow>,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The first instant: a whole minute.
    pub start: Time,
    /// How many days at most.
    pub days: u32,
    /// SHA-256 of each input by name, for the record.
    pub inputs: BTreeMap<String, String>,
    /// The options that shaped the run, by name, for the record.
    pub options: BTreeMap<String, String>,
}

/// Why a rehearsal cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This version does not carry such a migration.
    #[error(transparent)]
    Unsupported(#[from] controller::Unsupported),
    /// The region cannot be built from what was given.
    #[error(transparent)]
    Region(#[from] region::Error),
    /// `mode: observe` never moves anything.
    #[error("spec.mode is `observe`: a rehearsal needs `act` to have something to show")]
    Observe,
}

/// How far a rehearsal has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Between 0 and 1, by time.
    pub part: f64,
    /// The present of the region.
    pub at: Time,
    /// The share the live weights say.
    pub share: Option<Share>,
}

/// A rehearsal that was run.
#[derive(Debug)]
pub struct Run {
    /// What it leaves behind.
    pub record: Record,
    /// Promises that were broken; there should be none.
    pub violations: Vec<Violation>,
    /// The region as it is at the end.
    pub region: SimulatedCloud,
}

/// Rehearses a migration.
///
/// # Errors
/// [`Error`] before anything runs; a rehearsal that runs always comes to an end.
pub fn run(options: &Options, progress: impl FnMut(&Progress)) -> Result<Run, Error> {
    if options.migration.spec.mode == model::spec::Mode::Observe {
        return Err(Error::Observe);
    }
    let managed = controller::Managed::new(1, Arc::clone(&options.migration))?;
    let mut rehearsal = Rehearsal {
        simulation: Simulation::new(&Setup {
            migrations: vec![Arc::clone(&options.migration)],
            settings: options.settings.clone(),
            load: options.load.clone(),
            faults: options.faults.clone(),
            troubles: Vec::new(),
            seed: options.seed,
            start: options.start,
            days: options.days,
        })?,
        recorder: Recorder::default(),
        settled_since: None,
        faults: Vec::new(),
        last: None,
    };
    let end = options.start + Span::from_days(u64::from(options.days));
    futures::executor::block_on(rehearsal.turns(options.start, end, progress));
    Ok(rehearsal.finish(options, &managed))
}

struct Rehearsal {
    simulation: Simulation,
    recorder: Recorder,
    /// Since when the migration has stood where it will stay.
    settled_since: Option<Time>,
    /// Faults that are acting, by name.
    faults: Vec<String>,
    last: Option<Pass>,
}

impl Rehearsal {
    async fn turns(&mut self, start: Time, end: Time, mut progress: impl FnMut(&Progress)) {
        let length = end.since(start).secs_f64();
        loop {
            let tick = self.simulation.tick().await;
            let Some(pass) = tick.passes.into_iter().next() else { return };
            self.note_faults(&pass);
            self.recorder.pass(&pass);
            let share = pass.plan.status.share.set;
            let over = self.is_over(&pass);
            self.last = Some(pass);
            if over || tick.next_at >= end {
                break;
            }
            let part = tick.next_at.since(start).secs_f64() / length;
            progress(&Progress { part, at: tick.next_at, share });
        }
        progress(&Progress { part: 1.0, at: self.simulation.next_at(), share: None });
    }

    /// Adds a line for each fault that began or ended since the last pass.
    fn note_faults(&mut self, pass: &Pass) {
        let acting = self.simulation.region().with(|region| region.faults_acting());
        for name in acting.iter().filter(|name| !self.faults.contains(name)) {
            self.recorder.note(pass, EntryKind::Fault, format!("fault begins: {name}"));
        }
        for name in self.faults.iter().filter(|name| !acting.contains(name)) {
            self.recorder.note(pass, EntryKind::Fault, format!("fault ends: {name}"));
        }
        self.faults = acting;
    }

    /// Whether the migration has succeeded, or has stood at another end long enough.
    fn is_over(&mut self, pass: &Pass) -> bool {
        let conditions = &pass.plan.status.conditions;
        if conditions.is_true(ConditionType::Succeeded) {
            return true;
        }
        let at_rest = conditions.is_true(ConditionType::RolledBack)
            || conditions.is_true(ConditionType::Stalled);
        if !at_rest || !pass.plan.actions.is_empty() {
            self.settled_since = None;
            return false;
        }
        let since = *self.settled_since.get_or_insert(pass.observation.at);
        pass.observation.at.since(since) >= STAYS
    }

    fn finish(mut self, options: &Options, managed: &controller::Managed) -> Run {
        let end = self.simulation.region().now();
        let violations = self.simulation.violations().to_vec();
        let (status, outcome) = match &self.last {
            Some(pass) => (pass.plan.status.clone(), outcome(pass)),
            None => unreachable!("a controller that manages a migration has a pass for it"),
        };
        if let Some(pass) = &self.last {
            self.recorder.note(pass, EntryKind::End, said(&outcome));
        }
        let mut totals = self.simulation.region().with(|region| totals(region, options.start));
        totals.rollbacks = self.recorder.rollbacks;
        totals.load_gap_minutes = options.load_gap_minutes;
        let record = Record {
            schema: SCHEMA,
            name: managed.name.clone(),
            seed: options.seed,
            inputs: options.inputs.clone(),
            start: options.start,
            end,
            outcome,
            timeline: self.recorder.timeline,
            findings: findings(&status, &violations, &totals),
            status,
            totals,
            samples: self.recorder.samples,
            latency_slo_ms: managed.latency_threshold.map(|t| t.secs_f64() * 1_000.0),
            options: options.options.clone(),
        };
        Run { record, violations, region: self.simulation.region().clone() }
    }
}

fn outcome(pass: &Pass) -> Outcome {
    let conditions = &pass.plan.status.conditions;
    let of = |kind| conditions.get(kind).filter(|c| c.status == ConditionStatus::True);
    if conditions.is_true(ConditionType::Succeeded) {
        Outcome::Succeeded
    } else if let Some(latch) = &pass.plan.status.latch {
        Outcome::RolledBack { reason: latch.reason.to_string() }
    } else if let Some(stalled) = of(ConditionType::Stalled) {
        Outcome::Stalled { reason: stalled.reason.to_string(), message: stalled.message.clone() }
    } else {
        Outcome::Unfinished { waiting: waiting(&pass.plan) }
    }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Succeeded => "All traffic is on Fargate, baked and drained.".to_owned(),
        Outcome::RolledBack { reason } => {
            format!("Traffic is back on EC2 and stays there: {reason}.")
        }
        Outcome::Stalled { message, .. } => format!("It cannot go on by itself. {message}"),
        Outcome::Unfinished { waiting } => {
            format!("The days are over, and one thing was still in the way. {waiting}")
        }
    }
}

/// Sums the region's own books from `start` on.
#[expect(clippy::cast_precision_loss, reason = "requests of a minute are far below 2^53")]
fn totals(region: &Region, start: Time) -> Totals {
    let mut totals = Totals::default();
    let mut hours = PerSide { ec2: 0.0, fargate: 0.0 };
    for minute in region.minutes(0).iter().filter(|minute| minute.minute >= start.minute()) {
        let (mut requests, mut slow) = (0, 0);
        for (side, counts) in minute.sides.iter() {
            requests += counts.requests;
            slow += counts.slow;
            totals.errors += counts.errors;
            *hours.get_mut(side) += f64::from(counts.running) / 60.0;
        }
        totals.requests += requests;
        totals.slow += slow;
        totals.bad_minutes += u64::from(slow as f64 > BAD_MINUTE_SLOW * requests as f64);
    }
    totals.task_hours = PerSide::from_fn(|side: Side| (hours.get(side) * 10.0).round() / 10.0);
    totals.writes = u64::try_from(region.journal().writes()).unwrap_or(u64::MAX);
    totals.calls = region.journal().calls().values().sum();
    totals
}

/// What a person should look at.
fn findings(
    status: &model::status::Status,
    violations: &[Violation],
    totals: &Totals,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = violations
        .iter()
        .map(|violation| Finding {
            id: format!("Violation{}", violation.invariant),
            message: format!(
                "{violation}. This is a defect of Ferry: please report it with the seed and the inputs."
            ),
        })
        .collect();
    let unacted = status.conditions.get(ConditionType::FieldsNotActedOn);
    if let Some(unacted) = unacted.filter(|unacted| unacted.status == ConditionStatus::True) {
        findings
            .push(Finding { id: "FieldsNotActedOn".to_owned(), message: unacted.message.clone() });
    }
    if totals.load_gap_minutes > 0 {
        findings.push(Finding {
            id: "LoadHasGaps".to_owned(),
            message: format!(
                "{} minutes of the load were missing and were interpolated.",
                totals.load_gap_minutes
            ),
        });
    }
    findings
}
