//! Reading the one migration that a command is about.

use std::path::Path;

use manifest::Resource;
use model::settings::Settings;
use model::spec::Migration;

use crate::output::Failure;

/// The one migration of a file, and its settings where the file brings them.
pub(crate) fn read_one(path: &Path, text: &str) -> Result<(Migration, Settings), Failure> {
    let name = path.display().to_string();
    let documents = manifest::read(&name, text).map_err(|problems| {
        Failure::BadInput(problems.iter().map(ToString::to_string).collect())
    })?;
    let mut migrations = Vec::new();
    let mut settings = Settings::default();
    for document in documents {
        match document.resource {
            Resource::Migration(migration) => migrations.push(*migration),
            Resource::Settings(found) => settings = *found,
            Resource::World(_) => {}
        }
    }
    let count = migrations.len();
    match migrations.pop() {
        Some(migration) if count == 1 => Ok((migration, settings)),
        Some(_) | None => Err(Failure::bad_input(format!(
            "{name}: has {count} migrations; give a file with exactly one"
        ))),
    }
}
