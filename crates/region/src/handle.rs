//! The border: every call comes through here, and so does what goes wrong with calls.

use capacity::scaling::SuspendedState;
use cloud::signals::{Quantiles, SideMinute};
use cloud::{ErrorKind, MinuteAsk, TargetGroup};
use model::observation::{Bounds, ScheduledBounds};
use model::route::{Route, ServiceId};
use model::{Side, Span, Time};

use crate::journal::{Author, Change, Entry, Outcome};
use crate::metric::Mixture;
use crate::records::MINUTES_KEPT;
use crate::region::{Region, refused};
use crate::request::{Request, Response, RouteChange};
use crate::route::weights_fault;

/// Scheduled actions one target may have (Application Auto Scaling quotas).
const SCHEDULED_MAX: usize = 200;

pub(crate) type Answer = Result<Response, cloud::Error>;
pub(crate) type Written = Result<(), cloud::Error>;

impl Region {
    /// Answers one call at the present.
    pub fn handle(&mut self, request: &Request<'_>) -> Response {
        let (operation, writes) = (request.operation(), request.writes());
        self.show(operation, writes, false);
        let response = self.answer(request, operation);
        self.show(operation, writes, true);
        response
    }

    fn answer(&mut self, request: &Request<'_>, operation: &'static str) -> Response {
        let answer = match self.meet(operation) {
            Ok(age) => self.carry_out(request, operation, age),
            Err(error) => return Response::Failed(error),
        };
        if self.is_reply_lost(operation) {
            return Response::Failed(self.lose(request.writes(), operation, answer.is_ok()));
        }
        answer.unwrap_or_else(Response::Failed)
    }

    pub(crate) fn carry_out(
        &mut self,
        request: &Request<'_>,
        operation: &'static str,
        age: Span,
    ) -> Answer {
        let done = |written: Written| written.map(|()| Response::Done);
        match request {
            Request::DescribeService { id } => self.describe_service(id, operation, age),
            Request::DescribeTargetHealth { group } => self.describe_targets(group, operation, age),
            Request::DescribeScalableTarget { id } => self.describe_scaling(id, age),
            Request::DescribeRoute { route } => self.describe_route(route, operation, age),
            Request::GetMinutes { ask } => self.get_minutes(ask, operation, age),
            Request::GetQuantiles { group, from, until } => {
                self.get_quantiles(group, *from, *until, operation, age)
            }
            Request::GetMetric { ask } => self.get_metric(ask, operation, age),
            Request::UpdateService { id, desired } => {
                done(self.update_service(id, *desired, operation))
            }
            Request::RegisterScalableTarget { id, bounds } => {
                done(self.register_target(id, *bounds, operation))
            }
            Request::SuspendScaling { id, suspended } => {
                done(self.suspend_scaling(id, *suspended, operation))
            }
            Request::PutScheduledAction { id, scheduled } => {
                done(self.put_scheduled(id, scheduled, operation))
            }
            Request::DeleteScheduledAction { id, name } => {
                done(self.delete_scheduled(id, name, operation))
            }
            Request::ChangeRoutes { changes } => done(self.change_routes(changes, operation)),
            Request::GetPolicyInstance { id } => self.get_policy_instance(id, operation, age),
            Request::GetPolicyVersion { policy, number } => {
                self.get_policy_version(policy, *number, operation, age)
            }
            Request::ListPolicyVersions { policy } => {
                self.list_policy_versions(policy, operation, age)
            }
            Request::ListPolicyInstances { policy, number } => {
                self.list_policy_instances(policy, *number, operation, age)
            }
            Request::CreatePolicyVersion { policy, document, comment } => {
                self.create_policy_version(policy, document, comment, operation)
            }
            Request::UpdatePolicyInstance { id, ttl, policy, number } => {
                self.update_policy_instance(id, *ttl, (policy, *number), operation)
            }
            Request::DeletePolicyVersion { policy, number } => {
                done(self.delete_policy_version(policy, *number, operation))
            }
        }
    }

