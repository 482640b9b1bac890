//! Hosted zones, record sets and Traffic Flow.

use crate::Span;

/// A hosted zone (`ListHostedZones`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedZone {
    /// Its id, without `/hostedzone/`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it answers within VPCs only.
    pub is_private: bool,
}

/// A record set (`ListResourceRecordSets`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSet {
    /// Its name.
    pub name: String,
    /// Such as `A`.
    pub record_type: String,
    /// What tells records of one name and type apart.
    pub set_identifier: Option<String>,
    /// By what it is chosen among them.
    pub routing: Routing,
    /// How long an answer may be kept; aliases have none of their own.
    pub ttl: Option<Span>,
    /// The resource whose answers it gives.
    pub alias: Option<Alias>,
    /// Its values where it is no alias.
    pub values: Vec<String>,
    /// A health check that it goes by.
    pub health_check: Option<String>,
    /// The policy instance that made it.
    pub policy_instance: Option<String>,
}

impl RecordSet {
    /// What it points at: the alias, or its values.
    pub fn points_at(&self) -> impl Iterator<Item = &str> {
        let alias = self.alias.iter().map(|alias| alias.dns_name.as_str());
        alias.chain(self.values.iter().map(String::as_str))
    }
}

/// By what a record is chosen among those of its name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// It is the only one.
    Simple,
    /// By weight, 0 to 255.
    Weighted(u32),
    /// By something else, such as `geolocation` or `failover`.
    Other(String),
}

/// The resource whose answers a record gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Its domain name.
    pub dns_name: String,
    /// Whether the record counts as unhealthy when the resource is.
    pub evaluate_target_health: bool,
}

/// A policy instance of Traffic Flow with the document it follows (`ListTrafficPolicyInstances`,
/// `GetTrafficPolicy`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInstance {
    /// Its id.
    pub id: String,
    /// The zone its records are in.
    pub zone: String,
    /// The name of its records.
    pub name: String,
    /// Their type.
    pub record_type: String,
    /// The policy.
    pub policy: String,
    /// The version of the policy, 1 to 1,000.
    pub version: u32,
    /// How long answers may be kept.
    pub ttl: Span,
    /// `Applied`, `Creating`, `Failed` or another word.
    pub state: String,
    /// What AWS says beside it.
    pub message: String,
    /// The document of that version: JSON text.
    pub document: super::Found<String>,
}
