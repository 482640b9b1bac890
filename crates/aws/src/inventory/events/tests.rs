use std::sync::Arc;

use model::spec::Aws;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, Script, Wound, block_on, clients};

fn id(name: &str) -> EventRuleId {
    EventRuleId { account: Arc::new(Aws::default()), bus: "jobs".to_owned(), name: name.to_owned() }
}

/// What a question comes to over a script, and what was asked.
fn ask<T>(
    answers: Vec<Answer>,
    question: impl AsyncFnOnce(&Clients) -> T,
) -> (T, Vec<(String, Value)>) {
    block_on(async {
        let script = Script::new(answers);
        let clients = clients(Wound::new(), script.clone()).await;
        let answer = question(&clients).await;
        let asked = script.asked().into_iter().map(|request| {
            let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
            (target, serde_json::from_slice(request.body()).unwrap())
        });
        (answer, asked.collect())
    })
}

fn described(body: &Value) -> Result<EventRule> {
    let answers = vec![Answer::json(200, &body.to_string())];
    ask(answers, async |clients| rules(clients, &[id("nightly")]).await).0.remove(0)
}

fn nightly() -> Value {
    json!({
        "Name": "nightly",
        "Arn": "arn:aws:events:eu-west-1:123456789012:rule/jobs/nightly",
        "ScheduleExpression": "rate(1 day)",
        "State": "ENABLED",
        "EventBusName": "jobs",
    })
}

#[test]
fn a_rule_is_read_as_it_is_described() {
    let rule = described(&nightly()).unwrap();
    assert_eq!(rule.schedule.as_deref(), Some("rate(1 day)"));
    assert_eq!((rule.pattern, rule.managed_by, rule.is_enabled), (None, None, true));
    let mut other = nightly();
    other["ScheduleExpression"] = Value::Null;
    other["EventPattern"] = json!("{\"source\":[\"aws.ecs\"]}");
    other["ManagedBy"] = json!("autoscaling.amazonaws.com");
    other["State"] = json!("DISABLED");
    let rule = described(&other).unwrap();
    assert_eq!(rule.schedule, None);
    assert_eq!(rule.pattern.as_deref(), Some("{\"source\":[\"aws.ecs\"]}"));
    assert_eq!(rule.managed_by.as_deref(), Some("autoscaling.amazonaws.com"));
    assert!(!rule.is_enabled);
    other["State"] = json!("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    assert!(described(&other).unwrap().is_enabled);
}

#[test]
fn a_rule_without_a_state_is_not_taken_for_enabled() {
    let mut body = nightly();
    body["State"] = Value::Null;
    let error = described(&body).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Partial);
    assert!(error.message.contains("state"), "{}", error.message);
}

#[test]
fn targets_are_read_page_by_page() {
    let target = |id: &str| json!({"Id": id, "Arn": "arn:aws:sqs:eu-west-1:1:q"});
    let first = json!({"Targets": [target("one"), target("two")], "NextToken": "more"});
    let second = json!({"Targets": [target("three")]});
    let answers = [first, second].map(|page| Answer::json(200, &page.to_string()));
    let (found, asked) =
        ask(answers.into(), async |clients| targets(clients, &[id("nightly")]).await);
    let ids: Vec<String> =
        found[0].as_ref().unwrap().iter().map(|target| target.id.clone()).collect();
    assert_eq!(ids, ["one", "two", "three"]);
    let (operation, page) = &asked[0];
    assert_eq!(operation, "AWSEvents.ListTargetsByRule");
    assert_eq!(page, &json!({"EventBusName": "jobs", "Rule": "nightly", "Limit": 100}));
    assert_eq!(asked[1].1["NextToken"], "more");
}

#[test]
fn names_are_read_page_by_page_and_sorted() {
    let first = json!({"Rules": [{"Name": "weekly"}], "NextToken": "more"});
    let second = json!({"Rules": [{"Name": "nightly"}]});
    let answers = [first, second].map(|page| Answer::json(200, &page.to_string()));
    let (found, asked) = ask(answers.into(), async |clients| {
        let client = clients.of(&Aws::default()).await;
        names(&client, clients.question(Lane::Ordinary), "jobs").await
    });
    assert_eq!(found.unwrap(), ["nightly", "weekly"]);
    assert_eq!(asked[1].1["NextToken"], "more");
}

