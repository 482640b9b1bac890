//! What can be asked of a region, one variant for each AWS operation it answers.
//!
//! The in-process traits go through [`crate::Region::handle`], the wire protocols through
//! [`crate::Region::call`], which meets the same border and the same journal.

use capacity::scaling::SuspendedState;
use cloud::signals::{Quantiles, SideMinute};
use cloud::traffic_flow::{PolicyInstance, PolicyVersion};
use cloud::{Error, ErrorKind, MinuteAsk, TargetGroup};
use model::observation::{Bounds, Scaling, ScheduledBounds, Service, Targets};
use model::route::{Propagation, Route, ServiceId, WeightPair};
use model::{Span, Time};

use crate::metric::MetricAsk;

/// The operations, as IAM names them.
pub const OPERATIONS: [&str; 21] = [
    "ecs:DescribeServices",
    "ecs:UpdateService",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyRule",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:PutScheduledAction",
    "application-autoscaling:DeleteScheduledAction",
    "route53:ListResourceRecordSets",
    "route53:ChangeResourceRecordSets",
    "route53:GetTrafficPolicyInstance",
    "route53:GetTrafficPolicy",
    "route53:ListTrafficPolicyVersions",
    "route53:ListTrafficPolicyInstancesByPolicy",
    "route53:CreateTrafficPolicyVersion",
    "route53:UpdateTrafficPolicyInstance",
    "route53:DeleteTrafficPolicy",
    "cloudwatch:GetMetricData",
];

/// Whether an ARN is a listener's, which stands for its default action.
fn is_listener(rule: &str) -> bool {
    rule.contains(":listener/")
}

/// One call.
#[derive(Debug, Clone)]
pub enum Request<'a> {
    /// One service of a `DescribeServices` call.
    DescribeService {
        /// Which.
        id: &'a ServiceId,
    },
    /// Sets a desired count.
    UpdateService {
        /// Whose.
        id: &'a ServiceId,
        /// To what.
        desired: u32,
    },
    /// Targets of a group by health.
    DescribeTargetHealth {
        /// Which.
        group: &'a TargetGroup,
    },
    /// The scalable target of a service with its scheduled actions.
    DescribeScalableTarget {
        /// Whose.
        id: &'a ServiceId,
    },
    /// Sets bounds.
    RegisterScalableTarget {
        /// Whose.
        id: &'a ServiceId,
        /// To what.
        bounds: Bounds,
    },
    /// Switches kinds of scaling off, or on again.
    SuspendScaling {
        /// Whose.
        id: &'a ServiceId,
        /// What is off from now on.
        suspended: SuspendedState,
    },
    /// Puts a one-shot scheduled action.
    PutScheduledAction {
        /// Whose.
        id: &'a ServiceId,
        /// Which.
        scheduled: &'a ScheduledBounds,
    },
    /// Deletes a scheduled action.
    DeleteScheduledAction {
        /// Whose.
        id: &'a ServiceId,
        /// Which.
        name: &'a str,
    },
    /// The live weights of a record or a rule.
    DescribeRoute {
        /// Which.
        route: &'a Route,
    },
    /// A batch of weight changes, made together or not at all: records of one zone, or one rule.
    ChangeRoutes {
        /// The changes.
        changes: &'a [RouteChange<'a>],
    },
    /// A policy instance.
    GetPolicyInstance {
        /// Which.
        id: &'a str,
    },
    /// A version of a traffic policy.
    GetPolicyVersion {
        /// Of which policy.
        policy: &'a str,
        /// Which.
        number: u32,
    },
    /// All versions of a traffic policy.
    ListPolicyVersions {
        /// Of which policy.
        policy: &'a str,
    },
    /// The instances that use a version.
    ListPolicyInstances {
        /// Of which policy.
        policy: &'a str,
        /// Which version.
        number: u32,
    },
    /// Makes a version.
    CreatePolicyVersion {
        /// Of which policy.
        policy: &'a str,
        /// Its document.
        document: &'a str,
        /// Its comment.
        comment: &'a str,
    },
    /// Updates an instance to a version.
    UpdatePolicyInstance {
        /// Which.
        id: &'a str,
        /// Time to live of its records.
        ttl: Span,
        /// To a version of which policy.
        policy: &'a str,
        /// To which version.
        number: u32,
    },
    /// Deletes a version.
    DeletePolicyVersion {
        /// Of which policy.
        policy: &'a str,
        /// Which.
        number: u32,
    },
    /// Minutes of one side.
    GetMinutes {
        /// Which.
        ask: &'a MinuteAsk,
    },
    /// One metric with its statistic.
    GetMetric {
        /// Which.
        ask: &'a MetricAsk,
    },
    /// Latency quantiles of one side.
    GetQuantiles {
        /// Whose.
        group: &'a TargetGroup,
        /// From when.
        from: Time,
        /// Until when.
        until: Time,
    },
}

