//! Application Auto Scaling for one ECS service.
//!
//! A [`ScalableTarget`] holds the bounds, the policies with the alarms that invoke them, and the
//! scheduled actions of one service. [`ScalableTarget::evaluate`] lets time pass: scheduled
//! actions first, then alarms, then at most one change by the policies they invoked.
//!
//! The rules are those of the Application Auto Scaling user guide ("Step scaling policies",
//! "Target tracking scaling policies", "Scheduled scaling") and of "Service auto scaling" in the
//! Amazon ECS developer guide. What those leave open is a switch in [`Semantics`].

mod activity;
mod decide;
mod policy;
mod request;
mod schedule;

pub use activity::{Activity, Cause, NotScaledReason, Outcome, Status};
pub use policy::SCALE_IN_PART;
pub use request::{
    CustomizedMetricSpecification, MetricAggregationType, PolicyRequest, PolicyType,
    PredefinedMetricSpecification, PredefinedMetricType, PutScalingPolicy, PutScheduledAction,
    RegisterScalableTarget, SCALABLE_DIMENSION, SERVICE_NAMESPACE, ScalableTargetAction,
    StepScalingPolicyConfiguration, SuspendedState, TargetTrackingScalingPolicyConfiguration,
};
pub use schedule::Schedule;

use std::collections::{BTreeMap, VecDeque};

use model::{Span, Time};

use crate::Error;
use crate::alarm::{
    Alarm, AlarmState, Datapoint, EXTRA_PERIODS, Lag, MetricQuery, PutMetricAlarm, QueryStatistic,
    Series, Statistic,
};
use decide::{Cooldowns, Firing, Proposal};
use policy::{Policy, Rule, check_target, managed_alarm, managed_alarms};

/// Policies of one target (Application Auto Scaling quotas).
const POLICIES_MAX: usize = 50;
/// Scheduled actions of one target (Application Auto Scaling quotas).
const SCHEDULED_MAX: usize = 200;
/// Activities kept; AWS keeps six weeks of them, a busy service makes about 35 a day.
const ACTIVITIES_MAX: usize = 1_500;

/// What a policy starts to count from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Base {
    /// The running tasks, as the ECS developer guide says.
    #[default]
    Running,
    /// The desired count.
    Desired,
}

/// When a cooldown begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CooldownStart {
    /// When ECS has taken the new desired count.
    #[default]
    Accepted,
    /// When as many tasks run as were asked for; until then a larger step may still follow.
    Fulfilled,
}

/// What the published rules leave open; calibrated against recorded activities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Semantics {
    /// What policies count from.
    pub base: Base,
    /// When a cooldown begins.
    pub cooldown_start: CooldownStart,
    /// Whether the scale-in cooldown also counts from the last scale-out.
    pub scale_in_waits_after_scale_out: bool,
    /// How late datapoints normally are.
    pub lag: Lag,
}

/// What one evaluation sees.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inputs<'a> {
    /// Tasks that run, healthy or not.
    pub running: u32,
    /// The service's desired count.
    pub desired: u32,
    /// Whether a deployment is in progress on the service, which turns scaling in off.
    pub deployment_in_progress: bool,
    /// What was published since the last evaluation.
    pub datapoints: &'a [Datapoint],
}

/// What one evaluation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The desired count from now on.
    pub desired: u32,
    /// What was decided; empty in almost every evaluation.
    pub activities: Vec<Activity>,
}

/// The scalable target of one ECS service.
#[derive(Debug, Clone)]
pub struct ScalableTarget {
    resource_id: String,
    min: u32,
    max: u32,
    suspended: SuspendedState,
    semantics: Semantics,
    queries: Vec<MetricQuery>,
    series: Vec<Series>,
    /// In order of name.
    watches: Vec<Watch>,
    /// In order of name.
    policies: Vec<Kept>,
    scheduled: BTreeMap<String, Scheduled>,
    cooldowns: Cooldowns,
    /// The newest change, while ECS is still at it.
    in_progress: Option<u64>,
    activities: VecDeque<Activity>,
    activity_count: u64,
    bounds_changed: bool,
    /// No alarm or schedule does anything before.
    due: Time,
    /// No schedule does.
    schedule_due: Time,
    /// What fired and what it asked for; empty between evaluations, kept for its room.
    firings: Vec<Firing>,
    proposals: Vec<(Firing, Proposal)>,
}

