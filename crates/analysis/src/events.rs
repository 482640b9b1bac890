//! Objectives whose events are counted elsewhere, such as in Datadog.
//!
//! Two counts a minute and side are all there is, and an event need not be a request: one user may
//! cause many, and the two sides may be instrumented unlike. So nothing is compared here. Each side
//! is held against the objective itself: the guards, the burn rates of both sides, and the
//! absolute proof that Fargate meets the objective, at this share and over settled minutes.
//!
//! A burn rolls back only where it was there in several minutes: one cluster of bad events among
//! few is a burn of anything. (Where requests are compared, the comparison says that.)

use std::collections::BTreeMap;

use model::verdict::{SignalEvidence, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Share, Side, Time};
use serde::{Deserialize, Serialize};

use crate::absolute::{Absolute, Bound};
use crate::burn::{self, burn};
use crate::gaps::Gaps;
use crate::guard::{Alarm, Guard};
use crate::pairing::float;
use crate::rules::STALE_MINUTES_MAX;
use crate::settings::{CommonMode, Settings, When};
use crate::state::PROVEN_SHARE_MIN;
use crate::window::{Counted, Length, Window};

/// The events of one side in one minute, and what was known of the side then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    /// All events.
    pub total: u64,
    /// Those that were not good.
    pub bad: u64,
    /// The share that the live weights asked for.
    pub share: Option<Share>,
    /// Whether clients had had time to follow those weights.
    pub settled: bool,
}

/// An objective by its name in the spec, and the fraction of events that may be bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its budget, between 0 and 1.
    pub budget: f64,
}

/// The evidence of one objective, folded from its minutes.
///
/// Minutes are judged in order and each once: when both sides are known, or when one three minutes
/// newer is. The source gives settled minutes, so what comes later than that changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventFold {
    /// The newest minute judged.
    minute: Option<i64>,
    /// What the newest row of either side said of the share.
    share: Option<Share>,
    window: Window,
    guard: Guard,
    gaps: Gaps,
    proof: Absolute,
    /// Minutes not judged yet.
    waiting: BTreeMap<i64, PerSide<Option<EventRow>>>,
}

/// A minute with a side missing is judged when one this many minutes newer is there.
const WATERMARK_MINUTES: i64 = 3;
/// Of a longer gap only the newest minutes are stepped through: they empty the windows anyway.
const STEPPED_MINUTES_MAX: i64 = 1_440;
/// A burn must have been there in this many of the minutes of its short window.
const BURNING_MINUTES_MIN: usize = 3;

impl EventFold {
    /// The newest minute judged.
    #[must_use]
    pub const fn minute(&self) -> Option<i64> {
        self.minute
    }

    /// Takes in the events of one side in one minute. One that was judged already stays so.
    pub fn push(&mut self, target: &Target<'_>, minute: i64, side: Side, row: EventRow) {
        if self.minute.is_some_and(|judged| minute <= judged) {
            return;
        }
        let rows = self.waiting.entry(minute).or_default();
        rows.get_mut(side).get_or_insert(row);
        self.judge_ready(target);
    }

    fn judge_ready(&mut self, target: &Target<'_>) {
        let Some(newest) = self.waiting.last_key_value().map(|(minute, _)| *minute) else { return };
        let Some(first) = self.waiting.first_key_value().map(|(minute, _)| *minute) else { return };
        let following = self.minute.map_or(first, |minute| minute + 1);
        let mut next = following.max(first - STEPPED_MINUTES_MAX);
        if next > following {
            let proof = std::mem::take(&mut self.proof);
            let waiting = std::mem::take(&mut self.waiting);
            *self = Self { share: self.share, proof, waiting, ..Self::default() };
        }
        while next <= newest {
            let rows = self.waiting.get(&next).cloned().unwrap_or_default();
            let is_whole = rows.ec2.is_some() && rows.fargate.is_some();
            if !is_whole && newest < next + WATERMARK_MINUTES {
                break;
            }
            self.waiting.remove(&next);
            self.judge(target, next, &rows);
            next += 1;
        }
    }

