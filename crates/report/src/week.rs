//! A replayed week as a page: what the live policy and a proposal make of it.

use std::fmt::{self, Write as _};

use model::Time;

use crate::page::{STYLE, write_figure};
use crate::plot;
use crate::text::escape;

/// A week with one or two replays of it.
#[derive(Debug, Clone, Copy)]
pub struct Week<'a> {
    /// Whose it is.
    pub name: &'a str,
    /// When it begins.
    pub start: Time,
    /// Requests per second of each minute.
    pub rates: &'a [f64],
    /// With the live policy, where there is one.
    pub before: Option<Replayed<'a>>,
    /// With the proposal.
    pub after: Replayed<'a>,
    /// Totals: the head of the table first.
    pub table: &'a [Vec<String>],
}

/// One replay, minute by minute.
#[derive(Debug, Clone, Copy)]
pub struct Replayed<'a> {
    /// Tasks that serve.
    pub tasks: &'a [f64],
    /// Percent of requests that were slow.
    pub slow_percent: &'a [f64],
}

impl Week<'_> {
    /// One self-contained HTML page, in the manner of a rehearsal's.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = String::new();
        self.write(&mut page).expect("a String takes any text");
        page
    }

    fn write(&self, page: &mut String) -> fmt::Result {
        let name = escape(self.name);
        writeln!(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        writeln!(page, "<meta name=\"color-scheme\" content=\"light dark\">")?;
        writeln!(page, "<title>{name}: a replayed week</title>")?;
        writeln!(page, "<style>\n{STYLE}{}</style>\n</head>\n<body>\n<main>", plot::styles())?;
        writeln!(page, "<header>\n<p class=\"eyebrow\">Ferry · scaling policy, replayed</p>")?;
        writeln!(page, "<h1>{name}</h1>\n</header>")?;
        writeln!(page, "<section aria-label=\"Plots\">")?;
        for figure in plot::week_figures(self) {
            write_figure(page, &figure)?;
        }
        writeln!(page, "</section>")?;
        self.write_table(page)?;
        writeln!(page, "</main>\n</body>\n</html>")
    }

    fn write_table(&self, page: &mut String) -> fmt::Result {
        let Some((head, rows)) = self.table.split_first() else { return Ok(()) };
        writeln!(page, "<section class=\"totals\">\n<h2>What it comes to</h2>")?;
        writeln!(page, "<div class=\"table\"><table>\n<thead><tr>")?;
        for cell in head {
            writeln!(page, "<th>{}</th>", escape(cell))?;
        }
        writeln!(page, "</tr></thead>\n<tbody>")?;
        for row in rows {
            write!(page, "<tr>")?;
            for cell in row {
                write!(page, "<td>{}</td>", escape(cell))?;
            }
            writeln!(page, "</tr>")?;
        }
        writeln!(page, "</tbody>\n</table></div>\n</section>")
    }
}
