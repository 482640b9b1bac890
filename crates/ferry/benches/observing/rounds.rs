//! The region's clock as the daemon goes by it, and what each round came to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use cloud::{Clock, ErrorKind};
use model::{Span, Time};
use region::SimulatedCloud;

use crate::meter::{self, Meter};

/// Requests since they were last taken, by operation.
#[derive(Default)]
pub(crate) struct Requests(Mutex<BTreeMap<&'static str, u32>>);

impl aws::Ledger for Requests {
    fn sent(&self, operation: &'static str, _: Option<ErrorKind>) {
        *self.0.lock().unwrap().entry(operation).or_default() += 1;
    }
}

/// From the end of one rest to the end of the next.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) at: Time,
    /// With the rest after it.
    pub(crate) lasted: Span,
    /// Without it: what calls waited for their turns.
    pub(crate) waited: Span,
    pub(crate) requests: BTreeMap<&'static str, u32>,
    /// Seconds of a processor.
    pub(crate) own_cpu: f64,
    pub(crate) region_cpu: f64,
    /// Bytes of Ferry at its end, and the most amid it.
    pub(crate) allocated: i64,
    pub(crate) peak: i64,
}

/// The clock of the daemon. It rests on it between ticks and nowhere else, so that each rest ends
/// a round.
pub(crate) struct Rounds {
    clock: Arc<RegionClock>,
    meter: Arc<Meter>,
    requests: Arc<Requests>,
    before: i64,
    all: Mutex<Vec<Round>>,
    began: Mutex<Begin>,
}

/// What counters said when a round began.
#[derive(Debug, Clone, Copy)]
struct Begin {
    at: Time,
    cpu: f64,
    region: f64,
    wall: Instant,
}

impl Rounds {
    pub(crate) fn new(
        region: SimulatedCloud,
        meter: Arc<Meter>,
        requests: Arc<Requests>,
    ) -> Arc<Self> {
        let clock = Arc::new(RegionClock { region, meter: Arc::clone(&meter) });
        let began = Mutex::new(begin(&clock, &meter));
        let before = i64::try_from(meter::allocated()).unwrap();
        Arc::new(Self { clock, meter, requests, before, all: Mutex::default(), began })
    }

    /// The clock that the adapters wait on for their turns.
    pub(crate) fn waits(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    pub(crate) fn present(&self) -> Time {
        self.clock.now()
    }

    pub(crate) fn all(&self) -> Vec<Round> {
        self.all.lock().unwrap().clone()
    }
}

#[async_trait]
impl Clock for Rounds {
    fn now(&self) -> Time {
        self.clock.now()
    }

    async fn sleep_until(&self, until: Time) {
        let begun = *self.began.lock().unwrap();
        let now = begin(&self.clock, &self.meter);
        let grown = self.before + self.meter.bytes();
        let peak = i64::try_from(meter::peak()).unwrap() - grown;
        let allocated = i64::try_from(meter::allocated()).unwrap() - grown;
        let requests = std::mem::take(&mut *self.requests.0.lock().unwrap());
        self.clock.sleep_until(until).await;
        // The region's time is by the wall clock: its part of the processor's is as great.
        let wall = now.wall.duration_since(begun.wall).as_secs_f64();
        let (cpu, region) = (now.cpu - begun.cpu, now.region - begun.region);
        let region_cpu = if wall > 0.0 { cpu * (region / wall).min(1.0) } else { 0.0 };
        self.all.lock().unwrap().push(Round {
            at: begun.at,
            lasted: self.clock.now().since(begun.at),
            waited: now.at.since(begun.at),
            requests,
            own_cpu: cpu - region_cpu,
            region_cpu,
            allocated,
            peak,
        });
        *self.began.lock().unwrap() = begin(&self.clock, &self.meter);
    }
}

fn begin(clock: &RegionClock, meter: &Meter) -> Begin {
    #[expect(clippy::disallowed_methods, reason = "a measurement of this machine")]
    let wall = Instant::now();
    Begin { at: clock.now(), cpu: processor_seconds(), region: meter.seconds(), wall }
}

/// Seconds of a processor that this process has taken, by `/proc/self/stat` (proc(5)).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    // `USER_HZ` is 100 on every Linux that Rust runs on.
    ticks / 100.0
}

/// The region's clock, which passes where somebody waits.
struct RegionClock {
    region: SimulatedCloud,
    meter: Arc<Meter>,
}

#[async_trait]
impl Clock for RegionClock {
    fn now(&self) -> Time {
        self.region.with(|region| region.now())
    }

    async fn sleep_until(&self, until: Time) {
        self.meter.region(|| {
            self.region.with(|region| {
                if until > region.now() {
                    region.advance_to(until);
                    region.forget_truth_before(until.minute());
                }
            });
        });
        // Whoever waits on the same clock has their turn as well.
        tokio::task::yield_now().await;
    }
}
