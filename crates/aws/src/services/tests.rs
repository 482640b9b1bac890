use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, Script, Wound, block_on, clients};

fn id(cluster: &str, service: &str) -> ServiceId {
    ServiceId { account: Arc::default(), cluster: cluster.to_owned(), service: service.to_owned() }
}

fn service(name: &str) -> Value {
    json!({
        "serviceName": name,
        "status": "ACTIVE",
        "desiredCount": 3,
        "runningCount": 2,
        "pendingCount": 1,
        "taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/web:7",
        "loadBalancers": [{"targetGroupArn": "arn:tg", "containerName": "app", "containerPort": 80}],
        "deployments": [
            {"status": "PRIMARY", "rolloutState": "COMPLETED", "createdAt": 1_767_571_000.5},
        ],
    })
}

fn described(services: &[Value], missing: &[&str]) -> Answer {
    let failures: Vec<Value> = missing
        .iter()
        .map(|name| json!({"arn": format!("arn:aws:ecs:x:1:service/prd/{name}"), "reason": "MISSING"}))
        .collect();
    Answer::json(200, &json!({"services": services, "failures": failures}).to_string())
}

fn definition() -> Answer {
    let containers = json!([
        {"name": "proxy", "image": "envoy:3", "essential": true, "cpu": 128},
        {"name": "app", "image": "web:abc", "essential": true, "cpu": 512},
    ]);
    let body = json!({"taskDefinition": {"containerDefinitions": containers}});
    Answer::json(200, &body.to_string())
}

/// What the adapter makes of a script, and what it asked.
fn ask(answers: Vec<Answer>, ids: &[ServiceId]) -> (Vec<Result<Service>>, Vec<(String, Value)>) {
    block_on(async {
        let (clock, script) = (Wound::new(), Script::new(answers));
        let services = EcsServices::new(Arc::new(clients(clock, script.clone()).await));
        let found = services.services(ids).await;
        let asked = script.asked().into_iter().map(|request| {
            let target = request.headers()["x-amz-target"].to_str().unwrap();
            let operation = target.rsplit('.').next().unwrap().to_owned();
            (operation, serde_json::from_slice(request.body()).unwrap())
        });
        (found, asked.collect())
    })
}

fn state(service: &Value) -> Result<Deployment> {
    let (found, _) =
        ask(vec![described(std::slice::from_ref(service), &[]), definition()], &[id("prd", "web")]);
    found.into_iter().next().unwrap().map(|service| service.deployment)
}

#[test]
fn the_image_behind_the_balancer_tells_releases_apart_and_containers_say_the_size() {
    let (found, _) =
        ask(vec![described(&[service("web")], &[]), definition()], &[id("prd", "web")]);
    let expected = Service {
        desired: 3,
        running: 2,
        pending: 1,
        release: "web:abc".to_owned(),
        cpu_units: Some(640),
        deployment: Deployment::Steady,
    };
    assert_eq!(found, [Ok(expected)]);
}

#[test]
fn ten_services_of_a_cluster_take_one_call_and_their_definition_one() {
    let names: Vec<String> = (0..12).map(|number| format!("web-{number:02}")).collect();
    let ids: Vec<ServiceId> = names.iter().map(|name| id("prd", name)).collect();
    let answers = names
        .chunks(10)
        .map(|names| described(&names.iter().map(|name| service(name)).collect::<Vec<_>>(), &[]));
    let (found, asked) = ask(answers.chain([definition()]).collect(), &ids);
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    let operations: Vec<&str> = asked.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["DescribeServices", "DescribeServices", "DescribeTaskDefinition"]);
    assert_eq!(asked[0].1["services"].as_array().map(Vec::len), Some(10));
}

#[test]
fn a_failing_batch_fails_its_own_members_only() {
    let gone = r#"{"__type":"ClusterNotFoundException","message":"Cluster not found."}"#;
    let answers =
        vec![Answer::json(400, gone), described(&[service("web")], &["lost"]), definition()];
    let ids = [id("prd", "web"), id("gone", "web"), id("prd", "lost")];
    let (found, _) = ask(answers, &ids);
    let kinds: Vec<_> =
        found.iter().map(|it| it.as_ref().map(|_| ()).map_err(|e| e.kind)).collect();
    assert_eq!(kinds, [Ok(()), Err(ErrorKind::NotFound), Err(ErrorKind::NotFound)]);
}

#[test]
fn a_name_that_ecs_refuses_spoils_no_other() {
    let bad = r#"{"__type":"InvalidParameterException","message":"Invalid identifier"}"#;
    let answers = vec![
        Answer::json(400, bad),
        Answer::json(400, bad),
        described(&[service("web")], &[]),
        definition(),
    ];
    let (found, _) = ask(answers, &[id("prd", "web"), id("prd", "not a name")]);
    assert!(found[0].is_ok(), "{:?}", found[0]);
    assert_eq!(found[1].as_ref().unwrap_err().kind, ErrorKind::Invalid);
}

