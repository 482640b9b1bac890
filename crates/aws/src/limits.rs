//! How many calls Ferry makes: a bucket for each family of calls and payer, on the one clock.
//!
//! AWS counts calls by account (Route 53) or by account and region, whoever makes them. Ferry
//! takes a part of what AWS allows, so that consoles, deployments and autoscaling have theirs.
//! Calls wait in turn, none longer than its caller has patience for; then they are `Throttled`
//! without having been sent. A part of each family's rate is for rollbacks alone.
//!
//! When AWS throttles all the same, others are using the rate: the family then pauses a second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloud::{Clock, Error, ErrorKind, Result};
use model::{Span, Time};

/// How long a family pauses when AWS throttles it: a second is what Route 53 counts by and what
/// refills a bucket of ECS.
const PAUSE: Span = Span::from_secs(1);

/// Calls that share a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// `ecs:DescribeServices`.
    ServiceReads,
    /// `ecs:UpdateService`.
    ServiceWrites,
    /// `ecs:DescribeTaskDefinition`.
    TaskDefinitionReads,
    /// Reads of Elastic Load Balancing.
    BalancerReads,
    /// Writes of Elastic Load Balancing.
    BalancerWrites,
    /// Reads of Application Auto Scaling.
    ScalingReads,
    /// Writes of Application Auto Scaling.
    ScalingWrites,
    /// `cloudwatch:GetMetricData`.
    Metrics,
    /// Every call of Route 53.
    Dns,
    /// Reads of EventBridge.
    EventReads,
}

/// What a family may use.
#[derive(Debug, Clone, Copy)]
struct Rate {
    /// Calls a second, for long.
    per_second: u32,
    /// Calls at once, after a rest.
    burst: u32,
    /// Calls a second of those that only rollbacks make.
    reserved: u32,
}

impl Family {
    /// Half of what AWS publishes where other things of the account use it as well; of Route 53
    /// all of it, which is little enough.
    fn rate(self) -> Rate {
        let rate = |per_second, burst, reserved| Rate { per_second, burst, reserved };
        match self {
            // ECS "request throttling": reads of services 20 a second after a burst of 100,
            // changes 5 after 50, reads of task definitions 20 after 50.
            Self::ServiceReads | Self::TaskDefinitionReads => rate(10, 25, 0),
            Self::ServiceWrites => rate(3, 25, 0),
            // ELB "request throttling": 40 reads at once, and 10 a second (the refill is as others
            // report it). Most of it: ECS, autoscaling and CloudFormation have buckets of their
            // own. Changes have fewer.
            Self::BalancerReads => rate(8, 30, 0),
            Self::BalancerWrites => rate(3, 10, 1),
            // Not published.
            Self::ScalingReads | Self::EventReads => rate(10, 20, 0),
            Self::ScalingWrites => rate(5, 10, 0),
            // CloudWatch quotas: GetMetricData 50 a second.
            Self::Metrics => rate(25, 25, 0),
            // Route 53 quotas: 5 a second for the account, all calls together, and no burst.
            Self::Dns => rate(5, 1, 2),
        }
    }

    /// Whether AWS counts these calls for all regions of an account together.
    pub(crate) const fn is_global(self) -> bool {
        match self {
            Self::Dns => true,
            Self::ServiceReads
            | Self::ServiceWrites
            | Self::TaskDefinitionReads
            | Self::BalancerReads
            | Self::BalancerWrites
            | Self::ScalingReads
            | Self::ScalingWrites
            | Self::Metrics
            | Self::EventReads => false,
        }
    }
}

/// Whose turn it is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Everything but rollbacks.
    Ordinary,
    /// Rollbacks, with the reads they need.
    Rollback,
}

/// The turns of all families and payers.
pub(crate) struct Limits {
    clock: Arc<dyn Clock>,
    queues: Mutex<BTreeMap<(Family, String), Arc<Queue>>>,
}

