//! The rules that are shipped: accepted, tested, explained, and about metrics that exist.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ferry::{example, root};
use crate::metrics::Declared;
use crate::prometheus::{RULES, promtool};
use crate::promql::{Selector, selectors};

#[derive(Debug, Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A rule of either kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Rule {
    pub(crate) record: Option<String>,
    pub(crate) alert: Option<String>,
    pub(crate) expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct RuleTests {
    tests: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    promql_expr_test: Vec<Expected>,
}

#[derive(Debug, Deserialize)]
struct Expected {
    expr: String,
    exp_samples: Vec<ExpectedSample>,
}

#[derive(Debug, Deserialize)]
struct ExpectedSample {
    labels: String,
}

/// Prometheus' files through the reader of Ferry's own, which asks for a kind.
fn yaml<T: DeserializeOwned>(path: &str) -> T {
    let text = format!("apiVersion: ferry/v1\nkind: Prometheus\n{}", example(path));
    let mut read = manifest::read_as(path, &text, "Prometheus").unwrap();
    read.pop().unwrap()
}

pub(crate) fn rules() -> Vec<Rule> {
    yaml::<File>(RULES).groups.into_iter().flat_map(|group| group.rules).collect()
}

fn test_files() -> Vec<String> {
    let folder = "deploy/prometheus/tests";
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
    let mut files: Vec<String> = names.map(|name| format!("{folder}/{name}")).collect();
    files.sort();
    files
}

#[test]
fn promtool_accepts_the_rules_and_their_tests_pass() {
    let checked = promtool(&["check", "rules", RULES], "");
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    let files = test_files();
    let mut arguments = vec!["test", "rules"];
    arguments.extend(files.iter().map(String::as_str));
    let tested = promtool(&arguments, "");
    assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
    assert_eq!(tested.stdout.matches("SUCCESS").count(), files.len(), "{}", tested.stdout);
}

#[test]
fn every_alert_is_seen_to_fire_and_to_be_quiet() {
    let mut fires = BTreeSet::new();
    let mut quiet = BTreeSet::new();
    for file in test_files() {
        let cases = yaml::<RuleTests>(&file).tests;
        for expected in cases.into_iter().flat_map(|case| case.promql_expr_test) {
            let asked = selectors(&expected.expr).pop().unwrap();
            let is = |label: &str| {
                let found = asked.matchers.iter().find(|(name, _, _)| name == label);
                found.map(|(_, _, value)| value.clone()).unwrap()
            };
            assert_eq!((asked.name.as_str(), is("alertstate").as_str()), ("ALERTS", "firing"));
            for sample in &expected.exp_samples {
                assert!(sample.labels.contains(&is("alertname")), "{file}: {}", sample.labels);
            }
            let seen = if expected.exp_samples.is_empty() { &mut quiet } else { &mut fires };
            seen.insert(is("alertname"));
        }
    }
    let alerts: BTreeSet<String> = rules().into_iter().filter_map(|rule| rule.alert).collect();
    assert_eq!(fires, alerts, "firing");
    assert_eq!(quiet, alerts, "quiet");
}

#[test]
fn every_alert_says_what_to_do_and_where_to_read_on() {
    let runbook = example("docs/operations.md");
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("### "));
    let headings: BTreeSet<String> = headings.map(str::to_owned).collect();
    let mut alerts = BTreeSet::new();
    for rule in rules() {
        let Some(alert) = rule.alert else { continue };
        let said = |name: &str| rule.annotations.get(name).map_or("", String::as_str);
        let severity = rule.labels.get("severity").map_or("", String::as_str);
        assert!(["critical", "warning", "info"].contains(&severity), "{alert}: {severity}");
        assert!(said("summary").ends_with('.'), "{alert}: a sentence");
        assert!(said("summary").len() <= 120, "{alert}: a summary is short");
        assert!(said("description").len() > said("summary").len(), "{alert}: what to do");
        let link = format!("docs/operations.md#{}", alert.to_lowercase());
        assert_eq!(said("runbook_url"), link, "{alert}");
        alerts.insert(alert);
    }
    assert_eq!(alerts, headings, "one heading for each alert");
}

/// Holds a selector against what is there: the name, and the values of labels that it gives.
pub(crate) fn check_selector(declared: &Declared, recorded: &BTreeSet<String>, asked: &Selector) {
    let Selector { name, matchers } = asked;
    // Prometheus makes these two itself.
    if ["up", "ALERTS"].contains(&name.as_str()) || recorded.contains(name) {
        return;
    }
    let Some(sets) = declared.series.get(name) else { panic!("Ferry declares no `{name}`") };
    for (label, _, values) in matchers {
        // Given by Prometheus, or chosen on the dashboard.
        if ["job", "instance"].contains(&label.as_str()) || values.contains('$') {
            continue;
        }
        for value in values.split('|') {
            let is_there =
                sets.iter().any(|labels| labels.get(label).is_some_and(|it| it == value));
            assert!(is_there, "no `{name}` has {label}=\"{value}\"");
        }
    }
}

pub(crate) fn recorded() -> BTreeSet<String> {
    rules().into_iter().filter_map(|rule| rule.record).collect()
}

#[test]
fn rules_ask_only_for_what_ferry_declares() {
    let declared = Declared::live("rules_metrics");
    let recorded = recorded();
    let rules = rules();
    assert!(rules.len() > recorded.len());
    for rule in &rules {
        let asked = selectors(&rule.expr);
        assert!(!asked.is_empty(), "{} asks for something", rule.expr);
        for asked in asked {
            check_selector(&declared, &recorded, &asked);
        }
    }
}
