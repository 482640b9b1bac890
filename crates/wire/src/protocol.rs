//! The protocols: bytes to a request's tree, an answer's tree to bytes.

pub(crate) mod cbor;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod xml;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::refusal::Refusal;
use crate::service::Service;
use crate::value::{Fields, Value};

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `application/x-amz-json-1.0`.
    Json10,
    /// `application/x-amz-json-1.1`.
    Json11,
    /// A form, answered in XML.
    Query,
    /// Paths and XML.
    RestXml,
    /// `smithy-protocol: rpc-v2-cbor`.
    Cbor,
}

/// What an operation answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) body: Fields,
    /// Members that travel as headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// 200 where it is nothing else.
    pub(crate) status: Option<u16>,
}

impl From<Fields> for Answer {
    fn from(body: Fields) -> Self {
        Self { body, headers: Vec::new(), status: None }
    }
}

/// Which call an answer belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Called<'a> {
    pub(crate) service: Service,
    pub(crate) protocol: Protocol,
    pub(crate) operation: &'a str,
    pub(crate) request_id: &'a str,
}

impl Called<'_> {
    pub(crate) fn answer(&self, answer: Answer) -> Response<Bytes> {
        let status = answer.status.unwrap_or(200);
        let body = match self.protocol {
            Protocol::Json10 | Protocol::Json11 => json::write(&Value::Fields(answer.body)),
            Protocol::Cbor => cbor::write(&Value::Fields(answer.body)),
            Protocol::Query => xml::query_answer(self, &answer.body),
            Protocol::RestXml => xml::rest_answer(self, &answer.body),
        };
        let mut response = self.response(status, body);
        for (name, value) in answer.headers {
            put(&mut response, name, &value);
        }
        response
    }

    pub(crate) fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        let (code, status) = self.service.code(refusal.code, self.protocol);
        let message = refusal.message.as_str();
        match self.protocol {
            Protocol::Json10 | Protocol::Json11 | Protocol::Cbor => {
                let shape = self.service.error_shape(code);
                let mut body = Fields::new().with("__type", shape);
                body = body.with(self.service.message_member(code), message);
                body.0.extend(refusal.detail.0.iter().cloned());
                let body = Value::Fields(body);
                let bytes = match self.protocol {
                    Protocol::Cbor => cbor::write(&body),
                    Protocol::Json10 | Protocol::Json11 | Protocol::Query | Protocol::RestXml => {
                        json::write(&body)
                    }
                };
                let mut response = self.response(status, bytes);
                if self.service == Service::CloudWatch {
                    let fault = if status < 500 { "Sender" } else { "Receiver" };
                    put(&mut response, "x-amzn-query-error", &format!("{code};{fault}"));
                }
                response
            }
            Protocol::Query | Protocol::RestXml => {
                self.response(status, xml::refusal(self, code, status, refusal))
            }
        }
    }

    fn response(&self, status: u16, body: Vec<u8>) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content = match self.protocol {
            Protocol::Json10 => "application/x-amz-json-1.0",
            Protocol::Json11 => "application/x-amz-json-1.1",
            Protocol::Query | Protocol::RestXml => "text/xml",
            Protocol::Cbor => "application/cbor",
        };
        put(&mut response, "content-type", content);
        put(&mut response, "x-amzn-requestid", self.request_id);
        if self.protocol == Protocol::Cbor {
            put(&mut response, "smithy-protocol", "rpc-v2-cbor");
        }
        response
    }
}

/// Sets a header; a value that no header can hold is left out.
pub(crate) fn put(response: &mut Response<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
