//! A count of requests: each attempt that left this process, told to whoever counts.
//!
//! What waited for its turn in vain, could not be signed or met no connection was not sent, and is
//! not told. What was sent counts once, when its answer has come or is given up on.

use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use cloud::ErrorKind;

use crate::errors;

/// Counts requests to AWS.
pub trait Ledger: Send + Sync {
    /// A request was sent. `operation` is as IAM names it, one of [`crate::OPERATIONS`] and
    /// [`crate::SURVEY_OPERATIONS`]; `failed` says what the answer, or its absence, means.
    fn sent(&self, operation: &'static str, failed: Option<ErrorKind>);
}

/// Nobody counts.
impl Ledger for () {
    fn sent(&self, _: &'static str, _: Option<ErrorKind>) {}
}

/// The configuration with a network on which every request is counted as one of `operation`: for
/// calls that the SDK makes by itself, retries included.
pub(crate) fn counted(
    config: &SdkConfig,
    operation: &'static str,
    ledger: &Arc<dyn Ledger>,
) -> SdkConfig {
    let Some(network) = config.http_client() else { return config.clone() };
    let ledger = Arc::clone(ledger);
    let counted = Counted { network, operation, ledger };
    config.clone().into_builder().http_client(SharedHttpClient::new(counted)).build()
}

#[derive(Clone)]
struct Counted<N> {
    network: N,
    operation: &'static str,
    ledger: Arc<dyn Ledger>,
}

impl<N> fmt::Debug for Counted<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counted({})", self.operation)
    }
}

impl HttpClient for Counted<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let network = self.network.http_connector(settings, components);
        let Self { operation, ledger, .. } = self.clone();
        SharedHttpConnector::new(Counted { network, operation, ledger })
    }
}

impl HttpConnector for Counted<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { network, operation, ledger } = self.clone();
        HttpConnectorFuture::new(async move {
            let answer = network.call(request).await;
            match &answer {
                Ok(reply) => ledger.sent(operation, kind(reply.status().as_u16())),
                // The connection was never made.
                Err(error) if errors::is_before_sending(error) => {}
                Err(_) => ledger.sent(operation, Some(ErrorKind::Unreachable)),
            }
            answer
        })
    }
}

/// What an answer means by its status alone: the SDK reads the rest.
const fn kind(status: u16) -> Option<ErrorKind> {
    match status {
        200..300 => None,
        429 => Some(ErrorKind::Throttled),
        400..500 => Some(ErrorKind::Denied),
        _ => Some(ErrorKind::Unreachable),
    }
}
