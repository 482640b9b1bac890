//! The schemas agree with the reader on which fields there are and of which type.
//!
//! A small reading of JSON Schema, of just the words that the schemas use (an unknown word fails
//! the test), in place of a validator crate. Patterns are not run: the reader's own tests hold
//! the forms of text.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files must fail")]

use std::fs;
use std::path::Path;

use manifest::{Kind, Resource, read, schema};
use serde_json::Value;

/// Whether `value` is allowed by `schema`, a part of `root`.
fn allows(root: &Value, schema: &Value, value: &Value) -> bool {
    let Value::Object(words) = schema else { return *schema == Value::Bool(true) };
    let all = |list: &Value, holds: &dyn Fn(&Value) -> bool| {
        list.as_array().unwrap().iter().filter(|item| holds(item)).count()
    };
    words.iter().all(|(word, rule)| match word.as_str() {
        "$ref" => allows(root, root.pointer(&rule.as_str().unwrap()[1..]).unwrap(), value),
        "type" => is_of(rule, value),
        "const" => rule == value,
        "enum" => rule.as_array().unwrap().contains(value),
        "oneOf" => all(rule, &|item| allows(root, item, value)) == 1,
        "anyOf" => all(rule, &|item| allows(root, item, value)) >= 1,
        "required" => value.as_object().is_none_or(|map| {
            rule.as_array().unwrap().iter().all(|name| map.contains_key(name.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|map| {
            map.iter().all(|(name, value)| rule.get(name).is_none_or(|r| allows(root, r, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            map.iter().all(|(name, value)| {
                let known = words.get("properties").is_some_and(|p| p.get(name).is_some());
                let by_pattern = words.contains_key("patternProperties");
                known || by_pattern || allows(root, rule, value)
            })
        }),
        "items" => {
            value.as_array().is_none_or(|list| list.iter().all(|item| allows(root, rule, item)))
        }
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "$schema" | "$defs" | "title" | "description" | "default" | "format" | "pattern" => true,
        "patternProperties" => value.as_object().is_none_or(|map| {
            let mut rules = rule.as_object().unwrap().values();
            rules.all(|rule| map.values().all(|value| allows(root, rule, value)))
        }),
        other => panic!("the schema uses `{other}`, which this test does not read"),
    })
}

fn is_of(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("no type: {other}"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

/// Every good document there is, as JSON, with its kind.
fn good() -> Vec<(Kind, Value)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["tests/complete.yaml", "tests/bad/migration.yaml", "tests/bad/settings.yaml"]
        .into_iter()
        .map(|file| here.join(file))
        .chain(
            fs::read_dir(here.join("../../config/examples"))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
                // A region is read by `ferry region`, and its format is the region's own.
                .filter(|path| !path.ends_with("region.yaml")),
        );
    let documents = files.flat_map(|path| {
        let name = path.display().to_string();
        read(&name, &fs::read_to_string(path).unwrap()).unwrap()
    });
    documents
        .map(|document| match &document.resource {
            Resource::Migration(it) => (Kind::Migration, serde_json::to_value(it).unwrap()),
            Resource::Settings(it) => (Kind::Settings, serde_json::to_value(it).unwrap()),
            Resource::World(it) => (Kind::World, serde_json::to_value(it).unwrap()),
        })
        .collect()
}

#[test]
fn schemas_allow_every_good_document() {
    for (kind, value) in good() {
        let schema = schema(kind);
        assert!(allows(&schema, &schema, &value), "{value:#}");
    }
}

/// `value` with one thing made wrong, at every place where there is one.
fn spoilt(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                // The keys of these maps are the operator's own.
                let free = ["labels", "environment", "apiBudgets"].contains(&name.as_str());
                let mut renamed = map.clone();
                let inner_value = renamed.remove(name).unwrap();
                renamed.insert(format!("{name}x"), inner_value);
                all.push(Value::Object(renamed));
                for wrong in if free { Vec::new() } else { spoilt(inner) } {
                    let mut map = map.clone();
                    map.insert(name.clone(), wrong);
                    all.push(Value::Object(map));
                }
            }
        }
        Value::Array(list) => {
            for (place, item) in list.iter().enumerate() {
                all.extend(spoilt(item).into_iter().map(|wrong| {
                    let mut list = list.clone();
                    list[place] = wrong;
                    Value::Array(list)
                }));
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => all.push(serde_json::json!([[]])),
        Value::Null => {}
    }
    all
}

#[test]
fn schemas_and_reader_refuse_the_same_fields_and_types() {
    let mut count = 0;
    for (kind, value) in good() {
        let schema = schema(kind);
        for wrong in spoilt(&value) {
            count += 1;
            assert!(!allows(&schema, &schema, &wrong), "the schema allows {wrong:#}");
            assert!(read("f", &wrong.to_string()).is_err(), "the reader allows {wrong:#}");
        }
    }
    assert!(count > 500, "only {count}");
}
