//! `ferry status` and `ferry healthcheck`

use std::time::Duration;

use server::api::{Configuration, DaemonStatus};

use crate::cli::{Daemon, Format, ShownDaemon};
use crate::commands::client::Client;
use crate::commands::show::page::Page;
use crate::output::{Answer, Failure, plain, print, terminal_width};

/// Below the 5 s that ECS gives a health check unless told otherwise.
const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// Shows the daemon; the answer is no if it has a problem.
pub(crate) fn run(arguments: &ShownDaemon) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let status: DaemonStatus = client.get(&["api", "v1", "status"], &[])?;
    print(&match arguments.output {
        Format::Text => page(&status, terminal_width()),
        Format::Json => {
            serde_json::to_string(&status).expect("keys are strings and numbers are numbers") + "\n"
        }
    })?;
    Ok(if is_well(&status) { Answer::Yes } else { Answer::No })
}

fn is_well(status: &DaemonStatus) -> bool {
    let configuration = &status.configuration;
    status.store_problem.is_none()
        && configuration.problems.is_empty()
        && configuration.loaded_at.is_some()
}

fn page(status: &DaemonStatus, width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(0, &format!("ferry {}", status.version));
    match status.at {
        Some(at) => page.field("looked at", at),
        None => page.field("looked at", "nothing yet"),
    }
    page.field(
        "leader",
        match (&status.leader, status.is_leader) {
            (_, true) => "this process acts".to_owned(),
            (Some(other), false) => format!("{other} acts, and this process stands by"),
            (None, false) => "this process stands by, and no other is known to act".to_owned(),
        },
    );
    match &status.store_problem {
        Some(problem) => page.field("store", format!("nothing can be recorded: {problem}")),
        None => page.field("store", "takes records"),
    }
    configuration(&mut page, &status.configuration);
    page.finish()
}

fn configuration(page: &mut Page, configuration: &Configuration) {
    page.heading("Configuration");
    page.field("files", configuration.files);
    match configuration.loaded_at {
        Some(at) => page.field("taken", at),
        None => page.field("taken", "never: no configuration could be read yet"),
    }
    if !configuration.hash.is_empty() {
        page.field("sha256", &configuration.hash);
    }
    if !configuration.problems.is_empty() {
        page.heading("Problems; what stood before goes on");
        for problem in &configuration.problems {
            page.paragraph(2, problem);
        }
    }
    if !configuration.unconfirmed.is_empty() {
        let names: Vec<&str> = configuration.unconfirmed.iter().map(String::as_str).collect();
        page.heading("Files that are gone, and whose removal waits for a word");
        page.paragraph(2, &names.join(", "));
        page.paragraph(
            2,
            &format!("Put the files back, or say `ferry confirm {}`.", names.join(" ")),
        );
    }
}

/// Asks whether the daemon's loop is alive, without a token: a health check has none.
pub(crate) fn healthcheck(arguments: &Daemon) -> Result<Answer, Failure> {
    let client = Client::anonymous(&arguments.server, HEALTHCHECK_TIMEOUT)?;
    let (status, text) = client.text(&["livez"])?;
    if status.is_success() {
        print("ok\n")?;
        return Ok(Answer::Yes);
    }
    Err(Failure::Refused(format!("{status}: {}", plain(text.trim()))))
}
