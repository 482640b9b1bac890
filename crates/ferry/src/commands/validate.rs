//! `ferry validate`

use manifest::{Document, Resource};

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
    match resource {
        Resource::Migration(migration) => {
            let unacted = model::condition::fields_not_acted_on(migration);
            let name = migration.name();
            if unacted.is_empty() {
                format!("migration {name} is valid")
            } else {
                format!(
                    "migration {name} is valid; this version does not act on {}",
                    unacted.join(", ")
                )
            }
        }
        Resource::Settings(_) => "settings are valid".to_owned(),
        Resource::World(_) => "world is valid".to_owned(),
    }
}
