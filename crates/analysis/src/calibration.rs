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
        let mut hours: BTreeMap<i64, PerSide<(f64, f64)>> = BTreeMap::new();
        for minute in minutes {
            let row = Row::new(minute);
            if let Some((requests, bad)) = row.signal(signal) {
                let hour = hours.entry(minute.minute.div_euclid(60)).or_default();
                let sum = hour.get_mut(minute.side);
                *sum = (sum.0 + float(requests), sum.1 + float(bad));
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

fn log_ratio(hour: &PerSide<(f64, f64)>) -> Option<f64> {
    let (requests_ec2, bad_ec2) = hour.ec2;
    let (requests_fargate, bad_fargate) = hour.fargate;
    (bad_ec2 > 0.0 && bad_fargate > 0.0)
        .then(|| libm::log(bad_fargate / requests_fargate * requests_ec2 / bad_ec2))
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
    use super::*;

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
}
