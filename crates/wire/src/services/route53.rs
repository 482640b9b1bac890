//! Amazon Route 53: hosted zones with their records, and Traffic Flow.

use bytes::Bytes;
use http::Request;

use crate::input::Input;
use crate::protocol::Answer;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::unknown;
use crate::world::World;

/// The operation that a method and path stand for.
pub(crate) fn operation(_request: &Request<Bytes>) -> Option<&'static str> {
    None
}

pub(crate) fn answer(
    _world: &mut World<'_>,
    operation: &str,
    _request: &Request<Bytes>,
    _input: &Input<'_>,
) -> Result<Answer, Refusal> {
    Err(unknown(Service::Route53, operation, &[]))
}
