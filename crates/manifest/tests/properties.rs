//! What must hold for any text and for every field.

use manifest::{Kind, Problem, check_set, read, schema};
use proptest::prelude::*;
use serde_json::Value;

const COMPLETE: &str = include_str!("complete.yaml");

fn say(text: &str) -> Vec<Problem> {
    match read("f", text) {
        Ok(documents) => check_set(&documents),
        Err(problems) => problems,
    }
}

/// Each problem points into the text and says something.
fn is_sound(text: &str, problem: &Problem) -> bool {
    let lines = text.split(['\n', '\r']).count().max(1);
    (1..=lines + 1).contains(&problem.line) && problem.column >= 1 && !problem.message.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        for problem in say(&text) {
            prop_assert!(is_sound(&text, &problem), "{problem}");
        }
    }

    #[test]
    fn no_text_of_yaml_signs_panics(text in "[-:?,\\[\\]{}#&*!|>'\"%@` \\n\ta0.~\u{e9}]{0,200}") {
        for problem in say(&text) {
            prop_assert!(is_sound(&text, &problem), "{problem}");
        }
    }

    #[test]
    fn no_damage_to_a_good_file_panics(
        from in 0..COMPLETE.len(), length in 0..40_usize, with in "[-:\\[\\]{}%&* \\n0-9a-z]{0,12}",
    ) {
        let mut text = COMPLETE.to_owned();
        text.replace_range(from..(from + length).min(COMPLETE.len()), &with);
        for problem in say(&text) {
            prop_assert!(is_sound(&text, &problem), "{problem}");
        }
    }

    #[test]
    fn no_value_in_any_place_panics(
        field in 0..1000_usize,
        value in prop_oneof![
            Just(".nan"), Just("-.inf"), Just("1e999"), Just("-1"), Just("0"), Just("99999999999999999999d"),
            Just("18446744073709551615"), Just("[]"), Just("{}"), Just("~"), Just("''"), Just("true"),
            Just("1000000%"), Just("9999-12-31"), Just("24:00"), Just("[[[[]]]]"), Just("106751991167d"),
        ],
    ) {
        let places: Vec<usize> = COMPLETE.match_indices(": ").map(|(at, _)| at + 2).collect();
        let at = places[field % places.len()];
        let end = COMPLETE[at..].find([',', '}', '\n', ']']).map_or(COMPLETE.len(), |end| at + end);
        let mut text = COMPLETE.to_owned();
        text.replace_range(at..end, value);
        for problem in say(&text) {
            prop_assert!(is_sound(&text, &problem), "{problem}");
        }
    }
}

/// Where each key of the formats stands: line, column, key, all counted from 1.
fn keys() -> Vec<(usize, usize, String)> {
    let mut keys = Vec::new();
    for (number, line) in COMPLETE.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        for (colon, _) in line.match_indices(':') {
            let before = &line[..colon];
            let start = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
            let is_key = start < colon
                && (start == 0 || matches!(&line[start - 1..start], " " | "{"))
                && line[colon..].starts_with(": ") | line[colon..].eq(":");
            if is_key && before[..start].matches('"').count().is_multiple_of(2) {
                keys.push((number + 1, start + 1, before[start..].to_owned()));
            }
        }
    }
    keys
}

/// Keys that operators choose, and those that decide which format is read at all.
const FREE: [&str; 9] =
    ["apiVersion", "kind", "type", "team", "DD_ENV", "PLATFORM", "env", "route53", "ec2"];

#[test]
fn every_field_misspelt_by_one_letter_is_found_in_its_place() {
    let keys: Vec<_> =
        keys().into_iter().filter(|(_, _, key)| !FREE.contains(&key.as_str())).collect();
    assert!(keys.len() > 120, "{}", keys.len());
    for (line, column, key) in keys {
        let middle = key.len() / 2;
        let misspelt = [
            format!("{}x{}", &key[..middle], &key[middle..]),
            format!("{}{}", &key[..middle], &key[middle + 1..]),
        ];
        for wrong in misspelt.iter().filter(|wrong| wrong.len() >= 3) {
            let mut lines: Vec<String> = COMPLETE.lines().map(str::to_owned).collect();
            lines[line - 1].replace_range(column - 1..column - 1 + key.len(), wrong);
            let problems = say(&lines.join("\n"));
            assert_eq!(problems.len(), 1, "{wrong}: {problems:#?}");
            let problem = &problems[0];
            assert_eq!((problem.line, problem.column), (line, column), "{problem}");
            assert_eq!(problem.message, format!("unknown field `{wrong}`"));
            assert_eq!(problem.remedy, format!("did you mean `{key}`?"));
        }
    }
}

#[test]
fn schemas_are_of_the_stated_draft_and_describe_each_field() {
    for kind in Kind::ALL {
        let schema = schema(kind);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["title"], kind.name());
        undescribed(&schema, kind.name());
    }
}

fn undescribed(schema: &Value, place: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if let ("properties", Value::Object(fields)) = (key.as_str(), value) {
                    assert!(
                        map.get("additionalProperties") == Some(&Value::Bool(false)),
                        "{place} takes any field"
                    );
                    for (name, field) in fields.iter().filter(|(name, _)| *name != "type") {
                        let described = field.get("description").is_some();
                        assert!(described, "{place}.{name} is not described");
                        undescribed(field, &format!("{place}.{name}"));
                    }
                } else {
                    undescribed(value, &format!("{place}/{key}"));
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| undescribed(item, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
