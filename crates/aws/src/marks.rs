//! Marks of ownership: tags, and TXT records where Route 53 keeps no tags.
//!
//! ```text
//! services          DescribeServices with tags, ten of one cluster a call ─► TagResource
//! rules             DescribeTags, 20 a call                               ─► AddTags
//! records           the TXT record `_ferry.NAME`, 300 records a call      ─► DELETE and CREATE
//! policy instances  the same beside the name of the instance, which is asked for once
//! ```
//!
//! Tags take no condition: read, compare, write. The TXT record takes one.

mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_ecs::types as ecs;
use aws_sdk_elasticloadbalancingv2::types as balancing;
use cloud::{Error, ErrorKind, Marks, Result, Thing};
use model::ownership::MARK_KEY;
use model::route::{Route, ServiceId};
use model::spec::Aws;

use crate::batches::{Answers, batches, gather, halving, in_order};
use crate::clients::{Call, Client, Clients, Question};
use crate::groups::RESOURCES_MAX;
use crate::limits::{Family, Lane, locked};
use crate::routers::zone;
use crate::services::{self, DESCRIBE_SERVICES, SERVICES_MAX};

use texts::Text;

const TAG_SERVICE: &str = "ecs:TagResource";
const UNTAG_SERVICE: &str = "ecs:UntagResource";
const DESCRIBE_TAGS: &str = "elasticloadbalancing:DescribeTags";
const ADD_TAGS: &str = "elasticloadbalancing:AddTags";
const REMOVE_TAGS: &str = "elasticloadbalancing:RemoveTags";
const GET_INSTANCE: &str = "route53:GetTrafficPolicyInstance";

/// [`Marks`] over ECS, Elastic Load Balancing and Route 53.
pub(crate) struct Tags {
    clients: Arc<Clients>,
    /// Where policy instances stand: neither zone nor name of one ever changes.
    instances: Mutex<BTreeMap<(Arc<Aws>, String), Text>>,
}

/// What is asked about, by where its mark is kept.
#[derive(Default)]
struct Kept {
    services: Vec<ServiceId>,
    rules: Vec<(Arc<Aws>, String)>,
    instances: Vec<(Arc<Aws>, String)>,
    texts: Vec<(Arc<Aws>, Text)>,
}

impl Kept {
    fn of(things: &[Thing]) -> Self {
        let mut kept = Self::default();
        for thing in things {
            match thing {
                Thing::Service(id) => kept.services.push(id.clone()),
                Thing::Route { account, route } => {
                    let account = Arc::clone(account);
                    match route {
                        Route::AlbRule { rule, .. } => kept.rules.push((account, rule.clone())),
                        Route::TrafficPolicyInstance { id, .. } => {
                            kept.instances.push((account, id.clone()));
                        }
                        Route::Route53Record { zone, name, .. } => {
                            kept.texts.push((account, Text::beside(zone, name)));
                        }
                    }
                }
            }
        }
        kept
    }
}

impl Tags {
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self { clients, instances: Mutex::default() }
    }

    async fn services(&self, ids: &[ServiceId], question: Question) -> Answers<ServiceId, Tagged> {
        let cluster = |id: &ServiceId| (Arc::clone(&id.account), id.cluster.clone());
        let asked = batches(ids, cluster, SERVICES_MAX);
        let described = gather(asked.into_iter().map(|((account, _), ids)| async move {
            let client = self.clients.of(&account).await;
            services::describe(&client, question, &ids, Some(ecs::ServiceField::Tags)).await
        }));
        let tagged = |(id, service): (ServiceId, Result<ecs::Service>)| {
            let tagged = service.and_then(|service| of_service(&id, &service));
            (id, tagged)
        };
        described.await.into_iter().map(tagged).collect()
    }

    async fn rules(
        &self,
        keys: &[(Arc<Aws>, String)],
        question: Question,
    ) -> Answers<(Arc<Aws>, String), Tagged> {
        let asked = batches(keys, |(account, _)| Arc::clone(account), RESOURCES_MAX);
        gather(asked.into_iter().map(|(account, keys)| async move {
            let client = self.clients.of(&account).await;
            let client = &client;
            halving(keys, |keys| describe_tags(client, keys, question)).await
        }))
        .await
    }

    /// Where the marks of policy instances are, those not known yet asked for one by one.
    async fn instances(
        &self,
        keys: &[(Arc<Aws>, String)],
        question: Question,
    ) -> Answers<(Arc<Aws>, String), Text> {
        let keys: BTreeSet<(Arc<Aws>, String)> = keys.iter().cloned().collect();
        gather(keys.into_iter().map(|key| async move {
            let known = locked(&self.instances).get(&key).cloned();
            let text = match known {
                Some(text) => Ok(text),
                None => self.find(&key, question).await,
            };
            Answers::from([(key, text)])
        }))
        .await
    }

    async fn find(&self, key: &(Arc<Aws>, String), question: Question) -> Result<Text> {
        let (account, id) = key;
        let client = self.clients.of(account).await;
        let call = Call::new(GET_INSTANCE, Family::Dns, question);
        let answer =
            client.read(call, || client.dns.get_traffic_policy_instance().id(id).send()).await?;
        let found = answer.traffic_policy_instance.ok_or_else(|| {
            Error::new(ErrorKind::Partial, GET_INSTANCE, "the answer has no instance")
        })?;
        let text = Text::beside(&found.hosted_zone_id, &found.name);
        locked(&self.instances).insert(key.clone(), text.clone());
        Ok(text)
    }
}

