//! A page of text in as many columns as the terminal has.

use std::fmt::{Display, Write as _};

use report::wrap;

use crate::output::plain;

/// Between columns.
const GAP: usize = 2;
/// Where the values of fields begin.
const VALUE_COLUMN: usize = 16;
/// The last column of a table is never narrower, even if lines then are longer than the terminal.
const LAST_COLUMN_MIN: usize = 24;
/// What stands where nothing is known.
pub(in crate::commands) const UNKNOWN: &str = "–";

/// Lines that were wrapped to `width` and hold no control characters.
pub(in crate::commands) struct Page {
    text: String,
    width: usize,
}

impl Page {
    pub(in crate::commands) const fn new(width: usize) -> Self {
        Self { text: String::new(), width }
    }

    /// An empty line and a title above what follows.
    pub(in crate::commands) fn heading(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.paragraph(0, title);
    }

    /// Words at an indent, in as many lines as they take.
    pub(in crate::commands) fn paragraph(&mut self, indent: usize, words: &str) {
        for line in wrap(&plain(words), self.width.saturating_sub(indent)) {
            self.put(&" ".repeat(indent), &line);
        }
    }

    /// A label and its value.
    pub(in crate::commands) fn field(&mut self, label: &str, value: impl Display) {
        let mut start = format!("  {:1$}", plain(label), VALUE_COLUMN - 2);
        // A long label keeps a space before its value.
        if !start.ends_with(' ') {
            start.push(' ');
        }
        let width = self.width.saturating_sub(VALUE_COLUMN);
        for line in wrap(&plain(&value.to_string()), width) {
            self.put(&start, &line);
            start = " ".repeat(VALUE_COLUMN);
        }
    }

    /// A table at an indent. The last column is wrapped, so it is where sentences belong.
    pub(in crate::commands) fn table<const N: usize>(
        &mut self,
        indent: usize,
        header: [&str; N],
        rows: &[[String; N]],
    ) {
        let mut widths = header.map(|title| title.chars().count());
        let rows: Vec<[String; N]> =
            rows.iter().map(|row| row.each_ref().map(|cell| plain(cell))).collect();
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        self.row(indent, &widths, &header.map(str::to_owned));
        for row in &rows {
            self.row(indent, &widths, row);
        }
    }

    fn row(&mut self, indent: usize, widths: &[usize], cells: &[String]) {
        let Some((last, others)) = cells.split_last() else { return };
        let mut start = " ".repeat(indent);
        for (cell, width) in others.iter().zip(widths) {
            write!(start, "{cell:width$}{:GAP$}", "").expect("a String takes any text");
        }
        let used = start.chars().count();
        for line in wrap(last, self.width.saturating_sub(used).max(LAST_COLUMN_MIN)) {
            self.put(&start, &line);
            start = " ".repeat(used);
        }
    }

    fn put(&mut self, start: &str, line: &str) {
        let whole = format!("{start}{line}");
        self.text.push_str(whole.trim_end());
        self.text.push('\n');
    }

    pub(in crate::commands) fn finish(self) -> String {
        self.text
    }
}

/// A value, or the sign that it is not known.
pub(in crate::commands) fn known(value: Option<impl Display>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}