#[test]
fn all_that_a_target_says_of_tasks_is_read() {
    let body = json!({"Targets": [{
        "Id": "report",
        "Arn": "arn:aws:ecs:eu-west-1:1:cluster/prd",
        "RoleArn": "arn:aws:iam::1:role/events",
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:1:lost"},
        "EcsParameters": {
            "TaskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/report",
            "LaunchType": "EC2",
            "CapacityProviderStrategy": [{"capacityProvider": "blue", "weight": 1}],
            "NetworkConfiguration": {"awsvpcConfiguration": {
                "Subnets": ["subnet-a"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "ENABLED",
            }},
            "PlatformVersion": "LATEST",
            "PlacementConstraints": [{"type": "distinctInstance"}],
            "PlacementStrategy": [{"type": "binpack", "field": "memory"}],
        },
    }, {"Id": "queue", "Arn": "arn:aws:sqs:eu-west-1:1:q"}]});
    let answers = vec![Answer::json(200, &body.to_string())];
    let (found, _) = ask(answers, async |clients| targets(clients, &[id("nightly")]).await);
    let found = found[0].as_ref().unwrap();
    assert_eq!(found[1].tasks, None);
    assert_eq!(found[0].role.as_deref(), Some("arn:aws:iam::1:role/events"));
    assert_eq!(found[0].dead_letter.as_deref(), Some("arn:aws:sqs:eu-west-1:1:lost"));
    let expected = StartedTasks {
        task_definition: "arn:aws:ecs:eu-west-1:1:task-definition/report".to_owned(),
        count: 1,
        launch_type: Some("EC2".to_owned()),
        providers: vec!["blue".to_owned()],
        network: Some(Network {
            subnets: vec!["subnet-a".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            public_ip: true,
        }),
        platform_version: Some("LATEST".to_owned()),
        placement_constraints: vec!["distinctInstance".to_owned()],
        placement_strategy: vec!["binpack memory".to_owned()],
    };
    assert_eq!(found[0].tasks, Some(expected));
}

#[test]
fn each_rule_has_its_own_fate() {
    let gone = r#"{"__type":"ResourceNotFoundException","message":"Rule a does not exist on EventBus jobs."}"#;
    let answers = vec![Answer::json(400, gone), Answer::json(200, &nightly().to_string())];
    let (found, asked) =
        ask(answers, async |clients| rules(clients, &[id("b"), id("a"), id("b")]).await);
    assert_eq!(asked.len(), 2, "each once");
    assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    assert!(found[0].is_ok() && found[2].is_ok());
}

#[test]
fn refusals_name_the_action() {
    let denied = r#"{"__type":"AccessDeniedException","message":"not authorized"}"#;
    for operation in [DESCRIBE_RULE, LIST_TARGETS] {
        let answers = vec![Answer::json(400, denied)];
        let (error, _) = ask(answers, async |clients| {
            let ids = [id("nightly")];
            if operation == DESCRIBE_RULE {
                rules(clients, &ids).await.remove(0).unwrap_err()
            } else {
                targets(clients, &ids).await.remove(0).unwrap_err()
            }
        });
        assert_eq!((error.kind, error.operation), (ErrorKind::Denied, operation));
        assert!(error.message.contains(&format!("allow {operation} to")), "{}", error.message);
    }
}

#[test]
fn what_passes_is_asked_again() {
    let busy = |code: &str, status| {
        Answer::json(status, &format!(r#"{{"__type":"{code}","message":"again"}}"#))
    };
    let answers = vec![
        busy("ConcurrentModificationException", 400),
        busy("InternalException", 500),
        Answer::json(200, &nightly().to_string()),
    ];
    let (found, asked) = ask(answers, async |clients| rules(clients, &[id("nightly")]).await);
    assert!(found[0].is_ok(), "{found:?}");
    assert_eq!(asked.len(), 3);
}