#[async_trait]
impl Marks for Tags {
    async fn marks(&self, things: &[Thing]) -> Vec<Result<Option<String>>> {
        let question = self.clients.question(Lane::Ordinary);
        let Kept { services, rules, instances, mut texts } = Kept::of(things);
        let instances = self.instances(&instances, question).await;
        for ((account, _), text) in &instances {
            texts.extend(text.as_ref().ok().map(|text| (Arc::clone(account), text.clone())));
        }
        let (services, rules, texts) = futures::join!(
            self.services(&services, question),
            self.rules(&rules, question),
            texts::read(&self.clients, &texts, question),
        );
        let of_text = |account: &Arc<Aws>, text: &Text| {
            let record = one(&texts, &(Arc::clone(account), text.clone()), zone::LIST)?;
            Ok(record.as_ref().and_then(texts::mark))
        };
        let mark = |thing: &Thing| match thing {
            Thing::Service(id) => one(&services, id, DESCRIBE_SERVICES).map(|it| it.mark),
            Thing::Route { account, route } => match route {
                Route::AlbRule { rule, .. } => {
                    let key = (Arc::clone(account), rule.clone());
                    one(&rules, &key, DESCRIBE_TAGS).map(|it| it.mark)
                }
                Route::TrafficPolicyInstance { id, .. } => {
                    let key = (Arc::clone(account), id.clone());
                    of_text(account, &one(&instances, &key, GET_INSTANCE)?)
                }
                Route::Route53Record { zone, name, .. } => {
                    of_text(account, &Text::beside(zone, name))
                }
            },
        };
        things.iter().map(mark).collect()
    }

    async fn set_mark(
        &self,
        thing: &Thing,
        expected: Option<&str>,
        mark: Option<&str>,
    ) -> Result<()> {
        let question = self.clients.question(Lane::Ordinary);
        let account = match thing {
            Thing::Service(id) => &id.account,
            Thing::Route { account, .. } => account,
        };
        let client = self.clients.of(account).await;
        let change = Change { thing, expected, mark };
        match thing {
            Thing::Service(id) => {
                let answers = self.services(std::slice::from_ref(id), question).await;
                let live = one(&answers, id, DESCRIBE_SERVICES)?;
                change.tag_service(&client, &live, question).await
            }
            Thing::Route { route: Route::AlbRule { rule, .. }, .. } => {
                let key = (Arc::clone(account), rule.clone());
                let answers = self.rules(std::slice::from_ref(&key), question).await;
                let live = one(&answers, &key, DESCRIBE_TAGS)?;
                change.tag_rule(&client, &live, question).await
            }
            Thing::Route { route: Route::TrafficPolicyInstance { id, .. }, .. } => {
                let key = (Arc::clone(account), id.clone());
                let answers = self.instances(std::slice::from_ref(&key), question).await;
                let text = one(&answers, &key, GET_INSTANCE)?;
                change.write_text(&self.clients, account, &text, question).await
            }
            Thing::Route { route: Route::Route53Record { zone, name, .. }, .. } => {
                let text = Text::beside(zone, name);
                change.write_text(&self.clients, account, &text, question).await
            }
        }
    }
}

fn one<K: Ord, T: Clone>(answers: &Answers<K, T>, key: &K, operation: &'static str) -> Result<T> {
    let mut found = in_order(std::slice::from_ref(key), answers, operation);
    found.pop().unwrap_or_else(|| {
        Err(Error::new(ErrorKind::Partial, operation, "the answer leaves it out"))
    })
}

/// What carries tags, with the one that is a mark.
#[derive(Debug, Clone)]
struct Tagged {
    arn: String,
    mark: Option<String>,
}

