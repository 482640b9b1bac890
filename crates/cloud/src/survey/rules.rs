//! Rules of EventBridge, their targets and what those start.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use model::inventory::{EventTarget, Found, RuleView, TaskDefinition, Unread};
use model::observation::Gap;
use model::spec::{Aws, Migration, Workload};
use model::suggest::nearest;

use super::ask;
use crate::inventory::{EventRuleId, Inventory, Resource};
use crate::{Error, ErrorKind};

/// The rules of every migration, in the order of its file.
pub(super) async fn read(
    inventory: &dyn Inventory,
    migrations: &[Arc<Migration>],
) -> Vec<Vec<RuleView>> {
    let named: Vec<Vec<EventRuleId>> = migrations.iter().map(|it| ids(it)).collect();
    let all: Vec<EventRuleId> = named.iter().flatten().cloned().collect();
    let mut views = event_rules(inventory, &all).await.into_iter();
    named.iter().map(|ids| views.by_ref().take(ids.len()).collect()).collect()
}

/// Rules with all that they set off, in the order asked. Where one is not there, what is called
/// alike is said.
pub async fn event_rules(inventory: &dyn Inventory, ids: &[EventRuleId]) -> Vec<RuleView> {
    let once: BTreeSet<EventRuleId> = ids.iter().cloned().collect();
    let once: Vec<EventRuleId> = once.into_iter().collect();
    let mut rules = ask(&once, async |ids| inventory.event_rules(ids).await).await;
    for (id, answer) in &mut rules {
        if let Err(unread) = answer
            && unread.gap == Gap::NotFound
        {
            suggest(inventory, id, unread).await;
        }
    }
    let there: Vec<EventRuleId> =
        rules.iter().filter(|(_, rule)| rule.is_ok()).map(|(id, _)| id.clone()).collect();
    let targets = ask(&there, async |ids| inventory.event_targets(ids).await).await;
    let wanted: BTreeSet<Resource> =
        targets.iter().flat_map(|(id, targets)| definitions(&id.account, targets)).collect();
    let wanted: Vec<Resource> = wanted.into_iter().collect();
    let known = ask(&wanted, async |ids| inventory.task_definitions(ids).await).await;
    let view = |id: &EventRuleId| {
        let targets = targets.get(id).cloned();
        let task_definitions = of_targets(&id.account, targets.as_ref(), &known);
        let rule = rules.get(id).cloned().unwrap_or_else(|| Err(left_out()));
        RuleView { name: id.name.clone(), bus: id.bus.clone(), rule, targets, task_definitions }
    };
    ids.iter().map(view).collect()
}

/// What is said of a rule that an answer leaves out.
fn left_out() -> Unread {
    let message = "the answer leaves it out";
    Unread::from(Error::new(ErrorKind::Partial, "events:DescribeRule", message))
}

fn ids(migration: &Migration) -> Vec<EventRuleId> {
    let account = Arc::new(migration.spec.aws.clone());
    match &migration.spec.workload {
        Workload::LoadBalanced | Workload::QueueWorker(_) => Vec::new(),
        Workload::Scheduled(scheduled) => {
            let id = |rule: &model::spec::Rule| EventRuleId {
                account: Arc::clone(&account),
                bus: rule.bus.clone(),
                name: rule.name.clone(),
            };
            scheduled.rules.iter().map(id).collect()
        }
    }
}

/// The task definitions that targets name.
fn definitions(account: &Arc<Aws>, targets: &Found<Vec<EventTarget>>) -> Vec<Resource> {
    let tasks = targets.iter().flatten().filter_map(|target| target.tasks.as_ref());
    let resource = |arn: &str| Resource { account: Arc::clone(account), arn: arn.to_owned() };
    tasks.map(|tasks| resource(&tasks.task_definition)).collect()
}

fn of_targets(
    account: &Arc<Aws>,
    targets: Option<&Found<Vec<EventTarget>>>,
    known: &BTreeMap<Resource, Found<TaskDefinition>>,
) -> BTreeMap<String, Found<TaskDefinition>> {
    let wanted = targets.map(|targets| definitions(account, targets)).unwrap_or_default();
    wanted.into_iter().filter_map(|id| Some((id.arn.clone(), known.get(&id)?.clone()))).collect()
}

/// Says what the bus has, where a rule that was asked for is not there.
async fn suggest(inventory: &dyn Inventory, id: &EventRuleId, unread: &mut Unread) {
    let Ok(names) = inventory.event_rule_names(&id.account, &id.bus).await else { return };
    if let Some(near) = nearest(&id.name, names.iter().map(String::as_str)) {
        // Writing to a string cannot fail.
        write!(unread.message, "; did you mean `{near}`?").ok();
    }
}
