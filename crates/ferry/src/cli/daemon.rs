//! What can be typed of a daemon that runs.

use std::path::PathBuf;

use clap::Args;
use model::Share;

use crate::cli::Format;
use crate::commands::account::Endpoint;

/// Which daemon, and who asks. A token is never typed: the list of processes would show it.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Where the daemon listens.
    #[arg(
        long,
        value_name = "URL",
        env = "FERRY_SERVER",
        hide_env_values = true,
        default_value = "http://127.0.0.1:9180"
    )]
    pub(crate) server: String,
    /// A file with a token and nothing else [default: the token in FERRY_TOKEN, if any].
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Only this one.
    pub(crate) name: Option<String>,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    /// Print again whenever more has changed than measured values; looks every 2 seconds.
    #[arg(short, long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// One migration.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Which migration.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// One migration, shown for people or for programs.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// Which migration.
    pub(crate) name: String,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) server: Server,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// Which migration, managed or not.
    pub(crate) name: String,
    /// Only what comes before this entry.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 53))]
    pub(crate) before: Option<u64>,
    /// Only what follows this entry, oldest first; 0 is from the beginning.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1 << 53))]
    pub(crate) after: Option<u64>,
    /// At most so many entries [default: 30; with --after all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// All entries that are kept.
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// What to print: a table, or one JSON object on each line.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// One migration, or all of them.
#[derive(Debug, Args)]
pub(crate) struct OneOrAll {
    /// Which migration.
    #[arg(required_unless_present = "all")]
    pub(crate) name: Option<String>,
    /// Every migration of the daemon.
    #[arg(long, conflicts_with = "name")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// One migration, or those of files when there is no daemon to tell.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// Which migration.
    #[arg(required_unless_present = "break_glass")]
    pub(crate) name: Option<String>,
    /// Ask no daemon: send all traffic of the migrations in these files to EC2, at once.
    ///
    /// With the credentials found here, and for each file that says `mode: act`. A write carries
    /// the weights that were just read, so that a daemon which writes at the same time is
    /// overtaken and never mixed with. A daemon that runs takes it for an operator's abort: it
    /// holds until `ferry resume`.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "name")]
    pub(crate) break_glass: Vec<PathBuf>,
    /// With --break-glass: say what is live, and change nothing.
    #[arg(long, conflicts_with = "name")]
    pub(crate) dry_run: bool,
    /// With --break-glass: even where EC2 has no healthy target to answer.
    #[arg(long, conflicts_with = "name")]
    pub(crate) even_if_dark: bool,
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
}

#[derive(Debug, Args)]
pub(crate) struct Pin {
    /// Which migration.
    pub(crate) name: String,
    /// The share of Fargate to hold, such as 10% or 0.5%.
    #[arg(long, value_name = "SHARE")]
    pub(crate) share: Share,
    #[command(flatten)]
    pub(crate) server: Server,
}

#[derive(Debug, Args)]
pub(crate) struct Confirm {
    /// Exactly the names whose removal waits; `ferry status` lists them.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// The daemon itself, shown for people or for programs.
#[derive(Debug, Args)]
pub(crate) struct ShownDaemon {
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) server: Server,
}

/// The daemon itself.
#[derive(Debug, Args)]
pub(crate) struct Daemon {
    #[command(flatten)]
    pub(crate) server: Server,
}
