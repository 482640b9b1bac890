//! What can be typed.

mod daemon;

use std::path::PathBuf;
use std::str::FromStr;

use analysis::settings::Offset;
use analysis::signal::Signal;
use clap::{Args, Parser, Subcommand, ValueEnum};
use model::Time;

pub(crate) use self::daemon::{
    Confirm, Daemon, Get, History, One, OneOrAll, Pin, Rollback, Server, Shown, ShownDaemon,
};
use crate::commands::adopt::Adopt;
use crate::commands::fit::Fit;
use crate::commands::iac::Iac;
use crate::commands::iam_policy::IamPolicy;
use crate::commands::init::Init;
use crate::commands::preflight::Preflight;
use crate::commands::region::Region;
use crate::commands::run::Run;

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
    ///
    /// Prints what happened and why, and writes a page with plots. The exit code is 0 when all
    /// traffic is on Fargate, baked and drained; 1 when it was rolled back, stalled, or the days
    /// were over first.
    Rehearse(Rehearse),
    /// Run the daemon: hold the desired state of a directory of files against the world.
    ///
    /// Changed files are taken as they are saved. The exit code is 0 when it was told to stop
    /// (SIGTERM or SIGINT), 2 when it could not begin with what it was given.
    Run(Run),
    /// Serve a simulated AWS region over the protocols of AWS, for the aws CLI, SDKs and tests.
    ///
    /// Point clients at it with AWS_ENDPOINT_URL; any credentials will do. It has what its file
    /// describes, and nothing else of AWS. The exit code is 0 when it was told to stop (SIGTERM or
    /// SIGINT), 2 when its file is wrong.
    Region(Region),
    /// Draft a migration from a live service on EC2, and from what points at it.
    ///
    /// Nothing is changed in AWS. Comments in the draft say where each number comes from and what
    /// is to be decided; notes go to standard error.
    Init(Init),
    /// Check files and say all that is wrong with them.
    Validate(Validate),
    /// Read what stands around migrations in AWS, and say what is in their way.
    ///
    /// Nothing is changed. Exit codes: 0 nothing stands in the way, 1 something does, 2 a file
    /// cannot be used, 3 nothing could be read.
    Preflight(Preflight),
    /// Mark what migrations change in AWS as theirs, so that a daemon may change it.
    ///
    /// A mark is the tag `ferry:owner` on services and rules, and a TXT record `_ferry.NAME` beside
    /// the records of NAME. Without --yes it only says whose everything is. Exit codes: 0 all is as
    /// asked for, 1 something is not, 2 a file cannot be used, 3 something could not be reached.
    Adopt(Adopt),
    /// Print the least IAM policy for exactly these migrations.
    ///
    /// Observing, acting, and looking around with `init` and `preflight` are policies apart; so is
    /// each role that the files name. No AWS account is asked.
    IamPolicy(IamPolicy),
    /// Print what Terraform, CloudFormation or CDK must leave to Ferry of these migrations.
    ///
    /// Weights, counts and versions that Ferry writes, named as each language names them, so that
    /// the next apply or deployment does not put them back. No AWS account is asked.
    Iac(Iac),
    /// Print the JSON Schema of a kind of file.
    Schema(Schema),
    /// Say what Ferry would have done with recorded minutes.
    ///
    /// Prints one line for each change of verdict, with the evidence behind it in natural
    /// logarithms. The exit code is 0 whatever the verdicts are: they are the answer.
    Judge(Judge),
    /// Say how many requests a second one task surely carries, fitted to recorded minutes.
    ///
    /// Also what it takes of Fargate tasks for one on EC2, where both sides were recorded. Exit
    /// codes: 0 there is a number for each side, 1 for one there is none, and why, 2 bad input.
    Fit(Fit),
    /// Say what a scaling policy would have come to under a recorded load.
    ///
    /// Slow requests, bad minutes, task-hours and their cost, without the first hour and as a mean
    /// of three seeds. What is wrong with the policy goes to standard error. Exit codes: 0 done, 2 an
    /// input cannot be used.
    Replay(Replay),
    /// Search a better scaling policy on recorded load, and prove it on a week that it has not seen.
    ///
    /// The last week of the load is held back, the one before is trained on. The policy is a list of
    /// requests that can be applied by hand; it holds scheduled minimums for the week after the
    /// load. Exit codes: 0 a policy is proposed, 1 nothing better was found or the world cannot
    /// keep its objective, 2 an input cannot be used.
    Tune(Tune),
    /// Print completions for a shell.
    Completions(Completions),
    /// List the migrations of a daemon.
    Get(Get),
    /// Show everything that is known of a migration.
    Describe(One),
    /// Say why a migration stands where it stands: verdict, evidence, rules, findings.
    Explain(One),
    /// Say what is done now, what stands against the next step, and what follows at the earliest.
    ///
    /// The calendar supposes that every verdict is good and nothing else goes wrong: nothing comes
    /// earlier than it says, and tasks that start and metrics that arrive take minutes more.
    Plan(Shown),
    /// Print what happened to a migration, newest first.
    History(History),
    /// Take no step forward until `resume`; judging and going back go on.
    Pause(OneOrAll),
    /// Take back everything that was said, and re-arm after an automatic rollback.
    Resume(One),
    /// Take the next step without waiting for evidence or dwell.
    Advance(One),
    /// Send all traffic back to EC2 and keep it there until `resume`.
    ///
    /// Where there is no daemon, or it is what fails, --break-glass does it from here.
    Rollback(Rollback),
    /// Hold a share until `resume`.
    Pin(Pin),
    /// Write nothing at all until `resume`, rollbacks included.
    Freeze(OneOrAll),
    /// Restore what was saved of a migration whose file is gone.
    Release(One),
    /// Confirm that the files of these migrations are meant to be gone.
    Confirm(Confirm),
    /// Show the daemon itself; the exit code is 1 if it has a problem.
    Status(ShownDaemon),
    /// Ask whether the daemon's loop is alive: for the health check of a container.
    ///
    /// Waits at most 3 seconds. Exit codes: 0 alive, 1 it says it is not, 3 it did not answer. ECS
    /// counts every code but 0 as unhealthy. No token is needed or sent.
    Healthcheck(Daemon),
}

