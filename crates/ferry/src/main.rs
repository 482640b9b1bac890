//! Ferry: carries Amazon ECS services from EC2 to Fargate without breaking their SLOs.

mod cli;
mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Rehearse(arguments) => commands::rehearse::run(&arguments),
        Command::Run(arguments) => commands::run::run(&arguments),
        Command::Validate(arguments) => commands::validate::run(&arguments),
        Command::Schema(arguments) => commands::schema::run(&arguments),
        Command::Judge(arguments) => commands::judge::run(&arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
    };
    match result {
        Ok(answer) => answer.into(),
        Err(failure) => failure.report(),
    }
}
