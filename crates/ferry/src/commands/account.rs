//! An AWS account, or a simulated region in its place, for commands that look once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws::{Credentials, Network, Settings};
use clap::Args;
use cloud::{Clock, Cloud, Inventory};
use daemon::System;
use model::Time;
use model::ownership::INSTALLATION_DEFAULT;
use model::spec::Name;
use reqwest::Url;
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::output::Failure;

/// A region on this machine answers at once; any other endpoint is not waited for.
const REGION_TIMEOUT: Duration = Duration::from_secs(3);

/// An account's number.
pub(crate) fn account_number(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("write twelve digits".to_owned()) }
}

/// What answers in AWS's place.
#[derive(Debug, Args)]
pub(crate) struct Endpoint {
    /// Where all AWS services are, in place of AWS, such as a `ferry region`.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", hide_env_values = true, value_parser = url)]
    endpoint_url: Option<Url>,
}

/// Whose marks are its own.
#[derive(Debug, Args)]
pub(crate) struct Installation {
    /// What marks in AWS call the daemons that share a store; others need another name.
    #[arg(
        long = "installation",
        value_name = "NAME",
        env = "FERRY_INSTALLATION",
        hide_env_values = true,
        default_value = INSTALLATION_DEFAULT
    )]
    pub(crate) name: Name,
}

impl Endpoint {
    /// Its address without a slash at the end.
    pub(crate) fn text(&self) -> Option<String> {
        self.endpoint_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned())
    }
}

fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err("write a URL such as http://127.0.0.1:4566".to_owned())
    }
}

/// An account with a runtime to ask it in.
pub(crate) struct Account {
    runtime: Runtime,
    pub(crate) cloud: Cloud,
    pub(crate) inventory: Arc<dyn Inventory>,
}

impl Account {
    /// Prepares to ask AWS, or `endpoint` in its place. Nothing is asked of AWS yet.
    pub(crate) fn connect(region: Option<String>, endpoint: &Endpoint) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Unreachable(format!("no threads to run on: {error}")))?;
        let (cloud, inventory) = runtime.block_on(async {
            let machine = System.now();
            let simulated = match &endpoint.endpoint_url {
                Some(endpoint) => region_time(endpoint).await,
                None => None,
            };
            // Nothing is secret in a simulated region, so that it needs no keys of anybody.
            let has_keys = std::env::var_os("AWS_ACCESS_KEY_ID").is_some();
            let credentials = if simulated.is_some() && !has_keys {
                Credentials::Keys { id: "ferry".to_owned(), secret: "ferry".to_owned() }
            } else {
                Credentials::Environment
            };
            let ahead = simulated.map_or(0, |now| now.as_millis() - machine.as_millis());
            aws::connect_with_inventory(Settings {
                clock: Arc::new(MachineClock { ahead_millis: ahead }),
                network: Network::Https,
                credentials,
                region,
                endpoint: endpoint.text(),
                ledger: Arc::new(()),
            })
            .await
        });
        Ok(Self { runtime, cloud, inventory })
    }

    /// Runs questions to their end.
    pub(crate) fn ask<T>(&self, questions: impl Future<Output = T>) -> T {
        self.runtime.block_on(questions)
    }
}

#[derive(Deserialize)]
struct Present {
    now: Time,
}

/// The present of a simulated region, where the endpoint is one: it has a clock of its own.
async fn region_time(endpoint: &Url) -> Option<Time> {
    if endpoint.scheme() != "http" {
        return None;
    }
    // A second installation in one process is refused and changes nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder()
        // Without TLS no certificates are needed, and an image may have none.
        .tls_certs_only(std::iter::empty())
        .timeout(REGION_TIMEOUT)
        .build()
        .ok()?;
    let answer = client.get(endpoint.join("/_region/clock").ok()?).send().await.ok()?;
    Some(answer.error_for_status().ok()?.json::<Present>().await.ok()?.now)
}

/// The machine's clock, moved to that of a simulated region.
struct MachineClock {
    ahead_millis: i64,
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> Time {
        Time::from_millis(System.now().as_millis().saturating_add(self.ahead_millis))
    }

    async fn sleep_until(&self, until: Time) {
        let until = until.as_millis().saturating_sub(self.ahead_millis);
        System.sleep_until(Time::from_millis(until)).await;
    }
}
