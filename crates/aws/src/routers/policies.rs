//! Traffic Flow: the calls that [`cloud::traffic_flow`] is made of.
//!
//! To look at several instances of an account, all of its instances are listed, 100 a call, unless
//! those were more calls the last time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_route53::types as sdk;
use cloud::traffic_flow::{self, PolicyInstance, PolicyVersion, TrafficFlow};
use cloud::{Applied, Error, ErrorKind, Result, Shift};
use model::Span;
use model::route::{Routes, Split};
use model::spec::Aws;

use super::{Fates, Placed};
use crate::batches::{PAGES_MAX, gather, too_many_pages};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::{Family, locked};

const GET_INSTANCE: &str = "route53:GetTrafficPolicyInstance";
const LIST_INSTANCES: &str = "route53:ListTrafficPolicyInstances";
const GET_VERSION: &str = "route53:GetTrafficPolicy";
const LIST_VERSIONS: &str = "route53:ListTrafficPolicyVersions";
const LIST_USERS: &str = "route53:ListTrafficPolicyInstancesByPolicy";
const CREATE_VERSION: &str = "route53:CreateTrafficPolicyVersion";
const UPDATE_INSTANCE: &str = "route53:UpdateTrafficPolicyInstance";
const DELETE_VERSION: &str = "route53:DeleteTrafficPolicy";

/// Policy instances of all accounts.
pub(super) struct Policies {
    clients: Arc<Clients>,
    /// Versions that were read: they never change.
    versions: Mutex<BTreeMap<Version, PolicyVersion>>,
    /// How many pages the instances of an account were when last listed.
    pages: Mutex<BTreeMap<Arc<Aws>, usize>>,
}

/// Instances by their ids.
type Instances = BTreeMap<String, PolicyInstance>;

/// A version by account, policy and number.
type Version = (Arc<Aws>, String, u32);

impl Policies {
    pub(super) fn new(clients: Arc<Clients>) -> Self {
        Self { clients, versions: Mutex::default(), pages: Mutex::default() }
    }

    pub(super) async fn observe(
        &self,
        migrations: &[Placed<'_, Routes>],
        question: Question,
    ) -> Fates<Split> {
        let mut accounts: BTreeMap<&Arc<Aws>, Vec<Placed<'_, Routes>>> = BTreeMap::new();
        for (place, migration) in migrations {
            accounts.entry(&migration.account).or_default().push((*place, migration));
        }
        let mut asked = Vec::with_capacity(accounts.len());
        for (account, migrations) in accounts {
            asked.push(self.look(account, migrations, question));
        }
        gather(asked).await
    }

    /// The migrations of one account.
    async fn look(
        &self,
        account: &Arc<Aws>,
        migrations: Vec<Placed<'_, Routes>>,
        question: Question,
    ) -> Fates<Split> {
        let mut calls = self.calls(account, question).await;
        let wanted: usize = migrations.iter().map(|(_, it)| it.routes.len()).sum();
        let pages = locked(&self.pages).get(account).copied().unwrap_or(1);
        if wanted > 1 && pages <= wanted {
            match calls.list_instances().await {
                Ok((listed, pages)) => {
                    locked(&self.pages).insert(Arc::clone(account), pages);
                    calls.listed = listed;
                }
                Err(error) => {
                    let failed = |(place, _): &Placed<'_, Routes>| (*place, Err(error.clone()));
                    return migrations.iter().map(failed).collect();
                }
            }
        }
        let mut fates = Fates::new();
        for (place, migration) in migrations {
            fates.insert(place, traffic_flow::observe(&calls, &migration.routes).await);
        }
        fates
    }

    /// Makes shifts one after the other: those that share a policy share its versions.
    pub(super) async fn set(
        &self,
        shifts: &[Placed<'_, Shift>],
        question: Question,
    ) -> Fates<Applied> {
        let mut fates = Fates::new();
        for (place, shift) in shifts {
            let calls = self.calls(&shift.account, question).await;
            fates.insert(*place, traffic_flow::set(&calls, shift).await);
        }
        fates
    }

    async fn calls(&self, account: &Arc<Aws>, question: Question) -> Calls<'_> {
        let client = self.clients.of(account).await;
        Calls {
            policies: self,
            account: Arc::clone(account),
            client,
            question,
            listed: Instances::new(),
        }
    }

    fn remember(&self, account: &Arc<Aws>, policy: &str, version: &PolicyVersion) {
        let key = (Arc::clone(account), policy.to_owned(), version.number);
        let mut versions = locked(&self.versions);
        versions.insert(key, version.clone());
    }

    fn remembered(&self, account: &Arc<Aws>, policy: &str, number: u32) -> Option<PolicyVersion> {
        let key = (Arc::clone(account), policy.to_owned(), number);
        locked(&self.versions).get(&key).cloned()
    }
}

/// The calls of one account, for one question.
struct Calls<'a> {
    policies: &'a Policies,
    account: Arc<Aws>,
    client: Arc<Client>,
    question: Question,
    /// Instances that were listed for this question.
    listed: Instances,
}

