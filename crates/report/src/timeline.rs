//! The timeline for a terminal: aligned columns, thinned samples, reasons wrapped.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use model::verdict::VerdictKind;
use rehearsal::record::{Entry, EntryKind, Record};

use crate::figures::{known, whole};
use crate::text::{plain, wrap, wrap_at_most};
use crate::{calendar, outcome};

/// Three lines of reason say most; the whole of it is in the JSON and on the page.
const REASON_LINES_MAX: usize = 3;
/// With less room than this a reason goes on lines of its own.
const REASON_WIDTH_MIN: usize = 28;
/// How far a reason on lines of its own is indented.
const INDENT: usize = 4;

/// The timeline as a person reads it in a terminal `width` columns wide, in UTC.
///
/// Hourly samples are thinned to the first of each day on which nothing happened; all else
/// is kept. `colour` adds ANSI colours, which take no columns.
#[must_use]
pub fn timeline(record: &Record, width: usize, colour: bool) -> String {
    let mut text = String::new();
    write(&mut text, record, width, colour).expect("a String takes any text");
    text
}

fn write(text: &mut String, record: &Record, width: usize, colour: bool) -> fmt::Result {
    let lines = thinned(&record.timeline);
    if lines.is_empty() {
        return writeln!(text, "Nothing happened: the timeline is empty.");
    }
    let head = Columns {
        when: "when, UTC".to_owned(),
        kind: "what",
        share: ["want", "set", "meas"].map(str::to_owned),
        tasks: ["EC2", "Fargate"].map(str::to_owned),
        p99_ms: ["EC2", "Fargate"].map(str::to_owned),
        verdict: "verdict",
    };
    let indent = head.to_string().chars().count();
    let groups = format!("{:26}{:^17}  {:^12}  {:^13}", "", "share on Fargate", "tasks", "p99, ms");
    writeln!(text, "{}", painted(groups.trim_end(), "1", colour))?;
    writeln!(text, "{}", painted(&format!("{head}why"), "1", colour))?;
    for entry in lines {
        write_entry(text, entry, width.saturating_sub(indent), indent, width, colour)?;
    }
    Ok(())
}

fn write_entry(
    text: &mut String,
    entry: &Entry,
    room: usize,
    indent: usize,
    width: usize,
    colour: bool,
) -> fmt::Result {
    let columns = Columns::of(entry).to_string();
    let reason = plain(&entry.reason);
    let beside = room >= REASON_WIDTH_MIN;
    let (room, indent) =
        if beside { (room, indent) } else { (width.saturating_sub(INDENT), INDENT) };
    // What ends or turns a migration is worth reading to its end.
    let reason = match entry.kind {
        EntryKind::RollBack | EntryKind::End => wrap(&reason, room),
        EntryKind::Sample => wrap_at_most(&reason, room, 1),
        EntryKind::Step
        | EntryKind::Scaling
        | EntryKind::Verdict
        | EntryKind::Fault
        | EntryKind::Event => wrap_at_most(&reason, room, REASON_LINES_MAX),
    };
    let mut lines = reason.iter();
    let first = if beside { lines.next().map_or("", String::as_str) } else { "" };
    let style = style(entry.kind);
    writeln!(text, "{}", painted(format!("{columns}{first}").trim_end(), style, colour))?;
    for line in lines.filter(|line| !line.is_empty()) {
        writeln!(text, "{}", painted(&format!("{:indent$}{line}", ""), style, colour))?;
    }
    Ok(())
}

/// Everything that happened, and of each day without any of it the first sample.
fn thinned(timeline: &[Entry]) -> Vec<&Entry> {
    let eventful: BTreeSet<i64> = timeline
        .iter()
        .filter(|entry| entry.kind != EntryKind::Sample)
        .map(|entry| calendar::day(entry.at))
        .collect();
    let mut last_day = None;
    let mut kept = Vec::new();
    for entry in timeline {
        let day = calendar::day(entry.at);
        let first_of_day = last_day != Some(day);
        last_day = Some(day);
        if entry.kind != EntryKind::Sample || (first_of_day && !eventful.contains(&day)) {
            kept.push(entry);
        }
    }
    kept
}

/// What stands before the reason.
struct Columns {
    when: String,
    kind: &'static str,
    share: [String; 3],
    tasks: [String; 2],
    p99_ms: [String; 2],
    verdict: &'static str,
}

impl Columns {
    fn of(entry: &Entry) -> Self {
        Self {
            when: calendar::moment(entry.at),
            kind: outcome::kind_word(entry.kind),
            share: [entry.share_wanted, entry.share_set, entry.share_measured].map(known),
            tasks: [known(entry.tasks.ec2), known(entry.tasks.fargate)],
            p99_ms: [whole(entry.p99_ms.ec2), whole(entry.p99_ms.fargate)],
            verdict: match entry.verdict {
                VerdictKind::Advance => "advance",
                VerdictKind::Hold => "hold",
                VerdictKind::RollBack => "roll back",
            },
        }
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { when, kind, share, tasks, p99_ms, verdict } = self;
        write!(f, "{when:16}  {kind:8}")?;
        let [wanted, set, measured] = share;
        write!(f, "{wanted:>5}{set:>6}{measured:>6}")?;
        let ([tasks_ec2, tasks_fargate], [p99_ec2, p99_fargate]) = (tasks, p99_ms);
        write!(f, "  {tasks_ec2:>4}{tasks_fargate:>8}  {p99_ec2:>5}{p99_fargate:>8}")?;
        write!(f, "  {verdict:9} ")
    }
}

/// The SGR parameters of a line, empty for the terminal's own colour. Words tell the same,
/// so nothing is lost without colour or to eyes that cannot tell red from green.
const fn style(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Step => "36",
        EntryKind::RollBack => "1;31",
        EntryKind::Fault => "35",
        EntryKind::End => "1",
        EntryKind::Sample | EntryKind::Scaling => "2",
        EntryKind::Verdict | EntryKind::Event => "",
    }
}

fn painted(text: &str, style: &str, colour: bool) -> String {
    if colour && !style.is_empty() && !text.is_empty() {
        format!("\u{1b}[{style}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}
