//! `ferry rollback`

use controller::Managed;
use controller::break_glass::{self, Standing};
use model::route::{Split, Weights};
use model::spec::Mode;
use model::verb::Verb;

use crate::cli::Rollback;
use crate::commands::account::Account;
use crate::commands::migration::read_all;
use crate::commands::say;
use crate::output::{Answer, Failure, print, tell};

/// Tells a daemon, or does it from here.
pub(crate) fn run(arguments: &Rollback) -> Result<Answer, Failure> {
    match &arguments.name {
        Some(name) => say::to(&arguments.server, name, Verb::Rollback),
        None => break_glass(arguments),
    }
}

fn break_glass(arguments: &Rollback) -> Result<Answer, Failure> {
    let migrations = managed(arguments)?;
    let account = Account::connect(None, &arguments.endpoint)?;
    let all: Vec<&Managed> = migrations.iter().collect();
    let standings = account.ask(break_glass::look(&account.cloud, &all));
    let mut worst = Answer::Yes;
    let mut chosen = Vec::new();
    for (migration, standing) in all.into_iter().zip(&standings) {
        print(&format!("{}: {}\n", migration.name, said(standing)))?;
        if standing.is_dark() && !standing.is_back() && !arguments.even_if_dark {
            tell(&format!(
                "error: {}: left as it is: nobody would answer on EC2. Start tasks there first, \
                 or say --even-if-dark",
                migration.name
            ));
            worst = Answer::No;
        } else {
            chosen.push(migration);
        }
    }
    if arguments.dry_run {
        let unread = standings.iter().filter(|standing| standing.split.is_err()).count();
        return match unread {
            0 => Ok(worst),
            _ => Err(Failure::Unreachable(format!("{unread} could not be read"))),
        };
    }
    let sent = account.ask(break_glass::send_back(&account.cloud, &chosen));
    let mut lost = Vec::new();
    for (migration, answer) in chosen.iter().zip(sent) {
        match answer {
            Ok(weights) => {
                let live = pairs(&weights);
                print(&format!("{}: all traffic goes to EC2 ({live})\n", migration.name))?;
            }
            Err(error) => {
                tell(&format!("error: {}: {error}", migration.name));
                lost.push(migration.name.as_str());
            }
        }
    }
    if lost.is_empty() {
        return Ok(worst);
    }
    let lost = lost.join(", ");
    Err(Failure::Unreachable(format!("not known to be back on EC2: {lost}; run it again, or look")))
}

/// The migrations of the files that Ferry may write to.
fn managed(arguments: &Rollback) -> Result<Vec<Managed>, Failure> {
    let migrations = read_all(&arguments.break_glass)?;
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for migration in migrations {
        let name = migration.name().to_string();
        let is_observed = migration.spec.mode == Mode::Observe;
        match Managed::new(1, migration) {
            Ok(_) if is_observed => problems.push(format!(
                "{name}: spec.mode: `observe` leaves its weights to somebody else; write `act` to \
                 move them from here"
            )),
            Ok(managed) => found.push(managed),
            Err(unsupported) => problems.push(format!("{name}: {unsupported}")),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Failure::BadInput(problems)) }
}

/// What is live, in a line.
fn said(standing: &Standing) -> String {
    let split = match &standing.split {
        Ok(split) => weights(split),
        Err(error) => format!("its weights could not be read ({error})"),
    };
    match &standing.ec2 {
        Ok(targets) => format!("{split}; {} healthy targets on EC2", targets.healthy),
        Err(error) => format!("{split}; EC2's targets could not be read ({error})"),
    }
}

fn weights(split: &Split) -> String {
    match split.share() {
        Some(share) => format!("{share} on Fargate"),
        None => format!("its routes differ: {}", pairs(&split.weights)),
    }
}

fn pairs(weights: &Weights) -> String {
    let pair = |(key, pair): (&String, &model::route::WeightPair)| {
        format!("{key}: {} to EC2, {} to Fargate", pair.ec2, pair.fargate)
    };
    weights.iter().map(pair).collect::<Vec<_>>().join(", ")
}
