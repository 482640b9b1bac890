//! Asking a daemon over HTTP.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, ETAG, HeaderValue, IF_MATCH};
use reqwest::{Method, Request, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::api::{Detail, Problem};
use tokio::runtime::Runtime;

use crate::cli::Server;
use crate::output::{Failure, plain, read};

/// Longer than any answer takes, short enough that a person still waits for the sentence.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A daemon in reach accepts within a round trip; a dropped packet is sent again after 1 s and 3 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Far more than a page of history or a list of a thousand migrations.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Longer than any token of the daemon: a longer one is another file.
const TOKEN_BYTES_MAX: usize = 512;

/// A daemon and who asks it.
pub(crate) struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    base: Url,
    token: Option<HeaderValue>,
}

impl Client {
    /// Reads address and token; nothing is sent yet.
    pub(crate) fn new(server: &Server) -> Result<Self, Failure> {
        let token = token(server.token_file.as_deref())?;
        Self::with(&server.server, token, TIMEOUT)
    }

    /// For what takes no token and must answer within `timeout`.
    pub(crate) fn anonymous(server: &Server, timeout: Duration) -> Result<Self, Failure> {
        Self::with(&server.server, None, timeout)
    }

    fn with(url: &str, token: Option<HeaderValue>, timeout: Duration) -> Result<Self, Failure> {
        let base = address(url)?;
        // A second installation in one process is refused and changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("ferry/", env!("CARGO_PKG_VERSION")))
            // A POST must not silently turn into a GET, nor a token go elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout);
        if base.scheme() == "http" {
            // Without TLS no certificates are needed, and an image may have none.
            builder = builder.tls_certs_only(std::iter::empty());
        }
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let cannot = |error: &dyn Error| {
            Failure::Unreachable(format!("cannot prepare to ask {base}: {}", root_cause(error)))
        };
        let http = builder.build().map_err(|error| cannot(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot(&error))?;
        Ok(Self { runtime, http, base, token })
    }

    /// Reads what stands at `path`.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        let request = self.http.get(self.url(path)).query(query).build();
        self.answer(request).and_then(|answer| answer.read(&self.base))
    }

    /// A migration, and the revision that a word about it refers to.
    pub(crate) fn detail(&self, name: &str) -> Result<(Detail, String), Failure> {
        let request = self.http.get(self.url(&["api", "v1", "migrations", name])).build();
        let answer = self.answer(request)?;
        let tag = answer.tag.clone().ok_or_else(|| {
            foreign(&self.base, "it answers without the revision (`ETag`) of what it shows")
        })?;
        Ok((answer.read(&self.base)?, tag))
    }

