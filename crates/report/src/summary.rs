//! Outcome, totals and findings for a terminal.

use std::fmt::{self, Write as _};

use rehearsal::record::Record;

use crate::outcome;
use crate::text::{plain, wrap};

/// Long enough for a sentence, short enough to be read, however wide the terminal is.
const WIDTH_MAX: usize = 100;

/// The outcome in a sentence, the totals as a table and the findings, in `width` columns.
#[must_use]
pub fn summary(record: &Record, width: usize) -> String {
    let mut text = String::new();
    write(&mut text, record, width.min(WIDTH_MAX)).expect("a String takes any text");
    text
}

fn write(text: &mut String, record: &Record, width: usize) -> fmt::Result {
    let headword = outcome::headword(&record.outcome);
    writeln!(text, "{}: {}", plain(&record.name), headword.to_lowercase())?;
    for line in wrap(&plain(&outcome::in_words(record)), width) {
        writeln!(text, "{line}")?;
    }
    writeln!(text)?;
    let totals = outcome::totals(record);
    let label_width = widest(totals.iter().map(|total| total.label.as_str()));
    let value_width = widest(totals.iter().map(|total| total.value.as_str()));
    for total in totals {
        let (label, value, note) = (total.label, total.value, total.note);
        writeln!(text, "  {label:label_width$}  {value:>value_width$}  {note}")?;
    }
    if record.findings.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nFindings")?;
    for finding in &record.findings {
        writeln!(text, "  {}", plain(&finding.id))?;
        for line in wrap(&plain(&finding.message), width.saturating_sub(4)) {
            writeln!(text, "    {line}")?;
        }
    }
    Ok(())
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}
