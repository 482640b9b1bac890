//! `ferry run`

mod lockstep;
mod world;

use std::io::{IsTerminal, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use cloud::Cloud;
use configuration::{Look, Source};
use controller::Managed;
use daemon::{ANSWERS, Daemon, Office, Parts};
use model::Time;
use server::{Access, Desk, Metrics, Tokens};
use store::{Leases, MemoryStore, SqliteStore, Store as _};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use self::world::Timing;
use crate::commands::account::{Endpoint, Installation};
use crate::output::{Answer, Failure, read, tell};

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The directory of desired state: files of migrations, and one of settings if wanted.
    #[arg(long, value_name = "DIR", default_value = "config/migrations")]
    config: PathBuf,
    /// The world to act in.
    #[arg(long, value_enum, default_value_t = World::Simulated)]
    cloud: World,
    #[command(flatten)]
    endpoint: Endpoint,
    #[command(flatten)]
    installation: Installation,
    /// The clock to go by: `system`, or `region:URL` to move that of a `ferry region` in lockstep.
    #[arg(long, value_name = "CLOCK", default_value = "system")]
    clock: Timing,
    /// How many seconds of the simulated region pass in one.
    #[arg(long, value_name = "X", default_value_t = 600.0, value_parser = speed)]
    speed: f64,
    /// Where metrics, health and the API are served.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9180")]
    listen: SocketAddr,
    /// Where state is kept; default: `ferry.sqlite`, or in memory for a simulated region, since
    /// that ends with the process.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Who may use the API: lines of `viewer NAME TOKEN` or `operator NAME TOKEN`; the variable
    /// `FERRY_TOKENS` may hold such lines instead.
    ///
    /// Without either, on a loopback address, anyone may read; in a simulated region an operator's
    /// token is made for this run and printed. On any other address it is required.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Leave out the metrics of each migration.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    metrics_per_migration: bool,
    /// How the log is written to standard error; default: text on a terminal, else JSON.
    #[arg(long, value_enum)]
    log: Option<Log>,
    /// Recorded load of the simulated region as CSV; default: a generated week with surges.
    #[arg(long, value_name = "CSV")]
    load: Option<PathBuf>,
    /// What goes wrong in the simulated region.
    #[arg(long, value_name = "FILE")]
    fault: Option<PathBuf>,
    /// Where all randomness of the simulated region comes from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The first instant of the simulated region, a whole minute.
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T00:00:00Z")]
    start: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum World {
    /// A simulated region in this process.
    Simulated,
    /// AWS: what a migration with `mode: act` names is changed once `ferry adopt` has marked it.
    ///
    /// Credentials are found as the AWS command line finds them. Objectives in Datadog need
    /// `DD_API_KEY` and `DD_APP_KEY`, or `_FILE` variants that name files, and `DD_SITE`.
    Aws,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const STORE_DEFAULT: &str = "ferry.sqlite";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A week in four seconds; faster than that the controller cannot follow.
const SPEED_MAX: f64 = 150_000.0;

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.001..=SPEED_MAX).contains(speed));
    speed.ok_or_else(|| format!("write a number from 0.001 to {SPEED_MAX}, such as 600"))
}

pub(crate) fn run(arguments: &Run) -> Result<Answer, Failure> {
    let access = access(arguments)?;
    let look = first_look(&arguments.config)?;
    check(arguments, &look)?;
    log(arguments.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unreachable(format!("no threads to run on: {error}")))?;
    let per_migration = arguments.metrics_per_migration;
    let metrics = Metrics::new(VERSION, &ANSWERS, &world::requests(), per_migration);
    let metrics = Arc::new(metrics);
    let result = runtime.block_on(async {
        let cloud = match arguments.cloud {
            World::Simulated => world::simulated(arguments, &look)?,
            World::Aws => world::aws(arguments, Arc::clone(&metrics)).await?,
        };
        serve(arguments, access, cloud, metrics).await
    });
    // Whatever a blocking read of a file still waits for is not waited for.
    runtime.shutdown_background();
    result.map(|()| Answer::Yes)
}

/// Who may use the API.
fn access(arguments: &Run) -> Result<Access, Failure> {
    if let Some((place, text)) = told_tokens(arguments)? {
        let tokens = Tokens::parse(&text).map_err(|problems| {
            let located = |problem: &String| format!("{place}: {problem}");
            Failure::BadInput(problems.iter().map(located).collect())
        })?;
        return Ok(Access::Tokens(tokens));
    }
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::bad_input(format!(
            "--listen {}: others can reach this address, so say who may use the API with --tokens \
             or {TOKENS_VARIABLE}",
            arguments.listen
        )));
    }
    match arguments.cloud {
        World::Simulated => {
            let token = random_token()
                .map_err(|error| Failure::Unreachable(format!("no random numbers: {error}")))?;
            let tokens = Tokens::of_operator("operator", &token).map_err(Failure::bad_input)?;
            tell(&format!("To speak to this daemon:  export FERRY_TOKEN={token}"));
            Ok(Access::Tokens(tokens))
        }
        World::Aws => Ok(Access::ReadOnly),
    }
}

/// Holds what a file of `--tokens` would: a container gets its secrets as variables.
const TOKENS_VARIABLE: &str = "FERRY_TOKENS";