    /// Asks for a change; `if_match` is the `ETag` that was looked at, or `*`.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
        if_match: Option<&str>,
    ) -> Result<T, Failure> {
        let mut request = self.http.request(Method::POST, self.url(path)).json(body);
        if let Some(tag) = if_match {
            request = request.header(IF_MATCH, tag);
        }
        self.answer(request.build()).and_then(|answer| answer.read(&self.base))
    }

    /// What a path answers, whatever the status.
    pub(crate) fn text(&self, path: &[&str]) -> Result<(StatusCode, String), Failure> {
        let answer = self.send(self.http.get(self.url(path)).build())?;
        Ok((answer.status, String::from_utf8_lossy(&answer.body).into_owned()))
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, span: Duration) {
        // Inside `block_on`, because a sleep belongs to a runtime from its creation.
        self.runtime.block_on(async { tokio::time::sleep(span).await });
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // A name with a slash or a dot stays one segment: it is encoded.
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// An answer that is one: everything else has become a failure.
    fn answer(&self, request: reqwest::Result<Request>) -> Result<Answer, Failure> {
        let answer = self.send(request)?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refusal(&answer)) }
    }

    fn send(&self, request: reqwest::Result<Request>) -> Result<Answer, Failure> {
        let mut request = request
            .map_err(|error| Failure::bad_input(format!("--server: {}", root_cause(&error))))?;
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        let sent = self.runtime.block_on(async {
            let response = self.http.execute(request).await.map_err(Trouble::Http)?;
            Answer::receive(response).await
        });
        sent.map_err(|trouble| self.unreachable(&trouble))
    }

    fn unreachable(&self, trouble: &Trouble) -> Failure {
        let base = &self.base;
        match trouble {
            Trouble::Http(error) if error.is_timeout() => Failure::Unreachable(format!(
                "{base} did not answer in time; is a daemon there, and may this machine reach it?"
            )),
            Trouble::Http(error) => Failure::Unreachable(format!(
                "cannot reach {base}: {}; start the daemon with `ferry run`, or say where it is \
                 with `--server` or FERRY_SERVER",
                root_cause(error)
            )),
            Trouble::TooLong => foreign(base, "the answer is longer than any of a daemon"),
        }
    }

    /// A status that is no success, as a sentence and an exit code: whose turn is it?
    fn refusal(&self, answer: &Answer) -> Failure {
        let status = answer.status;
        let Ok(Problem { error }) = serde_json::from_slice(&answer.body) else {
            return foreign(&self.base, &format!("it answers {status}, and not as a daemon does"));
        };
        let error = plain(&error);
        match status {
            StatusCode::UNAUTHORIZED => Failure::bad_input(format!(
                "{} asks for a token: {error}; give one in FERRY_TOKEN or with `--token-file FILE`",
                self.base
            )),
            StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::CONFLICT
            | StatusCode::PRECONDITION_REQUIRED => Failure::Refused(error),
            status if status.is_client_error() => Failure::bad_input(error),
            _ => Failure::Unreachable(format!("{} cannot at present: {error}", self.base)),
        }
    }
}

/// Why there is no answer.
enum Trouble {
    Http(reqwest::Error),
    TooLong,
}

/// What came back.
struct Answer {
    status: StatusCode,
    tag: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    async fn receive(mut response: Response) -> Result<Self, Trouble> {
        let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        let (status, tag) = (response.status(), tag.map(str::to_owned));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Trouble::Http)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(Trouble::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, tag, body })
    }

    fn read<T: DeserializeOwned>(&self, base: &Url) -> Result<T, Failure> {
        serde_json::from_slice(&self.body)
            .map_err(|error| foreign(base, &format!("this version cannot read it: {error}")))
    }
}

/// Something answers, but not as a daemon of this version.
fn foreign(base: &Url, why: &str) -> Failure {
    Failure::Unreachable(format!(
        "{base} gave an unexpected answer: {why}; check `--server` and that the daemon has the \
         version of this command"
    ))
}

fn address(url: &str) -> Result<Url, Failure> {
    let bad = |why: &str| Failure::bad_input(format!("--server: {why}"));
    let base = Url::parse(url)
        .map_err(|error| bad(&format!("{error}; write one such as http://127.0.0.1:9180")))?;
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
        return Err(bad("write an address that begins with http:// or https://"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(bad("no name or password in an address; give a token in FERRY_TOKEN"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(bad("the address ends before `?` and `#`"));
    }
    Ok(base)
}

fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The token as a header, from the file that was named or else from the environment. No failure
/// shows any of it.
fn token(file: Option<&Path>) -> Result<Option<HeaderValue>, Failure> {
    let (place, text) = match file {
        Some(path) => (path.display().to_string(), read(path)?),
        None => match std::env::var("FERRY_TOKEN") {
            Ok(text) => ("FERRY_TOKEN".to_owned(), text),
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(Failure::bad_input("FERRY_TOKEN: is not a token"));
            }
        },
    };
    let text = text.trim();
    if text.is_empty() && file.is_none() {
        return Ok(None);
    }
    let is_one = !text.is_empty()
        && text.len() <= TOKEN_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    let header = is_one.then(|| HeaderValue::from_str(&format!("Bearer {text}")).ok()).flatten();
    let mut header = header.ok_or_else(|| {
        Failure::bad_input(format!("{place}: holds one token and nothing else, without spaces"))
    })?;
    header.set_sensitive(true);
    Ok(Some(header))
}

/// The innermost reason: what wraps it repeats the address.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