/// An alarm with the metric it reads.
#[derive(Debug, Clone)]
struct Watch {
    alarm: Alarm,
    metric: usize,
    /// The policies it invokes, resolved from its actions: in their order, state by state.
    routes: Vec<Route>,
}

/// From an alarm's state to a policy.
#[derive(Debug, Clone, Copy)]
struct Route {
    state: AlarmState,
    /// Index of the policy.
    policy: usize,
    /// Index of the metric by which the policy's steps are chosen, where it is not the alarm's.
    aggregate: Option<usize>,
}

/// A policy in place.
#[derive(Debug, Clone)]
struct Kept {
    policy: Policy,
    /// What it was last told it did not do, so that it is told once.
    not_scaled: Option<NotScaledReason>,
    /// Index of its managed alarm for scaling in.
    low: Option<usize>,
}

#[derive(Debug, Clone)]
struct Scheduled {
    request: PutScheduledAction,
    schedule: Schedule,
    next: Option<Time>,
}

impl ScalableTarget {
    /// Registers a service; both bounds are needed the first time.
    ///
    /// # Errors
    /// [`Error::Request`] for what the API refuses.
    pub fn register(request: &RegisterScalableTarget, semantics: Semantics) -> Result<Self, Error> {
        let resource_id = request.resource_id.clone();
        let mut parts = resource_id.split('/');
        let shape = [parts.next(), parts.next(), parts.next(), parts.next()];
        let well_formed = matches!(shape, [Some("service"), Some(c), Some(s), None] if !c.is_empty() && !s.is_empty());
        let refuse = |field, problem: &str| Error::Request {
            name: resource_id.clone(),
            field,
            problem: problem.to_owned(),
        };
        if !well_formed {
            return Err(refuse("ResourceId", "it must be service/CLUSTER/SERVICE"));
        }
        if request.min_capacity.is_none() || request.max_capacity.is_none() {
            return Err(refuse("MinCapacity", "a new target needs MinCapacity and MaxCapacity"));
        }
        let mut target = Self {
            resource_id: resource_id.clone(),
            min: 0,
            max: u32::MAX,
            suspended: SuspendedState::default(),
            semantics,
            queries: Vec::new(),
            series: Vec::new(),
            watches: Vec::new(),
            policies: Vec::new(),
            scheduled: BTreeMap::new(),
            cooldowns: Cooldowns::default(),
            in_progress: None,
            activities: VecDeque::new(),
            activity_count: 0,
            bounds_changed: false,
            due: Time::from_millis(i64::MIN),
            schedule_due: Time::from_millis(i64::MIN),
            firings: Vec::new(),
            proposals: Vec::new(),
        };
        target.update(request)?;
        Ok(target)
    }

    /// Registers the service again: what is absent stays, new bounds hold from the next
    /// evaluation on.
    ///
    /// # Errors
    /// [`Error::Request`] for what the API refuses; the target is then left as it was.
    pub fn update(&mut self, request: &RegisterScalableTarget) -> Result<(), Error> {
        let resource = &request.resource_id;
        let names = [&request.service_namespace, resource, &request.scalable_dimension];
        check_target(resource, names, &self.resource_id)?;
        let min = request.min_capacity.unwrap_or(self.min);
        let max = request.max_capacity.unwrap_or(self.max);
        if min > max {
            let problem = format!("it is {min}, above MaxCapacity {max}");
            return Err(Error::Request { name: resource.clone(), field: "MinCapacity", problem });
        }
        (self.min, self.max) = (min, max);
        self.suspended = request.suspended_state.unwrap_or(self.suspended);
        self.bounds_changed |= request.min_capacity.is_some() || request.max_capacity.is_some();
        self.wake();
        Ok(())
    }

