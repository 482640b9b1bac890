//! `DescribeAlarms`: those that invoke scaling policies.

use capacity::alarm::Alarm;

use super::invalid_token;
use crate::input::Input;
use crate::inventory::Member;
use crate::refusal::Refusal;
use crate::services::Page;
use crate::services::autoscaling::policy::{alarm_arn, invokes, policy_arn};
use crate::services::autoscaling::resource_id;
use crate::value::{Fields, Value, members, serialized};
use crate::world::World;

pub(super) fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let names = input.texts("AlarmNames")?;
    let (prefix, state) = (input.text("AlarmNamePrefix")?, input.text("StateValue")?);
    let action = input.text("ActionPrefix")?;
    if names.is_some() && prefix.is_some() {
        let message = "AlarmNamePrefix and AlarmNames are mutually exclusive";
        return Err(Refusal::exactly("InvalidParameterCombination", 400, message));
    }
    let types = input.texts("AlarmTypes")?;
    let size = input.count("MaxRecords", 1, 100)?.unwrap_or(50);
    world.look("cloudwatch:DescribeAlarms")?;
    let mut alarms = Vec::new();
    for member in &world.inventory.members {
        let target = world.region.scalable_target(member.application, member.side);
        for alarm in target.iter().flat_map(|target| target.alarms()) {
            let name = alarm.request().alarm_name.as_str();
            let actions = actions(world, member, &alarm.request().alarm_actions);
            let is_asked = names.as_ref().is_none_or(|names| names.contains(&name))
                && prefix.is_none_or(|prefix| name.starts_with(prefix))
                && state.is_none_or(|state| alarm.state().name() == state)
                && action.is_none_or(|prefix| actions.iter().any(|it| it.starts_with(prefix)));
            if is_asked && types.as_ref().is_none_or(|types| types.contains(&"MetricAlarm")) {
                alarms.push((name.to_owned(), fields(world, member, alarm)));
            }
        }
    }
    alarms.sort_by(|(one, _), (other, _)| one.cmp(other));
    let page = Page::of(alarms, input.text("NextToken")?, size as usize)
        .map_err(|token| invalid_token(&token))?;
    let alarms = page.items.into_iter().map(|(_, fields)| fields);
    Ok(Fields::new()
        .with("CompositeAlarms", members::<Fields>([]))
        .with("MetricAlarms", members(alarms))
        .with_some("NextToken", page.next))
}

/// The actions as ARNs: a region's file may name policies barely.
fn actions(world: &World<'_>, member: &Member, actions: &[String]) -> Vec<String> {
    let target = world.region.scalable_target(member.application, member.side);
    let arn = |action: &String| {
        let mut policies = target.iter().flat_map(|target| target.policies());
        let policy = policies.find(|policy| invokes(action, &policy.policy_name));
        policy.map_or_else(
            || action.clone(),
            |policy| policy_arn(world, &resource_id(member), &policy.policy_name),
        )
    };
    actions.iter().map(arn).collect()
}

fn fields(world: &World<'_>, member: &Member, alarm: &Alarm) -> Fields {
    let request = alarm.request();
    let start = world.region.start();
    let since = alarm.state_since();
    let statistic = request.statistic.as_ref().map(serialized);
    let reason = format!("{} datapoints were evaluated.", request.evaluation_periods);
    let listed = |names: &[String]| members(actions(world, member, names));
    let dimensions = request.dimensions.iter().map(serialized);
    Fields::new()
        .with("AlarmName", &request.alarm_name)
        .with("AlarmArn", alarm_arn(world, &request.alarm_name))
        .with_some("AlarmDescription", request.alarm_description.as_ref())
        .with("AlarmConfigurationUpdatedTimestamp", start)
        .with("ActionsEnabled", request.actions_enabled)
        .with("OKActions", listed(&request.ok_actions))
        .with("AlarmActions", listed(&request.alarm_actions))
        .with("InsufficientDataActions", listed(&request.insufficient_data_actions))
        .with("StateValue", alarm.state().name())
        .with("StateReason", reason)
        .with("StateUpdatedTimestamp", since)
        .with("StateTransitionedTimestamp", since)
        .with("MetricName", &request.metric_name)
        .with("Namespace", &request.namespace)
        .with_some("Statistic", statistic)
        .with_some("ExtendedStatistic", request.extended_statistic.as_ref())
        .with("Dimensions", Value::List("member", dimensions.collect()))
        .with("Period", request.period)
        .with("EvaluationPeriods", request.evaluation_periods)
        .with_some("DatapointsToAlarm", request.datapoints_to_alarm)
        .with("Threshold", request.threshold)
        .with("ComparisonOperator", serialized(&request.comparison_operator))
        .with("TreatMissingData", serialized(&request.treat_missing_data))
}