#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The migration to rehearse.
    pub(crate) file: PathBuf,
    /// Recorded load as CSV; default: a generated week with surges.
    ///
    /// `timestamp,value` (requests in the period that begins there) or `minute,rps` (a rate).
    /// Times without a zone are UTC. Gaps are interpolated and counted. A load shorter than the
    /// rehearsal repeats by whole weeks or, if shorter than one, as it is.
    #[arg(long, value_name = "CSV")]
    pub(crate) load: Option<PathBuf>,
    /// Multiply the load.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale, allow_negative_numbers = true)]
    pub(crate) scale: f64,
    /// The first instant, a whole minute; a Monday by default.
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T00:00:00Z")]
    pub(crate) start: Time,
    /// A script of what goes wrong, such as those in config/examples/faults.
    #[arg(long, value_name = "FILE")]
    pub(crate) fault: Option<PathBuf>,
    /// Where all randomness comes from: the same inputs and seed give the same bytes.
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

/// Traces are counts of one request or of millions: more than this is a slip.
const SCALE_MAX: f64 = 1e9;

fn scale(text: &str) -> Result<f64, String> {
    let scale = text.parse::<f64>().ok().filter(|scale| *scale > 0.0 && *scale <= SCALE_MAX);
    scale.ok_or_else(|| "write a number above 0, such as 7.5".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Migrations, settings and worlds, which are also checked against each other, and regions.
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
    /// Recorded minutes, one row for each minute and side.
    ///
    /// Columns in any order: minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors and, if
    /// known, share,tasks,cpu_percent,release. `minute` is an integer or an RFC 3339 time. `slow`
    /// counts requests above the SLO's threshold; slow_slo, slow_p90 and slow_p50 those above the
    /// comparison thresholds, on the Fargate side 1.10 times as high. A row or value that is
    /// missing is missing data.
    #[arg(value_name = "CSV")]
    pub(crate) file: PathBuf,
    /// Judge by the SLOs and rules of this migration.
    ///
    /// Default: 99 % of requests fast enough, 99.9 % without an error, one balancer for both
    /// sides, a deadline of 21 days. What counts as high load is learnt from the recording where
    /// it covers a day.
    #[arg(long, value_name = "FILE")]
    pub(crate) migration: Option<PathBuf>,
    /// What a signal was seen to differ by without any migration.
    ///
    /// As a natural logarithm of the ratio of bad requests, Fargate over EC2, with its standard
    /// error: `slow_slo=0.03:0.01`. May stand once for each of slow_slo, slow_p90, slow_p50 and
    /// errors; where one is given, a signal without cannot be proven safe.
    #[arg(long, value_name = "SIGNAL=LN:SE")]
    pub(crate) offset: Vec<SignalOffset>,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// An offset and the signal it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SignalOffset {
    pub(crate) signal: Signal,
    pub(crate) offset: Offset,
}

impl FromStr for SignalOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (signal, offset) =
            text.split_once('=').ok_or("write SIGNAL=LN:SE, such as slow_slo=0.03:0.01")?;
        let signal = signal.parse::<Signal>().map_err(|error| error.to_string())?;
        let (value, error) = offset
            .split_once(':')
            .ok_or("add the standard error after a colon, such as 0.03:0.01")?;
        let number = |text: &str| {
            let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| format!("`{text}` is not a number: write one such as 0.03"))
        };
        let offset = Offset { value: number(value)?, error: number(error)? };
        if offset.value.abs() > OFFSET_MAX {
            return Err(format!(
                "an offset of {} is beyond any difference between clients: write a natural \
                 logarithm from -1 to 1",
                offset.value
            ));
        }
        if !(0.0..=OFFSET_MAX).contains(&offset.error) {
            return Err(format!("a standard error is from 0 to 1, and {} is not", offset.error));
        }
        Ok(Self { signal, offset })
    }
}

