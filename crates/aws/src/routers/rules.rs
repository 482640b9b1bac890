//! Listener rules that forward to two weighted groups.
//!
//! ```text
//! set   read the rule ─► as expected? ─► ModifyRule with all its actions, two weights changed
//!       ─► the answer shows the weights
//! ```
//!
//! The default rule of a listener is changed through the listener: ModifyListener. A listener's ARN
//! stands for it as well, and is read with DescribeListeners.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types::{Action, Rule};
use cloud::{Applied, Asked, Error, ErrorKind, Result, Shift};
use model::route::{Propagation, Route, Routes, Split, Sticky, WeightPair, Weights};
use model::spec::Aws;

use super::forward::{self, Groups, Wanted};
use super::{Fates, Parts, Placed};
use crate::batches::{Answers, batches, gather, halving};
use crate::clients::{Call, Client, Clients, Question};
use crate::groups::RESOURCES_MAX;
use crate::limits::Family;

const DESCRIBE: &str = "elasticloadbalancing:DescribeRules";
const DESCRIBE_LISTENERS: &str = "elasticloadbalancing:DescribeListeners";
const MODIFY: &str = "elasticloadbalancing:ModifyRule";
const MODIFY_LISTENER: &str = "elasticloadbalancing:ModifyListener";

/// Listener rules of all balancers.
pub(super) struct Rules {
    clients: Arc<Clients>,
}

/// A rule by account and ARN.
type Key = (Arc<Aws>, String);

/// A rule that is to hold other weights.
struct Edit<'a> {
    rule: Rule,
    arn: &'a str,
    groups: Groups<'a>,
    wanted: Wanted,
}

