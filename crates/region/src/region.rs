//! The state machine: time moves it on, requests look at it and change it.

use std::collections::VecDeque;
use std::sync::Arc;

use capacity::scaling::Activity;
use cloud::{Error as CloudError, ErrorKind, TargetGroup};
use model::observation::{Bounds, Scaling, Service as Described, Targets};
use model::route::{Propagation, Route, ServiceId, WeightPair};
use model::{PerSide, Share, Side, Span, Time};
use sampling::Generator;

use crate::Error;
use crate::application::Application;
use crate::autoscaling::Autoscaling;
use crate::disturbance::{Blow, Disturbances};
use crate::fault::{DeathReason, Edit, FaultRow, FaultScript};
use crate::fleet::TICK_SECONDS;
use crate::journal::{Author, Change, Entry, Journal, Outcome};
use crate::onlooker::Onlooker;
use crate::policies::Policies;
use crate::route::Pair;
use crate::service::Service;
use crate::spec::events::EventRuleSpec;
use crate::spec::{MetricsSpec, RegionSpec};
use crate::truth::{Minute, SideTruth, Truth};

/// Minutes of a day: less is not worth the moving of the rest.
const TRUTH_FORGOTTEN_AT_ONCE: usize = 1_440;

const TICK: Span = Span::from_secs(10);
const TICKS_PER_MINUTE: u64 = 6;

/// A simulated AWS region.
#[derive(Debug, Clone)]
pub struct Region {
    start: Time,
    now: Time,
    /// Ticks that are over.
    ticks: u64,
    pub(crate) applications: Vec<Application>,
    pub(crate) policies: Policies,
    pub(crate) disturbances: Disturbances,
    pub(crate) journal: Journal,
    pub(crate) border: Generator,
    pub(crate) metrics: MetricsSpec,
    /// What reads answered a while ago, kept only where a fault asks for it.
    past: VecDeque<Past>,
    past_max: Option<Span>,
    pub(crate) onlooker: Option<Onlooker>,
    pub(crate) rate_limits: bool,
    /// As they were at the start: what becomes of them is kept by who serves them.
    pub(crate) event_rules: Vec<EventRuleSpec>,
}

/// What the world looked like at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(crate) at: Time,
    pub(crate) applications: Vec<PastApplication>,
    pub(crate) policies: Policies,
}

#[derive(Debug, Clone)]
pub(crate) struct PastApplication {
    pub(crate) sides: PerSide<(Described, Targets, Option<Scaling>)>,
    pub(crate) pairs: Vec<(WeightPair, Propagation)>,
}

impl Region {
    /// A region at its start.
    ///
    /// # Errors
    /// [`Error`] names the part of `spec` that cannot be.
    pub fn new(spec: &RegionSpec, seed: u64) -> Result<Self, Error> {
        spec.check()?;
        let draws = Generator::new(seed).fork("region");
        let applications = spec.applications.iter().map(|application| {
            Application::new(
                application,
                &spec.clients,
                spec.noise,
                spec.metrics,
                spec.start,
                &draws,
            )
        });
        let mut applications = applications.collect::<Result<Vec<_>, Error>>()?;
        let policies = Policies::new(&spec.traffic_policies, spec.start)?;
        for (application, spec) in applications.iter_mut().zip(&spec.applications) {
            policies.bind(application, spec.share)?;
        }
        let faults = FaultScript::new(spec.faults.clone()).faults()?;
        let disturbances = Disturbances::new(faults, spec.start);
        Ok(Self {
            start: spec.start,
            now: spec.start,
            ticks: 0,
            applications,
            policies,
            past_max: disturbances.stale_age_max(),
            disturbances,
            journal: Journal::default(),
            border: draws.fork("border"),
            metrics: spec.metrics,
            past: VecDeque::new(),
            onlooker: None,
            rate_limits: spec.rate_limits,
            event_rules: spec.event_rules.clone(),
        })
    }

    /// The present.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The first instant.
    #[must_use]
    pub const fn start(&self) -> Time {
        self.start
    }

