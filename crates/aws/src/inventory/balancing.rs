//! Target groups, balancers and rules, as they are described.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use cloud::{Error, ErrorKind, Resource, Result};
use model::inventory::{Balancer, Forward, HealthCheck, Rule, TargetGroup};

use super::{count, seconds};
use crate::batches::{Answers, PAGES_MAX, batches, gather, halving, in_order, too_many_pages};
use crate::clients::{Call, Client, Clients, Question};
use crate::groups::{DESCRIBE_GROUPS, RESOURCES_MAX};
use crate::limits::{Family, Lane};

const GROUP_ATTRIBUTES: &str = "elasticloadbalancing:DescribeTargetGroupAttributes";
const DESCRIBE_BALANCERS: &str = "elasticloadbalancing:DescribeLoadBalancers";
const BALANCER_ATTRIBUTES: &str = "elasticloadbalancing:DescribeLoadBalancerAttributes";
const DESCRIBE_LISTENERS: &str = "elasticloadbalancing:DescribeListeners";
const DESCRIBE_RULES: &str = "elasticloadbalancing:DescribeRules";

fn call(operation: &'static str, question: Question) -> Call {
    Call::new(operation, Family::BalancerReads, question)
}

/// Asks for resources by twenty of an account, halving where one of them is to blame.
async fn by_twenty<'a, T, F>(
    clients: &'a Clients,
    ids: &[Resource],
    operation: &'static str,
    ask: impl Fn(Arc<Client>, Vec<String>) -> F + Copy + 'a,
) -> Vec<Result<T>>
where
    T: Clone,
    F: Future<Output = Result<BTreeMap<String, T>>>,
{
    let asked = batches(ids, |id| Arc::clone(&id.account), RESOURCES_MAX);
    let answers = gather(asked.into_iter().map(|(account, ids)| async move {
        let client = clients.of(&account).await;
        let client = &client;
        halving(ids, |ids| async move {
            let arns = ids.iter().map(|id| id.arn.clone()).collect();
            let mut found = ask(Arc::clone(client), arns).await?;
            let answer = |id: Resource| {
                let it = found.remove(&id.arn).ok_or_else(|| left_out(operation, &id.arn));
                (id, it)
            };
            Ok(ids.into_iter().map(answer).collect::<Answers<Resource, T>>())
        })
        .await
    }))
    .await;
    in_order(ids, &answers, operation)
}

fn left_out(operation: &'static str, arn: &str) -> Error {
    Error::new(ErrorKind::Partial, operation, format!("the answer leaves out {arn}"))
}

pub(super) async fn target_groups(clients: &Clients, ids: &[Resource]) -> Vec<Result<TargetGroup>> {
    let question = clients.question(Lane::Ordinary);
    let mut found = by_twenty(
        clients,
        ids,
        DESCRIBE_GROUPS,
        |client: Arc<Client>, arns: Vec<String>| async move {
            let answer = client.read(call(DESCRIBE_GROUPS, question), || {
                let asked = client.balancers.describe_target_groups();
                asked.set_target_group_arns(Some(arns.clone())).send()
            });
            let groups = answer.await?.target_groups.unwrap_or_default();
            Ok(groups.iter().map(target_group).map(|it| (it.arn.clone(), it)).collect())
        },
    )
    .await;
    let read: BTreeSet<Resource> = known(ids, &found);
    let attributes = gather(read.into_iter().map(|id| async move {
        let client = clients.of(&id.account).await;
        let answer = client.read(call(GROUP_ATTRIBUTES, question), || {
            client.balancers.describe_target_group_attributes().target_group_arn(&id.arn).send()
        });
        let pair =
            |it: &sdk::TargetGroupAttribute| Some((it.key()?.to_owned(), it.value()?.to_owned()));
        let answer = answer.await.map(|it| it.attributes().iter().filter_map(pair).collect());
        Answers::<Resource, BTreeMap<String, String>>::from([(id, answer)])
    }))
    .await;
    for (id, group) in ids.iter().zip(&mut found) {
        add(group, attributes.get(id), |group, attributes| group.attributes = attributes);
    }
    found
}

/// Those that were read.
fn known<T>(ids: &[Resource], found: &[Result<T>]) -> BTreeSet<Resource> {
    let read = ids.iter().zip(found).filter(|(_, answer)| answer.is_ok());
    read.map(|(id, _)| id.clone()).collect()
}

