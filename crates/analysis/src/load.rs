//! Load per task on both sides (A5), and how few tasks blur the comparison (2.2).

use model::{PerSide, Side};
use serde::{Deserialize, Serialize};

use crate::pairing::{Row, float};

/// Requests per task of both sides by 10-minute block, and task counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Load {
    requests: PerSide<f64>,
    /// Task-minutes, times the safe rate where both sides know theirs.
    capacity: PerSide<f64>,
    ratio: Option<f64>,
    is_unequal: bool,
    tasks: PerSide<u32>,
    deviation: f64,
}

/// Outside this band of utilisations load, not Fargate, may explain a difference.
const RATIO_MIN: f64 = 0.8;
const RATIO_MAX: f64 = 1.25;
/// A ratio of counts is outside only by two of its own standard errors.
const DEVIATIONS: f64 = 2.0;

impl Load {
    /// Adds a minute in which both sides' requests and tasks are known; others change nothing.
    pub(crate) fn add(&mut self, rows: &PerSide<Option<Row>>, task_spread: f64) {
        let (Some(ec2), Some(fargate)) = (&rows.ec2, &rows.fargate) else { return };
        let rows = PerSide { ec2, fargate };
        let known = rows.map(|row| Some((row.counts.requests?, row.tasks.filter(|n| *n > 0)?)));
        let (Some(ec2), Some(fargate)) = (known.ec2, known.fargate) else { return };
        let counts = PerSide { ec2, fargate };
        // Without a safe rate on either side tasks are taken for equals.
        let safe = match (rows.ec2.safe_per_task, rows.fargate.safe_per_task) {
            (Some(ec2), Some(fargate)) if ec2 > 0 && fargate > 0 => PerSide { ec2, fargate },
            _ => PerSide { ec2: 1, fargate: 1 },
        };
        for side in Side::ALL {
            let (requests, tasks) = *counts.get(side);
            *self.requests.get_mut(side) += float(requests);
            *self.capacity.get_mut(side) += f64::from(tasks) * f64::from(*safe.get(side));
        }
        let tasks = counts.map(|(_, tasks)| tasks);
        if tasks != self.tasks {
            self.tasks = tasks;
            let variance = 1.0 / f64::from(tasks.ec2) + 1.0 / f64::from(tasks.fargate);
            self.deviation = 2.0 * task_spread * libm::sqrt(variance);
        }
    }

    /// Ends a 10-minute block. The block itself is the grace for tasks on their way.
    pub(crate) fn close(&mut self) {
        let (requests, capacity) = (self.requests, self.capacity);
        self.requests = PerSide::default();
        self.capacity = PerSide::default();
        let all_positive = [requests.ec2, requests.fargate, capacity.ec2, capacity.fargate]
            .iter()
            .all(|value| *value > 0.0);
        if !all_positive {
            self.ratio = None;
            self.is_unequal = false;
            return;
        }
        let ratio = (requests.fargate / capacity.fargate) / (requests.ec2 / capacity.ec2);
        let error = libm::exp(DEVIATIONS * libm::sqrt(1.0 / requests.fargate + 1.0 / requests.ec2));
        self.ratio = Some(ratio);
        self.is_unequal = is_off(ratio, error);
    }

    /// Whether tasks of the two sides carried unequal load in the last whole block.
    pub(crate) const fn is_unequal(&self) -> bool {
        self.is_unequal
    }

    /// 2 sd sqrt(1/N_C + 1/N_B) in log latency; zero until tasks are known.
    pub(crate) const fn task_deviation(&self) -> f64 {
        self.deviation
    }
}

/// Whether a ratio lies outside its limits by more than a factor of `error` explains.
fn is_off(ratio: f64, error: f64) -> bool {
    ratio / error > RATIO_MAX || ratio * error < RATIO_MIN
}

#[cfg(test)]
mod tests {
    use model::minute::Counts;

    use super::*;

    #[test]
    fn at_its_limits_a_ratio_is_not_off() {
        assert!(!is_off(RATIO_MAX, 1.0) && !is_off(RATIO_MIN, 1.0));
        assert!(is_off(RATIO_MAX.next_up(), 1.0) && is_off(RATIO_MIN.next_down(), 1.0));
        assert!(!is_off(RATIO_MAX.next_up(), 1.01) && !is_off(RATIO_MIN.next_down(), 1.01));
    }

    /// A minute: requests, tasks and the safe rate of a task on each side.
    type Minute = (Option<u64>, Option<u32>, Option<u32>);

    fn rows(ec2: Minute, fargate: Minute) -> PerSide<Option<Row>> {
        PerSide { ec2, fargate }.map(|(requests, tasks, safe_per_task)| {
            let counts = Counts { requests, ..Counts::default() };
            Some(Row { counts, tasks, safe_per_task, ..Row::default() })
        })
    }

