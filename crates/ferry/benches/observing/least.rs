//! The fewest requests a minute that the cadences imply, worked out from what is promised and from
//! the limits that AWS publishes for one call, and from nothing that Ferry does.
//!
//! Cadences (docs/architecture.md, "Calls to AWS"): services and scalable targets once a minute, and
//! every ten seconds where something moves; weights every five minutes, and every ten seconds where
//! something moves; each minute's metrics once, for all. Targets every ten seconds where something
//! moves; where balancers vouch for what was read, once a minute of up to 200 groups, and 200 a
//! minute in turn of more: 2,000 in ten minutes.

use std::collections::BTreeMap;

/// The one operation that takes a single thing a call.
pub(crate) const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";

/// A fleet in one account and region: services in one cluster, names in one zone, each side behind
/// a balancer of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fleet {
    pub(crate) migrations: usize,
    /// How many of them are moving, or suspect; the first by name.
    pub(crate) moving: usize,
}

/// Groups at rest whose targets are read in a minute.
const HEALTH_AT_REST: usize = 200;

/// Looks a minute at what moves.
const LOOKS: f64 = 6.0;

/// Calls a minute where `batch` things are told by a call: everything once, and what moves five
/// times more.
fn calls(all: usize, moving: usize, batch: usize) -> f64 {
    ceil(all, batch) + (LOOKS - 1.0) * ceil(moving, batch)
}

#[expect(clippy::cast_precision_loss, reason = "a number of calls")]
fn ceil(things: usize, batch: usize) -> f64 {
    things.div_ceil(batch) as f64
}

/// By operation, as IAM names it.
pub(crate) fn requests_per_minute(fleet: Fleet) -> BTreeMap<&'static str, f64> {
    let Fleet { migrations, moving } = fleet;
    let (services, moving_services) = (2 * migrations, 2 * moving);
    let is_moving = f64::from(u8::from(moving > 0));
    // Of a group: requests, target 5XX, connection errors, healthy hosts, the median, the 99th and
    // the slowest answer; of its balancer: own 5XX; of its service: CPU. Answers slower than a
    // time: on Fargate the SLO's and three that are compared, on EC2 one of those is the SLO's.
    let series = migrations * ((9 + 3) + (9 + 4));
    // A name has two records. All names once in five minutes, with those that move among them.
    let all_names = ceil(2 * migrations, 300);
    let moving_names = ceil(2 * moving, 300);
    let names = (all_names - moving_names) / 5.0 + LOOKS * moving_names;
    let at_rest = ceil((services - moving_services).min(HEALTH_AT_REST), 1);
    BTreeMap::from([
        ("ecs:DescribeServices", calls(services, moving_services, 10)),
        (HEALTH, at_rest + LOOKS * ceil(moving_services, 1)),
        ("application-autoscaling:DescribeScalableTargets", calls(services, moving_services, 50)),
        // Nothing is scheduled: the account's list is one page.
        ("application-autoscaling:DescribeScheduledActions", 1.0 + (LOOKS - 1.0) * is_moving),
        ("cloudwatch:GetMetricData", ceil(series, 500)),
        ("route53:ListResourceRecordSets", if moving > 0 { names } else { all_names / 5.0 }),
        // Where groups stand, once an hour.
        ("elasticloadbalancing:DescribeTargetGroups", ceil(services, 400) / 60.0),
    ])
}
