//! What one task carries safely, by the simplest rule that can be defended: what tasks were seen
//! to carry for some minutes while the latency SLO held.
//!
//! A lower bound grows with evidence and never falls by quiet nights, so that floors do not
//! breathe with the load. The fitted model takes this rule's place behind the same numbers.

use cloud::SideMinute;
use model::{PerSide, Side};

/// A rate counts once it was carried in this many good minutes.
const GOOD_MINUTES: usize = 10;
/// Until Fargate has shown more, one of its tasks is taken to carry this part of an EC2 task's
/// load: 768 of 1024 CPU units are left to the app beside its sidecars
/// (docs/architecture.md, "What a task carries").
const FARGATE_PRIOR: f64 = 0.75;

/// The best rates that were carried well, per side, in requests per minute and task.
#[derive(Debug, Clone, Default)]
pub(crate) struct SafeRates {
    best: PerSide<Best>,
}

/// The highest rates of good minutes, rising.
#[derive(Debug, Clone, Default)]
struct Best(Vec<f64>);

impl SafeRates {
    /// Takes a minute in which `healthy` tasks served; a minute that broke the objective, or
    /// of which a part is not known, teaches nothing.
    #[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
    pub(crate) fn push(&mut self, side: Side, read: &SideMinute, budget: f64) {
        let (Some(requests), Some(slow), Some(healthy)) =
            (read.counts.requests, read.counts.slow, read.healthy)
        else {
            return;
        };
        if healthy == 0 || requests == 0 || slow as f64 > budget * requests as f64 {
            return;
        }
        self.best.get_mut(side).push(requests as f64 / f64::from(healthy));
    }

    /// Requests per minute that one task of each side carries safely, where it is known.
    pub(crate) fn per_task_rpm(&self) -> PerSide<Option<f64>> {
        let ec2 = self.best.ec2.sustained();
        let prior = ec2.map(|rate| rate * FARGATE_PRIOR);
        let fargate = match (self.best.fargate.sustained(), prior) {
            (Some(seen), Some(prior)) => Some(seen.max(prior)),
            (seen, prior) => seen.or(prior),
        };
        PerSide { ec2, fargate }
    }
}

impl Best {
    fn push(&mut self, rate: f64) {
        let at = self.0.partition_point(|known| *known < rate);
        self.0.insert(at, rate);
        if self.0.len() > GOOD_MINUTES {
            self.0.remove(0);
        }
    }

    fn sustained(&self) -> Option<f64> {
        if self.0.len() < GOOD_MINUTES { None } else { self.0.first().copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::minute::Counts;

    fn read(requests: u64, slow: u64, healthy: u32) -> SideMinute {
        SideMinute {
            minute: 0,
            counts: Counts { requests: Some(requests), slow: Some(slow), ..Counts::default() },
            healthy: Some(healthy),
            cpu_percent: None,
            p50_ms: None,
            p99_ms: None,
        }
    }

    #[test]
    fn a_rate_counts_once_it_was_carried_ten_minutes_within_the_objective() {
        let mut rates = SafeRates::default();
        for _ in 0..9 {
            rates.push(Side::Ec2, &read(2_000, 0, 1), 0.01);
        }
        assert_eq!(rates.per_task_rpm().ec2, None);
        rates.push(Side::Ec2, &read(1_500, 0, 1), 0.01);
        assert_eq!(rates.per_task_rpm().ec2, Some(1_500.0));
        for _ in 0..20 {
            rates.push(Side::Ec2, &read(9_000, 100, 1), 0.01);
        }
        assert_eq!(rates.per_task_rpm().ec2, Some(1_500.0), "slow minutes teach nothing");
    }

    #[test]
    fn fargate_is_given_three_quarters_until_it_shows_more() {
        let mut rates = SafeRates::default();
        for _ in 0..10 {
            rates.push(Side::Ec2, &read(2_000, 0, 1), 0.01);
        }
        assert_eq!(rates.per_task_rpm().fargate, Some(1_500.0));
        for _ in 0..10 {
            rates.push(Side::Fargate, &read(1_800, 0, 1), 0.01);
        }
        assert_eq!(rates.per_task_rpm().fargate, Some(1_800.0));
    }
}
