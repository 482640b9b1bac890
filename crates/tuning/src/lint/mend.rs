//! The rules: each gives what it found together with what mends it.

use std::collections::BTreeMap;

use capacity::alarm::{ComparisonOperator, PutMetricAlarm};
use capacity::scaling::{
    PolicyRequest, PutScalingPolicy, Schedule, StepScalingPolicyConfiguration,
};
use capacity::steps::AdjustmentType;
use model::spec::World;
use model::{Span, Time};

use super::{Ceiling, Context, LintId, Severity};

/// A value that many deviations below the ceiling is not seen (capacity-and-scaling, 0.3 b).
const CEILING_SIGMAS: f64 = 3.0;
/// A ratio this near to one changes no count.
const RATIO_ALIKE: f64 = 0.97;
/// Cooldowns and starts that differ by less are alike.
const OUTLASTS: f64 = 1.5;
/// A step that loses this part of itself to rounding is not what was written.
const TRUNCATED_PART: f64 = 0.2;
/// Cooldown where none is given.
const COOLDOWN_DEFAULT: u32 = 300;

/// A finding with what mends it.
pub(super) struct Mended {
    pub(super) id: LintId,
    pub(super) severity: Severity,
    pub(super) subject: String,
    pub(super) sentence: String,
    pub(super) remedy: String,
    /// The policy with the remedy, where it differs.
    pub(super) policy: Option<Vec<PolicyRequest>>,
    /// The world with the remedy, where it differs.
    pub(super) world: Option<World>,
}

pub(super) fn all(policy: &[PolicyRequest], context: &Context<'_>) -> Vec<Mended> {
    let mut found = Vec::new();
    for (at, request) in policy.iter().enumerate() {
        let PolicyRequest::PutScalingPolicy(scaling) = request else { continue };
        let Some(steps) = &scaling.step_scaling_policy_configuration else { continue };
        let out = steps.step_adjustments.iter().any(|step| step.scaling_adjustment > 0);
        if !out {
            continue;
        }
        let rules = Rules { policy, context, at, scaling, steps };
        for (alarm_at, alarm) in alarms_of(policy, &scaling.policy_name) {
            found.extend(rules.threshold(alarm_at, alarm));
            found.extend(rules.steps_reached(alarm));
            found.extend(rules.cooldown(alarm));
        }
        found.extend(rules.steps_shrink());
        found.extend(rules.truncated());
    }
    found.extend(bounds(context));
    found.extend(max_too_low(context));
    found.extend(conflicts(policy, context));
    found
}

struct Rules<'a> {
    policy: &'a [PolicyRequest],
    context: &'a Context<'a>,
    /// Index of the policy among the requests.
    at: usize,
    scaling: &'a PutScalingPolicy,
    steps: &'a StepScalingPolicyConfiguration,
}

