//! The query protocol's requests: `Actions.member.1.Type=forward`.

use crate::input::Node;
use crate::refusal::Refusal;

/// Reads pairs as they stand in a form or behind a path's `?`.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        Ok((unescape(key)?, unescape(value)?))
    };
    parts.map(pair).collect()
}

/// Percent escapes and `+`, as forms have them.
pub(crate) fn unescape(text: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte.unwrap_or(b' ')).to_digit(16);
                let value = digit(rest.next()).zip(digit(rest.next()));
                let value = value.and_then(|(high, low)| u8::try_from(16 * high + low).ok());
                bytes.push(value.ok_or_else(|| malformed(text))?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed(text))
}

fn malformed(text: &str) -> Refusal {
    Refusal::serialization(format!("`{text}` is not escaped as a form is"))
}

/// The tree of a form's keys. Lists are numbered from 1 behind `member`.
pub(crate) fn read(pairs: &[(String, String)]) -> Result<Node, Refusal> {
    let mut tree = Vec::new();
    for (key, value) in pairs {
        let parts: Vec<&str> = key.split('.').collect();
        insert(&mut tree, &parts, value)?;
    }
    Ok(Node::Map(tree.into_iter().map(|(key, node)| (key, listed(node))).collect()))
}

fn insert(tree: &mut Vec<(String, Node)>, parts: &[&str], value: &str) -> Result<(), Refusal> {
    let Some((first, rest)) = parts.split_first() else { return Ok(()) };
    let place = tree.iter().position(|(key, _)| key == first);
    if rest.is_empty() {
        if place.is_some() {
            return Err(Refusal::serialization(format!("{first} is given twice")));
        }
        tree.push(((*first).to_owned(), Node::Untyped(value.to_owned())));
        return Ok(());
    }
    let place = place.unwrap_or_else(|| {
        tree.push(((*first).to_owned(), Node::Map(Vec::new())));
        tree.len() - 1
    });
    match tree.get_mut(place) {
        Some((_, Node::Map(inner))) => insert(inner, rest, value),
        _ => Err(Refusal::serialization(format!("{first} is both a value and a structure"))),
    }
}

/// Makes lists of what is numbered.
fn listed(node: Node) -> Node {
    let Node::Map(entries) = node else { return node };
    if let [(only, Node::Map(_))] = entries.as_slice()
        && only == "member"
        && let Some((_, Node::Map(items))) = entries.first()
    {
        let numbered: Option<Vec<(u32, &Node)>> =
            items.iter().map(|(number, item)| Some((number.parse().ok()?, item))).collect();
        if let Some(mut numbered) = numbered {
            numbered.sort_by_key(|(number, _)| *number);
            return Node::List(
                numbered.into_iter().map(|(_, item)| listed(item.clone())).collect(),
            );
        }
    }
    Node::Map(entries.into_iter().map(|(key, node)| (key, listed(node))).collect())
}
