//! What one task carries safely, by the simplest rule that can be defended: what tasks were seen
//! to carry for some minutes while the latency SLO held (docs/architecture.md, "What a task
//! carries").
//!
//! A lower bound grows with evidence and never falls by quiet nights, so that floors do not
//! breathe with the load. Where minutes suffice for a fit, its lower bound takes this rule's
//! place.

use std::collections::VecDeque;

use cloud::SideMinute;
use model::capacity::Source;
use model::{PerSide, Side};
use serde::{Deserialize, Serialize};

use crate::fitting::Rate;

/// A rate counts once it was carried in this many good minutes: one odd minute moves nothing.
const MINUTES_MIN: usize = 10;
/// Until Fargate has shown more, one of its tasks is taken to carry this part of an EC2 task's
/// load: 768 of 1024 CPU units are left to the app beside its sidecars
/// (docs/architecture.md, "What a task carries").
const FARGATE_PRIOR: f64 = 0.75;

/// What tasks were seen to carry, per side, in requests per minute and task.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SafeRates {
    sides: PerSide<Carried>,
}

/// What one side's tasks were seen to carry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Carried {
    /// The last three minutes: the middle one is read once the next one is known.
    #[serde(skip)]
    around: VecDeque<Served>,
    /// The highest rates of good minutes, rising.
    best: Vec<f64>,
}

/// What is known of a minute.
#[derive(Debug, Clone, Copy)]
struct Served {
    minute: i64,
    requests: Option<u64>,
    healthy: Option<u32>,
    is_slow: Option<bool>,
}

impl SafeRates {
    /// Takes a side's next minute; earlier minutes are known already and corrections of them
    /// teach nothing. `budget` is what may be slow of all requests; without a latency SLO any
    /// speed is good enough.
    pub(crate) fn push(&mut self, side: Side, read: &SideMinute, budget: Option<f64>) {
        let served = Served {
            minute: read.minute,
            requests: read.counts.requests.filter(|requests| *requests > 0),
            healthy: read.healthy.filter(|healthy| *healthy > 0),
            is_slow: is_slow(read, budget),
        };
        self.sides.get_mut(side).push(served);
    }

    /// Requests per minute that one task of each side carries safely, where it is known, and
    /// where that is from: where a side's fit has found the limit, that; where it stops at the
    /// loads that were seen, whichever is more, it or what was seen to be carried.
    pub(crate) fn per_task_rpm(
        &self,
        fitted: PerSide<Option<Rate>>,
    ) -> PerSide<Option<(f64, Source)>> {
        let seen = |side| self.sides.get(side).sustained().map(|rate| (rate, Source::Measured));
        let ec2 = with_fit(fitted.ec2, seen(Side::Ec2));
        let prior = ec2.map(|(rate, _)| (rate * FARGATE_PRIOR, Source::Prior));
        let shown = more(seen(Side::Fargate), prior);
        PerSide { ec2, fargate: with_fit(fitted.fargate, shown) }
    }
}

/// A rate and where it is from.
type From = Option<(f64, Source)>;

fn with_fit(fit: Option<Rate>, seen: From) -> From {
    let Some(fit) = fit else { return seen };
    let fitted = Some((fit.rpm, Source::Fitted));
    if fit.is_limit { fitted } else { more(fitted, seen) }
}

/// The greater rate; the first of equal ones.
fn more(one: From, other: From) -> From {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one.0 >= other.0 { one } else { other }),
        (one, other) => one.or(other),
    }
}

/// Whether a minute broke the objective; `None` where that is not known.
#[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
fn is_slow(read: &SideMinute, budget: Option<f64>) -> Option<bool> {
    let Some(budget) = budget else { return Some(false) };
    let (requests, slow) = (read.counts.requests?, read.counts.slow?);
    Some(slow as f64 > budget * requests as f64)
}

impl Carried {
    fn push(&mut self, served: Served) {
        if self.around.back().is_some_and(|newest| served.minute <= newest.minute) {
            return;
        }
        self.around.push_back(served);
        if self.around.len() > 3 {
            self.around.pop_front();
        }
        if let Some(rate) = self.good_rate() {
            let at = self.best.partition_point(|known| *known < rate);
            self.best.insert(at, rate);
            if self.best.len() > MINUTES_MIN {
                self.best.remove(0);
            }
        }
    }

    /// The rate of the middle one of three minutes in a row, if it was good. The source gives
    /// the fewest tasks of a minute; the most of three are surely no fewer than those that
    /// served, so that tasks which come or go do not make the others look stronger.
    #[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
    fn good_rate(&self) -> Option<f64> {
        let [before, middle, after] = [0, 1, 2].map(|at| self.around.get(at).copied());
        let (before, middle, after) = (before?, middle?, after?);
        if after.minute - before.minute != 2 || middle.is_slow? {
            return None;
        }
        let tasks = before.healthy?.max(middle.healthy?).max(after.healthy?);
        Some(middle.requests? as f64 / f64::from(tasks))
    }

