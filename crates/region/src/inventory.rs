//! What stands in a region, for whoever lists it: nothing here is a call, and no fault meets it.

use capacity::scaling::ScalableTarget;
use cloud::TargetGroup;
use cloud::objectives::Source;
use model::route::{Route, ServiceId, WeightPair};
use model::{PerSide, Side, Span, Time};

use crate::Region;
use crate::autoscaling::Autoscaling;
use crate::service::Service;
use crate::spec::events::EventRuleSpec;

/// A traffic policy with the numbers of the versions it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyListing {
    /// Its id.
    pub id: String,
    /// The type of the records it makes.
    pub record_type: String,
    /// Of those that are not deleted, in order.
    pub versions: Vec<u32>,
}

impl Region {
    fn service_at(&self, index: usize, side: Side) -> Option<&Service> {
        self.applications.get(index).map(|application| application.sides.get(side))
    }

    /// The service on one side of the application at `index`.
    #[must_use]
    pub fn service_id(&self, index: usize, side: Side) -> Option<&ServiceId> {
        self.service_at(index, side).map(|service| &service.id)
    }

    /// The target group on one side of the application at `index`.
    #[must_use]
    pub fn target_group(&self, index: usize, side: Side) -> Option<TargetGroup> {
        self.group_of(index, side)
    }

    /// The weighted pairs of the application at `index`.
    pub fn routes(&self, index: usize) -> impl Iterator<Item = &Route> {
        let application = self.applications.get(index);
        application.into_iter().flat_map(|application| &application.pairs).map(|pair| &pair.route)
    }

    /// Where the events of objectives of the application at `index` are counted.
    pub fn objectives(&self, index: usize) -> impl Iterator<Item = &PerSide<Source>> {
        let application = self.applications.get(index);
        application.into_iter().flat_map(|application| &application.objectives)
    }

    /// The weights that a route really has at present.
    #[must_use]
    pub fn live_weights(&self, route: &Route) -> Option<WeightPair> {
        self.find_pair(route).map(|(index, pair)| self.applications[index].pairs[pair].written)
    }

    /// When the last change of a route's weights is, or was, everywhere.
    #[must_use]
    pub fn in_sync_at(&self, route: &Route) -> Option<Time> {
        let (index, pair) = self.find_pair(route)?;
        self.applications[index].pairs[pair].in_sync_at()
    }

    /// The scalable target on one side of the application at `index`, where there is one.
    #[must_use]
    pub fn scalable_target(&self, index: usize, side: Side) -> Option<&ScalableTarget> {
        self.service_at(index, side)?.autoscaling.as_ref().map(Autoscaling::target)
    }

    /// The CPU units that each task on one side of the application at `index` reserves.
    #[must_use]
    pub fn task_cpu_units(&self, index: usize, side: Side) -> Option<u32> {
        self.service_at(index, side).map(Service::cpu_units)
    }

    /// How long a target of one side drains.
    #[must_use]
    pub fn drain(&self, index: usize, side: Side) -> Option<Span> {
        self.service_at(index, side).map(|service| service.fleet.drain())
    }

    /// The last deployment on one side of the application at `index`: from when to when its tasks
    /// are replaced.
    #[must_use]
    pub fn last_deployment(&self, index: usize, side: Side) -> Option<(Time, Time)> {
        self.service_at(index, side)?.rollout()
    }

    /// The traffic policies, by id.
    #[must_use]
    pub fn traffic_policies(&self) -> Vec<PolicyListing> {
        self.policies.listed()
    }

    /// The policy that a policy instance follows.
    #[must_use]
    pub fn policy_of(&self, instance: &str) -> Option<&str> {
        self.policies.policy_of(instance)
    }

    /// The document that a policy instance follows.
    #[must_use]
    pub fn policy_document(&self, instance: &str) -> Option<&str> {
        self.policies.document_of(instance)
    }

    /// Whether callers over the wire may call each API only as often as AWS lets them.
    #[must_use]
    pub const fn rate_limits(&self) -> bool {
        self.rate_limits
    }

    /// The rules of EventBridge at the start.
    #[must_use]
    pub fn event_rules(&self) -> &[EventRuleSpec] {
        &self.event_rules
    }

    /// Ids of the policy instances, in order.
    #[must_use]
    pub fn policy_instances(&self) -> Vec<String> {
        self.policies.instance_ids()
    }
}
