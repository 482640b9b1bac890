//! The Grafana dashboard that is shipped: its form, and that every panel has something to show.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::ferry::example;
use crate::metrics::Declared;
use crate::prometheus::Prometheus;
use crate::promql::selectors;
use crate::rules::{check_selector, recorded, rules};
use crate::running::{Running, folder, until};

const DASHBOARD: &str = "deploy/grafana/ferry.json";
/// Metrics that no panel shows, each with its reason.
const NOT_SHOWN: [(&str, &str); 3] = [
    ("ferry_config_last_reload_success_timestamp_seconds", "on Ferry's clock; a flag says enough"),
    ("ferry_last_tick_timestamp_seconds", "on Ferry's clock; passes are counted"),
    ("process_virtual_memory_bytes", "mapped and mostly unused, so it says nothing"),
];
/// Panels and marks that are empty where all is well, before anything was changed, or beside a
/// simulated region, which is sent no requests.
const EMPTY_WHEN_WELL: [&str; 5] =
    ["Alerts", "Calls that failed", "Calls to AWS", "Changes asked for", "Rollbacks"];
/// What Grafana has by itself, of those that the dashboard uses.
const BUILT_IN: [&str; 1] = ["__range"];

fn dashboard() -> Value {
    serde_json::from_str(&example(DASHBOARD)).unwrap()
}

fn panels(dashboard: &Value) -> &[Value] {
    dashboard["panels"].as_array().unwrap()
}

/// Panels' titles with expressions and legends.
fn queries(dashboard: &Value) -> Vec<(String, String, String)> {
    let of_panel = |panel: &Value| -> Vec<_> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let title = text(&panel["title"]);
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        let query =
            |target: &Value| (title.clone(), text(&target["expr"]), text(&target["legendFormat"]));
        targets.iter().map(query).collect()
    };
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter().map(|it| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&it["name"]), text(&it["expr"]), text(&it["titleFormat"]))
    });
    panels(dashboard).iter().flat_map(of_panel).chain(annotations).collect()
}

/// The names after each `$`, with or without braces.
fn variables(text: &str) -> Vec<String> {
    let names = text.split('$').skip(1).map(|rest| rest.trim_start_matches('{'));
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    names.map(|rest| rest.chars().take_while(|it| is_of_name(*it)).collect()).collect()
}

/// What Grafana needs to import it; its own schema is not part of this repository.
#[test]
fn the_dashboard_is_one_that_grafana_imports() {
    let dashboard = dashboard();
    assert_eq!(dashboard["uid"], "ferry", "links to it stay");
    assert_eq!(dashboard["id"], Value::Null, "Grafana gives the id");
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36, "data sources are objects");
    let mut ids = BTreeSet::new();
    let mut taken = BTreeMap::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is its own");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        let (x, y, w, h) = (place("x"), place("y"), place("w"), place("h"));
        assert!(x + w <= 24, "{title} sticks out");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            if let Some(other) = taken.insert(cell, title) {
                panic!("{title} lies on {other}");
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        let kind = panel["type"].as_str().unwrap();
        assert!(["stat", "timeseries", "state-timeline"].contains(&kind), "{title}: {kind}");
        assert!(!panel["description"].as_str().unwrap().is_empty(), "{title} is explained");
        let targets = panel["targets"].as_array().unwrap();
        let names: BTreeSet<_> = targets.iter().map(|it| it["refId"].as_str().unwrap()).collect();
        assert!(!names.is_empty() && names.len() == targets.len(), "{title}: its refIds");
        for source in targets.iter().chain([panel]).map(|it| &it["datasource"]) {
            assert_eq!(source["uid"], "${datasource}", "{title}: the source is chosen");
        }
    }
}

#[test]
fn every_variable_is_declared_and_used() {
    let dashboard = dashboard();
    let list = dashboard["templating"]["list"].as_array().unwrap();
    let declared: BTreeSet<String> =
        list.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(declared, BTreeSet::from(["datasource", "migration"].map(str::to_owned)));
    let used: BTreeSet<String> = variables(&example(DASHBOARD)).into_iter().collect();
    let own: BTreeSet<String> =
        used.into_iter().filter(|name| !BUILT_IN.contains(&name.as_str())).collect();
    assert_eq!(own, declared);
}

#[test]
fn panels_ask_only_for_what_there_is_and_together_for_all_of_it() {
    let declared = Declared::live("dashboard_metrics");
    let recorded = recorded();
    let dashboard = dashboard();
    let mut shown = BTreeSet::new();
    for (title, expression, _) in queries(&dashboard) {
        let asked = selectors(&expression);
        assert!(!asked.is_empty(), "{title} asks for something");
        for asked in asked {
            check_selector(&declared, &recorded, &asked);
            shown.insert(asked.name);
        }
    }
    // What a recorded series is made of is shown with it.
    let of_recorded = rules().into_iter().filter(|rule| rule.record.is_some());
    let behind: Vec<_> = of_recorded.flat_map(|rule| selectors(&rule.expr)).collect();
    for name in &recorded {
        let is_base = behind.iter().any(|asked| asked.name == *name);
        assert!(shown.contains(name) || is_base, "nothing shows what {name} records");
    }
    let shown = shown.iter().chain(behind.iter().map(|asked| &asked.name));
    let shown: BTreeSet<&str> = shown.map(|name| declared.family(name)).collect();
    let left_out = declared.families().difference(&shown).copied().collect::<BTreeSet<_>>();
    assert_eq!(left_out, NOT_SHOWN.map(|(name, _)| name).into(), "shown, or left out for a reason");
}

/// A real Prometheus understands every expression, finds something, and has the labels that the
/// legends name.
#[test]
fn every_panel_shows_something_of_a_daemon_that_runs() {
    let folder = folder("dashboard_live", &["api"]);
    let ferry = Running::ferry(&folder, "--config config --speed 600");
    let prometheus = Prometheus::watching(&folder, &ferry.address);
    let limit = Duration::from_secs(60);
    for (title, expression, legend) in queries(&dashboard()) {
        let asked = expression.replace("$migration", ".+").replace("$__range", "5m");
        let understood = || {
            let found = prometheus.query(&asked);
            found.unwrap_or_else(|error| panic!("{title}: {expression}: {error}"))
        };
        if EMPTY_WHEN_WELL.contains(&title.as_str()) {
            understood();
            continue;
        }
        // Rates need two scrapes, a rule that reads a recorded one comes after it, and evidence
        // comes with the first minutes.
        let shows = format!("{title}, something for {expression}");
        let found = until(&shows, limit, || Some(understood()).filter(|found| !found.is_empty()));
        let labels = legend.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
        for (label, _) in labels {
            assert!(found.iter().all(|it| !it.label(label).is_empty()), "{title}: {label}");
        }
    }
}
