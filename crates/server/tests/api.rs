//! Who may ask what, and what is said to what cannot be done.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use model::verb::Verb;
use serde_json::{Value, json};
use server::api::{Heard, Released};
use server::{Access, Desk, Fleet, Metrics, Page, Refused, Tokens, document, router};
use tower::ServiceExt as _;

const VIEWER: &str = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";
const OPERATOR: &str = "oooooooooooooooooooooooooooooooooooooooooooooooo";

/// A daemon of one migration at revision `1-00000000000000aa`.
struct Fake {
    fleet: Fleet,
    silent_for: Duration,
}

const REVISION: &str = "1-00000000000000aa";

#[async_trait]
impl Desk for Fake {
    fn fleet(&self) -> Arc<Fleet> {
        Arc::new(self.fleet.clone())
    }

    fn heartbeat_age(&self) -> Duration {
        self.silent_for
    }

    fn heartbeat_age_max(&self) -> Duration {
        Duration::from_secs(90)
    }

    async fn history(
        &self,
        name: &str,
        _page: Page,
        _limit: usize,
    ) -> Result<Vec<store::Numbered>, Refused> {
        known(name).map(|()| Vec::new())
    }

    async fn say(
        &self,
        name: &str,
        verb: Verb,
        who: &str,
        expected: Option<&str>,
    ) -> Result<Heard, Refused> {
        known(name)?;
        if expected.is_some_and(|expected| expected != REVISION) {
            return Err(Refused::Conflict(format!("it is at {REVISION}: look again")));
        }
        let message = format!("{who}: {verb}");
        Ok(Heard { name: name.to_owned(), revision: REVISION.to_owned(), message })
    }

    async fn release(&self, name: &str, _who: &str) -> Result<Released, Refused> {
        known(name).map(|()| Released::default())
    }

    async fn confirm(&self, names: BTreeSet<String>, _who: &str) -> Result<(), Refused> {
        if names.contains("gone") {
            Ok(())
        } else {
            Err(Refused::Conflict("nothing waits for it".to_owned()))
        }
    }
}

fn known(name: &str) -> Result<(), Refused> {
    if name == "api" {
        Ok(())
    } else {
        Err(Refused::NotFound(format!("there is no migration `{name}`")))
    }
}

fn access() -> Access {
    let text = format!("viewer eve {VIEWER}\noperator bob {OPERATOR}\n");
    Access::Tokens(Tokens::parse(&text).unwrap())
}

fn service(access: Access, silent_for: Duration) -> Router {
    let desk = Fake { fleet: Fleet::default(), silent_for };
    router(Arc::new(desk), Arc::new(Metrics::new("0", &[], &[], true)), access)
}

