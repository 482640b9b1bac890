//! The clock of a simulated region in another process, which moves only when Ferry waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloud::Clock;
use model::Time;
use reqwest::Url;
use serde_json::{Value, json};

use crate::output::Failure;

/// A region passes a minute in well under a millisecond; a day of many services takes seconds.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The region may be starting, or gone for a moment.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// The clock behind `/_region/clock` and `/_region/advance`.
///
/// Nothing happens in the region between two waits, so a run against it is as repeatable as one
/// in this process. Whoever waits longest moves the clock: one process at a time.
pub(super) struct Lockstep {
    http: reqwest::Client,
    advance: Url,
    now: Mutex<Time>,
}

impl Lockstep {
    /// Reads the clock of the region at `url`.
    pub(super) async fn connect(url: &Url) -> Result<Arc<Self>, Failure> {
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::Unreachable(format!("--clock region:{url}: {error}"))
        };
        // A second installation in one process is refused and changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .tls_certs_only(std::iter::empty())
            .no_proxy()
            .build()
            .map_err(|error| cannot(&error))?;
        let at = |path: &str| url.join(path).map_err(|error| cannot(&error));
        let answer = http.get(at("/_region/clock")?).send().await;
        let now = read(answer).await.map_err(|error| cannot(&error))?;
        Ok(Arc::new(Self { http, advance: at("/_region/advance")?, now: Mutex::new(now) }))
    }

    fn set(&self, now: Time) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

async fn read(answer: reqwest::Result<reqwest::Response>) -> Result<Time, String> {
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let answer = answer.map_err(|error| error.without_url().to_string())?;
    let body = answer.json::<Value>().await.map_err(|error| error.without_url().to_string())?;
    let now = body.get("now").and_then(Value::as_str).and_then(|now| now.parse().ok());
    now.ok_or_else(|| "it does not tell the time as `ferry region` does".to_owned())
}

#[async_trait]
impl Clock for Lockstep {
    fn now(&self) -> Time {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep_until(&self, until: Time) {
        while self.now() < until {
            let request = self.http.post(self.advance.clone()).json(&json!({"until": until}));
            match read(request.send().await).await {
                Ok(now) => self.set(now),
                Err(error) => {
                    tracing::warn!(%error, "The region's clock cannot be moved; tried again.");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
    }
}
