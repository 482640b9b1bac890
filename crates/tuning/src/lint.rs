//! What is wrong with a policy that can be seen without a search, and what leaving it costs.
//!
//! Each finding comes with a policy or world in which it is mended; the difference of the two
//! replays is its cost. The rules are those of capacity-and-scaling, section 0.3.

mod mend;

use capacity::scaling::PolicyRequest;
use serde::Serialize;

use crate::Error;
use crate::load::Load;
use crate::noise::Noise;
use crate::physics::Physics;
use crate::replay::Replay;
use crate::score::{Score, round};
use mend::Mended;

/// What a policy is held against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The world it runs in.
    pub physics: &'a Physics,
    /// A load to replay costs on.
    pub load: &'a Load,
    /// The chances of that replay.
    pub noise: &'a Noise,
    /// The highest CPU that the service can report, and its standard deviation, in percent; what
    /// was fitted. Without a fit it is 100 with the world's noise.
    pub ceiling: Option<Ceiling>,
    /// What part of the load of an EC2 task one task carries, where the policy was written for
    /// EC2: the lower bound of the fit.
    pub ratio: Option<f64>,
}

/// The highest value that a metric can take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceiling {
    /// CPU percent.
    pub percent: f64,
    /// Its standard deviation.
    pub sigma: f64,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Something does not work at all.
    Error,
    /// Something works worse than it looks.
    Warning,
    /// Worth knowing.
    Note,
}

/// Kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LintId {
    /// An alarm's threshold is above what the metric reaches.
    ThresholdUnreachable,
    /// A step begins above what the metric reaches.
    StepUnreachable,
    /// Steps in tasks that were counted in larger ones.
    StepsShrink,
    /// A cooldown that outlasts the start of the tasks it waits for.
    CooldownOutlastsStart,
    /// A cooldown that ends while its tasks are pending.
    CooldownEndsBeforeStart,
    /// Percent steps that lose much of their size to rounding.
    PercentTruncated,
    /// Bounds that were counted in larger tasks.
    BoundsToRescale,
    /// A maximum below what the peak needs.
    MaxTooLow,
    /// Scheduled actions that contradict each other at one instant.
    ScheduledConflict,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lint {
    /// What kind.
    pub id: LintId,
    /// How much it matters.
    pub severity: Severity,
    /// The policy, alarm or action; the scalable target where it is about bounds.
    pub subject: String,
    /// What is wrong.
    pub sentence: String,
    /// What would be right.
    pub remedy: String,
    /// What leaving it costs on the load, against the policy with the remedy.
    pub cost: Cost,
}

/// What a policy costs more than another one; negative where it costs less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Percent points of slow requests.
    pub slow_percent: f64,
    /// Bad minutes.
    pub bad_minutes: f64,
    /// Task-hours.
    pub task_hours: f64,
}

/// All findings, the gravest first.
///
/// # Errors
/// Those of a replay of the policy as it is.
pub fn lint(policy: &[PolicyRequest], context: &Context<'_>) -> Result<Vec<Lint>, Error> {
    let as_it_is = Replay::new(context.physics, context.load, context.noise).score(policy)?;
    let mut lints = Vec::new();
    for found in mend::all(policy, context) {
        let physics = match &found.world {
            Some(world) => Physics::new(world)?,
            None => context.physics.clone(),
        };
        let mended = found.policy.as_deref().unwrap_or(policy);
        let mended = Replay::new(&physics, context.load, context.noise).score(mended)?;
        lints.push(finding(found, &as_it_is, &mended));
    }
    lints.sort_by(|a, b| (a.severity, a.id, &a.subject).cmp(&(b.severity, b.id, &b.subject)));
    Ok(lints)
}

fn finding(found: Mended, as_it_is: &Score, mended: &Score) -> Lint {
    let percent = |score: &Score| 100.0 * score.slow_fraction();
    Lint {
        id: found.id,
        severity: found.severity,
        subject: found.subject,
        sentence: found.sentence,
        remedy: found.remedy,
        cost: Cost {
            slow_percent: round(percent(as_it_is) - percent(mended), 1_000.0),
            bad_minutes: f64::from(as_it_is.bad_minutes) - f64::from(mended.bad_minutes),
            task_hours: round(as_it_is.task_hours() - mended.task_hours(), 10.0),
        },
    }
}