    /// Puts a policy in place or replaces the one of that name, and returns its ARN.
    ///
    /// # Errors
    /// [`Error::Request`] or [`Error::Steps`] for what the API refuses.
    pub fn put_policy(&mut self, request: PutScalingPolicy, now: Time) -> Result<String, Error> {
        let name = request.policy_name.clone();
        let policy = Policy::new(request, &self.resource_id)?;
        let at = self.policy_index(&name);
        if self.policies.len() >= POLICIES_MAX && at.is_err() {
            let problem = format!("a target may have at most {POLICIES_MAX} policies");
            return Err(Error::Request { name, field: "PolicyName", problem });
        }
        let arn = self.policy_arn(&name);
        let alarms = match &policy.request.target_tracking_scaling_policy_configuration {
            Some(tracking) => managed_alarms(&name, tracking, &self.resource_id, &arn)?,
            None => Vec::new(),
        };
        self.delete_managed_alarms(&name);
        for alarm in alarms {
            self.put_alarm(alarm, now)?;
        }
        match at {
            Ok(at) => {
                if let Some(kept) = self.policies.get_mut(at) {
                    kept.policy = policy;
                }
            }
            Err(at) => self.policies.insert(at, Kept { policy, not_scaled: None, low: None }),
        }
        self.aggregate_metrics();
        self.resolve();
        Ok(arn)
    }

    /// Deletes a policy with its managed alarms; an alarm that was put by hand stays.
    pub fn delete_policy(&mut self, name: &str) -> bool {
        self.delete_managed_alarms(name);
        let found = self.policy_index(name).map(|at| self.policies.remove(at));
        self.resolve();
        found.is_ok()
    }

    /// Puts an alarm in place, or replaces the configuration of the one of that name.
    ///
    /// # Errors
    /// [`Error::Request`] for what CloudWatch refuses.
    pub fn put_alarm(&mut self, request: PutMetricAlarm, now: Time) -> Result<(), Error> {
        request.check()?;
        let length = request.evaluation_periods.saturating_add(EXTRA_PERIODS);
        let metric = self.metric(request.query(), usize::try_from(length).unwrap_or(usize::MAX));
        let at = self.watches.binary_search_by(|w| {
            w.alarm.request().alarm_name.as_str().cmp(request.alarm_name.as_str())
        });
        match at {
            Ok(at) => {
                if let Some(watch) = self.watches.get_mut(at) {
                    watch.alarm.put(request)?;
                    watch.metric = metric;
                }
            }
            Err(at) => {
                let alarm = Alarm::new(request, now)?;
                self.watches.insert(at, Watch { alarm, metric, routes: Vec::new() });
            }
        }
        self.aggregate_metrics();
        self.resolve();
        self.wake();
        Ok(())
    }

    /// Deletes an alarm.
    pub fn delete_alarm(&mut self, name: &str) -> bool {
        let before = self.watches.len();
        self.watches.retain(|w| w.alarm.request().alarm_name != name);
        self.resolve();
        self.watches.len() < before
    }

    /// Puts a scheduled action in place or replaces the one of that name.
    ///
    /// # Errors
    /// [`Error::Request`] or [`Error::Schedule`] for what the API refuses.
    pub fn put_scheduled_action(
        &mut self,
        request: PutScheduledAction,
        now: Time,
    ) -> Result<(), Error> {
        let name = request.scheduled_action_name.clone();
        let names = [&request.service_namespace, &request.resource_id, &request.scalable_dimension];
        check_target(&name, names, &self.resource_id)?;
        let refuse = |field, problem: String| Error::Request { name: name.clone(), field, problem };
        let action = request.scalable_target_action;
        if action.min_capacity.is_none() && action.max_capacity.is_none() {
            let problem = "give MinCapacity, MaxCapacity or both".to_owned();
            return Err(refuse("ScalableTargetAction", problem));
        }
        if matches!((action.min_capacity, action.max_capacity), (Some(min), Some(max)) if min > max)
        {
            return Err(refuse("MinCapacity", "it is above MaxCapacity".to_owned()));
        }
        if self.scheduled.len() >= SCHEDULED_MAX && !self.scheduled.contains_key(&name) {
            let problem = format!("a target may have at most {SCHEDULED_MAX} of them");
            return Err(refuse("ScheduledActionName", problem));
        }
        let origin = request.start_time.unwrap_or(now);
        let schedule = Schedule::parse(&request.schedule, request.timezone.as_deref(), origin)?;
        let mut scheduled = Scheduled { request, schedule, next: None };
        scheduled.plan_after(now);
        self.scheduled.insert(name, scheduled);
        self.wake();
        Ok(())
    }

    /// Deletes a scheduled action; the bounds it set stay.
    pub fn delete_scheduled_action(&mut self, name: &str) -> bool {
        self.scheduled.remove(name).is_some()
    }

