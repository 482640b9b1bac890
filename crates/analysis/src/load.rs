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
        self.is_unequal = ratio / error > RATIO_MAX || ratio * error < RATIO_MIN;
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
