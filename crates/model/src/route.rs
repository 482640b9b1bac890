//! Routes: the weighted pairs that a migration's router moves, and what they allow.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::spec::Aws;
use crate::{Share, Span, Time};

/// An ECS service by account, cluster and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceId {
    /// Where it is and as whom it is reached; a simulated region has one account and asks for none.
    #[serde(default, skip_serializing_if = "is_unnamed")]
    pub account: Arc<Aws>,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
}

fn is_unnamed(account: &Arc<Aws>) -> bool {
    **account == Aws::default()
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.service)
    }
}

/// One weighted pair somewhere in AWS. All routes of a migration move together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Route {
    /// Two weighted record sets of one name and type.
    Route53Record {
        /// Hosted zone id.
        zone: String,
        /// Record name, without the final dot.
        name: String,
        /// Record type, such as `A`.
        record_type: String,
        /// Set identifier of EC2's record.
        ec2_set: String,
        /// Set identifier of Fargate's record.
        fargate_set: String,
    },
    /// One Traffic Flow policy instance.
    TrafficPolicyInstance {
        /// Instance id.
        id: String,
        /// EC2's endpoint name in the policy document.
        ec2_endpoint: String,
        /// Fargate's endpoint name.
        fargate_endpoint: String,
    },
    /// One listener rule with two weighted target groups.
    AlbRule {
        /// The rule's ARN.
        rule: String,
        /// EC2's target group ARN.
        ec2_group: String,
        /// Fargate's target group ARN.
        fargate_group: String,
    },
}

/// The routes of one migration, with the account they are in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// Where they are and as whom they are reached.
    pub account: Arc<Aws>,
    /// The routes, all of one kind.
    pub routes: Vec<Route>,
}

impl Route {
    /// The key of this route in a [`Weights`] map and the name shown to people.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Route53Record { zone, name, record_type, .. } => {
                format!("{zone}/{name}/{record_type}")
            }
            Self::TrafficPolicyInstance { id, .. } => format!("policy-instance/{id}"),
            Self::AlbRule { rule, .. } => rule.clone(),
        }
    }

    /// What weights can express here and how clients follow them.
    #[must_use]
    pub const fn limits(&self) -> RouteLimits {
        match self {
            Self::Route53Record { .. } => RouteLimits::ROUTE53,
            Self::TrafficPolicyInstance { .. } => RouteLimits::TRAFFIC_FLOW,
            Self::AlbRule { .. } => RouteLimits::ALB,
        }
    }
}

/// What a router can express and how fast clients follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteLimits {
    /// The largest weight one side can have.
    pub weight_max: u32,
    /// How clients follow a change.
    pub follows: Follows,
}

impl RouteLimits {
    /// Route 53 weights are 0 to 255; an alias of a balancer has a TTL of 60 s and a change is
    /// INSYNC "generally within 60 seconds" (Route 53 API, `GetChange`).
    pub const ROUTE53: Self = Self {
        weight_max: 255,
        follows: Follows::Resolvers { ttl: Span::from_secs(60), settle: Span::from_secs(60) },
    };

    /// Weights and TTL as those of records. `Applied` says that the new records answer at the
    /// root name, not that every name server has them: up to the 60 s that a change of records
    /// takes are added to the settling time.
    pub const TRAFFIC_FLOW: Self = Self {
        weight_max: 255,
        follows: Follows::Resolvers { ttl: Span::from_secs(60), settle: Span::from_secs(120) },
    };

    /// Target group weights are 0 to 999 and apply to the next request (ELBv2 API).
    pub const ALB: Self =
        Self { weight_max: 999, follows: Follows::Requests { settle: Span::from_secs(10) } };
}

/// How clients follow a change of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Follows {
    /// Through DNS resolvers: after INSYNC and the TTL, some much later.
    Resolvers {
        /// Time to live of the answers.
        ttl: Span,
        /// Allowance for resolvers a little slower than their TTL.
        settle: Span,
    },
    /// With each request, at the balancer.
    Requests {
        /// Until the balancer's nodes all know.
        settle: Span,
    },
}

impl Follows {
    /// From weights verified in sync until clients can be counted on to have followed.
    #[must_use]
    pub fn settle(self) -> Span {
        match self {
            Self::Resolvers { ttl, settle } => ttl + settle,
            Self::Requests { settle } => settle,
        }
    }
}

/// The two weights of one route, as written in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WeightPair {
    /// EC2's weight.
    pub ec2: u32,
    /// Fargate's weight.
    pub fargate: u32,
}

