//! What one task carries safely, by the simplest rule that can be defended: what tasks were seen
//! to carry for some minutes of the last week while the latency SLO held, unless tasks that were
//! busy have failed at less since (docs/architecture.md, "What a task carries").
//!
//! A lower bound grows with evidence and does not fall by quiet nights, so that floors do not
//! breathe with the load. The fitted model takes this rule's place behind the same numbers.

use std::collections::{BTreeMap, VecDeque};

use cloud::SideMinute;
use model::{PerSide, Side};

/// A rate counts once it was carried in this many good minutes, and stops counting once it was
/// too much in as many bad ones: one odd minute moves nothing either way.
const MINUTES_MIN: usize = 10;
/// What was carried longer ago than this was carried by other releases under other load. It is
/// also what a restart reads, so that a restart changes no number.
const DAYS_MAX: i64 = 7;
const DAY_MINUTES: i64 = 1_440;
/// Bad minutes of one hour belong together.
const TOGETHER_MINUTES: i64 = 60;
/// From this mean CPU on, requests wait for each other and latency grows without bound; below it
/// a slow minute is the doing of something else, such as a database, which more tasks do not mend.
const BUSY_CPU_PERCENT: f64 = 70.0;
/// Until Fargate has shown more, one of its tasks is taken to carry this part of an EC2 task's
/// load: 768 of 1024 CPU units are left to the app beside its sidecars
/// (docs/architecture.md, "What a task carries").
const FARGATE_PRIOR: f64 = 0.75;

/// What tasks were seen to carry, per side, in requests per minute and task.
#[derive(Debug, Clone, Default)]
pub(crate) struct SafeRates {
    sides: PerSide<Carried>,
}

/// What one side's tasks were seen to carry.
#[derive(Debug, Clone, Default)]
struct Carried {
    /// The last three minutes: the middle one is read once the next one is known.
    around: VecDeque<Served>,
    /// The highest rates of each day's good minutes, rising.
    days: BTreeMap<i64, Vec<f64>>,
    /// Minutes of the last hour in which busy tasks were too slow, with their rates.
    overloaded: VecDeque<(i64, f64)>,
    ceiling: Option<Ceiling>,
}

/// A rate at which busy tasks were too slow.
#[derive(Debug, Clone, Copy)]
struct Ceiling {
    rate: f64,
    minute: i64,
    /// Good minutes at this rate or above since.
    carried: usize,
}

