//! A simulated region whose clock runs beside the wall clock, faster.

use async_trait::async_trait;
use cloud::Clock;
use model::{Span, Time};
use region::SimulatedCloud;
use tokio::time::Instant;

/// The clock of a region that passes `speed` seconds in each second.
pub struct Paced {
    region: SimulatedCloud,
    began: Instant,
    start: Time,
    speed: f64,
}

impl Paced {
    /// Begins at the region's present. `speed` is above zero.
    #[must_use]
    pub fn new(region: SimulatedCloud, speed: f64) -> Self {
        let start = region.with(|region| region.now());
        Self { region, began: Instant::now(), start, speed }
    }

    fn present(&self) -> Time {
        let passed = self.began.elapsed().mul_f64(self.speed);
        self.start + Span::from_millis(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
    }
}

#[async_trait]
impl Clock for Paced {
    fn now(&self) -> Time {
        let present = self.present();
        self.region.with(|region| {
            region.advance_to(present);
            region.forget_truth_before(present.minute());
            region.now()
        })
    }

    async fn sleep_until(&self, until: Time) {
        let left = until.since(self.present());
        if until > self.present() {
            let left = std::time::Duration::from_secs_f64(left.secs_f64() / self.speed);
            tokio::time::sleep(left).await;
        }
    }
}
