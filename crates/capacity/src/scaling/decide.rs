//! From the policies that alarms invoked at one instant to at most one new desired count.

use std::cmp::Ordering;

use model::{Span, Time};

use super::policy::{Rule, Tracking};
use super::{
    Base, Cause, CooldownStart, Evaluation, Inputs, NotScaledReason, Outcome, Route,
    ScalableTarget, Status,
};
use crate::alarm::AlarmState;

/// A policy that an alarm has just invoked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Firing {
    pub(super) watch: usize,
    pub(super) route: Route,
}

/// The cooldowns in effect on one target.
#[derive(Debug, Clone, Default)]
pub(super) struct Cooldowns {
    out: Option<OutCooldown>,
    in_until: Option<Time>,
    last_out: Option<Time>,
}

/// A scale-out whose tasks still count as part of the next one.
#[derive(Debug, Clone, Copy)]
struct OutCooldown {
    /// What the first scale-out counted from.
    base: u32,
    /// What has been asked for since.
    reached: u32,
    span: Span,
    /// `None` until ECS has fulfilled it.
    until: Option<Time>,
}

impl Cooldowns {
    /// Starts the cooldown that waited for ECS.
    pub(super) fn fulfilled(&mut self, now: Time) {
        if let Some(out) = &mut self.out
            && out.until.is_none()
        {
            out.until = Some(now + out.span);
        }
    }

    fn out(&self, now: Time) -> Option<OutCooldown> {
        self.out.filter(|out| out.until.is_none_or(|until| now < until))
    }
}

/// What one policy asks for, or why it asks for nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proposal {
    direction: Ordering,
    verdict: Result<Change, NotScaledReason>,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    to: u32,
    /// What the policy counted from.
    base: u32,
    cooldown: Span,
}

impl ScalableTarget {
    /// Scales out by the largest capacity asked for; scales in, to the largest, only when no
    /// policy asks for more.
    pub(super) fn decide(&mut self, now: Time, inputs: &Inputs<'_>, pass: &mut Evaluation) {
        let live = Inputs { desired: pass.desired, ..*inputs };
        let mut proposals = std::mem::take(&mut self.proposals);
        proposals.extend(self.firings.iter().map(|f| (*f, self.propose(now, &live, f))));
        self.choose(now, &proposals, pass);
        proposals.clear();
        self.proposals = proposals;
    }

    /// Takes the best of the proposals, or says once why none was taken.
    fn choose(&mut self, now: Time, proposals: &[(Firing, Proposal)], pass: &mut Evaluation) {
        let wants_more = proposals.iter().any(|(_, p)| p.direction.is_gt());
        let wanted = if wants_more { Ordering::Greater } else { Ordering::Less };
        let best = proposals
            .iter()
            .filter(|(_, p)| p.direction == wanted)
            .filter_map(|(f, p)| Some((f, p.verdict.ok()?)))
            // The first of equals in order of alarm: `max_by_key` alone would take the last.
            .rev()
            .max_by_key(|(_, change)| change.to);
        if let Some((firing, change)) = best {
            let cause = self.cause(firing);
            self.apply(now, change, cause, pass);
            return;
        }
        for (firing, proposal) in proposals {
            let Err(reason) = proposal.verdict else { continue };
            let Some(kept) = self.policies.get_mut(firing.route.policy) else { continue };
            if kept.not_scaled.replace(reason) == Some(reason) {
                continue;
            }
            let cause = self.cause(firing);
            self.record(now, cause, Outcome::NotScaled { reason }, pass);
        }
    }

    fn cause(&self, firing: &Firing) -> Cause {
        let alarm = self.watches.get(firing.watch);
        let policy = self.policies.get(firing.route.policy);
        Cause::Alarm {
            alarm: alarm.map_or_else(String::new, |w| w.alarm.request().alarm_name.clone()),
            state: firing.route.state.name(),
            policy: policy.map_or_else(String::new, |kept| kept.policy.request.policy_name.clone()),
        }
    }

