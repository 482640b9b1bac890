//! A rehearsal for people: as a page, as a timeline in a terminal, and as JSON.
//!
//! ```text
//!                 +-> json      the record itself
//! Record -+-------+-> timeline  one line per thing that happened, thinned
//!         |       +-> summary   outcome, totals, findings
//!         |
//!         +-> story --> plot::{share, latency, burn, ...} --> html
//!             (samples     plotters to SVG, wide and narrow        one page, no scripts,
//!             on one axis)                                         no outside resources
//! ```
//!
//! The same record gives the same bytes. Everything that comes from the record is escaped;
//! what was not measured is a gap or a dash, never a zero.
//!
//! Deliberately absent: any reading of files or clocks, scripts in the page, and any
//! judgement of its own: what the record does not say is not said here either.

mod calendar;
mod figures;
mod outcome;
mod page;
mod plot;
mod story;
mod summary;
mod text;
mod timeline;
mod week;

pub use page::html;
pub use summary::summary;
pub use text::wrap;
pub use timeline::timeline;
pub use week::{Replayed, Week};

use rehearsal::record::Record;

/// The record as indented JSON with a newline at its end: `ferry.rehearsal/1`.
///
/// Numbers that JSON cannot hold (NaN, infinities) become `null`.
#[must_use]
pub fn json(record: &Record) -> String {
    let mut text = serde_json::to_string_pretty(record)
        .expect("a record's map keys are strings and its fields all serialise");
    text.push('\n');
    text
}
