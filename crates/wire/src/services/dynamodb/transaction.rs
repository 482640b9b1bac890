//! `TransactWriteItems`: all or nothing.

use model::Span;

use super::attribute::written;
use super::item::{Kind, Stop, Write, make, plan};
use crate::input::Input;
use crate::inventory::digest;
use crate::refusal::Refusal;
use crate::value::{Fields, members};
use crate::world::World;

/// Items of one transaction (API reference).
const ITEMS_MAX: usize = 100;
/// How long a transaction of the same token is the same one (same place).
const TOKEN_LIVES: Span = Span::from_mins(10);

pub(super) fn write(world: &mut World<'_>, input: &Input<'_>) -> Result<Fields, Refusal> {
    let items = input.list("TransactItems")?.unwrap_or_default();
    if items.is_empty() || items.len() > ITEMS_MAX {
        let message = format!("TransactItems must have from 1 to {ITEMS_MAX} items");
        return Err(Refusal::invalid(message));
    }
    let token = input.text("ClientRequestToken")?;
    let print = digest(&[&format!("{:?}", input.member("TransactItems"))], 64);
    if let Some((known, since)) = token.and_then(|it| world.state.tables.transactions.get(it))
        && world.now.since(*since) < TOKEN_LIVES
    {
        if *known == print {
            return Ok(Fields::new());
        }
        let message = "Client token was used for another request before";
        return Err(Refusal::exactly("IdempotentParameterMismatchException", 400, message));
    }
    let mut writes: Vec<Write> = Vec::new();
    let mut reasons = Vec::new();
    for item in &items {
        match one(world, item) {
            Ok(write) => {
                if writes.iter().any(|it| it.table == write.table && it.key == write.key) {
                    let message =
                        "Transaction request cannot include multiple operations on one item";
                    return Err(Refusal::invalid(message));
                }
                writes.push(write);
                reasons.push(("None", Fields::new().with("Code", "None")));
            }
            Err(Stop::Condition(item)) => {
                let reason = Fields::new()
                    .with("Code", "ConditionalCheckFailed")
                    .with("Message", "The conditional request failed")
                    .with_some("Item", item.as_ref().map(written));
                reasons.push(("ConditionalCheckFailed", reason));
            }
            Err(Stop::Refused(refusal)) => return Err(refusal),
        }
    }
    if reasons.iter().any(|(code, _)| *code != "None") {
        let codes: Vec<&str> = reasons.iter().map(|(code, _)| *code).collect();
        let message = format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        );
        let reasons = members(reasons.into_iter().map(|(_, reason)| reason));
        return Err(Refusal::exactly("TransactionCanceledException", 400, message)
            .with("CancellationReasons", reasons));
    }
    for write in writes {
        make(world, write)?;
    }
    if let Some(token) = token {
        let now = world.now;
        world.state.tables.transactions.insert(token.to_owned(), (print, now));
    }
    Ok(Fields::new())
}

fn one(world: &mut World<'_>, item: &Input<'_>) -> Result<Write, Stop> {
    let kinds = [
        ("ConditionCheck", Kind::Check),
        ("Put", Kind::Put),
        ("Update", Kind::Update),
        ("Delete", Kind::Delete),
    ];
    for (name, kind) in kinds {
        if let Some(inner) = item.within(name)? {
            return plan(world, &inner, kind);
        }
    }
    Err(Refusal::invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        .into())
}