impl Rules<'_> {
    fn highest(&self) -> f64 {
        let noise = self.context.physics.world().metric.noise;
        let ceiling =
            self.context.ceiling.unwrap_or(Ceiling { percent: 100.0, sigma: 100.0 * noise });
        ceiling.percent - CEILING_SIGMAS * ceiling.sigma
    }

    fn with_steps(
        &self,
        change: impl FnOnce(&mut StepScalingPolicyConfiguration),
    ) -> Vec<PolicyRequest> {
        let mut mended = self.policy.to_vec();
        if let Some(PolicyRequest::PutScalingPolicy(scaling)) = mended.get_mut(self.at)
            && let Some(steps) = &mut scaling.step_scaling_policy_configuration
        {
            change(steps);
        }
        mended
    }

    fn threshold(&self, at: usize, alarm: &PutMetricAlarm) -> Option<Mended> {
        let highest = self.highest();
        if !is_cpu(alarm) || !is_above(alarm) || alarm.threshold < highest {
            return None;
        }
        let safe = libm::floor(self.context.physics.safe_cpu_percent());
        let mut policy = self.policy.to_vec();
        if let Some(PolicyRequest::PutMetricAlarm(alarm)) = policy.get_mut(at) {
            alarm.threshold = safe;
        }
        Some(Mended {
            id: LintId::ThresholdUnreachable,
            severity: Severity::Error,
            subject: alarm.alarm_name.clone(),
            sentence: format!(
                "it fires at {} % CPU, and the service cannot report more than {highest:.0} %: it \
                 never scales out",
                alarm.threshold
            ),
            remedy: format!("set its threshold to {safe:.0} %, where the objective just holds"),
            policy: Some(policy),
            world: None,
        })
    }

    /// Steps that begin above what the metric reaches, where the threshold itself is below.
    fn steps_reached(&self, alarm: &PutMetricAlarm) -> Option<Mended> {
        let highest = self.highest();
        let room = highest - alarm.threshold;
        let begins = |lower: Option<f64>| lower.filter(|lower| *lower > 0.0 && *lower >= room);
        let steps = &self.steps.step_adjustments;
        let dead: Vec<f64> =
            steps.iter().filter_map(|step| begins(step.metric_interval_lower_bound)).collect();
        let (first, last) = (dead.first()?, dead.iter().copied().fold(0.0, f64::max));
        if !is_cpu(alarm) || room <= 0.0 {
            return None;
        }
        // All bounds are drawn together, so that the last begins with a fifth of the room left.
        let factor = 0.8 * room / last;
        let policy = self.with_steps(|steps| {
            for step in &mut steps.step_adjustments {
                for bound in
                    [&mut step.metric_interval_lower_bound, &mut step.metric_interval_upper_bound]
                {
                    *bound = bound.map(|bound| if bound > 0.0 { bound * factor } else { bound });
                }
            }
        });
        Some(Mended {
            id: LintId::StepUnreachable,
            severity: Severity::Warning,
            subject: self.scaling.policy_name.clone(),
            sentence: format!(
                "{} of its steps begin at {:.0} % CPU and above, and the service cannot report \
                 more than {highest:.0} %: they are never taken",
                dead.len(),
                alarm.threshold + first
            ),
            remedy: format!("multiply the bounds of its steps by {factor:.2}"),
            policy: Some(policy),
            world: None,
        })
    }

    fn cooldown(&self, alarm: &PutMetricAlarm) -> Option<Mended> {
        let start = self.context.physics.world().start;
        let arrives = start.median_s + start.health_s;
        let seen = arrives + f64::from(alarm.period);
        let cooldown = self.steps.cooldown.unwrap_or(COOLDOWN_DEFAULT);
        let (id, severity, sentence) = if f64::from(cooldown) > OUTLASTS * seen {
            (
                LintId::CooldownOutlastsStart,
                Severity::Warning,
                format!(
                    "for {cooldown} s after a step only what a larger one exceeds it by is added, and \
                 its tasks serve after {arrives:.0} s: under a load that keeps rising it adds one \
                 step in {cooldown} s"
                ),
            )
        } else if f64::from(cooldown) < arrives {
            (
                LintId::CooldownEndsBeforeStart,
                Severity::Note,
                format!(
                    "its cooldown of {cooldown} s ends before tasks serve, {arrives:.0} s after the \
                 order: the next step counts from running tasks, without those that are pending, \
                 and may add nothing"
                ),
            )
        } else {
            return None;
        };
        let better = whole_minutes(seen);
        if better == cooldown {
            return None;
        }
        Some(Mended {
            id,
            severity,
            subject: self.scaling.policy_name.clone(),
            sentence,
            remedy: format!("set its cooldown to {better} s"),
            policy: Some(self.with_steps(|steps| steps.cooldown = Some(better))),
            world: None,
        })
    }

    fn steps_shrink(&self) -> Option<Mended> {
        let ratio = self.context.ratio.filter(|ratio| *ratio > 0.0 && *ratio < RATIO_ALIKE)?;
        if self.steps.adjustment_type != AdjustmentType::ChangeInCapacity {
            return None;
        }
        let policy = self.with_steps(|steps| {
            for step in &mut steps.step_adjustments {
                step.scaling_adjustment = grown(step.scaling_adjustment, ratio);
            }
        });
        Some(Mended {
            id: LintId::StepsShrink,
            severity: Severity::Warning,
            subject: self.scaling.policy_name.clone(),
            sentence: format!(
                "it adds tasks by number, and one of these tasks carries {:.0} % of one on EC2: \
                 its steps are worth {:.0} % less",
                100.0 * ratio,
                100.0 * (1.0 - ratio)
            ),
            remedy: format!("divide its steps by {ratio:.2}, rounded up"),
            policy: Some(policy),
            world: None,
        })
    }

    /// The smallest step at the fewest tasks, where rounding takes most.
    fn truncated(&self) -> Option<Mended> {
        if self.steps.adjustment_type != AdjustmentType::PercentChangeInCapacity {
            return None;
        }
        let min = self.context.physics.world().min;
        let magnitude = f64::from(self.steps.min_adjustment_magnitude.unwrap_or(1));
        let amounts = self.steps.step_adjustments.iter().map(|step| step.scaling_adjustment);
        let smallest = amounts.filter(|amount| *amount > 0).min()?;
        let exact = f64::from(min) * f64::from(smallest) / 100.0;
        let added = libm::floor(exact).max(magnitude);
        if exact < 1.0 || (exact - added) / exact < TRUNCATED_PART {
            return None;
        }
        let better = whole(libm::ceil(exact));
        Some(Mended {
            id: LintId::PercentTruncated,
            severity: Severity::Note,
            subject: self.scaling.policy_name.clone(),
            sentence: format!(
                "{smallest} % of {min} tasks are {exact:.1}, and {added:.0} are added: percentages \
                 are rounded down"
            ),
            remedy: format!("set MinAdjustmentMagnitude to {better}"),
            policy: Some(self.with_steps(|s| s.min_adjustment_magnitude = Some(better))),
            world: None,
        })
    }
}

