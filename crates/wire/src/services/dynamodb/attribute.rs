//! Attribute values: `{"S": "text"}`, `{"N": "12.5"}`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::input::Node;
use crate::refusal::Refusal;
use crate::value::{Value, members};

/// Attributes by their names.
pub(crate) type Item = BTreeMap<String, Attribute>;

/// A value. Numbers are kept as they were written, binary as its base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attribute {
    Text(String),
    Number(String),
    Binary(String),
    Bool(bool),
    Null,
    List(Vec<Self>),
    Map(Item),
    /// A set with its type: `SS`, `NS` or `BS`.
    Set(&'static str, Vec<String>),
}

impl Attribute {
    pub(super) fn read(node: &Node) -> Result<Self, Refusal> {
        let Node::Map(entries) = node else {
            return Err(Refusal::serialization("an attribute value is no structure"));
        };
        let [(kind, value)] = entries.as_slice() else {
            let message = "Supplied AttributeValue has more than one datatypes set, must contain \
                           exactly one of the supported datatypes";
            return Err(Refusal::invalid(message));
        };
        let text = || string(value);
        let texts = || {
            let Node::List(items) = value else {
                return Err(Refusal::serialization(format!("the value of {kind} is no list")));
            };
            items.iter().map(string).collect::<Result<Vec<_>, _>>()
        };
        match (kind.as_str(), value) {
            ("S", _) => text().map(Self::Text),
            ("N", _) => {
                let number = text()?;
                if number.parse::<f64>().is_ok_and(f64::is_finite) {
                    return Ok(Self::Number(number));
                }
                let message = "The parameter cannot be converted to a numeric value";
                Err(Refusal::invalid(format!("{message}: {number}")))
            }
            ("B", _) => text().map(Self::Binary),
            ("BOOL", Node::Bool(value)) => Ok(Self::Bool(*value)),
            ("NULL", Node::Bool(true)) => Ok(Self::Null),
            ("L", Node::List(items)) => {
                items.iter().map(Self::read).collect::<Result<_, _>>().map(Self::List)
            }
            ("M", _) => item(value).map(Self::Map),
            ("SS", _) => texts().map(|texts| Self::Set("SS", texts)),
            ("NS", _) => texts().map(|texts| Self::Set("NS", texts)),
            ("BS", _) => texts().map(|texts| Self::Set("BS", texts)),
            _ => Err(Refusal::serialization(format!("{kind} is no type of attributes"))),
        }
    }

    pub(super) fn write(&self) -> Value {
        let (kind, value) = match self {
            Self::Text(text) => ("S", Value::Text(text.clone())),
            Self::Number(number) => ("N", Value::Text(number.clone())),
            Self::Binary(text) => ("B", Value::Text(text.clone())),
            Self::Bool(value) => ("BOOL", Value::Bool(*value)),
            Self::Null => ("NULL", Value::Bool(true)),
            Self::List(items) => ("L", members(items.iter().map(Self::write))),
            Self::Map(item) => ("M", written(item)),
            Self::Set(kind, texts) => (*kind, members(texts.iter())),
        };
        Value::Map(vec![(kind.to_owned(), value)])
    }

    /// Two values of one type in their order; `None` for values that have none.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Binary(one), Self::Binary(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => compare_numbers(one, other),
            _ => None,
        }
    }

    /// Whether they are the same value: 1 is 1.0.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => {
                compare_numbers(one, other) == Some(Ordering::Equal)
            }
            _ => self == other,
        }
    }

    /// The sum, or the difference, of two numbers.
    pub(super) fn plus(&self, other: &Self, sign: i8) -> Result<Self, Refusal> {
        let (Self::Number(one), Self::Number(other)) = (self, other) else {
            let message = "An operand in the update expression has an incorrect data type";
            return Err(Refusal::invalid(message));
        };
        if let (Ok(one), Ok(other)) = (one.parse::<i128>(), other.parse::<i128>()) {
            return Ok(Self::Number((one + i128::from(sign) * other).to_string()));
        }
        let float = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
        Ok(Self::Number((float(one) + f64::from(sign) * float(other)).to_string()))
    }
}

/// Whole numbers are exact, as tokens and times must be.
fn compare_numbers(one: &str, other: &str) -> Option<Ordering> {
    if let (Ok(one), Ok(other)) = (one.parse::<i128>(), other.parse::<i128>()) {
        return Some(one.cmp(&other));
    }
    one.parse::<f64>().ok()?.partial_cmp(&other.parse::<f64>().ok()?)
}

fn string(node: &Node) -> Result<String, Refusal> {
    let Node::Text(text) = node else {
        return Err(Refusal::serialization("the value of an attribute is no string"));
    };
    Ok(text.clone())
}

/// Attributes in a request.
pub(super) fn item(node: &Node) -> Result<Item, Refusal> {
    let Node::Map(entries) = node else {
        return Err(Refusal::serialization("an item is no structure"));
    };
    let entry = |(name, value): &(String, Node)| Ok((name.clone(), Attribute::read(value)?));
    entries.iter().map(entry).collect()
}

pub(super) fn written(item: &Item) -> Value {
    Value::Map(item.iter().map(|(name, value)| (name.clone(), value.write())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_and_added_as_numbers() {
        let number = |text: &str| Attribute::Number(text.to_owned());
        assert_eq!(number("9").compare(&number("10")), Some(Ordering::Less));
        assert!(number("1").equals(&number("1.0")));
        let large = "170000000000000000000000000000000000";
        assert_eq!(
            number(large).plus(&number("1"), 1).ok(),
            Some(number("170000000000000000000000000000000001"))
        );
        assert_eq!(number("2").plus(&number("0.5"), -1).ok(), Some(number("1.5")));
        assert_eq!(number("1").compare(&Attribute::Text("1".to_owned())), None);
    }
}
