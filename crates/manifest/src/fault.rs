//! What serde says of a node, kept as parts rather than as text.
#![expect(clippy::wildcard_enum_match_arm, reason = "what was unexpected is serde's enum")]

use std::fmt;

use model::suggest::nearest;
use serde::de::{Expected, Unexpected};

use crate::problem::{Finding, shown};
use crate::tree::Node;

/// Why a node could not become a value, and which node.
#[derive(Debug)]
pub(crate) struct Fault<'a> {
    pub(crate) node: Option<&'a Node>,
    pub(crate) kind: FaultKind,
}

#[derive(Debug)]
pub(crate) enum FaultKind {
    Missing(&'static str),
    UnknownField { field: String, suggestion: Option<String>, expected: &'static [&'static str] },
    Other { message: String, remedy: String },
}

impl<'a> Fault<'a> {
    /// Notes where it happened; the innermost node stays.
    pub(crate) fn at(mut self, node: &'a Node) -> Self {
        self.node.get_or_insert(node);
        self
    }

    fn other(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            node: None,
            kind: FaultKind::Other { message: message.into(), remedy: remedy.into() },
        }
    }

    pub(crate) fn finding(&self, node: &Node) -> Finding {
        let (message, remedy) = match &self.kind {
            FaultKind::Missing(field) => {
                (format!("the field `{field}` is missing"), "add it".to_owned())
            }
            FaultKind::UnknownField { field, suggestion, expected } => (
                format!("unknown field `{}`", shown(field)),
                suggestion.as_ref().map_or_else(
                    || format!("known here: {}", listed(expected)),
                    |field| format!("did you mean `{field}`?"),
                ),
            ),
            FaultKind::Other { message, remedy } => (message.clone(), remedy.clone()),
        };
        let place = match self.kind {
            FaultKind::UnknownField { .. } => node.key.unwrap_or(node.place),
            FaultKind::Missing(_) | FaultKind::Other { .. } => node.pointer(),
        };
        Finding { place, path: node.path.clone(), message, remedy }
    }
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() {
        return "no field at all".to_owned();
    }
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// What the file has, in the words of its writer.
fn found(unexpected: &Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str(value) => format!("the text `{}`", shown(value)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map of fields".to_owned(),
        other => other.to_string(),
    }
}

/// What serde's own types expect, in the words of a file's writer.
fn wanted(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "a string" => "text".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" => format!("a whole number from 0 to {}", u64::MAX),
        "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a map of fields".to_owned(),
        text if text.starts_with("struct ") => "a map of fields".to_owned(),
        text => text.to_owned(),
    }
}

impl serde::de::Error for Fault<'_> {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::other(message.to_string(), "")
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        let remedy = match unexpected {
            Unexpected::Unit => "write a value or take the line out",
            Unexpected::Bool(_)
            | Unexpected::Unsigned(_)
            | Unexpected::Signed(_)
            | Unexpected::Float(_)
                if wanted == "text" =>
            {
                "put it in quotes"
            }
            _ => "",
        };
        Self::other(format!("expected {wanted}, found {}", found(&unexpected)), remedy)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::other(format!("expected {}, found {}", wanted(expected), found(&unexpected)), "")
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let remedy = nearest(variant, expected.iter().copied()).map_or_else(
            || format!("write one of {}", listed(expected)),
            |word| format!("did you mean `{word}`?"),
        );
        Self::other(format!("unknown value `{}`", shown(variant)), remedy)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let suggestion = nearest(field, expected.iter().copied());
        Self {
            node: None,
            kind: FaultKind::UnknownField { field: field.to_owned(), suggestion, expected },
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { node: None, kind: FaultKind::Missing(field) }
    }
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::Missing(field) => write!(f, "the field `{field}` is missing"),
            FaultKind::UnknownField { field, .. } => write!(f, "unknown field `{field}`"),
            FaultKind::Other { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault<'_> {}
