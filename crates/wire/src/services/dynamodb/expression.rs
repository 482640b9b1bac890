//! Condition expressions, and the names and values that expressions use.
//!
//! ```text
//! or := and (OR and)*     and := not (AND not)*     not := NOT not | test
//! test := ( or ) | attribute_exists(path) | attribute_not_exists(path) | begins_with(path, operand)
//!       | operand (= <> < <= > >=) operand | operand BETWEEN operand AND operand
//!       | operand IN (operand, ...)
//! ```

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::attribute::{Attribute, Item};
use crate::input::{Input, Node};
use crate::refusal::Refusal;

/// Names that must be written as `#name`: those of the reserved words that attributes of leases
/// and records are likely to have (DynamoDB developer guide, "Reserved words").
const RESERVED: [&str; 40] = [
    "ACTION",
    "ALL",
    "COUNT",
    "DATA",
    "DATE",
    "DAY",
    "DURATION",
    "END",
    "EXISTS",
    "GROUP",
    "HASH",
    "HOUR",
    "INDEX",
    "ITEM",
    "ITEMS",
    "KEY",
    "KEYS",
    "LOCK",
    "MAP",
    "METHOD",
    "MINUTE",
    "MODE",
    "NAME",
    "OWNER",
    "RANGE",
    "REGION",
    "ROLE",
    "SECOND",
    "SIZE",
    "START",
    "STATE",
    "STATUS",
    "TABLE",
    "TIME",
    "TIMESTAMP",
    "TOKEN",
    "TTL",
    "USER",
    "VALUE",
    "VALUES",
];

/// Names and values of a request's expressions, and which of them were used.
pub(super) struct Scope<'a> {
    names: BTreeMap<&'a str, &'a str>,
    values: BTreeMap<&'a str, Attribute>,
    used: BTreeSet<String>,
}

impl<'a> Scope<'a> {
    pub(super) fn read(input: &Input<'a>) -> Result<Self, Refusal> {
        let entries = |name: &str| match input.member(name) {
            None => Ok(&[][..]),
            Some(Node::Map(entries)) => Ok(entries.as_slice()),
            Some(_) => Err(Refusal::serialization(format!("{name} is no structure"))),
        };
        let mut names = BTreeMap::new();
        for (name, attribute) in entries("ExpressionAttributeNames")? {
            let Node::Text(attribute) = attribute else {
                return Err(Refusal::serialization(format!("the name {name} is no string")));
            };
            names.insert(name.as_str(), attribute.as_str());
        }
        let mut values = BTreeMap::new();
        for (name, value) in entries("ExpressionAttributeValues")? {
            values.insert(name.as_str(), Attribute::read(value)?);
        }
        Ok(Self { names, values, used: BTreeSet::new() })
    }

    /// The attribute that a word stands for.
    pub(super) fn name(&mut self, word: &str) -> Result<String, Refusal> {
        if !word.starts_with('#') {
            if RESERVED.contains(&word.to_ascii_uppercase().as_str()) {
                let message = format!(
                    "Invalid expression: Attribute name is a reserved keyword; reserved keyword: \
                     {word}"
                );
                return Err(Refusal::invalid(message));
            }
            return Ok(word.to_owned());
        }
        let found = self.names.get(word).map(|name| (*name).to_owned());
        self.used.insert(word.to_owned());
        found.ok_or_else(|| {
            Refusal::invalid(format!("An expression attribute name used is not defined: {word}"))
        })
    }

    pub(super) fn value(&mut self, word: &str) -> Result<Attribute, Refusal> {
        let found = self.values.get(word).cloned();
        self.used.insert(word.to_owned());
        found.ok_or_else(|| {
            Refusal::invalid(format!("An expression attribute value used is not defined: {word}"))
        })
    }

    /// Nothing may be given that no expression uses.
    pub(super) fn check_used(&self) -> Result<(), Refusal> {
        let all = self.names.keys().chain(self.values.keys());
        match all.into_iter().find(|word| !self.used.contains(**word)) {
            Some(unused) => {
                let message = format!("Value unused in the expressions: {unused}");
                Err(Refusal::invalid(message))
            }
            None => Ok(()),
        }
    }
}

/// The words and signs of an expression.
pub(super) struct Words<'t> {
    words: Vec<&'t str>,
    next: usize,
}

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str) -> Result<Self, Refusal> {
        let is_word = |letter: char| letter.is_alphanumeric() || "_#:.-".contains(letter);
        let (mut words, mut rest) = (Vec::new(), text.trim_start());
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) && first != '-' {
                rest.find(|letter| !is_word(letter)).unwrap_or(rest.len())
            } else if ["<>", "<=", ">="].iter().any(|sign| rest.starts_with(sign)) {
                2
            } else if "()=<>,+-".contains(first) {
                1
            } else {
                return Err(syntax(text, &first.to_string()));
            };
            let (word, after) = rest.split_at(length);
            words.push(word);
            rest = after.trim_start();
        }
        Ok(Self { words, next: 0 })
    }

    pub(super) fn peek(&self) -> Option<&'t str> {
        self.words.get(self.next).copied()
    }

    pub(super) fn take(&mut self) -> Result<&'t str, Refusal> {
        let word = self.peek().ok_or_else(|| syntax("the expression", "its end"))?;
        self.next += 1;
        Ok(word)
    }

    /// Takes the next word if it is this one, in letters of any size.
    pub(super) fn accept(&mut self, wanted: &str) -> bool {
        let is_it = self.peek().is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        self.next += usize::from(is_it);
        is_it
    }

    pub(super) fn expect(&mut self, wanted: &str) -> Result<(), Refusal> {
        if self.accept(wanted) {
            return Ok(());
        }
        Err(syntax(&format!("{wanted} is expected"), self.peek().unwrap_or("the end")))
    }
}

