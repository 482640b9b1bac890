//! Connections: few, none for ever, and no slow one holds up another (F26).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Connections at a time: a few scrapers and people. More wait in the kernel's queue.
pub const CONNECTIONS_MAX: usize = 256;
/// Who has not sent a request's head by then is cut off.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long one connection may last: nobody keeps a place for ever, and scrapers open another.
const CONNECTION_WITHIN: Duration = Duration::from_secs(300);
/// How long answers under way may take when the server stops.
const GOODBYE_WITHIN: Duration = Duration::from_millis(500);
/// Waited after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `stop` is done; answers under way get half a second more.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = tokio::select! {
            () = &mut stop => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted.");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that fails or is cut off is its client's affair.
            timeout(CONNECTION_WITHIN, watched).await.ok();
            drop(place);
        });
    }
    timeout(GOODBYE_WITHIN, graceful.shutdown()).await.ok();
}
