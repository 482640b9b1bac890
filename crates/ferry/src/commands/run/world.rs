//! The worlds that a daemon can act in.

use std::str::FromStr;
use std::sync::Arc;

use cloud::{Clock, Cloud, NoObjectives, Objectives};
use configuration::Look;
use controller::Managed;
use daemon::{Paced, System};
use datadog::{Datadog, KeyError, Keys, Site};
use model::spec::Migration;
use region::fault::FaultRow;
use region::load::{GeneratedLoad, Load};
use region::{Region, SimulatedCloud};
use reqwest::Url;

use super::Run;
use super::lockstep::Lockstep;
use crate::commands::rehearse;
use crate::output::{Failure, read};

/// Weeks that the generated load of the region lasts before it begins again.
const REGION_DAYS: u32 = 28;

/// Which clock a daemon goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Timing {
    /// This machine's.
    System,
    /// That of a simulated region in another process.
    Region(Url),
}

impl FromStr for Timing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write `system`, or `region:` and the URL of a `ferry region`".to_owned();
        if text == "system" {
            return Ok(Self::System);
        }
        let url = text.strip_prefix("region:").ok_or_else(wrong)?;
        let url = Url::parse(url).map_err(|error| format!("{url}: {error}; {}", wrong()))?;
        if url.scheme() == "http" { Ok(Self::Region(url)) } else { Err(wrong()) }
    }
}

/// A region that holds the services of all migrations, with a week of past.
pub(super) fn simulated(arguments: &Run, look: &Look) -> Result<Cloud, Failure> {
    rehearse::check_start(arguments.start)?;
    let load: Load = match &arguments.load {
        Some(path) => rehearse::recorded(path, &read(path)?)?.0,
        None => GeneratedLoad::default().load().map_err(Failure::bad_input)?,
    };
    let faults: Vec<FaultRow> = match &arguments.fault {
        Some(path) => rehearse::faults(path, &read(path)?)?,
        None => Vec::new(),
    };
    let managed = |(file, migration): (&String, Arc<Migration>)| {
        Managed::new(1, migration).map_err(|error| Failure::bad_input(format!("{file}: {error}")))
    };
    let managed: Vec<Managed> = look
        .migrations
        .values()
        .map(|desired| managed((&desired.file, Arc::clone(&desired.migration))))
        .collect::<Result<_, _>>()?;
    let spec = rehearsal::world::build(&managed, &load, arguments.start, REGION_DAYS, &faults);
    let spec = spec.map_err(Failure::bad_input)?;
    let mut region = Region::new(&spec, arguments.seed).map_err(Failure::bad_input)?;
    region.advance_to(arguments.start);
    let region = SimulatedCloud::new(region);
    let cloud = region.cloud();
    Ok(Cloud { clock: Arc::new(Paced::new(region, arguments.speed)), ..cloud })
}

/// AWS, or what answers in its place at an endpoint.
pub(super) async fn aws(arguments: &Run) -> Result<Cloud, Failure> {
    let clock: Arc<dyn Clock> = match &arguments.clock {
        Timing::System => Arc::new(System),
        Timing::Region(url) => Lockstep::connect(url).await?,
    };
    let objectives = objectives(&clock)?;
    let settings = aws::Settings {
        clock,
        network: aws::Network::Https,
        credentials: aws::Credentials::Environment,
        region: None,
        endpoint: arguments.endpoint.text(),
    };
    Ok(Cloud { objectives, ..aws::connect(settings).await })
}

/// Datadog, where there are keys of it.
fn objectives(clock: &Arc<dyn Clock>) -> Result<Arc<dyn Objectives>, Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let keys = match Keys::from_environment(variable) {
        Ok(keys) => keys,
        Err(KeyError::Missing(_)) if !has_any_key(variable) => return Ok(Arc::new(NoObjectives)),
        Err(error) => return Err(Failure::bad_input(error)),
    };
    let site = match variable("DD_SITE") {
        Some(site) => {
            site.parse().map_err(|error| Failure::bad_input(format!("DD_SITE: {error}")))?
        }
        None => Site::default(),
    };
    let datadog = Datadog::new(&site, &keys, Arc::clone(clock));
    let datadog = datadog.map_err(|error| Failure::bad_input(format!("Datadog: {error}")))?;
    Ok(Arc::new(datadog))
}

/// One key without the other is a slip; without any Datadog is not meant.
fn has_any_key(variable: impl Fn(&str) -> Option<String>) -> bool {
    ["DD_API_KEY", "DD_API_KEY_FILE", "DD_APP_KEY", "DD_APP_KEY_FILE"]
        .into_iter()
        .any(|name| variable(name).is_some_and(|value| !value.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_this_machines_or_a_regions() {
        assert_eq!("system".parse(), Ok(Timing::System));
        let region = "region:http://127.0.0.1:4566".parse::<Timing>();
        assert!(matches!(region, Ok(Timing::Region(url)) if url.port() == Some(4566)));
        for wrong in ["", "region", "region:", "region:127.0.0.1:4566", "region:ftp://x", "wall"] {
            assert!(wrong.parse::<Timing>().is_err(), "{wrong:?}");
        }
    }
}
