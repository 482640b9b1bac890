//! The margin of a comparison: what Fargate may be worse by before it counts (2.2, A10).

use std::collections::BTreeMap;

use model::PerSide;
use model::minute::Minute;

use crate::pairing::{Row, float};
use crate::prepared::Prepared;
use crate::settings::{Calibration, Offset, Settings};
use crate::signal::Signal;

/// The ratio of bad fractions under the two null hypotheses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Margin {
    /// Harm is evidence against "Fargate's bad fraction is at most this times EC2's".
    pub(crate) harm: f64,
    /// Safety is evidence against "it is at least this times EC2's".
    pub(crate) safe: f64,
}

/// Errors may rise by half ...
const ERROR_RATIO: f64 = 1.5;
/// ... or by a quarter of the budget, whichever is more: a ratio alone would judge one error
/// against none.
pub(crate) const ERROR_BUDGET_PART: f64 = 0.25;
/// Without a learnt difference of clients, 5 % of latency is carried (A10) ...
const UNCALIBRATED_LATENCY: f64 = 0.05;
/// ... as a standard deviation, at its one-sided 90 % both ways: safety must then be proven at
/// 1.10 e^-0.064 = 1.03 times EC2's latency, harm at 1.17 times.
const UNCALIBRATED_DEVIATIONS: f64 = 1.281_6;
/// One-sided 95 % of a learnt difference.
const OFFSET_DEVIATIONS: f64 = 1.645;
/// A difference learnt worse than this, or larger, calibrates nothing (A10).
const OFFSET_ERROR_MAX: f64 = 0.02;
const OFFSET_VALUE_MAX: f64 = 0.10;

/// The ratio before clients and tasks are thought of: 1 for latency, whose margin is in the
/// thresholds; max(1.5, 1 + 0.25 b / p) for errors, p being EC2's recent error rate.
pub(crate) fn ratio(prepared: &Prepared<'_>, signal: Signal, error_rate_ec2: f64) -> f64 {
    match signal {
        Signal::SlowSlo | Signal::SlowP90 | Signal::SlowP50 => 1.0,
        Signal::Errors => match prepared.budget(signal.slo()) {
            Some(budget) if error_rate_ec2 > 0.0 => {
                ERROR_RATIO.max(1.0 + ERROR_BUDGET_PART * budget / error_rate_ec2)
            }
            _ => ERROR_RATIO,
        },
    }
}

/// `ratio` moved by what is known and not known of clients and tasks.
///
/// `task_deviation` is 2 sd sqrt(1/N_C + 1/N_B) in log latency, zero when tasks are not known.
/// It widens what harm must exceed and leaves safety alone: a few tasks that happen to be slow
/// must not roll back, and shrinking the other side would keep small services from ever
/// advancing.
#[inline]
pub(crate) fn margin(
    prepared: &Prepared<'_>,
    signal: Signal,
    ratio: f64,
    task_deviation: f64,
) -> Margin {
    let clients = prepared.clients.get(signal);
    // Without tasks the factor is that of the clients alone, which is known.
    let harm = if task_deviation == 0.0 {
        clients.harm
    } else {
        libm::exp(above(prepared.settings, signal, signal.slope() * task_deviation))
    };
    Margin { harm: ratio * harm, safe: ratio * clients.safe }
}

/// What clients alone move a ratio of one to.
pub(crate) fn clients(settings: &Settings, signal: Signal) -> Margin {
    Margin {
        harm: libm::exp(above(settings, signal, 0.0)),
        safe: libm::exp(below(settings, signal)),
    }
}

/// ln of what harm must exceed, `tasks` being that of what few tasks may do.
fn above(settings: &Settings, signal: Signal, tasks: f64) -> f64 {
    match &settings.calibration {
        Calibration::NotNeeded => tasks,
        Calibration::None => tasks + carried(signal),
        Calibration::RouterAA { offsets } => {
            let Offset { value, error } = learnt(offsets.get(&signal));
            tasks + value + OFFSET_DEVIATIONS * error
        }
    }
}

/// ln of what safety must stay below.
fn below(settings: &Settings, signal: Signal) -> f64 {
    match &settings.calibration {
        Calibration::NotNeeded => 0.0,
        Calibration::None => -carried(signal),
        Calibration::RouterAA { offsets } => {
            let Offset { value, error } = learnt(offsets.get(&signal));
            value - OFFSET_DEVIATIONS * error
        }
    }
}

fn carried(signal: Signal) -> f64 {
    UNCALIBRATED_DEVIATIONS * UNCALIBRATED_LATENCY * signal.slope()
}

/// The offset as given; an unusable or missing one judges harm with none (it cannot prove
/// safety, see [`is_usable`]).
fn learnt(offset: Option<&Offset>) -> Offset {
    offset.copied().filter(|o| o.value.is_finite() && o.error.is_finite()).map_or(
        Offset { value: 0.0, error: UNCALIBRATED_LATENCY },
        |o| Offset { value: o.value.clamp(-1.0, 1.0), error: o.error.clamp(0.0, 1.0) },
    )
}

