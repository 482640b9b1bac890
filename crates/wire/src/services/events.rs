//! Amazon EventBridge: rules of the default bus with their targets. They are kept and shown; no
//! schedule fires, since the region runs no jobs.

use std::collections::BTreeMap;

use region::spec::events::{EventRuleSpec, TARGETS_MAX, is_pattern, is_rule_name, is_schedule};

use crate::input::{Input, Node};
use crate::protocol;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::{Page, unknown};
use crate::value::{Fields, Value, members};
use crate::world::World;

const OPERATIONS: [&str; 8] = [
    "ListRules",
    "DescribeRule",
    "ListTargetsByRule",
    "PutRule",
    "EnableRule",
    "DisableRule",
    "PutTargets",
    "RemoveTargets",
];

/// The one bus there is.
const BUS: &str = "default";

/// All rules by their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bus {
    rules: BTreeMap<String, Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    schedule: Option<String>,
    pattern: Option<String>,
    description: Option<String>,
    role: Option<String>,
    is_enabled: bool,
    /// The AWS service that alone may change it.
    managed_by: Option<String>,
    /// By their ids, as they were put.
    targets: BTreeMap<String, Node>,
}

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    check_bus(input)?;
    match operation {
        "ListRules" => world.carry_out("events:ListRules", false, |world| list(world, input)),
        "DescribeRule" => {
            world.carry_out("events:DescribeRule", false, |world| describe(world, input))
        }
        "ListTargetsByRule" => {
            world.carry_out("events:ListTargetsByRule", false, |world| targets(world, input))
        }
        "PutRule" => world.carry_out("events:PutRule", true, |world| put(world, input)),
        "EnableRule" => {
            world.carry_out("events:EnableRule", true, |world| enable(world, input, true))
        }
        "DisableRule" => {
            world.carry_out("events:DisableRule", true, |world| enable(world, input, false))
        }
        "PutTargets" => {
            world.carry_out("events:PutTargets", true, |world| put_targets(world, input))
        }
        "RemoveTargets" => {
            world.carry_out("events:RemoveTargets", true, |world| remove_targets(world, input))
        }
        other => Err(unknown(Service::Events, other, &OPERATIONS)),
    }
}

fn check_bus(input: &Input<'_>) -> Result<(), Refusal> {
    let bus = input.text("EventBusName")?.unwrap_or(BUS);
    if bus == BUS || bus.ends_with(":event-bus/default") {
        return Ok(());
    }
    Err(missing(format!("Event bus {bus} does not exist.")))
}

fn missing(message: String) -> Refusal {
    Refusal::exactly("ResourceNotFoundException", 400, message)
}

impl Bus {
    /// The rules that are there from the start.
    pub(crate) fn new(rules: &[EventRuleSpec]) -> Self {
        let rule = |spec: &EventRuleSpec| Rule {
            schedule: spec.schedule.clone(),
            pattern: spec.pattern.clone(),
            description: None,
            role: None,
            is_enabled: spec.enabled,
            managed_by: spec.managed_by.clone(),
            targets: spec
                .targets
                .iter()
                .map(|target| {
                    let json = serde_json::to_value(target).unwrap_or_default();
                    (target.id.clone(), protocol::json::node(json))
                })
                .collect(),
        };
        Self { rules: rules.iter().map(|spec| (spec.name.clone(), rule(spec))).collect() }
    }

    /// A rule that anybody may change.
    fn own(&mut self, name: &str) -> Result<&mut Rule, Refusal> {
        let rule = self.rule(name)?;
        if rule.managed_by.is_some() {
            let message = format!(
                "Rule {name} is a managed rule: only the AWS service that made it may change it."
            );
            return Err(Refusal::exactly("ManagedRuleException", 400, message));
        }
        Ok(rule)
    }

    fn rule(&mut self, name: &str) -> Result<&mut Rule, Refusal> {
        let found = self.rules.get_mut(name);
        found.ok_or_else(|| missing(format!("Rule {name} does not exist on EventBus default.")))
    }
}

fn fields(world: &World<'_>, name: &str, rule: &Rule) -> Fields {
    Fields::new()
        .with("Name", name)
        .with("Arn", arn(world, name))
        .with_some("EventPattern", rule.pattern.as_ref())
        .with_some("ScheduleExpression", rule.schedule.as_ref())
        .with("State", if rule.is_enabled { "ENABLED" } else { "DISABLED" })
        .with_some("Description", rule.description.as_ref())
        .with_some("RoleArn", rule.role.as_ref())
        .with_some("ManagedBy", rule.managed_by.as_ref())
        .with("EventBusName", BUS)
}

fn arn(world: &World<'_>, name: &str) -> String {
    format!("arn:aws:events:{}:{}:rule/{name}", world.place.region, world.place.account)
}

