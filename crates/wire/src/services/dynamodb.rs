//! Amazon DynamoDB, as far as leases and records need it: items by their keys, conditions,
//! updates, transactions. Tables are the wire's own; the region has none.

mod attribute;
mod expression;
mod item;
mod transaction;
mod update;

use std::collections::BTreeMap;

use model::Time;

use crate::input::Input;
use crate::inventory::digest;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::unknown;
use crate::value::{Fields, members};
use crate::world::World;
pub(crate) use attribute::{Attribute, Item};

const OPERATIONS: [&str; 7] = [
    "CreateTable",
    "DescribeTable",
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "TransactWriteItems",
];

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    created: Time,
    /// The names of its key's attributes with their types, the partition's first.
    key: Vec<(String, String)>,
    items: BTreeMap<String, Item>,
}

/// All tables, and the transactions that may be sent again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    tables: BTreeMap<String, Table>,
    /// By their tokens: what they were and when.
    transactions: BTreeMap<String, (String, Time)>,
}

impl Tables {
    fn table(&mut self, name: &str) -> Result<&mut Table, Refusal> {
        self.tables.get_mut(name).ok_or_else(|| {
            let message = "Requested resource not found";
            Refusal::exactly("ResourceNotFoundException", 400, message)
        })
    }
}

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    match operation {
        "CreateTable" => {
            world.carry_out("dynamodb:CreateTable", true, |world| create_table(world, input))
        }
        "DescribeTable" => {
            world.carry_out("dynamodb:DescribeTable", false, |world| describe_table(world, input))
        }
        "GetItem" => world.carry_out("dynamodb:GetItem", false, |world| item::get(world, input)),
        "PutItem" => world.carry_out("dynamodb:PutItem", true, |world| item::put(world, input)),
        "UpdateItem" => {
            world.carry_out("dynamodb:UpdateItem", true, |world| item::update(world, input))
        }
        "DeleteItem" => {
            world.carry_out("dynamodb:DeleteItem", true, |world| item::delete(world, input))
        }
        "TransactWriteItems" => world.carry_out("dynamodb:TransactWriteItems", true, |world| {
            transaction::write(world, input)
        }),
        other => Err(unknown(Service::DynamoDb, other, &OPERATIONS)),
    }
}

fn create_table(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let name = input.needed_text("TableName")?;
    let letters = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
    if !(3..=255).contains(&name.len()) || !name.chars().all(letters) {
        return Err(Refusal::invalid(format!("TableName `{name}` is no table's name")));
    }
    let mut types = BTreeMap::new();
    for attribute in input.list("AttributeDefinitions")?.unwrap_or_default() {
        let kind = attribute.needed_text("AttributeType")?;
        types.insert(attribute.needed_text("AttributeName")?, kind);
    }
    let mut key = Vec::new();
    for element in input.list("KeySchema")?.unwrap_or_default() {
        let attribute = element.needed_text("AttributeName")?;
        let kind = types.get(attribute).ok_or_else(|| {
            Refusal::invalid(format!("The key's attribute {attribute} is not defined"))
        })?;
        key.push((attribute.to_owned(), (*kind).to_owned()));
    }
    if key.is_empty() || key.len() > 2 {
        return Err(Refusal::invalid("KeySchema must have one or two attributes"));
    }
    if world.state.tables.tables.contains_key(name) {
        let message = format!("Table already exists: {name}");
        return Err(Refusal::exactly("ResourceInUseException", 400, message));
    }
    let table = Table { created: world.now, key, items: BTreeMap::new() };
    let described = described(world, name, &table);
    world.state.tables.tables.insert(name.to_owned(), table);
    Ok(Fields::new().with("TableDescription", described))
}

fn describe_table(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let name = input.needed_text("TableName")?;
    let table = world.state.tables.table(name)?.clone();
    Ok(Fields::new().with("Table", described(world, name, &table)))
}

fn described(world: &World<'_>, name: &str, table: &Table) -> Fields {
    let attribute = |(name, kind): &(String, String)| {
        Fields::new().with("AttributeName", name).with("AttributeType", kind)
    };
    let element = |(place, (name, _)): (usize, &(String, String))| {
        let kind = if place == 0 { "HASH" } else { "RANGE" };
        Fields::new().with("AttributeName", name).with("KeyType", kind)
    };
    let place = world.place;
    let arn = format!("arn:aws:dynamodb:{}:{}:table/{name}", place.region, place.account);
    let id = digest(&["table", name], 32);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts = parts.map(|(from, until)| id.get(from..until).unwrap_or_default());
    Fields::new()
        .with("AttributeDefinitions", members(table.key.iter().map(attribute)))
        .with("TableName", name)
        .with("KeySchema", members(table.key.iter().enumerate().map(element)))
        .with("TableStatus", "ACTIVE")
        .with("CreationDateTime", table.created)
        .with("TableSizeBytes", 0_u32)
        .with("ItemCount", table.items.len())
        .with("TableArn", arn)
        .with("TableId", parts.join("-"))
        .with("BillingModeSummary", Fields::new().with("BillingMode", "PAY_PER_REQUEST"))
}
