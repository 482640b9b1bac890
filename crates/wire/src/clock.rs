//! The region's own addresses: its clock with `GET /_region/clock` and `POST /_region/advance`, and
//! with `GET /_region/journal` what was changed in it, by whom and how that went.
//!
//! Whoever moves the clock so is in lockstep with it: nothing happens in the region between two
//! advances.

use std::str::FromStr as _;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use model::{Span, Time};
use region::SimulatedCloud;
use serde_json::{Value, json};

use crate::protocol::put;

/// What begins the addresses that are the region's own.
pub(crate) const PATH: &str = "/_region/";
const NOTHING_ELSE: &str = "there are /_region/clock, /_region/advance and /_region/journal";
/// A single advance passes at most this much time.
const ADVANCE_MAX: Span = Span::from_days(366);

/// Answers a request at one of the region's own addresses.
pub(crate) fn answer(request: &Request<Bytes>, region: &SimulatedCloud) -> Response<Bytes> {
    let path = request.uri().path().trim_start_matches(PATH);
    match (request.method(), path) {
        (&Method::GET, "clock") => now(region),
        (&Method::POST, "advance") => advance(request, region),
        (&Method::GET, "journal") => journal(region),
        (_, "clock" | "advance" | "journal") => {
            let problem = "use GET for the clock and the journal, and POST for advance";
            refuse(StatusCode::METHOD_NOT_ALLOWED, problem)
        }
        _ => refuse(StatusCode::NOT_FOUND, NOTHING_ELSE),
    }
}

fn now(region: &SimulatedCloud) -> Response<Bytes> {
    let now = region.with(|region| region.now());
    respond(StatusCode::OK, &json!({"now": now}))
}

/// Marks and rules of EventBridge are not in it: they are kept by who serves them.
fn journal(region: &SimulatedCloud) -> Response<Bytes> {
    let entries = region.with(|region| json!({"entries": region.journal().entries()}));
    respond(StatusCode::OK, &entries)
}

fn advance(request: &Request<Bytes>, region: &SimulatedCloud) -> Response<Bytes> {
    let body: Option<Value> = serde_json::from_slice(request.body()).ok();
    let until = body.as_ref().and_then(|body| body.get("until")?.as_str());
    let Some(until) = until.and_then(|until| Time::from_str(until).ok()) else {
        let problem = "send {\"until\": TIME} with an RFC 3339 time, such as 2026-01-05T00:01:00Z";
        return refuse(StatusCode::BAD_REQUEST, problem);
    };
    if until.since(region.with(|region| region.now())) > ADVANCE_MAX {
        let problem = "advance by at most 366 days at a time";
        return refuse(StatusCode::BAD_REQUEST, problem);
    }
    pass(region, until);
    now(region)
}

/// Lets time pass, minute by minute so that nobody waits long for the region.
pub(crate) fn pass(region: &SimulatedCloud, until: Time) {
    loop {
        let is_there = region.with(|region| {
            let next = until.min(region.now() + Span::from_mins(1));
            region.advance_to(next);
            region.forget_truth_before(next.minute());
            next >= until
        });
        if is_there {
            break;
        }
    }
}

fn refuse(status: StatusCode, problem: &str) -> Response<Bytes> {
    respond(status, &json!({"error": problem}))
}

fn respond(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    put(&mut response, "content-type", "application/json");
    response
}