impl Rules {
    pub(super) fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }

    pub(super) async fn observe(
        &self,
        migrations: &[Placed<'_, Routes>],
        question: Question,
    ) -> Fates<Split> {
        let keys = migrations.iter().flat_map(|(_, it)| keys(&it.account, &it.routes)).collect();
        let read = self.read(keys, question).await;
        let split = |migration: &Routes| -> Result<Split> {
            let (mut weights, mut sticky) = (Weights::new(), Sticky::new());
            for route in &migration.routes {
                let (rule, pair) = live(&read, &migration.account, route)?;
                weights.insert(route.key(), pair);
                sticky.extend(forward::sticky(rule.actions()).map(|span| (route.key(), span)));
            }
            // A rule that was changed holds for the next request.
            Ok(Split { weights, propagation: Propagation::InSync { since: None }, sticky })
        };
        migrations.iter().map(|(place, migration)| (*place, split(migration))).collect()
    }

    pub(super) async fn set(
        &self,
        shifts: &[Placed<'_, Shift>],
        question: Question,
    ) -> Fates<Applied> {
        let keys = shifts.iter().flat_map(|(_, it)| keys(&it.account, &it.routes)).collect();
        let read = self.read(keys, question).await;
        let mut asked = Vec::with_capacity(shifts.len());
        for (place, shift) in shifts {
            asked.push(self.shift(&read, *place, shift, question));
        }
        gather(asked).await
    }

    /// Makes the changes of one shift, rule by rule.
    async fn shift(
        &self,
        read: &Answers<Key, Rule>,
        place: usize,
        shift: &Shift,
        question: Question,
    ) -> Fates<Applied> {
        let edits = match plan(read, shift) {
            Ok(edits) => edits,
            Err(error) => return Fates::from([(place, Err(error))]),
        };
        let client = self.clients.of(&shift.account).await;
        let mut parts = Parts::default();
        for edit in edits {
            parts.note(modify(&client, edit, question).await);
        }
        Fates::from([(place, parts.close(shift))])
    }

    async fn read(&self, keys: Vec<Key>, question: Question) -> Answers<Key, Rule> {
        let of = |key: &Key| (Arc::clone(&key.0), is_listener(&key.1));
        let asked = batches(&keys, of, RESOURCES_MAX);
        gather(asked.into_iter().map(|((account, are_listeners), keys)| async move {
            let client = self.clients.of(&account).await;
            let client = &client;
            if are_listeners {
                halving(keys, |keys| describe_listeners(client, keys, question)).await
            } else {
                halving(keys, |keys| describe(client, keys, question)).await
            }
        }))
        .await
    }
}

/// The rules of routes.
fn keys(account: &Arc<Aws>, routes: &[Route]) -> Vec<Key> {
    let rule = |route: &Route| match route {
        Route::AlbRule { rule, .. } => Some((Arc::clone(account), rule.clone())),
        Route::Route53Record { .. } | Route::TrafficPolicyInstance { .. } => None,
    };
    routes.iter().filter_map(rule).collect()
}

async fn describe(
    client: &Client,
    keys: Vec<Key>,
    question: Question,
) -> Result<Answers<Key, Rule>> {
    let arns: Vec<String> = keys.iter().map(|(_, arn)| arn.clone()).collect();
    let call = Call::new(DESCRIBE, Family::BalancerReads, question);
    let answer = client
        .read(call, || client.balancers.describe_rules().set_rule_arns(Some(arns.clone())).send());
    let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
    for rule in answer.await?.rules.unwrap_or_default() {
        if let Some(arn) = rule.rule_arn() {
            rules.insert(arn.to_owned(), rule);
        }
    }
    Ok(answered(keys, rules, DESCRIBE))
}

/// The default rules of listeners, by the listeners' ARNs.
async fn describe_listeners(
    client: &Client,
    keys: Vec<Key>,
    question: Question,
) -> Result<Answers<Key, Rule>> {
    let arns: Vec<String> = keys.iter().map(|(_, arn)| arn.clone()).collect();
    let call = Call::new(DESCRIBE_LISTENERS, Family::BalancerReads, question);
    let answer = client.read(call, || {
        client.balancers.describe_listeners().set_listener_arns(Some(arns.clone())).send()
    });
    let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
    for listener in answer.await?.listeners.unwrap_or_default() {
        let Some(arn) = listener.listener_arn else { continue };
        let rule = Rule::builder().rule_arn(&arn).is_default(true);
        rules.insert(arn, rule.set_actions(listener.default_actions).build());
    }
    Ok(answered(keys, rules, DESCRIBE_LISTENERS))
}

fn answered(
    keys: Vec<Key>,
    mut rules: BTreeMap<String, Rule>,
    operation: &'static str,
) -> Answers<Key, Rule> {
    let answer = |key: Key| {
        let rule = rules.remove(&key.1).ok_or_else(|| {
            Error::new(ErrorKind::Partial, operation, format!("the answer leaves out {}", key.1))
        });
        (key, rule)
    };
    keys.into_iter().map(answer).collect()
}

/// Whether an ARN is a listener's: `..:listener/app/NAME/ID/LISTENER`.
fn is_listener(arn: &str) -> bool {
    arn.contains(":listener/")
}

/// A route's rule and its live weights.
fn live<'a>(
    read: &'a Answers<Key, Rule>,
    account: &Arc<Aws>,
    route: &Route,
) -> Result<(&'a Rule, WeightPair)> {
    let error = |kind, message| Err(Error::new(kind, DESCRIBE, message));
    let Route::AlbRule { rule: arn, ec2_group, fargate_group } = route else {
        return error(ErrorKind::Invalid, format!("{} is no rule", route.key()));
    };
    let rule = match read.get(&(Arc::clone(account), arn.clone())) {
        Some(Ok(rule)) => rule,
        Some(Err(error)) => return Err(error.clone()),
        None => return error(ErrorKind::Partial, format!("the answer leaves out {arn}")),
    };
    let groups = Groups { ec2: ec2_group, fargate: fargate_group };
    match forward::weights(rule.actions(), groups) {
        Some(pair) => Ok((rule, pair)),
        None => error(
            ErrorKind::NotFound,
            format!("the rule {arn} forwards neither to {ec2_group} nor to {fargate_group}"),
        ),
    }
}

