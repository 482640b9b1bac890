//! Axes: ranges and ticks of values, days and hours of time.

use model::{Span, Time};

use crate::calendar;
use crate::story::TimeAxis;

use super::frame::Frame;

/// A span of values wider than this factor is drawn on a logarithmic scale.
const LINEAR_FACTOR_MAX: f64 = 8.0;
/// A logarithmic scale wider than this shows nothing of what matters.
const LOGARITHMIC_FACTOR_MAX: f64 = 1e6;
/// The most ticks of an axis of values.
const VALUE_TICKS_MAX: f64 = 5.0;
/// The most ticks of a time axis, whatever the record says.
const TIME_TICKS_MAX: usize = 400;

/// An axis of values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    scale: Scale,
    /// What its numbers count, written above them.
    pub(crate) unit: &'static str,
    /// Values and their labels.
    pub(crate) ticks: Vec<(f64, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Logarithmic,
}

impl Axis {
    /// From `low` to `high` in `unit`, with round ticks.
    pub(crate) fn linear(low: f64, high: f64, unit: &'static str) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = round_step((high - low) / VALUE_TICKS_MAX);
        let first = libm::ceil(low / step);
        let ticks = (0..=10)
            .map(|index| (first + f64::from(index)) * step)
            // Rounding must not lose the tick at the end.
            .take_while(|value| *value <= high + step * 1e-9)
            .map(|value| (value, number(value)))
            .collect();
        Self { low, high, scale: Scale::Linear, unit, ticks }
    }

    /// [`Self::linear`] from zero, with its end on a tick.
    pub(crate) fn from_zero(high: f64, unit: &'static str) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        let step = round_step(high / VALUE_TICKS_MAX);
        Self::linear(0.0, libm::ceil(high / step - 1e-9) * step, unit)
    }

    /// From `low` to `high`: logarithmic where they are far apart, from zero otherwise.
    pub(crate) fn fitting(low: f64, high: f64, unit: &'static str) -> Self {
        if low <= 0.0 || high / low <= LINEAR_FACTOR_MAX {
            return Self::from_zero(high, unit);
        }
        let (low, high) = ((low * 0.9).max(high / LOGARITHMIC_FACTOR_MAX), high * 1.1);
        let decades = [1.0, 2.0, 5.0];
        let first = libm::floor(libm::log10(low));
        let few = high / low < 100.0;
        let ticks = (0..20)
            .flat_map(|decade| decades.map(|digit| (digit, first + f64::from(decade))))
            .filter(|(digit, _)| few || *digit < 1.5)
            .map(|(digit, decade)| digit * libm::pow(10.0, decade))
            .filter(|value| *value >= low && *value <= high)
            .map(|value| (value, number(value)))
            .collect();
        Self { low, high, scale: Scale::Logarithmic, unit, ticks }
    }

    /// The range in which [`Self::place`] lies.
    pub(crate) fn range(&self) -> std::ops::Range<f64> {
        self.place(self.low)..self.place(self.high)
    }

    /// Where a value stands; what is beyond the axis stands at its end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => libm::log10(value),
        }
    }

    pub(crate) fn is_logarithmic(&self) -> bool {
        self.scale == Scale::Logarithmic
    }

    pub(crate) const fn low(&self) -> f64 {
        self.low
    }

    pub(crate) const fn high(&self) -> f64 {
        self.high
    }
}

/// A tick of the time axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TimeTick {
    /// Hours from the axis' start.
    pub(crate) hour: f64,
    /// Weekday and date, or time of day; `None` for days without room for one.
    pub(crate) label: Option<[String; 2]>,
}

/// Ticks at midnights, or at hours where the rehearsal is short, labelled where there is room.
pub(crate) fn time_ticks(time: &TimeAxis, frame: &Frame) -> Vec<TimeTick> {
    let pixels_per_hour = f64::from(frame.plot_width()) / time.hours;
    let room = f64::from(frame.label_distance_min);
    // Hours between labels. Weeks start on Mondays, the others at midnight.
    let step = [1, 2, 3, 6, 12, 24, 48, 168, 336, 672, 1_344]
        .into_iter()
        .find(|step| f64::from(*step) * pixels_per_hour >= room)
        .unwrap_or(2_688);
    let grid = if step >= 24 { if step > 168 { 168 } else { 24 } } else { step };
    // Day 4 of the epoch was a Monday.
    let origin = Time::from_millis(4 * 86_400_000);
    let grid_millis = i64::from(grid) * 3_600_000;
    let since = time.start.as_millis().saturating_sub(origin.as_millis());
    let first = since.div_euclid(grid_millis);
    (0..TIME_TICKS_MAX as i64)
        .map(|index| first.saturating_add(index))
        .map(|count| (count, Time::from_millis(4 * 86_400_000 + count.saturating_mul(grid_millis))))
        .map(|(count, at)| (count, at, time.hour(at)))
        .take_while(|(_, _, hour)| *hour <= time.hours)
        .filter(|(_, _, hour)| *hour >= 0.0)
        .map(|(count, at, hour)| {
            let labelled = count.saturating_mul(i64::from(grid)).rem_euclid(i64::from(step)) == 0;
            TimeTick { hour, label: labelled.then(|| label(at, step)) }
        })
        .collect()
}