    /// Sets the desired count and the cooldown that follows from it.
    fn apply(&mut self, now: Time, change: Change, cause: Cause, pass: &mut Evaluation) {
        let (from, to) = (pass.desired, change.to);
        if to > from {
            let base = self.cooldowns.out(now).map_or(change.base, |out| out.base);
            let until = match self.semantics.cooldown_start {
                CooldownStart::Accepted => Some(now + change.cooldown),
                CooldownStart::Fulfilled => None,
            };
            let span = change.cooldown;
            self.cooldowns.out = Some(OutCooldown { base, reached: to, span, until });
            self.cooldowns.in_until = None;
            self.cooldowns.last_out = Some(now);
        } else {
            self.cooldowns.in_until = Some(now + change.cooldown);
        }
        pass.desired = to;
        self.record(now, cause, Outcome::Scaled { from, to, status: Status::InProgress }, pass);
    }

    fn propose(&self, now: Time, inputs: &Inputs<'_>, firing: &Firing) -> Proposal {
        let none = |reason| Proposal { direction: Ordering::Equal, verdict: Err(reason) };
        let Some(kept) = self.policies.get(firing.route.policy) else {
            return none(NotScaledReason::NoStep);
        };
        match &kept.policy.rule {
            Rule::Step { steps, cooldown, .. } => {
                let Some(excess) = self.excess(firing) else {
                    return none(NotScaledReason::NoStep);
                };
                let out_base = self.base_out(now, inputs);
                let Some(step) = steps.adjust(out_base, excess) else {
                    return none(NotScaledReason::NoStep);
                };
                match step.direction {
                    Ordering::Greater => self.out(now, inputs, step.capacity, *cooldown),
                    Ordering::Less => {
                        let capacity = steps.adjust(self.base_in(inputs), excess);
                        let capacity = capacity.map_or(inputs.desired, |step| step.capacity);
                        self.scale_in(now, inputs, capacity, *cooldown)
                    }
                    Ordering::Equal => {
                        none(NotScaledReason::AlreadyAtDesiredCapacity { desired: inputs.desired })
                    }
                }
            }
            Rule::TargetTracking(tracking) => self.track(now, inputs, firing, tracking),
        }
    }

    /// Proportional to the metric: out if any policy wants it, in only if all agree.
    fn track(
        &self,
        now: Time,
        inputs: &Inputs<'_>,
        firing: &Firing,
        tracking: &Tracking,
    ) -> Proposal {
        let none = |reason| Proposal { direction: Ordering::Equal, verdict: Err(reason) };
        let Some(value) = self.watch_value(firing.watch) else {
            return none(NotScaledReason::NoStep);
        };
        if value > tracking.target {
            let capacity = proportional(self.base_out(now, inputs), value, tracking.target);
            return self.out(now, inputs, capacity, tracking.cooldown_out);
        }
        if value >= tracking.target * super::SCALE_IN_PART || !tracking.scales_in {
            let desired = inputs.desired;
            return none(NotScaledReason::AlreadyAtDesiredCapacity { desired });
        }
        match self.tracking_agrees(self.base_in(inputs)) {
            Some(capacity) => self.scale_in(now, inputs, capacity, tracking.cooldown_in),
            None => Proposal {
                direction: Ordering::Less,
                verdict: Err(NotScaledReason::TargetTrackingDisagrees),
            },
        }
    }

    /// The largest capacity that the target tracking policies ask for, once the low alarms of all
    /// that scale in are in ALARM.
    fn tracking_agrees(&self, base: u32) -> Option<u32> {
        let mut largest = None;
        for kept in &self.policies {
            let Rule::TargetTracking(tracking) = &kept.policy.rule else { continue };
            if !tracking.scales_in {
                continue;
            }
            let at = kept.low?;
            if self.watches.get(at)?.alarm.state() != AlarmState::Alarm {
                return None;
            }
            let capacity = proportional(base, self.watch_value(at)?, tracking.target);
            largest = largest.max(Some(capacity));
        }
        largest
    }

