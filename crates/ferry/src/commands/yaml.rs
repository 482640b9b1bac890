//! JSON values as block YAML.

use serde_json::Value;

/// A value as YAML that ends with a newline. Texts are in double quotes as in JSON, which YAML
/// reads alike, so that none is taken for a number or a truth value.
pub(crate) fn text(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Array(entries) if !entries.is_empty() => list(entries, 0, &mut text),
        Value::Object(fields) if !fields.is_empty() => map(fields, 0, "", &mut text),
        scalar => line(&mut text, &format!("{scalar}")),
    }
    text
}

fn list(entries: &[Value], indent: usize, text: &mut String) {
    for entry in entries {
        let head = format!("{}- ", " ".repeat(indent));
        match entry {
            Value::Object(fields) if !fields.is_empty() => map(fields, indent + 2, &head, text),
            Value::Array(inner) if !inner.is_empty() => {
                text.push_str(head.trim_end());
                text.push('\n');
                list(inner, indent + 2, text);
            }
            scalar => line(text, &format!("{head}{scalar}")),
        }
    }
}

/// The first field stands after `head`, which is as wide as the indent.
fn map(fields: &serde_json::Map<String, Value>, indent: usize, head: &str, text: &mut String) {
    for (number, (name, value)) in fields.iter().enumerate() {
        let spaces = " ".repeat(indent);
        text.push_str(if number == 0 && !head.is_empty() { head } else { &spaces });
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                line(text, &format!("{name}:"));
                map(inner, indent + 2, "", text);
            }
            Value::Array(inner) if !inner.is_empty() => {
                line(text, &format!("{name}:"));
                list(inner, indent, text);
            }
            scalar => line(text, &format!("{name}: {scalar}")),
        }
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