    /// Every change asked for, and the number of calls.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Lets time pass until `until`; a time that has passed changes nothing.
    pub fn advance_to(&mut self, until: Time) {
        loop {
            let tick_end = self.start + Span::from_secs(10 * (self.ticks + 1));
            if tick_end > until {
                break;
            }
            self.tick();
        }
        self.now = self.now.max(until);
    }

    /// Carries out the next ten seconds.
    fn tick(&mut self) {
        let at = self.start + Span::from_secs(10 * self.ticks);
        self.begin_tick(at);
        #[expect(clippy::cast_precision_loss, reason = "ticks of a simulated span")]
        let seconds = self.ticks as f64 * TICK_SECONDS;
        for application in &mut self.applications {
            application.tick(at, seconds, &self.disturbances.now);
        }
        self.ticks += 1;
        let end = at + TICK;
        self.now = end;
        if self.ticks.is_multiple_of(TICKS_PER_MINUTE) {
            for application in &mut self.applications {
                application.close_minute(end, &self.disturbances.now);
            }
        }
        self.autoscale(end);
        self.remember(end);
    }

    fn begin_tick(&mut self, at: Time) {
        if self.disturbances.is_empty() {
            return;
        }
        for blow in self.disturbances.step(at) {
            match blow {
                Blow::Deaths { side, count, reason } => self.kill(side, count, reason),
                Blow::Release { side, factor } => self.release(side, factor),
                Blow::Edit(edit) => self.edit(edit),
            }
        }
        let slow = &self.disturbances.now.slow_clients;
        for pair in self.applications.iter_mut().flat_map(|application| &mut application.pairs) {
            pair.slow_clients(slow);
        }
    }

    fn kill(&mut self, side: Side, count: u32, reason: DeathReason) {
        for application in &mut self.applications {
            let fleet = &mut application.sides.get_mut(side).fleet;
            match reason {
                DeathReason::DiskFull | DeathReason::OutOfMemory | DeathReason::ImagePull => {
                    fleet.kill(count);
                }
                DeathReason::Network => fleet.isolate(count),
            }
        }
    }

    /// Adds a fault to the script; its `at` counts from the present.
    ///
    /// # Errors
    /// [`Error::Fault`] when it cannot be carried out.
    pub fn disturb(&mut self, row: &FaultRow) -> Result<(), Error> {
        let faults = FaultScript::new(vec![row.clone()]).faults()?;
        self.disturbances.add(faults, self.now);
        self.past_max = self.disturbances.stale_age_max();
        // Something that acts at once at the border does not wait for the next tick.
        self.notice_share();
        Ok(())
    }

    /// The script is over: faults that still wait for a share will not begin.
    pub fn forget_waiting_faults(&mut self) {
        self.disturbances.forget_waiting();
    }

    /// The application team releases on one side, in every application.
    pub fn release(&mut self, side: Side, factor: f64) {
        let now = self.now;
        for application in &mut self.applications {
            application.sides.get_mut(side).release(factor, now);
        }
    }

    /// Somebody else changes something by hand, in every application.
    pub fn edit(&mut self, edit: Edit) {
        let now = self.now;
        for index in 0..self.applications.len() {
            let Some(application) = self.applications.get_mut(index) else { continue };
            match edit {
                Edit::Weights(share) => {
                    for pair in 0..application.pairs.len() {
                        self.edit_weights(index, pair, share);
                    }
                }
                Edit::Desired(side, count) => {
                    let service = application.sides.get_mut(side);
                    let before = std::mem::replace(&mut service.desired, count);
                    let service = service.id.clone();
                    let change = Change::Desired { service, before, after: count };
                    self.journal.push(outside(now, "ecs:UpdateService", change));
                }
                Edit::Min(side, count) | Edit::Max(side, count) => {
                    let service = application.sides.get_mut(side);
                    let Some(before) = service.bounds() else { continue };
                    let after = match edit {
                        Edit::Min(..) => Bounds { min: count, max: before.max.max(count) },
                        Edit::Max(..) | Edit::Weights(_) | Edit::Desired(..) => {
                            Bounds { min: before.min.min(count), max: count }
                        }
                    };
                    if service.set_bounds(after, now).is_err() {
                        continue;
                    }
                    let service = service.id.clone();
                    let change = Change::Bounds { service, before, after };
                    let operation = "application-autoscaling:RegisterScalableTarget";
                    self.journal.push(outside(now, operation, change));
                }
            }
        }
        self.notice_share();
    }

