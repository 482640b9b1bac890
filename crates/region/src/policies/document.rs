//! What Route 53 asks of a traffic policy document before it takes it, as far as weights go.

use serde_json::{Map, Value};

/// The largest document ("Traffic Policy Document Format": 102,400 characters).
const LENGTH_MAX: usize = 102_400;

/// The record type of a document that Route 53 would take, or what is wrong with it.
pub(super) fn check(document: &str) -> Result<String, String> {
    if document.len() > LENGTH_MAX {
        return Err(format!("the document is longer than {LENGTH_MAX} characters"));
    }
    let parsed: Map<String, Value> =
        serde_json::from_str(document).map_err(|error| error.to_string())?;
    match parsed.get("AWSPolicyFormatVersion").and_then(Value::as_str) {
        Some("2015-10-01" | "2023-05-09") => {}
        other => return Err(format!("AWSPolicyFormatVersion is {other:?}")),
    }
    let record_type = parsed.get("RecordType").and_then(Value::as_str).ok_or("no RecordType")?;
    let endpoints = members(&parsed, "Endpoints");
    let rules = members(&parsed, "Rules");
    let start = |name: &str| parsed.get(name).and_then(Value::as_str);
    match (start("StartRule"), start("StartEndpoint")) {
        (Some(rule), None) if rules.contains_key(rule) => {}
        (None, Some(endpoint)) if endpoints.contains_key(endpoint) => {}
        other => return Err(format!("StartRule and StartEndpoint are {other:?}")),
    }
    for (name, rule) in rules {
        for list in ["Items", "Locations", "Regions"] {
            for item in rule.get(list).and_then(Value::as_array).into_iter().flatten() {
                check_item(name, item, endpoints, rules)?;
            }
        }
        let items = rule.get("Items").and_then(Value::as_array).into_iter().flatten();
        if rule.get("RuleType").and_then(Value::as_str) == Some("weighted") {
            for item in items {
                check_weight(name, item)?;
            }
        }
    }
    Ok(record_type.to_owned())
}

fn members<'a>(parsed: &'a Map<String, Value>, name: &str) -> &'a Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    parsed.get(name).and_then(Value::as_object).unwrap_or(&NONE)
}

fn check_item(
    rule: &str,
    item: &Value,
    endpoints: &Map<String, Value>,
    rules: &Map<String, Value>,
) -> Result<(), String> {
    let reference = |name: &str| item.get(name).and_then(Value::as_str);
    match (reference("EndpointReference"), reference("RuleReference")) {
        (Some(endpoint), None) if endpoints.contains_key(endpoint) => Ok(()),
        (None, Some(other)) if rules.contains_key(other) => Ok(()),
        other => Err(format!("rule `{rule}` refers to {other:?}")),
    }
}

fn check_weight(rule: &str, item: &Value) -> Result<(), String> {
    let weight = match item.get("Weight") {
        Some(Value::String(text)) => text.parse::<u64>().ok(),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    match weight {
        Some(0..=255) => Ok(()),
        Some(256..) | None => Err(format!("rule `{rule}` has a weight that is none: {item}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_taken_or_refused_as_route_53_does() {
        let good = json!({
            "AWSPolicyFormatVersion": "2015-10-01", "RecordType": "AAAA", "StartRule": "where",
            "Endpoints": {"a": {}, "b": {}},
            "Rules": {
                "where": {"RuleType": "geo", "Locations": [{"RuleReference": "split"}]},
                "split": {"RuleType": "weighted", "Items": [
                    {"EndpointReference": "a", "Weight": "255"},
                    {"EndpointReference": "b", "Weight": 0},
                ]},
            },
        });
        assert_eq!(check(&good.to_string()), Ok("AAAA".to_owned()));
        for (place, value) in [
            ("/AWSPolicyFormatVersion", json!("1999-01-01")),
            ("/RecordType", json!(1)),
            ("/StartRule", json!("nowhere")),
            ("/Rules/where/Locations/0/RuleReference", json!("nothing")),
            ("/Rules/split/Items/0/EndpointReference", json!("c")),
            ("/Rules/split/Items/0/Weight", json!("256")),
            ("/Rules/split/Items/1/Weight", json!(null)),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(place).unwrap() = value;
            assert!(check(&bad.to_string()).is_err(), "{place}");
        }
        assert!(check("{").is_err());
        assert!(check(&format!("{{\"a\":\"{}\"}}", "x".repeat(LENGTH_MAX))).is_err());
    }
}
