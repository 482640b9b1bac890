//! Who asks, what they look at, and what they send: read from a request by hand, so that every
//! refusal has a sentence.

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::Problem;
use crate::desk::Refused;
use crate::routes::Access;
use crate::tokens::Role;

/// The largest body there is any use for.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// A request that is not done, with the status that says whose turn it is.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let status = match &refused {
            Refused::NotFound(_) => StatusCode::NOT_FOUND,
            Refused::Conflict(_) => StatusCode::CONFLICT,
            Refused::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, refused.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &Problem { error: self.message });
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer realm=\"ferry\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

/// The migration that a path names.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let message = "the name in the path is not UTF-8 text in percent encoding";
        path.map(|Path(name)| Self(name))
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, message))
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Plain data with string keys has nothing to fail on.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, kind, body).into_response()
}

/// A JSON answer with the revision it shows.
pub(crate) fn tagged(value: &impl Serialize, revision: &str) -> Response {
    let mut response = json(StatusCode::OK, value);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Who asks, if they may.
pub(crate) fn admit(access: &Access, headers: &HeaderMap, needed: Role) -> Result<String, Refusal> {
    let Access::Tokens(tokens) = access else {
        return match needed {
            Role::Viewer => Ok("anyone".to_owned()),
            Role::Operator => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "this daemon has no tokens, so nobody may change anything: start it with `--tokens`",
            )),
        };
    };
    let unknown = |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, message);
    let header = headers.get(AUTHORIZATION);
    let header = header.ok_or_else(|| unknown("send a bearer token in `Authorization`"))?;
    let (scheme, token) = header
        .to_str()
        .ok()
        .and_then(|header| header.split_once(' '))
        .ok_or_else(|| unknown("`Authorization` is `Bearer` and a token"))?;
    let found = scheme.eq_ignore_ascii_case("bearer").then(|| tokens.find(token.trim())).flatten();
    let (role, name) = found.ok_or_else(|| unknown("nobody has this token"))?;
    if role < needed {
        let message = format!("{name} is a viewer, and this takes an operator");
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    Ok(name.to_owned())
}

/// The revision that the asker looked at; `None` for `*`, which speaks blindly.
pub(crate) fn expected(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let missing = "send `If-Match` with the revision you looked at, or `*` to speak blindly";
    let header = headers
        .get(IF_MATCH)
        .ok_or_else(|| Refusal::new(StatusCode::PRECONDITION_REQUIRED, missing))?;
    let bad = || Refusal::new(StatusCode::BAD_REQUEST, "`If-Match` is one quoted revision or `*`");
    let text = header.to_str().map_err(|_| bad())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let revision = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let revision = revision.filter(|text| !text.is_empty() && !text.contains('"'));
    revision.map(|revision| Some(revision.to_owned())).ok_or_else(bad)
}

/// The body as JSON; `Content-Type` must say so wherever there is a body.
pub(crate) fn body<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    bytes: &Bytes,
) -> Result<T, Refusal> {
    if bytes.is_empty() {
        return Ok(T::default());
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let message = "send the body as `Content-Type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let unreadable = |error: serde_json::Error| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))
    };
    let value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
    // A list would pass for an object whose fields it names in order.
    if !value.is_object() {
        let message = "the body is a JSON object".to_owned();
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    serde_json::from_value(value).map_err(|error| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("the body: {error}"))
    })
}
