//! Scalable targets with all that acts on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_applicationautoscaling::types as sdk;
use cloud::Result;
use model::inventory::{Alarm, PolicyKind, ScalableTarget, ScalingPolicy, ScheduledAction};
use model::route::ServiceId;

use super::{count, seconds};
use crate::batches::{Answers, PAGES_MAX, batches, gather, in_order, too_many_pages};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::{Family, Lane};
use crate::scaling::{
    DESCRIBE_SCHEDULED, DESCRIBE_TARGETS, TARGETS_MAX, bounds_of, describe, resource, suspension,
};

const DESCRIBE_POLICIES: &str = "application-autoscaling:DescribeScalingPolicies";
const DESCRIBE_ALARMS: &str = "cloudwatch:DescribeAlarms";

/// CloudWatch API, DescribeAlarms: `AlarmNames` has at most 100 members.
const ALARMS_MAX: usize = 100;

pub(super) async fn scalable_targets(
    clients: &Clients,
    ids: &[ServiceId],
) -> Vec<Result<Option<ScalableTarget>>> {
    let question = clients.question(Lane::Ordinary);
    let asked = batches(ids, |id| Arc::clone(&id.account), TARGETS_MAX);
    let answers = gather(asked.into_iter().map(|(account, ids)| async move {
        let client = clients.of(&account).await;
        of_account(&client, question, &ids).await
    }))
    .await;
    in_order(ids, &answers, DESCRIBE_TARGETS)
}

async fn of_account(
    client: &Client,
    question: Question,
    ids: &[ServiceId],
) -> Answers<ServiceId, Option<ScalableTarget>> {
    let targets = match describe(client, question, ids).await {
        Ok(targets) => targets,
        Err(error) => return crate::batches::all_failed(ids, &error),
    };
    let targets = &targets;
    gather(ids.iter().cloned().map(|id| async move {
        let answer = match targets.get(&resource(&id)) {
            Some(found) => target(client, question, found).await.map(Some),
            None => Ok(None),
        };
        Answers::from([(id, answer)])
    }))
    .await
}

async fn target(
    client: &Client,
    question: Question,
    found: &sdk::ScalableTarget,
) -> Result<ScalableTarget> {
    let mut policies = policies(client, question, &found.resource_id).await?;
    name_alarms(client, question, &mut policies).await?;
    Ok(ScalableTarget {
        bounds: bounds_of(found)?,
        suspended: suspension(found),
        policies,
        scheduled: scheduled(client, question, &found.resource_id).await?,
    })
}

async fn policies(
    client: &Client,
    question: Question,
    resource: &str,
) -> Result<Vec<ScalingPolicy>> {
    let (mut policies, mut token) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let call = Call::new(DESCRIBE_POLICIES, Family::ScalingReads, question);
        let page = client.read(call, || {
            let asked = client.scaling.describe_scaling_policies();
            let asked = asked.service_namespace(sdk::ServiceNamespace::Ecs).resource_id(resource);
            asked.set_next_token(token.clone()).send()
        });
        let page = page.await?;
        policies.extend(page.scaling_policies.unwrap_or_default().iter().map(policy));
        token = page.next_token;
        if token.is_none() {
            return Ok(policies);
        }
    }
    Err(too_many_pages(DESCRIBE_POLICIES))
}

fn policy(found: &sdk::ScalingPolicy) -> ScalingPolicy {
    let tracking = found.target_tracking_scaling_policy_configuration();
    let kind = match (tracking, &found.policy_type) {
        (Some(tracking), _) => PolicyKind::TargetTracking {
            metric: metric(tracking),
            target: tracking.target_value,
            scale_in_disabled: tracking.disable_scale_in.unwrap_or(false),
        },
        (None, sdk::PolicyType::PredictiveScaling) => PolicyKind::Predictive,
        (None, _) => {
            let steps = found.step_scaling_policy_configuration();
            PolicyKind::Step {
                cooldown: seconds(steps.and_then(|it| it.cooldown)),
                adds: steps.is_some_and(|it| {
                    it.step_adjustments().iter().any(|step| step.scaling_adjustment > 0)
                }),
            }
        }
    };
    let alarms = found.alarms().iter().map(|alarm| Alarm {
        name: alarm.alarm_name.clone(),
        metric: None,
        dimensions: BTreeMap::new(),
    });
    ScalingPolicy { name: found.policy_name.clone(), kind, alarms: alarms.collect() }
}

fn metric(tracking: &sdk::TargetTrackingScalingPolicyConfiguration) -> String {
    let predefined = tracking.predefined_metric_specification();
    let own = tracking.customized_metric_specification().and_then(|it| it.metric_name());
    match (predefined, own) {
        (Some(predefined), _) => predefined.predefined_metric_type.as_str().to_owned(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "metric math".to_owned(),
    }
}

/// Says of each alarm what it watches.
async fn name_alarms(
    client: &Client,
    question: Question,
    policies: &mut [ScalingPolicy],
) -> Result<()> {
    let names: BTreeSet<String> =
        policies.iter().flat_map(|it| &it.alarms).map(|alarm| alarm.name.clone()).collect();
    let names: Vec<String> = names.into_iter().collect();
    let mut known = BTreeMap::new();
    for names in names.chunks(ALARMS_MAX) {
        let call = Call::new(DESCRIBE_ALARMS, Family::Metrics, question);
        let answer = client.read(call, || {
            // CloudWatch API: 50 a page unless asked for up to 100.
            let asked = client.metrics.describe_alarms().set_alarm_names(Some(names.to_vec()));
            asked.max_records(100).send()
        });
        for alarm in answer.await?.metric_alarms.unwrap_or_default() {
            known.insert(alarm.alarm_name.clone().unwrap_or_default(), alarm);
        }
    }
    for alarm in policies.iter_mut().flat_map(|it| &mut it.alarms) {
        let Some(found) = known.get(&alarm.name) else { continue };
        alarm.metric = found.metric_name().map(str::to_owned);
        let pair = |it: &aws_sdk_cloudwatch::types::Dimension| {
            Some((it.name()?.to_owned(), it.value()?.to_owned()))
        };
        alarm.dimensions = found.dimensions().iter().filter_map(pair).collect();
    }
    Ok(())
}

async fn scheduled(
    client: &Client,
    question: Question,
    resource: &str,
) -> Result<Vec<ScheduledAction>> {
    let (mut actions, mut token) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let call = Call::new(DESCRIBE_SCHEDULED, Family::ScalingReads, question);
        let page = client.read(call, || {
            let asked = client.scaling.describe_scheduled_actions();
            let asked = asked.service_namespace(sdk::ServiceNamespace::Ecs).resource_id(resource);
            asked.set_next_token(token.clone()).send()
        });
        let page = page.await?;
        actions.extend(page.scheduled_actions.unwrap_or_default().iter().map(action));
        token = page.next_token;
        if token.is_none() {
            return Ok(actions);
        }
    }
    Err(too_many_pages(DESCRIBE_SCHEDULED))
}

fn action(found: &sdk::ScheduledAction) -> ScheduledAction {
    let wanted = found.scalable_target_action();
    let zone = found.timezone().filter(|zone| *zone != "UTC");
    let zone = zone.map(|zone| format!(" {zone}")).unwrap_or_default();
    ScheduledAction {
        name: found.scheduled_action_name.clone(),
        schedule: format!("{}{zone}", found.schedule),
        min: count(wanted.and_then(|it| it.min_capacity)),
        max: count(wanted.and_then(|it| it.max_capacity)),
    }
}
