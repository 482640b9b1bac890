//! `ferry preflight`

use std::path::PathBuf;

use clap::Args;
use preflight::{Finding, Severity, Style};
use serde::Serialize;

use crate::cli::Format;
use crate::commands::account::{Account, Endpoint};
use crate::commands::migration::read_all;
use crate::output::{Answer, Failure, is_coloured, is_watched, print, tell, terminal_width};

#[derive(Debug, Args)]
pub(crate) struct Preflight {
    /// Migrations; several are also looked at together.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// What programs read.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    migrations: &'a [&'a str],
    findings: &'a [Finding],
}

/// Reads what stands around the migrations, and says what is in their way.
pub(crate) fn run(arguments: &Preflight) -> Result<Answer, Failure> {
    let migrations = read_all(&arguments.files)?;
    let account = Account::connect(None, &arguments.endpoint)?;
    if is_watched() {
        tell(&format!("Reading what stands around {} migration(s).", migrations.len()));
    }
    let (inventory, cloud) = (&*account.inventory, &account.cloud);
    let now = cloud.clock.now();
    let survey = cloud::survey::survey(inventory, &*cloud.signals, now, &migrations);
    let landscapes = account.ask(survey);
    if let Some(unread) = preflight::nothing_read(&landscapes) {
        let (operation, message) = (&unread.operation, &unread.message);
        return Err(Failure::Unreachable(format!("nothing could be read: {operation}: {message}")));
    }
    let findings = preflight::check(&landscapes);
    let names: Vec<&str> = migrations.iter().map(|it| it.name().as_str()).collect();
    match arguments.output {
        Format::Text => {
            let style = Style { width: terminal_width(), is_coloured: is_coloured() };
            print(&preflight::text(&findings, &names, style))?;
        }
        Format::Json => {
            let report =
                Report { schema: "ferry.preflight/1", migrations: &names, findings: &findings };
            let json = serde_json::to_string_pretty(&report)
                .map_err(|error| Failure::Unreachable(format!("cannot be written: {error}")))?;
            print(&format!("{json}\n"))?;
        }
    }
    let is_blocked = findings.iter().any(|finding| finding.severity == Severity::Blocker);
    Ok(if is_blocked { Answer::No } else { Answer::Yes })
}