/// Adds attributes to what was read; without them it was not read.
fn add<T>(
    answer: &mut Result<T>,
    attributes: Option<&Result<BTreeMap<String, String>>>,
    put: impl FnOnce(&mut T, BTreeMap<String, String>),
) {
    match (answer.as_mut(), attributes) {
        (Ok(it), Some(Ok(attributes))) => put(it, attributes.clone()),
        (Ok(_), Some(Err(error))) => *answer = Err(error.clone()),
        (Ok(_) | Err(_), None) | (Err(_), Some(_)) => {}
    }
}

fn target_group(found: &sdk::TargetGroup) -> TargetGroup {
    let matcher = found.matcher();
    let code = matcher.and_then(|it| it.http_code().or_else(|| it.grpc_code()));
    TargetGroup {
        arn: found.target_group_arn().unwrap_or_default().to_owned(),
        // The ELBv2 API's own default.
        target_type: found.target_type().map_or("instance", |it| it.as_str()).to_owned(),
        protocol: found.protocol().map(|it| it.as_str().to_owned()),
        health_check: HealthCheck {
            path: found.health_check_path().map(str::to_owned),
            matcher: code.map(str::to_owned),
            interval: seconds(found.health_check_interval_seconds()),
            timeout: seconds(found.health_check_timeout_seconds()),
            healthy: count(found.healthy_threshold_count()),
            unhealthy: count(found.unhealthy_threshold_count()),
        },
        balancers: found.load_balancer_arns().to_vec(),
        attributes: BTreeMap::new(),
    }
}

pub(super) async fn balancers(clients: &Clients, ids: &[Resource]) -> Vec<Result<Balancer>> {
    let question = clients.question(Lane::Ordinary);
    let mut found = by_twenty(
        clients,
        ids,
        DESCRIBE_BALANCERS,
        |client: Arc<Client>, arns: Vec<String>| async move {
            let answer = client.read(call(DESCRIBE_BALANCERS, question), || {
                let asked = client.balancers.describe_load_balancers();
                asked.set_load_balancer_arns(Some(arns.clone())).send()
            });
            let balancers = answer.await?.load_balancers.unwrap_or_default();
            Ok(balancers.iter().map(balancer).map(|it| (it.arn.clone(), it)).collect())
        },
    )
    .await;
    let read = known(ids, &found);
    let attributes = gather(read.into_iter().map(|id| async move {
        let client = clients.of(&id.account).await;
        let answer = client.read(call(BALANCER_ATTRIBUTES, question), || {
            client.balancers.describe_load_balancer_attributes().load_balancer_arn(&id.arn).send()
        });
        let pair =
            |it: &sdk::LoadBalancerAttribute| Some((it.key()?.to_owned(), it.value()?.to_owned()));
        let answer = answer.await.map(|it| it.attributes().iter().filter_map(pair).collect());
        Answers::<Resource, BTreeMap<String, String>>::from([(id, answer)])
    }))
    .await;
    for (id, balancer) in ids.iter().zip(&mut found) {
        add(balancer, attributes.get(id), |it, attributes| it.attributes = attributes);
    }
    found
}

fn balancer(found: &sdk::LoadBalancer) -> Balancer {
    let zones = found.availability_zones().iter().filter_map(|zone| zone.zone_name());
    let state = found.state().and_then(sdk::LoadBalancerState::code);
    Balancer {
        arn: found.load_balancer_arn().unwrap_or_default().to_owned(),
        kind: found.r#type().map_or("application", |it| it.as_str()).to_owned(),
        dns_name: found.dns_name().unwrap_or_default().to_owned(),
        scheme: found.scheme().map(|it| it.as_str().to_owned()),
        state: state.map(|it| it.as_str().to_owned()),
        zones: zones.map(str::to_owned).collect(),
        security_groups: found.security_groups().to_vec(),
        attributes: BTreeMap::new(),
    }
}

