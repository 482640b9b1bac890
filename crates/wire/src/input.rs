//! What an operation is asked: one tree, whichever protocol it came in.

use std::str::FromStr;

use model::Time;

use crate::refusal::Refusal;

/// A part of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    /// Text of a protocol that has nothing else: a form or XML. What it says shows when it is
    /// asked for.
    Untyped(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Node {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Number(_) => "a number",
            Self::Text(_) | Self::Untyped(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a structure",
        }
    }

    fn child(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, node)| node),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Untyped(_)
            | Self::List(_) => None,
        }
    }
}

/// A structure of a request, read member by member. What has another type than the API says is
/// refused as it is by AWS, before the operation looks at anything.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    node: Option<&'a Node>,
    path: String,
}

impl<'a> Input<'a> {
    pub(crate) const fn new(node: &'a Node) -> Self {
        Self { node: Some(node), path: String::new() }
    }

    fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The member, if it is there and not null.
    fn get(&self, name: &str) -> Option<&'a Node> {
        self.node?.child(name).filter(|node| **node != Node::Null)
    }

    fn mistyped(&self, name: &str, node: &Node, wanted: &str) -> Refusal {
        Refusal::serialization(format!("{} is {}, not {wanted}", self.place(name), node.kind()))
    }

    fn missing(&self, name: &str) -> Refusal {
        Refusal::missing(format!("the member {} is missing", self.place(name)))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Node::Text(text) | Node::Untyped(text)) => Ok(Some(text)),
            // An element without anything in it.
            Some(Node::Map(entries)) if entries.is_empty() => Ok(Some("")),
            Some(other) => Err(self.mistyped(name, other, "a string")),
        }
    }

    pub(crate) fn needed_text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Node::Integer(number)) => Ok(Some(*number)),
            Some(Node::Untyped(text)) => match i64::from_str(text.trim()) {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Refusal::serialization(format!(
                    "{} is `{text}`, not an integer",
                    self.place(name)
                ))),
            },
            Some(other) => Err(self.mistyped(name, other, "an integer")),
        }
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn count(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Refusal> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        let count = u32::try_from(number).ok().filter(|count| (least..=most).contains(count));
        count.map(Some).ok_or_else(|| {
            let place = self.place(name);
            Refusal::invalid(format!("{place} is {number}, not from {least} to {most}"))
        })
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            #[expect(clippy::cast_precision_loss, reason = "numbers of requests are small")]
            Some(Node::Integer(number)) => Ok(Some(*number as f64)),
            Some(Node::Number(number)) => Ok(Some(*number)),
            Some(Node::Untyped(text)) => match f64::from_str(text.trim()) {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Refusal::serialization(format!(
                    "{} is `{text}`, not a number",
                    self.place(name)
                ))),
            },
            Some(other) => Err(self.mistyped(name, other, "a number")),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Node::Bool(flag)) => Ok(Some(*flag)),
            Some(Node::Untyped(text)) if text == "true" => Ok(Some(true)),
            Some(Node::Untyped(text)) if text == "false" => Ok(Some(false)),
            Some(other) => Err(self.mistyped(name, other, "a boolean")),
        }
    }

    /// A time: seconds since the epoch in JSON and CBOR, text otherwise.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Time>, Refusal> {
        let text = |text: &str| {
            Time::from_str(text).map(Some).map_err(|_| {
                Refusal::serialization(format!("{} is `{text}`, not a time", self.place(name)))
            })
        };
        match self.get(name) {
            Some(Node::Text(stamp) | Node::Untyped(stamp)) => text(stamp),
            Some(Node::Integer(_) | Node::Number(_)) => {
                #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
                let time = |seconds: f64| Time::from_millis((seconds * 1000.0).round() as i64);
                Ok(self.number(name)?.filter(|seconds| seconds.is_finite()).map(time))
            }
            None => Ok(None),
            Some(other) => Err(self.mistyped(name, other, "a time")),
        }
    }

    pub(crate) fn needed_time(&self, name: &str) -> Result<Time, Refusal> {
        self.time(name)?.ok_or_else(|| self.missing(name))
    }

    /// A structure; empty where it is absent.
    pub(crate) fn within(&self, name: &str) -> Result<Option<Self>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(node @ Node::Map(_)) => {
                Ok(Some(Self { node: Some(node), path: self.place(name) }))
            }
            Some(Node::Untyped(text)) if text.trim().is_empty() => {
                Ok(Some(Self { node: None, path: self.place(name) }))
            }
            Some(other) => Err(self.mistyped(name, other, "a structure")),
        }
    }

    pub(crate) fn needed(&self, name: &str) -> Result<Self, Refusal> {
        self.within(name)?.ok_or_else(|| self.missing(name))
    }

    /// The elements of a list, which XML calls `element`; `None` where there is no list.
    fn elements(&self, name: &str, element: &str) -> Result<Option<Vec<&'a Node>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Node::List(nodes)) => Ok(Some(nodes.iter().collect())),
            Some(Node::Map(entries)) => {
                if let Some((other, _)) = entries.iter().find(|(key, _)| key != element) {
                    let place = self.place(name);
                    return Err(Refusal::serialization(format!(
                        "{place} holds {other} and not {element}"
                    )));
                }
                Ok(Some(entries.iter().map(|(_, node)| node).collect()))
            }
            Some(Node::Untyped(text)) if text.trim().is_empty() => Ok(Some(Vec::new())),
            Some(other) => Err(self.mistyped(name, other, "a list")),
        }
    }

    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<Self>>, Refusal> {
        self.list_of(name, "member")
    }

    /// A list of structures.
    pub(crate) fn list_of(&self, name: &str, element: &str) -> Result<Option<Vec<Self>>, Refusal> {
        let Some(nodes) = self.elements(name, element)? else { return Ok(None) };
        let each = nodes.into_iter().enumerate().map(|(index, node)| {
            if let Node::Map(_) = node {
                let path = format!("{}.{}", self.place(name), index + 1);
                return Ok(Self { node: Some(node), path });
            }
            Err(self.mistyped(name, node, "a structure"))
        });
        each.collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// A list of strings.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Refusal> {
        let Some(nodes) = self.elements(name, "member")? else { return Ok(None) };
        let each = nodes.into_iter().map(|node| {
            if let Node::Text(text) | Node::Untyped(text) = node {
                return Ok(text.as_str());
            }
            Err(self.mistyped(name, node, "a string"))
        });
        each.collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// Whether the member is there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The member as it came.
    pub(crate) fn member(&self, name: &str) -> Option<&'a Node> {
        self.get(name)
    }

    /// The structure as it came.
    pub(crate) const fn node(&self) -> Option<&'a Node> {
        self.node
    }

    /// The first member that is none of `known`.
    pub(crate) fn other_than(&self, known: &[&str]) -> Option<&'a str> {
        let Some(Node::Map(entries)) = self.node else { return None };
        let other = entries
            .iter()
            .find(|(key, node)| *node != Node::Null && !known.contains(&key.as_str()));
        other.map(|(key, _)| key.as_str())
    }
}
