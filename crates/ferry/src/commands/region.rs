//! `ferry region`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use manifest::Problem;
use region::{Region as Simulated, RegionSpec, SimulatedCloud};
use tokio::net::TcpListener;
use wire::{Place, Wire};

use crate::commands::account::account_number;
use crate::commands::run::ToldToStop;
use crate::output::{Answer, Failure, read, tell};

#[derive(Debug, Args)]
pub(crate) struct Region {
    /// Where it is served; port 0 lets the system choose one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// What stands in the region: a file of kind Region.
    #[arg(long, value_name = "FILE", default_value = "config/examples/region.yaml")]
    scenario: PathBuf,
    /// How many seconds of the region pass in one; 0: its clock moves only by POST /_region/advance.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Where all randomness comes from; default: the seed in the file.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The name of the region, which requests are signed for.
    #[arg(long, value_name = "NAME", default_value = "ap-northeast-1", value_parser = region_name)]
    region: String,
    /// The account's id.
    #[arg(long, value_name = "ID", default_value = "123456789012", value_parser = account_number)]
    account: String,
}

/// A week in ten seconds.
const SPEED_MAX: f64 = 60_000.0;

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.0..=SPEED_MAX).contains(speed));
    speed.ok_or_else(|| format!("write a number from 0 to {SPEED_MAX}, such as 60"))
}

fn region_name(text: &str) -> Result<String, String> {
    let is_name = text.split('-').count() >= 3
        && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    if is_name { Ok(text.to_owned()) } else { Err("write a name such as us-east-1".to_owned()) }
}

pub(crate) fn run(arguments: &Region) -> Result<Answer, Failure> {
    let wire = wire(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unreachable(format!("no threads to run on: {error}")))?;
    let result = runtime.block_on(serve(arguments, wire));
    // An advance of the clock that is under way is not waited for.
    runtime.shutdown_background();
    result.map(|()| Answer::Yes)
}

/// What the documents of kind Region stand for.
pub(crate) const KIND: &str = "Region";

/// The regions of a file, each of which can be made.
pub(crate) fn read_all(name: &str, text: &str) -> Result<Vec<RegionSpec>, Vec<Problem>> {
    manifest::read_checked(name, text, KIND, |spec: &RegionSpec| {
        let error = Simulated::new(spec, spec.seed).err();
        error.map(|error| located(spec, &error)).into_iter().collect()
    })
}

/// The field that an error of a region is about, and the error.
fn located(spec: &RegionSpec, error: &region::Error) -> (String, String) {
    let message = error.to_string();
    let part = match error {
        region::Error::Fault { number, .. } => {
            return (format!("faults[{}]", number.saturating_sub(1)), message);
        }
        region::Error::Spec { part, .. } | region::Error::Capacity { part, .. } => part,
        region::Error::LoadRow { .. } | region::Error::Load { .. } => {
            return (String::new(), message);
        }
    };
    // A part of an application begins with its name; the rest are named as fields are.
    let is_of = |name: &str| part.strip_prefix(name).is_some_and(|rest| !is_name(rest));
    match spec.applications.iter().position(|it| is_of(&it.name)) {
        Some(place) => (format!("applications[{place}]"), message),
        None => {
            let field = part.split([':', ' ']).next().unwrap_or_default();
            (field.to_owned(), message)
        }
    }
}

/// Whether a text goes on with a name.
fn is_name(rest: &str) -> bool {
    rest.starts_with(|next: char| next.is_alphanumeric() || next == '-' || next == '_')
}

/// The region of the file at its start.
fn wire(arguments: &Region) -> Result<Wire, Failure> {
    let path = &arguments.scenario;
    let text = read(path)?;
    let name = path.display().to_string();
    let specs = read_all(&name, &text).map_err(|problems| {
        Failure::BadInput(problems.iter().map(ToString::to_string).collect())
    })?;
    let [spec] = specs.as_slice() else {
        let count = specs.len();
        return Err(Failure::bad_input(format!("{name}: {count} regions; give a file of one")));
    };
    let seed = arguments.seed.unwrap_or(spec.seed);
    let region = Simulated::new(spec, seed);
    let region = region.map_err(|error| Failure::bad_input(format!("{name}: {error}")))?;
    let (region_name, account) = (arguments.region.clone(), arguments.account.clone());
    Ok(Wire::new(SimulatedCloud::new(region), Place { region: region_name, account }))
}

async fn serve(arguments: &Region, wire: Wire) -> Result<(), Failure> {
    let address = arguments.listen;
    let cannot_listen = |error| Failure::Unreachable(format!("--listen {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    // With port 0 the system has chosen one.
    let address = listener.local_addr().map_err(cannot_listen)?;
    let mut told = ToldToStop::new()?;
    tell(&format!("Serving {} on http://{address} until SIGTERM.", arguments.region));
    let speed = arguments.speed;
    let pace = tokio::spawn({
        let wire = wire.clone();
        async move {
            if speed > 0.0 {
                wire::keep_pace(wire, speed).await;
            }
        }
    });
    wire::serve(listener, wire, async move { told.once().await }).await;
    pace.abort();
    Ok(())
}
