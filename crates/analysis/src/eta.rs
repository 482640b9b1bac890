//! When the proof will be there at the present rate, and whether it ever can be.

use model::Share;

use crate::calibration;
use crate::prepared::Prepared;
use crate::signal::{Signal, Slo};
use crate::state::State;

/// What one proof takes: ln 20 for beta = 5 % and ln 4 for the mixture of four alternatives.
const NATS_NEEDED: f64 = 4.4;
/// ln 1.1, the margin of the latency signals.
const LN_MARGIN: f64 = 0.095_310_179_804_324_87;
/// An absolute proof takes this many requests over its bound (2.6).
const CLEAN_REQUESTS_FACTOR: f64 = 4.0;
/// Before this many minutes of a step the rate is not known.
const MINUTES_MIN: u32 = 360;
/// A forecast of years is none.
const MINUTES_MAX: f64 = 5_000_000.0;

/// Minutes until every signal would be proven if the sides are equal; `None` without any rate.
pub(crate) fn minutes_left(prepared: &Prepared<'_>, state: &State) -> Option<u64> {
    let step = &state.step;
    if step.counted == 0 {
        return None;
    }
    let mut left = 0.0_f64;
    for signal in prepared.signals() {
        left = left.max(minutes_left_of(prepared, state, signal)?);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5 million")]
    (left <= MINUTES_MAX).then_some(libm::ceil(left) as u64)
}

fn minutes_left_of(prepared: &Prepared<'_>, state: &State, signal: Signal) -> Option<f64> {
    let proof = state.step.proofs.get(signal);
    let missing = prepared.safe_needed - proof.evidence();
    if missing <= 0.0 {
        return Some(0.0);
    }
    // Minutes that did not count pass as well, so the rate is per minute of the step.
    let elapsed = f64::from(state.step.elapsed.max(1));
    let distance = distance(prepared, state, signal);
    let gain = proof.information() / elapsed * distance * distance / 2.0;
    let compared = (gain > 0.0).then(|| missing.clamp(0.0, NATS_NEEDED) / gain);
    let alone = alone(prepared, state, signal.slo(), elapsed);
    match (compared, alone) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (some, None) | (None, some) => some,
    }
}

/// ln of the odds between an equal Fargate and the margin.
fn distance(prepared: &Prepared<'_>, state: &State, signal: Signal) -> f64 {
    match signal {
        Signal::SlowSlo | Signal::SlowP90 | Signal::SlowP50 => LN_MARGIN * signal.slope(),
        Signal::Errors => {
            let budget = prepared.budget(signal.slo()).unwrap_or(0.001);
            let rate = state.windows.error_rate_ec2(budget);
            libm::log(calibration::ratio(prepared, signal, rate))
        }
    }
}

/// The absolute proof stands in for a signal without any bad request, and for all of an
/// objective's where the sides cannot be compared.
fn alone(prepared: &Prepared<'_>, state: &State, slo: Slo, elapsed: f64) -> Option<f64> {
    let budget = prepared.budget(slo)?;
    let absolute = state.step.absolutes.get(slo);
    let missing = prepared.safe_needed - absolute.evidence();
    if missing <= 0.0 {
        return Some(0.0);
    }
    if absolute.evidence() <= 0.0 || absolute.requests() <= 0.0 {
        return None;
    }
    let bound = match slo {
        Slo::Latency => budget,
        Slo::Availability => calibration::ERROR_BUDGET_PART * budget,
    };
    Some(
        (CLEAN_REQUESTS_FACTOR / bound - absolute.requests()).max(1.0) * elapsed
            / absolute.requests(),
    )
}

/// Whether no proof can come before the deadline at the present traffic.
pub(crate) fn is_out_of_reach(prepared: &Prepared<'_>, state: &State, minute: i64) -> bool {
    if state.step.elapsed < MINUTES_MIN || state.step.counted == 0 {
        return false;
    }
    let passed = u64::try_from(minute - state.began.unwrap_or(minute)).unwrap_or(0);
    let left = prepared.settings.deadline.as_mins().saturating_sub(passed);
    // Up a ladder of steps each proof takes less than the one before, and all that follow the
    // present one together about as long as it does.
    let is_late_step = state.live.share.is_some_and(|share| share >= Share::percent(50));
    let available = if is_late_step { left } else { left / 2 };
    minutes_left(prepared, state).is_none_or(|needed| needed > available)
}
