//! JSON values as block YAML.

use serde_json::{Map, Value};

/// A value as YAML that ends with a newline. Texts are in double quotes as in JSON, which YAML
/// reads alike, so that none is taken for a number or a truth value.
pub(crate) fn text(value: &Value) -> String {
    let mut text = String::new();
    if let Some(entries) = entries(value) {
        list(entries, 0, &mut text);
    } else if let Some(fields) = fields(value) {
        map(fields, 0, "", &mut text);
    } else {
        line(&mut text, &value.to_string());
    }
    text
}

/// The entries of a list that is not empty: an empty one is written as JSON.
fn entries(value: &Value) -> Option<&Vec<Value>> {
    value.as_array().filter(|entries| !entries.is_empty())
}

fn fields(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|fields| !fields.is_empty())
}

fn list(values: &[Value], indent: usize, text: &mut String) {
    for value in values {
        let head = format!("{}- ", " ".repeat(indent));
        if let Some(fields) = fields(value) {
            map(fields, indent + 2, &head, text);
        } else if let Some(inner) = entries(value) {
            line(text, head.trim_end());
            list(inner, indent + 2, text);
        } else {
            line(text, &format!("{head}{value}"));
        }
    }
}

/// The first field stands after `head`, which is as wide as the indent.
fn map(values: &Map<String, Value>, indent: usize, head: &str, text: &mut String) {
    for (number, (name, value)) in values.iter().enumerate() {
        let spaces = " ".repeat(indent);
        text.push_str(if number == 0 && !head.is_empty() { head } else { &spaces });
        if let Some(inner) = fields(value) {
            line(text, &format!("{name}:"));
            map(inner, indent + 2, "", text);
        } else if let Some(inner) = entries(value) {
            line(text, &format!("{name}:"));
            list(inner, indent, text);
        } else {
            line(text, &format!("{name}: {value}"));
        }
    }
}

fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_back_by_the_reader_of_policies() {
        let value = json!([
            {"a": {"b": [1, {"c": "- x: \"y\""}, [2, 3]], "e": []}, "d": null},
            {"a": {"b": [], "e": [{}]}, "d": "12"},
        ]);
        let read: Vec<Value> = manifest::read_list("x", &text(&value)).unwrap();
        assert_eq!(Value::Array(read), value);
    }
}
