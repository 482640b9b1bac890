//! Reading the migrations that a command is about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifest::Resource;
use model::settings::Settings;
use model::spec::Migration;

use crate::output::{Failure, read};

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

/// The migrations of all files. What only a whole directory shows, such as a dependency on a file
/// that is not given, is not asked for.
pub(crate) fn read_all(files: &[PathBuf]) -> Result<Vec<Arc<Migration>>, Failure> {
    let mut migrations: Vec<Arc<Migration>> = Vec::new();
    let mut problems = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let documents = match read(path).map(|text| manifest::read(&name, &text)) {
            Ok(Ok(documents)) => documents,
            Ok(Err(found)) => {
                problems.extend(found.iter().map(ToString::to_string));
                continue;
            }
            Err(Failure::BadInput(found)) => {
                problems.extend(found);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let before = migrations.len();
        for document in documents {
            match document.resource {
                Resource::Migration(migration) => migrations.push(Arc::new(*migration)),
                Resource::Settings(_) | Resource::World(_) => {}
            }
        }
        if migrations.len() == before {
            problems.push(format!("{name}: holds no migration"));
        }
    }
    if problems.is_empty() { Ok(migrations) } else { Err(Failure::BadInput(problems)) }
}
