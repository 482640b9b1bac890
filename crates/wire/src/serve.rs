//! The wire on a port.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use model::Span;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::Wire;
use crate::clock;

/// Connections at a time; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 1_024;
/// A request's body at most: documents are 100 kB, five hundred queries a few hundred.
const BODY_MAX: usize = 8 << 20;
/// Who has not sent a request's head by then is cut off.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long answers under way may take when the server stops.
const GOODBYE_WITHIN: Duration = Duration::from_millis(500);
/// Waited after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How often a clock with a speed is moved.
const CLOCK_STEP: Duration = Duration::from_millis(20);

/// Serves `wire` on `listener` until `until` is done; answers under way get half a second more.
/// A reply that is lost closes its connection.
pub async fn serve(listener: TcpListener, wire: Wire, until: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut until = std::pin::pin!(until);
    loop {
        let place = tokio::select! {
            () = &mut until => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = &mut until => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(ACCEPT_AGAIN_AFTER).await;
            continue;
        };
        let wire = wire.clone();
        let service = service_fn(move |request| answer(wire.clone(), request));
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
        let watched = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that fails is its client's affair.
            watched.await.ok();
            drop(place);
        });
    }
    timeout(GOODBYE_WITHIN, graceful.shutdown()).await.ok();
}

async fn answer(
    wire: Wire,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        let mut response = Response::new(Full::new(Bytes::from_static(b"The body is too large.")));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let request = Request::from_parts(head, body.to_bytes());
    // An advance of the clock takes seconds, and the others wait for the region meanwhile.
    let response = tokio::task::spawn_blocking(move || wire.handle(&request)).await;
    match response {
        Ok(Some(response)) => Ok(response.map(Full::new)),
        Ok(None) => Err(io::Error::new(io::ErrorKind::ConnectionReset, "the reply is lost")),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Moves the region's clock `speed` times as fast as the wall's, for as long as it is polled.
pub async fn keep_pace(wire: Wire, speed: f64) -> Infallible {
    let began = Instant::now();
    let mut moved = Span::ZERO;
    loop {
        sleep(CLOCK_STEP).await;
        let due = began.elapsed().mul_f64(speed).as_millis();
        let due = Span::from_millis(u64::try_from(due).unwrap_or(u64::MAX));
        // What was moved by hand meanwhile is on top of it.
        let passed = Span::from_millis(due.as_millis() - moved.as_millis());
        moved = due;
        let region = wire.region().clone();
        let step = tokio::task::spawn_blocking(move || {
            let now = region.with(|region| region.now());
            clock::pass(&region, now + passed);
        });
        step.await.ok();
    }
}
