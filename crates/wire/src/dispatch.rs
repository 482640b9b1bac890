//! Which service and operation a request is for, and who sent it.

use bytes::Bytes;
use http::{HeaderMap, Request};

use crate::input::Node;
use crate::protocol::{Protocol, cbor, form, json, xml};
use crate::refusal::Refusal;
use crate::service::{CLOUDWATCH_SERVICE, Service};

/// A request as far as its head tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) service: Service,
    pub(crate) protocol: Protocol,
    /// The operation; empty where a path of Route 53 says it, which its own module knows.
    pub(crate) operation: String,
}

/// Who signed a request, as the credential scope says; the signature itself is not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) access_key: String,
    pub(crate) region: String,
    /// The service that the request was signed for.
    pub(crate) service: String,
}

/// The version that begins Route 53's paths.
pub(crate) const ROUTE53_PATH: &str = "/2013-04-01/";

/// What the head of a request says; `None` where it is no request of any service here.
pub(crate) fn heading(request: &Request<Bytes>, pairs: &[(String, String)]) -> Option<Heading> {
    let path = request.uri().path();
    if let Some(rest) = path.strip_prefix("/service/") {
        let (service, operation) = rest.split_once("/operation/")?;
        return (service == CLOUDWATCH_SERVICE).then(|| Heading {
            service: Service::CloudWatch,
            protocol: Protocol::Cbor,
            operation: operation.to_owned(),
        });
    }
    if let Some(target) = text(request.headers(), "x-amz-target") {
        let (prefix, operation) = target.split_once('.')?;
        let service = Service::ALL.into_iter().find(|it| it.target_prefix() == Some(prefix))?;
        let content = text(request.headers(), "content-type").unwrap_or_default();
        let protocol =
            if content.contains("json-1.0") { Protocol::Json10 } else { Protocol::Json11 };
        return Some(Heading { service, protocol, operation: operation.to_owned() });
    }
    if path.starts_with(ROUTE53_PATH) {
        let (service, protocol) = (Service::Route53, Protocol::RestXml);
        return Some(Heading { service, protocol, operation: String::new() });
    }
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, it)| it.as_str());
    let operation = value("Action")?.to_owned();
    let version = value("Version");
    let by_version = Service::ALL
        .into_iter()
        .find(|it| it.form_version().is_some() && it.form_version() == version);
    // Where the version says nothing known, the signature does.
    let by_scope = || {
        let scope = signer(request, pairs)?.service;
        Service::ALL.into_iter().find(|it| it.form_version().is_some() && it.name() == scope)
    };
    let service = by_version.or_else(by_scope)?;
    Some(Heading { service, protocol: Protocol::Query, operation })
}

/// The parameters of a request: those of a form, or those behind the path's `?`.
pub(crate) fn parameters(request: &Request<Bytes>) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs = form::pairs(request.uri().query().unwrap_or_default())?;
    let content = text(request.headers(), "content-type").unwrap_or_default();
    if content.starts_with("application/x-www-form-urlencoded") {
        let body = std::str::from_utf8(request.body())
            .map_err(|_| Refusal::serialization("the form is not UTF-8"))?;
        pairs.extend(form::pairs(body)?);
    }
    Ok(pairs)
}

/// The body as the protocol writes it.
pub(crate) fn body(
    request: &Request<Bytes>,
    protocol: Protocol,
    pairs: &[(String, String)],
) -> Result<Node, Refusal> {
    match protocol {
        Protocol::Json10 | Protocol::Json11 => json::read(request.body()),
        Protocol::Cbor => cbor::read(request.body()),
        Protocol::Query => form::read(pairs),
        Protocol::RestXml => xml::read(request.body()),
    }
}

/// Who signed a request, in its head or in its address.
pub(crate) fn signer(request: &Request<Bytes>, pairs: &[(String, String)]) -> Option<Signer> {
    let header = text(request.headers(), "authorization").and_then(|header| {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let credential = rest.split_once("Credential=")?.1;
        Some(credential.split([',', ' ']).next().unwrap_or_default())
    });
    let parameter =
        || pairs.iter().find(|(key, _)| key == "X-Amz-Credential").map(|(_, value)| value.as_str());
    let scope: Vec<&str> = header.or_else(parameter)?.split('/').collect();
    match scope.as_slice() {
        [access_key, _date, region, service, "aws4_request"] if !access_key.is_empty() => {
            Some(Signer {
                access_key: (*access_key).to_owned(),
                region: (*region).to_owned(),
                service: (*service).to_owned(),
            })
        }
        _ => None,
    }
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