pub(super) fn syntax(place: &str, near: &str) -> Refusal {
    Refusal::invalid(format!("Invalid expression: Syntax error; {place}, near: {near}"))
}

/// Whether an item meets a condition.
pub(super) fn holds(text: &str, scope: &mut Scope<'_>, item: &Item) -> Result<bool, Refusal> {
    let mut words = Words::of(text)?;
    let holds = either(&mut words, scope, item)?;
    match words.peek() {
        None => Ok(holds),
        Some(word) => Err(syntax(text, word)),
    }
}

fn either(words: &mut Words<'_>, scope: &mut Scope<'_>, item: &Item) -> Result<bool, Refusal> {
    let mut holds = both(words, scope, item)?;
    while words.accept("OR") {
        // What stands behind is read whether it matters or not.
        holds |= both(words, scope, item)?;
    }
    Ok(holds)
}

fn both(words: &mut Words<'_>, scope: &mut Scope<'_>, item: &Item) -> Result<bool, Refusal> {
    let mut holds = not(words, scope, item)?;
    while words.accept("AND") {
        holds &= not(words, scope, item)?;
    }
    Ok(holds)
}

fn not(words: &mut Words<'_>, scope: &mut Scope<'_>, item: &Item) -> Result<bool, Refusal> {
    if words.accept("NOT") { Ok(!not(words, scope, item)?) } else { test(words, scope, item) }
}

fn test(words: &mut Words<'_>, scope: &mut Scope<'_>, item: &Item) -> Result<bool, Refusal> {
    if words.accept("(") {
        let holds = either(words, scope, item)?;
        words.expect(")")?;
        return Ok(holds);
    }
    for (function, wanted) in [("attribute_exists", true), ("attribute_not_exists", false)] {
        if words.accept(function) {
            words.expect("(")?;
            let name = scope.name(words.take()?)?;
            words.expect(")")?;
            return Ok(item.contains_key(&name) == wanted);
        }
    }
    if words.accept("begins_with") {
        words.expect("(")?;
        let whole = operand(words, scope, item)?;
        words.expect(",")?;
        let begin = operand(words, scope, item)?;
        words.expect(")")?;
        return Ok(match (whole, begin) {
            (Some(Attribute::Text(whole)), Some(Attribute::Text(begin))) => {
                whole.starts_with(&begin)
            }
            _ => false,
        });
    }
    let left = operand(words, scope, item)?;
    comparison(words, scope, item, left.as_ref())
}

fn comparison(
    words: &mut Words<'_>,
    scope: &mut Scope<'_>,
    item: &Item,
    left: Option<&Attribute>,
) -> Result<bool, Refusal> {
    let order = |right: Option<&Attribute>| left?.compare(right?);
    if words.accept("BETWEEN") {
        let low = operand(words, scope, item)?;
        words.expect("AND")?;
        let high = operand(words, scope, item)?;
        let above = matches!(order(low.as_ref()), Some(Ordering::Greater | Ordering::Equal));
        let below = matches!(order(high.as_ref()), Some(Ordering::Less | Ordering::Equal));
        return Ok(above && below);
    }
    let equal =
        |right: Option<&Attribute>| left.zip(right).is_some_and(|(left, right)| left.equals(right));
    if words.accept("IN") {
        words.expect("(")?;
        let mut found = false;
        loop {
            let one = operand(words, scope, item)?;
            found |= equal(one.as_ref());
            if !words.accept(",") {
                break;
            }
        }
        words.expect(")")?;
        return Ok(found);
    }
    let sign = words.take()?;
    let right = operand(words, scope, item)?;
    let order = order(right.as_ref());
    Ok(match sign {
        "=" => equal(right.as_ref()),
        "<>" => !equal(right.as_ref()),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => order == Some(Ordering::Greater),
        ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        other => return Err(syntax("a comparison is expected", other)),
    })
}

/// A value, or an attribute of the item; `None` where the item has none of that name.
fn operand(
    words: &mut Words<'_>,
    scope: &mut Scope<'_>,
    item: &Item,
) -> Result<Option<Attribute>, Refusal> {
    let word = words.take()?;
    if word.starts_with(':') {
        return scope.value(word).map(Some);
    }
    let name = scope.name(word)?;
    Ok(item.get(&name).cloned())
}
