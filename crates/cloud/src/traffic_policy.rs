//! Traffic policy documents: the weights of two endpoints, read and rewritten in place.
//!
//! A document is JSON text that belongs to whoever wrote it. Nothing but the digits of the two
//! weights is touched: the text around them is copied byte for byte, so that fields nobody here
//! knows, the order of members, numbers and blanks stay as they are.
//!
//! A document may hold the two endpoints in several weighted rules, as one that first asks where
//! a client is and then splits in each place. All rules that hold both move together: they are
//! the same split said in several places. Rules that hold only one of the endpoints, or others,
//! are not a split between the two and stay as they are.
//!
//! Source of the format: Amazon Route 53 API reference, "Traffic Policy Document Format"
//! (`AWSPolicyFormatVersion` 2015-10-01 and 2023-05-09, which differ for geoproximity only):
//! `Rules.{name}.Items[].{EndpointReference, Weight}`, weights from 0 to 255 as JSON strings;
//! numbers are met in the wild and kept as numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use model::route::WeightPair;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The largest weight of a weighted rule's item.
pub(crate) const WEIGHT_MAX: u32 = 255;

/// The names of the two sides' endpoints in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints<'a> {
    /// EC2's.
    pub ec2: &'a str,
    /// Fargate's.
    pub fargate: &'a str,
}

/// What the rules of a document say of the two endpoints; at least one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    rules: Vec<(String, WeightPair)>,
}

/// Why a document has no split between the two endpoints to move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text is no traffic policy document.
    #[error("the document is not a traffic policy: {problem}")]
    NotAPolicy {
        /// What the reader says, with its place.
        problem: String,
    },
    /// No weighted rule holds both endpoints.
    #[error(
        "no weighted rule holds both endpoints `{ec2}` and `{fargate}` (the document has the \
         endpoints {known}): add a weighted rule with both, or name the endpoints it has in \
         spec.traffic.router"
    )]
    NoRule {
        /// EC2's endpoint.
        ec2: String,
        /// Fargate's.
        fargate: String,
        /// The endpoints that the document has.
        known: String,
    },
    /// One rule names an endpoint in several items.
    #[error("rule `{rule}` holds the endpoint `{endpoint}` more than once: leave one item of it")]
    Twice {
        /// Which rule.
        rule: String,
        /// Which endpoint.
        endpoint: String,
    },
    /// An item has no weight, or one that is none.
    #[error(
        "rule `{rule}` gives the endpoint `{endpoint}` the weight {weight}: write a number from 0 \
         to 255, in quotes"
    )]
    Weight {
        /// Which rule.
        rule: String,
        /// Which endpoint.
        endpoint: String,
        /// What stands there.
        weight: String,
    },
}

impl Reading {
    /// The pair that asks for the largest part on Fargate: what all rules hold where they agree.
    #[must_use]
    pub fn pair(&self) -> WeightPair {
        let mut pairs = self.rules.iter().map(|(_, pair)| *pair);
        let first = pairs.next().unwrap_or(WeightPair { ec2: 0, fargate: 0 });
        pairs.fold(first, |most, pair| if asks_for_more(pair, most) { pair } else { most })
    }

    /// Whether all rules hold the same two weights.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let pair = self.pair();
        self.rules.iter().all(|(_, other)| *other == pair)
    }

    /// The rules that hold both endpoints with their pairs, by name.
    pub fn rules(&self) -> impl Iterator<Item = (&str, WeightPair)> {
        self.rules.iter().map(|(rule, pair)| (rule.as_str(), *pair))
    }
}

/// Reads what the rules of `document` say of the two endpoints.
///
/// # Errors
/// [`DocumentError`] when the document has no such rule or a weight is none.
pub fn read(document: &str, endpoints: Endpoints<'_>) -> Result<Reading, DocumentError> {
    let rules = splits(document, endpoints)?;
    let pair = |split: &Split| WeightPair { ec2: split.ec2.value, fargate: split.fargate.value };
    Ok(Reading { rules: rules.iter().map(|split| (split.rule.clone(), pair(split))).collect() })
}

/// The same document with `pair` in every rule that holds both endpoints.
///
/// # Errors
/// [`DocumentError`] as from [`read`].
pub fn rewrite(
    document: &str,
    endpoints: Endpoints<'_>,
    pair: WeightPair,
) -> Result<String, DocumentError> {
    let mut places: Vec<(Place, u32)> = splits(document, endpoints)?
        .into_iter()
        .flat_map(|split| [(split.ec2, pair.ec2), (split.fargate, pair.fargate)])
        .collect();
    places.sort_by_key(|(place, _)| place.at.start);
    let mut text = String::with_capacity(document.len() + 2 * places.len());
    let mut copied = 0;
    for (place, weight) in places {
        text.push_str(document.get(copied..place.at.start).unwrap_or_default());
        // Where the weight is as wanted its own spelling stays.
        if place.value == weight {
            text.push_str(document.get(place.at.clone()).unwrap_or_default());
        } else if place.is_text {
            text.push('"');
            text.push_str(&weight.to_string());
            text.push('"');
        } else {
            text.push_str(&weight.to_string());
        }
        copied = place.at.end;
    }
    text.push_str(document.get(copied..).unwrap_or_default());
    Ok(text)
}

/// Whether two documents say the same, however they are laid out.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || value(one).is_some_and(|one| value(other) == Some(one))
}

