//! `ferry rehearse`

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::Time;
use region::fault::{FaultRow, FaultScript};
use region::load::{GeneratedLoad, Load, Recorded};
use rehearsal::record::Outcome;
use rehearsal::{Options, Progress};
use sha2::{Digest, Sha256};

use crate::cli::{Format, Rehearse};
use crate::commands::migration;
use crate::output::{Answer, Failure, is_watched, print, read, tell, terminal_width, write};

pub(crate) fn run(arguments: &Rehearse) -> Result<Answer, Failure> {
    let options = options(arguments)?;
    let bar = progress_bar();
    let run = rehearsal::run(&options, |progress| show(&bar, progress));
    bar.finish_and_clear();
    let file = arguments.file.display();
    let record = run.map_err(|error| Failure::bad_input(format!("{file}: {error}")))?.record;
    write(&arguments.report, &report::html(&record))?;
    match arguments.output {
        Format::Text => {
            let width = terminal_width();
            print(&report::timeline(&record, width, crate::output::is_coloured()))?;
            print(&format!("\n{}", report::summary(&record, width)))?;
        }
        Format::Json => print(&report::json(&record))?,
    }
    tell(&format!("The page with plots is {}.", arguments.report.display()));
    Ok(match record.outcome {
        Outcome::Succeeded => Answer::Yes,
        Outcome::RolledBack { .. } | Outcome::Stalled { .. } | Outcome::Unfinished { .. } => {
            Answer::No
        }
    })
}

/// Reads all input before anything runs, so that nothing is written on bad input.
fn options(arguments: &Rehearse) -> Result<Options, Failure> {
    let mut inputs = BTreeMap::new();
    let mut input = |name: &str, path: &Path| {
        let text = read(path)?;
        inputs.insert(name.to_owned(), digest(&text));
        Ok(text)
    };
    let text = input("migration", &arguments.file)?;
    let (migration, settings) = migration::read_one(&arguments.file, &text)?;
    let (load, gaps) = match &arguments.load {
        Some(path) => recorded(path, &input("load", path)?)?,
        None => (GeneratedLoad::default().load().map_err(Failure::bad_input)?, 0),
    };
    let faults = match &arguments.fault {
        Some(path) => faults(path, &input("fault", path)?)?,
        None => Vec::new(),
    };
    check_start(arguments.start)?;
    let scale = arguments.scale;
    Ok(Options {
        migration: Arc::new(migration),
        settings,
        load: load
            .scaled(scale)
            .map_err(|e| Failure::bad_input(format!("--scale {scale}: {e}")))?,
        load_gap_minutes: gaps,
        faults,
        seed: arguments.seed,
        start: arguments.start,
        days: arguments.days,
        inputs,
        options: [("days", arguments.days.to_string()), ("scale", scale.to_string())]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
    })
}

/// Calendars and their zones are only known around the present.
pub(crate) fn check_start(start: Time) -> Result<(), Failure> {
    const YEARS: std::ops::Range<i64> = 0..230;
    const YEAR_SECONDS: i64 = 31_556_952;
    if start.as_millis() % 60_000 != 0 {
        return Err(Failure::bad_input(format!("--start {start}: begin at a whole minute")));
    }
    if !YEARS.contains(&start.as_secs().div_euclid(YEAR_SECONDS)) {
        return Err(Failure::bad_input(format!("--start {start}: begin between 1970 and 2200")));
    }
    Ok(())
}

pub(crate) fn recorded(path: &Path, text: &str) -> Result<(Load, u64), Failure> {
    let recorded = Recorded::read(text)
        .map_err(|error| Failure::bad_input(format!("{}: {error}", path.display())))?;
    let report = recorded.report;
    let minutes = u64::try_from(report.interpolated)
        .unwrap_or(u64::MAX)
        .saturating_mul(report.period_seconds)
        .div_ceil(60);
    Ok((recorded.load, minutes))
}

pub(crate) fn faults(path: &Path, text: &str) -> Result<Vec<FaultRow>, Failure> {
    let check = |script: &FaultScript| {
        let problems = script.problems().into_iter();
        problems.map(|(number, problem)| (format!("faults[{}]", number - 1), problem)).collect()
    };
    let name = path.display().to_string();
    let scripts =
        manifest::read_checked(&name, text, "FaultScript", check).map_err(|problems| {
            Failure::BadInput(problems.iter().map(ToString::to_string).collect())
        })?;
    Ok(scripts.into_iter().flat_map(|script| script.faults).collect())
}

fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
    }
    hex
}

fn progress_bar() -> ProgressBar {
    if !is_watched() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3}%")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(1_000).with_style(style)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part between 0 and 1 in thousandths"
)]
fn show(bar: &ProgressBar, progress: &Progress) {
    let thousandths = (progress.part.clamp(0.0, 1.0) * 1_000.0) as u64;
    if thousandths != bar.position() {
        let share = progress.share.map_or_else(|| "?".to_owned(), |share| share.to_string());
        bar.set_message(format!("{} at {share:>4}", progress.at));
        bar.set_position(thousandths);
    }
}
