//! YAML as a tree in which each node knows its place and path.
#![expect(clippy::wildcard_enum_match_arm, reason = "events are another crate's enum")]

use std::collections::BTreeSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use crate::problem::{Finding, Place, shown};

/// No desired state of one team comes near; past it somebody gave the wrong file.
const BYTES_MAX: usize = 1 << 20;
/// Ferry's own formats are at most seven deep.
const DEPTH_MAX: usize = 32;
/// Enough to mend a file by, few enough to read.
pub(crate) const FINDINGS_MAX: usize = 100;

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Counted through the document from its root; descendants lie in `id + 1..=last`.
    pub(crate) id: usize,
    pub(crate) last: usize,
    pub(crate) path: String,
    pub(crate) place: Place,
    /// Where its key stands, for values of a map.
    pub(crate) key: Option<Place>,
    pub(crate) value: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// One document of a file.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) root: Node,
    /// Nodes that were reported and cannot be read.
    pub(crate) unusable: BTreeSet<usize>,
}

impl Node {
    /// Where a finding about it points: at the key for what spans lines, else at the value.
    pub(crate) fn pointer(&self) -> Place {
        match self.value {
            Value::List(_) | Value::Map(_) | Value::Null => self.key.unwrap_or(self.place),
            Value::Bool(_)
            | Value::Unsigned(_)
            | Value::Signed(_)
            | Value::Float(_)
            | Value::Text(_) => self.place,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Unsigned(_)
            | Value::Signed(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => None,
        }
    }
}

/// All documents of a text, as far as it is YAML, and what is wrong with it as YAML.
pub(crate) fn parse(text: &str) -> (Vec<Tree>, Vec<Finding>) {
    if text.len() > BYTES_MAX {
        let finding = Finding {
            place: Place { line: 1, column: 1 },
            path: String::new(),
            message: format!("the file has {} bytes, more than {BYTES_MAX}", text.len()),
            remedy: "split it, or check that it is the right file".to_owned(),
        };
        return (Vec::new(), vec![finding]);
    }
    let mut builder = Builder {
        events: Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)),
        findings: Vec::new(),
        unusable: BTreeSet::new(),
        next: 0,
    };
    let mut trees = Vec::new();
    if let Err(Stop(finding)) = builder.documents(&mut trees) {
        builder.findings.push(finding);
    }
    (trees, builder.findings)
}

/// The text cannot be read any further.
struct Stop(Finding);

struct Builder<'a> {
    events: Parser<'a, StrInput<'a>>,
    findings: Vec<Finding>,
    unusable: BTreeSet<usize>,
    next: usize,
}

fn place(marker: Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}

impl<'a> Builder<'a> {
    fn event(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            None => Ok((Event::StreamEnd, Span::default())),
            Some(Err(error)) => Err(Stop(Finding {
                place: place(*error.marker()),
                path: String::new(),
                message: format!("not YAML: {}", shown(error.info())),
                remedy: "check indentation, quotes and brackets here and on the line above"
                    .to_owned(),
            })),
        }
    }

    fn documents(&mut self, trees: &mut Vec<Tree>) -> Result<(), Stop> {
        loop {
            match self.event()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), _) => {
                    self.next = 0;
                    let (event, span) = self.event()?;
                    let root = self.node(event, span, String::new(), None, 0)?;
                    let unusable = std::mem::take(&mut self.unusable);
                    trees.push(Tree { root, unusable });
                }
                _ => {}
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: Span,
        path: String,
        key: Option<Place>,
        depth: usize,
    ) -> Result<Node, Stop> {
        let id = self.next;
        self.next += 1;
        let mut node =
            Node { id, last: id, path, place: place(span.start), key, value: Value::Null };
        if depth > DEPTH_MAX {
            return Err(Stop(Finding {
                place: node.place,
                path: String::new(),
                message: format!("nested more than {DEPTH_MAX} deep"),
                remedy: "check that it is the right file".to_owned(),
            }));
        }
        self.refuse_indirection(&event, &node);
        node.value = match event {
            Event::Scalar(text, style, _, _) => match scalar(&text, style) {
                Ok(value) => value,
                Err(message) => {
                    self.unusable(&node, message, "write a finite number");
                    Value::Null
                }
            },
            Event::SequenceStart(..) => self.list(&node, depth)?,
            Event::MappingStart(..) => self.map(&node, depth)?,
            _ => Value::Null,
        };
        node.last = self.next - 1;
        Ok(node)
    }

    fn list(&mut self, list: &Node, depth: usize) -> Result<Value, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.event()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            let path = format!("{}[{}]", list.path, items.len());
            items.push(self.node(event, span, path, None, depth + 1)?);
        }
    }

    fn map(&mut self, map: &Node, depth: usize) -> Result<Value, Stop> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut names = BTreeSet::new();
        loop {
            let (event, span) = self.event()?;
            let (name, at) = match event {
                Event::MappingEnd => return Ok(Value::Map(entries)),
                Event::Scalar(name, ..) => (name.into_owned(), place(span.start)),
                _ => {
                    return Err(Stop(Finding {
                        place: place(span.start),
                        path: map.path.clone(),
                        message: "a key is not plain text".to_owned(),
                        remedy: "write `name: value`".to_owned(),
                    }));
                }
            };
            let path = match map.path.as_str() {
                "" => shown(&name),
                parent => format!("{parent}.{}", shown(&name)),
            };
            let (event, span) = self.event()?;
            let node = self.node(event, span, path, Some(at), depth + 1)?;
            if names.insert(name.clone()) {
                entries.push((name, node));
            } else {
                let twice = Node { place: at, ..node };
                self.unusable(&twice, format!("`{}` stands twice", shown(&name)), "keep one");
            }
        }
    }

    fn refuse_indirection(&mut self, event: &Event<'_>, node: &Node) {
        let (anchor, tag) = match event {
            Event::Alias(_) => {
                return self.unusable(node, "aliases are not read", "write the value out");
            }
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                (*anchor, tag.is_some())
            }
            _ => (0, false),
        };
        if tag {
            self.unusable(node, "tags are not read", "write the plain value");
        } else if anchor > 0 {
            self.unusable(node, "anchors are not read", "write the value out where it is needed");
        }
    }

    fn unusable(&mut self, node: &Node, message: impl Into<String>, remedy: &str) {
        self.unusable.insert(node.id);
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                place: node.place,
                path: node.path.clone(),
                message: message.into(),
                remedy: remedy.to_owned(),
            });
        }
    }
}

/// The value of a scalar by the core schema of YAML 1.2, where `no` is text.
fn scalar(text: &str, style: ScalarStyle) -> Result<Value, String> {
    if style != ScalarStyle::Plain {
        return Ok(Value::Text(text.to_owned()));
    }
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if looks_like_a_number(text) => return number(text),
        _ => Value::Text(text.to_owned()),
    };
    Ok(value)
}

fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_special = matches!(
        unsigned,
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "nan" | "NaN" | "inf" | "Infinity"
    );
    is_special
        || (unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && unsigned.bytes().any(|b| b.is_ascii_digit())
            && text.parse::<f64>().is_ok())
}

fn number(text: &str) -> Result<Value, String> {
    if let Ok(value) = text.parse() {
        return Ok(Value::Unsigned(value));
    }
    if let Ok(value) = text.parse() {
        return Ok(Value::Signed(value));
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Value::Float(value)),
        _ => Err(format!("`{}` is not a finite number", shown(text))),
    }
}
