//! `ferry iam-policy`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use iam::{Part, Policy, SIZE_MAX};
use model::spec::Mode;

use crate::commands::account::account_number;
use crate::commands::migration::read_all;
use crate::output::{Answer, Failure, print, tell};

#[derive(Debug, Args)]
pub(crate) struct IamPolicy {
    /// The migrations; settings among them are passed over.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// For whom the policy is; all that one process does can be attached together.
    #[arg(long = "for", value_enum, default_value_t = Whom::Observer)]
    whom: Whom,
    /// The policy of a role that the files name, instead of that of the process itself.
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
    /// The account's number, to stand in the names of resources instead of `*`.
    #[arg(long, value_name = "ID", value_parser = account_number)]
    account: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Whom {
    /// A daemon that observes.
    Observer,
    /// What one that acts needs beside that.
    Mutator,
    /// What `ferry adopt` writes beside what an observer reads.
    Adopter,
    /// What `ferry init` and `ferry preflight` read beside what an observer reads.
    Survey,
}

impl Whom {
    const fn part(self) -> Part {
        match self {
            Self::Observer => Part::Observer,
            Self::Mutator => Part::Mutator,
            Self::Adopter => Part::Adopter,
            Self::Survey => Part::Survey,
        }
    }
}

/// Prints the least policy for exactly these migrations.
pub(crate) fn run(arguments: &IamPolicy) -> Result<Answer, Failure> {
    let migrations = read_all(&arguments.files)?;
    let (part, role) = (arguments.whom.part(), arguments.role.as_deref());
    let roles = iam::roles(&migrations);
    if let Some(role) = role
        && !roles.contains(role)
    {
        let known: Vec<&str> = roles.iter().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Failure::bad_input(format!(
            "--role {role}: no file names it; they name {known}"
        )));
    }
    let policy = iam::policy(&migrations, part, role, arguments.account.as_deref());
    if policy.statement.is_empty() {
        let who = role.unwrap_or("the process itself");
        return Err(Failure::bad_input(format!("{who} needs no policy as {}", part.name())));
    }
    print(&written(&policy)?)?;
    if role.is_none() {
        for role in &roles {
            tell(&format!("note: {role} needs a policy of its own: --role {role}"));
        }
    }
    let acting = migrations.iter().filter(|migration| migration.spec.mode == Mode::Act).count();
    if acting > 0 && arguments.whom == Whom::Observer {
        tell(&format!("note: {acting} of the migrations act, and need --for mutator as well"));
    }
    Ok(Answer::Yes)
}

fn written(policy: &Policy) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(policy)
        .map_err(|error| Failure::Unreachable(format!("the policy cannot be written: {error}")))?;
    let size = text.chars().filter(|letter| !letter.is_whitespace()).count();
    if size > SIZE_MAX {
        tell(&format!(
            "warning: {size} characters, and a managed policy has {SIZE_MAX}: give fewer files at \
             a time and attach several policies"
        ));
    }
    Ok(text + "\n")
}
