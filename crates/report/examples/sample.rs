//! Writes the page of a made-up migration to standard output, to look at in a browser; with
//! `timeline` or `summary` the text for a terminal.

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let mut record = synthetic::migration();
    let asked = std::env::args().nth(1).unwrap_or_default();
    let text = match asked.as_str() {
        "timeline" => report::timeline(&record, 120, true),
        "summary" => report::summary(&record, 100),
        "json" => report::json(&record),
        "empty" => report::html(&synthetic::empty()),
        "one" => {
            record.samples.truncate(1);
            record.timeline.truncate(1);
            report::html(&record)
        }
        _ => report::html(&record),
    };
    io::stdout().write_all(text.as_bytes())
}