    fn edit_weights(&mut self, index: usize, pair: usize, share: Share) {
        let now = self.now;
        let Some(pair) = self.applications.get_mut(index).and_then(|a| a.pairs.get_mut(pair))
        else {
            return;
        };
        let weights = WeightPair::for_share(share, pair.route.limits().weight_max);
        let change =
            Change::Weights { route: pair.key.clone(), before: pair.written, after: weights };
        let operation = match &pair.route {
            Route::Route53Record { .. } | Route::AlbRule { .. } => {
                pair.write(weights, now);
                "route53:ChangeResourceRecordSets"
            }
            Route::TrafficPolicyInstance { .. } => {
                self.policies.edit(pair, weights, now);
                "route53:UpdateTrafficPolicyInstance"
            }
        };
        self.journal.push(outside(now, operation, change));
    }

    fn autoscale(&mut self, now: Time) {
        for application in &mut self.applications {
            for side in Side::ALL {
                let service = application.sides.get_mut(side);
                let Some((before, after)) = service.evaluate(now) else { continue };
                let operation = "application-autoscaling:RegisterScalableTarget";
                let change = Change::Bounds { service: service.id.clone(), before, after };
                let (author, outcome) = (Author::Schedule, Outcome::Made);
                self.journal.push(Entry { at: now, operation, author, change, outcome });
            }
        }
    }

    /// Faults that wait for a share look at the weights after every change.
    pub(crate) fn notice_share(&mut self) {
        if self.disturbances.is_empty() {
            return;
        }
        if let Some(share) = self.applications.iter().map(Application::share_written_max).max() {
            self.disturbances.share_reached(share, self.now);
        }
    }

    fn remember(&mut self, now: Time) {
        let Some(keep) = self.past_max else { return };
        while self.past.get(1).is_some_and(|next| now.since(next.at) >= keep) {
            self.past.pop_front();
        }
        let applications = self.applications.iter().map(|application| PastApplication {
            sides: PerSide::from_fn(|side| {
                let service = application.sides.get(side);
                (service.described(now), service.targets(), service.scaling())
            }),
            pairs: application
                .pairs
                .iter()
                .map(|pair| (pair.written, pair.propagation(now)))
                .collect(),
        });
        let applications = applications.collect();
        // Documents are shared, not copied.
        self.past.push_back(Past { at: now, applications, policies: self.policies.clone() });
    }

    /// The world as it was `age` ago, or as long ago as is known.
    pub(crate) fn past(&self, age: Span) -> Option<&Past> {
        if age == Span::ZERO {
            return None;
        }
        let place = self.past.partition_point(|past| self.now.since(past.at) >= age);
        self.past.get(place.saturating_sub(1))
    }

    /// The service `id`, with its application and side.
    pub(crate) fn group_of(&self, index: usize, side: Side) -> Option<TargetGroup> {
        let application = self.applications.get(index)?;
        let service = application.sides.get(side);
        Some(TargetGroup { account: Arc::clone(&service.id.account), arn: service.group.clone() })
    }

    /// The faults that act now, in the words of a timeline.
    #[must_use]
    pub fn faults_acting(&self) -> Vec<String> {
        self.disturbances.acting(self.now).map(|fault| fault.effect.to_string()).collect()
    }

    pub(crate) fn find_service(&self, id: &ServiceId) -> Option<(usize, Side)> {
        // A region is one account: who asks says nothing of where.
        self.find(|service| service.id.cluster == id.cluster && service.id.service == id.service)
    }

    pub(crate) fn find_group(&self, group: &TargetGroup) -> Option<(usize, Side)> {
        self.find(|service| service.group == group.arn)
    }

