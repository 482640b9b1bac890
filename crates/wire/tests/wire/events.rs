//! EventBridge.

use region::spec::events::{EcsParametersSpec, EventRuleSpec, EventTargetSpec};
use serde_json::{Value, json};

use crate::world::{ask, fault, json, spec, wire, wire_of};

const CLUSTER: &str = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/prd";

fn events(wire: &wire::Wire, operation: &str, body: &Value) -> Value {
    ask(wire, &format!("AWSEvents.{operation}"), body)
}

/// A call that must be refused, and with what code.
fn refused(wire: &wire::Wire, operation: &str, body: &Value) -> String {
    let (status, answer) = json(wire, &format!("AWSEvents.{operation}"), body);
    assert_eq!(status, 400, "{operation}: {answer}");
    answer["__type"].as_str().unwrap().to_owned()
}

fn target(id: &str) -> Value {
    json!({
        "Id": id,
        "Arn": CLUSTER,
        "RoleArn": "arn:aws:iam::123456789012:role/events",
        "EcsParameters": {
            "TaskDefinitionArn": "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/report:3",
            "TaskCount": 1,
            "LaunchType": "EC2",
            "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-a"]}},
            "Tags": [{"Key": "team", "Value": "reports"}],
        },
        "Input": "{\"day\":1}",
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:ap-northeast-1:123456789012:lost"},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
    })
}

fn nightly(wire: &wire::Wire) {
    let rule = json!({"Name": "nightly", "ScheduleExpression": "cron(0 3 * * ? *)"});
    let answer = events(wire, "PutRule", &rule);
    assert_eq!(answer["RuleArn"], "arn:aws:events:ap-northeast-1:123456789012:rule/nightly");
}

/// A region whose file has a rule.
fn spec_with_rule(managed_by: Option<&str>) -> region::RegionSpec {
    let parameters = json!({
        "TaskDefinitionArn": "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/prd-api:1",
        "LaunchType": "EC2",
        "PlacementStrategy": [{"type": "binpack", "field": "memory"}],
        "CapacityProviderStrategy": [{"capacityProvider": "blue", "weight": 1}],
    });
    let parameters: EcsParametersSpec = serde_json::from_value(parameters).unwrap();
    let target = EventTargetSpec {
        id: "report".to_owned(),
        arn: CLUSTER.to_owned(),
        role_arn: Some("arn:aws:iam::123456789012:role/events".to_owned()),
        input: None,
        ecs_parameters: Some(parameters),
        dead_letter_config: None,
    };
    let mut spec = spec();
    spec.event_rules = vec![EventRuleSpec {
        name: "nightly".to_owned(),
        schedule: Some("rate(1 day)".to_owned()),
        pattern: None,
        enabled: managed_by.is_none(),
        managed_by: managed_by.map(str::to_owned),
        targets: vec![target],
    }];
    spec
}

#[test]
fn a_region_has_no_rule_unless_its_file_says_so() {
    assert_eq!(events(&wire(), "ListRules", &json!({}))["Rules"], json!([]));
    let wire = wire_of(&spec_with_rule(None), 1);
    let rules = events(&wire, "ListRules", &json!({}))["Rules"].clone();
    assert_eq!(rules.as_array().map(Vec::len), Some(1), "{rules}");
}

#[test]
fn a_rule_of_the_file_is_told_as_its_file_says() {
    let wire = wire_of(&spec_with_rule(None), 1);
    let rule = events(&wire, "DescribeRule", &json!({"Name": "nightly"}));
    assert_eq!(
        rule,
        json!({
            "Name": "nightly",
            "Arn": "arn:aws:events:ap-northeast-1:123456789012:rule/nightly",
            "ScheduleExpression": "rate(1 day)",
            "State": "ENABLED",
            "EventBusName": "default",
            "CreatedBy": "123456789012",
        })
    );
    let targets = events(&wire, "ListTargetsByRule", &json!({"Rule": "nightly"}));
    assert_eq!(
        targets["Targets"],
        json!([{
            "Id": "report",
            "Arn": CLUSTER,
            "RoleArn": "arn:aws:iam::123456789012:role/events",
            "EcsParameters": {
                "TaskDefinitionArn":
                    "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/prd-api:1",
                "LaunchType": "EC2",
                "PlacementStrategy": [{"type": "binpack", "field": "memory"}],
                "CapacityProviderStrategy": [
                    {"capacityProvider": "blue", "weight": 1, "base": 0},
                ],
            },
        }])
    );
}