fn of_service(id: &ServiceId, service: &ecs::Service) -> Result<Tagged> {
    let arn = service.service_arn().ok_or_else(|| {
        let message = format!("the answer has no ARN of {id}");
        Error::new(ErrorKind::Partial, DESCRIBE_SERVICES, message)
    })?;
    let mark = service.tags().iter().find(|tag| tag.key() == Some(MARK_KEY));
    let mark = mark.map(|tag| tag.value().unwrap_or_default().to_owned());
    Ok(Tagged { arn: arn.to_owned(), mark })
}

async fn describe_tags(
    client: &Client,
    keys: Vec<(Arc<Aws>, String)>,
    question: Question,
) -> Result<Answers<(Arc<Aws>, String), Tagged>> {
    let arns: Vec<String> = keys.iter().map(|(_, arn)| arn.clone()).collect();
    let call = Call::new(DESCRIBE_TAGS, Family::BalancerReads, question);
    let answer = client.read(call, || {
        client.balancers.describe_tags().set_resource_arns(Some(arns.clone())).send()
    });
    let mut marks: BTreeMap<String, Option<String>> = BTreeMap::new();
    for described in answer.await?.tag_descriptions.unwrap_or_default() {
        let mark = described.tags().iter().find(|tag| tag.key() == Some(MARK_KEY));
        let mark = mark.map(|tag| tag.value().unwrap_or_default().to_owned());
        marks.insert(described.resource_arn.unwrap_or_default(), mark);
    }
    let answered = keys.into_iter().map(|key| {
        let tagged = match marks.remove(&key.1) {
            Some(mark) => Ok(Tagged { arn: key.1.clone(), mark }),
            None => {
                let message = format!("the answer leaves out {}", key.1);
                Err(Error::new(ErrorKind::Partial, DESCRIBE_TAGS, message))
            }
        };
        (key, tagged)
    });
    Ok(answered.collect())
}

/// A change of a mark.
struct Change<'a> {
    thing: &'a Thing,
    expected: Option<&'a str>,
    mark: Option<&'a str>,
}

impl Change<'_> {
    /// Whether there is anything to write.
    fn is_open(&self, live: Option<&str>, operation: &'static str) -> Result<bool> {
        if live == self.mark {
            return Ok(false);
        }
        if live == self.expected {
            return Ok(true);
        }
        let message = format!("the {} is marked as {}'s", self.thing, live.unwrap_or("nobody"));
        Err(Error::new(ErrorKind::Conflict, operation, message))
    }

    async fn tag_service(&self, client: &Client, live: &Tagged, question: Question) -> Result<()> {
        if !self.is_open(live.mark.as_deref(), TAG_SERVICE)? {
            return Ok(());
        }
        let Some(mark) = self.mark else {
            let call = Call::new(UNTAG_SERVICE, Family::ServiceWrites, question);
            let sent = client.ecs.untag_resource().resource_arn(&live.arn).tag_keys(MARK_KEY);
            return client.write(call, || sent.send()).await.map(drop);
        };
        let tag = ecs::Tag::builder().key(MARK_KEY).value(mark).build();
        let call = Call::new(TAG_SERVICE, Family::ServiceWrites, question);
        let sent = client.ecs.tag_resource().resource_arn(&live.arn).tags(tag);
        client.write(call, || sent.send()).await.map(drop)
    }

    async fn tag_rule(&self, client: &Client, live: &Tagged, question: Question) -> Result<()> {
        if !self.is_open(live.mark.as_deref(), ADD_TAGS)? {
            return Ok(());
        }
        let Some(mark) = self.mark else {
            let call = Call::new(REMOVE_TAGS, Family::BalancerWrites, question);
            let sent = client.balancers.remove_tags().resource_arns(&live.arn).tag_keys(MARK_KEY);
            return client.write(call, || sent.send()).await.map(drop);
        };
        let tag = balancing::Tag::builder().key(MARK_KEY).value(mark).build();
        let call = Call::new(ADD_TAGS, Family::BalancerWrites, question);
        let sent = client.balancers.add_tags().resource_arns(&live.arn).tags(tag);
        client.write(call, || sent.send()).await.map(drop)
    }

    async fn write_text(
        &self,
        clients: &Clients,
        account: &Arc<Aws>,
        text: &Text,
        question: Question,
    ) -> Result<()> {
        let key = (Arc::clone(account), text.clone());
        let answers = texts::read(clients, std::slice::from_ref(&key), question).await;
        let live = one(&answers, &key, texts::CHANGE)?;
        let marked = live.as_ref().and_then(texts::mark);
        if !self.is_open(marked.as_deref(), texts::CHANGE)? {
            return Ok(());
        }
        let client = clients.of(account).await;
        texts::write(&client, text, live.as_ref(), self.mark, question).await
    }
}
