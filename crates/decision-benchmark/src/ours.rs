//! Ferry's method on a simulated week, through the public interface of `analysis`.

use analysis::judge::judge_log;
use analysis::settings::{Calibration, Router, Settings, When};
use analysis::signal::Signal;
use analysis::{Fold, calibration};
use model::minute::{Context, Counts, Minute};
use model::verdict::VerdictKind;
use model::{Share, Side, Span, Time};
use sampling::Generator;

use crate::scenario::{Clients, Scenario, Truth};
use crate::week::{MINUTES, SideWeek, Week};

/// What came of a week under one policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// The first minute, from the regression on where there is one, that says roll back.
    pub(crate) rollback: Option<usize>,
    /// The reason it gave.
    pub(crate) reason: Option<&'static str>,
    /// The first minute that says proven worse, whether or not the budget allows it.
    pub(crate) told: Option<usize>,
    /// The first minute that says advance.
    pub(crate) advance: Option<usize>,
}

/// When each proof of safety was made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proofs {
    pub(crate) signals: [Option<usize>; 4],
    pub(crate) all: Option<usize>,
}

/// The judge's settings for a scenario.
pub(crate) fn settings(scenario: &Scenario, when: When, generator: &Generator) -> Settings {
    let (calibration, router) = match scenario.router {
        Clients::Same => (Calibration::NotNeeded, Router::Unchecked),
        Clients::Unknown => (Calibration::None, Router::Unchecked),
        Clients::Learnt => {
            (Calibration::RouterAA { offsets: learn(scenario, generator) }, Router::Unchecked)
        }
    };
    Settings {
        when,
        // A week is the horizon here, so the threshold is a week's: 13.8.
        deadline: Span::from_days(7),
        tolerated_episode: Span::from_mins(scenario.episode_minutes),
        calibration,
        router,
        ..Settings::default()
    }
}

/// Offsets from two days with EC2 tasks behind both balancers: the client mix alone, and both
/// sides asked at the same thresholds.
fn learn(
    scenario: &Scenario,
    generator: &Generator,
) -> std::collections::BTreeMap<Signal, analysis::settings::Offset> {
    let twins = Scenario { bias: 0.0, warm_up: 0.0, later_shares: &[], ..scenario.clone() };
    let week = Week::generate(&twins, &Truth::default(), &generator.fork("router A/A"));
    let plain = Week {
        candidate: SideWeek { slow_widened: week.candidate.slow.clone(), ..week.candidate },
        ..week
    };
    let rows = rows(&twins, &plain);
    let days: Vec<Minute> = rows.into_iter().filter(|row| row.minute < 2_880).collect();
    calibration::learn(&days)
}

/// The week as the log that the judge folds.
pub(crate) fn rows(scenario: &Scenario, week: &Week) -> Vec<Minute> {
    let mut rows = Vec::with_capacity(2 * MINUTES);
    for t in 0..MINUTES {
        for side in Side::ALL {
            rows.extend(row(scenario, week, side, t));
        }
    }
    rows
}

fn row(scenario: &Scenario, week: &Week, side: Side, t: usize) -> Option<Minute> {
    let of = match side {
        Side::Ec2 => &week.baseline,
        Side::Fargate => &week.candidate,
    };
    let is_dead =
        side == Side::Fargate && scenario.truth.dies && week.began.is_some_and(|began| t >= began);
    if !of.seen.get(t).copied().unwrap_or(false) && !is_dead {
        return None;
    }
    let compared = match side {
        Side::Ec2 => &of.slow,
        Side::Fargate => &of.slow_widened,
    };
    let count = |series: &Vec<u64>| series.get(t).copied();
    let [slow, _, _] = &of.slow;
    let [slo, p90, p50] = compared;
    let counts = Counts {
        requests: count(&of.requests),
        slow: count(slow),
        slow_slo: count(slo),
        slow_p90: count(p90),
        slow_p50: count(p50),
        errors: count(&of.errors),
    };
    let minute = i64::try_from(t).ok()?;
    Some(Minute {
        minute,
        side,
        revision: 0,
        seen_at: Time::from_minute(minute + 1),
        counts: if is_dead { Counts::default() } else { counts },
        context: Context {
            share: week.shares.get(t).copied().and_then(Share::from_per_mille),
            healthy: scenario.truth.dies.then_some(if is_dead { 0 } else { 10 }),
            tasks: scenario.load_ratio.map(|_| tasks(scenario, side)),
            ..Context::default()
        },
    })
}

/// Tasks that make Fargate's requests per task `load_ratio` times EC2's.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tens of tasks")]
fn tasks(scenario: &Scenario, side: Side) -> u32 {
    let share = f64::from(scenario.share) / 1_000.0;
    match side {
        Side::Ec2 => (200.0 * (1.0 - share)) as u32,
        Side::Fargate => (200.0 * share / scenario.load_ratio.unwrap_or(1.0)) as u32,
    }
}

/// Judges the whole week.
pub(crate) fn judge(settings: &Settings, rows: &[Minute], began: Option<usize>) -> Outcome {
    let (changes, _) = judge_log(settings, rows);
    let mut outcome = Outcome::default();
    let start = began.unwrap_or(0);
    for (index, change) in changes.iter().enumerate() {
        let from = usize::try_from(change.minute).unwrap_or(0);
        let until = changes
            .get(index + 1)
            .map_or(MINUTES, |next| usize::try_from(next.minute).unwrap_or(MINUTES));
        if until <= start {
            continue;
        }
        let first = from.max(start);
        let is_told =
            change.verdict == VerdictKind::RollBack || change.reason == "WorseWithinBudget";
        if is_told && outcome.told.is_none() {
            outcome.told = Some(first);
        }
        if change.verdict == VerdictKind::RollBack && outcome.rollback.is_none() {
            outcome.rollback = Some(first);
            outcome.reason = Some(change.reason);
        }
        if change.verdict == VerdictKind::Advance && outcome.advance.is_none() {
            outcome.advance = Some(first);
        }
    }
    outcome
}

/// When each signal's proof of safety was made.
pub(crate) fn prove(settings: &Settings, rows: &[Minute]) -> Proofs {
    let mut fold = Fold::new(settings);
    let mut proofs = Proofs::default();
    for row in rows {
        fold.push(settings, row);
        let Some(minute) = fold.minute() else { continue };
        if row.side == Side::Ec2 || proofs.all.is_some() {
            continue;
        }
        let verdict = fold.verdict(settings, row.seen_at);
        let at = usize::try_from(minute).ok();
        for (signal, proven) in Signal::ALL.into_iter().zip(&mut proofs.signals) {
            let evidence = verdict.evidence.signals.get(signal.name());
            let is_proven = evidence.is_some_and(|e| e.safe >= verdict.evidence.safe_threshold);
            if is_proven && proven.is_none() {
                *proven = at;
            }
        }
        if proofs.signals.iter().all(Option::is_some) {
            proofs.all = at;
        }
    }
    proofs
}
