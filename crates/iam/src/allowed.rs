//! Every operation that is called, for whom and on what.

/// For whom a policy is. They are attached together where one process does it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A daemon that observes.
    Observer,
    /// What one that acts is allowed beside that.
    Mutator,
    /// What `ferry adopt` writes beside what an observer reads.
    Adopter,
    /// What `ferry init` and `ferry preflight` read beside what an observer reads.
    Survey,
}

impl Part {
    /// The word for it on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::Mutator => "mutator",
            Self::Adopter => "adopter",
            Self::Survey => "survey",
        }
    }
}

/// What an operation is allowed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The ECS services of both sides.
    Services,
    /// Scalable targets: their ids cannot be known beforehand, that they are of ECS services can.
    ScalableTargets,
    /// Alarms in the regions of the services: whose they are is seen only in them.
    Alarms,
    /// Anything in the regions of the services: AWS allows nothing narrower.
    Regional,
    /// Anything in the regions of the balancers whose rules are moved.
    RuleRegions,
    /// Listener rules.
    Rules,
    /// Listeners, where a default action is moved.
    Listeners,
    /// Tags of those services that are marks.
    ServiceMarks,
    /// Tags of listener rules that are marks.
    RuleMarks,
    /// TXT records that are marks.
    RecordMarks,
    /// Hosted zones with records that are moved, or any where a policy instance stands: files name
    /// instances, not their zones.
    Zones,
    /// The records themselves, by name and type.
    Records,
    /// Changes of zones: their ids are known only to whoever made them.
    Changes,
    /// Traffic policy instances.
    Instances,
    /// Traffic policies: files name instances, not policies.
    Policies,
    /// All traffic policy instances: AWS allows nothing narrower.
    AllInstances,
    /// Hosted zones: AWS allows nothing narrower.
    AllZones,
    /// EventBridge rules that start scheduled tasks.
    EventRules,
    /// Anything in the regions of those rules, to say which there are where one is missing.
    EventRuleRegions,
    /// Roles that are assumed.
    Roles,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// As IAM names it.
    pub action: &'static str,
    /// For whom.
    pub part: Part,
    /// On what.
    pub scope: Scope,
}

const fn row(part: Part, scope: Scope, action: &'static str) -> Allowed {
    Allowed { action, part, scope }
}

use Part::{Adopter, Mutator, Observer, Survey};

/// Every operation that Ferry calls.
pub const ALLOWED: [Allowed; 44] = [
    row(Observer, Scope::Services, "ecs:DescribeServices"),
    row(Observer, Scope::Regional, "ecs:DescribeTaskDefinition"),
    row(Observer, Scope::Regional, "application-autoscaling:DescribeScalableTargets"),
    row(Observer, Scope::Regional, "application-autoscaling:DescribeScheduledActions"),
    row(Observer, Scope::Regional, "cloudwatch:GetMetricData"),
    row(Observer, Scope::Regional, "elasticloadbalancing:DescribeTargetGroups"),
    row(Observer, Scope::Regional, "elasticloadbalancing:DescribeTargetHealth"),
    row(Observer, Scope::RuleRegions, "elasticloadbalancing:DescribeRules"),
    row(Observer, Scope::RuleRegions, "elasticloadbalancing:DescribeListeners"),
    row(Observer, Scope::RuleRegions, "elasticloadbalancing:DescribeTags"),
    row(Observer, Scope::Zones, "route53:ListResourceRecordSets"),
    row(Observer, Scope::Instances, "route53:GetTrafficPolicyInstance"),
    row(Observer, Scope::Policies, "route53:GetTrafficPolicy"),
    row(Observer, Scope::Policies, "route53:ListTrafficPolicyInstancesByPolicy"),
    row(Observer, Scope::Policies, "route53:ListTrafficPolicyVersions"),
    row(Observer, Scope::AllInstances, "route53:ListTrafficPolicyInstances"),
    row(Observer, Scope::Roles, "sts:AssumeRole"),
    row(Mutator, Scope::Services, "ecs:UpdateService"),
    row(Mutator, Scope::ScalableTargets, "application-autoscaling:DeleteScheduledAction"),
    row(Mutator, Scope::ScalableTargets, "application-autoscaling:PutScheduledAction"),
    row(Mutator, Scope::ScalableTargets, "application-autoscaling:RegisterScalableTarget"),
    row(Mutator, Scope::Rules, "elasticloadbalancing:ModifyRule"),
    row(Mutator, Scope::Listeners, "elasticloadbalancing:ModifyListener"),
    row(Mutator, Scope::Records, "route53:ChangeResourceRecordSets"),
    row(Mutator, Scope::Changes, "route53:GetChange"),
    row(Mutator, Scope::Instances, "route53:UpdateTrafficPolicyInstance"),
    row(Mutator, Scope::Policies, "route53:CreateTrafficPolicyVersion"),
    row(Mutator, Scope::Policies, "route53:DeleteTrafficPolicy"),
    row(Adopter, Scope::ServiceMarks, "ecs:TagResource"),
    row(Adopter, Scope::ServiceMarks, "ecs:UntagResource"),
    row(Adopter, Scope::RuleMarks, "elasticloadbalancing:AddTags"),
    row(Adopter, Scope::RuleMarks, "elasticloadbalancing:RemoveTags"),
    row(Adopter, Scope::RecordMarks, "route53:ChangeResourceRecordSets"),
    row(Survey, Scope::Regional, "application-autoscaling:DescribeScalingPolicies"),
    row(Survey, Scope::Alarms, "cloudwatch:DescribeAlarms"),
    row(Survey, Scope::Regional, "ecs:ListServices"),
    row(Survey, Scope::Regional, "elasticloadbalancing:DescribeListeners"),
    row(Survey, Scope::Regional, "elasticloadbalancing:DescribeLoadBalancerAttributes"),
    row(Survey, Scope::Regional, "elasticloadbalancing:DescribeLoadBalancers"),
    row(Survey, Scope::Regional, "elasticloadbalancing:DescribeTargetGroupAttributes"),
    row(Survey, Scope::EventRules, "events:DescribeRule"),
    row(Survey, Scope::EventRules, "events:ListTargetsByRule"),
    row(Survey, Scope::EventRuleRegions, "events:ListRules"),
    row(Survey, Scope::AllZones, "route53:ListHostedZones"),
];