/// Whether the difference between clients is known well enough to advance on a comparison.
pub(crate) fn is_usable(settings: &Settings, signal: Signal) -> bool {
    match &settings.calibration {
        Calibration::NotNeeded | Calibration::None => true,
        Calibration::RouterAA { offsets } => offsets.get(&signal).is_some_and(|offset| {
            (0.0..=OFFSET_ERROR_MAX).contains(&offset.error)
                && offset.value.abs() <= OFFSET_VALUE_MAX
        }),
    }
}

/// Learns the offsets of a router A/A test: EC2 tasks behind both balancers, the second one's
/// rows given as Fargate's, both asked at the same thresholds (A10).
///
/// Each whole hour gives ln of the ratio of bad fractions; the offset is their mean, its standard
/// error theirs. A signal with fewer than [`LEARNT_HOURS_MIN`] hours with bad requests on both
/// sides is left out, and with it the possibility of proving it safe.
#[must_use]
pub fn learn(minutes: &[Minute]) -> BTreeMap<Signal, Offset> {
    let mut offsets = BTreeMap::new();
    for signal in Signal::ALL {
        let mut hours: BTreeMap<i64, PerSide<(u64, u64)>> = BTreeMap::new();
        for minute in minutes {
            let row = Row::new(minute);
            if let Some((requests, bad)) = row.signal(signal) {
                let hour = hours.entry(minute.minute.div_euclid(60)).or_default();
                let sum = hour.get_mut(minute.side);
                *sum = (sum.0 + requests, sum.1 + bad);
            }
        }
        if let Some(offset) = mean_and_error(hours.values().filter_map(log_ratio)) {
            offsets.insert(signal, offset);
        }
    }
    offsets
}

/// Two days of hours (A10).
pub const LEARNT_HOURS_MIN: u32 = 48;

fn log_ratio(hour: &PerSide<(u64, u64)>) -> Option<f64> {
    let (requests_ec2, bad_ec2) = hour.ec2;
    let (requests_fargate, bad_fargate) = hour.fargate;
    (bad_ec2 > 0 && bad_fargate > 0).then(|| {
        let fraction = float(bad_fargate) / float(requests_fargate);
        libm::log(fraction * float(requests_ec2) / float(bad_ec2))
    })
}

fn mean_and_error(values: impl Iterator<Item = f64>) -> Option<Offset> {
    let (mut count, mut sum, mut squares) = (0_u32, 0.0, 0.0);
    for value in values {
        count += 1;
        sum += value;
        squares += value * value;
    }
    if count < LEARNT_HOURS_MIN {
        return None;
    }
    let count = f64::from(count);
    let mean = sum / count;
    let variance = (squares / count - mean * mean).max(0.0) * count / (count - 1.0);
    Some(Offset { value: mean, error: libm::sqrt(variance / count) })
}

#[cfg(test)]
mod tests {
    use model::Side;
    use model::minute::{Context, Counts};

    use super::*;
    use crate::signal::Slo;

    #[test]
    fn a_prepared_margin_is_the_plain_one_to_the_bit() {
        let offset = Offset { value: 0.031, error: 0.012 };
        let learnt = [(Signal::SlowSlo, offset), (Signal::Errors, Offset::default())];
        let calibrations = [
            Calibration::NotNeeded,
            Calibration::None,
            Calibration::RouterAA { offsets: learnt.into() },
        ];
        for calibration in calibrations {
            let settings = Settings { calibration, ..Settings::default() };
            let prepared = Prepared::new(&settings);
            for signal in Signal::ALL {
                for (ratio, deviation) in [(1.0, 0.0), (1.5, 0.0), (1.0, 0.07), (2.25, 0.3)] {
                    let found = margin(&prepared, signal, ratio, deviation);
                    let tasks = signal.slope() * deviation;
                    let harm = ratio * libm::exp(above(&settings, signal, tasks));
                    let safe = ratio * libm::exp(below(&settings, signal));
                    assert_eq!(found.harm.to_bits(), harm.to_bits(), "{signal} {deviation}");
                    assert_eq!(found.safe.to_bits(), safe.to_bits(), "{signal} {deviation}");
                }
            }
        }
    }

    fn close(found: f64, expected: f64, what: &str) {
        assert!((found - expected).abs() < 1e-9, "{what}: {found} instead of {expected}");
    }

    #[test]
    fn errors_may_rise_by_half_or_a_quarter_of_the_budget() {
        let settings =
            Settings { budgets: [(Slo::Availability, 0.001)].into(), ..Settings::default() };
        let prepared = Prepared::new(&settings);
        for (rate, expected) in [(0.000_1, 3.5), (0.000_4, 1.625), (0.01, 1.5), (0.0, 1.5)] {
            close(ratio(&prepared, Signal::Errors, rate), expected, &rate.to_string());
            close(ratio(&prepared, Signal::SlowP90, rate), 1.0, "latency has its own threshold");
        }
        let without = Settings { budgets: BTreeMap::new(), ..Settings::default() };
        close(ratio(&Prepared::new(&without), Signal::Errors, 0.000_1), 1.5, "no objective");
    }