    fn describe_service(&self, id: &ServiceId, operation: &'static str, age: Span) -> Answer {
        let found = self.find_service(id);
        let (index, side) = found.ok_or_else(|| missing(operation, id))?;
        let past = self.past(age).and_then(|past| past.applications.get(index));
        let application = &self.applications[index];
        Ok(Response::Service(match past {
            Some(past) => past.sides.get(side).0.clone(),
            None => application.sides.get(side).described(self.now()),
        }))
    }

    fn describe_targets(&self, group: &TargetGroup, operation: &'static str, age: Span) -> Answer {
        let found = self.find_group(group);
        let (index, side) = found.ok_or_else(|| missing(operation, &group.arn))?;
        let past = self.past(age).and_then(|past| past.applications.get(index));
        Ok(Response::Targets(match past {
            Some(past) => past.sides.get(side).1,
            None => self.applications[index].sides.get(side).targets(),
        }))
    }

    fn describe_scaling(&self, id: &ServiceId, age: Span) -> Answer {
        // AWS lists what is registered: of an unknown service nothing is.
        let Some((index, side)) = self.find_service(id) else {
            return Ok(Response::ScalableTarget(None));
        };
        let past = self.past(age).and_then(|past| past.applications.get(index));
        Ok(Response::ScalableTarget(match past {
            Some(past) => past.sides.get(side).2.clone(),
            None => self.applications[index].sides.get(side).scaling(),
        }))
    }

    fn describe_route(&self, route: &Route, operation: &'static str, age: Span) -> Answer {
        if let Route::TrafficPolicyInstance { .. } = route {
            // The records of an instance say nothing of its policy.
            return Err(refused(ErrorKind::Invalid, operation, "ask for the policy instance"));
        }
        let found = self.find_pair(route);
        let (index, pair) = found.ok_or_else(|| missing(operation, &route.key()))?;
        let past = self.past(age).and_then(|past| past.applications.get(index));
        if let Some((weights, propagation)) = past.and_then(|past| past.pairs.get(pair).copied()) {
            return Ok(Response::Route { weights, propagation });
        }
        let pair = &self.applications[index].pairs[pair];
        Ok(Response::Route { weights: pair.written, propagation: pair.propagation(self.now()) })
    }

    fn get_minutes(&self, ask: &MinuteAsk, operation: &'static str, age: Span) -> Answer {
        let found = self.find_group(&ask.group);
        let (index, side) = found.ok_or_else(|| missing(operation, &ask.group.arn))?;
        if ask.until.saturating_sub(ask.from) > MINUTES_KEPT {
            let message = "more than fifteen days of minutes at once";
            return Err(refused(ErrorKind::Invalid, operation, message));
        }
        let service = self.applications[index].sides.get(side);
        let seen_at = self.now() - age;
        let records = service.minutes.between(ask.from, ask.until);
        let minutes: Vec<SideMinute> = records
            .filter_map(|(minute, record)| {
                record.seen(minute, seen_at, &ask.thresholds, &service.table)
            })
            .collect();
        Ok(Response::Minutes(minutes))
    }