    fn find(&self, wanted: impl Fn(&Service) -> bool) -> Option<(usize, Side)> {
        self.applications.iter().enumerate().find_map(|(index, application)| {
            let side = Side::ALL.into_iter().find(|side| wanted(application.sides.get(*side)))?;
            Some((index, side))
        })
    }

    pub(crate) fn find_pair(&self, route: &Route) -> Option<(usize, usize)> {
        self.applications.iter().enumerate().find_map(|(index, application)| {
            let pair = application.pairs.iter().position(|pair: &Pair| pair.route == *route)?;
            Some((index, pair))
        })
    }

    pub(crate) fn live_desired(&self, id: &ServiceId) -> Option<u32> {
        let (index, side) = self.find_service(id)?;
        self.applications.get(index).map(|application| application.sides.get(side).desired)
    }

    pub(crate) fn live_bounds(&self, id: &ServiceId) -> Option<Bounds> {
        let (index, side) = self.find_service(id)?;
        self.applications.get(index)?.sides.get(side).bounds()
    }

    /// How long after its end a minute is complete, faults and back-fill aside.
    #[must_use]
    pub const fn settle(&self) -> Span {
        self.metrics.lag_max
    }

    /// What Application Auto Scaling decided lately on one side of the application at `index`,
    /// oldest first.
    pub fn activities(&self, index: usize, side: Side) -> impl Iterator<Item = &Activity> {
        let application = self.applications.get(index);
        let service = application.map(|application| application.sides.get(side));
        service
            .and_then(|service| service.autoscaling.as_ref())
            .into_iter()
            .flat_map(Autoscaling::activities)
    }

    /// Names of the applications, in the spec's order.
    pub fn applications(&self) -> impl Iterator<Item = &str> {
        self.applications.iter().map(|application| application.name.as_str())
    }

    /// What is really so in the application at `index`.
    #[must_use]
    pub fn truth(&self, index: usize) -> Option<Truth> {
        let application = self.applications.get(index)?;
        let sides = PerSide::from_fn(|side| {
            let service = application.sides.get(side);
            let healthy = f64::from(service.fleet.serving);
            SideTruth {
                desired: service.desired,
                running: service.fleet.running(),
                healthy: service.fleet.serving,
                pending: service.fleet.pending,
                bounds: service.bounds(),
                capacity_rps: healthy * service.task.service_rate(),
                safe_rps: healthy * service.safe_rate,
                safe_per_task_rps: service.safe_rate,
                release_factor: service.release.factor_at(self.now),
            }
        });
        Some(Truth {
            at: self.now,
            share_max: application.share_written_max(),
            share_written: application.share_written(),
            share_realised: application.share_realised,
            demand_rps: application.demand_rps,
            sides,
        })
    }

    /// The newest minute of one side that CloudWatch would answer with values at present, faults
    /// at the border aside.
    #[must_use]
    pub fn newest_published(&self, index: usize, side: Side) -> Option<i64> {
        let records = &self.applications.get(index)?.sides.get(side).minutes;
        records.newest(|record| record.has_values(self.now))
    }

    /// Forgets what was the truth before `minute`, a day at a time: nobody in the region can ask
    /// for it. For a region that runs for weeks and that nobody looks into afterwards.
    pub fn forget_truth_before(&mut self, minute: i64) {
        for application in &mut self.applications {
            let gone = application.truth.partition_point(|truth| truth.minute < minute);
            if gone >= TRUTH_FORGOTTEN_AT_ONCE {
                application.truth.drain(..gone);
            }
        }
    }

    /// Every minute of the application at `index` that is over, oldest first.
    #[must_use]
    pub fn minutes(&self, index: usize) -> &[Minute] {
        self.applications.get(index).map_or(&[], |application| &application.truth)
    }
}

pub(crate) fn outside(at: Time, operation: &'static str, change: Change) -> Entry {
    Entry { at, operation, author: Author::Outsider, change, outcome: Outcome::Made }
}

/// A refusal.
pub(crate) fn refused(
    kind: ErrorKind,
    operation: &'static str,
    message: impl Into<String>,
) -> CloudError {
    CloudError::new(kind, operation, message)
}
