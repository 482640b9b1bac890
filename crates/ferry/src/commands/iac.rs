//! `ferry iac`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::condition::fields_not_acted_on;
use model::spec::Mode;

use crate::commands::migration::read_all;
use crate::output::{Answer, Failure, print, tell};

#[derive(Debug, Args)]
pub(crate) struct Iac {
    /// The migrations; settings among them are passed over.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// In whose language.
    #[arg(long = "for", value_enum, default_value_t = Language::Terraform)]
    language: Language,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Lifecycle blocks, and import blocks of what Ferry made.
    Terraform,
    /// A fragment of a template, and a stack policy behind a line of three dashes.
    Cloudformation,
    /// A module of TypeScript with a function for the app.
    Cdk,
}

/// Prints what is to be left to Ferry of exactly these migrations.
pub(crate) fn run(arguments: &Iac) -> Result<Answer, Failure> {
    let migrations = read_all(&arguments.files)?;
    let text = match arguments.language {
        Language::Terraform => iac::terraform(&migrations),
        Language::Cloudformation => iac::cloudformation(&migrations),
        Language::Cdk => iac::cdk(&migrations),
    };
    print(&text)?;
    let observing = migrations.iter().filter(|it| it.spec.mode == Mode::Observe).count();
    if observing > 0 {
        tell(&format!("note: {observing} of the migrations only observe: needed when they act"));
    }
    for migration in &migrations {
        for field in fields_not_acted_on(migration) {
            tell(&format!("note: {}: this version does not act on {field}", migration.name()));
        }
    }
    Ok(Answer::Yes)
}
