//! What the SDK says went wrong, as the kinds that Ferry acts on.
//!
//! ```text
//! not sent                         Unreachable, or Denied where there are no credentials
//! no answer, 5xx, no sense in it   of a read Unreachable, of a write OutcomeUnknown
//! refused                          by its code: errors/codes.rs
//! ```

mod codes;

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use cloud::{Error, ErrorKind};

use codes::Meaning;

/// What a call is for: whether it may have changed something when no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Nothing changes by it.
    Read,
    /// Something may.
    Write,
}

impl Intent {
    /// The kind of a call whose fate is not known.
    const fn lost(self) -> ErrorKind {
        match self {
            Self::Read => ErrorKind::Unreachable,
            Self::Write => ErrorKind::OutcomeUnknown,
        }
    }
}

/// A call that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// As IAM names it.
    pub(crate) operation: &'static str,
    pub(crate) intent: Intent,
    /// The role it was made in, for people; `None` for the process's own.
    pub(crate) role: Option<&'a str>,
}

impl Attempt<'_> {
    fn error(self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, self.operation, message)
    }

    fn who(self) -> String {
        self.role.map_or_else(|| "Ferry's own role".to_owned(), |role| format!("`{role}`"))
    }

    /// What the SDK's error means.
    pub(crate) fn failed<E>(self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        if let Some(error) = self.without_credentials(error) {
            return error;
        }
        match error {
            SdkError::ServiceError(context) => {
                let refusal = context.err().meta();
                match refusal.code() {
                    Some(code) => self.refused(
                        code,
                        refusal.message().unwrap_or("no message"),
                        context.raw().status().as_u16(),
                    ),
                    None => self.senseless(context.raw()),
                }
            }
            SdkError::ResponseError(context) => self.senseless(context.raw()),
            SdkError::TimeoutError(_) => {
                self.error(self.intent.lost(), "no answer came in time: is the network up?")
            }
            SdkError::DispatchFailure(failure) => {
                let sent = !is_before_sending(error);
                let kind = if sent { self.intent.lost() } else { ErrorKind::Unreachable };
                let why =
                    failure.as_connector_error().map_or_else(String::new, |error| chain(error));
                self.error(kind, format!("the endpoint was not reached or gave no answer: {why}"))
            }
            SdkError::ConstructionFailure(_) => self.unsendable(&chain(error)),
            _ => self.error(self.intent.lost(), chain(error)),
        }
    }

    /// The error of a call that the SDK never got as far as sending.
    fn unsendable(self, why: &str) -> Error {
        let is_of_place = ["region", "endpoint"].iter().any(|it| why.to_lowercase().contains(it));
        let remedy = if is_of_place {
            "give the region, in the spec or in AWS_REGION, and a well-formed endpoint"
        } else {
            "is a name or an id in the spec empty?"
        };
        self.error(ErrorKind::Invalid, format!("the call could not be made: {why}: {remedy}"))
    }

    /// The error of a call that AWS understood and did not carry out.
    fn refused(self, code: &str, said: &str, status: u16) -> Error {
        let said = format!("{code}: {said}");
        match codes::meaning(code, &said, status) {
            Meaning::Kind(kind) => self.error(kind, said),
            Meaning::Lost => self.error(self.intent.lost(), said),
            Meaning::NotAllowed => {
                let message = format!("{said}: allow {} to {}", self.operation, self.who());
                self.error(ErrorKind::Denied, message)
            }
            Meaning::Expired => {
                let message = format!("{said}: the credentials have expired, renew them");
                self.error(ErrorKind::Denied, message)
            }
            Meaning::Unknown => self.error(
                ErrorKind::Denied,
                format!("{said}: AWS does not know these credentials, give Ferry valid ones"),
            ),
            Meaning::Skewed => self.error(
                ErrorKind::Denied,
                format!("{said}: is this machine's clock right, and the secret key whole?"),
            ),
        }
    }

    /// The error of an answer that is not of the protocol: a page of a proxy, half a body.
    fn senseless(self, reply: &HttpResponse) -> Error {
        let status = reply.status().as_u16();
        let body = reply.body().bytes().unwrap_or_default();
        let begins: String = String::from_utf8_lossy(body)
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(60)
            .collect();
        let message = format!(
            "the answer, HTTP {status} that begins `{begins}`, is not one that AWS gives: is there \
             a proxy between, or is the endpoint another service's?"
        );
        self.error(self.intent.lost(), message)
    }

    /// The error of a call that could not be signed, if that is what is wrong.
    fn without_credentials(self, error: &(dyn StdError + 'static)) -> Option<Error> {
        let credentials = find::<CredentialsError>(error)?;
        let refusal = find::<AssumeRoleError>(credentials);
        let error = match refusal.map(ProvideErrorMetadata::meta) {
            Some(refusal) => {
                let code = refusal.code().unwrap_or("no code");
                let said = refusal.message().unwrap_or("no message");
                let assuming =
                    Self { operation: "sts:AssumeRole", intent: Intent::Read, role: None };
                let error = assuming.refused(code, said, 0);
                let message =
                    format!("no credentials: sts:AssumeRole of {}: {}", self.who(), error.message);
                // Nothing was sent: nothing is unknown.
                self.error(error.kind, message)
            }
            None if is_unreachable(credentials) => {
                let message = format!("no credentials: {}", chain(credentials));
                self.error(ErrorKind::Unreachable, message)
            }
            None => {
                let message = format!(
                    "no credentials for {}: {}: give Ferry a task role, an instance profile, a \
                     profile or keys",
                    self.who(),
                    chain(credentials)
                );
                self.error(ErrorKind::Denied, message)
            }
        };
        Some(error)
    }
}

/// Whether credentials failed for want of a network.
fn is_unreachable(error: &CredentialsError) -> bool {
    matches!(error, CredentialsError::ProviderTimedOut(_))
        || find::<std::io::Error>(error).is_some()
        || find::<hyper_util::client::legacy::Error>(error).is_some()
}

/// Whether a request left: it was made, could be signed, and there was a connection.
pub(crate) fn is_sent<E: StdError + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    let is_unmade = matches!(error, SdkError::ConstructionFailure(_));
    !is_unmade && find::<CredentialsError>(error).is_none() && !is_before_sending(error)
}

/// Whether a connection was never made, so that nothing can have happened.
pub(crate) fn is_before_sending(error: &(dyn StdError + 'static)) -> bool {
    find::<hyper_util::client::legacy::Error>(error)
        .is_some_and(hyper_util::client::legacy::Error::is_connect)
}

/// The first error of a type among an error and its causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref::<E>())
}

/// An error with its causes, on one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let words: Vec<String> = causes(error).map(ToString::to_string).collect();
    words.join(": ")
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests;
