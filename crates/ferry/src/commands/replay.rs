//! `ferry replay`

use std::fmt::Write as _;
use std::path::Path;

use capacity::scaling::PolicyRequest;
use manifest::Resource;
use model::Time;
use model::spec::World;
use region::load::Recorded;
use serde_json::json;
use tuning::lint::{Context, Lint, Severity};
use tuning::load::{Horizon, Load, WEEK_MINUTES};
use tuning::noise::Noise;
use tuning::physics::Physics;
use tuning::replay;
use tuning::score::Summary;

use super::rehearse::check_start;
use super::yaml;
use crate::cli::{Form, Replay, Replayed};
use crate::output::{Answer, Failure, print, read, tell};

/// Chances that a policy is replayed with.
const SEEDS: u64 = 3;
/// The part of a load that may be made up.
const GAPS_PART_MAX: f64 = 0.05;

pub(crate) fn run(arguments: &Replay) -> Result<Answer, Failure> {
    let inputs = inputs(&arguments.replayed)?;
    let policy = policy(&arguments.policy)?;
    let name = arguments.policy.display();
    let failed = |error| failure(&format!("{name}"), &error);
    let noises = noises(arguments.replayed.seed, &inputs.load);
    let score = |noise| replay::Replay::new(&inputs.physics, &inputs.load, noise).score(&policy);
    let scores = noises.iter().map(score).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    inputs.load.check_varies().map_err(failed)?;
    let summary = Summary::mean(&scores, inputs.world.vcpu)
        .ok_or_else(|| Failure::bad_input("nothing was replayed"))?;
    for lint in lints(&policy, &inputs, arguments.replayed.ratio).map_err(failed)? {
        tell(&sentence(&lint));
    }
    print(&match arguments.replayed.output {
        Form::Table => table(&[("", &summary)]),
        Form::Json => pretty(&summary)?,
        Form::Yaml => yaml::text(&json!(summary)),
    })?;
    Ok(Answer::Yes)
}

/// What replays are made of.
pub(crate) struct Inputs {
    pub(crate) world: World,
    pub(crate) physics: Physics,
    pub(crate) load: Load,
}

/// Reads load and world; what had to be made up of the load is told.
pub(crate) fn inputs(arguments: &Replayed) -> Result<Inputs, Failure> {
    let world = world(&arguments.world)?;
    let shown = arguments.world.display().to_string();
    let physics = Physics::new(&world).map_err(|error| failure(&shown, &error))?;
    check_start(arguments.start)?;
    let load = load(arguments)?;
    Ok(Inputs { world, physics, load })
}

fn load(arguments: &Replayed) -> Result<Load, Failure> {
    let name = arguments.load.display().to_string();
    let bad = |problem: String| Failure::bad_input(format!("{name}: {problem}"));
    let recorded =
        Recorded::read(&read(&arguments.load)?).map_err(|error| bad(error.to_string()))?;
    let report = recorded.report;
    if report.interpolated > 0 {
        let rows = report.rows + report.interpolated;
        #[expect(clippy::cast_precision_loss, reason = "rows of a file")]
        let part = report.interpolated as f64 / rows as f64;
        let gaps = format!(
            "{} of {rows} rows are missing in {} places ({:.1} %)",
            report.interpolated,
            report.gaps,
            100.0 * part
        );
        if part > GAPS_PART_MAX {
            return Err(bad(format!(
                "{gaps}: more than 5 %, and a replay of what was made up shows nothing; give a \
                 stretch with fewer gaps"
            )));
        }
        tell(&format!("{name}: {gaps}; they are interpolated."));
    }
    let scale = arguments.scale;
    let scaled = recorded
        .load
        .scaled(scale)
        .map_err(|error| Failure::bad_input(format!("--scale {scale}: {error}")))?;
    let start = recorded.start.unwrap_or(arguments.start);
    let start = Time::from_minute(start.minute());
    Load::new(start, scaled.all_rates()).map_err(|error| failure(&name, &error))
}

