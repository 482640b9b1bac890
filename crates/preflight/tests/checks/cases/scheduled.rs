//! Rules of EventBridge.

use model::inventory::{EventRule, EventTarget, Landscape, StartedTasks};

use crate::base::Kind;
use crate::{Case, case};

fn rule(all: &mut Landscape) -> &mut EventRule {
    all.rules[0].rule.as_mut().unwrap()
}

fn targets(all: &mut Landscape) -> &mut Vec<EventTarget> {
    all.rules[0].targets.as_mut().unwrap().as_mut().unwrap()
}

fn tasks(all: &mut Landscape) -> &mut StartedTasks {
    targets(all)[0].tasks.as_mut().unwrap()
}

const fn of_rule(check: &'static str, spoil: fn(&mut Landscape), says: &'static str) -> Case {
    case(check, Kind::Scheduled, spoil, says)
}

pub(crate) const RULES: &[Case] = &[
    of_rule(
        "scheduled.managed",
        |it| rule(it).managed_by = Some("batch.amazonaws.com".to_owned()),
        "Rule nightly is managed by batch.amazonaws.com.",
    ),
    of_rule("scheduled.disabled", |it| rule(it).is_enabled = false, "Rule nightly is disabled."),
    of_rule(
        "scheduled.noTasks",
        |it| {
            let target = &mut targets(it)[0];
            target.arn = "arn:aws:lambda:eu-west-1:1:function:report".to_owned();
            target.tasks = None;
        },
        "Rule nightly has arn:aws:lambda:eu-west-1:1:function:report as target.",
    ),
    of_rule("scheduled.noTasks", |it| targets(it).clear(), "Rule nightly has no target."),
    of_rule(
        "scheduled.cluster",
        |it| targets(it)[0].arn = "arn:aws:ecs:eu-west-1:1:cluster/batch".to_owned(),
        "Target report of rule nightly starts tasks in batch, and the file says prd.",
    ),
    of_rule(
        "scheduled.network",
        |it| tasks(it).network = None,
        "Target report of rule nightly has no network configuration.",
    ),
    of_rule(
        "scheduled.launch",
        |it| tasks(it).providers = vec!["blue".to_owned()],
        "has the launch type EC2 and the provider blue.",
    ),
    of_rule(
        "scheduled.role",
        |it| targets(it)[0].role = None,
        "Target report of rule nightly has no role.",
    ),
    of_rule(
        "scheduled.pattern",
        |it| {
            rule(it).schedule = None;
            rule(it).pattern = Some("{\"source\":[\"aws.s3\"]}".to_owned());
        },
        "Rule nightly has no schedule.",
    ),
    of_rule(
        "scheduled.severalTargets",
        |it| {
            let queue =
                EventTarget { id: "copy".to_owned(), tasks: None, ..targets(it)[0].clone() };
            targets(it).push(queue);
        },
        "Rule nightly has 2 targets, of which 1 start tasks.",
    ),
    of_rule(
        "scheduled.placement",
        |it| {
            tasks(it).placement_constraints = vec!["distinctInstance".to_owned()];
            tasks(it).placement_strategy = vec!["binpack memory".to_owned()];
        },
        "places tasks by distinctInstance and binpack memory.",
    ),
    of_rule(
        "scheduled.platformVersion",
        |it| tasks(it).platform_version = Some("LATEST".to_owned()),
        "has the platform version LATEST.",
    ),
    of_rule(
        "scheduled.deadLetter",
        |it| targets(it)[0].dead_letter = None,
        "Target report of rule nightly has no dead-letter queue.",
    ),
    of_rule(
        "scheduled.onFargate",
        |it| tasks(it).launch_type = Some("FARGATE".to_owned()),
        "Target report of rule nightly runs api:7 on Fargate.",
    ),
    of_rule(
        "scheduled.onFargate",
        |it| {
            tasks(it).launch_type = None;
            tasks(it).providers = vec!["FARGATE_SPOT".to_owned()];
        },
        "on Fargate",
    ),
];
