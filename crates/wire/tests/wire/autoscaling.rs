//! Application Auto Scaling.

use model::{Side, Span};
use region::request::Request;
use serde_json::{Value, json};

use crate::world::{START, ask, id, json, pass, wire};

const RESOURCE: &str = "service/prd/api";

fn scaling(wire: &wire::Wire, operation: &str, body: &Value) -> Value {
    ask(wire, &format!("AnyScaleFrontendService.{operation}"), &of(body))
}

/// The names that every request needs, beside these members.
fn of(body: &Value) -> Value {
    let mut all = json!({
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    for (key, value) in body.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn target(wire: &wire::Wire) -> Value {
    let body = json!({"ResourceIds": [RESOURCE, "service/prd/nobody"]});
    let answer = scaling(wire, "DescribeScalableTargets", &body);
    assert_eq!(answer["ScalableTargets"].as_array().map(Vec::len), Some(1), "{answer}");
    answer["ScalableTargets"][0].clone()
}

#[test]
fn what_a_registration_leaves_out_stays() {
    let wire = wire();
    let before = target(&wire);
    scaling(&wire, "RegisterScalableTarget", &json!({"ResourceId": RESOURCE, "MinCapacity": 5}));
    let after = target(&wire);
    assert_eq!((&after["MinCapacity"], &after["MaxCapacity"]), (&json!(5), &before["MaxCapacity"]));
    let suspended = json!({"DynamicScalingInSuspended": true});
    let body = json!({"ResourceId": RESOURCE, "SuspendedState": suspended});
    scaling(&wire, "RegisterScalableTarget", &body);
    let last = target(&wire);
    assert_eq!(last["MinCapacity"], 5);
    assert_eq!(last["SuspendedState"]["DynamicScalingInSuspended"], true);
    assert_eq!(last["SuspendedState"]["DynamicScalingOutSuspended"], false);
    let id = id("api", Side::Ec2);
    let described = wire
        .region()
        .with(|region| region.handle(&Request::DescribeScalableTarget { id: &id }))
        .scalable_target();
    assert!(described.unwrap().unwrap().suspended.is_any());
}

#[test]
fn a_minimum_above_the_maximum_is_refused() {
    let body = of(&json!({"ResourceId": RESOURCE, "MinCapacity": 5, "MaxCapacity": 4}));
    let (status, answer) = json(&wire(), "AnyScaleFrontendService.RegisterScalableTarget", &body);
    assert_eq!((status, &answer["__type"]), (400, &json!("ValidationException")));
    assert!(answer["Message"].is_string());
}

#[test]
fn a_scheduled_action_fires_at_its_time_and_is_gone() {
    let wire = wire();
    let at = (START + Span::from_mins(20)).to_jiff().strftime("at(%Y-%m-%dT%H:%M:%S)").to_string();
    let body = json!({
        "ResourceId": RESOURCE,
        "ScheduledActionName": "ferry-up",
        "Schedule": at,
        "ScalableTargetAction": {"MinCapacity": 30},
    });
    scaling(&wire, "PutScheduledAction", &body);
    let listed = || scaling(&wire, "DescribeScheduledActions", &json!({"ResourceId": RESOURCE}));
    let action = listed()["ScheduledActions"][0].clone();
    assert_eq!(action["Schedule"], at.as_str());
    assert_eq!(action["ScalableTargetAction"], json!({"MinCapacity": 30}));
    pass(&wire, Span::from_mins(15));
    assert_eq!(listed()["ScheduledActions"], json!([]));
    assert_eq!(target(&wire)["MinCapacity"], 30);
    let body = json!({"ResourceId": RESOURCE});
    let activities = scaling(&wire, "DescribeScalingActivities", &body);
    let newest = &activities["ScalingActivities"][0];
    assert_eq!(newest["Cause"], "scheduled action ferry-up was triggered");
}

#[test]
fn what_is_not_there_cannot_be_deleted() {
    let body = of(&json!({"ResourceId": RESOURCE, "ScheduledActionName": "ferry-up"}));
    let (status, answer) = json(&wire(), "AnyScaleFrontendService.DeleteScheduledAction", &body);
    assert_eq!((status, &answer["__type"]), (400, &json!("ObjectNotFoundException")));
}

#[test]
fn a_time_that_has_passed_is_refused() {
    let body = of(&json!({
        "ResourceId": RESOURCE,
        "ScheduledActionName": "ferry-up",
        "Schedule": "at(2020-01-01T00:00:00)",
        "ScalableTargetAction": {"MinCapacity": 30},
    }));
    let (status, answer) = json(&wire(), "AnyScaleFrontendService.PutScheduledAction", &body);
    assert_eq!((status, &answer["__type"]), (400, &json!("ValidationException")));
}

#[test]
fn policies_are_shown_with_the_alarms_that_invoke_them() {
    let wire = wire();
    let answer = scaling(&wire, "DescribeScalingPolicies", &json!({"ResourceId": RESOURCE}));
    let policies = answer["ScalingPolicies"].as_array().unwrap();
    assert_eq!(policies.len(), 2);
    let out = policies.iter().find(|policy| policy["PolicyName"] == "scale-out").unwrap();
    let steps = &out["StepScalingPolicyConfiguration"]["StepAdjustments"];
    assert_eq!(steps.as_array().map(Vec::len), Some(3));
    let alarm = out["Alarms"][0]["AlarmName"].as_str().unwrap();
    let target = "GraniteServiceVersion20100801.DescribeAlarms";
    let alarms = ask(&wire, target, &json!({"AlarmNames": [alarm]}));
    let alarm = &alarms["MetricAlarms"][0];
    assert_eq!(alarm["AlarmActions"][0], out["PolicyARN"]);
    assert_eq!(alarm["Threshold"], 60.0);
}
