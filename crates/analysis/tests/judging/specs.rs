//! What a migration's file says of its judging.

use analysis::Settings;
use analysis::settings::{Calibration, CommonMode, Router, When};
use analysis::signal::{Signal, Slo};
use model::Span;
use model::spec::Spec;
use serde_json::{Value, json};

/// The settings of a file with weighted records and one objective, with these fields in place of
/// its own.
fn settings(fields: &Value) -> Settings {
    let mut spec = json!({
        "aws": {"region": "ap-northeast-1"},
        "ec2": {"cluster": "prd", "service": "api"},
        "fargate": {"cluster": "prd", "service": "api-fargate"},
        "workload": {"type": "loadBalanced"},
        "traffic": traffic(&dns(), "14d"),
        "slos": [latency("99%")],
    });
    for (name, field) in fields.as_object().expect("fields") {
        spec[name] = field.clone();
    }
    Settings::of_spec(&serde_json::from_value::<Spec>(spec).expect("a spec"))
}

fn traffic(router: &Value, deadline: &str) -> Value {
    json!({"router": router, "rollout": {"steps": ["100%"]}, "deadline": deadline})
}

fn dns() -> Value {
    json!({
        "type": "route53Weighted", "hostedZoneId": "Z1",
        "records": [{"name": "api.example.com", "type": "A"}],
        "ec2SetIdentifier": "ec2", "fargateSetIdentifier": "fargate"
    })
}

fn latency(objective: &str) -> Value {
    json!({"name": "latency", "latency": {"threshold": "300ms", "objective": objective}})
}

fn availability(objective: &str) -> Value {
    json!({"name": "availability", "availability": {"objective": objective}})
}

#[test]
fn what_is_compared_spends_a_budget_that_the_file_gives() {
    let of = |slos: Value| settings(&json!({"slos": slos}));
    let only = of(json!([latency("99.5%")]));
    assert_eq!(only.signals, [Signal::SlowSlo, Signal::SlowP90, Signal::SlowP50].into());
    assert_eq!(only.budgets.keys().collect::<Vec<_>>(), [&Slo::Latency]);
    assert!((only.budgets[&Slo::Latency] - 0.005).abs() < 1e-9);
    let both = of(json!([availability("99.9%"), latency("99%"), latency("90%")]));
    assert_eq!(both.signals, Signal::ALL.into());
    assert!((both.budgets[&Slo::Availability] - 0.001).abs() < 1e-9);
    assert!((both.budgets[&Slo::Latency] - 0.01).abs() < 1e-9, "the first of its kind");
}

#[test]
fn what_it_takes_to_go_back_is_as_written() {
    for (when, expected) in
        [("slo", When::Slo), ("relative", When::Relative), ("either", When::Either)]
    {
        assert_eq!(settings(&json!({"rollback": {"when": when}})).when, expected);
    }
    for (written, expected) in [("hold", CommonMode::Hold), ("rollBack", CommonMode::RollBack)] {
        let found = settings(&json!({"rollback": {"onCommonMode": written}})).on_common_mode;
        assert_eq!(found, expected);
    }
    for days in [3, 60] {
        let traffic = traffic(&dns(), &format!("{days}d"));
        assert_eq!(settings(&json!({"traffic": traffic})).deadline, Span::from_days(days));
    }
    assert!((settings(&json!({})).task_spread - 0.05).abs() < 1e-12, "until it is learnt");
}

#[test]
fn a_balancer_draws_the_same_clients_and_dns_others() {
    let alb = json!({
        "type": "albWeighted", "ruleArns": ["r"], "ec2TargetGroupArn": "e",
        "fargateTargetGroupArn": "f"
    });
    for (router, expected, calibration) in [
        (dns(), Router::Dns { concentration: 0.01 }, Calibration::None),
        (alb, Router::Balancer, Calibration::NotNeeded),
        (Value::Null, Router::Unchecked, Calibration::NotNeeded),
    ] {
        let found = settings(&json!({"traffic": traffic(&router, "14d")}));
        assert_eq!((found.router, found.calibration), (expected, calibration), "{router}");
    }
}
