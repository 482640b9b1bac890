//! Everything that is known after a minute, and the one way to the next.

use model::{PerSide, Share, Side};
use serde::{Deserialize, Serialize};

use crate::absolute::{Absolute, Bound};
use crate::calibration;
use crate::coverage::Seen;
use crate::detector::Detector;
use crate::dispersion::Dispersion;
use crate::eta;
use crate::fair::Hypotheses;
use crate::gaps::Gaps;
use crate::guard::Guard;
use crate::load::Load;
use crate::pairing::{Pair, Row, float};
use crate::prepared::Prepared;
use crate::proof::Proof;
use crate::sample_ratio::SampleRatio;
use crate::signal::{PerSignal, PerSlo, Signal, Slo};
use crate::transient::{Change, Transient};
use crate::window::{Counted, Windows};

/// The state after its newest minute. Minutes enter one after another, each once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The newest minute judged.
    pub(crate) minute: Option<i64>,
    /// The first minute with a share above zero: the deadline counts from it.
    pub(crate) began: Option<i64>,
    pub(crate) signals: PerSignal<SignalState>,
    pub(crate) guards: PerSlo<Guard>,
    pub(crate) windows: Windows,
    pub(crate) load: Load,
    pub(crate) gaps: Gaps,
    pub(crate) transient: Transient,
    pub(crate) live: Live,
    pub(crate) step: Step,
    bounds: PerSlo<Bound>,
}

/// One signal over the whole migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SignalState {
    pub(crate) detector: Detector,
    pub(crate) dispersion: Dispersion,
}

/// What the last rows said of the sides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Live {
    pub(crate) share: Option<Share>,
    pub(crate) is_settled: bool,
    pub(crate) is_deploying: PerSide<bool>,
    pub(crate) releases: PerSide<Option<u64>>,
    /// Traffic is sent to Fargate and none of its targets is healthy (A7).
    pub(crate) is_dead: bool,
}

/// What belongs to the present share alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) proofs: PerSignal<Proof>,
    pub(crate) absolutes: PerSlo<Absolute>,
    pub(crate) seen: Seen,
    pub(crate) sample_ratio: SampleRatio,
    /// Minutes since the step began, whether they counted or not.
    pub(crate) elapsed: u32,
    /// Minutes that counted towards the proof.
    pub(crate) counted: u32,
    /// Whether the traffic is too little to prove anything before the deadline.
    pub(crate) is_out_of_reach: bool,
}

/// EC2 must have at least this part of traffic for a comparison (A9).
const COMPARED_SHARE_MAX: Share = Share::percent(95);
/// Below this share there is too little to prove: the guards watch for crashes.
pub(crate) const PROVEN_SHARE_MIN: Share = Share::percent(5);

impl Live {
    /// Whether EC2 keeps enough traffic to be compared with.
    pub(crate) fn is_comparable(&self) -> bool {
        self.share.is_none_or(|share| share <= COMPARED_SHARE_MAX)
    }

    /// Whether the share is large enough for a proof; an unknown share is taken for it.
    pub(crate) fn is_provable(&self) -> bool {
        self.share.is_none_or(|share| share >= PROVEN_SHARE_MIN)
    }

    pub(crate) fn is_same_release(&self) -> bool {
        match (self.releases.ec2, self.releases.fargate) {
            (Some(ec2), Some(fargate)) => ec2 == fargate,
            _ => true,
        }
    }

    pub(crate) const fn is_steady(&self) -> bool {
        !self.is_deploying.ec2 && !self.is_deploying.fargate
    }
}

impl State {
    /// Goes on to `minute`, which must follow the newest one.
    pub(crate) fn advance(
        &mut self,
        prepared: &Prepared<'_>,
        minute: i64,
        rows: &PerSide<Option<Row>>,
    ) {
        self.note_context(minute, rows);
        self.note_gaps(prepared, rows);
        let counted = self.windows.add(minute, rows, |slo| prepared.budget(slo));
        self.load.add(rows, prepared.settings.task_spread);
        for slo in Slo::ALL {
            self.guards.get_mut(slo).add(minute, counted.get(slo));
        }
        let is_counted = self.live.is_settled
            && self.live.is_steady()
            && self.live.is_same_release()
            && !self.transient.is_dropping();
        self.compare(prepared, minute, rows, is_counted);
        if is_counted {
            self.prove_alone(prepared, &counted);
            self.note_load(prepared, rows);
        }
        let signals = &self.signals;
        self.transient.end_minute(|signal| signals.get(signal).dispersion.noise());
        self.step.elapsed = self.step.elapsed.saturating_add(1);
        if minute.rem_euclid(10) == 9 {
            self.close_block(prepared, minute);
        }
        self.minute = Some(minute);
    }

