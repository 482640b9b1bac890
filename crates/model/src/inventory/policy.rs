//! What a traffic policy's document says of its endpoints and splits, for people.
//!
//! `cloud::traffic_policy` is what moves weights: it knows two endpoints and copies the rest of the
//! text. Here all endpoints are listed with what they stand for. Format: Amazon Route 53 API
//! reference, "Traffic Policy Document Format".

use std::collections::BTreeMap;

use serde::Deserialize;

/// A traffic policy document, as far as endpoints and weighted rules go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Each endpoint with what it stands for: a domain name or an address.
    pub endpoints: BTreeMap<String, String>,
    /// Endpoints that are plain values, whose answers have the TTL of the instance.
    pub plain: Vec<String>,
    /// The weighted rules by name.
    pub splits: BTreeMap<String, Vec<Item>>,
}

/// One item of a weighted rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The endpoint; `None` where it leads to another rule.
    pub endpoint: Option<String>,
    /// 0 to 255; `None` where it is none.
    pub weight: Option<u32>,
    /// Whether it counts as unhealthy when the endpoint is.
    pub evaluate_target_health: bool,
    /// Whether it goes by a health check.
    pub health_check: bool,
}

impl Document {
    /// Reads the JSON text of a document.
    ///
    /// # Errors
    /// What the JSON reader says, with its place.
    pub fn read(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let plain = |(name, endpoint): (&String, &RawEndpoint)| {
            (endpoint.kind == "value").then(|| name.clone())
        };
        let splits = raw.rules.into_iter().filter(|(_, rule)| rule.kind == "weighted");
        Ok(Self {
            plain: raw.endpoints.iter().filter_map(plain).collect(),
            endpoints: raw.endpoints.into_iter().map(|(name, it)| (name, it.value)).collect(),
            splits: splits
                .map(|(name, rule)| (name, rule.items.into_iter().map(Item::from).collect()))
                .collect(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    #[serde(default)]
    endpoints: BTreeMap<String, RawEndpoint>,
    #[serde(default)]
    rules: BTreeMap<String, RawRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawEndpoint {
    #[serde(rename = "Type", default)]
    kind: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawRule {
    #[serde(rename = "RuleType", default)]
    kind: String,
    #[serde(default)]
    items: Vec<RawItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawItem {
    endpoint_reference: Option<String>,
    weight: Option<serde_json::Value>,
    evaluate_target_health: Option<serde_json::Value>,
    health_check: Option<String>,
}

impl From<RawItem> for Item {
    fn from(raw: RawItem) -> Self {
        // Numbers and booleans stand in quotes by the book, and without them in the wild.
        let word = |value: &serde_json::Value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        Self {
            endpoint: raw.endpoint_reference,
            weight: raw.weight.as_ref().and_then(|weight| word(weight).parse().ok()),
            evaluate_target_health: raw
                .evaluate_target_health
                .as_ref()
                .is_some_and(|value| word(value) == "true"),
            health_check: raw.health_check.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_with_and_without_quotes() {
        let text = r#"{"RecordType": "A", "StartRule": "split",
            "Endpoints": {"ec2": {"Type": "application-load-balancer", "Value": "a.elb.amazonaws.com"},
                          "old": {"Type": "value", "Value": "192.0.2.1"}},
            "Rules": {"split": {"RuleType": "weighted", "Items": [
                {"EndpointReference": "ec2", "Weight": "90", "EvaluateTargetHealth": "true"},
                {"EndpointReference": "old", "Weight": 10, "EvaluateTargetHealth": false}]}}}"#;
        let document = Document::read(text).unwrap();
        assert_eq!(document.endpoints["ec2"], "a.elb.amazonaws.com");
        assert_eq!(document.plain, ["old"]);
        let items = &document.splits["split"];
        assert_eq!((items[0].weight, items[1].weight), (Some(90), Some(10)));
        assert!(items[0].evaluate_target_health && !items[1].evaluate_target_health);
    }

    #[test]
    fn what_is_no_document_says_where() {
        assert!(Document::read("{\"Rules\": 7}").unwrap_err().contains("line 1"));
    }
}