/// One change of a batch.
#[derive(Debug, Clone, Copy)]
pub struct RouteChange<'a> {
    /// Which route.
    pub route: &'a Route,
    /// What it must hold: the batch fails where it does not. Only Route 53 records check it;
    /// elsewhere AWS has no such condition and the caller compares first.
    pub expected: WeightPair,
    /// What it is to hold.
    pub weights: WeightPair,
}

/// The answer to a [`Request`], with the kinds of answer in the order of what is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// A service.
    Service(Service),
    /// Targets.
    Targets(Targets),
    /// A scalable target, or that there is none.
    ScalableTarget(Option<Scaling>),
    /// The weights of a route.
    Route {
        /// As written.
        weights: WeightPair,
        /// How far they have spread.
        propagation: Propagation,
    },
    /// A policy instance.
    PolicyInstance(PolicyInstance),
    /// A version of a traffic policy.
    PolicyVersion(PolicyVersion),
    /// Versions of a traffic policy.
    PolicyVersions(Vec<PolicyVersion>),
    /// Ids of policy instances.
    PolicyInstances(Vec<String>),
    /// Minutes.
    Minutes(Vec<SideMinute>),
    /// Values of a metric with the minutes at which their periods begin, oldest first.
    Datapoints(Vec<(i64, f64)>),
    /// Quantiles, or that there was no traffic.
    Quantiles(Option<Quantiles>),
    /// A write was made.
    Done,
    /// Nothing, because.
    Failed(Error),
}

impl Request<'_> {
    /// The operation, as IAM names it.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::DescribeService { .. } => "ecs:DescribeServices",
            Self::UpdateService { .. } => "ecs:UpdateService",
            Self::DescribeTargetHealth { .. } => "elasticloadbalancing:DescribeTargetHealth",
            Self::DescribeScalableTarget { .. } => {
                "application-autoscaling:DescribeScalableTargets"
            }
            Self::RegisterScalableTarget { .. } | Self::SuspendScaling { .. } => {
                "application-autoscaling:RegisterScalableTarget"
            }
            Self::PutScheduledAction { .. } => "application-autoscaling:PutScheduledAction",
            Self::DeleteScheduledAction { .. } => "application-autoscaling:DeleteScheduledAction",
            Self::DescribeRoute { route } => match route {
                Route::Route53Record { .. } | Route::TrafficPolicyInstance { .. } => {
                    "route53:ListResourceRecordSets"
                }
                Route::AlbRule { rule, .. } if is_listener(rule) => {
                    "elasticloadbalancing:DescribeListeners"
                }
                Route::AlbRule { .. } => "elasticloadbalancing:DescribeRules",
            },
            Self::ChangeRoutes { changes } => match changes.first().map(|change| change.route) {
                Some(Route::AlbRule { rule, .. }) if is_listener(rule) => {
                    "elasticloadbalancing:ModifyListener"
                }
                Some(Route::AlbRule { .. }) => "elasticloadbalancing:ModifyRule",
                Some(Route::Route53Record { .. } | Route::TrafficPolicyInstance { .. }) | None => {
                    "route53:ChangeResourceRecordSets"
                }
            },
            Self::GetPolicyInstance { .. } => "route53:GetTrafficPolicyInstance",
            Self::GetPolicyVersion { .. } => "route53:GetTrafficPolicy",
            Self::ListPolicyVersions { .. } => "route53:ListTrafficPolicyVersions",
            Self::ListPolicyInstances { .. } => "route53:ListTrafficPolicyInstancesByPolicy",
            Self::CreatePolicyVersion { .. } => "route53:CreateTrafficPolicyVersion",
            Self::UpdatePolicyInstance { .. } => "route53:UpdateTrafficPolicyInstance",
            Self::DeletePolicyVersion { .. } => "route53:DeleteTrafficPolicy",
            Self::GetMinutes { .. } | Self::GetMetric { .. } | Self::GetQuantiles { .. } => {
                "cloudwatch:GetMetricData"
            }
        }
    }

    /// Whether it changes anything.
    #[must_use]
    pub const fn writes(&self) -> bool {
        match self {
            Self::UpdateService { .. }
            | Self::RegisterScalableTarget { .. }
            | Self::SuspendScaling { .. }
            | Self::PutScheduledAction { .. }
            | Self::DeleteScheduledAction { .. }
            | Self::ChangeRoutes { .. }
            | Self::CreatePolicyVersion { .. }
            | Self::UpdatePolicyInstance { .. }
            | Self::DeletePolicyVersion { .. } => true,
            Self::DescribeService { .. }
            | Self::DescribeTargetHealth { .. }
            | Self::DescribeScalableTarget { .. }
            | Self::DescribeRoute { .. }
            | Self::GetPolicyInstance { .. }
            | Self::GetPolicyVersion { .. }
            | Self::ListPolicyVersions { .. }
            | Self::ListPolicyInstances { .. }
            | Self::GetMinutes { .. }
            | Self::GetMetric { .. }
            | Self::GetQuantiles { .. } => false,
        }
    }
}

