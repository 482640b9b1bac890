//! Logs of minutes for tests: a few words of traffic become rows.

use analysis::judge::{Change, judge_log};
use analysis::{Fold, Settings};
use model::minute::{Context, Counts, Minute};
use model::verdict::{Verdict, VerdictKind};
use model::{PerSide, Share, Side, Time};
use sampling::Generator;

/// One side's traffic: requests a minute and fractions that are bad.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) slow: f64,
    pub(crate) errors: f64,
    /// How much more than usual is above the median and the 90th percentile.
    pub(crate) slower: f64,
}

/// 1,000 requests a minute, within every objective.
pub(crate) const CALM: Traffic =
    Traffic { requests: 1_000, slow: 0.004, errors: 0.0002, slower: 1.0 };

impl Traffic {
    pub(crate) fn requests(self, requests: u64) -> Self {
        Self { requests, ..self }
    }

    pub(crate) fn slow(self, slow: f64) -> Self {
        Self { slow, ..self }
    }

    pub(crate) fn errors(self, errors: f64) -> Self {
        Self { errors, ..self }
    }

    pub(crate) fn slower(self, slower: f64) -> Self {
        Self { slower, ..self }
    }
}

/// A log being written; each minute's counts are drawn from a seed.
pub(crate) struct Log {
    pub(crate) rows: Vec<Minute>,
    pub(crate) minute: i64,
    pub(crate) context: PerSide<Context>,
    /// EC2 tasks behind both balancers, both asked at the same thresholds.
    pub(crate) is_router_aa: bool,
    generator: Generator,
}

impl Log {
    /// An empty log at this share.
    pub(crate) fn new(share: u16) -> Self {
        let mut log = Self {
            rows: Vec::new(),
            minute: 0,
            context: PerSide::default(),
            is_router_aa: false,
            generator: Generator::new(11),
        };
        log.share(share);
        log
    }

    pub(crate) fn share(&mut self, percent: u16) -> &mut Self {
        self.each(|context| context.share = Some(Share::percent(percent)))
    }

    pub(crate) fn each(&mut self, mut change: impl FnMut(&mut Context)) -> &mut Self {
        change(&mut self.context.ec2);
        change(&mut self.context.fargate);
        self
    }

    pub(crate) fn fargate(&mut self, change: impl FnOnce(&mut Context)) -> &mut Self {
        change(&mut self.context.fargate);
        self
    }

    /// Minutes in which both sides are seen.
    pub(crate) fn run(&mut self, minutes: u32, ec2: Traffic, fargate: Traffic) -> &mut Self {
        self.run_seen(minutes, Some(ec2), Some(fargate))
    }

    /// Minutes in which either side may be missing.
    pub(crate) fn run_seen(
        &mut self,
        minutes: u32,
        ec2: Option<Traffic>,
        fargate: Option<Traffic>,
    ) -> &mut Self {
        for _ in 0..minutes {
            for (side, traffic) in [(Side::Ec2, ec2), (Side::Fargate, fargate)] {
                if let Some(traffic) = traffic {
                    let counts = self.counts(side, traffic);
                    self.row(side, counts);
                }
            }
            self.minute += 1;
        }
        self
    }

    /// A row of the present minute.
    pub(crate) fn row(&mut self, side: Side, counts: Counts) {
        self.rows.push(Minute {
            minute: self.minute,
            side,
            revision: 0,
            seen_at: Time::from_minute(self.minute + 1),
            counts,
            context: self.context.get(side).clone(),
        });
    }

    /// Fargate is asked at 1.1 times the thresholds, so fewer of its requests exceed them.
    fn counts(&mut self, side: Side, traffic: Traffic) -> Counts {
        let [slo, p90, p50] = match side {
            Side::Fargate if !self.is_router_aa => [0.66, 0.79, 0.89],
            Side::Ec2 | Side::Fargate => [1.0; 3],
        };
        let mut draw = |p: f64| Some(self.generator.binomial(traffic.requests, p));
        Counts {
            requests: Some(traffic.requests),
            slow: draw(traffic.slow),
            slow_slo: draw(slo * traffic.slow),
            slow_p90: draw(p90 * 0.1 * traffic.slower),
            // Half as steep at the median.
            slow_p50: draw((p50 * 0.5 * libm::sqrt(traffic.slower)).min(1.0)),
            errors: draw(traffic.errors),
        }
    }

    pub(crate) fn changes(&self, settings: &Settings) -> Vec<Change> {
        judge_log(settings, &self.rows).0
    }

    pub(crate) fn fold(&self, settings: &Settings) -> Fold {
        let mut fold = Fold::new(settings);
        for row in &self.rows {
            fold.push(settings, row);
        }
        fold
    }

    pub(crate) fn verdict(&self, settings: &Settings) -> Verdict {
        self.fold(settings).verdict(settings, Time::from_minute(self.minute))
    }

    /// The reasons of all verdicts, in order.
    pub(crate) fn reasons(&self, settings: &Settings) -> Vec<&'static str> {
        self.changes(settings).into_iter().map(|change| change.reason).collect()
    }

    /// The first minute that says roll back.
    pub(crate) fn rollback(&self, settings: &Settings) -> Option<(i64, &'static str)> {
        self.first(settings, VerdictKind::RollBack)
    }

    /// The first minute that says advance.
    pub(crate) fn advance(&self, settings: &Settings) -> Option<(i64, &'static str)> {
        self.first(settings, VerdictKind::Advance)
    }

    fn first(&self, settings: &Settings, kind: VerdictKind) -> Option<(i64, &'static str)> {
        let changes = self.changes(settings);
        changes.iter().find(|c| c.verdict == kind).map(|c| (c.minute, c.reason))
    }
}
