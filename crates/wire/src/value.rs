//! What an operation answers: one tree, which each protocol writes its own way.

use model::Time;

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    Time(Time),
    /// A list with what each of its elements is called in XML.
    List(&'static str, Vec<Self>),
    Fields(Fields),
    /// Keys that are data.
    Map(Vec<(String, Self)>),
}

/// Named members, in the order in which they were put there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields(pub(crate) Vec<(&'static str, Value)>);

impl Fields {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// Adds the member where there is a value.
    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// A list whose elements are called `member` in XML, as the query protocol does.
pub(crate) fn members<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    named("member", items)
}

/// A list whose elements have a name of their own in XML.
pub(crate) fn named<T: Into<Value>>(
    name: &'static str,
    items: impl IntoIterator<Item = T>,
) -> Value {
    Value::List(name, items.into_iter().map(Into::into).collect())
}

/// What serializes in the shape of the API, as the requests of `capacity` do.
pub(crate) fn serialized(value: &impl serde::Serialize) -> Value {
    of_json(serde_json::to_value(value).unwrap_or_default())
}

fn of_json(json: serde_json::Value) -> Value {
    match json {
        // No request here has a member that is null.
        serde_json::Value::Null => Value::Map(Vec::new()),
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => {
            Value::List("member", items.into_iter().map(of_json).collect())
        }
        serde_json::Value::Object(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (key, of_json(value))).collect())
        }
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Fields(fields)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Time> for Value {
    fn from(value: Time) -> Self {
        Self::Time(value)
    }
}
