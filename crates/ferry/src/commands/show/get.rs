//! `ferry get`

use std::time::Duration;

use model::PerSide;
use serde::Serialize;
use server::api::{Detail, List, Orphan, Summary, Tasks};

use crate::cli::{Format, Get};
use crate::commands::client::Client;
use crate::commands::show::page::{Page, UNKNOWN, known};
use crate::output::{Answer, Failure, print, tell, terminal_width};

/// Faster than a daemon's tick, slow enough not to be noticed by it.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Lists migrations; with `--watch` until it is stopped.
pub(crate) fn run(arguments: &Get) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let shown = look(&client, arguments)?;
    print(&shown.text)?;
    if arguments.watch { watch(&client, arguments, shown) } else { Ok(Answer::Yes) }
}

fn watch(client: &Client, arguments: &Get, mut shown: Shown) -> Result<Answer, Failure> {
    let mut trouble = None;
    loop {
        client.wait(WATCH_EVERY);
        match look(client, arguments) {
            Ok(seen) => {
                trouble = None;
                if seen.content != shown.content {
                    print(&seen.separated())?;
                    shown = seen;
                }
            }
            // A daemon that is deployed anew comes back: said once, and watched on.
            Err(Failure::Unreachable(problem)) => {
                if trouble.as_ref() != Some(&problem) {
                    tell(&format!("warning: {problem}"));
                }
                trouble = Some(problem);
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// What is printed, and the part of it whose change is worth printing again.
struct Shown {
    text: String,
    content: String,
    format: Format,
}

impl Shown {
    fn separated(&self) -> String {
        match self.format {
            Format::Text => format!("\n{}", self.text),
            Format::Json => self.text.clone(),
        }
    }
}

fn look(client: &Client, arguments: &Get) -> Result<Shown, Failure> {
    let format = arguments.output;
    if let Some(name) = &arguments.name {
        let (detail, _): (Detail, String) = client.detail(name)?;
        let mut page = Page::new(terminal_width());
        table(&mut page, std::slice::from_ref(&detail.summary));
        let content = told(&detail.summary);
        return Ok(shown(format, page, &detail, content, Some(detail.seen_at)));
    }
    let list: List = client.get(&["api", "v1", "migrations"], &[])?;
    let mut page = Page::new(terminal_width());
    if list.items.is_empty() {
        page.paragraph(0, "The daemon has no migrations.");
    } else {
        table(&mut page, &list.items);
    }
    orphans(&mut page, &list.orphans);
    let content: Vec<String> = list.items.iter().map(told).chain([json(&list.orphans)]).collect();
    Ok(shown(format, page, &list, content.join("\n"), list.at))
}

/// What of a migration is worth printing again when it changes: measured values change with every
/// minute, and a watch is read by people.
fn told(summary: &Summary) -> String {
    let Summary { name, generation, share, tasks, verdict, doing, conditions, .. } = summary;
    json(&(name, generation, share.wanted, share.set, tasks, verdict, doing, conditions))
}

/// `whole` is what a program gets.
fn shown(
    format: Format,
    page: Page,
    whole: &impl Serialize,
    content: String,
    at: Option<model::Time>,
) -> Shown {
    let text = match (format, at) {
        (Format::Text, Some(at)) => format!("{}\nAs of {at}.\n", page.finish()),
        (Format::Text, None) => {
            format!("{}\nThe daemon has not looked at anything yet.\n", page.finish())
        }
        (Format::Json, _) => json(whole) + "\n",
    };
    Shown { text, content, format }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("keys are strings and numbers are numbers")
}

fn table(page: &mut Page, items: &[Summary]) {
    let rows: Vec<[String; 8]> = items
        .iter()
        .map(|item| {
            [
                item.name.clone(),
                known(item.share.wanted),
                known(item.share.set),
                known(item.share.measured),
                tasks(&item.tasks),
                p99(&item.p99_ms),
                item.verdict.clone(),
                item.doing.clone(),
            ]
        })
        .collect();
    let header =
        ["NAME", "WANTED", "SET", "MEASURED", "TASKS (HEALTHY)", "P99 MS", "VERDICT", "DOING"];
    page.table(0, header, &rows);
    page.paragraph(0, "Tasks and p99 are those of EC2 / Fargate.");
}

/// Running tasks of both sides, each with those that are healthy.
pub(super) fn tasks(tasks: &PerSide<Option<Tasks>>) -> String {
    let side = |tasks: &Option<Tasks>| match tasks {
        Some(tasks) => {
            let healthy = tasks.healthy.map_or_else(|| "?".to_owned(), |n| n.to_string());
            format!("{} ({healthy})", tasks.running)
        }
        None => UNKNOWN.to_owned(),
    };
    format!("{} / {}", side(&tasks.ec2), side(&tasks.fargate))
}

fn p99(ms: &PerSide<Option<f64>>) -> String {
    let side = |ms: Option<f64>| known(ms.map(|ms| format!("{ms:.0}")));
    format!("{} / {}", side(ms.ec2), side(ms.fargate))
}

fn orphans(page: &mut Page, orphans: &[Orphan]) {
    if orphans.is_empty() {
        return;
    }
    page.heading("Orphans: their files are gone, and nothing of them is looked at or changed.");
    for orphan in orphans {
        let share = known(orphan.share);
        page.paragraph(
            2,
            &format!("{}: {share} on Fargate; {}", orphan.name, would_restore(orphan)),
        );
    }
}

fn would_restore(orphan: &Orphan) -> String {
    let sides = [("EC2", &orphan.saved.ec2), ("Fargate", &orphan.saved.fargate)];
    let bounds: Vec<String> = sides
        .iter()
        .filter_map(|(side, saved)| saved.as_ref().map(|saved| format!("{saved} tasks on {side}")))
        .collect();
    if bounds.is_empty() {
        "nothing is saved that `ferry release` could restore".to_owned()
    } else {
        format!("`ferry release {}` would restore {}", orphan.name, bounds.join(" and "))
    }
}
