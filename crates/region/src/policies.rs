//! Traffic Flow: policies with their versions, and the instances that make records of them.
//!
//! An instance that is updated makes a whole new group of records, answers with it when it is
//! complete, and then says `Applied`; the answers spread like any change of records. Clients
//! follow as they follow weighted records, because that is what the records are.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud::ErrorKind;
use cloud::traffic_flow::{PolicyInstance, PolicyVersion, VERSIONS_MAX};
use cloud::traffic_policy::{self, Endpoints, Reading};
use model::route::{Route, WeightPair};
use model::{Share, Span, Time};

use crate::Error;
use crate::application::Application;
use crate::handle::{Answer, Written};
use crate::inventory::PolicyListing;
use crate::journal::Change;
use crate::region::{Region, outside, refused};
use crate::request::Response;
use crate::route::{Pair, ShareOfWeights as _};
use crate::spec::TrafficPolicySpec;

mod document;

/// All policies and instances of the account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    policies: BTreeMap<String, Policy>,
    instances: BTreeMap<String, Instance>,
}

#[derive(Debug, Clone)]
struct Policy {
    record_type: String,
    /// Those that are not deleted, by number.
    versions: BTreeMap<u32, Version>,
    /// The last number given: they are given once.
    newest: u32,
}

#[derive(Debug, Clone)]
struct Version {
    document: Arc<str>,
    comment: Arc<str>,
}

#[derive(Debug, Clone)]
struct Instance {
    policy: String,
    version: u32,
    ttl: Span,
    /// When its last update is, or will be, complete.
    applied_at: Time,
    /// What it says in place of that, until the next update.
    says: Option<(String, String)>,
}

impl Instance {
    fn described(&self, id: &str, now: Time) -> PolicyInstance {
        let (state, message) = match &self.says {
            Some((state, message)) => (state.as_str(), message.as_str()),
            None if self.applied_at > now => ("Updating", ""),
            None => ("Applied", ""),
        };
        PolicyInstance {
            id: id.to_owned(),
            policy: self.policy.clone(),
            version: self.version,
            ttl: self.ttl,
            state: state.to_owned(),
            message: message.to_owned(),
        }
    }
}

impl Version {
    fn described(&self, number: u32) -> PolicyVersion {
        let (document, comment) = (self.document.to_string(), self.comment.to_string());
        PolicyVersion { number, document, comment }
    }
}

impl Policy {
    fn add(&mut self, document: &str, comment: &str) -> u32 {
        self.newest += 1;
        let version = Version { document: document.into(), comment: comment.into() };
        self.versions.insert(self.newest, version);
        self.newest
    }
}

impl Policies {
    /// # Errors
    /// [`Error::Spec`] names the policy that cannot be.
    pub(crate) fn new(specs: &[TrafficPolicySpec], start: Time) -> Result<Self, Error> {
        let mut all = Self::default();
        for spec in specs {
            let wrong = |problem: String| Error::Spec {
                part: format!("trafficPolicies[{}]", spec.id),
                problem,
            };
            let record_type = document::check(&spec.document).map_err(wrong)?;
            let mut policy = Policy { record_type, versions: BTreeMap::new(), newest: 0 };
            let version = policy.add(&spec.document, "");
            if all.policies.insert(spec.id.clone(), policy).is_some() {
                return Err(wrong("there are two policies of this id".to_owned()));
            }
            for id in &spec.instances {
                let instance = Instance {
                    policy: spec.id.clone(),
                    version,
                    ttl: spec.ttl,
                    applied_at: start,
                    says: None,
                };
                if all.instances.insert(id.clone(), instance).is_some() {
                    return Err(wrong(format!("there are two instances of the id `{id}`")));
                }
            }
        }
        Ok(all)
    }

    /// Gives an application's routes the weights of their documents, which must say its share.
    ///
    /// # Errors
    /// [`Error::Spec`] for a route without a policy, or whose document splits nothing or
    /// otherwise.
    pub(crate) fn bind(&self, application: &mut Application, share: Share) -> Result<(), Error> {
        for pair in &mut application.pairs {
            let Route::TrafficPolicyInstance { id, .. } = &pair.route else { continue };
            let wrong = |problem: String| {
                Err(Error::Spec { part: format!("{} {id}", application.name), problem })
            };
            let Some(version) = self.instances.get(id).and_then(|it| self.current(it)) else {
                return wrong("no policy in trafficPolicies has this instance".to_owned());
            };
            let weights = match split(&version.document, &pair.route) {
                Ok(weights) => weights,
                Err(problem) => return wrong(problem),
            };
            if weights.share() != Some(share) {
                let (ec2, fargate) = (weights.ec2, weights.fargate);
                return wrong(format!(
                    "the document says {ec2}/{fargate} and the application's share is {share}"
                ));
            }
            pair.start_with(weights);
        }
        Ok(())
    }