/// What is asked, with headers, and what is answered.
async fn ask(
    access: Access,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = service(access, Duration::ZERO).oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

const PAUSE: &str = "/api/v1/migrations/api/pause";
const PIN: &str = "/api/v1/migrations/api/pin";

#[tokio::test]
async fn reading_takes_a_token_and_changing_takes_an_operators() {
    let list = "/api/v1/migrations";
    for (token, status) in [
        (None, 401),
        (Some("Bearer wrong"), 401),
        (Some("Basic abc"), 401),
        (Some("Bearer"), 401),
        (Some(bearer(VIEWER).as_str()), 200),
        (Some(bearer(OPERATOR).as_str()), 200),
    ] {
        let headers: Vec<_> = token.iter().map(|token| ("authorization", *token)).collect();
        let (found, answer) = ask(access(), "GET", list, &headers, "").await;
        assert_eq!(found.as_u16(), status, "{token:?}: {answer}");
        assert!(status == 200 || answer["error"].as_str().is_some_and(|said| said.len() > 10));
    }
    for (token, status) in [(None, 401), (Some(VIEWER), 403), (Some(OPERATOR), 200)] {
        let token = token.map(bearer);
        let mut headers = vec![("if-match", "*")];
        headers.extend(token.iter().map(|token| ("authorization", token.as_str())));
        let (found, answer) = ask(access(), "POST", PAUSE, &headers, "").await;
        assert_eq!(found.as_u16(), status, "{answer}");
    }
}

#[tokio::test]
async fn without_tokens_anyone_reads_and_nobody_changes() {
    let (found, _) = ask(Access::ReadOnly, "GET", "/api/v1/status", &[], "").await;
    assert_eq!(found, StatusCode::OK);
    let (found, answer) = ask(Access::ReadOnly, "POST", PAUSE, &[("if-match", "*")], "").await;
    assert_eq!(found, StatusCode::FORBIDDEN);
    assert!(answer["error"].as_str().unwrap().contains("--tokens"));
}

#[tokio::test]
async fn each_bad_request_has_its_status_and_a_sentence() {
    let token = bearer(OPERATOR);
    let json_body = ("content-type", "application/json");
    let any = ("if-match", "*");
    let stale = ("if-match", "\"1-0000000000000000\"");
    let large = format!("{{\"share\": {}1}}", " ".repeat(70_000));
    for (method, path, headers, body, status) in [
        ("POST", PAUSE, vec![], "", 428),
        ("POST", PAUSE, vec![("if-match", "1-aa")], "", 400),
        ("POST", PAUSE, vec![stale], "", 409),
        ("POST", PAUSE, vec![("if-match", "\"1-00000000000000aa\"")], "", 200),
        ("POST", PAUSE, vec![any, json_body], "{}", 200),
        ("POST", PAUSE, vec![any, json_body], "{\"why\": 1}", 422),
        ("POST", PAUSE, vec![any, json_body], "{", 400),
        ("POST", PAUSE, vec![any], "{}", 415),
        ("POST", PIN, vec![any, json_body], "{\"share\": 100}", 200),
        ("POST", PIN, vec![any, json_body], "{\"share\": 100.0}", 200),
        ("POST", PIN, vec![any, json_body], "{\"share\": 99.5}", 422),
        ("POST", PIN, vec![any, json_body], "{\"share\": 1001}", 422),
        ("POST", PIN, vec![any, json_body], "{\"share\": -1}", 422),
        ("POST", PIN, vec![any, json_body], "{\"share\": \"10%\"}", 422),
        ("POST", PIN, vec![any], "", 422),
        ("POST", PIN, vec![any, json_body], large.as_str(), 413),
        ("POST", "/api/v1/migrations/none/pause", vec![any], "", 404),
        ("GET", "/api/v1/migrations/none", vec![], "", 404),
        ("GET", "/api/v1/migrations/%ff", vec![], "", 400),
        ("POST", "/api/v1/migrations/%ff/pause", vec![any], "", 400),
        ("GET", "/api/v1/migrations/none/plan", vec![], "", 404),
        ("GET", "/api/v1/migrations/none/history", vec![], "", 404),
        ("GET", "/api/v1/migrations/api/history?limit=0", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?limit=1001", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?after=-1", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?page=2", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?before=0", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?before=newest", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?before=9007199254740993", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?limit=1&limit=2", vec![], "", 400),
        ("GET", "/api/v1/migrations/api/history?before=9&after=3", vec![], "", 200),
        ("GET", "/api/v1/migrations/api/history?after=0", vec![], "", 200),
        ("GET", "/api/v1/migrations/api/history?before=9&limit=10", vec![], "", 200),
        ("GET", "/api/v1/migrations/api/history?after=3&limit=10", vec![], "", 200),
        ("GET", PAUSE, vec![], "", 405),
        ("DELETE", "/api/v1/migrations/api", vec![], "", 405),
        ("GET", "/api/v2", vec![], "", 404),
        ("POST", "/api/v1/migrations/api/release", vec![json_body], "[]", 422),
        ("POST", "/api/v1/configuration/confirm", vec![json_body], "{\"names\": [\"x\"]}", 409),
        ("POST", "/api/v1/configuration/confirm", vec![json_body], "{\"names\": [\"gone\"]}", 200),
    ] {
        let mut headers = headers;
        headers.push(("authorization", token.as_str()));
        let (found, answer) = ask(access(), method, path, &headers, body).await;
        let sent = &body[..body.len().min(40)];
        assert_eq!(found.as_u16(), status, "{method} {path} {sent}: {answer}");
        if status >= 400 && status != 413 {
            let said = answer["error"].as_str().unwrap_or_default();
            assert!(said.len() > 10, "{method} {path}: {answer}");
        }
    }
}

#[tokio::test]
async fn the_operator_is_named_by_the_token_and_not_by_the_request() {
    let token = bearer(OPERATOR);
    let headers = [("if-match", "*"), ("authorization", token.as_str()), ("x-user", "mallory")];
    let (_, answer) = ask(access(), "POST", PAUSE, &headers, "").await;
    assert!(answer["message"].as_str().unwrap().starts_with("bob: "), "{answer}");
    assert_eq!(answer["revision"], json!(REVISION));
}

#[tokio::test]
async fn a_loop_without_a_sign_of_life_is_not_alive() {
    for (silent_for, status) in [(0, StatusCode::OK), (91, StatusCode::SERVICE_UNAVAILABLE)] {
        let service = service(access(), Duration::from_secs(silent_for));
        let request = Request::get("/livez").body(Body::empty()).unwrap();
        assert_eq!(service.oneshot(request).await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn what_has_read_no_configuration_is_not_ready() {
    let (found, answer) = ask(access(), "GET", "/readyz", &[], "").await;
    assert_eq!(found, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
}

/// Every path of the document is served, with the methods it names, and none of them by GET that
/// the document says changes something.
#[tokio::test]
async fn the_document_names_what_is_served() {
    let document = document();
    let token = bearer(OPERATOR);
    let headers = [("authorization", token.as_str()), ("if-match", "*")];
    for (path, operations) in document["paths"].as_object().unwrap() {
        let served = path.replace("{name}", "api");
        for method in ["GET", "POST"] {
            let (found, _) = ask(access(), method, &served, &headers, "").await;
            let named = operations.get(method.to_lowercase()).is_some();
            let is_served = found != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(is_served, named, "{method} {path}: {found}");
            let codes = operations[method.to_lowercase().as_str()]["responses"].clone();
            assert!(!named || codes.get(found.as_str()).is_some(), "{method} {path}: {found}");
        }
    }
}
