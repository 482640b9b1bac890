//! Which series of CloudWatch say what a side did in a minute.

use cloud::MinuteAsk;
use model::Span;

use crate::groups::Standing;

const BALANCER: &str = "AWS/ApplicationELB";
const SERVICE: &str = "AWS/ECS";

/// One series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Query {
    pub(super) namespace: &'static str,
    pub(super) metric: &'static str,
    pub(super) dimensions: Vec<(&'static str, String)>,
    pub(super) stat: Stat,
}

/// What is made of the samples of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stat {
    Sum,
    Average,
    Minimum,
    SampleCount,
    /// The 50th, 90th, 99th percentile; the 100th is the largest sample.
    Percentile(u8),
    /// How many samples are above a time: `TC(t:)`, whose lower bound is exclusive.
    Above(Span),
}

impl Stat {
    /// As CloudWatch writes it.
    pub(super) fn text(self) -> String {
        match self {
            Self::Sum => "Sum".to_owned(),
            Self::Average => "Average".to_owned(),
            Self::Minimum => "Minimum".to_owned(),
            Self::SampleCount => "SampleCount".to_owned(),
            Self::Percentile(percentile) => format!("p{percentile}"),
            Self::Above(span) => format!("TC({}:)", seconds(span)),
        }
    }
}

/// A span in seconds, exactly, with no zero that says nothing: balancers measure in seconds.
fn seconds(span: Span) -> String {
    let (whole, millis) = (span.as_millis() / 1_000, span.as_millis() % 1_000);
    if millis == 0 {
        return whole.to_string();
    }
    let fraction = format!("{millis:03}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// The series of one side; those of the balancer are absent while no balancer has the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series {
    /// Of the service.
    pub(super) cpu: Query,
    /// Of the group at its balancer.
    pub(super) balanced: Option<Balanced>,
}

/// The series of a group at its balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Balanced {
    pub(super) requests: Query,
    /// Answers 500 to 599 of targets.
    pub(super) failed: Query,
    /// Connections to targets that failed.
    pub(super) unconnected: Query,
    /// Answers 500 to 599 of the balancer itself, where they are this group's.
    pub(super) refused: Option<Query>,
    /// The slowest answer.
    pub(super) slowest: Query,
    pub(super) median: Query,
    pub(super) p99: Query,
    pub(super) healthy: Query,
}

impl Series {
    /// The series of a side.
    pub(super) fn of(ask: &MinuteAsk, standing: &Standing) -> Self {
        let cpu = Query {
            namespace: SERVICE,
            metric: "CPUUtilization",
            dimensions: vec![
                ("ClusterName", ask.service.cluster.clone()),
                ("ServiceName", ask.service.service.clone()),
            ],
            stat: Stat::Average,
        };
        Self { cpu, balanced: Balanced::of(standing) }
    }
}

impl Balanced {
    pub(super) fn of(standing: &Standing) -> Option<Self> {
        let balancer = ("LoadBalancer", standing.balancer.clone()?);
        let group = vec![balancer.clone(), ("TargetGroup", standing.group.clone())];
        let query =
            |metric, stat| Query { namespace: BALANCER, metric, dimensions: group.clone(), stat };
        // Without a group among its dimensions: the balancer answers before it has chosen one.
        let refused = standing.alone.then(|| Query {
            dimensions: vec![balancer],
            ..query("HTTPCode_ELB_5XX_Count", Stat::Sum)
        });
        Some(Self {
            requests: query("RequestCount", Stat::Sum),
            failed: query("HTTPCode_Target_5XX_Count", Stat::Sum),
            unconnected: query("TargetConnectionErrorCount", Stat::Sum),
            refused,
            slowest: query("TargetResponseTime", Stat::Percentile(100)),
            median: query("TargetResponseTime", Stat::Percentile(50)),
            p99: query("TargetResponseTime", Stat::Percentile(99)),
            healthy: query("HealthyHostCount", Stat::Minimum),
        })
    }

    /// Answers slower than `threshold`.
    pub(super) fn slower_than(&self, threshold: Span) -> Query {
        self.latency(Stat::Above(threshold))
    }

    /// A statistic of the time targets take to answer.
    pub(super) fn latency(&self, stat: Stat) -> Query {
        Query { stat, ..self.slowest.clone() }
    }

    fn all(&self, ask: &MinuteAsk) -> Vec<Query> {
        let Self { requests, failed, unconnected, refused, slowest, median, p99, healthy } = self;
        let thresholds = &ask.thresholds;
        let slow = [thresholds.slow, thresholds.slow_slo, thresholds.slow_p90, thresholds.slow_p50];
        [requests, failed, unconnected, slowest, median, p99, healthy]
            .into_iter()
            .chain(refused)
            .cloned()
            .chain(slow.into_iter().flatten().map(|threshold| self.slower_than(threshold)))
            .collect()
    }
}

/// What has to be read for an ask, of the group's account and of the service's.
pub(super) fn queries(ask: &MinuteAsk, series: &Series) -> (Vec<Query>, Query) {
    let balanced = series.balanced.as_ref().map_or_else(Vec::new, |balanced| balanced.all(ask));
    (balanced, series.cpu.clone())
}
