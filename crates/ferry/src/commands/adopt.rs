//! `ferry adopt`

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use cloud::Marks;
use controller::Managed;
use controller::adoption::{self, Claim, Standing};
use model::ownership::Owner;

use crate::commands::account::{Account, Endpoint, Installation};
use crate::commands::migration::read_all;
use crate::output::{Answer, Failure, print, tell};

#[derive(Debug, Args)]
pub(crate) struct Adopt {
    /// The migrations whose services, records, instances or rules are to be marked.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the marks; without it they are only shown.
    #[arg(long)]
    yes: bool,
    /// Take over what is marked as this owner's.
    #[arg(long, value_name = "INSTALLATION/MIGRATION")]
    take_from: Option<Owner>,
    /// Take the migrations' marks away instead: nothing is changed by a daemon any more.
    #[arg(long, conflicts_with = "take_from")]
    give_back: bool,
    #[command(flatten)]
    installation: Installation,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// What is to become of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is as wanted.
    Done,
    /// Its mark is to be written or taken away.
    Open,
    /// It is somebody else's.
    Refused,
    /// Its mark could not be read.
    Unread,
}

/// How many things came to each fate.
#[derive(Debug, Default)]
struct Counts {
    open: usize,
    refused: usize,
    failed: usize,
}

/// Shows whose everything is, and with `--yes` marks it.
pub(crate) fn run(arguments: &Adopt) -> Result<Answer, Failure> {
    let migrations = managed(&arguments.files)?;
    let account = Account::connect(None, &arguments.endpoint)?;
    let Some(marks) = account.cloud.marks.clone() else {
        return Err(Failure::bad_input("nothing carries marks there"));
    };
    let all: Vec<&Managed> = migrations.iter().collect();
    let installation = &arguments.installation.name;
    let claims = account.ask(adoption::look(marks.as_ref(), installation, &all));
    let mut counts = Counts::default();
    for (migration, claims) in all.iter().zip(&claims) {
        for claim in claims {
            let said = account.ask(settle(arguments, &marks, claim, &mut counts));
            print(&format!("{}: {}: {said}\n", migration.name, claim.thing))?;
        }
    }
    close(arguments, &counts)
}

fn managed(files: &[PathBuf]) -> Result<Vec<Managed>, Failure> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for migration in read_all(files)? {
        let name = migration.name().to_string();
        match Managed::new(1, migration) {
            Ok(managed) => found.push(managed),
            Err(unsupported) => problems.push(format!("{name}: {unsupported}")),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Failure::BadInput(problems)) }
}

fn fate(arguments: &Adopt, claim: &Claim) -> Fate {
    let taken = arguments.take_from.as_ref().map(ToString::to_string);
    let is_taken = || matches!(&claim.mark, Ok(mark) if *mark == taken);
    match (claim.standing(), arguments.give_back) {
        (Standing::Unread, _) => Fate::Unread,
        (Standing::Own, false) | (Standing::Free, true) => Fate::Done,
        (Standing::Own, true) | (Standing::Free, false) => Fate::Open,
        (Standing::Others, false) if is_taken() => Fate::Open,
        (Standing::Others, _) => Fate::Refused,
    }
}

/// Does what is to be done about a thing, and says how it stands then.
async fn settle(
    arguments: &Adopt,
    marks: &Arc<dyn Marks>,
    claim: &Claim,
    counts: &mut Counts,
) -> String {
    let now = match &claim.mark {
        Ok(Some(mark)) => format!("marked as that of {mark}"),
        Ok(None) => "not marked".to_owned(),
        Err(error) => format!("its mark could not be read ({error})"),
    };
    match fate(arguments, claim) {
        Fate::Done => now,
        Fate::Unread => {
            counts.failed += 1;
            now
        }
        Fate::Refused => {
            counts.refused += 1;
            format!("{now}: left as it is")
        }
        Fate::Open if !arguments.yes => {
            counts.open += 1;
            match arguments.give_back {
                true => format!("{now}: the mark would be taken away"),
                false => format!("{now}: it would be marked as that of {}", claim.owner),
            }
        }
        Fate::Open => {
            let written = match arguments.give_back {
                true => claim.give_back(marks.as_ref()).await,
                false => claim.adopt(marks.as_ref()).await,
            };
            match written {
                Ok(()) if arguments.give_back => "not marked any more".to_owned(),
                Ok(()) => format!("now marked as that of {}", claim.owner),
                Err(error) => {
                    counts.failed += 1;
                    format!("{now}: not changed: {error}")
                }
            }
        }
    }
}

fn close(arguments: &Adopt, counts: &Counts) -> Result<Answer, Failure> {
    let Counts { open, refused, failed } = counts;
    if *failed > 0 {
        let message =
            format!("{failed} marks are not known to be as wanted; run it again, or look");
        return Err(Failure::Unreachable(message));
    }
    if *refused > 0 && arguments.give_back {
        tell(&format!("error: {refused} are marked as others': only they give them back"));
    } else if *refused > 0 {
        tell(&format!(
            "error: {refused} are marked as others': if that is over, name the owner with \
             --take-from"
        ));
    }
    if *open > 0 {
        tell("Nothing was changed: --yes writes it. A daemon sees it within five minutes.");
    }
    Ok(if *open + *refused == 0 { Answer::Yes } else { Answer::No })
}
