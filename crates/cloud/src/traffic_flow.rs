//! The router over Route 53 Traffic Flow, for whoever can make its calls.
//!
//! ```text
//! observe   instance ─► the document of its version ─► the pair of weights
//! advance   collect ─► version at 0 % there? ─► version at the new weights ─► update instances
//! rollback                          the version at 0 % is there already    ─► update instances
//! ```
//!
//! A change of weights is a new version of the policy, made from the document that the instance
//! uses now, and an update of the instance to it. Versions never change, so one that says what
//! is wanted is used again, whoever made it: a repeated or half-made change makes no second one.
//!
//! Before traffic goes towards Fargate a version that is the same but for 0 % there is at hand,
//! or the step is not taken: a rollback is then one write for each instance. Where Ferry came
//! upon an instance with traffic on Fargate already, that version is made by the first step, or
//! by the rollback itself.
//!
//! Versions that Ferry made carry [`MARK`] in their comment. Only those are ever deleted, the
//! last few are kept, and whether an instance uses one is asked right before it is deleted (O4);
//! Route 53 itself refuses with `TrafficPolicyInUse`. Numbers are used up for ever, deleted or
//! not: a policy has [`VERSIONS_MAX`].
//!
//! Several instances cannot be updated in one call. All are tried, whatever becomes of one, and
//! a part that was made is told as `OutcomeUnknown`: the next look shows which, and the same
//! shift does the rest.

use std::collections::BTreeMap;

use async_trait::async_trait;
use model::route::{Propagation, Route, Split, Sticky, WeightPair, Weights};
use model::{Share, Span};

use crate::traffic_policy::{self, DocumentError, Endpoints, Reading};
use crate::{Applied, Asked, Error, ErrorKind, Result, Shift};

/// What the comments of Ferry's own versions begin with.
pub const MARK: &str = "ferry: ";

/// Versions that a policy can ever have (`TooManyTrafficPolicyVersionsForCurrentPolicy`; the
/// version number of `DeleteTrafficPolicy` is from 1 to 1000).
pub const VERSIONS_MAX: u32 = 1_000;

/// The last numbers of a policy are left to rollbacks: one may need a version when EC2 can take
/// back only a part, and a dozen such parts are more than any rollback had.
const VERSIONS_RESERVED: u32 = 12;

/// Ferry's newest versions that are kept though nothing uses them: those of the last steps, for
/// whoever looks for what was changed.
const KEPT: usize = 3;

/// Versions deleted in one change at most: each is two calls of five a second.
const COLLECTED_MAX: usize = 4;

/// So many of Ferry's own versions may pile up, where deleting them fails, before no step is
/// taken any more and the failure is told.
const UNCOLLECTED_MAX: usize = 20;

/// What clients are counted on to wait before they ask again; see `RouteLimits::TRAFFIC_FLOW`.
const TTL_MAX: Span = Span::from_secs(60);

const GET_INSTANCE: &str = "route53:GetTrafficPolicyInstance";
const GET_VERSION: &str = "route53:GetTrafficPolicy";
const CREATE_VERSION: &str = "route53:CreateTrafficPolicyVersion";
const UPDATE_INSTANCE: &str = "route53:UpdateTrafficPolicyInstance";

/// The calls of Traffic Flow, one for each operation; lists are whole, whatever their pages.
///
/// `PriorRequestNotComplete` and `ConcurrentModification` are `Busy`, what does not exist is
/// `NotFound`, what exceeds a limit `QuotaReached`, `TrafficPolicyInUse` is `Conflict`,
/// `ConflictingTypes` and `InvalidTrafficPolicyDocument` are `Invalid`.
#[async_trait]
pub trait TrafficFlow: Send + Sync {
    /// `GetTrafficPolicyInstance`.
    async fn instance(&self, id: &str) -> Result<PolicyInstance>;

    /// `GetTrafficPolicy`. A version never changes: an implementation may remember it.
    async fn version(&self, policy: &str, number: u32) -> Result<PolicyVersion>;

    /// `ListTrafficPolicyVersions`: all that are not deleted.
    async fn versions(&self, policy: &str) -> Result<Vec<PolicyVersion>>;

    /// `ListTrafficPolicyInstancesByPolicy`: ids of the instances that use a version.
    async fn users(&self, policy: &str, number: u32) -> Result<Vec<String>>;