    pub(crate) fn listed(&self) -> Vec<PolicyListing> {
        let listing = |(id, policy): (&String, &Policy)| PolicyListing {
            id: id.clone(),
            record_type: policy.record_type.clone(),
            versions: policy.versions.keys().copied().collect(),
        };
        self.policies.iter().map(listing).collect()
    }

    pub(crate) fn policy_of(&self, instance: &str) -> Option<&str> {
        self.instances.get(instance).map(|instance| instance.policy.as_str())
    }

    pub(crate) fn document_of(&self, instance: &str) -> Option<&str> {
        let version = self.current(self.instances.get(instance)?)?;
        Some(&version.document)
    }

    pub(crate) fn instance_ids(&self) -> Vec<String> {
        self.instances.keys().cloned().collect()
    }

    /// The version that an instance uses; a version in use is never deleted.
    fn current(&self, instance: &Instance) -> Option<&Version> {
        self.policies.get(&instance.policy)?.versions.get(&instance.version)
    }

    /// Somebody else makes a version with these weights in the console and updates an instance
    /// to it.
    pub(crate) fn edit(&mut self, pair: &mut Pair, weights: WeightPair, now: Time) {
        let Some((id, endpoints)) = instance_of(&pair.route) else { return };
        let Some(instance) = self.instances.get(id) else { return };
        let Some(document) = self.current(instance).and_then(|version| {
            traffic_policy::rewrite(&version.document, endpoints, weights).ok()
        }) else {
            return;
        };
        let policy = instance.policy.clone();
        let number = self.policies.get_mut(&policy).map(|it| it.add(&document, "by hand"));
        if let (Some(number), Some(instance)) = (number, self.instances.get_mut(id)) {
            instance.version = number;
            update(instance, pair, weights, now);
        }
    }

    fn users(&self, policy: &str, number: u32) -> Vec<String> {
        let uses = |instance: &Instance| instance.policy == policy && instance.version == number;
        let users = self.instances.iter().filter(|(_, instance)| uses(instance));
        users.map(|(id, _)| id.clone()).collect()
    }
}

/// Begins to make the records of an instance anew.
fn update(instance: &mut Instance, pair: &mut Pair, weights: WeightPair, now: Time) {
    instance.applied_at = instance.applied_at.max(now + pair.application_time());
    instance.says = None;
    pair.write_from(weights, instance.applied_at);
}

fn instance_of(route: &Route) -> Option<(&str, Endpoints<'_>)> {
    match route {
        Route::TrafficPolicyInstance { id, ec2_endpoint, fargate_endpoint } => {
            Some((id, Endpoints { ec2: ec2_endpoint, fargate: fargate_endpoint }))
        }
        Route::Route53Record { .. } | Route::AlbRule { .. } => None,
    }
}

