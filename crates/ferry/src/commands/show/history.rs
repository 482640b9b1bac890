//! `ferry history`

use model::event::Severity;
use model::verdict::VerdictKind;
use server::api;
use store::{HISTORY_PAGE_MAX, Happening, Numbered};

use crate::cli::{Format, History};
use crate::commands::client::Client;
use crate::commands::show::page::Page;
use crate::output::{Answer, Failure, print, terminal_width};

/// Prints history, oldest first.
pub(crate) fn run(arguments: &History) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let limit = arguments.limit.and_then(|limit| usize::try_from(limit).ok());
    let entries = read(&client, &arguments.name, arguments.after, limit.unwrap_or(usize::MAX))?;
    print(&match arguments.output {
        Format::Text if entries.is_empty() => "There is no history yet.\n".to_owned(),
        Format::Text => {
            let mut page = Page::new(terminal_width());
            table(&mut page, 0, &entries);
            page.finish()
        }
        Format::Json => lines(&entries),
    })?;
    Ok(Answer::Yes)
}

/// Up to `limit` entries that follow `after`, page by page.
pub(super) fn read(
    client: &Client,
    name: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Numbered>, Failure> {
    let path = ["api", "v1", "migrations", name, "history"];
    let mut entries: Vec<Numbered> = Vec::new();
    let mut after = after;
    while entries.len() < limit {
        let page = (limit - entries.len()).min(HISTORY_PAGE_MAX);
        let query = [("after", after.to_string()), ("limit", page.to_string())];
        let api::History { entries: found, next } = client.get(&path, &query)?;
        entries.extend(found);
        match next {
            // A page that does not lead on would be asked for without end.
            Some(next) if next > after => after = next,
            Some(_) | None => break,
        }
    }
    Ok(entries)
}

fn lines(entries: &[Numbered]) -> String {
    let line = |entry| {
        serde_json::to_string(entry).expect("keys are strings and numbers are numbers") + "\n"
    };
    entries.iter().map(line).collect()
}

/// Entries as a table.
pub(super) fn table(page: &mut Page, indent: usize, entries: &[Numbered]) {
    let rows: Vec<[String; 3]> = entries
        .iter()
        .map(|numbered| {
            let entry = &numbered.entry;
            [numbered.sequence.to_string(), entry.at.to_string(), in_words(&entry.happening)]
        })
        .collect();
    page.table(indent, ["NO.", "AT", "WHAT"], &rows);
}

fn in_words(happening: &Happening) -> String {
    match happening {
        Happening::Event { event } => match event.severity {
            Severity::Normal => format!("{}: {}", event.reason, event.message),
            Severity::Warning => format!("warning: {}: {}", event.reason, event.message),
        },
        Happening::Decision { verdict, reason } => {
            format!("verdict: {}: {reason}", verdict_words(*verdict))
        }
        Happening::Intended { intent, position, action, why } => {
            format!("intent {intent}.{position}: {action}, because {why}")
        }
        Happening::Answered { intent, position, answer } => {
            format!("intent {intent}.{position}: {answer}")
        }
        Happening::Said { who, what } => format!("{who} said: {what}"),
    }
}

/// A verdict as people say it.
pub(super) const fn verdict_words(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Advance => "advance",
        VerdictKind::Hold => "hold",
        VerdictKind::RollBack => "roll back",
    }
}
