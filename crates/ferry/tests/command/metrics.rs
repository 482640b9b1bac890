//! `/metrics` of a daemon that runs: clean, and explained where operators look.

use std::collections::{BTreeMap, BTreeSet};

use crate::ferry::example;
use crate::prometheus::promtool;
use crate::running::{Running, folder};

/// Labels and their values.
pub(crate) type Labels = BTreeMap<String, String>;

/// What a daemon with one migration, `api`, declares.
pub(crate) struct Declared {
    pub(crate) text: String,
    /// The label sets of each series, by its name: a histogram's are those of its parts.
    pub(crate) series: BTreeMap<String, Vec<Labels>>,
}

impl Declared {
    /// `test` names the folder of the test that asks.
    pub(crate) fn live(test: &str) -> Self {
        let folder = folder(test, &["api"]);
        let ferry = Running::ferry(&folder, "--config config --speed 600");
        let text = ferry.metrics("a migration", |text| text.contains("migration=\"api\""));
        let mut series = BTreeMap::<String, Vec<Labels>>::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, labels) = parsed(line);
            series.entry(name).or_default().push(labels);
        }
        Self { text, series }
    }

    /// Names of metrics, a histogram's parts under one name.
    pub(crate) fn families(&self) -> BTreeSet<&str> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| line.split_whitespace().next()).collect()
    }

    /// The name of the metric that a series belongs to.
    pub(crate) fn family<'a>(&self, series: &'a str) -> &'a str {
        let families = self.families();
        let parts = ["_bucket", "_sum", "_count"];
        let whole = parts.iter().filter_map(|part| series.strip_suffix(part));
        whole.into_iter().find(|name| families.contains(name)).unwrap_or(series)
    }
}

/// A line of the text format into name and labels; no value of ours holds a comma or an escape.
fn parsed(line: &str) -> (String, Labels) {
    let (series, _) = line.rsplit_once(' ').unwrap();
    let Some((name, labels)) = series.split_once('{') else {
        return (series.to_owned(), Labels::new());
    };
    let labels = labels.trim_end_matches('}').split(',').map(|pair| {
        let (label, value) = pair.split_once('=').unwrap();
        (label.to_owned(), value.trim_matches('"').to_owned())
    });
    (name.to_owned(), labels.collect())
}

#[test]
fn metrics_are_clean_under_promtool() {
    let declared = Declared::live("metrics_promtool");
    let answer = promtool(&["check", "metrics"], &declared.text);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.stdout + &answer.stderr, "", "no lint either");
    let bad = promtool(&["check", "metrics"], "ferry_seconds_count_ms 1\n");
    assert_ne!(bad.code, Some(0), "promtool would find something");
}

/// The table of `docs/operations.md`: labels by metric.
fn explained() -> BTreeMap<String, String> {
    let text = example("docs/operations.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.filter(|row| row.starts_with("ferry_") || row.starts_with("process_"));
    rows.map(|row| {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next().unwrap().trim_end_matches('`').to_owned();
        (name, cells.next().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn every_metric_and_its_labels_are_explained() {
    let declared = Declared::live("metrics_explained");
    let explained = explained();
    let names: BTreeSet<&str> = explained.keys().map(String::as_str).collect();
    assert_eq!(declared.families(), names, "the table of docs/operations.md");
    for (series, sets) in &declared.series {
        let family = declared.family(series);
        let of_table = explained[family].split(',').map(str::trim).filter(|it| !it.is_empty());
        let of_table: BTreeSet<&str> = of_table.collect();
        for labels in sets {
            // A bucket's bound is Prometheus' own.
            let labels = labels.keys().map(String::as_str).filter(|label| *label != "le");
            assert_eq!(labels.collect::<BTreeSet<_>>(), of_table, "labels of {series}");
        }
    }
}

#[test]
fn the_series_of_a_migration_are_as_many_as_operators_are_told() {
    let declared = Declared::live("metrics_series");
    let sets = declared.series.values().flatten();
    let count = sets.filter(|labels| labels.contains_key("migration")).count();
    let told = format!("There are {count} series of each migration");
    assert!(example("docs/operations.md").contains(&told), "docs/operations.md: {told}");
}