/// What a shift changes; nothing where it is all as wanted.
fn plan<'a>(read: &Answers<Key, Rule>, shift: &'a Shift) -> Result<Vec<Edit<'a>>> {
    let mut edits = Vec::new();
    for Asked { route, expected, weights } in shift.asked(MODIFY)? {
        let (rule, pair) = live(read, &shift.account, route)?;
        if pair == weights {
            continue;
        }
        if pair != expected {
            let message = format!("{} holds {}/{}", route.key(), pair.ec2, pair.fargate);
            return Err(Error::new(ErrorKind::Conflict, DESCRIBE, message));
        }
        if let Route::AlbRule { rule: arn, ec2_group, fargate_group } = route {
            let groups = Groups { ec2: ec2_group, fargate: fargate_group };
            let sticky = shift.sticky.get(&route.key()).copied();
            let wanted = Wanted { weights, rollback: shift.rollback, sticky };
            edits.push(Edit { rule: rule.clone(), arn, groups, wanted });
        }
    }
    Ok(edits)
}

/// Changes a rule and believes only what the answer shows.
async fn modify(client: &Client, edit: Edit<'_>, question: Question) -> Result<()> {
    let Edit { rule, arn, groups, wanted } = edit;
    let actions = forward::rewrite(rule.actions(), groups, wanted);
    let wanted = wanted.weights;
    let (operation, now) = if rule.is_default().unwrap_or(false) {
        (MODIFY_LISTENER, modify_listener(client, arn, actions, question).await?)
    } else {
        let call = Call::new(MODIFY, Family::BalancerWrites, question);
        let answer = client.write(call, || {
            client.balancers.modify_rule().rule_arn(arn).set_actions(Some(actions)).send()
        });
        let rules = answer.await?.rules.unwrap_or_default();
        (MODIFY, rules.into_iter().next().and_then(|rule| rule.actions).unwrap_or_default())
    };
    let shown = forward::weights(&now, groups);
    // A group that stands alone is read as 100, whatever was written.
    let is_so = shown == Some(wanted)
        || (wanted.fargate == 0 && shown == Some(WeightPair { ec2: 100, fargate: 0 }));
    if is_so {
        return Ok(());
    }
    let message = format!("the answer shows {shown:?} in {arn}");
    Err(Error::new(ErrorKind::OutcomeUnknown, operation, message))
}

/// Changes the default rule of a listener; gives its actions afterwards.
async fn modify_listener(
    client: &Client,
    rule: &str,
    actions: Vec<Action>,
    question: Question,
) -> Result<Vec<Action>> {
    let listener = listener_of(rule).ok_or_else(|| {
        let message = format!("`{rule}` is no ARN of a listener rule");
        Error::new(ErrorKind::Invalid, MODIFY_LISTENER, message)
    })?;
    let call = Call::new(MODIFY_LISTENER, Family::BalancerWrites, question);
    let answer = client.write(call, || {
        let sent = client.balancers.modify_listener().listener_arn(&listener);
        sent.set_default_actions(Some(actions)).send()
    });
    let listeners = answer.await?.listeners.unwrap_or_default();
    Ok(listeners.into_iter().next().and_then(|it| it.default_actions).unwrap_or_default())
}

/// The listener of a rule: `..:listener-rule/app/NAME/ID/LISTENER/RULE` is of
/// `..:listener/app/NAME/ID/LISTENER`, which is its own.
fn listener_of(rule: &str) -> Option<String> {
    if is_listener(rule) {
        return Some(rule.to_owned());
    }
    let (listener, _) = rule.rsplit_once('/')?;
    let (before, after) = listener.split_once(":listener-rule/")?;
    Some(format!("{before}:listener/{after}"))
}

#[cfg(test)]
mod tests;
