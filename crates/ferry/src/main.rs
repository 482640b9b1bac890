//! Ferry: carries Amazon ECS services from EC2 to Fargate without breaking their SLOs.

mod cli;
mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser;
use model::verb::Verb;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Rehearse(arguments) => commands::rehearse::run(&arguments),
        Command::Region(arguments) => commands::region::run(&arguments),
        Command::Run(arguments) => commands::run::run(&arguments),
        Command::Init(arguments) => commands::init::run(&arguments),
        Command::Preflight(arguments) => commands::preflight::run(&arguments),
        Command::Adopt(arguments) => commands::adopt::run(&arguments),
        Command::IamPolicy(arguments) => commands::iam_policy::run(&arguments),
        Command::Iac(arguments) => commands::iac::run(&arguments),
        Command::Validate(arguments) => commands::validate::run(&arguments),
        Command::Schema(arguments) => commands::schema::run(&arguments),
        Command::Judge(arguments) => commands::judge::run(&arguments),
        Command::Fit(arguments) => commands::fit::run(&arguments),
        Command::Replay(arguments) => commands::replay::run(&arguments),
        Command::Tune(arguments) => commands::tune::run(&arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
        Command::Get(arguments) => commands::show::get::run(&arguments),
        Command::Describe(arguments) => commands::show::describe::run(&arguments),
        Command::Explain(arguments) => commands::show::explain::run(&arguments),
        Command::Plan(arguments) => commands::show::plan::run(&arguments),
        Command::History(arguments) => commands::show::history::run(&arguments),
        Command::Pause(arguments) => commands::say::one_or_all(&arguments, Verb::Pause),
        Command::Resume(arguments) => commands::say::one(&arguments, Verb::Resume),
        Command::Advance(arguments) => commands::say::one(&arguments, Verb::Advance),
        Command::Rollback(arguments) => commands::rollback::run(&arguments),
        Command::Pin(arguments) => commands::say::pin(&arguments),
        Command::Freeze(arguments) => commands::say::one_or_all(&arguments, Verb::Freeze),
        Command::Release(arguments) => commands::say::release(&arguments),
        Command::Confirm(arguments) => commands::say::confirm(&arguments),
        Command::Status(arguments) => commands::show::status::run(&arguments),
        Command::Healthcheck(arguments) => commands::show::status::healthcheck(&arguments),
    };
    match result {
        Ok(answer) => answer.into(),
        Err(failure) => failure.report(),
    }
}
