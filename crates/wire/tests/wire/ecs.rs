//! Amazon ECS.

use model::Side;
use model::observation::Service;
use region::request::Request;
use serde_json::{Value, json};

use crate::world::{ecs, id, json, pass, wire};

fn truth(wire: &wire::Wire, name: &str, side: Side) -> Service {
    let id = id(name, side);
    let answer = wire.region().with(|region| region.handle(&Request::DescribeService { id: &id }));
    answer.service().unwrap()
}

fn describe(wire: &wire::Wire, services: &[&str]) -> Value {
    ecs(wire, "DescribeServices", &json!({"cluster": "prd", "services": services}))
}

#[test]
fn services_are_described_as_the_region_has_them() {
    let wire = wire();
    let answer = describe(&wire, &["api"]);
    let (service, truth) = (&answer["services"][0], truth(&wire, "api", Side::Ec2));
    assert_eq!(service["desiredCount"], truth.desired);
    assert_eq!(service["runningCount"], truth.running);
    assert_eq!(service["pendingCount"], truth.pending);
    assert_eq!(service["launchType"], "EC2");
    let deployments = service["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), 1);
    assert_eq!(deployments[0]["rolloutState"], "COMPLETED");
    assert_eq!(
        service["loadBalancers"][0]["targetGroupArn"],
        crate::world::group("api", Side::Ec2)
    );
}

#[test]
fn a_missing_service_is_a_failure_beside_the_others() {
    let answer = describe(&wire(), &["api", "nobody"]);
    assert_eq!(answer["services"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let arn = "arn:aws:ecs:ap-northeast-1:123456789012:service/prd/nobody";
    assert_eq!(answer["failures"][0]["arn"], arn);
}

#[test]
fn eleven_services_and_none_are_too_many_and_too_few() {
    let wire = wire();
    for services in [vec!["api"; 11], Vec::new()] {
        let (status, answer) = json(
            &wire,
            "AmazonEC2ContainerServiceV20141113.DescribeServices",
            &json!({"cluster": "prd", "services": services}),
        );
        assert_eq!((status, &answer["__type"]), (400, &json!("InvalidParameterException")));
    }
}

#[test]
fn services_are_named_by_name_or_arn_and_clusters_too() {
    let wire = wire();
    let arn = "arn:aws:ecs:ap-northeast-1:123456789012:service/prd/api";
    let cluster = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/prd";
    let body = json!({"cluster": cluster, "services": [arn], "include": ["TAGS"]});
    let service = &ecs(&wire, "DescribeServices", &body)["services"][0];
    assert_eq!(service["serviceArn"], arn);
    assert_eq!(service["tags"][0], json!({"key": "application", "value": "api"}));
    let (_, answer) = json(
        &wire,
        "AmazonEC2ContainerServiceV20141113.DescribeServices",
        &json!({"cluster": "elsewhere", "services": ["api"]}),
    );
    assert_eq!(answer["__type"], "ClusterNotFoundException");
}

#[test]
fn a_desired_count_is_set_and_tasks_follow() {
    let wire = wire();
    let before = truth(&wire, "web-fargate", Side::Ec2);
    let service = ecs(
        &wire,
        "UpdateService",
        &json!({"cluster": "prd", "service": "web-fargate", "desiredCount": 3}),
    );
    assert_eq!(service["service"]["desiredCount"], 3);
    assert_eq!(before.desired, 1);
    pass(&wire, model::Span::from_mins(3));
    let tasks = ecs(&wire, "ListTasks", &json!({"cluster": "prd", "serviceName": "web-fargate"}));
    let arns = tasks["taskArns"].as_array().unwrap();
    assert_eq!(arns.len(), 3);
    let tasks = ecs(&wire, "DescribeTasks", &json!({"cluster": "prd", "tasks": arns}));
    let running = tasks["tasks"].as_array().unwrap().iter();
    assert_eq!(running.filter(|task| task["lastStatus"] == "RUNNING").count(), 3);
    assert_eq!(tasks["failures"], json!([]));
}

#[test]
fn a_service_that_is_not_there_cannot_be_updated() {
    let (status, answer) = json(
        &wire(),
        "AmazonEC2ContainerServiceV20141113.UpdateService",
        &json!({"cluster": "prd", "service": "nobody", "desiredCount": 3}),
    );
    assert_eq!((status, &answer["__type"]), (400, &json!("ServiceNotFoundException")));
}

#[test]
fn a_release_is_a_deployment_that_replaces_tasks_one_by_one() {
    let wire = wire();
    wire.region().with(|region| region.release(Side::Ec2, 1.0));
    pass(&wire, model::Span::from_mins(5));
    let service = describe(&wire, &["api"])["services"][0].clone();
    let deployments = service["deployments"].as_array().unwrap().clone();
    let count = |at: usize| deployments[at]["runningCount"].as_u64().unwrap();
    assert_eq!(deployments.len(), 2);
    assert_eq!(deployments[0]["rolloutState"], "IN_PROGRESS");
    assert!(deployments[0]["taskDefinition"].as_str().unwrap().ends_with("prd-api:2"));
    assert!(deployments[1]["taskDefinition"].as_str().unwrap().ends_with("prd-api:1"));
    assert_eq!(Some(count(0) + count(1)), service["runningCount"].as_u64());
    // Half of ten minutes have passed.
    assert!(count(0).abs_diff(count(1)) <= 1, "{deployments:?}");
    let arn = &service["taskDefinition"];
    let definition = ecs(&wire, "DescribeTaskDefinition", &json!({"taskDefinition": arn}));
    assert_eq!(definition["taskDefinition"]["containerDefinitions"][0]["image"], "app:2");
}

#[test]
fn lists_come_in_pages() {
    let wire = wire();
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let body = json!({"cluster": "prd", "maxResults": 4, "nextToken": token});
        let page = ecs(&wire, "ListServices", &body);
        let arns = page["serviceArns"].as_array().unwrap();
        assert!(arns.len() <= 4);
        seen.extend(arns.clone());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    seen.sort_by_key(ToString::to_string);
    seen.dedup();
    assert_eq!(seen.len(), 6);
}