    /// Puts one entry of a policy file in place.
    ///
    /// # Errors
    /// Those of the call the entry names.
    pub fn put(&mut self, request: PolicyRequest, now: Time) -> Result<(), Error> {
        match request {
            PolicyRequest::PutScalingPolicy(policy) => self.put_policy(policy, now).map(drop),
            PolicyRequest::PutMetricAlarm(alarm) => self.put_alarm(alarm, now),
            PolicyRequest::PutScheduledAction(action) => self.put_scheduled_action(action, now),
        }
    }

    /// The metrics that datapoints are wanted of; an index into this stays valid.
    #[must_use]
    pub fn metrics(&self) -> &[MetricQuery] {
        &self.queries
    }

    /// `service/CLUSTER/SERVICE`.
    #[must_use]
    pub fn resource_id(&self) -> &str {
        &self.resource_id
    }

    /// The fewest and the most tasks.
    #[must_use]
    pub const fn bounds(&self) -> (u32, u32) {
        (self.min, self.max)
    }

    /// What is switched off.
    #[must_use]
    pub const fn suspended(&self) -> SuspendedState {
        self.suspended
    }

    /// The alarms in order of name, the managed ones included.
    pub fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.watches.iter().map(|w| &w.alarm)
    }

    /// The policies in order of name.
    pub fn policies(&self) -> impl Iterator<Item = &PutScalingPolicy> {
        self.policies.iter().map(|kept| &kept.policy.request)
    }

    /// The scheduled actions in order of name, with when each fires next.
    pub fn scheduled_actions(&self) -> impl Iterator<Item = (&PutScheduledAction, Option<Time>)> {
        self.scheduled.values().map(|s| (&s.request, s.next))
    }

    /// The activities kept, oldest first.
    pub fn activities(&self) -> impl Iterator<Item = &Activity> {
        self.activities.iter()
    }

    /// The ARN of a policy of this target, without account and region.
    #[must_use]
    pub fn policy_arn(&self, name: &str) -> String {
        format!(
            "arn:aws:autoscaling:::scalingPolicy:resource/ecs/{}:policyName/{name}",
            self.resource_id
        )
    }

    /// Lets time pass up to `now`.
    ///
    /// Call it at least once a minute, in order of time; between the instants at which an alarm
    /// or a schedule is due it costs a few nanoseconds.
    pub fn evaluate(&mut self, now: Time, inputs: &Inputs<'_>) -> Evaluation {
        for point in inputs.datapoints {
            if let Some(series) = self.series.get_mut(point.metric) {
                series.publish(point.period_start, point.value);
            }
        }
        self.follow(now, inputs);
        // What was just written in parts is slow to copy as a whole, so that the two ways out of
        // nearly every evaluation make their answer anew.
        let nothing = |desired| Evaluation { desired, activities: Vec::new() };
        if now < self.due {
            return nothing(inputs.desired);
        }
        let mut pass = nothing(inputs.desired);
        if self.bounds_changed {
            self.bounds_changed = false;
            self.apply_bounds(now, inputs, Cause::Registered, &mut pass);
        }
        if now >= self.schedule_due {
            self.run_scheduled(now, inputs, &mut pass);
        }
        self.run_alarms(now);
        if !self.firings.is_empty() {
            self.decide(now, inputs, &mut pass);
        }
        self.due = self.next_due();
        if pass.activities.is_empty() { nothing(pass.desired) } else { pass }
    }

    /// Fires what is due, in order of time and then name.
    fn run_scheduled(&mut self, now: Time, inputs: &Inputs<'_>, pass: &mut Evaluation) {
        let due = |s: &Scheduled| s.next.filter(|next| *next <= now);
        loop {
            let first = self.scheduled.iter().filter_map(|(name, s)| Some((due(s)?, name))).min();
            let Some((at, name)) = first.map(|(at, name)| (at, name.clone())) else { break };
            let Some(scheduled) = self.scheduled.get_mut(&name) else { break };
            let action = scheduled.request.scalable_target_action;
            scheduled.plan_after(at);
            if self.suspended.scheduled_scaling_suspended {
                continue;
            }
            let min = action.min_capacity.unwrap_or(self.min);
            let max = action.max_capacity.unwrap_or(self.max);
            let cause = Cause::Scheduled { action: name };
            if min > max {
                self.record(now, cause, Outcome::Failed { min, max }, pass);
                continue;
            }
            (self.min, self.max) = (min, max);
            self.apply_bounds(now, inputs, cause, pass);
        }
        let next = self.scheduled.values().filter_map(|s| s.next).min();
        self.schedule_due = next.unwrap_or(Time::from_millis(i64::MAX));
    }

    /// Pulls the desired count between new bounds at once, whatever cooldown there is.
    fn apply_bounds(
        &mut self,
        now: Time,
        inputs: &Inputs<'_>,
        cause: Cause,
        pass: &mut Evaluation,
    ) {
        let (min, max) = self.bounds();
        let to = pass.desired.clamp(min, max);
        let from = pass.desired;
        if to == from || (to < from && inputs.deployment_in_progress) {
            self.record(now, cause, Outcome::BoundsSet { min, max }, pass);
            return;
        }
        pass.desired = to;
        let status = Status::InProgress;
        self.record(now, cause, Outcome::Scaled { from, to, status }, pass);
    }

    /// Evaluates the alarms that are due and collects the policies they invoke.
    fn run_alarms(&mut self, now: Time) {
        self.firings.clear();
        for (watch, entry) in self.watches.iter_mut().enumerate() {
            let Some(series) = self.series.get(entry.metric) else { continue };
            let Some(state) = entry.alarm.evaluate(now, series) else { continue };
            let invoked = entry.routes.iter().filter(|route| route.state == state);
            self.firings.extend(invoked.map(|route| Firing { watch, route: *route }));
        }
    }

    /// Moves the newest change on: fulfilled, overridden or given up.
    fn follow(&mut self, now: Time, inputs: &Inputs<'_>) {
        let Some(id) = self.in_progress else { return };
        let kept = self.activities.iter_mut().rev().find(|a| a.id == id);
        let Some(Activity { at, outcome: Outcome::Scaled { from, to, status }, .. }) = kept else {
            self.in_progress = None;
            return;
        };
        let reached = if to > from { inputs.running >= *to } else { inputs.running <= *to };
        *status = if inputs.desired != *to {
            Status::Overridden
        } else if reached {
            Status::Successful
        } else if now.since(*at) >= FULFILMENT_MAX {
            Status::Unfulfilled
        } else {
            return;
        };
        self.in_progress = None;
        self.cooldowns.fulfilled(now);
    }

    fn record(&mut self, now: Time, cause: Cause, outcome: Outcome, pass: &mut Evaluation) {
        self.activity_count += 1;
        let activity = Activity { id: self.activity_count, at: now, cause, outcome };
        if matches!(outcome, Outcome::Scaled { .. }) {
            self.override_unfinished();
            self.in_progress = Some(activity.id);
            for kept in &mut self.policies {
                kept.not_scaled = None;
            }
        }
        if self.activities.len() >= ACTIVITIES_MAX {
            self.activities.pop_front();
        }
        self.activities.push_back(activity.clone());
        pass.activities.push(activity);
    }

    fn override_unfinished(&mut self) {
        let Some(id) = self.in_progress.take() else { return };
        let unfinished = self.activities.iter_mut().rev().find(|a| a.id == id);
        if let Some(Activity { outcome: Outcome::Scaled { status, .. }, .. }) = unfinished {
            *status = Status::Overridden;
        }
    }

    /// The index of `query`, made if it is new.
    fn metric(&mut self, query: MetricQuery, length: usize) -> usize {
        let known = self.queries.iter().position(|q| *q == query);
        if let Some(series) = known.and_then(|at| self.series.get_mut(at)) {
            series.grow(length);
        }
        known.unwrap_or_else(|| {
            let lag = self.semantics.lag.of(query.period);
            self.series.push(Series::new(query.period, lag, length));
            self.queries.push(query);
            self.queries.len() - 1
        })
    }

    /// Asks for the metrics of step policies whose aggregation differs from their alarm's.
    fn aggregate_metrics(&mut self) {
        let mut wanted = Vec::new();
        for Kept { policy, .. } in &self.policies {
            let Rule::Step { aggregation, .. } = &policy.rule else { continue };
            for watch in &self.watches {
                let actions = &watch.alarm.request().alarm_actions;
                let name = &policy.request.policy_name;
                let reads = actions.iter().any(|a| invokes(a, name, &self.resource_id));
                if let Some(query) =
                    aggregated(watch.alarm.request(), *aggregation).filter(|_| reads)
                {
                    wanted.push(query);
                }
            }
        }
        for query in wanted {
            self.metric(query, 1);
        }
    }

    fn delete_managed_alarms(&mut self, policy: &str) {
        let names = ["High", "Low"].map(|side| managed_alarm(&self.resource_id, side, policy));
        self.watches.retain(|w| !names.contains(&w.alarm.request().alarm_name));
    }

    fn policy_index(&self, name: &str) -> Result<usize, usize> {
        self.policies.binary_search_by(|kept| kept.policy.request.policy_name.as_str().cmp(name))
    }

    /// Finds what names stand for, once, so that no evaluation compares text.
    fn resolve(&mut self) {
        for kept in &mut self.policies {
            let name = &kept.policy.request.policy_name;
            let low = managed_alarm(&self.resource_id, "Low", name);
            kept.low = self.watches.iter().position(|w| w.alarm.request().alarm_name == low);
        }
        for watch in 0..self.watches.len() {
            let routes = self.routes(watch);
            if let Some(watch) = self.watches.get_mut(watch) {
                watch.routes = routes;
            }
        }
    }

    fn routes(&self, watch: usize) -> Vec<Route> {
        let Some(alarm) = self.watches.get(watch).map(|w| w.alarm.request()) else {
            return Vec::new();
        };
        let mut routes = Vec::new();
        for state in [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData] {
            for action in alarm.actions(state) {
                let Some(policy) = self.invoked(action) else { continue };
                let rule = self.policies.get(policy).map(|kept| &kept.policy.rule);
                let aggregate = match rule {
                    Some(Rule::Step { aggregation, .. }) => aggregated(alarm, *aggregation)
                        .and_then(|query| self.queries.iter().position(|q| *q == query)),
                    Some(Rule::TargetTracking(_)) | None => None,
                };
                routes.push(Route { state, policy, aggregate });
            }
        }
        routes
    }

    /// The policy an alarm's action names.
    fn invoked(&self, action: &str) -> Option<usize> {
        let names =
            |kept: &Kept| invokes(action, &kept.policy.request.policy_name, &self.resource_id);
        self.policies.iter().position(names)
    }

    /// Makes the next evaluation look at everything.
    const fn wake(&mut self) {
        self.due = Time::from_millis(i64::MIN);
        self.schedule_due = Time::from_millis(i64::MIN);
    }

    fn next_due(&self) -> Time {
        let alarms = self.watches.iter().map(|w| w.alarm.evaluation_due());
        alarms.chain([self.schedule_due]).min().unwrap_or(self.schedule_due)
    }
}