#[test]
fn a_managed_rule_is_changed_by_nobody_else() {
    let wire = wire_of(&spec_with_rule(Some("batch.amazonaws.com")), 1);
    let rule = events(&wire, "DescribeRule", &json!({"Name": "nightly"}));
    assert_eq!(
        (&rule["ManagedBy"], &rule["State"]),
        (&json!("batch.amazonaws.com"), &json!("DISABLED"))
    );
    for (operation, body) in [
        ("PutRule", json!({"Name": "nightly", "ScheduleExpression": "rate(1 hour)"})),
        ("EnableRule", json!({"Name": "nightly"})),
        ("DisableRule", json!({"Name": "nightly"})),
        ("PutTargets", json!({"Rule": "nightly", "Targets": [target("two")]})),
        ("RemoveTargets", json!({"Rule": "nightly", "Ids": ["report"]})),
    ] {
        assert_eq!(refused(&wire, operation, &body), "ManagedRuleException", "{operation}");
    }
    assert_eq!(events(&wire, "DescribeRule", &json!({"Name": "nightly"})), rule);
    let forced = json!({"Rule": "nightly", "Ids": ["report"], "Force": true});
    assert_eq!(events(&wire, "RemoveTargets", &forced)["FailedEntryCount"], 0);
}

#[test]
fn targets_are_shown_as_they_were_put() {
    let wire = wire();
    nightly(&wire);
    let put = json!({"Rule": "nightly", "Targets": [target("a"), target("b")]});
    let answer = events(&wire, "PutTargets", &put);
    assert_eq!(answer, json!({"FailedEntryCount": 0, "FailedEntries": []}));
    let listed = events(&wire, "ListTargetsByRule", &json!({"Rule": "nightly"}));
    assert_eq!(listed, json!({"Targets": [target("a"), target("b")]}));
}

#[test]
fn a_target_that_is_put_again_is_replaced_whole() {
    let wire = wire();
    nightly(&wire);
    events(&wire, "PutTargets", &json!({"Rule": "nightly", "Targets": [target("a")]}));
    let bare = json!({"Id": "a", "Arn": CLUSTER});
    events(&wire, "PutTargets", &json!({"Rule": "nightly", "Targets": [bare]}));
    let listed = events(&wire, "ListTargetsByRule", &json!({"Rule": "nightly"}));
    assert_eq!(listed["Targets"], json!([bare]), "what is left out is gone");
}

#[test]
fn a_rule_that_is_put_again_keeps_its_targets_and_nothing_else() {
    let wire = wire();
    let rule = json!({
        "Name": "nightly",
        "ScheduleExpression": "rate(1 day)",
        "State": "DISABLED",
        "Description": "a job",
    });
    events(&wire, "PutRule", &rule);
    events(&wire, "PutTargets", &json!({"Rule": "nightly", "Targets": [target("a")]}));
    nightly(&wire);
    let after = events(&wire, "DescribeRule", &json!({"Name": "nightly"}));
    assert_eq!(after["Description"], Value::Null);
    assert_eq!(
        (&after["State"], &after["ScheduleExpression"]),
        (&json!("ENABLED"), &json!("cron(0 3 * * ? *)"))
    );
    let listed = events(&wire, "ListTargetsByRule", &json!({"Rule": "nightly"}));
    assert_eq!(listed["Targets"].as_array().map(Vec::len), Some(1));
}

