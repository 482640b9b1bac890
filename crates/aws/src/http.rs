//! How requests leave: HTTPS with ring, or whatever carries them in a test.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

/// Carries signed requests to wherever AWS is.
#[async_trait]
pub trait Transport: Send + Sync {
    /// The answer to a request.
    ///
    /// # Errors
    /// [`NoReply`] when the request may have arrived and no answer came back.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoReply>;
}

/// A request was sent, and no answer came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection was closed before an answer came")]
pub struct NoReply;

/// HTTPS with ring and the certificates that the system trusts; plain HTTP where an endpoint is
/// given as `http:`.
pub(crate) fn https() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// A [`Transport`] in the place of the network.
pub(crate) fn over(transport: Arc<dyn Transport>) -> SharedHttpClient {
    SharedHttpClient::new(Carried(transport))
}

#[derive(Clone)]
struct Carried(Arc<dyn Transport>);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried")
    }
}

impl HttpClient for Carried {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Carried {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let request = plain(request)?;
            let reply = transport.send(request).await;
            let reply = reply.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(reply.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The request with its body in memory, as all bodies of these services are.
fn plain(request: HttpRequest) -> Result<http::Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    match body.bytes() {
        Some(bytes) => {
            let bytes = Bytes::copy_from_slice(bytes);
            Ok(http::Request::from_parts(parts, bytes))
        }
        None => Err(ConnectorError::user("a body that is not in memory".into())),
    }
}