    /// `CreateTrafficPolicyVersion`.
    async fn create_version(
        &self,
        policy: &str,
        document: &str,
        comment: &str,
    ) -> Result<PolicyVersion>;

    /// `UpdateTrafficPolicyInstance`: policy and TTL stay as they are in `instance`.
    async fn update_instance(
        &self,
        instance: &PolicyInstance,
        number: u32,
    ) -> Result<PolicyInstance>;

    /// `DeleteTrafficPolicy`, of one version.
    async fn delete_version(&self, policy: &str, number: u32) -> Result<()>;
}

/// A policy instance: a name whose records a policy makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInstance {
    /// Its id.
    pub id: String,
    /// The policy's id.
    pub policy: String,
    /// The version it uses, or is being updated to.
    pub version: u32,
    /// Time to live of records that are no aliases.
    pub ttl: Span,
    /// As AWS says it, such as `Applied`: there is no list of what else it may say.
    pub state: String,
    /// What AWS says beside it, where the state is `Failed`.
    pub message: String,
}

/// A version of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its number, from 1.
    pub number: u32,
    /// Its document: JSON text.
    pub document: String,
    /// What its maker wrote beside it.
    pub comment: String,
}

impl PolicyInstance {
    /// How far its last change has come. `Creating`, `Updating`, `Deleting` and whatever else AWS
    /// may say is not there yet, and never an error.
    #[must_use]
    pub fn propagation(&self) -> Propagation {
        match self.state.as_str() {
            "Applied" => Propagation::InSync { since: None },
            "Failed" => Propagation::Failed,
            _ => Propagation::Pending,
        }
    }
}

/// The live weights of a migration whose routes are policy instances.
///
/// # Errors
/// Of the calls; `Invalid` for a document without a split between the endpoints, by policy,
/// version and rule.
pub async fn observe(calls: &dyn TrafficFlow, routes: &[Route]) -> Result<Split> {
    let mut weights = Weights::new();
    let mut propagation = Propagation::InSync { since: None };
    for route in routes {
        let live = look(calls, route).await?;
        weights.insert(route.key(), live.reading.pair());
        propagation = propagation.and(live.propagation());
    }
    Ok(Split { weights, propagation, sticky: Sticky::new() })
}

/// Makes a change of all routes of a migration, all of them policy instances.
///
/// # Errors
/// As [`crate::Router::set`]; where some instances were updated and others not,
/// `OutcomeUnknown` with what became of the others.
pub async fn set(calls: &dyn TrafficFlow, shift: &Shift) -> Result<Applied> {
    let mut moves = Vec::new();
    for asked in shift.asked(UPDATE_INSTANCE)? {
        let live = look(calls, asked.route).await?;
        if needs_move(shift, &asked, &live)? {
            moves.push(Move { live, weights: asked.weights });
        }
    }
    if moves.is_empty() {
        return Ok(Applied { weights: shift.weights.clone(), written: false });
    }
    let mut shelf = Shelf { calls, versions: BTreeMap::new() };
    let mut tally = Tally::default();
    let mut ready = Vec::new();
    for change in &moves {
        let number = if shift.rollback {
            shelf.at(change, change.weights, true).await
        } else {
            shelf.stock(change).await
        };
        match number {
            Ok(number) => ready.push((change, number)),
            // The others go back all the same.
            Err(error) if shift.rollback => tally.failed.push(error),
            // Nothing has moved yet, and nothing moves unless all can.
            Err(error) => return Err(error),
        }
    }
    for (change, number) in ready {
        match update(calls, &change.live.instance, number).await {
            Ok(()) => tally.updated += 1,
            Err(error) => tally.failed.push(error),
        }
    }
    tally.close(shift)
}

/// An instance with what its document says of the two endpoints.
struct Live<'a> {
    instance: PolicyInstance,
    endpoints: Endpoints<'a>,
    document: String,
    reading: Reading,
}

impl Live<'_> {
    fn propagation(&self) -> Propagation {
        if self.reading.agrees() { self.instance.propagation() } else { Propagation::Divided }
    }
}

/// An instance that is to be updated.
struct Move<'a> {
    live: Live<'a>,
    weights: WeightPair,
}