#[test]
fn lists_come_page_by_page() {
    let wire = wire();
    nightly(&wire);
    let four: Vec<Value> = ["a", "b", "c", "d"].map(target).into();
    events(&wire, "PutTargets", &json!({"Rule": "nightly", "Targets": four}));
    let mut token = Value::Null;
    let mut pages: Vec<Vec<String>> = Vec::new();
    loop {
        let body = json!({"Rule": "nightly", "Limit": 3, "NextToken": token});
        let page = events(&wire, "ListTargetsByRule", &body);
        let ids = page["Targets"].as_array().unwrap().iter();
        pages.push(ids.map(|it| it["Id"].as_str().unwrap().to_owned()).collect());
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(pages, [vec!["a", "b", "c"], vec!["d"]]);
    let elsewhere = json!({"Rule": "nightly", "NextToken": "elsewhere"});
    assert_eq!(refused(&wire, "ListTargetsByRule", &elsewhere), "ValidationException");
    let none = json!({"Rule": "nightly", "Limit": 0});
    assert_eq!(refused(&wire, "ListTargetsByRule", &none), "ValidationException");
}

#[test]
fn a_rule_is_enabled_and_disabled() {
    let wire = wire();
    nightly(&wire);
    let state = || events(&wire, "DescribeRule", &json!({"Name": "nightly"}))["State"].clone();
    assert_eq!(state(), "ENABLED");
    events(&wire, "DisableRule", &json!({"Name": "nightly"}));
    assert_eq!(state(), "DISABLED");
    events(&wire, "EnableRule", &json!({"Name": "nightly"}));
    assert_eq!(state(), "ENABLED");
}

#[test]
fn what_cannot_be_removed_is_told_singly() {
    let wire = wire();
    nightly(&wire);
    events(&wire, "PutTargets", &json!({"Rule": "nightly", "Targets": [target("a")]}));
    let answer = events(&wire, "RemoveTargets", &json!({"Rule": "nightly", "Ids": ["a", "b"]}));
    assert_eq!(answer["FailedEntryCount"], 1);
    assert_eq!(answer["FailedEntries"][0]["TargetId"], "b");
    let listed = events(&wire, "ListTargetsByRule", &json!({"Rule": "nightly"}));
    assert_eq!(listed["Targets"], json!([]));
}

#[test]
fn what_is_not_there_is_not_found() {
    let wire = wire();
    nightly(&wire);
    for (operation, body) in [
        ("DescribeRule", json!({"Name": "gone"})),
        ("DescribeRule", json!({"Name": "nightly", "EventBusName": "other"})),
        ("ListTargetsByRule", json!({"Rule": "gone"})),
        ("ListRules", json!({"EventBusName": "other"})),
        ("DisableRule", json!({"Name": "gone"})),
        ("PutTargets", json!({"Rule": "gone", "Targets": []})),
        ("RemoveTargets", json!({"Rule": "gone", "Ids": []})),
    ] {
        assert_eq!(refused(&wire, operation, &body), "ResourceNotFoundException", "{operation}");
    }
    let arn = "arn:aws:events:ap-northeast-1:123456789012:event-bus/default";
    events(&wire, "DescribeRule", &json!({"Name": "nightly", "EventBusName": arn}));
}

#[test]
fn what_is_no_rule_is_refused_and_changes_nothing() {
    let wire = wire();
    for (body, code) in [
        (json!({"Name": "a b", "ScheduleExpression": "rate(1 day)"}), "ValidationException"),
        (json!({"Name": "a", "ScheduleExpression": "daily"}), "ValidationException"),
        (json!({"Name": "a", "EventPattern": "{"}), "InvalidEventPatternException"),
        (json!({"Name": "a"}), "ValidationException"),
        (json!({"Name": 1}), "SerializationException"),
    ] {
        assert_eq!(refused(&wire, "PutRule", &body), code, "{body}");
    }
    assert_eq!(events(&wire, "ListRules", &json!({}))["Rules"], json!([]));
    nightly(&wire);
    let six: Vec<Value> = ["a", "b", "c", "d", "e", "f"].map(target).into();
    let put = json!({"Rule": "nightly", "Targets": six});
    assert_eq!(refused(&wire, "PutTargets", &put), "LimitExceededException");
    let listed = events(&wire, "ListTargetsByRule", &json!({"Rule": "nightly"}));
    assert_eq!(listed["Targets"], json!([]));
}

#[test]
fn faults_meet_the_calls_they_name() {
    for (kind, api, code) in [
        ("denied", "events:DescribeRule", "AccessDeniedException"),
        ("denied", "events", "AccessDeniedException"),
        ("throttle", "events:DescribeRule", "ThrottlingException"),
    ] {
        let mut spec = spec_with_rule(None);
        let mut row = fault(kind, api);
        if kind == "throttle" {
            row.fraction = region::fault::Fraction::new(1.0);
        }
        spec.faults = vec![row];
        let wire = wire_of(&spec, 1);
        assert_eq!(refused(&wire, "DescribeRule", &json!({"Name": "nightly"})), code, "{api}");
        let (status, _) = json(&wire, "AWSEvents.ListTargetsByRule", &json!({"Rule": "nightly"}));
        assert_eq!(status == 200, api != "events", "{api}");
    }
}

#[test]
fn a_rule_of_the_file_that_cannot_be_is_refused_by_name() {
    type Spoil = fn(&mut EventRuleSpec);
    let spoil: [(&str, Spoil); 5] = [
        ("a name has", |it| it.name = "a b".to_owned()),
        ("`schedule` or a `pattern`", |it| it.schedule = None),
        ("no schedule", |it| it.schedule = Some("daily".to_owned())),
        ("no pattern", |it| it.pattern = Some("{".to_owned())),
        ("two targets", |it| it.targets.push(it.targets[0].clone())),
    ];
    for (says, spoil) in spoil {
        let mut spec = spec_with_rule(None);
        spoil(&mut spec.event_rules[0]);
        let error = region::Region::new(&spec, 1).unwrap_err().to_string();
        assert!(error.contains("eventRules") && error.contains(says), "{error}");
    }
    let mut spec = spec_with_rule(None);
    spec.event_rules.push(spec.event_rules[0].clone());
    let error = region::Region::new(&spec, 1).unwrap_err().to_string();
    assert!(error.contains("stands twice"), "{error}");
}
