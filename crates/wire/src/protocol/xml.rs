//! XML: the answers of the query protocol, and Route 53's requests and answers.

use std::fmt::Write as _;

use crate::input::Node;
use crate::protocol::Called;
use crate::refusal::Refusal;
use crate::value::{Fields, Value};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Reads a document: what is inside its root.
pub(crate) fn read(body: &[u8]) -> Result<Node, Refusal> {
    if body.is_empty() {
        return Ok(Node::Map(Vec::new()));
    }
    let text =
        std::str::from_utf8(body).map_err(|_| Refusal::serialization("the body is not UTF-8"))?;
    let document = roxmltree::Document::parse(text)
        .map_err(|error| Refusal::serialization(format!("the body is not XML: {error}")))?;
    let inside = node(document.root_element());
    let is_empty = matches!(&inside, Node::Untyped(text) if text.trim().is_empty());
    Ok(if is_empty { Node::Map(Vec::new()) } else { inside })
}

fn node(element: roxmltree::Node<'_, '_>) -> Node {
    let children: Vec<_> = element.children().filter(roxmltree::Node::is_element).collect();
    if children.is_empty() {
        let text = element.children().filter_map(|child| child.text());
        return Node::Untyped(text.collect());
    }
    let entry = |child: roxmltree::Node<'_, '_>| (child.tag_name().name().to_owned(), node(child));
    Node::Map(children.into_iter().map(entry).collect())
}

/// `<OpResponse><OpResult>...</OpResult><ResponseMetadata>...</OpResponse>`.
pub(crate) fn query_answer(called: &Called<'_>, body: &Fields) -> Vec<u8> {
    let (operation, id) = (called.operation, called.request_id);
    let mut xml = String::new();
    element(&mut xml, &format!("{operation}Response"), called.service.xml_namespace(), |xml| {
        element(xml, &format!("{operation}Result"), None, |xml| fields(xml, body));
        metadata(xml, id);
    });
    xml.into_bytes()
}

fn metadata(xml: &mut String, id: &str) {
    element(xml, "ResponseMetadata", None, |xml| leaf(xml, "RequestId", id));
}

/// `<OpResponse>...</OpResponse>`; an answer without a body has none.
pub(crate) fn rest_answer(called: &Called<'_>, body: &Fields) -> Vec<u8> {
    let mut xml = HEAD.to_owned();
    let root = format!("{}Response", called.operation);
    element(&mut xml, &root, called.service.xml_namespace(), |xml| fields(xml, body));
    xml.into_bytes()
}

/// `<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>`. Route 53's
/// `InvalidChangeBatch` has this form as well: of the root `<InvalidChangeBatch>`, which its
/// reference still shows, the SDKs read no code.
pub(crate) fn refusal(called: &Called<'_>, code: &str, status: u16, refusal: &Refusal) -> Vec<u8> {
    let mut xml = HEAD.to_owned();
    let space = called.service.xml_namespace();
    element(&mut xml, "ErrorResponse", space, |xml| {
        element(xml, "Error", None, |xml| {
            leaf(xml, "Type", if status < 500 { "Sender" } else { "Receiver" });
            leaf(xml, "Code", code);
            leaf(xml, "Message", &refusal.message);
            fields(xml, &refusal.detail);
        });
        leaf(xml, "RequestId", called.request_id);
    });
    xml.into_bytes()
}

fn element(xml: &mut String, name: &str, space: Option<&str>, inside: impl FnOnce(&mut String)) {
    // Writing to a string cannot fail.
    match space {
        Some(space) => write!(xml, "<{name} xmlns=\"{space}\">").ok(),
        None => write!(xml, "<{name}>").ok(),
    };
    inside(xml);
    write!(xml, "</{name}>").ok();
}

fn leaf(xml: &mut String, name: &str, text: &str) {
    element(xml, name, None, |xml| escape(xml, text));
}

fn fields(xml: &mut String, fields: &Fields) {
    for (name, value) in &fields.0 {
        element(xml, name, None, |xml| write_value(xml, value));
    }
}

fn write_value(xml: &mut String, value: &Value) {
    match value {
        Value::Bool(value) => xml.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => {
            write!(xml, "{value}").ok();
        }
        Value::Number(value) => {
            write!(xml, "{value}").ok();
        }
        Value::Text(text) => escape(xml, text),
        Value::Time(time) => xml.push_str(&time.to_string()),
        Value::List(name, items) => {
            for item in items {
                element(xml, name, None, |xml| write_value(xml, item));
            }
        }
        Value::Fields(inner) => fields(xml, inner),
        Value::Map(entries) => {
            for (key, value) in entries {
                element(xml, "entry", None, |xml| {
                    leaf(xml, "key", key);
                    element(xml, "value", None, |xml| write_value(xml, value));
                });
            }
        }
    }
}

/// Characters that XML cannot hold at all are left out.
fn escape(xml: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#13;"),
            '\t' | '\n' => xml.push(letter),
            letter if letter.is_control() => {}
            letter => xml.push(letter),
        }
    }
}
