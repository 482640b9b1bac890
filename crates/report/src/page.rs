//! The page: one HTML document that needs nothing but itself.

mod footer;
mod table;

use std::fmt::{self, Write as _};

use rehearsal::record::{Outcome, Record};

use crate::plot::{self, Figure, Ink, Key, Shape};
use crate::story::Story;
use crate::text::escape;
use crate::{calendar, outcome};

/// Colours, type and layout; the inks' rules are added to it.
pub(crate) const STYLE: &str = include_str!("page/page.css");

/// The record as one self-contained HTML page: no scripts, fonts, images or other resources
/// from outside; light and dark by the reader's preference; fit for phones and for paper.
#[must_use]
pub fn html(record: &Record) -> String {
    let mut page = String::new();
    write(&mut page, record).expect("a String takes any text");
    page
}

fn write(page: &mut String, record: &Record) -> fmt::Result {
    let name = escape(&record.name);
    let story = Story::new(record);
    writeln!(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(page, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    writeln!(page, "<title>{name}: {} in rehearsal</title>", outcome::headword(&record.outcome))?;
    writeln!(page, "<style>\n{STYLE}{}</style>\n</head>\n<body>\n<main>", plot::styles())?;
    headline(page, record)?;
    numbers(page, record)?;
    findings(page, record)?;
    writeln!(page, "<section aria-label=\"Plots\">")?;
    for figure in plot::figures(&story) {
        write_figure(page, &figure)?;
    }
    writeln!(page, "</section>")?;
    table::write(page, record)?;
    footer::write(page, record)?;
    writeln!(page, "</main>\n</body>\n</html>")
}

fn headline(page: &mut String, record: &Record) -> fmt::Result {
    let tone = match record.outcome {
        Outcome::Succeeded => "good",
        Outcome::RolledBack { .. } => "bad",
        Outcome::Stalled { .. } | Outcome::Unfinished { .. } => "open",
    };
    let head = outcome::headword(&record.outcome);
    let period = outcome::period(record.start, record.end);
    writeln!(
        page,
        "<header>\n<p class=\"eyebrow\">Ferry · rehearsal of a migration · {period}</p>"
    )?;
    writeln!(page, "<h1>{}</h1>", escape(&record.name))?;
    let words = escape(&outcome::in_words(record));
    writeln!(page, "<p class=\"outcome {tone}\"><strong>{head}</strong> <span>{words}</span></p>")?;
    writeln!(page, "</header>")
}

fn numbers(page: &mut String, record: &Record) -> fmt::Result {
    writeln!(page, "<dl class=\"numbers\" aria-label=\"Key numbers\">")?;
    for total in outcome::totals(record) {
        writeln!(
            page,
            "<div><dt>{}</dt><dd title=\"{}\">{}</dd><dd class=\"note\">{}</dd></div>",
            escape(&total.label),
            escape(&total.value),
            escape(&total.large),
            escape(&total.note)
        )?;
    }
    writeln!(page, "</dl>")
}

fn findings(page: &mut String, record: &Record) -> fmt::Result {
    if record.findings.is_empty() {
        return Ok(());
    }
    writeln!(page, "<section class=\"findings\">\n<h2>Findings</h2>\n<ul>")?;
    for finding in &record.findings {
        let (id, message) = (escape(&finding.id), escape(&finding.message));
        writeln!(page, "<li><strong>{id}</strong> {message}</li>")?;
    }
    writeln!(page, "</ul>\n</section>")
}

pub(crate) fn write_figure(page: &mut String, figure: &Figure) -> fmt::Result {
    let Figure { id, title, caption, legend, wide, narrow } = figure;
    writeln!(page, "<figure id=\"{id}\">\n<figcaption>\n<h2>{title}</h2>")?;
    writeln!(page, "<p>{}</p>\n<ul class=\"legend\">", escape(caption))?;
    for key in legend {
        writeln!(page, "<li>{}{}</li>", swatch(key), escape(&key.label))?;
    }
    writeln!(page, "</ul>\n</figcaption>")?;
    writeln!(page, "<div class=\"wide\">{wide}</div>\n<div class=\"narrow\">{narrow}</div>")?;
    writeln!(page, "</figure>")
}

/// A small picture of an ink, in the shape it has in the plot.
fn swatch(key: &Key) -> String {
    let ink = key.ink.name();
    let shape = match key.shape {
        Shape::Line => format!("<line class=\"s-{ink}\" x1=\"0\" y1=\"6\" x2=\"22\" y2=\"6\"/>"),
        Shape::Area => {
            format!("<rect class=\"f-{ink}\" x=\"0\" y=\"2\" width=\"22\" height=\"8\"/>")
        }
        Shape::Up => format!("<polygon class=\"f-{ink}\" points=\"7,10 11,2 15,10\"/>"),
        Shape::Down => format!("<polygon class=\"f-{ink}\" points=\"6,2 11,11 16,2\"/>"),
        Shape::Diamond => format!("<polygon class=\"f-{ink}\" points=\"11,1 15,6 11,11 7,6\"/>"),
        Shape::Square => {
            format!("<rect class=\"f-{ink}\" x=\"7\" y=\"2\" width=\"8\" height=\"8\"/>")
        }
    };
    format!("<svg class=\"key\" viewBox=\"0 0 22 12\" aria-hidden=\"true\">{shape}</svg>")
}

/// A marker for lines of the table, the same shape as in the plot.
fn marker(ink: Ink, shape: Shape) -> String {
    swatch(&Key { ink, shape, label: String::new() })
}

/// An instant for the table and the footer, with the machine's form beside it.
fn instant(at: model::Time) -> String {
    format!("<time datetime=\"{}\">{}</time>", escape(&at.to_string()), calendar::moment(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of `#rrggbb` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let part = |from: usize| u8::from_str_radix(&colour[from..from + 2], 16).unwrap();
        let linear = |part: u8| match f64::from(part) / 255.0 {
            low if low <= 0.040_45 => low / 12.92,
            high => libm::pow((high + 0.055) / 1.055, 2.4),
        };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    }

    /// WCAG 2.2 asks for 4.5 to 1 for text and 3 to 1 for what a graph is read by.
    #[test]
    fn lines_and_labels_stand_out_from_the_card_in_both_themes() {
        let lines = [
            "ec2",
            "fargate",
            "wanted",
            "measured",
            "slo",
            "harm",
            "safe",
            "threshold",
            "step",
            "end",
            "verdict-advance",
            "verdict-rollback",
        ];
        let texts = ["strong", "text", "label", "rollback", "fault", "good", "bad", "open"];
        let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
        for (theme, rules) in [("light", light), ("dark", dark)] {
            let of = |name: &str| {
                let from = rules.split(&format!(" --{name}: ") as &str).nth(1).unwrap();
                luminance(&from[..7])
            };
            let least = lines.map(|name| (name, 3.0)).into_iter();
            for (name, least) in least.chain(texts.map(|name| (name, 4.5))) {
                let (one, other) = (of(name), of("card"));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= least, "{name} has {contrast:.2} to 1 in the {theme} theme");
            }
        }
    }

    #[test]
    fn every_ink_has_a_colour_in_both_themes() {
        let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
        for ink in Ink::ALL {
            let property = format!(" --{}: #", ink.name());
            for (theme, rules) in [("light", light), ("dark", dark)] {
                assert_eq!(rules.matches(&property).count(), 1, "{property} {theme}");
            }
        }
    }
}
