//! The draft of a migration of tasks that rules of EventBridge start.

use model::inventory::{EventRule, EventTarget, RuleView, StartedTasks, Unread};

use super::yaml::{self, Lines};
use super::{Draft, NEXT, head, hours};
use crate::scene::{listed, short};

/// Rules and what they start.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// The region they are in.
    pub region: String,
    /// The cluster that their tasks run in.
    pub cluster: String,
    /// The rules in the order in which they are to move; one at least.
    pub rules: Vec<RuleView>,
}

/// Writes a migration for `jobs`.
#[must_use]
pub fn draft(jobs: &Jobs) -> Draft {
    let Jobs { region, cluster, rules } = jobs;
    let mut remarks: Vec<String> =
        unread(rules).map(|it| format!("{} was not read: {}", it.operation, it.message)).collect();
    let mut lines = Lines::default();
    let names: Vec<&str> = rules.iter().map(|view| view.name.as_str()).collect();
    let word = if names.len() == 1 { "rule" } else { "rules" };
    let first = names.first().copied().unwrap_or_default();
    head(&format!("{word} {}", yaml::plain(&listed(&names))), first, &NEXT[..2], &mut lines);
    lines.put(1, &format!("aws: {{region: {}}}", yaml::scalar(region)));
    lines.put(1, &format!("ec2: {{cluster: {}}}", yaml::scalar(cluster)));
    fargate(jobs, &mut lines, &mut remarks);
    lines.blank();
    workload(rules, &mut lines, &mut remarks);
    lines.blank();
    lines.put(1, "traffic:");
    lines.comment(2, "Rules move whole and one after the other, in the order above.");
    lines.put(2, "rollout: {}");
    hours(&mut lines);
    lines.comment(1, "A rule whose runs do not end well goes back.");
    lines.put(1, "rollback: {within: 5m}");
    lines.blank();
    lines.comment(1, "Ferry never takes the EC2 side down unless told to.");
    lines.put(1, "decommission: {mode: manual}");
    Draft { text: lines.text(), remarks }
}

/// What was not read.
fn unread(rules: &[RuleView]) -> impl Iterator<Item = &Unread> {
    rules.iter().flat_map(|view| {
        let definitions = view.task_definitions.values().filter_map(|found| found.as_ref().err());
        let targets = view.targets.iter().filter_map(|found| found.as_ref().err());
        view.rule.as_ref().err().into_iter().chain(targets).chain(definitions)
    })
}

/// The targets of a rule that start tasks.
fn starting(view: &RuleView) -> impl Iterator<Item = (&EventTarget, &StartedTasks)> {
    let targets = view.targets.iter().flatten().flatten();
    targets.filter_map(|target| Some((target, target.tasks.as_ref()?)))
}

fn fargate(jobs: &Jobs, lines: &mut Lines, remarks: &mut Vec<String>) {
    let without: Vec<&str> = jobs
        .rules
        .iter()
        .filter(|view| starting(view).any(|(_, tasks)| tasks.network.is_none()))
        .map(|view| view.name.as_str())
        .collect();
    lines.put(1, "fargate:");
    lines.put(2, &format!("cluster: {}", yaml::scalar(&jobs.cluster)));
    if without.is_empty() {
        return;
    }
    let said = format!(
        "The targets of {} name no subnets for their tasks, and tasks on Fargate need them.",
        listed(&without)
    );
    lines.comment(2, &format!("{said} Write them here and take the # away:"));
    lines.put(2, "# provision:");
    lines.put(2, "#   taskDefinition: {translate: ec2}");
    lines.put(2, "#   network: {subnets: [subnet-...], securityGroups: [sg-...]}");
    remarks.push(format!("{said} Write them into `spec.fargate.provision.network`."));
}

fn workload(rules: &[RuleView], lines: &mut Lines, remarks: &mut Vec<String>) {
    lines.put(1, "workload:");
    lines.put(2, "type: scheduled");
    lines.put(2, "rules:");
    for view in rules {
        if let Ok(rule) = &view.rule {
            lines.comment(3, &format!("{}.", described(rule, view)));
        }
        if view.targets.as_ref().is_some_and(Result::is_ok) && starting(view).next().is_none() {
            remarks.push(format!("Rule {} starts no ECS task: take it out.", view.name));
        }
        let name = yaml::scalar(&view.name);
        let bus = if view.bus == "default" {
            String::new()
        } else {
            format!(", bus: {}", yaml::scalar(&view.bus))
        };
        lines.put(3, &format!("- {{name: {name}{bus}, goodRuns: 3}}"));
    }
}

/// `cron(0 3 * * ? *), starts 2 of report:7 in prd`.
fn described(rule: &EventRule, view: &RuleView) -> String {
    let when = rule.schedule.clone().unwrap_or_else(|| "On events".to_owned());
    let starts: Vec<String> = starting(view)
        .map(|(target, tasks)| {
            let (task, cluster) = (short(&tasks.task_definition), short(&target.arn));
            format!("{} of {task} in {cluster}", tasks.count)
        })
        .collect();
    let state = if rule.is_enabled { "" } else { ", disabled" };
    if starts.is_empty() {
        return format!("{when}{state}");
    }
    format!("{when}{state}: starts {}", listed(&starts))
}
