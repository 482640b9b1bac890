//! Update expressions: `SET`, `REMOVE` and `ADD` of attributes.

use super::attribute::{Attribute, Item};
use super::expression::{Scope, Words, syntax};
use crate::refusal::Refusal;

/// The item after an update; what is read in it is the item before.
pub(super) fn updated(text: &str, scope: &mut Scope<'_>, before: &Item) -> Result<Item, Refusal> {
    let mut words = Words::of(text)?;
    let mut after = before.clone();
    while words.peek().is_some() {
        if words.accept("SET") {
            each(&mut words, |words| {
                let name = scope.name(words.take()?)?;
                words.expect("=")?;
                let value = sum(words, scope, before)?;
                after.insert(name, value);
                Ok(())
            })?;
        } else if words.accept("REMOVE") {
            each(&mut words, |words| {
                after.remove(&scope.name(words.take()?)?);
                Ok(())
            })?;
        } else if words.accept("ADD") {
            each(&mut words, |words| {
                let name = scope.name(words.take()?)?;
                let value = scope.value(words.take()?)?;
                let zero = Attribute::Number("0".to_owned());
                let sum = before.get(&name).unwrap_or(&zero).plus(&value, 1)?;
                after.insert(name, sum);
                Ok(())
            })?;
        } else {
            let near = words.peek().unwrap_or_default();
            return Err(syntax("SET, REMOVE or ADD is expected", near));
        }
    }
    Ok(after)
}

/// Parts between commas.
fn each<'t>(
    words: &mut Words<'t>,
    mut part: impl FnMut(&mut Words<'t>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    loop {
        part(words)?;
        if !words.accept(",") {
            return Ok(());
        }
    }
}

fn sum(words: &mut Words<'_>, scope: &mut Scope<'_>, item: &Item) -> Result<Attribute, Refusal> {
    let first = operand(words, scope, item)?;
    if words.accept("+") {
        return first.plus(&operand(words, scope, item)?, 1);
    }
    if words.accept("-") {
        return first.plus(&operand(words, scope, item)?, -1);
    }
    Ok(first)
}

fn operand(
    words: &mut Words<'_>,
    scope: &mut Scope<'_>,
    item: &Item,
) -> Result<Attribute, Refusal> {
    if words.accept("if_not_exists") {
        words.expect("(")?;
        let name = scope.name(words.take()?)?;
        words.expect(",")?;
        let otherwise = operand(words, scope, item)?;
        words.expect(")")?;
        return Ok(item.get(&name).cloned().unwrap_or(otherwise));
    }
    let word = words.take()?;
    if word.starts_with(':') {
        return scope.value(word);
    }
    let name = scope.name(word)?;
    item.get(&name).cloned().ok_or_else(|| {
        let message = "The provided expression refers to an attribute that does not exist in the \
                       item";
        Refusal::invalid(format!("{message}: {name}"))
    })
}