/// Weekends as hours from the axis' start, clipped to it; none on axes of many months.
pub(crate) fn weekends(time: &TimeAxis) -> Vec<(f64, f64)> {
    let first = calendar::day(time.start);
    if time.hours > 24.0 * 200.0 {
        return Vec::new();
    }
    let mut bands: Vec<(f64, f64)> = Vec::new();
    for day in first..=calendar::day(time.start + hours_span(time.hours)) {
        let from = time.hour(Time::from_millis(day.saturating_mul(86_400_000))).max(0.0);
        let to =
            (time.hour(Time::from_millis((day + 1).saturating_mul(86_400_000)))).min(time.hours);
        if !calendar::is_weekend(day) || to <= from {
            continue;
        }
        match bands.last_mut() {
            Some((_, last)) if from - *last < 0.001 => *last = to,
            Some(_) | None => bands.push((from, to)),
        }
    }
    bands
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an axis is at least an hour long and a cast saturates"
)]
fn hours_span(hours: f64) -> Span {
    Span::from_millis((hours * calendar::HOUR_MILLIS) as u64)
}

fn label(at: Time, step_hours: i32) -> [String; 2] {
    let midnight = at.as_millis().rem_euclid(86_400_000) == 0;
    if step_hours >= 24 {
        [calendar::weekday(at), calendar::day_of_month(at)]
    } else if midnight {
        [
            calendar::clock_time(at),
            format!("{} {}", calendar::weekday(at), calendar::day_of_month(at)),
        ]
    } else {
        [calendar::clock_time(at), String::new()]
    }
}

/// The next 1, 2, 2.5 or 5 times a power of ten.
fn round_step(step: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(step)));
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| factor * power >= step * 0.999);
    factor.unwrap_or(10.0) * power
}

/// `250`, `25k`, `−4`.
fn number(value: f64) -> String {
    let (value, prefix) = if libm::fabs(value) >= 1e6 {
        (value / 1e6, "M")
    } else if libm::fabs(value) >= 1e4 {
        (value / 1e3, "k")
    } else {
        (value, "")
    };
    // Ticks are round: three decimals show all of them, and zeros behind are left out.
    let digits = format!("{value:.3}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let digits = if digits == "-0" { "0" } else { digits };
    format!("{}{prefix}", digits.replace('-', "−"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_and_few() {
        for (high, expected) in [
            (100.0, "0 20 40 60 80 100"),
            (0.3, "0 0.1 0.2 0.3"),
            (437.0, "0 100 200 300 400 500"),
            (61_000.0, "0 20k 40k 60k 80k"),
            (0.0, "0 0.2 0.4 0.6 0.8 1"),
            (f64::NAN, "0 0.2 0.4 0.6 0.8 1"),
        ] {
            assert_eq!(labels(&Axis::from_zero(high, "")), expected, "{high}");
        }
        assert_eq!(labels(&Axis::linear(-6.0, 6.0, "")), "−5 −2.5 0 2.5 5");
    }

    #[test]
    fn values_far_apart_get_a_logarithmic_scale() {
        let axis = Axis::fitting(80.0, 2_600.0, "");
        assert!(axis.is_logarithmic());
        assert_eq!(labels(&axis), "100 200 500 1000 2000");
        assert!(!Axis::fitting(80.0, 300.0, "").is_logarithmic());
        assert!(!Axis::fitting(0.0, 300.0, "").is_logarithmic());
    }

    #[test]
    fn what_is_beyond_an_axis_stands_at_its_end() {
        let widest = Axis::fitting(f64::MIN_POSITIVE, crate::story::VALUE_MAX, "");
        for axis in [Axis::from_zero(10.0, ""), Axis::fitting(1.0, 1_000.0, ""), widest] {
            let range = axis.range();
            assert!(range.end > range.start && (range.end - range.start).is_finite());
            assert!(!axis.ticks.is_empty());
            for value in [-1e300, 0.0, 5.0, 1e300, f64::INFINITY, f64::NEG_INFINITY] {
                let place = axis.place(value);
                assert!((range.start..=range.end).contains(&place), "{value} at {place}");
            }
        }
    }
}
