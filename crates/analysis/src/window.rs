//! Sliding windows of both sides' counts: burn rates, recent error rates, calm minutes.

use model::{PerSide, Side};
use serde::{Deserialize, Serialize};

use crate::pairing::{Row, float};
use crate::signal::{PerSlo, Slo};

/// Requests and bad requests of both sides; whole numbers, so sums are exact in any order.
///
/// Kept as four numbers without names: a state has some two hundred of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub(crate) struct Counted {
    pub(crate) requests: PerSide<f64>,
    pub(crate) bad: PerSide<f64>,
}

impl From<[f64; 4]> for Counted {
    fn from([requests_ec2, requests_fargate, bad_ec2, bad_fargate]: [f64; 4]) -> Self {
        Self {
            requests: PerSide { ec2: requests_ec2, fargate: requests_fargate },
            bad: PerSide { ec2: bad_ec2, fargate: bad_fargate },
        }
    }
}

impl From<Counted> for [f64; 4] {
    fn from(Counted { requests, bad }: Counted) -> Self {
        [requests.ec2, requests.fargate, bad.ec2, bad.fargate]
    }
}

impl Counted {
    fn of(rows: &PerSide<Option<Row>>, slo: Slo) -> Self {
        let counted = PerSide::from_fn(|side| rows.get(side).as_ref().and_then(|row| row.slo(slo)));
        Self {
            requests: counted.map(|known| known.map_or(0.0, |(requests, _)| float(requests))),
            bad: counted.map(|known| known.map_or(0.0, |(_, bad)| float(bad))),
        }
    }

    fn add(&mut self, other: &Self) {
        for side in Side::ALL {
            *self.requests.get_mut(side) += other.requests.get(side);
            *self.bad.get_mut(side) += other.bad.get(side);
        }
    }

    fn remove(&mut self, other: &Self) {
        for side in Side::ALL {
            *self.requests.get_mut(side) -= other.requests.get(side);
            *self.bad.get_mut(side) -= other.bad.get(side);
        }
    }

    /// The bad fraction of a side; zero without requests.
    pub(crate) fn fraction(&self, side: Side) -> f64 {
        let requests = *self.requests.get(side);
        if requests > 0.0 { self.bad.get(side) / requests } else { 0.0 }
    }

    /// Whether both sides had requests.
    pub(crate) fn is_paired(&self) -> bool {
        self.requests.ec2 > 0.0 && self.requests.fargate > 0.0
    }
}

/// The lengths that multi-window burn rates ask for (SRE Workbook, chapter 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Minutes5,
    Minutes30,
    Hour,
    /// In whole 10-minute blocks: up to ten minutes less than six hours.
    Hours6,
}

/// The windows of one objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// By minute of the last hour, and whether it was calm.
    minutes: Vec<(Counted, bool)>,
    five: Counted,
    thirty: Counted,
    hour: Counted,
    /// Over the hour's minutes in which EC2 itself was within budget (A8).
    calm: Counted,
    /// By 10-minute block of the last six hours.
    blocks: Vec<Counted>,
    block: Counted,
    six_hours: Counted,
}

const MINUTES: i64 = 60;
const HOUR: usize = 60;
const BLOCKS: i64 = 36;

impl Default for Window {
    fn default() -> Self {
        Self {
            minutes: vec![(Counted::default(), false); HOUR],
            five: Counted::default(),
            thirty: Counted::default(),
            hour: Counted::default(),
            calm: Counted::default(),
            blocks: vec![Counted::default(); 36],
            block: Counted::default(),
            six_hours: Counted::default(),
        }
    }
}

impl Window {
    /// Adds a minute; minutes must come one after another, the missing ones as zeros.
    pub(crate) fn add(&mut self, minute: i64, counted: Counted, budget: Option<f64>) {
        let now = index(minute, MINUTES);
        let ago = |minutes: usize| {
            let place = if now >= minutes { now - minutes } else { now + HOUR - minutes };
            self.minutes.get(place).copied().unwrap_or_default()
        };
        let ((left_five, _), (left_thirty, _)) = (ago(5), ago(30));
        let (left_hour, was_calm) = ago(HOUR);
        self.five.remove(&left_five);
        self.thirty.remove(&left_thirty);
        self.hour.remove(&left_hour);
        if was_calm {
            self.calm.remove(&left_hour);
        }
        self.five.add(&counted);
        self.thirty.add(&counted);
        self.hour.add(&counted);
        let is_calm = is_calm(&counted, budget);
        if is_calm {
            self.calm.add(&counted);
        }
        self.block.add(&counted);
        self.six_hours.add(&counted);
        if let Some(slot) = self.minutes.get_mut(now) {
            *slot = (counted, is_calm);
        }
    }

