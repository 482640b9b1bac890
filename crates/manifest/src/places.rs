//! Where each field of a document stands, without the document.

use crate::problem::Place;
use crate::tree::{Node, Value};

/// Where a finding about each field points, by the field's path: what is kept of a tree for
/// findings that come later. A daemon keeps one for every migration, and values, keys and nodes
/// of the tree would be kept for nothing.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    root: Place,
    /// In the order of the file.
    fields: Box<[(Box<str>, Place)]>,
}

impl Places {
    pub(crate) fn of(root: &Node) -> Self {
        let mut fields = Vec::new();
        collect(root, &mut fields);
        Self { root: root.pointer(), fields: fields.into() }
    }

    /// The place of `path`, or of the nearest field around it that stands in the file.
    pub(crate) fn nearest(&self, path: &str) -> Place {
        let mut found: Option<&(Box<str>, Place)> = None;
        for field in &self.fields {
            let is_around = path
                .strip_prefix(&*field.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            if is_around && found.is_none_or(|found| found.0.len() < field.0.len()) {
                found = Some(field);
            }
        }
        found.map_or(self.root, |(_, place)| *place)
    }
}

fn collect(node: &Node, fields: &mut Vec<(Box<str>, Place)>) {
    let mut take = |child: &Node| {
        fields.push((child.path.as_str().into(), child.pointer()));
        collect(child, fields);
    };
    match &node.value {
        Value::List(items) => items.iter().for_each(&mut take),
        Value::Map(entries) => entries.iter().for_each(|(_, child)| take(child)),
        Value::Null
        | Value::Bool(_)
        | Value::Unsigned(_)
        | Value::Signed(_)
        | Value::Float(_)
        | Value::Text(_) => {}
    }
}
