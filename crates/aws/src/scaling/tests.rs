use cloud::Clock as _;
use model::Span;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, Script, Wound, block_on, clients};

fn id(service: &str) -> ServiceId {
    ServiceId { account: Arc::default(), cluster: "prd".to_owned(), service: service.to_owned() }
}

fn target(service: &str) -> Value {
    json!({
        "ServiceNamespace": "ecs",
        "ResourceId": format!("service/prd/{service}"),
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 2,
        "MaxCapacity": 9,
        "RoleARN": "arn:role",
        "CreationTime": 1.0,
        "SuspendedState": {"DynamicScalingInSuspended": service == "held"},
    })
}

fn action(service: &str, name: &str, schedule: &str, min: Option<i32>) -> Value {
    json!({
        "ScheduledActionName": name,
        "ScheduledActionARN": "arn:action",
        "ServiceNamespace": "ecs",
        "ResourceId": format!("service/prd/{service}"),
        "Schedule": schedule,
        "ScalableTargetAction": {"MinCapacity": min},
        "CreationTime": 1.0,
    })
}

fn targets(targets: &[Value]) -> Answer {
    Answer::json(200, &json!({"ScalableTargets": targets}).to_string())
}

fn actions(actions: &[Value], next: Option<&str>) -> Answer {
    Answer::json(200, &json!({"ScheduledActions": actions, "NextToken": next}).to_string())
}

/// The adapter over a script.
async fn over(answers: Vec<Answer>) -> (Targets, Arc<Script>, Arc<Wound>) {
    let (clock, script) = (Wound::new(), Script::new(answers));
    let clients = clients(clock.clone(), script.clone()).await;
    (Targets::new(Arc::new(clients)), script, clock)
}

fn asked(script: &Script) -> Vec<String> {
    let name = |request: &http::Request<bytes::Bytes>| {
        let target = request.headers()["x-amz-target"].to_str().unwrap();
        target.rsplit('.').next().unwrap().to_owned()
    };
    script.asked().iter().map(name).collect()
}

#[test]
fn targets_come_with_what_is_still_to_fire() {
    block_on(async {
        let (adapter, ..) = over(vec![
            targets(&[target("web"), target("held")]),
            actions(
                &[
                    action("web", "later", "at(2026-01-05T02:00:00)", Some(4)),
                    action("web", "sooner", "at(2026-01-05T01:00:00)", None),
                    action("web", "fired", "at(2026-01-05T00:00:00)", Some(4)),
                    action("web", "daily", "cron(0 8 * * ? *)", Some(4)),
                    action("other", "floor", "at(2026-01-05T01:00:00)", Some(4)),
                ],
                None,
            ),
        ])
        .await;
        let found = adapter.scalable_targets(&[id("web"), id("bare"), id("held")]).await;
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        let web = found[0].as_ref().unwrap();
        assert_eq!(web.bounds, Bounds { min: 2, max: 9 });
        let names: Vec<_> = web.scheduled.iter().map(|it| (it.name.as_str(), it.min)).collect();
        assert_eq!(names, [("sooner", None), ("later", Some(4))]);
        assert_eq!(found[1], None);
        let suspended: Vec<_> = found.iter().flatten().map(|it| it.suspended.is_any()).collect();
        assert_eq!(suspended, [false, true]);
    });
}

#[test]
fn the_fewer_calls_are_made_for_what_is_scheduled() {
    block_on(async {
        let (adapter, script, _) = over(vec![
            targets(&[target("web")]),
            actions(&[], Some("more")),
            actions(&[action("web", "floor", "at(2026-01-05T01:00:00)", Some(4))], None),
            targets(&[target("web")]),
            actions(&[action("web", "floor", "at(2026-01-05T01:00:00)", Some(4))], None),
        ])
        .await;
        let first = adapter.scalable_targets(&[id("web")]).await;
        let second = adapter.scalable_targets(&[id("web")]).await;
        assert_eq!(first, second);
        let scheduled = "DescribeScheduledActions";
        let looked = "DescribeScalableTargets";
        assert_eq!(asked(&script), [looked, scheduled, scheduled, looked, scheduled]);
        let last: Value = serde_json::from_slice(script.asked()[4].body()).unwrap();
        assert_eq!(last["ResourceId"], "service/prd/web", "two pages were more than one service");
    });
}

#[test]
fn fifty_targets_take_one_call() {
    block_on(async {
        let ids: Vec<ServiceId> = (0..100).map(|number| id(&format!("web-{number:03}"))).collect();
        let (adapter, script, _) = over(vec![targets(&[]), targets(&[])]).await;
        let found = adapter.scalable_targets(&ids).await;
        assert!(found.iter().all(|answer| *answer == Ok(None)));
        assert_eq!(asked(&script).len(), 2);
    });
}

#[test]
fn a_write_is_made_only_on_what_is_expected() {
    block_on(async {
        let (live, wanted) = (Bounds { min: 2, max: 9 }, Bounds { min: 3, max: 9 });
        let stale = Bounds { min: 1, max: 9 };
        let answers = vec![targets(&[target("web")]), targets(&[target("web")]), targets(&[])];
        let (adapter, script, _) = over(answers).await;
        assert_eq!(adapter.set_bounds(&id("web"), stale, live).await, Ok(()), "it is so");
        let refused = adapter.set_bounds(&id("web"), stale, wanted).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Conflict);
        let refused = adapter.set_bounds(&id("bare"), live, wanted).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::NotFound);
        assert!(!asked(&script).iter().any(|name| name == "RegisterScalableTarget"));
    });
}

#[test]
fn a_schedule_is_put_in_utc_and_never_in_the_past() {
    block_on(async {
        let (adapter, script, clock) = over(vec![Answer::json(200, "{}")]).await;
        let at = clock.now() + Span::from_mins(3);
        let floor = ScheduledBounds { name: "ferry-floor".to_owned(), at, min: Some(4), max: None };
        adapter.put_scheduled(&id("web"), &floor).await.unwrap();
        let sent: Value = serde_json::from_slice(script.asked()[0].body()).unwrap();
        assert_eq!(sent["Schedule"], "at(2026-01-05T00:03:00)");
        assert_eq!(sent["ScalableTargetAction"], json!({"MinCapacity": 4}));
        let past = ScheduledBounds { at: clock.now(), ..floor };
        let refused = adapter.put_scheduled(&id("web"), &past).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid);
    });
}
