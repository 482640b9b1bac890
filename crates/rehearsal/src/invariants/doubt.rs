//! S3: no advance on doubt.

use controller::Pass;
use model::observation::Seen;
use model::spec::{Advance, Target};
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span, Time};

use super::past::{READ_AGE_MAX, SETTLE};
use super::{Scene, Shift, Verdicts};

/// Below this share only crashes are looked for.
const CRASH_CHECK_BELOW: Share = Share::percent(5);
/// Minutes that a verdict rests on are at most this old.
const VERDICT_AGE_MAX: Span = Span::from_mins(15);
/// Weights are read at least this often, one look missed.
const SPLIT_AGE_MAX: Span = Span::from_mins(11);
/// A breach nobody could overlook: a fifth of Fargate's requests slow or failed, ...
const BREACH: f64 = 0.2;
/// ... with so many requests that it is not chance, ...
const BREACH_REQUESTS: u64 = 1_000;
/// ... for so many minutes in a row, all of them published.
const BREACH_MINUTES: i64 = 10;

/// S3: a step rests on a verdict that allows it, on minutes that were truly published and are
/// not old, on fresh readings, and on no open breach.
pub(super) fn no_advance(scene: &Scene<'_>, shift: Shift, verdicts: &mut Verdicts<'_>) {
    readings(scene, shift, verdicts);
    if shift.from == Share::ZERO {
        // Nothing was on Fargate that could have been judged.
        return;
    }
    permitted(scene, shift, verdicts);
    no_open_breach(scene, shift, verdicts);
    let newest = shift.at.minute();
    for side in Side::ALL {
        let published = scene.past.published.get(side);
        let age = published.map(|minute| newest.saturating_sub(minute));
        let oldest = (VERDICT_AGE_MAX + SETTLE + scene.past.stale()).as_mins();
        if age.is_none_or(|age| age > i64::try_from(oldest).unwrap_or(i64::MAX)) {
            let message = format!("to {} with no minute of {side} published lately", shift.to);
            verdicts.broken("S3", shift.at, message);
        }
    }
}

fn permitted(scene: &Scene<'_>, shift: Shift, verdicts: &mut Verdicts<'_>) {
    let verdict = &scene.pass.verdict;
    let advance = match &scene.managed.migration.spec.traffic.target {
        Target::Rollout(rollout) => rollout.advance,
        Target::Share(_) => Advance::Evidence,
    };
    let is_told = scene.pass.plan.status.verbs.advance.is_some();
    // A write that is sent again rests on the verdict it was first sent with.
    let intended = scene.pass.plan.status.intended.as_ref();
    let is_again = intended.is_some_and(|intended| intended.at < scene.pass.observation.at);
    let needs_proof = advance == Advance::Evidence && shift.from >= CRASH_CHECK_BELOW;
    let is_permitted = match verdict.kind {
        VerdictKind::Advance => true,
        VerdictKind::Hold if needs_proof && !is_told && !is_again => false,
        VerdictKind::Hold => !speaks_against(&verdict.reason),
        VerdictKind::RollBack => false,
    };
    if !is_permitted {
        let message = format!("from {} on the verdict {}", shift.from, verdict.reason.name());
        verdicts.broken("S3", shift.at, message);
    }
}

/// Whether a hold tells of harm or of missing sight.
fn speaks_against(reason: &VerdictReason) -> bool {
    matches!(
        reason,
        VerdictReason::MissingData { .. }
            | VerdictReason::EventsMissing { .. }
            | VerdictReason::CommonMode { .. }
            | VerdictReason::Suspicion { .. }
            | VerdictReason::WorseWithinBudget { .. }
            | VerdictReason::ReleasesDiffer
    )
}

fn readings(scene: &Scene<'_>, shift: Shift, verdicts: &mut Verdicts<'_>) {
    let seen = &scene.pass.observation;
    let mut unless = |known: bool, what: &str| {
        if !known {
            let message = format!("to {} with {what} unknown or old", shift.to);
            verdicts.broken("S3", shift.at, message);
        }
    };
    unless(fresh(&seen.split, shift.at, SPLIT_AGE_MAX), "weights");
    for side in Side::ALL {
        unless(fresh(seen.targets.get(side), shift.at, READ_AGE_MAX), "target health");
        unless(fresh(seen.services.get(side), shift.at, READ_AGE_MAX), "a service");
        unless(fresh(seen.scaling.get(side), shift.at, READ_AGE_MAX), "a scalable target");
    }
}

fn fresh<T>(seen: &Seen<T>, now: Time, age_max: Span) -> bool {
    seen.at().is_some_and(|at| at <= now && now.since(at) <= age_max)
}

/// S3: the share does not rise in the middle of a breach that everybody can see.
fn no_open_breach(scene: &Scene<'_>, shift: Shift, verdicts: &mut Verdicts<'_>) {
    let Some(newest) = scene.past.published.fargate else { return };
    let window = scene
        .past
        .minutes
        .iter()
        .filter(|minute| minute.minute <= newest && minute.minute > newest - BREACH_MINUTES);
    let (mut count, mut requests, mut is_bad) = (0, 0, true);
    for minute in window {
        let side = minute.sides.fargate;
        count += 1;
        requests += side.requests;
        #[expect(clippy::cast_precision_loss, reason = "requests of a minute are below 2^53")]
        let bad = side.slow.max(side.errors) as f64 >= BREACH * side.requests as f64;
        is_bad &= bad && side.requests > 0;
    }
    if is_bad && count == BREACH_MINUTES && requests >= BREACH_REQUESTS {
        let message = format!("from {} to {} in a breach", shift.from, shift.to);
        verdicts.broken("S3", shift.at, message);
    }
}

/// S3: no number that reaches people or decisions is NaN or infinite.
pub(super) fn finite(pass: &Pass, verdicts: &mut Verdicts<'_>) {
    let evidence = &pass.verdict.evidence;
    let of_signals = evidence.signals.values().flat_map(|signal| [signal.harm, signal.safe]);
    let load = pass.observation.load.value();
    let of_load = load.into_iter().flat_map(|load| {
        let safe = load.safe_per_task_rpm;
        [Some(load.now_rpm), Some(load.growth), Some(load.peak_rpm), safe.ec2, safe.fargate]
    });
    let mut all = of_signals.chain([evidence.harm]).chain(of_load.flatten());
    if !all.all(f64::is_finite) {
        let message = "a number that is none reached a decision".to_owned();
        verdicts.broken("S3", pass.observation.at, message);
    }
}
