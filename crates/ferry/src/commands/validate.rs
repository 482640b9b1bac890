//! `ferry validate`

use manifest::{Document, Resource};
use model::condition::{fields_not_acted_on, settings_not_acted_on};

use crate::cli::Validate;
use crate::output::{Answer, Failure, print, read};

/// Checks each file, and all of them against each other if each is sound.
pub(crate) fn run(arguments: &Validate) -> Result<Answer, Failure> {
    let mut documents: Vec<Document> = Vec::new();
    let mut problems = Vec::new();
    for path in &arguments.files {
        let name = path.display().to_string();
        match read(path).map(|text| manifest::read(&name, &text)) {
            Ok(Ok(found)) => documents.extend(found),
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
    for document in &documents {
        print(&format!("{}: {}\n", document.file, said(&document.resource)))?;
    }
    Ok(Answer::Yes)
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
