//! Step adjustments against the worked examples of the Application Auto Scaling user guide.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]

use capacity::Error;
use capacity::steps::{AdjustmentType, StepAdjustment, Steps, StepsFault};
use proptest::prelude::*;

fn step(lower: impl Into<Option<f64>>, upper: impl Into<Option<f64>>, by: i32) -> StepAdjustment {
    StepAdjustment {
        metric_interval_lower_bound: lower.into(),
        metric_interval_upper_bound: upper.into(),
        scaling_adjustment: by,
    }
}

fn percent(magnitude: Option<u32>, steps: &[StepAdjustment]) -> Steps {
    Steps::new(AdjustmentType::PercentChangeInCapacity, magnitude, steps).unwrap()
}

/// The guide's own policies for a threshold of 50.
fn guide() -> (Steps, Steps) {
    (
        percent(None, &[step(0.0, 10.0, 0), step(10.0, 20.0, 10), step(20.0, None, 30)]),
        percent(None, &[step(-10.0, 0.0, 0), step(-20.0, -10.0, -10), step(None, -20.0, -30)]),
    )
}

#[test]
fn capacity_follows_the_example_of_the_guide() {
    let (out, inward) = guide();
    let threshold = 50.0;
    let mut capacity = 10;
    for (policy, value, expected) in
        [(&out, 60.0, 11), (&out, 70.0, 14), (&inward, 40.0, 13), (&inward, 30.0, 10)]
    {
        capacity = policy.adjust(capacity, value - threshold).unwrap().capacity;
        assert_eq!(capacity, expected, "at {value}");
    }
}

#[test]
fn bounds_belong_to_the_step_further_from_the_threshold() {
    let (out, inward) = guide();
    let checks = [
        (&out, 0.0, 100),
        (&out, 9.999, 100),
        (&out, 10.0, 110),
        (&out, 19.999, 110),
        (&out, 20.0, 130),
        (&out, f64::INFINITY, 130),
        (&inward, 0.0, 100),
        (&inward, -9.999, 100),
        (&inward, -10.0, 90),
        (&inward, -19.999, 90),
        (&inward, -20.0, 70),
        (&inward, f64::NEG_INFINITY, 70),
    ];
    for (policy, excess, capacity) in checks {
        assert_eq!(policy.adjust(100, excess).unwrap().capacity, capacity, "excess {excess}");
    }
    assert_eq!(out.adjust(100, -0.001), None);
    assert_eq!(inward.adjust(100, 0.001), None);
    assert_eq!(out.adjust(100, f64::NAN), None);
}

#[test]
fn an_alarm_at_or_below_its_threshold_finds_the_step_that_ends_there() {
    let inward = percent(None, &[step(None, 0.0, -10)]);
    assert_eq!(inward.adjust(100, 0.0).unwrap().capacity, 90);
}

#[test]
fn percentages_round_as_the_guide_says() {
    // (tasks, percent, change): 12.7 -> 12, 0.x -> 1, -0.x -> -1, -6.67 -> -6.
    for (tasks, by, change) in [
        (127, 10, 12),
        (4, 10, 1),
        (10, 10, 1),
        (9, 10, 1),
        (4, -10, -1),
        (667, -1, -6),
        (13, -30, -3),
        (14, -10, -1),
        (0, 10, 0),
        (50, 0, 0),
    ] {
        let bounds = if by > 0 { step(0.0, None, by) } else { step(None, 0.0, by) };
        let excess = if by > 0 { 1.0 } else { -1.0 };
        let to = percent(None, &[bounds]).adjust(tasks, excess).unwrap().capacity;
        assert_eq!(i64::from(to) - i64::from(tasks), change, "{by} % of {tasks}");
    }
}

#[test]
fn the_least_change_raises_a_percentage_and_nothing_else() {
    let quarter = [step(0.0, None, 25)];
    assert_eq!(percent(Some(2), &quarter).adjust(4, 1.0).unwrap().capacity, 6);
    assert_eq!(percent(Some(2), &quarter).adjust(40, 1.0).unwrap().capacity, 50);
    assert_eq!(percent(Some(2), &[step(None, 0.0, -25)]).adjust(4, -1.0).unwrap().capacity, 2);
    assert_eq!(percent(Some(2), &[step(0.0, None, 0)]).adjust(4, 1.0).unwrap().capacity, 4);
    let tasks = Steps::new(AdjustmentType::ChangeInCapacity, Some(2), &quarter);
    assert_eq!(tasks, Err(Error::Steps(StepsFault::MagnitudeMisplaced)));
}