    /// The rate that was reached in enough good minutes.
    fn sustained(&self) -> Option<f64> {
        if self.best.len() < MINUTES_MIN { None } else { self.best.first().copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::minute::Counts;

    const BUDGET: Option<f64> = Some(0.01);

    /// Minutes of one side, told one after the other.
    #[derive(Default)]
    struct Told {
        rates: SafeRates,
        next: PerSide<i64>,
    }

    impl Told {
        fn tell(&mut self, side: Side, count: usize, read: &SideMinute) {
            for _ in 0..count {
                let minute = self.next.get_mut(side);
                *minute += 1;
                let read = SideMinute { minute: *minute, ..read.clone() };
                self.rates.push(side, &read, BUDGET);
            }
        }

        fn ec2(&self) -> Option<f64> {
            rate(&self.rates, Side::Ec2)
        }

        fn fargate(&self) -> Option<f64> {
            rate(&self.rates, Side::Fargate)
        }
    }

    fn rate(rates: &SafeRates, side: Side) -> Option<f64> {
        rates.per_task_rpm(PerSide::default()).get(side).map(|(rate, _)| rate)
    }

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
        let mut told = Told::default();
        // The first and the last minute have only one neighbour.
        told.tell(Side::Ec2, 10, &read(2_000, 0, 1));
        assert_eq!(told.ec2(), None);
        told.tell(Side::Ec2, 2, &read(1_500, 0, 1));
        assert_eq!(told.ec2(), Some(1_500.0));
        told.tell(Side::Ec2, 20, &read(9_000, 100, 1));
        assert_eq!(told.ec2(), Some(1_500.0), "slow minutes teach nothing");
    }

    #[test]
    fn tasks_that_come_and_go_do_not_make_the_others_look_stronger() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 20, &read(2_000, 0, 2));
        for _ in 0..30 {
            // Ten tasks serve, but at one moment of the minute only two were healthy.
            told.tell(Side::Ec2, 1, &read(10_000, 0, 2));
            told.tell(Side::Ec2, 1, &read(10_000, 0, 10));
        }
        assert_eq!(told.ec2(), Some(1_000.0));
    }

    #[test]
    fn what_was_carried_outlives_the_process() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 12, &read(2_000, 0, 1));
        let kept = serde_json::to_string(&told.rates).unwrap();
        let mut rates: SafeRates = serde_json::from_str(&kept).unwrap();
        assert_eq!(rate(&rates, Side::Ec2), Some(2_000.0));
        for minute in 100..2_000 {
            rates.push(Side::Ec2, &SideMinute { minute, ..read(100, 0, 1) }, BUDGET);
        }
        assert_eq!(rate(&rates, Side::Ec2), Some(2_000.0));
    }

    #[test]
    fn fargate_is_given_three_quarters_until_it_shows_more() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 12, &read(2_000, 0, 1));
        assert_eq!(told.fargate(), Some(1_500.0));
        told.tell(Side::Fargate, 12, &read(1_800, 0, 1));
        assert_eq!(told.fargate(), Some(1_800.0));
    }

    #[test]
    fn a_limit_that_was_found_stands_above_what_was_seen_and_fargates_above_its_prior() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 12, &read(2_000, 0, 1));
        let limit = |rpm| Some(Rate { rpm, is_limit: true });
        let of = |ec2, fargate| told.rates.per_task_rpm(PerSide { ec2, fargate });
        assert_eq!(of(limit(1_000.0), None).ec2, Some((1_000.0, Source::Fitted)));
        assert_eq!(of(limit(1_000.0), None).fargate, Some((750.0, Source::Prior)));
        assert_eq!(of(None, limit(400.0)).fargate, Some((400.0, Source::Fitted)));
        assert_eq!(of(None, limit(400.0)).ec2, Some((2_000.0, Source::Measured)));
    }

    #[test]
    fn a_fit_that_stops_at_the_loads_that_were_seen_takes_nothing_away() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 12, &read(2_000, 0, 1));
        let held = |rpm| Some(Rate { rpm, is_limit: false });
        let of = |ec2, fargate| told.rates.per_task_rpm(PerSide { ec2, fargate });
        assert_eq!(of(held(1_000.0), None).ec2, Some((2_000.0, Source::Measured)));
        assert_eq!(of(held(2_200.0), None).ec2, Some((2_200.0, Source::Fitted)));
        assert_eq!(of(None, held(400.0)).fargate, Some((1_500.0, Source::Prior)));
    }

    #[test]
    fn without_a_latency_objective_any_speed_is_good_enough() {
        let mut rates = SafeRates::default();
        for minute in 0..12 {
            let counts = Counts { requests: Some(600), ..Counts::default() };
            let read = SideMinute { minute, counts, ..read(0, 0, 2) };
            rates.push(Side::Ec2, &read, None);
        }
        assert_eq!(rate(&rates, Side::Ec2), Some(300.0));
        assert_eq!(is_slow(&read(0, 0, 1), BUDGET), Some(false));
    }
}
