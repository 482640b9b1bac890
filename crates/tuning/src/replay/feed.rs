//! Metrics of a replay: measured, averaged over their period, published late.

use std::collections::VecDeque;

use capacity::alarm::{Datapoint, MetricQuery, QueryStatistic, Statistic};
use capacity::scaling::{ScalableTarget, Semantics};
use model::Span;

use super::fleet::Fleet;
use crate::Error;
use crate::load::{Load, TICK_SECONDS};
use crate::physics::Physics;

const TICK_MILLIS: u64 = TICK_SECONDS as u64 * 1_000;

/// One metric as it is measured and published.
pub(super) struct Feed {
    metric: usize,
    kind: Kind,
    period: Span,
    period_ticks: usize,
    lag_ticks: usize,
    /// Ticks of the period so far, and whether it has been seen from its beginning.
    elapsed: usize,
    whole: bool,
    above: f64,
    below: f64,
    /// Values that wait to be published, by the tick at which they are.
    waiting: VecDeque<(usize, Datapoint)>,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Percent of the CPU of running tasks, a mean; of so many vCPU each.
    Cpu { vcpu: f64 },
    /// Requests in the period for each task that serves.
    RequestsPerTarget,
}

/// The metrics that `target` reads.
pub(super) fn feeds(
    target: &ScalableTarget,
    physics: &Physics,
    load: &Load,
    semantics: Semantics,
) -> Result<Vec<Feed>, Error> {
    let feed = |(metric, query): (usize, &MetricQuery)| {
        let kind = kind(query, physics).map_err(|problem| Error::NotModelled {
            name: query.metric_name.clone(),
            problem,
            remedy: "replay a policy on the service's Average CPUUtilization in AWS/ECS, or on the \
                     Sum of RequestCountPerTarget",
        })?;
        let period = query.period.as_millis().max(TICK_MILLIS);
        let lag = semantics.lag.of(query.period).as_millis();
        let ticks =
            |millis: u64| usize::try_from(millis.div_ceil(TICK_MILLIS)).unwrap_or(usize::MAX);
        let into = load.start().as_millis().rem_euclid(i64::try_from(period).unwrap_or(i64::MAX));
        let elapsed = ticks(into.unsigned_abs());
        Ok(Feed {
            metric,
            kind,
            period: query.period,
            period_ticks: ticks(period),
            lag_ticks: ticks(lag),
            elapsed,
            whole: elapsed == 0,
            above: 0.0,
            below: 0.0,
            waiting: VecDeque::with_capacity(ticks(lag) / ticks(period).max(1) + 2),
        })
    };
    target.metrics().iter().enumerate().map(feed).collect()
}

fn kind(query: &MetricQuery, physics: &Physics) -> Result<Kind, String> {
    let statistic = match &query.statistic {
        QueryStatistic::Plain(statistic) => *statistic,
        QueryStatistic::Extended(name) => return Err(format!("its statistic is {name}")),
    };
    match (query.namespace.as_str(), query.metric_name.as_str(), statistic) {
        ("AWS/ECS", "CPUUtilization", Statistic::Average) => {
            Ok(Kind::Cpu { vcpu: physics.world.vcpu })
        }
        ("AWS/ApplicationELB", "RequestCountPerTarget", Statistic::Sum) => {
            Ok(Kind::RequestsPerTarget)
        }
        (namespace, metric, statistic) => {
            Err(format!("the {statistic:?} of {metric} in {namespace} follows from no world"))
        }
    }
}

impl Feed {
    /// Hands over what is published by `tick`.
    pub(super) fn publish(&mut self, tick: usize, into: &mut Vec<Datapoint>) {
        while let Some((_, point)) = self.waiting.front().filter(|(due, _)| *due <= tick) {
            into.push(*point);
            self.waiting.pop_front();
        }
    }

    /// Takes one tick in: vCPU in use, requests per second.
    pub(super) fn measure(
        &mut self,
        tick: usize,
        load: &Load,
        (used, rate): (f64, f64),
        fleet: &Fleet,
    ) {
        match self.kind {
            Kind::Cpu { vcpu } => {
                self.above += 100.0 * used;
                self.below += f64::from(fleet.running()) * vcpu;
            }
            Kind::RequestsPerTarget => {
                self.above += rate * f64::from(TICK_SECONDS);
                // A mean over the period's ticks of the tasks that served.
                self.below += f64::from(fleet.serving());
            }
        }
        self.elapsed += 1;
        if self.elapsed < self.period_ticks {
            return;
        }
        let value = match self.kind {
            Kind::Cpu { .. } => self.above / self.below,
            Kind::RequestsPerTarget => self.above * float(self.period_ticks) / self.below,
        };
        if self.whole {
            let period_start = load.at_tick(tick + 1) - self.period;
            let point = Datapoint { metric: self.metric, period_start, value };
            self.waiting.push_back((tick + 1 + self.lag_ticks, point));
        }
        (self.elapsed, self.whole, self.above, self.below) = (0, true, 0.0, 0.0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "ticks of a period, far below 2^53")]
const fn float(ticks: usize) -> f64 {
    ticks as f64
}
