//! `ferry validate`

use manifest::{Document, Problem, Resource};
use model::condition::{fields_not_acted_on, settings_not_acted_on};

use crate::cli::Validate;
use crate::commands::region;
use crate::output::{Answer, Failure, print, read};

/// What a file holds.
enum Found {
    Desired(Vec<Document>),
    /// So many simulated regions, which have nothing to do with other files.
    Regions(usize),
}

/// Checks each file, and all of them against each other if each is sound.
pub(crate) fn run(arguments: &Validate) -> Result<Answer, Failure> {
    let mut documents: Vec<Document> = Vec::new();
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    for path in &arguments.files {
        let name = path.display().to_string();
        match read(path).map(|text| found(&name, &text)) {
            Ok(Ok(Found::Desired(found))) => {
                lines.extend(found.iter().map(|it| format!("{name}: {}", said(&it.resource))));
                documents.extend(found);
            }
            Ok(Ok(Found::Regions(count))) => {
                lines.extend((0..count).map(|_| format!("{name}: region is valid")));
            }
            Ok(Err(found)) => problems.extend(found.iter().map(ToString::to_string)),
            Err(Failure::BadInput(found)) => problems.extend(found),
            Err(failure) => return Err(failure),
        }
    }
    if problems.is_empty() {
        problems.extend(manifest::check_set(&documents).iter().map(ToString::to_string));
    }
    if !problems.is_empty() {
        return Err(Failure::BadInput(problems));
    }
    for line in lines {
        print(&format!("{line}\n"))?;
    }
    Ok(Answer::Yes)
}

fn found(name: &str, text: &str) -> Result<Found, Vec<Problem>> {
    if manifest::is_all(text, region::KIND) {
        return region::read_all(name, text).map(|regions| Found::Regions(regions.len()));
    }
    manifest::read(name, text).map(Found::Desired)
}

fn said(resource: &Resource) -> String {
    let (what, unacted) = match resource {
        Resource::Migration(migration) => {
            (format!("migration {} is", migration.name()), fields_not_acted_on(migration))
        }
        Resource::Settings(settings) => {
            ("settings are".to_owned(), settings_not_acted_on(settings))
        }
        Resource::World(_) => ("world is".to_owned(), Vec::new()),
    };
    if unacted.is_empty() {
        return format!("{what} valid");
    }
    format!("{what} valid; this version does not act on {}", unacted.join(", "))
}