#[test]
fn tasks_and_exact_capacities_are_taken_as_they_are() {
    let change = |by| {
        let steps = [if by > 0 { step(0.0, None, by) } else { step(None, 0.0, by) }];
        Steps::new(AdjustmentType::ChangeInCapacity, None, &steps).unwrap()
    };
    assert_eq!(change(3).adjust(10, 1.0).unwrap().capacity, 13);
    assert_eq!(change(-3).adjust(10, -1.0).unwrap().capacity, 7);
    assert_eq!(change(-30).adjust(10, -1.0).unwrap().capacity, 0);
    let exact = Steps::new(AdjustmentType::ExactCapacity, None, &[step(0.0, None, 5)]).unwrap();
    let adjustment = exact.adjust(10, 1.0).unwrap();
    assert_eq!((adjustment.capacity, adjustment.direction.is_lt()), (5, true));
}

#[test]
fn lists_that_aws_refuses_are_refused() {
    use StepsFault as Fault;
    let many: Vec<_> =
        (0..21).map(|i| step(f64::from(i), (i < 20).then(|| f64::from(i + 1)), 1)).collect();
    let checks: &[(&[StepAdjustment], Fault)] = &[
        (&[], Fault::Empty),
        (&many, Fault::TooMany),
        (&[step(f64::NAN, None, 1)], Fault::NotFinite),
        (&[step(0.0, f64::INFINITY, 1)], Fault::NotFinite),
        (&[step(None, None, 1)], Fault::Boundless),
        (&[step(5.0, 5.0, 1)], Fault::Reversed),
        (&[step(0.0, None, 1), step(5.0, None, 2)], Fault::BoundAbsentTwice),
        (&[step(0.0, 10.0, 1), step(5.0, None, 2)], Fault::Overlap),
        (&[step(0.0, 5.0, 1), step(6.0, None, 2)], Fault::Gap),
        (&[step(-5.0, 0.0, -1)], Fault::LowerOpenMissing),
        (&[step(0.0, 5.0, 1)], Fault::UpperOpenMissing),
    ];
    for (steps, fault) in checks {
        let refused = Steps::new(AdjustmentType::ChangeInCapacity, None, steps);
        assert_eq!(refused, Err(Error::Steps(*fault)));
    }
    let negative = Steps::new(AdjustmentType::ExactCapacity, None, &[step(0.0, None, -1)]);
    assert_eq!(negative, Err(Error::Steps(Fault::NegativeCapacity)));
    assert!(Steps::new(AdjustmentType::ChangeInCapacity, None, &many[1..]).is_ok());
}

proptest! {
    #[test]
    fn steps_that_rise_never_ask_for_less_at_a_higher_metric(
        widths in prop::collection::vec(0.1..30.0_f64, 1..6),
        rises in prop::collection::vec(0..80_i32, 7),
        base in 0..100_000_u32,
        low in 0.0..200.0_f64,
        more in 0.0..100.0_f64,
    ) {
        let (mut steps, mut lower, mut by) = (Vec::new(), 0.0, 0);
        for (width, rise) in widths.iter().zip(&rises) {
            by += rise;
            steps.push(step(lower, lower + width, by));
            lower += width;
        }
        steps.push(step(lower, None, by));
        let policy = percent(None, &steps);
        let at = |excess| policy.adjust(base, excess).unwrap().capacity;
        prop_assert!(at(low) <= at(low + more));
        prop_assert!(at(low) >= base);
    }

    #[test]
    fn nothing_that_a_file_can_say_panics(
        bounds in prop::collection::vec((any::<Option<f64>>(), any::<Option<f64>>(), any::<i32>()), 0..4),
        magnitude: Option<u32>,
        base: u32,
        excess: f64,
    ) {
        let steps: Vec<_> = bounds.into_iter().map(|(l, u, by)| step(l, u, by)).collect();
        for kind in [
            AdjustmentType::ChangeInCapacity,
            AdjustmentType::PercentChangeInCapacity,
            AdjustmentType::ExactCapacity,
        ] {
            if let Ok(policy) = Steps::new(kind, magnitude, &steps) {
                let _ = policy.adjust(base, excess);
            }
        }
    }
}