async fn look<'a>(calls: &dyn TrafficFlow, route: &'a Route) -> Result<Live<'a>> {
    let Route::TrafficPolicyInstance { id, ec2_endpoint, fargate_endpoint } = route else {
        let message = format!("{} is no policy instance: routes of one kind only", route.key());
        return Err(Error::new(ErrorKind::Invalid, GET_INSTANCE, message));
    };
    let endpoints = Endpoints { ec2: ec2_endpoint, fargate: fargate_endpoint };
    let instance = calls.instance(id).await?;
    let version = calls.version(&instance.policy, instance.version).await?;
    let reading = traffic_policy::read(&version.document, endpoints)
        .map_err(|error| unreadable(&instance, &error))?;
    Ok(Live { instance, endpoints, document: version.document, reading })
}

fn unreadable(instance: &PolicyInstance, error: &DocumentError) -> Error {
    let PolicyInstance { policy, version, .. } = instance;
    let message = format!("policy {policy} version {version}: {error}");
    Error::new(ErrorKind::Invalid, GET_VERSION, message)
}

/// Whether an instance has to be updated; what it holds must be known and expected.
fn needs_move(shift: &Shift, asked: &Asked<'_>, live: &Live<'_>) -> Result<bool> {
    let conflict = |message: String| Err(Error::new(ErrorKind::Conflict, GET_VERSION, message));
    let (instance, pair) = (&live.instance, live.reading.pair());
    let is_whole = live.reading.agrees();
    if !is_whole && !shift.rollback {
        let rules: Vec<String> = live
            .reading
            .rules()
            .map(|(rule, pair)| format!("`{rule}` {}/{}", pair.ec2, pair.fargate))
            .collect();
        let PolicyInstance { policy, version, .. } = instance;
        return conflict(format!(
            "policy {policy} version {version}: the rules differ ({}): give them the same weights",
            rules.join(", ")
        ));
    }
    if pair == asked.weights && is_whole {
        // A change that failed is made again.
        return Ok(instance.propagation() == Propagation::Failed);
    }
    if pair != asked.expected && pair != asked.weights {
        return conflict(format!("{} holds {}/{}", instance.id, pair.ec2, pair.fargate));
    }
    let Endpoints { ec2, fargate } = live.endpoints;
    let is_slow =
        instance.ttl > TTL_MAX && traffic_policy::is_plain(&live.document, live.endpoints);
    if is_slow && !shift.rollback {
        let message = format!(
            "instance {} gives `{ec2}` and `{fargate}` a TTL of {}: set at most {TTL_MAX}, or \
             clients stay behind each step",
            instance.id, instance.ttl
        );
        return Err(Error::new(ErrorKind::Invalid, GET_INSTANCE, message));
    }
    Ok(true)
}

/// Updates an instance and believes only what the answer shows.
async fn update(calls: &dyn TrafficFlow, instance: &PolicyInstance, number: u32) -> Result<()> {
    let now = calls.update_instance(instance, number).await?;
    if now.version == number {
        return Ok(());
    }
    let message = format!("instance {} answers with version {}", instance.id, now.version);
    Err(Error::new(ErrorKind::OutcomeUnknown, UPDATE_INSTANCE, message))
}

/// The versions of each policy, listed once in a change.
struct Shelf<'a> {
    calls: &'a dyn TrafficFlow,
    versions: BTreeMap<String, Vec<PolicyVersion>>,
}

