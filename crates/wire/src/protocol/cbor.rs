//! Smithy's rpcv2Cbor.

use ciborium::Value as Cbor;

use crate::input::Node;
use crate::refusal::Refusal;
use crate::value::Value;

/// Seconds since the epoch (RFC 8949, 3.4.2).
const EPOCH_TAG: u64 = 1;

/// Reads a body; nothing at all is an empty structure.
pub(crate) fn read(body: &[u8]) -> Result<Node, Refusal> {
    if body.is_empty() {
        return Ok(Node::Map(Vec::new()));
    }
    let mut rest = body;
    let cbor: Cbor = ciborium::from_reader(&mut rest)
        .map_err(|error| Refusal::serialization(format!("the body is not CBOR: {error}")))?;
    if !rest.is_empty() {
        return Err(Refusal::serialization("the body goes on after its first value"));
    }
    match node(cbor)? {
        map @ Node::Map(_) => Ok(map),
        Node::Null
        | Node::Bool(_)
        | Node::Integer(_)
        | Node::Number(_)
        | Node::Text(_)
        | Node::Untyped(_)
        | Node::List(_) => Err(Refusal::serialization("the body is not a CBOR map")),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what CBOR has beside is ciborium's enum")]
fn node(cbor: Cbor) -> Result<Node, Refusal> {
    Ok(match cbor {
        Cbor::Null => Node::Null,
        Cbor::Bool(value) => Node::Bool(value),
        Cbor::Integer(number) => {
            let number = i64::try_from(number);
            Node::Integer(number.map_err(|_| Refusal::serialization("a number beyond 64 bits"))?)
        }
        Cbor::Float(number) => Node::Number(number),
        Cbor::Text(text) => Node::Text(text),
        Cbor::Tag(EPOCH_TAG, seconds) => node(*seconds)?,
        Cbor::Array(items) => Node::List(items.into_iter().map(node).collect::<Result<_, _>>()?),
        Cbor::Map(entries) => {
            let entry = |(key, value): (Cbor, Cbor)| {
                let key = key.into_text();
                let key = key.map_err(|_| Refusal::serialization("a key that is no text"))?;
                Ok::<_, Refusal>((key, node(value)?))
            };
            Node::Map(entries.into_iter().map(entry).collect::<Result<_, _>>()?)
        }
        _ => return Err(Refusal::serialization("a value that no member here has")),
    })
}

pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    ciborium::into_writer(&cbor(value), &mut bytes).ok();
    bytes
}

fn cbor(value: &Value) -> Cbor {
    match value {
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Integer(value) => Cbor::Integer((*value).into()),
        Value::Number(value) => Cbor::Float(*value),
        Value::Text(text) => Cbor::Text(text.clone()),
        Value::Time(time) => {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era")]
            let seconds = time.as_millis() as f64 / 1000.0;
            Cbor::Tag(EPOCH_TAG, Box::new(Cbor::Float(seconds)))
        }
        Value::List(_, items) => Cbor::Array(items.iter().map(cbor).collect()),
        Value::Fields(fields) => {
            let entry = |(name, value): &(&'static str, Value)| {
                (Cbor::Text((*name).to_owned()), cbor(value))
            };
            Cbor::Map(fields.0.iter().map(entry).collect())
        }
        Value::Map(entries) => {
            let entry = |(name, value): &(String, Value)| (Cbor::Text(name.clone()), cbor(value));
            Cbor::Map(entries.iter().map(entry).collect())
        }
    }
}
