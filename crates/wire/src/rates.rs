//! How often each API may be called: all rates of the wire in one place.
//!
//! A bucket holds `burst` calls and gets `refill` of them back each second of the region's clock,
//! as ECS documents it. A region may switch them off (`rateLimits: false`).

use std::collections::BTreeMap;

use model::Time;

use crate::service::Service;

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// Calls that share a bucket share its name.
    bucket: &'static str,
    burst: f64,
    refill: f64,
}

const fn rate(bucket: &'static str, burst: f64, refill: f64) -> Option<Rate> {
    Some(Rate { bucket, burst, refill })
}

/// The rate of an operation.
///
/// Sources: ECS, "Request throttling for the Amazon ECS API" (burst and sustained rate for each
/// group of actions); Route 53, "Quotas": five requests a second for each account, all operations
/// together; CloudWatch, "CloudWatch service quotas". ELBv2, Application Auto Scaling and
/// EventBridge publish no numbers for these: they are assumptions of the order that users report;
/// STS and DynamoDB have none.
pub(crate) fn of(service: Service, operation: &str) -> Option<Rate> {
    match service {
        Service::Ecs => match operation {
            "UpdateService" => rate("ecs service modify", 50.0, 5.0),
            "DescribeServices" | "ListServices" => rate("ecs service read", 100.0, 20.0),
            "DescribeTasks" | "ListTasks" => rate("ecs cluster resource read", 100.0, 20.0),
            "DescribeTaskDefinition" => rate("ecs task definition read", 50.0, 20.0),
            "TagResource" | "UntagResource" => rate("ecs tag modify", 10.0, 5.0),
            "ListTagsForResource" => rate("ecs tag read", 50.0, 20.0),
            // DescribeClusters, ListClusters and what there is none of here.
            _ => rate("ecs cluster read", 50.0, 20.0),
        },
        Service::Route53 => rate("route53", 5.0, 5.0),
        Service::CloudWatch => match operation {
            "GetMetricData" => rate("cloudwatch GetMetricData", 50.0, 50.0),
            "GetMetricStatistics" => rate("cloudwatch GetMetricStatistics", 400.0, 400.0),
            "DescribeAlarms" => rate("cloudwatch DescribeAlarms", 9.0, 9.0),
            _ => rate("cloudwatch lists", 25.0, 25.0),
        },
        Service::LoadBalancing => match operation {
            "ModifyRule" | "ModifyListener" | "AddTags" | "RemoveTags" => {
                rate("elasticloadbalancing modify", 40.0, 3.0)
            }
            _ => rate("elasticloadbalancing read", 100.0, 40.0),
        },
        Service::Autoscaling => match operation {
            "RegisterScalableTarget" | "PutScheduledAction" | "DeleteScheduledAction" => {
                rate("application-autoscaling modify", 40.0, 10.0)
            }
            _ => rate("application-autoscaling read", 100.0, 20.0),
        },
        // EventBridge's own quotas are in the hundreds for reads, and not published for each call.
        Service::Events => rate("events", 50.0, 50.0),
        // Tables on demand have no rate that a lease could meet.
        Service::Sts | Service::DynamoDb => None,
    }
}

/// How many queries an organisation may send to Datadog in an hour, and the hour in seconds.
/// The reference says that limits differ by organisation and are told in headers; this is the
/// default that it once published for the query endpoint.
pub(crate) const DATADOG: (u32, u64) = (1_600, 3_600);

/// Calls in a period that begins anew each time it is over, as Datadog counts them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counter {
    period: i64,
    calls: u32,
}

impl Counter {
    /// Counts a call: how many are left then, `None` when it is one too many, and the seconds
    /// until the next period.
    pub(crate) fn count(&mut self, now: Time) -> (Option<u32>, u64) {
        let (most, seconds) = DATADOG;
        let length = i64::try_from(seconds).unwrap_or(i64::MAX);
        let period = now.as_secs().div_euclid(length);
        if period != self.period {
            *self = Self { period, calls: 0 };
        }
        let passed = now.as_secs().rem_euclid(length).unsigned_abs();
        self.calls = self.calls.saturating_add(1);
        (most.checked_sub(self.calls), seconds - passed)
    }
}

/// What is left in each bucket.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buckets {
    left: BTreeMap<&'static str, (f64, Time)>,
}

impl Buckets {
    /// Takes a call out of its bucket; `false` when the bucket is empty.
    pub(crate) fn take(&mut self, rate: Rate, now: Time) -> bool {
        let (left, since) = self.left.entry(rate.bucket).or_insert((rate.burst, now));
        *left = (*left + now.since(*since).secs_f64() * rate.refill).min(rate.burst);
        *since = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use model::Span;

    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let rate = of(Service::Route53, "ListHostedZones").unwrap();
        let mut buckets = Buckets::default();
        let start = Time::from_secs(1_000);
        let taken = |buckets: &mut Buckets, at: Time| {
            (0..100).take_while(|_| buckets.take(rate, at)).count()
        };
        assert_eq!(taken(&mut buckets, start), 5);
        assert_eq!(taken(&mut buckets, start + Span::from_millis(400)), 2);
        assert_eq!(taken(&mut buckets, start + Span::from_hours(1)), 5);
    }
}