/// What is known of a minute.
#[derive(Debug, Clone, Copy)]
struct Served {
    minute: i64,
    requests: Option<u64>,
    healthy: Option<u32>,
    is_slow: Option<bool>,
    is_busy: bool,
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
            is_busy: read.cpu_percent.is_some_and(|cpu| cpu >= BUSY_CPU_PERCENT),
        };
        self.sides.get_mut(side).push(served);
    }

    /// Requests per minute that one task of each side carries safely, where it is known.
    pub(crate) fn per_task_rpm(&self) -> PerSide<Option<f64>> {
        let PerSide { ec2, fargate } = &self.sides;
        let of_ec2 = ec2.bounded(ec2.sustained());
        let prior = of_ec2.map(|rate| rate * FARGATE_PRIOR);
        let shown = match (fargate.sustained(), prior) {
            (Some(seen), Some(prior)) => Some(seen.max(prior)),
            (seen, prior) => seen.or(prior),
        };
        PerSide { ec2: of_ec2, fargate: fargate.bounded(shown) }
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
        if let Some((minute, rate, is_slow, is_busy)) = self.settled() {
            if is_slow && is_busy {
                self.note_overload(minute, rate);
            } else if !is_slow {
                self.note_good(minute, rate);
            }
        }
        let today = served.minute.div_euclid(DAY_MINUTES);
        self.days = self.days.split_off(&(today + 1 - DAYS_MAX));
        let since = served.minute - DAYS_MAX * DAY_MINUTES;
        self.ceiling = self.ceiling.filter(|ceiling| ceiling.minute > since);
    }

    /// The middle one of three minutes in a row: minute, rate, slow, busy. The source gives the
    /// fewest tasks of a minute; the most of three are surely no fewer than those that served,
    /// so that tasks which came or went in between do not make the others look stronger.
    #[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
    fn settled(&self) -> Option<(i64, f64, bool, bool)> {
        let [before, middle, after] = [0, 1, 2].map(|at| self.around.get(at).copied());
        let (before, middle, after) = (before?, middle?, after?);
        if after.minute - before.minute != 2 {
            return None;
        }
        let tasks = before.healthy?.max(middle.healthy?).max(after.healthy?);
        let rate = middle.requests? as f64 / f64::from(tasks);
        Some((middle.minute, rate, middle.is_slow?, middle.is_busy))
    }

    fn note_good(&mut self, minute: i64, rate: f64) {
        let best = self.days.entry(minute.div_euclid(DAY_MINUTES)).or_default();
        let at = best.partition_point(|known| *known < rate);
        best.insert(at, rate);
        if best.len() > MINUTES_MIN {
            best.remove(0);
        }
        if let Some(ceiling) = &mut self.ceiling
            && rate >= ceiling.rate
        {
            ceiling.carried += 1;
            if ceiling.carried >= MINUTES_MIN {
                self.ceiling = None;
            }
        }
    }

    /// Busy tasks were too slow at `rate`. Ten such minutes in an hour are a ceiling: their
    /// median, so that a few minutes of tasks busy with starting set none.
    fn note_overload(&mut self, minute: i64, rate: f64) {
        self.overloaded.push_back((minute, rate));
        while self.overloaded.front().is_some_and(|(at, _)| *at <= minute - TOGETHER_MINUTES) {
            self.overloaded.pop_front();
        }
        if self.overloaded.len() < MINUTES_MIN {
            return;
        }
        let mut rates: Vec<f64> = self.overloaded.drain(..).map(|(_, rate)| rate).collect();
        rates.sort_by(f64::total_cmp);
        if let Some(rate) = rates.get(MINUTES_MIN / 2).copied() {
            let rate = self.ceiling.map_or(rate, |ceiling| ceiling.rate.min(rate));
            self.ceiling = Some(Ceiling { rate, minute, carried: 0 });
        }
    }

    /// The rate that was reached in enough good minutes of the week.
    fn sustained(&self) -> Option<f64> {
        let mut best: Vec<f64> = self.days.values().flatten().copied().collect();
        best.sort_by(f64::total_cmp);
        best.len().checked_sub(MINUTES_MIN).and_then(|at| best.get(at).copied())
    }

    fn bounded(&self, rate: Option<f64>) -> Option<f64> {
        let ceiling = self.ceiling.map_or(f64::INFINITY, |ceiling| ceiling.rate);
        rate.map(|rate| rate.min(ceiling))
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
            self.rates.per_task_rpm().ec2
        }

        fn fargate(&self) -> Option<f64> {
            self.rates.per_task_rpm().fargate
        }
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

    fn busy(requests: u64, slow: u64) -> SideMinute {
        SideMinute { cpu_percent: Some(85.0), ..read(requests, slow, 1) }
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
    fn a_release_that_makes_tasks_heavier_lowers_what_they_carry() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 60, &busy(2_000, 0));
        assert_eq!(told.ec2(), Some(2_000.0));
        told.tell(Side::Ec2, 9, &busy(1_200, 100));
        assert_eq!(told.ec2(), Some(2_000.0), "a few minutes move nothing");
        told.tell(Side::Ec2, 5, &busy(1_200, 100));
        assert_eq!(told.ec2(), Some(1_200.0));
        // Carried again, the ceiling is lifted.
        told.tell(Side::Ec2, 12, &busy(1_300, 0));
        assert_eq!(told.ec2(), Some(2_000.0));
    }

    #[test]
    fn slow_minutes_of_idle_tasks_say_nothing_of_what_they_carry() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 60, &read(2_000, 0, 1));
        let idle = SideMinute { cpu_percent: Some(30.0), ..read(500, 400, 1) };
        told.tell(Side::Ec2, 120, &idle);
        told.tell(Side::Ec2, 120, &read(500, 400, 1));
        assert_eq!(told.ec2(), Some(2_000.0));
    }

    #[test]
    fn quiet_nights_lower_nothing_but_a_week_forgets() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 60, &read(2_000, 0, 1));
        told.tell(Side::Ec2, 6 * 1_440, &read(100, 0, 1));
        assert_eq!(told.ec2(), Some(2_000.0));
        told.tell(Side::Ec2, 1_440, &read(100, 0, 1));
        assert_eq!(told.ec2(), Some(100.0));
    }

    #[test]
    fn fargate_is_given_three_quarters_until_it_shows_more_or_less() {
        let mut told = Told::default();
        told.tell(Side::Ec2, 12, &read(2_000, 0, 1));
        assert_eq!(told.fargate(), Some(1_500.0));
        told.tell(Side::Fargate, 12, &read(1_800, 0, 1));
        assert_eq!(told.fargate(), Some(1_800.0));
        told.tell(Side::Fargate, 12, &busy(900, 100));
        assert_eq!(told.fargate(), Some(900.0), "below the prior, since it was tried");
    }

    #[test]
    fn without_a_latency_objective_any_speed_is_good_enough() {
        let mut rates = SafeRates::default();
        for minute in 0..12 {
            let counts = Counts { requests: Some(600), ..Counts::default() };
            let read = SideMinute { minute, counts, ..read(0, 0, 2) };
            rates.push(Side::Ec2, &read, None);
        }
        assert_eq!(rates.per_task_rpm().ec2, Some(300.0));
        assert_eq!(is_slow(&read(0, 0, 1), BUDGET), Some(false));
    }
}