/// The lines that say who may use the API, and where they stand.
fn told_tokens(arguments: &Run) -> Result<Option<(String, String)>, Failure> {
    let variable = std::env::var(TOKENS_VARIABLE).ok().filter(|text| !text.is_empty());
    match (&arguments.tokens, variable) {
        (None, None) => Ok(None),
        (None, Some(text)) => Ok(Some((TOKENS_VARIABLE.to_owned(), text))),
        (Some(path), None) => Ok(Some((path.display().to_string(), read(path)?))),
        (Some(_), Some(_)) => Err(Failure::bad_input(format!(
            "--tokens: {TOKENS_VARIABLE} is set as well; keep one of them"
        ))),
    }
}

fn random_token() -> std::io::Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    }))
}

/// The directory as it is at the start. What is wrong then ends the process, which is seen at
/// once; later it would end what stands.
fn first_look(directory: &Path) -> Result<Look, Failure> {
    let look = Source::new(directory.to_owned(), std::collections::BTreeSet::new()).look();
    let look = look.ok_or_else(|| Failure::bad_input("the directory says nothing"))?;
    if !look.problems.is_empty() {
        return Err(Failure::BadInput(look.problems));
    }
    Ok(look)
}

/// What ends the process at the start, since later it would only be refused.
fn check(arguments: &Run, look: &Look) -> Result<(), Failure> {
    if arguments.cloud == World::Simulated && arguments.clock != Timing::System {
        let problem = "--clock: a simulated region in this process has its own; see --speed";
        return Err(Failure::bad_input(problem));
    }
    let problems = look.migrations.values().filter_map(|desired| {
        let unsupported = Managed::new(1, Arc::clone(&desired.migration)).err();
        Some(format!("{}: {}", desired.file, unsupported?))
    });
    let problems: Vec<String> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::BadInput(problems)) }
}

fn log(format: Option<Log>) {
    let is_terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if is_terminal { Log::Text } else { Log::Json });
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(is_terminal && std::env::var_os("NO_COLOR").is_none());
    match format {
        Log::Text => builder.compact().init(),
        Log::Json => builder.json().flatten_event(true).init(),
    }
}

async fn serve(
    arguments: &Run,
    access: Access,
    cloud: Cloud,
    metrics: Arc<Metrics>,
) -> Result<(), Failure> {
    let address = arguments.listen;
    let cannot_listen = |error| Failure::Unreachable(format!("--listen {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    // With port 0 the system has chosen one.
    let address = listener.local_addr().map_err(cannot_listen)?;
    let leases = store(arguments).await?;
    let mut told = ToldToStop::new()?;
    let (office, words) = Office::new();
    let desk = Arc::clone(&office) as Arc<dyn Desk>;
    let router = server::router(desk, Arc::clone(&metrics), access);
    let daemon = Daemon::new(Parts {
        cloud,
        leases,
        directory: arguments.config.clone(),
        metrics,
        office,
        words,
        version: VERSION.to_owned(),
        owner: owner(),
        installation: arguments.installation.name.clone(),
    });
    let (stopping, stop) = watch::channel(false);
    let mut until = stop.clone();
    let served = tokio::spawn(async move {
        let stopped = async move { until.wait_for(|stop| *stop).await.map(drop).unwrap_or(()) };
        server::serve(listener, router, stopped).await;
    });
    tell(&format!("Serving on http://{address}/ until SIGTERM."));
    tokio::spawn(async move {
        told.once().await;
        stopping.send_replace(true);
        told.once().await;
        tell("Told twice: ending at once.");
        std::process::exit(1);
    });
    daemon.run(stop).await;
    served.await.ok();
    Ok(())
}

/// SIGTERM and SIGINT. Made before anybody is told that the daemon serves: until then they end the
/// process as it stands.
pub(crate) struct ToldToStop {
    terminate: Signal,
    interrupt: Signal,
}

impl ToldToStop {
    pub(crate) fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::Unreachable(format!("no signals to stop at: {error}")))
        };
        let terminate = listen(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: listen(SignalKind::interrupt())? })
    }

    pub(crate) async fn once(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The store. A simulated region begins anew with each process, so that a file from an earlier
/// one tells of a world that is gone.
async fn store(arguments: &Run) -> Result<Arc<dyn Leases>, Failure> {
    let path = match (&arguments.store, arguments.cloud) {
        (Some(path), _) => path.as_path(),
        (None, World::Simulated) => return Ok(Arc::new(MemoryStore::new())),
        (None, World::Aws) => Path::new(STORE_DEFAULT),
    };
    let shown = path.display();
    let opened = SqliteStore::open(path)
        .map_err(|error| Failure::bad_input(format!("--store {shown}: {error}")))?;
    if let Some(refuses) = &opened.refuses {
        tell(&format!("warning: --store {shown}: {refuses}; nothing will be changed"));
    }
    if arguments.cloud == World::Aws {
        return Ok(Arc::new(opened.store));
    }
    let names = opened.store.list().await;
    let names = names.map_err(|error| Failure::Unreachable(format!("--store {shown}: {error}")))?;
    if !names.is_empty() {
        return Err(Failure::bad_input(format!(
            "--store {shown}: it tells of a simulated region that ended with its process; give \
             another file"
        )));
    }
    Ok(Arc::new(opened.store))
}

/// This process, for others to read.
fn owner() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    #[expect(clippy::disallowed_methods, reason = "a name for people, never compared")]
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{}/{}/{start}", host.trim(), std::process::id())
}