#[test]
fn a_deleted_service_is_not_found() {
    let mut deleted = service("web");
    deleted["status"] = json!("INACTIVE");
    let (found, _) = ask(vec![described(&[deleted], &[]), definition()], &[id("prd", "web")]);
    assert_eq!(found[0].as_ref().unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_deployment_is_over_when_the_newest_completed_and_no_other_is_left() {
    let mut web = service("web");
    let since = Deployment::InProgress { since: model::Time::from_millis(1_767_571_000_500) };
    for (rollout, others, expected) in [
        (json!("COMPLETED"), 0, Deployment::Steady),
        (json!("COMPLETED"), 1, since),
        (json!("IN_PROGRESS"), 0, since),
        (json!("FAILED"), 1, Deployment::Failed),
        // Services without rollout states, such as those of an outside controller.
        (Value::Null, 0, Deployment::Steady),
        (json!("SOMETHING_NEW"), 0, since),
    ] {
        let mut deployments = vec![
            json!({"status": "PRIMARY", "rolloutState": rollout, "createdAt": 1_767_571_000.5}),
        ];
        deployments.extend((0..others).map(|_| json!({"status": "ACTIVE", "createdAt": 1.0})));
        web["deployments"] = json!(deployments);
        assert_eq!(state(&web), Ok(expected), "{deployments:?}");
    }
}

#[test]
fn a_task_set_that_is_not_stable_is_a_deployment() {
    let mut web = service("web");
    web["deployments"] = json!([]);
    web["taskSets"] = json!([{"stabilityStatus": "STABILIZING", "createdAt": 60.0}]);
    let since = model::Time::from_secs(60);
    assert_eq!(state(&web), Ok(Deployment::InProgress { since }));
    web["taskSets"] = json!([{"stabilityStatus": "STEADY_STATE", "createdAt": 60.0}]);
    assert_eq!(state(&web), Ok(Deployment::Steady));
}

#[test]
fn what_is_not_judged_yet_is_neither_healthy_nor_ill() {
    let states = [
        ("healthy", 3),
        ("unhealthy", 2),
        ("draining", 1),
        ("unhealthy.draining", 1),
        ("initial", 1),
        ("unused", 1),
        ("unavailable", 1),
        ("something-new", 1),
    ];
    let targets: Vec<TargetHealthDescription> = states
        .iter()
        .flat_map(|(state, count)| std::iter::repeat_n(*state, *count))
        .map(|state| {
            let health = aws_sdk_elasticloadbalancingv2::types::TargetHealth::builder()
                .state(TargetHealthStateEnum::from(state))
                .build();
            TargetHealthDescription::builder().target_health(health).build()
        })
        .collect();
    let expected = Targets { healthy: 3, unhealthy: 2, initial: 4, draining: 2 };
    assert_eq!(counted(&targets), expected);
}

#[test]
fn a_service_that_was_just_described_is_not_asked_for_its_group() {
    block_on(async {
        let clock = Wound::new();
        let answers =
            [described(&[service("web")], &[]), definition(), described(&[service("web")], &[])];
        let script = Script::new(answers);
        let services = EcsServices::new(Arc::new(clients(clock.clone(), script.clone()).await));
        services.services(&[id("prd", "web")]).await;
        let group = TargetGroup { account: Arc::default(), arn: "arn:tg".to_owned() };
        assert_eq!(services.target_groups(&[id("prd", "web")]).await, [Ok(Some(group.clone()))]);
        assert_eq!(script.asked().len(), 2);
        clock.wind(Span::from_mins(2));
        assert_eq!(services.target_groups(&[id("prd", "web")]).await, [Ok(Some(group))]);
        assert_eq!(script.asked().len(), 3, "it may have moved since");
    });
}

#[test]
fn groups_have_their_turns_in_the_order_asked() {
    block_on(async {
        let none = "<DescribeTargetHealthResponse><DescribeTargetHealthResult>\
                    <TargetHealthDescriptions/></DescribeTargetHealthResult>\
                    </DescribeTargetHealthResponse>";
        let script = Script::new((0..800).map(|_| Answer::xml(200, none)));
        let clock = Wound::new();
        let services = EcsServices::new(Arc::new(clients(clock, script.clone()).await));
        let groups: Vec<TargetGroup> = (0..400)
            .rev()
            .map(|number| TargetGroup { account: Arc::default(), arn: format!("arn:{number:04}") })
            .collect();
        let answers = services.targets(&groups).await;
        let reached = answers.iter().take_while(|answer| answer.is_ok()).count();
        // 30 at once, and eight a second for half a minute.
        assert!((265..=275).contains(&reached), "{reached} had a turn");
        assert!(answers[reached..].iter().all(Result::is_err), "the last had none");
    });
}
