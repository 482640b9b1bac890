//! Datadog: counts of requests as an agent beside each task reports them, and SLOs over them.
//!
//! There are the metrics `requests`, `slow`, `errors` and `good`, with the tags `application` and
//! `env`: the cluster on EC2's side, the cluster with `-fargate` on the other. The queries and
//! SLOs that the region's file names as objectives are answered as well.

mod count;
mod query;
mod slo;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::dispatch::text;
use crate::protocol::{form, put};
use crate::rates::DATADOG;
use crate::refusal::{Code, Refusal};
use crate::world::World;

/// What begins the addresses that are Datadog's.
pub(crate) const PATH: &str = "/api/v1/";

/// An answer, or a status with what is wrong.
type Answer = Result<Value, (StatusCode, String)>;

/// Answers a request; `None` where the reply is lost.
pub(crate) fn answer(world: &mut World<'_>, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let path = request.uri().path().trim_start_matches(PATH).trim_end_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let is_validation = parts == ["validate"];
    if let Err(problem) = check_keys(request, is_validation) {
        return Some(respond(StatusCode::FORBIDDEN, &errors(problem)));
    }
    let limit = world.state.datadog.count(world.now);
    if limit.0.is_none() && world.region.rate_limits() {
        let body = errors("Too many requests");
        return Some(limited(respond(StatusCode::TOO_MANY_REQUESTS, &body), limit));
    }
    let pairs = form::pairs(request.uri().query().unwrap_or_default());
    let Ok(pairs) = pairs else {
        let body = errors("The query string is not escaped as one is");
        return Some(respond(StatusCode::BAD_REQUEST, &body));
    };
    let parameter = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| bad(format!("Missing required parameter: {name}")))
    };
    let answer = match (request.method(), parts.as_slice()) {
        (&Method::GET, ["validate"]) => Ok(json!({"valid": true})),
        (&Method::GET, ["query"]) => at_border(world, "datadog:query").and_then(|()| {
            let span = (seconds(parameter("from")?)?, seconds(parameter("to")?)?);
            query::answer(world, parameter("query")?, span)
        }),
        (&Method::GET, ["slo", id]) => {
            at_border(world, "datadog:slo").and_then(|()| slo::describe(world, id))
        }
        (&Method::GET, ["slo", id, "history"]) => {
            at_border(world, "datadog:sloHistory").and_then(|()| {
                let span = (seconds(parameter("from_ts")?)?, seconds(parameter("to_ts")?)?);
                slo::history(world, id, span)
            })
        }
        _ => Err((
            StatusCode::NOT_FOUND,
            "This region has validate, query, slo/ID and slo/ID/history of Datadog".to_owned(),
        )),
    };
    let response = match answer {
        Ok(body) => respond(StatusCode::OK, &body),
        Err((status, problem)) if status == LOST => {
            // What was lost says nothing.
            drop(problem);
            return None;
        }
        Err((status, problem)) => respond(status, &errors(&problem)),
    };
    Some(limited(response, limit))
}

/// Stands for a reply that does not come: no client ever sees it.
const LOST: StatusCode = StatusCode::GATEWAY_TIMEOUT;

/// Keys are checked for being there; Datadog wants both but to validate the first.
fn check_keys(request: &Request<Bytes>, is_validation: bool) -> Result<(), &'static str> {
    let is_there = |name: &str| text(request.headers(), name).is_some_and(|key| !key.is_empty());
    if !is_there("dd-api-key") || !(is_validation || is_there("dd-application-key")) {
        return Err("Forbidden");
    }
    Ok(())
}

/// Brings a call to the region's border.
fn at_border(world: &mut World<'_>, operation: &'static str) -> Result<(), (StatusCode, String)> {
    world.look(operation).map_err(|Refusal { code, message, .. }| {
        let status = match code {
            Code::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Code::Denied => StatusCode::FORBIDDEN,
            Code::Lost => LOST,
            Code::Exactly(..)
            | Code::Invalid
            | Code::Missing
            | Code::Serialization
            | Code::UnknownOperation
            | Code::Limit
            | Code::NotFound
            | Code::Conflict
            | Code::Busy
            | Code::NoSignature
            | Code::WrongRegion
            | Code::Expired
            | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, message)
    })
}

fn bad(problem: impl Into<String>) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, problem.into())
}

fn seconds(text: &str) -> Result<i64, (StatusCode, String)> {
    text.parse().map_err(|_| bad(format!("`{text}` is no time in seconds since the epoch")))
}

fn errors(problem: &str) -> Value {
    json!({"errors": [problem]})
}

fn respond(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    put(&mut response, "content-type", "application/json");
    response
}

/// The same with what is left of the period's calls.
fn limited(mut response: Response<Bytes>, (left, reset): (Option<u32>, u64)) -> Response<Bytes> {
    let (most, period) = DATADOG;
    put(&mut response, "x-ratelimit-limit", &most.to_string());
    put(&mut response, "x-ratelimit-period", &period.to_string());
    put(&mut response, "x-ratelimit-remaining", &left.unwrap_or(0).to_string());
    put(&mut response, "x-ratelimit-reset", &reset.to_string());
    response
}
