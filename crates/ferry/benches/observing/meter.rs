//! What the region takes of this process, so that the rest is Ferry's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use aws::{NoReply, Transport};
use bytes::Bytes;
use peak_alloc::PeakAlloc;
use wire::Wire;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What is allocated now, in bytes.
pub(crate) fn allocated() -> usize {
    ALLOCATED.current_usage()
}

/// The most since this was last asked.
pub(crate) fn peak() -> usize {
    let peak = ALLOCATED.peak_usage();
    ALLOCATED.reset_peak_usage();
    peak
}

/// Memory and time of what ran for the region. All of it runs on one thread, and nothing of Ferry's
/// beside it but the store's own.
#[derive(Default)]
pub(crate) struct Meter {
    bytes: AtomicI64,
    nanoseconds: AtomicU64,
}

impl Meter {
    pub(crate) fn region<T>(&self, run: impl FnOnce() -> T) -> T {
        let before = allocated();
        #[expect(clippy::disallowed_methods, reason = "a measurement of this machine")]
        let began = Instant::now();
        let answer = run();
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap();
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        let grown = i64::try_from(allocated()).unwrap() - i64::try_from(before).unwrap();
        self.bytes.fetch_add(grown, Ordering::Relaxed);
        answer
    }

    /// What the region has come to hold since the meter was made.
    pub(crate) fn bytes(&self) -> i64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Seconds that the region took.
    pub(crate) fn seconds(&self) -> f64 {
        std::time::Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64()
    }
}

/// Carries requests to the region. An answer is copied, so that the copy is Ferry's and what the
/// region made is the region's.
pub(crate) struct Carrier {
    wire: Wire,
    meter: Arc<Meter>,
}

impl Carrier {
    pub(crate) const fn new(wire: Wire, meter: Arc<Meter>) -> Self {
        Self { wire, meter }
    }
}

#[async_trait]
impl Transport for Carrier {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoReply> {
        let reply = self.meter.region(|| self.wire.handle(&request)).ok_or(NoReply)?;
        let mut copy = http::Response::new(Bytes::copy_from_slice(reply.body()));
        *copy.status_mut() = reply.status();
        for (name, value) in reply.headers() {
            copy.headers_mut().insert(name.clone(), value.as_bytes().try_into().unwrap());
        }
        self.meter.region(|| drop(reply));
        Ok(copy)
    }
}