    fn out(&self, now: Time, inputs: &Inputs<'_>, capacity: u32, cooldown: Span) -> Proposal {
        let proposal = |verdict| Proposal { direction: Ordering::Greater, verdict };
        if self.suspended.dynamic_scaling_out_suspended {
            // A suspended policy asks for nothing, so it does not hold scaling in back either.
            let verdict = Err(NotScaledReason::Suspended);
            return Proposal { direction: Ordering::Equal, verdict };
        }
        let active = self.cooldowns.out(now);
        if active.is_some_and(|out| capacity <= out.reached) {
            return proposal(Err(NotScaledReason::CoolingDown));
        }
        if inputs.desired >= self.max {
            return proposal(Err(NotScaledReason::AlreadyAtMaxCapacity { max: self.max }));
        }
        let to = capacity.clamp(self.min, self.max);
        if to <= inputs.desired {
            let desired = inputs.desired;
            return proposal(Err(NotScaledReason::AlreadyAtDesiredCapacity { desired }));
        }
        proposal(Ok(Change { to, base: self.base_out(now, inputs), cooldown }))
    }

    fn scale_in(&self, now: Time, inputs: &Inputs<'_>, capacity: u32, cooldown: Span) -> Proposal {
        let proposal = |verdict| Proposal { direction: Ordering::Less, verdict };
        if self.suspended.dynamic_scaling_in_suspended {
            return proposal(Err(NotScaledReason::Suspended));
        }
        if inputs.desired <= self.min {
            return proposal(Err(NotScaledReason::AlreadyAtMinCapacity { min: self.min }));
        }
        if inputs.deployment_in_progress {
            return proposal(Err(NotScaledReason::TargetServicePutResourceAsUnscalable));
        }
        let after_out = self.semantics.scale_in_waits_after_scale_out
            && self.cooldowns.last_out.is_some_and(|at| now.since(at) < cooldown);
        if after_out || self.cooldowns.in_until.is_some_and(|until| now < until) {
            return proposal(Err(NotScaledReason::CoolingDown));
        }
        let to = capacity.clamp(self.min, self.max);
        if to >= inputs.desired {
            let desired = inputs.desired;
            return proposal(Err(NotScaledReason::AlreadyAtDesiredCapacity { desired }));
        }
        proposal(Ok(Change { to, base: self.base_in(inputs), cooldown }))
    }

    fn base(&self, inputs: &Inputs<'_>) -> u32 {
        match self.semantics.base {
            Base::Running => inputs.running,
            Base::Desired => inputs.desired,
        }
    }

    /// During a cooldown a scale-out counts from where the first one did; a desired count below
    /// the minimum is first pulled up to it.
    fn base_out(&self, now: Time, inputs: &Inputs<'_>) -> u32 {
        let base = self.base(inputs);
        let pulled = if inputs.desired < self.min { base.max(self.min) } else { base };
        self.cooldowns.out(now).map_or(pulled, |out| out.base)
    }

    /// A desired count above the maximum is first pulled down to it.
    fn base_in(&self, inputs: &Inputs<'_>) -> u32 {
        let base = self.base(inputs);
        if inputs.desired > self.max { base.min(self.max) } else { base }
    }

    /// How far the metric is past the threshold of the alarm that fired.
    fn excess(&self, firing: &Firing) -> Option<f64> {
        let request = self.watches.get(firing.watch)?.alarm.request();
        let aggregate = firing.route.aggregate;
        let other = aggregate.and_then(|metric| self.series.get(metric)?.newest());
        let own = self.watch_newest(firing.watch)?;
        // An aggregate counts only if it is of the same period as what the alarm saw.
        let value = other.filter(|(start, _)| *start == own.0).map_or(own.1, |(_, value)| value);
        Some(value - request.threshold)
    }

    fn watch_newest(&self, watch: usize) -> Option<(Time, f64)> {
        self.series.get(self.watches.get(watch)?.metric)?.newest()
    }

    fn watch_value(&self, watch: usize) -> Option<f64> {
        self.watch_newest(watch).map(|(_, value)| value)
    }
}

/// `ceil(base x value / target)`: the capacity at which the metric would meet its target.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of the type first"
)]
fn proportional(base: u32, value: f64, target: f64) -> u32 {
    libm::ceil(f64::from(base) * value / target).clamp(0.0, f64::from(u32::MAX)) as u32
}