impl Shelf<'_> {
    /// The version for a step forward, with the way back beside it and what is old taken away.
    async fn stock(&mut self, change: &Move<'_>) -> Result<u32> {
        let nothing = WeightPair::for_share(Share::ZERO, traffic_policy::WEIGHT_MAX);
        let back = self.at(change, nothing, false).await?;
        let (_, known) = self.find(change, change.weights).await?;
        self.collect(change, back, known).await?;
        self.at(change, change.weights, false).await
    }

    /// The document of an instance but for `weights`, and the newest version that says it.
    async fn find(
        &mut self,
        change: &Move<'_>,
        weights: WeightPair,
    ) -> Result<(String, Option<u32>)> {
        let Live { instance, endpoints, document, .. } = &change.live;
        let wanted = traffic_policy::rewrite(document, *endpoints, weights)
            .map_err(|error| unreadable(instance, &error))?;
        let versions = self.list(&instance.policy).await?;
        let known = versions.iter().rfind(|it| traffic_policy::is_same(&it.document, &wanted));
        let known = known.map(|version| version.number);
        Ok((wanted, known))
    }

    /// The version that is the instance's own but for `weights`, made if there is none.
    async fn at(
        &mut self,
        change: &Move<'_>,
        weights: WeightPair,
        may_use_reserve: bool,
    ) -> Result<u32> {
        let (wanted, known) = self.find(change, weights).await?;
        if let Some(known) = known {
            return Ok(known);
        }
        let PolicyInstance { policy, version, .. } = &change.live.instance;
        let newest = self.list(policy).await?.last().map_or(0, |version| version.number);
        if newest >= VERSIONS_MAX - VERSIONS_RESERVED && !may_use_reserve {
            let message = format!(
                "policy {policy} has used {newest} of {VERSIONS_MAX} versions and the rest is \
                 kept for rollbacks: make a new policy of version {version} and update the \
                 instances to it"
            );
            return Err(Error::new(ErrorKind::QuotaReached, CREATE_VERSION, message));
        }
        let comment = format!("{MARK}{}/{} of {version}", weights.ec2, weights.fargate);
        let made = self.calls.create_version(policy, &wanted, &comment).await?;
        let number = made.number;
        self.versions.entry(policy.clone()).or_default().push(made);
        Ok(number)
    }

    /// The versions of a policy, oldest first.
    async fn list(&mut self, policy: &str) -> Result<&[PolicyVersion]> {
        if !self.versions.contains_key(policy) {
            let mut versions = self.calls.versions(policy).await?;
            versions.sort_by_key(|version| version.number);
            self.versions.insert(policy.to_owned(), versions);
        }
        Ok(self.versions.get(policy).map_or(&[], Vec::as_slice))
    }

    /// Deletes versions that Ferry made and nothing uses, but for the last few and the way back.
    ///
    /// A failure keeps nothing waiting: what is left is deleted with a later step, until so much
    /// is left that somebody has to look at it.
    async fn collect(&mut self, change: &Move<'_>, back: u32, next: Option<u32>) -> Result<()> {
        let instance = &change.live.instance;
        let policy = instance.policy.as_str();
        let own: Vec<u32> = self
            .list(policy)
            .await?
            .iter()
            .filter(|version| version.comment.starts_with(MARK))
            .map(|version| version.number)
            .collect();
        let old = own.len().saturating_sub(KEPT);
        let needed = [Some(back), next];
        let unneeded = own.iter().take(old).filter(|number| !needed.contains(&Some(**number)));
        for number in unneeded.take(COLLECTED_MAX) {
            match self.discard(policy, *number).await {
                Ok(()) => {}
                Err(error) if own.len() > UNCOLLECTED_MAX => return Err(error),
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Deletes a version unless an instance uses it now.
    async fn discard(&mut self, policy: &str, number: u32) -> Result<()> {
        if !self.calls.users(policy, number).await?.is_empty() {
            return Ok(());
        }
        self.calls.delete_version(policy, number).await?;
        if let Some(versions) = self.versions.get_mut(policy) {
            versions.retain(|version| version.number != number);
        }
        Ok(())
    }
}

/// What became of each instance.
#[derive(Default)]
struct Tally {
    updated: usize,
    failed: Vec<Error>,
}

impl Tally {
    fn close(mut self, shift: &Shift) -> Result<Applied> {
        let unknown = |error: &Error| error.kind == ErrorKind::OutcomeUnknown;
        let told = self.failed.iter().position(unknown).unwrap_or(0);
        if self.failed.is_empty() {
            return Ok(Applied { weights: shift.weights.clone(), written: true });
        }
        let failed = self.failed.len();
        let error = self.failed.swap_remove(told);
        if self.updated == 0 || unknown(&error) {
            return Err(error);
        }
        let updated = self.updated;
        let message = format!("{updated} of {} instances were updated; {error}", updated + failed);
        Err(Error::new(ErrorKind::OutcomeUnknown, UPDATE_INSTANCE, message))
    }
}

#[cfg(test)]
#[path = "traffic_flow/tests.rs"]
mod tests;
