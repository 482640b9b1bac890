//! Findings as text for people: by severity, gravest first, each with what to do.

use model::text::wrap;

use crate::check::{Finding, Severity};

/// How text is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether colours are shown.
    pub is_coloured: bool,
}

/// The widest lines: longer ones are hard to read.
const WIDTH_MAX: usize = 100;

/// Findings of the migrations `names`, with a summary at the end.
#[must_use]
pub fn text(findings: &[Finding], names: &[&str], style: Style) -> String {
    let style = Style { width: style.width.min(WIDTH_MAX), ..style };
    let mut page = Page { style, lines: Vec::new() };
    for severity in Severity::ALL {
        let of: Vec<&Finding> = findings.iter().filter(|it| it.severity == severity).collect();
        if of.is_empty() {
            continue;
        }
        page.line(&style.bold(severity, heading(severity)));
        for group in groups(&of) {
            page.group(severity, &group, names);
        }
        page.line("");
    }
    page.put("", &summary(findings, names));
    page.lines.join("\n") + "\n"
}

const fn heading(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "Blockers",
        Severity::Warning => "Warnings",
        Severity::LookYourself => "Look yourself",
        Severity::Info => "Good to know",
    }
}

/// `1 blocker`, `2 blockers`.
fn counted(count: usize, severity: Severity) -> String {
    let (one, many) = match severity {
        Severity::Blocker => ("blocker", "blockers"),
        Severity::Warning => ("warning", "warnings"),
        Severity::LookYourself => ("thing to look at yourself", "things to look at yourself"),
        Severity::Info => ("note", "notes"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

fn summary(findings: &[Finding], names: &[&str]) -> String {
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .map(|severity| (severity, findings.iter().filter(|it| it.severity == severity).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| counted(count, severity))
        .collect();
    let is_clear = !findings.iter().any(|finding| finding.severity == Severity::Blocker);
    let verdict = if is_clear { "nothing stands in the way" } else { "not ready" };
    let counts = if counts.is_empty() { String::new() } else { format!(" {}.", counts.join(", ")) };
    format!("{}: {verdict}.{counts}", names.join(", "))
}

/// The same finding, with the migrations it is about.
struct Shared<'a> {
    finding: &'a Finding,
    migrations: Vec<&'a str>,
}

/// Findings of one check stand together, and what is said of several migrations is said once.
fn groups<'a>(findings: &[&'a Finding]) -> Vec<Vec<Shared<'a>>> {
    let mut groups: Vec<Vec<Shared<'a>>> = Vec::new();
    for finding in findings {
        let of_check =
            groups.iter().position(|it| it.iter().any(|it| it.finding.check == finding.check));
        let place = of_check.unwrap_or_else(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        let Some(group) = groups.get_mut(place) else { continue };
        let same = group.iter_mut().find(|it| {
            let Finding { check: _, severity: _, migration: _, said, remedy, command } = finding;
            it.finding.said == *said
                && it.finding.remedy == *remedy
                && it.finding.command == *command
        });
        match same {
            Some(same) => same.migrations.push(&finding.migration),
            None => group.push(Shared { finding, migrations: vec![&finding.migration] }),
        }
    }
    groups
}

struct Page {
    style: Style,
    lines: Vec<String>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// A sentence behind `lead`, with further lines as far to the right.
    fn put(&mut self, lead: &str, sentence: &str) {
        let indent = lead.chars().count();
        // Names come from AWS: nothing of them may move a cursor.
        let plain: String =
            sentence.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
        let lines = wrap(&plain, self.style.width.saturating_sub(indent));
        for (at, line) in lines.iter().enumerate() {
            let lead = if at == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.line(format!("{lead}{line}").trim_end());
        }
    }

    fn group(&mut self, severity: Severity, group: &[Shared<'_>], names: &[&str]) {
        let Some(first) = group.first() else { return };
        self.line(&format!("  {}", self.style.colour(severity, first.finding.check)));
        for same in group.chunk_by(|one, other| one.finding.remedy == other.finding.remedy) {
            for Shared { finding, migrations } in same {
                // With one migration, or where it holds for all, there is no need to say whose.
                if migrations.len() == names.len() {
                    self.put("    ", &finding.said);
                } else {
                    self.put("    ", &format!("{}: {}", migrations.join(", "), finding.said));
                }
                if let Some(command) = &finding.command {
                    self.command(command);
                }
            }
            if let Some(last) = same.last() {
                self.put("    > ", &upper(&last.finding.remedy));
            }
        }
    }

    /// A command, broken before its options so that it can be copied whole.
    fn command(&mut self, command: &str) {
        let width = self.style.width.saturating_sub("      $  \\".len());
        let mut lines = vec![String::new()];
        for (at, part) in command.split(" --").enumerate() {
            let part = if at == 0 { part.to_owned() } else { format!("--{part}") };
            let Some(last) = lines.last_mut() else { continue };
            if last.is_empty() {
                *last = part;
            } else if last.chars().count() + 1 + part.chars().count() <= width {
                *last = format!("{last} {part}");
            } else {
                lines.push(part);
            }
        }
        let count = lines.len();
        for (at, line) in lines.iter().enumerate() {
            let lead = if at == 0 { "      $ " } else { "          " };
            let end = if at + 1 < count { " \\" } else { "" };
            let line = self.style.dim(&format!("{line}{end}"));
            self.line(&format!("{lead}{line}"));
        }
    }
}

/// A first letter in upper case and a full stop at the end.
fn upper(text: &str) -> String {
    let text = crate::scene::sentence(text);
    if text.ends_with('.') { text } else { format!("{text}.") }
}

impl Style {
    fn styled(self, code: &str, text: &str) -> String {
        if self.is_coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn colour(self, severity: Severity, text: &str) -> String {
        self.styled(code(severity), text)
    }

    fn bold(self, severity: Severity, text: &str) -> String {
        self.styled(&format!("1;{}", code(severity)), text)
    }

    fn dim(self, text: &str) -> String {
        self.styled("2", text)
    }
}

const fn code(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "31",
        Severity::Warning => "33",
        Severity::LookYourself => "36",
        Severity::Info => "34",
    }
}