    fn judge(&mut self, target: &Target<'_>, minute: i64, rows: &PerSide<Option<EventRow>>) {
        let known = rows.fargate.or(rows.ec2);
        if let Some(share) = known.and_then(|row| row.share)
            && self.share != Some(share)
        {
            self.share = Some(share);
            self.proof = Absolute::default();
        }
        let count = |of: fn(&EventRow) -> u64| {
            PerSide::from_fn(|side| rows.get(side).as_ref().map_or(0.0, |row| float(of(row))))
        };
        let counted = Counted { requests: count(|row| row.total), bad: count(bad) };
        self.window.add(minute, counted, Some(target.budget));
        if minute.rem_euclid(10) == 9 {
            self.window.close(minute);
        }
        self.guard.add(minute, &counted);
        self.gaps.add(PerSide::from_fn(|side| self.is_awaited(side) && rows.get(side).is_none()));
        if let Some(row) = rows.fargate.filter(|row| row.settled) {
            self.proof.add(float(row.total), float(bad(&row)), &Bound::new(target.budget));
        }
        self.minute = Some(minute);
    }

    /// Whether a side has traffic by the weights, so that its events must be there.
    fn is_awaited(&self, side: Side) -> bool {
        self.share.is_some_and(|share| match side {
            Side::Ec2 => share < Share::FULL,
            Side::Fargate => share > Share::ZERO,
        })
    }

    /// What this objective alone says; `None` where nothing speaks against the next step.
    fn says(
        &self,
        settings: &Settings,
        target: &Target<'_>,
        now: Time,
    ) -> Option<(VerdictKind, VerdictReason)> {
        let signal = || target.name.to_owned();
        if let Some(alarm) = self.minute.and_then(|it| self.guard.alarm(it, target.budget)) {
            let reason = match alarm {
                Alarm::Disaster => VerdictReason::Guard { signal: signal() },
                Alarm::SmallShare => VerdictReason::SmallShareGuard { signal: signal() },
            };
            return Some((VerdictKind::RollBack, reason));
        }
        let is_asked = match settings.when {
            When::Slo | When::Either => true,
            When::Relative => self.share == Some(Share::FULL),
        };
        if is_asked && self.is_burning(target) {
            return Some((VerdictKind::RollBack, VerdictReason::BudgetBurn { signal: signal() }));
        }
        if burn::may_be_common_mode(&self.window, target.budget) {
            let is_seen = burn::is_common_mode(&self.window, target.budget);
            let kind = match settings.on_common_mode {
                CommonMode::RollBack if is_seen => VerdictKind::RollBack,
                CommonMode::Hold | CommonMode::RollBack => VerdictKind::Hold,
            };
            return Some((kind, VerdictReason::CommonMode { signal: signal() }));
        }
        if let Some(side) = self.missing(now) {
            let reason = VerdictReason::EventsMissing { signal: signal(), side };
            return Some((VerdictKind::Hold, reason));
        }
        let is_provable = self.share.is_none_or(|share| share >= PROVEN_SHARE_MIN);
        // The proof is at its best since the step began; what burns now is not met now.
        let is_met = self.proof.evidence() >= settings.safe_needed()
            && burn(&self.window, Side::Fargate, Length::Hour, target.budget) < 1.0;
        if is_provable && !is_met {
            return Some((VerdictKind::Hold, VerdictReason::Unproven { signal: signal() }));
        }
        None
    }

    /// Whether Fargate burns alone, and did so in several minutes.
    fn is_burning(&self, target: &Target<'_>) -> bool {
        let Some(newest) = self.minute else { return false };
        burn::pairs_burning_alone(&self.window, target.budget).any(|(factor, short)| {
            let floor = factor * target.budget;
            let is_hot = |counted: &&Counted| counted.fraction(Side::Fargate) >= floor;
            self.window.newest(newest, short).filter(is_hot).count() >= BURNING_MINUTES_MIN
        })
    }

