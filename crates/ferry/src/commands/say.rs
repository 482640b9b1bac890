//! `ferry pause`, `resume`, `advance`, `rollback`, `pin`, `freeze`, `release` and `confirm`

use std::collections::BTreeSet;

use model::verb::Verb;
use serde_json::{Value, json};
use server::api::{Confirmation, Heard, List, Released};
use store::Answer as Outcome;

use crate::cli::{Confirm, One, OneOrAll, Pin, Server};
use crate::commands::client::Client;
use crate::output::{Answer, Failure, plain, print};

/// Says `verb` to a migration.
pub(crate) fn one(arguments: &One, verb: Verb) -> Result<Answer, Failure> {
    to(&arguments.server, &arguments.name, verb)
}

/// Says `verb` to the migration `name` of a daemon.
pub(crate) fn to(server: &Server, name: &str, verb: Verb) -> Result<Answer, Failure> {
    say(&Client::new(server)?, name, verb)
}

/// Pins a migration.
pub(crate) fn pin(arguments: &Pin) -> Result<Answer, Failure> {
    let verb = Verb::Pin { share: arguments.share };
    say(&Client::new(&arguments.server)?, &arguments.name, verb)
}

/// Says `verb` to one migration or to each of them.
pub(crate) fn one_or_all(arguments: &OneOrAll, verb: Verb) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    match &arguments.name {
        Some(name) => say(&client, name, verb),
        None => all(&client, verb),
    }
}

/// Whoever is refused or lost on the way does not keep the others from hearing it.
fn all(client: &Client, verb: Verb) -> Result<Answer, Failure> {
    let list: List = client.get(&["api", "v1", "migrations"], &[])?;
    if list.items.is_empty() {
        print("The daemon has no migrations.\n")?;
    }
    let mut worst: Option<Failure> = None;
    for migration in &list.items {
        match say(client, &migration.name, verb) {
            Ok(_) => {}
            Err(Failure::ReaderGone) => return Err(Failure::ReaderGone),
            Err(failure) => {
                print(&format!("{}: {} was not heard\n", plain(&migration.name), verb.name()))?;
                failure.report();
                worst = Some(worse(worst, failure));
            }
        }
    }
    let count = list.items.len();
    worst.map_or(Ok(Answer::Yes), |failure| {
        Err(match failure {
            Failure::Unreachable(_) => Failure::Unreachable(format!(
                "not all of {count} migrations could be told to {}",
                verb.name()
            )),
            Failure::Refused(_) | Failure::BadInput(_) | Failure::ReaderGone => Failure::Refused(
                format!("not all of {count} migrations have taken `{}`", verb.name()),
            ),
        })
    })
}

/// What nobody answered weighs more than what was refused: there nothing is known.
fn worse(before: Option<Failure>, failure: Failure) -> Failure {
    match before {
        Some(lost @ Failure::Unreachable(_)) => lost,
        Some(Failure::Refused(_) | Failure::BadInput(_) | Failure::ReaderGone) | None => failure,
    }
}

fn say(client: &Client, name: &str, verb: Verb) -> Result<Answer, Failure> {
    let tag = match verb {
        // Stopping never depends on having looked.
        Verb::Pause | Verb::Rollback | Verb::Freeze => "*".to_owned(),
        Verb::Resume | Verb::Advance | Verb::Pin { .. } => client.detail(name)?.1,
    };
    let path = ["api", "v1", "migrations", name, verb.name()];
    let heard: Heard = client.post(&path, &body(verb), Some(&tag))?;
    print(&format!("{}: {}\n", plain(&heard.name), plain(&heard.message)))?;
    Ok(Answer::Yes)
}

fn body(verb: Verb) -> Value {
    match verb {
        Verb::Pin { share } => json!({"share": share.per_mille()}),
        Verb::Pause | Verb::Resume | Verb::Advance | Verb::Rollback | Verb::Freeze => json!({}),
    }
}

/// Restores what was saved of a migration whose file is gone. The answer is no unless all of it is
/// as it was.
pub(crate) fn release(arguments: &One) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let name = &arguments.name;
    let path = ["api", "v1", "migrations", name, "release"];
    let released: Released = client.post(&path, &json!({}), None)?;
    if released.done.is_empty() {
        print(&format!("{name}: there was nothing to restore\n"))?;
    }
    let well = [Outcome::Written, Outcome::AlreadySo].map(|outcome| outcome.to_string());
    let mut answer = Answer::Yes;
    for done in &released.done {
        print(&format!("{name}: {}: {}\n", plain(&done.action), plain(&done.answer)))?;
        if !well.contains(&done.answer) {
            answer = Answer::No;
        }
    }
    Ok(answer)
}

/// Confirms that files are meant to be gone.
pub(crate) fn confirm(arguments: &Confirm) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let names: BTreeSet<String> = arguments.names.iter().cloned().collect();
    let path = ["api", "v1", "configuration", "confirm"];
    let confirmed: Confirmation = client.post(&path, &Confirmation { names }, None)?;
    for name in &confirmed.names {
        print(&format!("{}: its removal is confirmed\n", plain(name)))?;
    }
    Ok(Answer::Yes)
}