    fn get_quantiles(
        &self,
        group: &TargetGroup,
        from: Time,
        until: Time,
        operation: &'static str,
        age: Span,
    ) -> Answer {
        let found = self.find_group(group);
        let (index, side) = found.ok_or_else(|| missing(operation, &group.arn))?;
        let service = self.applications[index].sides.get(side);
        let seen_at = self.now() - age;
        let parts = [service];
        let mixture =
            Mixture { services: &parts, from: from.minute(), until: until.minute(), seen_at };
        let span = |slow: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a positive latency below hours"
            )]
            let quantile = |seconds: f64| Span::from_millis(libm::round(seconds * 1000.0) as u64);
            mixture.exceeded_by(slow).map(quantile)
        };
        let quantiles = span(0.5).zip(span(0.1)).map(|(p50, p90)| Quantiles { p50, p90 });
        Ok(Response::Quantiles(quantiles))
    }

    fn update_service(&mut self, id: &ServiceId, desired: u32, operation: &'static str) -> Written {
        let Some((index, side)) = self.find_service(id) else {
            return self.refuse(operation, Change::Nothing, missing(operation, id));
        };
        let before = self.applications[index].sides.get(side).desired;
        let change = Change::Desired { service: id.clone(), before, after: desired };
        if desired > crate::TASKS_MAX {
            let error = refused(ErrorKind::QuotaReached, operation, "tasks per service");
            return self.refuse(operation, change, error);
        }
        self.applications[index].sides.get_mut(side).desired = desired;
        self.made(operation, change);
        Ok(())
    }

    fn register_target(
        &mut self,
        id: &ServiceId,
        bounds: Bounds,
        operation: &'static str,
    ) -> Written {
        let found = self.find_service(id);
        let target = found.and_then(|(index, side)| {
            let before = self.applications[index].sides.get(side).bounds()?;
            Some((index, side, before))
        });
        let Some((index, side, before)) = target else {
            return self.refuse(operation, Change::Nothing, missing(operation, id));
        };
        let change = Change::Bounds { service: id.clone(), before, after: bounds };
        if bounds.min > crate::TASKS_MAX {
            let message = "a minimum above the quota of tasks per service";
            let error = refused(ErrorKind::QuotaReached, operation, message);
            return self.refuse(operation, change, error);
        }
        if bounds.min > bounds.max {
            let message = "the minimum capacity exceeds the maximum";
            let error = refused(ErrorKind::Invalid, operation, message);
            return self.refuse(operation, change, error);
        }
        let now = self.now();
        match self.applications[index].sides.get_mut(side).set_bounds(bounds, now) {
            Ok(()) => {
                self.made(operation, change);
                Ok(())
            }
            Err(error) => {
                let error = refused(ErrorKind::Invalid, operation, error.to_string());
                self.refuse(operation, change, error)
            }
        }
    }

    fn suspend_scaling(
        &mut self,
        id: &ServiceId,
        suspended: SuspendedState,
        operation: &'static str,
    ) -> Written {
        let target = self.find_service(id).and_then(|(index, side)| {
            self.applications.get_mut(index)?.sides.get_mut(side).autoscaling.as_mut()
        });
        let Some(autoscaling) = target else {
            return self.refuse(operation, Change::Nothing, missing(operation, id));
        };
        let bounds = autoscaling.bounds();
        let change = Change::Bounds { service: id.clone(), before: bounds, after: bounds };
        match autoscaling.suspend(suspended) {
            Ok(()) => {
                self.made(operation, change);
                Ok(())
            }
            Err(error) => {
                let error = refused(ErrorKind::Invalid, operation, error.to_string());
                self.refuse(operation, change, error)
            }
        }
    }

    fn put_scheduled(
        &mut self,
        id: &ServiceId,
        scheduled: &ScheduledBounds,
        operation: &'static str,
    ) -> Written {
        let now = self.now();
        let found = self.find_service(id);
        let target = found.and_then(|(index, side)| {
            self.applications.get_mut(index)?.sides.get_mut(side).autoscaling.as_mut()
        });
        let Some(autoscaling) = target else {
            return self.refuse(operation, Change::Nothing, missing(operation, id));
        };
        let known = autoscaling.scheduled().iter().find(|a| a.name == scheduled.name).cloned();
        let full = known.is_none() && autoscaling.scheduled().len() >= SCHEDULED_MAX;
        let outcome = if scheduled.at <= now {
            Err((ErrorKind::Invalid, "the scheduled time has passed".to_owned()))
        } else if full {
            Err((ErrorKind::QuotaReached, format!("{SCHEDULED_MAX} scheduled actions")))
        } else {
            autoscaling
                .put_scheduled(scheduled, now)
                .map_err(|error| (ErrorKind::Invalid, error.to_string()))
        };
        let (before, after) = (known, Some(scheduled.clone()));
        let change = Change::Scheduled { service: id.clone(), before, after };
        match outcome {
            Ok(()) => {
                self.made(operation, change);
                Ok(())
            }
            Err((kind, message)) => {
                self.refuse(operation, change, refused(kind, operation, message))
            }
        }
    }

    fn delete_scheduled(&mut self, id: &ServiceId, name: &str, operation: &'static str) -> Written {
        let found = self.find_service(id);
        let removed = found.and_then(|(index, side)| {
            let service = self.applications.get_mut(index)?.sides.get_mut(side);
            service.autoscaling.as_mut()?.delete_scheduled(name)
        });
        let Some(removed) = removed else {
            let error = missing(operation, &name);
            return self.refuse(operation, Change::Nothing, error);
        };
        let change = Change::Scheduled { service: id.clone(), before: Some(removed), after: None };
        self.made(operation, change);
        Ok(())
    }

    /// Makes all changes or none.
    fn change_routes(&mut self, changes: &[RouteChange<'_>], operation: &'static str) -> Written {
        let mut places = Vec::with_capacity(changes.len());
        for change in changes {
            let Some(place) = self.find_pair(change.route) else {
                let error = missing(operation, &change.route.key());
                return self.refuse(operation, Change::Nothing, error);
            };
            let pair = &self.applications[place.0].pairs[place.1];
            let before = pair.written;
            let record = Change::Weights { route: pair.key.clone(), before, after: change.weights };
            if let Some(fault) = weights_fault(change.route, change.weights) {
                let error = refused(ErrorKind::Invalid, operation, fault);
                return self.refuse(operation, record, error);
            }
            // Records carry what they replace; a rule is simply set.
            let conditional = match change.route {
                Route::Route53Record { .. } => true,
                Route::AlbRule { .. } => false,
                Route::TrafficPolicyInstance { .. } => {
                    // AWS would leave the instance, and its bill, without its records.
                    let message = "the records of a policy instance are changed by its policy";
                    let error = refused(ErrorKind::Invalid, operation, message);
                    return self.refuse(operation, record, error);
                }
            };
            if conditional && before != change.expected {
                let message = format!(
                    "the record to delete with weights {}/{} does not match {}/{}",
                    change.expected.ec2, change.expected.fargate, before.ec2, before.fargate
                );
                let error = refused(ErrorKind::Conflict, operation, message);
                return self.refuse(operation, record, error);
            }
            places.push((place, record));
        }
        let now = self.now();
        for (((index, pair), record), change) in places.into_iter().zip(changes) {
            self.applications[index].pairs[pair].write(change.weights, now);
            self.made(operation, record);
        }
        self.notice_share();
        Ok(())
    }

    pub(crate) fn made(&mut self, operation: &'static str, change: Change) {
        let at = self.now();
        let (author, outcome) = (Author::Caller, Outcome::Made);
        self.journal.push(Entry { at, operation, author, change, outcome });
    }

    pub(crate) fn refuse<T>(
        &mut self,
        operation: &'static str,
        change: Change,
        error: cloud::Error,
    ) -> Result<T, cloud::Error> {
        let outcome = Outcome::Refused(error.kind);
        let (at, author) = (self.now(), Author::Caller);
        self.journal.push(Entry { at, operation, author, change, outcome });
        Err(error)
    }

    /// The side whose service or group this is.
    pub fn side_of(&self, id: &ServiceId) -> Option<Side> {
        self.find_service(id).map(|(_, side)| side)
    }
}

pub(crate) fn missing(operation: &'static str, what: &dyn std::fmt::Display) -> cloud::Error {
    refused(ErrorKind::NotFound, operation, format!("{what} does not exist"))
}
