//! `ferry history`

use model::event::Severity;
use model::verdict::VerdictKind;
use server::api;
use store::{HISTORY_PAGE_MAX, Happening, Numbered};

use crate::cli::{Format, History};
use crate::commands::client::Client;
use crate::commands::show::page::Page;
use crate::output::{Answer, Failure, print, terminal_width};

/// Entries that are printed unless asked otherwise: a screen of them.
const LIMIT_DEFAULT: usize = 30;

/// Prints history: the newest entries first, or in the order they came from `--after` on.
pub(crate) fn run(arguments: &History) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let limit = arguments.limit.and_then(|limit| usize::try_from(limit).ok());
    let is_whole = arguments.all || arguments.after.is_some();
    let limit = limit.unwrap_or(if is_whole { usize::MAX } else { LIMIT_DEFAULT });
    let from = match (arguments.after, arguments.before) {
        (Some(after), _) => From::After(after),
        (None, before) => From::Before(before),
    };
    let mut entries = read(&client, &arguments.name, from, limit)?;
    // With both words it is what lies between; what is read beyond it is left out.
    entries.retain(|entry| arguments.before.is_none_or(|before| entry.sequence < before));
    print(&match arguments.output {
        Format::Text if entries.is_empty() && arguments.before.or(arguments.after).is_some() => {
            "There is nothing more.\n".to_owned()
        }
        Format::Text if entries.is_empty() => "There is no history yet.\n".to_owned(),
        Format::Text => {
            let mut page = Page::new(terminal_width());
            table(&mut page, 0, &entries);
            older(&mut page, arguments, &entries, limit);
            page.finish()
        }
        Format::Json => lines(&entries),
    })?;
    Ok(Answer::Yes)
}

/// Says how to see what comes before, where there may be more.
fn older(page: &mut Page, arguments: &History, entries: &[Numbered], limit: usize) {
    let oldest = entries.last().map_or(1, |entry| entry.sequence);
    if arguments.after.is_none() && entries.len() == limit && oldest > 1 {
        let name = &arguments.name;
        page.paragraph(0, &format!("Older: ferry history {name} --before {oldest}, or --all."));
    }
}

/// Where reading begins, and in which direction it goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum From {
    /// After an entry, oldest first.
    After(u64),
    /// Before an entry, or at the newest, newest first.
    Before(Option<u64>),
}

/// Up to `limit` entries, page by page.
pub(super) fn read(
    client: &Client,
    name: &str,
    from: From,
    limit: usize,
) -> Result<Vec<Numbered>, Failure> {
    let path = ["api", "v1", "migrations", name, "history"];
    let mut entries: Vec<Numbered> = Vec::new();
    let (word, mut cursor) = match from {
        From::After(after) => ("after", Some(after)),
        From::Before(before) => ("before", before),
    };
    while entries.len() < limit {
        let page = (limit - entries.len()).min(HISTORY_PAGE_MAX);
        let mut query = vec![("limit", page.to_string())];
        query.extend(cursor.map(|cursor| (word, cursor.to_string())));
        let api::History { entries: found, next } = client.get(&path, &query)?;
        entries.extend(found);
        // A page that does not lead on would be asked for without end.
        let leads_on = |next: u64| match (from, cursor) {
            (From::After(_), Some(cursor)) => next > cursor,
            (From::Before(_), Some(cursor)) => next < cursor,
            (From::After(_) | From::Before(_), None) => true,
        };
        match next.filter(|next| leads_on(*next)) {
            Some(next) => cursor = Some(next),
            None => break,
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