    fn note_context(&mut self, minute: i64, rows: &PerSide<Option<Row>>) {
        let live = &mut self.live;
        let both = [&rows.fargate, &rows.ec2];
        let share = both.iter().find_map(|row| row.as_ref()?.share);
        if share.is_some() && share != live.share {
            let is_first = live.share.is_none();
            live.share = share;
            self.step = Step::default();
            // Before the first share nothing is known of a change.
            if !is_first {
                self.transient.begin(Change::Weight);
            }
        }
        if self.began.is_none() && live.share.is_none_or(|share| share > Share::ZERO) {
            self.began = Some(minute);
        }
        live.is_settled =
            both.iter().all(|row| row.as_ref().and_then(|r| r.settled) != Some(false));
        for side in Side::ALL {
            let Some(row) = rows.get(side) else { continue };
            let is_deploying = row.deploying == Some(true);
            let release = live.releases.get_mut(side);
            let is_new_release =
                row.release.is_some() && release.is_some() && *release != row.release;
            if row.release.is_some() {
                *release = row.release;
            }
            if is_new_release {
                // What was proven was proven of the release before.
                self.step.proofs = PerSignal::default();
                self.step.absolutes = PerSlo::default();
                self.step.counted = 0;
            }
            if is_new_release || is_deploying != *live.is_deploying.get(side) {
                self.transient.begin(Change::Deployment);
            }
            *live.is_deploying.get_mut(side) = is_deploying;
        }
        let is_sent = live.share.is_some_and(|share| share > Share::ZERO);
        let healthy = rows.fargate.as_ref().and_then(|row| row.healthy);
        live.is_dead = is_sent && healthy == Some(0);
    }

    fn note_gaps(&mut self, prepared: &Prepared<'_>, rows: &PerSide<Option<Row>>) {
        let share = self.live.share;
        let missing = PerSide::from_fn(|side| {
            let is_expected = match side {
                Side::Ec2 => share != Some(Share::FULL),
                Side::Fargate => share != Some(Share::ZERO),
            };
            let is_complete =
                rows.get(side).as_ref().is_some_and(|row| row.is_complete(prepared.signals()));
            is_expected && !is_complete
        });
        self.gaps.add(missing);
    }

    /// The comparison of one minute: evidence of harm always, of safety where it counts.
    fn compare(
        &mut self,
        prepared: &Prepared<'_>,
        minute: i64,
        rows: &PerSide<Option<Row>>,
        is_counted: bool,
    ) {
        let is_comparable = self.live.is_comparable();
        let is_proving = is_counted && self.live.is_provable() && !self.load.is_unequal();
        let budget = prepared.budget(Slo::Availability).unwrap_or(BUDGET_WITHOUT_SLO);
        let error_rate_ec2 = self.windows.error_rate_ec2(budget);
        let (clip, tasks) = (prepared.clip, self.load.task_deviation());
        let mut fair = Hypotheses::default();
        let mut has_pairs = false;
        for signal in prepared.signals() {
            let state = self.signals.get_mut(signal);
            state.detector.record_excess(minute, 0.0);
            let Some(pair) = Pair::of(rows, signal).filter(|_| is_comparable) else { continue };
            has_pairs = true;
            let ratio = calibration::ratio(prepared, signal, error_rate_ec2);
            let margin = calibration::margin(prepared, signal, ratio, tasks);
            fair.move_to(&pair, &margin);
            let variance = fair.harm.variance(pair.bad());
            let excess = pair.bad_fargate - pair.bad() * fair.harm.share;
            if self.transient.is_dropping() {
                self.transient.add(signal, excess, variance);
                continue;
            }
            let phi = state.dispersion.phi(variance);
            state.dispersion.add(excess, variance);
            state.detector.record_excess(minute, excess);
            state.detector.add(&pair, &fair.harm, phi, clip);
            if is_proving {
                let phi = state.dispersion.phi_safe(fair.safe.variance(pair.bad()));
                self.step.proofs.get_mut(signal).add(&pair, &fair.safe, phi, clip);
            }
        }
        if has_pairs && is_proving {
            self.step.counted = self.step.counted.saturating_add(1);
        }
    }

