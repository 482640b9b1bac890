//! The outcome in a sentence, and the totals: the same words on the page and in a terminal.

use model::{Side, Time};
use rehearsal::record::{EntryKind, Outcome, Record};

use crate::calendar;
use crate::figures::{DASH, percent_of, short, thousands};
use crate::text::sentence;

/// The outcome in one or two words.
pub(crate) const fn headword(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "Succeeded",
        Outcome::RolledBack { .. } => "Rolled back",
        Outcome::Stalled { .. } => "Stalled",
        Outcome::Unfinished { .. } => "Unfinished",
    }
}

/// The outcome as full sentences.
pub(crate) fn in_words(record: &Record) -> String {
    let after = calendar::in_words(record.end.since(record.start));
    match &record.outcome {
        Outcome::Succeeded => {
            let way = match record.totals.rollbacks.len() {
                0 => "without a rollback".to_owned(),
                1 => "with one rollback on the way".to_owned(),
                count => format!("with {count} rollbacks on the way"),
            };
            format!("All traffic is on Fargate, baked and drained, after {after}, {way}.")
        }
        Outcome::RolledBack { reason } => {
            format!("After {after} traffic is back on EC2 and stays there: {}", sentence(reason))
        }
        Outcome::Stalled { reason, message } => {
            format!("After {after} it cannot go on by itself ({reason}): {}", sentence(message))
        }
        Outcome::Unfinished { waiting } => {
            let share = last_share(record)
                .map_or(String::new(), |share| format!(", at {share} on Fargate"));
            format!(
                "The days were over first: {after}{share}. In the way stood: {}",
                sentence(waiting)
            )
        }
    }
}

/// One number of the whole rehearsal.
pub(crate) struct Total {
    /// What it counts.
    pub(crate) label: String,
    /// In full.
    pub(crate) value: String,
    /// Short enough to be set large.
    pub(crate) large: String,
    /// What the number means or holds.
    pub(crate) note: String,
}

/// The totals, in the order in which people ask.
pub(crate) fn totals(record: &Record) -> Vec<Total> {
    let totals = &record.totals;
    let span = record.end.since(record.start);
    let days = format!("{:.1}", span.secs_f64() / 86_400.0);
    let slow_note = record
        .latency_slo_ms
        .filter(|slo| slo.is_finite())
        .map_or("slower than the latency SLO".to_owned(), |slo| format!("slower than {slo} ms"));
    let mut rows = vec![
        same("Days", days, period(record.start, record.end)),
        counted("Requests", totals.requests, "of both sides"),
        ratio("Slow", totals.slow, totals.requests, &slow_note),
        ratio("Errors", totals.errors, totals.requests, "failed"),
        counted("Bad minutes", totals.bad_minutes, "more than 5 % of requests slow"),
    ];
    for side in Side::ALL {
        let hours = *totals.task_hours.get(side);
        let (value, large) = count_of(hours)
            .map_or((DASH.to_owned(), DASH.to_owned()), |hours| (thousands(hours), short(hours)));
        let label = format!("Task-hours on {side}");
        rows.push(Total { label, value, large, note: "billed".to_owned() });
    }
    let rollbacks = totals.rollbacks.len().to_string();
    rows.push(same("Rollbacks", rollbacks, rollback_note(record)));
    rows.push(counted("Writes", totals.writes, "changes sent to the region"));
    rows.push(counted("Calls", totals.calls, "reads and writes sent to the region"));
    if totals.load_gap_minutes > 0 {
        let note = "absent from the trace and interpolated";
        rows.push(counted("Minutes of load", totals.load_gap_minutes, note));
    }
    rows
}

/// `Mon 5 Jan 2026 to Mon 26 Jan 2026`, or the one day.
pub(crate) fn period(start: Time, end: Time) -> String {
    let (start, end) = (calendar::date(start), calendar::date(end));
    if start == end { start } else { format!("{start} to {end}") }
}

/// The word for a kind of line.
pub(crate) const fn kind_word(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Sample => "sample",
        EntryKind::Step => "step",
        EntryKind::RollBack => "rollback",
        EntryKind::Scaling => "scaling",
        EntryKind::Verdict => "verdict",
        EntryKind::Fault => "fault",
        EntryKind::Event => "event",
        EntryKind::End => "end",
    }
}

fn rollback_note(record: &Record) -> String {
    match record.totals.rollbacks.as_slice() {
        [] => "traffic only moved forward".to_owned(),
        [one] => format!("from {} on {}", one.from, calendar::moment(one.at)),
        [.., last] => format!("the last from {} on {}", last.from, calendar::moment(last.at)),
    }
}

fn last_share(record: &Record) -> Option<model::Share> {
    record.timeline.iter().rev().find_map(|entry| entry.share_set)
}

fn same(label: &str, value: String, note: String) -> Total {
    Total { label: label.to_owned(), large: value.clone(), value, note }
}

fn counted(label: &str, count: u64, note: &str) -> Total {
    Total {
        label: label.to_owned(),
        value: thousands(count),
        large: short(count),
        note: note.to_owned(),
    }
}

fn ratio(label: &str, part: u64, whole: u64, what: &str) -> Total {
    same(label, percent_of(part, whole), format!("{} {what}", thousands(part)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is finite and not negative, and a cast saturates"
)]
fn count_of(value: f64) -> Option<u64> {
    (value.is_finite() && value >= 0.0).then_some((value + 0.5) as u64)
}