    #[test]
    fn a_margin_is_moved_by_what_is_known_and_not_known_of_clients_and_tasks() {
        let learnt = |value, error| {
            let offsets = [(Signal::SlowP90, Offset { value, error })].into();
            Calibration::RouterAA { offsets }
        };
        // ln of the factors on harm, with tasks that blur latency by a tenth, and on safety; the
        // slope of the 90th percentile is 2.5.
        let blur = 0.25;
        let five_percent = 1.281_6 * 0.05 * 2.5;
        for (calibration, harm, safe) in [
            (Calibration::NotNeeded, blur, 0.0),
            (Calibration::None, blur + five_percent, -five_percent),
            (learnt(0.03, 0.01), blur + 0.03 + 0.016_45, 0.03 - 0.016_45),
            (learnt(-0.5, 0.02), blur - 0.5 + 0.032_9, -0.5 - 0.032_9),
            // More than a factor of e either way is a broken reading.
            (learnt(-7.0, 9.0), blur - 1.0 + 1.645, -1.0 - 1.645),
            (learnt(7.0, -9.0), blur + 1.0, 1.0),
            // What is no number was not learnt: none, and 5 % uncertain.
            (learnt(f64::NAN, 0.01), blur + 0.082_25, -0.082_25),
            (learnt(0.03, f64::INFINITY), blur + 0.082_25, -0.082_25),
        ] {
            let name = format!("{calibration:?}");
            let settings = Settings { calibration, ..Settings::default() };
            let prepared = Prepared::new(&settings);
            let found = margin(&prepared, Signal::SlowP90, 2.0, 0.1);
            close(libm::log(found.harm / 2.0), harm, &name);
            close(libm::log(found.safe / 2.0), safe, &name);
            let alike = margin(&prepared, Signal::SlowP90, 1.0, 0.0);
            close(libm::log(alike.harm), harm - blur, &name);
        }
    }

    #[test]
    fn a_difference_is_usable_up_to_a_tenth_and_learnt_to_two_percent() {
        for (value, error, usable) in [
            (0.1, 0.02, true),
            (-0.1, 0.0, true),
            (0.100_1, 0.02, false),
            (-0.100_1, 0.02, false),
            (0.1, 0.020_1, false),
            (0.1, -0.01, false),
        ] {
            let offsets = [(Signal::Errors, Offset { value, error })].into();
            let settings =
                Settings { calibration: Calibration::RouterAA { offsets }, ..Settings::default() };
            assert_eq!(is_usable(&settings, Signal::Errors), usable, "{value} {error}");
            assert!(!is_usable(&settings, Signal::SlowSlo), "not learnt");
        }
    }

    /// A minute in each of so many hours: requests and errors on both sides.
    fn hours(count: i64, of: impl Fn(i64) -> [(u64, u64); 2]) -> Vec<Minute> {
        let row = |minute, side, (requests, errors)| Minute {
            minute,
            side,
            revision: 0,
            seen_at: model::Time::from_minute(minute + 1),
            counts: Counts { requests: Some(requests), errors: Some(errors), ..Counts::default() },
            context: Context::default(),
        };
        let both = |hour: i64| {
            let [ec2, fargate] = of(hour);
            // The last minute of each hour, the first one of the next.
            let minute = hour * 60 + if hour % 2 == 0 { 59 } else { 0 };
            [row(minute, Side::Ec2, ec2), row(minute, Side::Fargate, fargate)]
        };
        (0..count).flat_map(both).collect()
    }

    #[test]
    fn an_offset_is_the_mean_of_hourly_log_ratios_with_its_standard_error() {
        // Twice and eight times as many in turn: ln 4 in the mean, ln 2 to either side.
        let split = |hour: i64| {
            let times = if hour % 2 == 0 { 2 } else { 8 };
            [(3_000, 30), (1_000, 10 * times)]
        };
        let offsets = learn(&hours(48, split));
        let offset = offsets[&Signal::Errors];
        close(offset.value, libm::log(4.0), "the mean");
        // The variance of 48 is over 47.
        close(offset.error, libm::log(2.0) / libm::sqrt(47.0), "its error");
        assert_eq!(offsets.len(), 1, "signals that were not recorded are not learnt");
        assert!(learn(&hours(47, split)).is_empty(), "an hour too few");
    }

    #[test]
    fn an_hour_without_a_bad_request_on_one_side_teaches_nothing() {
        for silent in [[(1_000, 0), (1_000, 9)], [(1_000, 9), (1_000, 0)]] {
            let of = |hour: i64| if hour == 7 { silent } else { [(1_000, 10), (1_000, 10)] };
            assert!(learn(&hours(48, of)).is_empty(), "{silent:?}");
            let offset = learn(&hours(49, of))[&Signal::Errors];
            close(offset.value, 0.0, "the others are alike");
        }
    }
}
