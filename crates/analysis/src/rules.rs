//! The verdict: rules in order, the first that answers decides (2.8).

use std::collections::BTreeMap;

use model::verdict::{Evidence, SignalEvidence, Verdict, VerdictKind, VerdictReason};
use model::{Share, Side, Span, Time};

use crate::burn::{self, burn};
use crate::calibration;
use crate::eta;
use crate::guard::Alarm;
use crate::pairing::float;
use crate::prepared::Prepared;
use crate::settings::{CommonMode, When};
use crate::signal::{Signal, Slo};
use crate::state::State;
use crate::window::Length;

/// What a rule may look at.
pub(crate) struct View<'a> {
    pub(crate) prepared: &'a Prepared<'a>,
    pub(crate) state: &'a State,
    pub(crate) now: Time,
    harm: f64,
}

impl<'a> View<'a> {
    /// A view of `state` at `now`.
    pub(crate) fn new(prepared: &'a Prepared<'a>, state: &'a State, now: Time) -> Self {
        Self { prepared, state, now, harm: state.harm(prepared) }
    }
}

/// What a rule says.
pub(crate) type Answer = (VerdictKind, VerdictReason);

/// One rule; `None` leaves the question to the next.
type Rule = fn(&View<'_>) -> Option<Answer>;

/// Everything that can decide, in order. Rollbacks first: neither unequal load, nor changes, nor
/// missing minutes stand before them.
const RULES: [Rule; 16] = [
    candidate_dead,
    guards,
    budget_burn,
    proven_worse,
    common_mode,
    worse_within_budget,
    suspicion,
    missing_data,
    share_mismatch,
    releases_differ,
    settling,
    crash_check_only,
    unproven,
    uncalibrated,
    load_coverage,
    surge_unseen,
];

/// Applies the rules; when none objects, the step is proven.
pub(crate) fn decide(view: &View<'_>) -> Answer {
    RULES.iter().find_map(|rule| rule(view)).unwrap_or_else(|| {
        let reason = if view.is_proven_by_comparison() {
            VerdictReason::ProvenSafe
        } else {
            VerdictReason::ProvenAbsolute
        };
        (VerdictKind::Advance, reason)
    })
}

/// The verdict with its evidence.
pub(crate) fn verdict(prepared: &Prepared<'_>, state: &State, now: Time) -> Verdict {
    let view = View::new(prepared, state, now);
    let (kind, reason) = decide(&view);
    Verdict { kind, reason, minute: state.minute, evidence: view.evidence() }
}

const fn hold(reason: VerdictReason) -> Option<Answer> {
    Some((VerdictKind::Hold, reason))
}

const fn roll_back(reason: VerdictReason) -> Option<Answer> {
    Some((VerdictKind::RollBack, reason))
}

/// A7: no healthy target while traffic is sent there needs no statistics.
fn candidate_dead(view: &View<'_>) -> Option<Answer> {
    if view.state.live.is_dead { roll_back(VerdictReason::CandidateDead) } else { None }
}

/// 2.5 and A3.
fn guards(view: &View<'_>) -> Option<Answer> {
    let minute = view.state.minute?;
    view.with_budget().find_map(|(slo, budget)| {
        let alarm = view.state.guards.get(slo).alarm(minute, budget)?;
        let signal = slo.name().to_owned();
        match alarm {
            Alarm::Disaster => roll_back(VerdictReason::Guard { signal }),
            Alarm::SmallShare => roll_back(VerdictReason::SmallShareGuard { signal }),
        }
    })
}

/// A8, and A9 where too little is left on EC2 to compare with.
fn budget_burn(view: &View<'_>) -> Option<Answer> {
    let is_asked = match view.prepared.settings.when {
        When::Slo | When::Either => true,
        When::Relative => !view.state.live.is_comparable(),
    };
    let (slo, _) = view.with_budget().filter(|_| is_asked).find(|(slo, budget)| {
        burn::is_burning_alone(view.state.windows.get(*slo), *budget) && view.is_likely_worse(*slo)
    })?;
    roll_back(VerdictReason::BudgetBurn { signal: slo.name().to_owned() })
}

/// The comparison's own proof.
fn proven_worse(view: &View<'_>) -> Option<Answer> {
    let signal = view.worse_signal()?;
    let is_enough = match view.prepared.settings.when {
        When::Relative | When::Either => true,
        When::Slo => view.is_budget_at_stake(signal),
    };
    if is_enough {
        roll_back(VerdictReason::ProvenWorse { signal: signal.name().to_owned() })
    } else {
        None
    }
}

/// Both sides burn alike: not the migration's doing. Where the newest minutes are missing it
/// holds at most.
fn common_mode(view: &View<'_>) -> Option<Answer> {
    let (slo, budget) = view
        .with_budget()
        .find(|(slo, budget)| burn::may_be_common_mode(view.state.windows.get(*slo), *budget))?;
    let is_seen = burn::is_common_mode(view.state.windows.get(slo), budget);
    let kind = match view.prepared.settings.on_common_mode {
        CommonMode::RollBack if is_seen => VerdictKind::RollBack,
        CommonMode::Hold | CommonMode::RollBack => VerdictKind::Hold,
    };
    Some((kind, VerdictReason::CommonMode { signal: slo.name().to_owned() }))
}

/// Proven, but [`proven_worse`] found the budget unharmed.
fn worse_within_budget(view: &View<'_>) -> Option<Answer> {
    let signal = view.worse_signal().filter(|signal| !view.is_comfortable(signal.slo()))?;
    hold(VerdictReason::WorseWithinBudget { signal: signal.name().to_owned() })
}

/// Half way to proof, in nats. Read from W: S gets there in a quiet week by itself.
fn suspicion(view: &View<'_>) -> Option<Answer> {
    let state = view.state;
    let of = |signal: Signal| state.signals.get(signal).detector.suspicion();
    let signals = || view.prepared.signals();
    let mean = signals().map(of).sum::<f64>() / float(view.prepared.signals().count() as u64);
    if mean * mean < view.prepared.harm_needed {
        return None;
    }
    let worst = signals().max_by(|a, b| of(*a).total_cmp(&of(*b)))?;
    if view.is_comfortable(worst.slo()) {
        return None;
    }
    hold(VerdictReason::Suspicion { signal: worst.name().to_owned() })
}

/// 2.7: too many of the last minutes missing, or none coming any more.
fn missing_data(view: &View<'_>) -> Option<Answer> {
    let side = view.state.gaps.side().or_else(|| {
        let newest = view.state.minute?;
        let is_stale = view.now.minute().saturating_sub(newest) > STALE_MINUTES_MAX;
        is_stale.then_some(Side::Fargate)
    })?;
    hold(VerdictReason::MissingData { side })
}

/// Three minutes of watermark and fifteen of patience.
pub(crate) const STALE_MINUTES_MAX: i64 = 18;

fn share_mismatch(view: &View<'_>) -> Option<Answer> {
    let is_mismatch = view.state.step.sample_ratio.is_mismatch(view.prepared);
    if is_mismatch { hold(VerdictReason::ShareMismatch) } else { None }
}

fn releases_differ(view: &View<'_>) -> Option<Answer> {
    if view.state.live.is_same_release() { None } else { hold(VerdictReason::ReleasesDiffer) }
}

fn settling(view: &View<'_>) -> Option<Answer> {
    let live = &view.state.live;
    let is_settling = !live.is_settled || !live.is_steady() || view.state.transient.is_dropping();
    if is_settling { hold(VerdictReason::Settling) } else { None }
}

/// Below 5 % nothing is proven: the guards watch, and the planner's dwell decides.
fn crash_check_only(view: &View<'_>) -> Option<Answer> {
    if view.state.live.is_provable() { None } else { hold(VerdictReason::Collecting) }
}

/// Why the proof is not there yet.
fn unproven(view: &View<'_>) -> Option<Answer> {
    if view.is_proven_by_comparison() || view.is_proven_alone() {
        return None;
    }
    let reason = if view.state.load.is_unequal() {
        VerdictReason::UnequalLoad
    } else if view.state.step.is_out_of_reach {
        VerdictReason::InsufficientTraffic
    } else {
        VerdictReason::Collecting
    };
    hold(reason)
}

/// A10: a comparison between clients of unknown difference proves nothing.
fn uncalibrated(view: &View<'_>) -> Option<Answer> {
    let is_usable =
        view.prepared.signals().all(|s| calibration::is_usable(view.prepared.settings, s));
    if is_usable || !view.is_proven_by_comparison() {
        return None;
    }
    hold(VerdictReason::Uncalibrated)
}

/// A6.
fn load_coverage(view: &View<'_>) -> Option<Answer> {
    let coverage = view.coverage()?;
    let minutes = view.state.step.seen.high_minutes;
    let minutes_needed = coverage.minutes;
    if minutes >= minutes_needed {
        return None;
    }
    hold(VerdictReason::LoadCoverage { minutes, minutes_needed })
}

fn surge_unseen(view: &View<'_>) -> Option<Answer> {
    let is_unseen = view.coverage()?.surge && !view.state.step.seen.surge;
    if is_unseen { hold(VerdictReason::SurgeUnseen) } else { None }
}

impl View<'_> {
    fn with_budget(&self) -> impl Iterator<Item = (Slo, f64)> {
        Slo::ALL.into_iter().filter_map(|slo| Some((slo, self.prepared.budget(slo)?)))
    }

    /// The signal that is proven worse and still is.
    fn worse_signal(&self) -> Option<Signal> {
        if self.harm < self.prepared.harm_needed {
            return None;
        }
        let signal = self.state.worst(self.prepared)?;
        self.state.signals.get(signal).detector.is_still_worse().then_some(signal)
    }

    /// Whether the comparison agrees, at 1,000 to one, that an objective is worse on Fargate.
    ///
    /// One cluster of errors on few requests is a burn of anything; the comparison counts it as
    /// one minute. Where too little is left on EC2 there is nothing to ask.
    fn is_likely_worse(&self, slo: Slo) -> bool {
        let detector = &self.state.signals.get(slo.signal()).detector;
        !self.state.live.is_comparable() || detector.suspicion() >= LIKELY_WORSE
    }

    fn is_budget_at_stake(&self, signal: Signal) -> bool {
        let slo = signal.slo();
        burn::is_budget_at_stake(self.prepared, self.state.windows.get(slo), slo)
    }

    fn coverage(&self) -> Option<&crate::settings::Coverage> {
        let share = self.state.live.share.unwrap_or(Share::FULL);
        self.prepared.settings.coverage.as_ref().filter(|coverage| share >= coverage.share_min)
    }

    /// Every signal is proven no worse than its margin, at equal load.
    pub(crate) fn is_proven_by_comparison(&self) -> bool {
        self.prepared.signals().next().is_some()
            && self.state.live.is_comparable()
            && !self.state.load.is_unequal()
            && self.prepared.signals().all(|signal| self.is_signal_proven(signal))
    }

    fn is_signal_proven(&self, signal: Signal) -> bool {
        let needed = self.prepared.safe_needed;
        let proof = self.state.step.proofs.get(signal);
        proof.evidence() >= needed || (self.is_too_clean(signal) && self.is_slo_met(signal.slo()))
    }

    /// Fewer bad requests than a ratio can be made of (2.6).
    fn is_too_clean(&self, signal: Signal) -> bool {
        self.state.step.proofs.get(signal).information() < INFORMATION_MIN
    }

    /// The absolute proof of one objective.
    fn is_slo_met(&self, slo: Slo) -> bool {
        let absolute = self.state.step.absolutes.get(slo);
        absolute.evidence() >= self.prepared.safe_needed
    }

    /// Whether the policy asks for the SLO and Fargate leaves three quarters of its budget
    /// unspent, over the last hour and the last six: being slower than EC2 is then not the SLO's
    /// business, however certain it is. Two sides that are slow once in ten thousand requests
    /// and twice are as different as a ratio can tell, and alike to everybody else.
    fn is_comfortable(&self, slo: Slo) -> bool {
        let windows = self.state.windows.get(slo);
        let Some(budget) = self.prepared.budget(slo) else { return false };
        self.prepared.settings.when == When::Slo
            && [Length::Hour, Length::Hours6]
                .into_iter()
                .all(|length| burn(windows, Side::Fargate, length, budget) < COMFORTABLE_BURN)
    }

    /// Fargate is proven to meet the objectives by itself. Where the sides cannot be compared,
    /// by unequal load per task (A5) or with little left on EC2 (A9), that takes the absolute
    /// proof of every one; else it stands in for a comparison where the policy asks for the SLO
    /// and hardly any of the budget is spent.
    pub(crate) fn is_proven_alone(&self) -> bool {
        if self.state.load.is_unequal() || !self.state.live.is_comparable() {
            let mut budgets = self.with_budget().peekable();
            return budgets.peek().is_some() && budgets.all(|(slo, _)| self.is_slo_met(slo));
        }
        let is_met = |slo: Slo| self.is_comfortable(slo) && self.is_slo_met(slo);
        let mut signals = self.prepared.signals().peekable();
        signals.peek().is_some()
            && signals.all(|signal| self.is_signal_proven(signal) || is_met(signal.slo()))
    }

    fn evidence(&self) -> Evidence {
        let burn_of = |signal: Signal, side| {
            self.prepared.budget(signal.slo()).map_or(0.0, |budget| {
                burn(self.state.windows.get(signal.slo()), side, Length::Hour, budget)
            })
        };
        let of_signal = |signal: Signal| {
            let evidence = SignalEvidence {
                harm: ln(self.state.signals.get(signal).detector.statistic()),
                safe: self.state.step.proofs.get(signal).evidence(),
                burn_fargate: burn_of(signal, Side::Fargate),
                burn_ec2: burn_of(signal, Side::Ec2),
            };
            (signal.name().to_owned(), evidence)
        };
        let signals: BTreeMap<_, _> = self.prepared.signals().map(of_signal).collect();
        Evidence {
            harm: ln(self.harm),
            harm_threshold: ln(self.prepared.harm_needed),
            safe_threshold: self.prepared.safe_needed,
            signals,
            minutes: self.state.step.counted,
            eta: eta::minutes_left(self.prepared, self.state).map(Span::from_mins),
        }
    }
}

/// The part of a budget that may be spent before a proven difference matters: the same quarter
/// that a comparison of errors allows (2.2) and that burning alone must exceed (A8).
const COMFORTABLE_BURN: f64 = 0.25;

const LIKELY_WORSE: f64 = 1_000.0;

/// Below this sum of counting variance over dispersion a comparison cannot have proven anything.
const INFORMATION_MIN: f64 = 5.0;

/// The logarithm, of a statistic that starts at zero, at least that of one in a million.
fn ln(statistic: f64) -> f64 {
    libm::log(statistic.max(1e-6))
}
