//! Serde over the tree: every error keeps the node it is about.
//!
//! Serde stops at its first error. To find the others too, the node in error is put aside and the
//! document is read again without it; what then is missing only because of that is not reported.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};

use crate::fault::{Fault, FaultKind};
use crate::problem::Finding;
use crate::tree::{FINDINGS_MAX, Node, Tree, Value};

/// Reads a document as a `T`; `None` if anything is wrong, what is wrong added to `findings`.
pub(crate) fn deserialize<T: for<'de> Deserialize<'de>>(
    tree: &Tree,
    findings: &mut Vec<Finding>,
) -> Option<T> {
    let root = &tree.root;
    let mut aside = Aside { nodes: tree.unusable.clone(), meant: BTreeSet::new() };
    let mut sound = aside.nodes.is_empty();
    if aside.nodes.contains(&root.id) {
        return None;
    }
    // Each round puts at least one node aside, so a file of few nodes ends before the limit.
    while findings.len() < FINDINGS_MAX {
        let fault = match T::deserialize(Reader { node: root, aside: &aside.nodes }) {
            Ok(value) => return sound.then_some(value),
            Err(fault) => fault,
        };
        sound = false;
        let node = fault.node.unwrap_or(root);
        if !aside.explains(&fault.kind, node) {
            findings.push(fault.finding(node));
        }
        if node.id == root.id {
            return None;
        }
        aside.put(&fault.kind, node, root);
    }
    None
}

/// What is left out of the next reading.
struct Aside {
    nodes: BTreeSet<usize>,
    /// Fields that misspelt ones were meant to be, by the id of their map.
    meant: BTreeSet<(usize, String)>,
}

impl Aside {
    /// Whether a fault may be there only because something was put aside.
    fn explains(&self, kind: &FaultKind, node: &Node) -> bool {
        match kind {
            FaultKind::Missing(field) => {
                self.meant.contains(&(node.id, (*field).to_owned()))
                    || node.get(field).is_some_and(|child| self.nodes.contains(&child.id))
            }
            FaultKind::UnknownField { .. } => false,
            FaultKind::Other { .. } => self
                .nodes
                .range(node.id + 1..=node.last.max(node.id + 1))
                .next()
                .is_some_and(|id| *id <= node.last),
        }
    }

    fn put(&mut self, kind: &FaultKind, node: &Node, root: &Node) {
        if let FaultKind::UnknownField { suggestion: Some(meant), .. } = kind
            && let Some(parent) = parent(root, node.id)
        {
            self.meant.insert((parent.id, meant.clone()));
        }
        self.nodes.insert(node.id);
    }
}

fn parent(around: &Node, id: usize) -> Option<&Node> {
    let children: Vec<&Node> = match &around.value {
        Value::List(items) => items.iter().collect(),
        Value::Map(entries) => entries.iter().map(|(_, node)| node).collect(),
        Value::Null
        | Value::Bool(_)
        | Value::Unsigned(_)
        | Value::Signed(_)
        | Value::Float(_)
        | Value::Text(_) => return None,
    };
    let child = children.into_iter().find(|child| (child.id..=child.last).contains(&id))?;
    if child.id == id { Some(around) } else { parent(child, id) }
}

/// A node as serde reads it, without the nodes put aside.
#[derive(Clone, Copy)]
struct Reader<'de, 's> {
    node: &'de Node,
    aside: &'s BTreeSet<usize>,
}

impl<'de> Reader<'de, '_> {
    fn on(self, node: &'de Node) -> Self {
        Self { node, ..self }
    }
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Fault<'de>;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        let value = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Unsigned(value) => visitor.visit_u64(*value),
            Value::Signed(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => {
                let items = items.iter().filter(|item| !self.aside.contains(&item.id)).collect();
                visitor.visit_seq(Items { reader: self, rest: items, next: 0 })
            }
            Value::Map(entries) => visitor.visit_map(Entries::new(self, entries)),
        };
        value.map_err(|fault: Fault<'de>| fault.at(self.node))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            Value::Bool(_)
            | Value::Unsigned(_)
            | Value::Signed(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        use serde::de::{Error as _, Unexpected};
        let one_of = || format!("one of `{}`", variants.join("`, `"));
        let unexpected = match &self.node.value {
            Value::Text(text) => {
                let word: StrDeserializer<'_, Fault<'de>> = text.as_str().into_deserializer();
                return visitor.visit_enum(word).map_err(|fault| fault.at(self.node));
            }
            // A variant with content: its name and what it holds.
            Value::Map(entries) if entries.len() == 1 => {
                let named = MapAccessDeserializer::new(Entries::new(self, entries));
                return visitor.visit_enum(named).map_err(|fault| fault.at(self.node));
            }
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Unsigned(value) => Unexpected::Unsigned(*value),
            Value::Signed(value) => Unexpected::Signed(*value),
            Value::Float(value) => Unexpected::Float(*value),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        };
        Err(Fault::invalid_type(unexpected, &one_of().as_str()).at(self.node))
    }

    /// Serde would also read a struct from a list, field by field: no one writes that on purpose.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        use serde::de::{Error as _, Unexpected};
        if matches!(self.node.value, Value::List(_)) {
            return Err(Fault::invalid_type(Unexpected::Seq, &visitor).at(self.node));
        }
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'de, 's> {
    reader: Reader<'de, 's>,
    rest: Vec<&'de Node>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Fault<'de>;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault<'de>> {
        let Some(node) = self.rest.get(self.next) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(self.reader.on(node)).map_err(|fault| fault.at(node)).map(Some)
    }
}

struct Entries<'de, 's> {
    reader: Reader<'de, 's>,
    rest: Vec<&'de (String, Node)>,
    next: usize,
}

impl<'de, 's> Entries<'de, 's> {
    fn new(reader: Reader<'de, 's>, entries: &'de [(String, Node)]) -> Self {
        let mut rest: Vec<_> =
            entries.iter().filter(|(_, node)| !reader.aside.contains(&node.id)).collect();
        // The fields of such a map are read by what its type says, so the type goes first.
        rest.sort_by_key(|(key, _)| key != "type");
        Self { reader, rest, next: 0 }
    }
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Fault<'de>;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault<'de>> {
        let Some((key, node)) = self.rest.get(self.next) else { return Ok(None) };
        let key: StrDeserializer<'de, Fault<'de>> = key.as_str().into_deserializer();
        seed.deserialize(key).map_err(|fault| fault.at(node)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Fault<'de>> {
        use serde::de::Error as _;
        let Some((_, node)) = self.rest.get(self.next) else {
            return Err(Fault::custom("a value was asked for without its key"));
        };
        self.next += 1;
        seed.deserialize(self.reader.on(node)).map_err(|fault| fault.at(node))
    }
}
