//! Rules of EventBridge with their targets.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::types as sdk;
use cloud::{Error, ErrorKind, EventRuleId, Result};
use model::inventory::{EventRule, EventTarget, Network, StartedTasks};

use super::count;
use crate::batches::{Answers, PAGES_MAX, gather, in_order, too_many_pages};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::{Family, Lane};

const DESCRIBE_RULE: &str = "events:DescribeRule";
const LIST_TARGETS: &str = "events:ListTargetsByRule";
const LIST_RULES: &str = "events:ListRules";

/// EventBridge API: `Limit` of lists is at most 100.
const PAGE: i32 = 100;

pub(super) async fn rules(clients: &Clients, ids: &[EventRuleId]) -> Vec<Result<EventRule>> {
    let question = clients.question(Lane::Ordinary);
    let asked: BTreeSet<EventRuleId> = ids.iter().cloned().collect();
    let answers = gather(asked.into_iter().map(|id| async move {
        let client = clients.of(&id.account).await;
        let call = Call::new(DESCRIBE_RULE, Family::EventReads, question);
        let answer = client.read(call, || {
            client.events.describe_rule().event_bus_name(&id.bus).name(&id.name).send()
        });
        let answer = answer.await.and_then(|found| rule(&found));
        Answers::from([(id, answer)])
    }))
    .await;
    in_order(ids, &answers, DESCRIBE_RULE)
}

pub(super) async fn targets(
    clients: &Clients,
    ids: &[EventRuleId],
) -> Vec<Result<Vec<EventTarget>>> {
    let question = clients.question(Lane::Ordinary);
    let asked: BTreeSet<EventRuleId> = ids.iter().cloned().collect();
    let answers = gather(asked.into_iter().map(|id| async move {
        let client = clients.of(&id.account).await;
        let answer = targets_of(&client, question, &id).await;
        Answers::from([(id, answer)])
    }))
    .await;
    in_order(ids, &answers, LIST_TARGETS)
}

async fn targets_of(
    client: &Client,
    question: Question,
    id: &EventRuleId,
) -> Result<Vec<EventTarget>> {
    let (mut targets, mut token) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let call = Call::new(LIST_TARGETS, Family::EventReads, question);
        let page = client.read(call, || {
            let asked = client.events.list_targets_by_rule();
            let asked = asked.event_bus_name(&id.bus).rule(&id.name).limit(PAGE);
            asked.set_next_token(token.clone()).send()
        });
        let page = page.await?;
        targets.extend(page.targets.unwrap_or_default().iter().map(target));
        token = page.next_token;
        if token.is_none() {
            return Ok(targets);
        }
    }
    Err(too_many_pages(LIST_TARGETS))
}

pub(super) async fn names(client: &Client, question: Question, bus: &str) -> Result<Vec<String>> {
    let (mut names, mut token) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let call = Call::new(LIST_RULES, Family::EventReads, question);
        let page = client.read(call, || {
            let asked = client.events.list_rules().event_bus_name(bus).limit(PAGE);
            asked.set_next_token(token.clone()).send()
        });
        let page = page.await?;
        names.extend(page.rules.unwrap_or_default().into_iter().filter_map(|rule| rule.name));
        token = page.next_token;
        if token.is_none() {
            names.sort();
            return Ok(names);
        }
    }
    Err(too_many_pages(LIST_RULES))
}

fn rule(found: &DescribeRuleOutput) -> Result<EventRule> {
    let missing = |what: &str| {
        let message = format!("the answer has no {what} of a rule");
        Error::new(ErrorKind::Partial, DESCRIBE_RULE, message)
    };
    let text = |value: Option<&str>| value.map(str::to_owned);
    Ok(EventRule {
        arn: text(found.arn()).ok_or_else(|| missing("ARN"))?,
        name: text(found.name()).ok_or_else(|| missing("name"))?,
        schedule: text(found.schedule_expression()),
        pattern: text(found.event_pattern()),
        // There are two words for a rule that fires.
        is_enabled: *found.state().ok_or_else(|| missing("state"))? != sdk::RuleState::Disabled,
        managed_by: text(found.managed_by()),
    })
}

fn target(found: &sdk::Target) -> EventTarget {
    EventTarget {
        id: found.id.clone(),
        arn: found.arn.clone(),
        role: found.role_arn.clone(),
        dead_letter: found.dead_letter_config().and_then(|it| it.arn()).map(str::to_owned),
        tasks: found.ecs_parameters().map(tasks),
    }
}

fn tasks(found: &sdk::EcsParameters) -> StartedTasks {
    let providers = found.capacity_provider_strategy().iter();
    let words = |first: Option<&str>, second: Option<&str>| {
        let words: Vec<&str> = first.into_iter().chain(second).collect();
        words.join(" ")
    };
    let constraints = found.placement_constraints().iter();
    let strategy = found.placement_strategy().iter();
    StartedTasks {
        task_definition: found.task_definition_arn.clone(),
        // EventBridge API: "The default is 1."
        count: count(found.task_count()).unwrap_or(1),
        launch_type: found.launch_type().map(|it| it.as_str().to_owned()),
        providers: providers.map(|item| item.capacity_provider.clone()).collect(),
        network: found
            .network_configuration()
            .and_then(|it| it.awsvpc_configuration())
            .map(network),
        platform_version: found.platform_version().map(str::to_owned),
        placement_constraints: constraints
            .map(|it| words(it.r#type().map(sdk::PlacementConstraintType::as_str), it.expression()))
            .collect(),
        placement_strategy: strategy
            .map(|it| words(it.r#type().map(sdk::PlacementStrategyType::as_str), it.field()))
            .collect(),
    }
}

fn network(found: &sdk::AwsVpcConfiguration) -> Network {
    Network {
        subnets: found.subnets().to_vec(),
        security_groups: found.security_groups().to_vec(),
        public_ip: found.assign_public_ip() == Some(&sdk::AssignPublicIp::Enabled),
    }
}

#[cfg(test)]
mod tests;
