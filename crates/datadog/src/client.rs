//! Calls over HTTPS: keys, limits, and what an answer that is no answer means.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud::{Clock, Error, ErrorKind, Result};
use model::{Span, Time};
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};
use serde::de::DeserializeOwned;

use crate::keys::Keys;

/// Where an organisation is, such as `datadoghq.eu`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site(Url);

/// What is no site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no Datadog site: write one such as `datadoghq.eu`, or a URL")]
pub struct SiteError(String);

impl FromStr for Site {
    type Err = SiteError;

    /// A site as in `DD_SITE`, whose API is at `api.` before it, or the URL of an API.
    fn from_str(text: &str) -> std::result::Result<Self, SiteError> {
        let text = text.trim();
        let url =
            if text.contains("://") { text.to_owned() } else { format!("https://api.{text}") };
        let wrong = || SiteError(text.to_owned());
        let url = Url::parse(&url).map_err(|_| wrong())?;
        let is_http = matches!(url.scheme(), "http" | "https");
        let is_host = url.host_str().is_some_and(|host| host != "api.");
        if is_http && is_host { Ok(Self(url)) } else { Err(wrong()) }
    }
}

impl Default for Site {
    fn default() -> Self {
        // The first site, which `DD_SITE` stands for when it is not set.
        Self("https://api.datadoghq.com".parse().unwrap_or_else(|_| unreachable!()))
    }
}

/// A connection that is not there by now will not be.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Queries of a day take up to some seconds.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Until when nothing is asked where an answer says "too many" and not until when.
const PAUSE: Span = Span::from_secs(60);
/// No pause that a header asks for is believed beyond this.
const PAUSE_MAX: Span = Span::from_hours(1);
/// The longest part of a foreign text that is shown.
const SHOWN_MAX: usize = 200;

pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    keys: Keys,
    clock: Arc<dyn Clock>,
    /// Until when the organisation's limit is spent.
    pause: Mutex<Option<Time>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// What an error answer says.
#[derive(serde::Deserialize)]
struct Complaint {
    #[serde(default)]
    errors: Vec<String>,
}

impl Client {
    pub(crate) fn new(
        site: &Site,
        keys: &Keys,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Self, String> {
        // A second installation in one process is refused and changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("ferry/", env!("CARGO_PKG_VERSION")))
            // Keys must not go elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        if site.0.scheme() == "http" {
            // Without TLS no certificates are needed, and an image may have none.
            builder = builder.tls_certs_only(std::iter::empty()).no_proxy();
        }
        let http = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { http, base: site.0.clone(), keys: keys.clone(), clock, pause: Mutex::new(None) })
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Asks for `path` with `parameters`.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<T> {
        self.wait_over(operation)?;
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self
            .http
            .get(url)
            .header("DD-API-KEY", self.keys.api.clone())
            .header("DD-APPLICATION-KEY", self.keys.application.clone())
            .query(parameters);
        let unreachable = |error: reqwest::Error| {
            let message = format!("{}: {}", self.base, root_cause(&error.without_url()));
            Error::new(ErrorKind::Unreachable, operation, message)
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        self.note_limits(status, answer.headers());
        let body = answer.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(refused(operation, status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| {
            let message = format!("{} answered with something else: {error}", self.base);
            Error::new(ErrorKind::Unreachable, operation, message)
        })
    }

    /// Whether the limit's pause is over. What would be refused is not asked: it counts as well.
    fn wait_over(&self, operation: &'static str) -> Result<()> {
        let pause = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        match pause {
            Some(until) if self.now() < until => {
                let message = format!("the organisation's rate limit is spent until {until}");
                Err(Error::new(ErrorKind::Throttled, operation, message))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A pause begins with a 429, and with the last call that a period had.
    fn note_limits(&self, status: StatusCode, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = number("x-ratelimit-reset").map(Span::from_secs);
        let is_last = number("x-ratelimit-remaining") == Some(0);
        if status == StatusCode::TOO_MANY_REQUESTS || (is_last && reset.is_some()) {
            let until = self.now() + reset.unwrap_or(PAUSE).min(PAUSE_MAX);
            *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
    }
}

fn refused(operation: &'static str, status: StatusCode, body: &[u8]) -> Error {
    let said = serde_json::from_slice::<Complaint>(body).map(|it| it.errors.join("; "));
    let said = shown(&said.unwrap_or_default());
    let (kind, remedy) = match status {
        StatusCode::TOO_MANY_REQUESTS => (ErrorKind::Throttled, "asked again after the reset"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
            ErrorKind::Denied,
            "check DD_API_KEY, DD_APP_KEY and DD_SITE; the application key needs the scopes \
             timeseries_query and slos_read",
        ),
        StatusCode::NOT_FOUND => (ErrorKind::NotFound, "check the id and DD_SITE"),
        _ if status.is_client_error() => (ErrorKind::Invalid, "check the query"),
        _ => (ErrorKind::Unreachable, "asked again"),
    };
    let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
    Error::new(kind, operation, format!("Datadog answered {}{said}; {remedy}", status.as_u16()))
}

/// A foreign text that cannot flood a log.
pub(crate) fn shown(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(SHOWN_MAX).collect::<String>().trim().to_owned()
}

/// The innermost reason, which says what happened and not where it was noticed.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_name_or_a_url() {
        let api = |text: &str| text.parse::<Site>().map(|site| site.0.to_string());
        assert_eq!(api("datadoghq.eu"), Ok("https://api.datadoghq.eu/".to_owned()));
        assert_eq!(api(" us5.datadoghq.com\n"), Ok("https://api.us5.datadoghq.com/".to_owned()));
        assert_eq!(api("http://127.0.0.1:4566"), Ok("http://127.0.0.1:4566/".to_owned()));
        for wrong in ["", "ftp://x", "datadoghq com"] {
            assert!(api(wrong).is_err(), "{wrong:?} is {:?}", api(wrong));
        }
        assert_eq!(Site::default().0.as_str(), "https://api.datadoghq.com/");
    }
}