impl Limits {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, queues: Mutex::default() }
    }

    /// Waits for the turn of a call of `family` that `payer` is counted for.
    ///
    /// # Errors
    /// `Throttled` when the turn would come after `until`: nothing was sent.
    pub(crate) async fn turn(
        &self,
        operation: &'static str,
        (family, payer): (Family, &str),
        lane: Lane,
        until: Time,
    ) -> Result<()> {
        let queue = self.queue(family, payer);
        let line = match lane {
            Lane::Ordinary => &queue.ordinary,
            Lane::Rollback => &queue.rollback,
        };
        // Those in line are served in the order in which they came.
        let _first = line.lock().await;
        loop {
            let now = self.clock.now();
            let wait = queue.take(lane, now);
            if wait == Span::ZERO {
                return Ok(());
            }
            if now + wait > until {
                let rate = family.rate().per_second;
                let message = format!(
                    "not sent: Ferry makes at most {rate} such calls a second, and others were \
                     in line"
                );
                return Err(Error::new(ErrorKind::Throttled, operation, message));
            }
            self.clock.sleep_until(now + wait).await;
        }
    }

    /// Takes note that AWS throttled a call.
    pub(crate) fn throttled(&self, family: Family, payer: &str) {
        self.queue(family, payer).pause(self.clock.now());
    }

    fn queue(&self, family: Family, payer: &str) -> Arc<Queue> {
        let mut queues = locked(&self.queues);
        let key = (family, payer.to_owned());
        Arc::clone(queues.entry(key).or_insert_with(|| Arc::new(Queue::new(family.rate()))))
    }
}

/// One family of one payer: two lines of callers, and what each may take.
struct Queue {
    ordinary: tokio::sync::Mutex<()>,
    rollback: tokio::sync::Mutex<()>,
    buckets: Mutex<Buckets>,
}

struct Buckets {
    /// What all calls take from.
    all: Bucket,
    /// What ordinary calls take from as well: it fills slower by what is reserved.
    ordinary: Bucket,
    /// When AWS last throttled.
    throttled_at: Option<Time>,
}

impl Queue {
    fn new(rate: Rate) -> Self {
        let slower = rate.per_second - rate.reserved;
        let buckets = Buckets {
            all: Bucket::new(rate.per_second, rate.burst),
            ordinary: Bucket::new(slower, rate.burst),
            throttled_at: None,
        };
        Self {
            ordinary: tokio::sync::Mutex::default(),
            rollback: tokio::sync::Mutex::default(),
            buckets: Mutex::new(buckets),
        }
    }

    /// Takes a turn and gives zero, or takes none and gives how long to wait.
    fn take(&self, lane: Lane, now: Time) -> Span {
        let mut buckets = locked(&self.buckets);
        let Buckets { all, ordinary, throttled_at } = &mut *buckets;
        // Of a throttle that lies ahead, by a clock that was put back, nothing follows.
        let pause = throttled_at.filter(|at| *at <= now);
        let pause = pause.map_or(Span::ZERO, |at| (at + PAUSE).since(now));
        let own = match lane {
            Lane::Ordinary => ordinary.wait(now),
            Lane::Rollback => Span::ZERO,
        };
        let wait = pause.max(own).max(all.wait(now));
        if wait == Span::ZERO {
            all.take();
            match lane {
                Lane::Ordinary => ordinary.take(),
                Lane::Rollback => {}
            }
        }
        wait
    }

    fn pause(&self, now: Time) {
        locked(&self.buckets).throttled_at = Some(now);
    }
}

/// A bucket that fills steadily; in thousandths of a call, so that it fills by whole numbers.
struct Bucket {
    per_second: u32,
    burst: u32,
    held: u64,
    at: Option<Time>,
}

/// One call.
const CALL: u64 = 1_000;

impl Bucket {
    fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst, held: u64::from(burst) * CALL, at: None }
    }

    /// Fills up to `now` and says how long it takes until there is a call to take.
    fn wait(&mut self, now: Time) -> Span {
        // A clock that was put back fills from where it stands now.
        let passed = self.at.map_or(Span::ZERO, |at| now.since(at));
        self.at = Some(now);
        let filled = passed.as_millis().saturating_mul(u64::from(self.per_second));
        let full = u64::from(self.burst) * CALL;
        self.held = self.held.saturating_add(filled).min(full);
        let missing = CALL.saturating_sub(self.held);
        Span::from_millis(missing.div_ceil(u64::from(self.per_second.max(1))))
    }

    fn take(&mut self) {
        self.held = self.held.saturating_sub(CALL);
    }
}

/// What a lock holds: here it is whole after every statement, whoever panicked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