impl Calls<'_> {
    const fn call(&self, operation: &'static str) -> Call {
        Call::new(operation, Family::Dns, self.question)
    }

    /// All instances of the account, with the number of pages they took.
    async fn list_instances(&self) -> Result<(Instances, usize)> {
        let mut listed = Instances::new();
        let (mut zone, mut name, mut kind) = (None, None, None);
        let dns = &self.client.dns;
        for pages in 1..=PAGES_MAX {
            let page = self.client.read(self.call(LIST_INSTANCES), || {
                let asked = dns.list_traffic_policy_instances();
                let asked = asked.set_hosted_zone_id_marker(zone.clone());
                let asked = asked.set_traffic_policy_instance_name_marker(name.clone());
                asked.set_traffic_policy_instance_type_marker(kind.clone()).send()
            });
            let page = page.await?;
            for found in page.traffic_policy_instances {
                let found = instance(LIST_INSTANCES, Some(found))?;
                listed.insert(found.id.clone(), found);
            }
            if !page.is_truncated {
                return Ok((listed, pages));
            }
            zone = page.hosted_zone_id_marker;
            name = page.traffic_policy_instance_name_marker;
            kind = page.traffic_policy_instance_type_marker;
        }
        Err(too_many_pages(LIST_INSTANCES))
    }

    /// A version as it was read, remembered from now on.
    fn take(
        &self,
        operation: &'static str,
        policy: Option<sdk::TrafficPolicy>,
    ) -> Result<PolicyVersion> {
        let policy = policy.ok_or_else(|| incomplete(operation, "policy"))?;
        let version = PolicyVersion {
            number: number_of(operation, policy.version)?,
            document: policy.document,
            comment: policy.comment.unwrap_or_default(),
        };
        self.policies.remember(&self.account, &policy.id, &version);
        Ok(version)
    }
}