    /// Ends the 10-minute block that `minute` is the last of.
    pub(crate) fn close(&mut self, minute: i64) {
        let number = minute.div_euclid(10);
        if let Some(slot) = self.blocks.get_mut(index(number, BLOCKS)) {
            *slot = self.block;
        }
        self.block = Counted::default();
        // What the next block takes the place of has left the six hours.
        if let Some(slot) = self.blocks.get_mut(index(number + 1, BLOCKS)) {
            self.six_hours.remove(slot);
            *slot = Counted::default();
        }
    }

    pub(crate) const fn sum(&self, length: Length) -> &Counted {
        match length {
            Length::Minutes5 => &self.five,
            Length::Minutes30 => &self.thirty,
            Length::Hour => &self.hour,
            Length::Hours6 => &self.six_hours,
        }
    }

    /// The minutes of a length of an hour at most, from `newest` back.
    pub(crate) fn newest(&self, newest: i64, length: Length) -> impl Iterator<Item = &Counted> {
        let minutes = match length {
            Length::Minutes5 => 5,
            Length::Minutes30 => 30,
            Length::Hour | Length::Hours6 => MINUTES,
        };
        (newest + 1 - minutes..=newest)
            .filter_map(|minute| self.minutes.get(index(minute, MINUTES)))
            .map(|(counted, _)| counted)
    }

    /// The hour's minutes in which EC2 was within its budget.
    pub(crate) const fn calm(&self) -> &Counted {
        &self.calm
    }

    /// The sum of the last twelve whole blocks before the one that follows `minute`.
    fn two_hours(&self, minute: i64) -> Counted {
        let newest = minute.div_euclid(10);
        let mut sum = Counted::default();
        for number in newest - 11..=newest {
            if let Some(block) = self.blocks.get(index(number, BLOCKS)) {
                sum.add(block);
            }
        }
        sum
    }
}

/// Both sides had requests and EC2's own burn was below one.
fn is_calm(counted: &Counted, budget: Option<f64>) -> bool {
    counted.is_paired() && budget.is_some_and(|budget| counted.fraction(Side::Ec2) < budget)
}

fn index(number: i64, length: i64) -> usize {
    usize::try_from(number.rem_euclid(length)).unwrap_or(0)
}

/// The windows of both objectives, and EC2's error rate of the last two hours.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Windows {
    windows: PerSlo<Window>,
    /// Requests and bad requests of the two hours up to the last whole block.
    recent: PerSlo<Counted>,
}

impl Windows {
    /// Adds a minute and gives its counts back.
    pub(crate) fn add(
        &mut self,
        minute: i64,
        rows: &PerSide<Option<Row>>,
        budget: impl Fn(Slo) -> Option<f64>,
    ) -> PerSlo<Counted> {
        let mut counted = PerSlo::default();
        for slo in Slo::ALL {
            let minute_counts = Counted::of(rows, slo);
            self.windows.get_mut(slo).add(minute, minute_counts, budget(slo));
            *counted.get_mut(slo) = minute_counts;
        }
        counted
    }

    /// Ends the 10-minute block that `minute` is the last of.
    pub(crate) fn close(&mut self, minute: i64) {
        for slo in Slo::ALL {
            let window = self.windows.get_mut(slo);
            window.close(minute);
            *self.recent.get_mut(slo) = window.two_hours(minute);
        }
    }

    pub(crate) const fn get(&self, slo: Slo) -> &Window {
        self.windows.get(slo)
    }

    /// EC2's error rate of the last two hours, with a budget's worth of errors in 2,000 imagined
    /// requests, so that it is never zero and starts at the budget (2.2).
    pub(crate) fn error_rate_ec2(&self, budget: f64) -> f64 {
        let recent = self.recent.get(Slo::Availability);
        (recent.bad.ec2 + IMAGINED_REQUESTS * budget) / (recent.requests.ec2 + IMAGINED_REQUESTS)
    }

    /// EC2's plain error rate of the last two hours; `None` without requests.
    pub(crate) fn plain_error_rate_ec2(&self) -> Option<f64> {
        let recent = self.recent.get(Slo::Availability);
        (recent.requests.ec2 > 0.0).then(|| recent.fraction(Side::Ec2))
    }
}

const IMAGINED_REQUESTS: f64 = 2_000.0;
