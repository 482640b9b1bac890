//! Judging a recorded log: one record for each change of verdict.

use std::collections::BTreeMap;

use model::Time;
use model::minute::Minute;
use model::verdict::{Verdict, VerdictKind, VerdictReason};
use serde::Serialize;

use crate::fold::Fold;
use crate::prepared::Preparing;
use crate::rules::{self, View};
use crate::settings::Settings;
use crate::state::State;

/// A change of verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The minute judged.
    pub minute: i64,
    /// What to do.
    pub verdict: VerdictKind,
    /// The reason's name, such as `ProvenWorse`.
    pub reason: &'static str,
    /// The reason as a sentence for people.
    pub message: String,
    /// By signal, in natural logarithms.
    pub evidence: BTreeMap<String, ChangeEvidence>,
}

/// The evidence of one signal when the verdict changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChangeEvidence {
    /// That Fargate is worse.
    pub harm: f64,
    /// That Fargate is no worse than the margin.
    pub safe: f64,
}

/// Folds `minutes` in their order and says when the verdict changed, and to what.
///
/// The first judged minute is a change. A reason that only counts on (minutes of high load) is
/// not one. The fold is given back for what else it knows.
#[must_use]
pub fn judge_log(settings: &Settings, minutes: &[Minute]) -> (Vec<Change>, Fold) {
    let prepared = Preparing::new(settings);
    let mut fold = Fold::new(settings);
    let mut changes = Vec::new();
    let mut last: Option<(VerdictKind, VerdictReason)> = None;
    for minute in minutes {
        fold.push_watched(&prepared, minute, |state| {
            let now = end_of(state);
            let answer = rules::decide(&View::new(prepared.get(), state, now));
            if last.as_ref().is_none_or(|last| !is_same(last, &answer)) {
                changes.push(Change::new(&rules::verdict(prepared.get(), state, now)));
                last = Some(answer);
            }
        });
    }
    (changes, fold)
}

/// A recorded minute is judged as if it had just ended.
fn end_of(state: &State) -> Time {
    Time::from_minute(state.minute.unwrap_or(0).saturating_add(1))
}

fn is_same(last: &(VerdictKind, VerdictReason), next: &(VerdictKind, VerdictReason)) -> bool {
    match (&last.1, &next.1) {
        (VerdictReason::LoadCoverage { .. }, VerdictReason::LoadCoverage { .. }) => true,
        _ => last == next,
    }
}

impl Change {
    fn new(verdict: &Verdict) -> Self {
        let evidence = verdict
            .evidence
            .signals
            .iter()
            .map(|(name, signal)| {
                (name.clone(), ChangeEvidence { harm: signal.harm, safe: signal.safe })
            })
            .collect();
        Self {
            minute: verdict.minute.unwrap_or(0),
            verdict: verdict.kind,
            reason: verdict.reason.name(),
            message: verdict.reason.to_string(),
            evidence,
        }
    }
}