    /// The load after one block of these minutes.
    fn block(minutes: &[(Minute, Minute)]) -> Load {
        let mut load = Load::default();
        for (ec2, fargate) in minutes {
            load.add(&rows(*ec2, *fargate), 0.05);
        }
        load.close();
        load
    }

    fn ratio(load: &Load) -> f64 {
        load.ratio.expect("both sides are known")
    }

    #[test]
    fn load_is_requests_over_what_tasks_take() {
        // EC2: 300 requests in 30 task-minutes; Fargate: 90 in 6. Half as much again a task.
        let plain = [
            ((Some(100), Some(10), None), (Some(30), Some(2), None)),
            ((Some(200), Some(20), None), (Some(60), Some(4), None)),
        ];
        assert!((ratio(&block(&plain)) - 1.5).abs() < 1e-12);
        // Tasks that take 15 where EC2's take 10 are as busy.
        let safe = plain.map(|((a, b, _), (c, d, _))| ((a, b, Some(10)), (c, d, Some(15))));
        assert!((ratio(&block(&safe)) - 1.0).abs() < 1e-12);
        // A safe rate of one side alone, or of nothing, compares nothing.
        for (ec2, fargate) in
            [(Some(10), None), (None, Some(15)), (Some(0), Some(15)), (Some(10), Some(0))]
        {
            let half = plain.map(|((a, b, _), (c, d, _))| ((a, b, ec2), (c, d, fargate)));
            assert!((ratio(&block(&half)) - 1.5).abs() < 1e-12, "{ec2:?} {fargate:?}");
        }
    }

    #[test]
    fn a_minute_of_which_something_is_not_known_changes_nothing() {
        let known = ((Some(100), Some(10), None), (Some(30), Some(2), None));
        for unknown in [
            ((None, Some(10), None), (Some(9), Some(2), None)),
            ((Some(9), None, None), (Some(9), Some(2), None)),
            ((Some(9), Some(10), None), (None, Some(2), None)),
            ((Some(9), Some(10), None), (Some(9), Some(0), None)),
        ] {
            assert_eq!(block(&[known, unknown]), block(&[known]), "{unknown:?}");
        }
        // Without requests on one side there is no ratio, and what was unequal is over.
        let mut load = block(&[((Some(100_000), Some(10), None), (Some(90_000), Some(2), None))]);
        assert!(load.is_unequal());
        load.add(&rows((Some(100), Some(10), None), (Some(0), Some(2), None)), 0.05);
        load.close();
        assert_eq!((load.ratio, load.is_unequal()), (None, false));
    }

    #[test]
    fn load_is_unequal_outside_its_band_by_two_standard_errors() {
        // 10,000 requests each: exp(2 sqrt(2 / 10,000)) is 1.0287.
        let of = |requests: u64, tasks_ec2: u32, tasks_fargate: u32| {
            let side = |tasks| (Some(requests), Some(tasks), None);
            block(&[(side(tasks_ec2), side(tasks_fargate))]).is_unequal()
        };
        for (tasks_ec2, tasks_fargate, is_unequal) in [
            (100, 100, false),
            // 1.25 times the error is 1.2858.
            (1_285, 1_000, false),
            (1_287, 1_000, true),
            // 0.8 over it is 0.7777.
            (778, 1_000, false),
            (777, 1_000, true),
        ] {
            assert_eq!(of(10_000, tasks_ec2, tasks_fargate), is_unequal, "{tasks_ec2} tasks");
        }
        // The fewer requests, the less is known.
        assert!(!of(100, 1_287, 1_000));
        // Both sides' requests tell: 100 and 10,000 have an error of 1.223.
        let uneven = |tasks| {
            let ec2 = (Some(10_000), Some(tasks), None);
            block(&[(ec2, (Some(100), Some(10), None))]).is_unequal()
        };
        assert_eq!((uneven(1_528), uneven(1_530)), (false, true));
    }

    #[test]
    fn few_tasks_blur_the_comparison() {
        // 2 sd sqrt(1/16 + 1/9) = 2 * 0.05 * 5/12.
        let mut load = Load::default();
        assert!(load.task_deviation().abs() < 1e-15);
        load.add(&rows((Some(1), Some(16), None), (Some(1), Some(9), None)), 0.05);
        assert!((load.task_deviation() - 0.1 * 5.0 / 12.0).abs() < 1e-15);
        // The same tasks again, then others.
        load.add(&rows((Some(1), Some(16), None), (Some(1), Some(9), None)), 0.05);
        assert!((load.task_deviation() - 0.1 * 5.0 / 12.0).abs() < 1e-15);
        load.add(&rows((Some(1), Some(2), None), (Some(1), Some(2), None)), 0.05);
        assert!((load.task_deviation() - 0.1).abs() < 1e-15);
    }
}
