//! Step adjustments: from how far a metric is past its threshold to a new capacity.
//!
//! The rules are those of "Step scaling policies for Application Auto Scaling" in the Application
//! Auto Scaling user guide.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// Step adjustments one policy may have (Application Auto Scaling quotas).
pub const STEPS_MAX: usize = 20;

/// How a step's number changes the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdjustmentType {
    /// By that many tasks.
    ChangeInCapacity,
    /// By that many percent, rounded away from no change and otherwise towards zero.
    PercentChangeInCapacity,
    /// To exactly that many tasks.
    ExactCapacity,
}

/// One step, in the shape of the AWS API.
///
/// Bounds are relative to the alarm's threshold; an absent one reaches to infinity. Above the
/// threshold the lower bound belongs to the step and the upper does not; below it is the reverse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StepAdjustment {
    /// Where the step begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_interval_lower_bound: Option<f64>,
    /// Where the step ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_interval_upper_bound: Option<f64>,
    /// Tasks or percent, by the policy's [`AdjustmentType`].
    pub scaling_adjustment: i32,
}

/// Why a list of steps is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepsFault {
    /// There is no step.
    Empty,
    /// There are more than [`STEPS_MAX`].
    TooMany,
    /// A bound is not a finite number.
    NotFinite,
    /// A step has neither bound.
    Boundless,
    /// A step ends at or before where it begins.
    Reversed,
    /// Two steps lack the same bound.
    BoundAbsentTwice,
    /// Two steps overlap.
    Overlap,
    /// A range between two steps belongs to neither.
    Gap,
    /// The lowest step begins below the threshold but does not reach down for ever.
    LowerOpenMissing,
    /// The highest step ends above the threshold but does not reach up for ever.
    UpperOpenMissing,
    /// An exact capacity below zero.
    NegativeCapacity,
    /// A least change on a policy that does not change by percent, or of zero.
    MagnitudeMisplaced,
}

impl fmt::Display for StepsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there must be at least one",
            Self::TooMany => "there may be at most 20",
            Self::NotFinite => "every bound must be a finite number",
            Self::Boundless => "a step must have at least one bound",
            Self::Reversed => "a lower bound must be below its upper bound",
            Self::BoundAbsentTwice => "only one step may lack its lower bound and one its upper",
            Self::Overlap => "steps must not overlap",
            Self::Gap => "there must be no gap between steps",
            Self::LowerOpenMissing => {
                "where a lower bound is negative, the lowest step must lack its lower bound"
            }
            Self::UpperOpenMissing => {
                "where an upper bound is positive, the highest step must lack its upper bound"
            }
            Self::NegativeCapacity => "an exact capacity must not be negative",
            Self::MagnitudeMisplaced => {
                "MinAdjustmentMagnitude must be at least 1 and needs PercentChangeInCapacity"
            }
        })
    }
}

/// Checked steps, lowest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    adjustment_type: AdjustmentType,
    magnitude_min: u32,
    steps: Vec<StepAdjustment>,
}

/// What a step asks for: the capacity, before the bounds of the scalable target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustment {
    /// Which way the step changes capacity; an exact capacity compares with the base.
    pub direction: Ordering,
    /// The capacity asked for; never below zero.
    pub capacity: u32,
}

impl Steps {
    /// Checks and orders `steps`.
    ///
    /// # Errors
    /// [`Error::Steps`] with the first rule that is broken.
    pub fn new(
        adjustment_type: AdjustmentType,
        magnitude_min: Option<u32>,
        steps: &[StepAdjustment],
    ) -> Result<Self, Error> {
        let mut steps = steps.to_vec();
        steps.sort_by(|a, b| lower(a).total_cmp(&lower(b)));
        let fault = bounds_fault(&steps)
            .or_else(|| join_fault(&steps))
            .or_else(|| amount_fault(adjustment_type, magnitude_min, &steps));
        match fault {
            Some(fault) => Err(Error::Steps(fault)),
            None => Ok(Self { adjustment_type, magnitude_min: magnitude_min.unwrap_or(0), steps }),
        }
    }

    /// The steps, lowest first.
    #[must_use]
    pub fn steps(&self) -> &[StepAdjustment] {
        &self.steps
    }

    /// What the step at `excess` (metric less threshold) makes of `base` tasks.
    ///
    /// `None` when `excess` is not a number or lies in no step.
    #[must_use]
    pub fn adjust(&self, base: u32, excess: f64) -> Option<Adjustment> {
        let step = self.step_at(excess)?;
        let base = i64::from(base);
        let amount = i64::from(step.scaling_adjustment);
        let capacity = match self.adjustment_type {
            AdjustmentType::ChangeInCapacity => base + amount,
            AdjustmentType::PercentChangeInCapacity => base + self.percent_change(base, amount),
            AdjustmentType::ExactCapacity => amount,
        };
        let direction = match self.adjustment_type {
            AdjustmentType::ExactCapacity => capacity.cmp(&base),
            AdjustmentType::ChangeInCapacity | AdjustmentType::PercentChangeInCapacity => {
                amount.cmp(&0)
            }
        };
        let capacity = u32::try_from(capacity.max(0)).unwrap_or(u32::MAX);
        Some(Adjustment { direction, capacity })
    }