#[async_trait]
impl TrafficFlow for Calls<'_> {
    async fn instance(&self, id: &str) -> Result<PolicyInstance> {
        if let Some(listed) = self.listed.get(id) {
            return Ok(listed.clone());
        }
        let dns = &self.client.dns;
        let answer = self
            .client
            .read(self.call(GET_INSTANCE), || dns.get_traffic_policy_instance().id(id).send())
            .await?;
        instance(GET_INSTANCE, answer.traffic_policy_instance)
    }

    async fn version(&self, policy: &str, number: u32) -> Result<PolicyVersion> {
        if let Some(known) = self.policies.remembered(&self.account, policy, number) {
            return Ok(known);
        }
        let wire = wire_number(GET_VERSION, number)?;
        let dns = &self.client.dns;
        let answer = self
            .client
            .read(self.call(GET_VERSION), || {
                dns.get_traffic_policy().id(policy).version(wire).send()
            })
            .await?;
        self.take(GET_VERSION, answer.traffic_policy)
    }

    async fn versions(&self, policy: &str) -> Result<Vec<PolicyVersion>> {
        let mut versions = Vec::new();
        let mut marker: Option<String> = None;
        let dns = &self.client.dns;
        for _ in 0..PAGES_MAX {
            let page = self.client.read(self.call(LIST_VERSIONS), || {
                let asked = dns.list_traffic_policy_versions().id(policy);
                asked.set_traffic_policy_version_marker(marker.clone()).send()
            });
            let page = page.await?;
            for policy in page.traffic_policies {
                versions.push(self.take(LIST_VERSIONS, Some(policy))?);
            }
            if !page.is_truncated {
                return Ok(versions);
            }
            marker = Some(page.traffic_policy_version_marker);
        }
        Err(too_many_pages(LIST_VERSIONS))
    }

    async fn users(&self, policy: &str, number: u32) -> Result<Vec<String>> {
        let wire = wire_number(LIST_USERS, number)?;
        let mut users = Vec::new();
        let (mut zone, mut name, mut kind) = (None, None, None);
        let dns = &self.client.dns;
        for _ in 0..PAGES_MAX {
            let page = self.client.read(self.call(LIST_USERS), || {
                let asked = dns.list_traffic_policy_instances_by_policy();
                let asked = asked.traffic_policy_id(policy).traffic_policy_version(wire);
                let asked = asked.set_hosted_zone_id_marker(zone.clone());
                let asked = asked.set_traffic_policy_instance_name_marker(name.clone());
                asked.set_traffic_policy_instance_type_marker(kind.clone()).send()
            });
            let page = page.await?;
            users.extend(page.traffic_policy_instances.into_iter().map(|instance| instance.id));
            if !page.is_truncated {
                return Ok(users);
            }
            zone = page.hosted_zone_id_marker;
            name = page.traffic_policy_instance_name_marker;
            kind = page.traffic_policy_instance_type_marker;
        }
        Err(too_many_pages(LIST_USERS))
    }

    async fn create_version(
        &self,
        policy: &str,
        document: &str,
        comment: &str,
    ) -> Result<PolicyVersion> {
        let dns = &self.client.dns;
        let answer = self.client.write(self.call(CREATE_VERSION), || {
            let sent = dns.create_traffic_policy_version().id(policy);
            sent.document(document).comment(comment).send()
        });
        let made = answer.await?.traffic_policy;
        // It was made, whatever the answer lacks.
        self.take(CREATE_VERSION, made).map_err(unknown)
    }

    async fn update_instance(&self, of: &PolicyInstance, number: u32) -> Result<PolicyInstance> {
        let wire = wire_number(UPDATE_INSTANCE, number)?;
        let ttl = i64::try_from(of.ttl.as_secs()).unwrap_or(i64::MAX);
        let dns = &self.client.dns;
        let answer = self.client.write(self.call(UPDATE_INSTANCE), || {
            let sent = dns.update_traffic_policy_instance().id(&of.id).ttl(ttl);
            sent.traffic_policy_id(&of.policy).traffic_policy_version(wire).send()
        });
        instance(UPDATE_INSTANCE, answer.await?.traffic_policy_instance).map_err(unknown)
    }

    async fn delete_version(&self, policy: &str, number: u32) -> Result<()> {
        let wire = wire_number(DELETE_VERSION, number)?;
        let dns = &self.client.dns;
        let answer = self.client.write(self.call(DELETE_VERSION), || {
            dns.delete_traffic_policy().id(policy).version(wire).send()
        });
        answer.await.map(drop)
    }
}

fn instance(
    operation: &'static str,
    instance: Option<sdk::TrafficPolicyInstance>,
) -> Result<PolicyInstance> {
    let instance = instance.ok_or_else(|| incomplete(operation, "instance"))?;
    let ttl = u64::try_from(instance.ttl).map_err(|_| incomplete(operation, "TTL"))?;
    Ok(PolicyInstance {
        id: instance.id,
        policy: instance.traffic_policy_id,
        version: number_of(operation, instance.traffic_policy_version)?,
        ttl: Span::from_secs(ttl),
        state: instance.state,
        message: instance.message,
    })
}

fn number_of(operation: &'static str, version: i32) -> Result<u32> {
    u32::try_from(version).map_err(|_| incomplete(operation, "version"))
}

fn wire_number(operation: &'static str, number: u32) -> Result<i32> {
    i32::try_from(number).map_err(|_| {
        Error::new(ErrorKind::Invalid, operation, format!("there is no version {number}"))
    })
}

fn incomplete(operation: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Partial, operation, format!("the answer has no {what}"))
}

/// The error of a write whose answer says too little.
fn unknown(error: Error) -> Error {
    Error { kind: ErrorKind::OutcomeUnknown, ..error }
}