fn bounds(context: &Context<'_>) -> Option<Mended> {
    let ratio = context.ratio.filter(|ratio| *ratio > 0.0 && *ratio < RATIO_ALIKE)?;
    let world = context.physics.world();
    let larger = |tasks: u32| whole(libm::ceil(f64::from(tasks) / ratio));
    let (min, max) = (larger(world.min), larger(world.max));
    Some(Mended {
        id: LintId::BoundsToRescale,
        severity: Severity::Warning,
        subject: "the scalable target".to_owned(),
        sentence: format!(
            "its {} to {} tasks were counted on EC2, and one of these carries {:.0} % of one there",
            world.min,
            world.max,
            100.0 * ratio
        ),
        remedy: format!("register it with {min} to {max}"),
        policy: None,
        world: Some(World { min, max, ..world.clone() }),
    })
}

fn max_too_low(context: &Context<'_>) -> Option<Mended> {
    let world = context.physics.world();
    let needed = context.physics.tasks_for(context.load.peak());
    (needed > world.max).then(|| Mended {
        id: LintId::MaxTooLow,
        severity: Severity::Error,
        subject: "the scalable target".to_owned(),
        sentence: format!("the peak needs {needed} tasks, and there may be {}", world.max),
        remedy: format!("register it with a maximum of at least {needed}"),
        policy: None,
        world: Some(World { max: needed, ..world.clone() }),
    })
}

/// Scheduled actions that set different bounds at one instant: the last in order of name wins.
fn conflicts(policy: &[PolicyRequest], context: &Context<'_>) -> Vec<Mended> {
    let horizon = context.load.horizon();
    let end = horizon.at_minute(horizon.minutes);
    let mut firings: BTreeMap<Time, Vec<usize>> = BTreeMap::new();
    for (index, request) in policy.iter().enumerate() {
        let PolicyRequest::PutScheduledAction(action) = request else { continue };
        let origin = action.start_time.unwrap_or(horizon.start);
        let schedule = Schedule::parse(&action.schedule, action.timezone.as_deref(), origin);
        let Ok(schedule) = schedule else { continue };
        let mut after = horizon.start - Span::from_millis(1);
        while let Some(at) = schedule.next_after(after).filter(|at| *at < end) {
            firings.entry(at).or_default().push(index);
            after = at;
        }
    }
    let mut said = Vec::new();
    let mut found = Vec::new();
    for (at, indices) in firings {
        if let Some(pair) = contradiction(policy, &indices).filter(|pair| !said.contains(pair)) {
            said.push(pair);
            found.extend(conflict(policy, at, pair));
        }
    }
    found
}