/// After this long a desired count that was not reached is given up. AWS names no limit.
const FULFILMENT_MAX: Span = Span::from_mins(15);

impl Scheduled {
    /// Plans the next firing after `time`, within the action's start and end.
    fn plan_after(&mut self, time: Time) {
        let start = self.request.start_time.map(|start| start - Span::from_millis(1));
        let after = start.map_or(time, |start| start.max(time));
        let end = self.request.end_time;
        self.next = self.schedule.next_after(after).filter(|at| end.is_none_or(|end| *at <= end));
    }
}

/// An action is a policy's ARN, or its bare name in a file written before the ARN exists.
fn invokes(action: &str, policy: &str, resource_id: &str) -> bool {
    let Some(head) = action.strip_suffix(policy) else { return false };
    let head = head.strip_suffix(":policyName/").and_then(|h| h.strip_suffix(resource_id));
    action == policy || head.is_some_and(|h| h.ends_with(":resource/ecs/"))
}

/// The query for `aggregation` of an alarm's metric; `None` where the alarm already reads it.
fn aggregated(alarm: &PutMetricAlarm, aggregation: MetricAggregationType) -> Option<MetricQuery> {
    let query = alarm.query();
    match query.statistic {
        QueryStatistic::Plain(Statistic::Average | Statistic::Minimum | Statistic::Maximum) => {
            let statistic = QueryStatistic::Plain(aggregation.statistic());
            (query.statistic != statistic).then_some(MetricQuery { statistic, ..query })
        }
        // Sums, counts and percentiles have no mean, minimum or maximum of their own kind.
        QueryStatistic::Plain(Statistic::Sum | Statistic::SampleCount)
        | QueryStatistic::Extended(_) => None,
    }
}