fn world(path: &Path) -> Result<World, Failure> {
    let name = path.display().to_string();
    let documents = manifest::read(&name, &read(path)?).map_err(|problems| {
        Failure::BadInput(problems.iter().map(ToString::to_string).collect())
    })?;
    let mut worlds: Vec<World> = documents
        .into_iter()
        .filter_map(|document| match document.resource {
            Resource::World(world) => Some(*world),
            Resource::Migration(_) | Resource::Settings(_) => None,
        })
        .collect();
    let count = worlds.len();
    worlds.pop().filter(|_| count == 1).ok_or_else(|| {
        Failure::bad_input(format!("{name}: has {count} documents of kind World; give exactly one"))
    })
}

/// A policy: a list of AWS requests.
pub(crate) fn policy(path: &Path) -> Result<Vec<PolicyRequest>, Failure> {
    let name = path.display().to_string();
    manifest::read_list(&name, &read(path)?)
        .map_err(|problems| Failure::BadInput(problems.iter().map(ToString::to_string).collect()))
}

/// A value as indented JSON, its fields in the order that formats.md has.
pub(crate) fn pretty(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Failure::bad_input(format!("a number cannot be written: {error}")))
}

/// The chances of one seed.
pub(crate) fn noises(seed: u64, load: &Load) -> Vec<Noise> {
    (0..SEEDS).map(|at| Noise::new(seed.wrapping_add(at), load.ticks().len())).collect()
}

/// What is wrong with a policy, with the cost of leaving it.
pub(crate) fn lints(
    policy: &[PolicyRequest],
    inputs: &Inputs,
    ratio: Option<f64>,
) -> Result<Vec<Lint>, tuning::Error> {
    let noise = Noise::new(0, inputs.load.ticks().len());
    let context = Context {
        physics: &inputs.physics,
        load: &inputs.load,
        noise: &noise,
        ceiling: None,
        ratio,
    };
    tuning::lint::lint(policy, &context)
}

pub(crate) fn sentence(lint: &Lint) -> String {
    let severity = match lint.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let id = serde_json::to_value(lint.id).unwrap_or_default();
    format!(
        "{severity}: {}: {}; {} (leaving it: {:+.2} points of slow requests, {:+.0} bad minutes, \
         {:+.0} task-hours) [{}]",
        lint.subject,
        lint.sentence,
        lint.remedy,
        lint.cost.slow_percent,
        lint.cost.bad_minutes,
        lint.cost.task_hours,
        id.as_str().unwrap_or("lint"),
    )
}

/// The failure of an error: a world without hope is an answer, the rest is bad input.
pub(crate) fn failure(name: &str, error: &tuning::Error) -> Failure {
    let mut message = format!("{name}: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    match error {
        tuning::Error::Hopeless { .. } => Failure::Refused(message),
        tuning::Error::Load { .. }
        | tuning::Error::World(_)
        | tuning::Error::Policy(_)
        | tuning::Error::NotModelled { .. } => Failure::bad_input(message),
    }
}

/// Totals in a table, a row for each.
pub(crate) fn table(rows: &[(&str, &Summary)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let gap = if width > 0 { "  " } else { "" };
    let mut text = format!(
        "{:width$}{gap}{:>8} {:>12} {:>11} {:>11} {:>8} {:>11}\n",
        "", "slow %", "bad minutes", "task-hours", "peak tasks", "actions", "vCPU USD"
    );
    for (name, it) in rows {
        // Writing to a string cannot fail.
        writeln!(
            text,
            "{name:width$}{gap}{:>8.3} {:>12} {:>11.1} {:>11} {:>8} {:>11.2}",
            it.slow_percent, it.bad_minutes, it.task_hours, it.peak_tasks, it.actions, it.cost_usd
        )
        .ok();
    }
    text
}

/// The load and a week after it: what a calendar is read for.
pub(crate) fn with_the_week_after(load: &Load) -> Horizon {
    let horizon = load.horizon();
    let minutes = horizon.minutes + WEEK_MINUTES;
    Horizon { start: horizon.start, minutes }
}
