//! Draws of whole blocks of minutes: what else could have been recorded.
//!
//! The circular block bootstrap (Politis and Romano 1992): minutes next to each other have the
//! same weather, so blocks of five are drawn. Both sides' minutes are drawn together, so that
//! weather they share cancels in their ratio.

use std::collections::BTreeMap;

use model::PerSide;
use sampling::Generator;

use super::answer::{Interval, Method, Ratio};
use super::line::{self, Line};
use super::robust;
use super::side::Prepared;
use crate::task::TaskModel;

/// Minutes of a block.
const BLOCK: usize = 5;

/// How many times is drawn: the 5th percentile then lies between the 3rd and the 7th with
/// probability 0.95.
pub(super) const DRAWS: u64 = 200;

/// More draws than this part without an answer, and there is no ratio.
const LOST_MAX: f64 = 0.1;

/// The fit of one draw.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    pub model: TaskModel,
    pub model_rate: Option<f64>,
    pub isotonic_rate: Option<f64>,
    pub cost: f64,
}

impl Draw {
    pub(super) const fn rate(&self, method: Method) -> Option<f64> {
        match method {
            Method::Model => self.model_rate,
            Method::Isotonic => self.isotonic_rate,
        }
    }
}

/// Draws of both sides, in the same order.
pub(super) type Draws = PerSide<Vec<Option<Draw>>>;

/// Draws from the minutes of both sides.
pub(super) fn draw(
    ec2: Option<&Prepared>,
    fargate: Option<&Prepared>,
    random: &Generator,
) -> Draws {
    let sides = [ec2, fargate];
    let minutes = sides.iter().flatten().flat_map(|side| side.points.iter().map(|p| p.minute));
    let mut times: BTreeMap<i64, f64> = minutes.map(|minute| (minute, 0.0)).collect();
    let order: Vec<i64> = times.keys().copied().collect();
    let mut draws = Draws { ec2: Vec::new(), fargate: Vec::new() };
    for number in 0..DRAWS {
        let mut random = random.fork_number(number);
        times.values_mut().for_each(|times| *times = 0.0);
        for _ in 0..order.len().div_ceil(BLOCK) {
            let first = usize::try_from(random.below(order.len() as u64)).unwrap_or(0);
            for minute in order.iter().cycle().skip(first).take(BLOCK) {
                *times.entry(*minute).or_default() += 1.0;
            }
        }
        let weight = |minute: i64| times.get(&minute).copied().unwrap_or(0.0);
        let shifts = [random.standard_normal(), random.standard_normal()];
        let lines = lines(ec2, fargate, weight);
        let of = |side: Option<&Prepared>, line: Option<Line>, shift| {
            side.map(|side| line.and_then(|line| side.draw(line, weight, shift)))
        };
        draws.ec2.extend(of(ec2, lines[0], shifts[0]));
        draws.fargate.extend(of(fargate, lines[1], shifts[1]));
    }
    draws
}

/// The CPU lines of a draw, the cost shared where it is.
fn lines(
    ec2: Option<&Prepared>,
    fargate: Option<&Prepared>,
    weight: impl Fn(i64) -> f64 + Copy,
) -> [Option<Line>; 2] {
    let own =
        |side: Option<&Prepared>| line::fit(&side?.readings(weight)).filter(|line| line.cost > 0.0);
    let mut lines = [own(ec2), own(fargate)];
    if let (Some(ec2), Some(fargate)) = (ec2, fargate)
        && (ec2.cost_is_shared || fargate.cost_is_shared)
    {
        let shared = line::fit_shared(&ec2.readings(weight), &fargate.readings(weight));
        if ec2.cost_is_shared {
            lines[0] = shared.map(|(line, _)| line);
        }
        if fargate.cost_is_shared {
            lines[1] = shared.map(|(_, line)| line);
        }
    }
    lines
}

/// What Fargate's task carries of EC2's, by the model of each and the draws that have both.
pub(super) fn ratio(
    ec2: Option<&Prepared>,
    fargate: Option<&Prepared>,
    draws: &Draws,
) -> Option<Ratio> {
    let (ec2, fargate) = (ec2?, fargate?);
    let pairs: Vec<_> = draws
        .ec2
        .iter()
        .zip(&draws.fargate)
        .filter_map(|(ec2, fargate)| ec2.as_ref().zip(fargate.as_ref()))
        .collect();
    let loads = pairs.iter().filter_map(|(ec2, fargate)| {
        Some(fargate.model_rate? / ec2.model_rate.filter(|rate| *rate > 0.0)?)
    });
    let costs = pairs.iter().map(|(ec2, fargate)| fargate.cost / ec2.cost);
    let minutes: Vec<i64> = ec2.points.iter().map(|point| point.minute).collect();
    let paired = fargate.points.iter().filter(|p| minutes.binary_search(&p.minute).is_ok());
    Some(Ratio {
        safe_load: interval(fargate.estimate()? / ec2.estimate()?, loads.collect())?,
        cpu_per_request: interval(fargate.line.cost / ec2.line.cost, costs.collect())?,
        minutes_paired: u32::try_from(paired.count()).unwrap_or(u32::MAX),
    })
}

fn interval(estimate: f64, mut draws: Vec<f64>) -> Option<Interval> {
    #[expect(clippy::cast_precision_loss, reason = "some hundred draws")]
    let lost = 1.0 - draws.len() as f64 / DRAWS as f64;
    if lost > LOST_MAX || !estimate.is_finite() {
        return None;
    }
    let low = robust::quantile(&mut draws, 0.05)?;
    let high = robust::quantile(&mut draws, 0.95)?;
    Some(Interval { low: low.min(estimate), estimate, high: high.max(estimate) })
}
