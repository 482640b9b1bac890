//! What can be asked.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use model::Share;
use model::verb::Verb;
use serde::Deserialize;

use crate::api::{Confirmation, History, List};
use crate::desk::{Desk, Page};
use crate::guard::{BODY_BYTES_MAX, Name, Refusal, admit, body, expected, json, tagged};
use crate::metrics::Metrics;
use crate::openapi;
use crate::outlook;
use crate::tokens::{Role, Tokens};

/// Who may use the API.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever has a token.
    Tokens(Tokens),
    /// Anyone may read, nobody may change anything: for a listener on loopback.
    ReadOnly,
}

/// Far beyond any entry's number, and below what JSON numbers hold exactly.
pub(crate) const SEQUENCE_MAX: u64 = 1 << 53;

/// Entries of a page of history unless asked otherwise.
const PAGE_DEFAULT: usize = 100;

#[derive(Clone)]
struct Shared {
    desk: Arc<dyn Desk>,
    metrics: Arc<Metrics>,
    access: Access,
}

type Answer = Result<Response, Refusal>;

/// Everything that is served.
pub fn router(desk: Arc<dyn Desk>, metrics: Arc<Metrics>, access: Access) -> Router {
    let verb = |verb: fn(&Bytes, &HeaderMap) -> Result<Verb, Refusal>| {
        post(move |shared, path, headers, bytes| say(verb, shared, path, headers, bytes))
    };
    Router::new()
        .route("/metrics", get(show_metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/api/v1/openapi.json", get(openapi_document))
        .route("/api/v1/status", get(status))
        .route("/api/v1/configuration/confirm", post(confirm))
        .route("/api/v1/migrations", get(list))
        .route("/api/v1/migrations/{name}", get(detail))
        .route("/api/v1/migrations/{name}/plan", get(plan))
        .route("/api/v1/migrations/{name}/history", get(history))
        .route("/api/v1/migrations/{name}/pause", verb(|b, h| plain(b, h, Verb::Pause)))
        .route("/api/v1/migrations/{name}/resume", verb(|b, h| plain(b, h, Verb::Resume)))
        .route("/api/v1/migrations/{name}/advance", verb(|b, h| plain(b, h, Verb::Advance)))
        .route("/api/v1/migrations/{name}/rollback", verb(|b, h| plain(b, h, Verb::Rollback)))
        .route("/api/v1/migrations/{name}/freeze", verb(|b, h| plain(b, h, Verb::Freeze)))
        .route("/api/v1/migrations/{name}/pin", verb(pin))
        .route("/api/v1/migrations/{name}/release", post(release))
        .fallback(|| async {
            Refusal::new(StatusCode::NOT_FOUND, "there is nothing here; see /api/v1/openapi.json")
        })
        .method_not_allowed_fallback(|| async {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Shared { desk, metrics, access })
}

async fn show_metrics(State(shared): State<Shared>) -> Response {
    let text = shared.metrics.render(&shared.desk.fleet());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(CONTENT_TYPE, kind)], text).into_response()
}

/// Whether the loop is alive, and nothing else: a failing dependency is no reason to be killed.
async fn livez(State(shared): State<Shared>) -> Response {
    let (age, age_max) = (shared.desk.heartbeat_age(), shared.desk.heartbeat_age_max());
    if age <= age_max {
        (StatusCode::OK, "ok\n").into_response()
    } else {
        let message = format!("the loop has given no sign of life for {} s\n", age.as_secs());
        (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
    }
}

/// Whether a configuration was read and the store takes records. A process that stands by for
/// another is ready, or a rolling deployment would wait for itself.
async fn readyz(State(shared): State<Shared>) -> Response {
    let fleet = shared.desk.fleet();
    let daemon = &fleet.daemon;
    let why = match (&daemon.configuration.loaded_at, &daemon.store_problem) {
        (Some(_), None) => return (StatusCode::OK, "ok\n").into_response(),
        (None, _) => "no configuration could be read yet\n".to_owned(),
        (_, Some(problem)) => format!("nothing can be recorded: {problem}\n"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

async fn openapi_document() -> Response {
    json(StatusCode::OK, &openapi::document())
}

async fn status(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    admit(&shared.access, &headers, Role::Viewer)?;
    Ok(json(StatusCode::OK, &shared.desk.fleet().daemon))
}

async fn list(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    admit(&shared.access, &headers, Role::Viewer)?;
    let fleet = shared.desk.fleet();
    let list = List {
        at: fleet.daemon.at,
        items: fleet.migrations.values().map(|detail| detail.summary.clone()).collect(),
        orphans: fleet.orphans.values().cloned().collect(),
    };
    Ok(json(StatusCode::OK, &list))
}

async fn detail(State(shared): State<Shared>, Name(name): Name, headers: HeaderMap) -> Answer {
    admit(&shared.access, &headers, Role::Viewer)?;
    let fleet = shared.desk.fleet();
    let detail = fleet.migrations.get(&name).ok_or_else(|| unknown(&name))?;
    Ok(tagged(detail.as_ref(), &detail.summary.revision))
}

async fn plan(State(shared): State<Shared>, Name(name): Name, headers: HeaderMap) -> Answer {
    admit(&shared.access, &headers, Role::Viewer)?;
    let fleet = shared.desk.fleet();
    let detail = fleet.migrations.get(&name).ok_or_else(|| unknown(&name))?;
    Ok(json(StatusCode::OK, &outlook::of(detail, &fleet.settings)))
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("there is no migration `{name}`"))
}

async fn history(
    State(shared): State<Shared>,
    Name(name): Name,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    admit(&shared.access, &headers, Role::Viewer)?;
    let wanted = Wanted::of(query.as_deref().unwrap_or_default())?;
    let mut entries = shared.desk.history(&name, wanted.page(), wanted.limit()).await?;
    let is_full = entries.len() == wanted.limit();
    // With both words it is what lies between.
    entries.retain(|entry| wanted.before.is_none_or(|before| entry.sequence < before));
    let next = entries.last().filter(|_| is_full && entries.len() == wanted.limit());
    let next = next.map(|entry| entry.sequence);
    Ok(json(StatusCode::OK, &History { entries, next }))
}

/// What a query asks of a history.
#[derive(Default)]
struct Wanted {
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<u64>,
}

impl Wanted {
    fn of(query: &str) -> Result<Self, Refusal> {
        let mut wanted = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let page_max = u64::try_from(store::HISTORY_PAGE_MAX).unwrap_or(u64::MAX);
            let (place, range) = match key {
                "before" => (&mut wanted.before, 1..=SEQUENCE_MAX),
                "after" => (&mut wanted.after, 0..=SEQUENCE_MAX),
                "limit" => (&mut wanted.limit, 1..=page_max),
                _ => return Err(bad_query("the query takes `before`, `after` and `limit`")),
            };
            let number = value.parse().ok().filter(|number| range.contains(number));
            let number = number.ok_or_else(|| {
                let (from, to) = (range.start(), range.end());
                bad_query(format!("`{key}` is a whole number from {from} to {to}"))
            })?;
            if place.replace(number).is_some() {
                return Err(bad_query(format!("give `{key}` once")));
            }
        }
        Ok(wanted)
    }

    fn limit(&self) -> usize {
        self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_DEFAULT)
    }

    fn page(&self) -> Page {
        match self.after {
            Some(after) => Page::After(after),
            None => Page::Before(self.before.unwrap_or(SEQUENCE_MAX)),
        }
    }
}

fn bad_query(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

/// A body with nothing in it: `{}`, or none.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Where to pin.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinAt {
    share: Option<serde_json::Number>,
}

/// A share in parts per thousand. To JSON Schema 250.0 is an integer as well.
fn per_mille(number: &serde_json::Number) -> Option<Share> {
    let whole = number.as_u64().or_else(|| {
        // Adding zero makes -0.0 the same as 0.0.
        let float = number.as_f64()? + 0.0;
        (0..=1000_u16).find(|whole| f64::from(*whole).total_cmp(&float).is_eq()).map(u64::from)
    })?;
    Share::from_per_mille(u16::try_from(whole).ok()?)
}

fn plain(bytes: &Bytes, headers: &HeaderMap, verb: Verb) -> Result<Verb, Refusal> {
    let Nothing {} = body(headers, bytes)?;
    Ok(verb)
}

fn pin(bytes: &Bytes, headers: &HeaderMap) -> Result<Verb, Refusal> {
    let PinAt { share } = body(headers, bytes)?;
    let share = share.as_ref().and_then(per_mille);
    let message = "the body is {\"share\": N} with N parts per thousand from 0 to 1000";
    let share =
        share.ok_or_else(|| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message.to_owned()))?;
    Ok(Verb::Pin { share })
}

async fn say(
    verb: fn(&Bytes, &HeaderMap) -> Result<Verb, Refusal>,
    State(shared): State<Shared>,
    Name(name): Name,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let who = admit(&shared.access, &headers, Role::Operator)?;
    let verb = verb(&bytes, &headers)?;
    let expected = expected(&headers)?;
    let heard = shared.desk.say(&name, verb, &who, expected.as_deref()).await?;
    tracing::info!(migration = name, verb = verb.name(), who, "An operator was heard.");
    Ok(tagged(&heard, &heard.revision))
}

async fn release(
    State(shared): State<Shared>,
    Name(name): Name,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let who = admit(&shared.access, &headers, Role::Operator)?;
    let Nothing {} = body(&headers, &bytes)?;
    let released = shared.desk.release(&name, &who).await?;
    tracing::info!(migration = name, who, "A migration was released.");
    Ok(json(StatusCode::OK, &released))
}

async fn confirm(State(shared): State<Shared>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let who = admit(&shared.access, &headers, Role::Operator)?;
    let Confirmation { names } = body(&headers, &bytes)?;
    shared.desk.confirm(names.clone(), &who).await?;
    tracing::info!(?names, who, "The removal of files was confirmed.");
    Ok(json(StatusCode::OK, &Confirmation { names }))
}
