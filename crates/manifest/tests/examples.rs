//! The examples an operator starts from, and every field that the formats have.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files must fail")]

use std::fs;
use std::path::PathBuf;

use manifest::{Document, Kind, Resource, check_set, read, schema};
use model::condition::{fields_not_acted_on, settings_not_acted_on};
use serde_json::Value;

fn examples() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config/examples");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() >= 4, "the examples are gone");
    files
}

fn documents(file: &str, text: &str) -> Vec<Document> {
    read(file, text).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

#[test]
fn every_example_is_valid_alone_and_together() {
    let all: Vec<Document> =
        examples().iter().flat_map(|(file, text)| documents(file, text)).collect();
    assert_eq!(check_set(&all), []);
}

#[test]
fn an_example_asks_for_nothing_that_is_not_acted_on() {
    let migrations = examples().into_iter().filter(|(file, _)| file.starts_with("tapple-api"));
    let fields: Vec<(String, Vec<&str>)> = migrations
        .map(|(file, text)| {
            let documents = documents(&file, &text);
            let fields = fields_not_acted_on(documents[0].migration().unwrap());
            (file, fields)
        })
        .collect();
    assert_eq!(fields.len(), 3);
    assert!(fields.iter().all(|(_, fields)| fields.is_empty()), "{fields:?}");
}

/// The whole of the formats: each field that a migration can have is in one of these.
const COMPLETE: &str = include_str!("complete.yaml");

#[test]
fn every_field_of_the_formats_is_read() {
    let documents = documents("complete.yaml", COMPLETE);
    assert_eq!(documents.len(), 5);
    let whole = documents[0].migration().unwrap();
    assert_eq!(
        fields_not_acted_on(whole),
        [
            "spec.fargate.releases",
            "spec.fargate.provision",
            "spec.traffic.calibration",
            "spec.scaling.mode",
            "spec.scaling.bounds",
            "spec.scaling.events",
            "spec.drain.serveResidual",
            "spec.decommission.mode",
            "spec.cost",
        ]
    );
    let settings = documents.iter().find_map(|document| match &document.resource {
        Resource::Settings(settings) => Some(settings_not_acted_on(settings)),
        Resource::Migration(_) | Resource::World(_) => None,
    });
    let unacted = ["webhooks (a migration that one selects waits)", "notifications"];
    assert_eq!(settings, Some(unacted.to_vec()));
}

#[test]
fn a_second_slo_of_a_kind_is_said_not_to_be_judged() {
    let second = COMPLETE.replace(
        "- {name: availability, availability: {objective: 99.95%}}",
        "- {name: slower, latency: {threshold: 1s, objective: 99.9%}}",
    );
    let documents = documents("second.yaml", &second);
    let fields = fields_not_acted_on(documents[0].migration().unwrap());
    assert!(fields.contains(&"spec.slos[] beyond the first of a kind"), "{fields:?}");
}

#[test]
fn the_complete_file_leaves_no_field_of_the_schema_out() {
    let text: String =
        [COMPLETE, &examples().into_iter().map(|(_, text)| text).collect::<String>()].concat();
    for kind in Kind::ALL {
        for field in field_names(&schema(kind)) {
            assert!(
                text.contains(&format!("{field}:")),
                "{} has a field `{field}` that no example shows",
                kind.name()
            );
        }
    }
}

fn field_names(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("properties", Value::Object(fields)) => fields
                    .iter()
                    .flat_map(|(name, value)| {
                        let mut names = field_names(value);
                        names.push(name.clone());
                        names
                    })
                    .collect(),
                _ => field_names(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(field_names).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let mut texts = examples();
    texts.push(("complete.yaml".to_owned(), COMPLETE.to_owned()));
    for (file, text) in texts {
        for document in documents(&file, &text) {
            // JSON is YAML, so a written resource goes through the whole reader again; its
            // sorted keys also put `type` behind other fields.
            let json = match &document.resource {
                Resource::Migration(migration) => serde_json::to_value(migration),
                Resource::Settings(settings) => serde_json::to_value(settings),
                Resource::World(world) => serde_json::to_value(world),
            };
            let json = json.unwrap();
            let again = documents_of(&file, &json);
            assert_eq!(again.resource, document.resource, "{json:#}");
            if let Resource::Migration(migration) = &document.resource {
                let direct: model::spec::Migration = serde_json::from_value(json).unwrap();
                assert_eq!(direct, **migration);
            }
        }
    }
}

fn documents_of(file: &str, json: &Value) -> Document {
    documents(file, &json.to_string()).remove(0)
}
