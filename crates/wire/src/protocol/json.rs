//! awsJson 1.0 and 1.1.

use serde_json::{Map, Number, Value as Json};

use crate::input::Node;
use crate::refusal::Refusal;
use crate::value::Value;

/// Reads a body; nothing at all is an empty structure.
pub(crate) fn read(body: &[u8]) -> Result<Node, Refusal> {
    if body.is_empty() {
        return Ok(Node::Map(Vec::new()));
    }
    let json: Json = serde_json::from_slice(body)
        .map_err(|error| Refusal::serialization(format!("the body is not JSON: {error}")))?;
    if !json.is_object() {
        return Err(Refusal::serialization("the body is not a JSON object"));
    }
    Ok(node(json))
}

pub(crate) fn node(json: Json) -> Node {
    match json {
        Json::Null => Node::Null,
        Json::Bool(value) => Node::Bool(value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Node::Integer(integer),
            None => Node::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Node::Text(text),
        Json::Array(items) => Node::List(items.into_iter().map(node).collect()),
        Json::Object(entries) => {
            Node::Map(entries.into_iter().map(|(key, value)| (key, node(value))).collect())
        }
    }
}

pub(crate) fn write(value: &Value) -> Vec<u8> {
    json(value).to_string().into_bytes()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => Json::Number((*value).into()),
        Value::Number(value) => number(*value),
        Value::Text(text) => Json::String(text.clone()),
        Value::Time(time) => {
            // Whole seconds where they are whole, milliseconds otherwise.
            let millis = time.as_millis();
            if millis % 1000 == 0 {
                Json::Number((millis / 1000).into())
            } else {
                #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era")]
                number(millis as f64 / 1000.0)
            }
        }
        Value::List(_, items) => Json::Array(items.iter().map(json).collect()),
        Value::Fields(fields) => {
            let entries = fields.0.iter().map(|(name, value)| ((*name).to_owned(), json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(name, value)| (name.clone(), json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// JSON has no other numbers than finite ones: the others are text, as Smithy says.
fn number(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() => Json::String("NaN".to_owned()),
        None if value > 0.0 => Json::String("Infinity".to_owned()),
        None => Json::String("-Infinity".to_owned()),
    }
}