    /// The side whose events do not come, though it has traffic.
    fn missing(&self, now: Time) -> Option<Side> {
        let Some(newest) = self.minute else { return Some(Side::Ec2) };
        let is_stale = now.minute().saturating_sub(newest) > STALE_MINUTES_MAX;
        self.gaps.side().or_else(|| {
            let side = if self.is_awaited(Side::Fargate) { Side::Fargate } else { Side::Ec2 };
            is_stale.then_some(side)
        })
    }

    fn evidence(&self, target: &Target<'_>) -> SignalEvidence {
        let of = |side| burn(&self.window, side, Length::Hour, target.budget);
        SignalEvidence {
            // Nothing is compared, so that nothing says "worse than EC2".
            harm: 0.0,
            safe: self.proof.evidence(),
            burn_fargate: of(Side::Fargate),
            burn_ec2: of(Side::Ec2),
        }
    }
}

/// Whether what an objective says goes before what the requests say.
fn is_stronger(
    (kind, reason): (VerdictKind, &VerdictReason),
    (base, base_reason): (VerdictKind, &VerdictReason),
) -> bool {
    match (base, kind) {
        (VerdictKind::Advance, _) | (VerdictKind::Hold, VerdictKind::RollBack) => true,
        (VerdictKind::Hold, VerdictKind::Hold) => gravity(reason) > gravity(base_reason),
        (VerdictKind::Hold, VerdictKind::Advance) | (VerdictKind::RollBack, _) => false,
    }
}

/// How grave a hold is. A lack of proof lets a dwell go on; what is not seen of Fargate, or was
/// seen of it long ago, lets a first step be taken; what is not seen of EC2 lets nothing.
const fn gravity(reason: &VerdictReason) -> u8 {
    match reason {
        VerdictReason::CommonMode { .. } => 3,
        VerdictReason::MissingData { side: Side::Ec2 }
        | VerdictReason::EventsMissing { side: Side::Ec2, .. } => 2,
        VerdictReason::MissingData { side: Side::Fargate }
        | VerdictReason::EventsMissing { side: Side::Fargate, .. }
        | VerdictReason::WorseWithinBudget { .. }
        | VerdictReason::Suspicion { .. }
        | VerdictReason::CandidateDead
        | VerdictReason::Guard { .. }
        | VerdictReason::SmallShareGuard { .. }
        | VerdictReason::ProvenWorse { .. }
        | VerdictReason::BudgetBurn { .. } => 1,
        VerdictReason::ProvenSafe
        | VerdictReason::ProvenAbsolute
        | VerdictReason::Unproven { .. }
        | VerdictReason::UnequalLoad
        | VerdictReason::ShareMismatch
        | VerdictReason::Settling
        | VerdictReason::LoadCoverage { .. }
        | VerdictReason::SurgeUnseen
        | VerdictReason::Uncalibrated
        | VerdictReason::InsufficientTraffic
        | VerdictReason::ReleasesDiffer
        | VerdictReason::Collecting => 0,
    }
}

/// Bad events; there are no more of them than events.
fn bad(row: &EventRow) -> u64 {
    row.bad.min(row.total)
}

/// The verdict on the requests, with what the objectives counted elsewhere add to it.
///
/// A rollback of either is a rollback, and an advance needs all of them. Of two holds the graver
/// one is told.
#[must_use]
pub fn with_events<'a>(
    verdict: Verdict,
    settings: &Settings,
    objectives: impl IntoIterator<Item = (Target<'a>, &'a EventFold)>,
    now: Time,
) -> Verdict {
    let mut verdict = verdict;
    for (target, fold) in objectives {
        verdict.evidence.signals.insert(target.name.to_owned(), fold.evidence(&target));
        if let Some((kind, reason)) = fold.says(settings, &target, now)
            && is_stronger((kind, &reason), (verdict.kind, &verdict.reason))
        {
            (verdict.kind, verdict.reason) = (kind, reason);
        }
    }
    verdict
}
