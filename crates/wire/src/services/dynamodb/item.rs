//! Single items.

use super::attribute::{Item, item as read_item, written};
use super::expression::{Scope, holds};
use super::update::updated;
use super::{Attribute, Table};
use crate::input::Input;
use crate::refusal::Refusal;
use crate::value::Fields;
use crate::world::World;

const CONDITION_FAILED: &str = "The conditional request failed";

/// What a write makes of an item.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    Put(Item),
    Delete,
    /// Only its condition is asked.
    Keep,
}

/// A write that may be made: to which table and key, what was there, and what is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Write {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) before: Option<Item>,
    pub(super) change: Change,
}

/// Why a write is not made.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stop {
    /// Its condition does not hold; with the item, where it is asked for.
    Condition(Option<Item>),
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Condition(item) => {
                let refusal =
                    Self::exactly("ConditionalCheckFailedException", 400, CONDITION_FAILED);
                match item {
                    Some(item) => refusal.with("Item", written(&item)),
                    None => refusal,
                }
            }
            Stop::Refused(refusal) => refusal,
        }
    }
}

impl Table {
    /// The key of an item, as text that tells keys apart.
    fn key_of(&self, item: &Item) -> Result<String, Refusal> {
        let mut key = String::new();
        for (name, kind) in &self.key {
            let value = match (item.get(name), kind.as_str()) {
                (Some(Attribute::Text(text)), "S") if !text.is_empty() => text,
                (Some(Attribute::Number(number)), "N") => number,
                (Some(Attribute::Binary(text)), "B") => text,
                (Some(_), _) => {
                    let message =
                        format!("The key's attribute {name} is empty or not of type {kind}");
                    return Err(Refusal::invalid(message));
                }
                (None, _) => {
                    let message = format!("Missing the key {name} in the item");
                    return Err(Refusal::invalid(message));
                }
            };
            key.push_str(&format_key(value));
        }
        Ok(key)
    }

    /// The key that a request gives: the key's attributes and no others.
    fn key(&self, key: &Item) -> Result<String, Refusal> {
        if key.len() != self.key.len() {
            let message = "The provided key element does not match the schema";
            return Err(Refusal::invalid(message));
        }
        self.key_of(key)
    }
}

/// With its length before it, so that no two pairs of values make one text.
fn format_key(value: &str) -> String {
    format!("{}:{value};", value.len())
}

fn needed_item(input: &Input<'_>, name: &str) -> Result<Item, Refusal> {
    let node = input.member(name);
    read_item(node.ok_or_else(|| Refusal::missing(format!("the member {name} is missing")))?)
}

pub(super) fn get(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let key = needed_item(input, "Key")?;
    if input.has("ProjectionExpression") || input.has("AttributesToGet") {
        return Err(Refusal::invalid("This region gives whole items: leave projections out"));
    }
    let table = world.state.tables.table(input.needed_text("TableName")?)?;
    let item = table.items.get(&table.key(&key)?);
    Ok(Fields::new().with_some("Item", item.map(written)))
}

/// What kind of write a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Put,
    Update,
    Delete,
    Check,
}

/// Reads a write and asks its condition; nothing is made yet.
pub(super) fn plan(world: &mut World<'_>, input: &Input<'_>, kind: Kind) -> Result<Write, Stop> {
    let name = input.needed_text("TableName")?.to_owned();
    let mut scope = Scope::read(input)?;
    let table = world.state.tables.table(&name)?;
    let (key, whole) = match kind {
        Kind::Put => {
            let item = needed_item(input, "Item")?;
            (table.key_of(&item)?, item)
        }
        Kind::Update | Kind::Delete | Kind::Check => {
            let key = needed_item(input, "Key")?;
            (table.key(&key)?, key)
        }
    };
    let before = table.items.get(&key).cloned();
    let empty = Item::new();
    let holds = match input.text("ConditionExpression")? {
        Some(text) => holds(text, &mut scope, before.as_ref().unwrap_or(&empty))?,
        None => true,
    };
    let change = match kind {
        Kind::Put => Change::Put(whole),
        Kind::Delete => Change::Delete,
        Kind::Check => Change::Keep,
        Kind::Update => {
            // An item that is not there is made of its key.
            let start = before.clone().unwrap_or(whole);
            match input.text("UpdateExpression")? {
                Some(text) if holds => Change::Put(updated(text, &mut scope, &start)?),
                Some(_) => Change::Keep,
                None => Change::Put(start),
            }
        }
    };
    if !holds {
        let is_asked = input.text("ReturnValuesOnConditionCheckFailure")? == Some("ALL_OLD");
        return Err(Stop::Condition(before.filter(|_| is_asked)));
    }
    scope.check_used()?;
    if let Change::Put(item) = &change
        && table.key_of(item)? != key
    {
        let message = "Cannot update attribute: it is part of the key";
        return Err(Stop::Refused(Refusal::invalid(message)));
    }
    Ok(Write { table: name, key, before, change })
}

pub(super) fn make(world: &mut World<'_>, write: Write) -> Result<(), Refusal> {
    let table = world.state.tables.table(&write.table)?;
    match write.change {
        Change::Put(item) => {
            table.items.insert(write.key, item);
        }
        Change::Delete => {
            table.items.remove(&write.key);
        }
        Change::Keep => {}
    }
    Ok(())
}

/// Makes a single write, and answers the attributes that it asks for.
fn write(world: &mut World<'_>, input: &Input<'_>, kind: Kind) -> Result<Fields, Refusal> {
    let planned = plan(world, input, kind)?;
    let (before, after) = match &planned.change {
        Change::Put(item) => (planned.before.clone(), Some(item.clone())),
        Change::Delete | Change::Keep => (planned.before.clone(), None),
    };
    let wanted = match (input.text("ReturnValues")?.unwrap_or("NONE"), kind) {
        ("NONE", _) => None,
        ("ALL_OLD", _) => before,
        ("ALL_NEW", Kind::Update) => after,
        (other, _) => {
            let message = format!("ReturnValues {other} is not served: use NONE or ALL_OLD");
            return Err(Refusal::invalid(message));
        }
    };
    make(world, planned)?;
    Ok(Fields::new().with_some("Attributes", wanted.as_ref().map(written)))
}

pub(super) fn put(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    write(world, input, Kind::Put)
}

pub(super) fn update(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    write(world, input, Kind::Update)
}

pub(super) fn delete(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    write(world, input, Kind::Delete)
}