impl WeightPair {
    /// The pair nearest to `share` with weights up to `weight_max`, in lowest terms of a
    /// hundred where the share allows it: 1 % is 99 and 1.
    ///
    /// A share strictly between 0 and 100 % never becomes an all-or-nothing pair.
    #[must_use]
    pub fn for_share(share: Share, weight_max: u32) -> Self {
        let per_mille = u32::from(share.per_mille());
        if per_mille.is_multiple_of(10) {
            return Self { ec2: 100 - per_mille / 10, fargate: per_mille / 10 };
        }
        if weight_max >= 999 {
            return Self { ec2: 1000 - per_mille, fargate: per_mille };
        }
        // Nearest fraction f / (e + f) with both weights in 1..=weight_max; the first found wins,
        // so that equal shares always give equal bytes.
        let mut best = (u64::MAX, Self { ec2: 1, fargate: 1 });
        for total in 2..=2 * weight_max {
            let fargate = ((per_mille * total + 500) / 1000).clamp(1, total - 1);
            let ec2 = total - fargate;
            if fargate > weight_max || ec2 > weight_max {
                continue;
            }
            // |f/total - p/1000| compared without division, scaled by a common 10^9.
            let error = (u64::from(fargate) * 1_000_000_000 / u64::from(total))
                .abs_diff(u64::from(per_mille) * 1_000_000);
            if error < best.0 {
                best = (error, Self { ec2, fargate });
            }
        }
        best.1
    }

    /// The share these weights ask for; `None` when both are zero, which Route 53 answers
    /// with an equal split and a balancer with 503.
    #[must_use]
    pub fn share(self) -> Option<Share> {
        let total = self.ec2.checked_add(self.fargate).filter(|total| *total > 0)?;
        Share::from_ratio(f64::from(self.fargate) / f64::from(total))
    }
}

/// The weights of all routes of a migration, by [`Route::key`].
pub type Weights = BTreeMap<String, WeightPair>;

/// How long routes hold clients at the side they were sent to, by their keys; those that do not
/// are absent.
pub type Sticky = BTreeMap<String, Span>;

/// Live weights and how far they have spread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// The weights of each route.
    pub weights: Weights,
    /// Whether AWS still carries the last change to its edges.
    pub propagation: Propagation,
    /// Routes that hold clients at the side they were sent to.
    #[serde(default, skip_serializing_if = "Sticky::is_empty")]
    pub sticky: Sticky,
}

impl Split {
    /// The share all routes ask for; `None` when they differ or one has no weight at all.
    #[must_use]
    pub fn share(&self) -> Option<Share> {
        let mut shares = self.weights.values().map(|pair| pair.share());
        let first = shares.next()??;
        shares.all(|share| share == Some(first)).then_some(first)
    }

    /// The largest share any route asks for: what Fargate must be able to carry.
    #[must_use]
    pub fn share_max(&self) -> Option<Share> {
        self.weights.values().filter_map(|pair| pair.share()).max()
    }
}

/// Whether AWS still carries the last change to its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum Propagation {
    /// Not everywhere yet.
    Pending,
    /// Everywhere; `since` where it is known.
    InSync {
        /// When it was first seen in sync.
        since: Option<Time>,
    },
    /// AWS says that the change failed: which weights answer is not known until it is made again.
    Failed,
    /// One route holds several splits that differ, such as rules of one policy document; its
    /// weights are those that ask for most of Fargate.
    Divided,
}

impl Propagation {
    /// What holds of two routes together: they are in sync once the later one is, and what is
    /// wrong with one is wrong with both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Divided, _) | (_, Self::Divided) => Self::Divided,
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Pending, _) | (_, Self::Pending) => Self::Pending,
            (Self::InSync { since: a }, Self::InSync { since: b }) => {
                Self::InSync { since: a.max(b) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_say_whole_percents_in_hundredths() {
        for (percent, ec2, fargate) in [(0, 100, 0), (1, 99, 1), (25, 75, 25), (100, 0, 100)] {
            assert_eq!(
                WeightPair::for_share(Share::percent(percent), 255),
                WeightPair { ec2, fargate }
            );
        }
    }

    #[test]
    fn every_share_survives_its_weights() {
        for weight_max in [255, 999] {
            for per_mille in 0..=1000 {
                let share = Share::from_per_mille(per_mille).unwrap();
                let pair = WeightPair::for_share(share, weight_max);
                assert!(pair.ec2 <= weight_max && pair.fargate <= weight_max, "{pair:?}");
                let back = pair.share().unwrap();
                // 255 weights cannot say every per mille; the nearest is within one.
                assert!(back.per_mille().abs_diff(per_mille) <= 3, "{share} became {back}");
                assert_eq!(back == Share::ZERO, share == Share::ZERO);
                assert_eq!(back == Share::FULL, share == Share::FULL);
            }
        }
    }

    #[test]
    fn no_weight_at_all_is_no_share() {
        assert_eq!(WeightPair { ec2: 0, fargate: 0 }.share(), None);
    }
}
