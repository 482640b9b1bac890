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
        left = left.max(minutes_left_of(prepared, state, signal));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5 million")]
    (left <= MINUTES_MAX).then_some(libm::ceil(left) as u64)
}

/// Infinite without any rate.
fn minutes_left_of(prepared: &Prepared<'_>, state: &State, signal: Signal) -> f64 {
    let proof = state.step.proofs.get(signal);
    let missing = prepared.safe_needed - proof.evidence();
    if missing <= 0.0 {
        return 0.0;
    }
    // Minutes that did not count pass as well, so the rate is per minute of the step.
    let elapsed = f64::from(state.step.elapsed.max(1));
    let distance = distance(prepared, state, signal);
    let gain = proof.information() / elapsed * distance * distance / 2.0;
    let compared = missing.min(NATS_NEEDED) / gain;
    alone(prepared, state, signal.slo(), elapsed).map_or(compared, |alone| alone.min(compared))
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
    // Without requests there is no evidence either.
    if absolute.evidence() <= 0.0 {
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

#[cfg(test)]
mod tests {
    use model::Span;

    use super::*;
    use crate::absolute::Bound;
    use crate::calibration::Margin;
    use crate::fair::Hypotheses;
    use crate::pairing::Pair;
    use crate::settings::Settings;

    fn settings(signals: &[Signal], deadline: Span) -> Settings {
        let budgets = [(Slo::Latency, 0.01), (Slo::Availability, 0.001)].into();
        Settings {
            signals: signals.iter().copied().collect(),
            budgets,
            deadline,
            ..Settings::default()
        }
    }

    /// A step of so many minutes, all of which counted.
    fn standing(elapsed: u32) -> State {
        let mut state = State::default();
        (state.step.elapsed, state.step.counted) = (elapsed, elapsed);
        state
    }

    /// Clean requests on Fargate, against the bound that they are tested at.
    fn clean(state: &mut State, slo: Slo, requests: f64) {
        let bound = match slo {
            Slo::Latency => 0.01,
            Slo::Availability => 0.000_25,
        };
        state.step.absolutes.get_mut(slo).add(requests, 0.0, &Bound::new(bound));
    }

    /// A thousand requests on each side, of which so many were bad.
    fn compared(state: &mut State, signal: Signal, bad_ec2: f64, bad_fargate: f64) {
        let pair = Pair { requests_fargate: 1_000.0, bad_fargate, requests_ec2: 1_000.0, bad_ec2 };
        let mut fair = Hypotheses::default();
        fair.move_to(&pair, &Margin { harm: 1.0, safe: 1.0 });
        state.step.proofs.get_mut(signal).add(&pair, &fair.safe, 1.0, 1.2);
    }

    fn left(signals: &[Signal], state: &State) -> Option<u64> {
        minutes_left(&Prepared::new(&settings(signals, Span::from_days(21))), state)
    }

    #[test]
    fn clean_sides_need_four_requests_over_what_is_allowed() {
        // 16,000 for a quarter of 0.1 %, at 100 a minute.
        let mut state = standing(100);
        clean(&mut state, Slo::Availability, 10_000.0);
        assert_eq!(left(&[Signal::Errors], &state), Some(60));
        // 400 for 1 %, at 2.5 a minute; the slowest of all is waited for.
        clean(&mut state, Slo::Latency, 250.0);
        assert_eq!(left(&[Signal::SlowP90], &state), Some(60));
        clean(&mut state, Slo::Latency, 25.0);
        assert_eq!(left(&[Signal::SlowP50], &state), Some(46), "125 over 2.75, rounded up");
        assert_eq!(left(&[Signal::SlowP50, Signal::Errors], &state), Some(60));
        // What should be proven by now and is not takes a minute's worth more.
        let mut late = standing(100);
        clean(&mut late, Slo::Latency, 200.0);
        late.step.absolutes.get_mut(Slo::Latency).add(300.0, 9.0, &Bound::new(0.01));
        assert_eq!(left(&[Signal::SlowSlo], &late), Some(1));
    }

    #[test]
    fn a_comparison_needs_the_rest_at_half_the_square_of_the_distance() {
        // Two bad requests in 50 minutes: information of K q0 (1 - q0) = 1/2.
        for (signal, distance) in [
            (Signal::SlowSlo, 4.3 * libm::log(1.1)),
            (Signal::SlowP90, 2.5 * libm::log(1.1)),
            (Signal::SlowP50, 1.2 * libm::log(1.1)),
            // EC2's rate is taken for the budget until it is known: half as many may be more.
            (Signal::Errors, libm::log(1.5)),
        ] {
            let mut state = standing(50);
            compared(&mut state, signal, 1.0, 1.0);
            let missing = libm::log(20.0) - state.step.proofs.get(signal).evidence();
            let minutes = missing / (0.5 / 50.0 * distance * distance / 2.0);
            let found = left(&[signal], &state).expect("there is a rate");
            let found = f64::from(u32::try_from(found).unwrap());
            assert!((minutes..minutes + 1.0).contains(&found), "{signal}: {found}, {minutes}");
        }
        // Not more than one proof takes, however far the evidence has fallen.
        let mut state = standing(1);
        compared(&mut state, Signal::SlowSlo, 1.0, 1.0);
        let strict = Settings { beta: 1e-6, ..settings(&[Signal::SlowSlo], Span::from_days(21)) };
        let distance = 4.3 * libm::log(1.1);
        let minutes = libm::ceil(4.4 / (0.5 * distance * distance / 2.0));
        let found = minutes_left(&Prepared::new(&strict), &state).expect("there is a rate");
        assert_eq!(f64::from(u32::try_from(found).unwrap()).to_bits(), minutes.to_bits());
    }

    #[test]
    fn the_faster_of_comparison_and_absolute_proof_is_what_is_waited_for() {
        let mut both = standing(100);
        compared(&mut both, Signal::Errors, 1.0, 1.0);
        let by_comparison = left(&[Signal::Errors], &both).expect("there is a rate");
        assert!(by_comparison > 60);
        clean(&mut both, Slo::Availability, 10_000.0);
        assert_eq!(left(&[Signal::Errors], &both), Some(60));
        let mut slow = standing(100);
        compared(&mut slow, Signal::Errors, 1.0, 1.0);
        clean(&mut slow, Slo::Availability, 1.0);
        assert_eq!(left(&[Signal::Errors], &slow), Some(by_comparison));
    }

    #[test]
    fn what_is_proven_takes_no_time_and_what_has_no_rate_has_no_forecast() {
        let mut state = standing(100);
        assert_eq!(left(&[Signal::Errors], &state), None);
        // Bad requests without a single good one are no evidence.
        state.step.absolutes.get_mut(Slo::Availability).add(9.0, 9.0, &Bound::new(0.000_25));
        assert_eq!(left(&[Signal::Errors], &state), None);
        let mut proven = standing(100);
        clean(&mut proven, Slo::Availability, 30_000.0);
        assert_eq!(left(&[Signal::Errors], &proven), Some(0));
        let mut compared_well = standing(100);
        for _ in 0..40 {
            compared(&mut compared_well, Signal::Errors, 20.0, 2.0);
        }
        assert_eq!(left(&[Signal::Errors], &compared_well), Some(0));
        assert_eq!(left(&[Signal::Errors, Signal::SlowSlo], &compared_well), None);
        // Years are no forecast, and neither is a step of which nothing counted.
        let mut years = standing(10_000_000);
        clean(&mut years, Slo::Availability, 10_000.0);
        assert_eq!(left(&[Signal::Errors], &years), None);
        proven.step.counted = 0;
        assert_eq!(left(&[Signal::Errors], &proven), None);
    }

    #[test]
    fn a_proof_is_out_of_reach_when_it_comes_after_its_part_of_the_deadline() {
        // 12,800 of 16,000 requests in 360 minutes: 90 more.
        for (share, elapsed, passed, deadline, is_out) in [
            (50, 360, 400, 490, false),
            (50, 360, 400, 489, true),
            (50, 360, 401, 490, true),
            // Before half of all traffic the steps that follow need as long again.
            (49, 360, 400, 580, false),
            (49, 360, 400, 579, true),
            // Before six hours nothing is said.
            (50, 359, 400, 489, false),
        ] {
            let mut state = standing(elapsed);
            clean(&mut state, Slo::Availability, 12_800.0);
            state.live.share = Some(Share::percent(share));
            state.began = Some(1_000);
            let settings = settings(&[Signal::Errors], Span::from_mins(deadline));
            let prepared = Prepared::new(&settings);
            let found = is_out_of_reach(&prepared, &state, 1_000 + passed);
            assert_eq!(found, is_out, "{share} %, {elapsed}, {passed} of {deadline} minutes");
            state.step.counted = 0;
            assert!(!is_out_of_reach(&prepared, &state, 1_000 + passed), "nothing counted yet");
        }
        let hopeless = standing(360);
        let settings = settings(&[Signal::Errors], Span::from_days(21));
        assert!(is_out_of_reach(&Prepared::new(&settings), &hopeless, 360), "no rate at all");
    }
}