/// Nearly three times as many bad requests: the judge takes no offset beyond it.
const OFFSET_MAX: f64 = 1.0;

/// The load and the world of a replay.
#[derive(Debug, Args)]
pub(crate) struct Replayed {
    /// Recorded load as CSV: `timestamp,value` (requests in the period) or `minute,rps` (a rate).
    ///
    /// Times without a zone are UTC. Gaps are interpolated and counted; a load with more than a
    /// twentieth of its minutes missing is refused.
    #[arg(long, value_name = "CSV")]
    pub(crate) load: PathBuf,
    /// The world of kind World, such as config/examples/world.yaml.
    #[arg(long, value_name = "FILE")]
    pub(crate) world: PathBuf,
    /// Multiply the load.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = scale, allow_negative_numbers = true)]
    pub(crate) scale: f64,
    /// The load's first instant where its file has no dates, a whole minute; a Monday by default.
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T00:00:00Z")]
    pub(crate) start: Time,
    /// Where all randomness comes from: the same inputs and seed give the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// What part of the load of an EC2 task one of these tasks carries, where the policy was written
    /// for EC2: finds what shrank with the tasks.
    #[arg(long, value_name = "R", value_parser = ratio)]
    pub(crate) ratio: Option<f64>,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Form::Table)]
    pub(crate) output: Form,
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse::<f64>().ok().filter(|ratio| (0.05..=2.0).contains(ratio));
    ratio.ok_or_else(|| "write a number from 0.05 to 2, such as 0.8".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) replayed: Replayed,
    /// The policy: a YAML or JSON list of PutScalingPolicy, PutMetricAlarm and PutScheduledAction
    /// requests.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Tune {
    #[command(flatten)]
    pub(crate) replayed: Replayed,
    /// The live policy, as for `ferry replay`: nothing is proposed that is worse with floors missed.
    #[arg(long, value_name = "FILE")]
    pub(crate) current: Option<PathBuf>,
    /// What is announced: iCalendar, or CSV with the columns `time,name`, of the past and of the
    /// coming week.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// The service, where no live policy names it.
    #[arg(long, value_name = "CLUSTER/SERVICE", default_value = "cluster/service")]
    pub(crate) service: String,
    /// Search with the metrics of one minute alone, not with those of 20 seconds, which have to be
    /// switched on and paid for.
    #[arg(long)]
    pub(crate) standard_metrics: bool,
    /// Where to write the page with the week that was held back, before and after.
    #[arg(long, value_name = "HTML", default_value = "tuning.html")]
    pub(crate) report: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For files.
    Yaml,
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
