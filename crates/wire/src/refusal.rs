//! Why an operation is refused, before a service and its protocol give it a code.

use cloud::ErrorKind;

use crate::value::{Fields, Value};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Members of the error beside its message.
    pub(crate) detail: Fields,
}

/// What kind of refusal: most have another code in each service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// This code with this status, in whichever service.
    Exactly(&'static str, u16),
    /// A parameter has a value that it cannot have.
    Invalid,
    /// A parameter is missing.
    Missing,
    /// The request is not what the protocol says.
    Serialization,
    /// There is no such operation here.
    UnknownOperation,
    /// The caller may not.
    Denied,
    /// Too many calls.
    Throttled,
    /// A quota is reached.
    Limit,
    /// What is asked for does not exist.
    NotFound,
    /// The world is otherwise than the request expects.
    Conflict,
    /// An earlier change is still being made.
    Busy,
    /// The request carries no signature.
    NoSignature,
    /// The request is signed for another region.
    WrongRegion,
    /// The caller's credentials are over.
    Expired,
    /// Something is wrong here.
    Internal,
    /// No answer gets through at all.
    Lost,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: Fields::new() }
    }

    /// A code of one service, with the status that clients get.
    pub(crate) fn exactly(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self::new(Code::Exactly(code, status), message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::Missing, message)
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(Code::Serialization, message)
    }
}

impl Refusal {
    /// The same with a member of its error beside the message.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.detail = self.detail.with(name, value);
        self
    }
}

impl From<cloud::Error> for Refusal {
    fn from(error: cloud::Error) -> Self {
        let code = match error.kind {
            ErrorKind::Throttled => Code::Throttled,
            ErrorKind::Busy => Code::Busy,
            ErrorKind::Denied => Code::Denied,
            ErrorKind::NotFound => Code::NotFound,
            ErrorKind::Conflict => Code::Conflict,
            ErrorKind::Invalid => Code::Invalid,
            ErrorKind::QuotaReached => Code::Limit,
            ErrorKind::Partial => Code::Internal,
            ErrorKind::Unreachable | ErrorKind::OutcomeUnknown => Code::Lost,
        };
        Self::new(code, error.message)
    }
}