pub(super) async fn rules(clients: &Clients, ids: &[Resource]) -> Vec<Result<Rule>> {
    let question = clients.question(Lane::Ordinary);
    let is_listener = |id: &Resource| id.arn.contains(":listener/");
    let (listeners, rules): (Vec<Resource>, Vec<Resource>) =
        ids.iter().cloned().partition(is_listener);
    let of_rules = by_twenty(
        clients,
        &rules,
        DESCRIBE_RULES,
        |client: Arc<Client>, arns: Vec<String>| async move {
            let answer = client.read(call(DESCRIBE_RULES, question), || {
                client.balancers.describe_rules().set_rule_arns(Some(arns.clone())).send()
            });
            let rules = answer.await?.rules.unwrap_or_default();
            Ok(rules.iter().map(rule).map(|it| (it.arn.clone(), it)).collect())
        },
    )
    .await;
    let of_listeners = by_twenty(
        clients,
        &listeners,
        DESCRIBE_LISTENERS,
        |client: Arc<Client>, arns: Vec<String>| async move {
            let answer = client.read(call(DESCRIBE_LISTENERS, question), || {
                client.balancers.describe_listeners().set_listener_arns(Some(arns.clone())).send()
            });
            let listeners = answer.await?.listeners.unwrap_or_default();
            Ok(listeners.iter().map(default_action).map(|it| (it.arn.clone(), it)).collect())
        },
    )
    .await;
    let mut answers: Answers<Resource, Rule> = rules.into_iter().zip(of_rules).collect();
    answers.extend(listeners.into_iter().zip(of_listeners));
    in_order(ids, &answers, DESCRIBE_RULES)
}

/// All rules of all listeners; a default rule goes by the ARN of its listener, through which it is
/// changed.
pub(super) async fn rules_of(
    client: &Client,
    question: Question,
    balancer: &str,
) -> Result<Vec<Rule>> {
    let mut listeners = Vec::new();
    let mut marker = None;
    for _ in 0..PAGES_MAX {
        let page = client.read(call(DESCRIBE_LISTENERS, question), || {
            let asked = client.balancers.describe_listeners().load_balancer_arn(balancer);
            asked.set_marker(marker.clone()).send()
        });
        let page = page.await?;
        listeners.extend(page.listeners.unwrap_or_default());
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    if marker.is_some() {
        return Err(too_many_pages(DESCRIBE_LISTENERS));
    }
    let mut all = Vec::new();
    for listener in &listeners {
        all.push(default_action(listener));
        if let Some(arn) = listener.listener_arn() {
            all.extend(rules_behind(client, question, arn).await?);
        }
    }
    Ok(all)
}

/// The rules of a listener but for the default one.
async fn rules_behind(client: &Client, question: Question, listener: &str) -> Result<Vec<Rule>> {
    let (mut rules, mut marker) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = client.read(call(DESCRIBE_RULES, question), || {
            let asked = client.balancers.describe_rules().listener_arn(listener);
            asked.set_marker(marker.clone()).send()
        });
        let page = page.await?;
        let found = page.rules.unwrap_or_default();
        rules.extend(found.iter().map(rule).filter(|rule| !rule.is_default));
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(rules);
        }
    }
    Err(too_many_pages(DESCRIBE_RULES))
}

fn rule(found: &sdk::Rule) -> Rule {
    let arn = found.rule_arn().unwrap_or_default().to_owned();
    actions(arn, found.is_default().unwrap_or(false), found.actions())
}

fn default_action(found: &sdk::Listener) -> Rule {
    let arn = found.listener_arn().unwrap_or_default().to_owned();
    actions(arn, true, found.default_actions())
}

fn actions(arn: String, is_default: bool, actions: &[sdk::Action]) -> Rule {
    let mut rule =
        Rule { arn, is_default, forwards: Vec::new(), stickiness: None, other_actions: Vec::new() };
    for action in actions {
        match action.r#type() {
            Some(sdk::ActionTypeEnum::Forward) => {
                rule.forwards = forwards(action);
                let sticky =
                    action.forward_config().and_then(|it| it.target_group_stickiness_config());
                let sticky = sticky.filter(|it| it.enabled().unwrap_or(false));
                rule.stickiness = sticky.and_then(|it| seconds(it.duration_seconds()));
            }
            Some(other) => rule.other_actions.push(other.as_str().to_owned()),
            None => {}
        }
    }
    rule
}

fn forwards(action: &sdk::Action) -> Vec<Forward> {
    let tuples = action.forward_config().map_or(&[][..], |it| it.target_groups());
    let all = tuples.iter().filter_map(|tuple| {
        let group = tuple.target_group_arn()?.to_owned();
        Some(Forward { group, weight: count(tuple.weight()).unwrap_or(1) })
    });
    let all: Vec<Forward> = all.collect();
    if all.is_empty() {
        let lone = action.target_group_arn();
        return lone.map(|arn| Forward { group: arn.to_owned(), weight: 1 }).into_iter().collect();
    }
    all
}