/// The first two of these actions that give one bound different values, the one to keep first.
fn contradiction(policy: &[PolicyRequest], indices: &[usize]) -> Option<(usize, usize)> {
    let action = |index: &usize| match policy.get(*index) {
        Some(PolicyRequest::PutScheduledAction(action)) => Some(action.scalable_target_action),
        Some(PolicyRequest::PutScalingPolicy(_) | PolicyRequest::PutMetricAlarm(_)) | None => None,
    };
    let differ = |a: Option<u32>, b: Option<u32>| matches!((a, b), (Some(a), Some(b)) if a != b);
    for (place, first) in indices.iter().enumerate() {
        for second in indices.iter().skip(place + 1) {
            let (a, b) = (action(first)?, action(second)?);
            if differ(a.min_capacity, b.min_capacity) || differ(a.max_capacity, b.max_capacity) {
                // The greater minimum is the careful one.
                let second_is_greater = b.min_capacity > a.min_capacity;
                return Some(if second_is_greater { (*second, *first) } else { (*first, *second) });
            }
        }
    }
    None
}

fn conflict(policy: &[PolicyRequest], at: Time, (keep, drop): (usize, usize)) -> Option<Mended> {
    let name = |index: usize| match policy.get(index) {
        Some(PolicyRequest::PutScheduledAction(action)) => Some(&action.scheduled_action_name),
        Some(PolicyRequest::PutScalingPolicy(_) | PolicyRequest::PutMetricAlarm(_)) | None => None,
    };
    let (kept, dropped) = (name(keep)?, name(drop)?);
    let mut mended = policy.to_vec();
    mended.remove(drop);
    Some(Mended {
        id: LintId::ScheduledConflict,
        severity: Severity::Error,
        subject: dropped.clone(),
        sentence: format!(
            "it and `{kept}` fire at {at} and set different bounds: which holds is chance"
        ),
        remedy: format!("remove it, or let it fire at another time; `{kept}` is the careful one"),
        policy: Some(mended),
        world: None,
    })
}

/// The alarms that invoke a policy, with their place among the requests.
fn alarms_of<'a>(
    policy: &'a [PolicyRequest],
    name: &'a str,
) -> impl Iterator<Item = (usize, &'a PutMetricAlarm)> {
    policy.iter().enumerate().filter_map(move |(at, request)| {
        let PolicyRequest::PutMetricAlarm(alarm) = request else { return None };
        let invokes = |action: &String| {
            let head = action.strip_suffix(name);
            head.is_some_and(|head| head.is_empty() || head.ends_with(":policyName/"))
        };
        alarm.alarm_actions.iter().any(invokes).then_some((at, alarm))
    })
}

fn is_cpu(alarm: &PutMetricAlarm) -> bool {
    alarm.namespace == "AWS/ECS" && alarm.metric_name == "CPUUtilization"
}

const fn is_above(alarm: &PutMetricAlarm) -> bool {
    match alarm.comparison_operator {
        ComparisonOperator::GreaterThanOrEqualToThreshold
        | ComparisonOperator::GreaterThanThreshold => true,
        ComparisonOperator::LessThanThreshold | ComparisonOperator::LessThanOrEqualToThreshold => {
            false
        }
    }
}

fn whole_minutes(seconds: f64) -> u32 {
    60 * whole(libm::ceil(seconds / 60.0)).max(1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative; a float beyond the range saturates"
)]
const fn whole(value: f64) -> u32 {
    value as u32
}

/// A number of tasks as many more as they are smaller, away from zero.
#[expect(clippy::cast_possible_truncation, reason = "a float beyond the range saturates")]
fn grown(amount: i32, ratio: f64) -> i32 {
    let grown = f64::from(amount) / ratio;
    (if grown < 0.0 { libm::floor(grown) } else { libm::ceil(grown) }) as i32
}
