//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::Time;

/// Carries Amazon ECS services from EC2 to Fargate without breaking their SLOs.
///
/// Exit codes: 0 done, 1 the answer is no, 2 bad input, 3 something could not be reached.
#[derive(Debug, Parser)]
#[command(name = "ferry", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole migration in a simulated region, on generated or recorded load.
    Rehearse(Rehearse),
    /// Check files and say all that is wrong with them.
    Validate(Validate),
    /// Print the JSON Schema of a kind of file.
    Schema(Schema),
    /// Say what Ferry would have done with recorded minutes.
    Judge(Judge),
    /// Print completions for a shell.
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The migration to rehearse.
    pub(crate) file: PathBuf,
    /// Recorded load, `timestamp,value` (requests) or `minute,rps`; default: a generated week.
    #[arg(long, value_name = "CSV")]
    pub(crate) load: Option<PathBuf>,
    /// Multiply the load.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(crate) scale: f64,
    /// The first instant, a Monday by default.
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T00:00:00Z")]
    pub(crate) start: Time,
    /// A fault script.
    #[arg(long, value_name = "FILE")]
    pub(crate) fault: Option<PathBuf>,
    /// Where all randomness comes from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many days to run at most; a migration that has succeeded ends earlier.
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub(crate) days: u32,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// Where to write the page with plots.
    #[arg(long, value_name = "HTML", default_value = "rehearsal.html")]
    pub(crate) report: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Migrations, settings and worlds; they are also checked against each other.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which kind.
    #[arg(value_enum, default_value_t = Kind::Migration)]
    pub(crate) kind: Kind,
}

#[derive(Debug, Args)]
pub(crate) struct Judge {
    /// Recorded minutes: minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors, and
    /// optionally share,tasks,cpu_percent,release.
    pub(crate) file: PathBuf,
    /// Judge by the SLOs and the rules of this migration; default: 99 % of requests fast
    /// enough, 99.9 % without error.
    #[arg(long, value_name = "FILE")]
    pub(crate) migration: Option<PathBuf>,
    /// What a signal was seen to differ by without any migration, as a natural logarithm with
    /// its standard error: latency=0.03:0.01. May stand several times.
    #[arg(long, value_name = "SIGNAL=LN:SE")]
    pub(crate) offset: Vec<String>,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// What to carry, and how.
    Migration,
    /// One per daemon.
    Settings,
    /// A world to rehearse and replay in.
    World,
}