/// The DNS type of the records that a document makes.
#[must_use]
pub fn record_type(document: &str) -> Option<String> {
    let document: Document<'_> = serde_json::from_str(document).ok()?;
    document.record_type.map(Cow::into_owned)
}

/// Whether the two endpoints are names or addresses given as they are, whose records carry the
/// instance's time to live; aliases of a balancer carry its 60 s.
#[must_use]
pub fn is_plain(document: &str, endpoints: Endpoints<'_>) -> bool {
    let Ok(document) = serde_json::from_str::<Document<'_>>(document) else { return false };
    [endpoints.ec2, endpoints.fargate].into_iter().any(|name| {
        let endpoint = document.endpoints.get(name);
        let read = endpoint.and_then(|raw| serde_json::from_str::<Endpoint<'_>>(raw.get()).ok());
        read.and_then(|endpoint| endpoint.kind).is_some_and(|kind| kind == "value")
    })
}

/// Where the weights of one rule stand.
struct Split {
    rule: String,
    ec2: Place,
    fargate: Place,
}

/// Where one weight stands in the text, quotes included.
struct Place {
    at: Range<usize>,
    value: u32,
    is_text: bool,
}

// The members that are looked at; all others are passed over and copied.

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    #[serde(borrow)]
    record_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    endpoints: BTreeMap<Cow<'a, str>, &'a RawValue>,
    #[serde(borrow, default)]
    rules: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

#[derive(Deserialize)]
struct Endpoint<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule<'a> {
    #[serde(borrow)]
    rule_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'a> {
    #[serde(borrow)]
    endpoint_reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    weight: Option<&'a RawValue>,
}

/// The rules that hold both endpoints, by name.
fn splits(document: &str, endpoints: Endpoints<'_>) -> Result<Vec<Split>, DocumentError> {
    let parsed: Document<'_> = parse(document)?;
    let mut splits = Vec::new();
    for (name, raw) in &parsed.rules {
        let rule: Rule<'_> = parse(raw.get())?;
        if rule.rule_type.as_deref() != Some("weighted") {
            continue;
        }
        let items = rule.items.iter().map(|item| parse::<Item<'_>>(item.get()));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let ec2 = only(name, endpoints.ec2, &items)?;
        let fargate = only(name, endpoints.fargate, &items)?;
        if let (Some(ec2), Some(fargate)) = (ec2, fargate) {
            splits.push(Split {
                rule: name.to_string(),
                ec2: place(document, name, endpoints.ec2, ec2)?,
                fargate: place(document, name, endpoints.fargate, fargate)?,
            });
        }
    }
    if splits.is_empty() {
        let known: Vec<String> = parsed.endpoints.keys().map(|name| format!("`{name}`")).collect();
        return Err(DocumentError::NoRule {
            ec2: endpoints.ec2.to_owned(),
            fargate: endpoints.fargate.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        });
    }
    Ok(splits)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DocumentError> {
    let problem = |error: serde_json::Error| error.to_string();
    serde_json::from_str(text)
        .map_err(|error| DocumentError::NotAPolicy { problem: problem(error) })
}

/// The item of a rule that is `endpoint`, where there is one.
fn only<'i, 'a>(
    rule: &str,
    endpoint: &str,
    items: &'i [Item<'a>],
) -> Result<Option<&'i Item<'a>>, DocumentError> {
    let is_it = |item: &&Item<'_>| item.endpoint_reference.as_deref() == Some(endpoint);
    let mut found = items.iter().filter(is_it);
    let first = found.next();
    if found.next().is_some() {
        let (rule, endpoint) = (rule.to_owned(), endpoint.to_owned());
        return Err(DocumentError::Twice { rule, endpoint });
    }
    Ok(first)
}

fn place(
    document: &str,
    rule: &str,
    endpoint: &str,
    item: &Item<'_>,
) -> Result<Place, DocumentError> {
    let written = item.weight.map_or("", RawValue::get);
    let digits = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let value = digits
        .unwrap_or(written)
        .parse::<u32>()
        .ok()
        // `+5` would be read as well; JSON and Route 53 know no such number.
        .filter(|weight| *weight <= WEIGHT_MAX && !digits.unwrap_or(written).starts_with('+'));
    let Some(value) = value else {
        let weight = if written.is_empty() { "nothing" } else { written };
        return Err(DocumentError::Weight {
            rule: rule.to_owned(),
            endpoint: endpoint.to_owned(),
            weight: weight.to_owned(),
        });
    };
    // The reader lends parts of the text itself, so that addresses tell where they stand.
    let start = written.as_ptr().addr() - document.as_ptr().addr();
    Ok(Place { at: start..start + written.len(), value, is_text: digits.is_some() })
}

/// Whether a pair asks for a larger part on Fargate than another, as exact fractions; one
/// without any weight is answered with an equal split.
fn asks_for_more(pair: WeightPair, than: WeightPair) -> bool {
    let part = |pair: WeightPair| match u64::from(pair.ec2) + u64::from(pair.fargate) {
        0 => (1, 2),
        total => (u64::from(pair.fargate), total),
    };
    let ((fargate, total), (than, of)) = (part(pair), part(than));
    fargate * of > than * total
}

#[cfg(test)]
#[path = "traffic_policy/tests.rs"]
mod tests;
