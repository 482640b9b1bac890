//! What turns a share into weights.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Aws;
use super::tagged::tagged;

/// What turns a share into weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Router {
    /// A weighted rule of Route 53 Traffic Flow policies.
    Route53TrafficPolicy(Route53TrafficPolicy),
    /// Route 53 weighted records.
    Route53Weighted(Route53Weighted),
    /// Weighted target groups of an application load balancer.
    AlbWeighted(AlbWeighted),
}

tagged!(Router, "type", "a router with a `type`", {
    "route53TrafficPolicy" => Route53TrafficPolicy: Route53TrafficPolicy => Router::Route53TrafficPolicy,
    "route53Weighted" => Route53Weighted: Route53Weighted => Router::Route53Weighted,
    "albWeighted" => AlbWeighted: AlbWeighted => Router::AlbWeighted,
});

impl Router {
    /// The word in files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Route53TrafficPolicy(_) => "route53TrafficPolicy",
            Self::Route53Weighted(_) => "route53Weighted",
            Self::AlbWeighted(_) => "albWeighted",
        }
    }

    /// Whether clients follow it through DNS: slowly, and not each by the same chance.
    #[must_use]
    pub const fn is_dns(&self) -> bool {
        match self {
            Self::Route53TrafficPolicy(_) | Self::Route53Weighted(_) => true,
            Self::AlbWeighted(_) => false,
        }
    }

    /// The account its zone or balancer lives in; `None`: that of the migration.
    #[must_use]
    pub const fn account(&self) -> Option<&RouterAccount> {
        match self {
            Self::Route53TrafficPolicy(router) => router.aws.as_ref(),
            Self::Route53Weighted(router) => router.aws.as_ref(),
            Self::AlbWeighted(router) => router.aws.as_ref(),
        }
    }

    /// Where its zone or balancer is, for a migration that is in `own`.
    #[must_use]
    pub fn place(&self, own: &Arc<Aws>) -> Arc<Aws> {
        let Some(other) = self.account() else { return Arc::clone(own) };
        let region = other.region.clone().unwrap_or_else(|| own.region.clone());
        let role = other.assume_role_arn.clone().or_else(|| own.assume_role_arn.clone());
        Arc::new(Aws { region, assume_role_arn: role })
    }
}

/// Another account for the router; a field left out is as in `spec.aws`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouterAccount {
    /// Such as `us-east-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The role Ferry assumes there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_arn: Option<String>,
}

/// Traffic Flow: a new policy version for each share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route53TrafficPolicy {
    /// The account of the hosted zone; absent or null: that of the migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<RouterAccount>,
    /// The policy instances, which move together; at least one.
    pub instances: Vec<TrafficPolicyInstance>,
    /// The endpoint in the policy document that is EC2.
    pub ec2_endpoint: String,
    /// The endpoint in the policy document that is Fargate.
    pub fargate_endpoint: String,
}

/// One traffic policy instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrafficPolicyInstance {
    /// Its id.
    pub id: String,
}

/// Weighted records: one record per side under each name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route53Weighted {
    /// The account of the hosted zone; absent or null: that of the migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<RouterAccount>,
    /// The hosted zone.
    pub hosted_zone_id: String,
    /// The records, which move together; at least one.
    pub records: Vec<Record>,
    /// The set identifier of EC2's records.
    pub ec2_set_identifier: String,
    /// The set identifier of Fargate's records.
    pub fargate_set_identifier: String,
}

/// A name and type that has one weighted record per side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The domain name, with or without the final dot.
    pub name: String,
    /// The record type.
    #[serde(rename = "type")]
    pub record_type: RecordType,
}

/// The record types that carry weights here.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum RecordType {
    /// IPv4 addresses, or an alias to a balancer.
    A,
    /// IPv6 addresses, or an alias to a balancer.
    #[serde(rename = "AAAA")]
    Aaaa,
    /// Another name.
    #[serde(rename = "CNAME")]
    Cname,
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        })
    }
}

/// Weighted target groups in the forward actions of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlbWeighted {
    /// The account of the balancer; absent or null: that of the migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<RouterAccount>,
    /// Listener rules, or listeners for their default action; they move together; at least one.
    pub rule_arns: Vec<String>,
    /// EC2's target group.
    pub ec2_target_group_arn: String,
    /// Fargate's target group.
    pub fargate_target_group_arn: String,
}
