//! `ferry judge`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use analysis::Settings;
use analysis::csv::{MinuteForm, Recording};
use analysis::judge::{Change, ChangeEvidence, judge_log};
use analysis::settings::{Calibration, Coverage};
use analysis::signal::Signal;
use model::Side;
use model::minute::Minute;
use model::verdict::VerdictKind;
use serde::Serialize;

use crate::cli::{Format, Judge, SignalOffset};
use crate::commands::migration;
use crate::output::{Answer, Failure, print, read, terminal_width};

/// Judges a recording; whatever the verdicts are, they are the answer.
pub(crate) fn run(arguments: &Judge) -> Result<Answer, Failure> {
    let name = arguments.file.display();
    let text = read(&arguments.file)?;
    let recording = analysis::csv::parse(&text)
        .map_err(|error| Failure::bad_input(format!("{name}: {error}")))?;
    let settings = settings(arguments, &recording.minutes)?;
    let (changes, _) = judge_log(&settings, &recording.minutes);
    print(&match arguments.output {
        Format::Text => table(&recording, &changes, terminal_width()),
        Format::Json => lines(&recording, &changes),
    })?;
    Ok(Answer::Yes)
}

fn settings(arguments: &Judge, minutes: &[Minute]) -> Result<Settings, Failure> {
    let mut settings = match &arguments.migration {
        Some(path) => of_migration(path, minutes)?,
        None => Settings::default(),
    };
    let mut offsets = BTreeMap::new();
    for SignalOffset { signal, offset } in &arguments.offset {
        if offsets.insert(*signal, *offset).is_some() {
            return Err(Failure::bad_input(format!(
                "--offset: {signal} has two offsets; keep one"
            )));
        }
    }
    if !offsets.is_empty() {
        settings.calibration = Calibration::RouterAA { offsets };
    }
    Ok(settings)
}

/// The rules of a migration. What counts as high load is learnt from the recording itself, since
/// there is no other past to learn it from; a recurring surge is not asked for.
fn of_migration(path: &Path, minutes: &[Minute]) -> Result<Settings, Failure> {
    let (migration, _) = migration::read_one(path, &read(path)?)?;
    let mut totals = BTreeMap::<i64, f64>::new();
    for row in minutes {
        #[expect(clippy::cast_precision_loss, reason = "a count is at most 10^12")]
        let requests = row.counts.requests.unwrap_or(0) as f64;
        *totals.entry(row.minute).or_default() += requests;
    }
    let totals: Vec<f64> = totals.into_values().collect();
    Ok(Settings {
        coverage: analysis::coverage::high_load(&totals)
            .map(|requests_high| Coverage::of_high_load(requests_high, false)),
        ..Settings::of_spec(&migration.spec)
    })
}

/// A change of verdict, with the minute in the form that the recording has.
#[derive(Serialize)]
struct Line<'a> {
    minute: MinuteValue,
    verdict: VerdictKind,
    reason: &'a str,
    message: &'a str,
    evidence: &'a BTreeMap<String, ChangeEvidence>,
}

enum MinuteValue {
    Number(i64),
    Time(String),
}

impl Serialize for MinuteValue {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(minute) => serializer.serialize_i64(*minute),
            Self::Time(time) => serializer.serialize_str(time),
        }
    }
}

fn lines(recording: &Recording, changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let Change { minute, verdict, reason, message, evidence } = change;
        let minute = match recording.form {
            MinuteForm::Number => MinuteValue::Number(*minute),
            MinuteForm::Time => MinuteValue::Time(recording.form.write(*minute)),
        };
        let line = Line { minute, verdict: *verdict, reason, message, evidence };
        let line = serde_json::to_string(&line).expect("keys are strings and numbers are numbers");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The changes as a table, and what they come to.
fn table(recording: &Recording, changes: &[Change], width: usize) -> String {
    let minute_width = changes
        .iter()
        .map(|change| recording.form.write(change.minute).len())
        .max()
        .unwrap_or(0)
        .max("minute".len());
    let signals = Signal::ALL.map(Signal::name);
    let reason_width = width.saturating_sub(minute_width + 2 + 9 + 2 + 4 * 14).clamp(28, 60);
    let mut text = format!("{:1$}", "", minute_width + 2 + 9 + 2 + reason_width);
    push(&mut text, format_args!("{:^56}\n", "evidence of harm and of safety, ln"));
    push(
        &mut text,
        format_args!("{:minute_width$}  {:9}  {:reason_width$}", "minute", "verdict", "why"),
    );
    for signal in signals {
        push(&mut text, format_args!("{signal:>14}"));
    }
    text.push('\n');
    for change in changes {
        let minute = recording.form.write(change.minute);
        let mut reason = report::wrap(&change.message, reason_width).into_iter();
        let first = reason.next().unwrap_or_default();
        let verdict = words(change.verdict);
        push(&mut text, format_args!("{minute:minute_width$}  {verdict:9}  {first:reason_width$}"));
        for signal in signals {
            match change.evidence.get(signal) {
                Some(ChangeEvidence { harm, safe }) => {
                    push(&mut text, format_args!("{harm:>8.1}{safe:>6.1}"));
                }
                None => push(&mut text, format_args!("{:>14}", "–")),
            }
        }
        text.push('\n');
        for line in reason {
            push(&mut text, format_args!("{:1$}{line}\n", "", minute_width + 2 + 9 + 2));
        }
    }
    text.push('\n');
    text.push_str(&outcome(recording, changes));
    text
}

/// What Ferry would have done, in sentences.
fn outcome(recording: &Recording, changes: &[Change]) -> String {
    let rows = |side| recording.minutes.iter().filter(|row| row.side == side).count();
    let mut text = format!(
        "Judged {} minutes of EC2 and {} of Fargate.\n",
        rows(Side::Ec2),
        rows(Side::Fargate)
    );
    let of = |kind| changes.iter().find(|change| change.verdict == kind);
    let at = |change: &Change| recording.form.write(change.minute);
    match of(VerdictKind::RollBack) {
        Some(change) => push(
            &mut text,
            format_args!("Ferry would have rolled back at {}: {}.\n", at(change), change.message),
        ),
        None => text.push_str("Ferry would not have rolled back.\n"),
    }
    match of(VerdictKind::Advance) {
        Some(change) => push(
            &mut text,
            format_args!(
                "A step would first have been proven at {}: {}.\n",
                at(change),
                change.message
            ),
        ),
        None => text.push_str("Nothing was proven that a step forward could rest on.\n"),
    }
    text
}

const fn words(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Advance => "advance",
        VerdictKind::Hold => "hold",
        VerdictKind::RollBack => "roll back",
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    text.write_fmt(arguments).ok();
}
