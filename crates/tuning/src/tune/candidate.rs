//! Candidates: a policy by its numbers, with or without floors, and how chance varies them.

use capacity::steps::AdjustmentType;
use sampling::Generator;

use crate::floors::Floors;
use crate::shape::{Resolution, Shape, Step, Tracking};

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The policy.
    pub shape: Shape,
    /// The minimums around surges.
    pub floors: Option<Floors>,
}

/// Kinds of candidates that compete; each keeps its own best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Family {
    /// Whether in steps, or towards a target.
    pub steps: bool,
    /// Whether with floors.
    pub floors: bool,
    /// How often metrics are published.
    pub resolution: Resolution,
}

impl Candidate {
    /// The family it belongs to.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family {
            steps: matches!(self.shape, Shape::Step(_)),
            floors: self.floors.is_some(),
            resolution: self.shape.resolution(),
        }
    }
}

/// Seconds that cooldowns are chosen from.
const COOLDOWNS: [u32; 4] = [60, 120, 180, 300];
/// M of N of an alarm that scales out.
const OUT_DATAPOINTS: [(u32, u32); 4] = [(1, 1), (1, 1), (2, 3), (2, 2)];
/// N of an alarm that scales in.
const IN_DATAPOINTS: [u32; 5] = [1, 3, 5, 10, 15];
/// Scaling in begins below this part of the threshold for scaling out: nearer, one causes the
/// other (capacity-and-scaling, section 2.4).
const IN_PART_MAX: f64 = 0.8;

/// Where a search may begin: what theory says. Steps are small near the threshold, where noise
/// alone may reach, and double the tasks where only a surge can be; a surge outruns anything less.
pub(super) fn starts(safe_percent: f64, family: Family) -> Vec<Candidate> {
    let floors = family.floors.then_some(Floors { quantile: 0.75, gain: 0.93, lead: 4, hold: 4 });
    let step = |threshold: f64, bounds, adjustments, cooldown| Step {
        resolution: family.resolution,
        out_threshold: libm::round(threshold),
        out_datapoints: (1, 1),
        bounds,
        adjustments,
        adjustment_type: AdjustmentType::PercentChangeInCapacity,
        out_cooldown: cooldown,
        in_threshold: libm::floor(0.75 * threshold),
        in_datapoints: 1,
        in_percent: 20,
        in_cooldown: 300,
    };
    let steps = [
        step(1.05 * safe_percent, [19.0, 29.0], [22, 44, 105], 180),
        step(1.04 * safe_percent, [9.0, 13.0], [16, 60, 110], 180),
        step(1.02 * safe_percent, [10.0, 18.0], [14, 90, 150], 120),
        step(0.95 * safe_percent, [10.0, 20.0], [15, 80, 130], 300),
    ];
    let tracking = [0.8, 0.9, 1.0].map(|part| Tracking {
        resolution: family.resolution,
        target: libm::round(part * safe_percent),
        out_cooldown: 60,
        in_cooldown: 300,
    });
    let shapes: Vec<Shape> = if family.steps {
        steps.into_iter().map(Shape::Step).collect()
    } else {
        tracking.into_iter().map(Shape::Tracking).collect()
    };
    shapes.into_iter().map(|shape| Candidate { shape, floors }).collect()
}

/// Draws candidates; `safe_percent` is the CPU at which the objective just holds.
#[derive(Debug)]
pub(super) struct Draw {
    pub(super) chance: Generator,
    pub(super) safe_percent: f64,
}

impl Draw {
    /// Any candidate of a family.
    pub(super) fn any(&mut self, family: Family) -> Candidate {
        let shape = if family.steps {
            Shape::Step(self.step(family.resolution))
        } else {
            Shape::Tracking(Tracking {
                resolution: family.resolution,
                target: self.percent(0.5, 1.1),
                out_cooldown: self.pick(&COOLDOWNS),
                in_cooldown: self.pick(&COOLDOWNS),
            })
        };
        let floors = family.floors.then(|| Floors {
            quantile: self.pick(&[0.5, 0.75, 0.9, 1.0]),
            gain: self.hundredths(0.6, 1.2),
            lead: self.whole(2, 6),
            hold: self.whole(2, 12),
        });
        Candidate { shape, floors }
    }

    fn step(&mut self, resolution: Resolution) -> Step {
        let out_threshold = self.percent(0.85, 1.2);
        let second = self.chance.uniform_between(4.0, 22.0);
        let third = second + self.chance.uniform_between(3.0, 16.0);
        let first_amount = self.between(8, 30);
        let second_amount = first_amount + self.between(5, 60);
        let step = Step {
            resolution,
            out_threshold,
            out_datapoints: self.pick(&OUT_DATAPOINTS),
            bounds: [libm::round(second), libm::round(third)],
            adjustments: [first_amount, second_amount, second_amount + self.between(10, 150)],
            adjustment_type: AdjustmentType::PercentChangeInCapacity,
            out_cooldown: self.pick(&COOLDOWNS),
            in_threshold: libm::round(
                out_threshold * self.chance.uniform_between(0.6, IN_PART_MAX),
            ),
            in_datapoints: self.pick(&IN_DATAPOINTS),
            in_percent: self.between(6, 30),
            in_cooldown: self.pick(&COOLDOWNS),
        };
        sound(step)
    }