impl Response {
    /// The service, or why there is none.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn service(self) -> cloud::Result<Service> {
        if let Self::Service(service) = self { Ok(service) } else { Err(self.failure()) }
    }

    /// The targets, or why there are none.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn targets(self) -> cloud::Result<Targets> {
        if let Self::Targets(targets) = self { Ok(targets) } else { Err(self.failure()) }
    }

    /// The scalable target, or why it is not known.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn scalable_target(self) -> cloud::Result<Option<Scaling>> {
        if let Self::ScalableTarget(target) = self { Ok(target) } else { Err(self.failure()) }
    }

    /// The weights of a route and how far they have spread, or why they are not known.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn route(self) -> cloud::Result<(WeightPair, Propagation)> {
        if let Self::Route { weights, propagation } = self {
            Ok((weights, propagation))
        } else {
            Err(self.failure())
        }
    }

    /// The policy instance, or why there is none.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn policy_instance(self) -> cloud::Result<PolicyInstance> {
        if let Self::PolicyInstance(instance) = self { Ok(instance) } else { Err(self.failure()) }
    }

    /// The version, or why there is none.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn policy_version(self) -> cloud::Result<PolicyVersion> {
        if let Self::PolicyVersion(version) = self { Ok(version) } else { Err(self.failure()) }
    }

    /// The versions, or why they are not known.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn policy_versions(self) -> cloud::Result<Vec<PolicyVersion>> {
        if let Self::PolicyVersions(versions) = self { Ok(versions) } else { Err(self.failure()) }
    }

    /// The ids of instances, or why they are not known.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn policy_instances(self) -> cloud::Result<Vec<String>> {
        if let Self::PolicyInstances(ids) = self { Ok(ids) } else { Err(self.failure()) }
    }

    /// The minutes, or why there are none.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn minutes(self) -> cloud::Result<Vec<SideMinute>> {
        if let Self::Minutes(minutes) = self { Ok(minutes) } else { Err(self.failure()) }
    }

    /// The values, or why there are none.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn datapoints(self) -> cloud::Result<Vec<(i64, f64)>> {
        if let Self::Datapoints(points) = self { Ok(points) } else { Err(self.failure()) }
    }

    /// The quantiles, or why there are none.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn quantiles(self) -> cloud::Result<Option<Quantiles>> {
        if let Self::Quantiles(quantiles) = self { Ok(quantiles) } else { Err(self.failure()) }
    }

    /// That a write was made, or why it was not.
    ///
    /// # Errors
    /// What the region refused with.
    pub fn done(self) -> cloud::Result<()> {
        if matches!(self, Self::Done) { Ok(()) } else { Err(self.failure()) }
    }

    /// Why there is no answer of the kind that was asked for.
    fn failure(self) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::Service(_)
            | Self::Targets(_)
            | Self::ScalableTarget(_)
            | Self::Route { .. }
            | Self::PolicyInstance(_)
            | Self::PolicyVersion(_)
            | Self::PolicyVersions(_)
            | Self::PolicyInstances(_)
            | Self::Minutes(_)
            | Self::Datapoints(_)
            | Self::Quantiles(_)
            | Self::Done => {
                // Each request has one kind of answer; another one would be a defect here.
                Error::new(ErrorKind::Partial, "region", "an answer of another kind")
            }
        }
    }
}
