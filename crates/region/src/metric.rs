//! CloudWatch's metrics of a region, a value for each period.
//!
//! What is counted is what `GetMinutes` counts, at any latency threshold and over any whole
//! number of minutes. A period without data has no value, and is never zero: a balancer
//! publishes nothing of requests where there were none, and of errors only what happened.

use cloud::{ErrorKind, TargetGroup};
use model::Time;
use model::route::ServiceId;

use crate::handle::{Answer, missing};
use crate::latency::LatencyTable;
use crate::minute::SideRecord;
use crate::records::MINUTES_KEPT;
use crate::region::{Region, refused};
use crate::request::Response;
use crate::service::Service;

/// Ticks of a minute, each of which is a sample of how many targets are healthy.
const SAMPLES: f64 = 6.0;

/// A metric with its statistic, over a span of minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricAsk {
    /// Whose.
    pub of: Sources,
    /// Which.
    pub measure: Measure,
    /// Minutes of one period, at least one.
    pub period: i64,
    /// The first minute asked for.
    pub from: i64,
    /// The first minute not asked for.
    pub until: i64,
}

/// What publishes a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Sources {
    /// A service.
    Service(ServiceId),
    /// A target group, or all those of a balancer together.
    Groups(Vec<TargetGroup>),
}

/// A metric with its statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// How many requests.
    Requests,
    /// How many answers of targets with a server error, where there were any.
    TargetErrors,
    /// How many answers that the balancer made itself, because no target gave one.
    BalancerErrors,
    /// Latency of the requests that targets answered.
    Latency(Latency),
    /// Targets that pass their health checks.
    Healthy(Samples),
    /// Targets that fail them.
    Unhealthy(Samples),
    /// CPU of a service in percent of what it reserves, one sample a minute.
    Cpu(Samples),
}

/// A statistic of latency; in seconds where it is a latency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// How many requests were answered.
    Count,
    /// Mean.
    Mean,
    /// Sum.
    Sum,
    /// The latency that this part of requests exceeds.
    ExceededBy(f64),
    /// How many took longer than the first and no longer than the second.
    Between(Option<f64>, Option<f64>),
    /// The same in percent of all.
    PercentBetween(Option<f64>, Option<f64>),
}

/// A statistic of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Samples {
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// Their mean.
    Average,
    /// Their sum.
    Sum,
    /// How many.
    Count,
}

/// The requests of services over minutes, as far as they are published.
pub(crate) struct Mixture<'a> {
    pub(crate) services: &'a [&'a Service],
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) seen_at: Time,
}

impl Region {
    pub(crate) fn get_metric(
        &self,
        ask: &MetricAsk,
        operation: &'static str,
        age: model::Span,
    ) -> Answer {
        if ask.until.saturating_sub(ask.from) > MINUTES_KEPT.max(ask.period) {
            let message = "more than fifteen days of minutes at once";
            return Err(refused(ErrorKind::Invalid, operation, message));
        }
        let services = self.sources(&ask.of, operation)?;
        let seen_at = self.now() - age;
        let mut points = Vec::new();
        let mut from = ask.from;
        while from < ask.until {
            let until = from.saturating_add(ask.period.max(1)).min(ask.until);
            let mixture = Mixture { services: &services, from, until, seen_at };
            points.extend(mixture.measured(ask.measure).map(|value| (from, value)));
            from = until;
        }
        Ok(Response::Datapoints(points))
    }

    fn sources(
        &self,
        of: &Sources,
        operation: &'static str,
    ) -> Result<Vec<&Service>, cloud::Error> {
        let at = |(index, side): (usize, model::Side)| self.applications[index].sides.get(side);
        match of {
            Sources::Service(id) => {
                let found = self.find_service(id).ok_or_else(|| missing(operation, id))?;
                Ok(vec![at(found)])
            }
            Sources::Groups(groups) => groups
                .iter()
                .map(|group| {
                    let found = self.find_group(group);
                    found.map(at).ok_or_else(|| missing(operation, &group.arn))
                })
                .collect(),
        }
    }
}