    /// One like `parent`; `width` from 1 down to 0 is how much it may differ.
    pub(super) fn like(&mut self, parent: &Candidate, width: f64) -> Candidate {
        let shape = match parent.shape {
            Shape::Step(step) => Shape::Step(self.step_like(step, width)),
            Shape::Tracking(tracking) => Shape::Tracking(Tracking {
                resolution: tracking.resolution,
                target: self.near(tracking.target, 8.0 * width).clamp(20.0, 95.0),
                out_cooldown: self.maybe(tracking.out_cooldown, &COOLDOWNS, width),
                in_cooldown: self.maybe(tracking.in_cooldown, &COOLDOWNS, width),
            }),
        };
        let floors = parent.floors.map(|floors| Floors {
            quantile: self.maybe(floors.quantile, &[0.5, 0.75, 0.9, 1.0], width),
            gain: libm::round(100.0 * (floors.gain + 0.15 * width * self.normal()))
                .clamp(40.0, 150.0)
                / 100.0,
            lead: self.step_by(floors.lead, width).clamp(2, 8),
            hold: self.step_by(floors.hold, 2.0 * width).clamp(1, 16),
        });
        Candidate { shape, floors }
    }

    fn step_like(&mut self, step: Step, width: f64) -> Step {
        let [second, third] = step.bounds;
        let amounts = step.adjustments.map(|amount| {
            let factor = libm::exp(0.4 * width * self.normal());
            integer(libm::round(f64::from(amount) * factor).clamp(2.0, 300.0))
        });
        sound(Step {
            out_threshold: self.near(step.out_threshold, 5.0 * width),
            out_datapoints: self.maybe(step.out_datapoints, &OUT_DATAPOINTS, width),
            bounds: [self.near(second, 5.0 * width), self.near(third, 6.0 * width)],
            adjustments: amounts,
            out_cooldown: self.maybe(step.out_cooldown, &COOLDOWNS, width),
            in_threshold: self.near(step.in_threshold, 5.0 * width),
            in_datapoints: self.maybe(step.in_datapoints, &IN_DATAPOINTS, width),
            in_percent: integer(
                self.near(f64::from(step.in_percent), 6.0 * width).clamp(3.0, 40.0),
            ),
            in_cooldown: self.maybe(step.in_cooldown, &COOLDOWNS, width),
            ..step
        })
    }

    fn normal(&mut self) -> f64 {
        // One number of three stays as it is, so that a child is not new in everything.
        if self.chance.chance(1.0 / 3.0) { 0.0 } else { self.chance.standard_normal() }
    }

    fn near(&mut self, value: f64, by: f64) -> f64 {
        libm::round(value + by * self.normal())
    }

    fn maybe<T: Copy>(&mut self, value: T, all: &[T], width: f64) -> T {
        if self.chance.chance(0.3 * width) { self.pick(all) } else { value }
    }

    fn step_by(&mut self, value: usize, width: f64) -> usize {
        let by = libm::round(2.0 * width * self.normal());
        let moved = integer(by).unsigned_abs();
        let moved = usize::try_from(moved).unwrap_or(0);
        if by < 0.0 { value.saturating_sub(moved) } else { value + moved }
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        *self.chance.pick(all).expect("the lists of a candidate's numbers are not empty")
    }

    fn percent(&mut self, low: f64, high: f64) -> f64 {
        libm::round(self.safe_percent * self.chance.uniform_between(low, high)).clamp(15.0, 95.0)
    }

    fn hundredths(&mut self, low: f64, high: f64) -> f64 {
        libm::round(100.0 * self.chance.uniform_between(low, high)) / 100.0
    }

    fn between(&mut self, low: u8, high: u8) -> i32 {
        integer(libm::round(self.chance.uniform_between(f64::from(low), f64::from(high))))
    }

    fn whole(&mut self, low: u8, high: u8) -> usize {
        usize::try_from(self.between(low, high)).unwrap_or(0)
    }
}

/// Numbers that AWS takes and that do not oscillate.
fn sound(step: Step) -> Step {
    let out_threshold = step.out_threshold.clamp(15.0, 95.0);
    let [second, third] = step.bounds;
    let second = second.clamp(1.0, 40.0);
    let [a, b, c] = step.adjustments;
    Step {
        out_threshold,
        bounds: [second, third.clamp(second + 1.0, 60.0)],
        adjustments: [a, b.max(a), c.max(b).max(a)],
        in_threshold: step.in_threshold.min(libm::floor(IN_PART_MAX * out_threshold)).max(5.0),
        ..step
    }
}

#[expect(clippy::cast_possible_truncation, reason = "numbers of a policy, far below 2^31")]
const fn integer(value: f64) -> i32 {
    value as i32
}
