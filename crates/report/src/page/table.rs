//! The timeline as a table: what happened in full view, the samples folded away.

use std::fmt::{self, Write as _};

use model::verdict::VerdictKind;
use rehearsal::record::{Entry, EntryKind, Record};

use crate::figures::{known, whole};
use crate::outcome::kind_word;
use crate::plot::{Ink, Shape, fault_name};
use crate::text::escape;

use super::{instant, marker};

pub(super) fn write(page: &mut String, record: &Record) -> fmt::Result {
    let (samples, events): (Vec<&Entry>, Vec<&Entry>) =
        record.timeline.iter().partition(|entry| entry.kind == EntryKind::Sample);
    writeln!(page, "<section id=\"timeline\">\n<h2>What happened</h2>")?;
    if events.is_empty() {
        writeln!(page, "<p>Nothing happened.</p>")?;
    } else {
        write_table(page, &events)?;
    }
    if !samples.is_empty() {
        let count = samples.len();
        writeln!(page, "<details>\n<summary>Hourly samples ({count})</summary>")?;
        write_table(page, &samples)?;
        writeln!(page, "</details>")?;
    }
    writeln!(page, "</section>")
}

fn write_table(page: &mut String, entries: &[&Entry]) -> fmt::Result {
    writeln!(page, "<div class=\"table\"><table>\n<thead>")?;
    writeln!(
        page,
        "<tr><th rowspan=\"2\">When, UTC</th><th rowspan=\"2\">What</th>\
         <th colspan=\"3\" class=\"group\">Share on Fargate</th>\
         <th colspan=\"2\" class=\"group\">Healthy tasks</th>\
         <th colspan=\"2\" class=\"group\">p99, ms</th>\
         <th rowspan=\"2\">Verdict</th><th rowspan=\"2\">Why</th></tr>"
    )?;
    writeln!(
        page,
        "<tr><th>wanted</th><th>set</th><th>measured</th><th>EC2</th><th>Fargate</th>\
         <th>EC2</th><th>Fargate</th></tr>\n</thead>\n<tbody>"
    )?;
    let mut faults = 0;
    for entry in entries {
        if entry.kind == EntryKind::Fault {
            faults += 1;
        }
        write_row(page, entry, faults)?;
    }
    writeln!(page, "</tbody>\n</table></div>")
}

fn write_row(page: &mut String, entry: &Entry, faults: usize) -> fmt::Result {
    let word = kind_word(entry.kind);
    let mark = match entry.kind {
        EntryKind::Step => marker(Ink::Step, Shape::Up),
        EntryKind::RollBack => marker(Ink::RollBack, Shape::Down),
        EntryKind::Fault => marker(Ink::Fault, Shape::Diamond),
        EntryKind::End => marker(Ink::End, Shape::Square),
        EntryKind::Sample | EntryKind::Scaling | EntryKind::Verdict | EntryKind::Event => {
            String::new()
        }
    };
    // The name of its marker on the plot.
    let number = match entry.kind {
        EntryKind::Fault => format!(" {}", fault_name(faults)),
        EntryKind::Sample
        | EntryKind::Step
        | EntryKind::RollBack
        | EntryKind::Scaling
        | EntryKind::Verdict
        | EntryKind::Event
        | EntryKind::End => String::new(),
    };
    write!(page, "<tr class=\"is-{word}\"><td>{}", instant(entry.at))?;
    write!(page, "<td>{mark}{word}{number}")?;
    for value in [
        known(entry.share_wanted),
        known(entry.share_set),
        known(entry.share_measured),
        known(entry.tasks.ec2),
        known(entry.tasks.fargate),
        whole(entry.p99_ms.ec2),
        whole(entry.p99_ms.fargate),
    ] {
        write!(page, "<td>{value}")?;
    }
    let (class, verdict) = match entry.verdict {
        VerdictKind::Advance => ("v v-advance", "advance"),
        VerdictKind::Hold => ("v", "hold"),
        VerdictKind::RollBack => ("v v-rollback", "roll back"),
    };
    // HTML lets a cell end where the next begins: a third of the page less.
    write!(page, "<td><span class=\"{class}\">{verdict}</span>")?;
    writeln!(page, "<td>{}</tr>", escape(&entry.reason))
}