impl<'a> Mixture<'a> {
    /// The minutes that have values by now.
    fn visible(&self) -> impl Iterator<Item = (&'a LatencyTable, &'a SideRecord)> + '_ {
        self.services.iter().flat_map(move |service| {
            let records = service.minutes.between(self.from, self.until);
            records
                .map(|(_, record)| (&service.table, record))
                .filter(|(_, record)| record.has_values(self.seen_at))
        })
    }

    fn measured(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Requests => self.count(|_, record| record.part(record.requests, self.seen_at)),
            Measure::TargetErrors => self.count(|_, record| {
                let all = record.part(record.errors, self.seen_at);
                all - record.part(record.unanswered, self.seen_at).min(all)
            }),
            Measure::BalancerErrors => {
                self.count(|_, record| record.part(record.unanswered, self.seen_at))
            }
            Measure::Latency(latency) => self.latency(latency),
            Measure::Healthy(samples) => self.hosts(samples, |record| record.healthy()),
            Measure::Unhealthy(samples) => self.hosts(samples, |record| record.unhealthy),
            Measure::Cpu(samples) => self.cpu(samples),
        }
    }

    /// A sum of counts; none where nothing was counted, as balancers publish it.
    fn count(&self, of: impl Fn(&LatencyTable, &SideRecord) -> u64) -> Option<f64> {
        let sum: u64 = self.visible().map(|(table, record)| of(table, record)).sum();
        (sum > 0).then(|| float(sum))
    }

    fn answered(&self) -> Option<f64> {
        self.count(|_, record| record.part(record.answered(), self.seen_at))
    }

    fn latency(&self, latency: Latency) -> Option<f64> {
        let answered = self.answered()?;
        let sum = || -> f64 {
            let each = self.visible().map(|(table, record)| {
                let (slices, factor, _) = record.mixture();
                let answered = record.part(record.answered(), self.seen_at);
                float(answered) * table.mean(slices, factor)
            });
            each.sum()
        };
        match latency {
            Latency::Count => Some(answered),
            Latency::Mean => Some(sum() / answered),
            Latency::Sum => Some(sum()),
            Latency::ExceededBy(slow) => self.exceeded_by_exactly(slow),
            Latency::Between(above, most) => Some(self.between(above, most)),
            Latency::PercentBetween(above, most) => {
                Some(100.0 * self.between(above, most) / answered)
            }
        }
    }

    fn between(&self, above: Option<f64>, most: Option<f64>) -> f64 {
        let counts = self.visible().map(|(table, record)| {
            let slower = |seconds: Option<f64>, otherwise: u64| {
                let count = seconds.map_or(otherwise, |s| record.slower_than(table, s));
                record.part(count, self.seen_at)
            };
            let (above, most) = (slower(above, record.answered()), slower(most, 0));
            above - most.min(above)
        });
        float(counts.sum())
    }

    /// Of one minute of one side in closed form, as `GetMinutes` says it.
    fn exceeded_by_exactly(&self, slow: f64) -> Option<f64> {
        let mut answered = self.visible().filter(|(_, record)| record.answered() > 0);
        match (answered.next(), answered.next()) {
            (Some((table, record)), None) if self.until - self.from == 1 => {
                let (slices, factor, _) = record.mixture();
                table.exceeded_by(slices, factor, slow)
            }
            (Some(_), _) => self.exceeded_by(slow),
            (None, _) => None,
        }
    }

    fn hosts(&self, samples: Samples, of: impl Fn(&SideRecord) -> Hosts) -> Option<f64> {
        let all = self.visible().map(|(_, record)| of(record));
        let all = all.reduce(|a, b| Hosts {
            least: a.least.min(b.least),
            most: a.most.max(b.most),
            sum: a.sum.saturating_add(b.sum),
        })?;
        let count = SAMPLES * float(self.visible().count() as u64);
        let sum = f64::from(all.sum);
        Some(match samples {
            Samples::Minimum => f64::from(all.least),
            Samples::Maximum => f64::from(all.most),
            Samples::Average => sum / count,
            Samples::Sum => sum,
            Samples::Count => count,
        })
    }

    fn cpu(&self, samples: Samples) -> Option<f64> {
        let values = || self.visible().filter_map(|(_, record)| record.cpu_percent);
        let count = float(values().count() as u64);
        let sum = || values().sum::<f64>();
        match samples {
            Samples::Minimum => values().reduce(f64::min),
            Samples::Maximum => values().reduce(f64::max),
            // Of one minute it is that minute's value to the bit.
            Samples::Average => (count > 0.0).then(|| sum() / count),
            Samples::Sum => (count > 0.0).then(sum),
            Samples::Count => (count > 0.0).then_some(count),
        }
    }

    /// The latency that a part `slow` of all requests exceeds, by bisection on the weighed slow
    /// fraction; `None` without requests.
    pub(crate) fn exceeded_by(&self, slow: f64) -> Option<f64> {
        let published = || {
            self.services.iter().flat_map(|service| {
                let records = service.minutes.between(self.from, self.until);
                records
                    .map(|(_, record)| (&service.table, record))
                    .filter(|(_, record)| self.seen_at >= record.published_at())
            })
        };
        let total: f64 = published().map(|(_, record)| float(record.answered())).sum();
        if total <= 0.0 {
            return None;
        }
        let slow_at = |seconds: f64| {
            let mut slow = 0.0;
            for (table, record) in published() {
                let (slices, factor, answered) = record.mixture();
                slow += float(answered) * table.slow_fraction(slices, factor, seconds);
            }
            slow / total
        };
        let (mut low, mut high) = (0.0, 1.0);
        while slow_at(high) > slow && high < 1e4 {
            high *= 2.0;
        }
        // A millisecond is what a span can say.
        while high - low > 0.000_2 {
            let middle = 0.5 * (low + high);
            if slow_at(middle) > slow {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high)
    }
}

/// How many hosts there were in the ticks of a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hosts {
    pub(crate) least: u32,
    pub(crate) most: u32,
    pub(crate) sum: u32,
}

impl Hosts {
    /// Of one tick more; `ticks` says how many there were before.
    pub(crate) fn and(self, count: u32, ticks: usize) -> Self {
        if ticks == 0 {
            return Self { least: count, most: count, sum: count };
        }
        Self {
            least: self.least.min(count),
            most: self.most.max(count),
            sum: self.sum.saturating_add(count),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "requests are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
