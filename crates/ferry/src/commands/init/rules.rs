//! What rules of EventBridge start.

use std::collections::BTreeSet;
use std::sync::Arc;

use cloud::survey::event_rules;
use cloud::{EventRuleId, Inventory};
use model::inventory::{RuleView, region_of};
use model::observation::Gap;
use model::spec::Aws;
use preflight::Jobs;

use super::Init;
use crate::output::Failure;

/// The rules that are named, each of which must be there.
pub(super) async fn look(inventory: &dyn Inventory, arguments: &Init) -> Result<Jobs, Failure> {
    let given = arguments.region.clone().unwrap_or_default();
    let account = Arc::new(Aws { region: given.clone(), assume_role_arn: None });
    let id = |name: &String| EventRuleId {
        account: Arc::clone(&account),
        bus: arguments.bus.clone(),
        name: name.clone(),
    };
    let mut once = BTreeSet::new();
    let names = arguments.rules.iter().filter(|name| once.insert(*name));
    let ids: Vec<EventRuleId> = names.map(id).collect();
    let rules = event_rules(inventory, &ids).await;
    check(&rules)?;
    let arns = rules.iter().filter_map(|view| Some(view.rule.as_ref().ok()?.arn.as_str()));
    let region = arns.clone().find_map(region_of).map_or(given, str::to_owned);
    Ok(Jobs { region, cluster: arguments.cluster.clone(), rules })
}

fn check(rules: &[RuleView]) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for view in rules {
        match &view.rule {
            Ok(_) => {}
            Err(unread) if unread.gap == Gap::NotFound => {
                missing.push(format!("--rule {}: was not found: {}", view.name, unread.message));
            }
            Err(unread) => {
                let (operation, message) = (&unread.operation, &unread.message);
                return Err(Failure::Unreachable(format!("{operation}: {message}")));
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure::BadInput(missing)) }
}