/// One page of a list.
fn listed(input: &Input<'_>, name: &'static str, all: Vec<Value>) -> Result<Fields, Refusal> {
    let size = input.count("Limit", 1, 100)?.unwrap_or(100);
    let page = Page::of(all, input.text("NextToken")?, size as usize)
        .map_err(|token| Refusal::invalid(format!("Invalid NextToken {token}")))?;
    Ok(Fields::new().with(name, members(page.items)).with_some("NextToken", page.next))
}

fn list(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let prefix = input.text("NamePrefix")?.unwrap_or_default();
    let rules = world.state.bus.rules.iter().filter(|(name, _)| name.starts_with(prefix));
    let all = rules.map(|(name, rule)| Value::Fields(fields(world, name, rule))).collect();
    listed(input, "Rules", all)
}

fn describe(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let name = input.needed_text("Name")?;
    let rule = world.state.bus.rule(name)?.clone();
    Ok(fields(world, name, &rule).with("CreatedBy", &world.place.account))
}

fn targets(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let rule = world.state.bus.rule(input.needed_text("Rule")?)?;
    let all = rule.targets.values().map(echo).collect();
    listed(input, "Targets", all)
}

/// What was put, as it was put.
fn echo(node: &Node) -> Value {
    match node {
        Node::Null => Value::Map(Vec::new()),
        Node::Bool(value) => Value::Bool(*value),
        Node::Integer(value) => Value::Integer(*value),
        Node::Number(value) => Value::Number(*value),
        Node::Text(text) | Node::Untyped(text) => Value::Text(text.clone()),
        Node::List(items) => members(items.iter().map(echo)),
        Node::Map(entries) => {
            Value::Map(entries.iter().map(|(key, node)| (key.clone(), echo(node))).collect())
        }
    }
}

fn put(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let name = input.needed_text("Name")?;
    if !is_rule_name(name) {
        return Err(Refusal::invalid(format!("Name `{name}` is no rule's name")));
    }
    let text = |member: &str| Ok::<_, Refusal>(input.text(member)?.map(str::to_owned));
    let (schedule, pattern) = (text("ScheduleExpression")?, text("EventPattern")?);
    if schedule.as_ref().is_some_and(|it| !is_schedule(it)) {
        return Err(Refusal::invalid("Parameter ScheduleExpression is not valid."));
    }
    if pattern.as_ref().is_some_and(|it| !is_pattern(it)) {
        let message = "Event pattern is not valid. Reason: it is no JSON";
        return Err(Refusal::exactly("InvalidEventPatternException", 400, message));
    }
    if schedule.is_none() && pattern.is_none() {
        let message = "Parameter(s) EventPattern or ScheduleExpression must be specified.";
        return Err(Refusal::invalid(message));
    }
    let is_enabled = input.text("State")?.is_none_or(|state| state == "ENABLED");
    let (description, role) = (text("Description")?, text("RoleArn")?);
    // A rule that is put again keeps its targets and nothing else.
    let targets = if world.state.bus.rules.contains_key(name) {
        world.state.bus.own(name)?.targets.clone()
    } else {
        BTreeMap::new()
    };
    let managed_by = None;
    let rule = Rule { schedule, pattern, description, role, is_enabled, managed_by, targets };
    world.state.bus.rules.insert(name.to_owned(), rule);
    Ok(Fields::new().with("RuleArn", arn(world, name)))
}

fn enable(world: &mut World<'_>, input: &Input<'_>, on: bool) -> Result<Fields, Refusal> {
    world.state.bus.own(input.needed_text("Name")?)?.is_enabled = on;
    Ok(Fields::new())
}

fn put_targets(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let rule = world.state.bus.own(input.needed_text("Rule")?)?;
    let mut after = rule.targets.clone();
    for target in input.list("Targets")?.unwrap_or_default() {
        target.needed_text("Arn")?;
        let id = target.needed_text("Id")?.to_owned();
        after.extend(target.node().map(|node| (id, node.clone())));
    }
    if after.len() > TARGETS_MAX {
        let message = "The requested resource exceeds the maximum number allowed.";
        return Err(Refusal::exactly("LimitExceededException", 400, message));
    }
    rule.targets = after;
    Ok(no_failure())
}

/// What fails singly is told in a list, with HTTP 200: nothing does here.
fn no_failure() -> Fields {
    Fields::new().with("FailedEntryCount", 0_u32).with("FailedEntries", members::<Fields>([]))
}

fn remove_targets(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let name = input.needed_text("Rule")?;
    let rule = match input.flag("Force")? {
        Some(true) => world.state.bus.rule(name)?,
        Some(false) | None => world.state.bus.own(name)?,
    };
    let mut failed = Vec::new();
    for id in input.texts("Ids")?.unwrap_or_default() {
        if rule.targets.remove(id).is_none() {
            let message = format!("There is no target {id}.");
            failed.push(
                Fields::new()
                    .with("TargetId", id)
                    .with("ErrorCode", "ResourceNotFoundException")
                    .with("ErrorMessage", message),
            );
        }
    }
    Ok(Fields::new().with("FailedEntryCount", failed.len()).with("FailedEntries", members(failed)))
}