    fn prove_alone(&mut self, prepared: &Prepared<'_>, counted: &PerSlo<Counted>) {
        if !self.live.is_provable() {
            return;
        }
        let is_comparable = self.live.is_comparable();
        for slo in Slo::ALL {
            let Some(budget) = prepared.budget(slo) else { continue };
            let bound = self.bounds.get_mut(slo);
            if bound.fraction <= 0.0 {
                *bound = Bound::new(absolute_bound(slo, budget, &self.windows, is_comparable));
            }
            let counted = counted.get(slo);
            // While EC2 should be there, a minute without it proves nothing: missing minutes
            // never advance. One without requests on Fargate adds nothing.
            if counted.is_paired() || !is_comparable {
                let absolute = self.step.absolutes.get_mut(slo);
                absolute.add(counted.requests.fargate, counted.bad.fargate, bound);
            }
        }
    }

    /// Notes the load that a proof is made under.
    fn note_load(&mut self, prepared: &Prepared<'_>, rows: &PerSide<Option<Row>>) {
        let (Some(ec2), Some(fargate)) = (&rows.ec2, &rows.fargate) else { return };
        let (Some(on_ec2), Some(on_fargate)) = (ec2.counts.requests, fargate.counts.requests)
        else {
            return;
        };
        let requests = PerSide { ec2: float(on_ec2), fargate: float(on_fargate) };
        self.step.sample_ratio.add(requests);
        if let Some(coverage) = &prepared.settings.coverage {
            let surge = fargate.surge.or(ec2.surge);
            self.step.seen.add(requests.ec2 + requests.fargate, coverage.requests_high, surge);
        }
    }

    fn close_block(&mut self, prepared: &Prepared<'_>, minute: i64) {
        let is_hour = minute.rem_euclid(60) == 59;
        for signal in prepared.signals() {
            self.signals.get_mut(signal).dispersion.close(is_hour);
        }
        self.windows.close(minute);
        self.load.close();
        self.step.sample_ratio.close(prepared.settings.router, self.live.share);
        for slo in Slo::ALL {
            if let Some(budget) = prepared.budget(slo) {
                *self.bounds.get_mut(slo) = Bound::new(absolute_bound(
                    slo,
                    budget,
                    &self.windows,
                    self.live.is_comparable(),
                ));
            }
        }
        self.step.is_out_of_reach = eta::is_out_of_reach(prepared, self, minute);
    }

    /// M: the mean of the detectors, whose logarithm is the evidence of harm.
    pub(crate) fn harm(&self, prepared: &Prepared<'_>) -> f64 {
        let signals = prepared.signals();
        let sum: f64 =
            signals.clone().map(|signal| self.signals.get(signal).detector.statistic()).sum();
        sum / float(signals.count().max(1) as u64)
    }

    /// The signal with the most evidence of harm.
    pub(crate) fn worst(&self, prepared: &Prepared<'_>) -> Option<Signal> {
        let statistic = |signal: &Signal| self.signals.get(*signal).detector.statistic();
        prepared.signals().max_by(|a, b| statistic(a).total_cmp(&statistic(b)))
    }
}

/// The error margin of a service without an availability SLO is that of 99.9 %.
const BUDGET_WITHOUT_SLO: f64 = 0.001;

/// What Fargate's own bad fraction is tested against: for latency the budget, for errors EC2's
/// recent rate and a quarter of the budget (A11), or the budget when no traffic is left
/// on EC2.
fn absolute_bound(slo: Slo, budget: f64, windows: &Windows, is_comparable: bool) -> f64 {
    match slo {
        Slo::Latency => budget,
        Slo::Availability => match windows.plain_error_rate_ec2() {
            Some(rate) => rate + calibration::ERROR_BUDGET_PART * budget,
            // Not known yet: the strictest it can be.
            None if is_comparable => calibration::ERROR_BUDGET_PART * budget,
            None => budget,
        },
    }
}

impl State {
    /// Prepares for a minute that is more than a day after the newest: every window is empty by
    /// then, while the evidence itself is carried over.
    pub(crate) fn jump(&mut self) {
        self.windows = Windows::default();
        self.guards = PerSlo::default();
        self.load = Load::default();
        self.gaps = Gaps::default();
        for signal in Signal::ALL {
            self.signals.get_mut(signal).detector.forget_excess();
        }
    }
}

#[cfg(test)]
mod tests;