    fn step_at(&self, excess: f64) -> Option<&StepAdjustment> {
        if excess.is_nan() {
            return None;
        }
        let above = |s: &&StepAdjustment| lower(s) <= excess && excess < upper(s);
        let below = |s: &&StepAdjustment| lower(s) < excess && excess <= upper(s);
        // On the threshold itself a step that begins there comes first; a policy that only scales
        // in has a step that ends there, which an alarm with "or equal" reaches.
        match excess.total_cmp(&0.0) {
            Ordering::Greater => self.steps.iter().find(above).or_else(|| self.unbounded(excess)),
            Ordering::Less if excess < 0.0 => {
                self.steps.iter().find(below).or_else(|| self.unbounded(excess))
            }
            Ordering::Less | Ordering::Equal => {
                self.steps.iter().find(above).or_else(|| self.steps.iter().find(below))
            }
        }
    }

    /// The open step for an infinite excess, which no comparison with an infinite bound finds.
    fn unbounded(&self, excess: f64) -> Option<&StepAdjustment> {
        if !excess.is_infinite() {
            return None;
        }
        self.steps.iter().find(|s| {
            if excess > 0.0 {
                s.metric_interval_upper_bound.is_none()
            } else {
                s.metric_interval_lower_bound.is_none()
            }
        })
    }

    /// 12.7 becomes 12 and -6.67 becomes -6; between 0 and 1 it is 1, between -1 and 0 it is -1.
    fn percent_change(&self, base: i64, percent: i64) -> i64 {
        let hundredths = base * percent;
        let whole = hundredths / 100;
        let rounded = if whole == 0 { hundredths.signum() } else { whole };
        if percent == 0 {
            return 0;
        }
        let magnitude = rounded.abs().max(i64::from(self.magnitude_min));
        magnitude * percent.signum()
    }
}

fn lower(step: &StepAdjustment) -> f64 {
    step.metric_interval_lower_bound.unwrap_or(f64::NEG_INFINITY)
}

fn upper(step: &StepAdjustment) -> f64 {
    step.metric_interval_upper_bound.unwrap_or(f64::INFINITY)
}

/// What is wrong with the steps taken one by one.
fn bounds_fault(steps: &[StepAdjustment]) -> Option<StepsFault> {
    if steps.is_empty() {
        return Some(StepsFault::Empty);
    }
    if steps.len() > STEPS_MAX {
        return Some(StepsFault::TooMany);
    }
    let bounds =
        |s: &StepAdjustment| [s.metric_interval_lower_bound, s.metric_interval_upper_bound];
    steps.iter().find_map(|s| {
        if bounds(s).into_iter().flatten().any(|b| !b.is_finite()) {
            Some(StepsFault::NotFinite)
        } else if bounds(s) == [None, None] {
            Some(StepsFault::Boundless)
        } else if lower(s) >= upper(s) {
            Some(StepsFault::Reversed)
        } else {
            None
        }
    })
}

/// What is wrong with how the ordered steps fit together.
fn join_fault(steps: &[StepAdjustment]) -> Option<StepsFault> {
    let without_lower = steps.iter().filter(|s| s.metric_interval_lower_bound.is_none()).count();
    let without_upper = steps.iter().filter(|s| s.metric_interval_upper_bound.is_none()).count();
    if without_lower > 1 || without_upper > 1 {
        return Some(StepsFault::BoundAbsentTwice);
    }
    for (step, next) in steps.iter().zip(steps.iter().skip(1)) {
        match upper(step).partial_cmp(&lower(next)) {
            Some(Ordering::Greater) => return Some(StepsFault::Overlap),
            Some(Ordering::Less) => return Some(StepsFault::Gap),
            Some(Ordering::Equal) | None => {}
        }
    }
    let lowest = steps.first().map_or(0.0, lower);
    if lowest.is_finite() && lowest < 0.0 {
        return Some(StepsFault::LowerOpenMissing);
    }
    let highest = steps.last().map_or(0.0, upper);
    (highest.is_finite() && highest > 0.0).then_some(StepsFault::UpperOpenMissing)
}

fn amount_fault(
    adjustment_type: AdjustmentType,
    magnitude_min: Option<u32>,
    steps: &[StepAdjustment],
) -> Option<StepsFault> {
    let percent = adjustment_type == AdjustmentType::PercentChangeInCapacity;
    if magnitude_min.is_some_and(|m| m == 0 || !percent) {
        return Some(StepsFault::MagnitudeMisplaced);
    }
    let exact = adjustment_type == AdjustmentType::ExactCapacity;
    (exact && steps.iter().any(|s| s.scaling_adjustment < 0))
        .then_some(StepsFault::NegativeCapacity)
}
