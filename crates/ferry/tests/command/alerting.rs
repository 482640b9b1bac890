//! A real Prometheus, the rules as they are shipped, and a daemon whose migration goes wrong.

use std::time::Duration;

use crate::ferry::example;
use crate::prometheus::Prometheus;
use crate::running::{Running, folder, migration, until};

/// The whole way: up to 25 %, the fault, the rollback, a scrape, an evaluation.
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn the_alert_fires_when_a_migration_is_rolled_back() {
    let folder = folder("alerting", &["api"]);
    let fault = example("config/examples/faults/slow-fargate.yaml");
    std::fs::write(folder.path().join("fault.yaml"), fault).unwrap();
    // It waits until Prometheus looks, however long that takes to begin.
    let text = migration("api");
    let file = folder.path().join("config/api.yaml");
    std::fs::write(&file, text.replace("mode: act", "mode: act\n  paused: true")).unwrap();
    let ferry = Running::ferry(&folder, "--config config --speed 600 --fault fault.yaml");
    let prometheus = Prometheus::watching(&folder, &ferry.address);
    let value = |expression: &str| {
        let found = prometheus.query(expression).ok()?;
        found.first().map(|sample| sample.value().to_owned())
    };
    let holds = |what: &str, expression: &str| {
        until(what, LIMIT, || value(expression).filter(|value| value == "1"));
    };
    holds("the target", "up{job=\"ferry\"}");
    let rolled_back = "ferry_migration_condition{condition=\"RolledBack\"}";
    holds("a migration that is well", &format!("{rolled_back} == bool 0"));
    let paused = "ferry_migration_condition{condition=\"Paused\"}";
    holds("a migration that waits", paused);
    std::fs::write(&file, text).unwrap();
    holds("a migration that goes on", &format!("{paused} == bool 0"));
    let firing = "ALERTS{alertname=\"FerryRolledBack\", alertstate=\"firing\"}";
    holds("the alert", firing);

    let alert = prometheus.query(firing).unwrap();
    assert_eq!(alert.len(), 1, "{alert:?}");
    assert_eq!(alert[0].label("migration"), "api");
    assert_eq!(alert[0].label("severity"), "warning");
    let before = format!("min_over_time({rolled_back}[10m])");
    assert_eq!(value(&before), Some("0".to_owned()), "it was not so from the start");
    holds("a rollback", "ferry_migration_rollbacks_total");
    holds("all traffic on EC2", "ferry_migration_live_weight_ratio{side=\"ec2\"}");
    check_words(&prometheus);
    check_health(&prometheus);
}

/// What the person who is called reads.
fn check_words(prometheus: &Prometheus) {
    let alerts = prometheus.ask("/api/v1/alerts").unwrap();
    let alerts = alerts["alerts"].as_array().unwrap();
    let is_ours = |name: &str| name == "FerryRolledBack";
    let alert = alerts.iter().find(|it| is_ours(it["labels"]["alertname"].as_str().unwrap()));
    let annotations = &alert.unwrap()["annotations"];
    assert_eq!(annotations["summary"], "api was rolled back to EC2 and stays there.");
    let description = annotations["description"].as_str().unwrap();
    assert!(description.contains("`ferry explain api`"), "{description}");
}

/// No rule fails to be evaluated.
fn check_health(prometheus: &Prometheus) {
    let groups = prometheus.ask("/api/v1/rules").unwrap();
    let groups = groups["groups"].as_array().unwrap().clone();
    let rules: Vec<_> =
        groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect();
    assert_eq!(rules.len(), crate::rules::rules().len());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{}: {}", rule["name"], rule["lastError"]);
    }
}