/// How a document splits the traffic of a route. Rules that differ stand for places that are
/// taken to be alike.
fn split(document: &str, route: &Route) -> Result<WeightPair, String> {
    let (_, endpoints) = instance_of(route).ok_or("the route is no policy instance")?;
    let reading: Reading =
        traffic_policy::read(document, endpoints).map_err(|error| error.to_string())?;
    if reading.agrees() {
        return Ok(reading.pair());
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of rules")]
    let mean = reading.rules().map(|(_, pair)| pair.share_f64()).sum::<f64>()
        / reading.rules().count().max(1) as f64;
    let share = Share::from_ratio(mean).unwrap_or(Share::ZERO);
    Ok(WeightPair::for_share(share, route.limits().weight_max))
}

impl Region {
    fn policies_at(&self, age: Span) -> (&Policies, Time) {
        self.past(age).map_or((&self.policies, self.now()), |past| (&past.policies, past.at))
    }

    pub(crate) fn get_policy_instance(
        &self,
        id: &str,
        operation: &'static str,
        age: Span,
    ) -> Answer {
        let (policies, at) = self.policies_at(age);
        let instance = policies.instances.get(id).ok_or_else(|| no_instance(operation, id))?;
        Ok(Response::PolicyInstance(instance.described(id, at)))
    }

    pub(crate) fn get_policy_version(
        &self,
        policy: &str,
        number: u32,
        operation: &'static str,
        age: Span,
    ) -> Answer {
        let (policies, _) = self.policies_at(age);
        let version = policies.policies.get(policy).and_then(|it| it.versions.get(&number));
        let version = version.ok_or_else(|| no_policy(operation, policy, Some(number)))?;
        Ok(Response::PolicyVersion(version.described(number)))
    }

    pub(crate) fn list_policy_versions(
        &self,
        policy: &str,
        operation: &'static str,
        age: Span,
    ) -> Answer {
        let (policies, _) = self.policies_at(age);
        let policy =
            policies.policies.get(policy).ok_or_else(|| no_policy(operation, policy, None))?;
        let versions = policy.versions.iter();
        Ok(Response::PolicyVersions(versions.map(|(n, version)| version.described(*n)).collect()))
    }

    pub(crate) fn list_policy_instances(
        &self,
        policy: &str,
        number: u32,
        operation: &'static str,
        age: Span,
    ) -> Answer {
        let (policies, _) = self.policies_at(age);
        let known = policies.policies.get(policy).and_then(|it| it.versions.get(&number));
        known.ok_or_else(|| no_policy(operation, policy, Some(number)))?;
        Ok(Response::PolicyInstances(policies.users(policy, number)))
    }

    pub(crate) fn create_policy_version(
        &mut self,
        policy: &str,
        document: &str,
        comment: &str,
        operation: &'static str,
    ) -> Answer {
        let routes = self.routes_of(policy);
        let change = |number: u32| Change::PolicyVersion {
            policy: policy.to_owned(),
            number,
            routes,
            is_deleted: false,
        };
        let Some(known) = self.policies.policies.get_mut(policy) else {
            return self.refuse(operation, Change::Nothing, no_policy(operation, policy, None));
        };
        let next = known.newest + 1;
        let problem = match document::check(document) {
            Err(problem) => Some(format!("InvalidTrafficPolicyDocument: {problem}")),
            // Undocumented, and the only sensible reading of a type that a policy has.
            Ok(kind) if kind != known.record_type => Some(format!(
                "InvalidTrafficPolicyDocument: the policy is of type {}, the document of {kind}",
                known.record_type
            )),
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            let error = refused(ErrorKind::Invalid, operation, problem);
            return self.refuse(operation, change(next), error);
        }
        if next > VERSIONS_MAX {
            let message =
                format!("TooManyTrafficPolicyVersionsForCurrentPolicy: {VERSIONS_MAX} versions");
            let error = refused(ErrorKind::QuotaReached, operation, message);
            return self.refuse(operation, change(next), error);
        }
        let number = known.add(document, comment);
        let made = known.versions.get(&number).map(|version| version.described(number));
        self.made(operation, change(number));
        made.map(Response::PolicyVersion).ok_or_else(|| no_policy(operation, policy, Some(number)))
    }

    pub(crate) fn update_policy_instance(
        &mut self,
        id: &str,
        ttl: Span,
        (policy, number): (&str, u32),
        operation: &'static str,
    ) -> Answer {
        let now = self.now();
        let (Some((index, place)), Some(instance)) =
            (find_instance(&self.applications, id), self.policies.instances.get(id))
        else {
            return self.refuse(operation, Change::Nothing, no_instance(operation, id));
        };
        let pair = &self.applications[index].pairs[place];
        let (route, before) = (pair.key.clone(), pair.written);
        let wanted = self.weights_of(&pair.route, policy, number);
        let after = *wanted.as_ref().unwrap_or(&before);
        let change = Change::Weights { route, before, after };
        let fault = wanted.err().or_else(|| self.update_fault(instance, policy));
        if let Some((kind, message)) = fault {
            return self.refuse(operation, change, refused(kind, operation, message));
        }
        let pair = &mut self.applications[index].pairs[place];
        let Some(instance) = self.policies.instances.get_mut(id) else {
            return self.refuse(operation, Change::Nothing, no_instance(operation, id));
        };
        (instance.policy, instance.version, instance.ttl) = (policy.to_owned(), number, ttl);
        update(instance, pair, after, now);
        let described = instance.described(id, now);
        self.made(operation, change);
        self.notice_share();
        Ok(Response::PolicyInstance(described))
    }

    /// What a version asks of a route.
    fn weights_of(
        &self,
        route: &Route,
        policy: &str,
        number: u32,
    ) -> Result<WeightPair, (ErrorKind, String)> {
        let known = self.policies.policies.get(policy);
        let version = known.and_then(|known| known.versions.get(&number)).ok_or_else(|| {
            (ErrorKind::NotFound, format!("NoSuchTrafficPolicy: {policy} version {number}"))
        })?;
        // AWS takes a document that splits otherwise; where its traffic would go is beyond what
        // an application of two sides can say.
        split(&version.document, route)
            .map_err(|problem| (ErrorKind::Invalid, format!("InvalidInput: {problem}")))
    }

    /// Why an instance cannot be updated to a version of `policy`.
    fn update_fault(&self, instance: &Instance, policy: &str) -> Option<(ErrorKind, String)> {
        let kind = |policy: &str| self.policies.policies.get(policy).map(|it| &it.record_type);
        if kind(&instance.policy) != kind(policy) {
            let message = format!("ConflictingTypes: the policy {policy} makes other records");
            return Some((ErrorKind::Invalid, message));
        }
        if instance.applied_at > self.now() && instance.says.is_none() {
            let message = "PriorRequestNotComplete: the last update is still being made";
            return Some((ErrorKind::Busy, message.to_owned()));
        }
        None
    }

    pub(crate) fn delete_policy_version(
        &mut self,
        policy: &str,
        number: u32,
        operation: &'static str,
    ) -> Written {
        let routes = self.routes_of(policy);
        let change =
            Change::PolicyVersion { policy: policy.to_owned(), number, routes, is_deleted: true };
        if !self.policies.users(policy, number).is_empty() {
            let message = format!("TrafficPolicyInUse: {policy} version {number}");
            let error = refused(ErrorKind::Conflict, operation, message);
            return self.refuse(operation, change, error);
        }
        let known = self.policies.policies.get_mut(policy);
        if known.and_then(|it| it.versions.remove(&number)).is_none() {
            let error = no_policy(operation, policy, Some(number));
            return self.refuse(operation, Change::Nothing, error);
        }
        self.made(operation, change);
        Ok(())
    }

    /// Somebody else updates an instance to another version of its policy; nothing happens where
    /// there is no such instance or version.
    pub fn point_instance(&mut self, id: &str, number: u32) {
        let now = self.now();
        let Some(instance) = self.policies.instances.get_mut(id) else { return };
        let policy = self.policies.policies.get(&instance.policy);
        let Some(version) = policy.and_then(|policy| policy.versions.get(&number)) else { return };
        let place = find_instance(&self.applications, id);
        let Some((index, place)) = place else {
            // The instance of somebody else: no traffic here comes through it.
            instance.version = number;
            return;
        };
        let pair = &mut self.applications[index].pairs[place];
        let Ok(after) = split(&version.document, &pair.route) else { return };
        let change = Change::Weights { route: pair.key.clone(), before: pair.written, after };
        instance.version = number;
        update(instance, pair, after, now);
        self.journal.push(outside(now, "route53:UpdateTrafficPolicyInstance", change));
        self.notice_share();
    }

    /// AWS says this of an instance until its next update. `Failed` is true as well: what was
    /// still being made never comes into force.
    pub fn instance_says(&mut self, id: &str, state: &str, message: &str) {
        if let Some(instance) = self.policies.instances.get_mut(id) {
            instance.says = Some((state.to_owned(), message.to_owned()));
        }
        if let Some((index, place)) =
            find_instance(&self.applications, id).filter(|_| state == "Failed")
        {
            self.applications[index].pairs[place].stop_spreading();
        }
    }

    /// Keys of the routes whose instances follow a policy.
    fn routes_of(&self, policy: &str) -> Vec<String> {
        let pairs = self.applications.iter().flat_map(|application| &application.pairs);
        let follows = |pair: &&Pair| {
            let instance =
                instance_of(&pair.route).and_then(|(id, _)| self.policies.instances.get(id));
            instance.is_some_and(|instance| instance.policy == policy)
        };
        pairs.filter(follows).map(|pair| pair.key.clone()).collect()
    }
}

fn find_instance(applications: &[Application], wanted: &str) -> Option<(usize, usize)> {
    let is_it = |pair: &Pair| instance_of(&pair.route).is_some_and(|(id, _)| id == wanted);
    applications
        .iter()
        .enumerate()
        .find_map(|(index, application)| Some((index, application.pairs.iter().position(is_it)?)))
}

fn no_instance(operation: &'static str, id: &str) -> cloud::Error {
    refused(ErrorKind::NotFound, operation, format!("NoSuchTrafficPolicyInstance: {id}"))
}

fn no_policy(operation: &'static str, policy: &str, number: Option<u32>) -> cloud::Error {
    let version = number.map(|number| format!(" version {number}")).unwrap_or_default();
    refused(ErrorKind::NotFound, operation, format!("NoSuchTrafficPolicy: {policy}{version}"))
}
